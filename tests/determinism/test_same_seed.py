"""The same seed gives the same swap to the last bit (design, section 6).

The long proof, a whole swap at each station after a hundred others in the same process, is slow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.determinism.short_swap import short_swap
from tests.tiers import slow
from twin.commands.swap import resolve
from twin.swap import SwapTwin

ROOT = Path(__file__).resolve().parents[2]
STATIONS = ("top_lift", "chassis")


def in_a_fresh_process(station: str, seed: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.determinism.short_swap", station, str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("station", ["top_lift", slow("chassis")])
def test_the_same_bits_in_a_fresh_process_after_other_swaps_and_recorded(station: str, tmp_path: Path) -> None:
    first = short_swap(station).end_state_sha256
    assert in_a_fresh_process(station, 1) == first, "a fresh process differs"
    other = STATIONS[1 - STATIONS.index(station)]
    short_swap(other, 5, until_s=4.0)
    assert short_swap(station, 2, until_s=4.0).end_state_sha256 != first
    recorded = short_swap(station, record=tmp_path / "a.mcap")
    assert recorded.end_state_sha256 == first, "other swaps before it, or recording it, changed it"


def test_two_seeds_give_two_swaps() -> None:
    assert short_swap(seed=1, until_s=4.0).end_state_sha256 != short_swap(seed=2, until_s=4.0).end_state_sha256


def test_the_same_recording_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mcap", "b.mcap"):
        short_swap(record=tmp_path / name, until_s=6.0)
    a, b = ((tmp_path / name).read_bytes() for name in ("a.mcap", "b.mcap"))
    assert a == b


@pytest.mark.slow
def test_a_whole_swap_after_a_hundred_others_equals_a_fresh_process() -> None:
    """The others lift, carry and lock at both stations, each with its own seed; then one whole swap of each."""

    def whole(station: str) -> str:
        twin = SwapTwin(*resolve(station, None, None, "factory", seed=7, parking="guided"))
        try:
            return twin.run().end_state_sha256
        finally:
            twin.close()

    code = (
        "import sys; from twin.commands.swap import resolve; from twin.swap import SwapTwin; print(SwapTwin("
        "*resolve(sys.argv[1], None, None, 'factory', seed=7, parking='guided')).run().end_state_sha256)"
    )
    fresh = {}
    for station in STATIONS:
        command = [sys.executable, "-c", code, station]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        fresh[station] = done.stdout.strip()
    for seed in range(100):
        short_swap(STATIONS[seed % 2], 1000 + seed)
    assert {station: whole(station) for station in STATIONS} == fresh
