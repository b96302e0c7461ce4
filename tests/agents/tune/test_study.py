"""Whole studies on the cheap trial function: interrupted ones, checks, and sets that only one plant likes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agents.experiments import campaign
from agents.experiments.ledger import Ledger
from agents.experiments.trial import REFERENCE, Figures, Trial
from agents.tune.problem import UNSEEN
from agents.tune.study import LEAST_UNSEEN, Study, fitting
from tests.agents.experiments.small import USED, cheap, play
from tests.agents.tune.cheap_study import ROOT, outcome_of, run, settings
from tests.tiers import slow

TRIALS = 65


def killed(file: Path, after_s: float) -> bool:
    """Run the study in a process of its own and kill it; True if it was still running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.agents.tune.cheap_study", str(file), str(TRIALS), "0.01"],
        stdout=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    began_s = time.monotonic()
    while not file.exists() and time.monotonic() - began_s < 60.0:
        time.sleep(0.01)
    time.sleep(after_s)
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return running


@pytest.mark.parametrize("moments", [1, slow(10)])
def test_kill_9_loses_nothing_and_counts_nothing_twice(tmp_path: Path, moments: int) -> None:
    whole, _ = run(None, TRIALS)
    file, draw, hits = tmp_path / "a.sqlite", random.Random(1), 0
    for _ in range(moments):
        hits += killed(file, draw.uniform(0.0, 0.4))
    assert hits
    resumed, playing = run(file, TRIALS)
    assert json.dumps(outcome_of(resumed)) == json.dumps(outcome_of(whole))
    assert playing.counts.played + playing.counts.found == playing.counts.asked
    with Ledger(file) as ledger:
        assert sorted(ledger.candidates(Study(settings(), ledger, play).key)) == list(range(TRIALS))


def test_a_longer_study_goes_on_from_a_shorter_one(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    short, _ = run(file, 49)  # candidate 0 and three whole waves
    longer, playing = run(file, 81)
    again, _ = run(None, 81)
    assert outcome_of(longer) == outcome_of(again)
    assert outcome_of(longer)["candidates"][:40] == outcome_of(short)["candidates"][:40]
    assert playing.counts.found > 100


def test_a_short_budget_plays_a_wave_and_checks_on_fewer_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "make_player", lambda: play)
    with Ledger(None) as ledger, campaign.Campaign(ledger) as playing:
        found = Study(settings(), ledger, playing.play).run(budget_s=0.01, reference_swaps=8)
    assert found.search.candidate_count == 1 + 16
    assert (len(found.factory_unseen), len(found.factory_reference)) == (LEAST_UNSEEN, 2)
    assert found.best is not None
    assert len(found.best.unseen) == LEAST_UNSEEN
    assert fitting(100.0, 0.125) == 400
    assert fitting(-1.0, 0.0) == LEAST_UNSEEN


def test_another_seed_is_another_study_in_the_same_ledger(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    one, _ = run(file, 33)
    other, _ = run(file, 33, seed=6)
    assert outcome_of(one) != outcome_of(other)
    assert outcome_of(run(file, 33)[0]) == outcome_of(one)


def test_a_sampler_that_does_not_repeat_is_found_out(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    run(file, 17)
    with Ledger(file) as ledger:
        study = Study(settings(), ledger, play)
        first = ledger.candidates(study.key)[3]
        name = next(iter(first))
        with pytest.raises(RuntimeError, match="candidate 3 of the study in the ledger differs"):
            study._keep({3: {**first, name: 0.123}})


def on_two_plants(monkeypatch: pytest.MonkeyPatch, reference: Any) -> Any:
    """Run a study whose reference plant is another function."""

    def both(batch: list[Trial]) -> list[Figures]:
        return [reference(one) if one.plant == REFERENCE else cheap(one) for one in batch]

    monkeypatch.setattr(campaign, "make_player", lambda: both)
    with Ledger(None) as ledger, campaign.Campaign(ledger) as playing:
        return Study(settings(), ledger, playing.play).run(65, reference_swaps=4, unseen_swaps=8)


def test_a_set_that_only_the_reduced_order_plant_likes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = on_two_plants(monkeypatch, cheap)
    fastest = plain.best.candidate.number
    assert not plain.refused

    timings: list[Any] = []

    def jams_with_the_fastest(trial: Trial) -> Figures:
        timings.append(trial.timing.name)
        return Figures("jam", 50.0) if trial.timing.name == f"candidate_{fastest}" else cheap(trial)

    other = on_two_plants(monkeypatch, jams_with_the_fastest)
    assert f"candidate_{fastest}" in timings
    assert [(one.number, one.plant) for one in other.refused] == [(fastest, REFERENCE)]
    assert "completed" in other.refused[0].why
    assert other.best.candidate.number != fastest
    numbers = range(UNSEEN, UNSEEN + len(other.best.unseen))
    assert other.search.problem.score(other.best.unseen, numbers).feasible


def test_where_nothing_passes_there_is_no_best(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_factory(trial: Trial) -> Figures:
        return cheap(trial) if trial.timing.name == "factory" else Figures("overload", 20.0)

    found = on_two_plants(monkeypatch, only_factory)
    assert found.best is None
    assert {one.plant for one in found.refused} == {REFERENCE}


def test_the_worth_of_a_phase_is_what_it_loses_without_it() -> None:
    found, _ = run(None, 97)
    assert found.best is not None
    assert found.worth
    assert {one.phase for one in found.worth} <= set(USED)
    assert [one.s for one in found.worth] == sorted((one.s for one in found.worth), reverse=True)
    # phases of the cheap swap add up
    whole = found.factory_unseen[0].mechanical_time_s - found.best.unseen[0].mechanical_time_s
    assert sum(one.s for one in found.worth) == pytest.approx(whole, abs=1e-3)


def test_the_front_is_of_sets_that_none_other_beats() -> None:
    found, _ = run(None, 97, objectives=("time", "force"))
    points = [tuple(one.score.objectives[name] for name in ("time", "force", "sway")) for one in found.front]
    assert points == sorted(points)
    for a in points:
        assert not any(all(x <= y for x, y in zip(b, a, strict=True)) and b != a for b in points)
