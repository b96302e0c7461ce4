"""World i of a batch is the single environment's episode to the last bit: observation, reward, ends and info."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.envs.vector.alike import CASES, FEW, actions, alike, make, one_by_one, world

MODES = ("NextStep", "SameStep")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_as_gymnasium_steps_the_single_ones(name: str, arguments: dict[str, Any], mode: str) -> None:
    ours, theirs = make(name, 3, autoreset_mode=mode, **arguments), one_by_one(name, 3, mode, **arguments)
    alike(ours.reset(seed=21), theirs.reset(seed=21))
    ended = 0
    for action in actions(name, 3, 1):
        one, other = ours.step(action), theirs.step(action)
        alike(one, other)
        ended += int((one[2] | one[3]).sum())
    assert ended, "no episode ended: autoreset was not tried"
    ours.close()
    theirs.close()


@pytest.mark.parametrize("name", FEW)
@settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_alone_and_among_others(name: str, data: st.DataObject) -> None:
    """N beyond where threads begin (8, 64)."""
    most = {
        "swaptwin/Docking-v3": 70,
        "swaptwin/Timing-v0": 10,
        "swaptwin/Timing-v1": 10,
    }.get(name, 12)
    n = data.draw(st.integers(2, most), label="N")
    seeds = data.draw(st.lists(st.integers(0, 2**63 - 1), min_size=n, max_size=n), label="seeds")
    i = data.draw(st.integers(0, n - 1), label="i")
    many, alone = make(name, n), make(name, 1)
    alike(world(many.reset(seed=seeds), i), alone.reset(seed=[seeds[i]]))
    for action in actions(name, n, 2)[:40]:
        alike(world(many.step(action), i), alone.step(action[i : i + 1]))
    many.close()
    alone.close()


@pytest.mark.parametrize("name", FEW)
def test_threads_change_nothing(name: str) -> None:
    import numba

    n, before = {"swaptwin/Docking-v3": 64}.get(name, 9), numba.get_num_threads()
    given = []
    for threads in {1, before}:
        numba.set_num_threads(threads)
        env = make(name, n)
        env.reset(seed=4)
        given.append([env.step(action)[:4] for action in actions(name, n, 3)[:10]])
        env.close()
    numba.set_num_threads(before)
    for a, b in zip(given[0], given[-1], strict=True):
        alike(a, b)


def test_different_worlds_differ() -> None:
    env = make("swaptwin/Alignment-v1", 6)
    observations, infos = env.reset(seed=0)
    assert len({row.tobytes() for row in observations}) == 6
    assert len(set(infos["case"]["truck"])) > 1, "cells differ within a batch"
    again, _ = env.reset(seed=0)
    assert again.tobytes() == observations.tobytes()
    assert not np.shares_memory(again, observations)
    env.close()
