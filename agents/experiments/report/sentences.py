"""The answer in sentences, and the words that it shares with the page."""

from __future__ import annotations

import math

import numpy as np

from agents.experiments.report import setting_charts
from agents.experiments.report.answer import Choice, words
from agents.experiments.report.data import Trials
from agents.experiments.report.estimates import Estimate, rate
from agents.experiments.report.figure import number, told, worth
from agents.experiments.report.metrics import FAILED, Metric
from agents.experiments.report.naming import Names, pairs_word


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
    cases = [one for one in setting_charts.by_circumstance(trials, choice) if one[1].value is not None]
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
            f"{int(common.sum()):,} {pairs_word(trials)} {_both(metric)}."
        )
    several = f", also after picking the best of {choice.comparisons + 1}" if choice.comparisons > 1 else ""
    chance = f"beyond chance{several}" if choice.beyond_chance else f"not beyond chance{several}"
    both = f"{int(common.sum()):,} {pairs_word(trials)} {_both(metric)}"
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
