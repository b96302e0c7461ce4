"""A log's clock: wrong times are put where they belong, whatever comes together and however the lines are cut."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.log_import.clock import ClockWatch, Plan

PERIOD_NS = 20_000_000
ROWS = 2000
S = 10**9


def planned(t_ns: np.ndarray, cuts: list[int] | None = None) -> tuple[Plan, np.ndarray, np.ndarray]:
    """The plan for times that come in pieces; the corrected times and which lines stay."""
    watch = ClockWatch(2.0, 2.0)
    for piece in np.split(t_ns, sorted(cuts or [])):
        watch.feed(piece)
    plan = watch.plan()
    return plan, *plan.apply(np.arange(len(t_ns)), t_ns)


def kinds(plan: Plan) -> Counter[str]:
    return Counter(jump.kind for jump in plan.jumps)


@given(
    begin=st.integers(0, 4 * 10**18),
    ahead_s=st.floats(60.0, 1000.0),
    back_s=st.floats(2000.0, 9000.0),
    gap_s=st.floats(3.0, 20.0),
    stray_ns=st.integers(-(10**18), 10**18),
    order=st.permutations(["ahead", "back", "gap", "stray", "strays"]),
    cuts=st.lists(st.integers(0, ROWS), max_size=8),
)
def test_every_damage_is_undone(
    begin: int,
    ahead_s: float,
    back_s: float,
    gap_s: float,
    stray_ns: int,
    order: list[str],
    cuts: list[int],
) -> None:
    true = begin + PERIOD_NS * np.arange(ROWS)
    said, dropped = true.copy(), np.zeros(ROWS, bool)
    expected = Counter({"ran_ahead": 1, "set_back": 1, "put_right": 1, "gap": 1, "stray": 3})
    for k, damage in enumerate(order):
        a, b = 200 + 300 * k, 400 + 300 * k
        if damage == "ahead":
            said[a:b] += round(ahead_s * S)
        elif damage == "back":
            said[a:b] -= round(back_s * S)
        elif damage == "gap":
            said[a:] += round(gap_s * S)
            true[a:] += round(gap_s * S)
        else:  # one, or two after another that have nothing to do with each other
            far = begin + 10**15 + abs(stray_ns)
            rows, at = ([a], [far]) if damage == "stray" else ([a, a + 1], [far + 10**15, far // 2 - 10**15])
            said[rows], dropped[rows] = at, True
    plan, corrected, stays = planned(said, cuts)
    assert kinds(plan) == expected
    assert (stays == ~dropped).all()
    assert np.abs(corrected - true)[stays].max() <= PERIOD_NS
    assert (np.diff(corrected[stays]) > 0).all()


@pytest.mark.parametrize("at", ["begin", "end"])
@pytest.mark.parametrize("wrong_ns", [0, 4_102_444_800 * S])
def test_a_few_lines_at_an_end_that_are_years_away_are_strays(at: str, wrong_ns: int) -> None:
    t_ns = 1_770_790_000 * S + PERIOD_NS * np.arange(ROWS)
    rows = slice(0, 3) if at == "begin" else slice(ROWS - 3, ROWS)
    said = t_ns.copy()
    said[rows] = wrong_ns + np.arange(3)
    plan, corrected, stays = planned(said)
    assert kinds(plan) == {"stray": 1}
    assert plan.jumps[0].rows == 3
    assert (~stays).sum() == 3
    assert (corrected[stays] == t_ns[stays]).all()


def test_the_hour_that_comes_twice() -> None:
    """Read by the zone, the second hour of two reads as the first; at its end the zone itself takes that back."""
    true = 1_792_886_400 * S + S * np.arange(3 * 3600)
    said = true.copy()
    said[3600:7200] -= 3600 * S
    plan, corrected, stays = planned(said)
    assert kinds(plan) == {"set_back": 1, "put_right": 1}
    assert stays.all()
    assert (corrected == true).all()


def test_a_pause_is_not_taken_for_a_clock_that_ran_ahead() -> None:
    t_ns = PERIOD_NS * np.arange(ROWS)
    t_ns[500:] += 4 * S  # nothing logged
    t_ns[1500:] -= 6 * S  # set back
    plan, corrected, _ = planned(t_ns)
    assert kinds(plan) == {"gap": 1, "set_back": 1}
    assert corrected[1499] - corrected[0] == 4 * S + 1499 * PERIOD_NS
    assert corrected[1500] - corrected[1499] == PERIOD_NS


@pytest.mark.parametrize("period_s", [60, 3600])
def test_a_slow_log_in_order_is_left_as_it_is(period_s: int) -> None:
    t_ns = period_s * S * np.arange(50_000)
    plan, corrected, stays = planned(t_ns, [10_000, 30_000])
    assert stays.all()
    assert (corrected == t_ns).all()
    assert set(kinds(plan)) <= {"gap"}


def test_times_in_no_order_are_reported() -> None:
    t_ns = np.random.default_rng(1).integers(0, 10**15, 40_000)
    watch = ClockWatch(2.0, 2.0)
    watch.feed(t_ns)
    assert watch.in_no_order
    assert not watch.newest_first
    assert "in no order of time" in str(watch.refusal("log.csv"))
