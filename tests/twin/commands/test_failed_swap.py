"""A swap that fails does not show the figures of one that was quick and exact: what was not measured is null."""

from __future__ import annotations

import dataclasses
import functools
import io

import pytest
from rich.console import Console

from twin.commands.swap import print_result, resolve
from twin.faults import parse_fault
from twin.result import SwapResult
from twin.runner.kinds import rom_runner
from twin.swap import SwapTwin

NEVER = ("mechanical_time_s", "cycle_time_s")
PEAKS = ("peak_sway_m", "peak_sway_rad", "peak_lateral_force_n", "peak_axial_force_n", "energy_j")


@functools.cache
def swap(station: str, *faults: str) -> SwapResult:
    setup, timing = resolve(station, None, None, "factory", seed=0, parking="guided")
    twin = SwapTwin(setup, timing, [parse_fault(text) for text in faults], make_runner=rom_runner)
    try:
        return twin.run()
    finally:
        twin.close()


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_a_pack_caught_in_its_lock_leaves_no_time_ratio_or_seat(station: str) -> None:
    result = swap(station, "lock_snag")
    assert result.outcome == "overload"
    reported = result.as_json()
    assert [reported[key] for key in NEVER] == [None, None]
    assert (result.figures["ratio_kinematic"], result.figures["ratio_procedure"]) == (None, None)
    assert reported["procedure_bound_s"] > reported["lower_bound_s"] > 50.0, "of the whole swap, as ever"
    not_measured = ("seat_error_m", "insert_attempts", "residual_sway_m", "residual_sway_rad")
    assert [reported["kpis"][key] for key in not_measured] == [None] * 4
    assert all(isinstance(reported["kpis"][key], float) for key in PEAKS), "peaks so far are peaks"
    assert result.mechanical_time_s > 10.0, "what is kept of it has how far it came"
    text = io.StringIO()
    print_result(Console(file=text, width=80), result)
    rows = [line.split() for line in text.getvalue().splitlines()]
    for words in ("mechanical time", "cycle time", "ratio to the procedure bound", "seat error", "insertion attempts"):
        (row,) = (row for row in rows if row[: len(words.split())] == words.split() and "-" in row)
        assert row[-3:] == ["-", "not", "completed"]


def test_figures_that_were_measured_stay() -> None:
    """Stopped while it leaves the truck, the pack seated and locked: only the times are not those of a whole swap."""
    result = swap("top_lift", "estop:phase=clear,after_s=1")
    assert result.outcome == "estop"
    kpis = result.as_json()["kpis"]
    assert 0.0 < kpis["seat_error_m"] < 0.005
    assert (kpis["insert_attempts"], kpis["residual_sway_m"] > 0.0) == (1, True)
    assert result.figures["mechanical_time_s"] is None


def test_an_insertion_that_is_cut_off_was_tried_and_has_no_seat_error() -> None:
    kpis = swap("top_lift", "estop:phase=insert,after_s=5").as_json()["kpis"]
    assert (kpis["insert_attempts"], kpis["seat_error_m"]) == (1, None)


def test_a_completed_swap_has_all_figures() -> None:
    result = swap("top_lift")
    reported = result.as_json()
    assert None not in reported["kpis"].values()
    assert reported["kpis"] == {**result.kpis, "electric_energy_j": result.electric_energy_j}
    assert reported["mechanical_time_s"] == result.mechanical_time_s
    kinematic, procedure = result.figures["ratio_kinematic"], result.figures["ratio_procedure"]
    assert kinematic is not None
    assert procedure is not None
    assert kinematic > procedure > 1.0


# -------------------------------------------------------------------------------------------- faults that never acted


def test_a_fault_whose_time_never_comes_is_reported() -> None:
    result = swap("top_lift", "estop:at_s=9999", "axis_drag:axis=x,factor=2")
    assert result.outcome == "completed"
    assert result.end_state_sha256 != swap("top_lift").end_state_sha256, "the other one acted"
    assert result.as_json()["faults_not_acted"] == ["estop:at_s=9999.0"]
    event = result.events[-1]
    assert (event["name"], event["fault"]) == ("fault_never_acted", "estop:at_s=9999.0")
    text = io.StringIO()
    print_result(Console(file=text, width=200), result)
    assert "never acted    estop:at_s=9999.0" in text.getvalue()


@pytest.mark.parametrize(
    ("faults", "not_acted"),
    [
        (("wrong_pack:factor=1.01", "guide_friction:factor=1.1", "lock_wont_open:tries=1"), []),
        (("estop:phase=lower", "power_loss:phase=insert"), ["power_loss:phase=insert"]),
        (("scanner_blind:phase=identify,robot=1",), []),
    ],
)
def test_only_those_that_had_nothing_to_act_on(faults: tuple[str, ...], not_acted: list[str]) -> None:
    assert list(swap("top_lift", *faults).faults_not_acted) == not_acted


def test_people_count_robots_from_1_and_indices_from_0() -> None:
    result = swap("chassis", "lock_wont_open:seat=truck1,lock=all")
    about = [event for event in result.events if "robot" in event]
    assert about, "something is about a robot"
    for event in about:
        assert f"robot {event['robot']}" not in event["message"] or event["robot"] == 1
    trip = swap("chassis", "estop:phase=raise")
    (outcome,) = (event["message"] for event in trip.events if event["name"] == "outcome")
    assert "robot 0" not in outcome
    assert {phase["robot"] for phase in trip.as_json()["phases"]} == {0, 1}


def test_rows_keep_what_was_measured() -> None:
    """Numbers that are stored and compared later are those that the swap came to."""
    result = dataclasses.replace(swap("top_lift", "lock_snag"))
    assert all(isinstance(value, float | int) for value in result.kpis.values())
