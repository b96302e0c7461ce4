"""One insertion from hover: the setup at hover, its plant and sequence, advanced decision by decision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np

from twin.alignment.hover import Hover, hover_world
from twin.alignment.result import AlignmentResult
from twin.alignment.sensed import DECISION_S, Sensed, Watch
from twin.catalogue.schema import MECHANICAL, PhaseTiming, TimingSet
from twin.records import FOLLOW_START
from twin.runner.kinds import MakeRunner, seat_runner
from twin.sequence.program import RUNNING, Program
from twin.sequence.setpoint_steps import seat_table, set_speeds
from twin.sequence.timing import timing_table
from twin.setup.setup import SwapSetup


class AlignmentTwin:
    """An insertion under setpoints.

    It stands at hover until the truck has been measured; from then on `decide` is due every DECISION_S.

    >>> twin = AlignmentTwin(setup, Hover(height_m=0.4))
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
        kind = setup.station.kind
        table = _full_speed_table(setup.station.name, kind)
        self.program = Program(self.runner, setup, seat_table(), table[None, :], MECHANICAL[kind])
        self.program.finished[:] = True
        self.program.finished[0, self.job.in_robot] = False
        self.program.place[0, self.job.in_robot] = self.program.queue[self.job.in_robot].index(hover.job)
        self.program.on_command = self._note_begin
        self.watch = Watch(setup, hover.job)
        self.pause_tick = 0  # of the next decision, once the truck has been measured
        self._decision_ticks = round(DECISION_S * setup.station.rates.physics_hz)
        self.following = False

    def begin(self) -> None:
        """Run until setpoints are needed (the truck has been measured)."""
        while not self.following and self.program.advance():
            pass

    @property
    def running(self) -> bool:
        return self.program.outcome[0] == RUNNING

    @property
    def outcome(self) -> str:
        """`seated`, why it failed, or nothing while it runs."""
        return self.program.outcome[0]

    def look(self) -> Sensed:
        """The control software's present readings; once each decision."""
        return self.watch.look(self.runner.worlds, self.runner.params)

    def axis_speeds(self, speeds: np.ndarray) -> np.ndarray:
        """(4,) for axes x, y, z, yaw from speeds along x, y, towards the seat, and yaw."""
        return axis_speeds(self.setup, speeds)

    def advance(self, speeds: np.ndarray) -> None:
        """Apply setpoints (4,) for axes x, y, z, yaw for one decision's time, or less if the insertion ends."""
        set_speeds(self.program, self.job.in_robot, speeds)
        self.pause_tick += self._decision_ticks
        self.runner.pause_tick = self.pause_tick
        while self.program.advance() and int(self.runner.worlds["truth"]["tick"][0]) < self.pause_tick:
            pass

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
            time_s=program.time_s(0) - self.watch.began_s,
            phases=tuple(span for span in program.spans[0] if span.end_s > span.start_s),
            kpis=kpis,
            violations=violations_of(self.runner.worlds[0], self.setup),
            events=tuple(program.events[0]),
            end_state_sha256=self.runner.state_sha256(),
            policies=self.policies,
        )

    def _note_begin(self, n: int, robot: int, command: np.ndarray) -> None:
        if command["follow"] == FOLLOW_START:
            self.following = True
            self.pause_tick = self.runner.pause_tick = int(self.runner.worlds["truth"]["tick"][n])
            self.watch.begin(float(self.runner.worlds["truth"]["t_s"][n]))

    def close(self) -> None:
        """Release the plant."""
        self.runner.close()


def axis_speeds(setup: SwapSetup, speeds: np.ndarray) -> np.ndarray:
    """(4,) for axes x, y, z, yaw from speeds along x, y, towards the seat, and yaw (m/s, rad/s), within axis limits.

    This is the guard between a policy and the PLC, which refuses setpoints beyond an axis' limits.
    """
    x, y, inwards, yaw = speeds.tolist()
    most = setup.params["axis_velocity_loaded"][0]
    return np.clip(np.array([x, y, -setup.retract * inwards, yaw]), -most, most)


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
