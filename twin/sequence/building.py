"""Build commands for a selection: limits and shapers from the timing set, targets from measured poses."""

from __future__ import annotations

import numpy as np

from twin.catalogue.derived import MOVE_TIMEOUT_S
from twin.catalogue.schema import FourRope, Mast
from twin.control.logic import motion_end_of
from twin.control.readings import REACTION_S
from twin.control.targets import targets
from twin.motion.drives import STOP_JERK
from twin.motion.profile import (
    duration_s,
    end_position,
    evaluate,
    new_profile,
    plan_rest_to_rest,
    plan_stop,
    plan_with_creep,
    speed_change_distance,
)
from twin.motion.shaper import MATCHED, NONE, evaluate_shaped, matched_ramp
from twin.records import TRIP_LOW_TRAVERSE, UNTIL_NEAR, UNTIL_SETTLED, YAW, X, Y, Z, new_command
from twin.sequence import rail
from twin.sequence.heights import TRAVEL_MARGIN_M, travel_z
from twin.sequence.program import Program, Selection

SETTLE_TIMEOUT_S = 90.0
YAW_RESERVE_RAD, YAW_RESERVE_SHARE = 0.002, 0.05
"""Distance from its ends at which yaw stops, and its largest share of the stroke. A floating table, held 0.9 deg aside,
that springs back when its seat releases the load pushed the axis 2.6 mrad on; the monitor allows 2 past the end
[chosen, after chassis timing seed 10015]."""

NEAR_SHARE, NEAR_STEP_S = 0.6, 0.01
"""Share of the deadband within which a pack may leave the clearance height: the rest is for sway and control error."""
MATCHED_FROM_M = 0.005
"""Way up to which a move is not matched to the sway: it leaves no more than that of sway [chosen: a third of the limit
at hand-over]."""
CENTRING_SHARE = 0.9
"""Largest share of the traverse deadband that centring uses: a gripped pack stands in its seat then."""
STROKE_RESERVE_M = 0.02
"""Distance from its end that axis z keeps when it turns above its travel height [estimate]."""


def new_commands(program: Program, selection: Selection, phase: str, loaded: bool, until: int) -> np.ndarray:
    """Make (K,) commands with the phase's velocity, acceleration, jerk and shaper filled in, no targets yet."""
    commands = new_command(len(selection))
    time = phase_timing(program, selection, phase)
    speed = "axis_velocity_loaded" if loaded else "axis_velocity"
    acceleration = "axis_acceleration" if loaded else "axis_acceleration_empty"
    for name, limit in (("velocity", speed), ("acceleration", acceleration), ("jerk", "axis_jerk")):
        most = program.runner.params[limit][selection.world]
        for k in range(4):
            commands[name][:, k] = most[:, k] * fraction(time, name, k)
    commands["until"] = until
    commands["timeout_s"] = MOVE_TIMEOUT_S
    return commands


def phase_timing(program: Program, selection: Selection, phase: str) -> np.ndarray:
    """(K,) TIMING of the phase."""
    return program.timing[selection.world, selection.robot, program.phase_column[phase]]


def blends(program: Program, selection: Selection, phase: str) -> np.ndarray:
    """(K,) bool: True where the timing set blends the phase."""
    return phase_timing(program, selection, phase)["blending"] == 1


def fraction(time: np.ndarray, of: str, k: int) -> np.ndarray:
    """(K,) fraction of axis `k`'s limit of `velocity`, `acceleration` or `jerk`: the axis' own, or the phase's."""
    own = time[f"axis_{of}_fraction"][:, k]
    return np.where(own > 0.0, own, time[f"{of}_fraction"])


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
    here = program.runner.worlds["image"]["reference"][selection.world, selection.robot, :, 0]
    for k in (X, Y):
        own, own_hz = time["axis_shaper"][:, k], time["axis_shaper_hz"][:, k]
        kind = np.where(own > 0, own - 1, time["shaper"])
        given = np.where(own > 0, np.where(own_hz > 0.0, own_hz, np.nan), time["shaper_hz"])
        frequency = np.where(np.isnan(given), natural, given)
        sways = ~np.isnan(frequency)
        commands["shaper"][:, k] = np.where(sways & (kind != MATCHED), kind, NONE)
        commands["shaper_hz"][:, k] = np.nan_to_num(frequency)
        matched = sways & (kind == MATCHED)
        if matched.any():
            move = commands[matched]
            way = move["target"][:, k] - here[matched, k]
            speed, gains = matched_ramp(
                way, move["velocity"][:, k], move["acceleration"][:, k], move["jerk"][:, k], frequency[matched]
            )
            # NaN: it does not move; matched, a short way takes two periods, or more if an axis scatters at its end
            moves = np.abs(way) > MATCHED_FROM_M
            commands["velocity"][matched, k] = np.where(moves, speed, move["velocity"][:, k])
            commands["acceleration"][matched, k] = np.where(moves, gains, move["acceleration"][:, k])


def creep(program: Program, selection: Selection, phase: str) -> tuple[np.ndarray, np.ndarray]:
    """(K,) height in m and speed in m/s of the creep into a contact: the timing set's, within the machine's limits."""
    timing, limits = phase_timing(program, selection, phase), program.setup.station.limits
    height = np.maximum(timing["creep_height_m"], limits.contact_zone_m)
    return height, np.minimum(timing["creep_speed_mps"], limits.contact_speed_mps)


def creep_at_truck(program: Program, selection: Selection, phase: str) -> tuple[np.ndarray, np.ndarray]:
    """(K,) `creep`, its height raised by how far the frames of the truck's last measurement scatter.

    Frames that scatter more than the scanner's specification say that its mean is off by as much more.
    """
    height, speed = creep(program, selection, phase)
    image, sigma_m = program.runner.worlds["image"], program.setup.station.scanner.sigma_m
    # the first robot measures the truck for all; each measures it anew for its own insertions
    own = image["scan_count"][selection.world, selection.robot] > 0
    scatter_m = np.sqrt(image["scan_variance_m2"][selection.world, np.where(own, selection.robot, 0)])
    gain = phase_timing(program, selection, phase)["creep_height_per_scatter"]
    return height + gain * np.maximum(scatter_m - sigma_m, 0.0), speed


def descent_delay_s(program: Program, selection: Selection, phase: str, commands: np.ndarray) -> np.ndarray:
    """(K,) delay of axis z so that a carried pack does not leave the clearance height while it traverses, s.

    From rest axis z needs at least (6 d / j)^(1/3) to fall by d, half the margin over the clearance height: it may
    start that much earlier than the end of the traverse. With blending it passes the clearance height at any speed as
    the last axis comes near its target.
    """
    fall_s = np.cbrt(6.0 * 0.5 * TRAVEL_MARGIN_M / commands["jerk"][:, Z])
    runner, delay = program.runner, np.zeros(len(selection))
    early = blends(program, selection, phase)
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        now_s = float(runner.worlds["truth"]["t_s"][n])
        end_s = max(motion_end_of(runner.worlds, n, r, axis) for axis in (X, Y, YAW))
        if early[k] and end_s > now_s:
            delay[k] = max(_near_s(program, n, r, now_s, end_s) - _passing_s(program, n, r, commands[k]), 0.0)
        else:
            delay[k] = max(end_s - now_s - fall_s[k], 0.0)
    return delay


def _near_s(program: Program, n: int, r: int, now_s: float, end_s: float) -> float:
    """Time from now until axes x and y come within NEAR_SHARE of the deadband of their targets, s."""
    image = program.runner.worlds["image"][n]
    near_m = NEAR_SHARE * program.setup.station.limits.traverse_deadband_m
    times = np.arange(now_s, end_s + NEAR_STEP_S, NEAR_STEP_S)
    latest = now_s
    for axis in (X, Y):
        profile = image["profile"][r, axis]
        shaper = image["shaper_amplitude"][r, axis], image["shaper_time_s"][r, axis], int(image["shaper_n"][r, axis])
        since_s = times - float(image["profile_start_s"][r, axis])
        away = [abs(end_position(profile) - evaluate_shaped(profile, *shaper, t)[0]) > near_m for t in since_s]
        if any(away):
            latest = max(latest, float(times[np.flatnonzero(away)[-1]]) + NEAR_STEP_S)
    return latest - now_s


def _passing_s(program: Program, n: int, r: int, command: np.ndarray) -> float:
    """Time that axis z takes from its start until it could no longer stop above the clearance height, s."""
    s, limits = program.setup.retract, program.setup.station.limits
    clear_z = limits.clearance_height_m + s * program.setup.pack.size_m[2]
    start = end_position(program.runner.worlds["image"]["profile"][n, r, Z])
    profile, stop = new_profile(), new_profile()
    v, a, j = (float(command[of][Z]) for of in ("velocity", "acceleration", "jerk"))
    target, creep_at = float(command["target"][Z]), float(command["creep_at"])
    if np.isnan(creep_at):
        plan_rest_to_rest(profile, start, target, v, a, j)
    else:
        plan_with_creep(profile, start, creep_at, target, v, float(command["creep_speed_mps"]), a, j)
    if s * (start - clear_z) <= 0.0 or s * (target - clear_z) >= 0.0:
        return 0.0
    axis = program.setup.station.axes.z
    low, high = 0.0, duration_s(profile)
    for _ in range(40):
        middle = 0.5 * (low + high)
        at, speed, gains = evaluate(profile, middle)
        plan_stop(stop, at + REACTION_S * speed, speed, gains, axis.acceleration_mps2, STOP_JERK * axis.jerk_mps3)
        if s * (end_position(stop) - clear_z) > 0.0:
            low = middle
        else:
            high = middle
    return low


def arc_m(program: Program, selection: Selection, phase: str, commands: np.ndarray) -> np.ndarray:
    """(K,) height beyond its travel height at which a pack turns with blending: it passes that height at full speed.

    The way of a stop from there, as far as the stroke of axis z allows.
    """
    z = program.setup.station.axes.z
    s, high = program.setup.retract, travel_z(program)
    room_m = (z.position_max_m - high if s > 0.0 else high - z.position_min_m) - STROKE_RESERVE_M
    ways = [
        speed_change_distance(float(c["velocity"][Z]), 0.0, float(c["acceleration"][Z]), float(c["jerk"][Z]))
        for c in commands
    ]
    arc = np.clip(np.array(ways) - TRAVEL_MARGIN_M, 0.0, max(room_m, 0.0))
    return np.where(blends(program, selection, phase), arc, 0.0)


def z_goal(program: Program, selection: Selection) -> np.ndarray:
    """(K,) target of axis z."""
    profiles = program.runner.worlds["image"]["profile"][selection.world, selection.robot, Z]
    return np.array([end_position(profile) for profile in profiles])


def rail_goal(program: Program, selection: Selection, which: str, phase: str) -> np.ndarray:
    """(K,) position of axis x at a seat: an empty end effector goes to where the truck's leaning pack is gripped."""
    empty = which == "truck_seat" and not phase.startswith("traverse")
    return seat_targets_of(program, selection, which, leaning=empty)[:, X]


def start_delay_s(program: Program, selection: Selection, phase: str, which: str) -> np.ndarray:
    """(K,) delay of axis x on its way to a seat until the other robot has made way or stands beside it."""
    delays = np.zeros(len(selection))
    if program.setup.station.robots.count < 2:
        return delays
    goal = rail_goal(program, selection, which, phase)
    here = program.runner.worlds["image"]["axis_position"][:, :, X]
    limits = new_commands(program, selection, phase, which != "take_seat" and phase.startswith("traverse"), 0)
    for k in np.flatnonzero(blends(program, selection, phase)).tolist():
        n, r = int(selection.world[k]), int(selection.robot[k])
        move = tuple(float(limits[of][k, X]) for of in ("velocity", "acceleration", "jerk"))
        clear = rail.keeps_apart(program, r, float(goal[k]), float(here[n, 1 - r]))
        of_rail = rail.approach_delay_s if clear else rail.start_delay_s
        delays[k] = of_rail(program, n, r, float(goal[k]), (move[0], move[1], move[2]))
    return delays


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


def centre(program: Program, selection: Selection, commands: np.ndarray) -> None:
    """Aim axes x and y, in place, to stand over (or under) where the gripped and locked pack holds the end effector.

    Its ropes or springs then press nothing aside when grips or locks open. As far as the traverse deadband allows, and
    a robot that shares its rail as far as the other one leaves room. The sway is one reading of its sensor, with its
    noise (2 mm at the stations that ship).
    """
    worlds, at = program.runner.worlds, (selection.world, selection.robot)
    here, aside_m = worlds["image"]["axis_position"][at], worlds["image"]["sway_m"][at]
    scale = program.runner.params["interlock_scale"][selection.world, TRIP_LOW_TRAVERSE]
    most_m = CENTRING_SHARE * program.setup.station.limits.traverse_deadband_m * np.minimum(scale, 1.0)
    low = worlds["control"]["low_xy"][at]
    for k in (X, Y):
        commands["target"][:, k] = np.clip(here[:, k] + aside_m[:, k], low[:, k] - most_m, low[:, k] + most_m)
    if program.setup.station.robots.count < 2:
        return
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        goal = float(commands["target"][k, X])
        others = (float(worlds["image"]["axis_position"][n, 1 - r, X]), float(program.heading[n, 1 - r]))
        if all(rail.keeps_apart(program, r, goal, place) for place in others):
            program.heading[n, r] = goal
        else:
            commands["target"][k, X] = np.nan


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
