"""The table of offsets in docs/faults.md holds: every one is zeroed or found, and a few rows are played again."""

from __future__ import annotations

import pytest

from tests.evidence.faults import DOCUMENT, STATIONS
from tests.evidence.load_cell import CONSTANT, SECTION, Key, cases, played, section, stored
from tests.evidence.markers import between
from tests.tiers import slow
from twin.catalogue import load_station

TOLERANCE_S = 0.5
"""Between two machines, or two versions of which neither moves faster: contacts are found some scans apart."""
AGAIN: list[Key] = [
    ("top_lift", "rom", CONSTANT, -1_000),
    ("top_lift", "rom", "insert,after_s=1", 500),
    ("top_lift", "bullet", "unlock,after_s=1", -60_000),
    ("chassis", "rom", "unlock,after_s=1", -60_000),
]


def test_the_table_is_that_of_the_rows() -> None:
    rows = stored()
    assert set(rows) == set(cases())
    assert between(DOCUMENT, SECTION) == section(rows)


SLOW: list[Key] = [("top_lift", "bullet", "pull_test", -3_000)]


@pytest.mark.parametrize("case", [*AGAIN, *map(slow, SLOW)], ids=lambda case: "-".join(map(str, case)))
def test_a_row_is_what_a_swap_says(case: Key) -> None:
    row, now = stored()[case], played(*case)
    assert (now["outcome"], now["phase"], now["violations"]) == (row["outcome"], row["phase"], row["violations"])
    assert now["at_s"] == pytest.approx(row["at_s"], abs=TOLERANCE_S)


def test_every_offset_is_zeroed_or_found_and_breaks_nothing() -> None:
    window_n = {station: load_station(station).sensors.load_cell_zero_window_n for station in STATIONS}
    for (station, plant, onset, size_n), row in stored().items():
        zeroed = onset == CONSTANT and abs(size_n) <= window_n[station]
        assert row["outcome"] == ("completed" if zeroed else "load_implausible"), (station, plant, onset, size_n)
        assert (row["zeroed_n"] == pytest.approx(size_n, abs=60.0)) if zeroed else True
        assert row["violations"] == []
