"""Base of the environments: rendering, checks of the call order, closing."""

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
    """Open viewer resource: a window or a buffer."""

    def close(self) -> None:
        """Free it."""


def steps_within(limit_s: float, step_s: float) -> int:
    """Number of the step of `step_s` that reaches `limit_s` and truncates the episode."""
    steps = max(1, math.floor(limit_s / step_s))
    return steps if steps * step_s >= limit_s - 1e-9 else steps + 1


def with_limit(spec: EnvSpec | None, steps: int) -> EnvSpec | None:
    """Copy a specification and fill in a missing `max_episode_steps`.

    The registered specifications have none: `gymnasium.make` would wrap a `TimeLimit` of that number around
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
        """Initialise for the constructor: no episode and no picture yet.

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
        """Maximum number of steps of an episode; the environment truncates it there."""

    @property
    def spec(self) -> EnvSpec | None:
        """Gymnasium's specification, with `max_steps` as its `max_episode_steps`."""
        return with_limit(self.__dict__.get("_spec"), self.max_steps)

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec

    @abstractmethod
    def _show(self) -> Array | None:
        """Draw the current instant with `_picture`, creating it if it is None."""

    def record_next(self, path: str | os.PathLike[str], *, policy: str | None = None) -> None:
        """Record the episode that the next `reset` begins to `path` (MCAP); the header names `policy`.

        `swaptwin replay` plays the file, `swaptwin verify` runs it again. An episode that is left before its end is
        closed as interrupted.

        Raises:
            InputError: the path cannot be written, or is a file that is no recording.
        """
        self._recorder.ask(path, policy)

    def _free(self) -> None:
        """Free the resources of an episode."""

    def render(self) -> Array | None:
        """Return the picture (height, width, 3) uint8, or None if it is shown in a window."""
        self._check_open("render")
        if self.render_mode is None:
            gymnasium.logger.warn('render() needs gymnasium.make(..., render_mode="rgb_array" or "human")')
            return None
        if not self._begun:
            raise ResetNeeded("render() before reset()")
        return self._show()

    def _show_live(self) -> None:
        """Update the window after each reset and step."""
        if self.render_mode == "human":
            self.render()

    def close(self) -> None:
        """Free plant, window and buffer; only another `close` is allowed afterwards."""
        self._closed = True
        self._free()
        if self._picture is not None:
            self._picture.close()
            self._picture = None

    def _check_open(self, what: str) -> None:
        if self._closed:
            raise ClosedEnvironmentError(f"{what}() of an environment that is closed")

    def _check_running(self) -> None:
        """Check that a step may be taken."""
        self._check_open("step")
        if not self._begun:
            raise ResetNeeded("step() before reset()")
        if self._outcome != "running":
            raise ResetNeeded(f"step() after the episode ended ({self._outcome}): call reset()")

    def __getstate__(self) -> dict[str, Any]:
        """State without the picture, which is made again on demand."""
        return {**self.__dict__, "_picture": None}
