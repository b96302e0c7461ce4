"""`swaptwin swap --from FILE --at SECONDS`: what it says, leaves behind and refuses."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from swaptwin import run
from tests.twin.recording.resume.rom_swaps import branched, end_sha256, run_json
from tests.twin.recording.swap.edited_recording import edited, with_configuration
from twin.recording import Header, open_recording
from twin.viewer.compare import Ghost
from twin.viewer.source import Source


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["swap", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    return said.err


def test_the_result_and_the_recording_say_what_it_is(
    swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = swaps["chassis"], tmp_path / "b.mcap"
    words = f"swap --from {path} --at 60.001 --timing zvd --fault scanner_blind:for_s=1 --record {other}"
    said = run_json(words, capsys)
    branch = {
        "from": "chassis.mcap",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "at_s": 60.01,
        "settings": [{"at_s": 60.01, "timing": "zvd", "policies": {}, "faults": ["scanner_blind:for_s=1.0"]}],
    }
    assert said["branch"] == branch
    assert (said["timing"], said["faults"], said["recording"]) == ("factory", [], str(other))
    (event,) = [e for e in said["events"] if e["name"] == "branch"]
    assert event["t_s"] == 60.01
    assert event["message"] == "from here on timing zvd, scanner_blind:for_s=1.0"
    with open_recording(other) as recording:
        header = recording.header.configuration["branch"]
        assert header["settings"][0]["timing"]["name"] == "zvd"
        assert {**header, "settings": branch["settings"]} == branch
        assert recording.summary["result"]["branch"] == branch
    assert list(tmp_path.iterdir()) == [other]


def test_for_people_it_is_one_line(swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, other = swaps["top_lift"], tmp_path / "b.mcap"
    assert run(["swap", "--from", str(path), "--at", "60", "--timing", "zvd", "--record", str(other)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "branch         of top_lift.mcap at 60 s; from 60 s on timing zvd" in lines
    assert any(line.endswith(f"replay {other} --ghost {path}") for line in lines)
    with Source(other) as source:
        ghost = Ghost(source, path)
        assert [ghost.time_at(t_s) for t_s in (0.0, 59.5, 120.0)] == [0.0, 59.5, 120.0]
        ghost.close()


def test_options_that_say_the_same_are_taken(swaps: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = swaps["top_lift"]
    same = (
        "--station top_lift --truck tractor_6x4 --pack cab_282 --seed 1 --parking guided --conditions clear --plant rom"
    )
    said = run_json(f"swap --from {path} --at 60 --timing factory {same}", capsys)
    assert said["end_state_sha256"] == end_sha256(path)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--at 60 --station chassis", "--station: differs from the recording"),
        ("--at 60 --truck mixer_8x4", "(allowed: tractor_6x4)"),
        ("--at 60 --pack cab_350", "(allowed: cab_282)"),
        ("--at 60 --seed 0", "(allowed: 1)"),
        ("--at 60 --parking unguided", "(allowed: guided)"),
        ("--at 60 --conditions rain", "(allowed: clear)"),
        ("--at 60 --plant bullet", "(allowed: rom)"),
        ("--at 60 --timing fast", "factory"),
        ("--at 60 --timing-policy best", "--timing-policy: unknown policy"),
        ("--at 60 --align-policy best", "--align-policy: unknown policy"),
        ("--at 60 --fault gremlins", "unknown fault"),
        ("--at 60 --fault estop:at_s=50", "(allowed: 60.00 s or later)"),
        ("--at 60 --fault estop:phase=lower", "lies before the beginning of the branch"),
        ("--at 60 --fault lock_snag:seat=slot6", "no such seat"),
        ("--at 600", "(allowed: 0 to "),
        ("--at -0.1", "(allowed: 0 to "),
        ("--at nan", "(allowed: 0 to "),
        ("--at soon", "--at"),
        ("", "--at: is missing: --from needs it"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    words: str, says: str, swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--from", str(swaps["top_lift"]), *words.split(), "--record", str(tmp_path / "b.mcap")]
    assert says in refused(arguments, capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_moment_needs_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--from: is missing: --at needs it" in refused(["--at", "3"], capsys)
    assert "missing.mcap" in refused(["--from", str(tmp_path / "missing.mcap"), "--at", "3"], capsys)


def test_the_recording_of_the_branch_is_kept(swaps: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = swaps["top_lift"]
    before = path.read_bytes()
    assert "--record" in refused(["--from", str(path), "--at", "60", "--record", str(path)], capsys)
    assert path.read_bytes() == before


def test_a_refusal_at_the_moment_spoils_no_other_recording(
    swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "b.mcap"
    other.write_bytes(swaps["chassis"].read_bytes())
    words = ["--from", str(swaps["top_lift"]), "--at", "60", "--fault", "estop:phase=lower", "--record", str(other)]
    refused(words, capsys)
    assert other.read_bytes() == swaps["chassis"].read_bytes()
    assert list(tmp_path.iterdir()) == [other]


# -------------------------------------------------------------------------------------- recordings that do not allow it


def change_header(**changes: Any) -> Any:
    def change(header: Header) -> Header:
        return dataclasses.replace(header, **changes)

    return change


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (with_configuration(kind="docking"), "only a swap"),
        (with_configuration(kind="alignment"), "only a swap"),
        (change_header(source="elsewhere", provenance={}), "elsewhere"),
        (change_header(seed=4), "damaged recording"),
        (with_configuration(branch={"from": "a"}), "branch: damaged configuration"),
        (with_configuration(branch=[1]), "branch: damaged configuration"),
    ],
)
def test_what_is_no_swap_of_the_twin_is_refused(
    header: Any, says: str, swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stated(h: Header) -> Header:
        if says == "elsewhere":
            names = (*h.frame_names, *h.channels, *h.sensors)
            return dataclasses.replace(h, source="elsewhere", provenance=dict.fromkeys(names, "measured"))
        made: Header = header(h)
        return made

    path = edited(swaps["top_lift"], tmp_path / "a.mcap", header=stated, keep_samples=100)
    assert says in refused(["--from", str(path), "--at", "1"], capsys)


def test_beyond_the_last_sample_of_a_cut_recording_there_is_nothing(
    swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.mcap"
    whole = swaps["top_lift"].read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with open_recording(cut) as recording:
        last_s = float(recording.states(names=()).t_s[-1])
    assert f"(allowed: 0 to {last_s:g} s)" in refused(["--from", str(cut), "--at", str(last_s + 0.02)], capsys)


@pytest.mark.slow
def test_a_first_part_that_comes_out_otherwise_is_named(
    swaps: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def flip(t_s: float, values: Any) -> None:
        if t_s == 30.0:
            values[3] += 1e-9

    with open_recording(swaps["top_lift"]) as recording:
        name = recording.channel_names[3]
    path = edited(swaps["top_lift"], tmp_path / "a.mcap", state=flip)
    other = tmp_path / "b.mcap"
    said = refused(["--from", str(path), "--at", "60", "--record", str(other)], capsys)
    assert f"differs from 30.000 s on, so the swap cannot continue: {name}" in said
    assert not other.exists()
    branched(path, 29.99, until_s=31.0)

    def slower(number: int, entry: dict[str, Any]) -> None:
        if entry["step"] == "land":
            entry["fields"]["velocity"][2] *= 0.5

    capsys.readouterr()
    path = edited(swaps["top_lift"], tmp_path / "c.mcap", command=slower)
    assert "command land, velocity" in refused(["--from", str(path), "--at", "60"], capsys)
