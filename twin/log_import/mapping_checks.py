"""Checks a mapping file's steps and events against its station and its own signals."""

from __future__ import annotations

from pathlib import Path

from twin.catalogue.explain import hint
from twin.log_import.mapping import Mapping, read_mapping
from twin.log_import.units import allowed, factor
from twin.sequence.tables import TABLES


def load_mapping(path: str | Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        InputError: one line with file, line, key, value and what is allowed.
    """
    mapping = read_mapping(path)
    check_steps(mapping)
    check_events(mapping)
    return mapping


def check_steps(mapping: Mapping) -> None:
    """Check that phases and robots exist, with one sequence for each robot."""
    known = dict.fromkeys(("dock", *(step.phase for step in TABLES[mapping.station.kind]()), "fault", "idle"))
    most = mapping.station.robots.count - 1
    robots: set[int] = set()
    for steps, where in mapping.steps:
        for code, phase in steps.phases.items():
            if phase not in known:
                problem = f"unknown phase{hint(phase, known)}"
                raise mapping.refuse(problem, *where, "phases", code, value=phase, allowed=", ".join(known))
        if steps.robot > most:
            problem = "the station has no such robot"
            raise mapping.refuse(problem, *where, "robot", value=steps.robot, allowed=f"0 to {most}")
        if steps.robot in robots:
            raise mapping.refuse("a robot has one sequence", *where, "robot", value=steps.robot)
        robots.add(steps.robot)


def check_events(mapping: Mapping) -> None:
    """Check that events use signals of the mapping, one limit, and its unit."""
    named = {m.name: m for m in mapping.signals}
    for k, event in enumerate(mapping.file.events):
        where = ("events", k)
        if event.signal not in named:
            raise mapping.refuse(
                f"no signal of this mapping{hint(event.signal, named)}", *where, "signal", value=event.signal,
                allowed=", ".join(named),
            )  # fmt: skip
        if (event.above is None) == (event.below is None):
            raise mapping.refuse("needs either above or below", *where)
        dimension = named[event.signal].target.dimension
        if event.unit is not None and factor(event.unit, dimension) is None:
            raise mapping.refuse("unknown unit", *where, "unit", value=event.unit, allowed=allowed(dimension))
