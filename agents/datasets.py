"""Datasets for offline learning in Minari's format: what a policy does in episodes of a task.

The rows are those of the environment: observations as it gives them, actions as it gets them (behind the guard),
rewards, ends. `infos` hold the safety cost of each step (0 at the reset), for learning under constraints; the metadata
of an episode its seed, outcome and key figures, that of the dataset the command and the version that make it again.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.batch import StepRows, make_worlds, play
from agents.episodes import Episode, Player, Scene, run_episode
from agents.evaluate import batch_actor, batch_arguments
from agents.pool import Pool
from twin.console import reason
from twin.errors import DISK_ERRORS, InputError
from twin.extras import require

Array = np.ndarray
FOLDER = "MINARI_DATASETS_PATH"
"""Minari's environment variable: the folder of all datasets."""
NAME = re.compile(r"[-_a-zA-Z0-9]+(/[-_a-zA-Z0-9]+)*-v[0-9]+")
MAX_NAME = 200
ROOM_BYTES = 128 * 1024
"""More than the groups and attributes of one episode take in the file."""


@dataclass(frozen=True)
class Rows:
    """One episode: its result, observations (T + 1, O), actions (T, A), rewards, costs and ends (T,)."""

    episode: Episode
    observations: Array
    actions: Array
    rewards: Array
    costs: Array
    terminations: Array
    truncations: Array

    @property
    def size(self) -> int:
        """Bytes of all arrays."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


class Recorder:
    """Plays the episodes of one policy and keeps their steps; made inside each worker process."""

    def __init__(self, scene: Scene, policy: str, trust_pickle: bool = False) -> None:
        self._player = Player(scene, (policy,), trust_pickle)
        refuse_played_sets(self._player)

    def __call__(self, seed: int) -> Rows:
        """Play the episode of a seed."""
        environment, guard = self._player.environments[0], self._player.guards[0]
        steps: list[tuple[Any, ...]] = []
        seen: list[Array] = []
        recorded = _Recorded(environment, steps, seen)
        episode = run_episode(recorded, guard, seed, self._player.scene.task)
        return _rows(episode, seen, steps)


class _Recorded:
    """An environment whose steps are kept."""

    def __init__(self, environment: Any, steps: list[tuple[Any, ...]], seen: list[Array]) -> None:
        self._environment, self._steps, self._seen = environment, steps, seen

    def reset(self, **arguments: Any) -> tuple[Array, dict[str, Any]]:
        observation, info = self._environment.reset(**arguments)
        self._seen.append(np.array(observation))
        return observation, info

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self._environment.step(action)
        self._seen.append(np.array(observation))
        self._steps.append((np.array(action), float(reward), float(info.get("cost", 0.0)), terminated, truncated))
        return observation, reward, terminated, truncated, info


def _rows(episode: Episode, seen: list[Array], steps: list[tuple[Any, ...]]) -> Rows:
    actions, rewards, costs, terminated, truncated = zip(*steps, strict=True)
    return Rows(
        episode,
        np.stack(seen),
        np.stack(actions),
        np.array(rewards, np.float64),
        np.array(costs, np.float64),
        np.array(terminated, bool),
        np.array(truncated, bool),
    )


def refuse_played_sets(player: Player) -> None:
    """Raise InputError for a timing set that is played in place of actions: nothing can be learnt from its actions."""
    if player.guards[0].options:
        allowed = "zero (the set of --base, as actions), random, a bundle"
        raise InputError("is played without actions", key="--policy", value=player.names[0], allowed=allowed)


def played_on_batch(player: Player, scene: Scene, seeds: range, worlds: int) -> Iterator[Rows]:
    """Play all seeds on the task's batch of worlds; yields episodes as they end, each as `Recorder` has it."""
    batch = make_worlds(scene, worlds, **batch_arguments(player, 0))
    steps: list[list[tuple[Any, ...]]] = [[] for _ in range(worlds)]
    seen: list[list[Array]] = [[] for _ in range(worlds)]
    ended: list[tuple[list[Array], list[tuple[Any, ...]]]] = []

    def keep(rows: StepRows) -> None:
        for k, i in enumerate(rows.worlds.tolist()):
            seen[i].append(rows.before[k])
            of_step = rows.actions[k], float(rows.rewards[k]), float(rows.costs[k])
            steps[i].append((*of_step, bool(rows.terminated[k]), bool(rows.truncated[k])))
            if rows.terminated[k] or rows.truncated[k]:
                seen[i].append(rows.after[k])
                ended.append((seen[i], steps[i]))
                seen[i], steps[i] = [], []

    # `play` has the episodes in the order of their seeds at its end, and tells of ends in the order that they come
    order: list[int] = []
    episodes = {
        e.seed: e
        for e in play(
            batch, batch_actor(player, 0, worlds), seeds, scene, on_step=keep, on_end=order.append,
            options=player.guards[0].options,
        )
    }  # fmt: skip
    batch.close()
    for seed, (observed, taken) in zip(order, ended, strict=True):
        yield _rows(episodes[seed], observed, taken)


def record(
    scene: Scene,
    policy: str,
    name: str,
    folder: Path,
    *,
    episodes: int,
    seed: int,
    workers: int = 1,
    worlds: int = 0,
    trust_pickle: bool = False,
    on_episode: Callable[[Episode], None] = lambda episode: None,
) -> tuple[Path, list[Episode]]:
    """Play seeds `seed` to `seed + episodes - 1` and write them as the Minari dataset `name` under `folder`.

    The dataset appears whole at the end, or not at all.

    Args:
        worlds: number of episodes at once on the task's batch; 0: one by one, in `workers` processes.

    Returns:
        The dataset's folder, and the episodes in the order of their seeds.

    Raises:
        InputError: an invalid option, policy or name, or a dataset that exists already.
        OSError: the disk is full.
    """
    require("minari", "h5py")
    target = dataset_folder(folder, name)
    player = Player(scene, (policy,), trust_pickle)  # report errors in one line before any process starts
    seeds = range(seed, seed + episodes)
    part = target.parent / f".{secrets.token_hex(8)}.part"
    made: list[Path] = []
    try:
        refuse_played_sets(player)
        made = _make_folders(target.parent)
        part.mkdir()
        storage = _new_storage(part / "data", player.environments[0], name, policy, scene, seeds)
        rows = (
            played_on_batch(player, scene, seeds, min(worlds, episodes))
            if worlds
            else _played(scene, policy, seeds, workers, trust_pickle)
        )
        done: list[Episode] = []
        for one in _in_order(rows, seeds):
            _check_room(part / "data", ROOM_BYTES + 2 * one.size)
            storage.update_episodes([_buffer(one)])
            storage.update_episode_metadata([_about(one.episode)], [len(done)])
            done.append(one.episode)
            on_episode(one.episode)
        os.rename(part, target)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise InputError(f"cannot be written: {reason(error)}", file=target) from None
    finally:
        player.close()
        shutil.rmtree(part, ignore_errors=True)
        _remove_empty(made)
    return target, done


def default_name(task: str, policy: str) -> str:
    """Return a dataset's name by task and policy: of a bundle's folder or a file its name."""
    return f"swaptwin/{task}/{re.sub('[^-_a-zA-Z0-9]', '_', Path(policy).stem) or 'policy'}-v0"


def dataset_folder(folder: Path, name: str) -> Path:
    """Return the folder of a dataset by its name.

    Raises:
        InputError: not a dataset's name, or it exists already.
    """
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InputError("not a dataset's name", key="--name", value=name, allowed="as swaptwin/alignment/law-v0")
    target = folder / name
    if os.path.lexists(target):
        raise InputError("already exists; choose another --name or -v1", file=target)
    for above in target.relative_to(folder).parents:
        if (folder / above / "data").is_dir():
            raise InputError("lies in the folder of another dataset", key="--name", value=name)
    return target


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return those that were missing, the deepest first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove these folders as long as they are empty."""
    with suppress(OSError):
        for one in folders:
            one.rmdir()


def _played(scene: Scene, policy: str, seeds: range, workers: int, trust_pickle: bool) -> Iterator[Rows]:
    """Play all seeds one by one, in processes; yields episodes as they end."""
    if min(workers, len(seeds)) <= 1:
        recorder = Recorder(scene, policy, trust_pickle)
        yield from map(recorder, seeds)
        return
    with Pool(min(workers, len(seeds)), Recorder, scene, policy, trust_pickle) as pool:
        for _, rows in pool.answers(seeds):
            yield rows


def _in_order(rows: Iterable[Rows], seeds: range) -> Iterator[Rows]:
    """Yield episodes in the order of their seeds, so that the dataset does not depend on the number of workers."""
    waiting: dict[int, Rows] = {}
    order = iter(seeds)
    due = next(order, None)
    for one in rows:
        waiting[one.episode.seed] = one
        while due in waiting:
            yield waiting.pop(due)
            due = next(order, None)


def _new_storage(data: Path, environment: Any, name: str, policy: str, scene: Scene, seeds: range) -> Any:
    """Make the dataset's empty storage, with the metadata that Minari reads."""
    import minari
    from minari.dataset.minari_storage import MinariStorage

    from agents.train.versions import version_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a changed station has no JSON: then the dataset names no environment
        storage = MinariStorage.new(
            data, environment.observation_space, environment.action_space, environment.spec, "hdf5"
        )
    own, command = environment.unwrapped, command_of(scene, policy, name, seeds)
    options = {key: str(value) for key, value in scene.options.items()}
    storage.update_metadata(
        {
            "dataset_id": name,
            "minari_version": minari.__version__,
            "algorithm_name": policy,
            "description": f"{policy} in {own.spec.id}. Made by: {command}",
            "requirements": [f"swaptwin=={version_of('swaptwin')}"],
            "swaptwin": {
                "task": scene.task.name,
                "options": options,
                "changes": list(scene.changes),
                "guarded": scene.guarded,
                "command": command,
            },
        }
    )
    return storage


def command_of(scene: Scene, policy: str, name: str, seeds: range) -> str:
    """Return the line for a shell that records the dataset again."""
    words = ["swaptwin", "record-dataset", scene.task.name, "--policy", policy, "--name", name]
    for key, value in scene.options.items():
        words += [f"--{key}", str(value)]
    for change in scene.changes:
        words += ["--set", change]
    words += [] if scene.guarded else ["--no-guard"]
    words += ["--seed", str(seeds.start), "--episodes", str(len(seeds))]
    return " ".join(map(shlex.quote, words))


def _check_room(data: Path, size: int) -> None:
    """Allocate room at the end of the dataset's HDF5 file and give it back.

    HDF5 ends the process with a segmentation fault where the disk is full, so it must not be the first to notice.

    Raises:
        OSError: there is no room.
    """
    for file in data.glob("*.hdf5"):
        with file.open("r+b") as opened:
            end = opened.seek(0, os.SEEK_END)
            os.posix_fallocate(opened.fileno(), end, size)
            opened.truncate(end)


def _buffer(rows: Rows) -> Any:
    from minari.data_collector import EpisodeBuffer

    return EpisodeBuffer(
        seed=rows.episode.seed,
        observations=rows.observations,
        actions=rows.actions,
        rewards=rows.rewards,
        terminations=rows.terminations,
        truncations=rows.truncations,
        infos={"cost": np.concatenate([[0.0], rows.costs])},
    )


def _about(episode: Episode) -> dict[str, Any]:
    """Return the metadata of an episode."""
    figures = {f"kpis/{name}": float(value) for name, value in episode.kpis.items()}
    return {
        "outcome": episode.outcome,
        "success": bool(episode.success),
        "violations": episode.violations,
        "return": episode.reward,
        "actions_changed_by_guard": episode.changed,
    } | figures
