"""Intervals against closed forms, scipy and their own promise of 95 %."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agents.statistics import (
    bootstrap,
    mean_interval,
    median_interval,
    rank_correlation,
    rank_correlation_interval,
    wilson,
)


@given(st.integers(0, 2000), st.integers(1, 2000))
def test_wilson_is_scipys(successes: int, n: int) -> None:
    successes = min(successes, n)
    theirs = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@pytest.mark.parametrize("n", [1, 20, 500])
def test_wilson_where_all_or_none_succeed(n: int) -> None:
    z2 = 1.959964**2
    assert wilson(0, n) == (0.0, pytest.approx(z2 / (n + z2)))
    assert wilson(n, n) == (pytest.approx(n / (n + z2)), 1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_refuses_more_successes_than_tries() -> None:
    with pytest.raises(ValueError, match="3 successes of 2"):
        wilson(3, 2)


def test_mean_interval_is_that_of_the_central_limit_theorem() -> None:
    sample = np.random.default_rng(1).normal(3.0, 2.0, 2000)
    mean, (low, high) = mean_interval(sample, seed=0)
    half = 1.96 * sample.std() / np.sqrt(len(sample))
    assert mean == pytest.approx(sample.mean())
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.06 * half)


def test_median_interval_is_scipys() -> None:
    sample = np.random.default_rng(2).exponential(1.0, 301)
    median, interval = median_interval(sample, seed=0)
    theirs = stats.bootstrap(
        (sample,), np.median, n_resamples=4000, method="percentile", rng=np.random.default_rng(3), batch=500
    ).confidence_interval
    assert median == np.median(sample)
    assert interval == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    covers = 0
    for trial in range(200):
        _, (low, high) = median_interval(random.normal(1.0, 1.0, 80), seed=trial)
        covers += low <= 1.0 <= high
    assert 180 <= covers <= 199


def test_the_same_seed_gives_the_same_interval_and_blocks_do_not_show() -> None:
    sample = np.random.default_rng(5).normal(size=3000)
    assert median_interval(sample, 7) == median_interval(sample, 7)
    assert median_interval(sample, 7) != median_interval(sample, 8)
    assert bootstrap([2.5], lambda samples: samples.mean(axis=1), 0) == (2.5, 2.5)


@pytest.mark.parametrize("values", [[], [[1.0], [2.0]]])
def test_bootstrap_refuses_what_is_no_sample(values: list[float]) -> None:
    with pytest.raises(ValueError, match="shape"):
        median_interval(values, 0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=30))
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert rank_correlation(x, y) == 0.0
    else:
        assert rank_correlation(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_rank_correlation_interval_is_fishers() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=400)
    y = 0.6 * x + 0.8 * random.normal(size=400)
    low, high = rank_correlation_interval(x, y, seed=1)
    rho = rank_correlation(x, y)
    half = 1.96 * np.sqrt((1 + rho**2 / 2) / (len(x) - 3))  # Bonett and Wright 2000, for ranks
    fisher = np.tanh(np.arctanh(rho) - half), np.tanh(np.arctanh(rho) + half)
    assert (low, high) == pytest.approx(fisher, abs=0.02)
    assert rank_correlation_interval(x, y, seed=1) == (low, high)


def test_rank_correlation_of_what_is_no_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        rank_correlation_interval([1.0, 2.0], [1.0, 2.0, 3.0], seed=0)
