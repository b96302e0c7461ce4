"""Compares a log with the twin: the same moves made by the twin, the sway of its load along them, and the residuals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.catalogue import TimingSet
from twin.errors import InputError
from twin.log_import.comparing.moves import OwnMove, moves_of, own_move, rope_at
from twin.log_import.comparing.residuals import (
    AFTER_MOVE_S,
    AS_MOVED_RAD,
    FOLLOWING_S,
    LAG_S,
    LOAD_SHARE,
    REST_M,
    REST_RAD,
    ROPE_SHARE,
    SWAY_MOVING_RAD,
    SWAY_REST_RAD,
    Divergence,
    Residual,
    divergence_of,
    moving,
)
from twin.log_import.estimate import begin, swing
from twin.log_import.story import Phase
from twin.log_import.stretch import ESTIMATE, MEASURED, Completer
from twin.records import AXES, FLOATING_TABLE, FOUR_ROPE, YAW, X, Y, Z
from twin.setup.setup import SwapSetup

MAX_SAMPLES = 400_000
"""Two hours at 50 Hz: the whole comparison is held in memory."""


@dataclass
class Gathered:
    """A whole stretch of a log as in the recording: `columns` by channel name (K,), axes (K, R, 4) and so on."""

    times_ns: np.ndarray
    t_s: np.ndarray
    columns: dict[str, np.ndarray]
    axes: np.ndarray
    held: np.ndarray
    loose: np.ndarray
    aside: np.ndarray
    measured: set[str]


def gather(completer: Completer, blocks: Iterable[tuple[np.ndarray, np.ndarray]], start_ns: int) -> Gathered:
    """Complete all blocks (times, values) of a log.

    Raises:
        InputError: a log too long to be compared.
    """
    total = 0
    parts: list[list[np.ndarray]] = []
    for times, values in blocks:
        total += len(times)
        if total > MAX_SAMPLES:
            allowed = f"up to {MAX_SAMPLES} samples: choose a stretch with --start and --end"
            raise InputError("the log is too long to be compared as a whole", key="--compare", allowed=allowed)
        _, channels, sensors = completer.complete(times, values)
        of_setup = (completer.axes, completer.held, completer.loose, completer.aside)
        parts.append([times, np.concatenate((channels, sensors), axis=1), *(array.copy() for array in of_setup)])
    times_ns, table, axes, held, loose, aside = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    channels_of = (*completer.channels, *completer.sensors)
    columns = dict(zip((c.name for c in channels_of), table.T.copy(), strict=True))
    measured = {c.name for c in channels_of if c.provenance == MEASURED}
    return Gathered(times_ns, (times_ns - start_ns) * 1e-9, columns, axes, held, loose, aside, measured)


@dataclass
class Beside:
    """Result of the comparison; times in seconds of the recording."""

    t_s: np.ndarray
    times_ns: np.ndarray
    residuals: list[Residual]
    divergences: list[Divergence]
    moves: list[OwnMove]
    phases: list[tuple[str, float, float]]


def compare(
    g: Gathered, completer: Completer, timing: TimingSet, phases: Sequence[Phase], start_ns: int, hz: float
) -> Beside:
    """Compare a gathered log with the twin."""
    setup, dt_s = completer.setup, 1.0 / hz
    spans = [(p.name, (p.start_ns - start_ns) * 1e-9, (p.end_ns - start_ns) * 1e-9) for p in phases]
    residuals: list[Residual] = []
    own_moves: list[OwnMove] = []
    for r in range(setup.station.robots.count):
        own, moves = _own_axes(g, setup, timing, spans, r, dt_s)
        own_moves += moves
        residuals += _axes(g, own, r, hz)
        residuals += _load_and_force(g, completer, r)
        if int(setup.params[0]["reeving"]) != FLOATING_TABLE:
            residuals += _sway(g, completer, own, r, dt_s)
            residuals += _rope(g, moves, r)
    found = [part for part in (divergence_of(r, g.t_s, spans) for r in residuals) if part is not None]
    found.sort(key=lambda part: part.t_s)
    return Beside(g.t_s, g.times_ns, residuals, found, own_moves, spans)


def _own_axes(
    g: Gathered, setup: SwapSetup, timing: TimingSet, spans: list[tuple[str, float, float]], robot: int, dt_s: float
) -> tuple[np.ndarray, list[OwnMove]]:
    """(K, 4) positions of a robot's axes in the twin's own moves, and those moves.

    Own moves are those of x and y with a hanging load, which anti-sway shapes; z and yaw are as logged.
    """
    p = setup.params[0]
    own = g.axes[:, robot].copy()
    made: list[OwnMove] = []
    if int(p["reeving"]) != FOUR_ROPE:
        return own, made
    rope = float(p["sheave_height_m"]) - g.axes[:, robot, Z]
    shaper_rope_m = g.columns.get(f"robot{robot}/shaper_rope_length_m")
    for axis in (X, Y):
        reference = g.columns.get(f"robot{robot}/{AXES[axis]}/reference_m")
        source = g.axes[:, robot, axis]
        if reference is not None and not np.isnan(reference).all():
            source = np.where(np.isnan(reference), source, reference)
        for move in moves_of(g.t_s, source, robot, axis, dt_s):
            middle = 0.5 * (move.start_s + move.end_s)
            phase = next((name for name, start, end in reversed(spans) if start <= middle < end), "")
            k = min(int(np.searchsorted(g.t_s, middle)), len(g.t_s) - 1)
            logged_m = None if shaper_rope_m is None or np.isnan(shaper_rope_m[k]) else float(shaper_rope_m[k])
            kind = timing.of(phase).shaper
            mine = own_move(setup, move, g.t_s, source, kind, rope_at(rope, g.t_s, move), logged_m)
            made.append(mine)
            first = int(np.searchsorted(g.t_s, min(mine.start_s, move.start_s)))
            last = int(np.searchsorted(g.t_s, max(mine.end_s, move.end_s)))
            for j in range(first, min(last + 1, len(g.t_s))):
                own[j, axis] = mine.at(float(g.t_s[j]))
    return own, made


def _axes(g: Gathered, own: np.ndarray, robot: int, hz: float) -> list[Residual]:
    found = []
    after = int(AFTER_MOVE_S * hz)
    for axis, name in enumerate(AXES):
        unit = "rad" if axis == YAW else "m"
        channel = f"robot{robot}/{name}/position_{unit}"
        if channel not in g.measured:
            continue
        log, rest = g.columns[channel], REST_RAD if axis == YAW else REST_M
        speed = np.abs(np.gradient(g.axes[:, robot, axis], g.t_s))
        if (own[:, axis] != g.axes[:, robot, axis]).any():
            both = np.maximum(speed, np.abs(np.gradient(own[:, axis], g.t_s)))
            band = rest + LAG_S * _recent(both, after).max(axis=1)
            words = "where the axis is; the twin makes the same moves, its anti-sway given the true rope length"
            found.append(Residual(channel, "own moves", unit, log, own[:, axis], band, words))
        reference = f"robot{robot}/{name}/reference_{unit}"
        if reference in g.measured:
            band = rest + FOLLOWING_S * _recent(speed, after).max(axis=1)
            words = "where the axis is against its own setpoint: a brake that slips, a drive that lets go or lags"
            found.append(Residual(channel, "setpoint", unit, log, g.columns[reference], band, words))
    return found


def _recent(values: np.ndarray, after: int) -> np.ndarray:
    """(K, after + 1) each value with the values before it."""
    padded = np.concatenate((np.zeros(after), np.nan_to_num(values)))
    return np.lib.stride_tricks.sliding_window_view(padded, after + 1)


def _free(g: Gathered, completer: Completer, robot: int) -> np.ndarray:
    """Mask (K,) of samples at which a robot's load certainly hangs free: clear of the guides of every seat."""
    p = completer.setup.params[0]
    over = completer.height_over_seats(g.axes[:, robot])
    return np.asarray((g.loose[:, robot] == 1) & (over > float(p["guide_length_m"])))


def _load_and_force(g: Gathered, completer: Completer, robot: int) -> list[Residual]:
    setup, found = completer.setup, []
    p = setup.params[0]
    name = f"robot{robot}/load_cell_n"
    if name in g.measured:
        twin = np.where(_free(g, completer, robot), completer.hung_n(g.held, robot), np.nan)
        band = np.full(len(twin), LOAD_SHARE * float(p["rated_load_kg"] * p["gravity_mps2"]))
        words = "what hangs free: end effector, and the pack as it was weighed"
        found.append(Residual(name, "own moves", "n", g.columns[name], twin, band, words))
    sides = [f"robot{robot}/lateral_{a}_n" for a in "xy"]
    if all(side in g.measured for side in sides):
        log = np.hypot(g.columns[sides[0]], g.columns[sides[1]])
        words = "sideways force; in the twin the guides take the pack in with less than the station's warning limit"
        band = np.full(len(log), float(p["lateral_warn_n"]))
        zero = np.zeros(len(log))
        found.append(Residual(f"robot{robot}/lateral_n", "own moves", "n", log, zero, band, words, hold_s=0.0))
    return found


def _sway(g: Gathered, completer: Completer, own: np.ndarray, robot: int, dt_s: float) -> list[Residual]:
    p = completer.setup.params[0]
    rope = np.maximum(float(p["sheave_height_m"]) - g.axes[:, robot, Z], 0.05)
    out = np.zeros((len(own), 2))
    motion = np.column_stack((own[:, X], own[:, Y], np.maximum(float(p["sheave_height_m"]) - own[:, Z], 0.05)))
    omega, zeta = completer.mode(g.held, robot)
    loose = np.ascontiguousarray(g.loose[:, robot])
    aside = np.ascontiguousarray(g.aside[:, robot])
    swing(dt_s, motion, loose, aside, omega, zeta, float(p["gravity_mps2"]), begin(1)[0], out)
    free = _free(g, completer, robot) & (g.held[:, robot] >= 0)
    speed = np.hypot(np.gradient(own[:, X], g.t_s), np.gradient(own[:, Y], g.t_s))
    log_speed = np.hypot(np.gradient(g.axes[:, robot, X], g.t_s), np.gradient(g.axes[:, robot, Y], g.t_s))
    going = moving(np.maximum(speed, log_speed), 0.02, int(AFTER_MOVE_S / dt_s))
    found = []
    for k, a in enumerate("xy"):
        channel = f"robot{robot}/sway_{a}_m"
        log = np.where(free, np.arcsin(np.clip(g.columns[channel] / rope, -1.0, 1.0)), np.nan)
        twin = np.where(free, np.arcsin(np.clip(out[:, k] / rope, -1.0, 1.0)), np.nan)
        band = np.where(going, SWAY_MOVING_RAD, SWAY_REST_RAD)
        measured = channel in g.measured
        source = "" if measured else " (of the log: estimated along its motion)"
        words = f"rope angle with a pack; the twin makes the same moves, its anti-sway given the true rope{source}"
        found.append(Residual(f"robot{robot}/sway_{a}_rad", "own moves", "rad", log, twin, band, words))
        if measured:
            along = np.clip(g.columns[f"{ESTIMATE}{channel}"] / rope, -1.0, 1.0)
            words = "rope angle with a pack; the twin's along the logged motion: rope or sensor differ from the stated"
            estimate = np.where(free, np.arcsin(along), np.nan)
            band = np.full(len(log), AS_MOVED_RAD)
            found.append(Residual(f"robot{robot}/sway_{a}_rad", "as moved", "rad", log, estimate, band, words))
    return found


def _rope(g: Gathered, moves: Sequence[OwnMove], robot: int) -> list[Residual]:
    name = f"robot{robot}/shaper_rope_length_m"
    if name not in g.measured:
        return []
    twin = np.full(len(g.t_s), np.nan)
    for own in moves:
        if own.move.robot == robot:
            inside = (g.t_s >= own.move.start_s) & (g.t_s <= own.move.end_s) & (g.held[:, robot] >= 0)
            twin[inside] = own.rope_m
    words = "rope length used by the anti-sway in moves with a pack; the twin's: the true one at the move's end"
    return [Residual(name, "own moves", "m", g.columns[name], twin, ROPE_SHARE * twin, words)]
