"""Ten minutes of the stored day of log need as little memory and come back sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.evidence.day_log import HZ, IMPORT, MAX_MB, compile_kernels, in_process, positions, write_log
from tests.twin.log_import.truth import AXES
from twin.recording import open_recording


@pytest.mark.slow
def test_ten_minutes_come_back_sample_by_sample(tmp_path: Path) -> None:
    compile_kernels(tmp_path / "first")
    log, at, rows = write_log(tmp_path, 1.0 / 6.0)
    reported = in_process(IMPORT, log, at, tmp_path / "log.mcap")
    assert reported["rows"] == reported["samples"] == rows == 600 * HZ
    # the log repeats one swap: where it begins anew x and y are elsewhere from one sample to the next
    assert reported["findings"] == ["leap", "leap"]
    assert reported["peak_mb"] < MAX_MB
    names = [f"robot0/{axis}/position_{'rad' if axis == 'yaw' else 'm'}" for axis in AXES]
    with open_recording(tmp_path / "log.mcap") as recording:
        t_s, values = recording.states(names=names)
    assert np.allclose(t_s, np.arange(rows) / HZ, atol=1e-9)
    assert np.allclose(values, positions(rows), rtol=0.0, atol=1e-12)
