"""The lines of an agreement table: what is compared, between which swaps, and whether it is as near as it has to be.

A difference is the reduced-order plant's figure less the reference's, a ratio the one over the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.statistics import rank_correlation, rank_correlation_interval, wilson
from agents.swap_rows import SwapRow
from twin.catalogue.schema import PHASES
from twin.sequence.program import OUTSIDE_MODEL

Array = np.ndarray
Pair = tuple[SwapRow, SwapRow]
"""One seed on the reference plant and on the reduced-order plant."""

PHASE_MEDIAN, PHASE_WORST, PHASE_S = 0.01, 0.03, 0.05
"""A phase's duration: relative difference in the median and at worst; a difference in s that is always near enough."""
PEAK_SWAY, RESIDUAL_SWAY, RESIDUAL_SWAY_RAD = 0.05, 0.10, math.radians(0.03)
OUTCOME_RATE, FIRST_ATTEMPT_RATE, LATERAL_RANK = 0.98, 0.95, 0.9
ROUNDING_S = 1e-6
"""Durations are kept in whole milliseconds: 0.050 s less this is still 0.050 s."""
FIXED_PHASES = ("dock", "identify", "verify", "exit")
"""Phases whose times stand in the station file, whatever the plant."""
MIN_RANKED = 4
"""Pairs that a rank correlation is told of at the least."""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        name: what is compared.
        n: pairs of swaps that the figure is of.
        figure: as a person reads it.
        short: the same where there is little room.
        target: in words; None where there is none.
        met: None where there is no target, or nothing to judge.
        values: the same in SI units, and the seeds worth a look.
    """

    name: str
    n: int
    figure: str
    short: str
    target: str | None
    met: bool | None
    values: dict[str, Any]

    @property
    def failed(self) -> bool:
        """Not met, or not to be judged for want of swaps."""
        return self.target is not None and not self.met

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "n": self.n, "target": self.target, "met": self.met, **self.values}


def percent(share: float, digits: int = 0, sign: str = "") -> str:
    """`97.5 %`"""
    return f"{100.0 * share:{sign}.{digits}f} %"


def inside_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Those whose swap did not leave the reduced-order model's domain: the others are neither alike nor different."""
    return [pair for pair in pairs if pair[1].outcome != OUTSIDE_MODEL]


def completed_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Those whose swaps were completed on both plants."""
    return [pair for pair in pairs if pair[0].completed and pair[1].completed]


def equal_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Those completed with as many insertions of each pack on both plants: only their phases are of the same work."""
    return [pair for pair in completed_pairs(pairs) if pair[0].insert_attempts == pair[1].insert_attempts]


def all_lines(pairs: Sequence[Pair], kind: str, seed: int) -> tuple[list[Line], list[Line]]:
    """(a line a phase, the other lines); `seed` is that of the bootstrap."""
    done = completed_pairs(pairs)
    inside = inside_pairs(pairs)
    others = [
        outcome_line(inside),
        first_attempt_line(inside),
        near_line("peak sway", "peak_sway_rad", done, PEAK_SWAY),
        near_line("residual sway at hand-over", "residual_sway_rad", done, RESIDUAL_SWAY, RESIDUAL_SWAY_RAD),
        rank_line("peak lateral force", "peak_lateral_force_n", done, seed, LATERAL_RANK),
        rank_line("peak axial force", "peak_axial_force_n", done, seed),
        time_line(done),
    ]
    return list(phase_lines(pairs, kind)), others


# ------------------------------------------------------------------------------------------------------------ durations


def phase_lines(pairs: Sequence[Pair], kind: str) -> Iterator[Line]:
    """A line for each phase that depends on the plant, summed over packs."""
    target = f"median {percent(PHASE_MEDIAN)}, worst {percent(PHASE_WORST)}, or {1e3 * PHASE_S:.0f} ms"
    done, judged = completed_pairs(pairs), equal_pairs(pairs)
    for name in PHASES[kind]:
        if name in FIXED_PHASES:
            continue
        if not judged:
            yield Line(name, 0, "-", "-", target, None, {"all": _spread(done, _phase(name))})
            continue
        told = _spread(judged, _phase(name))
        median = _near(told["median_difference_s"], told["median_difference"], PHASE_MEDIAN)
        reference, difference, relative = _durations(judged, _phase(name))
        worst = all(_near(s, share, PHASE_WORST) for s, share in zip(difference, relative, strict=True))
        values = {"reference_median_s": float(np.median(reference)), **told, "all": _spread(done, _phase(name))}
        short = f"{percent(told['worst_difference'], 1, '+')} at worst"
        yield Line(name, len(judged), _told(told, 3, 1), short, target, median and worst, values)


def time_line(done: Sequence[Pair]) -> Line:
    """Mechanical time."""
    if not done:
        return Line("mechanical time", 0, "-", "-", None, None, {})
    told = _spread(done, lambda row: row.mechanical_time_s)
    short = f"{told['median_difference_s']:+.2f} s in the median"
    return Line("mechanical time", len(done), _told(told, 2, 2), short, None, None, told)


def _told(spread: dict[str, Any], digits: int, percent_digits: int) -> str:
    parts = [
        f"{which} {spread[f'{which}_difference_s']:+.{digits}f} s "
        f"({percent(spread[f'{which}_difference'], percent_digits, '+')})"
        for which in ("median", "worst")
    ]
    return f"{', '.join(parts)}, seed {spread['worst_seed']}"


def _phase(name: str) -> Callable[[SwapRow], float]:
    return lambda row: row.phases_s.get(name, 0.0)


def _near(difference_s: float, relative: float, limit: float) -> bool:
    return abs(relative) <= limit or abs(difference_s) <= PHASE_S + ROUNDING_S


def _durations(pairs: Sequence[Pair], of: Callable[[SwapRow], float]) -> tuple[Array, Array, Array]:
    """Reference durations in s, differences in s and relative to them."""
    reference = np.array([of(a) for a, _ in pairs])
    difference = np.array([of(b) for _, b in pairs]) - reference
    return reference, difference, _relative(difference, reference)


def _relative(difference: Array, reference: Array) -> Array:
    """Differences over what they differ from; all of it, 1, where only one plant has any."""
    one_sided = np.sign(difference)
    return np.divide(difference, reference, out=one_sided, where=reference > 0.0)


def _spread(pairs: Sequence[Pair], of: Callable[[SwapRow], float]) -> dict[str, Any]:
    """Median and worst difference of durations; the worst is the one that is farthest beyond what is near enough."""
    if not pairs:
        return {"n": 0}
    _, difference, relative = _durations(pairs, of)
    k = int(np.argmax(np.minimum(np.abs(difference) / PHASE_S, np.abs(relative) / PHASE_WORST)))
    return {
        "n": len(pairs),
        "median_difference_s": float(np.median(difference)),
        "median_difference": float(np.median(relative)),
        "worst_difference_s": float(difference[k]),
        "worst_difference": float(relative[k]),
        "worst_seed": pairs[k][0].seed,
    }


# ----------------------------------------------------------------------------------------------------- sway and forces


def near_line(name: str, kpi: str, done: Sequence[Pair], limit: float, limit_rad: float | None = None) -> Line:
    """An angle that has to be near in each seed: within a share of the reference's, or within `limit_rad`."""
    or_rad = f" or {math.degrees(limit_rad):.2f} deg" if limit_rad is not None else ""
    target = f"each within {percent(limit)}{or_rad}"
    if not done:
        return Line(name, 0, "-", "-", target, None, {})
    reference, reduced = _kpi(done, kpi)
    relative = _relative(reduced - reference, reference)
    excess = np.abs(relative) / limit
    if limit_rad is not None:
        excess = np.minimum(excess, np.abs(reduced - reference) / limit_rad)
    within, k = int((excess <= 1.0).sum()), int(np.argmax(excess))
    low, high = wilson(within, len(done))
    values = {
        "median_ratio": float(np.median(relative)) + 1.0,
        "within": within,
        "within_rate": within / len(done),
        "within_ci95": [low, high],
        "worst_reference_rad": float(reference[k]),
        "worst_rad": float(reduced[k]),
        "worst_seed": done[k][0].seed,
    }
    worst = f"{math.degrees(reduced[k]):.3f} for {math.degrees(reference[k]):.3f} deg, seed {done[k][0].seed}"
    figure = f"median ratio {values['median_ratio']:.3f}, {within} of {len(done)} within; worst {worst}"
    return Line(name, len(done), figure, f"{within} of {len(done)}", target, within == len(done), values)


def rank_line(name: str, kpi: str, done: Sequence[Pair], seed: int, least: float | None = None) -> Line:
    """A force: whether seeds that are hard on the one plant are hard on the other, and how large it is."""
    target = None if least is None else f"rank correlation at least {least:g}"
    if len(done) < MIN_RANKED:
        return Line(name, len(done), "-", "-", target, None, {})
    reference, reduced = _kpi(done, kpi)
    rho = rank_correlation(reference, reduced)
    low, high = rank_correlation_interval(reference, reduced, seed)
    ratio = float(np.median(_relative(reduced - reference, reference))) + 1.0
    values = {
        "rank_correlation": rho,
        "rank_correlation_ci95": [low, high],
        "median_ratio": ratio,
        "reference_median_n": float(np.median(reference)),
        "median_n": float(np.median(reduced)),
    }
    figure = f"rank correlation {rho:.2f} ({low:.2f} to {high:.2f}), median ratio {ratio:.2f}"
    return Line(name, len(done), figure, f"{rho:.2f}", target, None if least is None else rho >= least, values)


def _kpi(pairs: Sequence[Pair], kpi: str) -> tuple[Array, Array]:
    return np.array([a.kpis[kpi] for a, _ in pairs]), np.array([b.kpis[kpi] for _, b in pairs])


# ------------------------------------------------------------------------------------------------------------- outcomes


def outcome_line(pairs: Sequence[Pair]) -> Line:
    """Whether swaps end alike."""
    different = [(a.seed, a.outcome, b.outcome) for a, b in pairs if a.outcome != b.outcome]
    told = [{"seed": seed, "reference": was, "reduced": now} for seed, was, now in different]
    return _rate_line("same outcome", len(pairs), told, OUTCOME_RATE)


def first_attempt_line(pairs: Sequence[Pair]) -> Line:
    """Whether all packs were seated at the first attempt on both plants, or on neither."""
    tried = [(a, b) for a, b in pairs if a.tried or b.tried]
    told = [
        {"seed": a.seed, "reference": list(a.insert_attempts), "reduced": list(b.insert_attempts)}
        for a, b in tried
        if a.first_attempt != b.first_attempt
    ]
    return _rate_line("same first-attempt seating", len(tried), told, FIRST_ATTEMPT_RATE)


def _rate_line(name: str, n: int, different: list[dict[str, Any]], least: float) -> Line:
    target = f"at least {percent(least)}"
    if not n:
        return Line(name, 0, "-", "-", target, None, {"different": []})
    same = n - len(different)
    low, high = wilson(same, n)
    figure = f"{same} of {n}, {percent(same / n, 1)} ({100 * low:.1f} to {percent(high, 1)})"
    values = {"same": same, "rate": same / n, "ci95": [low, high], "different": different}
    return Line(name, n, figure, f"{same} of {n}", target, same / n >= least, values)
