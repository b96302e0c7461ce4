"""One scan of one world: actuators, sensors, controller, drives' orders, key figures, monitor."""

from __future__ import annotations

from typing import Any

from twin.control.actuators import actuate
from twin.control.interlocks.load import lateral_limit_n
from twin.control.logic import COMMAND_ENDED, at_end, run_logic, start_command
from twin.control.sensors import (
    read_axes_and_load,
    read_grips,
    read_lateral_force,
    read_locks,
    read_pads,
    read_sensors,
    read_station,
    read_sway,
    read_truck,
)
from twin.control.velocity_motion import follows
from twin.key_figures import note_hand_over, note_scan
from twin.monitor import monitor
from twin.motion.drives import apply_integral_resets
from twin.motion.kernels import inlined_kernel, kernel
from twin.records import (
    BUSY,
    OUTSIDE,
    UNTIL_LANDED,
    UNTIL_SETTLED,
    Command,
    Control,
    Figures,
    Image,
    Params,
    Truth,
    World,
)
from twin.records.causes import NO_CAUSE
from twin.records.scan_parts import ACTUATORS, ALL_ANEW, PADS

CERTAIN = 12.0
"""Number of standard deviations that no reading exceeds: Box-Muller from 53 bits ends at 8.6, and two may add up."""
HOLD_CHANGED = 2
"""Scan result for the plant besides COMMAND_ENDED: grips or locks hold something else now."""


@kernel
def issue_command(w: Truth, image: Image, control: Control, figures: Figures, p: Params, c: Command, r: int) -> None:
    """Begin command `c` on robot `r` between two scans."""
    start_command(image, control, p, c, r)
    apply_integral_resets(w, image, p)
    note_hand_over(w, image, figures, p, r)


@inlined_kernel
def _decide(world: World, p: Params, commands: Any, dt_s: float, anew: int) -> int:
    """Run the scan's part after the sensors; COMMAND_ENDED or 0."""
    world.sensors.scans += 1
    code = run_logic(world.image, world.control, p, commands, dt_s, anew)
    apply_integral_resets(world.truth, world.image, p)
    note_scan(world.truth, world.image, world.control, world.kpis, p, commands)
    monitor(
        world.truth,
        world.monitor,
        p,
        dt_s,
        world.control.trip,
        world.control.acknowledgements,
        world.image.truck_released,
    )
    for r in range(p.robots):
        world.truth.guide_peak_n[r, 0] = world.truth.guide_peak_n[r, 1] = 0.0
    return code


@kernel
def end_outside(world: World, p: Params) -> int:
    """End the commands of a world's robots once it has left its plant's domain of validity; returns COMMAND_ENDED."""
    world.sensors.scans += 1
    for r in range(p.robots):
        if world.control.status[r] == BUSY:
            world.control.status[r] = OUTSIDE
    return COMMAND_ENDED


@kernel
def plc_scan(world: World, p: Params, commands: Any, dt_s: float) -> int:
    """Run one PLC scan; returns the sum of COMMAND_ENDED and HOLD_CHANGED where they apply.

    Order: actuators, sensors, interlocks, commands, monitor; as a PLC reads inputs, runs logic and writes outputs.
    """
    changed = actuate(world.truth, world.image, world.faults, p, dt_s)
    read_sensors(world.truth, world.image, world.sensors, world.faults, p, dt_s)
    return _decide(world, p, commands, dt_s, ALL_ANEW) + (HOLD_CHANGED if changed else 0)


@inlined_kernel
def plc_scan_unobserved(world: World, p: Params, commands: Any, dt_s: float, anew: int) -> int:
    """Run `plc_scan` unobserved: sway and lateral force are read only where its outcome depends on them.

    A later observer reads them first, with `read_sway_and_force` of scan `sensors.scans - 1`.

    Args:
        anew: parts to read (`twin.records.scan_parts`), the rest being as it was in the last scan. ACTUATORS unless
            every grip and lock is where it was commanded and holds what it should. PADS unless the same packs are on
            the same pads. TRUCK_MOVED unless it has not. ROBOT_MOVED << r unless ACTUATORS may be left out and robot r
            has not moved, nor the truck over which it holds a pack. Everything in a robot's first scan under a command.
    """
    changed = False
    if anew & ACTUATORS:
        changed = actuate(world.truth, world.image, world.faults, p, dt_s)
    read_station(world.truth, world.image)
    for r in range(p.robots):
        read_axes_and_load(world.truth, world.image, world.sensors, world.faults, p, r, dt_s)
        if anew & ACTUATORS:
            read_grips(world.truth, world.image, r)
        c = commands[r]
        pushed = abs(world.truth.guide_force_n[r, 0]) + abs(world.truth.guide_force_n[r, 1]) + CERTAIN * p.force_sigma_n
        asked = follows(c) or c.until == UNTIL_LANDED or c.calm_m > 0.0
        if asked or (c.until == UNTIL_SETTLED and at_end(world.image, c, r)):
            read_sway(world.truth, world.image, world.faults, p, r, world.sensors.scans)
        if follows(c) or pushed > lateral_limit_n(p):
            read_lateral_force(world.truth, world.image, p, r, world.sensors.scans)
        else:
            world.image.lateral_n[r, 0] = world.image.lateral_n[r, 1] = 0.0
    if anew & ACTUATORS:
        read_locks(world.truth, world.image, world.faults, p)
    if anew & PADS:
        read_pads(world.truth, world.image, p)
    read_truck(world.truth, world.image, world.sensors, world.faults, p)
    return _decide(world, p, commands, dt_s, anew) + (HOLD_CHANGED if changed else 0)


# Entry points from Python take whole arrays and an index: passing a single record costs 10 us, an array 0.3 us.


@kernel
def scan_world(worlds: Any, params: Any, commands: Any, i: int, dt_s: float) -> int:
    """Run `plc_scan` of world `i`, or `end_outside` beyond its plant's domain; `commands` is (N, ROBOTS)."""
    worlds[i].clock.scanned_tick = worlds[i].truth.tick
    if worlds[i].truth.outside_cause != NO_CAUSE:
        return end_outside(worlds[i], params[i])
    return plc_scan(worlds[i], params[i], commands[i], dt_s)


@kernel
def issue_commands(worlds: Any, params: Any, commands: Any, which: Any, robots: Any) -> None:
    """Call `issue_command` for robot `robots[k]` in world `which[k]`, in sequence; both (K,)."""
    for k in range(len(which)):
        i, r = which[k], robots[k]
        issue_command(worlds[i].truth, worlds[i].image, worlds[i].control, worlds[i].kpis, params[i], commands[i, r], r)
