"""Action mode and version of a bundle: direct setpoints, or a residual on servo or law; of Alignment also v0's or v1's.

A bundle acts in the mode and the version that it was made for: the environment is made in its mode, and a policy of an
earlier version sees its own observation and has its own scales.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.bundle import BundlePolicy
from agents.policies import Policy
from twin.errors import InputError

Array = np.ndarray
DEFAULT = "direct"
"""The environments' default, for a contract that names none."""


class EarlierVersion:
    """A bundle made for an earlier version of Alignment, as a policy of the present one.

    Attributes:
        bundle: the policy itself.
    """

    def __init__(self, bundle: BundlePolicy, mode: str) -> None:
        """`mode`: of bundle and environment."""
        from envs.alignment_control import ACTION, EARLIER, EARLIER_SHARES, OBSERVATION, RESIDUAL_SHARES

        version = bundle.contract.environment_version
        observation, action = EARLIER[version]
        self.bundle, self._residual, self._observed = bundle, mode == "residual", len(observation)
        first = [q.name for q in OBSERVATION].index("servo_x")
        self._servo = slice(first, first + len(ACTION))
        self._servo_scales = np.array([q.scale for q in list(OBSERVATION)[self._servo]])
        self._scales = np.array([quantity.scale for quantity in action])
        self._present = np.array([quantity.scale for quantity in ACTION])
        self._shares, self._present_shares = EARLIER_SHARES[version], RESIDUAL_SHARES

    def begin(self, seed: int) -> None:
        """Begin an episode."""
        self.bundle.begin(seed)

    def act(self, observation: Array) -> Array:
        """Return the present version's action (A,) with the same setpoints."""
        action: Array = self.act_many(observation[None], self.bundle.act(observation[: self._observed])[None])[0]
        return action

    def act_many(self, observations: Array, actions: Array | None = None) -> Array:
        """Return actions (N, A) for observations (N, O); `actions` are the bundle's own, if known."""
        own = self.bundle.act_many(observations[:, : self._observed]) if actions is None else actions
        if not self._residual:
            direct: Array = (own * self._scales / self._present).astype(np.float32)
            return direct
        servo = observations[:, self._servo] * self._servo_scales
        setpoints = np.clip(servo + self._shares * own * self._scales, -self._scales, self._scales)
        residual: Array = ((setpoints - servo) / (self._present_shares * self._present)).astype(np.float32)
        return residual


def action_mode_of(policy: Policy) -> str:
    """Return the action mode of a policy.

    Raises:
        InputError: the bundle was made for an unknown mode.
    """
    from envs.alignment_control import ACTION_MODES

    mode = (policy.option("action-mode") if isinstance(policy, BundlePolicy) else None) or DEFAULT
    if mode not in ACTION_MODES:
        allowed = ", ".join(ACTION_MODES)
        raise InputError("unknown action mode", key="action-mode", value=mode, allowed=allowed)
    return mode


def care_of(policy: Policy) -> float | None:
    """Return the `care` that a bundle was made for; None if it was made for any, or is no bundle.

    Raises:
        InputError: the contract names an unknown one.
    """
    from agents.tasks import TASKS

    named = policy.option("care") if isinstance(policy, BundlePolicy) else None
    if named is None:
        return None
    words = TASKS["alignment"].options["care"].words or {}
    if named not in words:
        raise InputError("unknown care", key="care", value=named, allowed=", ".join(words))
    value: float | None = words[named]
    return value


def needed_arguments(policy: Policy, environment: Any) -> dict[str, Any]:
    """Return the arguments that a bundle's environment needs and this one does not have.

    Of Alignment and Docking: action mode; of Alignment care. Of Timing: the set that actions change.
    """
    if not isinstance(policy, BundlePolicy):
        return {}
    if hasattr(environment, "base"):
        base = policy.option("base")
        return {} if base in (None, environment.base) else {"base": base}
    if not hasattr(environment, "action_mode"):
        return {}
    needed: dict[str, Any] = {"action_mode": action_mode_of(policy)}
    has = {"action_mode": environment.action_mode}
    if hasattr(environment, "care"):
        needed["care"], has["care"] = care_of(policy), environment.care
    return {name: value for name, value in needed.items() if value is not None and value != has[name]}


def in_its_version(policy: Policy) -> Policy:
    """Return a policy for the present version of its environment: itself, or a bundle of an earlier one translated."""
    from envs.alignment_control import EARLIER

    if not isinstance(policy, BundlePolicy) or policy.contract.environment != "swaptwin/Alignment":
        return policy
    if policy.contract.environment_version not in EARLIER:
        return policy
    return EarlierVersion(policy, action_mode_of(policy))
