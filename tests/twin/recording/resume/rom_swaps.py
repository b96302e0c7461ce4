"""Recorded swaps to go on from: whole ones on the reduced-order plant, with short fixed times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swaptwin import run
from tests.determinism.short_swap import setup_and_timing, stop_at
from twin.faults import parse_fault
from twin.recording import open_recording
from twin.recording.resume.begin import begin_from
from twin.recording.resume.exchange import BranchedSwap
from twin.recording.resume.moment import Change
from twin.recording.swap import SwapRecorder
from twin.result import SwapResult
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin

STATIONS = ("top_lift", "chassis")


def recorded(path: Path, station: str, *, plant: str = "rom", faults: tuple[str, ...] = (), **deciders: Any) -> Path:
    """A whole swap of seed 1."""
    setup, timing = setup_and_timing(station)
    given = [parse_fault(text) for text in faults]
    twin = SwapTwin(setup, timing, given, make_runner=runner_maker(plant), **deciders)
    with SwapRecorder(path, twin) as recorder:
        recorder.finish(twin.run())
    twin.close()
    return path


def no_policy(what: str, name: str) -> Any:
    """Where no policy is to be asked for anything."""
    pytest.fail(f"{what} policy {name} was asked for")


def branched(
    path: Path,
    at_s: float,
    change: Change | None = None,
    *,
    record: Path | None = None,
    load: Any = no_policy,
    until_s: float = np.inf,
) -> SwapResult:
    """The swap that goes on from a recorded moment, to the first decision after `until_s`."""
    moment = begin_from(path, at_s)
    try:
        swap = moment.begin(moment.branch(change or Change()), load)
        swap.twin.run = lambda: stop_at(swap.twin, until_s)  # type: ignore[method-assign]
        try:
            return swap.run() if record is None else _recorded(swap, record)
        finally:
            swap.close()
    finally:
        moment.close()


def _recorded(swap: BranchedSwap, path: Path) -> SwapResult:
    with SwapRecorder(path, swap.twin) as recorder:
        result = swap.run()
        recorder.finish(result)
    return result


def run_json(words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `swaptwin WORDS --json` says."""
    assert run([*words.split(), "--json"]) in (0, 1)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def end_sha256(path: Path) -> str:
    with open_recording(path) as recording:
        return recording.end_state_sha256


def commands_of(path: Path, start_s: float | None = None) -> list[dict[str, Any]]:
    with open_recording(path) as recording:
        return recording.commands(start_s)


def command_at(path: Path, step: str) -> dict[str, Any]:
    """The first recorded command of a step."""
    return next(c for c in commands_of(path) if c["command"]["step"] == step)


def assert_same_before(one: Path, other: Path, before_s: float) -> None:
    """Every sample and entry before a time is the same."""
    with open_recording(one) as a, open_recording(other) as b:
        end_s = before_s - 1e-3
        for read in ("states", "sensors", "frames"):
            first, second = getattr(a, read)(None, end_s), getattr(b, read)(None, end_s)
            assert len(first.t_s) or before_s == 0.0
            np.testing.assert_array_equal(first.t_s, second.t_s)
            np.testing.assert_array_equal(first.values, second.values)
        for read in ("commands", "phases", "events", "violations"):
            assert getattr(a, read)(None, end_s) == getattr(b, read)(None, end_s)
