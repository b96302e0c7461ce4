"""One training run, from a configuration to a policy bundle, in a self-contained folder.

config.json, versions.json    its inputs
checkpoints/                  step_N.zip (`run_state`, for resuming one's own run); of a fit round_N.npz
tensorboard/, metrics.csv     curves
untrained/, policy/           bundles: before training, and the best of it
candidates/, selection.json   candidates for the best, and their figures
evaluation.json               both, and the classical ones, on the same unseen seeds
result.json                   steps, times, hash of the policy; written last
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.batch import batched
from agents.bundle import ONNX, interface
from agents.card import measured_of
from agents.episodes import Scene
from agents.evaluate import Evaluation, about_environment
from agents.train.budget import GRACE_S, Budget, WallTimeOver, at_most
from agents.train.bundles import SELECTION_SEED, BundleWriter
from agents.train.checkpoint import require_trust
from agents.train.clone import check_clone, clone_into
from agents.train.config import TrainConfig, training_seed
from agents.train.figures import make_logger
from agents.train.fit_run import check_fit, evaluated, fit_rounds, write_fitted
from agents.train.folder import make_folder, remove_left, write_json
from agents.train.leftovers import removing_failed_run
from agents.train.models import make_environments, make_model, resumed_model
from agents.train.run_state import RunState, checkpoints_in, newest
from agents.train.selection import choose
from agents.train.versions import versions
from agents.train.watch import TrainingWatch
from agents.train.worlds import BatchWatch, make_batch
from twin.console import ProgressLine
from twin.errors import InputError
from twin.extras import require

EVALUATION, RESULT = "evaluation.json", "result.json"
CONFIGURATION = "configuration_sha256"


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
        policy_sha256: hash of its network (`policy.onnx`).
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
    policy_sha256: str | None = None


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
    """Train, export, evaluate. An interruption (Ctrl-C) makes a checkpoint and ends without a bundle.

    The wall time covers all of it: training leaves the time that selection and evaluation need, at most half, and these
    play as many episodes as fit.

    Args:
        folder: of the run; made here, or existing when resumed.
        resume: go on with the run of `folder`, from its newest checkpoint, which is a pickle and needs `trust_pickle`;
            a run that was ended before its first one begins anew.
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
    if resume:
        check_unchanged(folder, config)
    if config.algorithm == "fit":
        return _train_fit(scene, config, folder, line, budget, evaluation_seed, say, resume)
    checkpoints = folder / "checkpoints"
    source = newest(checkpoints, say) if resume else None
    if source is not None:
        require_trust(source, trust_pickle)
    line.update("building an environment; on a first run its kernels are compiled, which takes minutes")
    try:
        with at_most(budget.remaining_s + GRACE_S):
            about, fits = prepare(scene)
    except WallTimeOver:
        problem = f"over after {budget.elapsed_s:.0f} s of start-up (the first run compiles kernels, and keeps them)"
        raise InputError(problem, key="--wall-time-s", value=config.wall_time_s) from None
    on_batch = config.worlds > 0 and batched(scene)
    if config.clone.policy is not None and not on_batch:
        allowed = "none, or --plant rom"
        raise InputError("needs a batch of worlds", key="--clone", value=config.clone.policy, allowed=allowed)
    if config.clone.policy is not None:
        check_clone(scene, config.clone.policy)
    begin_folder(folder, config, resume=resume)
    line.update(f"starting {config.worlds} worlds" if on_batch else f"starting {config.workers} environments")
    began_s = time.monotonic()
    environments = make_batch(scene, config) if on_batch else make_environments(scene, config)
    state = None if source is None else RunState.of(source)
    watch = (BatchWatch if on_batch else TrainingWatch)(config, checkpoints, line, state, budget, say)
    if isinstance(watch, BatchWatch):
        watch.prepare(scene, SELECTION_SEED)
    try:
        if source is None:
            model = make_model(config, environments)
            bundle = BundleWriter(model, config, fits, about, watch, scene.task)
            bundle.write(folder / "untrained", "untrained start", 0)
            if config.clone.policy is not None:
                with budget.spending("cloning", "start-up"), at_most(budget.remaining_s + GRACE_S):
                    miss = clone_into(model, scene, config, training_seed(config.seed), line)
                say(f"cloned from {config.clone.policy}: mean squared error of the actions {miss:.2g}")
        else:
            model = resumed_model(source, config, environments)
            bundle = BundleWriter(model, config, fits, about, watch, scene.task)
        model.set_logger(make_logger(folder, None if source is None else model.num_timesteps))
        watch.begin(model)
        watch.afterwards.policies = 2 + len(scene.task.baselines)
        watch.afterwards.started(time.monotonic() - began_s, budget.total_s)
        budget.mark("start-up")
        left = config.steps - model.num_timesteps
        if left > 0:
            every: Any = None if isinstance(model, OffPolicyAlgorithm) else 1  # the watch writes SAC's rows
            with watch.stopping_on_interrupt():
                model.learn(left, callback=watch, reset_num_timesteps=False, log_interval=every)
        budget.mark("training")
        if watch.ended == "wall_time_s" and not watch.learnt:
            raise wall_time_error(budget, config, watch.num_timesteps, None if resume else folder)
        watch.finish()
    except WallTimeOver:
        if not resume:
            shutil.rmtree(folder, ignore_errors=True)
        raise InputError("over while cloning", key="--wall-time-s", value=config.wall_time_s) from None
    except KeyboardInterrupt:  # a second one, or one before the training: checkpoints stand as they are
        watch.ended = "interrupted"
    finally:
        environments.close()
    ended = watch.ended
    if ended == "interrupted":
        return Trained(folder, max(checkpoints_in(checkpoints), default=0), budget.elapsed_s, ended, None)
    steps = watch.restore_best(model)
    if config.selection_episodes and not on_batch:
        with budget.spending("selection", "saving"):
            steps = choose(bundle, steps, scene, folder)
    with budget.spending("saving", "selection"):
        bundle.write(folder / "policy", "policy", steps, command=bundle.command)
    seen = None
    with budget.spending("evaluation", "saving"):
        if budget.remaining_s > 0.0:
            try:
                seen = bundle.played(
                    judged(scene),
                    names(scene, config, folder),
                    config.evaluation_episodes,
                    evaluation_seed,
                    budget.until_s(),
                )
            except KeyboardInterrupt:
                return Trained(folder, model.num_timesteps, budget.elapsed_s, "interrupted", None)
    if seen is not None and seen.played:
        rows = measured_of(seen.as_json(), evaluation_command(seen))
        bundle.write(folder / "policy", "policy", steps, rows, bundle.command)
        write_json(folder / EVALUATION, seen.as_json())
    else:
        seen = None
    budget.mark("saving")
    return _finished(
        folder,
        model.num_timesteps,
        budget,
        ended,
        seen,
        -watch.seen.reward if on_batch and config.selection_episodes and watch.seen.weights is not None else None,
    )


def _train_fit(
    scene: Scene, config: TrainConfig, folder: Path, line: ProgressLine, budget: Budget, evaluation_seed: int,
    say: Callable[[str], None], resume: bool,
) -> Trained:  # fmt: skip
    """Train by regression (`agents.train.fit_run`), on the batch only; each round ends with a checkpoint, no pickle."""
    scene.arguments()  # a wrong plant is named before the batch that it does not have
    if config.worlds == 0:
        raise InputError("algorithm fit needs a batch of worlds", key="--worlds", value=0, allowed="1 or more")
    if not batched(scene):
        plant = scene.options.get("plant", scene.task.plant)
        raise InputError("algorithm fit needs a batch of worlds", key="--plant", value=plant, allowed="rom")
    if config.clone.policy is not None:
        raise InputError(
            "algorithm fit begins at the timing set and clones nothing", key="--clone", value=config.clone.policy,
            allowed="none",
        )  # fmt: skip
    check_fit(scene, config)
    environment = scene.make()
    begin_folder(folder, config, resume=resume)
    try:
        budget.mark("start-up")
        held_out = range(SELECTION_SEED, SELECTION_SEED + config.selection_episodes)
        line.update(f"playing the set on {len(held_out)} held-out seeds", completed=0.0)
        try:
            fitted = fit_rounds(
                scene, config, training_seed(config.seed), held_out, folder / "checkpoints", line, budget, say
            )
            budget.mark("training")
            write_fitted(folder / "policy", fitted, scene, config, environment, [])
            seen = evaluated(
                judged(scene), config, names(scene, config, folder), evaluation_seed, line, budget.until_s()
            )
        except KeyboardInterrupt:
            return Trained(folder, 0, budget.elapsed_s, "interrupted", None)
        if seen.played:
            rows = measured_of(seen.as_json(), evaluation_command(seen))
            write_fitted(folder / "policy", fitted, scene, config, environment, rows)
            write_json(folder / EVALUATION, seen.as_json())
        budget.mark("evaluation")
    finally:
        environment.close()
    return _finished(folder, fitted.steps, budget, fitted.ended, seen if seen.played else None, fitted.judged)


def _finished(
    folder: Path, steps: int, budget: Budget, ended: str, seen: Evaluation | None, judged_s: float | None
) -> Trained:
    """Return the result of a run with a policy, and leave it in the folder too (`result.json`)."""
    policy = folder / "policy"
    digest = hashlib.sha256((policy / ONNX).read_bytes()).hexdigest()
    spent = dict(budget.spent_s), budget.time_spent()
    trained = Trained(folder, steps, budget.elapsed_s, ended, seen, policy, *spent, judged_s, digest)
    told = ("steps", "wall_s", "ended", "spent_s", "judged_s", "policy_sha256")
    write_json(folder / RESULT, {name: getattr(trained, name) for name in told})
    return trained


def names(scene: Scene, config: TrainConfig, folder: Path) -> list[str]:
    """Return the policies to evaluate: untrained start, result, the task's classical ones and the cloned one."""
    own = [str(folder / name) for name in ("untrained", "policy") if (folder / name).is_dir()]
    others = [*scene.task.baselines, *([config.clone.policy] if config.clone.policy is not None else [])]
    return [*own, *dict.fromkeys(others)]


def evaluation_command(seen: Evaluation) -> str:
    """Return the line for a shell that plays an evaluation's policies again, the trained one as FOLDER."""
    scene = seen.scene
    words = ["swaptwin", "evaluate", scene.task.name]
    for name, value in scene.options.items():
        words += [f"--{name}", str(value)]
    for policy in seen.policies:
        if "/" not in policy:
            words += ["--policy", policy]
    line = " ".join(map(shlex.quote, words))
    return f"{line} --policy FOLDER --seed {seen.seed} --episodes {seen.played}"


def judged(scene: Scene) -> Scene:
    """Return the scene that results are judged on: wide starts are for training and selection alone."""
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


def begin_folder(folder: Path, config: TrainConfig, *, resume: bool) -> None:
    """Make the run's folder with its inputs, or write them anew for the next part of the run."""
    made = {**versions(), CONFIGURATION: configuration_sha256(config)}
    inputs: dict[str, Mapping[str, Any]] = {"config.json": config.model_dump(mode="json"), "versions.json": made}
    if not resume:
        make_folder(folder, inputs)
        return
    remove_left(folder)
    for name, value in inputs.items():
        write_json(folder / name, value)


def configuration_sha256(config: TrainConfig) -> str:
    """Hash of what may not change when a run goes on: its configuration without what `--resume` may replace."""
    plain = config.model_dump(mode="json", exclude={"steps", "wall_time_s", "evaluation_episodes"})
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def check_unchanged(folder: Path, config: TrainConfig) -> None:
    """Raise InputError if a run's configuration is not the one that it began with; older runs have not kept it."""
    try:
        kept = json.loads((folder / "versions.json").read_text(encoding="utf-8")).get(CONFIGURATION)
    except (OSError, ValueError, AttributeError):
        return
    if kept not in (None, configuration_sha256(config)):
        problem = "was changed since the run began: what the run has learnt does not go with it"
        raise InputError(problem, file=folder / "config.json", allowed="a new run, with --config")


def wall_time_error(budget: Budget, config: TrainConfig, steps: int, folder: Path | None) -> InputError:
    """Make the error of a wall time that ended before the first policy update; remove the files of a new run."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    first = config.ppo.n_steps * config.workers if config.algorithm == "ppo" else config.sac.learning_starts
    spent = budget.spent_s
    problem = (
        f"too short for a policy: start-up took {spent['start-up']:.0f} s, and of {first} steps before anything is "
        f"learnt {steps} were made in {spent['training']:.0f} s"
    )
    return InputError(problem, key="--wall-time-s", value=config.wall_time_s)
