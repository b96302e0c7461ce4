"""Seeds, options, autoreset, infos and mistakes, as Gymnasium 1.x defines them."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv

from envs.vector.batched import BatchedEnv
from envs.vector.infos import Kept, masked
from tests.envs.vector.alike import FEW, actions, alike, make
from twin.errors import InputError

ALIGNMENT = "swaptwin/Alignment-v1"
each = pytest.mark.parametrize("name", FEW)


@each
def test_make_vec_makes_the_batch_without_a_warning(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*is out of date")  # of an earlier version
        env = gymnasium.make_vec(f"envs:{name}", 3)
    single = gymnasium.make(f"envs:{name}")
    assert isinstance(env, BatchedEnv)
    assert isinstance(env, VectorEnv)
    assert env.spec is not None
    assert env.spec.id == name
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert env.metadata["render_fps"] == single.metadata["render_fps"]
    assert env.single_observation_space == single.observation_space
    assert env.single_action_space == single.action_space
    assert env.observation_space.shape == (3, *single.observation_space.shape)
    observations, _ = env.reset(seed=1)
    assert env.observation_space.contains(observations)
    observations, rewards, terminated, truncated, _ = env.step(env.action_space.sample())
    assert env.observation_space.contains(observations)
    assert (rewards.shape, terminated.dtype, truncated.dtype) == ((3,), bool, bool)
    env.close()
    single.close()


@pytest.mark.parametrize(("mode", "kind"), [("sync", SyncVectorEnv), ("async", AsyncVectorEnv)])
def test_the_other_ways_still_work(mode: str, kind: type) -> None:
    """Workers are forked: nothing here has begun a thread for so few worlds."""
    env = gymnasium.make_vec(f"envs:{ALIGNMENT}", 2, vectorization_mode=mode, plant="rom", time_limit_s=5.0)
    batch = make(ALIGNMENT, 2)
    assert isinstance(env, kind)
    alike(env.reset(seed=3)[0], batch.reset(seed=3)[0])
    action = actions(ALIGNMENT, 2, 0)[0]
    alike(env.step(action)[0], batch.step(action)[0])
    env.close()


def test_seeds_one_several_and_none() -> None:
    env = make(ALIGNMENT, 3)
    by_one = env.reset(seed=5)
    alike(by_one, env.reset(seed=[5, 6, 7]))
    assert by_one[1]["case"]["seed"].tolist() == [5, 6, 7]
    drawn = env.reset()[1]["case"]["seed"].tolist()
    assert len({*drawn, 5, 6, 7}) == 6, "the next episode of each"
    env.reset(seed=5)
    assert env.reset(seed=[None, 8, None])[1]["case"]["seed"].tolist() == [drawn[0], 8, drawn[2]]
    with pytest.raises(InputError, match=r"seed: wrong number of seeds, got 2 \(allowed: 3\)"):
        env.reset(seed=[1, 2])
    with pytest.raises(gymnasium.error.Error, match="[Ss]eed"):
        env.reset(seed=-1)


def test_options_hold_for_every_world_and_are_not_changed() -> None:
    env = make(ALIGNMENT, 2)
    options: dict[str, Any] = {"pack": "cab_282", "height_m": 0.3, "reset_mask": np.array([True, True])}
    _, infos = env.reset(seed=5, options=options)
    assert "reset_mask" in options
    assert infos["case"]["pack"].tolist() == ["cab_282"] * 2
    assert infos["case"]["height_m"].tolist() == [0.3] * 2
    with pytest.raises(InputError, match="options: unknown option, got 'sede'"):
        env.reset(options={"sede": 1})
    with pytest.raises(InputError, match="options: not a mapping"):
        env.reset(options=["truck"])


def test_some_worlds_can_be_reset() -> None:
    env = make(ALIGNMENT, 3)
    with pytest.raises(ResetNeeded, match="before the first of all"):
        env.reset(options={"reset_mask": np.array([True, False, False])})
    before, _ = env.reset(seed=5)
    mask = np.array([False, True, False])
    after, infos = env.reset(seed=[1, 2, 3], options={"reset_mask": mask})
    assert [a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert infos["_case"].tolist() == infos["case"]["_seed"].tolist() == mask.tolist()
    assert infos["case"]["seed"].tolist() == [0, 2, 0]
    for wrong in (np.array([True, False]), np.zeros(3, bool), np.ones(3), [True, True, True]):
        with pytest.raises(InputError, match="reset_mask.*not a mask of worlds"):
            env.reset(options={"reset_mask": wrong})


@each
def test_what_was_given_out_never_changes(name: str) -> None:
    env = make(name, 2, autoreset_mode="SameStep", **FEW[name][0])
    given = [env.reset(seed=1)]
    kept = [repr(given[0])]
    for action in actions(name, 2, 0)[:110]:
        given.append(env.step(action))
        kept.append(repr(given[-1]))
    assert [repr(one) for one in given] == kept
    env.close()


@each
def test_mistakes_are_named_and_change_nothing(name: str) -> None:
    for wrong, words in (
        ({"num_envs": 0}, "num_envs: not a number of worlds, got 0"),
        ({"render_mode": "rgb_array"}, "render_mode: not available for a batch, got 'rgb_array'"),
        ({"autoreset_mode": "Disabled"}, r"autoreset_mode: unknown, got 'Disabled' \(allowed: NextStep, SameStep\)"),
        ({"autoreset_mode": AutoresetMode.DISABLED}, "autoreset_mode: unknown, got 'Disabled'"),
        ({"station": "nowhere"}, "nowhere"),
    ):
        with pytest.raises(InputError, match=words):
            make(name, **{"num_envs": 2, **FEW[name][0], **wrong})
    env = make(name, 2)
    shape = env.action_space.shape
    with pytest.raises(ResetNeeded, match="step"):
        env.step(np.zeros(shape))
    env.reset(seed=2)
    bad = np.zeros(shape)
    bad[1, 0] = np.nan
    for action, words in ((bad, "not finite in world 1"), (np.zeros(shape[1]), "wrong shape"), ("left", "not made of")):
        with pytest.raises(InputError, match=f"^actions: {words}"):
            env.step(action)
    observations = env.step(np.zeros(shape))[0]
    env.reset(seed=2)
    alike(observations, env.step(np.zeros(shape))[0])
    env.close()
    env.close()
    for call in (env.reset, lambda: env.step(np.zeros(shape))):
        with pytest.raises(ClosedEnvironmentError, match="closed"):
            call()


def test_only_the_reduced_order_plant_has_a_batch() -> None:
    for name in (ALIGNMENT, "swaptwin/Timing-v0"):
        with pytest.raises(InputError, match=r"plant: unknown, got 'bullet' \(allowed: rom\)"):
            make(name, 2, plant="bullet")


def test_masked_infos_are_gymnasiums() -> None:
    plain = [{"a": 1.5, "b": {"c": True, "d": "x"}, "e": [1, 2]}, {"a": 2.5, "b": {"c": False, "d": "y"}, "e": [3]}]
    theirs: dict[str, Any] = {}
    vector = VectorEnv[Any, Any, Any]()
    vector.num_envs = 2
    for i in (1,):
        theirs = vector._add_info(theirs, plain[i], i)
    kept, inner = Kept(2), Kept(2)
    kept.put([0, 1], [{key: one[key] for key in ("a", "e")} for one in plain])
    inner.put([0, 1], [one["b"] for one in plain])  # type: ignore[misc]
    alike(masked({**kept.columns(), "b": inner.columns()}, np.array([False, True])), theirs)
