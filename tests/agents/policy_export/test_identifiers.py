"""Identifiers of IEC 61131-3."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.policy_export.identifiers import RESERVED, identifier


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("aT", "aT_value"),
        ("At", "At_value"),
        ("limit", "limit_value"),
        ("st", "st_value"),
        ("axis_x", "axis_x"),
        ("2nd try", "n_2nd_try"),
        ("__a--b__", "a_b"),
        ("", "value"),
        ("é", "value"),
    ],
)
def test_names_become_identifiers(name: str, made: str) -> None:
    assert identifier(name) == made


def test_a_name_that_differs_by_case_alone_gets_a_number() -> None:
    taken: set[str] = set()
    assert [identifier(name, taken) for name in ("Yaw", "yaw", "YAW", "aT", "AT_value")] == [
        "Yaw",
        "yaw_2",
        "YAW_3",
        "aT_value",
        "AT_value_2",
    ]


@given(st.lists(st.text(max_size=80), max_size=8))
def test_every_name_is_allowed_and_unique(names: list[str]) -> None:
    taken: set[str] = set()
    made = [identifier(name, taken) for name in names]
    assert len({one.upper() for one in made}) == len(made)
    for one in made:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", one)
        assert one.upper() not in RESERVED


def test_the_list_has_the_words_of_the_standard() -> None:
    assert {"AT", "VAR_INPUT", "LREAL", "TON", "LIMIT", "ANDN", "END_REPEAT", "R_EDGE", "NULL"} <= RESERVED
    assert all(word == word.upper() for word in RESERVED)
