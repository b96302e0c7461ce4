"""Estimates with their 95 % intervals: means (Student), medians (Hettmansperger and Sheather), rates (Wilson)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from agents.statistics import wilson

Array = np.ndarray
LEVEL = 0.95
LEAST_FOR_MEDIAN = 6
"""Fewer values have no 95 % interval of the median: all of them lie on one side in 2 of 2^5 cases."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; `low` and `high` are None where `n` is too small for one, `value` where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def beyond_chance(self) -> bool:
        """True if the interval leaves 0 out."""
        return self.low is not None and self.high is not None and (self.low > 0.0 or self.high < 0.0)


NOTHING = Estimate(None, None, None, 0)


def t_quantile(n: int | Array, level: float = LEVEL) -> Array:
    """Two-sided quantile of Student's t for a mean of `n` values; infinite below two."""
    from scipy.special import stdtrit

    degrees = np.asarray(n, dtype=float) - 1.0
    return np.where(degrees >= 1.0, stdtrit(np.maximum(degrees, 1.0), 0.5 + 0.5 * level), math.inf)


def mean(values: Array, level: float = LEVEL) -> Estimate:
    """Mean of the finite values, with Student's interval."""
    good = values[np.isfinite(values)]
    n = len(good)
    if n == 0:
        return NOTHING
    centre = float(good.mean())
    if n == 1:
        return Estimate(centre, None, None, 1)
    half = float(t_quantile(n, level)) * float(good.std(ddof=1)) / math.sqrt(n)
    return Estimate(centre, centre - half, centre + half, n)


def row_means(grid: Array, level: float = LEVEL) -> tuple[Array, Array, Array]:
    """Mean of the finite values of each row, half of its interval, and their number, (k,) each.

    The mean is NaN where there is no value, the half infinite where there is one alone.
    """
    good = np.isfinite(grid)
    n = good.sum(axis=1)
    filled = np.where(good, grid, 0.0)
    centre = np.divide(filled.sum(axis=1), n, out=np.full(len(grid), math.nan), where=n > 0)
    deviation = np.where(good, grid - centre[:, None], 0.0)
    spread = np.sqrt(np.divide((deviation**2).sum(axis=1), n - 1, out=np.zeros(len(grid)), where=n > 1))
    half = np.where(n > 1, t_quantile(n, level) * np.where(n > 1, spread / np.sqrt(np.maximum(n, 1)), 1.0), math.inf)
    return centre, half, n


def estimate(centre: float, half: float, n: int) -> Estimate:
    """One row of `row_means`."""
    if n == 0:
        return NOTHING
    if not math.isfinite(half):
        return Estimate(float(centre), None, None, int(n))
    return Estimate(float(centre), float(centre - half), float(centre + half), int(n))


@lru_cache(maxsize=4096)
def _median_ranks(n: int) -> tuple[int, float]:
    """Rank d and weight of rank d + 1 of the interpolated order-statistic interval (Hettmansperger, Sheather 1986)."""
    from scipy.stats import binom

    def cover(d: int) -> float:
        return float(1.0 - 2.0 * binom.cdf(d - 1, n, 0.5))

    d = 1
    while d + 1 <= n // 2 and cover(d + 1) >= LEVEL:
        d += 1
    more, less = cover(d), cover(d + 1)
    share = (more - LEVEL) / (more - less)
    return d, (n - d) * share / (d + (n - 2 * d) * share)


def median(values: Array) -> Estimate:
    """Median of the finite values, with its distribution-free interval."""
    good = np.sort(values[np.isfinite(values)])
    n = len(good)
    if n == 0:
        return NOTHING
    if n < LEAST_FOR_MEDIAN:
        return Estimate(float(np.median(good)), None, None, n)
    d, weight = _median_ranks(n)
    low = (1.0 - weight) * good[d - 1] + weight * good[d]
    high = (1.0 - weight) * good[n - d] + weight * good[n - d - 1]
    return Estimate(float(np.median(good)), float(low), float(high), n)


def rate(successes: int, n: int) -> Estimate:
    """A rate with its Wilson interval."""
    if n == 0:
        return NOTHING
    low, high = wilson(successes, n)
    return Estimate(successes / n, low, high, n)
