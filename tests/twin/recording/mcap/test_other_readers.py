"""A recording is a plain MCAP file: the readers of others open it and find what is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.reader import make_reader
from mcap.records import Schema

from tests.twin.recording.mcap.sample_recording import CHANNELS, FRAMES, header, samples, write

T0_NS = 1_760_000_000_987_654_321


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "swap.mcap"
    write(path, t0_ns=T0_NS)
    return path


def decode(schema: Schema, data: bytes) -> Any:
    """A protobuf message by the schema that stands in the file."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(schema.data).file:
        pool.Add(file)  # type: ignore[no-untyped-call]
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.name)).FromString(data)  # type: ignore[no-untyped-call]


def test_mcaps_own_reader_finds_every_message(recorded: Path) -> None:
    with recorded.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == "x-swaptwin"  # a name of our own, as mcap doctor wants it
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        counts = summary.statistics.channel_message_counts
        by_topic = {channel.topic: counts.get(channel.id, 0) for channel in summary.channels.values()}
        assert by_topic == {
            "/tf": 230,
            "/state": 230,
            "/sensors": 230,
            "/commands": 23,
            "/phases": 5,
            "/events": 4,
            "/violations": 1,
            "/log": 5,
            "/scene": 1,
        }
        found: dict[str, list[int]] = {}
        for _, channel, message in reader.iter_messages():
            assert message.sequence == len(found.setdefault(channel.topic, []))
            found[channel.topic].append(message.log_time)
        assert {topic: len(times) for topic, times in found.items()} == by_topic
        assert found["/state"] == found["/tf"] == [T0_NS + round(k * 0.02 * 1e9) for k in range(230)]
        window = list(reader.iter_messages(["/state"], starting_at=T0_NS + 10**9, ending_before=T0_NS + 2 * 10**9))
        assert len(window) == 50  # MCAP's windows leave the end out
        values = [json.loads(message.data)["values"] for _, _, message in window]
        assert [list(row.values()) for row in values] == samples(230)[1][50:100].tolist()
        assert list(values[0]) == list(CHANNELS)


def test_protobuf_decodes_by_the_schemas_in_the_file(recorded: Path) -> None:
    poses, _, _ = samples(230)
    with recorded.open("rb") as file:
        reader = make_reader(file)
        for k, (schema, _, message) in enumerate(reader.iter_messages(["/tf"])):
            assert schema is not None
            assert schema.name == "foxglove.FrameTransforms"
            transforms = decode(schema, message.data).transforms
            for frame, transform, pose in zip(FRAMES, transforms, poses[k], strict=True):
                assert (transform.child_frame_id, transform.parent_frame_id) == (frame.name, frame.parent)
                assert transform.timestamp.seconds * 10**9 + transform.timestamp.nanos == message.log_time
                p, q = transform.translation, transform.rotation
                assert [p.x, p.y, p.z, q.x, q.y, q.z, q.w] == pose.tolist()
        logs = [(decode(s, m.data), m) for s, _, m in reader.iter_messages(["/log"]) if s]
        assert [log.level for log, _ in logs] == [3, 3, 3, 3, 4]
        assert logs[0][0].message == "again"
        ((schema, _, message),) = reader.iter_messages(["/scene"])
        assert schema is not None
        (entity,) = decode(schema, message.data).entities
        assert (entity.frame_id, entity.frame_locked) == ("pack", True)
        assert len(entity.cubes) == len(entity.cylinders) == len(entity.spheres) == len(entity.lines) == 1


def test_header_and_configuration_stand_in_metadata_at_the_start(recorded: Path) -> None:
    with recorded.open("rb") as file:
        reader = make_reader(file)
        metadata = {record.name: record.metadata for record in reader.iter_metadata()}
        (attachment,) = reader.iter_attachments()
    assert metadata["swaptwin"]["format_version"] == "1"
    assert json.loads(metadata["swaptwin"]["channels"]) == list(CHANNELS)
    assert metadata["swaptwin_end"]["outcome"] == "completed"
    assert json.loads(attachment.data) == header().configuration
    assert recorded.read_bytes().index(b"configuration.json") < 4096


def test_rerun_converts_it(recorded: Path, tmp_path: Path) -> None:
    rerun = Path(sys.executable).parent / "rerun"
    if not rerun.exists():
        pytest.skip("rerun-sdk is not installed")
    environment = {**os.environ, "HOME": str(tmp_path)}  # it writes its settings there
    converted = tmp_path / "swap.rrd"
    for command in (
        ["mcap", "convert", str(recorded), "-o", str(converted)],
        ["rrd", "stats", str(converted)],
    ):
        done = subprocess.run(
            [rerun, *command], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
    for entity in ("/tf", "/state", "/sensors", "/commands", "/phases", "/events", "/violations", "/log", "/scene"):
        assert f"\n{entity}: " in done.stdout
    assert "Transform3D:translation: " in done.stdout  # understood, not only carried
    assert "TextLog:text: " in done.stdout
    rows = int("".join(filter(str.isdigit, done.stdout.split("num_rows = ")[1].split("\n")[0])))
    assert rows >= 230 * 3
