"""Contact of the reduced-order plant: a pack on its pads, guides, coupler, locks and grips."""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom.loads import EA_N, HUNG_KG, ROPE_SPACING_M
from tests.physics.rom_bench import RomBench
from twin.records import EPITCH, TZ

G = rig.GRAVITY_MPS2
WEIGHT_N = HUNG_KG[rig.OLD] * G
SLOT_XYZ_M, PACK_HEIGHT_M = (2.25, 3.0, 0.40), 1.60
LATERAL_ABORT_N, PAD_N_PER_M, PIN_N_PER_M = 6000.0, 5.0e6, 2.0e6
BORE_FROM_M, PIN_TIP_M = 0.025 / np.tan(0.610865) + 0.001, 0.14 - 0.0275
"""Height over the mating face at which the bore begins, its edge rounded by a millimetre; height over the seat of the
centre of a pin's tip."""


def hang_over_slot(plant, gap_m, *, dx_m=0.0, dy_m=0.0, yaw_rad=0.0):
    """Pack OLD on the ropes, `gap_m` over the empty slot."""
    x, y, z = SLOT_XYZ_M
    rope_m = 6.0 - (z + PACK_HEIGHT_M + gap_m)
    rope_m -= rig.stretch_m(plant, HUNG_KG[rig.OLD], rope_m)
    rig.hang(plant, rig.OLD, rope_m, x=x + dx_m, y=y + dy_m, twist_rad=yaw_rad)
    rig.place_axes(plant, yaw=yaw_rad)
    rig.run(plant, 0.5)


def lower(plant, distance_m, speed_mps):
    """Lower at creep speed; returns the largest lateral force."""
    w = plant.worlds[0]
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) - distance_m, velocity=speed_mps, acceleration=0.2, jerk=2.0)
    seen = rig.record(plant, distance_m / speed_mps + 1.5, "guide_force_n", "load_n")
    assert seen["load_n"].min() >= 0.0
    assert np.isfinite(w["truth"]["q"]).all()
    return float(np.hypot(*seen["guide_force_n"][:, 0, :2].T).max())


@pytest.mark.parametrize(
    ("dx_m", "dy_m", "yaw_deg"),
    [
        (0.0, 0.0, 0.0),
        (0.005, 0.0, 0.0),
        (0.0, -0.005, 0.0),
        (0.015, 0.0, 0.0),
        (0.02, 0.02, 0.0),
        (-0.02, 0.0, 1.0),
        (0.0, 0.0, 1.0),
    ],
)
def test_guides_align_a_hanging_pack(bench, dx_m, dy_m, yaw_deg):
    """Within the guides' capture (25 mm) cones pull the pack in: it ends within the final clearance (1.5 mm across) and
    the pins' deflection, standing on pads that give way by W / (4 k) of pack and spreader together (Hooke).

    Lowered onto its pins with an offset of more than the play, it is held by them against the pull of the taut ropes, W
    d / L: at least that lateral force. Aligned and without friction there is none.
    """
    aligned = dx_m == dy_m == yaw_deg == 0.0
    plant = bench(guide_friction=0.0 if aligned else None)
    hang_over_slot(plant, 0.16, dx_m=dx_m, dy_m=dy_m, yaw_rad=np.radians(yaw_deg))
    lateral_n = lower(plant, 0.19, 0.04)
    w = plant.worlds[0]
    assert np.abs(w["truth"]["pack_offset_m"][rig.OLD, :2]).max() < 0.00075 + 0.0005
    assert abs(w["truth"]["pack_yaw_error_rad"][rig.OLD]) < (0.0015 + 0.0005) / 1.9
    assert -w["truth"]["pad_gap_m"][rig.OLD].mean() == pytest.approx(WEIGHT_N / 4.0 / PAD_N_PER_M, rel=0.01)
    assert w["truth"]["load_n"][0] == 0.0
    np.testing.assert_allclose(w["truth"]["guide_force_n"][0], [0.0, 0.0, WEIGHT_N], atol=0.01 * WEIGHT_N)
    off_m = np.hypot(dx_m, dy_m)
    if off_m > 0.0:
        rope_m = 6.0 - SLOT_XYZ_M[2] - PACK_HEIGHT_M
        assert lateral_n > WEIGHT_N * (off_m - 0.00125) / rope_m
        assert lateral_n < LATERAL_ABORT_N
    if aligned:
        assert lateral_n < 1.0
    assert w["monitor"]["violation"].sum() == 0


@pytest.mark.parametrize("aside_m", [0.05, -0.1])
def test_a_pin_leans_on_its_wall_with_one_spring(bench, aside_m):
    """Trolley beside a pack whose pins are half in: they hold it against W d / L of the ropes, and each deflects by F /
    (2 k) beyond its play of 0.75 mm at its deepest point in the wall: at its tip or at the begin of the bore.
    """
    plant = bench(guide_friction=0.0)
    hang_over_slot(plant, 0.05)
    w = plant.worlds[0]
    rig.move(plant, x=SLOT_XYZ_M[0] + aside_m, velocity=0.02, acceleration=0.05, jerk=0.5)
    rig.run(plant, abs(aside_m) / 0.02 + 20.0)
    held_n, pitch = float(w["truth"]["guide_force_n"][0, 0]), float(w["truth"]["q"][0, EPITCH])
    off_m = float(w["truth"]["pack_offset_m"][rig.OLD, 0])
    assert -held_n == pytest.approx(WEIGHT_N * aside_m / (6.0 - SLOT_XYZ_M[2] - PACK_HEIGHT_M - 0.05), rel=0.05)
    deepest_m = max(abs(off_m + pitch * height_m) for height_m in (BORE_FROM_M, PIN_TIP_M - 0.05))
    assert deepest_m - 0.00075 == pytest.approx(abs(held_n) / 2.0 / PIN_N_PER_M, rel=0.02)


@pytest.mark.parametrize("plant", [RomBench, rig.BulletBench])
@pytest.mark.parametrize("dx_m", [0.07, 0.09])
def test_far_off_the_guides_a_pack_slides_off_the_tips_of_its_pins(plant, dx_m):
    """Beyond the cones' mouth (25 mm capture and half a bore of 28 mm) the pins' tips meet the end faces of the
    sockets' walls, which are inclined like the cones, 35 deg: steeper than friction holds. So the pack slides aside and
    down until its pins are beside the outer edge of those walls: half a bore, capture, 30 mm of wall at 35 deg and a
    pin's radius off.
    """
    bench = rig.bench(plant=plant)
    hang_over_slot(bench, 0.16, dx_m=dx_m)
    assert lower(bench, 0.11, 0.02) > 500.0
    w = bench.worlds[0]
    turned = 0.029 * np.cos(0.610865) - 0.001 * np.sin(0.610865) + 0.001
    off_m = 0.02825 + 0.025 + turned + 0.0275
    np.testing.assert_allclose(w["truth"]["pack_offset_m"][rig.OLD], (off_m, 0.0, 0.05), atol=0.001)
    assert w["truth"]["load_n"][0] == pytest.approx(WEIGHT_N, rel=0.01)
    bench.close()


@pytest.mark.parametrize(("dx_m", "dy_m"), [(0.12, 0.0), (-0.12, 0.0), (0.0, 0.13)])
def test_a_pack_beside_its_sockets_meets_no_pin(bench, dx_m, dy_m):
    """With a larger offset than the sockets' width (mouth, 30 mm of wall, a pin's radius) the pins pass: no force on a
    pack that is lowered to a third of their length, and it stays where it hangs.
    """
    plant = bench()
    hang_over_slot(plant, 0.16, dx_m=dx_m, dy_m=dy_m)
    lateral_n = lower(plant, 0.11, 0.02)
    w = plant.worlds[0]
    assert lateral_n == 0.0
    assert w["truth"]["load_n"][0] == pytest.approx(WEIGHT_N, rel=1e-3)
    np.testing.assert_allclose(w["truth"]["pack_offset_m"][rig.OLD], (dx_m, dy_m, 0.05), atol=0.002)


@pytest.mark.parametrize("dy_m", [1.6, -1.6])
def test_a_pack_beside_its_seat_is_not_carried_by_it(bench, dy_m):
    """Below the pads' height, but not over them: it hangs on its ropes."""
    plant = bench()
    hang_over_slot(plant, 0.02, dy_m=dy_m)
    assert lower(plant, 0.05, 0.05) == 0.0
    w = plant.worlds[0]
    assert w["truth"]["load_n"][0] == pytest.approx(WEIGHT_N, rel=1e-3)
    np.testing.assert_allclose(w["truth"]["pack_offset_m"][rig.OLD], (0.0, dy_m, -0.03), atol=0.003)


@pytest.mark.parametrize("engaging", [True, False], ids=["mating", "parting"])
def test_coupler_force(bench, engaging):
    """The load on the ropes drops during engagement, or rises during disengagement, by the mating force of 1.5 kN.

    Frictionless guides, aligned pack, 10 mm/s; zero out of engagement.
    """
    plant = bench(guide_friction=0.0)
    hang_over_slot(plant, 0.06 if engaging else 0.003)
    w, way_m = plant.worlds[0], -0.056 if engaging else 0.05
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) + way_m, velocity=0.01, acceleration=0.2, jerk=2.0)
    seen = rig.record(plant, 5.5, "load_n", "coupler_n", "pack_offset_m")
    height, load_n = seen["pack_offset_m"][:, rig.OLD, 2], seen["load_n"][:, 0]
    engaged, outside = (height > 0.009) & (height < 0.017), (height > 0.03) & (height < 0.048)
    assert engaged.sum() > 70
    sign = -1.0 if engaging else 1.0
    assert (load_n[engaged].mean() - WEIGHT_N) * sign == pytest.approx(1500.0, rel=0.02)
    assert abs(load_n[outside].mean() - WEIGHT_N) < 10.0
    np.testing.assert_array_equal(seen["coupler_n"][outside, rig.OLD], 0.0)


def test_a_pack_that_is_let_go_in_its_slot_stands(bench):
    """Once seated and released it stays to the last bit, and the spreader lifts only its own weight."""
    plant = bench()
    hang_over_slot(plant, 0.16)
    lower(plant, 0.19, 0.04)
    rig.release(plant)
    before = plant.worlds["truth"]["pack_pose"][0, rig.OLD].copy()
    rig.move(plant, z=float(plant.worlds["truth"]["q"][0, 0, 2]) + 0.3, velocity=0.1, acceleration=0.2, jerk=2.0)
    rig.run(plant, 6.0)
    np.testing.assert_array_equal(plant.worlds["truth"]["pack_pose"][0, rig.OLD], before)
    assert plant.worlds["truth"]["load_n"][0, 0] == pytest.approx(HUNG_KG[None] * G, rel=1e-3)


@pytest.mark.parametrize("pull_n", [5000.0, 15000.0])
def test_a_pull_on_a_locked_pack_lifts_the_truck(bench, pull_n):
    """Locks take the pull: the pack stays on its seat to 0.2 mm and the truck's springs rise by F / (k1 + k2) over the
    pitch that the pull off their middle gives: K (z, pitch) = F (1, 0) with the weights on their levers and the
    four ropes, which hold the pitching pack by 4 E A b^2 / L; to 2 %.
    """
    plant = bench()
    seat_z_m = float(plant.worlds["truth"]["pack_pose"][0, rig.OLD, 2])
    pose = plant.worlds["truth"]["pack_pose"][0, rig.OLD, :2]
    rope_m = 6.0 - seat_z_m
    rig.hang(plant, None, rope_m, x=float(pose[0]), y=float(pose[1]))
    rig.place_axes(plant, ez=seat_z_m - 6.0)
    rig.grip(plant, rig.OLD)
    w = plant.worlds[0]
    w["image"]["load_cell_n"][0] = 450.0 * G
    rig.run(plant, 8.0)
    start, offset, force_n = (
        w["truth"]["truck_q"].copy(),
        w["truth"]["pack_offset_m"][rig.OLD].copy(),
        float(w["truth"]["load_n"][0]),
    )
    rig.move(
        plant, z=float(w["truth"]["q"][0, 2]) + pull_n * rope_m / EA_N, velocity=0.005, acceleration=0.05, jerk=0.5
    )
    rig.run(plant, 8.0)
    pulled_n = float(w["truth"]["load_n"][0]) - force_n
    assert 0.1 * pull_n < pulled_n < 1.2 * pull_n
    axle_x_m, stiffness = np.array([1.56625, -2.90875]), np.array([5.0e5, 2.2e6])
    cross = -(stiffness * axle_x_m).sum()
    moment = (20000.0 * 0.8 + 3000.0 * (1.056 - 0.5 + 0.7)) * G
    ropes = EA_N * ROPE_SPACING_M[0] ** 2 / rope_m
    k = np.array([[stiffness.sum(), cross], [cross, (stiffness * axle_x_m**2).sum() - moment + ropes]])
    z, _ = np.linalg.solve(k, [pulled_n, 0.0])
    assert w["truth"]["truck_q"][TZ] - start[TZ] == pytest.approx(z, rel=0.02)
    assert np.abs(w["truth"]["pack_offset_m"][rig.OLD] - offset).max() < 2e-4
