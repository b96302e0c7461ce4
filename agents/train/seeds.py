"""Several training runs that differ in their seed alone, and the best of them.

seeds.json       the seeds; at the end a row for each run, and which one is shipped
config.json      what all of them share
seed_S/          the run of seed S (`run`)
policy/          the shipped bundle

The shipped one is chosen on the held-out episodes that also chose among a run's checkpoints. The rows are of the
evaluation, on seeds that chose nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.episodes import Scene
from agents.evaluate import evaluate
from agents.train.budget import Budget
from agents.train.bundles import SELECTION_SEED
from agents.train.config import TrainConfig
from agents.train.folder import make_folder, remove_left, write_json
from agents.train.leftovers import removing_failed_run
from agents.train.run import EVALUATION, RESULT, Trained, train
from agents.train.versions import versions
from agents.train.worlds import judgement_s
from twin.console import ProgressLine
from twin.errors import InputError

SEEDS = "seeds.json"
SELECTION_EPISODES = 100
"""Episodes that choose among the runs where the configuration has none for selection."""
SELECTION_SHARE = 0.1
"""Share of the wall time for that choice, where the runs were not judged alike already."""


@dataclass(frozen=True)
class Trainings:
    """Result of several runs.

    Attributes:
        runs: in the order of their seeds; those that an earlier part of the whole has finished are not among them.
        rows: one for each finished run (`row_of`).
        classical: the best classical policy's entry in the evaluation, as `swaptwin evaluate --json` has it.
        shipped: seed of the run whose policy is shipped.
        ended: "interrupted", or "done".
    """

    folder: Path
    runs: list[Trained]
    rows: list[dict[str, Any]]
    classical: dict[str, Any] | None = None
    shipped: int | None = None
    ended: str = "done"

    @property
    def policy(self) -> Path | None:
        """The shipped bundle."""
        return None if self.shipped is None else self.folder / "policy"

    def ranked(self) -> list[int]:
        """Return the seeds by the evaluation, the best first: by success, then by the median of the time."""
        evaluated = [row for row in self.rows if row["success_rate"] is not None]
        return [row["seed"] for row in sorted(evaluated, key=rank)]


def rank(row: Mapping[str, Any]) -> tuple[float, float]:
    """Order policies by an evaluation, the best first: by success, then by the median of the time."""
    median_s = row["time_s"]["median"]
    return -row["success_rate"], float("inf") if median_s is None else median_s


@removing_failed_run
def train_seeds(
    scene: Scene,
    config: TrainConfig,
    folder: Path,
    line: ProgressLine,
    seeds: int,
    *,
    resume: bool = False,
    trust_pickle: bool = False,
    began_s: float | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Trainings:
    """Train on seeds `config.seed` and the next ones, one after the other; they share the wall time evenly.

    Args:
        seeds: their number; when resumed, that of the folder.
        resume: go on with the runs of `folder`: finished ones stay, one that was under way goes on.
        began_s: start of the wall time, by `time.monotonic`; None: now.
    """
    whole = Budget(config.wall_time_s, began_s)
    if resume:
        remove_left(folder)
        seeds = number_of_seeds(folder)
    else:
        plan = {"seeds": seeds, "first": config.seed}
        make_folder(folder, {"config.json": config.model_dump(mode="json"), "versions.json": versions(), SEEDS: plan})
    runs: list[Trained] = []
    every = range(config.seed, config.seed + seeds)
    left = [seed for seed in every if not (folder_of(folder, seed) / RESULT).is_file()]
    kept_s = 0.0 if config.selection_episodes and config.worlds else SELECTION_SHARE * config.wall_time_s
    for i, seed in enumerate(left):
        share_s = max(whole.remaining_s - kept_s, 1.0) / (len(left) - i)
        own = config.model_copy(update={"seed": seed, "wall_time_s": share_s})
        place = folder_of(folder, seed)
        say(f"seed {seed}: {share_s:.0f} s")
        run = train(
            scene, own, place, line, resume=place.is_dir(), trust_pickle=trust_pickle, budget=Budget(share_s), say=say
        )
        if run.ended == "interrupted":
            return Trainings(folder, runs, _rows(folder, every), ended="interrupted")
        runs.append(run)
    rows = _rows(folder, every)
    shipped = _choose(scene, config, folder, rows, whole, line)
    classical = best_classical(folder, every)
    for row in rows:
        row["against"] = _against(folder, row["seed"], classical)
    found = Trainings(folder, runs, rows, classical, shipped)
    if shipped is not None:
        _copy(folder_of(folder, shipped) / "policy", folder / "policy")
        say(f"chosen on the held-out episodes: seed {shipped}, copied to {folder / 'policy'}")
    told = {"seeds": seeds, "first": config.seed, "runs": rows, "classical": classical, "shipped": shipped}
    write_json(folder / SEEDS, told | {"ranked": found.ranked()})
    return found


def folder_of(folder: Path, seed: int) -> Path:
    """Return the folder of one run."""
    return folder / f"seed_{seed}"


def number_of_seeds(folder: Path) -> int:
    """Return the number of seeds of a folder; 0 if it is that of a single run.

    Raises:
        InputError: its list of seeds is damaged.
    """
    file = folder / SEEDS
    if not file.is_file():
        return 0
    try:
        return int(json.loads(file.read_text())["seeds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from None


def _rows(folder: Path, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return what came out of each finished run, by its own files."""
    rows = []
    for seed in seeds:
        place = folder_of(folder, seed)
        if not (place / RESULT).is_file():
            continue
        result = json.loads((place / RESULT).read_text())
        row = {"seed": seed, "folder": str(place)} | {
            name: result[name] for name in ("steps", "wall_s", "ended", "judged_s", "policy_sha256")
        }
        mine = next((one for one in _evaluated(place) if Path(one["name"]).name == "policy"), None)
        told = ("success_rate", "success_ci95", "time_s", "peak_lateral_force_n", "violations", "reward_mean")
        rows.append(row | {name: None if mine is None else mine[name] for name in told})
    return rows


def _evaluated(place: Path) -> list[dict[str, Any]]:
    """Return the entries of a run's evaluation; none if it had no time for one."""
    file = place / EVALUATION
    found: list[dict[str, Any]] = json.loads(file.read_text())["policies"] if file.is_file() else []
    return found


def best_classical(folder: Path, seeds: Sequence[int]) -> dict[str, Any] | None:
    """Return the best classical policy's entry, from the run whose evaluation played most episodes."""
    entries: list[list[dict[str, Any]]] = [
        [one for one in _evaluated(folder_of(folder, seed)) if "/" not in one["name"]] for seed in seeds
    ]
    most = max((found for found in entries if found), key=lambda found: sum(found[0]["reasons"].values()), default=[])
    return min(most, key=rank, default=None)


def _against(folder: Path, seed: int, classical: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the paired differences of a run's policy, less the classical one: success, time and force."""
    file = folder_of(folder, seed) / EVALUATION
    if classical is None or not file.is_file():
        return None
    result, name = json.loads(file.read_text()), classical["name"]

    def of(rows: list[dict[str, Any]], key: str, metric: str | None = None) -> dict[str, Any] | None:
        for row in rows:
            if metric is not None and row["metric"] != metric:
                continue
            for first, second, sign in ((row["a"], row["b"], 1.0), (row["b"], row["a"], -1.0)):
                if first == name and Path(second).name == "policy":
                    ends = sorted(sign * end for end in row["ci95"])
                    return {"difference": sign * row[key], "ci95": ends, "pairs": row["pairs"]}
        return None

    return {
        "name": name,
        "success": of(result["paired_success"], "difference"),
        "time_s": of(result["paired"], "median_difference", "time_s"),
        "peak_lateral_force_n": of(result["paired"], "median_difference", "peak_lateral_force_n"),
    }


def _choose(
    scene: Scene, config: TrainConfig, folder: Path, rows: list[dict[str, Any]], whole: Budget, line: ProgressLine
) -> int | None:
    """Return the seed with the best judgement on the held-out episodes; play them where the runs have not."""
    if any(row["judged_s"] is None for row in rows):
        line.update(f"choosing among {len(rows)} seeds")
        names = [str(Path(row["folder"]) / "policy") for row in rows]
        episodes = config.selection_episodes or SELECTION_EPISODES
        found, interrupted = evaluate(
            scene, names, episodes=episodes, seed=SELECTION_SEED, workers=config.workers,
            until_s=whole.until_s(), worlds=config.worlds if rows[0]["judged_s"] is not None else 0,
        )  # fmt: skip
        if interrupted:
            raise KeyboardInterrupt
        for row, played in zip(rows, found.episodes, strict=True):
            row["judged_s"] = judgement_s(list(played), 0.0) if played else None
    judgements = {row["seed"]: row["judged_s"] for row in rows if row["judged_s"] is not None}
    return min(judgements, key=judgements.__getitem__, default=None)


def _copy(bundle: Path, target: Path) -> None:
    """Copy a bundle; the target is whole at the end, and replaced if it is there."""
    token = secrets.token_hex(8)
    part, old = (target.with_name(f".{token}.{kind}") for kind in ("part", "old"))
    shutil.copytree(bundle, part)
    if target.exists():
        os.rename(target, old)
    os.rename(part, target)
    shutil.rmtree(old, ignore_errors=True)
