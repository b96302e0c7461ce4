"""The parked truck at the limit of its tyres, on both plants: pushed along, across, obliquely, and turned.

Below the limit it moves by less than a millimetre; above it, within a tenth of Lagrange's equations with Coulomb's law
(`tests.physics.sliding`). Loads at rest, mu N per axle; a trailer's axles hold along the lane.
"""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom_bench import RomBench
from tests.physics.sliding import Truck
from twin.plants.tyres import hold

FRICTION, PITCH_CENTRE_M = 0.7, 0.5
PLANTS = [rig.BulletBench, RomBench]
AFTER_S = 1.0


def pushed(plant, push_n, seconds):
    """(6,) displacement of the truck after a push at the centre of mass of its body."""
    before = plant.worlds["truth"]["truck_q"][0].copy()
    plant.worlds["faults"]["truck_push_n"][0] = push_n
    rig.run(plant, seconds)
    plant.worlds["faults"]["truck_push_n"][0] = 0.0
    rig.run(plant, AFTER_S)
    return plant.worlds["truth"]["truck_q"][0] - before


def made(plant, truck, *, at_pitch_centre):
    """A truck at rest; its centre of mass is at the point where a push neither rocks nor turns it, if requested."""
    with_truck = {}
    if at_pitch_centre:
        with_truck = {"truck_com": (rig.balanced_m(rig.bench(truck=truck, plant=RomBench)), 0.0, PITCH_CENTRE_M)}
    made = rig.bench(truck=truck, plant=plant, params_with=with_truck)
    rig.run(made, 8.0)
    return made


@pytest.mark.parametrize("plant", PLANTS, ids=["bullet", "rom"])
@pytest.mark.parametrize("truck", ["mixer_8x4", "tractor_6x4"])
@pytest.mark.parametrize(("share", "seconds"), [(0.8, 0.6), (1.0064, 1.0), (1.2, 0.3)])
def test_pushed_along_the_lane_at_its_centre_of_mass(plant, truck, share, seconds):
    """Its body rocks under a sudden push, and its inertia loads the tyres with up to a fifth more than the push itself.

    So 1.0064 of mu N for 1 s moves the mixer by 112 mm, of which (F - mu N) t^2 / 2 m alone is 22 mm; at 0.8 it stays.
    """
    bench = made(plant, truck, at_pitch_centre=False)
    alone = Truck(bench)
    com = np.array(bench.params["truck_com"][0])
    force_n = share * float(bench.worlds["truth"]["truck_brake"][0, 0])
    expected = alone.pushed(seconds + AFTER_S, lambda t: np.array([force_n, 0.0, 0.0]), com, seconds)
    moved = pushed(bench, (force_n, 0.0, 0.0), seconds)
    if share < 1.0:
        assert np.abs(moved[:2]).max() < 1e-3
    else:
        assert moved[0] == pytest.approx(expected[0], rel=0.1)
        assert abs(expected[0]) > 0.03
    bench.close()


@pytest.mark.parametrize("plant", PLANTS, ids=["bullet", "rom"])
@pytest.mark.parametrize("truck", ["mixer_8x4", "tractor_6x4"])
@pytest.mark.parametrize("direction_deg", [90.0, 45.0, 200.0], ids=["across", "between", "back_and_right"])
def test_pushed_at_the_pitch_centre(plant, truck, direction_deg):
    """Mu N in every direction for a truck without a trailer: 0.95 of it holds; 1.1 slides by Coulomb's law."""
    bench = made(plant, truck, at_pitch_centre=True)
    alone = Truck(bench)
    at = np.array(bench.params["truck_com"][0])
    direction = np.array([cos(radians(direction_deg)), sin(radians(direction_deg)), 0.0])
    limit_n = _limit_n(bench, direction)
    still = pushed(bench, 0.95 * limit_n * direction, 0.5)
    assert np.abs(still[:2]).max() < 1e-3
    push = 1.1 * limit_n * direction
    expected = alone.pushed(0.4 + AFTER_S, lambda t: push, at, 0.4)
    moved = pushed(bench, push, 0.4)
    assert np.hypot(*expected[:2]) > 0.01
    assert np.hypot(*(moved[:2] - expected[:2])) < 0.1 * np.hypot(*expected[:2])
    assert moved[2] == pytest.approx(expected[2], rel=0.1, abs=5e-4)
    bench.close()


def _limit_n(bench, direction):
    """Largest force at the middle of the load on its tyres without slip, by bisection."""
    w, p = bench.worlds[0], bench.params[0]
    low, high = 0.0, 2.0 * float(w["truth"]["truck_brake"][0] + w["truth"]["truck_brake"][1])
    x = rig.load_centre_m(bench)
    for _ in range(40):
        middle = 0.5 * (low + high)
        fx, fy, _ = (middle * direction).tolist()
        low, high = (middle, high) if hold(w["truth"], p, fx, fy, x * fy) else (low, middle)
    return low


def test_a_truck_without_a_trailer_bears_mu_n_in_every_direction():
    """Coulomb: the same through the middle of the load; a moment alone up to mu N of the lighter axle on the base."""
    bench = rig.bench(truck="mixer_8x4", plant=RomBench)
    w, p = bench.worlds[0], bench.params[0]
    normal_n = w["truth"]["truck_tyre_limit_n"][:2, 1]
    for degrees in range(0, 180, 15):
        direction = np.array([cos(radians(degrees)), sin(radians(degrees)), 0.0])
        assert _limit_n(bench, direction) == pytest.approx(normal_n.sum(), rel=1e-6)
    base_m = p["truck_axle_x_m"][0] - p["truck_axle_x_m"][1]
    most_nm = float(normal_n.min() * base_m)
    assert hold(w["truth"], p, 0.0, 0.0, 0.999 * most_nm)
    assert not hold(w["truth"], p, 0.0, 0.0, 1.001 * most_nm)


def test_a_trailer_holds_along_the_lane_with_what_stands_on_its_axles():
    """Mu times 23 t more along; across, the scrub of its three axles over its wheelbase. Along only if braked."""
    bench = rig.bench(truck="tractor_6x4", plant=RomBench)
    w, p = bench.worlds[0], bench.params[0]
    own_n, towed_n = float(w["truth"]["truck_tyre_limit_n"][:2, 0].sum()), FRICTION * 23000.0 * rig.GRAVITY_MPS2
    assert _limit_n(bench, np.array([1.0, 0.0, 0.0])) == pytest.approx(own_n + towed_n, rel=1e-6)
    assert w["truth"]["truck_brake"][0] == pytest.approx(own_n + towed_n)
    assert w["truth"]["truck_tyre_limit_n"][2, 1] == pytest.approx(towed_n * (2 * 1.31 / 3) / 7.7)
    p["truck_trailer_braked"] = 0.0
    rig.run(bench, 0.02)
    assert _limit_n(bench, np.array([1.0, 0.0, 0.0])) == pytest.approx(own_n, rel=1e-4)


@pytest.mark.parametrize("plant", PLANTS, ids=["bullet", "rom"])
def test_released_on_a_slope_it_rolls_and_does_not_slip_sideways(plant):
    """(g sin - c g) along, c of its wheels, within a tenth after 1.5 s, as the body swings into it; nothing across."""
    bench = rig.bench(truck="mixer_8x4", plant=plant)
    rig.run(bench, 4.0)
    w, p = bench.worlds[0], bench.params[0]
    alone = Truck(bench)
    weight_n = float(w["truth"]["truck_tyre_limit_n"][:2, 1].sum()) / FRICTION
    w["faults"]["truck_brake_off"] = 1
    w["faults"]["truck_push_n"] = (0.03 * weight_n, 0.1 * weight_n, 0.0)
    began = w["truth"]["truck_q"][:3].copy()
    rig.run(bench, 1.5)
    moved = w["truth"]["truck_q"][:3] - began
    accelerates = (0.03 - 0.006) * weight_n / alone.planar_kg
    assert moved[0] == pytest.approx(0.5 * accelerates * 1.5**2, rel=0.1)
    assert abs(moved[1]) < 2e-4
    assert abs(moved[2]) < 1e-4
    assert int(p["seats"]) > 0
    bench.close()
