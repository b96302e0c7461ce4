"""Scan skipping: parts of a PLC scan that are left out because their inputs cannot have changed.

In most scans of a swap a robot moves high above everything that it could touch, and all grips, locks and packs are
unchanged. A robot that high is not placed at every scan: every comparison with the last placed position of its pack,
high as well, has the same result. Switches and places that nothing has moved are not read again. Before a world is
observed, everything is placed and read.
"""

from __future__ import annotations

from typing import Any

from twin.control.sensors import read_sway_and_force
from twin.monitor import high_enough
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.model import FREE
from twin.plants.rom.placing import update_yaw_errors
from twin.plants.rom.step_mode import NEAR_GRIP_M, NEAR_SEAT_M, travel_z_m
from twin.records import (
    EPITCH,
    EROLL,
    EZ,
    FLOATING_TABLE,
    TPITCH,
    TROLL,
    TZ,
    Control,
    Faults,
    Image,
    Params,
    Sensors,
    Truth,
    Watch,
    World,
    X,
    Z,
)
from twin.records.scan_parts import ACTUATORS, ALL_ANEW

Model = Any
State = Any

LEVEL_RAD = 0.02
"""Tilt of an end effector (pitch and roll together) above which it is placed at every scan."""
SPARE_M = 0.1
"""More than the height of the pads of a pack 2 m wide over its middle when pack and truck tilt by LEVEL_RAD."""
APART_M = 1.5
"""Distance of two robots' x axes beyond which they cannot reach each other's load."""


@inlined_kernel
def grips_rest(w: Truth, image: Image, r: int) -> bool:
    """True if the grips of robot `r` are where they were commanded, and hold something if they should."""
    shut = image.grip_command[r]
    for i in range(4):
        if w.grip_position[r, i] != float(shut):
            return False
    return w.held[r] >= 0 if shut == 1 else w.held[r] < 0


@kernel
def _actuators_idle(w: Truth, image: Image, p: Params) -> bool:
    """True if no grip, lock or table lock moves, or waits for something to hold."""
    for r in range(p.robots):
        if not grips_rest(w, image, r) or w.float_lock[r] != float(image.float_lock_command[r]):
            return False
    for s in range(p.seats):
        shut = image.lock_command[s]
        for i in range(p.seat_locks[s]):
            if w.lock_position[s, i] != float(shut):
                return False
        if p.seat_locks[s] > 0 and (w.locked[s] >= 0) != (shut == 1):
            return False
    return True


@inlined_kernel
def anew_after(w: Truth, image: Image, control: Control, p: Params, anew: int) -> int:
    """Parts that the next scan reads even if nothing moves, after one that changed no hold and read `anew`."""
    if anew & ACTUATORS and (command_waits(control, p) or not _actuators_idle(w, image, p)):
        return ALL_ANEW
    return 0


@inlined_kernel
def command_waits(control: Control, p: Params) -> bool:
    """True if a robot has a command that may begin in this scan."""
    waits = False
    for r in range(p.robots):
        waits = waits or control.buffered[r] == 1
    return waits


@inlined_kernel
def command_is_new(w: Truth, control: Control, p: Params) -> bool:
    """True if a robot's command began in the last scan or later, so that this is its first one."""
    new = False
    for r in range(p.robots):
        new = new or w.t_s - control.command_start_s[r] < 1.5 * p.dt_s * p.scan_ticks
    return new


@kernel
def find_heights(w: Truth, p: Params, m: Model, x: State, t: Any) -> None:
    """Height of its end effector, along the retracting direction, from which each robot is high: `t.high_from`."""
    up = p.retract
    for r in range(p.robots):
        k, highest = w.held[r], -1e30
        if k >= 0:
            for s in range(p.seats):
                tilts = 0.0
                if p.seat_on_truck[s] == 1:
                    q = w.truck_q
                    tilts = abs(q[TZ]) + abs(q[TPITCH] * p.seat_xyz_m[s, 0]) + abs(q[TROLL] * p.seat_xyz_m[s, 1])
                highest = max(highest, up * p.seat_xyz_m[s, 2] + tilts)
            lies = x.relative[k]
            t.hangs_m[r] = p.pack_height_m - up * lies[2]
            t.about_m[r] = LEVEL_RAD * (abs(lies[0]) + abs(lies[1]) + abs(lies[2]))
            over = max(p.guide_length_m, m.pin_length_m + NEAR_SEAT_M)
            t.high_from[r] = highest + t.hangs_m[r] + t.about_m[r] + over + SPARE_M
            continue
        for k in range(p.packs):
            if x.carrier[k] < 0:
                highest = max(highest, up * w.pack_pose[k, 2])
        for i in range(m.idle):
            highest = max(highest, up * m.idle_pose[i, 2])
        t.high_from[r] = highest + m.flipper_depth_m + NEAR_GRIP_M + SPARE_M


@inlined_kernel
def is_high(w: Truth, watch: Watch, p: Params, x: State, t: Any, r: int) -> bool:
    """True if robot `r` with its load is far above every seat and pack, and the monitor needs nothing more."""
    q, k = w.q[r], w.held[r]
    if abs(q[EPITCH]) + abs(q[EROLL]) > LEVEL_RAD:
        return False
    height_m = q[EZ] + (q[Z] if p.reeving == FLOATING_TABLE else p.sheave_height_m)
    if p.retract * height_m - travel_z_m(w, p, r) < t.high_from[r]:
        return False
    if p.robots == 2 and abs(w.q[0, X] - w.q[1, X]) < APART_M:
        return False
    if k < 0:
        return True
    if watch.watch_seat[r] >= 0 or x.fixed_to[r] != FREE:
        return False
    face_m = height_m + x.relative[k, 2]
    return high_enough(p, face_m - t.about_m[r]) == high_enough(p, face_m + t.about_m[r])


@inlined_kernel
def stays_high(w: Truth, image: Image, control: Control, watch: Watch, p: Params, x: State, t: Any, r: int) -> bool:
    """True if robot `r` may keep its last placed pose: it was high then and is high now.

    The height of its load is kept up to date as far as the monitor needs it.
    """
    high = is_high(w, watch, p, x, t, r) and (t.high[r] == 1 or (control.buffered[r] == 0 and grips_rest(w, image, r)))
    stays = high and t.high[r] == 1
    t.high[r] = 1 if high else 0
    if stays and w.held[r] >= 0:
        height_m = w.q[r, EZ] + (w.q[r, Z] if p.reeving == FLOATING_TABLE else p.sheave_height_m)
        w.pack_pose[w.held[r], 2] = height_m + x.relative[w.held[r], 2]
    return stays


@inlined_kernel
def find_unplaced(world: World, p: Params, x: State, t: Any, observed: bool) -> None:
    """Before a scan, find the robots that need not be placed, into `t.left`; none if the scan is observed."""
    for r in range(p.robots):
        t.left[r] = 0
        if observed:
            t.high[r] = 0
        elif x.moved[r] == 1 and stays_high(world.truth, world.image, world.control, world.monitor, p, x, t, r):
            t.left[r] = 1


@kernel
def read_all_at_next_scan(w: Truth, p: Params, m: Model, x: State, t: Any) -> None:
    """Have the next scan read everything: anything may have changed since the last one."""
    t.anew = ALL_ANEW
    find_heights(w, p, m, x, t)


@kernel
def read_skipped_sensors(w: Truth, image: Image, sensors: Sensors, faults: Faults, p: Params) -> None:
    """Read the sensors that an unobserved scan has left out, as of the last scan."""
    for r in range(p.robots):
        read_sway_and_force(w, image, faults, p, r, sensors.scans - 1)
    update_yaw_errors(w, p)
