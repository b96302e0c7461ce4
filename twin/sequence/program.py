"""The engine of the swap sequence: every robot of every world runs down a table of steps, in batches.

A step builds the commands for all (world, robot) pairs that enter it and names what follows its result. The engine has
no phase by name; `twin.sequence.actions` has the actions and `twin.sequence.tables` the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin.incident import Incident, outside_of, trip_of
from twin.records import BUSY, DONE, FORCE_ABORT, JAM, OUTSIDE, REFUSED, TIMEOUT, TRIP, TRIPS
from twin.records.causes import NO_CAUSE
from twin.runner.single import Runner
from twin.sequence.telling import RUNNING as RUNNING
from twin.sequence.telling import PhaseSpan, SequenceReports
from twin.sequence.timing import row_as_plain, row_in_words
from twin.setup.jobs import Task, tasks_of
from twin.setup.setup import SwapSetup

FINISH = "finish"
"""Return value of a step's `then` at the end of a robot's work."""
OUTCOMES = (
    "completed",
    "repark_required",
    "lock_stuck",
    "grip_failed",
    "jam",
    "scan_failed",
    "sway_limit",
    "timeout",
    "refused",
    "outside_model",
    "overload",
    "lateral_force",
    "truck_moved",
    "estop",
    "power_loss",
    "lock_not_open",
    "low_traverse",
    "following_error",
    "robot_distance",
    "load_implausible",
)
"""Outcomes of a swap; those from `overload` on are trips of the interlocks."""

OUTSIDE_MODEL = "outside_model"
"""Outcome of a swap on the reduced-order plant that has left the model's domain of validity."""
TRIP_SETTLE_S = 5.0
"""Time for which the world runs on after a trip, so that recording and monitor see it stand: a stop may take 4 s."""


@dataclass
class Selection:
    """The (world, robot) pairs that a step acts on now; all arrays (K,)."""

    world: np.ndarray
    robot: np.ndarray
    job: np.ndarray  # index into the setup's jobs

    def __len__(self) -> int:
        return len(self.world)

    def where(self, mask: np.ndarray) -> Selection:
        return Selection(self.world[mask], self.robot[mask], self.job[mask])


Start = Callable[["Program", Selection], np.ndarray]
Gate = Callable[["Program", Selection], np.ndarray]
Then = Callable[["Program", Selection, np.ndarray], Sequence[str]]


@dataclass(frozen=True)
class Step:
    """One row of a step table.

    Args:
        name: unique in its table.
        phase: the phase it belongs to.
        start: builds the (K,) commands.
        failed: what follows a status other than DONE, by status; a step's name, or `!outcome` to end the swap.
        then: decides what follows, for steps where `failed` is not enough; `""` means the next row.
        gate: (K,) bool, True for those that may enter now; the others wait for another event in their world.
        only_if: (K,) bool, True for those that enter at all; the others skip to the next row.
    """

    name: str
    phase: str
    start: Start
    failed: Mapping[int, str] = field(default_factory=dict)
    then: Then | None = None
    gate: Gate | None = None
    only_if: Gate | None = None


DEFAULT_FAILED = {TIMEOUT: "!timeout", FORCE_ABORT: "!jam", JAM: "!jam", REFUSED: "!refused"}


@dataclass(frozen=True)
class DecisionRequest:
    """Decision request of a robot: how it shall move in the mechanical phase that it is about to enter."""

    world: int
    robot: int
    job: int
    phase: str


class Program(SequenceReports):
    """Runs a step table on a plant; arrays are (N, R) or (N,) with N worlds and R robots."""

    def __init__(
        self, runner: Runner, setup: SwapSetup, table: Sequence[Step], timing: np.ndarray, phases: Sequence[str]
    ) -> None:
        """Make a program; `timing` is (N, phases) or (N, R, phases) TIMING with columns `phases`, and is copied."""
        super().__init__(runner, setup)
        self.set_table(table)
        self.phase_column = {name: i for i, name in enumerate(phases)}
        n, r = len(runner.worlds), setup.station.robots.count
        self.timing = timing.copy() if timing.ndim == 3 else np.repeat(timing[:, None], r, axis=1)  # (N, R, phases)
        self.ask_timing = False  # on: a robot waits before each mechanical phase until `answer` gives its timing
        self.asking: list[DecisionRequest] = []
        # responds to decision requests immediately
        self.decide: Callable[[DecisionRequest], np.void | np.ndarray] | None = None
        self._answered: set[tuple[int, int]] = set()
        self._resume = 0  # row of the table of a pending decision request
        self.tasks = [tasks_of(setup.jobs, robot) for robot in range(r)]
        self.queue = [[task.job for task in tasks] for tasks in self.tasks]
        self.step = np.zeros((n, r), np.int64)
        self.waiting = np.ones((n, r), bool)  # has a step, but no command running
        self.finished = np.zeros((n, r), bool)
        self.place = np.zeros((n, r), np.int64)  # position in the robot's queue of jobs
        self.tries = np.zeros((n, r), np.int64)
        self.truck_pose = np.zeros((n, r, 6))  # the last measured pose of the truck, per robot
        self.insert_attempts = np.zeros((n, len(setup.jobs)), np.int64)
        self.heading = runner.worlds["image"]["axis_position"][:, :, 0].copy()  # (N, R) target of axis x of each robot
        self.scanned = np.zeros(n, bool)
        self.stood_ready = np.zeros(n, bool)  # a robot waited at the truck's pack while the truck was measured
        self.kept: dict[tuple[int, int], Incident] = {}  # reason of a failure until its outcome is decided
        self.zeroed: set[tuple[int, int]] = set()  # robots whose zeroed load cell has been logged
        self.on_command: Callable[[int, int, np.ndarray], None] | None = None
        for robot in range(r):
            self.finished[:, robot] = not self.queue[robot] and robot > 0

    def set_table(self, table: Sequence[Step]) -> None:
        """Set the steps, by row; active steps keep their row (`twin.sequence.setpoint_steps.exchange_table`)."""
        self.table = list(table)
        self.index = {step.name: i for i, step in enumerate(self.table)}

    # ------------------------------------------------------------------------------------------------ running

    def run(self) -> None:
        """Run every world to its outcome."""
        while self.advance():
            pass

    def advance(self) -> bool:
        """Decide everything that can be decided now, then run the plant to the next event. False once all has ended.

        While a decision request is pending (`asking`) no time passes: it returns True, without effect, until all are
        answered.
        """
        if self.start():
            self.runner.run()
            self.collect()
            return True
        return bool(self.asking)

    def start(self) -> bool:
        """Decide everything that can be decided now. True if the plant may run: worlds left, no request pending.

        `advance` without the plant's run, for one of many programs whose worlds run together; `collect` goes on.
        """
        if self.asking:
            return False
        while self._dispatch():
            while self.asking:
                if self.decide is None:
                    return False
                self.answer(self.asking[0].world, self.asking[0].robot, self.decide(self.asking[0]))
        if not self._alive.any():
            return False
        busy = self.runner.worlds["control"]["status"][:, : self.step.shape[1]] == BUSY
        stuck = np.flatnonzero(self._alive & ~busy.any(axis=1)).tolist()
        for i in stuck:  # every robot waits for another: an error in the table, reported instead of hanging
            at = [f"robot {r + 1} before {self.table[self.step[i, r]].name}" for r in np.flatnonzero(self.waiting[i])]
            self.end(i, "timeout", f"every robot waits for another one: {', '.join(at)}")
        return bool(self._alive.any())

    def _selection(self, mask: np.ndarray) -> Selection:
        world, robot = np.nonzero(mask)
        job = np.full(len(world), -1, np.int64)
        for r, queue in enumerate(self.queue):
            if queue:
                of = robot == r
                job[of] = np.array(queue, np.int64).take(self.place[world[of], r], mode="clip")
        return Selection(world, robot, job)

    def task_of(self, n: int, r: int) -> Task | None:
        """What robot `r` of world `n` does of its present job; None if it has none."""
        tasks, place = self.tasks[r], int(self.place[n, r])
        return tasks[min(place, len(tasks) - 1)] if tasks else None

    def _next_row(self, after: int) -> int:
        """Next row of the table, beyond row `after`, in which a robot waits; the table's length if none does."""
        rows = self.step[self.waiting & self._running()]
        return int(rows[rows > after].min(initial=len(self.table)))

    def _running(self) -> np.ndarray:
        return self._alive[:, None] & ~self.finished

    def _dispatch(self) -> bool:
        """Start the commands of all steps that wait and may start. True if anything happened.

        It stops at a step with a decision request and goes on with the same one: a response shifts no other decision.
        """
        moved = False
        first, self._resume = self._resume, 0
        if not self.waiting.any():
            return first > 0
        i = first - 1
        while (i := self._next_row(i)) < len(self.table):
            step = self.table[i]
            selection = self._selection(self.waiting & (self.step == i) & self._running())
            if step.only_if is not None:
                enters = step.only_if(self, selection)
                if not enters.all():
                    self._go_on(selection.where(~enters), i)
                    selection = selection.where(enters)
                    moved = True
            if step.gate is not None and len(selection):
                selection = selection.where(step.gate(self, selection))
            if self.ask_timing and step.phase in self.phase_column:
                selection = selection.where(~self._undecided(selection, step.phase))
            if not len(selection):
                if self.asking:
                    self._resume = i
                    return True
                continue
            self._enter_phase(selection, step.phase)
            commands = step.start(self, selection)
            commands["step"] = i
            self.waiting[selection.world, selection.robot] = False
            self.runner.issue(selection.world, selection.robot, commands)
            if self.on_command is not None:
                for k in range(len(selection)):
                    self.on_command(int(selection.world[k]), int(selection.robot[k]), commands[k])
            if (self.runner.worlds["control"]["status"][selection.world, selection.robot] != BUSY).any():
                self.collect()
            moved = True
            if self.asking:
                self._resume = i
                return True
        return moved or first > 0

    def _undecided(self, selection: Selection, phase: str) -> np.ndarray:
        """(K,) bool: True for robots that need a decision on the phase that they are about to enter."""
        undecided = np.zeros(len(selection), bool)
        for k in range(len(selection)):
            n, r, job = int(selection.world[k]), int(selection.robot[k]), int(selection.job[k])
            if (n, r) in self._answered or self._is_in(n, r, phase, job):
                continue
            undecided[k] = True
            self.asking.append(DecisionRequest(n, r, job, phase))
        return undecided

    def answer(self, n: int, r: int, row: np.void | np.ndarray) -> None:
        """Answer the decision request of robot `r` of world `n` with a TIMING row for the phase that it enters.

        The row stays that robot's timing of the phase. It is noted as event `timing`.

        Raises:
            ValueError: that robot has no pending request.
        """
        ask = next((ask for ask in self.asking if (ask.world, ask.robot) == (n, r)), None)
        if ask is None:
            raise ValueError(f"robot {r} of world {n} has asked nothing")
        self.asking.remove(ask)
        self._answered.add((n, r))
        self.timing[n, r, self.phase_column[ask.phase]] = row
        said = f"robot {r + 1}, {ask.phase}: {row_in_words(row)}"
        self.event(n, "timing", said, robot=r, job=ask.job, phase=ask.phase, timing=row_as_plain(row))

    def _go_on(self, selection: Selection, i: int) -> None:
        self.step[selection.world, selection.robot] = i + 1
        self.waiting[selection.world, selection.robot] = True

    def collect(self) -> None:
        """Take the results of all ended commands and decide what follows them."""
        status = self.runner.worlds["control"]["status"][:, : self.step.shape[1]]
        ended = (status != BUSY) & ~self.waiting
        if not ended.any():
            return
        ended &= self._running()
        if not ended.any():
            return
        steps = self.step.copy()  # decisions move robots on, perhaps into a step whose results are still to be taken
        for i in sorted(set(steps[ended].tolist())):
            selection = self._selection(ended & (steps == i))
            results = status[selection.world, selection.robot].copy()
            left = results == OUTSIDE
            if left.any():
                for n in sorted(set(selection.world[left].tolist())):
                    self._leave_model(n)
                selection, results = selection.where(~left), results[~left]
            tripped = results == TRIP
            if tripped.any():
                self._trip(selection.where(tripped))
                selection, results = selection.where(~tripped), results[~tripped]
            self._decide(self.table[i], selection, results)

    def _decide(self, step: Step, selection: Selection, results: np.ndarray) -> None:
        if not len(selection):
            return
        self._found.clear()
        following = list(step.then(self, selection, results)) if step.then else [""] * len(selection)
        plain = results == DONE
        if step.then:
            plain &= [name == "" for name in following]
        self._go_on(selection.where(plain), self.index[step.name])
        for k in np.flatnonzero(~plain).tolist():
            n, r, result = int(selection.world[k]), int(selection.robot[k]), int(results[k])
            name = following[k]
            if name == "" and result != DONE:
                name = step.failed.get(result, DEFAULT_FAILED.get(result, "!timeout"))
            if name.startswith("!"):
                self._end_by(n, r, name[1:], step, result)
                continue
            if name == FINISH:
                self.finish_robot(n, r)
                continue
            self.step[n, r] = self.index[name] if name else self.index[step.name] + 1
            self.waiting[n, r] = True

    def finish_robot(self, n: int, r: int) -> None:
        """End the table of robot `r` of world `n`; the swap is complete once every robot has ended."""
        self.close_phase(n, r)
        self.finished[n, r] = True
        if self.finished[n].all():
            self.end(n, "completed", "")

    def _trip(self, selection: Selection) -> None:
        """After a trip of the interlocks, run until the station stands, then end the swap with the trip's name."""
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            if self.outcome[n] != RUNNING:
                continue
            reason = TRIPS[int(self.runner.worlds[n]["control"]["trip"])]
            incident = trip_of(self.runner.worlds[n], self.setup)
            r = r if incident.robot is None else incident.robot
            phase = self.phase_of(n, r)
            said = incident.message(reason, phase if incident.robot is not None else self.phases_of(n))
            facts = {"reason": reason, "robot": r, "phase": phase, **incident.data}
            self.event(n, "trip", f"trip: {said}", **facts)
            self.runner.stand(n, TRIP_SETTLE_S)
            if self.runner.worlds["truth"]["outside_cause"][n] != NO_CAUSE:
                self._leave_model(n, reason, incident.at_s)
            else:
                self._finish(n, reason, said, facts)

    def _leave_model(self, n: int, trip: str = "", trip_s: float = 0.0) -> None:
        """End the swap of world `n`, which has left its model's domain of validity: its state is unreliable."""
        incident = outside_of(self.runner.worlds[n], self.setup)
        facts: dict[str, Any] = {"robot": incident.robot, **incident.data}
        phase = self.phases_of(n)
        if incident.robot is not None:
            facts["phase"] = phase = self.phase_of(n, incident.robot)
        said = incident.message(OUTSIDE_MODEL, phase)
        if trip:
            facts["after_trip"] = trip
            said += f", after the trip {trip} at {trip_s:.1f} s"
        self._finish(n, OUTSIDE_MODEL, said, facts)

    def _end_by(self, n: int, r: int, outcome: str, step: Step, result: int) -> None:
        """End world `n` with the result of a command of robot `r`."""
        if result == DONE and (n, r) not in self._found:
            self.end(n, outcome, f"step {step.name}")
            return
        incident, phase = self.incident_of(n, r), self.phase_of(n, r)
        facts = {"robot": r, "phase": phase, "step": step.name, **incident.data}
        said = incident.message(outcome, phase)
        if result == TIMEOUT:
            facts["waited_s"] = incident.at_s - float(self.runner.worlds[n]["control"]["command_start_s"][r])
            said += f", waited {facts['waited_s']:.1f} s"
        self._finish(n, outcome, said, facts)

    def _enter_phase(self, selection: Selection, phase: str) -> None:
        for k in range(len(selection)):
            n, r, job = int(selection.world[k]), int(selection.robot[k]), int(selection.job[k])
            if self._is_in(n, r, phase, job):
                continue
            self._answered.discard((n, r))
            self.close_phase(n, r)
            span = PhaseSpan(phase, self.time_s(n), self.time_s(n), r, job)
            self._open[n][r] = span
            self.spans[n].append(span)
            if self.on_phase is not None:
                self.on_phase(n, span)

    def _is_in(self, n: int, r: int, phase: str, job: int) -> bool:
        span = self._open[n][r]
        return span is not None and span.name == phase and span.job == job
