"""Guesses the content of a column from a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from twin.log_import.reading.guess_units import unit_in_name
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_float, to_text

WORDS_SHOWN = 64
_MOST_CODES = 64
_CODE_CHANGES = 0.1
"""A code keeps its value for a while: it changes at less than this share of rows."""
_FEW_ROWS = 20
_BOOLS = (
    {"true", "false"}, {"on", "off"}, {"yes", "no"}, {"t", "f"}, {"y", "n"}, {"open", "closed"}, {"open", "close"},
    {"opened", "closed"}, {"unlocked", "locked"}, {"ein", "aus"}, {"ja", "nein"}, {"wahr", "falsch"}, {"auf", "zu"},
    {"offen", "zu"}, {"offen", "geschlossen"}, {"entriegelt", "verriegelt"}, {"是", "否"}, {"开", "关"},
    {"打开", "关闭"}, {"松开", "夹紧"},
)  # fmt: skip
_NUMBER_SHARE = 0.9
"""A column is numeric if this share of its values are numbers."""


@dataclass
class ColumnGuess:
    """Guessed content of a column, or of a tag of a long table."""

    name: str
    kind: str
    """`number`, `bool`, `integer code`, `text`, `empty` or `constant`."""
    minimum: float | None
    maximum: float | None
    """Maximum of its numbers, in its own unit; None without numbers."""
    words: tuple[str, ...]
    """Its distinct values, at most 64."""
    share_empty: float
    unit: str
    """From its name or the line of units; empty if neither has one."""


def guess_column(name: str, values: pa.Array, layout: TableLayout, unit: str = "") -> ColumnGuess:
    """Guess the content of a column from these values, in file order.

    Args:
        name: of the column or tag.
        values: of n rows.
        layout: format of numbers.
        unit: from the line of units.
    """
    codes, words = to_text(values)
    used = np.unique(codes[codes >= 0], return_index=True)
    order = used[0][np.argsort(used[1])]
    distinct = tuple(words[code] for code in order[:WORDS_SHOWN])
    given = codes >= 0
    n_given = int(given.sum())
    share_empty = 1.0 - n_given / len(codes) if len(codes) else 1.0
    numbers = to_float(values, layout)[0]
    finite = numbers[np.isfinite(numbers)]
    is_number = n_given > 0 and len(finite) >= _NUMBER_SHARE * n_given
    low, high = (float(finite.min()), float(finite.max())) if is_number else (None, None)
    kind = _kind({words[code].lower() for code in order[:3]}, len(order), finite if is_number else None)
    return ColumnGuess(name, kind, low, high, distinct, share_empty, unit or unit_in_name(name))


def _kind(first_words: set[str], n_distinct: int, numbers: np.ndarray | None) -> str:
    if n_distinct == 0:
        return "empty"
    if n_distinct <= 2 and any(first_words <= pair for pair in _BOOLS):
        return "bool"
    if n_distinct == 1:
        return "constant"
    if numbers is None:
        return "text"
    if n_distinct == 2 and set(numbers.tolist()) == {0.0, 1.0}:
        return "bool"
    whole = bool((numbers == np.round(numbers)).all()) and bool((numbers >= 0).all())
    changes = float((np.diff(numbers) != 0).mean()) if len(numbers) > 1 else 0.0
    if whole and n_distinct <= _MOST_CODES and (changes < _CODE_CHANGES or len(numbers) < _FEW_ROWS):
        return "integer code"
    return "number"
