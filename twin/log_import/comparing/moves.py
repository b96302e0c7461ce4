"""Finds the moves of a log's axes and computes the same moves as the twin makes them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from twin.motion.profile import new_profile, plan_rest_to_rest
from twin.motion.shaper import KINDS, evaluate_shaped, impulses, shaped_duration_s
from twin.records import AXES
from twin.records.codes import MAX_IMPULSES
from twin.setup.setup import SwapSetup

STILL = np.array([0.003, 0.003, 0.003, 0.0005])
"""An axis slower than this, m/s and rad/s, stands still: encoder noise differentiated over `SMOOTH_S` stays below
it."""
SMOOTH_S = 0.1
PAUSE_S = 0.3
"""Shorter stops are part of a move."""
LEAST = np.array([0.004, 0.004, 0.004, 0.0008])
"""Shorter distances, m and rad, are no moves but position-loop ripple."""
FIT_POINTS = 80
"""This many samples of a move are enough to identify it."""


@dataclass(frozen=True)
class Move:
    """Motion of an axis between two standstills; seconds of the recording, m or rad. `peak` is its highest speed."""

    robot: int
    axis: int
    start_s: float
    end_s: float
    begin: float
    target: float
    peak: float

    @property
    def name(self) -> str:
        return f"robot{self.robot}/{AXES[self.axis]}"


def moves_of(t_s: np.ndarray, position: np.ndarray, robot: int, axis: int, dt_s: float) -> list[Move]:
    """Moves in an axis' positions (K,) at times (K,), which are `dt_s` apart except for gaps; NaN is no motion."""
    if len(t_s) < 3:
        return []
    span = max(int(round(SMOOTH_S / dt_s)), 1)
    speed = np.zeros(len(t_s))
    ahead = position[2 * span :] - position[: -2 * span]
    speed[span:-span] = ahead / (t_s[2 * span :] - t_s[: -2 * span]) if len(ahead) else 0.0
    going = np.abs(np.nan_to_num(speed)) > STILL[axis]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], going.astype(int), [0]))))
    runs = [[int(a), int(b) - 1] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    joined: list[list[int]] = []
    for run in runs:
        if joined and t_s[run[0]] - t_s[joined[-1][1]] < PAUSE_S:
            joined[-1][1] = run[1]
        else:
            joined.append(run)
    found = []
    for a, b in joined:
        first, last = max(a - span, 0), min(b + span, len(t_s) - 1)
        begin, target = _rest(position, first, -1, span), _rest(position, last, 1, span)
        if abs(target - begin) < LEAST[axis]:
            continue
        # the difference over 2 span samples sees a motion up to one span before it begins
        start_s, end_s = float(t_s[min(a + span // 2, b)]), float(t_s[max(b - span // 2, a)])
        found.append(Move(robot, axis, start_s, end_s, begin, target, float(np.abs(speed[a : b + 1]).max())))
    return found


def _rest(position: np.ndarray, at: int, way: int, span: int) -> float:
    """Rest position of an axis before (way -1) or after (1) a sample."""
    near = position[max(at - 2 * span, 0) : at + 1] if way < 0 else position[at : at + 2 * span + 1]
    near = near[~np.isnan(near)]
    return float(np.median(near)) if len(near) else float(position[at])


@dataclass(frozen=True)
class OwnMove:
    """A move as the twin makes it: a shaped profile that begins at `start_s`.

    `shaper` is the identified anti-sway of the logged move and `fit_m` the rms error of its profile; `shaper_rope_m` is
    the identified rope length, `rope_m` the true one, which the twin uses.
    """

    move: Move
    start_s: float
    profile: np.ndarray
    amplitudes: np.ndarray
    times_s: np.ndarray
    impulses: int
    rope_m: float
    shaper_rope_m: float
    shaper: str
    fit_m: float

    @property
    def end_s(self) -> float:
        return self.start_s + float(shaped_duration_s(self.profile, self.times_s, self.impulses))

    def at(self, t_s: float) -> float:
        """Position at a time of the recording."""
        after_s = t_s - self.start_s
        return float(evaluate_shaped(self.profile, self.amplitudes, self.times_s, self.impulses, after_s)[0])


def own_move(
    setup: SwapSetup,
    move: Move,
    t_s: np.ndarray,
    logged: np.ndarray,
    shaper: str,
    rope_m: float,
    shaper_rope_m: float | None,
) -> OwnMove:
    """The logged move as the twin would make it: the same profile, with an anti-sway that has the true rope length.

    First the station's move is identified: speed, acceleration, jerk, start and kind of shaper of the shaped profile
    that fits the logged positions best, with the rope length of the station's shaper (`shaper_rope_m`). Then only that
    length is replaced by the true one, `rope_m`. If the log does not have the shaper's rope length, the twin's own
    kind, `shaper`, is used for both.

    Args:
        t_s, logged: (K,) times and positions around the move.
    """
    kinds = [shaper] if shaper_rope_m is None else list(KINDS)
    logged_m = rope_m if shaper_rope_m is None else shaper_rope_m
    fits = [_fitted(setup, move, t_s, logged, kind, logged_m) for kind in kinds]
    best = min(fits, key=lambda fit: fit.fit_m)
    amplitudes, times_s, n = _shaper(setup, best.shaper, rope_m)
    return OwnMove(move, best.start_s, best.profile, amplitudes, times_s, n, rope_m, logged_m, best.shaper, best.fit_m)


def _shaper(setup: SwapSetup, kind: str, rope_m: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Amplitudes, times and number of the shaper's impulses for a rope length."""
    p = setup.params[0]
    amplitudes, times_s = np.zeros(MAX_IMPULSES), np.zeros(MAX_IMPULSES)
    hz = math.sqrt(float(p["gravity_mps2"]) / max(rope_m, 0.1)) / (2.0 * math.pi)
    n = int(impulses(KINDS[kind], hz, float(p["sway_zeta"]), amplitudes, times_s))
    return amplitudes, times_s, n


def _fitted(setup: SwapSetup, move: Move, t_s: np.ndarray, logged: np.ndarray, kind: str, rope_m: float) -> OwnMove:
    """The shaped profile that fits the logged positions best."""
    p = setup.params[0]
    amplitudes, times_s, n = _shaper(setup, kind, rope_m)
    around = (t_s >= move.start_s - 0.5) & (t_s <= move.end_s + 0.5) & ~np.isnan(logged)
    step = max(int(around.sum()) // FIT_POINTS, 1)
    at, positions = t_s[around][::step], logged[around][::step]
    speed, limit = float(p["axis_velocity"][move.axis]), float(p["axis_acceleration_empty"][move.axis])
    profile = new_profile()

    def planned(x: np.ndarray) -> None:
        v, a = math.exp(x[1]), math.exp(x[2])
        plan_rest_to_rest(profile, move.begin, move.target, v, a, a * math.exp(x[3]))

    def missed(x: np.ndarray) -> np.ndarray:
        planned(x)
        begun = move.start_s + x[0]
        return np.array([evaluate_shaped(profile, amplitudes, times_s, n, t - begun)[0] for t in at]) - positions

    low = [-0.5, math.log(0.5 * max(move.peak, 1e-3)), math.log(0.05 * limit), math.log(0.5)]
    high = [0.5, math.log(max(1.2 * speed, 2.0 * move.peak)), math.log(4.0 * limit), math.log(50.0)]
    first = np.clip([0.0, math.log(max(move.peak, 1e-3)), math.log(limit), math.log(2.0)], low, high)
    found = least_squares(missed, first, bounds=(low, high), x_scale=[0.1, 0.3, 0.3, 1.0], diff_step=1e-3, max_nfev=60)
    planned(found.x)
    rms = float(np.sqrt(np.mean(found.fun**2))) if len(found.fun) else math.inf
    return OwnMove(
        move, move.start_s + float(found.x[0]), profile.copy(), amplitudes, times_s, n, rope_m, rope_m, kind, rms
    )  # fmt: skip


def rope_at(rope_m: np.ndarray, t_s: np.ndarray, move: Move) -> float:
    """Rope length at the end of a move, which a well-commissioned anti-sway uses."""
    k = min(int(np.searchsorted(t_s, move.end_s)), len(t_s) - 1)
    return float(rope_m[k])
