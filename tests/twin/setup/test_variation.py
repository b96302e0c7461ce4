"""Variations: nominal changes nothing, each value changes what it says and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.determinism.short_swap import stop_at
from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
from twin.errors import InputError
from twin.recording import open_recording
from twin.recording.swap import SwapRecorder
from twin.recording.swap.configuration import Configuration
from twin.recording.verify import verify
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import CONDITIONS, NOMINAL, SIGHT, Variation
from twin.swap import SwapTwin


def setup(parking: str = "guided", **values: Any) -> SwapSetup:
    at, truck, pack = load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282")
    return build_setup(at, truck, pack, seed=3, parking=parking, variation=Variation.of(**values))


def changed(one: SwapSetup, other: SwapSetup) -> set[str]:
    names = one.params.dtype.names or ()
    return {name for name in names if one.params[name].tobytes() != other.params[name].tobytes()}


def test_nominal_is_today() -> None:
    plain = build_setup(load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282"), seed=3)
    assert changed(plain, setup()) == set()
    assert plain.guide_friction == setup().guide_friction
    assert plain.variation == NOMINAL


def test_conditions_blind_the_scanner_only() -> None:
    clear = setup()
    for name in CONDITIONS[1:]:
        other, sight = setup(conditions=name), SIGHT[name]
        assert changed(clear, other) == {"scan_sigma_m", "scan_sigma_rad", "scan_bias", "scan_dropout"}
        for field, factor in (("scan_sigma_m", sight.noise_factor), ("scan_bias", sight.bias_factor)):
            np.testing.assert_allclose(other.params[field], factor * clear.params[field])
        assert other.params["scan_dropout"][0] == sight.least_dropout


def test_gains_are_drawn_within_their_spread() -> None:
    plain, spread = setup(), setup(servo_gain_spread=0.2)
    assert changed(plain, spread) == {"axis_velocity_gain", "axis_position_gain"}
    for field in ("axis_velocity_gain", "axis_position_gain"):
        factors = spread.params[field] / plain.params[field]
        assert (np.abs(factors - 1.0) <= 0.2).all()
        assert np.ptp(factors) > 0.01
    half = setup(servo_gain_spread=0.1).params["axis_velocity_gain"] / plain.params["axis_velocity_gain"]
    whole = spread.params["axis_velocity_gain"] / plain.params["axis_velocity_gain"]
    np.testing.assert_allclose(2.0 * (half - 1.0), whole - 1.0)


def test_what_is_fixed() -> None:
    plain = setup()
    assert setup(friction_factor=2.0).guide_friction == 2.0 * plain.pack.guides.friction
    assert changed(plain, setup(friction_factor=2.0)) == set()
    heavy = setup(pack_mass_kg=3100.0)
    assert heavy.params["pack_mass_kg"][0].tolist() == [3100.0, 3100.0, 0.0, 0.0, 0.0, 0.0]
    moved = setup(truck_y_m=0.03)
    assert changed(plain, moved) == {"truck_park"}
    assert moved.params["truck_park"][0, 1] == 0.03
    assert moved.params["truck_park"][0, 0] == plain.params["truck_park"][0, 0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"conditions": "fog"}, r"conditions: unknown, got 'fog' \(allowed: clear, night, rain, night\+rain\)"),
        ({"servo_gain_spread": 0.9}, "servo_gain_spread: .*0.5, got 0.9"),
        ({"servo_gain_spread": float("nan")}, "servo_gain_spread"),
        ({"friction_factor": 0.0}, "friction_factor: .*0.3"),
        ({"pack_mass_kg": 9000.0}, r"pack_mass_kg: no mass of pack cab_282, got 9000.0 \(allowed: 2800 to 3200\)"),
        ({"truck_x_m": 0.5}, r"truck_x_m: beyond the station's clip, got 0.5 \(allowed: -0.15 to 0.15\)"),
        ({"parking": "driven", "truck_x_m": 0.0}, "truck_x_m: a truck that is driven in"),
        ({"drive_seed": 4}, "drive_seed: a truck that is not driven in has no drive"),
        ({"parking": "driven", "drive_seed": -1}, "drive_seed"),
        ({"wind": 3.0}, "wind"),
    ],
)
def test_bad_values_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"^{words}"):
        setup(**values)


def test_a_driven_truck_is_driven_in_the_same_weather() -> None:
    clear, rain = setup("driven"), setup("driven", conditions="rain")
    assert clear.docking is not None
    assert rain.docking is not None
    assert (clear.docking.weather, rain.docking.weather) == ("clear", "rain")
    assert clear.docking.pose != rain.docking.pose


def test_a_recording_keeps_it_and_verifies(tmp_path: Path) -> None:
    quick = {"times.identify_s": 0.2, "times.scan_s": 1.0, "scanner.scan_samples": 5, "scanner.rescan_samples": 5}
    quick |= {"sensors.load_cell_weighing_s": 1.0}  # the start waits for load cells that are zeroed
    at = with_overrides(load_station("top_lift"), quick)
    wet = Variation.of(conditions="rain", servo_gain_spread=0.1)
    varied = build_setup(at, load_truck("tractor_6x4"), load_pack("cab_282"), seed=1, variation=wet)
    twin = SwapTwin(varied, load_timing("factory", at))
    with SwapRecorder(tmp_path / "wet.mcap", twin) as recorder:
        recorder.finish(stop_at(twin, 6.0))
    twin.close()
    recording = open_recording(tmp_path / "wet.mcap")
    reported = Configuration.from_plain(recording.header.configuration, recording.path)
    assert reported.setup.variation == wet
    assert changed(reported.setup, varied) == set()
    assert verify(recording.path).verified
    older = {key: value for key, value in recording.header.configuration.items() if key != "variation"}
    assert Configuration.from_plain(older, recording.path).setup.variation == NOMINAL
    for bad in (3, {"conditions": "fog"}, {"wind": 1.0}):
        with pytest.raises(InputError, match="variation"):
            Configuration.from_plain({**older, "variation": bad}, recording.path)


def test_errors_of_the_machine_change_the_plant_alone() -> None:
    plain, other = setup(), setup(rope_error=0.05, drive_lag_s=0.05)
    middle_m = 6.0 - 0.5 * (1.9 + 4.95)
    assert other.params["sheave_height_m"][0] - 6.0 == pytest.approx(0.05 * middle_m)
    assert other.station.reeving == plain.station.reeving, "what shapers are designed with"
    bandwidth = other.params["axis_velocity_gain"][0] / plain.params["axis_velocity_gain"][0]
    assert bandwidth == pytest.approx([1.0 / 2.25, 1.0 / 3.0, 1.0 / 2.25, 1.0 / 2.25])
    assert changed(plain, other) == {"sheave_height_m", "axis_velocity_gain"}


def test_new_fields_are_left_out_where_they_change_nothing() -> None:
    assert not {"rope_error", "drive_lag_s", "drive_seed"} & set(Variation().model_dump())
    told = Variation(rope_error=-0.05).model_dump()
    assert told["rope_error"] == -0.05
    assert Variation(**told) == Variation(rope_error=-0.05)


def test_a_rope_error_needs_ropes() -> None:
    at, truck, pack = load_station("chassis"), load_truck("chassis_tractor_3"), load_pack("chassis_171")
    with pytest.raises(InputError, match="nothing hangs on ropes"):
        build_setup(at, truck, pack, seed=0, variation=Variation(rope_error=0.05))
