"""Objectives and constraints of a score, one at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from agents.experiments.trial import Figures
from agents.statistics import sign_test
from agents.tune.score import CONSTRAINTS, WORST, Limits, score, summary

LIMITS = Limits(abort_n=6000.0, sway_m=0.015)


def swap(time_s: float = 100.0, force_n: float = 2000.0, outcome: str = "completed", **other: object) -> Figures:
    base = {"lower_bound_s": 50.0, "residual_sway_m": 0.005, "insert_attempts": (1,)}
    return Figures(outcome, time_s, peak_lateral_force_n=force_n, **{**base, **other})  # type: ignore[arg-type]


FACTORY = [swap(time_s=100.0 + n, force_n=2000.0 + n) for n in range(20)]


def test_objectives_are_against_factory_scenario_by_scenario() -> None:
    own = [swap(time_s=0.9 * (100.0 + n), force_n=1500.0) for n in range(20)]
    found = score(own, FACTORY, LIMITS)
    assert found.feasible
    alone = {"time": 0.9, "p95": 0.9, "force": 0.25, "sway": 1.0 / 3.0}
    assert found.objectives == pytest.approx({**alone, "energy": WORST})  # no motors, no electric energy


def test_energy_is_against_factorys_on_the_same_scenario() -> None:
    own = [swap(electric_energy_j=0.8 * (1000.0 + n)) for n in range(3)]
    factory = [swap(electric_energy_j=1000.0 + n) for n in range(3)]
    assert score(own, factory, LIMITS).objectives["energy"] == pytest.approx(0.8)
    lost = [*own[:2], swap(outcome="jam", electric_energy_j=1.0)]  # a swap that ends early is no saving
    assert score(lost, factory, LIMITS).objectives["energy"] == pytest.approx(0.8)
    assert summary(own)["electric_energy_j"] == {"median": 800.8, "p95": pytest.approx(801.52)}


@pytest.mark.parametrize(
    ("bad", "names"),
    [
        (swap(outcome="outside_model"), {"outside_model", "completed", "first_attempt"}),
        (swap(outcome="jam"), {"completed", "first_attempt"}),
        (swap(outcome="error"), {"completed", "first_attempt"}),
        (swap(insert_attempts=(2,)), {"first_attempt"}),
        (swap(force_n=6001.0), {"force_abort", "force_p95"}),
    ],
)
def test_four_bad_swaps_are_no_chance(bad: Figures, names: set[str]) -> None:
    """Four lost and none won: 1 of 16 by chance; three: 1 of 8, which a search pays for all the same."""
    found = score([bad] * 4 + FACTORY[4:], FACTORY, LIMITS)
    assert set(found.broken) == names
    three = score([bad] * 3 + FACTORY[3:], FACTORY, LIMITS)
    assert set(three.broken) == names & {"outside_model", "force_p95"}
    assert three.shortfall == pytest.approx(3 / 20 * len(names - {"outside_model", "force_p95"}))


@pytest.mark.parametrize(
    ("bad", "name"), [(swap(violations=(6,)), "violations"), (swap(outcome="outside_model"), "outside_model")]
)
def test_one_violation_or_swap_outside_the_model_is_refused(bad: Figures, name: str) -> None:
    assert set(score([bad, *FACTORY[1:]], FACTORY, LIMITS).broken) == {name}


def test_what_factory_does_itself_is_allowed() -> None:
    reference = [swap(outcome="jam"), *FACTORY[1:]]
    own = [*FACTORY[:-1], swap(outcome="jam")]
    assert score(own, reference, LIMITS).feasible
    assert score(own, reference, LIMITS).shortfall == 0.0


@given(lost=st.integers(0, 60), won=st.integers(0, 60))
def test_the_sign_test_is_the_binomial_tail(lost: int, won: int) -> None:
    assert sign_test(lost, won) == pytest.approx(binom.sf(lost - 1, lost + won, 0.5))


def test_sway_beyond_the_stations_limit_is_refused() -> None:
    swaying = [swap(residual_sway_m=0.016) for _ in range(20)]
    assert set(score(swaying, FACTORY, LIMITS).broken) == {"sway_p95"}
    assert score(swaying, swaying, LIMITS).feasible


def test_drives_stay_within_their_ratings() -> None:
    strong = [swap(drive_peak_share={"x": 1.0}, drive_rms_share={"x": 0.2, "z": 1.1}) for _ in range(20)]
    within = [swap(drive_peak_share={"x": 0.9}, drive_rms_share={"x": 0.2, "z": 0.99}) for _ in range(20)]
    found = score(strong, FACTORY, LIMITS)
    assert found.broken == pytest.approx({"drive_peak": 1.0, "drive_rms": 0.1})
    assert set(found.broken) < set(CONSTRAINTS)
    assert score(within, FACTORY, LIMITS).feasible
    assert score(strong, strong, LIMITS).feasible, "what factory does itself is allowed"
    assert summary([*within, strong[0]])["max_drive_rms_share"] == 1.1


def test_the_margin_widens_the_force() -> None:
    own = [swap(force_n=2100.0) for _ in range(20)]
    assert set(score(own, FACTORY, LIMITS).broken) == {"force_p95"}
    assert score(own, FACTORY, LIMITS, force_margin=1.05).feasible


def test_nothing_completed_is_the_worst() -> None:
    found = score([swap(outcome="jam")] * 20, FACTORY, LIMITS)
    assert found.objectives["time"] > 2.0
    assert summary([swap(outcome="jam")])["mechanical_time_s"] == {"median": None, "p95": None}


def test_force_counts_where_factory_completes() -> None:
    """A set that completes what factory gave up presses there, and is no worse for it; where it fails, it counts."""
    given_up = [swap(force_n=500.0, outcome="grip_failed"), *FACTORY[1:]]
    completes = [swap(force_n=5900.0), *FACTORY[1:]]
    assert score(completes, given_up, LIMITS).feasible
    assert "force_p95" in score(completes, FACTORY, LIMITS).broken
    jams = [swap(force_n=5900.0, outcome="jam"), *FACTORY[1:]]
    assert "force_p95" in score(jams, FACTORY, LIMITS).broken


def test_a_summary_is_of_completed_swaps_and_of_all_forces() -> None:
    found = summary([swap(100.0), swap(110.0), swap(1.0, 5000.0, "jam"), swap(120.0, violations=(1,))])
    assert found["mechanical_time_s"]["median"] == 110.0
    assert found["ratio_kinematic"] == 2.2
    assert (found["completed"], found["violations"], found["max_lateral_force_n"]) == (0.75, 1, 5000.0)
