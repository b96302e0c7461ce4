"""The stored campaigns meet the project's targets, and a small sample of them still comes out as stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evidence.campaign import CELLS, read, run_seed, stored_rows, summary
from tests.evidence.time_step import PATH as TIME_STEP
from tests.evidence.time_step import RATES_HZ

LIMITS_S = {"top_lift": (120.0, 190.0), "chassis": (120.0, 200.0)}
NAMED = {"completed", "repark_required", "jam", "grip_failed", "lock_stuck", "sway_limit", "scan_failed"}
SAMPLE_SEED = 7
LEAST_SEEDS, LEAST_UNGUIDED = 100, {"top_lift": 100, "chassis": 24}


@pytest.mark.parametrize("station", sorted(CELLS))
def test_guided_swaps_meet_their_targets(station: str) -> None:
    rows = read(station, "guided")
    assert [row["seed"] for row in rows] == list(range(len(rows)))
    assert len(rows) >= LEAST_SEEDS
    told = summary(rows)
    assert told["first_attempt"] >= 0.95 * len(rows)
    assert told["completed"] >= 0.99 * len(rows)
    assert told["violations"] == 0
    low, high = LIMITS_S[station]
    for row in rows:
        if row["outcome"] == "completed" and set(row["insert_attempts"]) == {1}:
            assert low <= row["mechanical_time_s"] <= high, row["seed"]
        assert row["mechanical_time_s"] > row["lower_bound_s"] or row["outcome"] != "completed"


@pytest.mark.parametrize("station", sorted(CELLS))
def test_unguided_swaps_end_completed_or_with_a_named_reason(station: str) -> None:
    rows = read(station, "unguided")
    assert len(rows) >= LEAST_UNGUIDED[station]
    assert {row["outcome"] for row in rows} <= NAMED
    assert summary(rows)["violations"] == 0


@pytest.mark.parametrize("station", sorted(CELLS))
def test_a_stored_swap_comes_out_as_stored(station: str) -> None:
    stored = next(row for row in stored_rows(station, "guided") if row.seed == SAMPLE_SEED)
    again = run_seed(station, "guided", SAMPLE_SEED)
    assert again.outcome == stored.outcome
    assert again.insert_attempts == stored.insert_attempts
    assert again.mechanical_time_s == pytest.approx(stored.mechanical_time_s, abs=0.05)
    assert again.kpis["peak_sway_m"] == pytest.approx(stored.kpis["peak_sway_m"], rel=0.02)
    assert again.violations == stored.violations == ()
    assert again.mechanical_time_s / again.lower_bound_s > 1.0  # no swap beats its yardstick


@pytest.mark.parametrize("station", sorted(CELLS))
def test_halving_and_quartering_the_physics_step_changes_little(station: str) -> None:
    rows = {row["physics_hz"]: row for row in json.loads(TIME_STEP.read_text()) if row["station"] == station}
    coarse = rows[min(RATES_HZ)]
    for rate in RATES_HZ:
        assert rows[rate]["outcome"] == "completed"
        assert rows[rate]["mechanical_time_s"] == pytest.approx(coarse["mechanical_time_s"], rel=0.01)
        assert rows[rate]["peak_sway_m"] == pytest.approx(coarse["peak_sway_m"], rel=0.02)


def test_the_phase_table_in_the_docs_is_the_one_of_the_stored_campaigns() -> None:
    from tests.evidence.phases import document

    page = Path(__file__).parents[2] / "docs" / "phases.md"
    assert page.read_text() == document()


def test_the_table_in_the_readme_is_the_one_of_the_stored_campaigns() -> None:
    from tests.evidence.markers import between
    from tests.evidence.readme import README, SECTION, table

    assert between(README, SECTION) == table()
