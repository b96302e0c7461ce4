"""Effects and interactions of simulated swaps with a known answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.report.effects import binned, interactions, main_effects, shares
from agents.experiments.report.metrics import TIME
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials


def test_known_effects_are_found_in_spite_of_failures(tmp_path: Path) -> None:
    """2 s for b, 5 s for the timing, 1 s more for both; seeds differ by tens of seconds, a third fails."""

    def play(x: dict[str, Any], seed: int) -> Figures:
        random = np.random.default_rng([seed, x["b"], len(x["timing"])])
        if random.uniform() < 0.3:
            return Figures("jam")
        both = x["b"] == 1 and x["timing"] == "zv"
        return swap(100.0 + 30.0 * (seed % 5) + 2.0 * x["b"] + 5.0 * (x["timing"] == "zv") + 1.0 * both)

    of = trials(tmp_path, {"factors": {"b": [0, 1], "timing": ["factory", "zv"]}, "seeds": 60}, play)
    effects = {(one.factor, one.level): one for one in main_effects(of, TIME, 0)}
    assert set(effects) == {("b", 1), ("timing", "zv")}
    assert abs((effects["timing", "zv"].effect.value or 0.0) - 5.5) < 0.2
    assert effects["b", 1].pairs == 2
    (both,) = interactions(of, TIME, 0)
    assert abs((both.effect.value or 0.0) - 1.0) < 1e-9
    assert both.effect.n < 60


def test_false_alarms_of_effects_are_one_in_twenty(tmp_path: Path) -> None:
    """One ledger of 300 levels without any effect."""
    random = np.random.default_rng(4)
    of = trials(tmp_path, {"factors": {"b": list(range(30)), "c": list(range(2))}, "seeds": 12},
                lambda x, seed: swap(100.0 + seed + random.normal()))  # fmt: skip
    found = interactions(of, TIME, 0)
    assert len(found) == 29
    assert not any(one.adjusted.beyond_chance for one in found)
    assert sum(one.effect.beyond_chance for one in found) <= 6


def test_bins_of_a_sampled_factor_have_equal_numbers(tmp_path: Path) -> None:
    spec = {"factors": {"u": {"low": 1.0, "high": 9.0}}, "seeds": 2, "design": {"kind": "lhs", "points": 80}}
    found = binned(trials(tmp_path, spec, lambda x, seed: swap(100.0 + x["u"] + 50.0 * seed)), TIME)["u"]
    assert [one.effect.n for one in found] == [10] * 8
    assert all(abs((one.effect.value or 0.0) - (k - 3.5)) < 0.3 for k, one in enumerate(found))


def test_shares_of_many_failures_have_intervals(tmp_path: Path) -> None:
    """Half of the swaps fail at random: hardly a seed is completed by all eight settings."""
    random = np.random.default_rng(5)

    def play(x: dict[str, Any], seed: int) -> Figures:
        return Figures("jam") if random.uniform() < 0.5 else swap(100.0 + 9.0 * seed + 2.0 * x["a"] + x["b"])

    of = shares(trials(tmp_path, {"factors": {name: [0, 1] for name in "abc"}, "seeds": 60}, play), TIME)
    assert not isinstance(of, str)
    assert not of.exact
    low, high = of.first["a"].low, of.first["a"].high
    assert low is not None
    assert high is not None
    assert low < 0.8 < high
