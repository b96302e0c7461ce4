"""Poses of end effectors, packs and couplers of one world, and the carrier of each pack."""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import rotate, yaw_error
from twin.motion.kernels import kernel
from twin.plants.geometry import made_pads, nearest_seat
from twin.plants.rom import carried_body, seat_contact
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import compose, cross, from_quaternion, matrix_product, relative, times
from twin.plants.rom.long_step import body_of
from twin.plants.rom.model import FREE, GROUND, TRUCK
from twin.records import ROBOTS, TYAW, Params, Truth
from twin.records.scan_parts import PADS, ROBOT_MOVED, TRUCK_MOVED

Model = Any
State = Any


@kernel
def place_packs(w: Truth, p: Params, m: Model, x: State, t: Any) -> int:
    """Update the poses of end effectors, packs and couplers that have moved, and the pads' state of those packs.

    Returns what has moved (`twin.records.scan_parts`): PADS if packs have come on pads or off them. A robot whose
    `t.left` is set keeps its last pose.
    """
    truck_moved, anew = x.moved[ROBOTS] == 1, 0
    if truck_moved:
        anew = TRUCK_MOVED
        truck_body.frame(w, t.truck_at, t.truck_turn)
        truck_body.body_pose(w, t.body)
    for r in range(p.robots):
        if x.moved[r] == 1 or (truck_moved and w.held[r] >= 0):
            anew |= ROBOT_MOVED << r
        if x.moved[r] == 1 and t.left[r] == 0:
            carried_body.angles_of(w, p, r, t.angles)
            carried_body.place(w, p, r, t.angles, t.e_at[r], t.e_turn[r])
    for k in range(p.packs):
        pose, on, lies = w.pack_pose[k], x.carrier[k], x.relative[k]
        if on >= 0 and x.moved[on] == 1 and t.left[on] == 0:
            compose(w.e_pose[on], lies, pose)
            matrix_product(t.e_turn[on], t.held_turn[on], t.pack_turn)
        elif on == TRUCK and truck_moved:
            compose(t.body, lies, pose)
            from_quaternion(pose, t.pack_turn)
        elif on == GROUND or not (truck_moved and p.seat_on_truck[w.pack_seat[k]] == 1):
            continue
        else:
            from_quaternion(pose, t.pack_turn)
        before = made_pads(w, p, k)
        _measure(w, p, t, k)
        if made_pads(w, p, k) != before:
            anew |= PADS
    for r in range(p.robots):
        x.moved[r] = t.left[r]
    x.moved[ROBOTS] = 0
    return anew


@kernel
def place_all(w: Truth, p: Params, m: Model, x: State, t: Any) -> None:
    """Run `place_packs` on everything, for worlds that have just been made or changed from outside."""
    for i in range(ROBOTS + 1):
        x.moved[i] = 1
    place_all_at_next_scan(t)
    place_packs(w, p, m, x, t)
    for k in range(p.packs):
        from_quaternion(w.pack_pose[k], t.pack_turn)
        _measure(w, p, t, k)


@kernel
def place_all_at_next_scan(t: Any) -> None:
    """Have every robot placed at its next scan, none known to be high."""
    for r in range(ROBOTS):
        t.left[r] = t.high[r] = 0


@kernel
def _measure(w: Truth, p: Params, t: Any, k: int) -> None:
    """Update coupler, nearest seat and gaps of pack `k`, whose rotation is `t.pack_turn`."""
    pose, turn, up = w.pack_pose[k], t.pack_turn, p.retract
    cx, cy, cz = times(turn, p.coupler_xy_m[0], p.coupler_xy_m[1], -up * p.pack_height_m)
    w.coupler_at[k, 0], w.coupler_at[k, 1], w.coupler_at[k, 2] = pose[0] + cx, pose[1] + cy, pose[2] + cz
    deep = up * p.pack_height_m
    mx, my, mz = pose[0] - deep * turn[0, 2], pose[1] - deep * turn[1, 2], pose[2] - deep * turn[2, 2]
    s = nearest_seat(w, p, mx, my)
    w.pack_seat[k] = s
    seat_contact.seat_frame(w, p, s, t.truck_at, t.truck_turn, t.at, t.turn)
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
def update_yaw_errors(w: Truth, p: Params) -> None:
    """Update the yaw error of each pack on its seat, which only people and observers read."""
    for k in range(p.packs):
        s = w.pack_seat[k]
        on_truck = w.truck_q[TYAW] if p.seat_on_truck[s] == 1 else 0.0
        w.pack_yaw_error_rad[k] = yaw_error(w.pack_pose[k], on_truck + p.seat_yaw_rad[s])


@kernel
def set_twist(w: Truth, p: Params, x: State, t: Any, k: int) -> None:
    """Velocity of a pack's centre of mass and its angular velocity, in W, from what carries it."""
    pose, twist, on = w.pack_pose[k], w.pack_twist[k], x.carrier[k]
    rx, ry, rz = rotate(pose, p.pack_com[k, 0], p.pack_com[k, 1], p.pack_com[k, 2])
    for i in range(6):
        twist[i] = 0.0
    if on >= 0:
        carried_body.angles_of(w, p, on, t.angles)
        carried_body.end_effector_motion(w, p, on, t.angles, t.at, t.turn, t.motion)
        rx, ry, rz = rx + pose[0] - t.at[0], ry + pose[1] - t.at[1], rz + pose[2] - t.at[2]
        vx, vy, vz = cross(t.motion[3], t.motion[4], t.motion[5], rx, ry, rz)
        twist[0], twist[1], twist[2] = t.motion[0] + vx, t.motion[1] + vy, t.motion[2] + vz
        for i in range(3, 6):
            twist[i] = t.motion[i]
    elif on == TRUCK:
        truck_body.clear_forces(w, t.truck)
        twist[0], twist[1], twist[2] = truck_body.velocity(
            w, w.truck_qd, t.truck, pose[0] + rx, pose[1] + ry, pose[2] + rz
        )
        twist[3], twist[4], twist[5] = truck_body.angular_velocity(w, t.truck)


@kernel
def update_carriers(w: Truth, p: Params, m: Model, x: State, t: Any) -> None:
    """After grips or locks have changed, set the carrier of each pack and its pose there."""
    truck_body.body_pose(w, t.body)
    for k in range(p.packs):
        holder = -1
        for r in range(p.robots):
            if w.held[r] == k:
                holder = r
        if holder >= 0:
            if x.carrier[k] != holder:
                x.carrier[k] = holder
                relative(w.e_pose[holder], w.pack_pose[k], x.relative[k])
        else:
            on = TRUCK if p.seat_on_truck[w.pack_seat[k]] == 1 else GROUND
            if x.carrier[k] != on:
                x.carrier[k] = on
                if on == TRUCK:
                    relative(t.body, w.pack_pose[k], x.relative[k])
    for r in range(p.robots):
        seat = -1
        for s in range(p.seats):
            if w.held[r] >= 0 and w.locked[s] == w.held[r]:
                seat = s
        if seat >= 0:
            x.stiction_row[r] = 0
            if x.fixed_to[r] == FREE:
                attach(w, m, x, t, r, TRUCK if p.seat_on_truck[seat] == 1 else GROUND)
        elif x.stiction_row[r] != 1 + body_of(w, r):
            x.fixed_to[r], x.stiction_row[r] = FREE, 0


@kernel
def attach(w: Truth, m: Model, x: State, t: Any, r: int, on: int) -> None:
    """Fix the end effector of robot `r` to the truck or to W at its present pose; `t.body` is the truck's pose."""
    x.fixed_to[r] = on
    if on == TRUCK:
        relative(t.body, w.e_pose[r], x.fixed[r])
    else:
        for i in range(7):
            x.fixed[r, i] = w.e_pose[r, i]
    com = m.body_com_m[body_of(w, r)]
    for i in range(3):
        x.fixed_com_m[r, i] = x.fixed[r, i] + com[i]


@kernel
def load_scratch(w: Truth, p: Params, m: Model, x: State, t: Any) -> None:
    """Derive scratch, possibly used by another world before, from a world's records, while no grip takes or releases.

    This is the truck's pose, the packs' poses in the grips, and masses. No robot is known to be high.
    """
    place_all_at_next_scan(t)
    truck_body.frame(w, t.truck_at, t.truck_turn)
    for r in range(p.robots):
        k = w.held[r]
        if k >= 0:
            from_quaternion(x.relative[k], t.held_turn[r])
            carried_body.join(p, m, k, x.relative[k], t.inertia[r], t.inverse[r])
        else:
            carried_body.without_load(m, t.inertia[r], t.inverse[r])
    truck_body.mass_matrix(w, p, m, x, t.mass)
