"""Converts a log's words and numbers by the mapping: value = unit(sign x scale x (raw - zero)), switches, codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from twin.log_import.mapping import Mapped
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_float, to_text

TRUE_WORDS = frozenset(("true", "1", "on", "yes", "t", "y", "ein", "ja", "wahr", "是"))
FALSE_WORDS = frozenset(("false", "0", "off", "no", "f", "n", "aus", "nein", "falsch", "否"))
"""In any case."""
MAX_CODES = 100_000
MAX_STATES = 64
MAX_ODD, MAX_EXAMPLES = 20_000, 500
"""Limits of batches and lines with odd values that are kept until their quality is known."""


@dataclass
class ColumnFacts:
    """Faults in the values of one signal: counts, and the first line of each kind."""

    values: int = 0
    empty: int = 0
    unreadable: int = 0
    first_unreadable: tuple[int, str] | None = None
    bad_quality: int = 0
    unmapped: dict[str, int] = field(default_factory=dict)
    """Unknown words and their counts."""
    states: set[float] | None = field(default_factory=set)
    """Values of a number without a unit, as long as they are few whole numbers; None: it is no state."""
    rows: int = 0
    odd: list[tuple[np.ndarray, str | None]] = field(default_factory=list)
    """Rows of the spool with unreadable values (None), and with each unknown word."""
    examples: list[tuple[int, int, str]] = field(default_factory=list)
    """Unreadable values: row of the spool, line of the file, text."""

    @property
    def is_digital(self) -> bool:
        """True if it had only few whole numbers: a flag, a step, a code, which is not interpolated."""
        return bool(self.states)

    def note_states(self, raw: np.ndarray) -> None:
        """Add the next numbers (K,), as logged."""
        if self.states is None:
            return
        self.states |= set(np.unique(raw[np.isfinite(raw)]).tolist())
        if len(self.states) > MAX_STATES or any(value != int(value) for value in self.states):
            self.states = None

    def note_bad(self, is_bad: np.ndarray, start: int) -> None:
        """Remove rows of bad quality (K,), from row `start` on, from the unreadable values."""
        stop = start + len(is_bad)
        for rows, word in self.odd:
            rows = rows[(rows >= start) & (rows < stop)]
            bad = int(is_bad[rows - start].sum())
            self.bad_quality += bad
            if word is None:
                self.unreadable -= bad
            elif word in self.unmapped:
                self.unmapped[word] -= bad
                if self.unmapped[word] <= 0:
                    del self.unmapped[word]
        self.examples = [e for e in self.examples if not (start <= e[0] < stop and is_bad[e[0] - start])]
        self.first_unreadable = self.examples[0][1:] if self.examples else self.first_unreadable


@dataclass(frozen=True)
class Column:
    """One column of a spool: a signal, or a code (step, alarm) whose words are numbered in `words`."""

    name: str
    tag: str
    signal: Mapped | None = None
    quality: str | None = None
    time: str | None = None
    """Column of its own times, if it has one."""
    offset_s: float = 0.0
    """Added to its times, for a code."""


def plain_code(word: str) -> str:
    """A step number or alarm code as one word, in any spelling."""
    word = word.strip()
    try:
        number = float(word)
    except ValueError:
        return word
    return str(int(number)) if abs(number) < 1e15 and number.is_integer() else word


class Converter:
    """Converts columns to numbers and counts the failures."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self.facts: dict[str, ColumnFacts] = {}
        self.codes: dict[str, dict[str, int]] = {}
        """Words of each code column and their numbers, in order of appearance."""

    def begin(self, column: Column) -> None:
        """Begin the counts of a column."""
        self.facts[column.name] = ColumnFacts()
        if column.signal is None:
            self.codes[column.name] = {}

    def values(self, column: Column, cells: pa.Array, lines: np.ndarray) -> np.ndarray:
        """Values (K,) of a column, NaN for no valid value; `lines` (K,): their lines in the file."""
        facts = self.facts[column.name]
        if column.signal is None:
            codes, words = to_text(cells)
            numbers = np.array([*(_number_of(word, self.codes[column.name]) for word in words), np.nan], float)
            values = np.asarray(numbers[codes])
        elif column.signal.target.dimension == "switch":
            values = self._switch(column.signal, cells, facts, lines)
        else:
            values = self._number(column.signal, cells, facts, lines)
        empty = int(cells.null_count)
        facts.empty += empty
        facts.values += len(values) - int(np.isnan(values).sum())
        facts.rows += len(values)
        return values

    def _switch(self, m: Mapped, cells: pa.Array, facts: ColumnFacts, lines: np.ndarray) -> np.ndarray:
        if m.spec.bit is not None:
            numbers, bad = to_float(cells, self._layout)
            _note_unreadable(facts, cells, bad, lines)
            known = np.abs(numbers) < 2.0**62
            values = np.full(len(numbers), np.nan)
            values[known] = (numbers[known].astype(np.int64) >> m.spec.bit) & 1
        else:
            codes, words = to_text(cells)
            meaning = [self._switch_word(m, word) for word in words]
            values = np.array([*meaning, np.nan], float)[codes]
            _note_unmapped(facts, codes, words, meaning)
        if m.spec.invert:
            values = 1.0 - values
        return np.asarray(values)

    def _switch_word(self, m: Mapped, word: str) -> float:
        if m.spec.values is not None:
            found = m.spec.values.get(word, m.spec.values.get(plain_code(word)))
            return np.nan if found is None else float(bool(found))
        word = plain_code(word).lower()
        return 1.0 if word in TRUE_WORDS else 0.0 if word in FALSE_WORDS else np.nan

    def _number(self, m: Mapped, cells: pa.Array, facts: ColumnFacts, lines: np.ndarray) -> np.ndarray:
        spec = m.spec
        if spec.values is not None:
            codes, words = to_text(cells)
            meaning = [float(spec.values.get(w, spec.values.get(plain_code(w), np.nan))) for w in words]
            raw = np.array([*meaning, np.nan], float)[codes]
            _note_unmapped(facts, codes, words, meaning)
        else:
            raw, bad = to_float(cells, self._layout)
            if bad.any() and m.target.dimension == "number":  # a flag may be written in words
                codes, words = to_text(cells)
                flags = np.array([*(self._switch_word(m, word) for word in words), np.nan], float)[codes]
                raw, bad = np.where(bad, flags, raw), bad & np.isnan(flags)
            _note_unreadable(facts, cells, bad, lines)
        if m.target.dimension == "number":
            facts.note_states(raw)
        return np.asarray(m.to_si * (spec.sign * spec.scale * (raw - spec.zero)))


def step_name(robot: int) -> str:
    """Column name of a robot's step numbers."""
    return f"step{robot}"


def alarm_name(register: int) -> str:
    """Column name of an alarm register."""
    return f"alarm{register + 1}"


def _number_of(word: str, numbers: dict[str, int]) -> float:
    """Number of a word, a new one if it has none: 30, 30.0 and 030 are the same step. NaN for more words than codes can
    have."""
    word = plain_code(word)
    if word not in numbers and len(numbers) >= MAX_CODES:
        return np.nan
    return numbers.setdefault(word, len(numbers))


def _note_unreadable(facts: ColumnFacts, cells: pa.Array, bad: np.ndarray, lines: np.ndarray) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        facts.unreadable += len(rows)
        if len(facts.odd) < MAX_ODD:
            facts.odd.append((rows + facts.rows, None))
            shown = rows[: MAX_EXAMPLES - len(facts.examples)].tolist()
            facts.examples += [(k + facts.rows, int(lines[k]), str(cells[k].as_py())) for k in shown]
        if facts.first_unreadable is None:
            facts.first_unreadable = (int(lines[rows[0]]), str(cells[int(rows[0])].as_py()))


def _note_unmapped(facts: ColumnFacts, codes: np.ndarray, words: Sequence[str], meaning: Sequence[float]) -> None:
    for k, word in enumerate(words):
        if np.isnan(meaning[k]) and (len(facts.unmapped) < 20 or word in facts.unmapped):
            rows = np.flatnonzero(codes == k)
            facts.unmapped[word] = facts.unmapped.get(word, 0) + len(rows)
            if len(facts.odd) < MAX_ODD:
                facts.odd.append((rows + facts.rows, word))
