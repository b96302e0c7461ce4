"""Action mode of a bundle in Alignment-v0: direct setpoints, or a residual on the station's servo."""

from __future__ import annotations

from typing import Any

from agents.bundle import BundlePolicy
from agents.policies import Policy
from twin.errors import InputError

DEFAULT = "direct"
"""Alignment-v0's default, for a contract that names none."""


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


def check_mode(policy: Policy, environment: Any) -> None:
    """Raise InputError for a bundle made for another action mode than this environment's."""
    mode = getattr(environment, "action_mode", None)
    if mode is None or not isinstance(policy, BundlePolicy):
        return
    made_for = action_mode_of(policy)
    if made_for != mode:
        raise InputError(
            "the bundle was made for another action mode", key="--action-mode", value=mode, allowed=made_for
        )
