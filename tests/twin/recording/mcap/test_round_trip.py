"""What is recorded is what is read, bit for bit, and the same run gives the same file."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.tiers import examples
from tests.twin.recording.mcap.sample_recording import CHANNELS, FRAMES, SENSORS, header, samples, write
from twin.errors import InputError
from twin.recording import Frame, Header, Recorder, open_recording

DOUBLES = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True) | st.sampled_from(
    [-0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e22, 2.0**53 + 2]
)


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


@settings(deadline=None, max_examples=examples(40))
@given(
    poses=arrays(np.float64, (3, len(FRAMES), 7), elements=DOUBLES | st.sampled_from([math.nan, math.inf])),
    values=arrays(np.float64, (3, len(CHANNELS)), elements=DOUBLES),
    sensed=arrays(np.float64, (3, len(SENSORS)), elements=DOUBLES),
    start_s=st.floats(0.0, 1e6),
)
def test_every_double_round_trips_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, poses: Any, values: Any, sensed: Any, start_s: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "doubles.mcap"
    times = [start_s, start_s + 0.02, start_s + 1.7]
    with Recorder(path, header()) as recorder:
        for k, t_s in enumerate(times):
            recorder.state(t_s, poses[k], values[k])
            recorder.sensors(t_s, sensed[k])
        recorder.close("completed", "")
    with open_recording(path) as recording:
        assert recording.complete
        assert same_bits(recording.states().t_s, np.array(times))
        assert same_bits(recording.states().values, values)
        assert same_bits(recording.sensors().values, sensed)
        assert same_bits(recording.frames().values, poses)
        assert same_bits(recording.values_at(times[2]), values[2])
        assert same_bits(recording.frames_at(times[1]), poses[1])


@settings(deadline=None, max_examples=examples(40))
@given(
    command=st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            DOUBLES | st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_commands_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, command: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "commands.mcap"
    with Recorder(path, header()) as recorder:
        recorder.command(1.25, 625, command)
        recorder.close("completed", "")
    with open_recording(path) as recording:
        (entry,) = recording.commands()
    assert entry == {"t_s": 1.25, "tick": 625, "command": command}
    assert repr(entry["command"]) == repr(command)  # tells -0.0 from 0.0 and True from 1


def test_arrays_in_a_command_come_back_as_lists(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.mcap", header()) as recorder:
        recorder.command(0.0, 0, {"target_m": np.array([0.1, -0.0]), "axis": np.int64(2), "limit_n": np.float64(0.3)})
        recorder.close("completed", "")
    (entry,) = open_recording(tmp_path / "a.mcap").commands()
    assert entry["command"] == {"target_m": [0.1, -0.0], "axis": 2, "limit_n": 0.3}


def test_a_value_that_is_not_finite_reads_as_nan(tmp_path: Path) -> None:
    poses, values, sensed = samples(1)
    values[0, :3] = math.nan, math.inf, -math.inf
    with Recorder(tmp_path / "a.mcap", header()) as recorder:
        recorder.state(0.0, poses[0], values[0])
        recorder.close("completed", "")
    read = open_recording(tmp_path / "a.mcap").values_at(0.0)
    assert np.isnan(read[:3]).all()
    assert read[3] == values[0, 3]


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, [1.0, [-math.inf]], np.array([math.nan]), {"deep": np.float64("nan")}]
)
def test_a_command_that_would_not_come_back_is_refused(tmp_path: Path, bad: object) -> None:
    with Recorder(tmp_path / "a.mcap", header()) as recorder, pytest.raises(ValueError, match="finite"):
        recorder.command(0.0, 0, {"target_m": bad, "until": None})


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.mcap")
    write(tmp_path / "b.mcap")
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


def test_the_wall_clock_leaves_no_trace_in_a_finished_recording(tmp_path: Path) -> None:
    """A slow run is written provisionally each second of wall time, readable at once, and ends in the same bytes."""
    poses, values, _ = samples(130)
    seen: list[int] = []
    finished: list[bytes] = []
    for name, wall_step_s in (("fast.mcap", 0.0), ("slow.mcap", 0.3)):
        clock = iter(np.arange(100_000) * wall_step_s)
        path = tmp_path / name
        with Recorder(path, header(), wall_clock=lambda clock=clock: float(next(clock))) as recorder:  # type: ignore[misc]
            for k in range(130):
                recorder.state(k * 0.02, poses[k], values[k])
                if wall_step_s:
                    with open_recording(path) as recording:
                        seen.append(len(recording.states().t_s))
                        assert not recording.complete
                        assert same_bits(recording.states().values, values[: seen[-1]])
            recorder.close("completed", "")
        finished.append(path.read_bytes())
    assert finished[0] == finished[1]
    assert max(k + 1 - count for k, count in enumerate(seen)) < 10  # 50 without writing provisionally


def test_windows_and_instants(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    write(path)
    poses, values, sensed = samples(230)
    recording = open_recording(path)
    times = np.arange(230) * 0.02
    assert (recording.start_s, recording.end_s, recording.duration_s) == (0.0, 4.58, 4.58)
    for start_s, end_s in (
        (None, None),
        (1.0, 2.0),
        (0.999, 1.0),
        (4.5, None),
        (None, 0.03),
        (2.01, 2.011),
        (3.0, 1.0),
    ):
        inside = (times >= (start_s or 0.0) - 1e-9) & (times <= (99.0 if end_s is None else end_s) + 1e-9)
        assert same_bits(recording.states(start_s, end_s).t_s, times[inside])
        assert same_bits(recording.states(start_s, end_s).values, values[inside])
        assert same_bits(recording.sensors(start_s, end_s).values, sensed[inside])
        assert same_bits(recording.frames(start_s, end_s).values, poses[inside])
    picked = recording.states(1.0, 2.0, names=["truck/heave_m", "robot0/x/position_m"]).values
    assert same_bits(picked, values[50:101][:, [2, 0]])
    for t_s, k in ((0.0, 0), (0.0199, 0), (0.02, 1), (1.0, 50), (1.01, 50), (4.58, 229), (229 * 0.02, 229)):
        assert same_bits(recording.values_at(t_s), values[k])
        assert same_bits(recording.sensors_at(t_s), sensed[k])
        assert same_bits(recording.frames_at(t_s), poses[k])
    assert sum(len(part.t_s) for part in recording.iter_states()) == 230
    assert [entry["name"] for entry in recording.phases(0.5, 2.0)] == ["phase_1", "phase_2"]
    assert [entry["t_s"] for entry in recording.events()] == [0.06, 73 * 0.02, 143 * 0.02, 213 * 0.02]
    assert recording.violations()[0]["name"] == "invariant_3"
    assert len(recording.commands()) == 23
    for t_s in (-0.1, 4.59, math.nan, math.inf):
        with pytest.raises(InputError, match=r"outside the recording|not a time"):
            recording.values_at(t_s)
    with pytest.raises(InputError, match="not a name in the recording"):
        recording.states(names=["nonsense"])


def test_the_file_explains_itself(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    write(path)
    recording = open_recording(path)
    assert recording.header == header()
    assert recording.header.configuration["station"] == {"name": "top_lift", "rate_hz": 500.0}
    assert recording.header.seed == 7
    assert set(recording.header.versions) >= {"python", "numpy", "pybullet"}
    assert (recording.outcome, recording.end_state_sha256) == ("completed", "ab" * 32)
    assert recording.summary == {"cycle_time_s": 4.6}
    assert (recording.channel_names, recording.sensor_names) == (CHANNELS, SENSORS)
    assert recording.frame_names == ("truck", "spreader", "pack")


def test_an_imported_log_states_what_was_measured(tmp_path: Path) -> None:
    names = [*CHANNELS, *SENSORS, *(frame.name for frame in FRAMES)]
    with pytest.raises(ValueError, match="must state the provenance"):
        header(source="imported", provenance=dict.fromkeys(names[1:], "measured"))
    provenance = dict.fromkeys(names, "measured") | {"truck/heave_m": "estimated"}
    write(tmp_path / "a.mcap", source="imported", provenance=provenance, seed=None, t0_ns=1_760_000_000_123_456_789)
    recording = open_recording(tmp_path / "a.mcap")
    assert recording.header.provenance_of("truck/heave_m") == "estimated"
    assert recording.header.provenance_of("truck") == "measured"
    assert (recording.start_s, recording.end_s, recording.header.seed) == (0.0, 4.58, None)
    assert same_bits(recording.values_at(1.0), samples(230)[1][50])


def test_late_events_and_a_recording_with_nothing_in_it(tmp_path: Path) -> None:
    poses, values, _ = samples(200)
    with Recorder(tmp_path / "late.mcap", header()) as recorder:
        for k in range(200):
            recorder.state(k * 0.02, poses[k], values[k])
        recorder.event(0.5, {"name": "late"})
        recorder.close("completed", "")
    recording = open_recording(tmp_path / "late.mcap")
    assert same_bits(recording.values_at(0.6), values[30])
    assert recording.events(0.4, 0.6)[0]["name"] == "late"

    with Recorder(tmp_path / "empty.mcap", Header()) as recorder:
        recorder.close("timeout", "", {})
    recording = open_recording(tmp_path / "empty.mcap")
    assert (recording.complete, recording.outcome, recording.duration_s) == (True, "timeout", 0.0)
    assert (recording.states().values.shape, recording.frames().values.shape) == ((0, 0), (0, 0, 7))
    with pytest.raises(InputError, match="an empty recording"):
        recording.values_at(0.0)


def test_chunks_close_early_when_there_is_much_in_them(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.mcap", Header(channels=("a_m",)), chunk_period_s=60.0) as recorder:
        for k in range(5000):
            recorder.state(k * 1e-3, np.empty((0, 7)), np.array([float(k)]))
        for _ in range(30):
            recorder.event(5.0, {"name": "x" * 1_000_000})
        with pytest.raises(ValueError, match="too large"):
            recorder.event(5.0, {"name": "x" * 10_000_000})
        recorder.close("completed", "")
    recording = open_recording(tmp_path / "a.mcap")
    assert same_bits(recording.states().values[:, 0], np.arange(5000.0))
    assert len(recording.events()) == 30


def test_a_callers_mistakes_are_refused(tmp_path: Path) -> None:
    poses, values, sensed = samples(1)
    for bad in (
        {"channels": ("a", "a")},
        {"sensors": ("",)},
        {"frames": (Frame("world"),)},
        {"frames": (Frame("a", "a"),)},
        {"provenance": {"nonsense": "measured"}},
        {"provenance": {"truck": "guessed"}},
        {"t0_ns": -1},
        {"tick_hz": 0.0},
    ):
        with pytest.raises(ValueError, match=r"."):
            header(**bad)
    with Recorder(tmp_path / "a.mcap", header()) as recorder:
        with pytest.raises(ValueError, match="shape"):
            recorder.state(0.0, poses[0][0], values[0])
        with pytest.raises(ValueError, match="shape"):
            recorder.state(0.0, poses[0], values[0][:1])
        for t_s in (-1.0, math.nan, math.inf):
            with pytest.raises(ValueError, match="finite and not negative"):
                recorder.sensors(t_s, sensed[0])
        recorder.state(1.0, poses[0], values[0])
        with pytest.raises(ValueError, match="order of time"):
            recorder.state(0.5, poses[0], values[0])
        with pytest.raises(ValueError, match="its own t_s"):
            recorder.event(1.0, {"t_s": 2.0})
        recorder.close("completed", "")
        with pytest.raises(ValueError, match="closed"):
            recorder.state(2.0, poses[0], values[0])
    assert len(open_recording(tmp_path / "a.mcap").states().t_s) == 1


def test_every_pose_is_where_its_name_says(tmp_path: Path) -> None:
    """Column by column, so that x is not y and one frame is not another."""
    poses = np.arange(len(FRAMES) * 7, dtype=float).reshape(1, len(FRAMES), 7)
    with Recorder(tmp_path / "a.mcap", header()) as recorder:
        recorder.state(0.0, poses[0], np.zeros(len(CHANNELS)))
        recorder.close("completed", "")
    assert struct.pack("<d", 8.0) in struct.pack("<21d", *open_recording(tmp_path / "a.mcap").frames_at(0.0).ravel())
    assert open_recording(tmp_path / "a.mcap").frames_at(0.0)[1, 1] == 8.0
