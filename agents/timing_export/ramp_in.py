"""From factory to a timing set in steps, each with the times and forces that the twin predicts for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.swap_rows import REDUCED, Series, SwapRow, play
from agents.timing_export.parameters import AXES, QUANTITIES, rows_of
from twin.catalogue import Pack, Station, TimingSet, Truck
from twin.catalogue.schema import MECHANICAL, AxisTiming, PhaseTiming

READY = ("lower", "raise", "rescan")
"""Phases whose blending moves nothing faster: the robot waits elsewhere, the scanner measures at another time."""
MOTION = tuple(f"{quantity}_fraction" for quantity in QUANTITIES)
SETTLING = ("settle_threshold_m", "settle_dwell_s")
CREEP = ("creep_height_m", "creep_speed_mps", "creep_height_per_scatter")


@dataclass(frozen=True)
class Prediction:
    """Key figures of a step's swaps: those of completed ones; NaN without any."""

    swaps: int
    completed: int
    violations: int
    time_median_s: float
    time_p95_s: float
    force_median_n: float
    force_p95_n: float

    def as_plain(self) -> dict[str, Any]:
        """Plain data; NaN as None."""
        numbers = [
            None if np.isnan(value) else value
            for value in (self.time_median_s, self.time_p95_s, self.force_median_n, self.force_p95_n)
        ]
        return {
            "swaps": self.swaps,
            "completed": self.completed,
            "violations": self.violations,
            "mechanical_time_s": {"median": numbers[0], "p95": numbers[1]},
            "peak_lateral_force_n": {"median": numbers[2], "p95": numbers[3]},
        }


@dataclass(frozen=True)
class Step:
    """One step: the timing set to load, and how many parameters it changes."""

    what: str
    timing: TimingSet
    changed: int
    prediction: Prediction


def ramp_in(
    timing: TimingSet,
    factory: TimingSet,
    station: Station,
    truck: Truck,
    pack: Pack,
    seeds: Sequence[int],
    *,
    parking: str = "guided",
    progress: Callable[[str], None] | None = None,
) -> list[Step]:
    """Factory and the steps from it to `timing`, each played on the reduced-order plant.

    What only waits or measures elsewhere comes first, then settling and shapers, speeds in two halves, creep, the
    share of the weight that unlocks, and at last moves without stops and overlaps, in two halves. A step that changes
    nothing is left out.
    """
    steps: list[Step] = []
    before: TimingSet | None = None
    for what, stage in _stages(timing, factory):
        changed = 0 if before is None else _changed(stage, before, station)
        if before is not None and changed == 0:
            continue
        if progress is not None:
            progress(what)
        rows = play(Series(station, truck, pack, stage, parking), REDUCED, seeds)
        steps.append(Step(what, stage, changed, _predict(rows)))
        before = stage
    return steps


def _predict(rows: Sequence[SwapRow]) -> Prediction:
    done = [row for row in rows if row.outcome == "completed"]
    times = np.array([row.mechanical_time_s for row in done] or [np.nan])
    forces = np.array([row.kpis["peak_lateral_force_n"] for row in done] or [np.nan])
    return Prediction(
        len(rows),
        len(done),
        sum(bool(row.violations) for row in rows),
        float(np.median(times)),
        float(np.percentile(times, 95)),
        float(np.median(forces)),
        float(np.percentile(forces, 95)),
    )


def _changed(timing: TimingSet, before: TimingSet, station: Station) -> int:
    """Number of parameters that differ, the plan of slots and order included."""
    pairs = zip(rows_of(timing, station), rows_of(before, station), strict=True)
    return sum(a.value != b.value for a, b in pairs)


def _stages(timing: TimingSet, factory: TimingSet) -> Iterator[tuple[str, TimingSet]]:
    phases = MECHANICAL[timing.kind]
    now = {phase: _explicit(factory.of(phase)) for phase in phases}
    goal = {phase: _explicit(timing.of(phase)) for phase in phases}

    def stage(planning: str) -> TimingSet:
        return factory.model_copy(
            update={"planning": planning, "phases": {name: PhaseTiming.model_validate(of) for name, of in now.items()}}
        )

    def take(names: Sequence[str], share: float = 1.0) -> None:
        for phase in phases:
            _approach(now[phase], goal[phase], names, share)

    yield "factory", stage(factory.planning)
    for phase in phases:
        if phase in READY:
            now[phase]["blending"] = goal[phase]["blending"]
    yield "readiness, scan, plan", stage(timing.planning)
    take((*SETTLING, "shaper", "shaper_frequency_hz"))
    yield "shapers and settling", stage(timing.planning)
    take(MOTION, 0.5)
    yield "half of the speeds", stage(timing.planning)
    take(MOTION)
    yield "speeds", stage(timing.planning)
    take(CREEP)
    yield "creep", stage(timing.planning)
    take(("weight_share",))
    yield "weight before the locks open", stage(timing.planning)
    take(("blending",))
    yield "moves without stops", stage(timing.planning)
    take(("overlap_s",), 0.5)
    yield "half of the overlaps", stage(timing.planning)
    take(("overlap_s",))
    yield timing.name, stage(timing.planning)


def _explicit(of: PhaseTiming) -> dict[str, Any]:
    """A phase's timing with every axis' own values spelled out."""
    plain: dict[str, Any] = {name: getattr(of, name) for name in PhaseTiming.model_fields if name not in AXES}
    for axis in AXES:
        own: AxisTiming = getattr(of, axis) or AxisTiming()
        values: dict[str, Any] = {name: getattr(own, name) or getattr(of, name) for name in MOTION}
        if axis in ("x", "y"):
            values["shaper"] = own.shaper or of.shaper
            hz = own.shaper_frequency_hz if own.shaper is not None else of.shaper_frequency_hz
            values["shaper_frequency_hz"] = hz
        plain[axis] = values
    return plain


def _approach(now: dict[str, Any], goal: dict[str, Any], names: Sequence[str], share: float) -> None:
    """Move the named values of a phase and of its axes towards their goal; words at once."""
    for name in names:
        for here, there in ((now, goal), *((now[axis], goal[axis]) for axis in AXES)):
            if name not in here:
                continue
            number = isinstance(there[name], float) and isinstance(here[name], float)
            here[name] = here[name] + share * (there[name] - here[name]) if number else there[name]
