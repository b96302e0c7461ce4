"""Targets of moves stay inside the axes; those of yaw keep a reserve."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from twin.records import PARAMS, YAW, new_command
from twin.sequence.building import YAW_RESERVE_RAD, YAW_RESERVE_SHARE, inside_axes
from twin.sequence.program import Program, Selection


@pytest.mark.parametrize(("end_rad", "reserve_rad"), [(0.0436, YAW_RESERVE_RAD), (0.01, YAW_RESERVE_SHARE * 0.02)])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_yaw_stops_before_its_ends_and_other_axes_at_theirs(side: float, end_rad: float, reserve_rad: float) -> None:
    params = np.zeros(1, PARAMS)
    params["axis_max"] = (2.0, 2.0, 2.0, end_rad)
    params["axis_min"] = -params["axis_max"]
    program = cast(Program, SimpleNamespace(runner=SimpleNamespace(params=params)))
    commands: Any = new_command()
    commands["target"] = (side * 3.0, np.nan, side * 1.0, side * 0.1)
    one = np.zeros(1, np.int64)
    target = inside_axes(program, Selection(one, one, one), commands)["target"][0]
    assert target[0] == side * 2.0
    assert np.isnan(target[1])
    assert target[2] == side * 1.0
    assert target[YAW] == pytest.approx(side * (end_rad - reserve_rad), abs=1e-12)
