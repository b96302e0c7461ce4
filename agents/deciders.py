"""Policies inside a swap (`swap --timing-policy --align-policy`); the root module passes these to the command."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.guard import Guard
from agents.modes import action_mode_of, care_of, in_its_version
from agents.policies import Policy, load_policy
from agents.tasks import TASKS, Task
from twin.alignment.sensed import Sensed
from twin.errors import InputError
from twin.sequence.program import DecisionRequest
from twin.setup.setup import SwapSetup
from twin.swap import SwapTwin


def timing(name: str, setup: SwapSetup) -> dict[str, Any]:
    """Arguments of `SwapTwin` for a policy of Timing-v0, guarded as in the environment.

    Raises:
        InputError: an unknown policy, or a bundle made for something else.
    """
    import gymnasium

    from envs.scaling import checked_action
    from envs.timing_action import ACTION, row_of
    from envs.timing_observation import elapsed_s, natural_hz, observe

    task = TASKS["timing"]
    environment = gymnasium.make(task.environment, disable_env_checker=True, station=setup.station)
    guard = Guard(_loaded(name, "timing", task, environment), environment.action_space)
    guard.begin(setup.seed)

    def decide(twin: SwapTwin, world: int, robot: int, job: int, phase: str) -> np.void:
        ask = DecisionRequest(world, robot, job, phase)
        action = guard.act(observe(twin.program, ask, elapsed_s(twin.program, world)))
        values, _ = checked_action(action, ACTION)
        return row_of(values, natural_hz(twin.program, ask), setup.station)[0]

    return {"timing_decider": decide}


class PolicyDecider:
    """A policy of Alignment-v1 at one robot of a swap, with the environment's observations and actions."""

    def __init__(self, guard: Guard, mode: str, care: float | None, setup: SwapSetup) -> None:
        """`setup`: of the swap; its seed is for the policy's own draws."""
        from envs.alignment_control import Control

        self._guard, self._seed = guard, setup.seed
        self._control = Control(mode, setup.station, care or 0.0)

    def begin(self) -> None:
        """Begin a new insertion, or another try."""
        self._control.begin()
        self._guard.begin(self._seed)

    def speeds(self, seen: Sensed) -> np.ndarray:
        """Return setpoints (4,) along x, y (m/s), towards the seat (m/s), yaw (rad/s)."""
        from envs.alignment_control import ACTION
        from envs.scaling import checked_action

        self._control.look(seen)
        scaled, _ = checked_action(self._guard.act(self._control.observation()), ACTION)
        return self._control.setpoints(scaled)


def alignment(name: str, setup: SwapSetup) -> dict[str, Any]:
    """Arguments of `SwapTwin` for a policy of Alignment-v1, one instance per robot, guarded as in the environment.

    A bundle acts in the mode that it was made for, direct or residual.

    Raises:
        InputError: an unknown policy, or a bundle made for something else.
    """
    import gymnasium

    from agents.guard_alignment import AlignmentFilter

    task = TASKS["alignment"]
    environment = gymnasium.make(task.environment, disable_env_checker=True, station=setup.station)

    def make(robot: int) -> PolicyDecider:
        policy = _loaded(name, "align", task, environment)
        mode = action_mode_of(policy)
        guard = Guard(in_its_version(policy), environment.action_space, AlignmentFilter(setup.station, mode))
        return PolicyDecider(guard, mode, care_of(policy), setup)

    make(0)  # report its errors before anything is built
    return {"aligner": make}


def _loaded(name: str, what: str, task: Task, environment: Any) -> Policy:
    """Load the policy of `--WHAT-policy`."""
    try:
        return load_policy(name, dict(task.baselines), environment.unwrapped, timing_files=task.timing_files)
    except InputError as error:
        key = f"--{what}-policy" if error.key == "--policy" else error.key
        raise InputError(error.problem, file=error.file, key=key, value=error.value, allowed=error.allowed) from None
