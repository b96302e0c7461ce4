"""A swap that begins at a moment of an imported log: the state, how it goes on, what it says and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swaptwin import run
from tests.tiers import slow
from tests.twin.recording.resume.logged import imported, own_swap
from tests.twin.recording.resume.rom_swaps import no_policy
from tests.twin.recording.swap.edited_recording import edited, with_configuration
from twin.alignment.servo import VisualServo
from twin.errors import InputError
from twin.faults import parse_fault
from twin.recording import open_recording
from twin.recording.resume.begin import begin_from
from twin.recording.resume.estimated.moment import EstimatedMoment
from twin.recording.resume.moment import Change
from twin.recording.swap import SwapRecorder
from twin.recording.swap.start import Start
from twin.recording.verify import verify
from twin.result import SwapResult
from twin.viewer.compare import Ghost
from twin.viewer.source import Source

STATIONS = ("top_lift", "chassis")
FEW_S = 7.0
"""From rest a branch ends as the log does, but for what is done again: a scan, a settling, a stroke of the grips."""
SWINGS_S = 80.0
"""A traverse that is stopped leaves a swing, which has to die."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """(own recording, import of its log) by station; chassis: one robot after the other's end would be too slow."""
    found = {}
    for station in STATIONS:
        folder = tmp_path_factory.mktemp(station)
        swap = own_swap(folder / "swap.mcap", station)
        found[station] = (swap, imported(swap, folder))
    return found


def begun(
    log: Path, at_s: float, change: Change | None = None, *, plant: str = "rom", record: Path | None = None,
    load: Any = no_policy,
) -> SwapResult:  # fmt: skip
    """The swap that begins at a moment of a log."""
    moment = begin_from(log, at_s, plant=plant)
    swap = moment.begin(moment.branch(change or Change()), load)
    try:
        if record is None:
            return swap.run()
        with SwapRecorder(record, swap.twin) as recorder:
            result = swap.run()
            recorder.finish(result)
            return result
    finally:
        swap.close()
        moment.close()


def end_of(result: SwapResult) -> float:
    return float(next(e["t_s"] for e in result.events if e["name"] == "outcome"))


def phases_of(path: Path) -> Iterator[tuple[str, float, float]]:
    """(name, start, end) of robot 0's phases."""
    with open_recording(path) as recording:
        entries = [e for e in recording.phases() if e["robot"] == 0 and e["state"] == "end"]
    for entry in entries:
        yield entry["name"], entry["start_s"], entry["t_s"]


def value(path: Path, name: str, t_s: float) -> float:
    with open_recording(path) as recording:
        return float(recording.states(t_s - 0.011, t_s + 0.011, names=[name]).values[0, 0])


# ------------------------------------------------------------------------------------------------------ how it goes on


@pytest.mark.parametrize("station", ["top_lift", slow("chassis")])
def test_from_every_phase_it_continues_to_the_end(station: str, logs: dict[str, tuple[Path, Path]]) -> None:
    """Just after a phase's beginning and in its middle; unchanged settings end it when the log ends."""
    swap, log = logs[station]
    with open_recording(swap) as recording:
        end_s = next(e["t_s"] for e in recording.events() if e["name"] == "outcome")
    phases, ways = list(phases_of(swap)), {"traverse_to_slot", "traverse_to_full", "traverse_to_truck"}
    for name, start_s, stop_s in phases:
        for share in (0.03, 0.5):
            at_s = start_s + share * (stop_s - start_s)
            result = begun(log, at_s)
            assert (result.outcome, result.violations) == ("completed", ()), (name, at_s)
            most = SWINGS_S if name in ways and share > 0.1 else FEW_S
            assert -4.5 < end_of(result) - end_s < most, (name, at_s)


@pytest.mark.parametrize("at_s", [15.0, 40.0, 66.0, 95.0, 110.0, 145.0])
def test_a_log_without_steps_or_sway_sensor_is_enough(
    at_s: float, logs: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    log = imported(logs["top_lift"][0], tmp_path, sway=False, steps=False)
    result = begun(log, at_s)
    assert (result.outcome, result.violations) == ("completed", ())
    assert result.branch is not None
    assert result.branch.start is not None
    assert {"sway", "phase"} <= set(result.branch.start.estimated)


def test_on_the_reference_plant_too(logs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    """A pack at rest over the truck; shortened by an emergency stop."""
    change = Change(faults=(parse_fault("estop:at_s=126"),))
    result = begun(logs["top_lift"][1], 122.7, change, plant="bullet", record=tmp_path / "b.mcap")
    assert (result.plant, result.outcome, result.violations) == ("bullet", "estop", ())
    assert [span.name for span in result.phases][:2] == ["rescan", "align"]
    assert result.kpis["peak_sway_m"] < 0.005
    assert verify(tmp_path / "b.mcap").verified


def test_a_policy_may_decide(logs: dict[str, tuple[Path, Path]]) -> None:
    change = Change(policies={"align": "servo"})
    result = begun(logs["top_lift"][1], 122.5, change, load=lambda what, name: lambda robot: VisualServo())
    assert (result.outcome, result.policies) == ("completed", {"align": "servo"})


# ---------------------------------------------------------------------------------------------------------- the state


@pytest.mark.parametrize(("station", "at_s"), [("top_lift", 50.0), ("top_lift", 118.0), ("chassis", 29.0)])
def test_the_state_is_the_log_s(station: str, at_s: float, logs: dict[str, tuple[Path, Path]]) -> None:
    """A pack hangs and moves: axes, speeds and swing against the truth that the log was made of."""
    swap, log = logs[station]
    moment = begin_from(log, at_s, plant="rom")
    assert isinstance(moment, EstimatedMoment)
    w = moment.start.new_world(moment.setup)[0]
    moment.close()
    assert (float(w["truth"]["t_s"]), int(w["truth"]["tick"]), int(w["sensors"]["scans"])) == (
        at_s,
        round(at_s * 500),
        round(at_s * 100),
    )
    for k, axis in enumerate(("x", "y", "z")):
        assert w["truth"]["q"][0, k] == pytest.approx(value(swap, f"robot0/{axis}/position_m", at_s), abs=0.002)
        assert w["truth"]["qd"][0, k] == pytest.approx(value(swap, f"robot0/{axis}/velocity_mps", at_s), abs=0.006)
    for k, a in enumerate("xy"):
        assert w["truth"]["q"][0, 4 + k] == pytest.approx(value(swap, f"robot0/sway_{a}_m", at_s), abs=0.004)
        assert w["truth"]["qd"][0, 4 + k] == pytest.approx(value(swap, f"robot0/sway_{a}_mps", at_s), abs=0.02)
    assert int(w["truth"]["held"][0]) == value(swap, "robot0/held", at_s)
    with open_recording(swap) as truth, open_recording(log) as reported:
        k = truth.header.frame_names.index(f"pack{int(w['truth']['held'][0])}")
        drawn = reported.frames_at(at_s)[reported.header.frame_names.index(f"pack{int(w['truth']['held'][0])}")]
        np.testing.assert_allclose(
            w["truth"]["pack_pose"][int(w["truth"]["held"][0]), :3], truth.frames_at(at_s)[k, :3], atol=0.012
        )
        np.testing.assert_allclose(w["truth"]["pack_pose"][int(w["truth"]["held"][0]), :3], drawn[:3], atol=0.02)
    moving = np.abs(w["truth"]["qd"][0, :4]) > 0.004
    assert (w["image"]["axis_state"][0] == np.where(moving, 3, 0)).all()  # Stopping, Standstill


def test_the_same_moment_is_the_same_swap(logs: dict[str, tuple[Path, Path]]) -> None:
    log = logs["top_lift"][1]
    first, again = (begun(log, 112.0).end_state_sha256 for _ in range(2))
    assert first == again
    moment = begin_from(log, 112.0, plant="rom", seed=3)
    swap = moment.begin(moment.branch(Change()), no_policy)
    assert swap.run().end_state_sha256 != first
    swap.close()
    moment.close()


# --------------------------------------------------------------------------------------------------------- what it says


def test_the_command_says_that_it_is_estimated(
    logs: dict[str, tuple[Path, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, other, second = logs["top_lift"][1], tmp_path / "b.mcap", tmp_path / "c.mcap"
    words = ["swap", "--from", str(log), "--at", "116", "--plant", "rom", "--timing", "zvd", "--record", str(other)]
    assert run([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    branch = said["branch"]
    assert (branch["from"], branch["at_s"], branch["estimated"]) == ("log.mcap", 116.0, True)
    assert "sway speed" in branch["what_is_estimated"]
    assert branch["settings"] == [{"at_s": 116.0, "timing": "zvd", "policies": {}, "faults": []}]
    assert (said["timing"], said["lower_bound_s"], said["procedure_bound_s"]) == ("zvd", None, None)
    assert said["phases"][0]["name"] == "traverse_to_truck"
    clear_s = next(span["end_s"] for span in said["phases"] if span["name"] == "clear")
    assert said["mechanical_time_s"] == pytest.approx(clear_s - 116.0)
    assert said["cycle_time_s"] == pytest.approx(said["phases"][-1]["end_s"] - 116.0)
    (event,) = [e for e in said["events"] if e["name"] == "branch"]
    assert event["t_s"] == 116.0
    assert "estimated from a log (robot 1 at to_truck; x, y stops first)" in event["message"]
    with open_recording(other) as recording:
        assert recording.start_s == 116.0
        assert recording.header.configuration["branch"]["start"]["robots"][0]["step"] == "to_truck"
    assert verify(other).verified
    with Source(other) as source:
        ghost = Ghost(source, log)
        assert [ghost.time_at(t_s) for t_s in (116.0, 130.0)] == [116.0, 130.0]
        assert next(row for row in ghost.phase_rows() if row.name == "traverse_to_truck").other_s < 8.0  # type: ignore[operator]
        ghost.close()
    assert run(["swap", "--from", str(other), "--at", "130", "--timing", "factory", "--record", str(second)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("estimated      the state at 116 s, from a log: ") for line in lines) == 1
    assert verify(second).verified


def test_unchanged_a_branch_of_it_ends_as_it_did(logs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    first = begun(logs["top_lift"][1], 112.0, record=tmp_path / "a.mcap")
    moment = begin_from(tmp_path / "a.mcap", 125.0)
    swap = moment.begin(moment.branch(Change()), no_policy)
    assert swap.run().end_state_sha256 == first.end_state_sha256
    swap.close()
    moment.close()


def test_faults_join_from_the_first_scan_on(logs: dict[str, tuple[Path, Path]]) -> None:
    change = Change(faults=(parse_fault("load_cell_offset:offset_n=500"), parse_fault("estop:at_s=125")))
    result = begun(logs["top_lift"][1], 122.5, change)
    reported = [(e["t_s"], e["acts"]) for e in result.events if e["name"] == "fault"]
    assert reported[:2] == [(122.5, True), (125.0, True)]
    assert (result.outcome, result.faults) == ("estop", ())


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--at 116 --station chassis", "--station: differs from the recording"),
        ("--at 116 --truck mixer_8x4", "(allowed: tractor_6x4)"),
        ("--at 116 --pack cab_350", "(allowed: cab_282)"),
        ("--at 116 --parking unguided", "--parking: differs from the recording"),
        ("--at 116 --conditions rain", "(allowed: clear)"),
        ("--at 116 --timing fast", "factory"),
        ("--at 116 --fault estop:at_s=50", "(allowed: 116.00 s or later)"),
        ("--at 116 --fault estop:phase=lower", "no longer begins after the moment"),
        ("--at 116 --fault wrong_pack:kg=3000", "from the beginning"),
        ("--at 1600", "(allowed: 0 to "),
        ("--at -1", "(allowed: 0 to "),
    ],
)
def test_bad_input_is_one_line(
    words: str, says: str, logs: dict[str, tuple[Path, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "b.mcap"
    assert (
        run(["swap", "--from", str(logs["top_lift"][1]), "--plant", "rom", *words.split(), "--record", str(record)])
        == 2
    )
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert says in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_pack_on_the_truck_in_nobody_s_grips_has_to_be_locked(
    logs: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    swap, log = logs["top_lift"]
    at_s = next(start for name, start, _ in phases_of(swap) if name == "clear") + 1.0
    with open_recording(log) as recording:
        names = recording.channel_names
    open_ = [i for i, name in enumerate(names) if name.startswith("truck1/lock") and name != "truck1/locked"]

    def unlock(t_s: float, values: Any) -> None:
        values[open_] = 0.0

    path = edited(log, tmp_path / "a.mcap", state=unlock)
    with pytest.raises(InputError, match=r"--at: the new pack stands on the truck unlocked.*\(allowed: a moment"):
        begin_from(path, at_s)


def test_a_pack_must_not_move_sideways_too_low(logs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    """As in a station that travels lower than its file says."""
    log = logs["top_lift"][1]
    with open_recording(log) as recording:
        z = recording.channel_names.index("robot0/z/position_m")

    def lower(t_s: float, values: Any) -> None:
        values[z] -= 0.2

    path = edited(log, tmp_path / "a.mcap", state=lower)
    with pytest.raises(InputError, match=r"--at: a pack moves sideways below .*clearance_height_m, 3\.2"):
        begin_from(path, 117.0)


def test_a_damaged_start_is_refused(logs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    begun(logs["top_lift"][1], 150.0, record=path)
    with open_recording(path) as recording:
        branch = recording.header.configuration["branch"]
    for key, wrong in (("world", {"nothing": 1}), ("world", {"q": 1}), ("robots", []), ("setup", {}), ("scanned", 1)):
        bad = {**branch, "start": {**branch["start"], key: wrong}}
        other = edited(path, tmp_path / "b.mcap", header=with_configuration(branch=bad))
        with pytest.raises(InputError, match=r"b\.mcap"):
            verify(other)


def test_a_start_of_version_0_4_is_read(logs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    begun(logs["top_lift"][1], 150.0, record=path)
    with open_recording(path) as recording:
        start = recording.header.configuration["branch"]["start"]
    earlier = {"cell": start["setup"], **{key: value for key, value in start.items() if key != "setup"}}
    assert Start.from_plain(earlier) == Start.from_plain(start)


def test_a_gap_is_no_moment(logs: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    path = edited(logs["top_lift"][1], tmp_path / "a.mcap", keep_samples=100)
    with pytest.raises(InputError, match="--at"):
        begin_from(path, 60.0)
