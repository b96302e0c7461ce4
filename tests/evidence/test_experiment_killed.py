"""An experiment on real swaps that is killed ten times has each planned trial once, and leaves nothing running."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.executors import EXECUTORS
from tests.evidence.experiment_killed import compared


@pytest.mark.slow
@pytest.mark.parametrize("executor", EXECUTORS)
def test_kill_9_on_real_swaps_loses_nothing(executor: str, tmp_path: Path) -> None:
    found = compared(tmp_path, executor, seeds=200, moments=10, workers=2)
    assert found["kills"] >= 5
    assert found["trials"] == 800
    assert (found["differ"], found["left_running"]) == ([], 0)
