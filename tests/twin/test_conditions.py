"""Night and rain at once: one name, noise as variances add, biases added, frames lost to either."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_truck
from twin.conditions import ALLOWED, CONDITIONS, bias, canonical, lost_share, noise, remaining_share
from twin.docking import docking_params
from twin.docking.driver import sight_factors
from twin.docking.params import lidar_in
from twin.errors import InputError
from twin.setup.setup import build_setup
from twin.setup.variation import SIGHT, Variation, scanner_degradation


@pytest.mark.parametrize("said", ["night+rain", "rain+night", " rain + night "])
def test_one_name(said: str) -> None:
    assert canonical(said) == "night+rain"
    assert Variation.of(conditions=said).model_dump()["conditions"] == "night+rain"
    assert Variation.model_validate({"conditions": said}) == Variation.of(conditions="night+rain")


@pytest.mark.parametrize("said", ["fog", "night+fog", "clear+night", "rain+rain", "night+", "", "NIGHT", None, 3])
def test_others_are_refused_with_what_is_allowed(said: object) -> None:
    with pytest.raises(InputError, match=r"^--conditions: unknown.*\(allowed: clear, night, rain, night\+rain\)$"):
        canonical(said, "--conditions")


def test_the_rules() -> None:
    assert noise([3.0, 4.0]) == 5.0
    assert bias([0.006, 0.012]) == pytest.approx(0.018)
    assert lost_share([0.05, 0.2]) == pytest.approx(0.24)
    assert remaining_share([0.7, 0.5]) == pytest.approx(0.35)
    for rule in (noise, bias, lost_share, remaining_share):
        assert rule([0.1]) == 0.1, "one alone is itself, to the last bit"


def test_the_scanner() -> None:
    """Night doubles and rain quadruples noise and bias: sqrt(20) and 6 together; 1 - 0.95 x 0.8 of frames lost."""
    both = scanner_degradation("night+rain")
    assert both == pytest.approx((math.sqrt(20.0), 6.0, 0.24))
    assert all(scanner_degradation(name) == SIGHT[name] for name in CONDITIONS)
    at, truck, pack = load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282")
    setups = {
        name: build_setup(at, truck, pack, seed=3, variation=Variation.of(conditions=name)).params[0]
        for name in ALLOWED
    }
    sigma = {name: p["scan_sigma_m"] for name, p in setups.items()}
    np.testing.assert_allclose(sigma["night+rain"], np.hypot(sigma["night"], sigma["rain"]))
    biases = {name: p["scan_bias"] for name, p in setups.items()}
    np.testing.assert_allclose(biases["night+rain"], biases["night"] + biases["rain"])
    assert setups["night+rain"]["scan_dropout"] == pytest.approx(0.24)


def test_the_lidar_and_the_road() -> None:
    lidar = load_station("top_lift").approach.lidar  # type: ignore[union-attr]
    both, night, rain = lidar_in(lidar, "rain+night"), lidar.night, lidar.rain
    assert both.noise_factor == pytest.approx(math.hypot(night.noise_factor, rain.noise_factor))
    assert both.bias_m == pytest.approx(night.bias_m + rain.bias_m)
    assert both.dropout == pytest.approx(1.0 - (1.0 - night.dropout) * (1.0 - rain.dropout))
    assert both.range_factor == pytest.approx(night.range_factor * rain.range_factor)
    assert both.tyre_friction_factor == pytest.approx(night.tyre_friction_factor * rain.tyre_friction_factor)
    assert all(lidar_in(lidar, name) == getattr(lidar, name) for name in CONDITIONS)
    at, truck = load_station("top_lift"), load_truck("tractor_6x4")
    p = {name: docking_params(truck, at, None, weather=name)[0] for name in ALLOWED}
    night_sigma, rain_sigma = p["night"]["lidar_sigma"], p["rain"]["lidar_sigma"]
    np.testing.assert_allclose(p["night+rain"]["lidar_sigma"], np.hypot(night_sigma, rain_sigma))
    assert p["night+rain"]["lidar_bias_m"] == pytest.approx(p["night"]["lidar_bias_m"] + p["rain"]["lidar_bias_m"])
    with pytest.raises(InputError, match="^weather: unknown"):
        docking_params(truck, at, None, weather="fog")


def test_the_driver() -> None:
    lasting, wandering = sight_factors("night+rain")
    assert lasting == pytest.approx(3.0)
    assert wandering == pytest.approx(1.5 * math.sqrt(2.0))
    assert sight_factors("night") == (1.5, 1.5)
    assert sight_factors("clear") == (1.0, 1.0)
