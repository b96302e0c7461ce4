"""An insertion from hover as a recording: re-run to the last bit, drawn at the robot that works, refused if damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.determinism.short_swap import setup_and_timing
from tests.twin.recording.swap.edited_recording import edited, with_configuration
from twin.alignment.episode import AlignmentTwin
from twin.alignment.hover import Hover
from twin.alignment.result import AlignmentResult
from twin.alignment.servo import VisualServo
from twin.catalogue.plain import tuples
from twin.errors import InputError
from twin.recording import Header, open_recording
from twin.recording.swap import Configuration, SwapRecorder
from twin.recording.verify import verify
from twin.viewer.director import cuts
from twin.viewer.hud.model import title_of
from twin.viewer.scene.work import work_at
from twin.viewer.source import Source

STATIONS = ("top_lift", "chassis")
LOW_M = 0.12
"""A short way down: over the pins already, so that a test takes seconds."""


def insertion(station: str, path: Path, *, most: int = 400) -> AlignmentResult:
    """The last job's insertion by the servo, recorded; given up after `most` decisions."""
    setup, _ = setup_and_timing(station, seed=3)
    hover = Hover(job=len(setup.jobs) - 1, height_m=LOW_M, off_x_m=0.004, off_y_m=-0.003)
    twin, servo, taken = AlignmentTwin(setup, hover, policies={"align": "baseline"}), VisualServo(), 0
    try:
        with SwapRecorder(path, twin) as recorder:
            twin.begin()
            while twin.running and taken < most:
                twin.advance(servo.speeds(twin.look()))
                taken += 1
            twin.program.end(0, "time_limit", "")
            result = twin.result()
            recorder.finish(result)
        return result
    finally:
        twin.close()


@pytest.fixture(scope="module", params=STATIONS)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AlignmentResult]:
    path = tmp_path_factory.mktemp("alignment") / f"{request.param}.mcap"
    return path, insertion(request.param, path)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some decisions only, at the station with two robots: the job is the second one's."""
    path = tmp_path_factory.mktemp("alignment") / "short.mcap"
    insertion("chassis", path, most=8)
    return path


def test_it_re_runs_to_the_last_bit(recorded: tuple[Path, AlignmentResult]) -> None:
    path, result = recorded
    assert result.outcome == "seated"
    report = verify(path)
    assert report.verified
    assert report.warnings == []
    assert report.outcome == "seated"
    assert report.rerun_sha256 == report.end_state_sha256 == result.end_state_sha256
    assert report.commands > 20 * 0.9 * result.time_s


def test_setpoints_are_commands_at_20_hz(short: Path) -> None:
    with open_recording(short) as opened:
        follows = [c for c in opened.commands() if c["command"]["fields"]["follow"]]
    ticks = np.array([c["tick"] for c in follows])
    assert [c["command"]["fields"]["follow"] for c in follows] == [1, *[2] * 8]
    np.testing.assert_array_equal(np.diff(ticks[1:]), 25)


def test_given_up_it_verifies_too(short: Path) -> None:
    report = verify(short)
    assert report.verified
    assert report.outcome == "time_limit"
    assert report.rerun_sha256 == report.end_state_sha256


def test_its_header_says_all(recorded: tuple[Path, AlignmentResult]) -> None:
    path, result = recorded
    with open_recording(path) as opened:
        plain, summary = opened.header.configuration, opened.summary
    assert plain["kind"] == "alignment"
    assert plain["policies"] == {"align": "baseline"}
    configuration = Configuration.from_plain(plain, path)
    assert configuration.hover == result.hover
    assert tuples(configuration.as_plain()) == tuples(plain)
    said = summary["result"]
    assert (said["outcome"], said["end_state_sha256"]) == ("seated", result.end_state_sha256)
    assert said["kpis"]["seat_error_m"] < 0.005
    assert {phase["name"] for phase in said["phases"]} == {"rescan", "insert"}


def test_it_is_drawn_at_the_robot_that_works(short: Path) -> None:
    with Source(short) as source:
        hover = source.recording.header.configuration["hover"]
        job = source.layout.jobs[hover["job"]]
        assert source.layout.robot == job.robot == 1
        snapshot = source.snapshot(source.end_s)
        assert work_at(source.layout, snapshot).seat == source.layout.seats[job.truck_seat].name
        assert any(view == "seat" for _, view in cuts(source.phases, 0.0, 30.0, 1.0))
        assert ("align policy", "baseline") in title_of(source).fields


def test_seated_looks_like_a_success(recorded: tuple[Path, AlignmentResult]) -> None:
    with Source(recorded[0]) as source:
        assert [(badge.text, badge.look) for badge in title_of(source).badges] == [("SEATED", "good")]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (with_configuration(hover=None), "hover"),
        (with_configuration(hover={"job": 5}), "hover.job"),
        (with_configuration(hover={"job": "0"}), "hover.job"),
        (with_configuration(hover={"height_m": 9.0}), "hover.height_m"),
        (with_configuration(faults=["estop:at_s=1"]), "faults"),
        (with_configuration(policies="baseline"), "policies"),
    ],
)
def test_a_damaged_configuration_is_refused(
    short: Path, tmp_path: Path, header: Callable[[Header], Header], words: str
) -> None:
    path = edited(short, tmp_path / "a.mcap", header=header)
    with pytest.raises(InputError, match=words):
        verify(path)


def test_another_hover_is_another_insertion(short: Path, tmp_path: Path) -> None:
    def higher(header: Header) -> Header:
        hover = {**header.configuration["hover"], "height_m": 2.0 * LOW_M}
        return with_configuration(hover=hover)(header)

    report = verify(edited(short, tmp_path / "a.mcap", header=higher))
    assert report.first_difference is not None
    assert report.first_difference.t_s == 0.0
