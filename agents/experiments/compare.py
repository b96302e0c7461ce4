"""Two experiments, pair by pair: difference, interval, effect, and a gate that finds a stated slowdown.

The gate decides between "no difference" and "slower by the limit". With the pairs that it asks for, both errors are at
most 5 %: n = ((z + z) s / limit)^2 pairs put z standard errors of the mean at half the limit, z = 1.645 (paired normal
test, Chow, Shao and Wang 2008, section 3.1).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.ledger import Ledger
from agents.experiments.results import results_of
from agents.experiments.tables import ENDINGS, OUTCOME, read_rows
from agents.experiments.trial import COMPLETED
from agents.statistics import mean_interval, median_interval, sign_test
from twin.errors import InputError

Z_ONE_SIDED = 1.644854
"""95 % quantile of the normal distribution."""
LEAST_PAIRS = 8
"""Fewer pairs say nothing of their spread."""
METRICS = (
    *("mechanical_time_s", "cycle_time_s", "peak_lateral_force_n", "peak_axial_force_n", "residual_sway_m"),
    *("peak_sway_m", "seat_error_m", "energy_j", "electric_energy_j", "truck_displacement_m"),
)

Levels = tuple[tuple[str, str], ...]
"""Levels by factor, as text."""
Key = tuple[Levels, int]
"""Levels and seed: what makes two trials a pair."""


@dataclass(frozen=True)
class Side:
    """Trials of one experiment: value of the metric by key; None where the swap did not complete."""

    name: str
    values: dict[Key, float | None]


@dataclass(frozen=True)
class Comparison:
    """A comparison of `b` against `a`, over the trials that both completed.

    Attributes:
        median_difference, ci95: of b - a, in the metric's unit; bootstrap.
        relative, relative_ci95: mean of (b - a) / a; bootstrap.
        effect: mean over standard deviation of the relative differences (Cohen's d of pairs);
            None if they are all alike.
        detectable: relative difference that this number of pairs finds, both errors at 5 %.
        pairs_needed: pairs that find `limit`; None without a limit.
        lost, won: pairs that only `a` completed, and only `b`.
        reasons: why it is a regression; empty if it is none.
    """

    metric: str
    a: Side
    b: Side
    a_median: float
    b_median: float
    median_difference: float
    ci95: tuple[float, float]
    relative: float
    relative_ci95: tuple[float, float]
    effect: float | None
    detectable: float
    pairs: int
    unmatched: int
    lost: int
    won: int
    limit: float | None
    pairs_needed: int | None
    reasons: tuple[str, ...]

    def as_plain(self) -> dict[str, Any]:
        """Return the command's JSON object."""
        return {
            "metric": self.metric,
            "a": {"name": self.a.name, "median": self.a_median},
            "b": {"name": self.b.name, "median": self.b_median},
            "paired": {
                "median_difference": self.median_difference,
                "ci95": list(self.ci95),
                "relative": self.relative,
                "relative_ci95": list(self.relative_ci95),
                "effect_size": self.effect,
                "detectable": self.detectable,
                "pairs": self.pairs,
                "unmatched": self.unmatched,
                "only_a_completed": self.lost,
                "only_b_completed": self.won,
            },
            "limit": self.limit,
            "pairs_needed": self.pairs_needed,
            "regression": bool(self.reasons),
            "reasons": list(self.reasons),
        }


def load_side(path: str, metric: str, key: str) -> Side:
    """Load a ledger with one experiment, or a table that `experiment run --table` wrote.

    Raises:
        InputError: the file is missing, is neither, or has no such column; `key` names the argument.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no such file", key=key, value=path)
    if file.suffix in ENDINGS:
        return _side(path, metric, key, read_rows(file, key))
    with Ledger(file, key, read_only=True) as ledger:
        return _side(path, metric, key, results_of(ledger).rows())


def _side(path: str, metric: str, key: str, rows: Iterable[Mapping[str, Any]]) -> Side:
    values: dict[Key, float | None] = {}
    known: dict[Levels, Levels] = {}
    for number, row in enumerate(rows, 1):
        if metric not in row or OUTCOME not in row or "seed" not in row:
            allowed = "a table of experiment run, with that metric"
            raise InputError("no such column", file=path, key=metric, allowed=allowed)
        names = itertools.takewhile(lambda name: name != OUTCOME, row)
        levels = tuple(sorted((name, _text(row[name])) for name in names if name not in ("setting", "seed")))
        try:
            value = float(row[metric]) if row[OUTCOME] == COMPLETED else None
            # one object for the levels of all trials of a setting
            trial = known.setdefault(levels, levels), int(row["seed"])
        except (TypeError, ValueError):
            raise InputError(f"row {number} has no number", file=path, key=metric, value=row[metric]) from None
        if trial in values:
            problem = f"row {number} is a trial that an earlier row has"
            raise InputError(problem, file=path, key="seed", value=row["seed"])
        values[trial] = value
    if not values:
        raise InputError("has no trial", key=key, value=path)
    return Side(path, values)


def _text(value: Any) -> str:
    """A level as text, the same from a table and from a ledger."""
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)


def compare(a: Side, b: Side, metric: str, limit: float | None = None, seed: int = 0) -> Comparison:
    """Compare pair by pair. `limit`: relative slowdown that the gate looks for; `seed`: of the bootstrap.

    Raises:
        InputError: fewer than `LEAST_PAIRS` pairs.
    """
    common = [key for key in a.values if key in b.values]
    pairs = [(x, y) for x, y in ((a.values[key], b.values[key]) for key in common) if x is not None and y is not None]
    lost = sum(a.values[key] is not None and b.values[key] is None for key in common)
    won = sum(a.values[key] is None and b.values[key] is not None for key in common)
    if len(pairs) < LEAST_PAIRS:
        words = f"{len(pairs)} pairs of trials with equal levels and seed that both completed"
        raise InputError(words, key="A B", value=f"{a.name} {b.name}", allowed=f"{LEAST_PAIRS} and more")
    own, other = (np.array(values) for values in zip(*pairs, strict=True))
    difference = other - own
    relative = difference / np.where(own == 0.0, 1.0, np.abs(own))
    median, interval = median_interval(difference, seed)
    mean, mean_ci = mean_interval(relative, seed)
    spread = float(np.std(relative, ddof=1))
    error = spread / math.sqrt(len(pairs))
    return Comparison(
        metric,
        a,
        b,
        float(np.median(own)),
        float(np.median(other)),
        median,
        interval,
        mean,
        mean_ci,
        mean / spread if spread > 0.0 else None,
        2.0 * Z_ONE_SIDED * error,
        len(pairs),
        len(a.values) + len(b.values) - 2 * len(common),
        lost,
        won,
        limit,
        None if limit is None else pairs_needed(spread, limit),
        tuple(_reasons(mean, error, limit, lost, won)),
    )


def pairs_needed(spread: float, limit: float) -> int:
    """Pairs with which the gate finds a mean relative difference of `limit`: both errors at most 5 %."""
    return max(LEAST_PAIRS, math.ceil((2.0 * Z_ONE_SIDED * spread / limit) ** 2))


def _reasons(mean: float, error: float, limit: float | None, lost: int, won: int) -> Sequence[str]:
    found = []
    if limit is not None and mean > 0.5 * limit and mean - Z_ONE_SIDED * error > 0.0:
        found.append(
            f"higher by {100.0 * mean:.2f} %, beyond chance; a regression counts from {50.0 * limit:g} % on, half of "
            f"the limit of {100.0 * limit:g} %"
        )
    if limit is not None and lost > won and sign_test(lost, won) < 0.05:
        found.append(f"completes less: {lost} swaps lost, {won} won")
    return found
