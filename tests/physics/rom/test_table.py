"""A load on its floating table in long steps: against the closed form of its swing, and against full rate."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom_bench import FULL_RATE, LONG_STEP
from twin.records import EX, EY, EYAW, EZ, JOINTS, TZ

G = rig.GRAVITY_MPS2
TABLE_KG, PACK_KG = 150.0, 1150.0
NAMES = {EX: "ex", EY: "ey"}


def table(bench, loaded):
    """A chassis station with robot 0 free under the middle of the lane and robot 1 out of its way."""
    plant = bench("chassis", "chassis_tractor_3")
    rig.place_axes(plant, 1, x=-3.9)
    sink_m = (TABLE_KG + (PACK_KG if loaded else 0.0)) * G / float(plant.params["e_stiffness"][0, 2])
    rig.place_axes(plant, x=0.0, z=-1.05, ez=-sink_m)
    if loaded:
        rig.place_pack(plant, rig.OLD, (0.0, 0.0, -1.05 - sink_m))
        rig.grip(plant, rig.OLD)
    return plant


def moved(bench, loaded, step_mode, axis, distance):
    """Joints of robot 0 during a move of `axis`, a row per scan."""
    plant = table(bench, loaded)
    rig.run(plant, 0.5)
    plant.step_mode = step_mode
    k = JOINTS.index(axis)
    rig.move(plant, **{axis: float(plant.worlds["image"]["reference"][0, 0, k, 0]) + distance})
    return rig.record(plant, 4.0, "q")["q"][:, 0]


@pytest.mark.parametrize("joint", [EX, EY], ids=["x", "y"])
def test_free_swing_of_the_empty_table(bench, joint):
    """An empty table swings on its centring springs as exp(-zeta w t) cos(w_d t), axes braked: within 2 % of the
    initial deflection (its plate lies 7 cm under the springs' plane, and rocks a little as it swings)."""
    plant = table(bench, False)
    rig.brake(plant)
    rig.run(plant, 0.2)
    aside_m = 0.01
    rig.place_axes(plant, **{NAMES[joint]: aside_m})
    plant.step_mode = LONG_STEP
    seen = rig.record(plant, 0.4, "q")
    p = plant.params[0]
    omega = sqrt(p["e_stiffness"][0] / TABLE_KG)
    zeta = p["e_damping"][0] / (2.0 * sqrt(p["e_stiffness"][0] * TABLE_KG))
    t_s = seen["t_s"] - seen["t_s"][0]
    damped = omega * sqrt(1.0 - zeta * zeta)
    exact = aside_m * np.exp(-zeta * omega * t_s) * (
        np.cos(damped * t_s) + zeta / sqrt(1.0 - zeta * zeta) * np.sin(damped * t_s)
    )  # fmt: skip
    assert np.abs(seen["q"][:, 0, joint] - exact).max() < 0.02 * aside_m


@pytest.mark.parametrize(("axis", "distance"), [("x", 1.2), ("z", 0.4), ("yaw", 0.03)])
@pytest.mark.parametrize("loaded", [False, True], ids=["empty", "loaded"])
def test_a_move_flown_is_the_move_ticked(bench, loaded, axis, distance):
    """Axes within 0.2 mm and mrad during the move, and the table's largest deflection within 1 % or 5 um."""
    long_step, full_rate = (moved(bench, loaded, step_mode, axis, distance) for step_mode in (LONG_STEP, FULL_RATE))
    assert np.abs(long_step[:, :4] - full_rate[:, :4]).max() < 2e-4
    for joint in {"x": (EX,), "z": (EZ,), "yaw": (EYAW,)}[axis]:
        swing = np.ptp(full_rate[:, joint])
        assert abs(np.ptp(long_step[:, joint]) - swing) < 0.01 * swing + 5e-6


def raised(bench, step_mode, **pack):
    """Pack OLD raised at 20 mm/s from 42 to 12 mm under its seat on the truck, in line with its pins: force on the
    table and the truck's pose, a row per scan; and the step modes. (Without the pack the truck stands 13 mm higher.)"""
    plant = bench("chassis", "chassis_tractor_3", **pack)
    w, p = plant.worlds[0], plant.params[0]
    rig.place_axes(plant, 1, x=-3.9)
    sink_m = (TABLE_KG + PACK_KG) * G / float(p["e_stiffness"][2])
    x, y, _ = (float(v) for v in w["truth"]["pack_pose"][rig.OLD, :3])
    rig.unlock(plant, rig.OLD)
    z = float(w["truth"]["pack_pose"][rig.OLD, 2]) - 0.029
    rig.place_axes(plant, x=x, y=y, z=z + sink_m, ez=-sink_m)
    rig.place_pack(plant, rig.OLD, (x, y, z))
    rig.grip(plant, rig.OLD)
    rig.run(plant, 1.0)
    rig.place_axes(plant, x=x - float(w["truth"]["pack_offset_m"][rig.OLD, 0]))
    rig.run(plant, 0.5)
    plant.step_mode = step_mode
    rig.move(plant, z=z + sink_m + 0.030, velocity=0.02, acceleration=0.2, jerk=2.0)
    chosen, rows = [], []
    for _ in range(8):
        rows.append(rig.record(plant, 0.2, "load_n", "truck_q", "coupler_n", "guide_force_n"))
        chosen.append(plant.chosen())
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}, chosen


def test_a_coupler_rubs_in_flight_as_ticked(bench):
    """Engagement at creep speed without other contact: table and truck carry the friction force, within 1 % of it."""
    long_step, chosen = raised(bench, None)
    full_rate, _ = raised(bench, FULL_RATE)
    mate_n = np.abs(full_rate["coupler_n"]).max()
    assert mate_n == pytest.approx(1500.0)
    assert not long_step["guide_force_n"].any(), "nothing else touches"
    assert LONG_STEP in chosen[2:6]
    assert np.abs(long_step["coupler_n"] - full_rate["coupler_n"]).max() < 0.01 * mate_n
    assert np.abs(long_step["load_n"] - full_rate["load_n"]).max() < 0.05 * mate_n
    without, _ = raised(bench, FULL_RATE, pack_with={"coupler.mate_force_n": 1e-6})
    feels_m = np.abs(full_rate["truck_q"] - without["truck_q"])[:, TZ].max()
    assert feels_m > 1e-4, "the truck feels it"
    assert np.abs(long_step["truck_q"] - full_rate["truck_q"]).max() < 0.05 * feels_m
