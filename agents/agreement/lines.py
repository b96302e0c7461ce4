"""Lines of an agreement table: the quantity compared, the swaps it is compared over, and whether the target is met.

A difference is the reduced-order plant's figure less the reference's; a ratio divides the former by the latter.
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
"""Limits of a phase's duration: relative difference, median and worst; a difference in s that is always accepted."""
PEAK_SWAY, RESIDUAL_SWAY, RESIDUAL_SWAY_RAD = 0.05, 0.10, math.radians(0.03)
OUTCOME_RATE, FIRST_ATTEMPT_RATE, LATERAL_RANK = 0.98, 0.95, 0.9
ROUNDING_S = 1e-6
"""Rounding margin: durations are kept in whole milliseconds."""
FIXED_PHASES = ("dock", "identify", "verify", "exit")
"""Phases with fixed times in the station file."""
MIN_RANKED = 4
"""Minimum number of pairs for a rank correlation."""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        name: what is compared.
        n: number of pairs of swaps behind the figure.
        figure: for a person.
        short: the same in brief.
        target: in words, or None.
        met: None without a target or without data to judge.
        values: the same in SI units, and notable seeds.
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
        """True if the target is not met, or cannot be judged for lack of swaps."""
        return self.target is not None and not self.met

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "n": self.n, "target": self.target, "met": self.met, **self.values}


def percent(share: float, digits: int = 0, sign: str = "") -> str:
    """`97.5 %`"""
    return f"{100.0 * share:{sign}.{digits}f} %"


def inside_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs that stayed within the reduced-order model's domain; the others count neither as equal nor as different."""
    return [pair for pair in pairs if pair[1].outcome != OUTSIDE_MODEL]


def completed_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs completed on both plants."""
    return [pair for pair in pairs if pair[0].completed and pair[1].completed]


def equal_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs completed with as many insertions of each pack on both plants: only their phases do the same work."""
    return [pair for pair in completed_pairs(pairs) if pair[0].insert_attempts == pair[1].insert_attempts]


def all_lines(pairs: Sequence[Pair], kind: str, seed: int) -> tuple[list[Line], list[Line]]:
    """Return (one line per phase, the other lines); `seed` is the bootstrap's."""
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
    """Return a line for each phase that depends on the plant, summed over packs."""
    target = f"median {percent(PHASE_MEDIAN)}, worst {percent(PHASE_WORST)}, or {1e3 * PHASE_S:.0f} ms"
    done, judged = completed_pairs(pairs), equal_pairs(pairs)
    for name in PHASES[kind]:
        if name in FIXED_PHASES:
            continue
        if not judged:
            yield Line(name, 0, "-", "-", target, None, {"all": _spread(done, _phase(name))})
            continue
        spread = _spread(judged, _phase(name))
        median = _near(spread["median_difference_s"], spread["median_difference"], PHASE_MEDIAN)
        reference, difference, relative = _durations(judged, _phase(name))
        worst = all(_near(s, share, PHASE_WORST) for s, share in zip(difference, relative, strict=True))
        values = {"reference_median_s": float(np.median(reference)), **spread, "all": _spread(done, _phase(name))}
        short = f"{percent(spread['worst_difference'], 1, '+')} at worst"
        yield Line(name, len(judged), _spread_text(spread, 3, 1), short, target, median and worst, values)


def time_line(done: Sequence[Pair]) -> Line:
    """Compare mechanical times."""
    if not done:
        return Line("mechanical time", 0, "-", "-", None, None, {})
    spread = _spread(done, lambda row: row.mechanical_time_s)
    spread["reference_median_s"] = float(np.median([row.mechanical_time_s for row, _ in done]))
    short = f"{spread['median_difference_s']:+.2f} s in the median"
    words = f"{spread['reference_median_s']:.2f} s on the reference; {_spread_text(spread, 2, 2)}"
    return Line("mechanical time", len(done), words, short, None, None, spread)


def _spread_text(spread: dict[str, Any], digits: int, percent_digits: int) -> str:
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
    """Return reference durations in s, and differences in s and relative to them."""
    reference = np.array([of(a) for a, _ in pairs])
    difference = np.array([of(b) for _, b in pairs]) - reference
    return reference, difference, _relative(difference, reference)


def _relative(difference: Array, reference: Array) -> Array:
    """Return differences relative to their base; 1 where only one plant has a value."""
    one_sided = np.sign(difference)
    return np.divide(difference, reference, out=one_sided, where=reference > 0.0)


def _spread(pairs: Sequence[Pair], of: Callable[[SwapRow], float]) -> dict[str, Any]:
    """Return median and worst difference of durations; the worst is the one farthest beyond the accepted difference."""
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
    """Compare an angle that must agree in each seed: within a share of the reference's, or within `limit_rad`."""
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
    """Compare a force by its rank correlation over seeds, and by its ratio."""
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
    """Compare the outcomes of swaps."""
    different = [(a.seed, a.outcome, b.outcome) for a, b in pairs if a.outcome != b.outcome]
    differing = [{"seed": seed, "reference": was, "reduced": now} for seed, was, now in different]
    return _rate_line("same outcome", len(pairs), differing, OUTCOME_RATE)


def first_attempt_line(pairs: Sequence[Pair]) -> Line:
    """Compare whether all packs were seated at the first attempt."""
    tried = [(a, b) for a, b in pairs if a.tried or b.tried]
    differing = [
        {"seed": a.seed, "reference": list(a.insert_attempts), "reduced": list(b.insert_attempts)}
        for a, b in tried
        if a.first_attempt != b.first_attempt
    ]
    return _rate_line("same first-attempt seating", len(tried), differing, FIRST_ATTEMPT_RATE)


def _rate_line(name: str, n: int, different: list[dict[str, Any]], least: float) -> Line:
    target = f"at least {percent(least)}"
    if not n:
        return Line(name, 0, "-", "-", target, None, {"different": []})
    same = n - len(different)
    low, high = wilson(same, n)
    figure = f"{same} of {n}, {percent(same / n, 1)} ({100 * low:.1f} to {percent(high, 1)})"
    values = {"same": same, "rate": same / n, "ci95": [low, high], "different": different}
    return Line(name, n, figure, f"{same} of {n}", target, same / n >= least, values)
