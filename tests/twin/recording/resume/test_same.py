"""With unchanged settings a branch is the recorded swap, to the last bit and from any moment on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiers import slow
from tests.twin.recording.resume.rom_swaps import (
    STATIONS,
    assert_same_before,
    branched,
    command_at,
    end_sha256,
    recorded,
)
from twin.recording import open_recording
from twin.recording.resume.begin import begin_from
from twin.recording.verify import verify

MOMENTS = 2
ALL_MOMENTS = 10


def moments(path: Path, count: int) -> list[float]:
    """Random moments of a recorded swap: between scans, between samples."""
    with open_recording(path) as recording:
        end_s = recording.end_s
    return np.random.default_rng(count).uniform(0.0, end_s, count).tolist()


@pytest.mark.parametrize("count", [MOMENTS, slow(ALL_MOMENTS)])
@pytest.mark.parametrize("station", STATIONS)
def test_from_random_moments_it_ends_as_recorded(station: str, count: int, swaps: dict[str, Path]) -> None:
    path = swaps[station]
    for at_s in moments(path, count):
        assert branched(path, at_s).end_state_sha256 == end_sha256(path), at_s


@pytest.mark.parametrize("station", ["top_lift", slow("chassis")])
def test_on_the_reference_plant_too(station: str, tmp_path: Path) -> None:
    """Shortened by a trip; whole swaps: tests/evidence/test_branch.py."""
    path = recorded(tmp_path / "a.mcap", station, plant="bullet", faults=("estop:at_s=9",))
    result = branched(path, 7.321)
    assert (result.outcome, result.end_state_sha256) == ("estop", end_sha256(path))


def test_from_the_very_beginning_and_the_very_end(swaps: dict[str, Path], tmp_path: Path) -> None:
    path = swaps["top_lift"]
    with open_recording(path) as recording:
        end_s = next(e["t_s"] for e in recording.events() if e["name"] == "outcome")
    for at_s in (0.0, end_s):
        result = branched(path, at_s)
        assert result.end_state_sha256 == end_sha256(path)
        (event,) = [e for e in result.events if e["name"] == "branch"]
        assert event["t_s"] == at_s
    branched(path, 0.0, record=tmp_path / "b.mcap", until_s=1.0)
    with open_recording(tmp_path / "b.mcap") as again:
        assert [e["t_s"] for e in again.events() if e["name"] == "branch"] == [0.0]


def test_the_first_part_is_recorded_again_sample_for_sample(swaps: dict[str, Path], tmp_path: Path) -> None:
    branched(swaps["chassis"], 47.7, record=tmp_path / "b.mcap", until_s=50.0)
    assert_same_before(swaps["chassis"], tmp_path / "b.mcap", 47.7)
    assert verify(tmp_path / "b.mcap").verified


def test_a_recording_that_was_cut_continues(swaps: dict[str, Path], tmp_path: Path) -> None:
    whole, cut = swaps["top_lift"], tmp_path / "cut.mcap"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with open_recording(cut) as recording:
        assert not recording.complete
        last_s = float(recording.states(names=()).t_s[-1])
    assert branched(cut, last_s).end_state_sha256 == end_sha256(whole)


def test_time_counts_from_the_next_scan(swaps: dict[str, Path]) -> None:
    path = swaps["top_lift"]
    t_s = command_at(path, "land")["t_s"]
    for early_s, scans in ((0.0, 0), (1e-9, 0), (0.001, 0), (-0.001, 1), (0.0099, 0), (0.011, -1)):
        moment = begin_from(path, t_s - early_s)
        assert moment.at_s == pytest.approx(t_s + 0.01 * scans, abs=1e-9), early_s
        moment.close()
