"""Run worlds of the reduced-order plant inside one kernel, from PLC scan to PLC scan, until a decision is needed."""

from __future__ import annotations

from typing import Any

from numba import get_thread_id, njit, prange

from twin.control.logic import COMMAND_ENDED
from twin.motion.kernels import kernel
from twin.plants.rom.advance import advance, after_scan, before_scan
from twin.plants.rom.contacts import find_candidates
from twin.plants.rom.placing import load_scratch, place_packs, set_twist, update_yaw_errors
from twin.records import BUSY, Params, World
from twin.records.causes import NO_CAUSE
from twin.records.scan_parts import ACTUATORS, ALL_ANEW, ALL_ROBOTS, TRUCK_MOVED
from twin.runner import skipping
from twin.runner.scan import HOLD_CHANGED, end_outside, plc_scan, plc_scan_unobserved

Model = Any
State = Any


@kernel
def scan(world: World, p: Params, m: Model, x: State, commands: Any, t: Any, observed: bool) -> int:
    """Run one PLC scan with the plant's work before and after it."""
    world.clock.scanned_tick = world.truth.tick
    skipping.find_unplaced(world, p, x, t, observed)
    moved = before_scan(world.truth, p, m, x, t)
    if world.truth.outside_cause != NO_CAUSE:
        skipping.read_all_at_next_scan(world.truth, p, m, x, t)
        return end_outside(world, p)
    if moved & TRUCK_MOVED:
        skipping.find_heights(world.truth, p, m, x, t)
    anew = moved | t.anew
    if observed or skipping.command_waits(world.control, p) or skipping.command_is_new(world.truth, world.control, p):
        anew = ALL_ANEW
    elif anew & ACTUATORS:
        anew |= ALL_ROBOTS
    scan_s = p.dt_s * p.scan_ticks
    if observed:
        code = plc_scan(world, p, commands, scan_s)
        update_yaw_errors(world.truth, p)
    else:
        code = plc_scan_unobserved(world, p, commands, scan_s, anew)
    changed = code & HOLD_CHANGED != 0
    after_scan(world.truth, world.image, p, m, x, t, changed, observed or changed)
    if changed:
        skipping.read_all_at_next_scan(world.truth, p, m, x, t)
    else:
        t.anew = skipping.anew_after(world.truth, world.image, world.control, p, anew)
    return code


@kernel
def run_world(world: World, p: Params, m: Model, x: State, commands: Any, t: Any, most_ticks: int) -> int:
    """Advance one world until a robot ends its command, nothing is busy, or `most_ticks` have passed; returns ticks."""
    load_scratch(world.truth, p, m, x, t)
    skipping.read_all_at_next_scan(world.truth, p, m, x, t)
    place_packs(world.truth, p, m, x, t)
    find_candidates(world.truth, world.image, p, m, x, t, True)
    taken = 0
    while taken < most_ticks:
        to_scan = p.scan_ticks - world.truth.tick % p.scan_ticks
        ticks = min(to_scan, most_ticks - taken)
        if to_scan == p.scan_ticks and world.clock.scanned_tick != world.truth.tick:
            # an observer sees the world after its last scan
            observed = taken + ticks >= most_ticks
            code = scan(world, p, m, x, commands, t, observed)
            if code & COMMAND_ENDED:
                if not observed:
                    skipping.find_unplaced(world, p, x, t, True)
                    place_packs(world.truth, p, m, x, t)
                    skipping.read_skipped_sensors(world.truth, world.image, world.sensors, world.faults, p)
                return taken
        busy = False
        for r in range(p.robots):
            busy = busy or world.control.status[r] == BUSY
        if not busy:
            return taken
        advance(world.truth, world.image, world.faults, p, m, x, t, ticks)
        taken += ticks
    return taken


@kernel
def scan_one(worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int) -> int:
    """Run the PLC scan of world `i`, observed."""
    world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
    load_scratch(world.truth, p, m, x, t)
    skipping.read_all_at_next_scan(world.truth, p, m, x, t)
    code = scan(world, p, m, x, commands[i], t, True)
    for k in range(p.packs):
        set_twist(world.truth, p, x, t, k)
    return code


@kernel
def stand_one(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, ticks: int
) -> None:
    """Run ticks and scans of world `i` regardless of its robots, as long as it is in the model's domain."""
    world, p, m, x, t = worlds[i], params[i], models[i], states[i], scratch[0]
    while ticks > 0:
        to_scan = p.scan_ticks - world.truth.tick % p.scan_ticks
        if to_scan == p.scan_ticks and world.clock.scanned_tick != world.truth.tick:
            scan_one(worlds, params, models, states, commands, scratch, i)
            if world.truth.outside_cause != NO_CAUSE:
                return
        load_scratch(world.truth, p, m, x, t)
        advance(world.truth, world.image, world.faults, p, m, x, t, min(to_scan, ticks))
        ticks -= min(to_scan, ticks)


@kernel
def run_world_to(world: World, p: Params, m: Model, x: State, commands: Any, t: Any, until: int) -> None:
    """Call `run_world` up to tick `until`, including its scan."""
    run_world(world, p, m, x, commands, t, until - world.truth.tick)
    if (
        world.truth.tick == until
        and world.truth.tick % p.scan_ticks == 0
        and world.clock.scanned_tick != world.truth.tick
    ):
        scan(world, p, m, x, commands, t, True)


@njit(cache=True, parallel=True, error_model="numpy")
def run_worlds_to(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, which: Any, until: Any
) -> None:
    """Call `run_world_to` for the worlds listed in `which`, each up to its own tick of `until`, in parallel.

    `scratch` has a record for every possible thread.
    """
    for j in prange(len(which)):
        i = which[j]
        t = scratch[get_thread_id()]
        run_world_to(worlds[i], params[i], models[i], states[i], commands[i], t, until[j])


@kernel
def run_one_to(
    worlds: Any, params: Any, models: Any, states: Any, commands: Any, scratch: Any, i: int, until: int
) -> None:
    """Call `run_world_to` for world `i` in this thread, so that the process may be forked afterwards."""
    run_world_to(worlds[i], params[i], models[i], states[i], commands[i], scratch[0], until)
