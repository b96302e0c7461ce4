"""Two robots on one rail: when one may set off while the other still makes way. Lengths in m, times in s."""

from __future__ import annotations

import numpy as np

from twin.control.interlocks.station import DISTANCE_MARGIN_M, DISTANCE_TOLERANCE_M
from twin.control.logic import motion_end_of
from twin.control.readings import REACTION_S
from twin.motion.drives import STOP_JERK
from twin.motion.profile import evaluate, new_profile, plan_rest_to_rest
from twin.motion.shaper import evaluate_shaped
from twin.records import STANDSTILL, X
from twin.sequence.program import Program

STEP_S = 0.05
"""Grid of times and delays on which both robots' ways are compared."""
SPARE_M = 0.02
"""Distance kept beyond the permissive's, for what lies between the grid's times and for the axes' following errors."""


def least_distance_m(program: Program) -> float:
    """Distance that two robots' places and targets keep."""
    return float(program.setup.station.robots.length_m) + DISTANCE_MARGIN_M


def side_of(program: Program, r: int) -> float:
    """1.0 if robot `r` is the one with the larger x of the two on the rail, else -1.0."""
    homes = program.setup.station.robots.home_x_m
    return 1.0 if homes[r] > homes[1 - r] else -1.0


def keeps_apart(program: Program, r: int, goal: float, nearest: float) -> bool:
    """True if robot `r` at `goal` keeps the permissive's distance from the other one at `nearest`."""
    return side_of(program, r) * (goal - nearest) >= least_distance_m(program)


def start_delay_s(program: Program, n: int, r: int, goal: float, limits: tuple[float, float, float]) -> float:
    """Least delay of a move of axis x of robot `r` to `goal`, at `limits` (velocity, acceleration, jerk).

    On the whole way both robots stay apart by the permissive's distance, and could both stop apart if both braked now.
    Infinity if the other robot does not make way: it stands, or its target is too near.
    """
    worlds, robots = program.runner.worlds, program.setup.station.robots
    other = 1 - r
    image = worlds["image"][n]
    side = side_of(program, r)
    least_m = least_distance_m(program)
    if image["axis_state"][other, X] == STANDSTILL or side * (goal - program.heading[n, other]) < least_m:
        return np.inf
    now_s = float(image["clock_s"])
    own = new_profile()
    plan_rest_to_rest(own, float(image["reference"][r, X, 0]), goal, *limits)
    whole_s = float(own[0].max())
    end_s = motion_end_of(worlds, n, other, X) - now_s
    times = np.arange(0.0, end_s + whole_s + STEP_S, STEP_S)
    theirs = np.array([_other(image, other, now_s + t) for t in times])
    stop = _stopping_m(program, theirs)
    for delay_s in np.arange(0.0, end_s + STEP_S, STEP_S):
        mine = np.array([evaluate(own, t - delay_s) for t in times])
        gap = side * (mine[:, 0] - theirs[:, 0])
        left = gap + side * (_stopping_m(program, mine) - stop)
        if gap.min() >= least_m + SPARE_M and left.min() >= robots.length_m + SPARE_M:
            return float(delay_s)
    return np.inf


def approach_delay_s(program: Program, n: int, r: int, goal: float, limits: tuple[float, float, float]) -> float:
    """Least delay of a move of axis x of robot `r` to `goal` while the other robot comes to a place beside it.

    Both targets are far enough apart, but two robots that approach neighbouring seats at once would stop too near to
    each other if both braked from full motion. 0 if the other robot stands where it is to be. Of two that set off in
    the same scan the first one has the way; the second one counts that move with its own limits.
    """
    worlds, robots = program.runner.worlds, program.setup.station.robots
    other = 1 - r
    image = worlds["image"][n]
    side, now_s = side_of(program, r), float(image["clock_s"])
    theirs_from, theirs_to = float(image["reference"][other, X, 0]), float(program.heading[n, other])
    moves = image["axis_state"][other, X] != STANDSTILL
    if not moves and (other > r or abs(theirs_to - theirs_from) <= DISTANCE_TOLERANCE_M):
        return 0.0
    own, their = new_profile(), new_profile()
    plan_rest_to_rest(own, float(image["reference"][r, X, 0]), goal, *limits)
    plan_rest_to_rest(their, theirs_from, theirs_to, *limits)
    end_s = max(motion_end_of(worlds, n, other, X) - now_s, 0.0) if moves else float(their[0].max())
    times = np.arange(0.0, end_s + float(own[0].max()) + STEP_S, STEP_S)
    theirs = np.array([_other(image, other, now_s + t) if moves else evaluate(their, t) for t in times])
    stop = _stopping_m(program, theirs)
    for delay_s in np.arange(0.0, end_s + STEP_S, STEP_S):
        mine = np.array([evaluate(own, t - delay_s) for t in times])
        left = side * (mine[:, 0] - theirs[:, 0] + _stopping_m(program, mine) - stop)
        if left.min() >= robots.length_m - DISTANCE_TOLERANCE_M + 0.5 * SPARE_M:
            return float(delay_s)
    return float(end_s)


def _other(image: np.ndarray, robot: int, t_s: float) -> tuple[float, float, float]:
    """(position, velocity, acceleration) of axis x of a robot that moves to its target and stays there."""
    return evaluate_shaped(
        image["profile"][robot, X],
        image["shaper_amplitude"][robot, X],
        image["shaper_time_s"][robot, X],
        int(image["shaper_n"][robot, X]),
        t_s - float(image["profile_start_s"][robot, X]),
    )


def _stopping_m(program: Program, motion: np.ndarray) -> np.ndarray:
    """(T,) signed stopping distance of axis x from `motion` (T, 3), as the interlock `robot_distance` judges it."""
    x = program.setup.station.axes.x
    velocity, acceleration = motion[:, 1], motion[:, 2]
    jerk = STOP_JERK * x.jerk_mps3
    gains = np.maximum(np.sign(velocity) * acceleration, 0.0)
    speed = np.abs(velocity) + 0.5 * gains**2 / jerk
    way = speed * (0.5 * speed / x.acceleration_mps2 + 0.5 * x.acceleration_mps2 / jerk + gains / jerk + REACTION_S)
    return np.asarray(np.sign(velocity) * way)
