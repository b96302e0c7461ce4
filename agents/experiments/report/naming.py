"""Names of settings, and which of many settings a chart shows."""

from __future__ import annotations

from collections.abc import Sequence

from agents.experiments.report.answer import Choice, level
from agents.experiments.report.answer import words as in_words
from agents.experiments.report.data import Trials
from agents.experiments.report.effects import varied
from agents.experiments.report.figure import cut

MAX_ROWS = 16
"""Settings in a chart of one row each; the report's table has all."""
MAX_POINTS = 400
"""Settings in a chart of points."""
MAX_TABLE = 500
"""Rows of a table."""
SHORT_LABEL = 20


class Names:
    """Names of settings: short ones for axes, whole ones for tables."""

    def __init__(self, trials: Trials) -> None:
        self.factors = varied(trials) or trials.factors
        self._settings = trials.settings
        short = [", ".join(level(one[name]) for name in self.factors) for one in trials.settings[: MAX_TABLE + 1]]
        plain = len(set(short)) == len(trials.settings) and all(0 < len(one) <= SHORT_LABEL for one in short)
        self._short = short if plain else None

    def short(self, number: int) -> str:
        if len(self._settings) == 1:
            return "all swaps"
        return self._short[number] if self._short is not None else f"setting {number}"

    @property
    def head(self) -> str:
        """Head of a table's column that has `row`."""
        return ", ".join(self.factors) if self._short is not None else "setting"

    def row(self, number: int) -> str:
        """A setting in a table: its levels, whose factors the head has, or all in words."""
        return self._short[number] if self._short is not None else self.whole(number)

    def whole(self, number: int) -> str:
        if len(self._settings) == 1 and not self.factors:
            return "the one setting"
        return in_words(self._settings[number], self.factors)


def shown(trials: Trials, choice: Choice, order: Sequence[int], at_most: int = MAX_ROWS) -> list[int]:
    """Settings for a chart, by number: all, or the best of them with the baseline and the worst."""
    if len(trials.settings) <= at_most:
        return list(range(len(trials.settings)))
    picked = [choice.baseline, *([choice.rival] if choice.rival is not None else [])]
    picked += [*order[: at_most - len(picked) - 2], *order[-2:]]
    return [k for k in order if k in set(picked)]


def some_of(trials: Trials, count: int) -> str:
    """Words that a chart has some of the settings."""
    every = len(trials.settings)
    return "" if count == every else f" The best, the worst and the baseline of {every:,} settings are shown."


def pairs_word(trials: Trials) -> str:
    """What pairs of swaps are counted in: seeds, or cases of seed and circumstance."""
    return "cases" if trials.circumstances else "seeds"


def factor_lines(text: str, most: int = 6) -> list[str]:
    """A setting's words, a factor a line."""
    parts = text.split(", ")
    return [cut(part, 48) for part in parts[:most]] + (["..."] if len(parts) > most else [])
