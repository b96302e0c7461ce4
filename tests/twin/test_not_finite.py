"""States that are not finite: reported by every command that meets them, and never a number in JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from swaptwin import run
from tests.determinism.short_swap import short_swap
from tests.twin.recording.swap.edited_recording import edited
from twin.finite import with_nulls
from twin.recording import open_recording
from twin.recording.verify import verify
from twin.result import SwapResult

WRONG_S = 1.0


@pytest.fixture(scope="module")
def swap(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SwapResult]:
    path = tmp_path_factory.mktemp("finite") / "short.mcap"
    return path, short_swap("top_lift", seed=3, record=path, until_s=1.5)


def from_then_on(change: Callable[[np.ndarray], None]) -> Callable[[float, np.ndarray], None]:
    def at(t_s: float, values: np.ndarray) -> None:
        if t_s > WRONG_S:
            change(values)

    return at


def set_to(index: tuple[int, ...], value: float) -> Callable[[float, np.ndarray], None]:
    return from_then_on(lambda values: values.__setitem__(index, value))


@pytest.mark.parametrize(
    ("what", "index", "value", "topic"),
    [
        ("state", (3,), math.nan, "/state"),
        ("state", (3,), math.inf, "/state"),
        ("sensors", (2,), math.nan, "/sensors"),
        ("frames", (3, 1), math.nan, "/tf"),
        ("frames", (3, 1), -math.inf, "/tf"),
    ],
)
def test_verify_fails_with_one_line(
    what: str,
    index: tuple[int, ...],
    value: float,
    topic: str,
    swap: tuple[Path, SwapResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = edited(swap[0], tmp_path / "wrong.mcap", **{what: set_to(index, value)})  # type: ignore[arg-type]
    assert run(["verify", str(path)]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("result")]
    assert f"of {topic} at 1.020 s" in line
    assert run(["verify", str(path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verified"] is False
    assert said["not_finite"]["topic"] == topic
    with open_recording(path) as recording:
        header = recording.header
    assert said["not_finite"]["field"] in {
        *header.channels,
        *header.sensors,
        *(f"{name}/{part}" for name in header.frame_names for part in ("x_m", "y_m", "z_m")),
    }


def test_a_recording_of_a_swap_that_went_well_has_none(swap: tuple[Path, SwapResult]) -> None:
    report = verify(swap[0])
    assert report.verified
    assert report.as_json()["not_finite"] is None


@pytest.mark.parametrize("all_of_it", [False, True])
def test_replay_shows_what_was_before(
    all_of_it: bool, swap: tuple[Path, SwapResult], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = from_then_on(lambda values: values.fill(math.nan))
    changes = {"frames": set_to((3, 1), math.nan)}
    if all_of_it:
        changes = {"frames": everything, "state": everything, "sensors": everything}
    path = edited(swap[0], tmp_path / "wrong.mcap", **changes)  # type: ignore[arg-type]
    picture = tmp_path / "picture.png"
    assert run(["replay", str(path), "--screenshot", str(picture), "--at", "1.4", "--size", "320x180"]) == 0
    assert picture.stat().st_size > 1000
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"note: {path}: poses that are not finite from 1.02 s on, shown as they were before"


def test_json_of_a_swap_names_what_is_null(swap: tuple[Path, SwapResult]) -> None:
    result = swap[1]
    event = {"t_s": 1.0, "name": "x", "message": "x", "value": math.inf}
    kpis = {**result.kpis, "peak_lateral_force_n": math.nan, "energy_j": np.float64(np.inf)}
    said = dataclasses.replace(result, kpis=kpis, events=(event,)).as_json()
    assert said["kpis"]["peak_lateral_force_n"] is None
    assert said["not_finite"] == ["kpis.peak_lateral_force_n", "kpis.energy_j", "events[0].value"]
    json.dumps(said, allow_nan=False)
    assert "not_finite" not in result.as_json()
    assert with_nulls({"a": [1.0, {"b": -math.inf}]}) == {"a": [1.0, {"b": None}], "not_finite": ["a[1].b"]}
