"""Build commands for a selection: limits and shapers from the timing set, targets from measured poses."""

from __future__ import annotations

import numpy as np

from twin.catalogue.derived import MOVE_TIMEOUT_S
from twin.catalogue.schema import FourRope, Mast
from twin.control.logic import motion_end_of
from twin.control.targets import targets
from twin.motion.shaper import NONE
from twin.records import UNTIL_NEAR, UNTIL_SETTLED, YAW, X, Y, Z, new_command
from twin.sequence.heights import TRAVEL_MARGIN_M
from twin.sequence.program import Program, Selection

SETTLE_TIMEOUT_S = 90.0
YAW_RESERVE_RAD, YAW_RESERVE_SHARE = 0.002, 0.05
"""Distance from its ends at which yaw stops, and its largest share of the stroke. A floating table, held 0.9 deg aside,
that springs back when its seat releases the load pushed the axis 2.6 mrad on; the monitor allows 2 past the end
[chosen, after chassis timing seed 10015]."""


def new_commands(program: Program, selection: Selection, phase: str, loaded: bool, until: int) -> np.ndarray:
    """Make (K,) commands with the phase's velocity, acceleration, jerk and shaper filled in, no targets yet."""
    commands = new_command(len(selection))
    time = phase_timing(program, selection, phase)
    speed = "axis_velocity_loaded" if loaded else "axis_velocity"
    acceleration = "axis_acceleration" if loaded else "axis_acceleration_empty"
    for name, limit in (("velocity", speed), ("acceleration", acceleration), ("jerk", "axis_jerk")):
        commands[name] = program.runner.params[limit][selection.world] * time[f"{name}_fraction"][:, None]
    commands["until"] = until
    commands["timeout_s"] = MOVE_TIMEOUT_S
    return commands


def phase_timing(program: Program, selection: Selection, phase: str) -> np.ndarray:
    """(K,) TIMING of the phase."""
    return program.timing[selection.world, selection.robot, program.phase_column[phase]]


def add_shaper(program: Program, selection: Selection, phase: str, commands: np.ndarray, z_end: np.ndarray) -> None:
    """Fill in the shaper of x and y: at the timing set's frequency, or that of the rope length at `z_end`."""
    time = phase_timing(program, selection, phase)
    reeving = program.setup.station.reeving
    gravity = program.runner.params["gravity_mps2"][selection.world]
    if isinstance(reeving, FourRope):
        natural = np.sqrt(gravity / (reeving.sheave_height_m - z_end)) / (2 * np.pi)
        commands["shaper_zeta"] = reeving.sway_damping_ratio
    elif isinstance(reeving, Mast):
        natural = np.full(len(selection), reeving.frequency_hz)
        commands["shaper_zeta"] = reeving.damping_ratio
    else:
        natural = np.full(len(selection), np.nan)
    frequency = np.where(np.isnan(time["shaper_hz"]), natural, time["shaper_hz"])
    for k in (X, Y):
        commands["shaper"][:, k] = np.where(np.isnan(frequency), NONE, time["shaper"])
        commands["shaper_hz"][:, k] = np.nan_to_num(frequency)


def creep(program: Program, selection: Selection, phase: str) -> tuple[np.ndarray, np.ndarray]:
    """(K,) height in m and speed in m/s of the creep into a contact: the timing set's, within the machine's limits."""
    timing, limits = phase_timing(program, selection, phase), program.setup.station.limits
    height = np.maximum(timing["creep_height_m"], limits.contact_zone_m)
    return height, np.minimum(timing["creep_speed_mps"], limits.contact_speed_mps)


def descent_delay_s(program: Program, selection: Selection, jerk: np.ndarray) -> np.ndarray:
    """(K,) delay of axis z so that a carried pack does not leave the clearance height while it traverses, s.

    From rest axis z needs at least (6 d / j)^(1/3) to fall by d, half the margin over the clearance height: it may
    start that much earlier than the end of the traverse.
    """
    fall_s = np.cbrt(6.0 * 0.5 * TRAVEL_MARGIN_M / jerk)
    runner, delay = program.runner, np.zeros(len(selection))
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        end_s = max(motion_end_of(runner.worlds, n, r, axis) for axis in (X, Y, YAW))
        delay[k] = max(end_s - float(runner.worlds["truth"]["t_s"][n]) - fall_s[k], 0.0)
    return delay


def seat_of(program: Program, selection: Selection, which: str) -> np.ndarray:
    """Seat index of each selection's job: `truck_seat`, `put_seat` or `take_seat`."""
    return np.array([getattr(program.setup.jobs[j], which) for j in selection.job], np.int64)


def pack_of(program: Program, selection: Selection, which: str) -> np.ndarray:
    return np.array([getattr(program.setup.jobs[j], which) for j in selection.job], np.int64)


def seat_targets_of(program: Program, selection: Selection, which: str, *, leaning: bool = False) -> np.ndarray:
    pose = program.truck_pose[selection.world, selection.robot]
    return targets(program.runner.params, selection.world, seat_of(program, selection, which), pose, leaning=leaning)


def axis_z(program: Program, selection: Selection) -> np.ndarray:
    """Position of axis z as its encoder reads."""
    return program.runner.worlds["image"]["axis_position"][selection.world, selection.robot, Z]


def inside_axes(program: Program, selection: Selection, commands: np.ndarray) -> np.ndarray:
    """Clip targets to the axes' strokes, and those of yaw to its software ends; a NaN stays one."""
    params = program.runner.params
    low = params["axis_min"][selection.world, selection.robot]
    high = params["axis_max"][selection.world, selection.robot]
    reserve = np.zeros_like(low)
    reserve[:, YAW] = np.minimum(YAW_RESERVE_RAD, YAW_RESERVE_SHARE * (high - low)[:, YAW])
    commands["target"] = np.clip(commands["target"], low + reserve, high - reserve)
    return commands


def until_settled(program: Program, selection: Selection, phase: str, commands: np.ndarray) -> np.ndarray:
    """Wait until arrived and calm; with an overlap, only until the next move may begin."""
    time = phase_timing(program, selection, phase)
    overlaps = time["overlap_s"] > 0.0
    commands["until"] = np.where(overlaps, UNTIL_NEAR, UNTIL_SETTLED)
    commands["threshold"] = np.where(overlaps, time["overlap_s"], time["settle_threshold_m"])
    commands["dwell_s"] = time["settle_dwell_s"]
    commands["timeout_s"] = SETTLE_TIMEOUT_S
    return inside_axes(program, selection, commands)
