"""Factors that are given rather than chosen: settings of the others are compared over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.experiments.report.answer import choose
from agents.experiments.report.data import over_circumstances
from agents.experiments.report.metrics import FAILED, TIME, metric
from agents.experiments.report.page import report
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials

SPEC = {"factors": {"station": ["top_lift", "chassis"], "timing": ["factory", "zv"]}, "seeds": 30}


def play(x: dict[str, Any], seed: int) -> Figures:
    """4 s less for zv at top_lift, 2 s at chassis, which is 50 s slower; both swaps of a seed share its draw."""
    chassis = x["station"] == "chassis"
    noise = np.random.default_rng([seed, chassis]).normal()
    return swap(100.0 + 50.0 * chassis + seed + noise - (x["timing"] == "zv") * (2.0 if chassis else 4.0))


def test_settings_are_compared_over_all_circumstances(tmp_path: Path) -> None:
    of = over_circumstances(trials(tmp_path, SPEC, play))
    assert of.settings == [{"timing": "factory"}, {"timing": "zv"}]
    assert of.circumstances == [{"station": "top_lift"}, {"station": "chassis"}]
    choice = choose(of, TIME, 0)
    assert (choice.best, choice.rival, choice.comparisons) == (1, 0, 1)
    assert choice.difference.value == pytest.approx(-3.0)
    assert choice.difference.n == 30, "seeds are independent, the stations of one seed are not"
    assert of.planned == len(of) == 120


def test_an_interval_is_over_seeds(tmp_path: Path) -> None:
    """2,000 experiments of a known mean difference: each seed moves both circumstances alike."""
    of = over_circumstances(trials(tmp_path, {**SPEC, "seeds": 10}, play))
    random, inside = np.random.default_rng(1), 0
    for _ in range(2000):
        row = np.concatenate([np.full(10, 1.0), np.full(10, 5.0)]) + np.tile(random.normal(size=10), 2)
        found = of.mean(row)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 3.0 <= found.high
    assert 0.93 <= inside / 2000 <= 0.97


def test_the_page_has_each_circumstance(tmp_path: Path) -> None:
    page, lines = report(trials(tmp_path, SPEC, play), TIME)
    assert "over 2 circumstances (station)" in lines[0]
    assert "3.00 s less (95 %: 3.00 to 3.00" in lines[0]
    assert "on 60 cases that both completed" in lines[0]
    text = page.decode()
    assert "The difference in each circumstance" in text
    assert "\N{MINUS SIGN}4.00 (\N{MINUS SIGN}4.00" in text.replace("<span class='i'>", "")
    assert "swaptwin swap --station chassis" in text, "single trials stay what they are"


@pytest.mark.parametrize(
    ("factors", "over"),
    [
        ({"station": ["top_lift", "chassis"], "parking": ["guided", "unguided"]}, None),
        ({"timing": ["factory", "zv"], "b": [0, 1]}, None),
        ({"station": ["top_lift", "chassis"], "timing": ["factory", "zv"]}, []),
        ({"station": ["top_lift", "chassis"], "timing": ["factory", "zv"]}, ["station", "timing"]),
    ],
)
def test_where_nothing_is_chosen_or_nothing_given_settings_stay(
    factors: dict[str, Any], over: list[str] | None, tmp_path: Path
) -> None:
    of = trials(tmp_path, {"factors": factors, "seeds": 2}, lambda x, seed: swap(100.0))
    assert over_circumstances(of, over) is of


def test_settings_that_met_other_circumstances_stay(tmp_path: Path) -> None:
    rows = [{"station": "top_lift", "timing": "factory"}, {"station": "chassis", "timing": "zv"}]
    of = trials(tmp_path, {"design": {"kind": "list", "rows": rows}, "seeds": 2}, lambda x, seed: swap(100.0))
    assert over_circumstances(of) is of


def test_circumstances_may_be_named(tmp_path: Path) -> None:
    of = trials(tmp_path, {"factors": {"b": [0, 1], "timing": ["factory", "zv"]}, "seeds": 2}, lambda x, s: swap(9.0))
    assert over_circumstances(of, ["b"]).settings == [{"timing": "factory"}, {"timing": "zv"}]


def test_the_share_of_failed_swaps_is_a_figure_of_all_of_them(tmp_path: Path) -> None:
    def failing(x: dict[str, Any], seed: int) -> Figures:
        return Figures("jam") if seed < (12 if x["timing"] == "factory" else 3) else swap(100.0)

    of = over_circumstances(trials(tmp_path, SPEC, failing))
    choice = choose(of, metric(FAILED), 0)
    assert choice.best == 1
    assert choice.difference.value == pytest.approx(-9 / 30)
    _, lines = report(trials(tmp_path, SPEC, failing), metric(FAILED))
    assert "30 % less" in lines[0]
