"""Arrivals: the rate over the day, common random numbers, and lists that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.throughput.arrivals import DAY_S, Listed, arrival_times, load_arrivals
from tests.agents.throughput.small import FLAT, site
from twin.catalogue import load_site
from twin.errors import InputError

SHIFTS = load_site("top_lift_site").demand


def test_each_hour_has_as_many_trucks_as_its_rate_says() -> None:
    days = 2000
    times = arrival_times(SHIFTS, days * DAY_S, 0)
    assert np.all(np.diff(times) >= 0.0)
    found = np.histogram(times % DAY_S, bins=24, range=(0.0, DAY_S))[0]
    expected = days * SHIFTS.trucks_per_day * np.array(SHIFTS.hourly) / sum(SHIFTS.hourly)
    # chi-square with 24 degrees of freedom: 52 is its 99.9th percentile
    assert float(((found - expected) ** 2 / expected).sum()) < 52.0


def test_counts_of_days_are_poisson_and_gaps_exponential() -> None:
    demand = site(demand={"trucks_per_day": 100.0, "hourly": FLAT}).demand
    times = arrival_times(demand, 3000 * DAY_S, 1)
    counts = np.histogram(times, bins=3000, range=(0.0, 3000 * DAY_S))[0]
    assert counts.mean() == pytest.approx(100.0, rel=0.01)
    assert counts.var() == pytest.approx(100.0, rel=0.1)
    gaps = np.diff(times)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.02)


def test_more_trucks_stretch_the_same_process() -> None:
    one = arrival_times(site(demand={"trucks_per_day": 100.0}).demand, 2 * DAY_S, 4)
    two = arrival_times(site(demand={"trucks_per_day": 200.0}).demand, DAY_S, 4)
    assert two[:80] == pytest.approx(0.5 * one[:80])


def test_no_trucks_and_listed_ones() -> None:
    assert len(arrival_times(site(demand={"trucks_per_day": 0.0}).demand, DAY_S, 0)) == 0
    assert arrival_times(Listed((1.0, 2.0)), 1.5 * DAY_S, 0).tolist() == [1.0, 2.0, DAY_S + 1.0, DAY_S + 2.0]


def test_a_list_by_the_clock_and_in_seconds(tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text("plate,arrival\nA,00:00\nB,6:30\n\nC,06:30:15.5\n")
    assert load_arrivals(file).times_s == (0.0, 23400.0, 23415.5)
    file.write_text("arrival_s\n10\n20.5\n")
    assert load_arrivals(file).times_s == (10.0, 20.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("arrival_s\n", "has no arrival"),
        ("time\n10\n", "no such column"),
        ("arrival_s\n10\nnan\n", "line 3, arrival_s: is no time of the day, got 'nan'"),
        ("arrival_s\n-1\n", "is no time of the day"),
        ("arrival_s\n86400\n", "is no time of the day"),
        ("arrival_s\n20\n10\n", "is before the one above it"),
        ("arrival_s\n1e3\ninf\n", "is no time of the day"),
        ("arrival\n25:00\n", "is no time of the day"),
        ("arrival\n7:5\n", "is no time of the day"),
        ("plate,arrival\nA\n", "is no time of the day"),
    ],
)
def test_bad_lists_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "day.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        load_arrivals(file)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_arrivals(tmp_path / "none.csv")
