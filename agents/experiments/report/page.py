"""The report as one HTML file: answer first, then figures with their numbers, the worst trials, the method."""

from __future__ import annotations

from collections.abc import Sequence

from agents.experiments.report import setting_charts
from agents.experiments.report.answer import choose, find_setting, ranked_means
from agents.experiments.report.data import Trials, over_circumstances
from agents.experiments.report.document import document
from agents.experiments.report.factor_section import factors_section
from agents.experiments.report.metrics import Metric
from agents.experiments.report.naming import Names, shown
from agents.experiments.report.sections import (
    all_settings,
    failed,
    front,
    key_figures,
    method,
    seconds,
    times,
    worst_trials,
)
from agents.experiments.report.sentences import answer


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
    numbers = shown(compared, choice, [k for k, _ in order])
    # of all settings as they were played: effects of factors, failures, single trials
    own, own_order = Names(trials), ranked_means(trials, metric)
    reference = _reference(trials, compared, first)
    factors, told_of = factors_section(trials, choice, reference, compared.factors)
    lines = [*answer(compared, choice, names), *told_of]
    sections = [
        key_figures(compared, choice, names),
        times(compared, choice, names, numbers, order),
        seconds(compared, choice, names, numbers),
        factors,
        front(compared, choice, names),
        failed(trials, own, setting_charts.failing(trials)),
        worst_trials(trials, choice, own),
        all_settings(trials, own, own_order, {} if compared is not trials else
                      {choice.baseline: "baseline", choice.best: "best"}, metric),
        method(compared, choice),
    ]  # fmt: skip
    return document(trials, lines, [one for one in sections if one is not None]), lines


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
