"""Commands that blend: axis z goes on from its motion, and the permissives keep their authority."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twin.control.desk import Desk
from twin.control.interlocks.station import DISTANCE_MARGIN_M
from twin.control.logic import start_command
from twin.motion.profile import duration_s, end_position, evaluate, plan_rest_to_rest
from twin.records import BUSY, DISCRETE_MOTION, REFUSED, STANDSTILL, STOPPING, X, Z


def moving(desk: Desk, k: int, start: float, goal: float, since_s: float, r: int = 0) -> None:
    """Axis `k` of a robot `since_s` into a gentle move."""
    image = desk.w["image"]
    plan_rest_to_rest(image["profile"][r, k], start, goal, 0.1, 0.1, 0.1)
    image["profile_start_s"][r, k] = image["clock_s"] - since_s
    image["axis_state"][r, k], image["shaper_n"][r, k] = DISCRETE_MOTION, 1
    image["shaper_amplitude"][r, k, 0], image["shaper_time_s"][r, k, 0] = 1.0, 0.0
    image["reference"][r, k] = evaluate(image["profile"][r, k], since_s)
    image["axis_position"][r, k] = image["reference"][r, k, 0]


def begin(desk: Desk, r: int = 0, **fields: Any) -> int:
    """Status of a command that begins now."""
    desk.command(r, **fields)
    start_command(desk.w["image"], desk.w["control"], desk.p, desk.commands[r], r)
    return int(desk.w["control"]["status"][r])


@pytest.mark.parametrize("blending", [0, 1])
def test_axis_z_goes_on_from_its_motion_or_waits_for_its_end(top: Desk, blending: int) -> None:
    low = float(top.p["axis_min"][0, Z]) + 0.5
    moving(top, Z, low, low + 1.0, 3.0)
    speed = float(top.w["image"]["reference"][0, Z, 1])
    assert speed > 0.05
    assert begin(top, z=low + 1.5, blending=blending) == BUSY
    profile = top.w["image"]["profile"][0, Z]
    if blending:
        assert not top.w["control"]["buffered"][0]
        assert evaluate(profile, 0.0) == pytest.approx(top.w["image"]["reference"][0, Z].tolist(), abs=1e-12)
        assert end_position(profile) == pytest.approx(low + 1.5, abs=0.01)
        speeds = [evaluate(profile, t)[1] for t in np.linspace(0.0, 0.8 * duration_s(profile), 50)]
        assert min(speeds) > 0.04, "without a stop"
    else:
        assert top.w["control"]["buffered"][0]
        assert end_position(profile) == pytest.approx(low + 1.0)


def test_a_refused_command_stops_the_axis_that_it_was_to_take_over(top: Desk) -> None:
    """It is on its way to a target beyond, so that it may pass on without a stop: nobody else ends that motion."""
    low = float(top.p["axis_min"][0, Z]) + 0.5
    moving(top, Z, low, low + 1.0, 3.0)
    top.w["control"]["trip"] = 1
    assert begin(top, z=low + 1.5, blending=1) == REFUSED
    assert top.w["image"]["axis_state"][0, Z] == STOPPING
    assert end_position(top.w["image"]["profile"][0, Z]) < low + 0.5


def test_a_shaped_or_delayed_motion_is_not_taken_over(top: Desk) -> None:
    low = float(top.p["axis_min"][0, Z]) + 0.5
    for fields in ({"creep_at": low + 1.4}, {"delay_s": 0.5}):
        moving(top, Z, low, low + 1.0, 3.0)
        assert begin(top, z=low + 1.5, blending=1, **fields) == BUSY
        assert top.w["control"]["buffered"][0], fields
        top.w["control"]["buffered"][0] = 0


@pytest.mark.parametrize(("blending", "away", "permitted"), [(1, True, True), (0, True, False), (1, False, False)])
def test_a_robot_that_makes_way_counts_at_its_target_for_a_blending_move(
    chassis: Desk, blending: int, away: bool, permitted: bool
) -> None:
    """The other robot is in the way now; only one that leaves, under a command that blends, is no obstacle."""
    least = float(chassis.p["robot_length_m"]) + DISTANCE_MARGIN_M
    chassis.at(0, x=0.0)
    chassis.at(1, x=-3.0)
    moving(chassis, X, 0.0, 2.0 if away else -0.5, 3.0)
    target = -least + 0.3
    assert target > chassis.w["image"]["axis_position"][0, X] - least, "nearer than the other robot is now"
    assert chassis.permitted(1, x=target, blending=blending) == permitted
    chassis.w["image"]["axis_state"][0, X] = STANDSTILL
    assert not chassis.permitted(1, x=target, blending=blending), "a robot that stands does not make way"
