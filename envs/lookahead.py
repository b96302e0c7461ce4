"""Copies of a running insertion on the reduced-order plant, to try actions on; the insertion itself stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.alignment_case import AlignmentCase
from envs.alignment_episodes import Episodes
from envs.alignment_reward import RUNNING
from twin.alignment.batch import BatchDriver
from twin.alignment.driver import Driver, send_setpoints
from twin.alignment.sensed import DECISION_S
from twin.records import BUSY, DONE
from twin.setup.setup import SwapSetup

Array = np.ndarray


class CopiesDriver(BatchDriver):
    """Driver of N copies of one insertion. They have no sequence of their own, and end with their command."""

    def __init__(self, setup: SwapSetup, n: int) -> None:
        super().__init__(setup, n)
        self._decision_ticks = round(DECISION_S * setup.station.rates.physics_hz)

    def advance(self, which: Array, speeds: Array) -> dict[int, str]:
        """Advance as `Driver.advance` does; any end but `seated` is told as `jam`."""
        runner, watches = self.runner, self.watches
        setpoints = self.setpoints(which, speeds)
        send_setpoints(which, runner.worlds, runner.params, runner.commands, watches, setpoints)
        watches["next_tick"][which] += self._decision_ticks
        runner.run_to(which, watches["next_tick"][which])
        status = runner.worlds["control"]["status"][which, watches["robot"][which]]
        ended = zip(which.tolist(), status.tolist(), strict=True)
        return {k: "seated" if s == DONE else "jam" for k, s in ended if s != BUSY}

    def copy(self, other: Driver) -> None:
        """Make every world the one world of `other`, which runs on the reduced-order plant with the same setup."""
        mine, its = self.runner, other.runner
        plant: Any = its.plant
        for name in ("worlds", "params", "models", "states"):
            getattr(mine.plant, name)[:] = getattr(plant, name)[0]
        mine.commands[:] = its.commands[0]
        self.watches[:] = other.watches[0]
        self.watches["world"] = np.arange(len(self.watches))


class Lookahead:
    """N copies of an insertion.

    They have its sensors' errors and noise too, those to come among them: what is found with them is a bound on what a
    policy could reach that knows no more than its observations.

    Attributes:
        episodes: of the copies: observations, ends, peak forces.
    """

    def __init__(self, case: AlignmentCase, n: int, mode: str, time_limit_s: float) -> None:
        self._driver = CopiesDriver(case.swap.setup, n)
        self.episodes = Episodes(n, mode, time_limit_s)

    def copy(self, driver: Driver, episodes: Episodes) -> None:
        """Make every copy the insertion as it is now."""
        self._driver.copy(driver)
        for name in ("seen", "servos", "controls", "episodes", "observations"):
            getattr(self.episodes, name)[:] = getattr(episodes, name)[0]

    def step(self, which: Array, actions: Array) -> None:
        """Advance the copies `which` (K,) by one step; `actions` (N, 4) scaled."""
        self.episodes.step(which, actions, self._driver)

    @property
    def running(self) -> Array:
        """Copies that have not ended, (K,)."""
        return np.flatnonzero(self.episodes.episodes["end"] == RUNNING)
