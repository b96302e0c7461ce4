"""From the moments of the stored branches, a swap on the reduced-order plant ends as recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.branch import again_from, moments, record
from tests.evidence.campaign import SETUPS
from tests.tiers import slow
from twin.recording import open_recording

MOMENTS = [0, slow(3), slow(6), slow(8)]
PLANTS = ["rom", slow("bullet")]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Recorded when first asked for."""
    return {}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("station", sorted(SETUPS))
def test_a_swap_ends_as_recorded(
    station: str,
    plant: str,
    moment: int,
    recordings: dict[tuple[str, str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if (station, plant) not in recordings:
        recordings[station, plant] = tmp_path_factory.mktemp("branch") / "a.mcap"
        record(station, plant, recordings[station, plant])
    path = recordings[station, plant]
    with open_recording(path) as recording:
        outcome, end_s, sha256 = recording.outcome, recording.end_s, recording.end_state_sha256
    assert outcome == "completed"
    assert again_from(path, moments(end_s)[moment])[1] == sha256
