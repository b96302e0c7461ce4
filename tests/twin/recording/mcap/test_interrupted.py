"""Killed or cut at any instant, a recording opens as far as it is whole and has lost at most its last second."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.exceptions import EndOfFile, McapError
from mcap.reader import NonSeekingReader
from mcap.records import Chunk
from mcap.stream_reader import StreamReader

from tests.tiers import examples, slow
from tests.twin.recording.mcap.sample_recording import CHANNELS, header, samples, write
from twin.errors import InputError
from twin.recording import Recorder, open_recording

ROOT = Path(__file__).parents[4]
COUNT = 230
PERIOD_S = 0.02

CHILD = """
import os, sys, time
from pathlib import Path
from tests.twin.recording.mcap.sample_recording import header, samples
from twin.recording import Recorder
speed = float(sys.argv[2])
poses, values, sensed = samples(1000)
recorder = Recorder(Path(sys.argv[1]), header())
start_s = time.monotonic()
for k in range(1_000_000):
    recorder.state(k * 0.02, poses[k % 1000], values[k % 1000])
    recorder.sensors(k * 0.02, sensed[k % 1000])
    os.write(1, b"%d\\n" % k)
    time.sleep(max(0.0, k * 0.02 / speed - (time.monotonic() - start_s)))
"""


@pytest.mark.parametrize(("speed", "seed"), [(1.0, 0), (20.0, 1), slow(1000.0, 2)])
def test_killed_at_a_random_instant(tmp_path: Path, speed: float, seed: int) -> None:
    """Four children, each killed at its own instant, in real time and faster."""
    instants = random.Random(seed)
    children = []
    for n in range(4):
        with (tmp_path / f"{n}.said").open("wb") as said:
            command = [sys.executable, "-c", CHILD, str(tmp_path / f"{n}.mcap"), str(speed)]
            children.append(subprocess.Popen(command, cwd=ROOT, stdout=said))
    for n, child in enumerate(children):
        while not (tmp_path / f"{n}.said").stat().st_size:
            assert child.poll() is None
            time.sleep(0.01)
        time.sleep(instants.uniform(0.0, 0.7))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    _, values, _ = samples(1000)
    for n in range(4):
        last = int((tmp_path / f"{n}.said").read_text().split("\n")[-2])
        with open_recording(tmp_path / f"{n}.mcap") as recording:
            states = recording.states()
            count = len(states.t_s)
            assert not recording.complete
            assert recording.outcome == "interrupted"
            assert recording.header == header()
            assert (last + 1 - count) * PERIOD_S <= 1.0 + 1e-9
            assert all(states.values[k].tobytes() == values[k % 1000].tobytes() for k in range(count))
            assert len(recording.frames().t_s) == count


def test_after_every_sample_at_most_a_second_is_not_yet_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    poses, values, _ = samples(COUNT)
    recorder = Recorder(path, header())
    for k in range(COUNT):
        recorder.state(k * PERIOD_S, poses[k], values[k])
        if k % 7 == 0:
            with open_recording(path) as recording:
                count = len(recording.states().t_s)
                assert (k + 1 - count) * PERIOD_S <= 1.0 + 1e-9
                assert recording.states().values.tobytes() == values[:count].tobytes()


def test_a_recording_is_followed_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    poses, values, _ = samples(COUNT)
    wall = [0.0]
    recorder = Recorder(path, header(), wall_clock=lambda: wall[0])
    recording = open_recording(path)
    assert recording.duration_s == 0.0
    news = 0
    for k in range(COUNT):
        wall[0] += 0.11  # slower than real time, so that chunks are written provisionally and replaced
        recorder.state(k * PERIOD_S, poses[k], values[k])
        if k % 3 == 0:
            news += recording.refresh()
            count = len(recording.states().t_s)
            assert k + 1 - count <= 10
            assert recording.states().values.tobytes() == values[:count].tobytes()
    assert news > 10
    recorder.close("completed", "ab")
    assert recording.refresh()
    assert (recording.complete, recording.outcome, len(recording.states().t_s)) == (True, "completed", COUNT)
    assert not recording.refresh()


def test_an_exception_ends_it_as_interrupted(tmp_path: Path) -> None:
    poses, values, _ = samples(60)

    def run() -> None:
        with Recorder(tmp_path / "a.mcap", header()) as recorder:
            for k in range(60):
                recorder.state(k * PERIOD_S, poses[k], values[k])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    recording = open_recording(tmp_path / "a.mcap")
    assert (recording.complete, recording.outcome, recording.end_state_sha256) == (True, "interrupted", "")
    assert recording.summary == {"error": "KeyboardInterrupt: "}
    assert len(recording.states().t_s) == 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "swap.mcap"
    write(path, COUNT)
    return path.read_bytes()


def chunk_ends(data: bytes, path: Path) -> list[int]:
    """Byte offsets at which a chunk ends, from mcap's own reader."""
    path.write_bytes(data)
    ends = []
    with path.open("rb") as file:
        for record in StreamReader(file, emit_chunks=True).records:
            if isinstance(record, Chunk):
                ends.append(file.tell())
    return ends


@settings(deadline=None, max_examples=examples(250))
@given(where=st.data())
def test_cut_anywhere_it_gives_what_is_whole(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, where: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.mcap"
    ends = chunk_ends(whole, path)
    assert len(ends) == 5
    near = [end + shift for end in (0, 8, *ends, len(whole)) for shift in range(-9, 10)]
    size = where.draw(st.sampled_from([s for s in near if 0 <= s < len(whole)]) | st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:size])
    values = samples(COUNT)[1]
    try:
        recording = open_recording(path)
    except InputError:
        assert size < 8000  # only where not even the header is whole
        return
    with recording:
        states = recording.states()
        assert not recording.complete
        assert len(states.t_s) == min(COUNT, 50 * sum(end <= size for end in ends))
        assert states.values.tobytes() == values[: len(states.t_s)].tobytes()
        assert states.values.shape == (len(states.t_s), len(CHANNELS))
        assert recording.header == header()
        assert len(recording.commands()) == (len(states.t_s) + 9) // 10


def test_what_is_cut_opens_in_mcaps_own_streaming_reader_too(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.mcap"
    end = chunk_ends(whole, path)[2]
    path.write_bytes(whole[:end])
    found = []
    with path.open("rb") as file:
        messages = NonSeekingReader(file).iter_messages(log_time_order=False)
        with contextlib.suppress(McapError, EndOfFile):  # it ends in an error, but after what is whole
            found.extend(channel.topic for _, channel, _ in messages)
    assert found.count("/state") == 150
