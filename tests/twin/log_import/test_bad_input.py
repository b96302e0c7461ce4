"""Wrong mappings and logs that are none: one clear line each, nothing written, bounded memory."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import swaptwin

ROOT = Path(__file__).resolve().parents[3]
MAP = """\
station: top_lift
truck: tractor_6x4
pack: cab_282
file: {delimiter: ","}
time: {column: t, format: epoch_s}
signals:
  robot0/x/position_m: {tag: x, unit: mm}
  robot0/grip1_closed: {tag: g}
steps: {tag: step, phases: {1: scan, 2: lower}}
events:
  - {name: far, signal: robot0/x/position_m, above: 2, unit: m}
"""
LOG = "t,x,g,step\n" + "".join(f"{1_770_790_000 + k / 50:.2f},{k},0,{1 + k // 50}\n" for k in range(100))
NOISE = random.Random(3).randbytes(50_000)


class Files:
    """A folder with a log and a mapping, and what the command says of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.log, self.map, self.out = folder / "log.csv", folder / "map.yaml", folder / "out" / "log.mcap"
        self._temporary, self._capsys = folder / "temporary", capsys
        self.out.parent.mkdir()
        self._temporary.mkdir()
        self.map.write_text(MAP)
        self.log.write_text(LOG)

    def refused(self, *more: str) -> str:
        """The line on standard error, once nothing else came of it."""
        code = swaptwin.run(["import-log", str(self.log), "--map", str(self.map), "-o", str(self.out), *more])
        said = self._capsys.readouterr()
        assert (code, said.out) == (2, ""), said
        assert said.err.count("\n") == 1
        assert list(self.out.parent.iterdir()) == list(self._temporary.iterdir()) == []
        return said.err.removeprefix("error: ").strip()


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return Files(tmp_path, capsys)


def test_the_files_are_good_as_they_are(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run(["import-log", str(files.log), "--map", str(files.map), "-o", str(files.out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 100
    assert [path.name for path in files.out.parent.iterdir()] == ["log.mcap"]


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("x/position_m:", "x/positon_m:", "line 7: unknown signal (did you mean robot0/x/position_m?)"),
        ("robot0/x", "robot1/x", "signals.robot1/x/position_m: line 7: unknown signal"),
        ("unit: mm", "unit: furlong", "line 7: unknown unit, got 'furlong' (allowed: m, dm, cm, mm"),
        ("unit: mm", "unit: deg", "line 7: angle, where length is expected, got 'deg' (allowed: m, dm"),
        (", unit: mm", "", "signals.robot0/x/position_m.unit: line 7: needs its unit (allowed: m, dm"),
        ("tag: g", "tag: g, unit: mm", "grip1_closed.unit: line 8: a switch has no unit, got 'mm'"),
        ("tag: g", "tag: g, fill: interpolate", "grip1_closed.fill: line 8: a switch cannot be interpolated"),
        ("unit: mm", "unit: mm, bit: 3", "position_m.bit: line 7: is for switches"),
        ("unit: mm", "unit: mm, scale: 0", "position_m.scale: line 7: makes everything 0"),
        ("unit: mm", "unit: mm, scale: big", "position_m.scale: line 7: "),
        ("unit: mm", "unit: mm, sign: 2", "position_m.sign: line 7: "),
        ("unit: mm", "unit: mm, quality: q", "position_m.quality: line 7: the log has no such column, got 'q'"),
        ("unit: mm", "unti: mm", "position_m.unti: line 7: unknown key (did you mean unit?)"),
        ("tag: x,", "tag: X,", "position_m.tag: line 7: the log has no such column (did you mean x?), got 'X'"),
        ("column: t", "column: time", "time.column: line 5: the log has no such column, got 'time'"),
        ("epoch_s", "epoch_h", "time.format: line 5: "),
        ("epoch_s", '"%Y-%Q"', "time.format: line 5: "),
        ("epoch_s", "iso, zone: Mars/Base", "time.zone: line 5: unknown time zone 'Mars/Base'"),
        ('delimiter: ","', "encoding: klingon", "file.encoding: line 4: unknown encoding, got 'klingon'"),
        ('delimiter: ","', "delimiter: ';;'", "file.delimiter: line 4: must be one character, got ';;'"),
        ('delimiter: ","', "thousands: '.'", "file.thousands: line 4: no separator of thousands, got '.'"),
        ('delimiter: ","', "delimiter: ';'", "line 5: the log has no such column, got 't' (allowed: t,x,g,step)"),
        ('delimiter: ","', "table: long", "file.table: line 4: a long table needs the columns of tag and value"),
        ('delimiter: ","', "header_line: 500", "ends before its header, which should be line 500"),
        ("station: top_lift", "station: top_lft", "station: line 1: unknown station (did you mean top_lift?)"),
        ("truck: tractor_6x4", "truck: bicycle", "truck: line 2: unknown truck"),
        ("pack: cab_282", "pack: chassis_171", "chassis_171"),
        ("2: lower", "2: lowr", "steps.phases.2: line 9: unknown phase (did you mean lower?)"),
        ("tag: step,", "tag: step, robot: 3,", "steps.robot: line 9: the station has no such robot, got 3 (allowed: 0"),
        ("signal: robot0/x/position_m", "signal: robot0/y", "events.0.signal: line 11: no signal of this mapping"),
        ("above: 2", "above: 2, below: 1", "events.0: line 11: needs either above or below"),
        ("unit: m}", "unit: kg}", "events.0.unit: line 11: unknown unit, got 'kg'"),
        ("events:", "swap: {put_slot: 99}\nevents:", "swap.put_slot: line 10: the station has no such slot, got 99"),
        ("signals:", "sgnals:", "sgnals: line 6: unknown key (did you mean signals?)"),
        ("  robot0/x/position_m: {tag: x, unit: mm}\n", "", "names no axis position: nothing would move"),
        ("signals:", "signals: [", "line"),
        ("station: top_lift", "station: top_lift\nstation: chassis", "line 2"),
    ],
)  # fmt: skip
def test_a_wrong_mapping(old: str, new: str, reported: str, files: Files) -> None:
    assert old in MAP
    files.map.write_text(MAP.replace(old, new, 1))
    assert reported in files.refused()


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        (LOG.replace("t,x,g,step", "a,b,c,d"), "time.column: line 5: the log has no such column, got 't'"),
        (LOG.replace("x,g,step", "b,c,d"), "has none of the 3 tags of"),
        (LOG.replace("17707", "at "), "t: line 2: none of its times could be read as 'epoch_s'"),
        (LOG.splitlines()[0] + "\n", "has no whole row of data"),
        ("t,x,g,step\n" + "1770790000,5,0,1\n" * 5, "all of its lines are of one time, 2026-02-11T06:06:40.000Z"),
        ("", "is empty"),
        ("t,x,g,step\n" + "1770790000,?,?,\n" * 5, "has no value that could be read of any mapped tag"),
        ("\n".join(reversed(LOG.splitlines()[1:])), "the log has no such column"),
        (LOG + "1,2\n" * 20_000, "rows have another number of fields than the header"),
    ],
)
def test_a_log_that_does_not_fit(text: str, reported: str, files: Files) -> None:
    files.log.write_text(text)
    line = files.refused()
    assert reported in line
    assert str(files.log) in line or str(files.map) in line


@pytest.mark.parametrize("data", [NOISE, gzip.compress(NOISE), b"PAR1" + NOISE + b"PAR1", b"\x89MCAP0\r\n" + NOISE])
def test_binary_garbage(data: bytes, files: Files) -> None:
    files.log.write_bytes(data)
    assert str(files.log) in files.refused()


def test_stamps_without_a_zone(files: Files) -> None:
    files.map.write_text(MAP.replace("epoch_s", "iso"))
    files.log.write_text(LOG.replace("17707900", "2026-02-11T14:23:"))
    line = files.refused()
    assert "the time stamps carry no zone" in line
    assert "line 5: time.zone" in line


def test_files_that_are_not_there(files: Files) -> None:
    files.map.unlink()
    assert "map.yaml" in files.refused()
    files.map.write_text(MAP)
    files.log.unlink()
    assert "log.csv: no such file" in files.refused()
    files.log.mkdir()
    assert "a folder, not a log" in files.refused()


def test_a_recording_cannot_be_written_there(files: Files) -> None:
    files.out.parent.chmod(0o500)
    files.out = files.out.parent / "none" / "log.mcap"
    code = swaptwin.run(["import-log", str(files.log), "--map", str(files.map), "-o", str(files.out)])
    assert code == 2


def test_what_was_there_stays_when_the_import_fails(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["import-log", str(files.log), "--map", str(files.map), "-o", str(files.out)]
    assert swaptwin.run(arguments) == 0
    before = files.out.read_bytes()
    files.log.write_text(LOG.replace("17707", "at "))
    assert swaptwin.run(arguments) == 2
    assert files.out.read_bytes() == before
    assert len(list(files.out.parent.iterdir())) == 1
    files.log.write_bytes(before)
    assert swaptwin.run(arguments) == 2
    assert "a recording already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "reported"),
    [
        (["--start", "yesterday"], "--start: not a time, got 'yesterday' (allowed: 2026-02-11T14:20:00+08:00"),
        (["--end", "2026-02-11T14:20:00"], "--end: not a time"),
        (["--start", "5"], "--start, --end: nothing of the log lies in this stretch of time"),
        (["--start", "1", "--end", "0.5"], "nothing of the log lies in this stretch of time"),
        (["--start", "nan"], "--start: not a time"),
        (["--start", "1e300"], "--start: not a time"),
    ],
)
def test_a_window_outside_the_log(more: list[str], reported: str, files: Files) -> None:
    assert reported in files.refused(*more)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import swaptwin, twin.console
from tests.process_memory import peak_mib
twin.console.QUIET_S = 1e6
code = swaptwin.run(["import-log", sys.argv[1], "--map", sys.argv[2], "-o", sys.argv[3]])
print(code, round(peak_mib()))
"""


@pytest.mark.slow
def test_a_line_of_five_gigabytes_and_a_zip_bomb(files: Files, tmp_path: Path) -> None:
    line, bomb = tmp_path / "line.csv", tmp_path / "bomb.csv.gz"
    with line.open("wb") as file:
        file.write(LOG.encode() + b"1770790003.0," + b"7" * (16 << 20))
        file.truncate(5 << 30)
    with gzip.open(bomb, "wb", compresslevel=9) as packed:
        packed.write(LOG.encode())
        for _ in range(70):
            packed.write(b"1770790003.0,1,0,1\n" * (1 << 16))
    for log, reported in ((line, "line 102: is longer than 1048576 bytes"), (bomb, "times its size")):
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, str(log), str(files.map), str(files.out)],
            cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path / "temporary")}, capture_output=True, text=True,
            check=True, timeout=60,
        )  # fmt: skip
        code, peak_mb = map(int, done.stdout.split())
        assert (code, done.stderr.count("\n")) == (2, 1)
        assert reported in done.stderr
        assert peak_mb < 500
        assert list(files.out.parent.iterdir()) == list((tmp_path / "temporary").iterdir()) == []
