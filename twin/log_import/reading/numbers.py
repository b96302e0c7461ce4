"""Converts columns to numbers or to words."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.log_import.reading.layout import TableLayout

_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_BLANKS = ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}")
_MINUS = "\N{MINUS SIGN}"


def to_float(column: pa.Array, layout: TableLayout) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a column, and a mask of values that are no numbers.

    A number may have blanks around it, a plus, an exponent, the layout's decimal mark and its separator of thousands
    (between groups of three digits only). Infinities, words such as TRUE, and a NaN that is not empty by the layout are
    no numbers. Of Parquet's types, integers, floats and decimals are numbers; their NaN is empty.

    Args:
        column: strings, or a Parquet column, of n rows.
        layout: format of numbers.

    Returns:
        float64 of shape (n,), NaN for no number; bool of shape (n,), True for a value that is no number.
    """
    column = flat(column)
    kind = column.type
    if is_text(kind):
        return _parsed(column, layout)
    given = valid(column)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return np.full(len(column), np.nan), given
    values = _values(pc.cast(column, pa.float64(), safe=False))
    infinite = np.isinf(values)
    values[infinite] = np.nan
    return values, infinite


def to_text(column: pa.Array) -> tuple[np.ndarray, tuple[str, ...]]:
    """Words of a column, without surrounding blanks.

    Booleans are "TRUE" and "FALSE"; numbers have their shortest form, whole ones without a decimal point.

    Returns:
        int32 of shape (n,), the position of each row's word, -1 for none; the words in order of appearance, some
        perhaps unused.
    """
    coded = flat(column).dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    words: dict[str, int] = {}
    position = [words.setdefault(word, len(words)) if word else -1 for word in map(_word, coded.dictionary.to_pylist())]
    if position != list(range(len(position))):
        codes = np.array([*position, -1], np.int32)[codes]
    return codes, tuple(words)


def is_text(kind: pa.DataType) -> bool:
    """True if a type is a string type."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def flat(column: pa.Array) -> pa.Array:
    """A column as one array that is not dictionary-encoded."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    return column


def valid(column: pa.Array) -> np.ndarray:
    """Mask of rows that are not null: bool of shape (n,)."""
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), bool)


def plain_numbers(column: pa.Array, layout: TableLayout) -> pa.Array:
    """Strings in plain number format, null for a string that is no number or empty."""
    column = pc.utf8_trim_whitespace(column)
    column = pc.if_else(pc.is_in(column, pa.array(layout.empty, pa.string())), pa.scalar(None, pa.string()), column)
    column = pc.replace_substring(column, _MINUS, "-")
    decimal, thousands = re.escape(layout.decimal), layout.thousands
    if thousands:
        if thousands == " ":
            for blank in _BLANKS:
                column = pc.replace_substring(column, blank, thousands)
        t = re.escape(thousands)
        grouped = pc.match_substring_regex(column, f"^[+-]?[0-9]{{1,3}}({t}[0-9]{{3}})+({decimal}[0-9]*)?([eE].*)?$")
        column = pc.if_else(grouped, pc.replace_substring(column, thousands, ""), column)
    if layout.decimal != ".":
        # A point is no decimal mark here, so any value with one is made invalid.
        column = pc.replace_substring(pc.replace_substring(column, ".", "?"), layout.decimal, ".")
    return pc.if_else(pc.match_substring_regex(column, _PLAIN), column, pa.scalar(None, pa.string()))


def _parsed(column: pa.Array, layout: TableLayout) -> tuple[np.ndarray, np.ndarray]:
    is_point = layout.decimal == "."
    if not layout.thousands and (is_point or not pc.any(pc.match_substring(column, ".")).as_py()):
        try:
            pointed = column if is_point else pc.replace_substring(column, ",", ".")
            return _finite(pc.cast(pointed, pa.float64()), valid(column))
        except pa.ArrowInvalid:  # another way to write a number, or none
            pass
    given = valid(column) & ~_in(pc.utf8_trim_whitespace(column), (*layout.empty, ""))
    return _finite(pc.cast(plain_numbers(column, layout), pa.float64()), given)


def _finite(numbers: pa.Array, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = _values(numbers)
    values[np.isinf(values)] = np.nan
    return values, given & np.isnan(values)


def _values(numbers: pa.Array) -> np.ndarray:
    """float64 with NaN for null, writable."""
    return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)


def _in(column: pa.Array, words: tuple[str, ...]) -> np.ndarray:
    return np.asarray(pc.is_in(column, pa.array(words, pa.string())).to_numpy(zero_copy_only=False), bool)


def _word(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return str(value).strip()
