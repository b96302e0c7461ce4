"""Setting a pack down on a seat: coupler, guide pins and cones, slack ropes, a tilted seat, and the reported force."""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics import rig
from twin.plants.geometry import seat_pose
from twin.records import EPITCH, EROLL

G = rig.GRAVITY_MPS2
WEIGHT_N = 3450.0 * G
SLOT_XYZ_M, PACK_HEIGHT_M = (2.25, 3.0, 0.40), 1.60
LATERAL_ABORT_N = 6000.0


def hang_over_slot(plant, gap_m, *, dx_m=0.0, dy_m=0.0, yaw_rad=0.0):
    """Pack OLD on the ropes, `gap_m` over the empty slot."""
    x, y, z = SLOT_XYZ_M
    grip_m = z + PACK_HEIGHT_M + gap_m
    rope_m = 6.0 - grip_m
    rope_m -= rig.stretch_m(plant, 3450.0, rope_m)
    rig.hang(plant, rig.OLD, rope_m, x=x + dx_m, y=y + dy_m, twist_rad=yaw_rad)
    rig.place_axes(plant, yaw=yaw_rad)
    rig.run(plant, 0.5)


def lower(plant, distance_m, speed_mps):
    """Lower at creep speed; returns the deepest contact and the largest lateral force, and checks for finite values."""
    w = plant.worlds[0]
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) - distance_m, velocity=speed_mps, acceleration=0.2, jerk=2.0)
    deepest_m = lateral_n = 0.0
    for tick in range(round((distance_m / speed_mps + 1.0) * plant._physics_hz)):
        plant.scan()
        if tick % 5 == 0:
            deepest_m = max(deepest_m, rig.deepest_contact_m(plant, rig.OLD))
            lateral_n = max(lateral_n, float(np.hypot(*w["truth"]["guide_force_n"][0, :2])))
            assert w["truth"]["load_n"][0] >= 0.0
        plant.step()
    assert np.isfinite(w["truth"]["q"]).all()
    assert np.isfinite(w["truth"]["pack_pose"]).all()
    return deepest_m, lateral_n


def test_coupler_mating_force(bench):
    """Between the coupler's engagement and the pads the ropes are relieved by its mating force, 1.5 kN, against the
    motion (friction of contacts and seals); it is zero out of engagement and at rest. Frictionless guides, aligned
    pack, 10 mm/s.
    """
    plant = bench(guide_friction=0.0)
    hang_over_slot(plant, 0.06)
    w = plant.worlds[0]
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) - 0.056, velocity=0.01, acceleration=0.2, jerk=2.0)
    seen = rig.record(plant, 5.5, "load_n", "coupler_n", "pack_offset_m", "guide_force_n")
    height = seen["pack_offset_m"][:, rig.OLD, 2]
    missing_n = WEIGHT_N - seen["load_n"][:, 0]
    engaged, before = (height > 0.006) & (height < 0.017), (height > 0.027) & (height < 0.05)
    assert engaged.sum() > 400
    assert missing_n[engaged].mean() == pytest.approx(1500.0, rel=0.02)
    np.testing.assert_allclose(seen["coupler_n"][engaged, rig.OLD], 1500.0, rtol=0.01)
    assert abs(missing_n[before].mean()) < 10.0
    np.testing.assert_array_equal(seen["coupler_n"][before, rig.OLD], 0.0)
    rig.run(plant, 3.0)  # at rest in the middle of the engagement
    assert 0.001 < w["truth"]["pack_offset_m"][rig.OLD, 2] < 0.02
    assert w["truth"]["load_n"][0] == pytest.approx(WEIGHT_N, abs=15.0)
    assert abs(w["truth"]["coupler_n"][rig.OLD]) < 15.0


def test_coupler_parting_force(bench):
    """Pulling out needs the same 1.5 kN on top of the weight."""
    plant = bench(guide_friction=0.0)
    hang_over_slot(plant, 0.003)
    w = plant.worlds[0]
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) + 0.05, velocity=0.01, acceleration=0.2, jerk=2.0)
    seen = rig.record(plant, 5.0, "load_n", "pack_offset_m")
    height = seen["pack_offset_m"][:, rig.OLD, 2]
    engaged = (height > 0.010) & (height < 0.018)
    assert seen["load_n"][engaged, 0].mean() - WEIGHT_N == pytest.approx(1500.0, rel=0.02)


@pytest.mark.parametrize(
    ("dx_m", "dy_m", "yaw_deg"),
    [(0.015, 0.0, 0.0), (0.0, -0.015, 0.0), (0.02, 0.02, 0.0), (-0.02, 0.0, 1.0), (0.0, 0.0, 1.0)],
)
def test_guides_align_a_hanging_pack(bench, dx_m, dy_m, yaw_deg):
    """Within the guides' capture (25 mm) cones pull the pack in on its ropes: it ends seated within the final clearance
    (1.5 mm across, half of it each way, and the pins' own deflection), below the lateral abort limit of 6 kN. Contact
    stays elastic: no more than a few millimetres deep, which is force over the stated stiffness.
    """
    plant = bench()
    hang_over_slot(plant, 0.16, dx_m=dx_m, dy_m=dy_m, yaw_rad=np.radians(yaw_deg))
    deepest_m, lateral_n = lower(plant, 0.175, 0.04)
    w = plant.worlds[0]
    assert (w["truth"]["pad_gap_m"][rig.OLD] < 0.0).all()
    assert np.abs(w["truth"]["pack_offset_m"][rig.OLD, :2]).max() < 0.00075 + 0.0005
    assert abs(w["truth"]["pack_yaw_error_rad"][rig.OLD]) < (0.0015 + 0.0005) / 1.9
    assert 100.0 < lateral_n < LATERAL_ABORT_N
    assert deepest_m < 0.003
    assert w["truth"]["load_n"][0] == 0.0
    assert w["monitor"]["violation"].sum() == 0


def test_contact_points_are_where_bodies_touch_now(bench):
    """A cached contact point of a pin on its socket's edge would keep its normal after the pin has passed it."""
    plant = bench()
    hang_over_slot(plant, 0.16, dx_m=0.02, dy_m=0.02)
    w, slid_m = plant.worlds[0], []
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) - 0.175, velocity=0.04, acceleration=0.2, jerk=2.0)
    for _ in range(round(5.4 * plant._physics_hz)):
        plant.scan()
        plant.step()
        slid_m.append(rig.farthest_slid_m(plant, rig.OLD))
    assert (w["truth"]["pad_gap_m"][rig.OLD] < 0.0).all()
    assert 0.0 < max(slid_m) < 0.00105


@pytest.mark.parametrize(("dx_m", "dy_m"), [(0.07, 0.0), (0.0, 0.08)])
def test_far_off_the_guides_a_pack_does_not_seat(bench, dx_m, dy_m):
    """Beyond the cones' mouth (25 mm capture and half a bore of 28 mm) the pins meet the frame: the pack stays up or is
    pushed aside, and the state stays finite.
    """
    plant = bench()
    hang_over_slot(plant, 0.16, dx_m=dx_m, dy_m=dy_m)
    deepest_m, lateral_n = lower(plant, 0.12, 0.02)
    w = plant.worlds[0]
    off_m = np.hypot(*w["truth"]["pack_offset_m"][rig.OLD, :2])
    assert w["truth"]["pad_gap_m"][rig.OLD].max() > 0.02
    assert 0.05 < off_m < 0.15
    assert lateral_n < 2.0 * LATERAL_ABORT_N
    assert deepest_m < 0.005
    assert np.abs(w["truth"]["pack_twist"][rig.OLD]).max() < 0.05
    assert np.linalg.norm(w["truth"]["pack_pose"][rig.OLD, 3:]) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("dx_m", [0.0, 0.015], ids=["friction_holds", "pins_hold"])
def test_reported_guide_force_is_what_acts_on_the_pack(bench, dx_m):
    """Newton: with slack ropes at rest the contact forces on a seated pack carry its weight and the spreader's, and
    their horizontal part is the reaction to the push: friction on the pads has the right sign.
    """
    plant = bench()
    hang_over_slot(plant, 0.16, dx_m=dx_m)
    lower(plant, 0.175, 0.04)
    w = plant.worlds[0]
    np.testing.assert_allclose(w["truth"]["guide_force_n"][0], [0.0, 0.0, WEIGHT_N], atol=0.005 * WEIGHT_N)
    for _ in range(plant._physics_hz):
        rig.push_pack(plant, rig.OLD, (800.0, -500.0, 0.0))
        plant.step()
        plant.scan()
    np.testing.assert_allclose(w["truth"]["guide_force_n"][0], [-800.0, 500.0, WEIGHT_N], atol=0.005 * WEIGHT_N)


@pytest.mark.parametrize(("pitch", "roll"), [(0.02, 0.015), (-0.01, -0.02)])
def test_pack_lands_on_a_tilted_seat_and_the_ropes_go_slack(bench, pitch, roll):
    """Elastic, one-sided ropes: the pack hangs level, touches the high corner first, follows the seat's tilt as the
    ropes let go, and at the end the seat carries everything and the load cell reads nothing. Tension is never negative.
    """
    plant = bench(park=(0.0, 0.0, 0.0, 0.0, pitch, roll))
    w, p = plant.worlds[0], plant.params[0]
    rig.remove_pack(plant, rig.OLD)
    rig.run(plant, 4.0)
    x, y, z, _, _, _ = seat_pose(w["truth"], p, rig.TRUCK_SEAT)
    rig.hang(plant, rig.NEW, 6.0 - (z + PACK_HEIGHT_M + 0.16), x=x, y=y)
    rig.run(plant, 0.5)
    assert np.abs(w["truth"]["q"][0, [EPITCH, EROLL]]).max() < 5e-4
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) - 0.24, velocity=0.03, acceleration=0.2, jerk=2.0)
    seen = rig.record(plant, 12.0, "load_n", "pad_gap_m", "pack_offset_m", every=5)
    assert seen["load_n"].min() == 0.0
    assert seen["load_n"].max() < 1.02 * WEIGHT_N
    first = np.flatnonzero(seen["load_n"][:, 0] < 0.8 * WEIGHT_N)[0]
    assert np.ptp(seen["pad_gap_m"][first, rig.NEW]) > 0.01, "it must touch one corner first"
    assert (w["truth"]["pad_gap_m"][rig.NEW] < 0.0).all()
    seat = seat_pose(w["truth"], p, rig.TRUCK_SEAT)
    assert abs(seat[5]) > 0.01
    assert w["truth"]["q"][0, EPITCH] == pytest.approx(seat[4], abs=5e-4)
    assert w["truth"]["q"][0, EROLL] == pytest.approx(seat[5], abs=5e-4)
    assert abs(w["image"]["load_cell_n"][0]) < 1.0
    assert rig.deepest_contact_m(plant, rig.NEW) < 0.003
    assert np.abs(w["truth"]["pack_twist"][rig.NEW]).max() < 0.01
