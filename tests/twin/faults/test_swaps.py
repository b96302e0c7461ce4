"""How swaps end that meet a fault, and that the same fault ends them in the same bits."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from tests.determinism.short_swap import short_swap
from tests.tiers import slow
from tests.twin.faults.setups import SETUPS, setup_of
from tests.twin.why import says_why
from twin.catalogue import load_pack, load_station, load_timing, load_truck, names
from twin.faults import KINDS, parse_fault
from twin.faults.player import SETUP_FAULTS
from twin.result import SwapResult
from twin.sequence import building
from twin.sequence.program import TRIP_SETTLE_S
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

SETTLE_TIMEOUT_S = 25.0
"""As long as the longest traverse and its settling take, instead of more than three times that."""


@pytest.fixture(autouse=True, scope="module")
def in_haste() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "SETTLE_TIMEOUT_S", SETTLE_TIMEOUT_S)
        yield


@functools.cache
def swap(kind: str, *specs: str) -> SwapResult:
    """One swap under factory timing with these faults; run once, whoever asks."""
    setup = setup_of(kind)
    twin = SwapTwin(setup, load_timing("factory", setup.station), [parse_fault(spec) for spec in specs])
    try:
        return twin.run()
    finally:
        twin.close()


ENDS = [
    # station, faults, how the swap ends
    ("top_lift", ["lock_wont_open:lock=2"], "lock_stuck"),
    ("top_lift", ["lock_snag"], "overload"),
    ("top_lift", ["grip_wont_close"], "grip_failed"),
    ("top_lift", ["grip_wont_open"], "grip_failed"),
    ("top_lift", ["scanner_blind"], "scan_failed"),
    ("top_lift", ["scanner_dropout:share=0.95"], "scan_failed"),
    ("top_lift", ["scanner_noise:factor=300"], "repark_required"),
    ("top_lift", ["load_cell_offset:offset_n=20000"], "load_implausible"),
    ("top_lift", ["load_cell_offset:offset_n=-50000,phase=lift_out,after_s=2"], "load_implausible"),
    ("top_lift", ["load_cell_frozen:phase=unlock"], "load_implausible"),
    ("top_lift", ["sway_offset:offset_mm=30"], "sway_limit"),
    ("top_lift", ["axis_drag:axis=y,factor=1000"], "following_error"),
    ("top_lift", ["estop:phase=lower,after_s=3"], "estop"),
    ("top_lift", ["estop:phase=traverse_to_slot,after_s=4,for_s=0.5"], "estop"),  # nothing restarts by itself
    ("top_lift", ["power_loss:phase=lift_out,after_s=6"], "power_loss"),
    ("top_lift", ["truck_shove:force_n=500000,phase=lower"], "truck_moved"),
    ("top_lift", ["brakes_released:phase=lower"], "truck_moved"),
    ("top_lift", ["wrong_pack:pack=old,factor=1.8"], "overload"),
    ("top_lift", ["guide_friction:factor=30"], "jam"),
    ("top_lift", ["coupler_stiff:factor=10"], "overload"),
    ("chassis", ["lock_wont_open:lock=2", "lock_wont_close:lock=3"], "lock_stuck"),  # the lock's cycle fails too
    ("chassis", ["lock_wont_close:seat=slot1"], "lock_stuck"),
    ("chassis", ["lock_snag:lock=4"], "overload"),
    ("chassis", ["lock_false_closed"], "lock_stuck"),
    ("chassis", ["grip_wont_close:grip=3", "grip_wont_open:grip=2"], "grip_failed"),  # the grip's cycle fails too
    ("chassis", ["scanner_blind"], "scan_failed"),
    ("chassis", ["scanner_dropout:share=0.95"], "scan_failed"),
    ("chassis", ["scanner_noise:factor=300"], "repark_required"),
    ("chassis", ["load_cell_offset:offset_n=50000"], "load_implausible"),
    ("chassis", ["load_cell_frozen"], "load_implausible"),
    ("chassis", ["lock_false_closed:seat=slot1"], "lock_stuck"),
    ("chassis", ["sway_offset:offset_mm=30"], "sway_limit"),
    ("chassis", ["axis_drag:axis=x,factor=1000"], "following_error"),
    ("chassis", ["estop:phase=raise,after_s=4"], "estop"),
    ("chassis", ["power_loss:phase=lower_out,after_s=4"], "power_loss"),
    ("chassis", ["truck_shove:force_n=140000,phase=unlock"], "truck_moved"),
    ("chassis", ["brakes_released:phase=unlock"], "truck_moved"),
    ("chassis", ["wrong_pack:pack=old,factor=1.8"], "overload"),
    ("chassis", ["guide_friction:factor=100"], "overload"),
    ("chassis", ["coupler_stiff:factor=10"], "jam"),
]
LATE = {
    "top_lift": ("grip_wont_open", "wrong_pack", "load_cell_"),
    "chassis": ("lock_", "grip_", "guide_friction", "coupler_stiff", "power_loss", "sway_offset", "brakes_released"),
}
"""Faults that a swap of this station meets late: they are for the slow tests, mostly at one of the two stations.
Load cells have tests of their own (test_load_cell.py)."""
WORKS_AGAIN = [
    "grip_wont_close:grip=2,tries=1",
    "lock_wont_open:lock=3,tries=1",
    "lock_wont_close:lock=3,tries=2",  # the first is the closing after it has not opened
    "scanner_blind:phase=rescan,for_s=1",
    "scanner_dropout:share=0.3",
    "truck_shove:force_n=60000,phase=lift_out,after_s=20",
    "wrong_pack:factor=1.25",
]
"""A lock, or grip, that moves on the second try, a scanner that sees again, a nudge that the tyres hold, a pack that is
too heavy for its papers and not for the hoist."""


@pytest.mark.parametrize(
    ("kind", "specs", "outcome"),
    [(slow if s[0].startswith(LATE[k]) else pytest.param)(k, s, end, id=f"{k}-{','.join(s)}") for k, s, end in ENDS],
)
def test_every_fault_ends_with_its_name_and_without_a_violation(kind: str, specs: list[str], outcome: str) -> None:
    result = swap(kind, *specs)
    assert result.outcome == outcome
    assert result.violations == ()
    assert result.faults == tuple(parse_fault(spec).text for spec in specs)
    says_why(result)
    for fault in map(parse_fault, specs):
        acted = [e["t_s"] for e in result.events if e["name"] == "fault" and e["fault"] == fault.text and e["acts"]]
        assert bool(acted) == (fault.kind not in SETUP_FAULTS)


@pytest.mark.slow
def test_what_works_again_lets_the_swap_complete() -> None:
    result = swap("top_lift", *WORKS_AGAIN)
    assert result.outcome == "completed"
    assert result.violations == ()
    assert [e["message"] for e in result.events if e["name"] == "retry"] == [
        "regrip, try 1: robot 1, grip 2 does not report closed (3 of 4 closed)",
        "relock, try 1: robot 1, lock 3 of truck1 does not report open (3 of 4 open)",
        "unlock_again, try 1: robot 1, lock 3 of truck1 does not report closed (3 of 4 closed)",
    ]
    acted = [e["fault"] for e in result.events if e["name"] == "fault" and e["acts"]]
    over = [e["fault"] for e in result.events if e["name"] == "fault" and not e["acts"]]
    assert len(set(acted)) == 6, "all but the pack"
    assert sorted(over) == sorted(text for text in acted if "dropout" not in text), "one acts to the end"


def test_every_kind_meets_a_swap_at_each_station() -> None:
    for station in SETUPS:
        met = {parse_fault(spec).kind for kind, specs, _ in ENDS if kind == station for spec in specs}
        if station == "top_lift":
            met |= {parse_fault(spec).kind for spec in WORKS_AGAIN}
            met |= {
                "lock_false_closed"
            }  # costs a whole swap; the chassis has it, and tests/twin/test_monitor.py one alone
        assert met == set(KINDS), station


def test_a_trip_is_watched_until_every_axis_must_stand() -> None:
    """As long as an even deceleration over the whole stopping distance takes, and a little more."""
    for station in map(load_station, names("station")):
        truck, pack = SETUPS[station.kind]
        p = build_setup(station, load_truck(truck), load_pack(pack), seed=0).params[0]
        longest_s = float((2.0 * p["axis_stopping_distance"] / p["axis_velocity"]).max())
        assert longest_s + p["reaction_time_s"] + 0.5 < TRIP_SETTLE_S, station.name


def test_the_same_fault_comes_at_the_same_tick_and_ends_in_the_same_bits() -> None:
    specs = ("scanner_noise:factor=3", "estop:phase=lower,after_s=1.23")
    first = swap("top_lift", *specs)
    swap("chassis", "load_cell_offset:offset_n=50000")
    second = swap.__wrapped__("top_lift", *specs)
    assert first.outcome == "estop"
    assert first.end_state_sha256 == second.end_state_sha256
    assert first.events == second.events
    assert swap("top_lift", "estop:phase=lower,after_s=1.23").end_state_sha256 != first.end_state_sha256


NEVER = ("estop:at_s=5000", "scanner_noise:factor=9,phase=exit", "grip_wont_close:tries=1,robot=1", "lock_wont_close")


SNAGS = [end if end[0] == "top_lift" else slow(*end) for end in ENDS if end[1][0].startswith("lock_snag")]


@pytest.mark.parametrize(("kind", "specs", "outcome"), SNAGS)
def test_a_fault_whose_time_is_never_changes_no_bit(kind: str, specs: list[str], outcome: str) -> None:
    """Up to a pack that is gripped, unlocked and caught."""
    idle = [spec for spec in NEVER if "grip" not in spec]
    assert swap(kind, *specs, *idle).outcome == outcome
    assert swap(kind, *specs, *idle).end_state_sha256 == swap(kind, *specs).end_state_sha256


@pytest.mark.parametrize("station", list(SETUPS))
def test_a_swap_with_idle_faults_is_the_swap_without(station: str) -> None:
    healthy, quiet = short_swap(station, until_s=3.0), short_swap(station, until_s=3.0, faults=NEVER)
    assert healthy.end_state_sha256 == quiet.end_state_sha256
    assert healthy.events == quiet.events
