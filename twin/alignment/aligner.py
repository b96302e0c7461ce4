"""Setpoints for the insertions of a running swap: one decider for every robot that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from twin.alignment.driver import Driver
from twin.alignment.sensed import Sensed
from twin.records import BUSY, FOLLOW_NOT, FOLLOW_START
from twin.runner.single import Runner

if TYPE_CHECKING:
    from twin.sequence.program import Program


class SpeedDecider(Protocol):
    """Decides on one robot's setpoints; the station's own is `twin.alignment.servo.VisualServo`."""

    def begin(self) -> None:
        """Begin a new insertion, or another try."""

    def speeds(self, seen: Sensed) -> np.ndarray:
        """(4,) along x, y (m/s), towards the seat (m/s), yaw (rad/s); called once each DECISION_S."""


MakeDecider = Callable[[int], SpeedDecider]
"""Makes the decider of a robot, by the robot's number."""


def robots_of(program: Program) -> Driver:
    """Make the driver of a swap's robots, by their numbers."""
    driver = Driver(program.runner, len(program.queue))
    for robot, jobs in enumerate(program.queue):
        if jobs:
            driver.put(robot, program, robot, jobs[0])
    return driver


class Aligner:
    """A plant's `decide`: decides for each robot that follows, every DECISION_S from its command's first scan on."""

    def __init__(self, program: Program, make_decider: MakeDecider) -> None:
        self._driver, self._program = robots_of(program), program
        robots = range(len(program.queue))
        self._deciders = [make_decider(robot) for robot in robots]
        self._begun = [False for _ in robots]
        # views: called after each scan, mostly with nothing to do
        runner = program.runner
        self._follow = runner.commands["follow"][0, : len(robots)]
        self._status = runner.worlds["control"]["status"][0, : len(robots)]
        self._buffered = runner.worlds["control"]["buffered"][0, : len(robots)]

    def __call__(self, runner: Runner) -> None:
        """After a scan, send new setpoints to each robot that is due."""
        for robot, setpoints in self.decisions():
            self._driver.send(np.array([robot]), setpoints[None])

    def decisions(self) -> Iterator[tuple[int, np.ndarray]]:
        """(robot, setpoints (4,) of its axes) of each robot that is due after this scan."""
        if not self._follow.any():
            return
        for robot, (follow, status) in enumerate(zip(self._follow.tolist(), self._status.tolist(), strict=True)):
            if follow == FOLLOW_NOT or status != BUSY or self._buffered[robot]:  # buffered: not begun yet
                continue
            if follow == FOLLOW_START or not self._begun[robot]:
                self._begin(robot)
            if self._driver.comes_due(robot):
                speeds = self._deciders[robot].speeds(self._driver.look(robot))
                yield robot, self._driver.setpoints(np.array([robot]), speeds[None])[0]

    def _begin(self, robot: int) -> None:
        job = self._program.queue[robot][int(self._program.place[0, robot])]
        self._driver.put(robot, self._program, robot, job)
        self._driver.take_over(robot)
        self._deciders[robot].begin()
        self._begun[robot] = True
