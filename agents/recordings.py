"""Replay by their seeds, and record, the failures and the slowest success of each policy."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.episodes import Episode, Player, Scene, run_episode
from agents.evaluate import Evaluation
from agents.pool import Pool
from twin.errors import DISK_ERRORS, InputError, naming


@dataclass(frozen=True)
class RecordingRequest:
    """An episode of an evaluation to be recorded; `policy` is the index of its policy."""

    policy: int
    name: str
    episode: Episode
    path: Path


@dataclass(frozen=True)
class Recorded:
    """A finished recording. `again` is the result of the replayed episode."""

    request: RecordingRequest
    path: Path
    again: Episode

    @property
    def same(self) -> bool:
        """True if the replay equals the evaluation, to the last bit of its reward."""
        was, now = self.request.episode, self.again
        return (was.outcome, was.success, was.steps, was.reward) == (now.outcome, now.success, now.steps, now.reward)

    def as_json(self) -> dict[str, Any]:
        """Return one entry of `recordings` for `swaptwin evaluate --json`."""
        return {
            "policy": self.request.name,
            "seed": self.again.seed,
            "outcome": self.again.outcome,
            "success": self.again.success,
            "file": str(self.path),
            "same": self.same,
        }


@contextmanager
def folder_for(folder: str | Path, key: str = "--record-failures") -> Iterator[Path]:
    """Make the folder if needed, and remove the new folders at the end if nothing was written; `key`: its option.

    Raises:
        InputError: it is a file, or is not writable.
    """
    path, missing = Path(folder), []
    with suppress(OSError, ValueError):
        missing = [part for part in (path, *path.parents) if not part.exists()]
    try:
        yield check_folder(folder, key)
    finally:
        for part in missing:
            with suppress(OSError, ValueError):
                part.rmdir()  # refuses a folder that is not empty


def check_folder(folder: str | Path, key: str = "--record-failures") -> Path:
    """Make the folder if needed; `key`: its option, for messages.

    Raises:
        InputError: it is a file, or is not writable.
    """
    path = Path(folder)
    try:
        if path.exists() and not path.is_dir():
            raise InputError("is not a folder", key=key, value=str(folder))
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError) or getattr(error, "errno", None) in DISK_ERRORS:
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be made: {reason}", key=key, value=str(folder)) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError("is not writable", key=key, value=str(folder))
    return path


def recording_requests(
    evaluation: Evaluation, folder: Path, most: int
) -> tuple[list[RecordingRequest], dict[str, int]]:
    """Return (each policy's first `most` failures and its slowest success, number of failures left out by policy)."""
    chosen, left_out = [], {}
    for i, (name, short) in enumerate(zip(evaluation.policies, file_names(evaluation.policies), strict=True)):
        failed = [episode for episode in evaluation.episodes[i] if not episode.success]
        done = [episode for episode in evaluation.episodes[i] if episode.success]
        if len(failed) > most:
            left_out[name] = len(failed) - most
        slowest = [max(done, key=lambda episode: episode.time_s)] if done else []
        chosen += [RecordingRequest(i, name, e, path_of(folder, short, e)) for e in [*failed[:most], *slowest]]
    return chosen, left_out


def path_of(folder: Path, short: str, episode: Episode) -> Path:
    """Path of a recording: `FOLDER/<policy>_<seed>_<outcome>.mcap`."""
    return folder / f"{short}_{episode.seed}_{episode.outcome}.mcap"


def file_names(policies: Sequence[str]) -> list[str]:
    """Short file-safe name of each policy; of a folder its last part, numbered if needed."""
    plain = [re.sub(r"[^A-Za-z0-9.-]+", "-", Path(name).name).strip("-.") or "policy" for name in policies]
    several = {name for name, count in Counter(plain).items() if count > 1}
    return [f"{name}-{i + 1}" if name in several else name for i, name in enumerate(plain)]


class RecordingPlayer(Player):
    """Play one episode of one policy and record it; built inside the worker that uses it."""

    def __call__(self, what: RecordingRequest) -> Recorded:  # type: ignore[override]
        """Record an episode; the finished file gets a name with the replay's outcome."""
        part = part_of(what)
        with naming(what.path):
            environment = self.environments[what.policy]
            environment.unwrapped.record_next(part, policy=what.name)
            again = run_episode(environment, self.guards[what.policy], what.episode.seed, self.scene.task)
        path = what.path
        if again.outcome != what.episode.outcome:
            path = path.with_name(path.name.replace(f"_{what.episode.outcome}.mcap", f"_{again.outcome}.mcap"))
        part.replace(path)
        return Recorded(what, path, again)


def part_of(what: RecordingRequest) -> Path:
    """Path of an unfinished recording."""
    return what.path.with_name(f".{what.path.name}.part")


def record(
    scene: Scene,
    policies: Sequence[str],
    items: Sequence[RecordingRequest],
    *,
    workers: int,
    trust_pickle: bool = False,
    on_recorded: Callable[[Recorded], None] | None = None,
) -> tuple[list[Recorded], bool]:
    """Replay the items and record them.

    Args:
        policies: of the evaluation, in its order.
        workers: processes; 1 plays in this process.
        on_recorded: called with each finished recording.

    Returns:
        The recordings in the order of the items, and whether it was interrupted (Ctrl-C): then those done by then.
    """
    made: dict[Path, Recorded] = {}
    interrupted = False

    def take(one: Recorded) -> None:
        made[one.request.path] = one
        if on_recorded is not None:
            on_recorded(one)

    try:
        if min(workers, len(items)) <= 1:
            player = RecordingPlayer(scene, policies, trust_pickle)
            try:
                for item in items:
                    take(player(item))
            finally:
                player.close()
        else:
            with Pool(min(workers, len(items)), RecordingPlayer, scene, tuple(policies), trust_pickle) as pool:
                for _, one in pool.answers(items):
                    take(one)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        for item in items:
            with suppress(OSError):
                part_of(item).unlink(missing_ok=True)
    return [made[item.path] for item in items if item.path in made], interrupted
