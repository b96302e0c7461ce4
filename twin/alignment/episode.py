"""One insertion from hover: the setup at hover, its plant, sequence and driver, advanced decision by decision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np

from twin.alignment.driver import Driver
from twin.alignment.hover import Hover, hover_world
from twin.alignment.result import AlignmentResult
from twin.alignment.sensed import Sensed
from twin.catalogue.schema import MECHANICAL, PhaseTiming, TimingSet
from twin.runner.kinds import MakeRunner, seat_runner
from twin.runner.single import ONLY, Runner
from twin.sequence.program import RUNNING, Program
from twin.sequence.setpoint_steps import seat_table
from twin.sequence.timing import timing_table
from twin.setup.setup import SwapSetup


class AlignmentTwin:
    """An insertion under setpoints.

    It stands at hover until the truck has been measured; from then on a decision is due every DECISION_S.

    >>> twin = AlignmentTwin(setup, Hover(height_m=0.4))
    >>> twin.begin()
    >>> while twin.running:
    ...     twin.advance(servo.speeds(twin.look()))
    """

    faults: tuple[()] = ()

    def __init__(
        self,
        setup: SwapSetup,
        hover: Hover,
        *,
        make_runner: MakeRunner = seat_runner,
        policies: Mapping[str, str] | None = None,
    ) -> None:
        """Make an insertion that is ready to begin.

        Args:
            make_runner: builds plant and runner; when left out those of the reference plant, reduced to its seats.
            policies: names of the deciders, for result and recording: `{"align": "baseline"}`.
        """
        self.setup, self.hover, self.policies = setup, hover, dict(policies or {})
        self.job = setup.jobs[hover.job]
        self.timing = full_speed(setup)
        self.runner = make_runner(setup, worlds=hover_world(setup, hover))
        self.program = hover_program(self.runner, setup, hover.job)
        self.driver = Driver(self.runner, 1)
        self.driver.put(0, self.program, self.job.in_robot, hover.job)

    def begin(self) -> None:
        """Run until setpoints are needed (the truck has been measured).

        Raises:
            InsertionError: it ended before.
        """
        self.driver.begin(ONLY)

    @property
    def running(self) -> bool:
        return self.outcome == RUNNING

    @property
    def outcome(self) -> str:
        """`seated`, why it failed, or nothing while it runs."""
        return self.program.outcome[0]

    def look(self) -> Sensed:
        """The control software's present readings; once each decision."""
        return self.driver.look(0)

    def advance(self, speeds: np.ndarray) -> None:
        """Advance by one decision's time, or less where it ends.

        `speeds` (4,) along x, y (m/s), towards the seat (m/s), yaw (rad/s).
        """
        self.driver.advance(ONLY, speeds[None])

    def result(self) -> AlignmentResult:
        """The result of an insertion that has ended, or its present status."""
        from twin.result import kpis_of, violations_of

        program = self.program
        kpis = kpis_of(self.runner, program, 0)
        aside = self.runner.worlds["truth"]["pack_offset_m"][0, self.job.new_pack, :2]
        kpis["seat_error_m"] = float(np.hypot(*aside))  # of the one pack that moved
        del kpis["insert_attempts"]  # for a swap's sequence only; here there is one try
        return AlignmentResult(
            setup=self.setup,
            hover=self.hover,
            plant=self.runner.name,
            outcome=self.outcome or "interrupted",
            time_s=program.time_s(0) - float(self.driver.watches["began_s"][0]),
            phases=tuple(span for span in program.spans[0] if span.end_s > span.start_s),
            kpis=kpis,
            violations=violations_of(self.runner.worlds[0], self.setup),
            events=tuple(program.events[0]),
            end_state_sha256=self.runner.state_sha256(),
            policies=self.policies,
        )

    def close(self) -> None:
        """Release the plant."""
        self.runner.close()


def hover_program(runner: Runner, setup: SwapSetup, job: int) -> Program:
    """Make the sequence of a world at hover: the job's robot measures the truck and seats its pack, no other moves."""
    kind, robot = setup.station.kind, setup.jobs[job].in_robot
    program = Program(runner, setup, seat_table(), _full_speed_table(setup.station.name, kind)[None], MECHANICAL[kind])
    program.finished[:] = True
    program.finished[0, robot] = False
    program.place[0, robot] = program.queue[robot].index(job)
    return program


def full_speed(setup: SwapSetup) -> TimingSet:
    """Timing with every axis at its own limits; setpoints decide on the rest."""
    return _full_speed(setup.station.name, setup.station.kind)


@cache
def _full_speed(station: str, kind: Literal["top_lift", "chassis"]) -> TimingSet:
    return TimingSet(
        name="setpoints", title="at the limits of the axes", station=station, kind=kind, default=PhaseTiming()
    )  # fmt: skip


@cache
def _full_speed_table(station: str, kind: Literal["top_lift", "chassis"]) -> np.ndarray:
    return timing_table(_full_speed(station, kind), kind)
