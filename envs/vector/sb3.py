"""Vector environments for stable-baselines3, which this module alone imports.

>>> env = make_sb3("swaptwin/Alignment-v1", num_envs=256, station="top_lift", action_mode="residual")
>>> SAC("MlpPolicy", env).learn(1_000_000)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from envs.vector.batched import BatchedEnv
from envs.vector.infos import single
from twin.errors import InputError

Array = np.ndarray
Indices = None | int | Iterable[int]


def make_sb3(name: str, num_envs: int, *, full_infos: bool = False, **arguments: Any) -> BatchVecEnv:
    """Make N worlds of an id of this package, with the arguments of its environment."""
    made = gymnasium.make_vec(f"envs:{name}", num_envs, autoreset_mode=AutoresetMode.SAME_STEP, **arguments)
    return BatchVecEnv(made, full_infos=full_infos)


class BatchVecEnv(VecEnv):
    """Adapter of a vector environment in mode `SameStep` to stable-baselines3's `VecEnv`.

    Infos: a world whose episode ended in this step has its whole info, `terminal_observation` and
    `TimeLimit.truncated`; a running world has `TimeLimit.truncated` alone, or its whole info with `full_infos` (some
    20 us a world and step).
    """

    def __init__(self, vector: Any, *, full_infos: bool = False) -> None:
        """`vector`: an environment of this package with `autoreset_mode="SameStep"`.

        Raises:
            InputError: another environment, or another mode.
        """
        if not isinstance(vector, BatchedEnv) or vector.autoreset_mode != AutoresetMode.SAME_STEP:
            allowed = 'one of envs.vector with autoreset_mode="SameStep"'
            raise InputError("cannot be adapted", key="vector", value=str(vector), allowed=allowed)
        self.vector, self.full_infos = vector, full_infos
        self._actions: Array = np.zeros((vector.num_envs, 0))
        super().__init__(vector.num_envs, vector.single_observation_space, vector.single_action_space)

    def reset(self) -> Array:
        """Begin episodes in all worlds, with the seeds and options set by `seed` and `set_options`."""
        options = self._options[0]
        if any(one != options for one in self._options):
            raise InputError("not the same for every world", key="options", value=self._options)
        observations, infos = self.vector.reset(seed=self._seeds, options=options or None)
        self.reset_infos = [single(infos, i) for i in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: Array) -> None:
        """Store the actions (N, A) for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Array, Array, Array, list[dict[str, Any]]]:
        """Return (observations, rewards float32, dones, infos); an ended world gives the next episode's first look."""
        observations, rewards, terminated, truncated, infos = self.vector.step(self._actions)
        dones = terminated | truncated
        told: list[dict[str, Any]] = [{"TimeLimit.truncated": False} for _ in range(self.num_envs)]
        for i in np.flatnonzero(dones | self.full_infos).tolist():
            if dones[i]:
                self.reset_infos[i] = _begun(infos, i)
                told[i] |= single(infos["final_info"], i) | {"terminal_observation": infos["final_obs"][i]}
                told[i]["TimeLimit.truncated"] = bool(truncated[i] and not terminated[i])
            else:
                told[i] |= _begun(infos, i)
        return observations, rewards.astype(np.float32), dones, told

    def close(self) -> None:
        """Close the environment for good."""
        self.vector.close()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """Return an attribute of the batch, the same for every world."""
        value = getattr(self.vector, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Refuse: worlds of a batch have no attributes of their own."""
        raise NotImplementedError(f"a batch's {attr_name} is an argument of its constructor")

    def env_method(self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any) -> Any:
        """Refuse: worlds of a batch have no methods of their own."""
        raise NotImplementedError(f"worlds of a batch have no method {method_name}; the batch itself is `vector`")

    def env_is_wrapped(self, wrapper_class: Any, indices: Indices = None) -> list[bool]:
        """Return False for every world: none is wrapped."""
        return [False for _ in self._get_indices(indices)]


def _begun(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """Return world `i`'s info of a step, without the entries on its last episode."""
    return single({key: value for key, value in infos.items() if not key.removeprefix("_").startswith("final_")}, i)
