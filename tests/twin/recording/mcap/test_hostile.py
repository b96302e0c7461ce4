"""Files that are no recordings, or lie: one clear line each, in bounded memory, and never wrong numbers."""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.writer import Writer

from tests.tiers import examples
from tests.twin.recording.mcap.sample_recording import header, samples, write
from twin.errors import InputError
from twin.recording import FORMAT_VERSION, Frame, Header, Recorder, check_output_path, open_recording
from twin.recording.mcap.container_in import MAGIC
from twin.recording.mcap.header import with_checksum

ROOT = Path(__file__).parents[4]
COUNT = 130


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "swap.mcap"
    write(path, COUNT)
    return path.read_bytes()


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught, open_recording(path):
        pass
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    assert "no such recording" in refusal(path)
    assert "a folder" in refusal(tmp_path)
    path.write_bytes(b"")
    assert "empty file" in refusal(path)
    path.write_bytes(b"t_s,x_m\n0.0,1.0\n" * 100)
    assert "not an MCAP file" in refusal(path)
    path.write_bytes(MAGIC[:5])
    assert "cut off" in refusal(path)
    path.write_bytes(MAGIC)
    assert "cut off" in refusal(path)
    path.write_bytes(MAGIC + b"\0" * 100_000)
    assert "not a SwapTwin recording" in refusal(path)
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        channel = writer.register_channel("/state", "json", writer.register_schema("a", "jsonschema", b"{}"))
        writer.add_message(channel, 0, b"{}", 0)
        writer.finish()
    assert "an MCAP file, but not a SwapTwin recording" in refusal(path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")
    assert "cannot be read" in refusal(tmp_path / ("x" * 300))


def with_header(path: Path, metadata: dict[str, str], configuration: bytes = b"{}") -> Path:
    """An MCAP file with this metadata, all its checksums right."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_metadata("swaptwin", metadata)
        writer.add_attachment(0, 0, "configuration.json", "application/json", configuration)
        writer.finish()
    return path


def test_another_version_or_a_false_header(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    good = {key: value for key, value in header().to_metadata().items() if key != "crc32"}
    with open_recording(with_header(path, with_checksum(good))) as recording:
        assert recording.header.channels == header().channels
    for version in ("2", "0", "", "x" * 1000):
        text = refusal(with_header(path, with_checksum({**good, "format_version": version})))
        assert "another format version" in text
        assert f"allowed: {FORMAT_VERSION}" in text
    assert "checksum" in refusal(with_header(path, good))
    lies = [
        {"channels": "[1, 2]"},
        {"channels": '["a", "a"]'},
        {"channels": "[" * 100_000},
        {"channels": json.dumps([f"c{k}" for k in range(20_000)])},
        {"frames": '[["a"]]'},
        {"seed": '"x"'},
        {"tick_hz": "null"},
        {"tick_hz": "-1"},
        {"t0_ns": "-5"},
        {"t0_ns": "9" * 5000},
        {"versions": "[]"},
        {"provenance": '{"robot0/x/position_m": "guessed"}'},
        {"source": "imported"},
    ]
    for lie in lies:
        assert "damaged recording" in refusal(with_header(path, with_checksum({**good, **lie})))
    for configuration in (b"[]", b"{", b"\xff", b"[" * 1_000_000):
        assert "damaged recording" in refusal(with_header(path, with_checksum(good), configuration))


def read_all(path: Path) -> tuple[Header, bool, np.ndarray, np.ndarray, np.ndarray, list[list[dict[str, object]]]]:
    with open_recording(path) as recording:
        entries = [recording.commands(), recording.events(), recording.phases(), recording.violations()]
        _ = (recording.outcome, recording.summary, recording.duration_s, recording.end_state_sha256)
        if recording.end_s:
            recording.values_at(recording.end_s)
        return (
            recording.header,
            recording.complete,
            recording.states().values,
            recording.frames().values,
            recording.sensors().values,
            entries,
        )


@settings(deadline=None, max_examples=examples(400))
@given(where=st.data())
def test_damaged_bytes_never_give_wrong_numbers(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, where: st.DataObject
) -> None:
    """An InputError, or what was recorded as far as it goes."""
    path = tmp_path_factory.getbasetemp() / "damaged.mcap"
    data = bytearray(whole[: where.draw(st.sampled_from([len(whole), len(whole) - 40, len(whole) * 2 // 3]))])
    for _ in range(where.draw(st.integers(1, 3))):
        at = where.draw(st.integers(0, len(data) - 1) | st.integers(len(data) - 3000, len(data) - 1))
        length = where.draw(st.sampled_from([1, 1, 8, 200]))
        new = where.draw(
            st.binary(min_size=length, max_size=length) | st.sampled_from([b"\0" * length, b"\xff" * length])
        )
        data[at : at + length] = new
    path.write_bytes(data)
    poses, values, sensed = samples(COUNT)
    try:
        read_header, complete, states, frames, sensors, _ = read_all(path)
    except InputError:
        return
    assert read_header == header()
    for found, recorded in ((states, values), (frames, poses), (sensors, sensed)):
        assert found.tobytes() == recorded[: len(found)].tobytes()
        assert len(found) == COUNT or not complete


def record(opcode: int, body: bytes) -> bytes:
    return struct.pack("<BQ", opcode, len(body)) + body


def chunk(packed: bytes, size: int, compression: bytes = b"zstd", crc: int = 0, claimed: int | None = None) -> bytes:
    head = struct.pack("<QQQII", 0, 0, size, crc, len(compression)) + compression
    return record(6, head + struct.pack("<Q", len(packed) if claimed is None else claimed) + packed)


def beginning(whole: bytes) -> bytes:
    """The sample recording up to its first chunk."""
    offset = len(MAGIC)
    while whole[offset] != 6:
        offset += 9 + struct.unpack_from("<Q", whole, offset + 1)[0]
    return whole[:offset]


def message(data: bytes, channel_id: int = 2) -> bytes:
    return record(5, struct.pack("<HIQQ", channel_id, 0, 0, 0) + data)


LIMITED = """
import sys
from tests.process_memory import peak_mib
from twin.errors import InputError
from twin.recording import open_recording
before = peak_mib()
for path in sys.argv[1:]:
    try:
        with open_recording(path) as recording:
            recording.states(); recording.frames(); recording.commands()
    except InputError:
        pass
print(round(1024 * (peak_mib() - before)))
"""


@pytest.mark.slow
def test_absurd_lengths_and_bombs_stay_in_bounded_memory_and_time(whole: bytes, tmp_path: Path) -> None:
    start = beginning(whole)
    said, unsaid = zstandard.ZstdCompressor().compressobj(size=2**31), zstandard.ZstdCompressor().compressobj()
    bomb, silent_bomb = (b"".join(c.compress(bytes(2**24)) for _ in range(128)) + c.flush() for c in (said, unsaid))
    tiny = message(b"") * (2**25 // 31)
    deep = message(b'{"t_s":0,"values":' + b"[" * 10_000_000)
    footer = struct.pack("<QQI", len(start), 0, 0)
    index = struct.pack("<QQQQIQI", 0, 0, len(start), 2**40, 0, 0, 0) + struct.pack("<QQ", 0, 0)
    files = {
        "a bomb": start + chunk(bomb, 2**31),
        "a bomb that says it is small": start + chunk(bomb, 100),
        "a bomb that says nothing": start + chunk(silent_bomb, 2**25),
        "a length beyond the file": start + struct.pack("<BQ", 6, 2**63) + bytes(100),
        "a length near the limit of 64 bits": start + struct.pack("<BQ", 6, 2**64 - 1) + bytes(100),
        "packed bytes beyond the chunk": start + chunk(bytes(100), 100, claimed=2**62),
        "a million empty messages": start + chunk(zstandard.compress(tiny), len(tiny), crc=zlib.crc32(tiny)),
        "very deep JSON": start + chunk(zstandard.compress(deep), len(deep)),
        "an unknown compression": start + chunk(bytes(100), 100, compression=b"brotli"),
        "metadata of two gigabytes": MAGIC + struct.pack("<BQ", 12, 2**31) + bytes(1000),
        "an index out of the file": start + record(8, index) + record(2, footer) + MAGIC,
    }
    paths = []
    for name, data in files.items():
        paths.append(tmp_path / f"{name}.mcap")
        paths[-1].write_bytes(data)
    sparse = tmp_path / "sparse.mcap"
    with sparse.open("wb") as file:  # terabytes that cost nothing
        file.write(start + struct.pack("<BQ", 6, 2**40))
        file.truncate(2**41)
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *paths, sparse],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    print(done.stdout)
    assert int(done.stdout) < 600_000  # kilobytes
    assert time.monotonic() - began_s < 30.0


def test_samples_that_do_not_fit_the_header(whole: bytes, tmp_path: Path) -> None:
    names = '"robot0/x/position_m":1,"robot0/hoist/speed_mps":2,"truck/heave_m":3'
    for payload in (
        b"",
        b"null",
        b"[]",
        b'{"t_s":0}',
        b'{"t_s":"x","values":{}}',
        b'{"t_s":0,"values":{"other":1}}',
        f'{{"t_s":0,"values":{{{names}}}}}'.encode(),
        f'{{"t_s":0,"values":{{{names},"odd \\"name\\" é/n":"one"}}}}'.encode(),
        f'{{"t_s":0,"values":{{{names},"odd \\"name\\" é/n":[1]}}}}'.encode(),
    ):
        data = message(payload)
        path = tmp_path / "a.mcap"
        path.write_bytes(beginning(whole) + chunk(data, len(data), b"", zlib.crc32(data)))
        with open_recording(path) as recording, pytest.raises(InputError, match="damaged recording"):
            recording.states()
    data = message(b"short", channel_id=1)
    path.write_bytes(beginning(whole) + chunk(data, len(data), b"", zlib.crc32(data)))
    with open_recording(path) as recording, pytest.raises(InputError, match="transforms"):
        recording.frames()


def test_an_output_path_that_cannot_be_written_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("precious")
    os.mkfifo(tmp_path / "pipe")
    for path, problem in (
        (tmp_path, "it is a folder"),
        (tmp_path / "none" / "a.mcap", "its folder does not exist"),
        (tmp_path / "report.txt" / "a.mcap", "recording cannot be written"),
        (tmp_path / "report.txt", "exists and is not a recording"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/full"), "not a regular file"),
        (tmp_path / ("x" * 300), "recording cannot be written"),
        (tmp_path / "a\0b", "recording cannot be written"),
    ):
        for attempt in (check_output_path, lambda path: Recorder(path, header())):
            with pytest.raises(InputError, match=problem):
                attempt(path)
    assert (tmp_path / "report.txt").read_text() == "precious"
    with pytest.raises(TypeError):  # not JSON: found before the file is made
        Recorder(tmp_path / "a.mcap", header(configuration={"a": object()}))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["pipe", "report.txt"]


def test_a_recording_may_be_written_over(tmp_path: Path) -> None:
    write(tmp_path / "a.mcap", 230)
    write(tmp_path / "a.mcap", 60)
    write(tmp_path / "b.mcap", 60)
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


@pytest.mark.parametrize("before", [b"", b"whole"])
def test_a_full_disk_leaves_what_was_there_before(before: bytes, whole: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.mcap"
    if before:
        file.write_bytes(whole)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    script = """
import resource, signal, sys
from tests.twin.recording.mcap.sample_recording import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    write(sys.argv[1], 230)
except OSError as error:
    print(error.strerror, error.filename)
"""
    done = subprocess.run([sys.executable, "-c", script, file], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"File too large {file}\n"
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == limit
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == ({"a.mcap": whole} if before else {})


def test_another_frame_set_reads_by_its_own_header(tmp_path: Path) -> None:
    frames = tuple(Frame(f"frame_{'x' * k}", f"frame_{'x' * (k - 1)}" if k else "world") for k in range(200))
    poses = np.random.default_rng(0).normal(size=(3, 200, 7))
    with Recorder(tmp_path / "a.mcap", Header(frames=frames)) as recorder:
        for k in range(3):
            recorder.state(k * 0.5, poses[k], np.empty(0))
        recorder.close("completed", "")
    assert open_recording(tmp_path / "a.mcap").frames().values.tobytes() == poses.tobytes()
