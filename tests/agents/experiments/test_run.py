"""Running an experiment: exactly its trials, none twice, whatever interrupts it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from agents.experiments import campaign
from agents.experiments import run as running
from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.resolving import Plan, plan
from agents.experiments.results import results_of
from agents.experiments.spec import Spec
from agents.experiments.tables import write_table
from agents.experiments.trial import Trial
from tests.agents.experiments.small import play
from twin.errors import InputError


def planned(**values: Any) -> Plan:
    factors = {"timing": ["factory", "zv"], "conditions": ["clear", "rain"]}
    return plan(Spec.model_validate({"factors": factors, "seeds": 5, **values}))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    keys: list[str] = []

    def player(trials: list[Trial]) -> Any:
        keys.extend(trial.key for trial in trials)
        return play(trials)

    monkeypatch.setattr(campaign, "make_player", lambda: player)
    return keys


def test_every_trial_is_played_once(counted: list[str], tmp_path: Path) -> None:
    of = planned()
    for resumed in (0, 20):
        with Ledger(tmp_path / "l.sqlite") as ledger, Campaign(ledger) as playing:
            done = running.run(of, ledger, playing)
            results = results_of(ledger)
            seeds = [[seed for seed, _ in results.figures(number)] for number in range(4)]
        assert (done.trials, done.done, done.resumed, done.failed) == (20, 20, resumed, 0)
    assert len(counted) == len(set(counted)) == 20
    assert [dict(one) for one in results.settings] == [dict(one.setting) for one in of.settings]
    assert seeds == [[0, 1, 2, 3, 4]] * 4


def test_what_was_acknowledged_is_not_lost(counted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 4)

    def stop(progress: running.Progress) -> None:
        if progress.done >= 8:
            raise KeyboardInterrupt

    with Ledger(tmp_path / "l.sqlite") as ledger, Campaign(ledger) as playing, pytest.raises(KeyboardInterrupt):
        running.run(planned(), ledger, playing, stop)
    with Ledger(tmp_path / "l.sqlite") as ledger, Campaign(ledger) as playing:
        done = running.run(planned(), ledger, playing)
    assert (done.done, done.resumed) == (20, 8)
    assert len(counted) == 20


def test_results_can_be_read_before_the_run_has_ended(counted: list[str], tmp_path: Path) -> None:
    told: list[int] = []

    def read(_: int) -> None:
        with Ledger(tmp_path / "l.sqlite", read_only=True) as reader:
            assert reader.in_use
            told.append(len(list(results_of(reader).rows())))

    with Ledger(tmp_path / "l.sqlite") as ledger, Campaign(ledger, on_played=read, batch=8) as playing:
        running.run(planned(), ledger, playing)
    assert told[0] < told[-1] == 20


def test_more_seeds_later_play_only_those(counted: list[str], tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger, Campaign(ledger) as playing:
        running.run(planned(), ledger, playing)
        done = running.run(planned(seeds=7), ledger, playing)
        assert (done.trials, done.resumed) == (28, 20)
        with pytest.raises(InputError, match="2 experiments"):
            results_of(ledger)


def test_a_table_has_a_row_a_trial(counted: list[str], tmp_path: Path) -> None:
    with Ledger(None) as ledger, Campaign(ledger) as playing:
        running.run(planned(), ledger, playing)
        write_table(results_of(ledger), tmp_path / "t.csv")
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert len(rows) == 20
    assert {(row["timing"], row["conditions"]) for row in rows} == {
        ("factory", "clear"),
        ("factory", "rain"),
        ("zv", "clear"),
        ("zv", "rain"),
    }
    assert {row["outcome"] for row in rows} == {"completed"}


def test_factors_in_another_order_are_another_experiment(counted: list[str], tmp_path: Path) -> None:
    """The order numbers the settings: results under the other numbers would stand beside wrong levels."""
    factors = {"conditions": ["clear", "rain"], "timing": ["factory", "zv"]}
    with Ledger(tmp_path / "l.sqlite") as ledger, Campaign(ledger) as playing:
        running.run(planned(), ledger, playing)
        other = planned(factors=factors)
        done = running.run(other, ledger, playing)
        assert (done.trials, done.resumed) == (20, 20)
        results = results_of(ledger, running.study_key(other.spec))
        own = [dict(results.figures(number, range(2, 3))) for number in range(4)]
    assert [list(one.items()) for one in results.settings] == [list(one.setting.items()) for one in other.settings]
    for by_seed, one in zip(own, other.settings, strict=True):
        assert by_seed == {2: play([one.trial(2)])[0]}
