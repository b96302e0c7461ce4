"""Builds the plant's initial record for a swap that starts in the middle, from what a log contains of that moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.alignment.hover import hang, hold, stand_robot
from twin.control.sensors import read_seats, read_station
from twin.geometry import rotate
from twin.motion.drives import stop_axis
from twin.plants.beginning import new_world, stand_pack
from twin.plants.geometry import end_effector_pose, measure_packs, seat_pose
from twin.plants.rom.carried_body import angles_of, end_effector_motion
from twin.recording.resume.estimated.place import BEFORE, IN, OUT, SequencePlace, braking, stands_still, stop_at
from twin.recording.resume.estimated.seen import LoggedState
from twin.records import (
    EPITCH,
    EROLL,
    EX,
    EY,
    EYAW,
    EZ,
    FLOATING_TABLE,
    FOUR_ROPE,
    MAST,
    STOPPING,
    TX,
    TYAW,
    YAW,
    X,
    Y,
    Z,
)
from twin.setup.setup import SwapSetup

ON_FACE_M = 0.005
"""An end effector on a pack, or nearer than the zero offsets of a log resolve, begins this far off it."""
LOCKED_LOAD = 1.3
"""A locked pack may be pulled with up to this share of its weight and the end effector's; others hang at most."""
PRESSED = 0.3
"""Without a load cell: share of a pack's weight with which a table presses before its locks open."""
SLOWER = 40
"""Number of attempts, each a tenth slower, before an axis is set to stand still."""
TRAVEL_SHARE = 0.8
"""A table or mast head is at most this share of its travel off centre: the axes are positioned accordingly."""


def world_at(seen: LoggedState, setup: SwapSetup, places: Sequence[SequencePlace]) -> np.ndarray:
    """A (1,) WORLD array of the setup at the moment's PLC scan, before that scan."""
    worlds = new_world(setup)
    w, p = worlds[0], setup.params[0]
    rates = setup.station.rates
    w["truth"]["tick"] = round(seen.at_s * rates.physics_hz)
    w["truth"]["t_s"] = int(w["truth"]["tick"]) / rates.physics_hz
    w["sensors"]["scans"] = int(w["truth"]["tick"]) // int(p["scan_ticks"])
    w["truth"]["truck_q"], w["sensors"]["truck_history"][:] = seen.truck, seen.truck
    w["control"]["truck_reference"] = w["truth"]["truck_q"][[TX, TX + 1, TYAW]]
    w["truth"]["locked"], w["truth"]["lock_position"], w["image"]["lock_command"] = -1, 0.0, 0
    for k, seat in enumerate(seen.pack_seat):
        w["truth"]["pack_seat"][k] = seat
        if seat >= 0:
            stand_pack(w, p, k, seat)
            _note_locks(w, p, seat, k, seen)
    for r, place in enumerate(places):
        if seen.robots[r].known:
            _put_robot(w, p, r, place, seen)
    measure_packs(w["truth"], p)
    w["image"]["axis_position"] = w["truth"]["q"][:, :4]
    w["image"]["grip_open"][w["truth"]["held"] < 0] = 1
    read_seats(w["truth"], w["image"], w["faults"], p)
    read_station(w["truth"], w["image"])  # before the first scan: a command starts at the controller's clock
    return worlds


def _put_robot(w: Any, p: Any, r: int, place: SequencePlace, seen: LoggedState) -> None:
    robot, q = seen.robots[r], w["truth"]["q"][r]
    q[:4] = np.clip(robot.axes, p["axis_min"][r], p["axis_max"][r])
    w["truth"]["float_lock"][r] = w["image"]["float_lock_command"][r] = _float_lock(p, place, robot.float_lock)
    pack, gravity = robot.held, float(p["gravity_mps2"])
    motion = np.array([np.where(stands_still(robot.speeds), 0.0, robot.speeds), braking(robot)])
    if pack < 0:
        load_n = float(p["e_mass_kg"]) * gravity
        if place.on_face >= 0:
            _put_on_face(w, p, r, place.on_face, load_n)
            _stand_or_stop(w, p, r, np.zeros((2, 4)), np.zeros(2), load_n)
        else:
            hang(w, p, r, load_n, (float(robot.sway[0]), float(robot.sway[1])))
            _stand_or_stop(w, p, r, motion, robot.sway_speed, load_n)
        return
    weight_n = (float(p["e_mass_kg"]) + float(p["pack_mass_kg"][pack])) * gravity
    if place.seat >= 0:
        load_n = _load_in_seat(p, pack, place, robot.load_n, seen)
        _put_in_seat(w, p, r, pack, place, load_n)
        _note_locks(w, p, place.seat, pack, seen)
        still = place.height_m == 0.0
        motion = np.where([True, True, still, True], 0.0, motion)
        hold(w, p, r, pack, load_n)
        _stand_or_stop(w, p, r, motion, np.zeros(2), load_n)
        rest = float(q[Z]) - float(p["retract"]) * place.height_m
        w["control"]["hold_seat"][r] = w["monitor"]["watch_seat"][r] = place.seat
        w["control"]["hold_height"][r] = w["control"]["hold_deepest"][r] = rest
        w["monitor"]["watch_rest_m"][r] = w["truth"]["pack_pose"][pack, 2] - float(p["retract"]) * place.height_m
    else:
        hang(w, p, r, weight_n, (float(robot.sway[0]), float(robot.sway[1])))
        hold(w, p, r, pack, weight_n)
        _stand_or_stop(w, p, r, motion, robot.sway_speed, weight_n)
        w["truth"]["pack_pose"][pack] = w["truth"]["e_pose"][r]
    w["control"]["carried_kg"][r] = float(p["pack_mass_kg"][pack])
    _set_twist(w, p, r, pack)


def _stand_or_stop(w: Any, p: Any, r: int, motion: np.ndarray, sway_speed: np.ndarray, load_n: float) -> None:
    """Stop all axes: those at rest stay, the moving ones begin the drives' own stop from their position and speed.

    `motion` (2, 4) is their speeds and decelerations. A stop that would leave an axis' stroke begins slower: the logged
    axis stopped before, so the speed estimated from its noisy positions is too high.
    """
    q, qd, speeds = w["truth"]["q"][r], w["truth"]["qd"][r], motion[0].copy()
    for k in np.flatnonzero(speeds).tolist():
        low, high = float(p["axis_min"][r, k]), float(p["axis_max"][r, k])
        for _ in range(SLOWER):
            if low <= stop_at(p, k, float(q[k]), float(speeds[k]), float(motion[1, k])) <= high:
                break
            speeds[k], motion[1, k] = 0.9 * speeds[k], 0.9 * motion[1, k]
        else:
            speeds[k] = 0.0
    qd[:4], qd[[EX, EY]] = speeds, sway_speed
    if p["reeving"] != FLOATING_TABLE:
        qd[EYAW] = speeds[YAW]
        qd[EZ] = speeds[Z]
        if p["reeving"] == FOUR_ROPE:  # the ropes' length follows the drum, the load moves on its circle
            rope = math.sqrt(float(q[EX] ** 2 + q[EY] ** 2 + q[EZ] ** 2))
            aside = float(q[EX] * qd[EX] + q[EY] * qd[EY])
            qd[EZ] = (rope * -float(speeds[Z]) - aside) / float(q[EZ])
    stand_robot(w, r, load_n)
    end_effector_pose(w["truth"], p, r)
    w["image"]["reference"][r, :, 1], w["image"]["reference"][r, :, 2] = speeds, np.where(speeds != 0.0, motion[1], 0.0)
    for k in np.flatnonzero(speeds).tolist():
        stop_axis(w["image"], p, r, k, float(w["truth"]["t_s"]), STOPPING)


def _put_in_seat(w: Any, p: Any, r: int, pack: int, place: SequencePlace, load_n: float) -> None:
    """Put the pack in the seat's guides, `height_m` over its seat, and the robot's end effector on its grip face.

    Axis z is positioned so that ropes or springs carry `load_n`: a log's zero offsets and the truck's springs do not
    agree to the millimetre that this needs.
    """
    stand_pack(w, p, pack, place.seat)
    w["truth"]["pack_pose"][pack, 2] += float(p["retract"]) * place.height_m
    _meet(w, p, r, w["truth"]["pack_pose"][pack, :3].tolist(), place.seat, load_n)


def _put_on_face(w: Any, p: Any, r: int, seat: int, load_n: float) -> None:
    """Put the empty end effector just off the pack in a seat, aligned as its guides held it."""
    pack = next(k for k in range(int(p["packs"])) if int(w["truth"]["pack_seat"][k]) == seat)
    x, y, z = w["truth"]["pack_pose"][pack, :3].tolist()
    high = max(float(p["retract"]) * (float(w["truth"]["q"][r, Z]) - z), ON_FACE_M)
    _meet(w, p, r, [x, y, z + float(p["retract"]) * high], seat, load_n)


def _meet(w: Any, p: Any, r: int, place_m: list[float], seat: int, load_n: float) -> None:
    """Put the end effector at a place over or under a seat, with the seat's yaw and tilt."""
    q, (x, y, z) = w["truth"]["q"][r], place_m
    _, _, _, yaw, pitch, roll = seat_pose(w["truth"], p, seat)
    q[EPITCH], q[EROLL] = pitch, roll
    dx, dy = x - float(q[X]), y - float(q[Y])
    if p["reeving"] == FLOATING_TABLE:
        c, s = math.cos(q[YAW]), math.sin(q[YAW])
        dx, dy = c * dx + s * dy, -s * dx + c * dy
        dx, dy = _within(dx, p), _within(dy, p)
        q[X], q[Y] = x - (c * dx - s * dy), y - (s * dx + c * dy)
        q[EX], q[EY], q[EYAW] = dx, dy, yaw - q[YAW]
        q[EZ] = -load_n / float(p["e_stiffness"][2])
        q[Z] = z - q[EZ]
        return
    if p["reeving"] == MAST:
        dx, dy = _within(dx, p), _within(dy, p)
        q[X], q[Y] = x - dx, y - dy
    q[EX], q[EY], q[EZ], q[EYAW] = dx, dy, z - float(p["sheave_height_m"]), yaw
    if p["reeving"] == MAST:
        q[Z] = z + load_n / float(p["e_stiffness"][2])
    else:
        length = math.sqrt(dx * dx + dy * dy + float(q[EZ]) ** 2)
        q[Z] = float(p["sheave_height_m"]) - length / (1.0 + load_n / (4.0 * float(p["rope_ea_n"])))


def _within(aside_m: float, p: Any) -> float:
    most = TRAVEL_SHARE * float(p["e_travel_m"])
    return min(max(aside_m, -most), most)


def _load_in_seat(p: Any, pack: int, place: SequencePlace, logged_n: float, seen: LoggedState) -> float:
    """Load on ropes or table from a pack in a seat, N: as logged, else as at the current step."""
    gravity, kg = float(p["gravity_mps2"]), float(p["pack_mass_kg"][pack])
    empty_n, pack_n = float(p["e_mass_kg"]) * gravity, kg * gravity
    locked = bool(np.nan_to_num(seen.locks[place.seat]).max() > 0.5)
    if math.isnan(logged_n):
        table = p["reeving"] == FLOATING_TABLE
        if not locked or not table:
            return empty_n + (pack_n if table or place.height_m > 0.0 else 0.0)
        return empty_n + PRESSED * pack_n
    most = LOCKED_LOAD if locked or p["reeving"] == FLOATING_TABLE else 1.0
    least = empty_n if p["reeving"] == FLOATING_TABLE and not locked else 0.0
    return min(max(logged_n, least), most * (empty_n + pack_n))


def _note_locks(w: Any, p: Any, seat: int, pack: int, seen: LoggedState) -> None:
    """Set the locks of a seat in which a pack stands: as logged; closed under a free pack if the log has none."""
    n = int(p["seat_locks"][seat])
    if n == 0:
        return
    known = seen.locks[seat, :n]
    positions = np.where(np.isfinite(known), known, 1.0)
    w["truth"]["lock_position"][seat, :n] = positions
    holds = bool((positions >= 0.5).any())
    w["image"]["lock_command"][seat], w["truth"]["locked"][seat] = (1, pack) if holds else (0, -1)


def _float_lock(p: Any, place: SequencePlace, logged: float) -> int:
    """1 if table or head is locked: as logged, else as in the step table, which locks it while a pack hangs free."""
    if p["reeving"] == FOUR_ROPE:
        return 0
    if math.isfinite(logged):
        return int(logged > 0.5)
    return int(place.stage in (OUT, IN) and place.seat < 0)


def _set_twist(w: Any, p: Any, r: int, pack: int) -> None:
    """Set the held pack's linear and angular velocity to follow its end effector."""
    angles, at, turn, motion = np.zeros(8), np.zeros(3), np.zeros((3, 3)), np.zeros(6)
    angles_of(w["truth"], p, r, angles)
    end_effector_motion(w["truth"], p, r, angles, at, turn, motion)
    arm = np.array(rotate(w["truth"]["pack_pose"][pack], *p["pack_com"][pack].tolist()))
    w["truth"]["pack_twist"][pack, :3] = motion[:3] + np.cross(motion[3:], arm)
    w["truth"]["pack_twist"][pack, 3:] = motion[3:]


def note_pulled(w: Any, setup: SwapSetup, places: Sequence[SequencePlace], done: Sequence[int]) -> None:
    """Mark the locks of the jobs `done`, and those past the pull test in the log, as tested."""
    jobs = {*done, *(place.job for place in places if place.pulled)}
    for job in jobs:
        seat = setup.jobs[job].truck_seat
        w["control"]["pull_tested"][seat] = w["monitor"]["watch_pulled"][seat] = 1


def truck_pose_of(w: Any, p: Any, seen: LoggedState, r: int, place: SequencePlace) -> np.ndarray:
    """Pose of the truck (6,) as robot `r` measured it last: as logged, else the true one with the scanner's bias.

    Before a robot's first rescan it is the parked truck; no log contains its spring deflection then.
    """
    true = np.array(w["truth"]["truck_q"]) if place.rescanned or place.stage == BEFORE else np.array(p["truck_park"])
    logged = seen.robots[r].scan
    return np.where(np.isfinite(logged), logged, true + p["scan_bias"])
