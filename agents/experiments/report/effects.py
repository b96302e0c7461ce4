"""Effects of factors, by pairs of trials that differ in nothing else and have the same seed.

A level's effect is the mean of its differences to the factor's reference level over all such pairs; an interaction is
the mean difference of two differences. Each seed gives one value, the mean over its pairs, and the interval is that of
the mean over seeds: the draw of a seed, which all settings share, cancels.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.experiments.report.data import Setting, Trials
from agents.experiments.report.estimates import LEVEL, Estimate, mean
from agents.experiments.report.metrics import Metric

Array = np.ndarray
MAX_LEVELS = 40
"""A factor of more distinct levels is shown in bins."""
BINS = 8
RESAMPLES = 1000
LEAST_COMMON = 8
"""Seeds that all settings completed, from which on the others are left out."""
Level = Any


@dataclass(frozen=True)
class LevelEffect:
    """Mean difference of a level to its factor's reference level; `pairs` of settings that differ in it alone."""

    factor: str
    level: Level
    reference: Level
    effect: Estimate
    pairs: int


@dataclass(frozen=True)
class Interaction:
    """How much the effect of `levels[0]` differs with `levels[1]` from the one with the reference level."""

    factors: tuple[str, str]
    levels: tuple[Level, Level]
    references: tuple[Level, Level]
    effect: Estimate
    adjusted: Estimate


@dataclass(frozen=True)
class Shares:
    """Shares of the variance between settings, (first-order, total) by factor and by pair of factors.

    Attributes:
        spread: standard deviation of the means of the settings, in the metric's unit.
        seeds: that the means are over.
        exact: True if every setting completed all of them; else means are over what each completed.
    """

    first: dict[str, Estimate]
    total: dict[str, Estimate]
    pairs: dict[tuple[str, str], Estimate]
    spread: float
    seeds: int
    exact: bool


def levels_of(trials: Trials) -> dict[str, list[Level]]:
    """Distinct levels of each factor, in the order of the settings; numbers in their own."""
    found: dict[str, list[Level]] = {}
    for name in trials.factors:
        distinct = list(dict.fromkeys(setting[name] for setting in trials.settings))
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in distinct)
        found[name] = sorted(distinct) if numbers else distinct
    return found


def varied(trials: Trials) -> list[str]:
    """Factors with more than one level."""
    return [name for name, levels in levels_of(trials).items() if len(levels) > 1]


def _partners(settings: Sequence[Setting], names: Sequence[str]) -> Iterator[dict[tuple[Level, ...], int]]:
    """Groups of settings that differ in the named factors alone: number by their levels."""
    groups: dict[tuple[Any, ...], dict[tuple[Level, ...], int]] = {}
    for number, setting in enumerate(settings):
        rest = tuple(value for name, value in setting.items() if name not in names)
        groups.setdefault(rest, {})[tuple(setting[name] for name in names)] = number
    yield from groups.values()


def _by_seed(rows: Sequence[Array]) -> Array:
    """Mean over rows at each seed, of those that have a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a seed at which none has
        return np.asarray(np.nanmean(np.stack(rows), axis=0))


def main_effects(trials: Trials, metric: Metric, baseline: int) -> list[LevelEffect]:
    """Effects of all levels that have partners; references are the baseline's levels."""
    grid, found = trials.grid(metric.name), []
    for name, levels in levels_of(trials).items():
        if not 1 < len(levels) <= MAX_LEVELS:
            continue
        reference = trials.settings[baseline][name]
        rows: dict[Level, list[Array]] = {}
        for group in _partners(trials.settings, [name]):
            if (reference,) not in group:
                continue
            for (level,), number in group.items():
                if level != reference:
                    rows.setdefault(level, []).append(grid[number] - grid[group[(reference,)]])
        found += [
            LevelEffect(name, level, reference, mean(_by_seed(rows[level])), len(rows[level]))
            for level in levels
            if level in rows
        ]
    return found


def interactions(trials: Trials, metric: Metric, baseline: int) -> list[Interaction]:
    """Interactions of every pair of factors, the strongest first."""
    grid, raw = trials.grid(metric.name), []
    usable = [name for name, levels in levels_of(trials).items() if 1 < len(levels) <= MAX_LEVELS]
    for one, other in itertools.combinations(usable, 2):
        a0, b0 = trials.settings[baseline][one], trials.settings[baseline][other]
        rows: dict[tuple[Level, Level], list[Array]] = {}
        for group in _partners(trials.settings, [one, other]):
            if (a0, b0) not in group:
                continue
            for (a, b), number in group.items():
                if a != a0 and b != b0 and (a, b0) in group and (a0, b) in group:
                    change = grid[number] - grid[group[(a0, b)]] - grid[group[(a, b0)]] + grid[group[(a0, b0)]]
                    rows.setdefault((a, b), []).append(change)
        raw += [((one, other), levels, (a0, b0), _by_seed(some)) for levels, some in rows.items()]
    level = 1.0 - (1.0 - LEVEL) / max(len(raw), 1)
    found = [Interaction(names, levels, base, mean(row), mean(row, level)) for names, levels, base, row in raw]
    return sorted(found, key=lambda one: -abs(one.effect.value or 0.0))


def grid_shape(trials: Trials) -> tuple[list[str], list[int], Array] | None:
    """Factors with several levels, their numbers of levels, and the settings' numbers in that grid; None: no grid."""
    levels = {name: some for name, some in levels_of(trials).items() if len(some) > 1}
    if not levels or math.prod(map(len, levels.values())) != len(trials.settings):
        return None
    numbers = np.full([len(some) for some in levels.values()], -1)
    for number, setting in enumerate(trials.settings):
        numbers[tuple(some.index(setting[name]) for name, some in levels.items())] = number
    return (list(levels), [len(some) for some in levels.values()], numbers) if (numbers >= 0).all() else None


def shares(trials: Trials, metric: Metric, seed: int = 0) -> Shares | str:
    """Decompose the variance of the settings' means over a full grid; levels count alike. A text says why not.

    Intervals: percentile bootstrap over the seeds.
    """
    shape = grid_shape(trials)
    if shape is None:
        return "the settings are no full grid of levels"
    names, _, numbers = shape
    grid = trials.grid(metric.name)[numbers.ravel()]
    good = np.isfinite(grid)
    if not good.any(axis=1).all():
        return "a setting has no completed swap"
    common = good.all(axis=0)
    exact = int(common.sum()) >= LEAST_COMMON or bool(common.all())
    if exact:
        grid, good = grid[:, common], good[:, common]
    n = grid.shape[1]
    # (cells, seeds), what is missing left out; seeds differ by their own mean, which would not cancel
    filled = np.where(good, grid - _by_seed(list(grid)), 0.0)
    means = filled.sum(axis=1) / good.sum(axis=1)
    spread = float(means.std())
    if spread <= 1e-9 * max(1.0, float(np.abs(grid[good]).max())):
        return "all settings have the same mean"
    found = _decompose(means.reshape(numbers.shape)[None])
    keys = list(found)
    drawn: dict[tuple[str, ...], Array] = {}
    if n > 1:
        random = np.random.default_rng([seed, n])
        weights = random.multinomial(n, np.full(n, 1.0 / n), RESAMPLES).astype(float)
        count = weights @ good.T
        known = (count > 0.0).all(axis=1)  # resamples in which every setting has a swap
        if known.sum() >= RESAMPLES // 2:
            drawn = _decompose(((weights @ filled.T)[known] / count[known]).reshape(-1, *numbers.shape))

    def of(key: Any) -> Estimate:
        value = float(found[key][0])
        if not drawn:
            return Estimate(value, None, None, n)
        low, high = np.percentile(drawn[key], [2.5, 97.5])
        return Estimate(value, float(low), float(high), n)

    first = {name: of((k,)) for k, name in enumerate(names)}
    total = {name: of(("total", k)) for k, name in enumerate(names)}
    pairs = {(names[key[0]], names[key[1]]): of(key) for key in keys if len(key) == 2 and key[0] != "total"}
    return Shares(first, total, pairs, spread, n, exact)


def _decompose(cells: Array) -> dict[Any, Array]:
    """Shares (r,) of a full grid's variance (r, levels...): (k,) first-order, (j, k) pairs, ("total", k)."""
    axes = tuple(range(1, cells.ndim))
    centred = cells - cells.mean(axis=axes, keepdims=True)
    variance = (centred**2).mean(axis=axes)
    variance = np.where(variance > 0.0, variance, math.inf)
    found: dict[Any, Array] = {}
    single: dict[int, Array] = {}
    for axis in axes:
        rest = tuple(other for other in axes if other != axis)
        single[axis] = centred.mean(axis=rest, keepdims=True)
        found[(axis - 1,)] = (single[axis] ** 2).mean(axis=axes) / variance
        without = centred.mean(axis=axis, keepdims=True)
        found[("total", axis - 1)] = ((centred - without) ** 2).mean(axis=axes) / variance
    for one, other in itertools.combinations(axes, 2):
        rest = tuple(axis for axis in axes if axis not in (one, other))
        pair = centred.mean(axis=rest, keepdims=True) - single[one] - single[other]
        found[(one - 1, other - 1)] = (pair**2).mean(axis=axes) / variance
    return found


@dataclass(frozen=True)
class Bin:
    """Mean of a metric, as difference to the mean of all, over the settings with a factor's level in a range."""

    low: Level
    high: Level
    effect: Estimate


def binned(trials: Trials, metric: Metric) -> dict[str, list[Bin]]:
    """Means along each factor of a sampled design, in bins of equal numbers of settings; levels of words each alone."""
    means = setting_means(trials.grid(metric.name))
    found: dict[str, list[Bin]] = {}
    for name in varied(trials):
        values = [setting[name] for setting in trials.settings]
        distinct = levels_of(trials)[name]
        groups: list[tuple[Level, Level, Array]] = []
        if len(distinct) <= BINS or isinstance(distinct[0], str | bool):
            groups = [(one, one, np.array([value == one for value in values])) for one in distinct[:MAX_LEVELS]]
        else:
            numbers = np.array(values, dtype=float)
            edges = np.quantile(numbers, np.linspace(0.0, 1.0, BINS + 1))
            inside = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, BINS - 1)
            groups = [(float(edges[k]), float(edges[k + 1]), inside == k) for k in range(BINS)]
        found[name] = [Bin(low, high, mean(means[picked])) for low, high, picked in groups if picked.any()]
    return found


def setting_means(grid: Array) -> Array:
    """(settings,) mean over seeds of the difference to the seed's mean; NaN where a setting has none."""
    good = np.isfinite(grid)
    n = good.sum(axis=0)
    seeds = np.divide(np.where(good, grid, 0.0).sum(axis=0), n, out=np.zeros(grid.shape[1]), where=n > 0)
    count = good.sum(axis=1)
    centred = np.where(good, grid - seeds, 0.0).sum(axis=1)
    return np.divide(centred, count, out=np.full(len(grid), math.nan), where=count > 0)
