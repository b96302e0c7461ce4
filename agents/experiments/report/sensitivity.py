"""Sobol indices of a metric's mean over the seeds: first-order and total, with intervals.

| design | method |
|---|---|
| `full` | exact decomposition of the grid's variance (`effects.shares`) |
| `saltelli` | SALib's estimators (Saltelli et al. 2010, Jansen 1999), bootstrapped intervals |
| `lhs`, `sobol` | polynomial chaos fitted to the points (Sudret 2008), its degree by leave-one-out error |

Trials that did not complete are never filled in. Saltelli blocks are compared on the seeds that all settings of the
block completed, and a block without one is dropped; a point of `lhs` or `sobol` without a completed swap is dropped.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.experiments.report.data import Trials
from agents.experiments.report.effects import setting_means
from agents.experiments.report.estimates import Estimate
from agents.experiments.report.metrics import Metric
from agents.experiments.spec import Range

Array = np.ndarray
RESAMPLES = 500
MAX_DRAWN = 20_000_000
"""Resampled values in memory."""
MAX_TERMS, MAX_DEGREE, MAX_ORDER = 600, 14, 3
"""Of a chaos expansion: terms, total degree, factors in one term."""
LEAST_EXPLAINED = 0.1
NEGLIGIBLE = 1e-6
"""Share of the variance that no expansion need explain."""
LEAST_POINTS = 16


@dataclass(frozen=True)
class Indices:
    """First-order and total index by factor.

    Attributes:
        method: one sentence.
        used, of: blocks or points that went in, and that the design has.
        explained: share of the variance that the expansion predicts, by leave-one-out; None of other methods.
    """

    first: dict[str, Estimate]
    total: dict[str, Estimate]
    method: str
    used: int
    of: int
    explained: float | None = None


def indices(trials: Trials, metric: Metric) -> Indices | str:
    """Estimate the indices of a sampled design; a text says why not."""
    if trials.spec is None:
        return "a table does not say how its settings were sampled: report the ledger"
    kind = trials.spec.design.kind
    if kind == "saltelli":
        return _saltelli(trials, metric)
    if kind in ("lhs", "sobol"):
        return _chaos(trials, metric)
    return "the design does not sample its factors"


def _saltelli(trials: Trials, metric: Metric) -> Indices | str:
    names = trials.factors
    size = len(names) + 2
    grid = trials.grid(metric.name)
    of = len(grid) // size
    blocks = grid[: of * size].reshape(of, size, -1)
    common = np.isfinite(blocks).all(axis=1)
    kept = common.any(axis=1)
    if kept.sum() < LEAST_POINTS:
        return f"{int(kept.sum())} of {of} blocks of {size} settings have a seed that all completed; {LEAST_POINTS} " \
               "are needed"  # fmt: skip
    blocks = blocks - _seed_means(grid)
    weight = common[kept][:, None, :]
    values = np.where(weight, blocks[kept], 0.0).sum(axis=2) / weight.sum(axis=2)
    if float(values.std()) <= 1e-12:
        return "all settings have the same mean"
    try:
        first, total = saltelli_indices(values)
    except ImportError:
        return "Sobol indices of a saltelli design need SALib: pip install 'swaptwin[report]'"
    method = "Saltelli's estimator of first-order and Jansen's of total indices (SALib), intervals bootstrapped."
    return Indices(dict(zip(names, first, strict=True)), dict(zip(names, total, strict=True)), method,
                   int(kept.sum()), of)  # fmt: skip


def _seed_means(grid: Array) -> Array:
    good = np.isfinite(grid)
    n = good.sum(axis=0)
    return np.divide(np.where(good, grid, 0.0).sum(axis=0), n, out=np.zeros(grid.shape[1]), where=n > 0)


def saltelli_indices(values: Array) -> tuple[list[Estimate], list[Estimate]]:
    """First-order and total indices from blocks (n, factors + 2) of a function's values at A, AB_1, ..., AB_k, B."""
    from SALib.analyze import sobol

    n, size = values.shape
    problem = {"num_vars": size - 2, "names": [str(k) for k in range(size - 2)], "bounds": [[0.0, 1.0]] * (size - 2)}
    resamples = max(50, min(RESAMPLES, MAX_DRAWN // n))
    found: Any = sobol.analyze(
        problem, values.ravel(), calc_second_order=False, num_resamples=resamples, seed=0, print_to_console=False
    )

    def of(name: str) -> list[Estimate]:
        return [
            Estimate(float(value), float(value - half), float(value + half), n)
            for value, half in zip(found[name], found[f"{name}_conf"], strict=True)
        ]

    return of("S1"), of("ST")


def _chaos(trials: Trials, metric: Metric) -> Indices | str:
    assert trials.spec is not None
    y = setting_means(trials.grid(metric.name))
    kept = np.isfinite(y)
    if kept.sum() < LEAST_POINTS:
        return f"{int(kept.sum())} points have a completed swap; {LEAST_POINTS} are needed"
    if float(y[kept].std()) <= 1e-12:
        return "all settings have the same mean"
    bases = []
    for name in trials.factors:
        levels, values = trials.spec.factors[name], [setting[name] for setting in trials.settings]
        if isinstance(levels, Range):
            x, low, high = np.array(values, dtype=float), levels.low, levels.high
            if levels.logarithmic:
                x, low, high = np.log(x), math.log(low), math.log(high)
            bases.append(legendre((x - low) / (high - low), MAX_DEGREE)[kept])
        else:
            distinct = list(dict.fromkeys(values))
            bases.append(cosines(np.array([distinct.index(value) for value in values]), len(distinct))[kept])
    ordinal = [isinstance(trials.spec.factors[name], Range) for name in trials.factors]
    fit = chaos(bases, ordinal, y[kept])
    if fit.explained < LEAST_EXPLAINED:
        return f"no expansion in the factors explains {100 * LEAST_EXPLAINED:.0f} % of the variance between points"
    method = (
        f"Polynomial chaos of degree {fit.degree} with {fit.terms} terms, fitted to the points; it predicts "
        f"{100.0 * fit.explained:.1f} % of the variance between points that it has not seen (leave-one-out)."
    )
    first = dict(zip(trials.factors, fit.first, strict=True))
    total = dict(zip(trials.factors, fit.total, strict=True))
    return Indices(first, total, method, int(kept.sum()), len(y), fit.explained)


def legendre(u: Array, degree: int) -> Array:
    """(n, degree) Legendre polynomials of degrees 1 to `degree` on [0, 1], of mean 0 and variance 1."""
    x = 2.0 * u - 1.0
    rows = [np.ones_like(x), x]
    for k in range(1, degree):
        rows.append(((2 * k + 1) * x * rows[k] - k * rows[k - 1]) / (k + 1))
    return np.stack([math.sqrt(2 * k + 1) * rows[k] for k in range(1, degree + 1)], axis=1)


def cosines(index: Array, count: int) -> Array:
    """(n, count - 1) functions of a level's index, of mean 0 and variance 1 where levels are equally likely."""
    k = np.arange(1, count)
    return np.asarray(math.sqrt(2.0) * np.cos(math.pi * k * (index[:, None] + 0.5) / count))


@dataclass(frozen=True)
class Chaos:
    """A fitted expansion."""

    first: list[Estimate]
    total: list[Estimate]
    explained: float
    degree: int
    terms: int


def chaos(bases: list[Array], ordinal: list[bool], y: Array) -> Chaos:
    """Fit expansions of rising degree, and take the one with the least leave-one-out error.

    Args:
        bases: (n, functions) of each factor, orthonormal under its distribution.
        ordinal: True where function k of a factor has degree k; else each has degree 1.
        y: (n,) values.

    The squares of the coefficients are corrected for the coefficients' own variance, and the intervals are those of
    1,000 draws from the coefficients' distribution.
    """
    n = len(y)
    best: tuple[float, int, list[tuple[tuple[int, int], ...]], Array, Array] | None = None
    worse = 0
    for degree in range(1, MAX_DEGREE + 1):
        terms = _terms(bases, ordinal, degree, min(MAX_TERMS, n // 2))
        if terms is None or (best is not None and len(terms) == len(best[2])):
            break
        matrix = np.ones((n, len(terms) + 1))
        for column, term in enumerate(terms, 1):
            for factor, function in term:
                matrix[:, column] *= bases[factor][:, function]
        gram = matrix.T @ matrix
        try:  # the functions are near orthonormal, so normal equations are well conditioned
            lower = np.linalg.cholesky(gram)
        except np.linalg.LinAlgError:
            break
        inverse = np.linalg.inv(lower)
        q = matrix @ inverse.T
        projected = q.T @ y
        residual = y - q @ projected
        left = 1.0 - (q * q).sum(axis=1)
        error = float(np.mean((residual / np.maximum(left, 1e-9)) ** 2))
        if best is None or error < best[0]:
            noise = float(residual @ residual) / (n - matrix.shape[1])
            best = error, degree, terms, inverse.T @ projected, math.sqrt(noise) * inverse.T
            worse = 0
            if error < NEGLIGIBLE * float(y.var()):
                break
        else:
            worse += 1
            if worse > 2:
                break
    if best is None:
        nothing = [Estimate(None, None, None, n)] * len(bases)
        return Chaos(nothing, nothing, 0.0, 0, 0)
    error, degree, terms, coefficients, root = best
    member = np.array([[factor in {f for f, _ in term} for term in terms] for factor in range(len(bases))])
    alone = member & (member.sum(axis=0) == 1)
    variance = (root**2).sum(axis=1)[1:]
    squares = coefficients[1:] ** 2 - variance
    drawn = coefficients[1:] + np.random.default_rng(n).standard_normal((1000, root.shape[1])) @ root[1:].T
    many = drawn**2 - 2.0 * variance

    def shares(masks: Array) -> list[Estimate]:
        value = np.clip(squares @ masks.T / max(squares.sum(), 1e-300), 0.0, 1.0)
        rows = np.clip(many @ masks.T / np.maximum(many.sum(axis=1), 1e-300)[:, None], 0.0, 1.0)
        low, high = np.percentile(rows, [2.5, 97.5], axis=0)
        return [Estimate(float(v), min(float(a), float(v)), max(float(b), float(v)), n)
                for v, a, b in zip(value, low, high, strict=True)]  # fmt: skip

    return Chaos(shares(alone), shares(member), 1.0 - error / float(y.var()), degree, len(terms))


def _terms(bases: list[Array], ordinal: list[bool], degree: int, at_most: int) -> list[Any] | None:
    """Products of functions up to a total degree and `MAX_ORDER` factors, as (factor, function) pairs; None: too many.

    If the products of two and three factors are too many, those of fewer are taken.
    """
    for order in range(MAX_ORDER, 0, -1):
        found: list[Any] = []
        for size in range(1, min(order, len(bases), degree) + 1):
            for factors in itertools.combinations(range(len(bases)), size):
                ranges = [range(min(bases[f].shape[1], degree if ordinal[f] else MAX_TERMS)) for f in factors]
                for functions in itertools.product(*ranges):
                    rank = sum(k + 1 if ordinal[f] else 1 for f, k in zip(factors, functions, strict=True))
                    if rank <= degree:
                        found.append(tuple(zip(factors, functions, strict=True)))
                if len(found) > at_most:
                    break
            if len(found) > at_most:
                break
        if len(found) <= at_most:
            return found
    return None
