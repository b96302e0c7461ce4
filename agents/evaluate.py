"""Compare deciders on the same seeds: episodes in parallel, rates and paired differences with their intervals.

An episode depends on its seed, its policy and the options only, and one worker plays a seed with all policies: results
do not depend on the number of workers, and those of an interrupted run are still paired.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.batch import Actor, actor_of, make_worlds, play
from agents.episodes import FORCE, Episode, Player, Scene, TimeLimitError
from agents.pool import Pool
from agents.statistics import mean_interval, median_interval, wilson
from agents.tasks import Task
from agents.validity import outside_validity

FITTED = ("action_mode", "care", "base")
"""Arguments of an environment that a bundle may need otherwise than the scene has them."""


@dataclass(frozen=True)
class Evaluation:
    """Episodes of every policy on the same seeds, ascending; `episodes[i][k]` is policy i on the k-th seed."""

    scene: Scene
    policies: tuple[str, ...]
    seed: int
    asked: int
    episodes: tuple[tuple[Episode, ...], ...]
    about: dict[str, Any]
    normalisers: Mapping[str, str] = field(default_factory=dict)
    """Files of running normalisers that were applied, by policy."""
    timing_sets: Mapping[str, str] = field(default_factory=dict)
    """Names of the timing sets that were played as they are, by policy."""

    @property
    def played(self) -> int:
        """Seeds played by every policy."""
        return len(self.episodes[0])

    def as_json(self) -> dict[str, Any]:
        """Return the result for `swaptwin evaluate --json` (docs/evaluate.md)."""
        return {
            "task": self.scene.task.name,
            **self.about,
            "episodes": self.played,
            "episodes_asked": self.asked,
            "seed": self.seed,
            **self._parked_again(),
            "policies": [
                _summary(n, e, self.scene.task)
                | ({"normaliser": self.normalisers[n]} if n in self.normalisers else {})
                | ({"timing_set": self.timing_sets[n]} if n in self.timing_sets else {})
                | ({"outside_validity": outside} if (outside := outside_validity(n, self.about)) else {})
                for n, e in zip(self.policies, self.episodes, strict=True)
            ],
            "paired": self._paired(),
            "paired_success": self._paired_success(),
            "paired_rates": self._paired_rates(),
        }

    def _parked_again(self) -> dict[str, Any]:
        """Count episodes whose truck first stood outside the station's gate, and how often; empty without parking.

        Parking before an episode is the same for every policy.
        """
        if not self.scene.task.parks:
            return {}
        tries = [max(of_seed) for of_seed in zip(*([e.reparked for e in one] for one in self.episodes), strict=True)]
        return {"reparked": sum(n > 0 for n in tries), "draws_outside_gate": sum(tries)}

    def _pairs(self) -> Iterator[tuple[str, str, tuple[Episode, ...], tuple[Episode, ...]]]:
        """Pair every policy with each one named before it: a, b and their episodes, seed by seed."""
        for i, j in itertools.combinations(range(len(self.policies)), 2):
            yield self.policies[i], self.policies[j], self.episodes[i], self.episodes[j]

    def _paired(self) -> list[dict[str, Any]]:
        rows = []
        for a, b, of_a, of_b in self._pairs():
            both = [(p, q) for p, q in zip(of_a, of_b, strict=True)]
            # times are compared where the task succeeded, forces always
            done = [(p, q) for p, q in both if p.success and q.success]
            for metric, pairs in (("time_s", done), (FORCE, both)):
                differences = [q.kpis[metric] - p.kpis[metric] for p, q in pairs if metric in p.kpis]
                if not differences:
                    continue
                median, interval = median_interval(differences, self.seed)
                rows.append(
                    {
                        "a": a,
                        "b": b,
                        "metric": metric,
                        "median_difference": median,
                        "ci95": list(interval),
                        "pairs": len(differences),
                    }
                )
        return rows

    def _paired_success(self) -> list[dict[str, Any]]:
        rows = []
        for a, b, of_a, of_b in self._pairs():
            differences = [float(q.success) - float(p.success) for p, q in zip(of_a, of_b, strict=True)]
            if differences:
                mean, interval = mean_interval(differences, self.seed)
                rows.append({"a": a, "b": b, "difference": mean, "ci95": list(interval), "pairs": len(differences)})
        return rows

    def _paired_rates(self) -> list[dict[str, Any]]:
        """Differences of the task's other rates."""
        rows = []
        for a, b, of_a, of_b in self._pairs():
            for rate in self.scene.task.rates:
                both = [(p.kpis[rate], q.kpis[rate]) for p, q in zip(of_a, of_b, strict=True) if rate in p.kpis]
                if both:
                    differences = [float(y > 0.0) - float(x > 0.0) for x, y in both]
                    mean, interval = mean_interval(differences, self.seed)
                    row = {"a": a, "b": b, "rate": rate, "difference": mean, "ci95": list(interval)}
                    rows.append(row | {"pairs": len(differences)})
        return rows


def _summary(name: str, episodes: Sequence[Episode], task: Task) -> dict[str, Any]:
    """Make one policy's row."""
    done = [episode for episode in episodes if episode.success]
    forces = [episode.kpis[FORCE] for episode in episodes if FORCE in episode.kpis]
    interventions: Counter[str] = Counter()
    for episode in episodes:
        interventions.update(episode.interventions)
    return {
        "name": name,
        "success_rate": len(done) / len(episodes) if episodes else None,
        "success_ci95": list(wilson(len(done), len(episodes))),
        "time_s": _percentiles([episode.time_s for episode in done], median=50, p95=95),
        FORCE: _percentiles(forces, median=50, p95=95, p99=99),
        "rates": {
            **{rate: _rate([episode.kpis[rate] > 0.0 for episode in episodes]) for rate in task.rates},
            **({"first_parking": _rate([e.success and not e.reparked for e in episodes])} if task.whole_swap else {}),
        },
        "violations": sum(episode.violations for episode in episodes),
        "reasons": dict(sorted(Counter(episode.outcome for episode in episodes).items())),
        "reward_mean": float(np.mean([episode.reward for episode in episodes])) if episodes else None,
        "cost_mean": float(np.mean([episode.cost for episode in episodes])) if episodes else None,
        "interventions": dict(sorted(interventions.items())),
        "actions": sum(episode.steps for episode in episodes),
        "actions_changed": sum(episode.changed for episode in episodes),
        "failed_seeds": [episode.seed for episode in episodes if not episode.success],
        "slowest_seed": max(done, key=lambda episode: episode.time_s).seed if done else None,
    }


def _rate(happened: Sequence[bool]) -> dict[str, Any]:
    """Return a rate with its Wilson interval."""
    count = sum(happened)
    return {
        "rate": count / len(happened) if happened else None,
        "ci95": list(wilson(count, len(happened))),
        "count": count,
    }


def _percentiles(values: Sequence[float], **wanted: float) -> dict[str, float | None]:
    return {name: float(np.percentile(values, q)) if values else None for name, q in wanted.items()}


def evaluate(
    scene: Scene,
    policies: Sequence[str],
    *,
    episodes: int,
    seed: int,
    workers: int,
    trust_pickle: bool = False,
    on_seed: Callable[[list[Episode]], None] | None = None,
    until_s: float = math.inf,
    worlds: int = 0,
) -> tuple[Evaluation, bool]:
    """Play seeds `seed` to `seed + episodes - 1` with every policy.

    Args:
        workers: processes; 1 plays in this process.
        on_seed: called with each finished seed's episodes, one per policy.
        until_s: by `time.monotonic`; seeds not done by then are left out.
        worlds: number of episodes at once on the task's batch of worlds, policy by policy; 0: one by one, in `workers`.

    Returns:
        The evaluation, and whether it was interrupted (Ctrl-C): then it holds the seeds done by then.

    Raises:
        InputError: invalid options or policies, found before any episode is played.
    """
    player = Player(scene, policies, trust_pickle)  # report errors in one line before any process starts
    about = about_environment(player.environment.unwrapped, scene)
    normalisers, timing_sets = player.normalisers(), player.timing_sets()
    done: dict[int, list[Episode]] = {}
    interrupted = False
    seeds = range(seed, seed + episodes)
    try:
        answers = (
            _on_batch(player, scene, seeds, min(worlds, episodes), until_s)
            if worlds
            else _answers(player, scene, policies, trust_pickle, seeds, workers, until_s)
        )
        for key, answer in answers:
            done[key] = answer
            if on_seed is not None:
                on_seed(answer)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        player.close()
    columns = tuple(tuple(done[key][i] for key in sorted(done)) for i in range(len(policies)))
    return Evaluation(scene, tuple(policies), seed, episodes, columns, about, normalisers, timing_sets), interrupted


def _answers(
    player: Player,
    scene: Scene,
    policies: Sequence[str],
    trust_pickle: bool,
    seeds: range,
    workers: int,
    until_s: float,
) -> Iterator[tuple[int, list[Episode]]]:
    if min(workers, len(seeds)) <= 1:
        with suppress(TimeLimitError):
            for key in seeds:
                yield key, player(key, until_s)
        return
    with Pool(min(workers, len(seeds)), Player, scene, tuple(policies), trust_pickle) as pool:
        yield from pool.answers(seeds, until_s)


def _on_batch(
    player: Player, scene: Scene, seeds: range, worlds: int, until_s: float
) -> Iterator[tuple[int, list[Episode]]]:
    """Play policy after policy; a seed is answered once all have played it.

    Raises:
        InputError: the task has no batch on the scene's plant.
    """
    columns: list[dict[int, Episode]] = []
    for i in range(len(player.environments)):
        share_s = (until_s - time.monotonic()) / (len(player.environments) - i)
        batch = make_worlds(scene, worlds, **batch_arguments(player, i))
        actor, options = batch_actor(player, i, worlds), player.guards[i].options
        played = play(batch, actor, seeds, scene, time.monotonic() + share_s, options=options)
        columns.append({e.seed: e for e in played})
        batch.close()
    for key in seeds:
        if all(key in column for column in columns):
            yield key, [column[key] for column in columns]


def batch_arguments(player: Player, i: int) -> dict[str, Any]:
    """Return the arguments of a batch that policy `i` needs otherwise than the scene has them."""
    own = player.environments[i].unwrapped
    return {name: getattr(own, name) for name in FITTED if hasattr(own, name)}


def batch_actor(player: Player, i: int, worlds: int) -> Actor:
    """Return the actor of policy `i` in many worlds."""
    return actor_of(lambda: player.policy(i), worlds)


def about_environment(environment: Any, scene: Scene) -> dict[str, Any]:
    """Return station, plant and the other options of the evaluation; null where each episode draws its own."""
    about = {"station": getattr(environment, "station", None), "plant": scene.options.get("plant", scene.task.plant)}
    about |= {name: scene.options.get(name) for name in scene.task.options if name not in about}
    about |= {name: scene.options[name] for name in about if name in scene.options and about[name] is None}
    return {name: _name(value) for name, value in about.items()}


def _name(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(getattr(value, "name", value))
