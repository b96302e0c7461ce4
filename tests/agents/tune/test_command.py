"""`swaptwin tune` on the cheap trial function: its files and JSON, and one line for every mistake."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import swaptwin
from agents.commands.tune import settings_of
from agents.experiments import campaign
from agents.experiments.ledger import Ledger
from agents.experiments.trial import Figures, Trial
from agents.tune.picture import Point, lowest, ticks
from tests.agents.experiments.small import cheap, play
from twin.catalogue import load_station, load_timing
from twin.catalogue.load import load_with_provenance

LINE = ["tune", "--truck", "tractor_6x4", "--pack", "cab_282", "--workers", "1", "--reference", "2", "--trials", "33"]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(campaign, "make_player", lambda: play)


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_study_leaves_a_set_with_its_evidence_and_two_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run([*LINE, "-o", "my_set.yaml", "--json"]) == 0
    found = printed(capsys)
    assert sorted(os.listdir()) == ["my_set.html", "my_set.png", "my_set.study.sqlite", "my_set.yaml"]
    assert (found["trials"], found["errors"], found["reference"]["seeds"]) == (33, 0, 2)
    best, baseline = found["best"], found["baseline"]
    assert best["mechanical_time_s"]["median"] < baseline["mechanical_time_s"]["median"]
    assert (best["completed"], best["first_attempt"], best["violations"]) == (1.0, 1.0, 0)
    assert best["less_than_factory_s"]["ci95"][0] > 0.0
    assert [Path(path).name for path in (best["file"], *found["pictures"])] == [
        "my_set.yaml",
        "my_set.html",
        "my_set.png",
    ]
    assert found["pareto"][0]["changed"]

    model, provenance = load_with_provenance("timing", "my_set.yaml", load_station("top_lift"))
    assert model.name == "my_set"  # type: ignore[attr-defined]
    tag, text = provenance["default.creep_height_m"]
    assert tag == "measured"
    assert "seed 0" in text
    assert f"{found['swaps']} swaps" in text
    with Image.open("my_set.png") as image:
        assert image.size == (1000, 640)
        assert len(image.getcolors(1 << 20) or []) > 10
    assert b"plotly" in Path("my_set.html").read_bytes()


def test_without_an_output_the_files_are_named_after_the_station(capsys: pytest.CaptureFixture[str]) -> None:
    """So the set of another station is not replaced; the first line says where study and set go."""
    assert swaptwin.run([*LINE, "--json"]) == 0
    said = capsys.readouterr()
    ledger = Path(json.loads(said.out)["study"])
    assert (ledger.name, Path("top_lift_tuned.yaml").exists()) == ("top_lift_tuned.study.sqlite", True)
    first = said.err.splitlines()[0]
    assert first.startswith("the study is kept in ")
    assert str(ledger) in first
    assert "top_lift_tuned.yaml" in first
    assert swaptwin.run([*LINE, "--json"]) == 0
    assert f"the study goes on from {ledger}, with 33 candidates; " in capsys.readouterr().err.splitlines()[0]
    assert swaptwin.run([*LINE, "--seed", "1", "--json"]) == 0
    assert f"the study is kept in {ledger} beside 1 of other settings" in capsys.readouterr().err.splitlines()[0]


def test_the_same_command_again_plays_nothing_and_writes_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run([*LINE, "-o", "a.yaml", "--json"]) == 0
    first, text = printed(capsys), Path("a.yaml").read_text()
    assert swaptwin.run([*LINE, "-o", "a.yaml", "--json"]) == 0
    again = printed(capsys)
    assert (first["played"] > 0, again["played"]) == (True, 0)
    assert Path("a.yaml").read_text() == text
    for key in ("trials", "swaps", "best", "baseline", "reference", "pareto", "refused"):
        assert first[key] == again[key], key


def test_a_budget_ends_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    line = [word for word in LINE if word not in ("--trials", "33")]
    assert swaptwin.run([*line, "--budget", "10", "-o", "a.yaml", "--json"]) == 0
    found = printed(capsys)
    assert found["trials"] > 33
    assert found["wall_s"] < 30.0


def test_people_read_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run([*LINE, "-o", "a.yaml"]) == 0
    said = capsys.readouterr().out
    told = ("33 candidates", "factory", "tuned", "bullet", "Front", "a.yaml", "chosen", "judged force")
    for words in (*told, "swap --station top_lift --truck"):
        assert words in said


def test_where_no_set_passes_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_factory(trials: list[Trial]) -> list[Figures]:
        return [cheap(one) if one.timing.name == "factory" else Figures("jam") for one in trials]

    monkeypatch.setattr(campaign, "make_player", lambda: only_factory)
    assert swaptwin.run([*LINE, "-o", "a.yaml", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["best"] is None
    assert said.err.splitlines()[-1] == "error: no set passed the checks; no set was written"
    assert os.listdir() == ["a.study.sqlite"]


def test_the_lines_that_it_prints_can_be_typed_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a station file of one's own its path and not its name; of the changes those that a swap needs."""
    station = Path(str(files("models"))) / "stations" / "top_lift.yaml"
    Path("my site.yaml").write_bytes(station.read_bytes())
    changes = ["--set", "axes.z.velocity_mps=0.2", "--set", "station.limits.lateral_abort_n=5900"]
    timing = ["--set", "timing.default.settle_dwell_s=0.1", "--set", "phases.insert.overlap_s=0.2"]
    assert swaptwin.run([*LINE, "--station", "my site.yaml", *changes, *timing, "-o", "a.yaml"]) == 0
    said = capsys.readouterr().out
    typed = shlex.split(next(line for line in said.splitlines() if line.startswith("play it")))
    words = typed[typed.index("swap") :]
    models = ["--station", "my site.yaml", "--truck", "tractor_6x4", "--pack", "cab_282"]
    assert words == ["swap", *models, *changes, "--timing", str(Path("a.yaml").resolve())]
    made_by = shlex.split(Path("a.yaml").read_text().splitlines()[0].split("`")[1])
    assert made_by[:2] == ["swaptwin", "tune"]
    assert swaptwin.run([*made_by[1:], "--workers", "1", "-o", "b.yaml"]) == 0
    texts = [Path(name).read_text().replace("name: b", "name: a") for name in ("a.yaml", "b.yaml")]
    assert texts[0] == texts[1]


def test_a_result_does_not_replace_a_given_file(capsys: pytest.CaptureFixture[str]) -> None:
    models = Path(str(files("models")))
    given = {"--station": "stations/top_lift", "--truck": "trucks/tractor_6x4", "--pack": "packs/cab_282",
             "--start": "timing/top_lift/zvd"}  # fmt: skip
    own = Path("own.yaml")
    Path("link.yaml").symlink_to("own.yaml")
    for option, shipped in given.items():
        own.write_bytes((models / f"{shipped}.yaml").read_bytes())
        before = own.read_bytes()
        for more in (["-o", "own.yaml"], ["-o", "link.yaml"], ["-o", "a.yaml", "--study", "own.yaml"]):
            assert swaptwin.run(["tune", "--trials", "33", option, "own.yaml", *more]) == 2
            assert f"is the file of {option}, which would be lost" in capsys.readouterr().err
            assert own.read_bytes() == before
    assert sorted(os.listdir()) == ["link.yaml", "own.yaml"]


def test_a_study_of_the_start_alone_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run([*LINE[:-1], "1", "-o", "a.yaml"]) == 1
    said = capsys.readouterr()
    assert "1 candidate, " in said.out
    assert said.err.splitlines()[-1].startswith("error: no candidate beside the start was played")


def test_the_force_that_is_told_is_the_one_that_is_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A set may press harder where factory gave up before it pressed: not what it is refused for."""

    def gives_up(trials: Sequence[Trial]) -> list[Figures]:
        found = []
        for one in trials:
            of = cheap(one)
            if one.seed % 8 == 0:
                of = replace(of, peak_lateral_force_n=5000.0)
                of = Figures("jam", 50.0, peak_lateral_force_n=100.0) if one.timing.name == "factory" else of
            found.append(of)
        return found

    monkeypatch.setattr(campaign, "make_player", lambda: gives_up)
    assert swaptwin.run([*LINE, "-o", "a.yaml", "--json"]) == 0
    found = printed(capsys)
    best, baseline = found["best"], found["baseline"]
    assert best["peak_lateral_force_n"]["p95"] == 5000.0 > baseline["peak_lateral_force_n"]["p95"]
    assert best["judged_force_p95_n"] <= baseline["judged_force_p95_n"] < 2500.0
    assert f"p95 {best['judged_force_p95_n'] / 1e3:.2f} kN" in Path("a.yaml").read_text()


def test_the_table_of_phases_adds_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a bound of the plan that was played, as where robots share a swap, none is shown."""

    def with_phases(trials: Sequence[Trial]) -> list[Figures]:
        figures = [cheap(one) for one in trials]
        return [
            replace(one, phases_s={"dock": 45.0, "lower": 60.0, "clear": one.mechanical_time_s - 60.0})
            for one in figures
        ]

    monkeypatch.setattr(campaign, "make_player", lambda: with_phases)
    assert swaptwin.run([*LINE, "-o", "a.yaml"]) == 0
    said = capsys.readouterr().out
    assert "Where the seconds go: mean of 16 swaps that both complete, all robots together" in said
    rows = {
        line.split()[0]: line.split()[1:] for line in said.splitlines() if line.startswith(("lower ", "sum ", "clear "))
    }
    assert rows["lower"] == ["60.00", "60.00", "0.00"]
    factory_s, tuned_s, won_s = (float(one) for one in rows["sum"])
    assert won_s == pytest.approx(factory_s - tuned_s, abs=0.011)
    assert won_s > 1.0
    assert factory_s == pytest.approx(60.0 + float(rows["clear"][0]), abs=0.011)


def test_a_changed_station_is_another_study(capsys: pytest.CaptureFixture[str]) -> None:
    changed = ["--set", "station.axes.z.velocity_mps=0.3", "--set", "timing.default.settle_dwell_s=0.1"]
    assert swaptwin.run([*LINE, *changed, "-o", "a.yaml", "--json"]) == 0
    assert swaptwin.run([*LINE, "-o", "a.yaml", "--json"]) == 0
    with Ledger("a.study.sqlite") as ledger:
        studies = ledger._db.execute("SELECT count(*) FROM studies").fetchone()
    assert studies == (2,)
    assert load_timing("a.yaml", "top_lift").of("insert")


def test_energy_is_an_objective_where_every_axis_has_a_motor(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_of("top_lift", None, None, "factory", ["energy"], "blocks", 0, ()).objectives == ("energy",)
    bare = load_station("top_lift").model_dump()
    for key in ("motor", "gear", "design"):
        del bare["axes"]["yaw"][key]
    Path("bare.yaml").write_text(json.dumps(bare))
    assert swaptwin.run(["tune", "--station", "bare.yaml", "--objective", "energy"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --objective: station bare names no motor of axis yaw: no electric energy")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--objective", "speed"],
            "--objective: unknown objective, got 'speed' (allowed: time, p95, ",
        ),
        (["--objective", "time", "--objective", "time"], "--objective: objective given twice"),
        (["--sampler", "genetic"], "--sampler: unknown sampler, got 'genetic'"),
        (["--budget", "60"], "--budget: does not go with --trials"),
        (["--seed", "-1"], "--seed: out of range"),
        (["--trials", "0"], "--trials: given twice"),
        (["--reference", "-1"], "--reference: given twice"),
        (["--station", "nowhere"], "unknown station"),
        (["--start", "nothing"], "unknown timing set"),
        (["-o", "a.json"], "--output: is no YAML file's name"),
        (["-o", "none/a.yaml"], "--output: cannot be written: there is no folder"),
        (["--study", "none/a.sqlite"], "--study: cannot be written: there is no folder"),
        (["--study", "top_lift_tuned.yaml"], "--study: the same file as one of the result"),
        (["--study", "text.txt"], "--study: cannot be used as a ledger"),
        (["--set", "axes.z.speed=1"], "--set station.axes.z.speed: unknown key"),
        (["--set", "timing.phases.insert.overlap=1"], "--set timing.phases.insert.overlap: unknown key (did you mean"),
        (["--set", "axes.z.velocity_mps=-1"], "--set station.axes.z.velocity_mps: out of range"),
        (["--workers", "0"], "--workers: given twice"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.txt").write_text("no ledger")
    assert swaptwin.run([*LINE, *words]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert said in error
    assert os.listdir() == ["text.txt"]


def test_the_line_of_the_front_only_falls() -> None:
    points = [Point(x, y, "") for x, y in ((3.0, 1.0), (1.0, 5.0), (2.0, 5.0), (2.0, 3.0), (4.0, 2.0))]
    assert [(one.time_s, one.force_n) for one in lowest(points)] == [(1.0, 5.0), (2.0, 3.0), (3.0, 1.0)]


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (130.2, 158.9), (5.0, 5.0), (1e-9, 2e-9), (-3.0, 4000.0)])
def test_ticks_are_round_and_enclose(low: float, high: float) -> None:
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 12
