"""The truck of the reduced-order model on its springs and brakes."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
from scipy.linalg import expm

from tests.physics import rig
from twin.records import TPITCH, TROLL, TX, TY, TYAW, TZ

G = rig.GRAVITY_MPS2
BODY_KG, UNSPRUNG_KG, PACK_KG = 20000.0, 2900.0, 3000.0
AXLE_X_M = np.array([1.56625, -2.90875])
STIFFNESS = np.array([5.0e5, 2.2e6])
FRICTION, PITCH_CENTRE_M = 0.7, 0.5
PACK_LEVER_M = 1.056 - PITCH_CENTRE_M + 0.8 - 0.1  # of its centre of mass over the pitch centre
BODY_LEVER_M = 1.3 - PITCH_CENTRE_M


def settled(plant):
    rig.run(plant, 8.0)
    assert np.abs(plant.worlds["truth"]["truck_qd"][0]).max() < 1e-5
    return plant.worlds["truth"]["truck_q"][0].copy()


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "unlocked"])
@pytest.mark.parametrize("pack_kg", [2800.0, 3200.0, 3700.0])
def test_rise_when_a_pack_leaves(bench, pack_kg, locked):
    """Both axles' springs and the weights on their levers about the pitch centre, K (z, pitch) = load (Hooke), as on
    the reference plant; required 2 %, within 0.1 %. Without the levers W / k of each axle's share, to 3 %.
    """
    plant = bench(pack_kg={rig.OLD: pack_kg})
    if not locked:
        rig.unlock(plant, rig.OLD)
    before = settled(plant)
    rig.remove_pack(plant, rig.OLD)
    change = settled(plant) - before
    rise_m = change[TZ] - AXLE_X_M * change[TPITCH]

    def rest(kg):
        moment = (BODY_KG * BODY_LEVER_M + kg * PACK_LEVER_M) * G
        cross = -(STIFFNESS * AXLE_X_M).sum()
        k = np.array([[STIFFNESS.sum(), cross], [cross, (STIFFNESS * AXLE_X_M**2).sum() - moment]])
        return np.linalg.solve(k, [-(kg - PACK_KG) * G, 0.0])  # the pack stands at x = 0: no moment

    z, pitch = rest(0.0) - rest(pack_kg)
    np.testing.assert_allclose(rise_m, z - AXLE_X_M * pitch, rtol=1e-3)
    share = np.array([-AXLE_X_M[1], AXLE_X_M[0]]) / (AXLE_X_M[0] - AXLE_X_M[1])
    np.testing.assert_allclose(rise_m, pack_kg * G * share / STIFFNESS, rtol=0.03)


def linear(plant, pack_kg):
    """Mass, damping and stiffness of (z, pitch, roll) about rest: springs, dampers and weights on their levers.

    With the body's and the pack's own inertia; both stand in the middle across, so that roll is on its own.
    """
    p = plant.params[0]
    parts = [(BODY_KG, np.array(p["truck_com"]) - [0.0, 0.0, PITCH_CENTRE_M])]
    if pack_kg:
        parts.append((pack_kg, np.array([0.0, 0.0, PACK_LEVER_M])))
    mass, gravity = np.zeros((3, 3)), np.zeros((3, 3))
    mass[1, 1], mass[2, 2] = p["truck_inertia_kgm2"][1], p["truck_inertia_kgm2"][0]
    for kg, (x, y, h) in parts:
        assert y == 0.0
        mass += kg * np.array([[1.0, -x, 0.0], [-x, x * x + h * h, 0.0], [0.0, 0.0, h * h]])
        gravity += np.diag([0.0, kg * G * h, kg * G * h])

    def springs(axle, roll):
        x = p["truck_axle_x_m"]
        cross = -(axle * x).sum()
        return np.array([[axle.sum(), cross, 0.0], [cross, (axle * x * x).sum(), 0.0], [0.0, 0.0, roll.sum()]])

    stiffness = springs(p["truck_axle_stiffness"], p["truck_axle_roll_stiffness"]) - gravity
    return mass, springs(p["truck_axle_damping"], p["truck_axle_roll_damping"]), stiffness


def free_body(plant, pack_kg):
    """A of x' = A x, of (z, pitch, roll) and their rates about rest."""
    mass, damping, stiffness = linear(plant, pack_kg)
    return np.block(
        [
            [np.zeros((3, 3)), np.eye(3)],
            [-np.linalg.solve(mass, stiffness), -np.linalg.solve(mass, damping)],
        ]
    )


@pytest.mark.parametrize("damped", [True, False], ids=["damped", "undamped"])
@pytest.mark.parametrize("pack", [True, False], ids=["with_pack", "without_pack"])
@pytest.mark.parametrize(
    "start", [(0.02, 0.0, 0.0), (0.0, 0.01, 0.0), (0.0, 0.0, 0.01)], ids=["heave", "pitch", "roll"]
)
def test_free_oscillation(bench, start, pack, damped):
    """Heave, pitch and roll after a push decay as the matrix exponential says, exp(A t) x0 (linear oscillator).

    Within 0.2 % of the start over 2 s, damped. Undamped over 4 s within the phase that leapfrog runs ahead in steps of
    a scan, w t (w dt)^2 / 24, with w the fastest of the three (and a quarter for the
    front axle, which swings wider than it began).
    """
    plant = bench()
    if not damped:
        plant.params["truck_axle_damping"], plant.params["truck_axle_roll_damping"] = 0.0, 0.0
    if not pack:
        rig.remove_pack(plant, rig.OLD)
        plant.params["truck_axle_preload_n"][0] -= PACK_KG * G * np.array([-AXLE_X_M[1], AXLE_X_M[0]]) / 4.475
    rest = plant.worlds["truth"]["truck_q"][0].copy()
    rig.place_truck(plant, z=rest[TZ] + start[0], pitch=rest[TPITCH] + start[1], roll=rest[TROLL] + start[2])
    seen = rig.record(plant, 2.0 if damped else 4.0, "truck_q")
    t_s, moved = seen["t_s"] - seen["t_s"][0], seen["truck_q"][:, TZ:] - rest[TZ:]
    a = free_body(plant, PACK_KG if pack else 0.0)
    x0 = np.array([*start, 0.0, 0.0, 0.0])
    expected = np.array([(expm(a * t) @ x0)[:3] for t in t_s])
    scale = np.array([1.0, AXLE_X_M[0], 1.0]) / (start[0] + AXLE_X_M[0] * start[1] + start[2])
    fastest = np.abs(np.linalg.eigvals(a)).max()
    late_rad = fastest * t_s[-1] * (fastest * 0.01) ** 2 / 24.0
    assert np.abs((moved - expected) * scale).max() < (0.002 if damped else 0.001 + 1.25 * late_rad)


@pytest.mark.parametrize("push_n", [(20e3, 0.0, 0.0), (0.0, -20e3, 0.0), (0.0, 0.0, 20e3)], ids=["x", "y", "z"])
def test_a_push_tilts_the_truck(bench, push_n):
    """Below the brakes' limit: at rest K (z, pitch, roll) is the moment of the push on its lever, the centre of mass of
    the sprung body, about the pitch centre; within 1 %, and the other coordinates stay."""
    plant = bench()
    before = settled(plant)
    plant.worlds["faults"]["truck_push_n"][0] = push_n
    rig.run(plant, 8.0)  # roll settles slowly
    moved = settled(plant) - before
    x, _, z = plant.params["truck_com"][0]
    fx, fy, fz = push_n
    h = z - PITCH_CENTRE_M
    *_, stiffness = linear(plant, PACK_KG)
    expected = np.linalg.solve(stiffness, [fz, h * fx - x * fz, -h * fy])
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(moved[TZ:], expected, rtol=0.01, atol=1e-6)
    assert (moved[:TZ] == 0.0).all(), "the brakes hold"


def push_at_the_pitch_centre(plant):
    """Move the body's centre of mass there, over the middle of the load on its tyres: a push neither rocks nor turns
    it."""
    plant.params["truck_com"][0] = (0.0, 0.0, PITCH_CENTRE_M)
    plant.params["truck_com"][0, 0] = rig.balanced_m(plant)


@pytest.mark.parametrize("pack", [True, False], ids=["with_pack", "without_pack"])
@pytest.mark.parametrize("axis", [TX, TY], ids=["x", "y"])
def test_brakes_hold_to_mu_n_and_slip_above(bench, axis, pack):
    """Coulomb: F_slip = mu (spring forces + unsprung weight) = mu g (truck + pack), all axles braked.

    The push rises by 5 % of that a second, 0.05 % a scan. Without a pack the truck stays where it is to the last bit
    until the scan at which it equals F_slip; with one, until 0.15 % below it (measured: 0.05 % along, 0.1 % across), as
    the pack leans 4 mm out of its place and the truck turns a little. Above, m v = integral (F - F_slip) dt for its
    centre of mass: a pack lags behind as it rocks on its lever.
    """
    plant = bench(trailer=False)
    if not pack:
        rig.remove_pack(plant, rig.OLD)
    push_at_the_pitch_centre(plant)
    rig.run(plant, 8.0)
    mass_kg = BODY_KG + UNSPRUNG_KG + (PACK_KG if pack else 0.0)
    slip_n, began = FRICTION * mass_kg * G, plant.worlds["truth"]["truck_q"][0, axis]
    assert plant.worlds["truth"]["truck_brake"][0, axis] == pytest.approx(slip_n, rel=1e-4)
    first, rate = 0.95 * slip_n, 0.05 * slip_n
    for scan in range(200):
        plant.worlds["faults"]["truck_push_n"][0, axis] = first + rate * 0.01 * scan
        plant.scan()
        plant.step(5)
        if scan < (98 if pack else 100):  # moves from the next one on
            assert plant.worlds["truth"]["truck_q"][0, axis] == began
    excess = np.maximum(first + rate * 0.01 * np.arange(200) - slip_n, 0.0)
    qd = plant.worlds["truth"]["truck_qd"][0]
    turning = qd[TYAW] * rig.load_centre_m(plant) if axis == TY else 0.0
    rocking = (qd[TPITCH] if axis == TX else -qd[TROLL]) * PACK_LEVER_M * (mass_kg - BODY_KG - UNSPRUNG_KG) / mass_kg
    assert qd[axis] + turning + rocking == pytest.approx(excess.sum() * 0.01 / mass_kg, rel=0.01)


def test_a_shove_really_moves_the_truck(bench):
    """F dt = impulse: 1.5 mu N for 0.2 s leaves m v = 0.5 mu N 0.2 s, which friction stops after v^2 / (2 mu g).

    Without its pack, which would rock on its lever."""
    plant = bench(trailer=False)
    rig.remove_pack(plant, rig.OLD)
    push_at_the_pitch_centre(plant)
    rig.run(plant, 8.0)
    before = plant.worlds["truth"]["truck_q"][0, TX]
    plant.worlds["faults"]["truck_push_n"][0, 0] = 1.5 * FRICTION * (BODY_KG + UNSPRUNG_KG) * G
    rig.run(plant, 0.2)
    plant.worlds["faults"]["truck_push_n"][0, 0] = 0.0
    speed = 0.5 * FRICTION * G * 0.2
    assert plant.worlds["truth"]["truck_qd"][0, TX] == pytest.approx(speed, rel=2e-3)
    rig.run(plant, 1.0)
    expected_m = 0.5 * speed * 0.2 + speed**2 / (2.0 * FRICTION * G)
    assert plant.worlds["truth"]["truck_q"][0, TX] - before == pytest.approx(expected_m, rel=0.06)
    assert plant.worlds["truth"]["truck_qd"][0, TX] == 0.0


def test_an_unbraked_axle_does_not_hold_along_the_lane(bench):
    """Along x only braked axles count; across, every tyre does: mu times the weight on each axle."""
    plant = bench(trailer=False)
    plant.params["truck_axle_braked"][0] = (0.0, 1.0)
    rig.run(plant, 3.0)
    p, w = plant.params[0], plant.worlds[0]
    wheel_n = p["truck_axle_unsprung_kg"] * G + p["truck_axle_preload_n"]
    assert w["truth"]["truck_brake"][0] == pytest.approx(FRICTION * wheel_n[1], rel=1e-4)
    assert w["truth"]["truck_brake"][1] == pytest.approx(FRICTION * wheel_n.sum(), rel=1e-4)


def test_heave_alone_is_the_textbook_oscillator(bench):
    """f = sqrt(k / m) / 2 pi of a body whose middle lies between equal springs, which heaves without pitching."""
    plant = bench()
    p = plant.params
    rig.remove_pack(plant, rig.OLD)
    p["truck_axle_x_m"][0], p["truck_com"][0] = (2.0, -2.0), (0.0, 0.0, 1.3)
    p["truck_axle_stiffness"][0], p["truck_axle_preload_n"][0] = 1.0e6, BODY_KG * G / 2
    p["truck_axle_damping"] = p["truck_axle_roll_damping"] = 0.0
    p["truck_roll_preload_nm"] = 0.0
    rig.place_truck(plant, z=0.02)
    seen = rig.record(plant, 10.0, "truck_q")
    measured = rig.period_s(seen["t_s"], seen["truck_q"][:, TZ])
    assert measured == pytest.approx(2.0 * pi * sqrt(BODY_KG / 2.0e6), rel=2e-3)
    assert np.abs(seen["truck_q"][:, [TPITCH, TROLL]]).max() < 1e-12
