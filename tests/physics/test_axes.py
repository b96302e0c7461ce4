"""The servo axes: move times, friction, brakes, and the hoist's energy."""

from __future__ import annotations

from math import copysign

import numpy as np
import pytest

from tests.physics import rig
from twin.motion.drives import friction_force, motion_end_s
from twin.records import DONE, EX, EY, JOINTS, STANDSTILL, UNTIL_DONE, YAW, X, Y, Z
from twin.setup.ratings import meters_of

G = rig.GRAVITY_MPS2
ARRIVED = {"x": 0.003, "y": 0.003, "z": 0.003, "yaw": 0.001}


def loaded_table(bench):
    """A chassis station whose robot 0 carries a block under the middle of the lane, robot 1 out of its way."""
    plant = bench("chassis", "chassis_tractor_3")
    rig.place_axes(plant, 1, x=-3.9)
    sink_m = (1150.0 + 150.0) * G / float(plant.params["e_stiffness"][0, 2])
    rig.place_axes(plant, x=0.0, z=-1.05, ez=-sink_m)
    rig.place_pack(plant, rig.OLD, (0.0, 0.0, -1.05 - sink_m))
    rig.grip(plant, rig.OLD)
    rig.run(plant, 1.0)
    return plant


@pytest.mark.parametrize(
    ("station", "load", "axis", "distance", "late_s"),
    [
        ("top_lift", None, "x", 2.0, 0.02),
        ("top_lift", None, "y", 1.0, 0.02),
        ("top_lift", None, "z", -1.0, 0.02),
        ("top_lift", None, "yaw", 0.05, 0.02),
        ("top_lift", rig.OLD, "x", 2.0, 0.02),
        ("top_lift", rig.OLD, "y", 1.0, 0.02),
        ("top_lift", rig.OLD, "z", -1.0, 0.02),
        ("top_lift", rig.OLD, "yaw", 0.05, 1.1),
        ("chassis", rig.OLD, "x", 1.2, 0.02),
        ("chassis", rig.OLD, "y", 0.05, 0.02),
        ("chassis", rig.OLD, "z", 0.5, 0.02),
        ("chassis", rig.OLD, "yaw", 0.03, 0.02),
    ],
)
def test_axis_move_time_is_the_profile_duration(bench, station, load, axis, distance, late_s):
    """A move at the axis limits ends when its profile ends, one or two PLC scans later at most, standing within the
    arrival tolerance (3 mm, 1 mrad). Yaw under load takes up to 1 s: the torsional oscillation of the load on its ropes
    exceeds the stiffness of the yaw loop.
    """
    plant = loaded_table(bench) if station == "chassis" else bench()
    if station == "top_lift":
        rig.hang(plant, load, 1.1, x=-4.0, y=2.2)
    w, k = plant.worlds[0], JOINTS.index(axis)
    target = float(w["image"]["reference"][0, k, 0]) + distance
    rig.move(plant, **{axis: target})
    started_s, planned_s = float(w["truth"]["t_s"]), motion_end_s(w["image"], 0, k)
    plant.run()
    assert w["control"]["status"][0] == DONE
    assert w["image"]["axis_state"][0, k] == STANDSTILL
    assert -1e-9 <= w["truth"]["t_s"] - planned_s <= late_s
    assert planned_s - started_s > 1.0
    assert abs(w["truth"]["q"][0, k] - target) <= ARRIVED[axis]
    after = rig.record(plant, 1.0, "q")["q"][:, 0, k]
    assert np.abs(after - target).max() <= (0.01 if late_s > 1.0 else 1.5 * ARRIVED[axis])


def test_following_error_stays_small_at_full_speed(bench):
    """Speed and acceleration feed-forward: during the move the following error is a few millimetres."""
    plant = bench()
    rig.hang(plant, rig.OLD, 1.1, x=-4.0)
    rig.move(plant, x=2.0)
    seen = rig.record(plant, 9.0, "q", "reference")
    assert np.abs(seen["q"][:, 0, X] - seen["reference"][:, 0, X, 0]).max() < 0.01


@pytest.mark.parametrize("applied_n", [0.0, 120.0, -249.9, 250.1, -400.0])
def test_friction_kernel_holds_below_coulomb_and_slides_above(applied_n):
    """Coulomb: at rest it balances any force up to the limit exactly; beyond, m dv/dt = F - sign(F) F_c."""
    mass, coulomb_n, dt_s = 1500.0, 250.0, 0.002
    speed = 0.0
    for _ in range(500):
        speed += (applied_n + friction_force(speed, applied_n, mass, coulomb_n, dt_s)) * dt_s / mass
    excess_n = max(abs(applied_n) - coulomb_n, 0.0)
    assert speed == pytest.approx(copysign(excess_n / mass * 1.0, applied_n), abs=1e-12)


def test_friction_kernel_stops_a_sliding_mass_and_leaves_it_at_rest():
    """v falls by F_c / m a second and stays at exactly zero."""
    speed, mass, coulomb_n, dt_s = 0.3, 1500.0, 250.0, 0.002
    ticks = 0
    while speed > 0.0:
        speed += friction_force(speed, 0.0, mass, coulomb_n, dt_s) * dt_s / mass
        ticks += 1
    assert speed == 0.0
    assert ticks * dt_s == pytest.approx(0.3 * mass / coulomb_n, abs=2 * dt_s)
    assert friction_force(0.0, 0.0, mass, coulomb_n, dt_s) == 0.0


@pytest.mark.parametrize(("share", "slides"), [(0.8, False), (3.0, True)])
def test_axis_friction_against_the_pull_of_the_load(bench, share, slides):
    """A dead drive (force limit zero, no brake): the load hangs off by d and pulls with W d / L at the trolley's 250 N
    of dry friction. Below it nothing moves, to the last bit; above, the trolley starts with (W d / L - F_c) / m.
    """
    plant = bench()
    plant.params["axis_force_limit"] = 0.0
    plant.params["axis_viscous"] = 0.0
    rope_m, weight_n, mass_kg = 2.0, 450.0 * G, 1500.0
    rig.hang(plant, None, rope_m, sway_y_m=share * 250.0 * rope_m / weight_n)
    rig.brake(plant, X, Z, YAW)
    seconds = 0.1
    seen = rig.record(plant, seconds, "q", "qd", "tau")
    q, qd = seen["q"][:, 0], seen["qd"][:, 0]
    if slides:
        pull_n = -seen["tau"][1:, 0, EY]
        expected_mps = np.sum(pull_n - 250.0) * plant._dt_s / mass_kg
        assert pull_n[0] == pytest.approx(share * 250.0, rel=0.03)
        assert qd[-1, Y] == pytest.approx(expected_mps, rel=0.02)
    else:
        np.testing.assert_array_equal(q[:, Y], q[0, Y])
        assert np.abs(qd[:, Y]).max() < 1e-15


def test_power_off_brakes_hold_the_load_where_it_is(bench):
    """The hoist's brake (88.3 kN) carries 33.8 kN without creeping, while the load keeps swinging."""
    plant = bench()
    rig.hang(plant, rig.OLD, 2.0, sway_x_m=0.05)
    plant.worlds["truth"]["power_off"] = 1
    q = rig.record(plant, 5.0, "q")["q"][:, 0]
    assert np.abs(q[:, :4] - q[0, :4]).max() < 1e-9
    assert np.ptp(q[-1000:, EX]) > 0.05


def test_power_off_stops_a_moving_axis_at_the_brake_deceleration(bench):
    """m dv/dt = -(F_brake + F_c + c v): time and distance in closed form, v0 = 0.5 m/s, bridge and trolley of 5.5 t.

    With a spreader of almost no weight compared with the bridge: tolerance 3 %.
    """
    plant = bench()
    rig.hang(plant, None, 1.1, x=-4.0)
    rig.move(plant, x=2.0, velocity=0.5)
    rig.run(plant, 4.0)
    w = plant.worlds[0]
    plant.scan()
    assert w["truth"]["qd"][0, X] == pytest.approx(0.5, rel=0.01)
    w["truth"]["power_off"] = 1
    seen = rig.record(plant, 1.0, "q", "qd")
    speed = seen["qd"][:, 0, X]
    c, constant_n, mass_kg = 300.0, 12000.0 + 600.0, 5500.0
    expected_s = mass_kg / c * np.log(1.0 + c * speed[0] / constant_n)
    stopped = np.flatnonzero(np.abs(speed) < 1e-9)[0]
    assert stopped * plant._dt_s == pytest.approx(expected_s, rel=0.03)
    assert np.ptp(seen["q"][stopped + 1 :, 0, X]) < 1e-9


@pytest.mark.parametrize("up", [1.0, -1.0], ids=["up", "down"])
def test_energy_balance_of_a_hoist(bench, up):
    """Drive work = m g h + Coulomb F_c |h| + viscous integral c v^2 dt, rest to rest. Required 2 %, within 0.3 %.

    Lowering gives the same with the load's work negative. `energy_j`, the station's consumption, counts driving only.
    """
    plant = bench()
    rig.hang(plant, rig.OLD, 3.5 if up > 0 else 1.5)
    rig.run(plant, 1.0)
    w = plant.worlds[0]
    start, paid_j = float(w["truth"]["q"][0, Z]), float(w["truth"]["energy_j"])
    rig.move(plant, z=start + 2.0 * up)
    dt_s = plant._dt_s
    work_j = viscous_j = 0.0
    for _ in range(11 * plant._physics_hz):
        plant.scan()
        before = float(w["truth"]["qd"][0, Z])
        plant.step()
        plant._read_joints()
        speed = 0.5 * (before + float(w["truth"]["qd"][0, Z]))
        on_axis_n = float(w["truth"]["tau"][0, Z]) - float(
            plant._reaction[Z]
        )  # drive and friction, without the load's pull
        friction_n = -400.0 * before - (copysign(300.0, before) if abs(before) > 1e-4 else 0.0)
        work_j += (on_axis_n - friction_n) * speed * dt_s
        viscous_j += 400.0 * speed**2 * dt_s
    h = float(w["truth"]["q"][0, Z]) - start
    assert h == pytest.approx(2.0 * up, abs=0.003)
    expected_j = 3450.0 * G * h + 300.0 * abs(h) + viscous_j
    assert work_j == pytest.approx(expected_j, rel=3e-3)
    assert w["truth"]["energy_j"] - paid_j == pytest.approx(expected_j if up > 0 else 0.0, rel=5e-3, abs=50.0)
    metered = meters_of(w, 0, Z)
    assert metered.work_j - metered.braking_work_j == pytest.approx(expected_j, rel=5e-3)
    assert metered.way + metered.braking_way == pytest.approx(2.0, abs=0.01)
    assert float(w["truth"]["drive_work_j"][..., 0].sum()) == pytest.approx(float(w["truth"]["energy_j"]), rel=1e-12)


def test_issue_keeps_axis_limits(bench):
    """A target outside the axis travel is refused and moves nothing."""
    from twin.records import REFUSED, new_command

    plant = bench()
    command = new_command()
    command["target"][0, X], command["velocity"], command["until"] = 7.0, 0.1, UNTIL_DONE
    command["acceleration"], command["jerk"], command["timeout_s"] = 0.1, 0.5, 10.0
    plant.issue(np.zeros(1, np.int64), np.zeros(1, np.int64), command)
    assert plant.worlds["control"]["status"][0, 0] == REFUSED
    before = plant.worlds["truth"]["q"][0, 0, :4].copy()
    rig.run(plant, 0.5)
    np.testing.assert_allclose(plant.worlds["truth"]["q"][0, 0, :4], before, atol=2e-4)
