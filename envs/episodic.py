"""What every environment here does alike: pictures on demand, calls out of turn, the end."""

from __future__ import annotations

import copy
import math
import os
from abc import abstractmethod
from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from envs.options import choice

Array = np.ndarray


class Picture(Protocol):
    """Something of the viewer that is open: a window or a buffer."""

    def close(self) -> None:
        """Free it."""


def steps_within(limit_s: float, step_s: float) -> int:
    """The step of `step_s` at whose end `limit_s` is over: the one at which an environment truncates."""
    steps = max(1, math.floor(limit_s / step_s))
    return steps if steps * step_s >= limit_s - 1e-9 else steps + 1


def with_limit(spec: EnvSpec | None, steps: int) -> EnvSpec | None:
    """A copy of a specification that has no `max_episode_steps`, with that number; others as they are.

    The registered specifications have none, for `gymnasium.make` would wrap a `TimeLimit` of that number around
    environments that are made with a longer `time_limit_s`.
    """
    if spec is None or spec.max_episode_steps is not None:
        return spec
    own = copy.copy(spec)
    own.max_episode_steps = steps
    return own


class EpisodicEnv(gymnasium.Env[Array, Array]):
    """Base of the environments. A subclass sets `_outcome` in each episode, draws it in `_show` and has a `_recorder`.

    Attributes:
        render_mode, view, size_px: as given.
    """

    _recorder: Any  # envs.recording.Asked: each task has its own

    def _begin_closed(self, render_mode: str | None, view: str, size_px: tuple[int, int]) -> None:
        """Called by the constructor: no episode yet, no picture.

        Raises:
            InputError: an unknown render mode.
        """
        if render_mode is not None:
            choice("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode, self.view, self.size_px = render_mode, view, size_px
        self._picture: Any = None
        self._closed = self._begun = False
        self._outcome = "running"

    @property
    @abstractmethod
    def max_steps(self) -> int:
        """No episode has more steps: it ends, or is truncated here, by itself."""

    @property
    def spec(self) -> EnvSpec | None:
        """As Gymnasium made it, `max_episode_steps` being `max_steps`."""
        return with_limit(self.__dict__.get("_spec"), self.max_steps)

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec

    @abstractmethod
    def _show(self) -> Array | None:
        """Draw the present instant, into `_picture`, which is made when it is None."""

    def record_next(self, path: str | os.PathLike[str], *, policy: str | None = None) -> None:
        """Record the episode that the next `reset` begins to `path` (MCAP); the header names `policy`.

        `swaptwin replay` plays the file, `swaptwin verify` runs it again. An episode that is left before its end is
        closed as interrupted.

        Raises:
            InputError: a path that cannot be written, or is another file than a recording.
        """
        self._recorder.ask(path, policy)

    def _free(self) -> None:
        """Free what an episode holds."""

    def render(self) -> Array | None:
        """The picture (height, width, 3) uint8, or None where it is shown in a window."""
        self._check_open("render")
        if self.render_mode is None:
            gymnasium.logger.warn('render() needs gymnasium.make(..., render_mode="rgb_array" or "human")')
            return None
        if not self._begun:
            raise ResetNeeded("render() before reset()")
        return self._show()

    def _show_live(self) -> None:
        """After each reset and step: keeps a window up to date."""
        if self.render_mode == "human":
            self.render()

    def close(self) -> None:
        """Frees plant, window and buffer; nothing works after that but another `close`."""
        self._closed = True
        self._free()
        if self._picture is not None:
            self._picture.close()
            self._picture = None

    def _check_open(self, what: str) -> None:
        if self._closed:
            raise ClosedEnvironmentError(f"{what}() of an environment that is closed")

    def _check_running(self) -> None:
        """That a step may be taken."""
        self._check_open("step")
        if not self._begun:
            raise ResetNeeded("step() before reset()")
        if self._outcome != "running":
            raise ResetNeeded(f"step() after the episode ended ({self._outcome}): call reset()")

    def __getstate__(self) -> dict[str, Any]:
        """All but the picture, which is made anew where it is wanted."""
        return {**self.__dict__, "_picture": None}
