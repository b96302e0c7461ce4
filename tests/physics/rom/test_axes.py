"""The servo axes of the reduced-order plant, in steps of a scan and of a tick: moves, stiffness, friction, brakes."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom.loads import HUNG_KG, LOADS, STEP_MODES, hang_aside
from tests.physics.rom_bench import SLEEPING, RomBench
from twin.motion.drives import STOP_JERK, motion_end_s
from twin.motion.profile import plan_hold
from twin.records import DONE, EX, EY, JOINTS, STANDSTILL, TRIP_ESTOP, TRIP_FOLLOWING, YAW, X, Y, Z
from twin.setup.ratings import meters_of

G = rig.GRAVITY_MPS2
ARRIVED = {"x": 0.003, "y": 0.003, "z": 0.003, "yaw": 0.001}
STUCK = [(station, axis, steps) for station in ("top_lift", "chassis") for axis, steps in ((X, 1), (Y, 1), (YAW, 5))]
"""Station, axis, and offset from its target in encoder steps."""


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize(("axis", "distance"), [("x", 2.0), ("y", 1.0), ("z", -1.0), ("yaw", 0.05)])
def test_axis_move_time_is_the_profile_duration(bench, load, axis, distance, step_mode):
    """A move at the axis limits ends when its profile ends, at most two PLC scans later, within the arrival tolerance
    (3 mm, 1 mrad); yaw under load within a second, because of torsional oscillation on its ropes. The following error
    is within 10 mm (yaw: 5 mrad)."""
    plant = bench()
    rig.hang(plant, load, 1.1, x=-4.0, y=2.2)
    plant.step_mode = step_mode
    w, k = plant.worlds[0], JOINTS.index(axis)
    target = float(w["image"]["reference"][0, k, 0]) + distance
    rig.move(plant, **{axis: target})
    started_s, planned_s = float(w["truth"]["t_s"]), motion_end_s(w["image"], 0, k)
    following = 0.0
    while w["control"]["status"][0] != DONE and w["truth"]["t_s"] < planned_s + 2.0:
        plant.scan()
        plant.step(5)
        following = max(following, abs(float(w["truth"]["q"][0, k] - w["image"]["reference"][0, k, 0])))
    assert w["image"]["axis_state"][0, k] == STANDSTILL
    late_s = 1.1 if axis == "yaw" and load is not None else 0.03
    assert -1e-9 <= w["truth"]["t_s"] - planned_s <= late_s
    assert planned_s - started_s > 1.0
    assert following < (0.005 if axis == "yaw" else 0.01)
    assert abs(w["truth"]["q"][0, k] - target) <= ARRIVED[axis]


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize(("axis", "rope_m"), [(X, 2.0), (Y, 2.0), (Y, 3.5)], ids=["x", "y", "y-long"])
def test_how_far_the_servo_gives_way_to_a_swinging_load(bench, axis, rope_m, step_mode):
    """Dynamic stiffness of the loop, d = F / |G (K + 1 / T) - M w^2 + i (w (G + c) - G K / (T w))|, of velocity gain G,
    position gain K, integral time T, viscous c, under the pull F = m g A / L of a swing of amplitude A. Without dry
    friction and encoder steps; the axis is commanded to hold. Within 1 %.
    """
    plant = bench(station_with={"reeving.sway_damping_ratio": 0.0})
    plant.params["axis_coulomb"], plant.params["axis_encoder"] = 0.0, 1e-9
    hang_aside(plant, rig.OLD, rope_m, axis, 0.05 * rope_m)
    rig.brake(plant, Y if axis == X else X, Z, YAW)
    plant.step_mode = step_mode
    rig.run(plant, 3.0)
    seen = rig.record(plant, 12.0, "q")
    q, t_s, p = seen["q"][:, 0], seen["t_s"], plant.params[0]
    w = 2.0 * pi / rig.period_s(t_s, q[:, EX + axis])
    gain, k = float(p["axis_velocity_gain"][axis]), float(p["axis_position_gain"][axis])
    integral_s, viscous = float(p["axis_integral_time_s"][axis]), float(p["axis_viscous"][axis])
    own_kg = float(p["axis_mass"][axis])
    stiffness = gain * (k + 1.0 / integral_s) - own_kg * w**2
    stiffness += 1j * (w * (gain + viscous) - gain * k / (integral_s * w))
    amplitude = rig.harmonic(t_s, q[:, EX + axis], w)[0]
    expected = HUNG_KG[rig.OLD] * G * amplitude / rope_m / abs(stiffness)
    assert rig.harmonic(t_s, q[:, axis], w)[0] == pytest.approx(expected, rel=0.01)
    assert expected > 5e-4


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize(("axis", "own_kg", "coulomb_n"), [(X, 5500.0, 600.0), (Y, 1500.0, 250.0)], ids=["x", "y"])
@pytest.mark.parametrize(("share", "slides"), [(0.8, False), (3.0, True)])
def test_axis_friction_against_the_pull_of_the_load(bench, share, slides, axis, own_kg, coulomb_n, step_mode):
    """A dead drive (force limit zero, no brake): the load hangs off by d and pulls with W d / L at the axis's dry
    friction. Below the limit nothing moves; above, the axis starts with the integral of (W d(t) / L - F_c) / m.
    """
    plant = bench(station_with={"reeving.sway_damping_ratio": 0.0})
    plant.params["axis_force_limit"], plant.params["axis_viscous"] = 0.0, 0.0
    rope_m, weight_n = 2.0, 3450.0 * G
    hang_aside(plant, rig.OLD, rope_m, axis, share * coulomb_n * rope_m / weight_n)
    rig.brake(plant, Y if axis == X else X, Z, YAW)
    plant.step_mode = step_mode
    seen = rig.record(plant, 0.2, "q", "qd")
    q, qd = seen["q"][:, 0], seen["qd"][:, 0]
    if slides:
        pull_n = weight_n * q[:, EX + axis] / rope_m
        assert pull_n[0] == pytest.approx(share * coulomb_n, rel=1e-3)
        expected_mps = np.sum(pull_n[:-1] + pull_n[1:] - 2.0 * coulomb_n) * 0.005 / own_kg
        assert qd[-1, axis] == pytest.approx(expected_mps, rel=0.02)
    else:
        np.testing.assert_allclose(q[:, axis], q[0, axis], rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
def test_power_off_brakes_hold_the_load_where_it_is(bench, load, step_mode):
    """The hoist's brake (88.3 kN) carries 33.8 kN without creeping, while the load keeps swinging."""
    plant = bench()
    hang_aside(plant, load, 2.0, X, 0.05)
    plant.worlds["truth"]["power_off"] = 1
    plant.step_mode = step_mode
    q = rig.record(plant, 5.0, "q")["q"][:, 0]
    assert np.abs(q[:, :4] - q[0, :4]).max() < 1e-9
    assert np.ptp(q[-200:, EX]) > 0.04


@pytest.mark.parametrize("load", **LOADS)
def test_hoist_holds_its_load_at_rest(bench, load):
    """Friction balances the remainder after the weight's feed-forward: 5 s later no axis moves by a bit, and the load
    cell reads the weight."""
    plant = bench()
    rig.hang(plant, load, 2.0)
    rig.run(plant, 5.0)
    q = rig.record(plant, 5.0, "q")["q"][:, 0]
    np.testing.assert_array_equal(q, q[:1].repeat(len(q), axis=0))
    assert q[0, Z] == pytest.approx(4.0, abs=2e-4)
    assert plant.worlds["image"]["load_cell_n"][0, 0] == pytest.approx(HUNG_KG[load] * G, rel=1e-4)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize(
    ("axis", "own_kg", "brake_n", "viscous"), [(X, 5500.0, 12600.0, 300.0), (Y, 1500.0, 6250.0, 150.0)], ids=["x", "y"]
)
def test_power_off_stops_an_axis_at_the_brake_deceleration(bench, axis, own_kg, brake_n, viscous, step_mode):
    """m dv/dt = -(F_brake + F_c + c v): t = m / c ln(1 + c v / F), s = m v / c - m F / c^2 ln(1 + c v / F).

    The spreader's pull in this time is less than 0.5 % of the brake's force. Within 1 % and half a step.
    """
    plant = bench()
    name, start, speed = "xy"[axis], (-4.0, 0.0)[axis], 0.5
    rig.hang(plant, None, 1.1, **{name: start})
    plant.step_mode = step_mode
    rig.move(plant, **{name: start + 3.0}, velocity=speed)
    rig.run(plant, 4.0)
    w = plant.worlds[0]
    began_mps, began_m = float(w["truth"]["qd"][0, axis]), float(w["truth"]["q"][0, axis])
    assert began_mps == pytest.approx(speed, rel=0.01)
    w["truth"]["power_off"] = 1
    seen = rig.record(plant, 1.5, "q", "qd")
    log = np.log(1.0 + viscous * began_mps / brake_n)
    expected_s = own_kg / viscous * log
    expected_m = own_kg * began_mps / viscous - own_kg * brake_n / viscous**2 * log
    stopped = np.flatnonzero(np.abs(seen["qd"][:, 0, axis]) < 1e-5)[0]
    assert stopped * 0.01 == pytest.approx(expected_s, abs=0.011)
    assert seen["q"][-1, 0, axis] - began_m == pytest.approx(expected_m, rel=0.01, abs=0.005 * speed / 2)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize(("name", "start", "speed"), [("x", -4.0, 0.8), ("y", 0.0, 0.5), ("z", 2.5, 0.25)])
def test_stopping_distance_after_an_emergency_stop(bench, name, start, speed, load, step_mode):
    """v^2 / 2a + v a / 2j: an S-curve from v to rest at the axis's acceleration and stopping jerk, from the scan that
    reads the button. The axis stops within 3 mm of it, and within the station's own stopping distance.
    """
    plant = bench()
    axis = JOINTS.index(name)
    if name == "z":
        rig.hang(plant, load, 6.0 - start)
    else:
        rig.hang(plant, load, 1.1, **{name: start})  # above the truck's cab
    plant.step_mode = step_mode
    rig.move(plant, **{name: start + {"x": 6.0, "y": 3.0, "z": 2.3}[name]}, velocity=speed)
    rig.run(plant, 4.5)
    w, p = plant.worlds[0], plant.params[0]
    began_m, began_mps = float(w["image"]["reference"][0, axis, 0]), float(w["image"]["reference"][0, axis, 1])
    assert began_mps == pytest.approx(speed, rel=1e-6)
    w["truth"]["estop_button"] = 1
    rig.run(plant, 5.0)
    assert w["control"]["trip"] == TRIP_ESTOP
    a, jerk = float(p["axis_acceleration"][axis]), STOP_JERK * float(p["axis_jerk"][axis])
    expected_m = speed**2 / (2.0 * a) + speed * a / (2.0 * jerk)
    stood_m = float(w["truth"]["q"][0, axis]) - began_m
    assert stood_m == pytest.approx(expected_m, abs=0.003 + 0.01 * speed)
    assert stood_m < p["axis_stopping_distance"][axis]


@pytest.mark.parametrize("up", [1.0, -1.0], ids=["up", "down"])
@pytest.mark.parametrize("step_mode", **STEP_MODES)
def test_energy_of_a_hoist(bench, step_mode, up):
    """Drive work for 2 m, rest to rest: m g h + Coulomb F_c |h| + viscous integral c v^2 dt. Within 0.5 %.

    `energy_j`, what is consumed, counts driving only; the drive's meters have both.
    """
    plant = bench()
    rig.hang(plant, rig.OLD, 3.5 if up > 0 else 1.5)
    plant.step_mode = step_mode
    rig.run(plant, 1.0)
    w = plant.worlds[0]
    start, paid_j = float(w["truth"]["q"][0, Z]), float(w["truth"]["energy_j"])
    rig.move(plant, z=start + 2.0 * up)
    seen = rig.record(plant, 11.0, "qd")
    h = float(w["truth"]["q"][0, Z]) - start
    assert h == pytest.approx(2.0 * up, abs=0.003)
    expected_j = 3450.0 * G * h + 300.0 * abs(h) + 400.0 * np.sum(seen["qd"][:, 0, Z] ** 2) * 0.01
    assert w["truth"]["energy_j"] - paid_j == pytest.approx(expected_j if up > 0 else 0.0, rel=5e-3, abs=50.0)
    metered = meters_of(w, 0, Z)
    assert metered.work_j - metered.braking_work_j == pytest.approx(expected_j, rel=5e-3)
    assert metered.way + metered.braking_way == pytest.approx(2.0, abs=0.01)
    total_n2s = metered.square_s + metered.braking_square_s
    assert metered.braking_square_s == pytest.approx(0.0 if up > 0 else total_n2s, abs=0.3 * total_n2s)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
def test_rms_force_of_a_travel_is_that_of_its_trapezoid(bench, step_mode):
    """A rail-guided vehicle of mass M from rest to rest, without friction: two ramps of trapezoidal acceleration.

    Integral F^2 dt = 2 M^2 a^2 (v / a - a / 3 j); work and braking work are both M v^2 / 2. Within 2 %.
    """
    smooth = {"axes.x.coulomb_n": 0.0, "axes.x.viscous_n_per_mps": 0.0}
    plant = bench("chassis", "chassis_tractor_3", station_with=smooth)
    rig.place_axes(plant, 1, x=-3.9)
    rig.place_axes(plant, x=0.0, z=-1.05)
    rig.run(plant, 1.0)
    w, p = plant.worlds[0], plant.params[0]
    before = meters_of(w, 0, X)
    plant.step_mode = step_mode
    rig.move(plant, x=2.4)
    rig.run(plant, 8.0)
    after = meters_of(w, 0, X)
    mass = float(p["axis_mass"][X])
    v, a, jerk = float(p["axis_velocity"][X]), float(p["axis_acceleration_empty"][X]), float(p["axis_jerk"][X])
    square_s = 2.0 * mass**2 * a**2 * (v / a - a / jerk / 3.0)
    metered = after.square_s + after.braking_square_s - before.square_s - before.braking_square_s
    assert metered == pytest.approx(square_s, rel=0.02)
    assert after.work_j - before.work_j == pytest.approx(0.5 * mass * v * v, rel=0.02)
    assert after.braking_work_j - before.braking_work_j == pytest.approx(0.5 * mass * v * v, rel=0.02)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("joint", [EX, EY], ids=["x", "y"])
def test_a_dead_axis_is_a_double_pendulum_without_friction(bench, joint, step_mode):
    """Two-body frequency w^2 = g / L (1 + m / M) of the empty spreader and a free trolley or bridge; to 0.05 %."""
    plant = bench(station_with={"reeving.sway_damping_ratio": 0.0})
    for name in ("axis_force_limit", "axis_viscous", "axis_coulomb"):
        plant.params[name] = 0.0
    plant.params["interlock_off"][:, TRIP_FOLLOWING] = 1
    axis, own_kg = joint - EX, (5500.0, 1500.0)[joint - EX]
    hang_aside(plant, None, 2.0, axis, 0.04, x=0.0, y=1.5)
    rig.brake(plant, Y if axis == X else X, Z, YAW)
    plant.step_mode = step_mode
    seen = rig.record(plant, 12.0, "q")
    omega = sqrt(G / (2.0 + rig.stretch_m(plant, 450.0, 2.0)) * (1.0 + 450.0 / own_kg))
    expected_s = 2.0 * pi / omega * (1.0 + 0.02**2 / 16.0)
    assert rig.period_s(seen["t_s"], seen["q"][:, 0, joint]) == pytest.approx(expected_s, rel=5e-4)


@pytest.mark.parametrize("plant_of", [RomBench, rig.BulletBench], ids=["rom", "bullet"])
@pytest.mark.parametrize(("station", "axis", "steps"), STUCK, ids=[f"{s}-{JOINTS[k]}" for s, k, _ in STUCK])
def test_an_axis_that_friction_holds_off_its_target_breaks_loose(plant_of, station, axis, steps):
    """Held some encoder steps off its target, it commands e = K off; its drive gives G (e + e t / T) and moves it when
    that is F_c, at t = T (F_c / (G e) - 1): on both plants within three scans, and on this one it sleeps until then."""
    plant = rig.bench(station, plant=plant_of)
    if station == "top_lift":
        rig.hang(plant, None, 2.0)
    else:
        rig.place_axes(plant, 1, x=-3.9)
        rig.place_axes(plant, x=0.0, z=-1.0)
    rig.run(plant, 3.0)
    w, p = plant.worlds[0], plant.params[0]
    off = steps * float(p["axis_encoder"][axis])
    w["truth"]["integral"][0, axis] = 0.0
    stood = float(w["truth"]["q"][0, axis])
    measured = np.floor(stood / p["axis_encoder"][axis] + 0.5) * p["axis_encoder"][axis]
    target = measured + off
    plan_hold(w["image"]["profile"][0, axis], target)
    w["image"]["reference"][0, axis] = (target, 0.0, 0.0)
    drive = float(p["axis_velocity_gain"][axis]) * float(p["axis_position_gain"][axis]) * off
    expected_s = float(p["axis_integral_time_s"][axis]) * (float(p["axis_coulomb"][axis]) / drive - 1.0)
    assert expected_s > 0.5
    began_s, rested = float(w["truth"]["t_s"]), 0
    while abs(w["truth"]["q"][0, axis] - stood) < 1e-9 and w["truth"]["t_s"] < began_s + 2.0 * expected_s:
        plant.scan()
        plant.step(5)
        rested += isinstance(plant, RomBench) and plant.chosen() == SLEEPING
    assert float(w["truth"]["t_s"]) - began_s == pytest.approx(expected_s, abs=0.03)
    if isinstance(plant, RomBench):
        assert rested > 0.9 * 100.0 * expected_s
