"""Maximum number of steps of an episode: stated by its specification, held by the environment and by Gymnasium."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import TimeAwareObservation, TimeLimit

from tests.envs.episodes import ARGUMENTS
from tests.envs.vector.alike import FEW, actions, alike, make, one_by_one
from twin.errors import InputError

DOCKING, ALIGNMENT, TIMING = "swaptwin/Docking-v3", "swaptwin/Alignment-v1", "swaptwin/Timing-v0"
LIMITS: list[tuple[str, dict[str, Any], int]] = [
    (DOCKING, {}, 1200),
    (DOCKING, {"time_limit_s": 10.05}, 101),
    (DOCKING, {"time_limit_s": 600.0}, 6000),
    (ALIGNMENT, {"plant": "rom"}, 1200),
    (ALIGNMENT, {"plant": "rom", "time_limit_s": 7.0}, 140),
]
still = pytest.mark.parametrize(
    ("name", "arguments", "steps"), [LIMITS[1], (ALIGNMENT, {"plant": "rom", "time_limit_s": 5.0}, 100)]
)


@pytest.mark.parametrize(("name", "arguments", "steps"), LIMITS)
def test_the_specification_tells_the_time_limit_in_steps(name: str, arguments: dict[str, Any], steps: int) -> None:
    env = gymnasium.make(f"envs:{name}", **arguments)
    assert env.spec is not None
    assert env.spec.max_episode_steps == steps
    timed = TimeAwareObservation(env, flatten=False)
    assert timed.observation_space["time"].high == steps
    vector = {key: value for key, value in arguments.items() if key != "plant"}
    assert gymnasium.make_vec(f"envs:{name}", 2, **vector).spec.max_episode_steps == steps


@still
def test_it_is_the_step_at_which_the_environment_truncates(name: str, arguments: dict[str, Any], steps: int) -> None:
    env = gymnasium.make(f"envs:{name}", **arguments)
    again = gymnasium.make(env.spec)  # Gymnasium puts a TimeLimit of the same number around this one
    wrappers, inner = [], again
    while isinstance(inner, gymnasium.Wrapper):
        wrappers.append(type(inner))
        inner = inner.env
    assert TimeLimit in wrappers
    alike(env.reset(seed=3), again.reset(seed=3))
    for step in range(1, steps + 1):
        action = np.zeros(env.action_space.shape, np.float32)
        one, other = env.step(action), again.step(action)
        alike(one, other)
        assert (one[2], one[3]) == (False, step == steps), f"step {step}"
    assert one[4]["outcome"] == "time_limit"


@pytest.mark.parametrize("arguments", ARGUMENTS[TIMING])
def test_no_timing_episode_exceeds_its_stated_steps(arguments: dict[str, Any]) -> None:
    env = gymnasium.make(f"envs:{TIMING}", **{**arguments, "plant": "rom"})
    assert env.spec is not None
    most, phases = env.spec.max_episode_steps, len(env.unwrapped._phases)  # type: ignore[attr-defined]
    assert most is not None
    assert most >= 2 * phases
    assert most % phases == 0
    env.reset(seed=0)
    taken, over = 0, False
    while not over:
        _, _, terminated, truncated, _ = env.step(np.zeros(env.action_space.shape, np.float32))
        taken, over = taken + 1, terminated or truncated
    assert taken < most


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize(("name", "steps"), [(DOCKING, 7), (ALIGNMENT, 7), (TIMING, 2)])
def test_a_batch_truncates_as_gymnasium_does(name: str, steps: int, mode: str) -> None:
    arguments = {**FEW[name][0], "max_episode_steps": steps}
    ours, theirs = make(name, 2, autoreset_mode=mode, **arguments), one_by_one(name, 2, mode, **arguments)
    assert ours.spec.max_episode_steps == steps
    alike(ours.reset(seed=5), theirs.reset(seed=5))
    cut = []
    for action in actions(name, 2, 1)[: 2 * steps + 3]:
        one, other = ours.step(action), theirs.step(action)
        alike(one, other)
        cut.append(bool(one[3].all()))
    assert cut.index(True) == steps - 1
    again = gymnasium.make_vec(ours.spec)
    assert (again.num_envs, again.spec.max_episode_steps) == (2, steps)
    ours.close()
    theirs.close()


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "7", True])
def test_a_number_of_steps_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="max_episode_steps: not a number of steps"):
        make(DOCKING, 2, max_episode_steps=wrong)
