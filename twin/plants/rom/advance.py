"""The reduced-order model's own loop: ticks and PLC scans of one world until somebody has to decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from twin.motion.kernels import kernel
from twin.plants.geometry import coupler_force, end_effector_pose, measure_packs, rotate
from twin.plants.rom import carried, contact
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import compose, cross, from_quaternion, relative
from twin.plants.rom.model import FREE, GROUND, TRUCK
from twin.plants.state import BUSY, EZ
from twin.plc import COMMAND_ENDED, HOLD_CHANGED, control_tick, plc_scan

World = Any
Params = Any
Model = Any
State = Any

NEAR_SEAT_M = 0.03
"""Over the pins' tips: closer than this a pack may meet its seat before the next scan."""
NEAR_GRIP_M = 0.15
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
        ("near", np.int64, 2),
    ]
)
"""What a thread works in."""


@kernel
def place_packs(w: World, p: Params, x: State, t: Any) -> None:
    """Poses of all packs from what carries them, of end effectors and couplers, and how the packs stand."""
    for r in range(p.robots):
        end_effector_pose(w, p, r)
    truck_body.body_pose(w, t.body)
    for k in range(p.packs):
        pose = w.pack_pose[k]
        if x.carrier[k] >= 0:
            compose(w.e_pose[x.carrier[k]], x.relative[k], pose)
        elif x.carrier[k] == TRUCK:
            compose(t.body, x.relative[k], pose)
        _set_twist(w, p, x, t, k)
        cx, cy, cz = rotate(pose, p.coupler_xy_m[0], p.coupler_xy_m[1], -p.retract * p.pack_height_m)
        w.coupler_at[k, 0], w.coupler_at[k, 1], w.coupler_at[k, 2] = pose[0] + cx, pose[1] + cy, pose[2] + cz
    measure_packs(w, p)


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
def find_near(w: World, p: Params, m: Model, t: Any) -> None:
    """Which robots may be in contact before the next scan: 1 the held pack, 2 + k the end effector with pack k."""
    for r in range(p.robots):
        t.near[r] = 0
        k = w.held[r]
        if k >= 0:
            if w.pack_offset_m[k, 2] < m.pin_length_m + NEAR_SEAT_M:
                t.near[r] = 1
            continue
        e = w.e_pose[r]
        for i in range(p.packs):
            pose = w.pack_pose[i]
            over = p.retract * (e[2] - pose[2])
            if abs(over) < NEAR_GRIP_M and abs(e[0] - pose[0]) < 0.3 and abs(e[1] - pose[1]) < 0.3:
                t.near[r] = 2 + i


@kernel
def tick(w: World, p: Params, m: Model, x: State, t: Any, dt_s: float) -> None:
    """One physics tick."""
    control_tick(w, p, t.reaction, t.axle)
    for i in range(6):
        t.truck[i] = 0.0
    for r in range(p.robots):
        carried.end_effector_motion(w, p, r, t.at, t.turn, t.motion)
        for i in range(6):
            t.out[i] = 0.0
        if t.near[r] != 0:
            _touch(w, p, m, x, t, r, dt_s)
        carried.move(w, p, m, r, t.turn, t.motion, t.out, dt_s)
    truck_body.move(w, p, t.mass, t.truck, dt_s)


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
def scan(w: World, p: Params, m: Model, x: State, commands: Any, t: Any, dt_s: float) -> int:
    """One PLC scan with what it needs of the plant before and after."""
    place_packs(w, p, x, t)
    for r in range(p.robots):
        if t.near[r] == 0:
            for i in range(3):
                w.guide_force_n[r, i] = 0.0
    code = plc_scan(w, p, commands, dt_s)
    if code & HOLD_CHANGED:
        take_holds(w, p, m, x, t)
        truck_body.mass_matrix(w, p, x, t.mass)
    find_near(w, p, m, t)
    return code


@kernel
def run_world(w: World, p: Params, m: Model, x: State, commands: Any, t: Any, most_ticks: int) -> int:
    """Advance one world until a robot has ended its command, nothing is busy, or after `most_ticks`; ticks taken."""
    dt_s, scan_s = p.dt_s, p.dt_s * p.scan_ticks
    hz = round(1.0 / dt_s)
    truck_body.mass_matrix(w, p, x, t.mass)
    place_packs(w, p, x, t)
    find_near(w, p, m, t)
    taken = 0
    while taken < most_ticks:
        if w.tick % p.scan_ticks == 0 and x.scanned != w.tick:
            x.scanned = w.tick
            code = scan(w, p, m, x, commands, t, scan_s)
            if code & COMMAND_ENDED:
                return taken
        busy = False
        for r in range(p.robots):
            busy = busy or w.status[r] == BUSY
        if not busy:
            return taken
        tick(w, p, m, x, t, dt_s)
        w.tick += 1
        w.t_s = w.tick / hz
        taken += 1
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
        place_packs(w, p, x, t)
        truck_body.mass_matrix(w, p, x, t.mass)
        find_near(w, p, m, t)


@kernel
def look(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int) -> None:
    """Bring poses up to date before somebody disturbs them."""
    place_packs(worlds[i], params[i], states[i], scratch[i])


@kernel
def scan_one(worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int) -> int:
    """The PLC scan of world `i`."""
    states[i].scanned = worlds[i].tick
    p = params[i]
    return scan(worlds[i], p, models[i], states[i], commands[i], scratch[i], p.dt_s * p.scan_ticks)


@kernel
def tick_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int, ticks: int) -> None:
    """Ticks of world `i` without a scan."""
    w, p = worlds[i], params[i]
    hz = round(1.0 / p.dt_s)
    for _ in range(ticks):
        tick(w, p, models[i], states[i], scratch[i], p.dt_s)
        w.tick += 1
        w.t_s = w.tick / hz


@kernel
def stand_one(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, ticks: int
) -> None:
    """Ticks and scans of world `i` whatever its robots do."""
    w, p = worlds[i], params[i]
    for _ in range(ticks):
        if w.tick % p.scan_ticks == 0 and states[i].scanned != w.tick:
            scan_one(worlds, params, models, states, commands, scratch, i)
        tick_one(worlds, params, models, states, scratch, i, 1)
