"""A recording written again with something changed: what verification has to notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin.recording import Header, Recorder, open_recording


def edited(
    source: Path,
    target: Path,
    *,
    header: Callable[[Header], Header] = lambda h: h,
    state: Callable[[float, np.ndarray], None] = lambda t_s, values: None,
    sensors: Callable[[float, np.ndarray], None] = lambda t_s, values: None,
    frames: Callable[[float, np.ndarray], None] = lambda t_s, poses: None,
    command: Callable[[int, dict[str, Any]], None] = lambda number, entry: None,
    keep_samples: int | None = None,
    end: Mapping[str, Any] | None = None,
    sha256: str | None = None,
) -> Path:
    """Copy `source` to `target`; the callables change arrays and entries in place."""
    with open_recording(source) as old:
        states, sensed, poses = old.states(), old.sensors(), old.frames()
        entries = old.commands()
        with Recorder(target, header(old.header)) as new:
            for k, entry in enumerate(entries):
                command(k, entry["command"])
                new.command(entry["t_s"], entry["tick"], entry["command"])
            for k, t_s in enumerate(states.t_s[:keep_samples].tolist()):
                state(t_s, states.values[k])
                sensors(t_s, sensed.values[k])
                frames(t_s, poses.values[k])
                new.state(t_s, poses.values[k], states.values[k])
                new.sensors(t_s, sensed.values[k])
            summary = {**old.summary, **({} if end is None else {"end": end})}
            new.close(old.outcome, old.end_state_sha256 if sha256 is None else sha256, summary)
    return target


def with_configuration(**changes: Any) -> Callable[[Header], Header]:
    """A header with some top-level keys of its configuration replaced; None takes one out."""

    def change(header: Header) -> Header:
        merged = {**header.configuration, **changes}
        return dataclasses.replace(header, configuration={k: v for k, v in merged.items() if v is not None})

    return change
