"""swaptwin/Docking-v3 as a vector environment: N trucks, each in its own lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from envs.docking import Name
from envs.docking_case import Choice
from envs.docking_episodes import ACTION, CODES
from envs.docking_guided import OBSERVATION, GuidedEpisodes
from envs.docking_law import ACTION_MODES
from envs.docking_reward import COSTS, REWARD_WEIGHTS, RUNNING, TIME_LIMIT
from envs.episodic import steps_within
from envs.options import choice, number
from envs.vector.batched import BatchedEnv
from envs.vector.infos import Columns, Kept, by_name, sum_of
from twin.catalogue import Scenario, load_pack, load_scenario, load_station, load_truck
from twin.docking import CONTROL_S, DockingPlant
from twin.docking.state import PARAMS

Array = np.ndarray


class DockingVectorEnv(BatchedEnv):
    """N worlds of `envs.docking.DockingEnv`.

    World i of any N equals the single environment with the same seed to the last bit.

    Arguments:
        num_envs: number of worlds.
        autoreset_mode: "NextStep" or "SameStep".
        max_episode_steps: number of steps that truncates an episode; None: only its own limit.
        the others: as in `DockingEnv`; `render_mode` None.

    Raises:
        InputError: a wrong argument, option or action, named.
    """

    def __init__(
        self,
        num_envs: int = 1,
        station: Name = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        conditions: str | None = None,
        guided: bool | None = None,
        scenario: Name | Scenario | None = None,
        direction: str | None = None,
        operator: str | None = None,
        action_mode: str = "direct",
        time_limit_s: float = 120.0,
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
            render_fps=round(1.0 / CONTROL_S),
            max_episode_steps=max_episode_steps,
        )
        self.station = load_station(station)
        self._choice = Choice(
            self.station,
            None if truck is None else load_truck(truck),
            None if pack is None else load_pack(pack),
            conditions,
            guided,
            None if scenario is None else load_scenario(scenario),
            direction,
            operator,
        )
        self.action_mode = choice("action_mode", action_mode, ACTION_MODES)
        limit_s = number("time_limit_s", time_limit_s, 10.0, 600.0)
        self._episodes = GuidedEpisodes(num_envs, limit_s, self.action_mode)
        self.observations, self.rewards = self._episodes.observations, self._episodes.rewards
        self.plant = DockingPlant(np.zeros(1, PARAMS), num_envs)
        self._cases = Kept(num_envs)

    @property
    def max_steps(self) -> int:
        """Maximum number of steps of an episode of the single environment."""
        return steps_within(self._episodes.time_limit_s, CONTROL_S)

    @property
    def terms(self) -> Array:
        """Raw reward terms (N, T) of the last step, in the order of `REWARD_WEIGHTS`; a view."""
        return self._episodes.terms

    @property
    def costs(self) -> Array:
        """Costs (N, C) of the last step, in the order of `COSTS`; a view."""
        return self._episodes.costs

    def _begin(self, which: Array, seeds: Sequence[int], options: Mapping[str, Any] | None) -> None:
        cases = [self._choice.draw(seed, options) for seed in seeds]
        for i, case in zip(which.tolist(), cases, strict=True):
            self.plant.put(i, case.new_plant())
            self._episodes.begin(i, case)
        self._episodes.look_first(which, self.plant.worlds, self.plant.params)
        self._cases.put(which.tolist(), [case.as_plain() for case in cases])

    def _advance(self, which: Array, actions: Array) -> None:
        commands = self._episodes.act(which, actions, self.plant.worlds, self.plant.params)
        self.plant.apply(commands[:, 0], commands[:, 1], commands[:, 2])
        self.plant.advance(CONTROL_S)  # also ended worlds: they are reset before they are observed
        self._episodes.look(which, self.plant.worlds, self.plant.params)

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
            "kpis": dict(e.kpis(self.plant.worlds)),
            "case": self._cases.columns(),
        }
