"""Intervals cover what they say: 2,000 simulated samples each, of a known mean, median or rate."""

from __future__ import annotations

import numpy as np
import pytest

from agents.experiments.report.estimates import Estimate, mean, median, rate, row_means

REPETITIONS = 2000


def covered(found: list[Estimate], truth: float) -> float:
    inside = [one.low is not None and one.high is not None and one.low <= truth <= one.high for one in found]
    return sum(inside) / len(inside)


@pytest.mark.parametrize("n", [2, 10, 50])
def test_means_cover(n: int) -> None:
    drawn = np.random.default_rng(n).normal(0.3, 2.0, (REPETITIONS, n))
    assert 0.93 <= covered([mean(row) for row in drawn], 0.3) <= 0.97


@pytest.mark.parametrize("n", [6, 11, 50])
def test_medians_cover_whatever_the_distribution(n: int) -> None:
    drawn = np.random.default_rng(n).exponential(1.0, (REPETITIONS, n))
    assert 0.93 <= covered([median(row) for row in drawn], float(np.log(2.0))) <= (0.98 if n == 6 else 0.97)


def test_rows_are_as_single_means() -> None:
    grid = np.random.default_rng(1).normal(5.0, 1.0, (6, 9))
    grid[0, :8] = grid[1, 3:5] = grid[2] = np.nan
    centre, half, n = row_means(grid)
    for k, row in enumerate(grid):
        one = mean(row)
        assert n[k] == one.n
        if one.value is None:
            assert np.isnan(centre[k])
        elif one.low is None:
            assert np.isinf(half[k])
        else:
            assert (centre[k], centre[k] - half[k]) == pytest.approx((one.value, one.low))


def test_what_says_nothing_has_no_interval() -> None:
    assert mean(np.array([])) == median(np.array([np.nan])) == rate(0, 0) == Estimate(None, None, None, 0)
    assert mean(np.array([3.0])) == Estimate(3.0, None, None, 1)
    assert median(np.arange(5.0)) == Estimate(2.0, None, None, 5)
    assert not mean(np.array([3.0])).beyond_chance
