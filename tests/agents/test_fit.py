"""Timing by regression: what an example is, that the networks find the better action, and a run from end to end."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.bundle import load_bundle
from agents.deciders import timing
from agents.episodes import Scene
from agents.policy_export.load import load_exported
from agents.tasks import TASKS
from agents.train.config import FitWeights, TrainConfig, load_config
from agents.train.fit import COLUMNS, Examples, Scaled, Step, StepModel, examples_of, fit_model, improve
from agents.train.fit_swaps import Explored, acting, folded, make_actor, swaps
from agents.train.run import train
from envs.vector.timing import TunedTimingVectorEnv
from tests.agents.test_train_command import Told
from twin.errors import InputError

WARN_N = 3000.0
OBSERVED, ACTIONS = 18, 2


def step(phase: str, force_n: float, time_s: float, action: float = 0.0) -> Step:
    return Step(phase, np.zeros(OBSERVED, np.float32), np.full(ACTIONS, action, np.float32), force_n, time_s)


def test_an_example_answers_for_its_step_and_the_next_one() -> None:
    plain = [step("unlock", 3000.0, 6.0), step("lift_out", 1000.0, 10.0), step("store", 500.0, 20.0)]
    other = [step("unlock", 2000.0, 5.0, 0.5), step("lift_out", 2500.0, 10.0), step("store", 400.0, 21.0)]
    found = examples_of(other, False, plain)
    assert found.force_n.tolist() == [2500.0, 2500.0, 400.0]
    assert found.plain_force_n.tolist() == [3000.0, 1000.0, 500.0]
    assert found.time_s.tolist() == [15.0, 31.0, 21.0]
    assert found.plain_time_s.tolist() == [16.0, 30.0, 20.0]
    assert found.failed.tolist() == [0.0, 0.0, 0.0]
    assert examples_of(other, True).failed.tolist() == [0.0, 1.0, 1.0]
    assert np.isnan(examples_of(other, True).plain_time_s).all()


def test_a_phase_that_is_tried_again_is_paired_with_its_own_try() -> None:
    plain = [step("insert", 100.0, 1.0), step("insert", 200.0, 2.0)]
    other = [step("insert", 100.0, 1.0), step("insert", 300.0, 2.0), step("insert", 400.0, 3.0)]
    found = examples_of(other, False, plain)
    assert found.plain_force_n[:2].tolist() == [200.0, 200.0]
    assert np.isnan(found.plain_force_n[2])


def made_up(count: int, random: np.random.Generator) -> Examples:
    """Phases 2 and 5 of many swaps: the first presses less the nearer the action is to the lean of the truck, at no
    cost of time; in the second a slow action presses less and lasts longer."""
    observations = np.zeros((count, OBSERVED), np.float32)
    phases = random.choice([2, 5], count)
    observations[np.arange(count), phases] = 1.0
    lean = observations[:, 16] = random.uniform(-0.6, 0.6, count).astype(np.float32)
    actions = random.uniform(-1.0, 1.0, (count, ACTIONS)).astype(np.float32)
    actions[random.uniform(size=count) < 0.3] = 0.0

    def force(of: np.ndarray) -> Any:
        first = 2000.0 + 3000.0 * np.abs(of[:, 0] - lean)
        return np.where(phases == 2, first, 3200.0 + 1500.0 * of[:, 1]) * noise

    noise = np.exp(random.normal(0.0, 0.2, count))
    time_s = np.where(phases == 2, 6.0, 14.0 - 2.0 * actions[:, 1])
    columns = {
        "observations": observations,
        "actions": actions,
        "force_n": force(actions),
        "time_s": time_s,
        "failed": np.zeros(count),
        "plain_force_n": force(np.zeros_like(actions)),
        "plain_time_s": np.where(phases == 2, 6.0, 14.0),
    }
    return Examples(*(columns[name].astype(np.float32) for name in COLUMNS))


def lean_missed(act: Any, examples: Examples) -> float:
    """Mean distance of the first element from the lean in phase 2; the zero action misses by 0.3."""
    first = examples.observations[:, 2] > 0.0
    missed: float = np.abs(act(examples.observations)[first, 0] - examples.observations[first, 16]).mean()
    return missed


def test_it_finds_the_action_that_presses_least_and_keeps_the_time() -> None:
    torch.manual_seed(0)
    examples = made_up(2000, np.random.default_rng(0))
    scaled = Scaled(examples.observations)
    model = StepModel(scaled, ACTIONS, 32, 2)
    fit_model(model, examples, 20, 128, 5e-3)
    actor = make_actor(scaled, (32,), ACTIONS)
    varied = np.zeros((len(examples), ACTIONS), bool)
    varied[examples.observations[:, 2] > 0.0, 0] = varied[examples.observations[:, 5] > 0.0, 1] = True
    begun = acting(actor)(examples.observations)
    assert lean_missed(acting(actor), examples) > 0.25, "untrained"
    weights = FitWeights(longer_s=0.0, steps=2.0, price_rate=0.01)
    found = improve(actor, model, examples.observations, varied, WARN_N, weights, 300, 256, 1e-2)
    assert lean_missed(acting(actor), examples) < 0.12
    assert found["longer_s"] < 0.3, "slowing down alone would bring 2 s"
    actions = acting(actor)(examples.observations)
    assert np.abs(np.where(varied, 0.0, actions)).max() < 0.2, "elements that nothing varied stay"
    assert not np.allclose(begun, actions)
    plain = folded(actor)
    np.testing.assert_allclose(acting(plain)(examples.observations), actions, atol=1e-5)


def test_names_that_do_not_exist_are_refused() -> None:
    worlds = TunedTimingVectorEnv(1)
    explored = Explored.of({"insert": ["creep_speed"], "lower": ["overlap"]}, worlds)
    assert explored.at(["insert", "lower", "grip"]).sum(axis=1).tolist() == [1, 1, 0]
    with pytest.raises(InputError, match=r"fit\.explore\.insert: unknown .did you mean creep_speed"):
        Explored.of({"insert": ["creep"]}, worlds)
    with pytest.raises(InputError, match=r"fit\.explore\.inserts: unknown phase"):
        Explored.of({"inserts": []}, worlds)


def test_other_tasks_have_no_such_section() -> None:
    with pytest.raises(InputError, match="algorithm fit needs the section fit"):
        load_config("alignment", None, {"algorithm": "fit"})


def test_swaps_are_played_with_the_set_and_again() -> None:
    """Peaks of steps are each step's own, and the swap with the set is the plain one."""
    worlds = TunedTimingVectorEnv(4, last_phase="unlock", parking="guided", conditions="clear")
    random = np.random.default_rng(0)

    def noisy(observations: np.ndarray, phases: list[str]) -> np.ndarray:
        return random.uniform(-1.0, 1.0, (len(observations), 9)).astype(np.float32)

    played = list(swaps(worlds, [5, 6], 1, noisy, lambda done: None))
    worlds.close()
    assert len(played) == 4
    plain = [part for part in played if not part.actions.any()]
    paired = [part for part in played if part.actions.any()]
    assert len(plain) == len(paired) == 2
    for part in paired:
        assert any(np.allclose(part.plain_force_n, other.force_n) for other in plain)
        assert not np.array_equal(part.force_n, part.plain_force_n)
    assert [len(part) for part in played] == [3, 3, 3, 3], "lower, grip, unlock"
    assert all(part.force_n.max() > 500.0 for part in plain)


def few_swaps(tmp_path: Path) -> TrainConfig:
    config = load_config("timing", None, {"selection_episodes": 2, "evaluation_episodes": 2, "worlds": 4})
    assert config.fit is not None
    rounds: list[dict[str, Any]] = [
        {"seeds": 3, "again": 1, "about": "set", "fit": False, "last_phase": "lift_out", "phases": ["unlock"]},
        {"seeds": 3, "again": 1},
    ]
    fit = config.fit.model_dump() | {"rounds": rounds, "epochs": 1, "updates": 5, "members": 2, "width": 8}
    return TrainConfig.model_validate(config.model_dump() | {"fit": fit})


@pytest.mark.slow
def test_a_run_ends_with_a_bundle_that_plays_and_exports(tmp_path: Path) -> None:
    config = few_swaps(tmp_path)
    scene = Scene(TASKS["timing"], config.environment)
    said: list[str] = []
    run = train(scene, config, tmp_path / "run", Told(), say=said.append)
    assert run.policy is not None
    assert run.evaluation is not None
    assert [line.split(":")[0] for line in said] == ["round 2"]
    assert [row["name"] for row in run.evaluation.as_json()["policies"]] == [
        str(run.policy), "tuned", "careful", "factory"
    ]  # fmt: skip
    environment = scene.make()
    policy = load_bundle(run.policy, environment)
    observation, _ = environment.reset(seed=0)
    assert policy.act(observation).shape == (9,)
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text())["task"] == "timing"
    exported = load_exported(str(run.policy))
    assert [output.name for output in exported.outputs][-1] == "weight_share"
    setup = environment.unwrapped._episode_now().case.setup
    assert timing(str(run.policy), setup).keys() == {"timing_decider"}
    environment.close()
    assert list(itertools.islice(run.policy.iterdir(), 4))
