"""The report as one HTML file: answer first, then figures with their numbers, the worst trials, the method."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np

from agents.experiments.report import charts, effect_charts, estimates
from agents.experiments.report.answer import Choice, choose, find_setting, level, ranked_means, words
from agents.experiments.report.charts import MAX_ROWS, MAX_TABLE, Names
from agents.experiments.report.data import Trials, over_circumstances
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
from agents.experiments.report.estimates import Estimate, rate
from agents.experiments.report.figure import Figure, cut, number, safe, told, worth
from agents.experiments.report.metrics import CYCLE, FAILED, FORCE, KNOWN, RETRIES, TIME, Metric
from agents.experiments.report.rerun import command, worst
from agents.experiments.report.sensitivity import Indices, indices

MAX_IN_WORDS = 6
"""Effects that the answer has in words."""
MAX_ALONG = 12
"""Factors of a sampled design that have a figure of their own: those with the highest total index."""


@dataclass
class Section:
    """One part of the page."""

    key: str
    title: str
    lines: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def report(
    trials: Trials, metric: Metric, baseline: str | int = "0", over: Sequence[str] | None = None
) -> tuple[bytes, list[str]]:
    """Make the page; return it with the answer's sentences.

    Args:
        baseline: a setting, as `find_setting` takes it.
        over: factors that are circumstances; None: those that `data.CIRCUMSTANCES` has.

    Raises:
        InputError: no such setting.
    """
    compared = over_circumstances(trials, over)
    first = _baseline(trials, compared, str(baseline))
    choice = choose(compared, metric, first)
    names, order = Names(compared), ranked_means(compared, metric)
    numbers = charts.shown(compared, choice, [k for k, _ in order])
    # of all settings as they were played: effects of factors, failures, single trials
    own, own_order = Names(trials), ranked_means(trials, metric)
    reference = _reference(trials, compared, first)
    factors, told_of = _factors(trials, choice, reference, compared.factors)
    lines = [*answer(compared, choice, names), *told_of]
    sections = [
        _compared(compared, choice, names),
        _distributions(compared, choice, names, numbers, order),
        _seconds(compared, choice, names, numbers),
        factors,
        _front(compared, choice, names),
        _failed(trials, own, charts.failing(trials)),
        _worst(trials, choice, own),
        _all_settings(trials, own, own_order, {} if compared is not trials else
                      {choice.baseline: "baseline", choice.best: "best"}, metric),
        _method(compared, choice),
    ]  # fmt: skip
    return _html(trials, lines, [one for one in sections if one is not None]), lines


def _baseline(trials: Trials, compared: Trials, text: str) -> int:
    """The setting, of those compared, that a baseline's text means; a number is of the table's settings."""
    if compared is trials:
        return find_setting(trials, text)
    if not text.strip().isdecimal():
        return find_setting(compared, text)
    wanted = trials.settings[find_setting(trials, text)]
    return next(k for k, one in enumerate(compared.settings) if all(wanted[name] == one[name] for name in one))


def _reference(trials: Trials, compared: Trials, baseline: int) -> int:
    """The first setting as played that has the baseline's levels."""
    wanted = compared.settings[baseline]
    return next(k for k, one in enumerate(trials.settings) if all(one[name] == wanted[name] for name in wanted))


# ---------------------------------------------------------------------------------------------------------- the answer


def answer(trials: Trials, choice: Choice, names: Names) -> list[str]:
    """The answer in sentences, the most important first; plain text."""
    metric, best, rival = choice.metric, choice.best, choice.rival
    played, done = len(trials), int(trials.completed.sum())
    if best is None:
        if done == 0:
            return [f"None of the {played:,} swaps completed, so there is nothing to compare. The reasons are below."]
        return [f"No completed swap has a figure for the {metric.words}."]
    grid = trials.grid(metric.name)
    own = trials.mean(grid[best])
    value = told(own, metric.digits, metric.scale, unit=metric.unit)
    completes = _completes(trials, best)
    if rival is None:
        if len(trials.settings) == 1:
            middle = told(trials.median(grid[best]), metric.digits, metric.scale, unit=metric.unit)
            return [f"The mean {metric.words} is {value}, the median {middle}, over {own.n:,} completed swaps.",
                    f"Completed: {completes}."]  # fmt: skip
        return [f"Only {names.whole(best)} completes swaps: its mean {metric.words} is {value}. "
                f"Completed: {completes}."]  # fmt: skip
    return [_verdict(trials, choice, names, value), *_between(trials, choice),
            _reliability(trials, choice, names), *_others(choice, names)]  # fmt: skip


def _between(trials: Trials, choice: Choice) -> list[str]:
    """The least and the largest difference of a circumstance."""
    cases = [one for one in charts.by_circumstance(trials, choice) if one[1].value is not None]
    if len(cases) < 2 or not any(one.value for _, one in cases):
        return []
    metric = choice.metric
    ranked = sorted(cases, key=lambda one: one[1].value or 0.0)
    parts = [
        f"{told(one, metric.digits, metric.scale, sign=True, unit=metric.unit)} at {words(trials.circumstances[k])}"
        for k, one in (ranked[0], ranked[-1])
    ]
    return [f"By circumstance the difference is between {' and '.join(parts)}."]


def _verdict(trials: Trials, choice: Choice, names: Names, value: str) -> str:
    metric, best, rival, change = choice.metric, choice.best, choice.rival, choice.difference
    assert best is not None
    assert rival is not None
    where = "the baseline" if rival == choice.baseline else "the second best"
    over = ""
    if trials.circumstances:
        over = f", over {len(trials.circumstances)} circumstances ({', '.join(trials.circumstances[0])})"
    lead = f"The lowest mean {metric.words} is that of {names.whole(best)}: {value}{over}."
    if change.value is None:
        return f"{lead} No swap completed both there and with {where}, so their difference is not known."
    grid = trials.grid(metric.name)
    common = np.isfinite(grid[best]) & np.isfinite(grid[rival])
    whole = trials.mean(np.where(common, grid[rival], math.nan)).value
    share = f", {abs(change.value / whole) * 100.0:.1f} %" if whole else ""
    size = _size(change, metric, share)
    if change.n == 1:
        return f"{lead} That is {size} than {where} ({names.whole(rival)}). One seed has no interval: more seeds are " \
               "needed to say whether that is beyond chance."  # fmt: skip
    if change.low == change.high == 0.0:
        return (
            f"{lead} It is equal to {where} ({names.whole(rival)}) on each of the "
            f"{int(common.sum()):,} {charts.pairs_word(trials)} {_both(metric)}."
        )
    several = f", also after picking the best of {choice.comparisons + 1}" if choice.comparisons > 1 else ""
    chance = f"beyond chance{several}" if choice.beyond_chance else f"not beyond chance{several}"
    both = f"{int(common.sum()):,} {charts.pairs_word(trials)} {_both(metric)}"
    return f"{lead} That is {size} than {where} ({names.whole(rival)}), on {both}: {chance}."


def _both(metric: Metric) -> str:
    """Which cases are compared: a swap that fails has no figure but that."""
    return "that both played" if metric.name == FAILED else "that both completed"


def _size(change: Estimate, metric: Metric, share: str) -> str:
    """`3.1 s less (2.9 to 3.3 s, 2.0 %)`."""
    assert change.value is not None
    sign = -1.0 if change.value <= 0.0 else 1.0
    word = "less" if change.value <= 0.0 else "more"
    half = (
        0.5 * (change.high - change.low) * metric.scale if change.low is not None and change.high is not None else 0.0
    )
    digits = worth(half, metric.digits)
    amount = f"{abs(change.value) * metric.scale:.{digits}f} {metric.unit}".rstrip()
    if change.low is None or change.high is None:
        return f"{amount} {word}{f' ({share[2:]})' if share else ''}"
    low, high = sorted((sign * change.low, sign * change.high))
    interval = f"{number(low * metric.scale, digits)} to {number(high * metric.scale, digits)}"
    return f"{amount} {word} (95 %: {interval}{share})"


def _reliability(trials: Trials, choice: Choice, names: Names) -> str:
    assert choice.best is not None
    assert choice.rival is not None
    text = (f"Completed: {_completes(trials, choice.best)} there, {_completes(trials, choice.rival)} with "
            f"{'the baseline' if choice.rival == choice.baseline else 'the second best'}; in the same cases "
            f"{choice.won} are completed only there, {choice.lost} only with the other.")  # fmt: skip
    if choice.unreliable:
        count = len(choice.unreliable)
        these = "; ".join(names.whole(k) for k in choice.unreliable[:3]) + ("; ..." if count > 3 else "")
        text += f" {'One setting completes' if count == 1 else f'{count} settings complete'} less than the most " \
                f"reliable one and cannot be the best: {these}."  # fmt: skip
    return text


def _others(choice: Choice, names: Names) -> list[str]:
    if not choice.alike or choice.comparisons < 2:
        return []
    count = len(choice.alike)
    if choice.difference.n < 2:
        return []
    these = "; ".join(names.whole(k) for k in choice.alike[:4]) + ("; ..." if count > 4 else "")
    return [f"{'One other setting' if count == 1 else f'{count} other settings'} cannot be told from it by these "
            f"seeds: {these}."]  # fmt: skip


def _completes(trials: Trials, k: int) -> str:
    n, done = int(trials.played[k].sum()), int(trials.done[k].sum())
    return f"{done} of {n}, {told(rate(done, n), 1, 100.0, unit='%')}"


# ------------------------------------------------------------------------------------------------------------ sections


def _compared(trials: Trials, choice: Choice, names: Names) -> Section | None:
    """Key figures of the two settings side by side."""
    if choice.best is None:
        return None
    found = Section("figures", "Key figures")
    decides = TIME.name if choice.metric.name == FAILED else choice.metric.name
    asked = [decides, TIME.name, CYCLE.name, FORCE.name, "peak_axial_force_n", "residual_sway_m",
             "electric_energy_j", "energy_j", RETRIES]  # fmt: skip
    present = [KNOWN.get(name, choice.metric) for name in dict.fromkeys(asked) if name in set(trials.metrics)]
    pair = [choice.best] if choice.rival is None else [choice.rival, choice.best]
    heads = ["mean of completed swaps", *(cut(names.short(k), 30) for k in pair)]
    if len(pair) > 1:
        heads.append("difference, paired")
        found.lines.append(
            f"<p>{safe(cut(names.short(pair[0]), 30))}: {safe(names.whole(pair[0]))} "
            f"({'baseline' if pair[0] == choice.baseline else 'second best'}). "
            f"{safe(cut(names.short(pair[1]), 30))}: {safe(names.whole(pair[1]))} (best).</p>"
            if names.short(pair[0]) != names.whole(pair[0])
            else f"<p>Baseline and best setting. Factors: {safe(', '.join(names.factors))}.</p>"
        )
    rows = []
    for one in present:
        grid = trials.grid(one.name)
        row = [f"{one.axis}", *(_cell(trials.mean(grid[k]), one) for k in pair)]
        if len(pair) > 1:
            row.append(_cell(trials.mean(grid[pair[1]] - grid[pair[0]]), one, sign=True))
        rows.append(row)
    shares_ = [_interval(rate(int(trials.done[k].sum()), int(trials.played[k].sum())), 1, 100.0) for k in pair]
    both = [f"{choice.won} only best, {choice.lost} only other"] if len(pair) > 1 else []
    rows.append(["completed, %", *shares_, *both])
    found.lines.append(_table(heads, rows, 1, "Key figures"))
    figure = charts.circumstances(trials, names, choice)
    if figure is not None:
        found.figures.append(figure)
    return found


def _cell(one: Estimate, metric: Metric, sign: bool = False) -> str:
    return _interval(one, metric.digits, metric.scale, sign)


def _interval(one: Estimate, digits: int, scale: float = 1.0, sign: bool = False) -> str:
    """Value and interval for a table's cell; HTML is added by `_table`."""
    return told(one, digits, scale, sign)


def _distributions(
    trials: Trials, choice: Choice, names: Names, numbers: Sequence[int], order: Sequence[tuple[int, Estimate]]
) -> Section | None:
    if choice.best is None:
        return None
    found = Section("times", "Times")
    metrics = list(dict.fromkeys([choice.metric.name, TIME.name, CYCLE.name]))
    pair = [k for k in (choice.rival, choice.best) if k is not None]
    repeated = len(trials.seeds) > 1
    for name in metrics:
        if name not in trials.metrics or name == FAILED:
            continue
        metric = KNOWN.get(name, choice.metric)
        if repeated:
            found.figures.append(charts.distribution(trials, names, numbers, metric))
    if len(trials.settings) > MAX_ROWS:
        found.figures.append(charts.ranking(trials, names, choice, order))
    shown = TIME if choice.metric.name == FAILED else choice.metric
    picture = charts.histogram(trials, names, pair, shown)
    if picture is not None:
        found.figures.append(picture)
    return found


def _seconds(trials: Trials, choice: Choice, names: Names, numbers: Sequence[int]) -> Section | None:
    found = Section("seconds", "Where the time is spent")
    for figure in (
        charts.bounds(trials, names, numbers),
        charts.waterfall(trials, names, choice),
        charts.gantt(trials, names, choice),
    ):
        if figure is not None:
            found.figures.append(figure)
    return found if found.figures else None


def _factors(trials: Trials, choice: Choice, reference: int, chosen: Sequence[str]) -> tuple[Section | None, list[str]]:
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


def _front(trials: Trials, choice: Choice, names: Names) -> Section | None:
    figure = charts.pareto(trials, names, choice) if choice.best is not None else None
    return None if figure is None else Section("force", "Time against force", figures=[figure])


def _failed(trials: Trials, names: Names, numbers: Sequence[int]) -> Section:
    figure = charts.failures(trials, names, numbers)
    violated = sum(bool(text) for text in trials.violations)
    n = len(trials)
    lines = [f"<p>Swaps with a violated safety invariant: {violated:,} of {n:,}, "
             f"{safe(told(rate(violated, n), 2, 100.0, unit='%'))}.</p>"]  # fmt: skip
    if figure is None:
        lines.insert(0, f"<p>All {n:,} swaps completed; with 95 % confidence at least "
                        f"{100.0 * (rate(n, n).low or 0.0):.1f} % do.</p>")  # fmt: skip
    return Section("failures", "Failures", lines, [figure] if figure is not None else [])


def _worst(trials: Trials, choice: Choice, names: Names) -> Section:
    items = []
    for index, why in worst(trials, choice.metric):
        number_, seed = int(trials.setting[index]), int(trials.seed[index])
        line = command(trials, index)
        error = f" <span>{safe(cut(trials.errors[index], 300))}</span>" if trials.errors[index] else ""
        code = f"<code>{safe(line)}</code>" if line is not None else ""
        items.append(f"<li><strong>{safe(why.replace('_', ' '))}</strong>, {safe(names.whole(number_))}, "
                     f"seed {seed}.{error}{code}</li>")  # fmt: skip
    lines = [f"<ol class='worst'>{''.join(items)}</ol>"]
    if trials.spec is None:
        lines.insert(0, "<p>A table does not hold the constants of its experiment: a report of the ledger gives the "
                        "command that plays each of these again.</p>")  # fmt: skip
    else:
        lines.insert(0, "<p>Violations first, then failures with each reason in turn, then the highest values. The "
                        "command plays the swap again and records it for <code>swaptwin replay</code>. It belongs to "
                        f"program version {safe(trials.version)}, run where the experiment was.</p>")  # fmt: skip
    return Section("worst", "The worst trials", lines)


def _all_settings(
    trials: Trials, names: Names, order: Sequence[tuple[int, Estimate]], marked: dict[int | None, str], metric: Metric
) -> Section | None:
    if len(trials.settings) < 2:
        return None
    heads = ["setting", *names.factors, f"mean {metric.axis}", "completed, %"]
    rows = []
    for k, one in order[:MAX_TABLE]:
        name = f"{k} ({marked[k]})" if k in marked else str(k)
        done = rate(int(trials.done[k].sum()), int(trials.played[k].sum()))
        rows.append([name, *(level(trials.settings[k][factor]) for factor in names.factors),
                     _cell(one, metric), _interval(done, 0, 100.0)])  # fmt: skip
    table = _table(heads, rows, 1 + len(names.factors), "All settings")
    more = len(order) - len(rows)
    rest = f"<p>{more:,} more are in the table of <code>experiment run --table</code>.</p>" if more > 0 else ""
    if len(rows) > 2 * MAX_ROWS:
        table = f"<details class='long'><summary>{len(rows)} settings</summary>{table}</details>"
    return Section("settings", "All settings", [f"<p>By their mean {safe(metric.words)}, each over its own completed "
                                                f"swaps.</p>{table}{rest}"])  # fmt: skip


def _method(trials: Trials, choice: Choice) -> Section:
    spec = trials.spec
    parts = [
        ("Means and their differences", "Student's interval, 95 %. Differences are paired: same seed, hence the same "
         "truck position, masses and sensor noise, and both swaps completed."),
        ("Medians", "interpolated order statistics (Hettmansperger and Sheather 1986), 95 %; none below "
         f"{estimates.LEAST_FOR_MEDIAN} swaps."),
        *([("Circumstances", f"settings are compared over {len(trials.circumstances)} of them, the combinations of "
            f"{', '.join(trials.circumstances[0])}: each seed's mean over those that have a value. Intervals are over "
            "seeds.")] if trials.circumstances else []),
        ("Rates", "Wilson's interval, 95 %."),
        ("Beyond chance", "the best setting is the extreme of several. Its verdict takes the interval at "
         f"1 - 0.05 / {max(choice.comparisons, 1)} (Bonferroni)."),
        ("Which setting can be best", "one that completes no less than the most reliable one (sign test, 5 %)."),
        ("Failed swaps", "their times are not used, and no value is put in their place. Effects and indices use the "
         "seeds that all compared settings completed; what has none is left out and counted."),
        ("Levels", "all intervals but the verdict's, and those of interactions marked as such, hold one at a time."),
    ]  # fmt: skip
    if spec is not None:
        constants = ", ".join(f"{name} {level(value)}" for name, value in spec.constants.items()) or "none"
        kind = spec.design.kind + (f", {spec.design.points} points" if spec.design.points else "")
        size = f"{len(trials.settings):,} settings on {spec.swaps:,} seeds from {spec.first_seed}"
        parts.append(("Experiment", f"station {spec.station}, plant {spec.plant}, constants: {constants}; design "
                      f"{kind}; {size}; program version {trials.version}."))  # fmt: skip
    items = "".join(f"<dt>{safe(name)}</dt><dd>{safe(text)}</dd>" for name, text in parts)
    return Section("method", "How the numbers are made", [f"<dl>{items}</dl>"])


# ---------------------------------------------------------------------------------------------------------------- HTML


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: int, name: str) -> str:
    """A table that scrolls in itself where it is wider than the page."""

    def cell(tag: str, text: str, column: int) -> str:
        kind = " class='n'" if column >= numeric else " class='w'" if tag == "td" and len(text) > 24 else ""
        scope = " scope='col'" if tag == "th" else ""
        value, mark, interval = text.partition(" (")
        inner = safe(text)
        if mark and column >= numeric and interval.endswith(")"):
            inner = f"{safe(value)} <span class='i'>({safe(interval)}</span>"
        return f"<{tag}{kind}{scope}>{inner}</{tag}>"

    head = "".join(cell("th", text, k) for k, text in enumerate(heads))
    body = "".join("<tr>" + "".join(cell("td", text, k) for k, text in enumerate(row)) + "</tr>" for row in rows)
    return (f"<div class='scroll' tabindex='0' role='region' aria-label='{safe(name)}, table'><table><thead><tr>{head}"
            f"</tr></thead><tbody>{body}</tbody></table></div>")  # fmt: skip


def _figure(one: Figure, key: str) -> str:
    long = " class='long'" if len(one.rows) > 60 else ""
    return (
        f"<figure><div class='keep'><h3 id='{key}-title'>{safe(one.title)}</h3>"
        f"<div class='chart' id='{key}' tabindex='0' role='application' aria-labelledby='{key}-title' "
        f"aria-describedby='keys' style='height:{one.height_px}px'></div>"
        f"<figcaption>{safe(one.caption)}</figcaption></div>"
        f"<details{long}><summary>Numbers of this figure</summary>"
        f"{_table(one.headers, one.rows, one.numeric, one.title)}</details></figure>"
    )


def _html(trials: Trials, lines: Sequence[str], sections: Sequence[Section]) -> bytes:
    from plotly.offline import get_plotlyjs

    here = files("agents.experiments.report")
    style, script = (here.joinpath(f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    figures: dict[str, Any] = {}
    body: list[str] = []
    for section in sections:
        body.append(f"<section aria-labelledby='{section.key}'><h2 id='{section.key}'>{safe(section.title)}</h2>")
        body += section.lines
        for place, one in enumerate(section.figures):
            key = f"{section.key}-{place}"
            figures[key] = {"data": one.traces, "layout": {**one.layout, "height": one.height_px}}
            body.append(_figure(one, key))
        body.append("</section>")
    question = trials.spec.question if trials.spec is not None else ""
    title = question or f"Experiment {trials.source}"
    count = f"{len(trials):,} swaps"
    if len(trials) < trials.planned:
        why = "a run is still in progress" if trials.in_progress else "the experiment is not complete"
        count = f"{len(trials):,} of {trials.planned:,} planned swaps: {why}"
    links = "".join(f"<li><a href='#{one.key}'>{safe(one.title)}</a></li>" for one in sections)
    data = json.dumps(figures, separators=(",", ":"), allow_nan=False, default=float).replace("<", "\\u003c")
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{safe(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="hidden skip" href="#main">Skip to the report</a>
<header>
<h1>{safe(title)}</h1>
<p class="source">{safe(count)} from {safe(trials.source)}, {len(trials.settings):,} \
{"setting" if len(trials.settings) == 1 else "settings"}.</p>
<div class="answer" role="region" aria-label="Answer">{"".join(f"<p>{safe(line)}</p>" for line in lines)}</div>
<noscript><p>Without JavaScript the charts are empty; their numbers are below each of them.</p></noscript>
</header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main id="main">
<p class="source hint" id="keys">Charts: pointer or touch shows a point; with the keyboard, Tab to a chart, arrow keys for \
its points, Escape to leave them.</p>
{"".join(body)}
</main>
<footer>Made by swaptwin experiment report. The file is complete in itself and loads nothing.</footer>
<div class="hidden" id="said" role="status" aria-live="polite"></div>
<script>{get_plotlyjs()}</script>
<script type="application/json" id="chart-data">{data}</script>
<script>
{script}</script>
</body>
</html>
"""  # noqa: E501
    return page.encode()
