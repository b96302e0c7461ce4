"""A motor as a factor of an experiment: what it changes, what it costs, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import swaptwin
from agents.experiments.campaign import Campaign
from agents.experiments.equipment import SettingDrives, drives_of_settings
from agents.experiments.ledger import Ledger
from agents.experiments.resolving import plan
from agents.experiments.results import results_of
from agents.experiments.run import run, study_key
from agents.experiments.spec import Spec
from agents.experiments.trial import Figures, play
from tests.agents.experiments.stored import in_memory
from twin.errors import InputError

MOTORS = ["hoist_15kw", "hoist_22kw"]


def spec(**values: object) -> Spec:
    return Spec.model_validate({"seeds": 1, "constants": {"timing": "tuned"}, **values})


def played(**factors: object) -> list[Figures]:
    found = plan(spec(factors=factors))
    return play([one.trial(3) for one in found.settings[:1]]) + play([one.trial(3) for one in found.settings[1:]])


def test_a_larger_hoist_is_faster_cooler_and_dearer() -> None:
    small, large = played(**{"axes.z.motor": MOTORS})
    assert small.completed
    assert large.completed
    assert large.mechanical_time_s < small.mechanical_time_s - 5.0
    assert large.drive_rms_share["z"] < 0.75 * small.drive_rms_share["z"]
    assert (small.drive_cost_eur, large.drive_cost_eur) == (12600.0, 15000.0)
    assert small.electric_energy_j > small.energy_j  # type: ignore[operator]


def test_feeding_back_changes_the_energy_alone() -> None:
    burnt, fed = played(**{"axes.z.motor.feeds_back": [False, True]})
    assert fed.electric_energy_j < 0.7 * burnt.electric_energy_j  # type: ignore[operator]
    assert {**fed.as_plain(), "electric_energy_j": 0.0} == {**burnt.as_plain(), "electric_energy_j": 0.0}


def test_a_motor_that_is_too_small_is_one_line() -> None:
    with pytest.raises(InputError) as caught:
        plan(spec(factors={"axes.z.motor": [*MOTORS, "hoist_7_5kw"]}))
    assert "axes.z.motor hoist_7_5kw cannot do this station's work: axes.z.force_limit_n" in str(caught.value)


def figures(time_s: float, energy_j: float | None = 3600.0, outcome: str = "completed", share: float = 0.4) -> Figures:
    return Figures(
        outcome, time_s, electric_energy_j=energy_j, drive_cost_eur=100.0, drive_rms_share={"x": 0.1, "z": share}
    )


def told(*settings: dict[int, Figures], factor: str = "axes.z.motor") -> list[SettingDrives] | None:
    levels = [{factor: n} for n in range(len(settings))]
    return drives_of_settings(in_memory(spec(factors={factor: list(range(len(settings)))}), levels, settings))


def test_means_are_of_completed_swaps_and_differences_of_the_same_seeds() -> None:
    first = {0: figures(100.0), 1: figures(102.0), 2: figures(50.0, 10.0, "jam", share=0.9)}
    other = {0: figures(90.0), 1: figures(94.0, 7200.0), 2: figures(80.0)}
    a, b = told(first, other) or []
    assert (a.mechanical_time_s.value, a.mechanical_time_s.n, a.electric_energy_j.value) == (101.0, 2, 3600.0)
    assert (b.against_first_s.value, b.against_first_s.n) == (-9.0, 2)
    assert b.electric_energy_j.value == pytest.approx(4800.0)
    assert (a.rms_share, b.rms_share, a.cost_eur) == (("z", 0.9), ("z", 0.4), 100.0)  # a jam warms a motor too
    plain = b.as_plain()
    assert plain["against_first_s"]["mean"] == -9.0
    assert plain["rms_share"] == {"axis": "z", "share": 0.4}
    assert json.dumps(plain)


def test_motors_of_several_axes_under_one_name() -> None:
    linked = {"trolley and bridge": {"paths": ["axes.x.motor", "axes.y.motor"], "levels": ["travel_3kw"]}}
    of = in_memory(spec(factors=linked), [{"trolley and bridge": "travel_3kw"}], [{0: figures(1.0)}])
    assert drives_of_settings(of) is not None


def test_nothing_is_told_without_a_motor_or_gear() -> None:
    assert told({0: figures(1.0)}, factor="axes.z.velocity_mps") is None
    assert told({0: figures(1.0)}, factor="station.axes.y.gear.efficiency") is not None
    [nothing] = told({0: figures(1.0, None, "jam")}) or []
    assert nothing.as_plain()["mechanical_time_s"] == {"mean": None, "ci95": None}


def test_table_and_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = spec(factors={"axes.z.motor": MOTORS})
    with Ledger(Path("s.ledger.sqlite")) as ledger, Campaign(ledger) as playing:
        run(plan(wanted), ledger, playing)
        [row, _] = results_of(ledger, study_key(wanted)).rows()
    assert row["drive_cost_eur"] == 12600.0
    assert row["electric_energy_j"] > 2e5
    assert 0.2 < row["drive_rms_share.z"] < 0.6
    text = "{seeds: 1, constants: {timing: tuned}, factors: {axes.z.motor: [hoist_15kw, hoist_22kw]}}"
    Path("s.yaml").write_text(text)
    assert swaptwin.run(["experiment", "run", "s.yaml", "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "2 of them from the ledger" in said
    assert "hoist_22kw" in said
    assert "15000" in said
    assert swaptwin.run(["experiment", "run", "s.yaml", "--workers", "1", "--json"]) == 0
    assert [one["cost_eur"] for one in json.loads(capsys.readouterr().out)["drives"]] == [12600.0, 15000.0]
