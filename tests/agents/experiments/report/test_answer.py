"""The answer: the best setting, its verdict, and what it must not be taken in by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.experiments.report.answer import choose, find_setting
from agents.experiments.report.metrics import TIME, metric
from agents.experiments.report.page import report
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials
from twin.errors import InputError

LEVELS = {"factors": {"timing": ["factory", "zv", "zvd"]}, "seeds": 40}


def test_the_best_is_found_through_the_draw_of_the_seeds(tmp_path: Path) -> None:
    def play(x: dict[str, Any], seed: int) -> Figures:
        random = np.random.default_rng([seed, len(x["timing"])])
        gain = {"factory": 0.0, "zv": 1.0, "zvd": 0.4}[x["timing"]]
        return swap(100.0 + 20.0 * (seed % 7) - gain + 0.2 * random.normal())

    choice = choose(trials(tmp_path, LEVELS, play), TIME, 0)
    assert (choice.best, choice.rival, choice.beyond_chance, choice.alike) == (1, 0, True, ())
    assert choice.difference.value == pytest.approx(-1.0, abs=0.15)
    assert choice.adjusted.low is not None
    assert choice.difference.low is not None
    assert choice.adjusted.low < choice.difference.low, "the best of three has the wider interval"


def test_one_that_drops_its_hard_cases_is_not_the_best(tmp_path: Path) -> None:
    """zvd is the fastest and completes 12 of 40."""

    def play(x: dict[str, Any], seed: int) -> Figures:
        if x["timing"] == "zvd":
            return swap(50.0) if seed < 12 else Figures("jam", 30.0)
        return swap(100.0 - (x["timing"] == "zv"))

    of = trials(tmp_path, LEVELS, play)
    choice = choose(of, TIME, 0)
    assert (choice.best, choice.unreliable) == (1, (2,))
    _, lines = report(of, TIME, 0)
    assert "cannot be the best: timing zvd" in " ".join(lines)


def test_differences_of_chance_are_said_to_be_chance(tmp_path: Path) -> None:
    """The best of twelve equal settings, 300 experiments: at most 5 % verdicts, and sampling."""
    alarms, repetitions = 0, 300
    factors = {"factors": {"x": list(range(12))}, "seeds": 10}
    for repetition in range(repetitions):
        random = np.random.default_rng(repetition)
        folder = tmp_path / str(repetition)
        if repetition == 0:
            folder.mkdir()
            of = trials(folder, factors, lambda x, seed: swap(100.0))
        of.columns["mechanical_time_s"][:] = 100.0 + random.normal(size=len(of))
        alarms += choose(of, TIME, 0).beyond_chance
    assert alarms / repetitions <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / repetitions)


def test_a_baseline_that_is_the_best_is_set_beside_the_second(tmp_path: Path) -> None:
    of = trials(tmp_path, LEVELS, lambda x, seed: swap(100.0 + len(x["timing"]) + 0.01 * seed))
    choice = choose(of, TIME, 1)
    assert (choice.baseline, choice.best, choice.rival) == (1, 1, 2)
    _, lines = report(of, TIME, 1)
    assert "1.00 s less (95 %: 1.00 to 1.00" in lines[0]
    assert "the second best (timing zvd)" in lines[0]


def test_where_nothing_completes_there_is_no_best(tmp_path: Path) -> None:
    of = trials(tmp_path, LEVELS, lambda x, seed: Figures("jam"))
    choice = choose(of, TIME, 0)
    assert (choice.best, choice.rival) == (None, None)
    _, lines = report(of, TIME, 0)
    assert lines == ["None of the 120 swaps completed, so there is nothing to compare. The reasons are below."]


def test_a_setting_that_completes_nothing_may_be_the_baseline(tmp_path: Path) -> None:
    of = trials(tmp_path, LEVELS, lambda x, seed: Figures("jam") if x["timing"] == "factory" else swap(99.0 + seed))
    choice = choose(of, TIME, 0)
    assert choice.best == 1
    assert choice.rival == 2
    assert choice.alike == (2,)


def test_one_seed_gives_no_verdict(tmp_path: Path) -> None:
    of = trials(tmp_path, {**LEVELS, "seeds": 1}, lambda x, seed: swap(100.0 + len(x["timing"])))
    _, lines = report(of, TIME, 0)
    assert "more seeds are needed" in lines[0]
    assert "beyond chance:" not in lines[0]


def test_any_figure_may_decide(tmp_path: Path) -> None:
    of = trials(tmp_path, LEVELS, lambda x, seed: swap(100.0, insert_attempts=(1, 2) if x["timing"] == "factory"
                                                       else (1, 1 + seed % 2)))  # fmt: skip
    assert "retries" in of.metrics
    choice = choose(of, metric("retries"), 0)
    assert choice.best == 1
    assert choice.difference.value == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("text", "number"), [("2", 2), ("timing=zv,x=0.5", 1), ("x=1.0,timing=factory", 2), ("timing=zv, x=1", 3)]
)
def test_a_setting_is_named_by_its_levels(text: str, number: int, tmp_path: Path) -> None:
    of = trials(tmp_path, {"factors": {"x": [0.5, 1], "timing": ["factory", "zv"]}, "seeds": 1}, lambda x, s: swap(9.0))
    assert find_setting(of, text) == number


@pytest.mark.parametrize("text", ["4", "timing=zv", "timing=none,x=1", "hoist=1", "zv", "x=,timing=zv"])
def test_a_baseline_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    of = trials(tmp_path, {"factors": {"x": [0.5, 1], "timing": ["factory", "zv"]}, "seeds": 1}, lambda x, s: swap(9.0))
    with pytest.raises(InputError, match="--baseline"):
        find_setting(of, text)


def test_a_level_with_commas_stands_in_quotation_marks(tmp_path: Path) -> None:
    fault = "lock_wont_open:lock=2,tries=1"
    spec = {"factors": {"fault": ["none", fault], "timing": ["factory", "zv"]}, "seeds": 1}
    of = trials(tmp_path, spec, lambda x, s: swap(9.0))
    for text in (f'fault="{fault}",timing=zv', f"timing=zv, fault='{fault}'", f'"fault={fault}","timing=zv"'):
        assert find_setting(of, text) == 3
    with pytest.raises(InputError, match="no such factor"):
        find_setting(of, f"fault={fault},timing=zv")
    with pytest.raises(InputError, match="a quotation mark is not closed"):
        find_setting(of, f'fault="{fault},timing=zv')
