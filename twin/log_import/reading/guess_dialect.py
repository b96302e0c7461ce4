"""Guesses the format of an unknown text: encoding, delimiter, header, decimal mark."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from twin.errors import InputError
from twin.log_import.reading.guess_units import unit_of
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.text import wide_codec

_DELIMITERS = ("\t", ";", "|", ",")
_LINES = 400
_ALIKE = 0.9
"""Minimum share of lines with the same number of fields for a delimiter."""
_COMMENTS = ("#", "//", "%", "!")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_GB2312 = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:[ .,'\u00a0\u202f]\d+)*|[.,]\d+)(?:[eE][+-]?\d+)?\s*")
_WITH_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_WITH_POINT = re.compile(r"\s*[+-]?\d+\.\d+\s*")
_GROUPED = re.compile(r"\s*[+-]?\d{1,3}(?:([ .,'\u00a0\u202f])\d{3})(?:\1\d{3})*(?:([.,])\d+)?\s*")
_STAMP = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\s*\d{1,2}:\d{2}|\s*\d{8,}")
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_SOME = 20
_HEAD_BYTES = 4096


def guess_encoding(data: bytes) -> str:
    """Encoding of a text, guessed from its beginning, which may end within a character."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if wide := wide_codec(data[:_HEAD_BYTES]):
        return wide
    if _decodes(data, "utf-8"):
        return "utf-8"
    # Chinese text has pairs of high bytes; an accent or a degree sign mostly stands alone.
    runs = _HIGH.findall(data)
    if sum(_GB2312.fullmatch(run) is not None for run in runs) >= _ALIKE * len(runs) and _decodes(data, "gbk"):
        return "gbk"
    if _decodes(data, "gb18030") and not _decodes(data, "cp1252"):
        return "gb18030"
    return "cp1252" if _decodes(data, "cp1252") else "latin-1"


def guess_dialect(lines: list[str], layout: TableLayout, file: str | Path) -> TableLayout:
    """The layout of a table, guessed from its first lines.

    Args:
        lines: whole lines without their ends.
        layout: the known part: the encoding.
        file: for the message.

    Raises:
        InputError: if no delimiter splits the lines into the same number of fields.
    """
    lines = lines[:_LINES]
    body = [line for line in lines if line.strip()]
    tail = body[len(body) // 3 :]  # after any preamble
    found: dict[str, int] = {}
    for delimiter in _DELIMITERS:
        counts = Counter(len(fields) for fields in _split(tail, delimiter))
        size, often = counts.most_common(1)[0] if counts else (0, 0)
        if size > 1 and often >= _ALIKE * len(tail):
            found[delimiter] = size
    if not found:
        raise InputError(
            "is no table: no tab, semicolon, comma or bar cuts its lines into the same number of fields", file=file
        )
    if "," in found and any(_has_comma_numbers(tail, other) for other in found if other != ","):
        del found[","]
    delimiter = max(found, key=lambda sign: found[sign])
    layout = replace(layout, delimiter=delimiter)
    layout = _with_header(lines, found[delimiter], layout)
    data = _split(lines[layout.header_line + layout.units_line :], delimiter)
    return _with_marks([field for row in data for field in row], layout)


def is_number(field: str) -> bool:
    """True if a field is a number in any dialect."""
    return _NUMBER.fullmatch(field) is not None


def _decodes(data: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    """Fields of each line that is not blank; each line is split by itself so that a stray quote affects only one."""
    limit = csv.field_size_limit()
    return [row for line in lines if len(line) < limit for row in csv.reader([line], delimiter=delimiter) if row]


def _has_comma_numbers(lines: list[str], delimiter: str) -> bool:
    fields = [field for row in _split(lines, delimiter) for field in row if field.strip()]
    numbers = [field for field in fields if is_number(field)]
    return sum(_WITH_COMMA.fullmatch(field) is not None for field in numbers) > 0.1 * max(len(numbers), 1)


def _with_header(lines: list[str], size: int, layout: TableLayout) -> TableLayout:
    """The first line with the table's number of fields, which is the header unless it has numbers."""
    for comment in _COMMENTS:
        marked = [line.startswith(comment) for line in lines]
        if any(marked) and not all(marked):
            layout = replace(layout, comment=comment)
            break
    rows = [(_split([line], layout.delimiter) or [[]])[0] if line.strip() else [] for line in lines]
    fitting = [k for k, row in enumerate(rows) if abs(len(row) - size) <= 1 and len(row) > 1]
    # A commented line is the header only if the first row of data follows it.
    plain = [k for k in fitting if not (layout.comment and lines[k].startswith(layout.comment))]
    head = plain[0] if plain else fitting[0]
    if _has_values(rows[head]):
        above = [k for k in fitting if k < head and not _has_values(rows[k])]
        if not above:
            return replace(layout, header_line=0)
        head = above[-1]
    layout = replace(layout, header_line=head + 1)
    after = [k for k in plain if k > head]
    if len(after) > 1 and not _has_values(rows[after[0]]) and _has_values(rows[after[1]]):
        words = [field for field in rows[after[0]] if field.strip()]
        if after[0] == head + 1 and (not words or any(unit_of(word) for word in words)):
            return replace(layout, units_line=True)
    return layout


def _has_values(fields: list[str]) -> bool:
    return any(is_number(field) or _STAMP.match(field) for field in fields)


def _is_grouped(fields: list[str], mark: str) -> bool:
    """True if a mark separates thousands of whole numbers: it always precedes three digits, and no group is longer."""
    marked = [field.strip() for field in fields if (_WITH_POINT if mark == "." else _WITH_COMMA).fullmatch(field)]
    whole = [field.strip().lstrip("+-") for field in fields if _WHOLE.fullmatch(field)]
    groups = re.compile(rf"[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}")
    three = sum(len(field) == 3 for field in whole)
    return (
        len(marked) >= _SOME
        and three >= _SOME
        and all(groups.fullmatch(f) for f in marked)
        and max(map(len, whole)) <= 3
    )


def _with_marks(fields: list[str], layout: TableLayout) -> TableLayout:
    commas = sum(_WITH_COMMA.fullmatch(field) is not None for field in fields)
    points = sum(_WITH_POINT.fullmatch(field) is not None for field in fields)
    groups: Counter[tuple[str, str]] = Counter()
    for field in fields:
        match = _GROUPED.fullmatch(field)
        if match and match[1] != match[2] and (match[2] or match[1] not in ".,"):
            groups[match[1], match[2] or ""] += 1
    by_mark = {mark: sum(n for (_, decimal), n in groups.items() if decimal == mark) for mark in ".,"}
    for mark, other in ((".", ","), (",", ".")):
        if not groups and _is_grouped(fields, mark):
            return replace(layout, decimal=other, thousands=mark)
    decimal = "," if commas + by_mark[","] > points + by_mark["."] else "."
    thousands = [(n, sign) for (sign, mark), n in groups.items() if mark in ("", decimal) and sign != decimal]
    sign = max(thousands)[1] if thousands else ""
    return replace(layout, decimal=decimal, thousands=" " if sign in "\u00a0\u202f" and sign else sign)
