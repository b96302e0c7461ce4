"""Actions that take effect some steps after they were given: computing and sending them takes time."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


class Delay:
    """A queue of actions for each of N worlds, with a length of its own; length 0 passes them on unchanged."""

    def __init__(self, n: int, size: int, longest: int) -> None:
        """`size`: of an action; `longest`: the most steps that an episode may ask for."""
        self._steps = np.zeros(n, np.int64)
        self._waiting = np.zeros((n, longest, size))

    def begin(self, world: int, steps: int) -> None:
        """Begin an episode whose actions take effect `steps` steps late; until then zeros do."""
        self._steps[world], self._waiting[world] = steps, 0.0

    @property
    def delays(self) -> bool:
        """True if the actions of any world are late."""
        return bool(self._steps.any())

    def passed_on(self, which: Array, actions: Array) -> Array:
        """Queue the actions (N, A) of the worlds `which` (K,), and return those that take effect now, (N, A)."""
        if not self.delays:
            return actions
        effective = np.array(actions, np.float64)
        for i in which.tolist():
            steps = int(self._steps[i])
            if steps:
                queue = self._waiting[i, :steps]
                effective[i] = queue[0]
                queue[:-1] = queue[1:]
                queue[-1] = actions[i]
        return effective
