"""One training run, from a configuration to a policy bundle, in a self-contained folder.

config.json, versions.json    its inputs
checkpoints/                  step_N.zip (stable-baselines3's own, for resuming one's own run)
tensorboard/, metrics.csv     curves
untrained/, policy/           bundles: before training, and the best of it
candidates/, selection.json   candidates for the best, and their figures
evaluation.json               both, and the baseline, on the same unseen seeds
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import shutil
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from agents.batch import batched
from agents.bundle import interface
from agents.episodes import Scene
from agents.evaluate import Evaluation, about_environment, evaluate
from agents.export import graph_bytes, layers_of, write_bundle
from agents.pool import deferred_interrupts
from agents.train.budget import GRACE_S, Budget, WallTimeOver, at_most
from agents.train.checkpoint import REPLAY, RunState, algorithm_class, checkpoints_in, load_model, newest, require_trust
from agents.train.clone import examples_of, imitate
from agents.train.config import TrainConfig
from agents.train.fit_run import evaluated, fit_rounds, write_fitted
from agents.train.leftovers import removing_failed_run
from agents.train.versions import versions
from agents.train.watch import BEST_OF, Timed, TrainingWatch
from agents.train.worlds import BatchWatch, make_batch, make_logger
from twin import seeding
from twin.console import ProgressLine, atomic_write
from twin.errors import DISK_ERRORS, InputError
from twin.extras import require

Array = np.ndarray
TRAIN_STREAM = "training"
TRAINING_SEEDS = 1 << 31
"""First seed of training environments; evaluations use lower ones."""
SELECTION_SEED = 1 << 20
"""First seed for the choice of the best policy; not used by training or evaluations."""
MIN_SELECTION = 20
"""Minimum number of episodes per candidate for a meaningful difference of mean rewards."""
PRELOADED = (__name__, "envs.alignment", "envs.docking", "envs.timing")
"""Modules that the server of worker processes imports once for all: torch alone takes seconds of processor time."""
ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "elu": torch.nn.ELU}


@dataclass(frozen=True)
class Trained:
    """Result of a run.

    Attributes:
        wall_s: total duration; `spent_s` divides it by activity, in the order of the run.
        ended: cause of the end of training: "steps", "wall_time_s" or "interrupted".
        policy: the bundle; None if the run was interrupted before.
        evaluation: None if the run was interrupted before, or had no time for an episode.
        time_spent: use of the wall time, in one line.
        judged_s: of the policy on the held-out episodes, less is better (`judgement_s`); None without a batch.
    """

    folder: Path
    steps: int
    wall_s: float
    ended: str
    evaluation: Evaluation | None
    policy: Path | None = None
    spent_s: Mapping[str, float] = field(default_factory=dict)
    time_spent: str = ""
    judged_s: float | None = None


def make_environment(scene: Scene) -> Any:
    """Make an environment of the scene for a worker: counts episodes, and names success as stable-baselines3 does."""
    torch.set_num_threads(1)
    return Monitor(scene.make(), info_keywords=())


def make_environments(scene: Scene, config: TrainConfig) -> VecEnv:
    """Make one environment per worker, each in its own process; a single one stays in this process."""
    builders: list[Callable[[], Any]] = [functools.partial(make_environment, scene)] * config.workers
    if config.workers == 1:
        return Timed(DummyVecEnv(builders))
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    with deferred_interrupts():
        return Timed(SubprocVecEnv(builders, start_method="forkserver"))


def make_model(config: TrainConfig, environments: VecEnv) -> BaseAlgorithm:
    """Make a new model; its initial weights and its random draws follow from the seed."""
    settings = getattr(config, config.algorithm).model_dump()
    hidden, activation = settings.pop("hidden"), settings.pop("activation")
    network: dict[str, Any] = {"net_arch": list(hidden), "activation_fn": ACTIVATIONS[activation]}
    if config.algorithm == "ppo":
        network["log_std_init"] = settings.pop("log_std_init")
    else:
        settings["ent_coef"] = f"auto_{settings.pop('ent_coef_init')}"
        if settings["target_entropy"] is None:
            settings["target_entropy"] = "auto"
    model: BaseAlgorithm = algorithm_class(config.algorithm)(
        "MlpPolicy",
        environments,
        policy_kwargs=network,
        stats_window_size=BEST_OF,
        device="cpu",
        seed=training_seed(config.seed),
        **settings,
    )
    return model


def resumed_model(source: Path, config: TrainConfig, environments: VecEnv) -> BaseAlgorithm:
    """Load the model of a trusted checkpoint, with its replay buffer.

    Raises:
        InputError: the replay buffer was filled by another number of workers.
    """
    model: BaseAlgorithm = load_model(source, config.algorithm, environments)
    memory = source.with_name(REPLAY)
    if isinstance(model, OffPolicyAlgorithm) and memory.is_file():
        model.load_replay_buffer(memory)
        filled_by = getattr(model.replay_buffer, "n_envs", None)
        if filled_by != config.workers:
            raise InputError(
                "a replay buffer needs the number of workers that filled it", key="--workers", value=config.workers,
                allowed=str(filled_by),
            )  # fmt: skip
    # the generators' states are lost with their processes: seed them again from the seed and the step
    model.set_random_seed((training_seed(config.seed) + model.num_timesteps) % (1 << 32))
    return model


def training_seed(seed: int) -> int:
    """Seed of the model and the training environments, beyond all seeds of evaluations."""
    drawn = int(seeding.key(seed, TRAIN_STREAM)) % (1 << 30)
    return TRAINING_SEEDS + drawn


@removing_failed_run
def train(
    scene: Scene,
    config: TrainConfig,
    folder: Path,
    line: ProgressLine,
    *,
    resume: bool = False,
    trust_pickle: bool = False,
    evaluation_seed: int = 0,
    budget: Budget | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Train, export, evaluate. An interruption (Ctrl-C) saves a checkpoint and ends without a bundle.

    The wall time covers all of it: training leaves the time that selection and evaluation need, at most half, and these
    play as many episodes as fit.

    Args:
        folder: of the run; made here, or existing when resumed.
        resume: resume from the newest checkpoint of `folder`, which is a pickle and needs `trust_pickle`.
        evaluation_seed: the first of the unseen seeds.
        budget: the wall time, if it began before this call.
        say: called with events, one line each.

    Raises:
        InputError: invalid options, an existing folder, a missing checkpoint, or a wall time that ends before the first
            policy update.
    """
    budget = budget or Budget(config.wall_time_s)
    torch.set_num_threads(1)
    require("tensorboard", "onnx", "onnxruntime")  # the last one follows the training
    if config.algorithm == "fit":
        if resume:
            raise InputError("begins anew: a fit of minutes has no checkpoints", key="--resume", value=str(folder))
        return _train_fit(scene, config, folder, line, budget, evaluation_seed, say)
    checkpoints = folder / "checkpoints"
    source = newest(checkpoints) if resume else None
    if source is not None:
        require_trust(source, trust_pickle)
    line.update("building an environment; on a first run its kernels are compiled, which takes minutes")
    try:
        with at_most(budget.remaining_s + GRACE_S):
            about, fits = prepare(scene)
    except WallTimeOver:
        problem = f"over after {budget.elapsed_s:.0f} s of start-up (the first run compiles kernels, and keeps them)"
        raise InputError(problem, key="--wall-time-s", value=config.wall_time_s) from None
    if not resume:
        make_folder(folder)
    line.update(f"starting {config.workers} environments")
    began_s = time.monotonic()
    on_batch = config.worlds > 0 and batched(scene)
    if config.clone.policy is not None and not on_batch:
        allowed = "none, or --plant rom"
        raise InputError("needs a batch of worlds", key="--clone", value=config.clone.policy, allowed=allowed)
    environments = make_batch(scene, config) if on_batch else make_environments(scene, config)
    ended = "steps"
    state = RunState.load(checkpoints) if resume else None
    watch = (BatchWatch if on_batch else TrainingWatch)(config, checkpoints, line, state, budget, say)
    if isinstance(watch, BatchWatch):
        watch.prepare(judged(scene), SELECTION_SEED, training_seed(config.seed))
    try:
        if source is None:
            model = make_model(config, environments)
            bundle = _Bundle(model, config, fits, about, watch)
            bundle.write(folder / "untrained", "untrained start", 0)
            if config.clone.policy is not None:
                with budget.spending("cloning", "start-up"):
                    miss = _clone(model, scene, config, line)
                say(f"cloned from {config.clone.policy}: mean squared error of the actions {miss:.2g}")
        else:
            model = resumed_model(source, config, environments)
            bundle = _Bundle(model, config, fits, about, watch)
        write_json(folder / "config.json", config.model_dump(mode="json"))
        write_json(folder / "versions.json", versions())
        model.set_logger(make_logger(folder, model.num_timesteps))
        watch.model = model
        watch.afterwards.started(time.monotonic() - began_s, budget.total_s)
        left = config.steps - model.num_timesteps
        budget.mark("start-up")
        try:
            if left > 0:
                model.learn(left, callback=watch, reset_num_timesteps=False)
            ended = watch.ended
        except KeyboardInterrupt:
            ended = "interrupted"
        budget.mark("training")
        if ended == "wall_time_s" and not watch.learnt:
            raise wall_time_error(budget, config, watch.num_timesteps, folder)
        watch.save()
    finally:
        environments.close()
    if ended == "interrupted":
        return Trained(folder, model.num_timesteps, budget.elapsed_s, ended, None)
    steps = watch.restore_best(model)
    if config.selection_episodes and not on_batch:
        with budget.spending("selection", "saving"):
            steps = _choose(bundle, steps, scene, folder)
    with budget.spending("saving", "selection"):
        bundle.write(folder / "policy", "policy", steps)
    names = [str(folder / "untrained"), str(folder / "policy"), *list(scene.task.baselines)[:1]]
    if config.clone.policy is not None and config.clone.policy not in names:
        names.append(config.clone.policy)
    seen = None
    with budget.spending("evaluation", "saving"):
        if budget.remaining_s > 0.0:
            seen = bundle.played(judged(scene), names, config.evaluation_episodes, evaluation_seed, budget.until_s())
    if seen is not None and seen.played:
        bundle.write(folder / "policy", "policy", steps, _measured(seen))
        write_json(folder / "evaluation.json", seen.as_json())
    else:
        seen = None
    budget.mark("saving")
    return Trained(
        folder,
        model.num_timesteps,
        budget.elapsed_s,
        ended,
        seen,
        folder / "policy",
        dict(budget.spent_s),
        budget.time_spent(),
        -watch.seen.reward if on_batch and watch.seen.weights is not None else None,
    )


def _train_fit(
    scene: Scene, config: TrainConfig, folder: Path, line: ProgressLine, budget: Budget, evaluation_seed: int,
    say: Callable[[str], None],
) -> Trained:  # fmt: skip
    """Train by regression (`agents.train.fit_run`), on the batch only."""
    if not batched(scene) or config.worlds == 0:
        raise InputError("needs a batch of worlds", key="--algorithm", value="fit", allowed="with --plant rom")
    environment = scene.make()
    make_folder(folder)
    try:
        write_json(folder / "config.json", config.model_dump(mode="json"))
        write_json(folder / "versions.json", versions())
        budget.mark("start-up")
        held_out = range(SELECTION_SEED, SELECTION_SEED + config.selection_episodes)
        line.update(f"playing the set on {len(held_out)} held-out seeds", completed=0.0)
        try:
            fitted = fit_rounds(scene, config, training_seed(config.seed), held_out, line, budget, say)
            budget.mark("training")
            write_fitted(folder / "policy", fitted, scene, config, environment, [])
            seen = evaluated(judged(scene), config, folder / "policy", evaluation_seed, line)
        except KeyboardInterrupt:
            return Trained(folder, 0, budget.elapsed_s, "interrupted", None)
        write_fitted(folder / "policy", fitted, scene, config, environment, _measured(seen))
        write_json(folder / "evaluation.json", seen.as_json())
        budget.mark("evaluation")
    finally:
        environment.close()
    return Trained(
        folder,
        fitted.steps,
        budget.elapsed_s,
        "steps",
        seen,
        folder / "policy",
        dict(budget.spent_s),
        budget.time_spent(),
        fitted.judged,
    )


def judged(scene: Scene) -> Scene:
    """Return the scene that policies are judged on: wide starts are for training alone."""
    options = {name: value for name, value in scene.options.items() if name != "starts"}
    return Scene(scene.task, options, scene.changes, scene.guarded)


def prepare(scene: Scene) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `about_environment` and `interface` of a scene, and compile all kernels that its environments use.

    Done once here, so that the environments' processes, which start together, do not each compile them.
    """
    probe = scene.make()
    try:
        probe.reset(seed=0)
        if not scene.task.whole_swap:  # there a step is a phase, and a reset has called all kernels
            probe.step(np.clip(0.0, probe.action_space.low, probe.action_space.high).astype(np.float32))
        return about_environment(probe.unwrapped, scene), interface(probe)
    finally:
        probe.close()


def wall_time_error(budget: Budget, config: TrainConfig, steps: int, folder: Path) -> InputError:
    """Make the error of a wall time that ended before the first policy update; remove the run's unfinished files."""
    shutil.rmtree(folder, ignore_errors=True)
    first = config.ppo.n_steps * config.workers if config.algorithm == "ppo" else config.sac.learning_starts
    spent = budget.spent_s
    problem = (
        f"too short for a policy: start-up took {spent['start-up']:.0f} s, and of {first} steps before anything is "
        f"learnt {steps} were made in {spent['training']:.0f} s"
    )
    return InputError(problem, key="--wall-time-s", value=config.wall_time_s)


class _Bundle:
    """Writer of bundles of the current model, with the data that all bundles of the run share."""

    def __init__(
        self,
        model: BaseAlgorithm,
        config: TrainConfig,
        fits: dict[str, Any],
        about: dict[str, Any],
        watch: TrainingWatch,
    ) -> None:
        self.model, self.config, self.fits, self.about, self.watch = model, config, fits, about, watch

    def write(self, folder: Path, title: str, steps: int, measured: list[dict[str, Any]] | None = None) -> None:
        graph = graph_bytes(layers_of(self.model), len(self.fits["observation"]), len(self.fits["action"]))
        low, high = self.watch.seen.low, self.watch.seen.high
        contract = {
            **{key: _plain(value) for key, value in self.fits.items()},
            "made": {
                "algorithm": self.config.algorithm,
                "seed": self.config.seed,
                "steps": steps,
                "options": dict(self.config.environment),
                "versions": versions(),
            },
            "measured": measured or [],
            "validity": {
                "options": {name: [value or "any"] for name, value in self.about.items()},
                "observation_low": [] if low is None else [float(x) for x in low],
                "observation_high": [] if high is None else [float(x) for x in high],
                "note": "Measured in simulation only. Outside these options and observations nothing is known.",
            },
        }
        write_bundle(folder, graph, contract, title, replace=folder.exists())

    def played(self, scene: Scene, names: list[str], episodes: int, seed: int, until_s: float) -> Evaluation:
        """Evaluate policies on the same seeds, as many as fit until `until_s`; on the batch where the run was.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        line, done = self.watch.line, 0
        what = "selection" if seed == SELECTION_SEED else "evaluation"

        def tell(_: object) -> None:
            nonlocal done
            done += 1
            line.update(f"{what}: episode {done} of {episodes}, {len(names)} policies", completed=done / episodes)

        workers = self.watch.afterwards.workers
        line.update(f"{what}: starting, {episodes} episodes, {len(names)} policies", completed=0.0)
        worlds = self.config.worlds if isinstance(self.watch, BatchWatch) else 0
        evaluation, interrupted = evaluate(
            scene, names, episodes=episodes, seed=seed, workers=workers, on_seed=tell, until_s=until_s, worlds=worlds
        )
        if interrupted:
            raise KeyboardInterrupt
        return evaluation


def _clone(model: BaseAlgorithm, scene: Scene, config: TrainConfig, line: ProgressLine) -> float:
    """Fit a new model to the policy that the configuration names; return the mean squared error of its actions."""
    name, clone = str(config.clone.policy), config.clone
    line.update(f"cloning: {clone.episodes} episodes of {name}")
    examples = examples_of(scene, name, config, training_seed(config.seed))

    def tell(epoch: int) -> None:
        line.update(f"cloning: epoch {epoch} of {clone.epochs}", completed=0.0)

    return imitate(model, examples, config, tell)


def _choose(bundle: _Bundle, best: int, scene: Scene, folder: Path) -> int:
    """Load into the model its policy with the highest reward on episodes unseen in training; return that policy's step.

    Training rewards include exploration noise, which may free a policy that gets stuck without it. So the checkpoints,
    and step `best`, the best by training reward, play without noise. With fewer than `MIN_SELECTION` episodes `best`
    stays.
    """
    model, config, watch = bundle.model, bundle.config, bundle.watch
    states = {best: deepcopy(model.policy.state_dict())}
    for step, path in checkpoints_in(folder / "checkpoints").items():
        states.setdefault(step, load_model(path, config.algorithm).policy.state_dict())
    if len(states) < 2:
        return best
    names, candidates = {}, folder / "candidates"
    candidates.mkdir(exist_ok=True)
    for step, state in sorted(states.items()):
        model.policy.load_state_dict(state)
        names[step] = candidates / f"step_{step}"
        bundle.write(names[step], names[step].name, step)
    selection_s, evaluation_s = (
        watch.afterwards.selection_s(model.num_timesteps, watch.seen.weights is not None),
        watch.afterwards.evaluation_s(),
    )
    share = selection_s / (selection_s + evaluation_s) if selection_s else 0.5
    until_s = watch.budget.until_s(share)
    evaluation = bundle.played(
        scene, list(map(str, names.values())), config.selection_episodes, SELECTION_SEED, until_s
    )
    result = evaluation.as_json()
    write_json(folder / "selection.json", result)
    chosen = best
    if evaluation.played >= min(MIN_SELECTION, config.selection_episodes):
        chosen = list(names)[int(np.argmax([row["reward_mean"] for row in result["policies"]]))]
    watch.say(f"selection: step {chosen} of {len(names)} candidates, on {evaluation.played} episodes each")
    model.policy.load_state_dict(states[chosen])
    return chosen


def _plain(value: Any) -> Any:
    return [row.model_dump() for row in value] if isinstance(value, list) else value


def _measured(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            "policy": Path(row["name"]).name,
            "episodes": evaluation.played,
            "first_seed": evaluation.seed,
            "success_rate": row["success_rate"],
            "success_ci95": row["success_ci95"],
            "time_median_s": row["time_s"]["median"],
        }
        for row in evaluation.as_json()["policies"]
    ]


def make_folder(folder: Path) -> None:
    """Make the run's new folder."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError("already exists; --resume continues a run", file=folder) from None
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        raise InputError(f"cannot be made: {error.strerror}", file=folder) from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    with atomic_write(path) as file:
        file.write((json.dumps(value, indent=2) + "\n").encode())
