"""Policies inside a swap (`swap --timing-policy --align-policy`); the root module passes these to the command."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.guard import Guard
from agents.modes import action_mode_of, care_of, in_its_version, needed_arguments
from agents.policies import Policy, load_policy, name_of, refuse_unknown, timing_set_of
from agents.tasks import TASKS, Task
from twin.alignment.sensed import Sensed
from twin.catalogue import names
from twin.errors import InputError
from twin.sequence.program import DecisionRequest
from twin.setup.setup import SwapSetup
from twin.swap import SwapTwin

if TYPE_CHECKING:
    from twin.catalogue import TimingSet


def timing(name: str, setup: SwapSetup) -> dict[str, Any]:
    """Arguments of `SwapTwin` for a policy of Timing, guarded as in the environment.

    A timing set is played as it is. A policy of Timing-v1 changes the set that it was made for, tuned if it names none;
    one of Timing-v0 has each phase's timing as its action.

    Raises:
        InputError: an unknown policy, or a bundle made for something else.
    """
    import gymnasium

    task = TASKS["timing"]
    environment = gymnasium.make(task.environment, disable_env_checker=True, station=setup.station)
    try:
        policy = _loaded(name, "timing", task, environment)
    except InputError as error:
        if error.key != "environment_version":
            raise
        return _timing_v0(name, setup)
    played = getattr(policy, "played", None)
    if played is not None:
        return {"timing_decider": _of_set(played)}

    from envs.scaling import checked_action
    from envs.timing_action import CHANGES, Residual
    from envs.timing_observation import OBSERVATION_V1, elapsed_s, natural_hz, observe
    from twin.catalogue import load_timing

    own: Any = environment.unwrapped
    base = needed_arguments(policy, own).get("base", own.base)
    actions = Residual(setup.station, load_timing(base, setup.station))
    guard = Guard(policy, environment.action_space)
    guard.begin(setup.seed)

    def decide(twin: SwapTwin, world: int, robot: int, job: int, phase: str) -> np.void:
        ask = DecisionRequest(world, robot, job, phase)
        action = guard.act(observe(twin.program, ask, elapsed_s(twin.program, world), OBSERVATION_V1))
        values, _ = checked_action(action, CHANGES)
        return actions.row(values, phase, natural_hz(twin.program, ask))[0]

    return {"timing_decider": decide}


def _of_set(played: TimingSet) -> Callable[[SwapTwin, int, int, int, str], np.void]:
    """Return the decider that plays a timing set."""
    from twin.sequence.timing import timing_row

    def decide(twin: SwapTwin, world: int, robot: int, job: int, phase: str) -> np.void:
        return timing_row(played.of(phase))

    return decide


def _timing_v0(name: str, setup: SwapSetup) -> dict[str, Any]:
    """`timing` for a policy of Timing-v0."""
    import gymnasium

    from envs.scaling import checked_action
    from envs.timing_action import ACTION, row_of
    from envs.timing_observation import elapsed_s, natural_hz, observe

    task = TASKS["timing_v0"]
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
    """Load the policy of `--WHAT-policy`; of timing also a set, by name or file."""
    own = environment.unwrapped
    try:
        played = timing_set_of(name, task, own)
        if played is not None:
            return played
        sets = names("timing", own.station) if task.timing_files is not None else []
        refuse_unknown(name, task.baselines, name_of(task.environment), sets)
        return load_policy(name, dict(task.baselines), own)
    except InputError as error:
        key = f"--{what}-policy" if error.key == "--policy" else error.key
        raise InputError(error.problem, file=error.file, key=key, value=error.value, allowed=error.allowed) from None
