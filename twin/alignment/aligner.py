"""Setpoints for the insertions of a running swap: whoever decides, for every robot that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from twin.alignment.episode import axis_speeds
from twin.alignment.sensed import DECISION_S, Sensed, Watch
from twin.records import BUSY, FOLLOW_NOT, FOLLOW_START
from twin.runner.single import Runner
from twin.sequence.setpoint_steps import set_speeds

if TYPE_CHECKING:
    from twin.sequence.program import Program
    from twin.setup.setup import SwapSetup


class SpeedDecider(Protocol):
    """Decides on one robot's setpoints; the station's own is `twin.alignment.servo.VisualServo`."""

    def begin(self) -> None:
        """A new insertion, or another try."""

    def speeds(self, seen: Sensed) -> np.ndarray:
        """(4,) along x, y (m/s), towards the seat (m/s), yaw (rad/s); called once each DECISION_S."""


MakeDecider = Callable[[int], SpeedDecider]
"""Gives the decider of a robot, by the robot's number."""


@dataclass
class _Insertion:
    watch: Watch
    next_tick: int


class Aligner:
    """A plant's `decide`: looks at each robot that follows, every DECISION_S from its command's first scan on."""

    def __init__(
        self,
        setup: SwapSetup,
        runner: Runner,
        program: Program,
        make_decider: MakeDecider,
        give: Callable[[int, np.ndarray], None] | None = None,
    ) -> None:
        """`give` is told (robot, speeds of its axes) in place of the robot itself."""
        self._setup, self._program = setup, program
        self._give = give if give is not None else partial(set_speeds, program)
        robots = range(setup.station.robots.count)
        self._deciders = [make_decider(robot) for robot in robots]
        self._under_way: list[_Insertion | None] = [None for _ in robots]
        self._ticks = round(DECISION_S * setup.station.rates.physics_hz)
        # views: called after each scan, and seldom with anything to do
        self._follow = runner.commands["follow"][0, : len(robots)]
        self._status = runner.worlds["control"]["status"][0, : len(robots)]
        self._buffered = runner.worlds["control"]["buffered"][0, : len(robots)]

    def __call__(self, runner: Runner) -> None:
        """After a scan: new setpoints for whoever is due."""
        if not self._follow.any():
            return
        for robot, (follow, status) in enumerate(zip(self._follow.tolist(), self._status.tolist(), strict=True)):
            if follow != FOLLOW_NOT and status == BUSY and not self._buffered[robot]:  # buffered: not begun yet
                self._decide(runner, robot, follow == FOLLOW_START)

    def _decide(self, runner: Runner, robot: int, begins: bool) -> None:
        """`begins`: no setpoint of this command has been given yet."""
        tick = int(runner.worlds["truth"]["tick"][0])
        insertion = self._under_way[robot]
        if begins or insertion is None:
            job = self._program.queue[robot][int(self._program.place[0, robot])]
            insertion = self._under_way[robot] = _Insertion(Watch(self._setup, job), tick)
            insertion.watch.begin(float(runner.worlds["truth"]["t_s"][0]))
            self._deciders[robot].begin()
        if tick < insertion.next_tick:
            return
        insertion.next_tick += self._ticks
        speeds = self._deciders[robot].speeds(insertion.watch.look(runner.worlds, runner.params))
        self._give(robot, axis_speeds(self._setup, speeds))
