"""One training run, from a configuration to a policy bundle, in a folder that explains itself.

config.json, versions.json    what it was made of
checkpoints/                  step_N.zip (stable-baselines3's own, for resuming one's own run)
tensorboard/                  curves
untrained/, policy/           bundles: before, and the best of training
candidates/, selection.json   what the best was chosen from, and by what figures
evaluation.json               both, and the yardstick, on the same unseen seeds
"""

from __future__ import annotations

import functools
import json
import platform
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from agents.bundle import interface
from agents.episodes import Scene
from agents.evaluate import Evaluation, about_environment, evaluate
from agents.export import graph_bytes, layers_of, write_bundle
from agents.pool import interrupts_held_back
from agents.train.checkpoint import REPLAY, Seen, algorithm_class, all_in, load_model, need_trust, newest, save
from agents.train.config import TrainConfig
from agents.train.leftovers import leaving_no_ruin
from twin import seeding
from twin.console import ProgressLine, atomic_write
from twin.errors import DISK_ERRORS, InputError
from twin.extras import require

Array = np.ndarray
TRAIN_STREAM = "training"
TRAINING_SEEDS = 1 << 31
"""Seeds of training environments lie from here on; evaluations are asked for below."""
SELECTION_SEED = 1 << 20
"""The first of the seeds on which the best policy is chosen: of none that training has or evaluations are asked for."""
PACKAGES = ("swaptwin", "gymnasium", "stable-baselines3", "torch", "numpy", "onnx", "onnxruntime")
ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "elu": torch.nn.ELU}


@dataclass(frozen=True)
class Trained:
    """What a run came to; `evaluation` is None where it was interrupted before."""

    folder: Path
    steps: int
    wall_s: float
    ended: str
    evaluation: Evaluation | None


BEST_OF = 300
"""Episodes of training whose mean reward tells how good a policy is: of a hundred, the best mean is one of luck, and a
policy that fails in one of two hundred is not told from one that never does."""
BEST_EVERY = 1000
"""Steps between two looks at it."""


class Watch(BaseCallback):
    """Ends the training on time, saves checkpoints, tells how it goes, keeps the best policy and what was observed."""

    def __init__(self, config: TrainConfig, checkpoints: Path, line: ProgressLine, seen: Seen | None = None) -> None:
        """`seen`: by earlier parts of the run."""
        super().__init__()
        self.config, self.checkpoints, self.line = config, checkpoints, line
        self.ended = "steps"
        self.seen = seen or Seen()

    def _on_training_start(self) -> None:
        self.began_s, self.first_step = time.monotonic(), self.num_timesteps
        self.saved_at = self.looked_at = self.num_timesteps

    def _on_step(self) -> bool:
        seen, observed = self.seen, self.locals["new_obs"]
        low, high = observed.min(axis=0), observed.max(axis=0)
        seen.low = low if seen.low is None else np.minimum(seen.low, low)
        seen.high = high if seen.high is None else np.maximum(seen.high, high)
        if self.num_timesteps - self.saved_at >= self.config.checkpoint_steps:
            self.save()
        if self.num_timesteps - self.looked_at >= BEST_EVERY:
            self._look()
        gone_s = time.monotonic() - self.began_s
        self._tell(gone_s)
        if gone_s >= self.config.wall_time_s:
            self.ended = "wall_time_s"
            return False
        return self.num_timesteps < self.config.steps

    def save(self) -> None:
        """A checkpoint, and what was seen so far."""
        save(self.model, self.checkpoints)
        self.seen.save(self.checkpoints)
        self.saved_at = self.model.num_timesteps

    def _look(self) -> None:
        """Keep the policy as it is, if its last episodes were the best so far."""
        self.looked_at = self.num_timesteps
        episodes = self.model.ep_info_buffer or ()
        if len(episodes) < BEST_OF:
            return
        reward = float(np.mean([episode["r"] for episode in episodes]))
        if reward > self.seen.reward:
            self.seen.reward, self.seen.step = reward, self.num_timesteps
            state = self.model.policy.state_dict()
            self.seen.weights = {name: value.detach().cpu().numpy().copy() for name, value in state.items()}

    def restore_best(self, model: BaseAlgorithm) -> int:
        """Give the model its best policy back; the step at which it had that. The last one where too few were seen."""
        if self.seen.weights is None:
            return model.num_timesteps
        model.policy.load_state_dict({name: torch.from_numpy(w) for name, w in self.seen.weights.items()})
        return self.seen.step

    def _tell(self, gone_s: float) -> None:
        step, steps = self.num_timesteps, self.config.steps
        successes = self.model.ep_success_buffer
        rate = (
            f"success {100 * np.mean(successes):.0f} % of the last {len(successes)}" if successes else "no episode yet"
        )
        by_steps_s = gone_s / max(step - self.first_step, 1) * (steps - step)
        left_s = max(0.0, min(by_steps_s, self.config.wall_time_s - gone_s))
        # the earlier limit is the one that ends it
        share = max(step / steps, gone_s / self.config.wall_time_s)
        text = f"step {step}/{steps}, {rate}, {round(left_s) // 60}:{round(left_s) % 60:02d} left"
        self.line.update(text, completed=share * steps)


def make_environment(scene: Scene) -> Any:
    """An environment of the scene, for a worker: episodes are counted, successes named as stable-baselines3 does."""
    torch.set_num_threads(1)
    return Monitor(scene.make(), info_keywords=())


def make_environments(scene: Scene, config: TrainConfig) -> VecEnv:
    """As many as there are workers, each in a process of its own; one alone stays in this process."""
    builders: list[Callable[[], Any]] = [functools.partial(make_environment, scene)] * config.workers
    if config.workers == 1:
        return DummyVecEnv(builders)
    with interrupts_held_back():
        return SubprocVecEnv(builders, start_method="forkserver")


def make_model(config: TrainConfig, environments: VecEnv) -> BaseAlgorithm:
    """A new model; its first weights and everything it draws follow from the seed."""
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
    """The model of a trusted checkpoint, with its replay buffer.

    Raises:
        InputError: another number of workers than a replay buffer was filled by.
    """
    model: BaseAlgorithm = load_model(source, config.algorithm, environments)
    memory = source.with_name(REPLAY)
    if isinstance(model, OffPolicyAlgorithm) and memory.is_file():
        model.load_replay_buffer(memory)
        filled_by = getattr(model.replay_buffer, "n_envs", None)
        if filled_by != config.workers:
            raise InputError(
                "a replay buffer goes on with the workers that filled it", key="--workers", value=config.workers,
                allowed=str(filled_by),
            )  # fmt: skip
    # what the generators had come to is gone with their processes: begin anew, from the seed and the step
    model.set_random_seed((training_seed(config.seed) + model.num_timesteps) % (1 << 32))
    return model


def training_seed(seed: int) -> int:
    """The seed of model and training environments, beyond all seeds of evaluations."""
    drawn = int(seeding.key(seed, TRAIN_STREAM)) % (1 << 30)
    return TRAINING_SEEDS + drawn


@leaving_no_ruin
def train(
    scene: Scene,
    config: TrainConfig,
    folder: Path,
    line: ProgressLine,
    *,
    resume: bool = False,
    trust_pickle: bool = False,
    evaluation_seed: int = 0,
) -> Trained:
    """Train, export, evaluate. An interruption (Ctrl-C) saves a checkpoint and ends without a bundle.

    Args:
        folder: of the run; made here, or there already when resumed.
        resume: go on from the newest checkpoint of `folder`, which is a pickle and needs `trust_pickle`.
        evaluation_seed: the first of the unseen seeds.

    Raises:
        InputError: options that cannot be, a folder that is there, a checkpoint that is not.
    """
    torch.set_num_threads(1)
    require("tensorboard", "onnx", "onnxruntime")  # the last comes when the training is over
    checkpoints = folder / "checkpoints"
    source = newest(checkpoints) if resume else None
    if source is not None:
        need_trust(source, trust_pickle)
    probe = scene.make()
    try:
        about, fits = about_environment(probe.unwrapped, scene), interface(probe)
    finally:
        probe.close()
    if not resume:
        make_folder(folder)
    environments = make_environments(scene, config)
    began_s, ended = time.monotonic(), "steps"
    watch = Watch(config, checkpoints, line, Seen.load(checkpoints) if resume else None)
    try:
        if source is None:
            model = make_model(config, environments)
            bundle = _Bundle(model, config, fits, about, watch)
            bundle.write(folder / "untrained", "untrained start", 0)
        else:
            model = resumed_model(source, config, environments)
            bundle = _Bundle(model, config, fits, about, watch)
        write_json(folder / "config.json", config.model_dump(mode="json"))
        write_json(folder / "versions.json", versions())
        model.set_logger(configure(str(folder / "tensorboard"), ["tensorboard"]))
        left = config.steps - model.num_timesteps
        try:
            if left > 0:
                model.learn(left, callback=watch, reset_num_timesteps=False)
            ended = watch.ended
        except KeyboardInterrupt:
            ended = "interrupted"
        save(model, checkpoints)
        watch.seen.save(checkpoints)
    finally:
        environments.close()
    wall_s = time.monotonic() - began_s
    if ended == "interrupted":
        return Trained(folder, model.num_timesteps, wall_s, ended, None)
    steps = watch.restore_best(model)
    if config.selection_episodes:
        steps = _choose(bundle, steps, scene, folder, line)
    bundle.write(folder / "policy", "policy", steps)
    evaluation = _evaluate(scene, config, folder, line, evaluation_seed)
    bundle.write(folder / "policy", "policy", steps, _measured(evaluation))
    write_json(folder / "evaluation.json", evaluation.as_json())
    return Trained(folder, model.num_timesteps, wall_s, ended, evaluation)


class _Bundle:
    """Writes the model as it is now; knows what all of the run's bundles share."""

    def __init__(
        self, model: BaseAlgorithm, config: TrainConfig, fits: dict[str, Any], about: dict[str, Any], watch: Watch
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


def _choose(bundle: _Bundle, best: int, scene: Scene, folder: Path, line: ProgressLine) -> int:
    """Give the model that of its policies which earns most on episodes that training never saw; the step it is of.

    In training a policy is seen with the noise by which it explores, and that may shake it loose where without it it
    stays stuck. So the checkpoints, and step `best`, the best by the reward of training, play as they will be used.
    """
    model, config = bundle.model, bundle.config
    states = {best: deepcopy(model.policy.state_dict())}
    for step, path in all_in(folder / "checkpoints").items():
        states.setdefault(step, load_model(path, config.algorithm).policy.state_dict())
    names, candidates = {}, folder / "candidates"
    candidates.mkdir(exist_ok=True)
    for step, state in sorted(states.items()):
        model.policy.load_state_dict(state)
        names[step] = candidates / f"step_{step}"
        bundle.write(names[step], names[step].name, step)
    evaluation = _played(scene, list(map(str, names.values())), config.selection_episodes, SELECTION_SEED, config, line)
    told = evaluation.as_json()
    write_json(folder / "selection.json", told)
    rewards = [row["reward_mean"] for row in told["policies"]]
    chosen = list(names)[int(np.argmax(rewards))]
    model.policy.load_state_dict(states[chosen])
    return chosen


def _plain(value: Any) -> Any:
    return [row.model_dump() for row in value] if isinstance(value, list) else value


def _evaluate(scene: Scene, config: TrainConfig, folder: Path, line: ProgressLine, seed: int) -> Evaluation:
    """Untrained start, result and yardstick on seeds that training never saw."""
    names = [str(folder / "untrained"), str(folder / "policy"), *list(scene.task.baselines)[:1]]
    return _played(scene, names, config.evaluation_episodes, seed, config, line)


def _played(
    scene: Scene, names: list[str], episodes: int, seed: int, config: TrainConfig, line: ProgressLine
) -> Evaluation:
    done = 0

    def tell(_: object) -> None:
        nonlocal done
        done += 1
        line.update(f"evaluating {done}/{episodes}", completed=config.steps * done / episodes)

    evaluation, interrupted = evaluate(scene, names, episodes=episodes, seed=seed, workers=config.workers, on_seed=tell)
    if interrupted:
        raise KeyboardInterrupt
    return evaluation


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


def versions() -> dict[str, str]:
    """What a result depends on besides its configuration."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def make_folder(folder: Path) -> None:
    """The run's own, new folder."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError("is there already; --resume goes on with a run", file=folder) from None
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        raise InputError(f"cannot be made: {error.strerror}", file=folder) from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    with atomic_write(path) as file:
        file.write((json.dumps(value, indent=2) + "\n").encode())
