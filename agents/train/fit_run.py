"""Training of Timing-v1 by regression: swaps on the batch, fits and improvements in rounds, then a bundle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
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
from agents.train.config import TrainConfig
from agents.train.fit import Examples, Scaled, Step, StepModel, examples_of, fit_model, improve
from agents.train.versions import versions
from envs.timing_observation import PHASES, place_of
from twin import seeding
from twin.catalogue.schema import MECHANICAL
from twin.console import ProgressLine
from twin.errors import InputError

Array = np.ndarray
Say = Callable[[str], None]
STREAM = "fit"
WIDE, NARROW, SHARE = 1.0, 0.4, 0.7
"""Half-width of the random actions, at first about the set and later about the policy, and the share of the elements
that a draw varies."""
AS_IT_IS = 0.25
"""Share of the decisions without noise."""
FAILED, OVER_ABORT, SLOWER = 5.0, 1.0, 0.5
"""What the share of failed swaps, the 95th percentile of force over the abort limit, and a second that the median is
longer than the set's count beside the share of swaps beyond the warning limit."""


@dataclass(frozen=True)
class Explored:
    """Which elements of the action each phase varies: (phases, A) bool, by `place_of`."""

    elements: Array
    kind: str

    @staticmethod
    def of(explore: Mapping[str, Sequence[str]], environment: Any) -> Explored:
        """Read the configuration's names; phases are named as at top_lift.

        Raises:
            InputError: an unknown phase or element.
        """
        names = [quantity.name for quantity in environment.actions]
        kind = environment.station.kind
        elements = np.zeros((len(PHASES), len(names)), bool)
        for phase, varied in explore.items():
            if phase not in MECHANICAL["top_lift"]:
                allowed = ", ".join(MECHANICAL["top_lift"])
                raise InputError("unknown phase", key=f"fit.explore.{phase}", value=phase, allowed=allowed)
            for name in varied:
                if name not in names:
                    raise InputError("unknown", key=f"fit.explore.{phase}", value=name, allowed=", ".join(names))
                elements[place_of(phase, "top_lift"), names.index(name)] = True
        return Explored(elements, kind)

    def at(self, phases: Sequence[str]) -> Array:
        """Return (K, A) bool of phases by name."""
        return self.elements[[place_of(phase, self.kind) for phase in phases]]

    def seen(self, observations: Array) -> Array:
        """Return (M, A) bool by the phases that observations name."""
        return self.elements[observations[:, : len(PHASES)].argmax(axis=1)]


def make_actor(scaled: Scaled, hidden: Sequence[int], actions: int) -> nn.Sequential:
    """Make the policy's network; it begins near the zero action."""
    sizes = [len(scaled.mean), *hidden]
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    last = nn.Linear(sizes[-1], actions)
    with torch.no_grad():
        last.weight.mul_(0.01)
        last.bias.zero_()
    return nn.Sequential(scaled, *layers, last)


def folded(actor: nn.Sequential) -> nn.Sequential:
    """Return the same network without its scaling, which its first layer takes over."""
    scaled, first = actor[0], actor[1]
    assert isinstance(scaled, Scaled)
    assert isinstance(first, nn.Linear)
    own = nn.Linear(first.in_features, first.out_features)
    with torch.no_grad():
        own.weight.copy_(first.weight / scaled.deviation)
        own.bias.copy_(first.bias - own.weight @ scaled.mean)
    return nn.Sequential(own, *deepcopy(list(actor)[2:]))


def acting(actor: nn.Module) -> Callable[[Array], Array]:
    """Return the actor as a function of observations (N, O) to actions (N, A) within their limits."""

    def act(observations: Array) -> Array:
        with torch.no_grad():
            actions: Array = actor(torch.from_numpy(observations)).clamp(-1.0, 1.0).numpy()
        return actions

    return act


def swaps(
    worlds: Any,
    seeds: Sequence[int],
    again: int,
    noisy: Callable[[Array, list[str]], Array],
    tell: Callable[[int], None],
) -> Iterator[Examples]:
    """Play each seed with the set itself, then `again` times with noisy actions; yield the examples of each swap.

    Args:
        worlds: a batch of Timing-v1 of its own: infos and rewards are not to be used after.
        noisy: maps observations (K, O) and phases to actions (K, A).
    """
    n, size = worlds.num_envs, worlds.single_action_space.shape[0]
    left = [(seed, turn) for seed in seeds for turn in range(again + 1)][::-1]
    playing: list[tuple[int, int] | None] = [None] * n
    steps: list[list[Step]] = [[] for _ in range(n)]
    plain: dict[int, tuple[list[Step], bool]] = {}
    waiting: dict[int, list[tuple[list[Step], bool]]] = {}
    done = 0

    def begin(which: Sequence[int]) -> None:
        given: list[int | None] = [None] * n
        for i in which:
            playing[i] = left.pop() if left else None
            steps[i] = []
            begun = playing[i]
            given[i] = None if begun is None else begun[0]
        mask = np.array([seed is not None for seed in given])
        if mask.any():
            worlds.reset(seed=given, options={"reset_mask": mask})

    worlds.reset(seed=[seeds[0]] * n)
    begin(range(n))
    while any(one is not None for one in playing):
        run = np.array([one is not None for one in playing])
        worlds.halt(~run)
        which = np.flatnonzero(run)
        before, phases, began_s = worlds.observations[which].copy(), worlds.phases(), worlds.times_s()
        actions = np.zeros((n, size), np.float32)
        actions[which] = noisy(before, [phases[i] for i in which.tolist()])
        for i in which.tolist():
            if (playing[i] or (0, 0))[1] == 0:
                actions[i] = 0.0
        worlds.take_peaks()
        _, _, terminated, truncated, infos = worlds.step(actions)
        peaks, now_s = worlds.take_peaks(), worlds.times_s()
        for k, i in enumerate(which.tolist()):
            took_s = float(now_s[i] - began_s[i])
            steps[i].append(Step(phases[i], before[k], actions[i].copy(), float(peaks[i]), took_s))
        ended = np.flatnonzero((terminated | truncated) & run).tolist()
        for i in ended:
            seed, turn = playing[i] or (0, 0)
            swap = steps[i], not bool(infos["is_success"][i])
            done += 1
            tell(done)
            if turn == 0:
                plain[seed] = swap
                yield examples_of(*swap)
            else:
                waiting.setdefault(seed, []).append(swap)
            if seed in plain:
                reference, lost = plain[seed]
                for other in waiting.pop(seed, ()):
                    yield examples_of(*other, () if lost else reference)
        if ended:
            begin(ended)
    worlds.halt(np.zeros(n, bool))


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
    """Result of `fit_rounds`: the network, its judgement, steps played, range of the observations."""

    actor: nn.Sequential
    judged: float
    steps: int
    low: Array
    high: Array


def _noisy(
    explored: Explored, act: Callable[[Array], Array] | None, random: np.random.Generator
) -> Callable[[Array, list[str]], Array]:
    """Return random actions in the explored elements: about a policy, or widely about the set."""
    width = WIDE if act is None else NARROW

    def noisy(observations: Array, phases: list[str]) -> Array:
        free = explored.at(phases)
        drawn = random.uniform(-width, width, free.shape) * (random.uniform(size=free.shape) < SHARE)
        drawn *= (random.uniform(size=len(free)) >= AS_IT_IS)[:, None]
        about = 0.0 if act is None else act(observations)
        actions: Array = np.clip(free * (about + drawn), -1.0, 1.0).astype(np.float32)
        return actions

    return noisy


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

    def play_round(self, number: int) -> None:
        """Play the swaps of round `number`."""
        one = self.fit.rounds[number]
        kind = self._explored.kind
        last = None if one.last_phase is None else MECHANICAL[kind][place_of(one.last_phase, "top_lift")]
        worlds = make_worlds(self._scene, self.config.worlds, last_phase=last)
        varied = {name: self.fit.explore[name] for name in one.phases or self.fit.explore}
        act = acting(self._actor) if one.about == "policy" and self._actor is not None else None
        noisy = _noisy(Explored.of(varied, worlds), act, self._random)
        total = one.seeds * (one.again + 1)

        def tell(done: int) -> None:
            self._line.update(
                f"round {number + 1} of {len(self.fit.rounds)}: swap {done} of {total}", completed=done / total
            )

        seeds = range(self._next_seed, self._next_seed + one.seeds)
        self._next_seed += one.seeds
        self._parts += list(swaps(worlds, seeds, one.again, noisy, tell))
        worlds.close()

    def improve(self, number: int) -> None:
        """Fit the model to all swaps so far, improve the policy and judge it."""
        fit, examples = self.fit, Examples.joined(self._parts)
        self._line.update(f"round {number + 1}: fitting {len(examples)} steps")
        scaled = Scaled(examples.observations)
        model = StepModel(scaled, self._size, fit.width, fit.members)
        fit_model(model, examples, fit.epochs, fit.batch_size, fit.learning_rate)
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


def fit_rounds(
    scene: Scene, config: TrainConfig, first_seed: int, held_out: Sequence[int], line: ProgressLine, budget: Budget,
    say: Say,
) -> Fitted:  # fmt: skip
    """Run the rounds of a configuration, as many as the wall time has room for, and return the best policy."""
    fitting, longest_s = Fitting(scene, config, first_seed, held_out, line, say), 0.0
    for number, one in enumerate(fitting.fit.rounds):
        if fitting.fitted is not None and budget.remaining_s < longest_s + fitting.fit.reserve_s:
            say(f"round {number + 1} left out: the wall time is nearly over")
            break
        began_s = time.monotonic()
        fitting.play_round(number)
        if one.fit or one is fitting.fit.rounds[-1]:
            fitting.improve(number)
        longest_s = max(longest_s, time.monotonic() - began_s)
    assert fitting.fitted is not None
    if fitting.fitted.judged >= fitting.judged_set:
        say(
            f"no round was judged better than the set itself ({fitting.fitted.judged:.3f} against "
            f"{fitting.judged_set:.3f}): the set is the better choice"
        )
    return fitting.fitted


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


def evaluated(scene: Scene, config: TrainConfig, policy: Path, seed: int, line: ProgressLine) -> Evaluation:
    """Evaluate the policy and the task's first baseline on unseen seeds, on the batch."""
    line.update(f"evaluation: {config.evaluation_episodes} episodes")
    names = [str(policy), *list(scene.task.baselines)[:1]]
    found, interrupted = evaluate(
        scene, names, episodes=config.evaluation_episodes, seed=seed, workers=1, worlds=config.worlds
    )
    if interrupted:
        raise KeyboardInterrupt
    return found
