"""The smallest environment on the reference plant, for tests of what measures environments: one insertion."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np

from tests.determinism.short_swap import setup_and_timing
from twin.alignment.episode import AlignmentTwin
from twin.alignment.hover import Hover

SPEEDS = np.array([0.05, 0.05, 0.05, 0.01])


class Insertion(gymnasium.Env[np.ndarray, np.ndarray]):
    """As Alignment-v1: 25 ticks a step, a new plant each episode, some steps long."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 20}

    def __init__(self, steps: int = 12) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (5,), np.float64)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (4,), np.float32)
        self.steps, self.twin = steps, None  # type: int, AlignmentTwin | None

    @property
    def runner(self) -> Any:
        assert self.twin is not None
        return self.twin.runner

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, Any]:
        super().reset(seed=seed)
        self.close()
        self.twin = AlignmentTwin(setup_and_timing()[0], Hover(off_x_m=float(self.np_random.uniform(-0.02, 0.02))))
        self.twin.begin()
        self.taken = 0
        return self._observation(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        assert self.twin is not None
        self.twin.advance(SPEEDS * action)
        self.taken += 1
        return self._observation(), 0.0, not self.twin.running, self.taken >= self.steps, {}

    def _observation(self) -> np.ndarray:
        return np.append(self.runner.worlds["truth"]["q"][0, 0, :4], self.runner.worlds["truth"]["t_s"][0])

    def close(self) -> None:
        if self.twin is not None:
            self.twin.close()
        self.twin = None


if "Insertion-v0" not in gymnasium.registry:
    gymnasium.register("Insertion-v0", entry_point=f"{__name__}:Insertion")
