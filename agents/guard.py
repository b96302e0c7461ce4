"""Guard between a policy and the environment: actions are finite and within the limits, or refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from agents.policies import Policy
from twin.errors import InputError

Array = np.ndarray


class Guard:
    """A policy whose actions are made finite and clipped to the action space; interventions are counted.

    A component that is NaN or infinite becomes the neutral action (zero, or the allowed value nearest to it), one
    beyond a limit becomes the limit. An action of another shape raises.

    Attributes:
        interventions: `not_finite` and `beyond_limits` of the current episode; counts actions, not components.
    """

    def __init__(self, policy: Policy, space: Any) -> None:
        """`space` is a gymnasium Box with finite limits."""
        self.policy = policy
        self.low, self.high = np.asarray(space.low), np.asarray(space.high)
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise InputError("the action space has no finite limits", key="action_space", value=repr(space))
        self.neutral = np.clip(np.zeros_like(self.low), self.low, self.high)
        self.interventions: Counter[str] = Counter()

    @property
    def options(self) -> dict[str, Any] | None:
        """Options of the environment's reset that the policy asks for."""
        return getattr(self.policy, "options", None)

    def begin(self, seed: int) -> None:
        """Begin a new episode: reset the policy and the count."""
        self.interventions = Counter()
        self.policy.begin(seed)

    def act(self, observation: Array) -> Array:
        """Return the policy's action within the limits.

        Raises:
            InputError: the action has another shape or is not numeric.
        """
        raw = self.policy.act(observation)
        try:
            action = np.asarray(raw, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError("the policy's action is not numeric", key="action", value=raw) from None
        if action.shape != self.low.shape:
            raise InputError(
                "the policy's action has the wrong shape", key="action", value=action.shape, allowed=str(self.low.shape)
            )
        finite = np.isfinite(action)
        if not finite.all():
            self.interventions["not_finite"] += 1
            action = np.where(finite, action, self.neutral)
        # compared in the space's own float32: a rounding error beyond a limit is no intervention
        with np.errstate(over="ignore"):  # values beyond float32 are beyond every limit
            given = action.astype(self.low.dtype)
        kept = np.clip(given, self.low, self.high)
        if not np.array_equal(kept, given):
            self.interventions["beyond_limits"] += 1
        return kept
