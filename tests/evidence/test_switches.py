"""Some rows of the table of interlocks; `python -m tests.evidence.switches` plays them all."""

from __future__ import annotations

import pytest

from tests.evidence import switches
from tests.evidence.scenarios import SCENARIOS
from twin.records import TRIPS


def test_every_interlock_has_a_row_with_a_scenario() -> None:
    assert {switch.index for switch in switches.SWITCHES} == set(range(len(TRIPS)))
    assert {switch.scenario for switch in switches.SWITCHES} == set(SCENARIOS)


@pytest.mark.parametrize("name", ["emergency stop", "low traverse", "lock not closed, release", "overspeed"])
def test_an_interlock_switched_off_is_found_out(name: str) -> None:
    (switch,) = [s for s in switches.SWITCHES if s.name == name]
    scenario = SCENARIOS[switch.scenario]
    assert switches.violations_text(scenario((), {})) == ""
    assert switches.violations_text(scenario((switch.index, *switch.beside), {})) != ""
    if switch.threshold:
        assert switches.violations_text(scenario(switch.beside, {switch.index: switches.REQUIRED})) == ""
