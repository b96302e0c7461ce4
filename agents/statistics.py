"""Confidence intervals of rates (Wilson) and of paired differences (bootstrap)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from twin import seeding

Array = np.ndarray
Z_95 = 1.959964
"""97.5 % quantile of the normal distribution: two-sided 95 %."""
RESAMPLES = 4000
"""Resamples of a bootstrap: 100 values lie beyond each end of a 95 % interval."""
BLOCK = 1 << 20
"""Maximum number of drawn indices in memory."""
BOOTSTRAP_STREAM = "bootstrap"


def wilson(successes: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """95 % Wilson score interval of a rate (Wilson 1927); (0, 1) when nothing was tried."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return 0.0, 1.0
    p, d = successes / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / d
    half = z / d * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # exact 1 or 0 where all or none succeed, despite rounding
    return 0.0 if successes == 0 else middle - half, 1.0 if successes == n else middle + half


def sign_test(lost: int, won: int) -> float:
    """One-sided p-value that as many pairs or more are lost where both sides win alike (exact, Conover 1999)."""
    n = lost + won
    return sum(math.comb(n, k) for k in range(lost, n + 1)) / 2**n


def bootstrap(
    values: Sequence[float] | Array, statistic: Callable[[Array], Array], seed: int, *, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a statistic of one sample (Efron 1979), reproducible from its seed.

    Args:
        values: (n,) the sample, n >= 1; for pairs, their differences.
        statistic: takes (k, n) resampled samples to (k,) values.
        seed: of the resampling.
    """
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1 or len(sample) == 0:
        raise ValueError(f"a sample of shape {sample.shape}")
    random = seeding.stream(seed, BOOTSTRAP_STREAM)
    rows = max(1, BLOCK // len(sample))
    drawn = [
        statistic(sample[random.integers(0, len(sample), (min(rows, resamples - start), len(sample)))])
        for start in range(0, resamples, rows)
    ]
    low, high = np.percentile(np.concatenate(drawn), [2.5, 97.5])
    return float(low), float(high)


def median_interval(differences: Sequence[float] | Array, seed: int) -> tuple[float, tuple[float, float]]:
    """Median of paired differences, and its 95 % bootstrap interval."""
    interval = bootstrap(differences, lambda samples: np.median(samples, axis=1), seed)
    return float(np.median(differences)), interval


def mean_interval(differences: Sequence[float] | Array, seed: int) -> tuple[float, tuple[float, float]]:
    """Mean of paired differences (of rates: b succeeded less a succeeded), and its 95 % bootstrap interval."""
    interval = bootstrap(differences, lambda samples: np.mean(samples, axis=1), seed)
    return float(np.mean(differences)), interval


def rank_correlation(x: Sequence[float] | Array, y: Sequence[float] | Array) -> float:
    """Spearman's rank correlation of pairs, ties sharing their mean rank; 0 where one side does not vary."""
    return float(_rank_correlations(np.asarray(x, float)[None], np.asarray(y, float)[None])[0])


def rank_correlation_interval(x: Sequence[float] | Array, y: Sequence[float] | Array, seed: int) -> tuple[float, float]:
    """95 % bootstrap interval of the rank correlation, over pairs."""
    of_x, of_y = np.asarray(x, float), np.asarray(y, float)
    if of_x.shape != of_y.shape:
        raise ValueError(f"{of_x.shape} and {of_y.shape} are no pairs")

    def statistic(picked: Array) -> Array:
        pairs = picked.astype(np.int64)
        return _rank_correlations(of_x[pairs], of_y[pairs])

    return bootstrap(np.arange(len(of_x)), statistic, seed)


def _rank_correlations(x: Array, y: Array) -> Array:
    """Rank correlations (k,) of the rows of two samples (k, n)."""
    from scipy.stats import rankdata

    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (rankdata(x, axis=1), rankdata(y, axis=1)))
    spread = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.divide((a * b).sum(axis=1), spread, out=np.zeros(len(a)), where=spread > 0.0)
