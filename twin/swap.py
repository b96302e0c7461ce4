"""SwapTwin: one swap from its parts, and what it says at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.catalogue.schema import MECHANICAL, FixedTimes, TimingSet
from twin.faults import Fault, FaultPlayer, faulty_cell
from twin.finite import with_nulls
from twin.incident import amounts
from twin.monitor import INVARIANTS, MEASURED
from twin.records import BUSY, TRIP
from twin.runner.kinds import MakeRunner, bullet_runner
from twin.runner.single import Hook, Runner
from twin.sequence.decisions import inserted
from twin.sequence.program import PhaseSpan, Program
from twin.sequence.tables import TABLES
from twin.sequence.timing import timing_table
from twin.setup.cell import Cell

if TYPE_CHECKING:
    from twin.alignment.aligner import MakeDecider
    from twin.branch.settings import Branch

TimingDecider = Callable[["SwapTwin", int, int, int, str], "np.void | np.ndarray"]
"""Called with the swap, world, robot, job and phase; gives a record of `twin.sequence.timing.TIMING`."""


@dataclass(frozen=True)
class SwapResult:
    """Everything a swap tells; `as_json` gives the design's object."""

    cell: Cell
    plant: str
    timing: str
    outcome: str
    cycle_time_s: float
    """As far as the swap came, as `mechanical_time_s` and `kpis`: `figures` has what may be told of one that failed."""
    mechanical_time_s: float
    lower_bound_s: float | None
    """None of a swap that began in the middle of one."""
    phases: tuple[PhaseSpan, ...]
    kpis: dict[str, float | int]
    violations: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    end_state_sha256: str
    recording: str | None = None
    faults: tuple[str, ...] = ()
    insert_attempts: tuple[int, ...] = ()
    """Insertions into the truck that were tried, by pack."""
    policies: dict[str, str] = field(default_factory=dict)
    """What decided beside the timing set, by what it decided: `{"timing": "zvd", "align": "baseline"}`."""
    branch: Branch | None = None
    """Of a swap that went on from a recorded moment: then timing, faults and policies are those of its beginning."""
    faults_not_acted: tuple[str, ...] = ()
    """Faults that were to be injected, those of a branch among them, and never had anything to act on."""
    not_reached: frozenset[str] = frozenset()
    """Key figures of which nothing was measured, because the swap ended before; `kpis` has what they were at first."""

    @property
    def completed(self) -> bool:
        return self.outcome == "completed"

    @property
    def figures(self) -> dict[str, float | int | None]:
        """Times and key figures as they may be told: None where the value at which a failed swap ended would mislead.

        Peaks, energy and displacement so far say what they say of any swap. The times, and their ratio, are those of a
        whole swap or nothing.
        """
        whole = self.completed
        return {
            "mechanical_time_s": self.mechanical_time_s if whole else None,
            "cycle_time_s": self.cycle_time_s if whole else None,
            "ratio": self.mechanical_time_s / self.lower_bound_s if whole and self.lower_bound_s else None,
            **{name: None if name in self.not_reached else value for name, value in self.kpis.items()},
        }

    def as_json(self) -> dict[str, Any]:
        """The design's JSON object (section 8), with robot and job (counted from 0) beside each phase.

        A number that is not finite is None, and its key stands in `not_finite`, which else is not there.
        """
        figures = self.figures
        said = {
            "station": self.cell.station.name,
            "truck": self.cell.truck.name,
            "pack": self.cell.pack.name,
            "plant": self.plant,
            "seed": self.cell.seed,
            "parking": self.cell.parking,
            "conditions": self.cell.variation.conditions,
            "timing": self.timing,
            "faults": list(self.faults),
            "faults_not_acted": list(self.faults_not_acted),
            **{f"{what}_policy": name for what, name in self.policies.items()},
            "outcome": self.outcome,
            "cycle_time_s": figures["cycle_time_s"],
            "mechanical_time_s": figures["mechanical_time_s"],
            "lower_bound_s": self.lower_bound_s,
            "phases": [
                {"name": s.name, "start_s": s.start_s, "end_s": s.end_s, "robot": s.robot, "job": s.job}
                for s in self.phases
            ],
            "kpis": {name: figures[name] for name in self.kpis},
            "violations": list(self.violations),
            "events": list(self.events),
            "end_state_sha256": self.end_state_sha256,
            "recording": self.recording,
            **({"branch": self.branch.as_json()} if self.branch is not None else {}),
            **({"docking": self.cell.docking.as_json()} if self.cell.docking is not None else {}),
        }
        return with_nulls(said)


class SwapTwin:
    """One swap: a cell, a runner, the sequence, a timing set and the faults that are injected.

    Or a batch of swaps, where `make_runner` gives a runner of several cells: they share station, truck and packs, and
    the first is `cell`. Faults and aligners act on single swaps only.
    """

    def __init__(
        self,
        cell: Cell,
        timing: TimingSet,
        faults: Sequence[Fault] = (),
        *,
        make_runner: MakeRunner = bullet_runner,
        timing_decider: TimingDecider | None = None,
        aligner: MakeDecider | None = None,
        policies: Mapping[str, str] | None = None,
        branch: Branch | None = None,
    ) -> None:
        """A swap that is ready to run.

        Args:
            make_runner: `make_runner(cell)` builds plant and runner; those of the reference plant when left out.
            timing_decider: gives the TIMING row of each mechanical phase that a robot enters, in place of the timing
                set's; each is noted as an event.
            aligner: gives the decider of a robot's setpoints: with it insertions into the truck go to hover and follow
                those from there on, instead of the timing set's moves.
            policies: names of what decides, for the result.
            branch: settings that are exchanged while it runs. Its faults join by themselves; who exchanges the rest is
                `twin.branch.exchange`.

        Raises:
            InputError: a fault that this cell cannot have.
        """
        cell = faulty_cell(cell, faults)
        self.cell, self.timing, self.faults = cell, timing, tuple(faults)
        start = branch.start if branch is not None else None
        self.runner = make_runner(cell) if start is None else make_runner(cell, worlds=start.new_world(cell))
        self.cells: tuple[Cell, ...] = tuple(self.runner.cells)
        if len(self.cells) > 1 and (faults or aligner is not None):
            raise ValueError("faults and aligners act on single swaps, not on a batch")
        self._watchers: tuple[Hook, ...] = ()
        self._aligner: Hook | None = None
        kind = cell.station.kind
        rows = np.repeat(timing_table(timing, kind)[None, :], len(self.runner.worlds), axis=0)
        self.program = Program(self.runner, cell, TABLES[kind](), rows, MECHANICAL[kind])
        if aligner is not None:
            from twin.alignment.aligner import Aligner

            self.align_by(Aligner(cell, self.runner, self.program, aligner))
        self.policies, self.branch = dict(policies or {}), branch
        if start is not None:
            start.enter(self.program)
        self.time_by(timing_decider)
        added = branch.added_faults if branch is not None else ()
        self._player: FaultPlayer | None = None
        if faults or added:
            self._player = player = FaultPlayer(faults, cell, added=added)
            player.on_change = self._note_fault
            if player.acts_from(self.program.time_s(0)):
                self.runner.disturb = player.before_scan
            else:
                self.watch(player.after_scan)

    def set_timing(self, timing: TimingSet) -> None:
        """Every command that begins from now on moves by this set; one that runs goes on as it is."""
        self.program.timing[:] = timing_table(timing, self.cell.station.kind)

    def time_by(self, decider: TimingDecider | None) -> None:
        """Who is asked for the timing of each mechanical phase that is entered from now on; None: nobody."""
        self.program.ask_timing = decider is not None
        self.program.decide = None
        if decider is not None:
            self.program.decide = lambda ask: decider(self, ask.world, ask.robot, ask.job, ask.phase)

    def align_by(self, decide: Hook | None) -> None:
        """Insertions that begin from now on follow the setpoints of `decide`, a runner's; None: moves as all others."""
        from twin.alignment.steps import exchange_table

        exchange_table(self.program, setpoints=decide is not None)
        self._aligner = decide
        self.runner.decide = decide if not self._watchers else self._after_scan

    def watch(self, hook: Hook) -> None:
        """Call `hook` with the runner after each PLC scan, before anything is decided on what the scan has brought."""
        self._watchers = (*self._watchers, hook)
        self.runner.decide = self._after_scan

    def unwatch(self, hook: Hook) -> None:
        """The end of `watch`; on the reduced-order plant nobody who looks at its scans means a swap in milliseconds."""
        self._watchers = tuple(one for one in self._watchers if one != hook)
        self.runner.decide = self._after_scan if self._watchers else self._aligner

    def _after_scan(self, runner: Runner) -> None:
        for hook in self._watchers:
            hook(runner)
        if self._aligner is not None:
            self._aligner(runner)

    def _note_fault(self, fault: Fault, acts: bool) -> None:
        self.program.event(0, "fault", f"{fault.text} {'acts' if acts else 'is over'}", fault=fault.text, acts=acts)

    def run(self) -> SwapResult:
        """Run to the end and give the result."""
        self.program.run()
        for fault in self._not_acted:
            message = f"{fault.text} never acted: the swap ended before anything that it acts on came"
            self.program.event(0, "fault_never_acted", message, fault=fault.text)
        return self.result()

    @property
    def _not_acted(self) -> tuple[Fault, ...]:
        return self._player.not_acted if self._player is not None else ()

    def results(self) -> list[SwapResult]:
        """The results of a batch that has ended, a swap each, in the order of its cells."""
        return [self.result(n) for n in range(len(self.cells))]

    def result(self, n: int = 0) -> SwapResult:
        """The result of a swap that has ended; of a batch: of its world `n`."""
        from twin.lower_bound import lower_bound_s

        program, cell = self.program, self.cells[n]
        begin_s = self.branch.begin_s if self.branch is not None and self.branch.start is not None else None
        phases, mechanical, cycle = finished_phases(program, cell, n, begin_s)
        return SwapResult(
            cell=cell,
            plant=self.runner.name,
            timing=self.timing.name,
            outcome=program.outcome[n],
            cycle_time_s=cycle,
            mechanical_time_s=mechanical,
            lower_bound_s=lower_bound_s(cell) if begin_s is None else None,
            phases=phases,
            kpis=kpis_of(self.runner, program, n),
            violations=violations_of(self.runner.worlds[n], cell),
            events=tuple(program.events[n]),
            end_state_sha256=self.runner.state_sha256(n),
            faults=tuple(fault.text for fault in self.faults),
            insert_attempts=tuple(program.insert_attempts[n].tolist()),
            policies=self.policies,
            branch=self.branch,
            faults_not_acted=tuple(fault.text for fault in self._not_acted),
            not_reached=not_reached(self.runner, program, n),
        )

    def close(self) -> None:
        """Free the plant."""
        self.runner.close()


def finished_phases(
    program: Program, cell: Cell, n: int = 0, begin_s: float | None = None
) -> tuple[tuple[PhaseSpan, ...], float, float]:
    """(phases, mechanical time, cycle time) of world `n`; exit takes its fixed time, dock too unless driven.

    The clock starts when the truck stands: docking ends at 0. A swap that began in the middle of one, at `begin_s`, has
    no docking, and its times are those from there on.
    """
    times = cell.station.times
    spans = [PhaseSpan("dock", -cell.dock_s, 0.0, 0, 0)] if begin_s is None else []
    clock_s = cell.dock_s if begin_s is None else -begin_s  # what the cycle has on top of the clock
    completed = program.outcome[n] == "completed"
    for span in program.spans[n]:
        span = replace(span, end_s=end_of(span, times))
        if span.end_s > span.start_s:
            spans.append(span)
    names = MECHANICAL[cell.station.kind]
    robotic = [s for s in spans if s.name in names]
    mechanical = max(s.end_s for s in robotic) - min(s.start_s for s in robotic) if robotic else 0.0
    cycle = (max(s.end_s for s in spans) if completed else program.time_s(n)) + clock_s
    return tuple(spans), mechanical, cycle


def end_of(span: PhaseSpan, times: FixedTimes) -> float:
    """When a phase ends, in s: the truck's exit takes its fixed time, which nobody simulates to its end."""
    return span.start_s + times.exit_s if span.name == "exit" else span.end_s


def kpis_of(runner: Runner, program: Program, n: int) -> dict[str, float | int]:
    """Key figures of world `n` (design, section 8)."""
    w = runner.worlds[n]
    new_packs = [job.new_pack for job in program.cell.jobs]
    offsets = w["truth"]["pack_offset_m"][new_packs, :2]
    return {
        "peak_sway_rad": float(w["kpis"]["peak_sway_rad"]),
        "peak_sway_m": float(w["kpis"]["peak_sway_m"]),
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
    """(jobs,) insertions into the truck that were begun in world `n`, one that is under way or was cut off included."""
    begun = program.insert_attempts[n].copy()
    for r, queue in enumerate(program.queue):
        under_way = not program.waiting[n, r] and runner.worlds["control"]["status"][n, r] in (BUSY, TRIP)
        if under_way and program.table[program.step[n, r]].then is inserted:
            begun[queue[program.place[n, r]]] += 1
    return begun


def not_reached(runner: Runner, program: Program, n: int) -> frozenset[str]:
    """Key figures of world `n` that a swap which has failed did not come to measure."""
    if program.outcome[n] == "completed":
        return frozenset()
    w, jobs = runner.worlds[n], program.cell.jobs
    names = set()
    if any(w["truth"]["locked"][job.truck_seat] != job.new_pack for job in jobs):
        names.add("seat_error_m")  # a pack that still stands in its slot is seated well, there
    if not w["kpis"]["residual_sway_m"] and not w["kpis"]["residual_sway_rad"]:
        names |= {"residual_sway_m", "residual_sway_rad"}  # no pack was put down anywhere
    if not any(span.name == "insert" for span in program.spans[n]):
        names.add("insert_attempts")
    return frozenset(names)


def violations_of(world: Any, cell: Cell) -> tuple[dict[str, Any], ...]:
    """What the independent monitor has seen."""
    return tuple(_violation(world, cell, i) for i in range(1, len(INVARIANTS)) if world["monitor"]["violation"][i])


def _violation(world: Any, cell: Cell, i: int) -> dict[str, Any]:
    """Invariant `i`: its sentence, when first, in how many scans, the worst value and the limit that it is beyond."""
    quantity, unit = MEASURED[int(world["monitor"]["violation_measured"][i])]
    worst, limit = float(world["monitor"]["violation_value"][i]), float(world["monitor"]["violation_limit"][i])
    said, value_or_none = INVARIANTS[i], worst if math.isfinite(worst) else None
    facts: dict[str, Any] = {"invariant": i}
    if value_or_none is None:  # JSON has no NaN
        said += ": the state is not finite"
        facts |= {"quantity": "state", "unit": ""}
    elif quantity == "seat":
        facts["seat_name"] = cell.seats[int(worst)].name
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
