"""Advance one world of the reduced-order model between PLC scans, and prepare and follow each scan."""

from __future__ import annotations

from typing import Any

from twin.motion.drives import drive_forces, update_reference
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.geometry import end_effector_pose
from twin.plants.rom import (
    axes,
    carried_body,
    domain,
    long_step,
    pad_stiction,
    rigid_attachment,
    seat_contact,
    step_mode,
    table_long_step,
)
from twin.plants.rom import truck as truck_body
from twin.plants.rom.contacts import add_coupler_friction, contact_forces, find_candidates
from twin.plants.rom.model import COUPLED, FREE, TRUCK
from twin.plants.rom.placing import load_scratch, place_all, place_packs, set_twist, update_carriers, update_yaw_errors
from twin.plants.rom.step_mode import ATTACHED, FULL_RATE, LONG_STEP, SLEEPING
from twin.plants.suspension import note_sway, suspend
from twin.plants.truck import truck_forces
from twin.records import FLOATING_TABLE, ROBOTS, Faults, Image, Params, Truth
from twin.records.scan_parts import ALL_ANEW

Model = Any
State = Any


@inlined_kernel
def advance_ticks(w: Truth, image: Image, faults: Faults, p: Params, m: Model, x: State, t: Any, ticks: int) -> None:
    """Advance by `ticks`, at most to the next PLC scan, each part in its step mode."""
    began_s, tick_s, span_s = w.t_s, p.dt_s, ticks * p.dt_s
    hz = round(1.0 / tick_s)
    full_rate = False
    for r in range(p.robots):
        if x.mode[r] == LONG_STEP:
            if p.reeving == FLOATING_TABLE:
                table_long_step.advance(w, image, p, m, x, t, r, began_s, span_s)
            else:
                if x.in_long_step[r] == 0:
                    long_step.enter(w, p, m, r)
                long_step.advance(w, image, p, m, t, r, began_s, span_s)
        full_rate = full_rate or x.mode[r] == FULL_RATE
        x.in_long_step[r] = 1 if x.mode[r] == LONG_STEP else 0
        if x.mode[r] != SLEEPING:
            x.moved[r] = 1
    if full_rate:
        for r in range(p.robots):
            if x.near[r] == 1:
                seat_contact.seat_frame(w, p, w.pack_seat[w.held[r]], t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        if x.mode[ROBOTS] == FULL_RATE:
            truck_body.frame(w, t.truck_at, t.truck_turn)
        truck_body.begin(w, faults, p, t.truck)
        for _ in range(ticks):
            if x.mode[ROBOTS] == FULL_RATE:
                truck_forces(w, faults, p, t.axle)
                _add_coupler_friction(w, p, x, t)
            for r in range(p.robots):
                if x.mode[r] == FULL_RATE:
                    _tick(w, image, p, m, x, t, r, tick_s)
            if x.mode[ROBOTS] == FULL_RATE:
                truck_body.move(w, p, t.mass, t.truck, tick_s, w.truck_qd)
                pad_stiction.complete_contact_forces(w, p, m, x, t, tick_s)
                truck_body.drift(w, tick_s)
                truck_body.frame(w, t.truck_at, t.truck_turn)
                truck_body.begin(w, faults, p, t.truck)
            for r in range(p.robots):
                if x.mode[r] == FULL_RATE and x.fixed_to[r] != FREE:
                    rigid_attachment.follow(w, p, x, t, r)
            w.tick += 1
            w.t_s = w.tick / hz
    else:
        w.tick += ticks
        w.t_s = w.tick / hz
    _long_steps(w, image, faults, p, m, x, t, began_s, span_s)
    for r in range(p.robots):
        if x.mode[r] != SLEEPING:
            note_sway(w, p, r)
    if x.mode[ROBOTS] != SLEEPING:
        x.moved[ROBOTS] = 1


@kernel
def _long_steps(
    w: Truth, image: Image, faults: Faults, p: Params, m: Model, x: State, t: Any, began_s: float, span_s: float
) -> None:
    """Advance the truck, and attached robots, by one long step; forces are those at its midpoint."""
    truck_moves, attached = x.mode[ROBOTS] == LONG_STEP, False
    for r in range(p.robots):
        attached = attached or x.mode[r] == ATTACHED
    if not truck_moves and not attached:
        return
    half_s = 0.5 * span_s
    if truck_moves:
        truck_body.drift(w, half_s)
    truck_body.begin(w, faults, p, t.truck)
    if truck_moves:
        _add_coupler_friction(w, p, x, t)
    if attached:
        truck_body.frame(w, t.truck_at, t.truck_turn)
        for r in range(p.robots):
            if x.mode[r] == ATTACHED:
                axes.set_references(image, p, t, r, began_s, span_s)
                rigid_attachment.drift(w, p, x, t, r, half_s)
                if x.stiction_row[r] != 0:
                    pad_stiction.deflect_pads(w, p, m, x, t, r)
                rigid_attachment.update_speeds(w, image, p, m, x, t, r, span_s)
                if x.stiction_row[r] != 0:
                    pad_stiction.begin_contact_force(w, p, m, x, t, r, span_s)
    if truck_moves:
        truck_forces(w, faults, p, t.axle)
        truck_body.move(w, p, t.mass, t.truck, span_s, w.truck_qd)
        pad_stiction.complete_contact_forces(w, p, m, x, t, span_s)
        truck_body.drift(w, half_s)
    if attached:
        truck_body.clear_forces(w, t.truck)
        truck_body.frame(w, t.truck_at, t.truck_turn)
        for r in range(p.robots):
            if x.mode[r] == ATTACHED:
                rigid_attachment.drift(w, p, x, t, r, half_s)


@kernel
def _add_coupler_friction(w: Truth, p: Params, x: State, t: Any) -> None:
    """Add the coupler friction of packs in long steps to the truck."""
    for r in range(p.robots):
        if x.near[r] == COUPLED:
            add_coupler_friction(w, p, t, w.held[r])


@kernel
def _tick(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """Advance robot `r` by one physics tick; `t.truck_at` and `t.truck_turn` are current if it may touch the truck."""
    update_reference(image, r, w.t_s)
    if x.stiction_row[r] != 0:
        pad_stiction.deflect_pads(w, p, m, x, t, r)
    carried_body.angles_of(w, p, r, t.angles)
    suspend(w, p, r, t.angles, t.reaction)
    drive_forces(w, image, p, r, t.reaction, dt_s)
    carried_body.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    if x.fixed_to[r] != FREE:
        fx, fy, fz, tx, ty, tz = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
        if x.fixed_to[r] == TRUCK:
            truck_body.add_force(w, t.truck, t.at[0], t.at[1], t.at[2], fx, fy, fz)
            truck_body.add_torque(t.truck, tx, ty, tz)
        carried_body.move_axes(w, p, m, r, fx, fy, fz, dt_s)
        for i in range(3):
            w.guide_force_n[r, i] = 0.0
        if x.stiction_row[r] != 0:
            pad_stiction.begin_contact_force(w, p, m, x, t, r, dt_s)
        return
    for i in range(6):
        t.out[i] = 0.0
    if x.near[r] != 0:
        if x.near[r] == 1 and p.seat_on_truck[w.pack_seat[w.held[r]]] == 1:
            seat_contact.seat_frame(w, p, w.pack_seat[w.held[r]], t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        contact_forces(w, p, m, x, t, r, dt_s)
    carried_body.move(w, p, m, t, r, dt_s)


@inlined_kernel
def before_scan(w: Truth, p: Params, m: Model, x: State, t: Any) -> int:
    """Bring poses and forces up to date for a PLC scan, and check the domain of validity.

    Returns the parts that have moved since the last scan (`twin.records.scan_parts`). In a world outside its domain
    (`w.outside_cause`) everything is placed.
    """
    if domain.has_left(w, p, m, x, t):
        place_all(w, p, m, x, t)
        return ALL_ANEW
    moved = place_packs(w, p, m, x, t)
    for r in range(p.robots):
        if x.near[r] <= 0:
            for i in range(3):
                w.guide_force_n[r, i] = 0.0
            if w.held[r] >= 0 and x.near[r] == 0:
                w.coupler_n[w.held[r]] = 0.0
    return moved


@inlined_kernel
def after_scan(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any, changed: bool, anything: bool) -> None:
    """Apply the result of a PLC scan: `changed` holds, and the bodies that may touch something until the next scan.

    Unless `anything` may have changed, parts that have slept since the last scan are not searched again.
    """
    if changed:
        update_carriers(w, p, m, x, t)
        load_scratch(w, p, m, x, t)
    step_mode.count_still(w, image, p, x)
    if changed:
        for i in range(ROBOTS + 1):
            x.still[i] = 0
    find_candidates(w, image, p, m, x, t, anything)
    pad_stiction.update(w, image, p, m, x, t)


@inlined_kernel
def advance(w: Truth, image: Image, faults: Faults, p: Params, m: Model, x: State, t: Any, ticks: int) -> None:
    """Choose the step modes and advance by `ticks`, no farther than the next PLC scan."""
    step_mode.choose(w, image, faults, p, m, x)
    advance_ticks(w, image, faults, p, m, x, t, ticks)


# Entry points from Python take whole arrays and an index: passing a single record costs 10 us, an array 0.3 us.


@kernel
def settle(worlds: Any, params: Any, models: Any, states: Any, scratch: Any) -> None:
    """Initialise worlds: packs that stand by their weight press their pads, and the carrier of each pack is found."""
    for i in range(len(worlds)):
        w, image, p, m, x, t = worlds[i].truth, worlds[i].image, params[i], models[i], states[i], scratch[0]
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
        update_carriers(w, p, m, x, t)
        load_scratch(w, p, m, x, t)
        place_all(w, p, m, x, t)
        find_candidates(w, image, p, m, x, t, True)


@kernel
def read_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int) -> None:
    """Run `before_scan` on world `i` with everything placed."""
    load_scratch(worlds[i].truth, params[i], models[i], states[i], scratch[0])
    before_scan(worlds[i].truth, params[i], models[i], states[i], scratch[0])


@kernel
def wake_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int) -> None:
    """Wake all parts of world `i`, which something from outside changes."""
    x = states[i]
    place_all(worlds[i].truth, params[i], models[i], x, scratch[0])
    for j in range(ROBOTS + 1):
        x.still[j] = 0
    for r in range(ROBOTS):
        pad_stiction.release(x, r)


@kernel
def hold_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int, changed: bool) -> None:
    """Run `after_scan` on world `i`, with velocities of all packs; directly after its `read_one`."""
    w, p, m, x, t = worlds[i].truth, params[i], models[i], states[i], scratch[0]
    update_yaw_errors(w, p)
    after_scan(w, worlds[i].image, p, m, x, t, changed, True)
    for k in range(p.packs):
        set_twist(w, p, x, t, k)


@kernel
def tick_one(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, i: int, ticks: int) -> None:
    """Run `advance` on world `i`."""
    world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
    load_scratch(world.truth, p, m, x, t)
    advance(world.truth, world.image, world.faults, p, m, x, t, ticks)
