"""The driver of insertions: the setpoints that it makes of speeds, and when a decision is due."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.evidence.campaign import SETUPS
from twin.alignment.driver import Driver
from twin.catalogue import load_pack, load_station, load_truck
from twin.plants.beginning import new_world
from twin.setup.setup import SwapSetup, build_setup

ONE = np.array([0])


def setup_of(station: str) -> SwapSetup:
    truck, pack = SETUPS[station]
    return build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=1)


def driver_of(setup: SwapSetup) -> Driver:
    runner: Any = SimpleNamespace(setup=setup, params=setup.params, worlds=new_world(setup))
    driver, program = Driver(runner, 1), SimpleNamespace(setup=setup)
    driver.put(0, program, robot=0, job=0)  # type: ignore[arg-type]
    return driver


@pytest.mark.parametrize("station", SETUPS)
def test_setpoints_are_within_the_limits_of_the_axes(station: str) -> None:
    setup = setup_of(station)
    driver, most = driver_of(setup), setup.params["axis_velocity_loaded"][0]
    inwards = np.array([1.0, 1.0, -setup.retract, 1.0])
    assert driver.setpoints(ONE, 0.5 * most[None]).tolist() == [(0.5 * inwards * most).tolist()]
    for sign in (1.0, -1.0):
        assert driver.setpoints(ONE, np.full((1, 4), sign * 9.0)).tolist() == [(sign * inwards * most).tolist()]


def test_a_decision_is_due_every_twentieth_of_a_second_from_when_setpoints_take_over() -> None:
    driver = driver_of(setup_of("top_lift"))
    clock, due = driver.runner.worlds["truth"], []
    clock["tick"] = 500
    driver.take_over(0)
    for tick in range(500, 580, 5):
        clock["tick"] = tick
        due += [tick] if driver.comes_due(0) else []
    assert due == [500, 525, 550, 575]
    clock["tick"] = 700
    driver.take_over(0)
    assert driver.comes_due(0), "another try begins with a decision"
