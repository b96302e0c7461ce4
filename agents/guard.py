"""Guard between a policy and the environment: actions are finite, within the limits and certified, or refused."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import numpy as np

from agents.policies import Policy
from twin.errors import InputError

Array = np.ndarray


class Certifier(Protocol):
    """A safety filter of one episode's actions."""

    def begin(self) -> None:
        """Begin a new episode."""

    def certify(self, action: Array, state: Array) -> Array:
        """Return the safe action nearest to a finite one within its limits; `state` is the observation."""

    def counted(self) -> Counter[str]:
        """Rules by name that changed the last action."""


class Guard:
    """A policy whose actions are made finite, clipped to the action space and certified; interventions are counted.

    A component that is NaN or infinite becomes the neutral action (zero, or the allowed value nearest to it), one
    beyond a limit becomes the limit. An action of another shape raises.

    Attributes:
        interventions: of the current episode: `not_finite`, `beyond_limits` and the certifier's rules; counts actions,
            not components.
        changed: number of actions that any of them changed.
    """

    def __init__(self, policy: Policy, space: Any, certifier: Certifier | None = None) -> None:
        """`space` is a gymnasium Box with finite limits; without a certifier they are all that is known."""
        self.policy, self._certifier = policy, certifier
        self.low, self.high = np.asarray(space.low), np.asarray(space.high)
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise InputError("the action space has no finite limits", key="action_space", value=repr(space))
        self.neutral = np.clip(np.zeros_like(self.low), self.low, self.high)
        self.interventions: Counter[str] = Counter()
        self.changed = 0

    @property
    def options(self) -> dict[str, Any] | None:
        """Options of the environment's reset that the policy asks for."""
        return getattr(self.policy, "options", None)

    def begin(self, seed: int) -> None:
        """Begin a new episode: reset the policy and the count."""
        self.interventions, self.changed = Counter(), 0
        if self._certifier is not None:
            self._certifier.begin()
        self.policy.begin(seed)

    def act(self, observation: Array) -> Array:
        """Return the policy's action, within the limits and certified.

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
        before = self.interventions.total()
        if not finite.all():
            self.interventions["not_finite"] += 1
            action = np.where(finite, action, self.neutral)
        # compared in the space's own float32: a rounding error beyond a limit is no intervention
        with np.errstate(over="ignore"):  # values beyond float32 are beyond every limit
            given = action.astype(self.low.dtype)
        kept = np.clip(given, self.low, self.high)
        if not np.array_equal(kept, given):
            self.interventions["beyond_limits"] += 1
        if self._certifier is not None:
            safe = self._certifier.certify(kept, observation)
            rules = self._certifier.counted()
            if rules:
                self.interventions.update(rules)
                kept = safe.astype(kept.dtype)
        self.changed += self.interventions.total() > before
        return kept


def certifier_of(environment: Any) -> Certifier | None:
    """Return the safety filter of an environment's actions; None for one without."""
    own = environment.unwrapped
    if not hasattr(own, "care"):  # Alignment's
        return None
    from agents.guard_alignment import AlignmentFilter

    return AlignmentFilter(own.station, own.action_mode)
