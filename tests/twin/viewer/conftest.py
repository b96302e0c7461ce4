"""Recordings for the viewer's tests: the first half of a real swap at each station, and one that is made up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.determinism.short_swap import short_swap
from tests.twin.viewer.imported import imported
from twin.recording import Recorder, open_recording


@pytest.fixture(scope="session")
def top_lift_swap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """22 s of a real swap: lower, grip, unlock."""
    path = tmp_path_factory.mktemp("top_lift") / "top_lift.mcap"
    short_swap("top_lift", 1, record=path, until_s=22.0)
    return path


@pytest.fixture(scope="session")
def chassis_swap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 s of a real swap of two robots."""
    path = tmp_path_factory.mktemp("chassis") / "chassis.mcap"
    short_swap("chassis", 1, record=path, until_s=8.0)
    return path


PHASES = (("lower", 0.0, 6.0), ("grip", 6.0, 9.0), ("insert", 9.0, 15.0), ("insert", 15.0, 22.0), ("lock", 22.0, 26.0))
EVENTS = (
    (15.0, "retry", "warning", "backs off and measures again"),
    (24.5, "trip", "error", "lateral force above the limit"),
    (25.0, "outcome", "info", "jam"),
)


def made_up(source: Path, target: Path, stretch: float = 1.0, close: bool = True) -> Path:
    """A recording in the words of `source` whose phases and events are known; `stretch` makes it slower.

    The truck's frame moves along x by 0.1 m a second, so that a picture or a value tells the time.
    """
    with open_recording(source) as real:
        header = real.header
        frames, values, sensors = real.frames().values, real.states().values, real.sensors().values
    truck = header.frame_names.index("truck")
    recorder = Recorder(target, header)
    entries = [(s * stretch, "phase", {"name": n, "state": "start", "robot": 0, "job": 0}) for n, s, _ in PHASES]
    entries += [
        (e * stretch, "phase", {"name": n, "state": "end", "robot": 0, "job": 0, "start_s": s * stretch})
        for n, s, e in PHASES
    ]
    entries += [(t * stretch, "event", {"name": n, "level": lv, "message": m}) for t, n, lv, m in EVENTS]
    entries.sort(key=lambda entry: (entry[0], entry[2].get("state") != "end"))
    for k in range(round(26.0 * stretch * 50) + 1):
        t_s = k / 50.0
        while entries and entries[0][0] <= t_s + 1e-9:
            at, kind, entry = entries.pop(0)
            (recorder.phase if kind == "phase" else recorder.event)(at, entry)
        row = min(k, len(frames) - 1)
        poses = np.array(frames[row])
        poses[truck, 0] = t_s / 10.0
        recorder.state(t_s, poses, values[row])
        recorder.sensors(t_s, sensors[row])
    if close:
        recorder.close("jam", "", {})
    return target


@pytest.fixture(scope="session")
def made_up_swap(top_lift_swap: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """26 s with a retry at 15 s, a trip at 24.5 s and the outcome "jam"; the truck moves 0.1 m a second along x."""
    return made_up(top_lift_swap, tmp_path_factory.mktemp("made_up") / "made_up.mcap")


@pytest.fixture(scope="session")
def slower_swap(top_lift_swap: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up swap, 1.25 times slower."""
    return made_up(top_lift_swap, tmp_path_factory.mktemp("slower") / "slower.mcap", stretch=1.25)


@pytest.fixture(scope="session")
def imported_log(top_lift_swap: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 s of a station's log with measured sway and load, a gap from 6 to 9 s and a fault at 13 s."""
    return imported(top_lift_swap, tmp_path_factory.mktemp("imported") / "log.mcap")


@pytest.fixture(scope="session")
def poor_log(top_lift_swap: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of a station that measures neither sway nor load."""
    return imported(top_lift_swap, tmp_path_factory.mktemp("poor") / "poor.mcap", sway=False, load=False)


@pytest.fixture(scope="session")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the virtual display keeps its pixels (`tests.twin.viewer.screen`)."""
    return tmp_path_factory.mktemp("screens")


@pytest.fixture(scope="session")
def display(screens: Path) -> Iterator[str]:
    """The name of a virtual display of its own."""
    screen = ["-screen", "0", "1280x800x24", "-fbdir", str(screens)]
    process = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", "1", *screen, "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield f":{process.stdout.readline().strip()}"
    process.terminate()
    process.wait(timeout=20)
