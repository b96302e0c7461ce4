"""A full disk: exit code 1, one line that names the file the user gave, nothing left behind and nothing destroyed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import swaptwin
from tests.sweep.conftest import Disk
from tests.sweep.lines import EXPERIMENT, EXPORT, ROOT, SWAP, THROUGHPUT, TRAIN, TUNE, run
from twin import console
from twin.errors import naming
from twin.recording import Header, Recorder

ROOM_BYTES = 24 * 1024
"""Enough for a few small files, and for none of these."""
ZERO = ["--policy", "zero", "--episodes", "1", "--workers", "1", "--conditions", "clear"]
ALIGNMENT = ["evaluate", "alignment", "--plant", "rom", *ZERO]
BIG = ["--size", "1280x720"]
WRITES = {
    # command lines whose file is too large for the disk, and that file; {} is its folder
    "swap": ([*SWAP, "--record", "{}/a.mcap"], "a.mcap"),
    "swap from a moment": (["swap", "--from", "short.mcap", "--at", "0.5", "--record", "{}/b.mcap"], "b.mcap"),
    "docking": (["evaluate", "docking", *ZERO, "--record-failures", "{}/f"], "f/zero_0_"),
    "alignment": ([*ALIGNMENT, "--record-failures", "{}/f"], "f/zero_0_"),
    "import": (["import-log", "log.csv", "--map", "map.yaml", "--output", "{}/log.mcap"], "log.mcap"),
    "comparison": (
        ["import-log", "log.csv", "--map", "map.yaml", "--output", "cmp.mcap", "--compare", "{}/page.html"],
        "page.html",
    ),
    "screenshot": (["replay", "short.mcap", "--screenshot", "{}/shot.png", *BIG], "shot.png"),
    "video": (["replay", "short.mcap", "--video", "{}/v.mp4", "--duration", "2", *BIG], "v.mp4"),
    "export": ([*EXPORT, "--format", "plcopen", "-o", "{}/t.xml"], "t.xml"),
    "steps": ([*EXPORT[:-1], "1", "--format", "plcopen", "--steps", "{}/steps"], "steps/"),
    "train": ([*TRAIN, "--out", "{}/run"], "run/"),
    "tune": ([*TUNE, "-o", "{}/tuned.yaml", "--study", "tuned.sqlite"], "tuned.html"),
    "report": (["experiment", "report", "table.csv", "-o", "{}/report.html"], "report.html"),
    "throughput": ([*THROUGHPUT, "-o", "{}/day.html"], "day.html"),
    "dataset": (["record-dataset", *ALIGNMENT[1:], "--name", "a-v0", "--out", "{}/sets"], "sets/a-v0"),
    "demo": (["demo", "--folder", "{}/demo", "--no-video"], "demo/"),
}
NO_ROOM = {
    # and those that find no room even for a few bytes
    "draft": (["import-log", "log.csv", "--draft-map", "{}/map.yaml"], "map.yaml"),
    "table": (
        ["agree", "--seeds", "1", "--reference", "tests/evidence/top_lift_guided.jsonl", "--table", "{}/t.md"], "t.md"
    ),
    "experiment": ([*EXPERIMENT, "--ledger", "experiment.sqlite", "--table", "{}/e.csv"], "e.csv"),
    "rows": (["agree", "--seeds", "1", "--save", "{}/rows.jsonl"], "rows.jsonl"),
}  # fmt: skip
NO_FILES = ("verify", "models", "bench", "doctor")


def test_every_command_that_writes_is_swept() -> None:
    swept = {line[0] for line, _ in [*WRITES.values(), *NO_ROOM.values()]}
    assert swept | set(NO_FILES) >= set(swaptwin.COMMANDS)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def sweep(made: Path, full: Disk, writes: dict[str, tuple[list[str], str]]) -> None:
    before = tree(full.folder)
    places = {"{}": str(full.folder), "tests/": f"{ROOT}/tests/"}
    reported = [[filled(word, places) for word in line] for line, _ in writes.values()]
    for ended, (_, file) in zip(run(made, reported, limit_bytes=full.limit_bytes), writes.values(), strict=True):
        assert ended.code == 1, ended
        errors = [line for line in ended.said.splitlines() if line.startswith("error")]
        assert errors == ended.said.splitlines()[-1:], ended
        assert f"{full.folder}/{file}" in errors[0], ended
        assert errors[0].endswith(full.words), ended
        assert ".part" not in errors[0], ended
        assert "part_" not in errors[0], ended
        assert tree(full.folder) == before, f"{ended}: {sorted(tree(full.folder))}"


def filled(word: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        word = word.replace(name, place)
    return word


@pytest.mark.slow
def test_what_does_not_fit(made: Path, full: Disk) -> None:
    chosen = dict(WRITES)
    if full.limit_bytes is not None:
        del chosen["comparison"]  # its recording would be too large as well
    sweep(made, full.leave(ROOM_BYTES), chosen)
    assert not list(made.glob(".*"))


def test_where_nothing_fits(made: Path, full: Disk) -> None:
    if full.limit_bytes is not None:
        pytest.skip("without a disk of its own no process could say anything")
    sweep(made, full.leave(0), NO_ROOM)


@pytest.mark.slow
def test_what_was_there_stays(made: Path, full: Disk) -> None:
    header = Header(source="twin")
    for name in ("a.mcap", "log.mcap"):
        with Recorder(full.folder / name, header) as recorder:
            recorder.close("completed", "")
    (full.folder / "link.mcap").symlink_to("a.mcap")
    for name in ("shot.png", "v.mp4"):
        (full.folder / name).write_text("of yesterday")
    chosen = {name: WRITES[name] for name in ("swap", "import", "screenshot")}
    chosen["by a link"] = ([*SWAP, "--record", "{}/link.mcap"], "link.mcap")
    sweep(made, full.leave(ROOM_BYTES), chosen)
    assert (full.folder / "link.mcap").is_symlink()


def test_a_recording_is_replaced_where_there_is_room(tmp_path: Path) -> None:
    file = tmp_path / "a.mcap"
    for outcome in ("completed", "jam"):
        with Recorder(file, Header(source="twin")) as recorder:
            recorder.event(0.0, {"name": outcome})
            assert file.is_file(), "it can be followed while it is written"
            recorder.close(outcome, "")
    assert os.listdir(tmp_path) == ["a.mcap"]
    assert b"jam" in file.read_bytes()
    assert b"completed" not in file.read_bytes()


def test_the_named_file_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught, naming("asked.mcap"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), ".asked.mcap.part")
    assert caught.value.filename == "asked.mcap"
    with pytest.raises(OSError, match="Permission denied") as caught, naming("asked.mcap"):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), "other")
    assert caught.value.filename == "other"
    with pytest.raises(OSError, match="No space left") as caught:
        half_a_file(tmp_path / "a")
    assert caught.value.filename == str(tmp_path / "a")
    assert os.listdir(tmp_path) == []


def half_a_file(path: Path) -> None:
    with console.atomic_write(path) as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
