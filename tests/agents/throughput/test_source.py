"""Where the swaps of a day come from: tables, ledgers, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from agents.experiments.ledger import Ledger
from agents.experiments.resolving import plan
from agents.experiments.run import study_key
from agents.experiments.spec import Spec
from agents.experiments.trial import Figures, program_version
from agents.throughput.source import Source, from_file
from agents.throughput.swaps import sample_of
from tests.agents.throughput import tables
from twin.catalogue import load_pack
from twin.errors import InputError


def read(path: Path, *where: str) -> Source:
    return from_file(str(path), where, "top_lift", lambda: load_pack("cab_282"))


def test_times_outcome_parking_and_packs_of_a_swap_stay_together() -> None:
    sample = sample_of([tables.completed(), tables.repark(), tables.jam(), tables.completed(7.0, 2)], "top_lift")
    whole, out_of_reach, failed, double = sample.swaps
    assert (whole.before_s, whole.work_s, whole.after_s, whole.packs, whole.stored_share) == (29.0, 100.0, 15.0, 1, 0.5)
    assert whole.enter_s is None  # a fixed time: the site's spread takes its place
    assert (out_of_reach.repark, out_of_reach.work_s, out_of_reach.before_s) == (True, 0.0, 29.0)
    assert (failed.outcome, failed.work_s, failed.stored_share) == ("jam", 20.0, 1.0)
    assert (double.packs, double.work_s) == (2, pytest.approx(107.0))
    assert sample.counts == {"completed": 2, "repark_required": 1, "jam": 1}
    assert [sample.draw(u).work_s for u in (0.0, 0.3, 0.74, 0.99)] == [100.0, 0.0, 20.0, double.work_s]


def test_measured_driving_stays_with_its_swap() -> None:
    slow = tables.completed()
    phases = {**slow.phases_s, "dock": 50.0}
    slow = dataclasses.replace(slow, cycle_time_s=slow.cycle_time_s + 5.0, phases_s=phases)
    sample = sample_of([tables.completed(), slow], "top_lift")
    assert [(swap.enter_s, swap.work_s) for swap in sample.swaps] == [(45.0, 100.0), (50.0, 100.0)]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_table_gives_what_the_figures_give(tmp_path: Path, ending: str) -> None:
    others = [tables.jam(), tables.repark()]
    figures = [[tables.completed(), *others], [tables.completed(3.0), *others]]
    file = tables.write(tmp_path / f"table{ending}", [{"timing": "factory"}, {"timing": "tuned"}], figures)
    assert read(file, "timing=tuned").sample == sample_of(figures[1], "top_lift")


def test_trucks_may_be_mixed_and_settings_of_the_station_not(tmp_path: Path) -> None:
    figures = [[tables.completed()], [tables.completed(9.0)]]
    trucks = tables.write(tmp_path / "trucks.csv", [{"truck": "a"}, {"truck": "b"}], figures)
    assert len(read(trucks).sample.swaps) == 2
    assert len(read(trucks, "truck=b").sample.swaps) == 1
    timing = tables.write(tmp_path / "timing.csv", [{"timing": "factory"}, {"timing": "tuned"}], figures)
    with pytest.raises(InputError, match=r"several levels of timing.*--where timing=factory"):
        read(timing)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (("timing",), "no FACTOR=LEVEL"),
        (("timing=tuned", "timing=factory"), "given twice"),
        (("timimg=tuned",), "no such factor .did you mean timing"),
        (("timing=none",), "no swap has these levels"),
    ],
)
def test_bad_choices_are_refused(tmp_path: Path, where: tuple[str, ...], said: str) -> None:
    file = tables.write(tmp_path / "t.csv", [{"timing": "factory"}], [[tables.completed()]])
    with pytest.raises(InputError, match=said):
        read(file, *where)


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n", "timing,outcome,cycle_time_s\nx,completed,3\n", "outcome,insert_attempts\ncompleted,one\n"],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(InputError):
        read(file)


def test_swaps_that_say_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="has no swap"):
        sample_of([], "top_lift")
    with pytest.raises(InputError, match="every truck has to park again"):
        sample_of([tables.repark()], "top_lift")
    with pytest.raises(InputError, match="raised an error"):
        sample_of([tables.completed(), Figures("error", error="x")], "top_lift")


def test_a_ledger_tells_its_swaps_and_pack(tmp_path: Path) -> None:
    spec = Spec.model_validate({"station": "top_lift", "factors": {"pack": ["cab_141", "cab_282"]}, "seeds": 3})
    file, found = tmp_path / "l.sqlite", plan(spec)
    with Ledger(file) as ledger:
        study = study_key(spec)
        ledger.begin_study(study, {"experiment": spec.as_plain(), "version": program_version()})
        ledger.put_candidates(study, {n: of.setting for n, of in enumerate(found.settings)})
        for n, of in enumerate(found.settings):
            trials = [of.trial(seed) for seed in found.seeds]
            ledger.put((trial, tables.completed(float(n))) for trial in trials)
            ledger.put_runs(study, [(n, trial.seed, trial.key) for trial in trials])
    source = read(file, "pack=cab_141")
    assert (len(source.sample.swaps), source.pack.name, source.kind) == (3, "cab_141", "top_lift")
    with pytest.raises(InputError, match="several levels of pack"):
        read(file)
