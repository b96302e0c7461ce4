"""swaptwin/Timing as a vector environment: N swaps on one reduced-order plant, each on its own clock."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from envs.options import choice, known
from envs.scaling import Quantity, checked_action
from envs.swap_case import OPTIONS, SwapCase, SwapChoice
from envs.timed_swap import REPARK, TimedSwap, parkings
from envs.timing import STILL_S, most_steps, part_of, played_set
from envs.timing_action import ACTION, CHANGES, Absolute, Actions, Residual
from envs.timing_episode import TimingEpisode
from envs.timing_observation import OBSERVATION, OBSERVATION_V1
from envs.vector.batched import BatchedEnv
from envs.vector.infos import Columns, stacked
from twin.catalogue import Station, load_pack, load_station, load_timing, load_truck, with_overrides
from twin.catalogue.schema import MECHANICAL
from twin.plants.beginning import new_world
from twin.runner.batch import NEVER, BatchRunner
from twin.runner.slot import Slot
from twin.setup.setup import SwapSetup

Array = np.ndarray
Name = str | os.PathLike[str]
PLANTS = ("rom",)


class TimingVectorEnv(BatchedEnv):
    """N worlds of `envs.timing.TimingEnv` with `plant="rom"`.

    World i of any N equals the single environment with the same seed to the last bit. A step lasts until every swap
    has reached its next decision request.

    Arguments:
        num_envs: number of worlds.
        autoreset_mode: "NextStep" or "SameStep".
        max_episode_steps: number of steps that truncates an episode; None: only its own limit.
        the others: as in `TimingEnv`; `plant` "rom", `render_mode` None.

    Raises:
        InputError: a wrong argument, option or action, named.
    """

    quantities: tuple[Sequence[Quantity], Sequence[Quantity]] = (ACTION, OBSERVATION)
    """Of action and observation."""

    def __init__(
        self,
        num_envs: int = 1,
        station: Name | Station = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        parking: str | None = None,
        conditions: str | None = None,
        last_phase: str | None = None,
        plant: str = "rom",
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
    ) -> None:
        super().__init__(
            num_envs,
            *self.quantities,
            autoreset_mode=autoreset_mode,
            render_mode=render_mode,
            render_fps=1,
            max_episode_steps=max_episode_steps,
        )
        choice("plant", plant, PLANTS)
        self.station = station if isinstance(station, Station) else load_station(station)
        self._choice = SwapChoice(
            with_overrides(self.station, STILL_S),
            None if truck is None else load_truck(truck),
            None if pack is None else load_pack(pack),
            parking,
            conditions,
        )
        phases = MECHANICAL[self.station.kind]
        self.last_phase = last_phase if last_phase is None else choice("last_phase", last_phase, phases)
        self._base = load_timing("factory", self.station)
        self._actions: Actions = Absolute(self.station)
        self.runner: BatchRunner | None = None
        self._episodes: dict[int, TimingEpisode] = {}
        self._infos: list[dict[str, Any]] = [{} for _ in range(num_envs)]

    @property
    def actions(self) -> Sequence[Quantity]:
        """Elements of the action."""
        return self.quantities[0]

    @property
    def max_steps(self) -> int:
        """Maximum number of steps of an episode of the single environment."""
        return most_steps(self._choice)

    def _begin(self, which: Array, seeds: Sequence[int], options: Mapping[str, Any] | None) -> None:
        others = known(options, (*OPTIONS, "last_phase", "timing"))
        played = played_set(others.pop("timing", None), self.station)
        timing = played or self._base
        choice = replace(self._choice, planning=timing.planning)
        fixed, last = part_of(others, self.last_phase, self.station)
        tries = {int(i): parkings(choice, seed, fixed) for i, seed in zip(which, seeds, strict=True)}
        cases: dict[int, SwapCase] = {}
        swaps: dict[int, TimedSwap] = {}
        waiting = list(tries)
        while waiting:
            for i in waiting:  # a truck outside the gate by the scanner parks again
                cases[i] = next(tries[i])
                slot = partial(Slot, self._runner_of(cases[i].setup), i)
                swaps[i] = TimedSwap(cases[i].setup, timing, last, plant="rom", make_runner=slot)
            self._go_on({i: swaps[i] for i in waiting})
            waiting = [i for i in waiting if swaps[i].outcome == REPARK]
        for i, swap in swaps.items():
            episode = self._episodes[i] = TimingEpisode(
                cases[i], swap, self.station, self._actions, self.quantities[1], played
            )
            self.observations[i], self._infos[i] = episode.observation(), episode.info()

    def _runner_of(self, first: SwapSetup) -> BatchRunner:
        """Make the runner of all worlds, with the first setup's station."""
        if self.runner is None:
            self.runner = BatchRunner([first] * self.num_envs, worlds=np.repeat(new_world(first), self.num_envs))
        return self.runner

    def _advance(self, which: Array, actions: Array) -> None:
        under_way = {int(i): self._episodes[int(i)] for i in which}
        for i, episode in under_way.items():
            episode.answer(*checked_action(actions[i], self._actions.quantities))
        self._go_on({i: episode.swap for i, episode in under_way.items()})
        for i, episode in under_way.items():
            episode.look()
            self.observations[i], self.rewards[i], self._infos[i] = (
                episode.observation(),
                episode.reward,
                episode.info(),
            )

    def _go_on(self, swaps: Mapping[int, TimedSwap]) -> None:
        """Advance all of these to their next decision requests or ends."""
        running, runner = dict(swaps), self.runner
        while running and runner is not None:
            running = {i: swap for i, swap in running.items() if swap.start()}
            worlds = np.array(list(running), np.int64)
            runner.run_to(worlds, np.full(len(worlds), NEVER))
            for swap in running.values():
                swap.collect()

    def _ends(self) -> tuple[Array, Array]:
        over = np.array([self._episodes[i].outcome != "running" for i in range(self.num_envs)])
        return over, np.zeros(self.num_envs, bool)

    def _columns(self) -> Columns:
        return stacked(self._infos)

    # ------------------------------------------------------------------------------- for training by steps, no infos

    def phases(self) -> list[str]:
        """Return the phase that each world asks for; empty where its episode has ended."""
        return [str(info["asked"]["phase"]) if info else "" for info in self._infos]

    def times_s(self) -> Array:
        """Return each world's mechanical time so far (N,), s."""
        return np.array([float(info["kpis"]["time_s"]) if info else 0.0 for info in self._infos])

    def take_peaks(self) -> Array:
        """Return each world's peak lateral force (N,) since the last call, N, and begin anew.

        From then on infos and rewards count this time alone: a step's own force is not in them, as a peak hides all
        that is lower and comes later.
        """
        if self.runner is None:
            return np.zeros(self.num_envs)
        found = self.runner.worlds["kpis"]["peak_lateral_n"]
        peaks: Array = found.copy()
        found[:] = 0.0
        return peaks


class TunedTimingVectorEnv(TimingVectorEnv):
    """N worlds of `envs.timing_v1.TunedTimingEnv`, with its arguments; `plant` "rom", `render_mode` None.

    Raises:
        InputError: a wrong argument, option or action, named.
    """

    quantities = (CHANGES, OBSERVATION_V1)

    def __init__(
        self,
        num_envs: int = 1,
        station: Name | Station = "top_lift",
        base: Name = "tuned",
        errors: bool = False,
        **arguments: Any,
    ) -> None:
        super().__init__(num_envs, station, **arguments)
        self._base = load_timing(base, self.station)
        self._actions = Residual(self.station, self._base)
        self._choice = replace(self._choice, planning=self._base.planning, errors=errors)
