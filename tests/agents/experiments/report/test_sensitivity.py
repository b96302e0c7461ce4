"""Sobol indices of functions whose indices are known, from every kind of design, with failed trials left out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.experiments.design import count, settings
from agents.experiments.report import sensitivity
from agents.experiments.report.effects import shares
from agents.experiments.report.metrics import TIME
from agents.experiments.report.sensitivity import Indices, indices
from agents.experiments.spec import Spec
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials

A, B = 7.0, 0.1
VARIANCE = A**2 / 8 + B * math.pi**4 / 5 + B**2 * math.pi**8 / 18 + 0.5
BOTH = B**2 * math.pi**8 * 8 / 225 / VARIANCE
FIRST = {"a": 0.5 * (1 + B * math.pi**4 / 5) ** 2 / VARIANCE, "b": A**2 / 8 / VARIANCE, "c": 0.0}
TOTAL = {"a": FIRST["a"] + BOTH, "b": FIRST["b"], "c": BOTH}
"""Of Ishigami and Homma's function (1990), in closed form."""
RANGE = {"low": -math.pi, "high": math.pi}


def ishigami(x: dict[str, Any], seed: int) -> Figures:
    """Every seed has its own level, as a truck has."""
    value = math.sin(x["a"]) + A * math.sin(x["b"]) ** 2 + B * x["c"] ** 4 * math.sin(x["a"])
    return swap(100.0 + value + 3.0 * seed)


def found(tmp_path: Path, kind: str, points: int, play: Any = ishigami, seeds: int = 1) -> Indices:
    spec = {"factors": dict.fromkeys("abc", RANGE), "seeds": seeds, "design": {"kind": kind, "points": points}}
    of = indices(trials(tmp_path, spec, play), TIME)
    assert isinstance(of, Indices), of
    return of


def worst_error(of: Indices) -> float:
    errors = [abs((of.first[name].value or 0.0) - FIRST[name]) for name in FIRST]
    return max(errors + [abs((of.total[name].value or 0.0) - TOTAL[name]) for name in TOTAL])


@pytest.mark.parametrize(
    ("kind", "points"), [("sobol", 512), ("lhs", 512), pytest.param("saltelli", 4096, marks=pytest.mark.slow)]
)
def test_the_indices_of_ishigami(kind: str, points: int, tmp_path: Path) -> None:
    of = found(tmp_path, kind, points)
    assert worst_error(of) < 0.005
    assert (of.used, of.of) == (points, points)


def test_salib_has_the_indices_of_ishigami_from_our_blocks() -> None:
    of = Spec.model_validate({"factors": dict.fromkeys("abc", RANGE), "seeds": 1,
                              "design": {"kind": "saltelli", "points": 8192}})  # fmt: skip
    values = np.array([ishigami(x, 0).mechanical_time_s for x in settings(of)]).reshape(8192, 5)
    for estimates, truth in zip(sensitivity.saltelli_indices(values), (FIRST, TOTAL), strict=True):
        for one, true in zip(estimates, truth.values(), strict=True):
            assert abs((one.value or 0.0) - true) < 0.005
            assert one.low is not None
            assert one.high is not None
            assert one.low < true < one.high


@pytest.mark.parametrize(("kind", "points", "within"), [("sobol", 512, 0.005), ("saltelli", 256, 0.2)])
def test_failed_trials_are_left_out(kind: str, points: int, within: float, tmp_path: Path) -> None:
    random = np.random.default_rng(1)

    def play(x: dict[str, Any], seed: int) -> Figures:
        return Figures("jam", 1e6) if random.uniform() < 0.1 else ishigami(x, seed)

    of = found(tmp_path, kind, points, play)
    assert of.used < of.of
    assert worst_error(of) < within


def test_seeds_that_differ_alike_change_no_index(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    one, three = found(tmp_path / "one", "sobol", 256), found(tmp_path, "sobol", 256, seeds=3)
    assert one.first["a"].value == pytest.approx(three.first["a"].value)


def test_a_block_changes_one_factor_at_a_time() -> None:
    of = Spec.model_validate({"factors": {**dict.fromkeys("ab", RANGE), "timing": ["factory", "zv"]}, "seeds": 1,
                              "design": {"kind": "saltelli", "points": 4}})  # fmt: skip
    rows = list(settings(of))
    assert len(rows) == count(of) == 4 * 5
    for first in range(0, 20, 5):
        a, *between, b = rows[first : first + 5]
        for name, changed in zip("ab", between, strict=False):
            assert changed == {**a, name: b[name]}


def test_a_full_grid_is_decomposed_exactly(tmp_path: Path) -> None:
    """x + 2 y + x y on x, y = -1, 1: variances 1, 4 and 1."""

    def play(x: dict[str, Any], seed: int) -> Figures:
        return swap(100.0 + x["x"] + 2.0 * x["y"] + x["x"] * x["y"] + seed)

    of = shares(trials(tmp_path, {"factors": {"x": [-1, 1], "y": [-1, 1]}, "seeds": 4}, play), TIME)
    assert not isinstance(of, str)
    assert [of.first[name].value for name in "xy"] == pytest.approx([1 / 6, 4 / 6])
    assert [of.total[name].value for name in "xy"] == pytest.approx([2 / 6, 5 / 6])
    assert of.pairs["x", "y"].value == pytest.approx(1 / 6)
    assert of.spread == pytest.approx(math.sqrt(6.0))


def test_levels_of_words_are_factors_too(tmp_path: Path) -> None:
    def play(x: dict[str, Any], seed: int) -> Figures:
        return swap(100.0 + {"p": 0.0, "q": 3.0, "r": -3.0}[x["k"]] + math.sqrt(12.0) * x["u"])

    factors = {"k": ["p", "q", "r"], "u": {"low": 0.0, "high": 1.0}}
    of = indices(
        trials(tmp_path, {"factors": factors, "seeds": 1, "design": {"kind": "lhs", "points": 300}}, play), TIME
    )
    assert isinstance(of, Indices)
    assert of.first["k"].value == pytest.approx(6 / 7, abs=0.01)
    assert of.total["u"].value == pytest.approx(1 / 7, abs=0.01)


@pytest.mark.parametrize(("kind", "points", "words"), [("lhs", 8, "points"), ("saltelli", 8, "blocks")])
def test_too_few_points_are_said_to_be(kind: str, points: int, words: str, tmp_path: Path) -> None:
    spec = {"factors": dict.fromkeys("abc", RANGE), "seeds": 1, "design": {"kind": kind, "points": points}}
    of = indices(trials(tmp_path, spec, ishigami), TIME)
    assert isinstance(of, str)
    assert words in of


def test_noise_alone_has_no_indices(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    spec = {"factors": dict.fromkeys("abc", RANGE), "seeds": 1, "design": {"kind": "lhs", "points": 200}}
    of = indices(trials(tmp_path, spec, lambda x, seed: swap(100.0 + random.normal())), TIME)
    assert isinstance(of, str)
    assert "explains" in of


def test_intervals_of_an_expansion_cover() -> None:
    """y = x + noise: the index of x alone is 1, and 0.8 with z of a quarter of its variance."""
    random, inside, n = np.random.default_rng(3), 0, 300
    for _ in range(n):
        u = random.uniform(size=(120, 2))
        y = 2.0 * u[:, 0] + u[:, 1] + random.normal(0.0, 0.3, 120)
        fit = sensitivity.chaos([sensitivity.legendre(u[:, k], 4) for k in range(2)], [True, True], y)
        low, high = fit.first[0].low, fit.first[0].high
        assert low is not None
        assert high is not None
        inside += low <= 0.8 <= high
    assert 0.9 <= inside / n <= 0.99
