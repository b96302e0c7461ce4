"""What stands between any policy and the environment: actions come out finite and inside the limits, or not at all."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from agents.policies import Policy
from twin.errors import InputError

Array = np.ndarray


class Guard:
    """A policy whose actions are finite and within the action space, and the count of those that were not.

    A component that is NaN or infinite becomes the neutral action (zero, or the nearest to it that is allowed), one
    beyond a limit becomes the limit. An action of another shape is no action: it raises.

    Attributes:
        interventions: of the episode under way, `not_finite` and `beyond_limits`: actions, not components.
    """

    def __init__(self, policy: Policy, space: Any) -> None:
        """`space` is a gymnasium Box with finite limits."""
        self.policy = policy
        self.low, self.high = np.asarray(space.low), np.asarray(space.high)
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise InputError("the action space has no finite limits", key="action_space", value=repr(space))
        self.neutral = np.clip(np.zeros_like(self.low), self.low, self.high)
        self.interventions: Counter[str] = Counter()

    def begin(self, seed: int) -> None:
        """A new episode: the policy forgets the last one, the count starts anew."""
        self.interventions = Counter()
        self.policy.begin(seed)

    def act(self, observation: Array) -> Array:
        """The policy's action, kept inside the envelope.

        Raises:
            InputError: for an action of another shape or one that holds no numbers.
        """
        said = self.policy.act(observation)
        try:
            action = np.asarray(said, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError("policy gave no numbers", key="action", value=said) from None
        if action.shape != self.low.shape:
            raise InputError(
                "policy gave an action of another shape", key="action", value=action.shape, allowed=str(self.low.shape)
            )
        finite = np.isfinite(action)
        if not finite.all():
            self.interventions["not_finite"] += 1
            action = np.where(finite, action, self.neutral)
        # compared in the space's own float32: a rounding error beyond a limit is no intervention
        with np.errstate(over="ignore"):  # what float32 cannot hold is beyond every limit
            given = action.astype(self.low.dtype)
        kept = np.clip(given, self.low, self.high)
        if not np.array_equal(kept, given):
            self.interventions["beyond_limits"] += 1
        return kept
