"""Many insertions from hover in parallel, each on its own clock, on one reduced-order plant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from twin.alignment.episode import AlignmentTwin
from twin.alignment.hover import Hover
from twin.alignment.sensed import DECISION_S, WATCH
from twin.motion.kernels import kernel
from twin.plants.beginning import new_world
from twin.records import BUSY, DONE, FOLLOW_ON, OUTSIDE, TRIP, TRIPS, YAW, X, Y, Z
from twin.records.causes import NO_CAUSE
from twin.runner.batch import NEVER, BatchRunner
from twin.runner.scan import issue_command
from twin.runner.slot import Slot
from twin.sequence.program import OUTSIDE_MODEL, TRIP_SETTLE_S
from twin.sequence.setpoint_steps import FAILED, SEATED
from twin.setup.setup import SwapSetup

Array = np.ndarray


@kernel
def send_speeds(which: Any, worlds: Any, params: Any, commands: Any, watches: Any, speeds: Any) -> None:
    """Send new setpoints to the robots of `watches` in worlds `which`: `axis_speeds`, then `set_speeds`."""
    for j in range(len(which)):
        i = which[j]
        world, p, r, s = worlds[i], params[i], watches[i].robot, speeds[i]
        c, most = commands[i, r], p.axis_velocity_loaded
        if c.follow == 0:
            continue
        c.velocity[X] = min(max(s[0], -most[X]), most[X])
        c.velocity[Y] = min(max(s[1], -most[Y]), most[Y])
        c.velocity[Z] = min(max(-p.retract * s[2], -most[Z]), most[Z])
        c.velocity[YAW] = min(max(s[3], -most[YAW]), most[YAW])
        c.follow = FOLLOW_ON
        issue_command(world.truth, world.image, world.control, world.kpis, p, c, r)


class AlignmentBatch:
    """N insertions under setpoints, each equal to `AlignmentTwin` with its setup on the same plant, to the last bit.

    >>> batch = AlignmentBatch(2)
    >>> batch.begin([0, 1], setups, hovers)
    >>> ended = batch.advance(np.array([0, 1]), speeds)

    Attributes:
        plant: of all worlds; None before the first `begin`.
        watches: (N,) WATCH, the robot and seat of each world.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.runner: BatchRunner | None = None
        self.watches = np.zeros(n, WATCH)
        self._pause_tick = np.zeros(n, np.int64)
        self._decision_ticks = 0

    def begin(self, which: Sequence[int], setups: Sequence[SwapSetup], hovers: Sequence[Hover]) -> None:
        """Restart insertions `which` and run them until their trucks have been measured.

        Raises:
            RuntimeError: a truck that could not be measured.
        """
        if self.runner is None:
            first = setups[0]
            self.runner = BatchRunner([first] * self.n, worlds=np.repeat(new_world(first), self.n))
            self._decision_ticks = round(DECISION_S * first.station.rates.physics_hz)
        twins = {
            i: AlignmentTwin(setup, hover, make_runner=partial(Slot, self.runner, i))
            for i, setup, hover in zip(which, setups, hovers, strict=True)
        }
        waiting = dict(twins)
        while waiting:
            for i, twin in list(waiting.items()):
                if not twin.program.start():
                    raise RuntimeError(f"insertion {i} of seed {twin.setup.seed} could not begin: {twin.outcome}")
                if twin.following:
                    del waiting[i]
            busy = np.array(list(waiting), np.int64)
            self.runner.run_to(busy, np.full(len(busy), NEVER))
            for twin in waiting.values():
                twin.program.collect()
        for i, twin in twins.items():
            self.watches[i], self._pause_tick[i] = twin.watch.records[0], twin.pause_tick

    def advance(self, which: Array, speeds: Array) -> dict[int, str]:
        """Advance insertions `which` (K,) by one decision's time, or less where one ends.

        Args:
            which: those that have not ended.
            speeds: (N, 4) setpoints along x, y (m/s), towards the seat (m/s), yaw (rad/s).

        Returns:
            Outcomes of those that ended, by their index: `seated`, or why not.
        """
        runner = self._running
        send_speeds(which, runner.worlds, runner.params, runner.commands, self.watches, speeds)
        self._pause_tick[which] += self._decision_ticks
        runner.run_to(which, self._pause_tick[which])
        status = runner.worlds["control"]["status"][which, self.watches["robot"][which]]
        ended = np.flatnonzero(status != BUSY)
        return {int(which[k]): self._end(int(which[k]), int(status[k])) for k in ended}

    @property
    def _running(self) -> BatchRunner:
        if self.runner is None:
            raise RuntimeError("no insertion has begun")
        return self.runner

    def _end(self, i: int, status: int) -> str:
        """Outcome of insertion `i`; after a trip it runs until the station stands, as in every swap."""
        if status == DONE:
            return SEATED
        if status == OUTSIDE:
            return OUTSIDE_MODEL
        if status != TRIP:
            return FAILED[status].removeprefix("!")
        reason = TRIPS[int(self._running.worlds["control"]["trip"][i])]
        self._running.stand(i, TRIP_SETTLE_S)
        return OUTSIDE_MODEL if self._running.worlds["truth"]["outside_cause"][i] != NO_CAUSE else reason
