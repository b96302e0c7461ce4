"""The reduced-order model's own loop: ticks and PLC scans of one world until somebody has to decide."""

from __future__ import annotations

from typing import Any

from numba import get_thread_id, njit, prange

from twin.causes import NO_CAUSE
from twin.control.logic import COMMAND_ENDED
from twin.key_figures import note_sway
from twin.motion.drives import drive_forces, update_reference
from twin.motion.kernels import kernel
from twin.plants.geometry import end_effector_pose
from twin.plants.rom import axes, carried, clamped, contact, domain, flight, pace, pressed, quiet, table_flight
from twin.plants.rom import truck as truck_body
from twin.plants.rom.model import COUPLED, FREE, TRUCK
from twin.plants.rom.pace import FLIES, RESTS, RIDES, TICKS
from twin.plants.rom.placing import place_all, place_packs, recall, set_twist, show, show_yaw, take_holds
from twin.plants.rom.touching import find_near, push_coupled, touch
from twin.plants.suspension import suspend
from twin.plants.truck import truck_forces
from twin.records import BUSY, FLOATING_TABLE, OUTSIDE, ROBOTS, Faults, Figures, Image, Params, Truth, World
from twin.runner.scan import HOLD_CHANGED, plc_scan, plc_scan_unseen
from twin.scan_parts import ACTUATORS, ALL_ANEW, ALL_ROBOTS

Model = Any
State = Any


@kernel
def advance_ticks(
    w: Truth, image: Image, faults: Faults, figures: Figures, p: Params, m: Model, x: State, t: Any, ticks: int
) -> None:
    """The plant from one PLC scan to the next, or `ticks` of that way: everybody at the pace that it needs."""
    began_s, tick_s, span_s = w.t_s, p.dt_s, ticks * p.dt_s
    hz = round(1.0 / tick_s)
    together = False
    for r in range(p.robots):
        if x.pace[r] == FLIES:
            if p.reeving == FLOATING_TABLE:
                table_flight.fly(w, image, p, m, x, t, r, began_s, span_s)
            else:
                if x.flies[r] == 0:
                    flight.lean_in(w, p, m, r)
                flight.fly(w, image, p, m, t, r, began_s, span_s)
        together = together or x.pace[r] == TICKS
        x.flies[r] = 1 if x.pace[r] == FLIES else 0
        if x.pace[r] != RESTS:
            x.moved[r] = 1
    if together:
        for r in range(p.robots):
            if x.near[r] == 1:
                contact.seat_frame(w, p, w.pack_seat[w.held[r]], t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        if x.pace[ROBOTS] == TICKS:
            truck_body.frame(w, t.truck_at, t.truck_turn)
        truck_body.begin(w, faults, p, t.truck)
        for _ in range(ticks):
            if x.pace[ROBOTS] == TICKS:
                truck_forces(w, faults, p, t.axle)
                _push_coupled(w, p, x, t)
            for r in range(p.robots):
                if x.pace[r] == TICKS:
                    _tick(w, image, p, m, x, t, r, tick_s)
            if x.pace[ROBOTS] == TICKS:
                truck_body.move(w, p, t.mass, t.truck, tick_s, w.truck_qd)
                pressed.speed_along(w, p, m, x, t, tick_s)
                truck_body.drift(w, tick_s)
                truck_body.frame(w, t.truck_at, t.truck_turn)
                truck_body.begin(w, faults, p, t.truck)
            for r in range(p.robots):
                if x.pace[r] == TICKS and x.fixed_to[r] != FREE:
                    clamped.follow(w, p, x, t, r)
            w.tick += 1
            w.t_s = w.tick / hz
    else:
        w.tick += ticks
        w.t_s = w.tick / hz
    _glide(w, image, faults, p, m, x, t, began_s, span_s)
    for r in range(p.robots):
        if x.pace[r] != RESTS:
            note_sway(w, figures, p, r)
    if x.pace[ROBOTS] != RESTS:
        x.moved[ROBOTS] = 1


@kernel
def _glide(
    w: Truth, image: Image, faults: Faults, p: Params, m: Model, x: State, t: Any, began_s: float, span_s: float
) -> None:
    """One long step of the truck, if it flies, and of the robots that ride; forces as they are in its middle."""
    flies, rides = x.pace[ROBOTS] == FLIES, False
    for r in range(p.robots):
        rides = rides or x.pace[r] == RIDES
    if not flies and not rides:
        return
    half_s = 0.5 * span_s
    if flies:
        truck_body.drift(w, half_s)
    truck_body.begin(w, faults, p, t.truck)
    if flies:
        _push_coupled(w, p, x, t)
    if rides:
        truck_body.frame(w, t.truck_at, t.truck_turn)
        for r in range(p.robots):
            if x.pace[r] == RIDES:
                axes.aim(image, p, t, r, began_s, span_s)
                clamped.drift(w, p, x, t, r, half_s)
                if x.pressed[r] != 0:
                    pressed.give(w, p, m, x, t, r)
                clamped.pull_along(w, image, p, m, x, t, r, span_s)
                if x.pressed[r] != 0:
                    pressed.lean_on(w, p, m, x, t, r, span_s)
    if flies:
        truck_forces(w, faults, p, t.axle)
        truck_body.move(w, p, t.mass, t.truck, span_s, w.truck_qd)
        pressed.speed_along(w, p, m, x, t, span_s)
        truck_body.drift(w, half_s)
    if rides:
        truck_body.no_force(w, t.truck)
        truck_body.frame(w, t.truck_at, t.truck_turn)
        for r in range(p.robots):
            if x.pace[r] == RIDES:
                clamped.drift(w, p, x, t, r, half_s)


@kernel
def _push_coupled(w: Truth, p: Params, x: State, t: Any) -> None:
    """What the couplers of packs that fly rub on the truck."""
    for r in range(p.robots):
        if x.near[r] == COUPLED:
            push_coupled(w, p, t, w.held[r])


@kernel
def _tick(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """One physics tick of robot `r`; `t.truck_at` and `t.truck_turn` are the truck's now, if it may touch that."""
    update_reference(image, r, w.t_s)
    if x.pressed[r] != 0:
        pressed.give(w, p, m, x, t, r)
    carried.angles_of(w, p, r, t.angles)
    suspend(w, p, r, t.angles, t.reaction)
    drive_forces(w, image, p, r, t.reaction, dt_s)
    carried.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    if x.fixed_to[r] != FREE:
        fx, fy, fz, tx, ty, tz = carried.pull(w, p, r, t.angles, t.turn)
        if x.fixed_to[r] == TRUCK:
            truck_body.push(w, t.truck, t.at[0], t.at[1], t.at[2], fx, fy, fz)
            truck_body.twist(t.truck, tx, ty, tz)
        carried.move_axes(w, p, m, r, fx, fy, fz, dt_s)
        for i in range(3):
            w.guide_force_n[r, i] = 0.0
        if x.pressed[r] != 0:
            pressed.lean_on(w, p, m, x, t, r, dt_s)
        return
    for i in range(6):
        t.out[i] = 0.0
    if x.near[r] != 0:
        if x.near[r] == 1 and p.seat_on_truck[w.pack_seat[w.held[r]]] == 1:
            contact.seat_frame(w, p, w.pack_seat[w.held[r]], t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        touch(w, p, m, x, t, r, dt_s)
    carried.move(w, p, m, t, r, dt_s)


@kernel
def scan(world: World, p: Params, m: Model, x: State, commands: Any, t: Any, seen: bool) -> int:
    """One PLC scan with what it needs of the plant before and after."""
    x.scanned = world.truth.tick
    if domain.has_left(world.truth, world.kpis, p, m, x, t):
        place_all(world.truth, world.image, world.control, world.monitor, p, m, x, t)
        world.sensors.scans += 1
        for r in range(p.robots):
            if world.control.status[r] == BUSY:
                world.control.status[r] = OUTSIDE
        return COMMAND_ENDED
    anew = place_packs(world.truth, world.image, world.control, world.monitor, p, m, x, t, seen) | t.anew
    if seen or quiet.command_waits(world.control, p) or quiet.command_is_new(world.truth, world.control, p):
        anew = ALL_ANEW
    elif anew & ACTUATORS:
        anew |= ALL_ROBOTS
    for r in range(p.robots):
        if x.near[r] <= 0:
            for i in range(3):
                world.truth.guide_force_n[r, i] = 0.0
            if world.truth.held[r] >= 0 and x.near[r] == 0:
                world.truth.coupler_n[world.truth.held[r]] = 0.0
    scan_s = p.dt_s * p.scan_ticks
    if seen:
        code = plc_scan(world, p, commands, scan_s)
        show_yaw(world.truth, p)
    else:
        code = plc_scan_unseen(world, p, commands, scan_s, anew)
    if code & HOLD_CHANGED:
        take_holds(world.truth, p, m, x, t)
        recall(world.truth, p, m, x, t)
    else:
        t.anew = quiet.anew_after(world.truth, world.image, world.control, p, anew)
    pace.count_calm(world.truth, world.image, p, x)
    if code & HOLD_CHANGED:
        for i in range(ROBOTS + 1):
            x.calm[i] = 0
    find_near(world.truth, world.image, p, m, x, t, seen or code & HOLD_CHANGED != 0)
    pressed.find(world.truth, world.image, p, m, x, t)
    return code


@kernel
def run_world(world: World, p: Params, m: Model, x: State, commands: Any, t: Any, most_ticks: int) -> int:
    """Advance one world until a robot has ended its command, nothing is busy, or after `most_ticks`; ticks taken."""
    recall(world.truth, p, m, x, t)
    place_packs(world.truth, world.image, world.control, world.monitor, p, m, x, t, True)
    find_near(world.truth, world.image, p, m, x, t, True)
    taken = 0
    while taken < most_ticks:
        to_scan = p.scan_ticks - world.truth.tick % p.scan_ticks
        ticks = min(to_scan, most_ticks - taken)
        if to_scan == p.scan_ticks and x.scanned != world.truth.tick:
            # whoever looks at a world sees it after its last scan
            seen = taken + ticks >= most_ticks
            code = scan(world, p, m, x, commands, t, seen)
            if code & COMMAND_ENDED:
                if not seen:
                    place_packs(world.truth, world.image, world.control, world.monitor, p, m, x, t, True)
                    show(world.truth, world.image, world.sensors, world.faults, p)
                return taken
        busy = False
        for r in range(p.robots):
            busy = busy or world.control.status[r] == BUSY
        if not busy:
            return taken
        pace.choose(world.truth, world.image, world.faults, p, m, x)
        advance_ticks(world.truth, world.image, world.faults, world.kpis, p, m, x, t, ticks)
        taken += ticks
    return taken


@kernel
def settle(worlds: Any, params: Any, models: Any, states: Any, scratch: Any) -> None:
    """Worlds that begin: packs that stand by their weight press their pads, and everybody knows what carries them."""
    for i in range(len(worlds)):
        world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
        for k in range(p.packs):
            free = True
            for s in range(p.seats):
                free = free and world.truth.locked[s] != k
            for r in range(p.robots):
                free = free and world.truth.held[r] != k
            if free:
                sunk = p.pack_mass_kg[k] * p.gravity_mps2 / (4.0 * m.pad_stiffness)
                if world.truth.pad_gap_m[k, 0] > -sunk:
                    world.truth.pack_pose[k, 2] -= sunk
        for r in range(p.robots):
            end_effector_pose(world.truth, p, r)
        take_holds(world.truth, p, m, x, t)
        recall(world.truth, p, m, x, t)
        place_all(world.truth, world.image, world.control, world.monitor, p, m, x, t)
        find_near(world.truth, world.image, p, m, x, t, True)


@kernel
def look(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int) -> None:
    """Bring poses up to date before somebody disturbs them; nothing rests before it has been looked at again."""
    world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
    recall(world.truth, p, m, x, t)
    place_all(world.truth, world.image, world.control, world.monitor, p, m, x, t)
    for j in range(ROBOTS + 1):
        x.calm[j] = 0
    for r in range(ROBOTS):
        pressed.let_go(x, r)


@kernel
def scan_one(worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int) -> int:
    """The PLC scan of world `i`, for somebody who looks at it."""
    world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
    recall(world.truth, p, m, x, t)
    code = scan(world, p, m, x, commands[i], t, True)
    for k in range(p.packs):
        set_twist(world.truth, p, x, t, k)
    return code


@kernel
def tick_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int, ticks: int) -> None:
    """Ticks of world `i` before its next scan."""
    world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
    recall(world.truth, p, m, x, t)
    pace.choose(world.truth, world.image, world.faults, p, m, x)
    advance_ticks(world.truth, world.image, world.faults, world.kpis, p, m, x, t, ticks)


@kernel
def stand_one(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, ticks: int
) -> None:
    """Ticks and scans of world `i` whatever its robots do, as long as it is in the model's domain."""
    world, p = worlds[i], params[i]
    while ticks > 0:
        to_scan = p.scan_ticks - world.truth.tick % p.scan_ticks
        if to_scan == p.scan_ticks and states[i].scanned != world.truth.tick:
            scan_one(worlds, params, models, states, commands, scratch, i)
            if world.truth.outside_cause != NO_CAUSE:
                return
        tick_one(worlds, params, models, states, scratch, i, min(to_scan, ticks))
        ticks -= min(to_scan, ticks)


@kernel
def run_world_to(world: World, p: Params, m: Model, x: State, commands: Any, t: Any, until: int) -> None:
    """`run_world` up to tick `until`, which has its scan too."""
    run_world(world, p, m, x, commands, t, until - world.truth.tick)
    if world.truth.tick == until and world.truth.tick % p.scan_ticks == 0 and x.scanned != world.truth.tick:
        scan(world, p, m, x, commands, t, True)


@njit(cache=True, parallel=True, error_model="numpy")
def run_worlds_to(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, which: Any, until: Any
) -> None:
    """`run_world_to` of the worlds listed in `which`, each to its own of `until`, in parallel.

    `scratch` has a record for every thread that there may be.
    """
    for j in prange(len(which)):
        i = which[j]
        t = scratch[get_thread_id()]
        run_world_to(worlds[i], params[i], models[i], states[i], commands[i], t, until[j])


@kernel
def run_one_to(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, until: int
) -> None:
    """`run_world_to` of world `i`, in this thread: a process may be forked after it."""
    run_world_to(worlds[i], params[i], models[i], states[i], commands[i], scratch[0], until)
