"""The answer: the best setting, how it differs from the baseline, and what of it is beyond chance.

Settings are compared on the seeds that both completed. One that completes less than the most reliable one (sign test,
5 %) cannot be the best: it would win by dropping its hard cases. The best is that of the lowest mean difference to the
baseline; since it is the extreme of several, its interval for the verdict has the level 1 - 0.05 / comparisons
(Bonferroni).
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agents.experiments.report.data import Setting, Trials
from agents.experiments.report.effects import setting_means
from agents.experiments.report.estimates import LEVEL, Estimate, estimate, row_means
from agents.experiments.report.metrics import Metric
from twin.errors import InputError

Array = np.ndarray
FALSE_ALARM = 0.05


@dataclass(frozen=True)
class Choice:
    """What is compared with what.

    Attributes:
        baseline, best: numbers of settings; None where none completed a swap. `best` may be the baseline.
        rival: the setting that is set beside the best one: the baseline, or the second best if that is the best.
        difference: of best and rival, 95 %; paired.
        adjusted: the same at the level of the verdict.
        comparisons: settings that the best one was picked from, less one.
        alike: other settings that cannot be told from the best, the closest first.
        unreliable: settings left out since they complete less.
        lost, won: seeds that only the rival completed, and only the best.
    """

    metric: Metric
    baseline: int
    best: int | None
    rival: int | None
    difference: Estimate
    adjusted: Estimate
    comparisons: int
    alike: tuple[int, ...]
    unreliable: tuple[int, ...]
    lost: int
    won: int

    @property
    def beyond_chance(self) -> bool:
        return self.adjusted.beyond_chance


def choose(trials: Trials, metric: Metric, baseline: int) -> Choice:
    """Pick the best setting by a metric."""
    grid = trials.grid(metric.name)
    unreliable = _unreliable(trials.done)
    usable = ~unreliable & np.isfinite(grid).any(axis=1)
    left_out = tuple(int(k) for k in np.flatnonzero(unreliable))
    if not usable.any():
        nothing = Estimate(None, None, None, 0)
        return Choice(metric, baseline, None, None, nothing, nothing, 0, (), left_out, 0, 0)
    against, _, common = row_means(trials.by_seed(grid - grid[baseline]))
    if not (common[usable] > 0).all():
        against = setting_means(trials.by_seed(grid))
    ranked = [int(k) for k in np.argsort(np.where(usable, against, math.inf), kind="stable")[: int(usable.sum())]]
    best = ranked[0]
    others = [k for k in ranked if k != best]
    comparisons = len(others)
    rival: int | None = baseline if best != baseline else (others[0] if others else None)
    if rival is None or not np.isfinite(grid[rival]).any():
        rival = others[0] if others else None
    level = 1.0 - FALSE_ALARM / max(comparisons, 1)
    difference = adjusted = Estimate(None, None, None, 0)
    lost = won = 0
    if rival is not None:
        paired = grid[best] - grid[rival]
        difference, adjusted = trials.mean(paired, LEVEL), trials.mean(paired, level)
        lost = int((trials.done[rival] & ~trials.done[best] & trials.played[best]).sum())
        won = int((trials.done[best] & ~trials.done[rival] & trials.played[rival]).sum())
    alike = []
    if others:
        centre, half, n = row_means(trials.by_seed(grid[others] - grid[best]), level)
        alike = [k for k, c, h, count in zip(others, centre, half, n, strict=True) if count == 0 or abs(c) <= h]
    return Choice(metric, baseline, best, rival, difference, adjusted, comparisons, tuple(alike), left_out, lost, won)


def _unreliable(done: Array) -> Array:
    """(settings,) True where a setting completes less than the one that completes most, by more than chance."""
    from scipy.stats import binom

    most = done[int(done.sum(axis=1).argmax())]
    lost, won = (most & ~done).sum(axis=1), (done & ~most).sum(axis=1)
    return np.asarray((lost > won) & (binom.sf(lost - 1, lost + won, 0.5) < FALSE_ALARM))


def find_setting(trials: Trials, text: str, key: str = "--baseline") -> int:
    """Return the number of a setting that is told by number, or by `FACTOR=LEVEL,...` that one setting alone has.

    A level with commas stands in quotation marks.

    Raises:
        InputError: no setting is, or several are.
    """
    count = len(trials.settings)
    allowed = f"0 to {count - 1}, or FACTOR=LEVEL,... that one setting has"
    if text.strip().isdecimal():
        if int(text) >= count:
            raise InputError("no such setting", key=key, value=text, allowed=allowed)
        return int(text)
    wanted: dict[str, str] = {}
    for part in listed(text, key):
        name, equals, level = (one.strip() for one in part.partition("="))
        if not equals or name not in trials.factors:
            known = ", ".join(trials.factors) or "none"
            raise InputError("no such factor", key=key, value=name or part, allowed=f"factors: {known}")
        wanted[name] = level
    found = [k for k, setting in enumerate(trials.settings) if _matches(setting, wanted)]
    if len(found) != 1:
        raise InputError(f"{len(found)} settings have these levels", key=key, value=text, allowed=allowed)
    return found[0]


def listed(text: str, key: str) -> list[str]:
    """Parts of a text between commas, those within quotation marks kept together: `timing=zv,fault="a:b=1,c=2"`.

    Raises:
        InputError: a quotation mark is not closed.
    """
    words = shlex.shlex(text, posix=True)
    words.whitespace, words.whitespace_split, words.commenters, words.escape = ",", True, "", ""
    try:
        return list(words)
    except ValueError:
        raise InputError("a quotation mark is not closed", key=key, value=text) from None


def _matches(setting: Setting, wanted: dict[str, str]) -> bool:
    for name, text in wanted.items():
        level = setting[name]
        if isinstance(level, bool | str):
            if str(level).lower() != text.lower():
                return False
        else:
            try:
                if float(text) != float(level):
                    return False
            except ValueError:
                return False
    return True


def words(setting: Setting, only: Sequence[str] | None = None) -> str:
    """Levels of a setting in words, of these factors."""
    names = list(setting) if only is None else only
    return ", ".join(f"{name} {level(setting[name])}" for name in names) or "the one setting"


def level(value: object) -> str:
    """A level for a reader: six digits of a number."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def ranked_means(trials: Trials, metric: Metric) -> list[tuple[int, Estimate]]:
    """Settings with the mean of a metric over their own completed swaps, the lowest first; those without one last."""
    centre, half, n = row_means(trials.by_seed(trials.grid(metric.name)))
    order = np.argsort(np.where(n > 0, centre, math.inf), kind="stable")
    return [(int(k), estimate(centre[k], half[k], n[k])) for k in order]
