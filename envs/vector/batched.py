"""Base of the vector environments: seeds, autoreset, checks, infos."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from envs.episodic import with_limit
from envs.scaling import Quantity, box
from envs.vector.infos import Columns, masked
from twin.errors import InputError

Array = np.ndarray
MAX_ENVS = 1 << 20
MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)


class BatchedEnv(VectorEnv[Array, Array, Array]):
    """N independent worlds; world i of any N plays the same episode to the last bit.

    Autoreset as in Gymnasium 1.x: `NextStep` (the default) or `SameStep`. A subclass keeps `observations` (N, O) and
    `rewards` (N,) of the last step, begins worlds in `_begin`, steps them in `_advance` and returns their infos in
    `_columns`.
    """

    def __init__(
        self,
        num_envs: int,
        action: Sequence[Quantity],
        observation: Sequence[Quantity],
        *,
        autoreset_mode: str | AutoresetMode,
        render_mode: str | None,
        render_fps: int,
        max_episode_steps: int | None = None,
    ) -> None:
        """`max_episode_steps`: number of steps that truncates an episode, as in `gymnasium.wrappers.TimeLimit`."""
        if type(num_envs) is not int or not 1 <= num_envs <= MAX_ENVS:
            raise InputError("not a number of worlds", key="num_envs", value=num_envs, allowed=f"1 to {MAX_ENVS}")
        if render_mode is not None:
            allowed = 'None; vectorization_mode="sync" has pictures'
            raise InputError("not available for a batch", key="render_mode", value=render_mode, allowed=allowed)
        self.num_envs, self.render_mode = num_envs, None
        self.autoreset_mode = _mode(autoreset_mode)
        if max_episode_steps is not None and (type(max_episode_steps) is not int or max_episode_steps < 1):
            allowed = "1 and more, or None"
            raise InputError("not a number of steps", key="max_episode_steps", value=max_episode_steps, allowed=allowed)
        self._step_limit, self._elapsed = max_episode_steps, np.zeros(num_envs, np.int64)
        self.metadata = {"render_modes": [], "render_fps": render_fps, "autoreset_mode": self.autoreset_mode}
        self._action = tuple(action)
        self.single_action_space, self.single_observation_space = box(action), box(observation)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.observations = np.zeros((num_envs, len(observation)), np.float32)
        self.rewards = np.zeros(num_envs)
        self._over, self._halted = np.zeros(num_envs, bool), np.zeros(num_envs, bool)
        self._randoms: list[np.random.Generator | None] = [None] * num_envs
        self._begun = False

    @property
    @abstractmethod
    def max_steps(self) -> int:
        """Maximum number of steps of an episode of the single environment; `max_episode_steps` is apart."""

    @property
    def spec(self) -> EnvSpec | None:
        """Gymnasium's specification, with this batch's `max_episode_steps`."""
        return with_limit(self.__dict__.get("_spec"), self._step_limit or self.max_steps)

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec

    # ------------------------------------------------------------------------------------------- subclass interface

    @abstractmethod
    def _begin(self, which: Array, seeds: Sequence[int], options: Mapping[str, Any] | None) -> None:
        """Begin the episodes of worlds `which` (K,) and observe them."""

    @abstractmethod
    def _advance(self, which: Array, actions: Array) -> None:
        """Step the running worlds `which` (K,); `actions` (N, A) are finite there."""

    @abstractmethod
    def _ends(self) -> tuple[Array, Array]:
        """Return (terminated, truncated), each (N,) bool."""

    @abstractmethod
    def _columns(self) -> Columns:
        """Return the infos of all worlds as new arrays (N, ...), by the names in a single environment's info."""

    # ---------------------------------------------------------------------------------------------------- the episodes

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin episodes in all worlds, or in those of `options["reset_mask"]` (N,) bool.

        Args:
            seed: world i begins episode seed + i, or seed[i]; None: it draws its next seed.
            options: as in the single environment's `reset`, the same in every world.

        Raises:
            InputError: wrong number of seeds, a wrong option.
        """
        self._check_open("reset")
        fixed = dict(options) if isinstance(options, Mapping) else options
        mask = self._mask(fixed.pop("reset_mask", None) if isinstance(fixed, dict) else None)
        seeds = self._seeds(seed)
        which = np.flatnonzero(mask)
        episodes = [self._episode(int(i), seeds[i]) for i in which]
        self._begin(which, episodes, fixed)
        self._begun = True
        self.rewards[which] = 0.0
        self._elapsed[which] = 0
        self._over[which] = False
        return self.observations.copy(), masked(self._columns(), mask)

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Step every world; one that ended in the last step begins its next episode instead (`NextStep`).

        Returns:
            Observations (N, O) float32, rewards, terminated and truncated (N,), infos; all of them new arrays.

        Raises:
            InputError: actions of another shape, or not finite for a world that steps.
        """
        self._check_open("step")
        if not self._begun:
            raise ResetNeeded("step() before reset()")
        again = self._over & ~self._halted & (self.autoreset_mode == AutoresetMode.NEXT_STEP)
        steps = ~again & ~self._halted
        checked = self._checked(actions, steps)
        if steps.any():
            self._advance(np.flatnonzero(steps), checked)
            self._elapsed[steps] += 1
        if again.any():
            self._begin_next(np.flatnonzero(again))
            self.rewards[again] = 0.0
        terminated, truncated = self._ends()
        if self._step_limit is not None:
            truncated = truncated | (self._elapsed >= self._step_limit)
        rewards, self._over = self.rewards.copy(), terminated | truncated
        everyone = np.ones(self.num_envs, bool)
        if self.autoreset_mode == AutoresetMode.NEXT_STEP or not self._over.any():
            return self.observations.copy(), rewards, terminated, truncated, masked(self._columns(), everyone)
        final = {"final_obs": self._final(), "final_info": masked(self._columns(), self._over)}
        final |= {f"_{key}": self._over.copy() for key in final}
        self._begin_next(np.flatnonzero(self._over))
        return self.observations.copy(), rewards, terminated, truncated, masked(self._columns(), everyone) | final

    def halt(self, mask: Array) -> None:
        """Leave the worlds of `mask` (N,) bool as they are in the steps from now on; the others run."""
        self._halted = np.array(mask, bool)

    def _begin_next(self, which: Array) -> None:
        """Begin the next episodes of worlds `which`, each seeded by its own generator."""
        self._begin(which, [self._episode(int(i), None) for i in which], None)
        self._elapsed[which] = 0

    def _final(self) -> Array:
        """Return (N,) objects: the last observation of the worlds that have ended."""
        final = np.full(self.num_envs, None, object)
        for i in np.flatnonzero(self._over):
            final[i] = self.observations[i].copy()
        return final

    def close_extras(self, **kwargs: Any) -> None:
        """Free nothing."""

    # --------------------------------------------------------------------------------------------------- seeds, checks

    def _episode(self, i: int, seed: int | None) -> int:
        """Return the episode of world `i`: `seed`, or one drawn by its generator as in a single environment."""
        if seed is not None:
            self._randoms[i] = seeding.np_random(seed)[0]
            return seed
        random = self._randoms[i]
        if random is None:
            random = self._randoms[i] = seeding.np_random()[0]
        return int(random.integers(2**63))

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        n = self.num_envs
        if seed is None:
            return [None] * n
        if isinstance(seed, int | np.integer):
            return [int(seed) + i for i in range(n)]
        seeds = [None if one is None else int(one) for one in seed]
        if len(seeds) != n:
            raise InputError("wrong number of seeds", key="seed", value=len(seeds), allowed=str(n))
        return seeds

    def _mask(self, mask: object) -> Array:
        if mask is None:
            return np.ones(self.num_envs, bool)
        good = isinstance(mask, np.ndarray) and mask.dtype == bool and mask.shape == (self.num_envs,) and mask.any()
        if not good:
            allowed = f"({self.num_envs},) bool, True for some"
            raise InputError("not a mask of worlds", key="options['reset_mask']", value=mask, allowed=allowed)
        assert isinstance(mask, np.ndarray)
        if not self._begun and not mask.all():
            raise ResetNeeded("reset() of some worlds before the first of all")
        return mask

    def _checked(self, actions: object, taken: Array) -> Array:
        """Return the actions (N, A) float64, checked to be finite in the worlds that step."""
        names = ", ".join(q.name for q in self._action)
        try:
            array = np.asarray(actions, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError("not made of numbers", key="actions", value=actions, allowed=names) from None
        shape = (self.num_envs, len(self._action))
        if array.shape != shape:
            raise InputError("wrong shape", key="actions", value=array.shape, allowed=f"{shape}: {names}")
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1) & taken)
        if len(bad):
            raise InputError(
                f"not finite in world {bad[0]}", key="actions", value=array[bad[0]].tolist(), allowed=names
            )
        return array

    def _check_open(self, what: str) -> None:
        if self.closed:
            raise ClosedEnvironmentError(f"{what}() of an environment that is closed")


def _mode(mode: str | AutoresetMode) -> AutoresetMode:
    """Return the member of MODES, given itself or its value."""
    try:
        known = AutoresetMode(mode)
    except ValueError:
        known = AutoresetMode.DISABLED
    if known not in MODES:
        allowed = ", ".join(one.value for one in MODES)
        raise InputError("unknown", key="autoreset_mode", value=getattr(mode, "value", mode), allowed=allowed)
    return known
