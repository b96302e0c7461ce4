"""Numbers and words as people and machines write them."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_float, to_text

POINT = TableLayout()
COMMA = TableLayout(decimal=",")


@pytest.mark.parametrize(
    ("text", "layout", "value"),
    [
        ("1", {}, 1.0),
        ("-0", {}, -0.0),
        ("+2.50", {}, 2.5),
        (" 3 ", {}, 3.0),
        ("4.", {}, 4.0),
        (".5", {}, 0.5),
        ("1e3", {}, 1000.0),
        ("1.5E-03", {}, 0.0015),
        ("−7", {}, -7.0),
        ("1,5", {"decimal": ","}, 1.5),
        ("-1,5e2", {"decimal": ","}, -150.0),
        ("1.234.567,8", {"decimal": ",", "thousands": "."}, 1234567.8),
        ("1.234", {"decimal": ",", "thousands": "."}, 1234.0),
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("1'234'567", {"thousands": "'"}, 1234567.0),
        ("-1 234,5", {"decimal": ",", "thousands": " "}, -1234.5),
        ("1\u00a0234", {"thousands": " "}, 1234.0),
        ("12\u202f345.5", {"thousands": " "}, 12345.5),
        ("12345.5", {"thousands": ","}, 12345.5),
        # No numbers: what is left of a value by a wrong decimal mark must not pass for one.
        ("1.5", {"decimal": ","}, None),
        ("1,5", {}, None),
        ("1.5", {"decimal": ",", "thousands": "."}, None),
        ("1.2345", {"decimal": ",", "thousands": "."}, None),
        ("12.34.567", {"decimal": ",", "thousands": "."}, None),
        ("1,2,3", {"decimal": ","}, None),
        ("TRUE", {}, None),
        ("ON", {}, None),
        ("inf", {}, None),
        ("-Infinity", {}, None),
        ("NAN", {}, None),
        ("1e999", {}, None),
        ("0x10", {}, None),
        ("1_000", {}, None),
        ("-", {}, None),
        ("1 2", {}, None),
        ("12 mm", {}, None),
        ("١٢", {}, None),
    ],
)
@pytest.mark.parametrize("beside", [[], ["7"], ["x"], [None]])
def test_single_values(text: str, layout: dict[str, str], value: float | None, beside: list[str | None]) -> None:
    values, bad = to_float(pa.array([*beside, text], pa.string()), TableLayout(**layout))
    assert bad[-1] == (value is None)
    assert repr(float(values[-1])) == repr(math.nan if value is None else value)
    assert bad[:-1].tolist() == [word == "x" for word in beside]


def test_what_is_empty_is_no_mistake() -> None:
    values, bad = to_float(pa.array([None, "", " ", " NaN ", "Bad", "1"]), POINT)
    assert not bad.any()
    assert np.isnan(values[:5]).all()


NUMBERS = st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), max_size=8)


@given(NUMBERS, st.sampled_from([POINT, COMMA, TableLayout(decimal=",", thousands="."), TableLayout(thousands="'")]))
def test_numbers_come_back_to_the_last_bit(numbers: list[float | None], layout: TableLayout) -> None:
    written = [None if number is None else repr(number).replace(".", layout.decimal) for number in numbers]
    values, bad = to_float(pa.array(written, pa.string()), layout)
    assert not bad.any()
    expected = np.array([np.nan if number is None else number for number in numbers], float)
    assert values.tobytes() == expected.tobytes() or np.array_equal(values, expected, equal_nan=True)


@given(st.integers(-(10**12), 10**12), st.integers(0, 999))
def test_groups_of_three(whole: int, thousandths: int) -> None:
    text = f"{whole:,}.{thousandths:03d}"
    expected = float(text.replace(",", ""))
    values, _ = to_float(pa.array([text]), TableLayout(thousands=","))
    assert values[0] == expected
    values, _ = to_float(pa.array([text.translate(str.maketrans(",.", ".,"))]), TableLayout(decimal=",", thousands="."))
    assert values[0] == expected


def test_types_of_parquet() -> None:
    for column, expected in (
        (pa.array([1, None], pa.int16()), [1.0, math.nan]),
        (pa.array([1.5, math.nan, None]), [1.5, math.nan, math.nan]),
        (pa.array([2**63], pa.uint64()), [2.0**63]),
        (pa.array(["1.50"]).cast(pa.decimal128(9, 2)), [1.5]),
        (pa.array(["1", "2"]).dictionary_encode(), [1.0, 2.0]),
        (pa.array(["1"], pa.large_string()), [1.0]),
        (pa.chunked_array([["1"], ["2"]]), [1.0, 2.0]),
    ):
        values, bad = to_float(column, POINT)
        assert np.array_equal(values, expected, equal_nan=True)
        assert not bad.any()
    for column in (pa.array([True, None]), pa.array([0, None], pa.timestamp("s")), pa.array([math.inf, None])):
        assert to_float(column, POINT)[1].tolist() == [True, False]


def test_words() -> None:
    codes, words = to_text(pa.array(["ON", " OFF", None, "OFF ", "", "ON"]))
    assert [words[code] if code >= 0 else None for code in codes] == ["ON", "OFF", None, "OFF", None, "ON"]
    assert codes.dtype == np.int32
    for column, expected in (
        (pa.array([True, False, None]), ["TRUE", "FALSE", None]),
        (pa.array([30.0, 1.5, math.nan]), ["30", "1.5", None]),
        (pa.array([30, None]), ["30", None]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array(["a", "b", "a"]).slice(1), ["b", "a"]),
        (pa.array([], pa.string()), []),
        (pa.array([None, None], pa.string()), [None, None]),
    ):
        codes, words = to_text(column)
        assert [words[code] if code >= 0 else None for code in codes] == expected
