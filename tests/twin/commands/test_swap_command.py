"""`swaptwin swap`: what it prints, what it refuses, what it leaves behind."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import swaptwin
from tests.determinism.short_swap import short_swap
from twin.catalogue import load_pack, load_station, with_overrides
from twin.catalogue.load import models_folder
from twin.commands.swap import default_truck, figure_rows, phase_rows, print_result, resolve
from twin.errors import InputError
from twin.recording import open_recording
from twin.recording.verify import verify
from twin.result import SwapResult
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin

DESIGN_KEYS = {  # section 8
    "station",
    "truck",
    "pack",
    "plant",
    "seed",
    "outcome",
    "cycle_time_s",
    "mechanical_time_s",
    "lower_bound_s",
    "procedure_bound_s",
    "phases",
    "kpis",
    "violations",
    "events",
    "end_state_sha256",
    "recording",
}
DESIGN_KPIS = {
    "peak_sway_rad",
    "residual_sway_rad",
    "peak_lateral_force_n",
    "peak_axial_force_n",
    "seat_error_m",
    "insert_attempts",
    "energy_j",
    "truck_displacement_m",
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Swaps end after two seconds, as completed: what a command does around them is tested here."""

    def run(self: SwapTwin) -> SwapResult:
        while self.program.time_s(0) < 2.0 and self.program.advance():
            pass
        self.program.end(0, "completed", "")
        return self.result()

    monkeypatch.setattr(SwapTwin, "run", run)


@pytest.fixture(scope="module")
def short() -> SwapResult:
    return short_swap("chassis", seed=2, until_s=3.0)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert swaptwin.run(["swap", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    return said.err


# ------------------------------------------------------------------------------------------------------ what it prints


@pytest.mark.usefixtures("quick")
def test_json_is_the_designs_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mcap"
    assert swaptwin.run(["swap", "--seed", "3", "--record", str(path), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    result = json.loads(said.out)
    assert set(result) >= DESIGN_KEYS
    assert set(result["kpis"]) >= DESIGN_KPIS
    assert (result["station"], result["truck"], result["pack"]) == ("top_lift", "tractor_6x4", "cab_282")
    assert (result["seed"], result["plant"], result["recording"]) == (3, "bullet", str(path))
    assert all({"name", "start_s", "end_s"} <= set(phase) for phase in result["phases"])
    with open_recording(path) as recording:
        assert recording.outcome == result["outcome"]
        assert recording.end_state_sha256 == result["end_state_sha256"]
        assert recording.header.seed == 3
    assert verify(path).verified


@pytest.mark.usefixtures("quick")
def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run(["swap", "--station", "chassis"]) == 0
    said = capsys.readouterr().out
    for words in (
        "Phases",
        "identify",
        "mechanical time",
        "kinematic bound",
        "procedure bound",
        "ratio to the procedure bound",
        "outcome",
        "violations     none",
    ):
        assert words in said


@pytest.mark.usefixtures("quick")
def test_an_outcome_other_than_completed_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = SwapTwin.run
    monkeypatch.setattr(SwapTwin, "run", lambda self: dataclasses.replace(run(self), outcome="jam"))
    assert swaptwin.run(["swap", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["outcome"] == "jam"


@pytest.mark.usefixtures("quick")
def test_a_violation_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen = ({"invariant": 3, "message": "low", "t_s": 1.0, "scans": 4, "worst": 0.2},)
    run = SwapTwin.run
    monkeypatch.setattr(SwapTwin, "run", lambda self: dataclasses.replace(run(self), violations=seen))
    assert swaptwin.run(["swap"]) == 1
    assert "violation of invariant 3 from 1.00 s in 4 scans: low" in " ".join(capsys.readouterr().out.split())


def test_people_read_millimetres_degrees_and_kilonewtons(short: SwapResult) -> None:
    kpis: dict[str, Any] = {
        **short.kpis,
        "peak_sway_m": 0.123,
        "residual_sway_rad": 0.0174533,
        "peak_lateral_force_n": 2500.0,
        "seat_error_m": 0.0012,
        "energy_j": 3.6e6,
    }
    whole = dataclasses.replace(short, kpis=kpis, not_reached=frozenset())
    rows = {(words, unit): value for words, value, unit in figure_rows(whole)}
    assert rows["peak sway with a pack", "mm"] == "123.00"
    assert rows["peak lateral guide force", "kN"] == "2.50"
    assert rows["seat error", "mm"] == "1.20"
    assert rows["shaft work of the drives (motoring)", "kWh"] == "1.00"
    assert "1.00" in [value for (_, unit), value in rows.items() if unit == "deg"]


def test_people_read_electric_energy_and_motors_where_there_are_any(short: SwapResult) -> None:
    rows = {words: (value, unit) for words, value, unit in figure_rows(short)}
    assert rows["electric energy of the drives"] == (f"{(short.electric_energy_j or 0.0) / 3.6e6:.2f}", "kWh")
    assert rows["drive z: RMS, of hoist_11kw"][1] == "%"
    drives = {axis: dataclasses.replace(load, motor=None, electric=None) for axis, load in short.drives.items()}
    bare = dataclasses.replace(short, drives=drives)
    words = [row[0] for row in figure_rows(bare)]
    assert "electric energy of the drives" not in words
    assert "drive z: RMS, of the rating (estimate)" in words
    assert bare.as_json()["kpis"]["electric_energy_j"] is None


def test_both_robots_and_the_recording_are_shown(short: SwapResult) -> None:
    text = io.StringIO()
    print_result(Console(file=text, width=120), dataclasses.replace(short, recording="/a/long/path.mcap"))
    lines = text.getvalue().splitlines()
    robots = {line.split()[-2] for line in lines if line.startswith("raise ")}
    assert robots == {"1", "2"}
    assert "recording      /a/long/path.mcap" in lines


def test_the_plan_is_told(short: SwapResult) -> None:
    text = io.StringIO()
    print_result(Console(file=text, width=120), short)
    told = text.getvalue()
    for k, job in enumerate(short.plan):
        way = f"{job['seat']} to {job['out_to']} (robot {job['out_by'] + 1}), {job['in_from']} to {job['seat']} (robot "
        assert f"pack {k + 1}: {way}{job['in_by'] + 1})" in told


def test_each_phase_stands_beside_its_bound() -> None:
    """On a machine with one robot the rows of all phases add up to the procedure bound."""
    setup, timing = resolve("top_lift", "tractor_6x4", "cab_282", "tuned", seed=0, parking="guided")
    twin = SwapTwin(setup, timing, make_runner=runner_maker("rom"))
    result = twin.run()
    twin.close()
    assert result.completed
    assert result.procedure_bound_s is not None
    bounds = {name: float(least) for name, _, _, least, _, _ in phase_rows(result) if least}
    assert sum(bounds.values()) == pytest.approx(result.procedure_bound_s, abs=0.005 * len(bounds))
    assert {"lower", "store", "pick", "insert"} < set(bounds)
    assert not {"scan", "verify", "exit"} & set(bounds)
    unknown = dataclasses.replace(result, procedure_bound_s=None)
    assert not any(row[3] for row in phase_rows(unknown))


# ------------------------------------------------------------------------------------------------ what it defaults to


def test_a_truck_that_fits_is_chosen() -> None:
    assert default_truck(load_station("top_lift"), None).name == "tractor_6x4"
    assert default_truck(load_station("chassis"), None).name == "chassis_tractor_3"
    assert default_truck(load_station("chassis_single"), None).mount == "chassis"
    with pytest.raises(InputError, match="no shipped truck fits station chassis with pack cab_282"):
        default_truck(load_station("chassis"), load_pack("cab_282"))


def test_a_spreader_that_would_stand_in_the_cab_is_refused_with_the_reason() -> None:
    long = with_overrides(load_station("top_lift"), {"end_effector.size_m": (1.8, 2.4, 0.1)})
    reason = r"; tractor_6x4: end_effector.size_m 1.8 m long over the seat would reach x 0.9 m, the cab begins at 0.8 m"
    with pytest.raises(InputError, match=reason):
        default_truck(long, None)


# ---------------------------------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--station", "top_lfit"], "top_lift"),
        (["--truck", "tractor"], "tractor_6x4"),
        (["--pack", "cab_283"], "cab_282"),
        (["--timing", "fast"], "factory"),
        (["--station", "missing.yaml"], "missing.yaml"),
        (["--seed", "nan"], "--seed"),
        (["--seed", "inf"], "--seed"),
        (["--seed", "1.5"], "--seed"),
        (["--seed", "-1"], "--seed"),
        (["--seed", str(2**63)], "--seed"),
        (["--parking", "valet"], "guided, unguided, driven"),
        (["--plant", "ode"], "bullet, rom"),
        (["--plant", "mujoco"], "--plant"),
        (["--align-policy", "best"], "--align-policy: unknown policy"),
        (["--timing-policy", "baseline"], "--timing-policy: unknown policy"),
        (["--conditions", "fog"], "clear, night, rain"),
        (["--truck", "chassis_tractor_3"], "no pack fits"),
        (["--truck", "mixer_8x4", "--pack", "chassis_171"], "are not compatible"),
        (["--station", "chassis", "--truck", "tractor_6x4"], "tractor_6x4"),
        (["--fault", "gremlins"], "lock_wont_open"),
        (["--fault", "estop"], "one of at_s and phase"),
        (["--fault", "estop:at_s=nan"], "at_s"),
        (["--fault", "estop:at_s=-1"], "at_s"),
        (["--fault", "estop:phase=raise"], "no such phase at this station"),
        (["--colour", "red"], "--colour"),
        (["more"], "more"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in refused(arguments, capsys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: [", "line"),
        ("!!python/object/apply:os.system ['touch stolen']", ""),
        ("a: &a [*a, *a]", ""),
        ("kind: top_lift\nname: mine\n", "mine.yaml"),
        ("\x00\x01", ""),
    ],
)
def test_a_malformed_station_is_one_line(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(text)
    assert words in refused(["--station", "mine.yaml"], capsys)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.yaml"]


@pytest.mark.parametrize("value", [".nan", ".inf", "-0.8", "fast", "1e400"])
def test_a_number_that_is_none_is_one_line(value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (models_folder() / "stations" / "top_lift.yaml").read_text()
    assert text.count("velocity_mps: {value: 0.80,") == 1
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("velocity_mps: {value: 0.80,", f"velocity_mps: {{value: {value},"))
    said = refused(["--station", str(path)], capsys)
    assert str(path) in said
    assert "axes.x.velocity_mps" in said


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


def test_a_recording_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, closed_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SwapTwin, "run", lambda self: pytest.fail("it ran"))
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    paths = [tmp_path / "no" / "a.mcap", tmp_path, notes, Path("/dev/null"), tmp_path / ("a" * 300), "a\0b", ""]
    if os.geteuid() != 0:
        paths.append(closed_folder / "a.mcap")
    for path in paths:
        refused(["--record", str(path)], capsys)
    assert notes.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["closed", "notes.txt"]


def test_a_refusal_leaves_no_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["--record", str(tmp_path / "a.mcap"), "--truck", "chassis_tractor_3"], capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_set_value_is_in_the_swap_and_in_its_recording(quick: None, tmp_path: Path) -> None:
    file = tmp_path / "a.mcap"
    line = ["swap", "--set", "axes.z.velocity_mps=0.2", "--set", "timing.phases.lower.shaper=none"]
    assert swaptwin.run([*line, "--record", str(file), "--json"]) == 0
    configuration = open_recording(file).header.configuration
    assert configuration["station"]["axes"]["z"]["velocity_mps"] == 0.2
    assert configuration["timing"]["phases"]["lower"]["shaper"] == "none"


def test_a_set_value_that_no_model_has_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run(["swap", "--set", "axes.w.velocity_mps=0.2"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --set station.axes.w.velocity_mps: unknown key")
    assert len(said.splitlines()) == 1
