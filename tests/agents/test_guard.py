"""The guard: what reaches the environment is finite and within its limits, whatever a policy says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box
from hypothesis import given
from hypothesis import strategies as st

from agents.guard import Guard
from twin.errors import InputError

SPACE = Box(np.array([-1.0, 0.5], np.float32), np.array([1.0, 2.0], np.float32))


class Says:
    def __init__(self, action: Any) -> None:
        self.action = action

    def begin(self, seed: int) -> None:
        self.seed = seed

    def act(self, observation: np.ndarray) -> Any:
        return self.action


NOTHING = np.zeros(0)


@given(st.lists(st.floats(width=64), min_size=2, max_size=2))
def test_actions_come_out_finite_and_within_the_limits(wanted: list[float]) -> None:
    guard = Guard(Says(np.array(wanted)), SPACE)
    action = guard.act(NOTHING)
    assert SPACE.contains(action)
    with np.errstate(over="ignore"):
        single = np.array(wanted).astype(np.float32)
    good = SPACE.contains(single)
    assert (sum(guard.interventions.values()) == 0) == good
    if good:
        np.testing.assert_array_equal(action, single)


def test_each_kind_is_counted_once_per_action_and_reset_each_episode() -> None:
    guard = Guard(Says([np.nan, 9.0]), SPACE)
    for _ in range(3):
        np.testing.assert_array_equal(guard.act(NOTHING), np.array([0.0, 2.0], np.float32))
    assert guard.interventions == {"not_finite": 3, "beyond_limits": 3}
    guard.begin(5)
    assert guard.interventions == {}
    assert guard.policy.seed == 5  # type: ignore[attr-defined]


def test_what_is_not_finite_becomes_the_neutral_action_and_not_a_limit() -> None:
    guard = Guard(Says([np.inf, -np.inf]), SPACE)
    np.testing.assert_array_equal(guard.act(NOTHING), np.array([0.0, 0.5], np.float32))
    assert guard.interventions == {"not_finite": 1}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (np.zeros(3), r"wrong shape, got \(3,\) \(allowed: \(2,\)\)"),
        (np.zeros((1, 2)), "wrong shape"),
        (0.0, "wrong shape"),
        ("left", "is not numeric"),
        ([[1.0], [1.0, 2.0]], "is not numeric"),
    ],
)
def test_what_is_no_action_raises(action: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Guard(Says(action), SPACE).act(NOTHING)


def test_a_space_without_limits_is_refused() -> None:
    with pytest.raises(InputError, match="no finite limits"):
        Guard(Says(0.0), Box(-np.inf, np.inf, (1,)))
