"""The reward helper and the scaling, in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from envs.options import choice, flag, known, number
from envs.scaling import Quantity, Scaler, box, checked_action
from envs.shaping import tolerance
from twin.errors import InputError

TWO = (Quantity("way", "m", 10.0, -2.0, 2.0, "a"), Quantity("age", "s", 0.5, 0.0, 1.0, "b"))


def test_tolerance() -> None:
    assert tolerance(0.05, 0.05, 0.5) == tolerance(-0.05, 0.05, 0.5) == 1.0
    assert tolerance(-0.55, 0.05, 0.5) == pytest.approx(0.1)
    values = [tolerance(e, 0.05, 0.5) for e in np.linspace(0.05, 2.0, 50)]
    assert all(a > b >= 0.0 for a, b in zip(values, values[1:], strict=False))


def test_scaling() -> None:
    assert Scaler(TWO).scaled([5.0, 0.25]).tolist() == [0.5, 0.5]
    assert Scaler(TWO).scaled([-99.0, 99.0]).tolist() == [-2.0, 1.0]
    space = box(TWO)
    assert (space.low.tolist(), space.high.tolist(), space.dtype) == ([-2.0, 0.0], [2.0, 1.0], np.float32)


def test_actions_are_clipped_by_name() -> None:
    assert checked_action(np.array([-3.0, 0.5]), TWO) == ([-2.0, 0.5], {"way": True, "age": False})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.5, "1", True, None])
def test_numbers(value: object) -> None:
    assert number("load", np.float32(0.5), 0.0, 1.0) == 0.5
    with pytest.raises(InputError, match=r"^load: not a number in its range.*\(allowed: 0 to 1\)"):
        number("load", value, 0.0, 1.0)


def test_words_and_flags() -> None:
    with pytest.raises(InputError, match="conditions: unknown, got 'fog' \\(allowed: clear, rain\\)"):
        choice("conditions", "fog", ("clear", "rain"))
    with pytest.raises(InputError, match="guided: not a boolean, got 1"):
        flag("guided", 1)
    given = {"load": 1}
    assert known(given, ("load",)) == given
    assert known(given, ("load",)) is not given
