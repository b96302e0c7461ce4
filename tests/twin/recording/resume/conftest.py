"""Recordings that the tests of branching share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.recording.resume.rom_swaps import STATIONS, recorded
from twin.alignment.servo import VisualServo


@pytest.fixture(scope="session")
def swaps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A swap of each station under its timing set."""
    folder = tmp_path_factory.mktemp("branch")
    return {station: recorded(folder / f"{station}.mcap", station) for station in STATIONS}


@pytest.fixture(scope="session")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A top_lift swap whose pack was seated by the servo's setpoints."""
    path = tmp_path_factory.mktemp("branch") / "aligned.mcap"
    return recorded(path, "top_lift", aligner=lambda robot: VisualServo(), policies={"align": "servo"})
