"""Opening and seeking go by the index, whatever the length of the recording."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from twin.recording import Frame, Header, Recorder, Recording, open_recording
from twin.recording.mcap.container_in import ContainerReader

HOUR = 3600 * 50


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One hour at 50 Hz."""
    path = tmp_path_factory.mktemp("hour") / "hour.mcap"
    pose = np.zeros((2, 7))
    with Recorder(
        path, Header(frames=(Frame("truck"), Frame("pack")), channels=("k_n",), sensors=("k_n/seen",))
    ) as recorder:
        for k in range(HOUR):
            recorder.state(k * 0.02, pose, np.array([float(k)]))
            recorder.sensors(k * 0.02, np.array([-float(k)]))
            if k % 9000 == 0:
                recorder.event(k * 0.02, {"name": f"at {k}"})
        recorder.close("completed", "")
    return path


def test_an_hour_opens_in_two_seconds_and_seeks_in_fifty_milliseconds(
    hour: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_bytes = [0]
    read = ContainerReader._read

    def counted(self: ContainerReader, offset: int, length: int) -> bytes:
        read_bytes[0] += length
        return read(self, offset, length)

    monkeypatch.setattr(ContainerReader, "_read", counted)
    began_s = time.perf_counter()
    recording = open_recording(hour)
    assert time.perf_counter() - began_s < 2.0
    assert read_bytes[0] < hour.stat().st_size / 10
    assert recording.duration_s == 3599.98
    seeks_s = []
    for k in np.random.default_rng(0).integers(0, HOUR, 50).tolist():
        began_s = time.perf_counter()
        assert recording.values_at(k * 0.02)[0] == k
        assert recording.sensors_at(k * 0.02)[0] == -k
        assert recording.frames_at(k * 0.02).shape == (2, 7)
        seeks_s.append(time.perf_counter() - began_s)
    assert sorted(seeks_s)[45] < 0.05
    assert [event["name"] for event in recording.events()] == [f"at {k}" for k in range(0, HOUR, 9000)]
    assert read_bytes[0] < hour.stat().st_size / 5


def test_an_hour_without_its_index_still_opens_in_two_seconds(hour: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(hour.read_bytes()[: hour.stat().st_size * 9 // 10])
    began_s = time.perf_counter()
    recording: Recording = open_recording(cut)
    assert time.perf_counter() - began_s < 2.0
    assert not recording.complete
    assert recording.values_at(1000.0)[0] == 50_000


def test_a_sample_costs_little(tmp_path: Path) -> None:
    """A loose bound for a busy machine, on the size of a real station; docs/recording.md has the measurement."""
    random = np.random.default_rng(0)
    frames, channels, sensors = 25, 120, 40
    header = Header(
        frames=tuple(Frame(f"station/part_{k}") for k in range(frames)),
        channels=tuple(f"robot0/axis_{k}/position_m" for k in range(channels)),
        sensors=tuple(f"scanner_{k}/distance_m" for k in range(sensors)),
    )
    poses, values = random.normal(size=(1000, frames, 7)), random.normal(size=(1000, channels))
    spent_s = []
    for _ in range(3):
        with Recorder(tmp_path / "a.mcap", header) as recorder:
            began_s = time.process_time()
            for k in range(1000):
                recorder.state(k * 0.02, poses[k], values[k])
                recorder.sensors(k * 0.02, values[k, :sensors])
            spent_s.append(time.process_time() - began_s)
    assert min(spent_s) / 1000 < 200e-6
