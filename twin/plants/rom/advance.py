"""The reduced-order model's own loop: ticks and PLC scans of one world until somebody has to decide."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange

from twin.drives import drive_forces, update_reference
from twin.motion.kernels import kernel
from twin.plants.geometry import coupler_force, end_effector_pose, nearest_seat, rotate, yaw_error
from twin.plants.rom import carried, contact, pace
from twin.plants.rom import truck as truck_body
from twin.plants.rom.clamped import follow
from twin.plants.rom.flight import can_fly, fly
from twin.plants.rom.frames import compose, cross, from_quaternion, matrix_product, relative, times
from twin.plants.rom.model import FREE, GROUND, TRUCK
from twin.plants.rom.pace import FLIES, RESTS, TICKS
from twin.plants.state import BUSY, ROBOTS, TYAW
from twin.plants.suspension import FOUR_ROPE, suspend
from twin.plants.truck import truck_forces
from twin.plc import COMMAND_ENDED, HOLD_CHANGED, note_sway, plc_scan, plc_scan_unseen
from twin.sensors import read_sway_and_force

World = Any
Params = Any
Model = Any
State = Any

SPARE_M, SPARE = 0.0002, 1.3
"""What stays clear until the next scan is farther off than it goes at its present speed by this share and a bit."""
REACH_M = 2.0
"""From the middle of a pack to its farthest point."""
SCRATCH = np.dtype(
    [
        ("at", np.float64, 3),
        ("turn", np.float64, (3, 3)),
        ("motion", np.float64, 6),
        ("pack", np.float64, 3),
        ("pack_turn", np.float64, (3, 3)),
        ("fixed_turn", np.float64, (3, 3)),
        ("body", np.float64, 7),
        ("out", np.float64, 6),
        ("truck", np.float64, 8),
        ("e_at", np.float64, (ROBOTS, 3)),
        ("e_turn", np.float64, (ROBOTS, 3, 3)),
        ("mass", np.float64, 9),
        ("reaction", np.float64, 4),
        ("axle", np.float64, 2),
        ("last", np.float64, (4, 3)),
        ("angles", np.float64, 8),
        ("gaps", np.float64, 2),
        ("held_turn", np.float64, (ROBOTS, 3, 3)),  # of the held pack in its end effector
        ("seat_at", np.float64, (ROBOTS, 3)),
        ("seat", np.float64, (ROBOTS, 3, 3)),
        ("truck_at", np.float64, 3),
        ("truck_turn", np.float64, (3, 3)),
        ("near", np.int64, ROBOTS),
        ("pace", np.int64, ROBOTS + 1),
    ]
)
"""What a thread works in."""


@kernel
def place_packs(w: World, p: Params, x: State, t: Any) -> None:
    """Poses of end effectors, packs and couplers that have moved, and how those packs stand."""
    truck_moved = x.moved[ROBOTS] == 1
    if truck_moved:
        truck_body.frame(w, t.truck_at, t.truck_turn)
        truck_body.body_pose(w, t.body)
    for r in range(p.robots):
        if x.moved[r] == 1:
            carried.angles_of(w, p, r, t.angles)
            carried.place(w, p, r, t.angles, t.e_at[r], t.e_turn[r])
    for k in range(p.packs):
        pose, on, lies = w.pack_pose[k], x.carrier[k], x.relative[k]
        if on >= 0 and x.moved[on] == 1:
            compose(w.e_pose[on], lies, pose)
            matrix_product(t.e_turn[on], t.held_turn[on], t.pack_turn)
        elif on == TRUCK and truck_moved:
            compose(t.body, lies, pose)
            from_quaternion(pose, t.pack_turn)
        elif on == GROUND or not (truck_moved and p.seat_on_truck[w.pack_seat[k]] == 1):
            continue
        else:
            from_quaternion(pose, t.pack_turn)
        _measure(w, p, t, k)
    for i in range(ROBOTS + 1):
        x.moved[i] = 0


@kernel
def place_all(w: World, p: Params, x: State, t: Any) -> None:
    """The same for worlds that have just been made or changed from outside."""
    for i in range(ROBOTS + 1):
        x.moved[i] = 1
    place_packs(w, p, x, t)
    for k in range(p.packs):
        from_quaternion(w.pack_pose[k], t.pack_turn)
        _measure(w, p, t, k)


@kernel
def _measure(w: World, p: Params, t: Any, k: int) -> None:
    """Coupler, nearest seat and gaps of pack `k`, whose rotation is `t.pack_turn`."""
    pose, turn, up = w.pack_pose[k], t.pack_turn, p.retract
    cx, cy, cz = times(turn, p.coupler_xy_m[0], p.coupler_xy_m[1], -up * p.pack_height_m)
    w.coupler_at[k, 0], w.coupler_at[k, 1], w.coupler_at[k, 2] = pose[0] + cx, pose[1] + cy, pose[2] + cz
    deep = up * p.pack_height_m
    mx, my, mz = pose[0] - deep * turn[0, 2], pose[1] - deep * turn[1, 2], pose[2] - deep * turn[2, 2]
    s = nearest_seat(w, p, mx, my)
    w.pack_seat[k] = s
    contact.seat_frame(w, p, s, t.truck_at, t.truck_turn, t.at, t.turn)
    seat = t.turn
    dx, dy, dz = mx - t.at[0], my - t.at[1], mz - t.at[2]
    level = math.sqrt(seat[0, 0] * seat[0, 0] + seat[1, 0] * seat[1, 0])
    c, sine = seat[0, 0] / level, seat[1, 0] / level
    w.pack_offset_m[k, 0], w.pack_offset_m[k, 1] = c * dx + sine * dy, -sine * dx + c * dy
    w.pack_offset_m[k, 2] = up * dz
    nx, ny, nz = seat[0, 2], seat[1, 2], seat[2, 2]
    for i in range(4):
        x, y = p.pad_xy_m[i, 0], p.pad_xy_m[i, 1]
        ox, oy, oz = turn[0, 0] * x + turn[0, 1] * y, turn[1, 0] * x + turn[1, 1] * y, turn[2, 0] * x + turn[2, 1] * y
        w.pad_gap_m[k, i] = up * (nx * (dx + ox) + ny * (dy + oy) + nz * (dz + oz))


@kernel
def show(w: World, p: Params) -> None:
    """What only people and observers read, as of the last scan."""
    for r in range(p.robots):
        read_sway_and_force(w, p, r, w.scans - 1)
    _show_yaw(w, p)


@kernel
def _show_yaw(w: World, p: Params) -> None:
    for k in range(p.packs):
        s = w.pack_seat[k]
        on_truck = w.truck_q[TYAW] if p.seat_on_truck[s] == 1 else 0.0
        w.pack_yaw_error_rad[k] = yaw_error(w.pack_pose[k], on_truck + p.seat_yaw_rad[s])


@kernel
def _set_twist(w: World, p: Params, x: State, t: Any, k: int) -> None:
    """Velocity of a pack's centre of mass and its angular velocity, in W, from what carries it."""
    pose, twist, on = w.pack_pose[k], w.pack_twist[k], x.carrier[k]
    rx, ry, rz = rotate(pose, p.pack_com[k, 0], p.pack_com[k, 1], p.pack_com[k, 2])
    for i in range(6):
        twist[i] = 0.0
    if on >= 0:
        carried.angles_of(w, p, on, t.angles)
        carried.end_effector_motion(w, p, on, t.angles, t.at, t.turn, t.motion)
        rx, ry, rz = rx + pose[0] - t.at[0], ry + pose[1] - t.at[1], rz + pose[2] - t.at[2]
        vx, vy, vz = cross(t.motion[3], t.motion[4], t.motion[5], rx, ry, rz)
        twist[0], twist[1], twist[2] = t.motion[0] + vx, t.motion[1] + vy, t.motion[2] + vz
        for i in range(3, 6):
            twist[i] = t.motion[i]
    elif on == TRUCK:
        truck_body.no_force(w, t.truck)
        twist[0], twist[1], twist[2] = truck_body.velocity(w, t.truck, pose[0] + rx, pose[1] + ry, pose[2] + rz)
        twist[3], twist[4], twist[5] = truck_body.turning(w)


@kernel
def take_holds(w: World, p: Params, x: State, t: Any) -> None:
    """After grips or locks changed: who carries each pack, and where on it."""
    truck_body.body_pose(w, t.body)
    for k in range(p.packs):
        holder, seat = -1, -1
        for r in range(p.robots):
            if w.held[r] == k:
                holder = r
        for s in range(p.seats):
            if w.locked[s] == k:
                seat = s
        if holder >= 0:
            if x.carrier[k] != holder:
                x.carrier[k] = holder
                relative(w.e_pose[holder], w.pack_pose[k], x.relative[k])
            if seat < 0:
                x.fixed_to[k] = FREE
            elif x.fixed_to[k] == FREE:
                if p.seat_on_truck[seat] == 1:
                    x.fixed_to[k] = TRUCK
                    relative(t.body, w.e_pose[holder], x.fixed[k])
                else:
                    x.fixed_to[k] = GROUND
                    for i in range(7):
                        x.fixed[k, i] = w.e_pose[holder, i]
        else:
            x.fixed_to[k] = FREE
            on = TRUCK if p.seat_on_truck[w.pack_seat[k]] == 1 else GROUND
            if x.carrier[k] != on:
                x.carrier[k] = on
                if on == TRUCK:
                    relative(t.body, w.pack_pose[k], x.relative[k])


@kernel
def recall(w: World, p: Params, m: Model, x: State, t: Any) -> None:
    """What scratch keeps as long as nobody takes or lets go a pack: the truck's masses, how packs lie in the grips."""
    truck_body.mass_matrix(w, p, m, x, t.mass)
    for r in range(p.robots):
        if w.held[r] >= 0:
            from_quaternion(x.relative[w.held[r]], t.held_turn[r])


@kernel
def find_near(w: World, p: Params, m: Model, x: State, t: Any) -> None:
    """Which robots may touch something before the next scan, into `t.near`."""
    pace.find_near(w, p, m, t.near)
    for r in range(p.robots):
        if t.near[r] != 0 and p.reeving == FOUR_ROPE and can_fly(w, p, m, r) and _stays_clear(w, p, m, x, t, r):
            t.near[r] = 0


@kernel
def _stays_clear(w: World, p: Params, m: Model, x: State, t: Any, r: int) -> bool:
    """Whether robot `r`, which is near a seat or a pack, comes nowhere as close as touching before the next scan."""
    k, scan_s = w.held[r], p.dt_s * p.scan_ticks
    carried.angles_of(w, p, r, t.angles)
    carried.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    truck_body.no_force(w, t.truck)
    for i in range(6):
        t.out[i] = 0.0
    if k < 0:
        _touch_grip(w, p, m, x, t, r, t.near[r] - 2, p.dt_s)
    else:
        if x.fixed_to[k] != FREE or w.pack_offset_m[k, 2] < p.coupler_engage_m:
            return False
        _place_held(x, t, r, k)
        s = w.pack_seat[k]
        contact.seat_frame(w, p, s, t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        contact.seat_contact(
            w, p, m, r, k, t.at, t.pack, t.pack_turn, t.motion, t.seat_at[r], t.seat[r], p.dt_s, t.out, t.truck, t.gaps
        )  # fmt: skip
    turning = REACH_M * (abs(t.motion[3]) + abs(t.motion[4]) + abs(t.motion[5]))
    sideways = abs(t.motion[0]) + abs(t.motion[1]) + turning
    for i in range(6):
        sideways += abs(w.truck_qd[i])
    spare = SPARE_M + SPARE * scan_s * sideways
    return t.gaps[0] > spare and t.gaps[1] > spare + SPARE * scan_s * abs(t.motion[2])


@kernel
def advance_ticks(w: World, p: Params, m: Model, x: State, t: Any, ticks: int) -> None:
    """The plant from one PLC scan to the next, or `ticks` of that way: everybody at the pace that it needs."""
    began_s, tick_s, span_s = w.t_s, p.dt_s, ticks * p.dt_s
    hz = round(1.0 / tick_s)
    together = False
    for r in range(p.robots):
        if t.pace[r] == FLIES:
            fly(w, p, m, r, t.reaction, t.last, began_s, span_s)
        together = together or t.pace[r] == TICKS
        if t.pace[r] != RESTS:
            x.moved[r] = 1
    if together:
        for r in range(p.robots):
            if t.near[r] == 1:
                contact.seat_frame(w, p, w.pack_seat[w.held[r]], t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        if t.pace[ROBOTS] == TICKS:
            truck_body.frame(w, t.truck_at, t.truck_turn)
        truck_body.no_force(w, t.truck)
        for _ in range(ticks):
            for r in range(p.robots):
                if t.pace[r] == TICKS:
                    _tick(w, p, m, x, t, r, tick_s)
            if t.pace[ROBOTS] == TICKS:
                truck_forces(w, p, t.axle)
                truck_body.move(w, p, t.mass, t.truck, tick_s)
                truck_body.drift(w, tick_s)
                truck_body.frame(w, t.truck_at, t.truck_turn)
                truck_body.no_force(w, t.truck)
            for r in range(p.robots):
                k = w.held[r]
                if t.pace[r] == TICKS and k >= 0 and x.fixed_to[k] != FREE:
                    follow(w, p, x, t, r, k)
            w.tick += 1
            w.t_s = w.tick / hz
    else:
        w.tick += ticks
        w.t_s = w.tick / hz
    for r in range(p.robots):
        if t.pace[r] != RESTS:
            note_sway(w, p, r)
    if t.pace[ROBOTS] == FLIES:
        # forces as they are in the middle of the step
        truck_body.drift(w, 0.5 * span_s)
        truck_body.no_force(w, t.truck)
        truck_forces(w, p, t.axle)
        truck_body.move(w, p, t.mass, t.truck, span_s)
        truck_body.drift(w, 0.5 * span_s)
    if t.pace[ROBOTS] != RESTS:
        x.moved[ROBOTS] = 1


@kernel
def _tick(w: World, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """One physics tick of robot `r`; `t.truck_at` and `t.truck_turn` are the truck's now, if it may touch that."""
    update_reference(w, r, w.t_s)
    carried.angles_of(w, p, r, t.angles)
    suspend(w, p, r, t.angles, t.reaction)
    drive_forces(w, p, r, t.reaction, dt_s)
    carried.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    k = w.held[r]
    if k >= 0 and x.fixed_to[k] != FREE:
        fx, fy, fz, tx, ty, tz = carried.pull(w, p, r, t.angles, t.turn)
        if x.fixed_to[k] == TRUCK:
            truck_body.push(w, t.truck, t.at[0], t.at[1], t.at[2], fx, fy, fz)
            truck_body.twist(t.truck, tx, ty, tz)
        carried.move_axes(w, p, m, r, fx, fy, fz, dt_s)
        for i in range(3):
            w.guide_force_n[r, i] = 0.0
        return
    for i in range(6):
        t.out[i] = 0.0
    if t.near[r] != 0:
        if t.near[r] == 1 and p.seat_on_truck[w.pack_seat[w.held[r]]] == 1:
            contact.seat_frame(w, p, w.pack_seat[w.held[r]], t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        _touch(w, p, m, x, t, r, dt_s)
    carried.move(w, p, m, r, t.angles, t.turn, t.motion, t.out, dt_s)


@kernel
def _touch(w: World, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """Contact forces on robot `r`'s end effector or pack into `t.out`, on the truck into `t.truck`."""
    k = w.held[r]
    if k < 0:
        _touch_grip(w, p, m, x, t, r, t.near[r] - 2, dt_s)
    else:
        _place_held(x, t, r, k)
        contact.seat_contact(
            w, p, m, r, k, t.at, t.pack, t.pack_turn, t.motion, t.seat_at[r], t.seat[r], dt_s, t.out, t.truck, t.gaps
        )  # fmt: skip
    for i in range(3):
        w.guide_force_n[r, i] = t.out[i]
    if k >= 0:
        _couple(w, p, t, k)


@kernel
def _place_held(x: State, t: Any, r: int, k: int) -> None:
    """Grip face and rotation of pack `k` in the grips of robot `r`, whose end effector is at `t.at`, `t.turn`."""
    rx, ry, rz = times(t.turn, x.relative[k, 0], x.relative[k, 1], x.relative[k, 2])
    t.pack[0], t.pack[1], t.pack[2] = t.at[0] + rx, t.at[1] + ry, t.at[2] + rz
    matrix_product(t.turn, t.held_turn[r], t.pack_turn)


@kernel
def _touch_grip(w: World, p: Params, m: Model, x: State, t: Any, r: int, k: int, dt_s: float) -> None:
    """The empty end effector of robot `r` on pack `k`."""
    on_truck = x.carrier[k] == TRUCK
    if on_truck:
        rx, ry, rz = times(t.truck_turn, x.relative[k, 0], x.relative[k, 1], x.relative[k, 2])
        pose = w.pack_pose[k]
        pose[0], pose[1], pose[2] = t.truck_at[0] + rx, t.truck_at[1] + ry, t.truck_at[2] + rz
        from_quaternion(x.relative[k], t.fixed_turn)
        matrix_product(t.truck_turn, t.fixed_turn, t.pack_turn)
    else:
        from_quaternion(w.pack_pose[k], t.pack_turn)
    contact.grip_contact(w, p, m, r, t.at, t.turn, t.motion, k, t.pack_turn, dt_s, t.out, t.truck, on_truck, t.gaps)


@kernel
def _couple(w: World, p: Params, t: Any, k: int) -> None:
    """The coupler's rubbing while it goes in or out, along z; its place and the pack's height are those of the scan."""
    at = w.coupler_at[k]
    rx, ry = at[0] - t.at[0], at[1] - t.at[1]
    speed = t.motion[2] + t.motion[3] * ry - t.motion[4] * rx
    force = coupler_force(w, p, k, speed)
    if force == 0.0:
        return
    t.out[2] += force
    t.out[3] += ry * force
    t.out[4] -= rx * force
    if p.seat_on_truck[w.pack_seat[k]] == 1:
        truck_body.push(w, t.truck, at[0], at[1], at[2], 0.0, 0.0, -force)


@kernel
def scan(w: World, p: Params, m: Model, x: State, commands: Any, t: Any, seen: bool) -> int:
    """One PLC scan with what it needs of the plant before and after."""
    x.scanned = w.tick
    place_packs(w, p, x, t)
    for r in range(p.robots):
        if t.near[r] == 0:
            for i in range(3):
                w.guide_force_n[r, i] = 0.0
            if w.held[r] >= 0:
                w.coupler_n[w.held[r]] = 0.0
    scan_s = p.dt_s * p.scan_ticks
    if seen:
        code = plc_scan(w, p, commands, scan_s)
        _show_yaw(w, p)
    else:
        code = plc_scan_unseen(w, p, commands, scan_s)
    if code & HOLD_CHANGED:
        take_holds(w, p, x, t)
        recall(w, p, m, x, t)
    pace.count_calm(w, p, x)
    if code & HOLD_CHANGED:
        for i in range(ROBOTS + 1):
            x.calm[i] = 0
    find_near(w, p, m, x, t)
    return code


@kernel
def run_world(w: World, p: Params, m: Model, x: State, commands: Any, t: Any, most_ticks: int) -> int:
    """Advance one world until a robot has ended its command, nothing is busy, or after `most_ticks`; ticks taken."""
    recall(w, p, m, x, t)
    place_packs(w, p, x, t)
    find_near(w, p, m, x, t)
    taken = 0
    while taken < most_ticks:
        to_scan = p.scan_ticks - w.tick % p.scan_ticks
        ticks = min(to_scan, most_ticks - taken)
        if to_scan == p.scan_ticks and x.scanned != w.tick:
            # whoever looks at a world sees it after its last scan
            seen = taken + ticks >= most_ticks
            code = scan(w, p, m, x, commands, t, seen)
            if code & COMMAND_ENDED:
                if not seen:
                    show(w, p)
                return taken
        busy = False
        for r in range(p.robots):
            busy = busy or w.status[r] == BUSY
        if not busy:
            return taken
        pace.choose(w, p, m, x, t.near, t.pace)
        advance_ticks(w, p, m, x, t, ticks)
        taken += ticks
    return taken


@njit(cache=True, parallel=True, error_model="numpy")
def run_worlds(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, which: Any, ticks: Any
) -> None:
    """`run_world` of the worlds listed in `which`, in parallel; `ticks` gets what each took."""
    for j in prange(len(which)):
        i = which[j]
        ticks[j] = run_world(worlds[i], params[i], models[i], states[i], commands[i], scratch[i], 1 << 40)


@kernel
def settle(worlds: Any, params: Any, models: Any, states: Any, scratch: Any) -> None:
    """Worlds that begin: packs that stand by their weight press their pads, and everybody knows what carries them."""
    for i in range(len(worlds)):
        w, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[i]
        for k in range(p.packs):
            free = True
            for s in range(p.seats):
                free = free and w.locked[s] != k
            for r in range(p.robots):
                free = free and w.held[r] != k
            if free:
                sunk = p.pack_mass_kg[k] * p.gravity_mps2 / (4.0 * m.pad_stiffness)
                if w.pad_gap_m[k, 0] > -sunk:
                    w.pack_pose[k, 2] -= sunk
        for r in range(p.robots):
            end_effector_pose(w, p, r)
        take_holds(w, p, x, t)
        recall(w, p, m, x, t)
        place_all(w, p, x, t)
        find_near(w, p, m, x, t)


@kernel
def look(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int) -> None:
    """Bring poses up to date before somebody disturbs them; nothing rests before it has been looked at again."""
    x = states[i]
    place_all(worlds[i], params[i], x, scratch[i])
    for j in range(ROBOTS + 1):
        x.calm[j] = 0


@kernel
def scan_one(worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int) -> int:
    """The PLC scan of world `i`, for somebody who looks at it."""
    w, p, x, t = worlds[i], params[i], states[i], scratch[i]
    code = scan(w, p, models[i], x, commands[i], t, True)
    for k in range(p.packs):
        _set_twist(w, p, x, t, k)
    return code


@kernel
def tick_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int, ticks: int) -> None:
    """Ticks of world `i` before its next scan."""
    w, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[i]
    pace.choose(w, p, m, x, t.near, t.pace)
    advance_ticks(w, p, m, x, t, ticks)


@kernel
def stand_one(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, ticks: int
) -> None:
    """Ticks and scans of world `i` whatever its robots do."""
    w, p = worlds[i], params[i]
    while ticks > 0:
        to_scan = p.scan_ticks - w.tick % p.scan_ticks
        if to_scan == p.scan_ticks and states[i].scanned != w.tick:
            scan_one(worlds, params, models, states, commands, scratch, i)
        tick_one(worlds, params, models, states, scratch, i, min(to_scan, ticks))
        ticks -= min(to_scan, ticks)


@kernel
def run_world_to(w: World, p: Params, m: Model, x: State, commands: Any, t: Any, until: int) -> None:
    """`run_world` up to tick `until`, which has its scan too."""
    run_world(w, p, m, x, commands, t, until - w.tick)
    if w.tick == until and w.tick % p.scan_ticks == 0 and x.scanned != w.tick:
        scan(w, p, m, x, commands, t, True)


@njit(cache=True, parallel=True, error_model="numpy")
def run_worlds_to(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, which: Any, until: Any
) -> None:
    """`run_world_to` of the worlds listed in `which`, each to its own of `until`, in parallel."""
    for j in prange(len(which)):
        i = which[j]
        run_world_to(worlds[i], params[i], models[i], states[i], commands[i], scratch[i], until[j])


@kernel
def run_one_to(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, until: int
) -> None:
    """`run_world_to` of world `i`, in this thread: a process may be forked after it."""
    run_world_to(worlds[i], params[i], models[i], states[i], commands[i], scratch[i], until)
