"""A search on real swaps that is killed ends with the result of one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.tuning_killed import compared


@pytest.mark.slow
def test_kill_9_on_real_swaps_loses_nothing(tmp_path: Path) -> None:
    found = compared(tmp_path, trials=5, moments=2, workers=1)
    assert found["kills"] > 0
    assert found["swaps"] > 128
    assert found["differ"] == []
