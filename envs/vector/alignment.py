"""swaptwin/Alignment-v1 as a vector environment: N insertions on one reduced-order plant."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from envs.alignment_case import CARE, MAX_DELAY, STARTS, AlignmentChoice
from envs.alignment_control import ACTION, ACTION_MODES, OBSERVATION
from envs.alignment_episodes import CODES, Episodes
from envs.alignment_reward import COSTS, REWARD_WEIGHTS, RUNNING, TIME_LIMIT
from envs.delay import Delay
from envs.episodic import steps_within
from envs.options import choice, number
from envs.swap_case import SwapChoice
from envs.vector.batched import BatchedEnv
from envs.vector.infos import Columns, Kept, by_name, sum_of
from twin.alignment.batch import BatchDriver
from twin.alignment.sensed import DECISION_S
from twin.catalogue import Station, load_pack, load_station, load_truck
from twin.errors import InputError

Array = np.ndarray
Name = str | os.PathLike[str]
PLANTS = ("rom",)
"""Plants that worlds can share; `vectorization_mode="async"` runs one Bullet per process."""


class AlignmentVectorEnv(BatchedEnv):
    """N worlds of `envs.alignment.AlignmentEnv` with `plant="rom"`.

    World i of any N equals the single environment with the same seed to the last bit.

    Attributes:
        driver: of the worlds' insertions; None before the first reset.

    Arguments:
        num_envs: number of worlds.
        autoreset_mode: "NextStep" or "SameStep".
        max_episode_steps: number of steps that truncates an episode; None: only its own limit.
        the others: as in `AlignmentEnv`; `plant` "rom", `render_mode` None.

    Raises:
        InputError: a wrong argument, option or action, named.
    """

    def __init__(
        self,
        num_envs: int = 1,
        station: Name | Station = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        parking: str | None = None,
        conditions: str | None = None,
        action_mode: str = "direct",
        plant: str = "rom",
        time_limit_s: float = 60.0,
        care: float | None = 0.0,
        starts: str = "hand_over",
        vary: Mapping[str, float] | None = None,
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
    ) -> None:
        super().__init__(
            num_envs,
            ACTION,
            OBSERVATION,
            autoreset_mode=autoreset_mode,
            render_mode=render_mode,
            render_fps=round(1.0 / DECISION_S),
            max_episode_steps=max_episode_steps,
        )
        choice("plant", plant, PLANTS)
        self.station = station if isinstance(station, Station) else load_station(station)
        self._choice = AlignmentChoice(
            SwapChoice(
                self.station,
                None if truck is None else load_truck(truck),
                None if pack is None else load_pack(pack),
                parking,
                conditions,
            ),
            None if care is None else number("care", care, *CARE),
            choice("starts", starts, STARTS),
            dict(vary or {}),
        )
        self.action_mode = choice("action_mode", action_mode, ACTION_MODES)
        limit_s = number("time_limit_s", time_limit_s, 5.0, 600.0)
        self._episodes = Episodes(num_envs, self.action_mode, limit_s)
        self.observations, self.rewards = self._episodes.observations, self._episodes.rewards
        self.driver: BatchDriver | None = None
        self._cases = Kept(num_envs)
        self._delay = Delay(num_envs, len(ACTION), MAX_DELAY)

    @property
    def runner(self) -> Any:
        """The `BatchRunner` of all worlds; None before the first reset."""
        return None if self.driver is None else self.driver.runner

    @property
    def terms(self) -> Array:
        """Raw reward terms (N, T) of the last step, in the order of `REWARD_WEIGHTS`; a view."""
        return self._episodes.terms

    @property
    def costs(self) -> Array:
        """Costs (N, C) of the last step, in the order of `COSTS`; a view."""
        return self._episodes.costs

    @property
    def max_steps(self) -> int:
        """Maximum number of steps of an episode of the single environment."""
        return steps_within(self._episodes.time_limit_s, DECISION_S)

    def _begin(self, which: Array, seeds: Sequence[int], options: Mapping[str, Any] | None) -> None:
        cases = [self._choice.draw(seed, options) for seed in seeds]
        setups = [case.swap.setup for case in cases]
        if self.driver is None:
            self.driver = BatchDriver(setups[0], self.num_envs)
        try:
            self.driver.restart(which, setups, [case.hover for case in cases])
        except RuntimeError as error:  # as in the single environment
            asked = {**self._choice.fixed, **(options or {})}
            if not asked:
                raise
            raise InputError(f"no episode begins there: {error}", key="options", value=asked) from None
        self._episodes.begin(which, cases, self.driver)
        for i, case in zip(which.tolist(), cases, strict=True):
            self._delay.begin(i, case.late_steps)
        self._cases.put(which.tolist(), [case.as_plain() for case in cases])

    def _advance(self, which: Array, actions: Array) -> None:
        assert self.driver is not None
        if not self._delay.delays:
            self._episodes.step(which, actions, self.driver)
            return
        kept = np.clip(actions, [q.low for q in ACTION], [q.high for q in ACTION])
        self._episodes.step(which, self._delay.passed_on(which, kept), self.driver)
        self._episodes.clipped[which] = (kept != actions)[which]  # of the actions given, as the single environment

    def _ends(self) -> tuple[Array, Array]:
        end = self._episodes.episodes["end"]
        truncated = end == TIME_LIMIT
        return (end != RUNNING) & ~truncated, truncated

    def _columns(self) -> Columns:
        e = self._episodes
        return {
            "outcome": CODES[e.episodes["end"]],
            "is_success": e.success(),
            "reward_terms": by_name(REWARD_WEIGHTS, e.terms),
            "clipped": by_name([q.name for q in ACTION], e.clipped),
            "cost": sum_of(e.costs),
            "costs": by_name(COSTS, e.costs),
            "violations": e.episodes["violations"].copy(),
            "kpis": dict(e.kpis(self.runner.worlds)),
            "case": self._cases.columns(),
        }
