"""Swaps far from the nominal timing on both plants: the same end at the same time, forces of the same size.

In each case an end effector meets a pack outside its guides' capture.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.plants.test_rom import setup_of
from twin.catalogue import load_timing
from twin.catalogue.schema import TimingSet
from twin.faults import parse_fault
from twin.result import SwapResult
from twin.runner.kinds import PLANTS, runner_maker
from twin.swap import SwapTwin

TIME_S, FORCE_N, FACTOR = 1.0, 2000.0, 2.0
"""Largest difference of the plants' end times, and of their peak forces as a factor, from this force on."""


def factory_but(station: str, phases: dict[str, dict[str, Any]] | None = None, **default: Any) -> TimingSet:
    """The factory set with other values for all phases, or for some."""
    plain = load_timing("factory", station).model_dump()
    plain["default"] |= default
    for name, values in (phases or {}).items():
        plain["phases"][name] = {**plain["default"], **plain["phases"].get(name, {}), **values}
    return TimingSet.model_validate(plain)


def played(plant: str, station: str, seed: int, timing: TimingSet, *faults: str) -> SwapResult:
    twin = SwapTwin(
        setup_of(station, seed), timing, [parse_fault(text) for text in faults], make_runner=runner_maker(plant)
    )
    try:
        return twin.run()
    finally:
        twin.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "timing"),
    [
        # picks while it still travels: it waits over an idle pack
        (6, factory_but("top_lift", overlap_s=10.0)),
        # lowers while it still sways
        (0, factory_but("top_lift", shaper="none", settle_threshold_m=0.03, settle_dwell_s=0.0)),
        # lowers while it still travels
        (0, factory_but("top_lift", {"lower": {"overlap_s": 9.0}})),
        (1, factory_but("top_lift", {"lower": {"overlap_s": 9.0}})),
    ],
)
def test_it_ends_as_on_the_reference_plant(seed: int, timing: TimingSet) -> None:
    _assert_alike(*(played(plant, "top_lift", seed, timing) for plant in PLANTS))


@pytest.mark.slow
def test_a_pack_beside_its_pins_slides_off_their_tips_on_both_plants() -> None:
    """A scanner's noise turns it so far that no lead-in catches a pin, and it is lowered beside its pins."""
    text = "scanner_noise:factor=20"
    ends = [played(plant, "top_lift", 7, load_timing("factory", "top_lift"), text) for plant in PLANTS]
    assert {end.outcome for end in ends} == {"lock_stuck"}
    _assert_alike(*ends)


def _assert_alike(reference: SwapResult, reduced: SwapResult) -> None:
    assert reduced.outcome == reference.outcome
    assert not reference.violations
    assert not reduced.violations
    assert reduced.cycle_time_s == pytest.approx(reference.cycle_time_s, abs=TIME_S)
    for name in ("peak_lateral_force_n", "peak_axial_force_n"):
        least, most = sorted((reference.kpis[name], reduced.kpis[name]))
        assert most < max(FORCE_N, FACTOR * least), name
