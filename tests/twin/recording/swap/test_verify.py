"""`swaptwin verify`: the recorded re-runs to the last bit, the changed is found, what is no swap is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swaptwin import run
from tests.determinism.short_swap import short_swap
from tests.tiers import slow
from tests.twin.recording.swap.edited_recording import edited, with_configuration
from twin.errors import InputError
from twin.recording import Frame, Header, Recorder, Recording, open_recording
from twin.recording.swap import commands
from twin.recording.verify import verify
from twin.records import COMMAND
from twin.sequence.program import TRIP_SETTLE_S

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first seconds of a top_lift swap: over to the truck."""
    path = tmp_path_factory.mktemp("verify") / "short.mcap"
    short_swap("top_lift", seed=3, record=path, until_s=1.5)
    return path


@pytest.fixture(scope="session")
def gripped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both chassis robots up to gripped packs."""
    path = tmp_path_factory.mktemp("verify") / "gripped.mcap"
    short_swap("chassis", seed=3, record=path, until_s=13.0)
    return path


# ------------------------------------------------------------------------------------------------------ it is the same


def test_a_swap_of_two_robots_re_runs_to_the_last_bit(gripped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(gripped), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verified"] is True
    assert said["first_difference"] is None
    assert said["end_state_sha256"] == said["rerun_sha256"] != ""
    assert said["samples"] > 600
    assert said["commands"] >= 8
    assert said["values_compared"] > 1e5
    assert said["warnings"] == []


@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        (("estop:phase=lower,after_s=0.5",), "estop"),
        (("power_loss:at_s=2.5",), "power_loss"),
        slow(("truck_shove:at_s=2.0,force_n=600000,direction_deg=30", "scanner_noise:factor=3"), "truck_moved"),
        slow(("wrong_pack:kg=4000,pack=old", "sway_offset:offset_mm=-1"), "timeout"),
    ],
)
def test_faults_happen_again(faults: tuple[str, ...], outcome: str, tmp_path: Path) -> None:
    result = short_swap("top_lift", seed=3, record=tmp_path / "a.mcap", until_s=4.0, faults=faults)
    assert result.outcome == outcome
    report = verify(tmp_path / "a.mcap")
    assert report.verified
    assert report.rerun_sha256 == result.end_state_sha256


@pytest.mark.parametrize("station", ["top_lift", slow("chassis")])
def test_a_trip_of_the_reduced_order_plant_is_recorded_to_its_end(station: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    command = ["swap", "--station", station, "--plant", "rom", "--fault", "estop:at_s=60", "--record", str(path)]
    assert run(command) == 1, "not completed"
    assert verify(path).verified
    with open_recording(path) as recorded:
        t_s, _ = recorded.states(names=["robot0/x/position_m"])
    assert t_s[-1] > 60.0 + TRIP_SETTLE_S - 0.05, "it is watched until it stands"


def test_for_people(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(recording)]) == 0
    said = capsys.readouterr().out
    assert "the same to the last bit" in said
    assert "end state too" in said


def test_a_recording_that_was_interrupted_verifies_as_far_as_it_goes(recording: Path, tmp_path: Path) -> None:
    whole = edited(recording, tmp_path / "a.mcap", sha256="")
    report = verify(whole)
    assert report.verified
    assert report.rerun_sha256 == ""


def hear_the_keyboard() -> None:
    """A shell's background job, as a CI run may be, ignores Ctrl-C and hands that on to its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def swap_process(path: Path) -> subprocess.Popen[str]:
    """A swap recorded by a process of its own, some seconds under way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "swaptwin", "swap", "--record", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_the_keyboard,
    )
    give_up_s = time.monotonic() + 100.0
    while not (path.exists() and path.stat().st_size > 120_000):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < give_up_s
        time.sleep(0.05)
    return process


def test_killed_in_the_middle_it_opens_and_verifies(tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    process = swap_process(path)
    process.kill()
    process.communicate()
    report = verify(path)
    assert report.verified
    assert not report.complete
    assert report.outcome == "interrupted"
    assert report.samples > 50


def test_stopped_by_the_keyboard_it_is_closed_as_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "stopped.mcap"
    process = swap_process(path)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert complained.splitlines()[-1] == "error: interrupted", "after what it said of its progress"
    report = verify(path)
    assert report.verified
    assert report.complete
    assert report.outcome == "interrupted"


def test_commands_are_read_back_to_the_same_bits(gripped: Path) -> None:
    with open_recording(gripped) as opened:
        for entry in opened.commands():
            fields = entry["command"]["fields"]
            record = commands.from_plain(fields, gripped)
            assert commands.as_plain(record) == fields
            assert json.loads(json.dumps(fields)) == fields
    random = np.random.default_rng(1)
    record = np.frombuffer(random.bytes(COMMAND.itemsize), COMMAND).copy()[0]
    for name in COMMAND.names or ():
        if COMMAND[name].base == np.int64:
            record[name] %= 5
        else:
            record[name] = np.where(np.isfinite(record[name]), record[name], -0.0)
    again = commands.from_plain(json.loads(json.dumps(commands.as_plain(record))), "a.mcap")
    assert again.tobytes() == record.tobytes()


# ---------------------------------------------------------------------------------------------------- it is different


def flip_last_bit(values: np.ndarray, column: int) -> None:
    values.view(np.int64)[column] ^= 1


@pytest.mark.parametrize("what", ["state", "sensors", "frames"])
def test_one_flipped_bit_is_found_where_it_is(
    recording: Path, tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_recording(recording) as opened:
        names = {"state": opened.channel_names, "sensors": opened.sensor_names, "frames": opened.frame_names}[what]
    column = 2
    t_wrong_s = 0.3

    def flip(t_s: float, values: np.ndarray) -> None:
        if t_s == t_wrong_s:
            flip_last_bit(values.reshape(-1), 7 * column + 2 if what == "frames" else column)

    path = edited(recording, tmp_path / "a.mcap", **{what: flip})  # type: ignore[arg-type]
    assert run(["verify", str(path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verified"] is False
    difference = said["first_difference"]
    assert difference["t_s"] == t_wrong_s
    assert difference["channel"] == (f"{names[column]}/z_m" if what == "frames" else names[column])
    assert difference["recorded"] != difference["rerun"]
    assert difference["recorded"] == pytest.approx(difference["rerun"], abs=1e-12)
    assert run(["verify", str(path)]) == 1
    assert "differs from 0.300 s on" in capsys.readouterr().out


def test_another_command_gives_another_swap(recording: Path, tmp_path: Path) -> None:
    def elsewhere(number: int, entry: dict[str, Any]) -> None:
        if entry["step"] == "go":
            entry["fields"]["target"][0] += 1e-6

    report = verify(edited(recording, tmp_path / "a.mcap", command=elsewhere))
    assert report.first_difference is not None
    assert report.first_difference.t_s > 1.0


def test_another_seed_gives_another_swap(recording: Path, tmp_path: Path) -> None:
    def other(header: Header) -> Header:
        return dataclasses.replace(with_configuration(seed=4)(header), seed=4)

    report = verify(edited(recording, tmp_path / "a.mcap", header=other))
    assert report.first_difference is not None
    assert report.first_difference.t_s == 0.0


def test_another_end_state_is_found(recording: Path, tmp_path: Path) -> None:
    report = verify(edited(recording, tmp_path / "a.mcap", sha256="0" * 64))
    assert report.first_difference is not None
    assert report.first_difference.channel == "end state (sha256)"


def test_a_sample_that_was_taken_out_is_found(recording: Path, tmp_path: Path) -> None:
    with open_recording(recording) as opened:
        count = len(opened.states().t_s)
    report = verify(edited(recording, tmp_path / "a.mcap", keep_samples=count - 5))
    assert report.first_difference is not None


def test_other_software_is_a_warning_and_compared(recording: Path, tmp_path: Path) -> None:
    def older(header: Header) -> Header:
        return dataclasses.replace(header, versions={**header.versions, "pybullet": "3.2.5"})

    report = verify(edited(recording, tmp_path / "a.mcap", header=older))
    assert report.verified
    assert len(report.warnings) == 1
    assert "pybullet 3.2.5" in report.warnings[0]


# ------------------------------------------------------------------------------------------------------ it is refused


def refused(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that `verify` refuses a file with."""
    assert run(["verify", str(path), "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    return said.err


def test_no_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "a.mcap"
    text.write_text("no recording at all, but longer than a few bytes")
    for path in (tmp_path / "missing.mcap", tmp_path, text):
        assert str(path) in refused(path, capsys)


def test_a_recording_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mcap"
    with Recorder(path, Header(frames=(Frame("a"),), channels=("x_m",))) as recorder:
        recorder.state(0.0, np.zeros((1, 7)), np.zeros(1))
    assert "not the recording of a swap" in refused(path, capsys)


def test_an_imported_log(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def imported(header: Header) -> Header:
        names = [*header.frame_names, *header.channels, *header.sensors]
        return dataclasses.replace(header, source="imported", provenance=dict.fromkeys(names, "measured"))

    path = edited(recording, tmp_path / "a.mcap", header=imported)
    assert "not the twin's own recording" in refused(path, capsys)


def test_another_format_version(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = edited(recording, tmp_path / "a.mcap", header=lambda h: dataclasses.replace(h, format_version=2))
    assert "another format version" in refused(path, capsys)


def renamed_channel(header: Header) -> Header:
    return dataclasses.replace(header, channels=("renamed", *header.channels[1:]))


def negative_mass(header: Header) -> Header:
    pack = {**header.configuration["pack"], "mass_kg": -1.0}
    return with_configuration(pack=pack)(header)


def other_truck(header: Header) -> Header:
    truck = {**header.configuration["truck"], "interface": "other"}
    return with_configuration(truck=truck)(header)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (renamed_channel, "another version of the twin"),
        (negative_mass, "pack.mass_kg"),
        (other_truck, "are not compatible"),
        (with_configuration(station=None), "station"),
        (with_configuration(seed="7"), "seed"),
        (with_configuration(seed=8), "two different seeds"),
        (with_configuration(parking="valet"), "parking"),
        (with_configuration(plant="mujoco"), "plant"),
        (with_configuration(faults="estop"), "faults"),
        (with_configuration(faults=["estop"]), "at_s"),
        (with_configuration(faults=["estop:phase=raise"]), "no such phase"),
        (with_configuration(kind=None), "not the recording of a swap"),
        (lambda h: dataclasses.replace(h, tick_hz=400.0), "tick_hz"),
    ],
)
def test_a_configuration_that_is_none(
    recording: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    header: Callable[[Header], Header],
    words: str,
) -> None:
    assert words in refused(edited(recording, tmp_path / "a.mcap", header=header), capsys)


def unknown_field(number: int, entry: dict[str, Any]) -> None:
    entry["fields"]["more"] = 1


def wrong_type(number: int, entry: dict[str, Any]) -> None:
    entry["fields"]["target"] = "home"


def wrong_length(number: int, entry: dict[str, Any]) -> None:
    entry["fields"]["target"] = [0.0]


def unknown_until(number: int, entry: dict[str, Any]) -> None:
    entry["fields"]["until"] = 99


def unknown_robot(number: int, entry: dict[str, Any]) -> None:
    entry["robot"] = 1


def impossible_scan(number: int, entry: dict[str, Any]) -> None:
    entry["scans"] += 1 if number == 1 else 0


def no_fields(number: int, entry: dict[str, Any]) -> None:
    entry["fields"] = None


@pytest.mark.parametrize(
    "change", [unknown_field, wrong_type, wrong_length, unknown_until, unknown_robot, impossible_scan, no_fields]
)
def test_damaged_commands(
    recording: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[int, dict[str, Any]], None],
) -> None:
    assert "command" in refused(edited(recording, tmp_path / "a.mcap", command=change), capsys)


@pytest.mark.parametrize("end", [{"tick": 10**12, "scans": 5}, {"tick": "x"}, {}])
def test_an_end_that_is_none(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], end: dict[str, Any]
) -> None:
    assert "end" in refused(edited(recording, tmp_path / "a.mcap", end=end), capsys)


def test_cut_to_pieces_it_never_crashes(recording: Path, tmp_path: Path) -> None:
    """Cut in its header it is refused, cut later it verifies as far as it is whole."""
    data = recording.read_bytes()
    path = tmp_path / "cut.mcap"
    for size in (0, 9, 100, 5_000):
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match=re.escape(str(path))):
            verify(path)
    for size in (len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        report = verify(path)
        assert report.verified
        assert not report.complete
        assert report.samples > 100


# -------------------------------------------------------------------------------------------- what the recording holds


def test_the_recording_explains_itself(gripped: Path) -> None:
    with open_recording(gripped) as opened:
        configuration = opened.header.configuration
        assert configuration["station"]["name"] == "chassis"
        assert len(configuration["jobs"]) == 3
        assert {"pybullet", "numpy", "twin_sources"} <= set(opened.header.versions)
        assert opened.summary["result"]["outcome"] == opened.outcome == "timeout"
        names = [phase["name"] for phase in opened.phases() if phase["state"] == "start"]
        assert names[:2] == ["identify", "scan"]
        ends = [phase["name"] for phase in opened.phases() if phase["state"] == "end"]
        assert sorted(ends) == sorted(names)
        assert opened.events()[-1]["name"] == "outcome"
        assert_units(opened)


def assert_units(opened: Recording) -> None:
    """Every number that has a unit says it; the others are states, counts and switches."""
    units = ("_m", "_rad", "_mps", "_radps", "_n", "_nm", "_j")
    plain = (
        "axis_state",
        "brake",
        "status",
        "held",
        "float_lock",
        "locked",
        "seat",
        "trip",
        "estop_button",
        "power_off",
    )
    plain += ("truck_released", "scan_frames_taken")
    for name in (*opened.channel_names, *opened.sensor_names):
        last = name.split("/")[-1]
        switch = last.startswith(("lock", "grip", "present", "violations"))
        assert last.endswith(units) or last in plain or switch, name


def test_frames_hold_the_packs_and_the_truck(recording: Path) -> None:
    """The pack on the truck is where its seat is: frames chain as their parents say."""
    with open_recording(recording) as opened:
        names = list(opened.frame_names)
        poses = dict(zip(names, opened.frames_at(0.0), strict=True))
        configuration = opened.header.configuration
    job = configuration["jobs"][0]
    seat = next(s["name"] for s in configuration["seats"] if s["on_truck"])
    position, turn = np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0])
    for name in ("truck", "truck_body", seat):
        position, turn = position + rotated(turn, poses[name][:3]), product(turn, poses[name][3:])
    pack = poses[f"pack{job['old_pack']}"]
    high = configuration["pack"]["size_m"][2]
    np.testing.assert_allclose(pack[:3], position + rotated(turn, np.array([0.0, 0.0, high])), atol=1e-9)
    np.testing.assert_allclose(abs(pack[3:] @ turn), 1.0, atol=1e-12)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    v = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.array([*v, a[3] * b[3] - a[:3] @ b[:3]])


def rotated(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    t = 2.0 * np.cross(q[:3], v)
    return v + q[3] * t + np.cross(q[:3], t)


def test_other_readers_show_it(recording: Path, tmp_path: Path) -> None:
    from mcap.reader import make_reader

    with recording.open("rb") as file:
        topics = {channel.topic for _, channel, _ in make_reader(file).iter_messages()}
    assert {"/tf", "/state", "/sensors", "/commands", "/phases", "/events", "/scene", "/log"} <= topics
    rerun = shutil.which("rerun", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if rerun is None:
        pytest.skip("rerun is not installed")
    done = subprocess.run(
        [rerun, "mcap", "convert", str(recording), "-o", str(tmp_path / "a.rrd")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.rrd").stat().st_size > 10_000
