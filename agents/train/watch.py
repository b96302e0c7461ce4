"""Callback during training: ends it in time, makes checkpoints, keeps the best policy."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from agents.train.budget import GRACE_S, MAX_AFTERWARDS, Budget
from agents.train.config import TrainConfig, training_seed
from agents.train.figures import EpisodeFigures
from agents.train.run_state import RunState, checkpoints_in, save
from twin.console import ProgressLine

BEST_OF = 300
"""Training episodes in a policy's mean reward. With a hundred, the best mean is chance, and a policy that fails once in
two hundred cannot be distinguished from one that never does."""
BEST_EVERY = 1000
"""Steps between two checks of it."""
FIGURES_OF = 20
"""Episodes in a row of the metrics, for algorithms that do not learn in rollouts of a fixed length."""
STARTS = 4.0
"""An evaluation uses several processes if its time exceeds their start-up by this factor."""
TELL_EVERY_S = 0.5
"""Time between two updates of the progress line: a step of training may take a tenth of a millisecond."""


class Timed(VecEnvWrapper):
    """Environments with a measured pace: their share of a step's time, without the model's."""

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self._took_s: deque[float] = deque(maxlen=200)
        self._began_s = 0.0

    @property
    def rate(self) -> float:
        """Steps per second of all environments together; 0 before the first."""
        return self.num_envs * len(self._took_s) / sum(self._took_s) if self._took_s else 0.0

    def reset(self) -> VecEnvObs:
        return self.venv.reset()

    def step_async(self, actions: np.ndarray) -> None:
        self._began_s = time.monotonic()
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        stepped = self.venv.step_wait()
        self._took_s.append(time.monotonic() - self._began_s)
        return stepped


class FinalPhase:
    """Estimated duration of selection and evaluation, from the run's training.

    Episodes x steps per episode / pace of the environments. Untrained policies may play longer or shorter episodes than
    trained ones: the longer of the first and the last episodes counts.
    """

    FIRST = 20
    """Number of episodes that count as the first, and as the last."""

    def __init__(self, config: TrainConfig) -> None:
        self.config, self.workers, self.starting_s = config, config.workers, 0.0
        self.policies = 3
        self.rate, self.longest = 0.0, 0
        self.first: list[float] = []
        self.last: deque[float] = deque(maxlen=self.FIRST)

    def started(self, starting_s: float, total_s: float) -> None:
        """`starting_s`: start-up time of the training processes, assumed for an evaluation's too.

        If that is a large part of an evaluation's time, the evaluation runs in this process.
        """
        self.starting_s = starting_s
        if STARTS * starting_s > MAX_AFTERWARDS * total_s:
            self.workers, self.starting_s = 1, 0.0

    def take(self, lengths: list[float]) -> None:
        """Add finished training episodes, by their steps."""
        self.first += lengths[: self.FIRST - len(self.first)]
        self.last.extend(lengths)

    def selection_s(self, steps: int, best: bool) -> float:
        """Time that selection needs after so many steps, s; 0 if there is no choice.

        Candidates are the checkpoints, the last policy and the `best` of training, if known.
        """
        candidates = steps // self.config.checkpoint_steps + 1 + best
        if candidates < 2 or not self.config.selection_episodes:
            return 0.0
        return self.starting_s + self._playing_s(candidates * self.config.selection_episodes)

    def evaluation_s(self) -> float:
        """Time that the evaluation of `policies` policies needs, s."""
        return self.starting_s + self._playing_s(self.policies * self.config.evaluation_episodes)

    def _playing_s(self, episodes: int) -> float:
        steps = max(np.mean(self.first), np.mean(self.last)) if self.first else self.longest
        alone = min(self.config.workers, len(os.sched_getaffinity(0))) if self.workers == 1 else 1
        return float(episodes * steps / self.rate) * alone if self.rate else 0.0


class TrainingWatch(BaseCallback):
    """End training on time, make checkpoints, report progress, keep the best policy and the range of observations.

    Checkpoints are made between rollouts. At each of them every environment begins a new episode and all generators are
    seeded anew, by the run's seed and the step: a run that goes on from one equals the undisturbed one to the last bit.
    """

    def __init__(
        self,
        config: TrainConfig,
        checkpoints: Path,
        line: ProgressLine,
        seen: RunState | None = None,
        budget: Budget | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`seen`: state from earlier parts of the run; `budget`: of the run or only training; `say`: takes events."""
        super().__init__()
        self.config, self.checkpoints, self.line, self.say = config, checkpoints, line, say
        self.ended = "steps"
        self.seen = seen or RunState()
        self.budget = budget or Budget(config.wall_time_s)
        self.afterwards = FinalPhase(config)
        self.episodes, self._told_s, self._kept_s = 0, 0.0, 0.0
        self.first_step = self.saved_at = self.looked_at = self.whole_step = 0
        self._begun = False
        self._collected_s, self._update_s = 0.0, 0.0
        self._low: np.ndarray | None = None
        self._high: np.ndarray | None = None

    @contextmanager
    def stopping_on_interrupt(self) -> Iterator[None]:
        """Have Ctrl-C end the training after its next step, between two updates; a second one raises at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            if self.ended == "interrupted":
                raise KeyboardInterrupt
            self.ended = "interrupted"
            self.say("interrupted: ending after this update (Ctrl-C again: at once, and back to the last checkpoint)")

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def begin(self, model: BaseAlgorithm) -> None:
        """Watch this model from now on."""
        self.model, self.num_timesteps, self.began_s = model, model.num_timesteps, time.monotonic()
        self.first_step = self.saved_at = self.looked_at = self.whole_step = model.num_timesteps

    def _on_training_start(self) -> None:
        self.began_s = time.monotonic()

    def _on_rollout_start(self) -> None:
        step, first = self.num_timesteps, not self._begun
        if not first:
            self._update_s = max(self._update_s, time.monotonic() - self._collected_s)
        self._begun, self.whole_step = True, step
        if first and step in checkpoints_in(self.checkpoints):
            self._restore_pending()
        elif first or step - self.saved_at >= self.config.checkpoint_steps:
            self.save()
        else:
            return
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Seed all generators by the step, and begin a new episode in every environment."""
        model = cast(Any, self.model)
        self.looked_at = self.num_timesteps
        model.set_random_seed((training_seed(self.config.seed) + self.num_timesteps) % (1 << 32))
        model._last_obs = model.env.reset()
        model._last_episode_starts = np.ones(model.env.num_envs, bool)
        if model.use_sde:  # its noise was drawn before
            noisy: Any = model.actor if self.config.algorithm == "sac" else model.policy
            noisy.reset_noise(model.env.num_envs)

    def _on_step(self) -> bool:
        observed = self.locals["new_obs"]
        low, high = observed.min(axis=0), observed.max(axis=0)
        self._low = low if self._low is None else np.minimum(self._low, low)
        self._high = high if self._high is None else np.maximum(self._high, high)
        lengths = [info["episode"]["l"] for info in self.locals["infos"] if "episode" in info]
        self.episodes += len(lengths)
        self.afterwards.take(lengths)
        if time.monotonic() - self._told_s >= TELL_EVERY_S:
            self._told_s, self._kept_s = time.monotonic(), self.kept_s() + self._update_s
            self._tell()
        if self.ended == "steps" and self.budget.remaining_s <= self._kept_s:
            self.ended = "wall_time_s"
        return self.ended == "steps"

    def _on_rollout_end(self) -> None:
        self.whole_step, seen = self.num_timesteps, self.seen
        if self._low is not None and self._high is not None:
            seen.low = self._low if seen.low is None else np.minimum(seen.low, self._low)
            seen.high = self._high if seen.high is None else np.maximum(seen.high, self._high)
            self._low = self._high = None
        self._record_figures(FIGURES_OF if isinstance(self.model, OffPolicyAlgorithm) else 1)
        if self.num_timesteps - self.looked_at >= BEST_EVERY:
            self._look()
        self._collected_s = time.monotonic()

    def _record_figures(self, least: int) -> None:
        """Record the figures of the episodes that ended, if they are that many; SAC's rows are written here too."""
        figures = self.figures()
        if figures is None or len(figures.finished) < least:
            return
        for name, value in figures.take().items():
            self.logger.record(f"episodes/{name}", value)
        if isinstance(self.model, OffPolicyAlgorithm):
            self.model.dump_logs()

    def figures(self) -> EpisodeFigures | None:
        """Return the environments' figures of episodes."""
        timed = self.model.env
        return timed.venv if isinstance(timed, Timed) and isinstance(timed.venv, EpisodeFigures) else None

    @property
    def learnt(self) -> bool:
        """True if the model has been updated, in this part of the run or an earlier one."""
        return self.first_step > 0 or getattr(self.model, "_n_updates", 0) > 0

    def kept_s(self) -> float:
        """Wall time to reserve for selection, evaluation and writing, s; -GRACE_S before the first policy update."""
        after = self.afterwards
        if isinstance(self.model.env, Timed):
            after.rate, after.longest = self.model.env.rate, (self.num_timesteps - self.first_step) // self.model.n_envs
        if not self.learnt:
            return -GRACE_S
        return self.budget.final_reserve_s(
            after.selection_s(self.num_timesteps, self.seen.weights is not None) + after.evaluation_s()
        )

    def save(self, *, regular: bool = True) -> None:
        """Make a checkpoint; `regular`: one that an undisturbed run makes too."""
        if isinstance(self.model, OffPolicyAlgorithm):
            self._record_figures(1)
        logger = self.model.logger
        waiting: dict[bool, dict[str, float]] = {False: {}, True: {}}
        for name, value in logger.name_to_value.items():
            if isinstance(value, int | float | np.number):
                waiting["tensorboard" in (logger.name_to_excluded.get(name) or ())][name] = float(value)
        self.seen.pending, self.seen.pending_csv = waiting[False], waiting[True]
        self.seen.regular = regular
        with self.budget.spending("saving", "training"):
            path = save(self.model, self.seen, self.checkpoints)
        self.saved_at = self.model.num_timesteps
        self.say(f"checkpoint {path}")

    def _restore_pending(self) -> None:
        """Put back what the checkpoint's run had yet to write into its metrics."""
        for name, value in self.seen.pending.items():
            self.logger.record(name, value)
        for name, value in self.seen.pending_csv.items():
            self.logger.record(name, value, exclude="tensorboard")
        if not self.seen.regular:
            self.seen.resumed_at = (*self.seen.resumed_at, self.num_timesteps)

    def finish(self) -> None:
        """Leave the model as its last whole rollout did, and make a checkpoint where it is not yet in one."""
        self.model.num_timesteps = self.num_timesteps = self.whole_step
        if self.whole_step not in checkpoints_in(self.checkpoints):
            self.save(regular=self.whole_step - self.saved_at >= self.config.checkpoint_steps)

    def _look(self) -> None:
        """Store the current policy if its last episodes were the best so far."""
        self.looked_at = self.num_timesteps
        episodes = self.model.ep_info_buffer or ()
        if len(episodes) < BEST_OF:
            return
        reward = float(np.mean([episode["r"] for episode in episodes]))
        if reward > self.seen.reward:
            self._keep(reward)

    def _keep(self, reward: float) -> None:
        """Store the current policy as the best so far."""
        self.seen.reward, self.seen.step = reward, self.num_timesteps
        state = self.model.policy.state_dict()
        self.seen.weights = {name: value.detach().cpu().numpy().copy() for name, value in state.items()}

    def restore_best(self, model: BaseAlgorithm) -> int:
        """Restore the best policy and return its step; the last policy if too few episodes ended."""
        if self.seen.weights is None:
            return model.num_timesteps
        model.policy.load_state_dict({name: torch.from_numpy(w) for name, w in self.seen.weights.items()})
        return self.seen.step

    def _tell(self) -> None:
        step, elapsed_s = self.num_timesteps, max(time.monotonic() - self.began_s, 1e-9)
        rate = (step - self.first_step) / elapsed_s
        successes, episodes = self.model.ep_success_buffer, self.model.ep_info_buffer
        how = "no episode ended yet"
        if self.episodes and episodes:
            mean = np.mean([episode["r"] for episode in episodes])
            how = f"episodes {self.episodes}, mean reward {mean:.2f}"
            how += f", success {100 * np.mean(successes):.0f} %" if successes else ""
            how += f" of the last {len(episodes)}"
        left_s = max(self.budget.remaining_s - self._kept_s, 0.0)
        if rate > 0.0:
            left_s = min(left_s, (self.config.steps - step) / rate)
        minutes, seconds = divmod(round(left_s), 60)
        self.line.update(
            f"training: step {step}, {rate:.0f} steps/s, {how}, {minutes}:{seconds:02d} left to train",
            completed=min(max(step / self.config.steps, self.budget.elapsed_s / self.budget.total_s), 1.0),
        )
