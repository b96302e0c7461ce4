"""The charts of factors: effects of levels, interactions, and shares of the variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agents.experiments.report.answer import level
from agents.experiments.report.data import Trials
from agents.experiments.report.effects import Bin, Interaction, LevelEffect, levels_of, setting_means
from agents.experiments.report.estimates import Estimate, mean
from agents.experiments.report.figure import (
    BLUE,
    SERIES,
    Figure,
    bars,
    cut,
    height,
    interval_rows,
    layout,
    rows_axis,
    told,
    words,
)
from agents.experiments.report.metrics import Metric

MAX_EFFECTS = 40
MAX_LINES = 6
MAX_FACTORS = 20


def short_factors(names: Sequence[str]) -> dict[str, str]:
    """Last parts of dotted paths, as many as tell the factors apart."""
    found: dict[str, str] = {}
    for name in names:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            end = ".".join(parts[-count:])
            if sum(other == end or other.endswith(f".{end}") for other in names) == 1:
                break
        found[name] = end
    return found


def effects(trials: Trials, metric: Metric, found: Sequence[LevelEffect]) -> Figure | None:
    """Differences of levels to their factor's reference."""
    some = [one for one in found if one.effect.value is not None][:MAX_EFFECTS]
    if not some:
        return None
    short = short_factors(trials.factors)
    labels = [f"{short[one.factor]} {level(one.level)}" for one in some]
    said = [
        words(cut(one.factor, 60), f"{level(one.level)} against {level(one.reference)}",
              told(one.effect, metric.digits, metric.scale, sign=True, unit=metric.unit))
        for one in some
    ]  # fmt: skip
    references = ", ".join(
        f"{short[name]} {level(reference)}" for name, reference in {one.factor: one.reference for one in some}.items()
    )
    return Figure(
        "Effect of each level",
        f"Change of the {metric.words} against {references}: mean over all pairs of swaps that differ in this factor "
        "alone, on the same seed. Grey: not beyond chance."
        + (f" The first {MAX_EFFECTS} of {len(found)} levels." if len(found) > len(some) else ""),
        [interval_rows([one.effect for one in some], metric.scale, said)],
        layout(f"change, {metric.unit}", "", showlegend=False, yaxis=rows_axis(labels),
               xaxis={"zeroline": True, "zerolinewidth": 1.5}),
        height(len(some)),
        ["factor", "level", "against", f"change, {metric.unit} (95 %)", "seeds", "pairs of settings"],
        [[one.factor, level(one.level), level(one.reference),
          told(one.effect, metric.digits, metric.scale, sign=True), str(one.effect.n), str(one.pairs)] for one in some],
        3,
    )  # fmt: skip


def interactions(trials: Trials, metric: Metric, found: Sequence[Interaction]) -> Figure | None:
    """Lines of the strongest pair of factors, and a table of all pairs."""
    some = [one for one in found if one.effect.value is not None]
    if not some:
        return None
    across, lines = some[0].factors
    levels = levels_of(trials)
    if len(levels[across]) < len(levels[lines]) or len(levels[lines]) > MAX_LINES:
        across, lines = lines, across
    means = _cell_means(trials, metric, across, lines)
    short = short_factors(trials.factors)
    traces: list[dict[str, Any]] = []
    ticks = levels[across]
    for place, line in enumerate(levels[lines][:MAX_LINES]):
        each = [(at, means[(one, line)]) for at, one in enumerate(ticks) if (one, line) in means]
        each = [(at, one) for at, one in each if one.value is not None]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [at for at, _ in each],
                "y": [(one.value or 0.0) * metric.scale for _, one in each],
                "error_y": bars([one for _, one in each], metric.scale),
                "name": cut(f"{short[lines]} {level(line)}", 34),
                "line": {"color": SERIES[place], "width": 2, "dash": ("solid", "dash", "dot")[place % 3]},
                "marker": {"size": 8, "color": SERIES[place]},
                "customdata": [
                    words(f"{cut(across, 50)} {level(ticks[at])}", f"{cut(lines, 50)} {level(line)}",
                          told(one, metric.digits, metric.scale, sign=True, unit=metric.unit))
                    for at, one in each
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )  # fmt: skip
    strongest = some[0]
    verdict = "beyond chance" if strongest.adjusted.beyond_chance else "not beyond chance"
    return Figure(
        "Interactions",
        f"The strongest of {len(some)}: the effect of {strongest.factors[0]} {level(strongest.levels[0])} changes by "
        f"{told(strongest.effect, metric.digits, metric.scale, sign=True, unit=metric.unit)} with "
        f"{strongest.factors[1]} {level(strongest.levels[1])}, {verdict}"
        + (f" at the level of {len(some)} comparisons" if len(some) > 1 else "")
        + ". Parallel lines: no interaction. Means are differences to the mean of their seed.",
        traces,
        layout(
            short[across],
            f"{metric.words}, change, {metric.unit}",
            showlegend=True,
            xaxis={"tickmode": "array", "tickvals": list(range(len(ticks))),
                   "ticktext": [cut(level(one), 14) for one in ticks], "range": [-0.3, len(ticks) - 0.7]},
        ),
        340,
        ["factor", "level", "with", "level", f"change of the effect, {metric.unit} (95 %)", "beyond chance"],
        [[one.factors[0], level(one.levels[0]), one.factors[1], level(one.levels[1]),
          told(one.effect, metric.digits, metric.scale, sign=True), "yes" if one.adjusted.beyond_chance else "no"]
         for one in some[:60]],
        4,
    )  # fmt: skip


def _cell_means(trials: Trials, metric: Metric, one: str, other: str) -> dict[tuple[Any, Any], Estimate]:
    """Mean of each pair of levels, over seeds, as difference to the seed's mean over all settings."""
    grid = trials.grid(metric.name)
    good = np.isfinite(grid)
    n = good.sum(axis=0)
    filled = np.where(good, grid, 0.0)
    centred = np.where(good, grid - np.divide(filled.sum(axis=0), n, out=np.zeros(len(n)), where=n > 0), np.nan)
    members: dict[tuple[Any, Any], list[int]] = {}
    for number, setting in enumerate(trials.settings):
        members.setdefault((setting[one], setting[other]), []).append(number)
    found = {}
    for levels, numbers in members.items():
        rows = centred[numbers]
        count = np.isfinite(rows).sum(axis=0)
        by_seed = np.divide(np.nansum(rows, axis=0), count, out=np.full(len(count), np.nan), where=count > 0)
        found[levels] = mean(by_seed)
    return found


def index_bars(
    title: str, caption: str, first: Mapping[str, Estimate], total: Mapping[str, Estimate], factors: Sequence[str]
) -> Figure:
    """First-order and total index of each factor."""
    short = short_factors(factors)
    ranked = sorted(first, key=lambda name: -(total[name].value or 0.0))[:MAX_FACTORS]
    traces = []
    for place, (name, of) in enumerate((("alone", first), ("with all interactions", total))):
        each = [of[factor] for factor in ranked]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [one.value for one in each],
                "y": [row + (place - 0.5) * 0.36 for row in range(len(ranked))],
                "width": 0.34,
                "error_x": bars(each, color="#1b2430"),
                "name": name,
                "marker": {"color": (BLUE, "#9db8d6")[place]},
                "customdata": [words(cut(factor, 60), f"{name}: {told(of[factor], 3)}") for factor in ranked],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    return Figure(
        title,
        caption,
        traces,
        layout("share of the variance", "", barmode="overlay", showlegend=True, xaxis={"rangemode": "tozero"},
               yaxis=rows_axis([short[name] for name in ranked])),
        height(len(ranked), 36),
        ["factor", "first-order index (95 %)", "total index (95 %)"],
        [[name, told(first[name], 4), told(total[name], 4)] for name in sorted(first, key=lambda n: ranked.index(n)
                                                                               if n in ranked else len(ranked))],
    )  # fmt: skip


def along(trials: Trials, metric: Metric, name: str, bins: Sequence[Bin]) -> Figure:
    """Means along one factor of a sampled design."""
    known = [one for one in bins if one.effect.value is not None]
    texts = [level(one.low) if one.low == one.high else f"{level(one.low)} to {level(one.high)}" for one in known]
    numbers = all(isinstance(one.low, int | float) and not isinstance(one.low, bool) for one in known)
    points = setting_means(trials.grid(metric.name))
    traces: list[dict[str, Any]] = []
    if numbers:
        x: list[Any] = [0.5 * (one.low + one.high) for one in known]
        picked = [k for k in range(len(points)) if np.isfinite(points[k])]
        picked = [picked[int(k)] for k in np.linspace(0, len(picked) - 1, min(len(picked), 300))] if picked else []
        traces.append({"type": "scatter", "mode": "markers", "x": [trials.settings[k][name] for k in picked],
                       "y": [float(points[k]) * metric.scale for k in picked], "hoverinfo": "skip",
                       "marker": {"size": 4, "color": "#b4bec9"}, "name": "settings"})  # fmt: skip
    else:
        x = [cut(text, 16) for text in texts]
    traces.append(
        {
            "type": "scatter",
            "mode": "lines+markers" if numbers else "markers",
            "x": x,
            "y": [(one.effect.value or 0.0) * metric.scale for one in known],
            "error_y": bars([one.effect for one in known], metric.scale, color=BLUE),
            "marker": {"size": 8, "color": BLUE},
            "line": {"color": BLUE},
            "name": "mean",
            "customdata": [
                words(f"{cut(name, 50)} {text}",
                      told(one.effect, metric.digits, metric.scale, sign=True, unit=metric.unit),
                      f"{one.effect.n} settings")
                for text, one in zip(texts, known, strict=True)
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    )  # fmt: skip
    return Figure(
        f"Along {name}",
        "Differences to the mean of all settings on the same seeds; means of settings in bins of equal numbers.",
        traces,
        layout(short_factors(trials.factors)[name], f"{metric.words}, change, {metric.unit}", showlegend=False),
        300,
        [name, f"change, {metric.unit} (95 %)", "settings"],
        [[text, told(one.effect, metric.digits, metric.scale, sign=True), str(one.effect.n)]
         for text, one in zip(texts, known, strict=True)],
    )  # fmt: skip
