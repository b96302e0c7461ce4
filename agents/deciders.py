"""Policies inside a swap: `swaptwin swap --timing-policy NAME`. The root module hands these to the command."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.guard import Guard
from agents.policies import load_policy
from agents.tasks import TASKS
from twin.cell import Cell
from twin.errors import InputError
from twin.sequence.program import Ask
from twin.swap import SwapTwin


def timing(name: str, cell: Cell) -> dict[str, Any]:
    """Arguments of `SwapTwin` for a policy of Timing-v0, guarded as in the environment.

    Raises:
        InputError: an unknown policy, or a bundle made for something else.
    """
    import gymnasium

    from envs.scaling import checked_action
    from envs.timing_action import ACTION, row_of
    from envs.timing_observation import elapsed_s, natural_hz, observe

    task = TASKS["timing"]
    environment = gymnasium.make(task.environment, disable_env_checker=True, station=cell.station)
    try:
        policy = load_policy(name, dict(task.baselines), environment.unwrapped)
    except InputError as error:
        key = "--timing-policy" if error.key == "--policy" else error.key
        raise InputError(error.problem, file=error.file, key=key, value=error.value, allowed=error.allowed) from None
    guard = Guard(policy, environment.action_space)
    guard.begin(cell.seed)

    def decide(twin: SwapTwin, world: int, robot: int, job: int, phase: str) -> np.void:
        ask = Ask(world, robot, job, phase)
        action = guard.act(observe(twin.program, ask, elapsed_s(twin.program, world)))
        values, _ = checked_action(action, ACTION)
        return row_of(values, natural_hz(twin.program, ask), cell.station)[0]

    return {"timing_decider": decide}
