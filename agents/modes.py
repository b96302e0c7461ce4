"""What a bundle's actions mean in Alignment-v0: setpoints of their own, or a residual on the station's servo."""

from __future__ import annotations

from typing import Any

from agents.bundle import BundlePolicy
from agents.policies import Policy
from twin.errors import InputError

DEFAULT = "direct"
"""Alignment-v0's own, where a contract does not say which it was."""


def action_mode_of(policy: Policy) -> str:
    """The action mode that a policy is to act in.

    Raises:
        InputError: a bundle that was made for one that is not known.
    """
    from envs.alignment_control import ACTION_MODES

    mode = (policy.option("action-mode") if isinstance(policy, BundlePolicy) else None) or DEFAULT
    if mode not in ACTION_MODES:
        allowed = ", ".join(ACTION_MODES)
        raise InputError("made for an action mode that is not known", key="action-mode", value=mode, allowed=allowed)
    return mode


def check_mode(policy: Policy, environment: Any) -> None:
    """InputError for a bundle whose actions mean something else in this environment."""
    mode = getattr(environment, "action_mode", None)
    if mode is None or not isinstance(policy, BundlePolicy):
        return
    made_for = action_mode_of(policy)
    if made_for != mode:
        raise InputError("the bundle is made for another one", key="--action-mode", value=mode, allowed=made_for)
