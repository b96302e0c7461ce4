"""Reasons of an end that several failures led to, on a plant that only counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twin.sequence.test_program import PHASES, CountingPlant, finish, start
from twin.catalogue import load_pack, load_station, load_truck
from twin.records import DONE, JAM, TIMEOUT
from twin.records.causes import HEIGHT, POSITION
from twin.sequence import decisions as go
from twin.sequence.program import Program, Step
from twin.setup.setup import build_setup


class FailingPlant(CountingPlant):
    """Its robot's commands of some steps fail: step to (status, cause, value, limit)."""

    def __init__(self, fails: dict[int, tuple[int, int, float, float]]) -> None:
        super().__init__(dict.fromkeys(range(4), (5, 1)))
        self.fails = fails
        self.commands = np.zeros((1, 2))

    def run(self) -> None:
        super().run()
        control = self.worlds["control"][0]
        if control["status"][0] == DONE and self.issued[-1][0] in self.fails:
            control["status"][0], control["end_cause"][0], control["end_value"][0], control["end_limit"][0] = (
                self.fails[self.issued[-1][0]]
            )
            control["end_t_s"][0] = self.worlds["truth"]["t_s"][0]


@pytest.mark.parametrize("way_back_fails", [True, False])
def test_a_landing_without_contact_is_the_reason_even_if_the_way_back_fails(way_back_fails: bool) -> None:
    setup = build_setup(load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282"), seed=0)
    fails = {0: (JAM, HEIGHT, 0.3, 0.1)} | ({1: (TIMEOUT, POSITION, 0.2, 0.01)} if way_back_fails else {})
    plant: Any = FailingPlant(fails)
    table = [
        Step("land", "one", start, then=go.without_contact("off")),
        Step("off", "one", start, then=go.keep_reason),
        Step("weigh", "one", start, then=go.end_for_reason("grip_failed")),
        Step("end", "two", start, then=finish),
    ]
    program = Program(plant, setup, table, np.zeros((1, 2)), PHASES)
    program.run()
    first, last = program.events[0]
    assert program.outcome == ["grip_failed"]
    assert last["cause"].startswith(first["cause"]), "what the operator has to look at"
    assert last["quantity"] == first["quantity"]
    assert last["message"].startswith("grip_failed at 0.1 s, robot 1 in one: " if way_back_fails else "grip_failed")
    assert ("; on the way back: " in last["message"]) == ("way_back" in last) == way_back_fails
    if way_back_fails:
        assert last["at_s"] > first["at_s"]
        assert last["waited_s"] >= 0.0
