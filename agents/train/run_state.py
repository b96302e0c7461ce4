"""Checkpoints of a run: one file each, with everything that a run needs to go on from it.

`step_N.zip` is stable-baselines3's archive (policy, target networks, optimisers, counters, recent episodes) with one
more entry, `RunState` as plain arrays. Generators and environments are not in it: both begin anew at a checkpoint,
seeded by the run's seed and the step, in the run that made it and in one that goes on from it. SAC's replay buffer is a
file of its own, written before the archive that needs it; only the newest is kept.

A file appears under its name complete and on disk, or not at all; one that was damaged later is not taken.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError, naming

Array = np.ndarray
STATE = "run_state.npz"
"""Entry of a checkpoint's archive."""
WEIGHTS, PENDING, PENDING_CSV = "weights/", "pending/", "pending_csv/"
"""Prefixes of array names."""


@dataclass
class RunState:
    """State of a run besides its model.

    Attributes:
        reward: mean of the episodes before the best policy, or less its judgement on a batch; -inf if there is none.
        step: of that policy.
        weights: its state, arrays by name.
        low, high: range of the observations (O,) so far.
        judging_s: wall time of a judgement, s.
        regular: True for a checkpoint that an undisturbed run makes too, False where Ctrl-C or the wall time made it.
        resumed_at: steps of checkpoints of the other kind that the run went on from: there it differs from an
            undisturbed one.
        pending, pending_csv: metrics that wait for the next row, by name; the second are for the CSV only.
    """

    reward: float = -np.inf
    step: int = 0
    weights: dict[str, Array] | None = None
    low: Array | None = None
    high: Array | None = None
    judging_s: float = 0.0
    regular: bool = True
    resumed_at: tuple[int, ...] = ()
    pending: dict[str, float] = field(default_factory=dict)
    pending_csv: dict[str, float] = field(default_factory=dict)

    def packed(self) -> bytes:
        """Return it as a NumPy archive."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ("reward", "step", "judging_s", "regular")}
        arrays["resumed_at"] = np.array(self.resumed_at, np.int64)
        arrays |= {name: value for name, value in (("low", self.low), ("high", self.high)) if value is not None}
        for prefix, values in ((WEIGHTS, self.weights), (PENDING, self.pending), (PENDING_CSV, self.pending_csv)):
            arrays |= {prefix + name: value for name, value in (values or {}).items()}
        packed = io.BytesIO()
        np.savez(packed, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]
        return packed.getvalue()

    @classmethod
    def of(cls, checkpoint: Path) -> RunState:
        """Read from a checkpoint.

        Raises:
            InputError: the file is damaged, or of an earlier version.
        """
        try:
            with zipfile.ZipFile(checkpoint) as archive:
                if STATE not in archive.namelist():
                    problem = "holds no state of the run: made by an earlier version, and cannot be resumed"
                    raise InputError(problem, file=checkpoint)
                data = archive.read(STATE)
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = dict(file)

            def under(prefix: str) -> dict[str, Array]:
                return {name[len(prefix) :]: value for name, value in arrays.items() if name.startswith(prefix)}

            return cls(
                float(arrays["reward"]),
                int(arrays["step"]),
                under(WEIGHTS) or None,
                arrays.get("low"),
                arrays.get("high"),
                float(arrays["judging_s"]),
                bool(arrays["regular"]),
                tuple(arrays["resumed_at"].tolist()),
                {name: float(value) for name, value in under(PENDING).items()},
                {name: float(value) for name, value in under(PENDING_CSV).items()},
            )
        except InputError:
            raise
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(f"cannot be read: {error}", file=checkpoint) from None


def save(model: Any, state: RunState, folder: Path) -> Path:
    """Write `folder/step_N.zip`, and first the replay buffer of a model that has filled one."""
    folder.mkdir(parents=True, exist_ok=True)
    step = model.num_timesteps
    memory = replay_file(folder, step)
    if has_memory(model):
        whole_file(memory, model.save_replay_buffer)

    def write(part: str) -> None:
        model.save(part)
        with zipfile.ZipFile(part, "a") as archive:
            archive.writestr(STATE, state.packed())

    path = whole_file(folder / f"step_{step}.zip", write)
    for old in folder.glob("replay_*.pkl"):
        if old != memory:
            old.unlink()
    return path


def has_memory(model: Any) -> bool:
    """True for a model with steps in its replay buffer."""
    return getattr(model, "replay_buffer", None) is not None and model.replay_buffer.size() > 0


def replay_file(folder: Path, step: int) -> Path:
    """File of the replay buffer that belongs to a checkpoint."""
    return folder / f"replay_{step}.pkl"


def whole_file(target: Path, write: Callable[[str], None]) -> Path:
    """Have `write` make a file that appears under its name once it is whole and on disk."""
    part = target.with_name(f"part_{target.name}")
    try:
        with naming(target):
            write(str(part))
            with part.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def checkpoints_in(folder: Path) -> dict[int, Path]:
    """Checkpoints by their steps."""
    return {int(path.stem[5:]): path for path in folder.glob("step_*.zip") if path.stem[5:].isdigit()}


def newest(folder: Path, say: Callable[[str], None] = lambda text: None) -> Path | None:
    """Return the whole checkpoint with the most steps; None if there are no checkpoints.

    Damaged ones are told to `say` and left out: a run that goes on from an earlier one ends the same.

    Raises:
        InputError: none of them is whole.
    """
    found = sorted(checkpoints_in(folder).items(), reverse=True)
    for _, path in found:
        try:
            with zipfile.ZipFile(path) as archive:
                # a cut archive may be read as the one that its last entry is: then it has no such entry
                damaged = archive.testzip() if STATE in archive.namelist() else f"has no {STATE}"
        except (OSError, zipfile.BadZipFile) as error:
            damaged = str(error)
        if damaged is None:
            return path
        say(f"{path}: damaged ({damaged}), left out")
    if found:
        raise InputError("no checkpoint in it is whole and of this version", file=folder)
    return None
