"""The reduced-order model's own loop: ticks and PLC scans of one world until somebody has to decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from twin.drives import drive_forces, update_reference
from twin.motion.kernels import kernel
from twin.plants.geometry import coupler_force, end_effector_pose, measure_pack, rotate
from twin.plants.rom import carried, contact, pace
from twin.plants.rom import truck as truck_body
from twin.plants.rom.flight import fly
from twin.plants.rom.frames import compose, cross, from_quaternion, relative
from twin.plants.rom.model import FREE, GROUND, TRUCK
from twin.plants.rom.pace import FLIES, RESTS, TICKS
from twin.plants.state import BUSY, EZ, ROBOTS
from twin.plants.suspension import suspend
from twin.plants.truck import truck_forces
from twin.plc import COMMAND_ENDED, HOLD_CHANGED, note_sway, plc_scan, plc_scan_unseen
from twin.sensors import read_sway_and_force

World = Any
Params = Any
Model = Any
State = Any

SCRATCH = np.dtype(
    [
        ("at", np.float64, 3),
        ("turn", np.float64, (3, 3)),
        ("motion", np.float64, 6),
        ("seat", np.float64, (3, 3)),
        ("e_pose", np.float64, 7),
        ("pack", np.float64, 7),
        ("pack_turn", np.float64, (3, 3)),
        ("home", np.float64, 7),
        ("home_turn", np.float64, (3, 3)),
        ("body", np.float64, 7),
        ("out", np.float64, 6),
        ("truck", np.float64, 6),
        ("mass", np.float64, 9),
        ("reaction", np.float64, 4),
        ("axle", np.float64, 2),
        ("last", np.float64, (4, 3)),
        ("near", np.int64, ROBOTS),
        ("pace", np.int64, ROBOTS + 1),
    ]
)
"""What a thread works in."""


@kernel
def place_packs(w: World, p: Params, x: State, t: Any) -> None:
    """Poses of all packs from what carries them, of end effectors and couplers, and how the packs stand."""
    truck_moved = x.moved[ROBOTS] == 1
    for r in range(p.robots):
        if x.moved[r] == 1:
            end_effector_pose(w, p, r)
    if truck_moved:
        truck_body.body_pose(w, t.body)
    for k in range(p.packs):
        pose, on = w.pack_pose[k], x.carrier[k]
        if on >= 0 and x.moved[on] == 1:
            compose(w.e_pose[on], x.relative[k], pose)
        elif on == TRUCK and truck_moved:
            compose(t.body, x.relative[k], pose)
        elif on == GROUND or not (truck_moved and p.seat_on_truck[w.pack_seat[k]] == 1):
            continue
        cx, cy, cz = rotate(pose, p.coupler_xy_m[0], p.coupler_xy_m[1], -p.retract * p.pack_height_m)
        w.coupler_at[k, 0], w.coupler_at[k, 1], w.coupler_at[k, 2] = pose[0] + cx, pose[1] + cy, pose[2] + cz
        measure_pack(w, p, k)
    for i in range(ROBOTS + 1):
        x.moved[i] = 0


@kernel
def place_all(w: World, p: Params, x: State, t: Any) -> None:
    """The same for worlds that have just been made or changed from outside."""
    for i in range(ROBOTS + 1):
        x.moved[i] = 1
    place_packs(w, p, x, t)
    for k in range(p.packs):
        pose = w.pack_pose[k]
        cx, cy, cz = rotate(pose, p.coupler_xy_m[0], p.coupler_xy_m[1], -p.retract * p.pack_height_m)
        w.coupler_at[k, 0], w.coupler_at[k, 1], w.coupler_at[k, 2] = pose[0] + cx, pose[1] + cy, pose[2] + cz
        measure_pack(w, p, k)


@kernel
def _set_twist(w: World, p: Params, x: State, t: Any, k: int) -> None:
    """Velocity of a pack's centre of mass and its angular velocity, in W, from what carries it."""
    pose, twist, on = w.pack_pose[k], w.pack_twist[k], x.carrier[k]
    rx, ry, rz = rotate(pose, p.pack_com[k, 0], p.pack_com[k, 1], p.pack_com[k, 2])
    for i in range(6):
        twist[i] = 0.0
    if on >= 0:
        carried.end_effector_motion(w, p, on, t.at, t.turn, t.motion)
        rx, ry, rz = rx + pose[0] - t.at[0], ry + pose[1] - t.at[1], rz + pose[2] - t.at[2]
        vx, vy, vz = cross(t.motion[3], t.motion[4], t.motion[5], rx, ry, rz)
        twist[0], twist[1], twist[2] = t.motion[0] + vx, t.motion[1] + vy, t.motion[2] + vz
        for i in range(3, 6):
            twist[i] = t.motion[i]
    elif on == TRUCK:
        twist[0], twist[1], twist[2] = truck_body.velocity(w, pose[0] + rx, pose[1] + ry, pose[2] + rz)
        twist[3], twist[4], twist[5] = truck_body.turning(w)


@kernel
def take_holds(w: World, p: Params, m: Model, x: State, t: Any) -> None:
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
                # what the suspension does not carry at this moment the locks do
                x.preload_n[k] = m.body_kg[k] * p.gravity_mps2 - w.tau[holder, EZ]
                if p.seat_on_truck[seat] == 1:
                    x.fixed_to[k] = TRUCK
                    relative(t.body, w.pack_pose[k], x.fixed[k])
                else:
                    x.fixed_to[k] = GROUND
                    for i in range(7):
                        x.fixed[k, i] = w.pack_pose[k, i]
        else:
            x.fixed_to[k] = FREE
            on = TRUCK if p.seat_on_truck[w.pack_seat[k]] == 1 else GROUND
            if x.carrier[k] != on:
                x.carrier[k] = on
                if on == TRUCK:
                    relative(t.body, w.pack_pose[k], x.relative[k])


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
        for _ in range(ticks):
            for i in range(6):
                t.truck[i] = 0.0
            for r in range(p.robots):
                if t.pace[r] == TICKS:
                    _tick(w, p, m, x, t, r, tick_s)
            if t.pace[ROBOTS] == TICKS:
                truck_forces(w, p, t.axle)
                truck_body.move(w, p, t.mass, t.truck, tick_s)
            w.tick += 1
            w.t_s = w.tick / hz
    else:
        w.tick += ticks
        w.t_s = w.tick / hz
    for r in range(p.robots):
        if t.pace[r] != RESTS:
            note_sway(w, p, r)
    if t.pace[ROBOTS] == FLIES:
        for i in range(6):
            t.truck[i] = 0.0
        truck_forces(w, p, t.axle)
        truck_body.move(w, p, t.mass, t.truck, span_s)
    if t.pace[ROBOTS] != RESTS:
        x.moved[ROBOTS] = 1


@kernel
def _tick(w: World, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """One physics tick of robot `r`."""
    update_reference(w, r, w.t_s)
    suspend(w, p, r, t.reaction)
    drive_forces(w, p, r, t.reaction, dt_s)
    carried.end_effector_motion(w, p, r, t.at, t.turn, t.motion)
    for i in range(6):
        t.out[i] = 0.0
    if t.near[r] != 0:
        _touch(w, p, m, x, t, r, dt_s)
    carried.move(w, p, m, r, t.turn, t.motion, t.out, dt_s)


@kernel
def _touch(w: World, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """Contact forces on robot `r`'s end effector or pack into `t.out`, on the truck into `t.truck`."""
    k = w.held[r]
    if k < 0:
        k = t.near[r] - 2
        on_truck = x.carrier[k] == TRUCK
        if on_truck:
            truck_body.body_pose(w, t.body)
            compose(t.body, x.relative[k], w.pack_pose[k])
        from_quaternion(w.pack_pose[k], t.pack_turn)
        contact.grip_contact(
            w, p, m, r, t.at, t.turn, t.motion, k, t.pack_turn, dt_s, t.out, t.truck, on_truck
        )  # fmt: skip
        for i in range(3):
            w.guide_force_n[r, i] = t.out[i]
        return
    end_effector_pose(w, p, r)
    compose(w.e_pose[r], x.relative[k], t.pack)
    from_quaternion(t.pack, t.pack_turn)
    if x.fixed_to[k] != FREE:
        on_truck = x.fixed_to[k] == TRUCK
        if on_truck:
            truck_body.body_pose(w, t.body)
            compose(t.body, x.fixed[k], t.home)
        else:
            for i in range(7):
                t.home[i] = x.fixed[k, i]
        from_quaternion(t.home, t.home_turn)
        contact.lock_springs(
            w, p, m, t.at, t.pack, t.pack_turn, t.motion, x.preload_n[k], on_truck, t.home, t.home_turn, t.out,
            t.truck,
        )  # fmt: skip
        for i in range(3):
            w.guide_force_n[r, i] = 0.0
        return
    contact.seat_contact(
        w, p, m, r, k, t.at, t.pack, t.pack_turn, t.motion, t.seat, dt_s, t.out, t.truck
    )  # fmt: skip
    for i in range(3):
        w.guide_force_n[r, i] = t.out[i]
    _couple(w, p, t, k)


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
    scan_s = p.dt_s * p.scan_ticks
    code = plc_scan(w, p, commands, scan_s) if seen else plc_scan_unseen(w, p, commands, scan_s)
    if code & HOLD_CHANGED:
        take_holds(w, p, m, x, t)
        truck_body.mass_matrix(w, p, x, t.mass)
    pace.count_calm(w, p, x)
    if code & HOLD_CHANGED:
        for i in range(ROBOTS + 1):
            x.calm[i] = 0
    pace.find_near(w, p, m, t.near)
    return code


@kernel
def run_world(w: World, p: Params, m: Model, x: State, commands: Any, t: Any, most_ticks: int) -> int:
    """Advance one world until a robot has ended its command, nothing is busy, or after `most_ticks`; ticks taken."""
    truck_body.mass_matrix(w, p, x, t.mass)
    place_packs(w, p, x, t)
    pace.find_near(w, p, m, t.near)
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
                    for r in range(p.robots):
                        read_sway_and_force(w, p, r, w.scans - 1)
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
        take_holds(w, p, m, x, t)
        place_all(w, p, x, t)
        truck_body.mass_matrix(w, p, x, t.mass)
        pace.find_near(w, p, m, t.near)


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
