"""What changes from the moment on, and what does not: timing, policies, faults, and a branch of a branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.recording.resume.rom_swaps import (
    assert_same_before,
    branched,
    command_at,
    commands_of,
    end_sha256,
    recorded,
)
from twin.alignment.sensed import Sensed
from twin.alignment.servo import VisualServo
from twin.catalogue import TimingSet, load_timing
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError
from twin.faults import parse_fault
from twin.recording import open_recording
from twin.recording.resume.moment import Change
from twin.recording.verify import verify
from twin.sequence.timing import timing_row
from twin.swap import SwapTwin


def half_speed() -> TimingSet:
    """The factory set at half its speeds."""
    factory = load_timing("factory", "top_lift")
    slow = {"velocity_fraction": 0.5 * factory.default.velocity_fraction, "creep_speed_mps": 0.02}
    phases = {name: of.model_copy(update=slow) for name in MECHANICAL["top_lift"] for of in [factory.of(name)]}
    return TimingSet(
        name="half", title="for a test", station="top_lift", kind="top_lift", default=factory.default, phases=phases
    )


def speeds(path: Path, step: str) -> list[float]:
    velocity: list[float] = command_at(path, step)["command"]["fields"]["velocity"]
    return velocity


# ---------------------------------------------------------------------------------------------------------- timing


def test_a_phase_in_progress_takes_the_new_timing_with_its_next_command(swaps: dict[str, Path], tmp_path: Path) -> None:
    """`go` and `land` are both of phase `lower`: the first runs on, the second is of the new set."""
    path, other = swaps["top_lift"], tmp_path / "b.mcap"
    go, land = command_at(path, "go"), command_at(path, "land")
    at_s = 0.5 * (go["t_s"] + land["t_s"])
    branched(path, at_s, Change(timing=half_speed()), record=other, until_s=60.0)
    assert command_at(other, "go") == go
    assert command_at(other, "land")["t_s"] == land["t_s"]
    assert speeds(other, "land")[2] == 0.5 * speeds(path, "land")[2]
    assert speeds(other, "lift")[2] == 0.5 * speeds(path, "lift")[2]
    assert_same_before(path, other, at_s)
    assert verify(other).verified


@pytest.mark.parametrize(("late_s", "changed"), [(0.0, True), (-0.0099, True), (0.01, False)])
def test_a_decision_in_that_scan_is_made_again(
    late_s: float, changed: bool, swaps: dict[str, Path], tmp_path: Path
) -> None:
    path, other = swaps["top_lift"], tmp_path / "b.mcap"
    land = command_at(path, "land")
    branched(path, land["t_s"] + late_s, Change(timing=half_speed()), record=other, until_s=40.0)
    assert (command_at(other, "land")["command"] != land["command"]) == changed
    assert speeds(other, "take_weight") != speeds(path, "take_weight")


# -------------------------------------------------------------------------------------------------- timing policies


class Drawn:
    """A timing policy with a memory: the factory row, its speed by how often it was asked."""

    def __init__(self, first: int = 0) -> None:
        self.asked = first

    def __call__(self, twin: SwapTwin, world: int, robot: int, job: int, phase: str) -> np.void:
        self.asked += 1
        row = timing_row(twin.timing.of(phase))
        row["velocity_fraction"] *= 0.5 + 0.4 * (self.asked % 3) / 2.0
        return row


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("branch") / "timed.mcap"
    return recorded(path, "top_lift", timing_decider=Drawn(), policies={"timing": "drawn"})


def decisions_of(path: Path) -> list[tuple[float, str]]:
    with open_recording(path) as recording:
        return [(e["t_s"], e["phase"]) for e in recording.events() if e["name"] == "timing"]


def test_a_timing_policy_is_asked_from_the_next_phase_on(swaps: dict[str, Path], tmp_path: Path) -> None:
    path, other = swaps["top_lift"], tmp_path / "b.mcap"
    at_s = command_at(path, "lift")["t_s"] + 0.5  # in lift_out
    names: list[tuple[str, str]] = []

    def load(what: str, name: str) -> Any:
        names.append((what, name))
        return Drawn()

    result = branched(path, at_s, Change(policies={"timing": "drawn"}), record=other, load=load, until_s=65.0)
    assert names == [("timing", "drawn")]
    assert result.policies == {}
    assert [phase for _, phase in decisions_of(other)][:2] == ["traverse_to_slot", "store"]
    assert speeds(other, "to_slot")[0] == 0.7 * speeds(path, "to_slot")[0]
    assert verify(other).verified


def test_what_a_policy_said_is_taken_from_the_recording(timed: Path, tmp_path: Path) -> None:
    """Nobody need be there who said it."""
    other = tmp_path / "b.mcap"
    at_s = decisions_of(timed)[4][0]
    branched(timed, at_s, Change(policies={"timing": None}), record=other, until_s=at_s + 20.0)
    assert decisions_of(other) == decisions_of(timed)[:4]
    assert_same_before(timed, other, at_s)
    with open_recording(other) as recording:
        (settings,) = recording.header.configuration["branch"]["settings"]
        assert settings["policies"] == {}
        assert recording.header.configuration["policies"] == {"timing": "drawn"}
    assert verify(other).verified


def test_an_unchanged_policy_has_seen_the_first_part(timed: Path) -> None:
    for at_s in (decisions_of(timed)[5][0], decisions_of(timed)[5][0] + 0.01):
        result = branched(timed, at_s, load=lambda what, name: Drawn())
        assert result.end_state_sha256 == end_sha256(timed)
        assert not [e for e in result.events if e["name"] == "policy_differs"]


def test_a_changed_policy_is_reported(timed: Path) -> None:
    at_s = decisions_of(timed)[5][0]
    result = branched(timed, at_s, load=lambda what, name: Drawn(first=1))
    assert result.end_state_sha256 != end_sha256(timed)
    (event,) = [e for e in result.events if e["name"] == "policy_differs"]
    assert event["since_s"] == decisions_of(timed)[0][0]
    assert "drawn is not what it was" in event["message"]


def test_a_timing_set_alone_does_nothing_beside_a_policy(timed: Path) -> None:
    with pytest.raises(InputError, match=r"--timing: policy drawn decides.*--timing-policy none"):
        branched(timed, 30.0, Change(timing=half_speed()))


# --------------------------------------------------------------------------------------------------- align policies


class Slow(VisualServo):
    """The servo at half its speeds."""

    def speeds(self, seen: Sensed) -> np.ndarray:
        return 0.5 * super().speeds(seen)


def servo(what: str, name: str) -> Any:
    return lambda robot: VisualServo() if name == "servo" else Slow()


def setpoints(path: Path) -> list[dict[str, Any]]:
    return [c for c in commands_of(path) if c["command"]["fields"]["follow"]]


@pytest.mark.slow
def test_an_unchanged_align_policy_continues_in_the_middle_of_an_insertion(aligned: Path) -> None:
    given = setpoints(aligned)
    hover_s = command_at(aligned, "hover")["t_s"] + 0.5
    for at_s in (hover_s, given[0]["t_s"], given[40]["t_s"] + 0.02):
        assert branched(aligned, at_s, load=servo).end_state_sha256 == end_sha256(aligned), at_s


@pytest.mark.slow
def test_another_align_policy_decides_from_that_scan_on(aligned: Path, tmp_path: Path) -> None:
    other, at_s = tmp_path / "b.mcap", setpoints(aligned)[40]["t_s"]
    result = branched(aligned, at_s, Change(policies={"align": "slow"}), record=other, load=servo)
    assert result.outcome == "completed"
    assert_same_before(aligned, other, at_s)
    first = next(c for c in setpoints(other) if c["t_s"] >= at_s)
    assert first["t_s"] == at_s
    assert setpoints(other)[-1]["t_s"] > setpoints(aligned)[-1]["t_s"] + 1.0
    assert verify(other).verified


@pytest.mark.slow
def test_an_align_policy_comes_and_goes_between_insertions(
    swaps: dict[str, Path], aligned: Path, tmp_path: Path
) -> None:
    """On the way to hover it is not too late to go."""
    path, other = swaps["top_lift"], tmp_path / "b.mcap"
    at_s = command_at(path, "to_truck")["t_s"]
    change = Change(policies={"align": "servo"})
    assert branched(path, at_s, change, load=servo, record=other).outcome == "completed"
    assert {c["command"]["step"] for c in commands_of(other, at_s)} >= {"hover", "insert"}
    assert setpoints(other)
    hover_s = command_at(aligned, "hover")["t_s"] + 0.5
    gone = branched(aligned, hover_s, Change(policies={"align": None}), record=other)
    assert gone.outcome == "completed"
    assert not setpoints(other)
    assert command_at(other, "insert")["t_s"] > hover_s
    assert verify(other).verified


def test_setpoints_need_somebody_who_gives_them(aligned: Path) -> None:
    at_s = setpoints(aligned)[40]["t_s"]
    with pytest.raises(InputError, match=r"--align-policy: robot 1 follows.*once the pack is seated"):
        branched(aligned, at_s, Change(policies={"align": None}))


# ----------------------------------------------------------------------------------------------------------- faults


def with_fault(path: Path, at_s: float, text: str, **more: Any) -> Any:
    return branched(path, at_s, Change(faults=(parse_fault(text),)), **more)


def fault_times(result: Any) -> list[tuple[float, bool]]:
    return [(e["t_s"], e["acts"]) for e in result.events if e["name"] == "fault"]


@pytest.mark.slow
def test_faults_join_and_what_was_there_stays(tmp_path: Path) -> None:
    path, other = tmp_path / "a.mcap", tmp_path / "b.mcap"
    recorded(path, "top_lift", faults=("scanner_noise:factor=1.5,at_s=10", "guide_friction:factor=1.1"))
    result = with_fault(path, 30.0, "load_cell_frozen:for_s=0.5", record=other, until_s=40.0)
    assert fault_times(result) == [(10.0, True), (30.0, True), (30.5, False)]
    assert result.faults == ("scanner_noise:factor=1.5,at_s=10.0", "guide_friction:factor=1.1")
    assert_same_before(path, other, 30.0)
    assert verify(other).verified


def test_a_fault_acts_in_the_scan_of_the_moment(swaps: dict[str, Path], tmp_path: Path) -> None:
    path, other = swaps["top_lift"], tmp_path / "b.mcap"
    for text, begins_s in (("scanner_blind:for_s=1", 30.0), ("scanner_blind:at_s=30.5,for_s=0.5", 30.5)):
        result = with_fault(path, 30.0, text, record=other, until_s=40.0)
        assert fault_times(result) == [(begins_s, True), (31.0, False)]
        assert verify(other).verified


def test_a_phase_that_has_begun_may_still_bring_a_fault(swaps: dict[str, Path]) -> None:
    path = swaps["top_lift"]
    t_s = command_at(path, "creep_out")["t_s"]  # lift_out begins
    text = "scanner_blind:phase=lift_out,after_s=2,for_s=1"
    early, late = (fault_times(with_fault(path, t_s + s, text, until_s=t_s + 5.0)) for s in (-5.0, 1.0))
    assert late == early
    assert [t for t, _ in late] == pytest.approx([t_s + 2.01, t_s + 3.01])
    with pytest.raises(InputError, match="lies before the beginning of the branch"):
        with_fault(path, t_s + 2.5, text)


@pytest.mark.parametrize("text", ["scanner_blind:at_s=59.98", "wrong_pack:kg=3000", "guide_friction:factor=2"])
def test_what_lies_before_is_refused(text: str, swaps: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="lies before the beginning of the branch|acts from the beginning"):
        with_fault(swaps["top_lift"], 60.0, text)


def test_locks_fail_at_orders_from_then_on(swaps: dict[str, Path]) -> None:
    """The truck's lock has already been commanded to open once; it is commanded to close later."""
    path = swaps["top_lift"]
    at_s = command_at(path, "to_slot")["t_s"]
    assert fault_times(with_fault(path, at_s, "lock_wont_open:tries=1", until_s=at_s + 10.0)) == []
    result = with_fault(path, at_s, "lock_wont_close:tries=1")
    assert [acts for _, acts in fault_times(result)] == [True, False]
    (retry,) = [e["message"] for e in result.events if e["name"] == "retry"]
    assert retry.split(":")[0] == "unlock_again, try 1"


# --------------------------------------------------------------------------------------------- a branch of a branch


@pytest.mark.slow
def test_a_branch_is_branched(swaps: dict[str, Path], tmp_path: Path) -> None:
    path, first, second = swaps["top_lift"], tmp_path / "first.mcap", tmp_path / "second.mcap"
    branched(path, 40.0, Change(timing=half_speed()), record=first)
    assert branched(first, 60.005).end_state_sha256 == end_sha256(first)
    factory = load_timing("factory", "top_lift")
    result = branched(
        first, 60.0, Change(timing=factory, faults=(parse_fault("scanner_blind:for_s=1"),)), record=second
    )
    assert result.branch is not None
    assert [(s.at_s, s.timing.name, len(s.faults)) for s in result.branch.settings] == [
        (40.0, "half", 0),
        (60.0, "factory", 1),
    ]
    assert [o.file for o in (*result.branch.earlier, result.branch.origin)] == ["top_lift.mcap", "first.mcap"]
    assert_same_before(first, second, 60.0)
    assert verify(second).verified


@pytest.mark.slow
def test_before_a_branch_s_moment_its_change_still_comes_unless_it_is_overridden(
    swaps: dict[str, Path], tmp_path: Path
) -> None:
    path, first = swaps["top_lift"], tmp_path / "first.mcap"
    branched(path, 40.0, Change(timing=half_speed()), record=first)
    assert branched(first, 20.0).end_state_sha256 == end_sha256(first)
    factory = load_timing("factory", "top_lift")
    assert branched(first, 20.0, Change(timing=factory)).end_state_sha256 == end_sha256(path)
