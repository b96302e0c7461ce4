"""The checked front: every bad argument is refused in one line that names it."""

from __future__ import annotations

import numpy as np
import pytest

from twin.errors import InputError
from twin.motion import profile as motion
from twin.motion.plan import move_time_s, plan_move

GOOD = {"p0": 0.0, "p1": 3.0, "v_max": 0.6, "a_max": 0.3, "j_max": 0.6}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("argument", list(GOOD))
def test_not_finite_is_refused_by_name(argument, value):
    with pytest.raises(InputError, match=rf"^{argument}: not finite"):
        plan_move(**{**GOOD, argument: value})


@pytest.mark.parametrize("value", [0.0, -0.1])
@pytest.mark.parametrize("argument", ["v_max", "a_max", "j_max", "v_creep"])
def test_limit_that_is_not_positive_is_refused_by_name(argument, value):
    creep = {"p_creep": 2.8, "v_creep": 0.04}
    with pytest.raises(InputError, match=rf"^{argument}: not finite and positive, got {value}"):
        plan_move(**{**GOOD, **creep, argument: value})


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"p_creep": 2.8}, "v_creep: missing"),
        ({"v_creep": 0.04}, "p_creep: missing"),
        ({"p_creep": np.nan, "v_creep": 0.04}, "p_creep: not finite"),
        ({"shaper": "zvdd"}, r"shaper: unknown shaper, got 'zvdd' \(allowed: none, zv, zvd, ei\)"),
        ({"shaper": "zv"}, "frequency_hz: missing"),
        ({"shaper": "zv", "frequency_hz": 0.0}, "frequency_hz: not finite and positive"),
        ({"shaper": "zv", "frequency_hz": 0.35, "damping_ratio": 1.0}, "damping_ratio: outside its range, got 1.0"),
        ({"shaper": "zv", "frequency_hz": 0.35, "damping_ratio": np.nan}, "damping_ratio: not finite"),
    ],
)
def test_creep_and_shaper_arguments_are_checked(extra, message):
    with pytest.raises(InputError, match=f"^{message}"):
        plan_move(**GOOD, **extra)


def test_moves_reach_their_target_and_creep_takes_longer():
    plain, creeping = plan_move(**GOOD), plan_move(**GOOD, p_creep=2.8, v_creep=0.04)
    assert plain.duration_s == 7.5
    assert creeping.duration_s > plain.duration_s + 3.0
    assert [float(move.at(move.duration_s)[0]) for move in (plain, creeping)] == [3.0, 3.0]


def test_integers_are_as_good_as_floats():
    move = plan_move(0, 3, v_max=1, a_max=1, j_max=1)
    assert move.duration_s == motion.rest_to_rest_duration(3.0, 1.0, 1.0, 1.0)


def test_move_time_is_checked_and_broadcasts():
    assert move_time_s([[3.0], [-3.0]], 0.6, 0.3, [0.6, 0.6]).tolist() == [[7.5, 7.5], [7.5, 7.5]]
    with pytest.raises(InputError, match=r"^a_max: not finite and positive"):
        move_time_s(3.0, 0.6, [0.3, 0.0], 0.6)
    with pytest.raises(InputError, match=r"^distance: not finite"):
        move_time_s([1.0, np.nan], 0.6, 0.3, 0.6)
