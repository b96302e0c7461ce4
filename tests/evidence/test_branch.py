"""The stored branches all ended as recorded; two of them on the reduced-order plant do so again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.branch import MOMENTS, PATH, PLANTS, again_from, record
from tests.evidence.campaign import CELLS
from twin.recording import open_recording

ROWS: list[dict[str, Any]] = json.loads(PATH.read_text())


def test_every_stored_branch_ended_as_recorded() -> None:
    assert {(row["station"], row["plant"]) for row in ROWS} == {(s, p) for s in CELLS for p in PLANTS}
    for row in ROWS:
        assert row["outcome"] == "completed"
        assert [one["end_state_sha256"] for one in row["branches"]] == MOMENTS * [row["recorded_sha256"]]
        for one in row["branches"]:
            assert one["asked_s"] <= one["at_s"] < one["asked_s"] + 0.01


@pytest.mark.parametrize("station", sorted(CELLS))
def test_a_stored_moment_comes_out_again(station: str, tmp_path: Path) -> None:
    row = next(row for row in ROWS if (row["station"], row["plant"]) == (station, "rom"))
    record(station, "rom", tmp_path / "a.mcap")
    with open_recording(tmp_path / "a.mcap") as recording:
        sha256 = recording.end_state_sha256
    assert again_from(tmp_path / "a.mcap", row["branches"][0]["asked_s"]) == (row["branches"][0]["at_s"], sha256)
