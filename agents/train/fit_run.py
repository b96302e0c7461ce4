"""Training of Timing-v1 by regression: swaps on the batch, fits and improvements in rounds, then a bundle."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from agents.batch import AllWorlds, make_worlds, play
from agents.bundle import interface
from agents.episodes import FORCE, Episode, Scene
from agents.evaluate import Evaluation, about_environment, evaluate
from agents.export import Layer, graph_bytes, layer_of, write_bundle
from agents.train.budget import Budget
from agents.train.command import training_command
from agents.train.config import FitRound, TrainConfig
from agents.train.fit import COLUMNS, Examples, Scaled, StepModel, fit_model, improve
from agents.train.fit_swaps import Explored, acting, folded, make_actor, noisy_about, swaps
from agents.train.versions import versions
from envs.timing_observation import place_of
from twin import seeding
from twin.catalogue.explain import hint
from twin.catalogue.schema import MECHANICAL
from twin.console import ProgressLine, atomic_write
from twin.errors import InputError

Array = np.ndarray
Say = Callable[[str], None]
STREAM = "fit"
MOST_RESERVED = 0.3
"""Largest share of the wall time that is kept for the evaluation."""
PLAYING = 0.75
"""Share of a round's time after which no swap begins: the rest is for the fit [chosen]."""
FAILED, OVER_ABORT, SLOWER = 5.0, 1.0, 0.5
"""What the share of failed swaps, the 95th percentile of force over the abort limit, and a second that the median is
longer than the set's count beside the share of swaps beyond the warning limit."""


def judgement(episodes: Sequence[Episode], plain: Sequence[Episode], abort_n: float) -> float:
    """Judge a policy beside the set on the same seeds; less is better."""
    failed = 1.0 - float(np.mean([episode.success for episode in episodes]))
    over = 1.0 - float(np.mean([episode.kpis["below_warn"] for episode in episodes]))
    force = float(np.percentile([episode.kpis[FORCE] for episode in episodes], 95)) / abort_n
    slower_s = _median_s(episodes) - _median_s(plain)
    return FAILED * failed + over + OVER_ABORT * force + SLOWER * max(slower_s, 0.0)


def _median_s(episodes: Sequence[Episode]) -> float:
    times = [episode.time_s for episode in episodes if episode.success]
    return float(np.median(times)) if times else float("inf")


@dataclass(frozen=True)
class Fitted:
    """Result of `fit_rounds`: the network, its judgement, steps played, range of the observations, cause of the end."""

    actor: nn.Sequential
    judged: float
    steps: int
    low: Array
    high: Array
    ended: str = "steps"


class Fitting:
    """Rounds of playing, fitting and improving; the policy that is judged best on held-out seeds is kept.

    Attributes:
        fitted: the best so far.
        judged_set: judgement of the set itself, on the same seeds.
    """

    def __init__(
        self, scene: Scene, config: TrainConfig, first_seed: int, held_out: Sequence[int], line: ProgressLine, say: Say
    ) -> None:
        assert config.fit is not None
        torch.manual_seed(config.seed)
        self.fit, self.config, self._scene, self._line, self._say = config.fit, config, scene, line, say
        self._random = seeding.stream(config.seed, STREAM)
        self._held_out, self._next_seed = held_out, first_seed
        self._judging = make_worlds(scene, min(config.worlds, max(len(held_out), 1)))
        self._limits = self._judging.station.limits
        self._observed = self._judging.single_observation_space.shape[0]
        self._size = self._judging.single_action_space.shape[0]
        self._explored = Explored.of(self.fit.explore, self._judging)
        self._parts: list[Examples] = []
        self._actor: nn.Sequential | None = None
        self._plain = self._played(lambda rows: np.zeros((len(rows), self._size), np.float32))
        self.judged_set = judgement(self._plain, self._plain, self._limits.lateral_abort_n)
        self.fitted: Fitted | None = None

    def _played(self, act: Callable[[Array], Array]) -> list[Episode]:
        return play(self._judging, AllWorlds(act), self._held_out, self._scene)

    def play_round(self, number: int, until_s: float) -> bool:
        """Play the swaps of round `number`; no swap begins after `until_s`. True if none was left out."""
        one = self.fit.rounds[number]
        kind = self._explored.kind
        last = None if one.last_phase is None else MECHANICAL[kind][place_of(one.last_phase, "top_lift")]
        worlds = make_worlds(self._scene, self.config.worlds, last_phase=last)
        varied = {name: self.fit.explore[name] for name in one.phases or self.fit.explore}
        act = acting(self._actor) if one.about == "policy" and self._actor is not None else None
        noisy = noisy_about(Explored.of(varied, worlds), act, self._random)
        total = one.seeds * (one.again + 1)

        def tell(done: int) -> None:
            self._line.update(
                f"round {number + 1} of {len(self.fit.rounds)}: swap {done} of {total}", completed=done / total
            )

        seeds = range(self._next_seed, self._next_seed + one.seeds)
        self._next_seed += one.seeds
        played = list(swaps(worlds, seeds, one.again, noisy, tell, until_s))
        worlds.close()
        self._parts += played
        return len(played) == total

    def improve(self, number: int, until_s: float) -> None:
        """Fit the model to all swaps so far, improve the policy and judge it.

        Raises:
            InputError: the wall time left no swap to learn from.
        """
        if not self._parts:
            raise InputError("too short to play a swap", key="--wall-time-s", value=self.config.wall_time_s)
        fit, examples = self.fit, Examples.joined(self._parts)
        self._line.update(f"round {number + 1}: fitting {len(examples)} steps")
        scaled = Scaled(examples.observations)
        model = StepModel(scaled, self._size, fit.width, fit.members)
        fit_model(model, examples, fit.epochs, fit.batch_size, fit.learning_rate, until_s)
        self._actor = make_actor(scaled, fit.hidden, self._size)
        found = improve(
            self._actor, model, examples.observations, self._explored.seen(examples.observations),
            self._limits.lateral_warn_n, fit.weights, fit.updates, fit.batch_size, fit.learning_rate,
        )  # fmt: skip
        episodes = self._played(acting(self._actor))
        judged = judgement(episodes, self._plain, self._limits.lateral_abort_n)
        better = self.fitted is None or judged < self.fitted.judged
        if better:
            rows = examples.observations
            self.fitted = Fitted(folded(self._actor), judged, len(rows), rows.min(axis=0), rows.max(axis=0))
        self._say(
            f"round {number + 1}: judged {judged:.3f}{', the best so far' if better else ''}: "
            f"{_in_words(episodes)}; the set {_in_words(self._plain)}; predicted {found['longer_s']:+.2f} s"
        )

    # ------------------------------------------------------------------------------------------------- checkpoints

    def save(self, folder: Path, rounds: int, longest_s: float, ended: str) -> None:
        """Write `folder/round_N.npz`, all that the rounds after round N need; only the newest is kept."""
        arrays: dict[str, Any] = {
            "rounds": rounds,
            "longest_s": longest_s,
            "ended": ended,
            "next_seed": self._next_seed,
            "random": json.dumps(self._random.bit_generator.state),
            "torch": torch.get_rng_state().numpy(),
        }
        if self._parts:
            examples = Examples.joined(self._parts)
            arrays |= {f"examples/{name}": getattr(examples, name) for name in COLUMNS}
        if self._actor is not None:
            arrays |= _packed("actor/", self._actor)
        if self.fitted is not None:
            arrays |= _packed("best/", self.fitted.actor)
            arrays |= {f"fitted/{name}": getattr(self.fitted, name) for name in ("judged", "steps", "low", "high")}
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / f"round_{rounds}.npz") as file:
            np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]
        for number, path in rounds_in(folder).items():
            if number != rounds:
                path.unlink()

    def restore(self, path: Path) -> tuple[int, float, str]:
        """Go on from a checkpoint; return the number of rounds done, the longest one's time (s) and `Fitted.ended`.

        Raises:
            InputError: the file is damaged, or of another configuration.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            rounds = int(arrays["rounds"])
            if not 0 <= rounds <= len(self.fit.rounds):
                raise ValueError(f"{rounds} rounds of {len(self.fit.rounds)}")
            self._next_seed = int(arrays["next_seed"])
            self._random.bit_generator.state = json.loads(str(arrays["random"]))
            if "examples/force_n" in arrays:
                self._parts = [Examples(*(arrays[f"examples/{name}"] for name in COLUMNS))]
            empty = Scaled(np.zeros((1, self._observed), np.float32))
            actor = make_actor(empty, self.fit.hidden, self._size)
            best = folded(actor)
            if _unpacked("actor/", actor, arrays):
                self._actor = actor
            if _unpacked("best/", best, arrays):
                judged, steps = float(arrays["fitted/judged"]), int(arrays["fitted/steps"])
                self.fitted = Fitted(best, judged, steps, arrays["fitted/low"], arrays["fitted/high"])
            torch.set_rng_state(torch.from_numpy(arrays["torch"]))  # last: networks draw their first weights
            return rounds, float(arrays["longest_s"]), str(arrays["ended"])
        except (OSError, ValueError, KeyError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
            why = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise InputError(f"cannot be read: {why}", file=path) from None


def _packed(prefix: str, network: nn.Module) -> dict[str, Array]:
    return {prefix + name: value.numpy() for name, value in network.state_dict().items()}


def _unpacked(prefix: str, network: nn.Module, arrays: Mapping[str, Array]) -> bool:
    """Load a network's state from the arrays under a prefix; False if there are none."""
    found = {name[len(prefix) :]: torch.from_numpy(a) for name, a in arrays.items() if name.startswith(prefix)}
    if found:
        network.load_state_dict(found)
    return bool(found)


def rounds_in(folder: Path) -> dict[int, Path]:
    """Checkpoints by the number of rounds done."""
    return {int(path.stem[6:]): path for path in folder.glob("round_*.npz") if path.stem[6:].isdigit()}


def check_fit(scene: Scene, config: TrainConfig) -> None:
    """Raise InputError if the fit names phases or elements of the action that there are not."""
    assert config.fit is not None
    worlds = make_worlds(scene, 1)
    try:
        Explored.of(config.fit.explore, worlds)
    finally:
        worlds.close()
    known = MECHANICAL["top_lift"]
    for i, one in enumerate(config.fit.rounds):
        if one.last_phase is not None and one.last_phase not in known:
            raise InputError(
                f"unknown phase{hint(one.last_phase, known)}", key=f"fit.rounds[{i}].last_phase", value=one.last_phase,
                allowed=", ".join(known),
            )  # fmt: skip


def fit_rounds(
    scene: Scene, config: TrainConfig, first_seed: int, held_out: Sequence[int], checkpoints: Path, line: ProgressLine,
    budget: Budget, say: Say,
) -> Fitted:  # fmt: skip
    """Run the rounds of a configuration, as many as the wall time has room for, and return the best policy.

    Args:
        checkpoints: folder of checkpoints, one after each round; the newest one in it is gone on from.
    """
    fitting, done, longest_s, ended = Fitting(scene, config, first_seed, held_out, line, say), 0, 0.0, "steps"
    earlier = rounds_in(checkpoints)
    if earlier:
        done, longest_s, ended = fitting.restore(earlier[max(earlier)])
        say(f"going on after round {done}")
    rounds = fitting.fit.rounds
    reserve_s = min(fitting.fit.reserve_s, MOST_RESERVED * budget.total_s)
    for number, one in enumerate(rounds[done:], done):
        if fitting.fitted is not None and budget.remaining_s < longest_s + reserve_s:
            say(f"round {number + 1} left out: the wall time is nearly over")
            ended = "wall_time_s"
            break
        began_s = time.monotonic()
        left_s = max(budget.remaining_s - reserve_s, 0.0)
        share = _swaps_of(one) / sum(map(_swaps_of, rounds[number:]))
        if not fitting.play_round(number, began_s + PLAYING * share * left_s):
            say(f"round {number + 1} cut short by the wall time")
            ended = "wall_time_s"
        if one.fit or one is rounds[-1]:
            fitting.improve(number, began_s + share * left_s)
        longest_s = max(longest_s, time.monotonic() - began_s)
        fitting.save(checkpoints, number + 1, longest_s, ended)
    assert fitting.fitted is not None
    if fitting.fitted.judged >= fitting.judged_set:
        say(
            f"no round was judged better than the set itself ({fitting.fitted.judged:.3f} against "
            f"{fitting.judged_set:.3f}): the set is the better choice"
        )
    return replace(fitting.fitted, ended=ended)


def _swaps_of(one: FitRound) -> int:
    return one.seeds * (one.again + 1)


def _in_words(episodes: Sequence[Episode]) -> str:
    below = 100.0 * float(np.mean([episode.kpis["below_warn"] for episode in episodes]))
    done = 100.0 * float(np.mean([episode.success for episode in episodes]))
    force = 1e-3 * float(np.percentile([episode.kpis[FORCE] for episode in episodes], 95))
    return (
        f"{done:.1f} % completed, {below:.1f} % below the warn limit, p95 {force:.2f} kN, {_median_s(episodes):.2f} s"
    )


def write_fitted(
    folder: Path, fitted: Fitted, scene: Scene, config: TrainConfig, environment: Any, measured: list[dict[str, Any]]
) -> None:
    """Write the bundle of a fitted network."""
    fits = interface(environment)
    space = environment.action_space
    low, high = (np.asarray(limit, np.float32) for limit in (space.low, space.high))
    layers = [*(layer_of(module) for module in fitted.actor), Layer("Max", (low,)), Layer("Min", (high,))]
    about = about_environment(environment.unwrapped, scene)
    about["base"] = environment.unwrapped.base  # also where the environment chose it: actions change that set
    contract = {
        **{
            key: [row.model_dump() for row in value] if isinstance(value, list) else value
            for key, value in fits.items()
        },
        "made": {
            "algorithm": config.algorithm,
            "seed": config.seed,
            "steps": fitted.steps,
            "options": dict(config.environment),
            "versions": versions(),
            "command": training_command(
                scene.task.name, config, 0, "" if fitted.ended == "steps" else "ended by the clock of one machine"
            ),
        },
        "measured": measured,
        "validity": {
            "options": {name: [value or "any"] for name, value in about.items()},
            "observation_low": fitted.low.astype(float).tolist(),
            "observation_high": fitted.high.astype(float).tolist(),
            "note": "Measured in simulation only. Outside these options and observations nothing is known.",
        },
    }
    graph = graph_bytes(layers, len(fits["observation"]), len(fits["action"]))
    write_bundle(folder, graph, contract, "policy", replace=folder.exists())


def evaluated(
    scene: Scene, config: TrainConfig, names: list[str], seed: int, line: ProgressLine, until_s: float
) -> Evaluation:
    """Evaluate policies on the same unseen seeds, on the batch, as many as fit until `until_s`."""
    line.update(f"evaluation: {config.evaluation_episodes} episodes")
    found, interrupted = evaluate(
        scene, names, episodes=config.evaluation_episodes, seed=seed, workers=1, worlds=config.worlds, until_s=until_s
    )
    if interrupted:
        raise KeyboardInterrupt
    return found
