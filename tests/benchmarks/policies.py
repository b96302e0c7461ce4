"""Rows of `swaptwin bench` on the vector environments, with the shipped policy as the decider."""

from __future__ import annotations

from typing import Any

from agents.policies import bundle_names, bundles_folder
from tests.benchmarks.row import Row
from twin.console import ProgressLine

POLICY = "align_careful"
ARGUMENTS: dict[str, Any] = {"station": "top_lift", "action_mode": "direct"}
"""What the policy was made for."""


def rows(line: ProgressLine, *, large: bool = False, **limits: Any) -> list[Row]:
    """Alignment-v1 on the batch: kernel alone, with environment, with policy inference."""
    import gymnasium

    from agents.bundle import load_bundle
    from tests.benchmarks.environments.vector import ALIGNMENT, LARGE, WORLDS, vector_rows

    if POLICY not in bundle_names():
        return [Row(ALIGNMENT.split("/")[-1], note=f"not measured: there is no bundle {POLICY} here")]
    probe = gymnasium.make(f"envs:{ALIGNMENT}", disable_env_checker=True, **ARGUMENTS)
    policy = load_bundle(bundles_folder() / POLICY, probe)
    probe.close()
    limits.setdefault("numbers", WORLDS + LARGE if large else WORLDS)
    return vector_rows(ARGUMENTS, policy.act_many, line, **limits)
