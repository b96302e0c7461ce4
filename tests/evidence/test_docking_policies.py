"""The stored evaluations meet the project's target, stand in the document, and a small sample comes out as stored."""

from __future__ import annotations

import pytest

from tests.evidence.docking_policies import BEGIN, CASES, DOCUMENT, END, SAMPLE, key_of, play, read, table

STORED = {key_of(row["evaluation"]): row for row in read()}


def test_by_day_with_guides_the_yardstick_docks_at_least_19_of_20() -> None:
    told = STORED[("clear", "guided", ("baseline",))]["evaluation"]
    assert told["episodes"] == 500
    assert told["policies"][0]["success_rate"] >= 0.95
    assert told["policies"][0]["success_ci95"][0] >= 0.95


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_the_floor_is_far_below_the_yardstick(case: tuple[str, str]) -> None:
    yardstick = STORED[(*case, ("baseline",))]["evaluation"]["policies"][0]
    for row in STORED[(*case, ("random", "zero"))]["evaluation"]["policies"]:
        assert row["success_ci95"][1] < 0.1 < 0.9 < yardstick["success_ci95"][0]


def test_the_document_shows_what_is_stored() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == table(read())


@pytest.mark.parametrize("case", [CASES[0], CASES[5]], ids="-".join)
def test_stored_episodes_come_out_as_stored(case: tuple[str, str]) -> None:
    stored = STORED[(*case, ("baseline",))]["sample"]["baseline"]
    again = play(case, ("baseline",), SAMPLE, workers=1)["sample"]["baseline"]
    for one, other in zip(stored, again, strict=True):
        assert (one["outcome"], one["steps"]) == (other["outcome"], other["steps"])
        assert one["kpis"] == pytest.approx(other["kpis"], abs=1e-3)
