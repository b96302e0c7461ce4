"""What trips or fails says robot, part, value and limit, and these are what the recording holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.faults.setups import setup_of
from tests.twin.why import says_why
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.commands.swap import resolve
from twin.faults import parse_fault
from twin.incident import amount, amounts
from twin.incident.facts import _KINDS
from twin.recording import Recording, open_recording
from twin.recording.swap import SwapRecorder
from twin.records.causes import CAUSES
from twin.result import SwapResult
from twin.runner.kinds import rom_runner
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

ENDS = [
    # station, fault, outcome, reported cause
    ("top_lift", "wrong_pack:pack=old,factor=1.8", "overload", {"quantity": "load", "axis": "z", "robot": 0}),
    ("top_lift", "load_cell_frozen:phase=unlock", "load_implausible", {"quantity": "unchanged_reading", "unit": "s"}),
    ("chassis", "lock_snag:lock=4", "overload", {"quantity": "load", "axis": "z", "phase": "lower_out"}),
    ("top_lift", "brakes_released:phase=lower", "truck_moved", {"quantity": "truck_displacement", "unit": "m"}),
    ("chassis", "axis_drag:axis=x,factor=1000", "following_error", {"quantity": "following_error", "axis": "x"}),
    ("top_lift", "estop:phase=unlock,after_s=1", "estop", {"quantity": "estop_button", "phase": "unlock"}),
    ("chassis", "power_loss:phase=lower_out,after_s=4", "power_loss", {"quantity": "drive_power"}),
    (
        "top_lift",
        "lock_wont_open:lock=2",
        "lock_stuck",
        {"seat_name": "truck1", "lock": 2, "tries": 2, "step": "unlock"},
    ),
    ("chassis", "lock_wont_close:seat=slot1", "lock_stuck", {"seat_name": "slot1", "lock": 1, "phase": "store"}),
    ("top_lift", "lock_false_closed", "lock_stuck", {"quantity": "load", "phase": "pull_test"}),
    ("chassis", "grip_wont_close:grip=3", "grip_failed", {"grip": 3, "value": 3.0, "limit": 4.0, "tries": 2}),
    ("chassis", "load_cell_offset:offset_n=2000", "load_implausible", {"quantity": "load_cell_offset", "limit": 785.0}),
    ("chassis", "scanner_dropout:share=0.95", "scan_failed", {"quantity": "scanner_frames", "limit": 20.0}),
    ("top_lift", "scanner_noise:factor=300", "repark_required", {"quantity": "truck_yaw", "unit": "rad"}),
    ("top_lift", "sway_offset:offset_mm=30", "sway_limit", {"quantity": "sway", "phase": "lower"}),
    ("chassis", "coupler_stiff:factor=10", "jam", {"quantity": "load", "phase": "store", "tries": 3}),
    ("top_lift", "guide_friction:factor=25", "jam", {"quantity": "axial_force", "phase": "store", "tries": 3}),
]


def run(station: str, fault: str, target: Path) -> SwapResult:
    setup = setup_of(station)
    twin = SwapTwin(setup, load_timing("factory", setup.station), [parse_fault(fault)], make_runner=rom_runner)
    with SwapRecorder(target, twin) as recorder:
        result = twin.run()
        recorder.finish(result)
    twin.close()
    return result


def largest(recording: Recording, name: str, at_s: float, before_s: float = 0.1) -> float:
    """The largest value, by its amount, of a signal shortly before a time."""
    read = recording.sensors if name in recording.sensor_names else recording.states
    values = read(at_s - before_s, at_s + 0.011, names=[name]).values[:, 0]
    return float(values[np.argmax(np.abs(values))])


@pytest.mark.parametrize(("station", "fault", "outcome", "reported"), ENDS, ids=[f"{s}-{f}" for s, f, _, _ in ENDS])
def test_an_end_says_why_as_recorded(
    station: str, fault: str, outcome: str, reported: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "swap.mcap"
    result = run(station, fault, path)
    assert result.outcome == outcome
    end = says_why(result)
    assert {key: end[key] for key in reported} == reported
    robot, at_s, value = f"robot{end['robot']}", end["at_s"], end["value"]
    with open_recording(path) as recording:
        (recorded,) = [e for e in recording.events() if e["name"] == "outcome"]
        assert recorded == {**end, "level": "error"}
        if end["quantity"] == "load":
            assert largest(recording, f"{robot}/load_cell_n", at_s) == pytest.approx(value, rel=0.12, abs=500.0)
            if outcome == "overload":  # the fast channel: noise of the setup on the true load
                # which the trip stops within two scans of its own
                loads = np.abs(recording.states(at_s - 0.031, at_s + 0.031, names=[f"{robot}/load_n"]).values)
                assert 0.95 * loads.min() < abs(value) < 1.05 * loads.max()
        elif end["quantity"] == "following_error":
            # before the trip, which gives the reference up; the axis stands, so that the error grows as the reference
            # goes: from the last two samples, 0.02 s apart, on to the trip
            names = [f"{robot}/x/{of}_m" for of in ("reference", "position")]
            read = recording.states(at_s - 0.061, at_s - 0.009, names=names)
            (before_m, last_m), (before_s, last_s) = np.abs(np.diff(read.values[-2:], axis=1))[:, 0], read.t_s[-2:]
            grows_mps = (last_m - before_m) / (last_s - before_s)
            assert 0.0 < at_s - last_s < 0.0201
            assert last_m + grows_mps * (at_s - last_s) == pytest.approx(value, rel=0.02)
        elif end["quantity"] == "truck_displacement":
            truck = recording.states(None, at_s, names=["truck/x_m", "truck/y_m"]).values
            assert np.hypot(*(truck[-1] - truck[0])) == pytest.approx(value, abs=0.001)
        elif end["quantity"] == "sway":
            sway = recording.sensors(at_s - 5.0, at_s, names=[f"{robot}/sway_sensor_{a}_m" for a in "xy"]).values
            assert np.hypot(*sway.T).max() == pytest.approx(value, rel=0.3)
            assert np.hypot(*sway.T).max() > end["limit"]


def test_a_refused_command_says_which_permissive_and_by_how_much(tmp_path: Path) -> None:
    station = load_station("chassis")
    setup = build_setup(station, load_truck("chassis_tractor_3"), load_pack("chassis_171"), seed=10)
    twin = SwapTwin(
        setup, load_timing("factory", station), [parse_fault("scanner_noise:factor=20")], make_runner=rom_runner
    )
    result = twin.run()
    assert result.outcome == "refused"
    end = says_why(result)
    assert (end["quantity"], end["axis"], end["step"]) == ("move_below_clearance", "y", "align")
    assert end["limit"] == station.limits.traverse_deadband_m


def test_a_stop_of_the_station_says_what_each_robot_did() -> None:
    setup, timing = resolve("chassis", "chassis_tractor_3", None, "factory", seed=7, parking="guided")
    twin = SwapTwin(setup, timing, [parse_fault("estop:at_s=46.3")], make_runner=rom_runner)
    result = twin.run()
    trip = next(event for event in result.events if event["name"] == "trip")
    doing = {span.robot: span.name for span in result.phases if span.start_s <= trip["at_s"] <= span.end_s}
    assert doing == {0: "unlock", 1: "lower_out"}
    assert "during unlock (robot 1) and lower_out (robot 2): emergency stop" in trip["message"]


def test_every_cause_has_its_words() -> None:
    assert set(_KINDS) == set(CAUSES[1:])


def test_amounts_tell_a_value_from_its_limit() -> None:
    assert amounts((0.0103, 0.01), "m") == ("10.3 mm", "10.0 mm")
    assert amounts((46900.0, 43100.0), "N") == ("46.9 kN", "43.1 kN")
    assert amounts((300.0, 8000.0), "N") == ("0.3 kN", "8.0 kN"), "one scale for both"
    assert amounts((-0.00001, 1.0), "s") == ("0.0 s", "1.0 s")
    assert amount(0.5, "m") == "500 mm"
    assert amount(3.0, "") == "3"


# --- the log --------------------------------------------------------------------------------------------------------


def log_of(path: Path) -> list[tuple[float, int, str, str]]:
    """(seconds, level, name, message) of every line of /log, as a reader of MCAP that knows nothing of us has it."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from mcap.reader import make_reader

    lines = []
    with path.open("rb") as file:
        pool = descriptor_pool.DescriptorPool()
        for schema, _, message in make_reader(file).iter_messages(topics=["/log"]):
            assert schema is not None
            if not lines:
                for entry in descriptor_pb2.FileDescriptorSet.FromString(schema.data).file:
                    pool.Add(entry)
            log: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.name))
            said = log.FromString(message.data)
            lines.append((message.log_time / 1e9, said.level, said.name, said.message))
    return lines


INFO, WARNING, ERROR = 2, 3, 4


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_the_log_of_a_completed_swap_tells_its_story(station: str, tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    result = run(station, "lock_wont_open:tries=1", path)
    assert result.outcome == "completed"
    lines = log_of(path)
    said = [message for _, _, _, message in lines]
    for span in result.phases:
        if span.name not in ("dock", "exit"):
            assert f"robot {span.robot + 1}: {span.name} begins, pack {span.job + 1}" in said
            assert f"robot {span.robot + 1}: {span.name} ends after {span.end_s - span.start_s:.2f} s" in said
    assert "plant rom, timing factory" in said[0]
    assert "faults: lock_wont_open:tries=1" in said[0]
    names = [name for _, _, name, _ in lines]
    measured = [message for message in said if "truck measured at x" in message]
    assert len(measured) == 2, "scan and rescan"
    assert "try 2" in next(message for message in said if "locks of truck1 open" in message)
    weighed = next(message for message in said if "pack weighs" in message)
    kg = float(weighed.split("pack weighs ")[1].split(" kg")[0])
    assert kg == pytest.approx(float(setup_of(station).params["pack_mass_kg"][0, 0]), rel=0.03)
    assert {"grips", "locks", "seated", "pull_test", "fault", "retry", "outcome", "result"} <= set(names)
    assert f"mechanical time {result.mechanical_time_s:.2f} s" in said[-1]
    assert {level for _, level, _, _ in lines} == {INFO, WARNING}


def test_the_log_of_an_incident_has_the_whole_sentence_as_an_error(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    result = run("top_lift", "wrong_pack:pack=old,factor=1.8", path)
    (trip,) = [e for e in result.events if e["name"] == "trip"]
    errors = [(name, message) for _, level, name, message in log_of(path) if level == ERROR]
    assert errors == [("trip", trip["message"]), ("outcome", trip["message"].removeprefix("trip: "))]
    assert "robot 1" in trip["message"]
    assert "110 % of rated" in trip["message"]


def test_a_violation_says_value_limit_and_unit(tmp_path: Path) -> None:
    path = tmp_path / "swap.mcap"
    result = run("top_lift", "brakes_released:phase=unlock", path)
    six = next(v for v in result.violations if v["invariant"] == 6)
    assert (six["quantity"], six["unit"]) == ("load", "N")
    p = setup_of("top_lift").params[0]
    assert six["limit"] == pytest.approx(float(p["overload_fraction"] * p["rated_load_kg"] * p["gravity_mps2"]))
    assert six["worst"] > six["limit"]
    for text in amounts((six["worst"], six["limit"]), "N"):
        assert text in six["message"]
    with open_recording(path) as recording:
        assert {v["invariant"] for v in recording.violations()} == {v["invariant"] for v in result.violations}
        assert largest(recording, "robot0/load_n", recording.end_s, 5.0) == pytest.approx(six["worst"], rel=0.01)
