"""Result of a swap: outcome, times, key figures, violations and events."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.catalogue.schema import MECHANICAL, FixedTimes
from twin.finite import with_nulls
from twin.incident import amounts
from twin.monitor import INVARIANTS, MEASURED
from twin.records import BUSY, TRIP
from twin.runner.single import Runner
from twin.sequence.decisions import inserted
from twin.sequence.program import PhaseSpan, Program
from twin.setup.ratings import DriveLoad, total
from twin.setup.setup import SwapSetup

if TYPE_CHECKING:
    from twin.recording.swap.settings import Branch


@dataclass(frozen=True)
class SwapResult:
    """Results of a swap; `as_json` gives the public JSON object."""

    setup: SwapSetup
    plant: str
    timing: str
    outcome: str
    cycle_time_s: float
    """Values up to the end of the swap, like `mechanical_time_s` and `kpis`; for one that failed use `figures`."""
    mechanical_time_s: float
    lower_bound_s: float | None
    procedure_bound_s: float | None
    """Bounds of the mechanical time (`twin.bounds`); None for a swap that began in the middle of one."""
    phases: tuple[PhaseSpan, ...]
    kpis: dict[str, float | int]
    violations: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    end_state_sha256: str
    recording: str | None = None
    faults: tuple[str, ...] = ()
    insert_attempts: tuple[int, ...] = ()
    """Attempted insertions into the truck, by pack."""
    policies: dict[str, str] = field(default_factory=dict)
    """Deciders besides the timing set, by decision: `{"timing": "zvd", "align": "baseline"}`."""
    branch: Branch | None = None
    """For a swap that went on from a recorded moment: then timing, faults and policies are those of its beginning."""
    faults_not_acted: tuple[str, ...] = ()
    """Faults that were to be injected, those of a branch among them, but never acted."""
    not_reached: frozenset[str] = frozenset()
    """Key figures that were not measured, because the swap ended before; `kpis` has their initial values."""
    drives: dict[str, DriveLoad] = field(default_factory=dict)
    """Load of each axis' drive until the swap's end, by axis."""

    @property
    def completed(self) -> bool:
        return self.outcome == "completed"

    @property
    def figures(self) -> dict[str, float | int | None]:
        """Times and key figures to report: None where the value of a failed swap would mislead.

        Peaks, energy and displacement so far are valid for any swap. The times, and their ratios to the bounds, are
        reported for a whole swap only.
        """
        whole = self.completed
        return {
            "mechanical_time_s": self.mechanical_time_s if whole else None,
            "cycle_time_s": self.cycle_time_s if whole else None,
            "ratio_kinematic": self._ratio(self.lower_bound_s),
            "ratio_procedure": self._ratio(self.procedure_bound_s),
            **{name: None if name in self.not_reached else value for name, value in self.kpis.items()},
            "electric_energy_j": self.electric_energy_j,
        }

    @property
    def electric_energy_j(self) -> float | None:
        """Energy that the drives took from the mains, less what they fed back; None if an axis has no motor data."""
        return total(load.electric_energy_j for load in self.drives.values())

    @property
    def drive_cost_eur(self) -> float | None:
        """Price class of all drives of the station; None if an axis has no motor data."""
        return total(load.cost_eur for load in self.drives.values())

    def _ratio(self, bound_s: float | None) -> float | None:
        return self.mechanical_time_s / bound_s if self.completed and bound_s else None

    @property
    def plan(self) -> list[dict[str, Any]]:
        """The exchanges that were planned, in order: seats by name, robots counted from 0."""
        seats = self.setup.seats
        return [
            {
                "seat": seats[job.truck_seat].name,
                "out_to": seats[job.put_seat].name,
                "out_by": job.robot,
                "in_from": seats[job.take_seat].name,
                "in_by": job.in_robot,
            }
            for job in self.setup.jobs
        ]

    def as_json(self) -> dict[str, Any]:
        """The public JSON object, with robot and job (counted from 0) beside each phase.

        A number that is not finite is None, and its key is listed in `not_finite`, which is absent otherwise.
        """
        figures = self.figures
        said = {
            "station": self.setup.station.name,
            "truck": self.setup.truck.name,
            "pack": self.setup.pack.name,
            "plant": self.plant,
            "seed": self.setup.seed,
            "parking": self.setup.parking,
            "conditions": self.setup.variation.conditions,
            "timing": self.timing,
            "faults": list(self.faults),
            "faults_not_acted": list(self.faults_not_acted),
            **{f"{what}_policy": name for what, name in self.policies.items()},
            "outcome": self.outcome,
            "cycle_time_s": figures["cycle_time_s"],
            "mechanical_time_s": figures["mechanical_time_s"],
            "lower_bound_s": self.lower_bound_s,
            "procedure_bound_s": self.procedure_bound_s,
            "plan": self.plan,
            "phases": [
                {"name": s.name, "start_s": s.start_s, "end_s": s.end_s, "robot": s.robot, "job": s.job}
                for s in self.phases
            ],
            "kpis": {name: figures[name] for name in (*self.kpis, "electric_energy_j")},
            "drives": {axis: load.as_json() for axis, load in self.drives.items()},
            "violations": list(self.violations),
            "events": list(self.events),
            "end_state_sha256": self.end_state_sha256,
            "recording": self.recording,
            **({"branch": self.branch.as_json()} if self.branch is not None else {}),
            **({"docking": self.setup.docking.as_json()} if self.setup.docking is not None else {}),
        }
        return with_nulls(said)


def finished_phases(
    program: Program, setup: SwapSetup, n: int = 0, begin_s: float | None = None
) -> tuple[tuple[PhaseSpan, ...], float, float]:
    """(phases, mechanical time, cycle time) of world `n`; exit takes its fixed time, dock too unless driven.

    The clock starts when the truck stands: docking ends at 0. A swap that began in the middle of one, at `begin_s`, has
    no docking, and its times are those from there on.
    """
    times = setup.station.times
    spans = [PhaseSpan("dock", -setup.dock_s, 0.0, 0, 0)] if begin_s is None else []
    clock_s = setup.dock_s if begin_s is None else -begin_s  # cycle time beyond the clock
    completed = program.outcome[n] == "completed"
    for span in program.spans[n]:
        span = replace(span, end_s=end_of(span, times))
        if span.end_s > span.start_s:
            spans.append(span)
    names = MECHANICAL[setup.station.kind]
    robotic = [s for s in spans if s.name in names]
    mechanical = max(s.end_s for s in robotic) - min(s.start_s for s in robotic) if robotic else 0.0
    cycle = (max(s.end_s for s in spans) if completed else program.time_s(n)) + clock_s
    return tuple(spans), mechanical, cycle


def end_of(span: PhaseSpan, times: FixedTimes) -> float:
    """End of a phase, in s: the truck's exit takes its fixed time and is not simulated to its end."""
    return span.start_s + times.exit_s if span.name == "exit" else span.end_s


def kpis_of(runner: Runner, program: Program, n: int) -> dict[str, float | int]:
    """Key figures of world `n`."""
    w = runner.worlds[n]
    new_packs = [job.new_pack for job in program.setup.jobs]
    offsets = w["truth"]["pack_offset_m"][new_packs, :2]
    return {
        "peak_sway_rad": float(w["truth"]["peak_sway_rad"]),
        "peak_sway_m": float(w["truth"]["peak_sway_m"]),
        "residual_sway_rad": float(w["kpis"]["residual_sway_rad"]),
        "residual_sway_m": float(w["kpis"]["residual_sway_m"]),
        "peak_lateral_force_n": float(w["kpis"]["peak_lateral_n"]),
        "peak_axial_force_n": float(w["kpis"]["peak_axial_n"]),
        "seat_error_m": float(np.hypot(offsets[:, 0], offsets[:, 1]).max()),
        "insert_attempts": int(insertions(runner, program, n).max()),
        "energy_j": float(w["truth"]["energy_j"]),
        "truck_displacement_m": float(w["kpis"]["truck_displacement_m"]),
    }


def insertions(runner: Runner, program: Program, n: int) -> np.ndarray:
    """(jobs,) insertions into the truck that were begun in world `n`, including one in progress or cut off."""
    begun = program.insert_attempts[n].copy()
    for r, queue in enumerate(program.queue):
        under_way = not program.waiting[n, r] and runner.worlds["control"]["status"][n, r] in (BUSY, TRIP)
        if under_way and program.table[program.step[n, r]].then is inserted:
            begun[queue[program.place[n, r]]] += 1
    return begun


def not_reached(runner: Runner, program: Program, n: int) -> frozenset[str]:
    """Key figures of world `n` that a failed swap did not reach."""
    if program.outcome[n] == "completed":
        return frozenset()
    w, jobs = runner.worlds[n], program.setup.jobs
    names = set()
    if any(w["truth"]["locked"][job.truck_seat] != job.new_pack for job in jobs):
        names.add("seat_error_m")  # a pack that still stands in its slot is seated there
    if not w["kpis"]["residual_sway_m"] and not w["kpis"]["residual_sway_rad"]:
        names |= {"residual_sway_m", "residual_sway_rad"}  # no pack was put down anywhere
    if not any(span.name == "insert" for span in program.spans[n]):
        names.add("insert_attempts")
    return frozenset(names)


def violations_of(world: Any, setup: SwapSetup) -> tuple[dict[str, Any], ...]:
    """Violations found by the independent monitor."""
    return tuple(_violation(world, setup, i) for i in range(1, len(INVARIANTS)) if world["monitor"]["violation"][i])


def _violation(world: Any, setup: SwapSetup, i: int) -> dict[str, Any]:
    """Invariant `i`: its sentence, first time, number of scans, worst value and exceeded limit."""
    quantity, unit = MEASURED[int(world["monitor"]["violation_measured"][i])]
    worst, limit = float(world["monitor"]["violation_value"][i]), float(world["monitor"]["violation_limit"][i])
    said, value_or_none = INVARIANTS[i], worst if math.isfinite(worst) else None
    facts: dict[str, Any] = {"invariant": i}
    if value_or_none is None:  # JSON has no NaN
        said += ": the state is not finite"
        facts |= {"quantity": "state", "unit": ""}
    elif quantity == "seat":
        facts["seat_name"] = setup.seats[int(worst)].name
        said += f": {facts['seat_name']}"
    elif quantity:
        value, most = amounts((worst, limit), unit)
        said += f": {quantity.replace('_', ' ')} {value}" + (f", limit {most}" if limit else "")
        facts |= {"quantity": quantity, "unit": unit, **({"limit": limit} if limit else {})}
    times = {
        "t_s": float(world["monitor"]["violation_t_s"][i]),
        "scans": int(world["monitor"]["violation"][i]),
        "worst": value_or_none,
    }
    return {**facts, "message": said, **times}
