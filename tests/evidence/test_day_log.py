"""The stored day of log holds its targets; ten minutes of it, imported now, need as little and say the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.evidence.day_log import HZ, IMPORT, MOST_MB, PATH, compile_kernels, in_process, positions, write_log
from tests.twin.log_import.truth import AXES
from twin.recording import open_recording


def test_the_stored_day_stays_within_its_memory() -> None:
    stored = json.loads(PATH.read_text())
    assert (stored["hours"], stored["hz"]) == (24.0, HZ)
    assert stored["rows"] == stored["import"]["rows"] == stored["import"]["samples"] == 24 * 3600 * HZ
    assert stored["import"]["findings"] == []
    assert stored["peak_mb"] < MOST_MB
    assert stored["rows_per_s"] > 60 * HZ  # an hour of log in a minute
    assert stored["plain_pyarrow"]["rows"] == stored["rows"]


def test_ten_minutes_come_back_sample_by_sample(tmp_path: Path) -> None:
    compile_kernels(tmp_path / "first")
    log, at, rows = write_log(tmp_path, 1.0 / 6.0)
    told = in_process(IMPORT, log, at, tmp_path / "log.mcap")
    assert told["rows"] == told["samples"] == rows == 600 * HZ
    # the log repeats one swap: where it begins anew x and y are elsewhere from one sample to the next
    assert told["findings"] == ["leap", "leap"]
    assert told["peak_mb"] < MOST_MB
    names = [f"robot0/{axis}/position_{'rad' if axis == 'yaw' else 'm'}" for axis in AXES]
    with open_recording(tmp_path / "log.mcap") as recording:
        t_s, values = recording.states(names=names)
    assert np.allclose(t_s, np.arange(rows) / HZ, atol=1e-9)
    assert np.allclose(values, positions(rows), rtol=0.0, atol=1e-12)
