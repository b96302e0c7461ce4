"""The bench's rows of the layer of agents: the shipped policy decides for whole batches."""

from __future__ import annotations

import gymnasium
import numpy as np

from agents.bundle import load_bundle
from agents.policies import bundles_folder
from tests.benchmarks import policies as bench
from twin.console import ProgressLine


def test_rows_with_the_shipped_policy() -> None:
    rows = bench.rows(ProgressLine(None, "", None), numbers=(2,), seconds=0.0, least=2)
    assert [row.name for row in rows][2] == "Alignment x 2, policy"
    assert all(row.value is not None and row.value > 0.0 for row in rows)


def test_many_in_parallel_equal_each_alone() -> None:
    env = gymnasium.make("envs:swaptwin/Alignment-v1", disable_env_checker=True, **bench.ARGUMENTS)
    policy = load_bundle(bundles_folder() / bench.POLICY, env)
    env.close()
    observations = np.random.default_rng(1).uniform(-1.0, 1.0, (20, 50)).astype(np.float32)
    assert np.abs(policy.act_many(observations) - [policy.act(one) for one in observations]).max() < 1e-5
