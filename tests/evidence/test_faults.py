"""The table of docs/faults.md holds: a few of its rows are played again, and all of them say what the text says."""

from __future__ import annotations

import re

import pytest

from tests.evidence.faults import BOTH, CHASSIS, DOCUMENT, SECTION, cases, headline, key_of, play, stored, table
from tests.evidence.markers import between
from tests.tiers import slow
from tests.twin.faults.test_docs import rows as documented
from twin.faults import KINDS, parse_fault

TOLERANCE_S = 0.5
"""Between two machines, or two versions of which neither moves faster: contacts are found some scans apart."""
AGAIN = [
    ("top_lift", "rom", "lock_wont_open:lock=2,tries=1"),
    ("top_lift", "rom", "load_cell_offset:offset_n=3000,phase=pull_test"),
    ("top_lift", "bullet", "load_cell_offset:offset_n=500,phase=traverse_to_slot,after_s=2"),
    ("chassis", "rom", "lock_false_closed:seat=slot1"),
    ("chassis", "rom", "load_cell_offset:offset_n=-1000"),
    ("chassis", "rom", "estop:phase=traverse_to_slot,after_s=3"),
    slow("chassis", "bullet", "lock_snag"),
]
UNPREVENTED = {
    # (station, fault): invariants that no control software can keep, as the text says
    ("top_lift", "lock_false_closed:lock=1"): [4],
    ("chassis", "lock_false_closed:lock=1"): [4],
    ("top_lift", "truck_shove:force_n=250000,phase=unlock"): [6],  # the truck turns the standing hoist's drum
}


@pytest.mark.parametrize(("station", "plant", "fault"), AGAIN)
def test_a_row_is_what_a_swap_says(station: str, plant: str, fault: str) -> None:
    (row,) = [row for row in stored() if key_of(row) == (station, plant, fault)]
    now = play(station, plant, fault, row["seed"])
    assert (now["outcome"], now["phase"], now["violations"]) == (row["outcome"], row["phase"], row["violations"])
    assert now["at_s"] == pytest.approx(row["at_s"], abs=TOLERANCE_S)


def test_the_table_is_that_of_the_rows() -> None:
    rows = {key_of(row): row for row in stored()}
    assert set(rows) == set(cases())
    assert between(DOCUMENT, SECTION) == headline(rows) + table(rows)


def test_every_kind_is_in_the_table_and_ends_as_its_text_says() -> None:
    assert {parse_fault(text).kind for text in (*BOTH, *CHASSIS)} == set(KINDS)
    text = documented("kind")
    for row in stored():
        outcomes = set(re.findall(r"`(\w+)`", text[parse_fault(row["fault"]).kind][2]))
        assert row["outcome"] in outcomes, key_of(row)


def test_nothing_is_violated_but_what_no_control_software_can_prevent() -> None:
    for row in stored():
        assert set(row["violations"]) <= set(UNPREVENTED.get((row["station"], row["fault"]), [])), key_of(row)


def test_both_plants_end_alike() -> None:
    rows = {key_of(row): row for row in stored()}
    for (station, plant, fault), row in rows.items():
        if plant == "bullet":
            assert row["outcome"] == rows[station, "rom", fault]["outcome"], (station, fault)
