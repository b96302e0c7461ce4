"""Contact of an empty spreader with a pack, against the reference plant: capture, landing beside, hits from the side.

If a rim is within a few millimetres of an edge it may slip on either plant: such places are excluded.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pybullet as pb
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from tests.physics import rig
from tests.physics.rom.landing import Landed, Landing, land
from tests.physics.rom_bench import RomBench
from tests.tiers import slow

PLANTS = (rig.BulletBench, RomBench)
MOUTH_M, DEPTH_M, WALL_M = 0.044, 0.040 / math.tan(math.radians(35.0)), 0.02 * math.cos(math.radians(35.0))
"""Of the flared guides: capture offset, depth, and thickness at the rim."""
HALF_X_M, HALF_Y_M, SPREADER_KG = 0.55, 1.20, 450.0
CONTACT_N_PER_M, CONTACT_NS_PER_M, TICK_S = 5.0e6, 6.0e4, 0.002
OFF_M, TILT_RAD, FORCE_N, FACTOR = 0.012, 0.006, 2000.0, 2.0
"""Largest difference of the plants' rest positions (friction stops each at a different place), and the factor between
peak forces, from this force on."""


def both(case: Landing) -> list[Landed]:
    """The landing on the reference plant and on the reduced-order one."""
    landed = []
    for plant in PLANTS:
        one = rig.bench(plant=plant, park=(0.0, 0.0, 0.0, 0.0, *case.tilt_rad))
        landed.append(land(case, one))
        one.close()
    return landed


def compare(case: Landing) -> list[Landed]:
    reference, reduced = both(case)
    assert np.abs(reduced.off_m - reference.off_m).max() < OFF_M
    assert np.abs(reduced.tilt_rad - reference.tilt_rad).max() < TILT_RAD
    least, most = sorted((reference.peak_n, reduced.peak_n))
    assert most < max(FORCE_N, FACTOR * least)
    return [reference, reduced]


inside = st.floats(-0.030, 0.030)
beside = st.floats(0.060, 0.150).flatmap(lambda off_m: st.sampled_from([-off_m, off_m]))
tilts = st.tuples(st.floats(-0.015, 0.015), st.floats(-0.015, 0.015))
creeps = st.floats(0.015, 0.05)
some = settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])


@pytest.mark.slow
@some
@given(inside, inside, st.floats(-0.010, 0.010), tilts, creeps)
def test_flares_capture_the_pack(
    x_m: float, y_m: float, yaw_rad: float, tilt: tuple[float, float], creep: float
) -> None:
    """With an offset less than the flares' mouth, the spreader lands on the grip face within the guides' clearance."""
    for landed in compare(Landing((x_m, y_m), yaw_rad, tilt, creep)):
        assert np.abs(landed.off_m[:2]).max() < 0.004 + 0.004
        assert abs(landed.off_m[2]) < 0.002


@pytest.mark.slow
@some
@given(beside, st.floats(-0.150, 0.150), st.floats(-0.004, 0.004), tilts, creeps)
def test_rims_stand_on_the_face(
    x_m: float, y_m: float, yaw_rad: float, tilt: tuple[float, float], creep: float
) -> None:
    """With a larger offset, a rim stands on the grip face, and the spreader tilts until its plate meets the pack's
    edge."""
    assume(not 0.030 < abs(y_m) < 0.060)
    for landed in compare(Landing((x_m, y_m), yaw_rad, tilt, creep)):
        assert landed.off_m[2] > 0.005
        assert math.copysign(1.0, landed.tilt_rad[0]) == math.copysign(1.0, x_m)
        assert abs(landed.tilt_rad[0]) > 0.02


@pytest.mark.parametrize(
    "case",
    [
        Landing((0.0, 0.0), 0.0157, (0.005, -0.007)),  # a yawed rim crosses the pack's edge
        Landing((-0.041, -0.024), -0.0157, (-0.005, 0.007)),
        Landing((0.048, 0.129), 0.003, (-0.006, 0.007)),  # missed in both directions
        Landing((-0.065, 0.045), -0.005, (-0.015, 0.014), 0.022, -0.04),  # still moving sideways as it lands
    ],
)
def test_a_landing_off_square(case: Landing) -> None:
    compare(case)


def hit(plant: type, speed_mps: float) -> float:
    """Swing the low spreader sideways against the side of the truck's pack; the largest lateral force."""
    one = rig.bench(plant=plant)
    w = one.worlds[0]
    x, y, z = w["truth"]["pack_pose"][rig.OLD, :3].tolist()
    low_m, gap_m = 0.03, 0.02
    rope_m = 6.0 - (z + DEPTH_M - low_m)
    rig.hang(one, None, rope_m, x=x, y=y + 2.0 * HALF_Y_M + MOUTH_M + WALL_M + gap_m)
    w["truth"]["qd"][0, 5] = -speed_mps
    if isinstance(one, rig.BulletBench):
        pb.resetJointState(one._robots, 5, float(w["truth"]["q"][0, 5]), -speed_mps, physicsClientId=one._client)
    w["kpis"]["peak_lateral_n"] = 0.0
    rig.run(one, 0.3)
    peak_n = float(w["kpis"]["peak_lateral_n"])
    one.close()
    return peak_n


@pytest.mark.parametrize("speed_mps", [slow(0.15), 0.3, slow(0.6)])
def test_a_hit_from_the_side(speed_mps: float) -> None:
    """Two points of contact brake the spreader: F = v (c + k dt) / (1 + (c dt + k dt^2) / m) in the first tick, equal
    to v sqrt(k m) here, where the damping is 0.9 of critical. The reduced-order plant is within a third of it; the
    reference plant too, or at half of it if it finds one point only. Scans at 100 Hz would catch a third by chance.
    """
    k, c, dt = 2.0 * CONTACT_N_PER_M, 2.0 * CONTACT_NS_PER_M, TICK_S
    expected_n = speed_mps * (c + k * dt) / (1.0 + (c * dt + k * dt * dt) / SPREADER_KG)
    reference_n, reduced_n = map(partial(hit, speed_mps=speed_mps), PLANTS)
    assert reduced_n == pytest.approx(expected_n, rel=1.0 / 3.0)
    assert 0.4 * expected_n < reference_n < 1.34 * expected_n


def test_a_spreader_lands_on_an_idle_pack() -> None:
    """A spreader lands on an idle pack as on any other."""
    heights = []
    for plant in PLANTS:
        one = rig.bench(plant=plant)
        w, slot = one.worlds[0], one.setup.station.slots[0]
        rig.hang(one, None, 6.0 - (slot.z_m + 1.60 + 0.1), x=slot.x_m + 0.09, y=slot.y_m)
        rig.move(one, z=float(w["truth"]["q"][0, 2]) - 0.16, velocity=0.04, acceleration=0.2, jerk=2.0)
        rig.run(one, 6.0)
        heights.append([*(w["truth"]["e_pose"][0, :3] - (slot.x_m, slot.y_m, slot.z_m + 1.60)), w["truth"]["q"][0, 8]])
        one.close()
    assert heights[0][2] > 0.005
    assert heights[1] == pytest.approx(heights[0], abs=OFF_M)
