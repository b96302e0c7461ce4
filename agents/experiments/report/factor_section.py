"""The section on what each factor does, and its sentences for the answer."""

from __future__ import annotations

from collections.abc import Sequence

from agents.experiments.report import effect_charts
from agents.experiments.report.answer import Choice, level
from agents.experiments.report.data import Trials
from agents.experiments.report.document import Section
from agents.experiments.report.effects import (
    Interaction,
    LevelEffect,
    binned,
    grid_shape,
    interactions,
    main_effects,
    shares,
    varied,
)
from agents.experiments.report.estimates import Estimate
from agents.experiments.report.figure import safe, told
from agents.experiments.report.metrics import Metric
from agents.experiments.report.sensitivity import Indices, indices

MAX_IN_WORDS = 6
"""Effects that the answer has in words."""
MAX_ALONG = 12
"""Factors of a sampled design that have a figure of their own: those with the highest total index."""


def factors_section(
    trials: Trials, choice: Choice, reference: int, chosen: Sequence[str]
) -> tuple[Section | None, list[str]]:
    """What the factors do, and sentences on it for the answer."""
    metric, several = choice.metric, varied(trials)
    if not several or choice.best is None:
        return None, []
    found, lines = Section("factors", "What each factor does"), []
    kind = trials.spec.design.kind if trials.spec is not None else ""
    if kind in ("lhs", "sobol", "saltelli"):
        lines += _sampled(trials, metric, found)
    else:
        each = main_effects(trials, metric, reference)
        figure = effect_charts.effects(trials, metric, each)
        if figure is not None:
            found.figures.append(figure)
            lines += _effects_in_words(metric, [one for one in each if one.factor in chosen])
        if len(several) > 1:
            between = interactions(trials, metric, reference)
            if grid_shape(trials) is not None:
                lines += _interactions_in_words(between)
            pairs = effect_charts.interactions(trials, metric, between)
            if pairs is not None:
                found.figures.append(pairs)
            if grid_shape(trials) is not None:
                lines += _grid_shares(trials, metric, found)
        if figure is None:
            found.lines.append("<p>No two settings with a completed swap on a common seed differ in one factor alone: "
                               "effects of single factors cannot be told.</p>")  # fmt: skip
    return (found if found.figures or found.lines else None), lines


def _effects_in_words(metric: Metric, each: Sequence[LevelEffect]) -> list[str]:
    """The effects of the levels in a sentence, where they are few."""
    told_ = [one for one in each if one.effect.value is not None]
    if not 0 < len(told_) <= MAX_IN_WORDS:
        return []
    parts = [
        f"{one.factor} {level(one.level)} against {level(one.reference)}: "
        f"{told(one.effect, metric.digits, metric.scale, sign=True, unit=metric.unit)}"
        for one in told_
    ]
    return [f"Each factor alone, over all levels of the others: {'; '.join(parts)}."]


def _interactions_in_words(each: Sequence[Interaction]) -> list[str]:
    known = [one for one in each if one.adjusted.value is not None and one.adjusted.low is not None]
    if not known:
        return []
    beyond = [one for one in known if one.adjusted.beyond_chance]
    if not beyond:
        return ["No interaction of factors is beyond chance."]
    one = beyond[0]
    return [f"{one.factors[0]} and {one.factors[1]} interact: their effects do not just add up (see the figure)."]


def _grid_shares(trials: Trials, metric: Metric, found: Section) -> list[str]:
    parts = shares(trials, metric)
    if isinstance(parts, str):
        found.lines.append(f"<p>No shares of the variance: {safe(parts)}.</p>")
        return []
    over = f"{parts.seeds} seeds that every setting completed" if parts.exact else "what each setting completed"
    spread = f"{metric.value(parts.spread)} {metric.unit}".rstrip()
    found.figures.append(
        effect_charts.index_bars(
            "Sobol indices of the factors",
            f"Exact decomposition of the variance between the settings (standard deviation {spread}), levels equally "
            f"likely; means over {over}; bootstrap over seeds.",
            parts.first,
            parts.total,
            trials.factors,
        )
    )
    return [_most(parts.first, "between settings")]


def _most(first: dict[str, Estimate], where: str) -> str:
    name = max(first, key=lambda one: first[one].value or 0.0)
    return (
        f"The largest part of the variance {where}, {told(first[name], 1, 100.0, unit='%')}, is that of {name} alone."
    )


def _sampled(trials: Trials, metric: Metric, found: Section) -> list[str]:
    of = indices(trials, metric)
    lines: list[str] = []
    along = binned(trials, metric)
    ranked = list(along)
    if isinstance(of, Indices):
        unit = "blocks" if trials.spec is not None and trials.spec.design.kind == "saltelli" else "points"
        left = f" {of.of - of.used} of {of.of} {unit} are left out, since swaps of theirs did not complete." \
            if of.used < of.of else ""  # fmt: skip
        found.figures.append(
            effect_charts.index_bars("Sobol indices of the factors", of.method + left, of.first, of.total,
                                     trials.factors)
        )  # fmt: skip
        lines.append(_most(of.first, "over the ranges of the factors"))
        ranked.sort(key=lambda name: -(of.total[name].value or 0.0))
    else:
        found.lines.append(f"<p>No Sobol indices: {safe(of)}.</p>")
    for name in ranked[:MAX_ALONG]:
        found.figures.append(effect_charts.along(trials, metric, name, along[name]))
    if len(ranked) > MAX_ALONG:
        found.lines.append(f"<p>{MAX_ALONG} of {len(ranked)} factors have a figure of their own.</p>")
    return lines
