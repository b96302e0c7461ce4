"""The safety invariants, each with its interlock at work (nothing happens) and broken on purpose (the monitor sees it).

The plants run as in a swap; what the sequence would never command is commanded by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.physics import rig
from tests.tiers import slow
from twin.catalogue import load_pack, load_station, load_truck
from twin.monitor import INVARIANTS, monitor
from twin.plants.beginning import new_world
from twin.records import (
    BUSY,
    DONE,
    REFUSED,
    TRIP,
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_FOLLOWING,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    UNTIL_ACTUATED,
    UNTIL_DONE,
    UNTIL_DWELL,
    UNTIL_LOAD_ABOVE,
    X,
    Z,
    new_command,
)
from twin.result import violations_of
from twin.runner.scan import plc_scan_unobserved
from twin.setup.setup import build_setup

SCAN_S = 0.01
ROBOT = np.zeros(1, np.int64)
Bench = Callable[..., rig.BulletBench]


@pytest.fixture
def bench() -> Iterator[Bench]:
    plants = []

    def make(*args: object, **kwargs: object) -> rig.BulletBench:
        plants.append(rig.bench(*args, **kwargs))
        return plants[-1]

    yield make
    for plant in plants:
        plant.close()


def settle(plant: rig.BulletBench, *broken: int) -> rig.BulletBench:
    """Let what was put there come to rest; from here on all interlocks work but the `broken` ones."""
    off = plant.params["interlock_off"][0]
    off[:] = 1
    rig.run(plant, 0.6)
    off[:] = 0
    off[list(broken)] = 1
    plant.worlds["monitor"]["violation"] = 0
    plant.worlds["monitor"]["overload_s"] = plant.worlds["monitor"]["overforce_s"] = 0.0
    assert plant.worlds["control"]["trip"][0] == TRIP_NONE
    return plant


def command(plant: rig.BulletBench, robot: int = 0, **fields: float) -> int:
    """Issue a command of axes (by name) and other fields, at the loaded limits; what the PLC says to it."""
    p = plant.params[0]
    commands = new_command()
    c = commands[0]
    c["velocity"], c["acceleration"], c["jerk"] = p["axis_velocity_loaded"], p["axis_acceleration"], p["axis_jerk"]
    c["until"], c["timeout_s"] = UNTIL_DONE, 1e6
    for name, value in fields.items():
        if name in ("x", "y", "z", "yaw"):
            c["target"][("x", "y", "z", "yaw").index(name)] = value
        else:
            c[name] = value
    plant.issue(ROBOT, np.array([robot]), commands)
    return int(plant.worlds["control"]["status"][0, robot])


def seen(plant: rig.BulletBench) -> set[int]:
    """The invariants that the monitor has found violated."""
    return set(np.flatnonzero(plant.worlds["monitor"]["violation"][0]).tolist())


def carry(bench: Bench, kind: str, *, high: bool = True, **kwargs: object) -> rig.BulletBench:
    """A robot with a pack, away from everything: at traverse height, or 1 m nearer to the seats."""
    if kind == "top_lift":
        plant = bench(**kwargs)
        rig.hang(plant, rig.OLD, 1.1 if high else 2.1, x=-4.0, y=2.0)
        return plant
    plant = bench("chassis", "chassis_tractor_3", **kwargs)
    rig.place_axes(plant, 1, x=-3.9)
    z = -1.08 if high else -0.6
    sink_m = (1150.0 + 150.0) * rig.GRAVITY_MPS2 / float(plant.params["e_stiffness"][0, 2])
    rig.place_axes(plant, x=0.0, z=z, ez=-sink_m)
    rig.place_pack(plant, rig.OLD, (0.0, 0.0, z - sink_m))
    rig.grip(plant, rig.OLD)
    return plant


def grip_in_seat(bench: Bench, kind: str) -> rig.BulletBench:
    """A robot with its grips closed on the truck's locked pack."""
    truck = {"top_lift": "tractor_6x4", "chassis": "chassis_rigid_1"}[kind]
    plant = bench(kind, truck)
    rig.run(plant, 0.5)
    x, y, z = plant.worlds["truth"]["pack_pose"][0, rig.OLD, :3]
    if kind == "top_lift":
        sheave = float(plant.params["sheave_height_m"][0])
        rig.place_axes(plant, x=x, y=y, z=z - 0.003, ex=0.0, ey=0.0, ez=z - sheave)
    else:
        sink_m = 150.0 * rig.GRAVITY_MPS2 / float(plant.params["e_stiffness"][0, 2])
        rig.place_axes(plant, 1, x=-3.9)
        rig.place_axes(plant, x=x, y=y, z=z + sink_m, ex=0.0, ey=0.0, ez=-sink_m)
    rig.grip(plant, rig.OLD)
    return plant


# ------------------------------------------------------------------------------------------------- 1: locks open


@pytest.mark.parametrize("kind", ["top_lift", "chassis"])
@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_1_out_of_a_seat_with_a_lock_half_open(bench, kind, broken):
    """A lock that has stopped at 0.3 holds nothing any more, but it is not open."""
    plant = grip_in_seat(bench, kind)
    settle(plant, *([TRIP_LOCK] if broken else []))
    assert command(plant, grip=1, seat=rig.TRUCK_SEAT, until=UNTIL_ACTUATED) == BUSY
    plant.run()
    if kind == "chassis":  # the table bears the block before its locks open
        z, weight_n = float(plant.worlds["truth"]["q"][0, 0, Z]), (150.0 + 1150.0) * rig.GRAVITY_MPS2
        assert command(plant, z=z + 0.1, velocity=0.02, until=UNTIL_LOAD_ABOVE, threshold=weight_n) == BUSY
        plant.run()
        assert plant.worlds["control"]["status"][0, 0] == DONE
    assert command(plant, lock=0, seat=rig.TRUCK_SEAT, until=UNTIL_DWELL, dwell_s=4.0) == BUSY
    w = plant.worlds[0]
    while w["truth"]["lock_position"][rig.TRUCK_SEAT, 2] > 0.3:
        plant.run_ticks(5)
    w["faults"]["lock_stuck"][rig.TRUCK_SEAT, 2] = 1
    plant.run()
    assert w["truth"]["locked"][rig.TRUCK_SEAT] == -1
    away = float(plant.params["retract"][0]) * 2.0 * float(plant.params["creep_out_height_m"][0])
    assert command(plant, z=float(w["image"]["axis_position"][0, Z]) + away) == BUSY
    plant.run()
    rig.run(plant, 3.0)
    if broken:
        assert w["control"]["status"][0] == DONE
        assert seen(plant) == {1}
    else:
        assert w["control"]["status"][0] == TRIP
        assert w["control"]["trip"] == TRIP_LOCK
        assert seen(plant) == set()


def test_1_a_truck_that_is_lifted_by_its_pack_counts_too():
    """Caught in its seat the pack stays at height 0 over it: what counts is how far it was carried with the truck."""
    _, w, p = records("top_lift")
    rest, creep_out = float(w["truth"]["pack_pose"][0, 2]), float(p["creep_out_height_m"])
    w["truth"]["held"][0], w["truth"]["qd"][0, Z] = 0, 0.02
    assert w["truth"]["lock_position"][w["truth"]["pack_seat"][0]].tolist() == [1.0] * 4
    for rise in (0.0, 0.5 * creep_out, 0.95 * creep_out):
        w["truth"]["pack_pose"][0, 2] = rest + rise
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
    assert not w["monitor"]["violation"].any()
    w["truth"]["pack_pose"][0, 2] = rest + 1.05 * creep_out
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == [1]


def test_1_passing_over_another_packs_closed_locks_is_nothing(bench):
    """A block travels low under the truck, past seats whose locks are closed on their own blocks."""
    plant = settle(carry(bench, "chassis"))
    assert command(plant, x=1.4) == BUSY
    plant.run()
    assert plant.worlds["control"]["status"][0, 0] == DONE
    assert seen(plant) == set()


# ---------------------------------------------------------------------------------------------- 2: never let go


@pytest.mark.parametrize("kind", ["top_lift", "chassis"])
@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_2_letting_go_in_the_air(bench, kind, broken):
    plant = settle(carry(bench, kind), *([TRIP_LOCK] if broken else []))
    status = command(plant, grip=0, until=UNTIL_ACTUATED)
    rig.run(plant, 4.0)
    assert (plant.worlds["truth"]["held"][0, 0] == rig.OLD) != broken
    assert (status == REFUSED) != broken
    assert seen(plant) == ({2} if broken else set())


def test_2_letting_go_of_a_locked_pack_is_right(bench):
    plant = settle(grip_in_seat(bench, "top_lift"))
    assert command(plant, grip=0, seat=rig.TRUCK_SEAT, until=UNTIL_ACTUATED) == BUSY
    plant.run()
    assert plant.worlds["truth"]["held"][0, 0] == -1
    assert seen(plant) == set()


@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_2_unlocking_a_block_that_nobody_holds(bench, broken):
    """Under a truck it falls."""
    plant = bench("chassis", "chassis_rigid_1")
    settle(plant, *([TRIP_LOCK] if broken else []))
    status = command(plant, lock=0, seat=rig.TRUCK_SEAT, until=UNTIL_ACTUATED)
    assert (status == REFUSED) != broken
    rig.run(plant, 3.0)
    assert seen(plant) == ({2} if broken else set())


@pytest.mark.parametrize("offset_m", [0.0, 0.02, 0.3])
def test_2_the_wrong_place_is_no_seat(offset_m):
    """At the height of a seat, beside it: gaps under the pads alone do not show it."""
    _, w, p = records("top_lift")
    w["truth"]["held"][0] = 1
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    w["truth"]["pad_gap_m"][1], w["truth"]["pack_offset_m"][1] = 0.0, (offset_m, 0.0, 0.0)
    w["truth"]["held"][0] = -1
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == ([2] if offset_m else [])


@pytest.mark.parametrize("pad", range(4))
def test_2_one_pad_in_the_air_is_not_seated(pad):
    _, w, p = records("top_lift")
    w["truth"]["held"][0] = 1
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    w["truth"]["pad_gap_m"][1, pad] = float(p["seated_m"]) + 0.001
    w["truth"]["held"][0] = -1
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == [2]


# ----------------------------------------------------------------------------------------------- 3: low traverse


@pytest.mark.parametrize("kind", ["top_lift", "chassis"])
@pytest.mark.parametrize("speed_mps", [None, 0.03], ids=["fast", "creeping"])
@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_3_sideways_while_low(bench, kind, speed_mps, broken):
    """Creeping is no better; the sequence need not say that it carries something."""
    plant = settle(carry(bench, kind, high=False), *([TRIP_LOW_TRAVERSE] if broken else []))
    fields = {} if speed_mps is None else {"velocity": speed_mps}
    status = command(plant, x=float(plant.worlds["truth"]["q"][0, 0, X]) + 0.25, **fields)
    assert (status == REFUSED) != broken
    rig.run(plant, 5.0)
    assert seen(plant) == ({3} if broken else set())


@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_3_lowering_while_it_travels(bench, broken):
    """The interlock sees where the axes will stand: the pack stops above the clearance height."""
    plant = carry(bench, "top_lift")
    settle(plant, *([TRIP_LOW_TRAVERSE] if broken else []))
    assert command(plant, x=3.0, z=3.5) == BUSY
    rig.run(plant, 6.0)
    w, p = plant.worlds[0], plant.params[0]
    if broken:
        assert seen(plant) == {3}
    else:
        assert w["control"]["trip"] == TRIP_LOW_TRAVERSE
        assert seen(plant) == set()
        assert w["truth"]["pack_pose"][rig.OLD, 2] - p["pack_height_m"] > p["clearance_height_m"] - 0.02


def test_3_corrections_inside_the_deadband_are_no_traverse(bench):
    plant = settle(carry(bench, "top_lift", high=False))
    for shift in (0.045, -0.045):
        assert command(plant, x=-4.0 + shift, y=2.0 + shift) == BUSY
        plant.run()
    assert seen(plant) == set()


# -------------------------------------------------------------------------------------------- 4: truck released


def release(plant: rig.BulletBench) -> int:
    status = command(plant, release_truck=1, until=UNTIL_DWELL, dwell_s=0.1, timeout_s=1.0)
    rig.run(plant, 0.3)
    return status


@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
@pytest.mark.parametrize("what", ["not pulled on", "open"])
def test_4_the_truck_goes_too_early(bench, what, broken):
    plant = grip_in_seat(bench, "top_lift")
    settle(plant, *([TRIP_LOCK] if broken else []))
    if what == "open":
        plant.worlds["control"]["pull_tested"][0, rig.TRUCK_SEAT] = 1
        command(plant, lock=0, seat=rig.TRUCK_SEAT, until=UNTIL_ACTUATED)
        rig.run(plant, 1.0)
    status = release(plant)
    assert (status == REFUSED) != broken
    assert seen(plant) == ({4} if broken else set())


def pulled(bench: Bench) -> rig.BulletBench:
    """The truck's pack, locked, after a pull test: hoisted until the ropes carry 1.2 times its weight."""
    plant = settle(grip_in_seat(bench, "top_lift"))
    w = plant.worlds[0]
    enough_n = (450.0 + 1.15 * 3000.0) * rig.GRAVITY_MPS2
    command(plant, z=float(w["truth"]["q"][0, Z]) + 0.12, velocity=0.016)
    while w["image"]["load_cell_n"][0] < enough_n:
        plant.run_ticks(5)
        assert w["control"]["status"][0] == BUSY
    w["control"]["pull_tested"][rig.TRUCK_SEAT] = 1
    return plant


def test_4_after_a_pull_test_the_truck_may_go(bench):
    plant = pulled(bench)
    assert release(plant) == BUSY
    assert seen(plant) == set()


def test_4_a_false_switch_deceives_the_control_but_not_the_monitor(bench):
    """One lock of four reports closed and is open: the other three pass the pull test, and no sensor tells."""
    plant = pulled(bench)
    plant.worlds["faults"]["lock_stuck"][0, rig.TRUCK_SEAT, 1] = 1
    plant.worlds["truth"]["lock_position"][0, rig.TRUCK_SEAT, 1] = 0.0
    plant.worlds["faults"]["lock_switch_fault"][0, rig.TRUCK_SEAT, 1] = 2
    assert release(plant) == BUSY
    assert seen(plant) == {4}


# ------------------------------------------------------------------------------------------------ 5: after a trip

STOPS = [
    # station, with a pack, axis, from, to
    ("top_lift", False, "x", -5.9, 5.9),
    ("top_lift", True, "x", -5.0, 5.9),
    ("top_lift", False, "y", 0.0, 3.4),
    ("top_lift", True, "y", 0.0, 3.4),
    ("top_lift", False, "z", 4.9, 2.2),
    ("top_lift", True, "z", 4.9, 2.2),
    ("top_lift", True, "z", 3.0, 4.9),
    ("top_lift", False, "yaw", -0.08, 0.08),
    ("top_lift", True, "yaw", -0.08, 0.08),
    ("chassis", False, "x", -0.5, 3.9),
    ("chassis", True, "x", -0.5, 3.9),
    ("chassis", True, "y", -0.055, 0.055),
    ("chassis", False, "z", -1.10, 0.15),
    ("chassis", True, "z", -1.10, -0.25),
    ("chassis", True, "z", -0.25, -1.10),
    ("chassis", True, "yaw", -0.043, 0.043),
]


def full_speed(
    bench: Bench, kind: str, loaded: bool, axis: str, start: float, goal: float
) -> tuple[rig.BulletBench, int]:
    """A plant whose axis runs at full speed from `start` towards `goal`."""
    k = ("x", "y", "z", "yaw").index(axis)
    if kind == "top_lift":
        plant = bench()
        where = {"x": 2.25, "y": 3.0, "z": 4.9, "yaw": 0.0, axis: start}
        pack = rig.OLD if loaded else None
        rig.hang(plant, pack, 6.0 - where["z"], x=where["x"], y=where["y"], twist_rad=where["yaw"])
        rig.place_axes(plant, yaw=where["yaw"])
    else:
        plant = carry(bench, "chassis") if loaded else bench("chassis", "chassis_tractor_3")
        rig.place_axes(plant, 1, x=-3.9)
        where = {"x": 0.0, "z": -1.10, axis: start}
        if loaded:
            sink_m = -float(plant.worlds["truth"]["q"][0, 0, 6])
            rig.release(plant)
            rig.place_pack(
                plant, rig.OLD, (where["x"], where.get("y", 0.0), where["z"] - sink_m), where.get("yaw", 0.0)
            )
            rig.place_axes(plant, **where)
            rig.grip(plant, rig.OLD)
        else:
            rig.place_axes(plant, **where)
    settle(plant)
    p = plant.params[0]
    speed = float(p["axis_velocity_loaded" if loaded else "axis_velocity"][k])
    acceleration = p["axis_acceleration" if loaded else "axis_acceleration_empty"]
    assert command(plant, **{axis: goal}, velocity=speed, acceleration=acceleration) == BUSY
    w = plant.worlds[0]
    while abs(w["truth"]["qd"][0, k]) < 0.995 * speed:
        plant.run_ticks(5)
        assert w["control"]["status"][0] == BUSY, "the way is too short for full speed"
    return plant, k


def stop(plant: rig.BulletBench, k: int, cause: str) -> float:
    """Press the button or cut the power, let 5 s pass: the distance that the axis still went."""
    w = plant.worlds[0]
    plant.scan()
    before = float(w["truth"]["q"][0, k])
    w["truth"][cause] = 1
    rig.run(plant, 5.0)
    return abs(float(w["truth"]["q"][0, k]) - before)


@pytest.mark.parametrize(
    ("kind", "loaded", "axis", "start", "goal", "cause"),
    [
        slow(*of, cause) if (of[0], cause) == ("chassis", "power_off") else (*of, cause)
        for cause in ("estop_button", "power_off")
        for of in STOPS
    ],
)
def test_5_from_full_speed_every_axis_stands_within_its_stopping_distance(
    bench, kind, loaded, axis, start, goal, cause
):
    plant, k = full_speed(bench, kind, loaded, axis, start, goal)
    gone = stop(plant, k, cause)
    w = plant.worlds[0]
    assert w["control"]["trip"] == (TRIP_ESTOP if cause == "estop_button" else TRIP_POWER)
    assert gone <= plant.params["axis_stopping_distance"][0, k]
    assert w["image"]["brake"][0].all()
    assert np.abs(w["truth"]["qd"][0, :4]).max() < 1e-4
    assert seen(plant) == set()


def test_5_a_station_that_ignores_its_button_is_found_out(bench):
    """No trip at all: the monitor looks at the button itself."""
    plant, k = full_speed(bench, "top_lift", False, "x", -5.9, 5.9)
    plant.params["interlock_off"][0, TRIP_ESTOP] = 1
    stop(plant, k, "estop_button")
    assert plant.worlds["control"]["trip"][0] == TRIP_NONE
    assert seen(plant) == {5}


def test_5_nothing_restarts_without_an_acknowledgement(bench):
    """The button is let go and pressed no more: commands are refused until somebody acknowledges."""
    plant, k = full_speed(bench, "top_lift", False, "y", 0.0, 3.4)
    stop(plant, k, "estop_button")
    w = plant.worlds[0]
    assert command(plant, y=1.0, acknowledge=1) == REFUSED, "the button is still pressed"
    assert w["control"]["trip"] == TRIP_ESTOP
    w["truth"]["estop_button"] = 0
    stood = w["truth"]["q"][0, :4].copy()
    assert command(plant, y=1.0) == REFUSED
    rig.run(plant, 2.0)
    np.testing.assert_allclose(w["truth"]["q"][0, :4], stood, atol=1e-6)
    assert seen(plant) == set()
    assert command(plant, y=1.0, acknowledge=1) == BUSY
    plant.run()
    assert w["control"]["status"][0] == DONE
    assert abs(w["truth"]["q"][0, 1] - 1.0) < 0.005
    assert seen(plant) == set()


def test_5_a_control_that_forgets_its_trip_is_found_out(bench):
    plant, k = full_speed(bench, "top_lift", False, "y", 0.0, 3.4)
    stop(plant, k, "estop_button")
    w = plant.worlds[0]
    w["truth"]["estop_button"] = 0
    w["control"]["trip"], w["image"]["brake"], w["image"]["axis_state"] = TRIP_NONE, 0, 0  # nobody acknowledged
    w["image"]["reference"][0, :, 0] = w["truth"]["q"][0, :4]
    rig.run(plant, 0.2)
    assert seen(plant) == set(), "it still stands"
    assert command(plant, y=float(w["truth"]["q"][0, 1]) + 0.05, velocity=0.02) == BUSY
    rig.run(plant, 1.0)
    assert seen(plant) == {5}


def test_5_power_that_comes_back_moves_nothing(bench):
    plant, k = full_speed(bench, "top_lift", True, "z", 4.9, 2.2)
    stop(plant, k, "power_off")
    w = plant.worlds[0]
    stood = float(w["truth"]["q"][0, Z])
    w["truth"]["power_off"] = 0
    rig.run(plant, 2.0)
    assert w["control"]["trip"] == TRIP_POWER
    assert abs(w["truth"]["q"][0, Z] - stood) < 1e-6
    assert w["truth"]["held"][0] == rig.OLD
    assert seen(plant) == set()


# ------------------------------------------------------------------------------------- 6: axes, forces and loads


@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_6_a_pack_that_is_too_heavy(bench, broken):
    """5.2 t under the spreader, on its pads: the hoist stops while most of it still stands there."""
    plant = bench(pack_kg={rig.OLD: 5200.0})
    rig.run(plant, 0.3)
    x, y, z = plant.worlds["truth"]["pack_pose"][0, rig.OLD, :3]
    sheave = float(plant.params["sheave_height_m"][0])
    rig.place_axes(plant, x=x, y=y, z=z + 0.001, ez=z - sheave)
    rig.grip(plant, rig.OLD)
    rig.unlock(plant, rig.OLD)
    settle(plant, *([TRIP_OVERLOAD] if broken else []))
    assert command(plant, z=z + 0.12, velocity=0.08) == BUSY
    rig.run(plant, 4.0)
    w = plant.worlds[0]
    if broken:
        assert seen(plant) == {6}
    else:
        assert w["control"]["trip"] == TRIP_OVERLOAD
        assert seen(plant) == set()


@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_6_a_load_at_the_speed_of_the_empty_machine(bench, broken):
    plant = settle(carry(bench, "top_lift"), *([TRIP_NONE, TRIP_FOLLOWING] if broken else []))
    status = command(plant, x=3.0, velocity=1.0)
    assert (status == REFUSED) != broken
    rig.run(plant, 4.5)
    assert seen(plant) == ({6} if broken else set())


@pytest.mark.parametrize("broken", [False, True], ids=["works", "broken"])
def test_6_two_robots_on_one_rail(bench, broken):
    plant = bench("chassis", "chassis_tractor_3")
    settle(plant, *([TRIP_DISTANCE] if broken else []))
    status = command(plant, 0, x=-1.3)
    assert (status == REFUSED) != broken
    rig.run(plant, 7.0)
    assert seen(plant) == ({6} if broken else set())


def test_6_two_robots_that_run_towards_each_other_stop_in_time(bench):
    """Both moves are permitted by somebody who broke the permissive: the trip alone keeps them apart."""
    plant = bench("chassis", "chassis_tractor_3")
    settle(plant, TRIP_DISTANCE)
    command(plant, 0, x=-1.0)
    command(plant, 1, x=1.0)
    plant.params["interlock_off"][0] = 0
    rig.run(plant, 6.0)
    w = plant.worlds[0]
    assert w["control"]["trip"] == TRIP_DISTANCE
    assert w["truth"]["q"][0, X] - w["truth"]["q"][1, X] >= plant.params["robot_length_m"][0] - 0.03
    assert seen(plant) == set()


def records(kind: str) -> tuple[np.ndarray, np.void, np.void]:
    """(worlds, world, params) of a setup at rest, with nothing behind them."""
    truck, pack = rig.DEFAULTS[kind]
    setup = build_setup(load_station(kind), load_truck(truck), load_pack(pack), seed=1)
    worlds = new_world(setup)
    return worlds, worlds[0], setup.params.copy()[0]


def test_6_positions_beyond_the_stroke():
    _, w, p = records("top_lift")
    w["truth"]["q"][0, X] = p["axis_max"][0, X] + 0.004
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert not w["monitor"]["violation"].any(), "control error at the end of the stroke"
    w["truth"]["q"][0, X] = p["axis_max"][0, X] + 0.006
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == [6]
    assert w["monitor"]["violation_value"][6] == w["truth"]["q"][0, X]


@pytest.mark.parametrize("moves", [True, False])
def test_6_lateral_force_above_the_abort_limit(moves):
    """Reaction and stop have 0.4 s; a force that stays once everything stands is for a person to take away."""
    _, w, p = records("top_lift")
    w["truth"]["guide_force_n"][0, :2] = 0.8 * p["lateral_abort_n"]
    w["truth"]["qd"][0, Z] = -0.01 if moves else 0.0
    for _ in range(39):
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
    assert not w["monitor"]["violation"].any()
    for _ in range(5):
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == ([6] if moves else [])


def test_6_peaks_are_no_violation():
    _, w, p = records("top_lift")
    for scan in range(200):
        w["truth"]["guide_force_n"][0, 0] = 2.0 * p["lateral_abort_n"] if scan % 40 else 0.0
        w["truth"]["load_n"][0] = 1.3 * p["rated_load_kg"] * p["gravity_mps2"] if scan % 40 else 0.0
        w["truth"]["qd"][0, Z] = -0.01
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
    assert not w["monitor"]["violation"].any()


@pytest.mark.parametrize(("share", "moves", "bad"), [(1.12, True, True), (1.12, False, False), (1.3, False, True)])
def test_6_load_above_the_limit(share, moves, bad):
    """Hoisting ends at 110 %; what then hangs there at rest has to stay below the proof load of 125 %."""
    _, w, p = records("chassis")
    w["truth"]["load_n"][1] = -share * p["rated_load_kg"] * p["gravity_mps2"]
    w["truth"]["qd"][1, Z] = 0.01 if moves else 0.0
    for _ in range(60):
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == ([6] if bad else [])


# ----------------------------------------------------------------------------------- not finite, ceilings, no mask


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("field", ["q", "qd", "truck_q", "truck_qd", "pack_pose", "load_n", "guide_force_n"])
def test_a_state_that_is_not_finite_violates_everything(field, value):
    _, w, p = records("chassis")
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert not w["monitor"]["violation"].any()
    w["truth"]["t_s"] = 3.0
    w["truth"][field].reshape(-1)[0] = value
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == [1, 2, 3, 4, 5, 6]
    assert (w["monitor"]["violation_t_s"][1:7] == 3.0).all()


def test_what_is_not_finite_is_reported_without_nan():
    """JSON has none; whatever was the worst value before, from here on nothing is known."""
    worlds, w, p = records("top_lift")
    w["truth"]["q"][0, X] = p["axis_max"][0, X] + 0.3
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    w["truth"]["qd"][0, Z] = np.nan
    monitor(
        w["truth"],
        w["monitor"],
        p,
        SCAN_S,
        int(w["control"]["trip"]),
        int(w["control"]["acknowledgements"]),
        int(w["image"]["truck_released"]),
    )
    setup = build_setup(load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282"), seed=1)
    found = violations_of(worlds[0], setup)
    assert [violation["invariant"] for violation in found] == [1, 2, 3, 4, 5, 6]
    assert all(violation["worst"] is None for violation in found)
    assert all(violation["message"].endswith("not finite") for violation in found)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("kind", ["top_lift", "chassis"])
@pytest.mark.parametrize(("axes", "limit"), [((0, 1), "structure_lateral_n"), ((2,), "structure_axial_n")])
def test_6_no_force_above_what_the_structure_bears_at_any_instant(kind, axes, limit):
    _, w, p = records(kind)
    for share, found in ((0.99, []), (1.01, [6])):
        w["truth"]["guide_force_n"][0] = 0.0
        w["truth"]["guide_force_n"][0, list(axes)] = -share * p[limit] / np.sqrt(len(axes))
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
        assert np.flatnonzero(w["monitor"]["violation"]).tolist() == found
    assert abs(w["monitor"]["violation_value"][6]) == pytest.approx(1.01 * p[limit])
    assert w["monitor"]["violation_limit"][6] == p[limit]


def test_unobserved_scans_are_checked_like_all_others():
    """A plant may say that nothing has moved since: the monitor does not rely on it."""
    _, w, p = records("top_lift")
    commands = new_command(2)
    plc_scan_unobserved(w, p, commands, SCAN_S, 0)
    assert not w["monitor"]["violation"].any()
    w["truth"]["q"][0, X] = p["axis_max"][0, X] + 0.01
    w["truth"]["lock_position"][w["truth"]["pack_seat"][0]], w["truth"]["locked"][w["truth"]["pack_seat"][0]] = 0.0, -1
    w["truth"]["pad_gap_m"][0] = 0.1
    plc_scan_unobserved(w, p, commands, SCAN_S, 0)
    assert np.flatnonzero(w["monitor"]["violation"]).tolist() == [2, 6]


# ------------------------------------------------------------------------------------------------------ counting


def test_a_violation_is_counted_with_its_first_time_and_worst_value():
    _, w, p = records("top_lift")
    for scan, over in enumerate((0.1, 0.3, 0.2)):
        w["truth"]["t_s"] = 5.0 + scan
        w["truth"]["q"][0, X] = p["axis_max"][0, X] + over
        monitor(
            w["truth"],
            w["monitor"],
            p,
            SCAN_S,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
    assert w["monitor"]["violation"][6] == 3
    assert w["monitor"]["violation_t_s"][6] == 5.0
    assert w["monitor"]["violation_value"][6] == p["axis_max"][0, X] + 0.3


def test_every_invariant_has_its_sentence():
    assert [bool(text) for text in INVARIANTS] == [False, *[True] * 6]


def test_the_page_on_interlocks_lists_the_invariants() -> None:
    page = Path(__file__).parents[2] / "docs" / "interlocks.md"
    lines = [f"| {number} | {sentence} |" for number, sentence in enumerate(INVARIANTS) if sentence]
    assert "\n" + "\n".join(lines) + "\n" in page.read_text()
