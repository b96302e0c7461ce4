"""Guesses the format of an unknown export and the content of its columns, for a first draft of its mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.errors import InputError
from twin.log_import.reading.csv_table import CsvTable
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.guess_columns import ColumnGuess, guess_column
from twin.log_import.reading.guess_dialect import guess_dialect, guess_encoding
from twin.log_import.reading.guess_stamps import (
    StampGuess,
    guess_stamp,
    is_date_only,
    named_like_time,
    relative_stamp,
    time_of_day,
)
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import flat, to_text
from twin.log_import.reading.opening import open_table
from twin.log_import.reading.records import MAX_RECORD_BYTES
from twin.log_import.reading.source import Source, open_regular
from twin.log_import.reading.table import Table
from twin.log_import.reading.text import utf8_blocks
from twin.log_import.time_columns import times_beside

START_BYTES = 4 << 20
"""Limit of what is read from a file's beginning, unpacked."""
END_BYTES = 1 << 20
"""Limit of what is read from its end."""
MAX_TAGS = 2000
"""Limit of reported tags of a long table."""
_PARQUET_ROWS = 20_000
_TAG_LENGTH = 200
_LONG_COLUMNS = 12
"""A table with more columns is wide."""
_TAG_NAME = re.compile(r"tag|point|signal|variable|channel|item|param|测点|点名|变量|^name$|node.?id", re.IGNORECASE)
_VALUE_NAME = re.compile(r"val|wert|reading|measure|数值|^值$|^v$", re.IGNORECASE)
_QUALITY_NAME = re.compile(r"qual|status|good|质量", re.IGNORECASE)
_LIKE_A_TAG = re.compile(r"\S*[A-Za-z\u4e00-\u9fff]\S*[._/:\\|\[]\S*|[A-Z]+[0-9]+\S*")


@dataclass
class Guess:
    """Guesses about a file, from its beginning and part of its end."""

    layout: TableLayout
    table: str
    """`wide`: one column per tag; `long`: one row per value, with its tag."""
    names: tuple[str, ...]
    time_column: str | tuple[str, ...]
    """Name of the time column; two names for separate date and time of day, to be joined with a blank; empty if none
    was found."""
    stamp_format: str
    """Format for `StampFormat`; empty if no time column was found."""
    zone_needed: bool
    """True if the stamps have no zone."""
    tag_column: str = ""
    value_column: str = ""
    quality_column: str = ""
    quality_words: dict[str, int] = field(default_factory=dict)
    """Counts of the quality column's words."""
    own_times: dict[str, str] = field(default_factory=dict)
    """Wide: the time column of each column that has its own."""
    columns: list[ColumnGuess] = field(default_factory=list)
    """Wide: each column except those of time. Long: each tag."""
    notes: tuple[str, ...] = ()
    """Open questions, as sentences."""


def sniff(path: str | Path) -> Guess:
    """Guess the format and the content of a file.

    Raises:
        InputError: if it is no table, or cannot be read.
    """
    path = Path(path)
    with open_regular(path) as file:
        is_parquet = file.read(4) == b"PAR1"
        if is_parquet:
            layout = TableLayout(format="parquet")
        else:
            start = _start(Source(path, file))
            layout = TableLayout(format="csv", encoding=guess_encoding(start))
            layout = guess_dialect(_lines(start, layout, path), layout, path)
    with open_table(path, layout) as table:
        values = _values(table)
        return _guess(table, replace(layout, format="auto"), values)


def _start(source: Source) -> bytes:
    found = bytearray()
    for block in source.blocks(ReadFacts()):
        found += block
        if len(found) >= START_BYTES:
            break
    return bytes(found[:START_BYTES])


def _lines(start: bytes, layout: TableLayout, path: Path) -> list[str]:
    """Whole lines, except that a single line may be cut."""
    text = b"".join(utf8_blocks([start], layout.codec_name, path))
    lines = text.decode(errors="replace").split("\n")
    lines = lines[:-1] if len(lines) > 1 else lines
    for k, line in enumerate(lines):
        if len(line) > MAX_RECORD_BYTES:
            raise InputError(f"line {k + 1}: is longer than {MAX_RECORD_BYTES} bytes, so this is no table", file=path)
    return lines


def _values(table: Table) -> dict[str, pa.Array]:
    """The columns of the beginning, and of part of the end."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in table.plain_names}
    for batch in _batches(table):
        for name, column in batch.items():
            parts[name].append(flat(column))
    return {name: pa.concat_arrays(columns) if columns else pa.nulls(0, pa.string()) for name, columns in parts.items()}


def _batches(table: Table) -> Iterator[dict[str, pa.Array]]:
    is_text = isinstance(table, CsvTable)
    rows = 0
    readable = table.plain_names
    for batch in table.batches(readable, rows=_PARQUET_ROWS):
        yield batch.columns
        rows += batch.rows
        if rows >= _PARQUET_ROWS if not is_text else table.facts.bytes_unpacked >= START_BYTES:
            break
    else:
        return
    if isinstance(table, CsvTable):
        yield from (batch.columns for batch in table.end_batches(readable, END_BYTES))


def _guess(table: Table, layout: TableLayout, values: dict[str, pa.Array]) -> Guess:
    units = dict(zip(table.names, table.units, strict=False))
    time_column, stamp = _time(table, values, layout, units)
    guess = Guess(
        layout,
        "wide",
        table.names,
        time_column,
        stamp.format if stamp else "",
        stamp.zone_needed if stamp else False,
    )
    notes = []
    if stamp is None:
        notes.append("No column was found that holds the time.")
    elif stamp.other:
        notes.append(f"The time stamps could be {stamp.other} as well: days and months cannot be distinguished.")
    times = (time_column,) if isinstance(time_column, str) else time_column
    if isinstance(time_column, str) and stamp is not None:
        guess.own_times = _own_times(table, values, layout, time_column, stamp)
    times = (*times, *guess.own_times.values())
    others = [name for name in values if name not in times]
    if _is_long(guess, others, values, layout):
        guess.table = "long"
        guess.columns = _tags(guess, values, layout)
        if guess.quality_column:
            codes, words = to_text(values[guess.quality_column])
            often = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
            guess.quality_words = dict(zip(words, often, strict=True))
        if len(guess.columns) >= MAX_TAGS:
            notes.append(f"Only the first {MAX_TAGS} tags are told.")
    else:
        guess.columns = [guess_column(name, values[name], layout, units.get(name, "")) for name in others]
    guess.notes = tuple(notes)
    return guess


def _time(
    table: Table, values: dict[str, pa.Array], layout: TableLayout, units: dict[str, str]
) -> tuple[str | tuple[str, ...], StampGuess | None]:
    """The first column with times and a usual name of a time column, else the first one with times.

    Without dates: the first with times of day, else the first that counts from a start or a trigger.
    """
    order = sorted(values, key=lambda name: not named_like_time(name))
    dates = []
    for name in order:
        found = guess_stamp(values[name], name, layout)
        if found is None:
            continue
        if not is_date_only(found) and not _whole_days(values[name], found):
            return name, found
        dates.append((name, found))
    for name, found in dates:
        for other in order:
            time = time_of_day(values[other]) if other != name else ""
            if time:
                date = "%Y-%m-%d" if found.format == "iso" else found.format
                return (name, other), StampGuess(f"{date} {time}", True, found.other and f"{found.other} {time}")
    if dates:
        return dates[0]
    again = {
        name
        for name, header in zip(table.names, table.headers, strict=True)
        if header and table.headers.count(header) > 1
    }
    for name in order:
        if named_like_time(name) and (time := time_of_day(values[name], alone=True)):
            return name, StampGuess(time, True)
        if name in again or named_like_time(name):
            found = relative_stamp(values[name], name, layout, units.get(name, ""))
            if found is not None:
                return name, found
    for name in order:
        time = time_of_day(values[name], alone=True)
        if ":" in time:
            return name, StampGuess(time, True)
    return "", None


def _own_times(
    table: Table, values: dict[str, pa.Array], layout: TableLayout, main: str, stamp: StampGuess
) -> dict[str, str]:
    """The time column of each column of values, if they have several."""
    header = table.headers[table.names.index(main)]
    clocks = {main}
    for name, title in zip(table.names, table.headers, strict=True):
        if name in values and (title == header or named_like_time(name)):
            relative = stamp.format.startswith("relative_")
            found = relative_stamp(values[name], name, layout) if relative else guess_stamp(values[name], name, layout)
            if found is not None and (relative or found.format == stamp.format):
                clocks.add(name)
    beside = times_beside(table.names, table.headers, main, [name for name in values if name not in clocks])
    return {tag: name for tag, name in beside.items() if name in clocks}


def _whole_days(column: pa.Array, found: StampGuess) -> bool:
    """True if ISO stamps are dates only."""
    if found.format != "iso" or not pa.types.is_string(column.type):
        return bool(pa.types.is_date(column.type))
    return int(pc.max(pc.utf8_length(pc.utf8_trim_whitespace(column))).as_py() or 0) <= len("2026-02-11")


def _is_long(guess: Guess, others: list[str], values: dict[str, pa.Array], layout: TableLayout) -> bool:
    """True if one column has tags and another their values; stores which ones in `guess`."""
    if not 2 <= len(others) <= _LONG_COLUMNS:
        return False
    best = ""
    for name in others:
        codes, words = to_text(values[name])
        used = np.unique(codes[codes >= 0])
        if len(used) < 2 or len(used) > max(MAX_TAGS, len(codes) // 2):
            continue
        like = sum(_LIKE_A_TAG.fullmatch(words[code][:_TAG_LENGTH]) is not None for code in used)
        has_value = any(_VALUE_NAME.search(other) for other in others if other != name)
        if like >= 0.6 * len(used) or (_TAG_NAME.search(name) and (like or has_value)):
            best = name
            if _TAG_NAME.search(name):
                break
    if not best:
        return False
    left = [name for name in others if name != best]
    named = [name for name in left if _VALUE_NAME.search(name)]
    quality = [name for name in left if _QUALITY_NAME.search(name) and name not in named]
    kinds = {name: guess_column(name, values[name], layout).kind for name in left}
    value = named or [
        name for name in left if name not in quality and kinds[name] in ("number", "integer code", "text")
    ]
    if not value or (not named and len(value) > 1 and not _TAG_NAME.search(best)):
        return False
    guess.tag_column, guess.value_column = best, value[0]
    guess.quality_column = next((name for name in quality if name != value[0]), "")
    return True


def _tags(guess: Guess, values: dict[str, pa.Array], layout: TableLayout) -> list[ColumnGuess]:
    codes, words = to_text(values[guess.tag_column])
    order = np.argsort(codes, kind="stable")
    begin = np.searchsorted(codes[order], np.arange(len(words)))
    end = np.searchsorted(codes[order], np.arange(len(words)), side="right")
    column = values[guess.value_column]
    return [
        guess_column(words[k], column.take(pa.array(order[begin[k] : end[k]])), layout)
        for k in range(min(len(words), MAX_TAGS))
        if end[k] > begin[k]
    ]
