"""Logs of the twin's own swaps in the dialects of many stations come back as what happened."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from tests.twin.log_import.agreement import axes_of, events_apart_s, phases_apart_s
from tests.twin.log_import.conftest import DIALECTS, Written
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.recording import open_recording


@pytest.mark.parametrize("name", DIALECTS)
def test_what_happened_comes_back(name: str, written: Written, tmp_path: Path) -> None:
    log = written(name)
    report = import_log(log.path, load_mapping(log.map), tmp_path / "log.mcap")
    found: Counter[str] = Counter()
    for finding in report.findings:
        found[finding.kind] += finding.count
    assert found == +log.damages
    with open_recording(tmp_path / "log.mcap") as recording:
        axes = axes_of(recording, log)
        print(f"{name}: {axes.position_m * 1e3:.3f} mm, {math.degrees(axes.yaw_rad):.4f} deg")
        assert axes.position_m <= 0.002
        assert math.degrees(axes.yaw_rad) <= 0.05
        assert axes.unknown_s == pytest.approx(log.frozen_s, abs=0.1)
        assert phases_apart_s(recording, log) <= 0.05
        assert events_apart_s(recording, log) <= 0.05
        assert recording.summary["report"]["findings"] == [f.as_json() for f in report.findings]
