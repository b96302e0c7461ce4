"""The documents' tables of Alignment-v1 are of the stored rows, and a few stored episodes come out as stored."""

from __future__ import annotations

import pytest

from tests.evidence.alignment_checks import KEPT, TABLES, Key, own_rows, play, read, with_interval
from tests.evidence.markers import between
from tests.evidence.part import HERE

STORED = read()
# the rows are of the guard before `agents/guard_rules.py`: episodes in which it does otherwise are not among these
AGAIN = [
    Key("cells", "chassis", "guided", "clear", "", "baseline", "fast"),
    Key("cells", "chassis", "unguided", "rain", "", "baseline", "fast"),
    Key("robust", "chassis", None, None, "delay_s=0.1", "law", "fast"),
]


@pytest.mark.parametrize(("document", "name"), [(document, name) for document, name, _ in TABLES])
def test_a_documents_table_is_of_the_stored_rows(document: object, name: str) -> None:
    [table] = [make for where, section, make in TABLES if (where, section) == (document, name)]
    assert between(document, name) == table(HERE)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", AGAIN, ids=lambda key: f"{key.station} {key.policy} {key.conditions or key.vary}")
def test_a_stored_row_begins_as_it_is_played_now(key: Key) -> None:
    again, stored = play(key, 3), STORED[key]
    for name in KEPT:
        assert again[name] == stored[name][:3], name


def test_what_the_text_says_of_the_chassis_law_holds() -> None:
    servo, law = (own_rows(STORED, "chassis", label) for label in ("servo", "law, fast"))
    first = [flag for row in law for flag in row["first"]]
    assert len(first) == 1600
    assert sum(first) / len(first) >= 0.995, with_interval(first)
    assert all(sum(b["first"]) >= sum(a["first"]) for a, b in zip(servo, law, strict=True)), "in no cell fewer"
    assert sum(row["violations"] for row in (*servo, *law)) == 0
