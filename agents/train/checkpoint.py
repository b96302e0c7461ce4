"""stable-baselines3's own files; they hold pickles, so loading requires that the user trusts them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.train.normaliser import Normaliser, load_normaliser, normaliser_file
from twin.errors import InputError, naming

Array = np.ndarray
REPLAY = "replay_buffer.pkl"
BEST = "best.npz"
"""File beside the checkpoints: the best policy so far, as plain arrays."""


class Sb3Policy:
    """The deterministic policy of a stable-baselines3 model.

    Attributes:
        normaliser: applied to observations first; None: none.
    """

    def __init__(self, model: Any, normaliser: Normaliser | None = None) -> None:
        self.model, self.normaliser = model, normaliser

    def begin(self, seed: int) -> None:
        """Do nothing: there is no internal state."""

    def act(self, observation: Array) -> Array:
        seen = observation if self.normaliser is None else self.normaliser(observation)
        action: Array = self.model.predict(seen, deterministic=True)[0]
        return action


def require_trust(file: str | Path, trust_pickle: bool) -> None:
    """Raise InputError unless the user allowed the file to run code."""
    if not trust_pickle:
        raise InputError(
            "stable-baselines3 files hold pickles, which can run any code; load your own with --trust-pickle", file=file
        )


def algorithm_class(name: str) -> Any:
    """Return stable-baselines3's class of an algorithm."""
    import stable_baselines3

    return {"ppo": stable_baselines3.PPO, "sac": stable_baselines3.SAC}[name]


def load_zip(file: str | Path, environment: Any, *, trust_pickle: bool = False) -> Sb3Policy:
    """Load the policy of a stable-baselines3 .zip, with the normaliser beside it.

    Raises:
        InputError: not trusted, no such file, not of PPO or SAC, or made for other spaces.
    """
    path = Path(file)
    if not path.is_file():
        raise InputError("no such file", file=path)
    require_trust(path, trust_pickle)
    normaliser = normaliser_file(path, str(getattr(getattr(environment, "spec", None), "id", "")))
    model = load_model(path, _algorithm_of(path))
    for name in ("observation_space", "action_space"):
        theirs, ours = getattr(model, name), getattr(environment, name)
        if theirs != ours:
            raise InputError("made for another environment", file=path, key=name, value=theirs, allowed=str(ours))
    return Sb3Policy(model, None if normaliser is None else load_normaliser(normaliser, environment.observation_space))


def load_model(path: Path, algorithm: str, environment: Any = None) -> Any:
    """Load the model of a trusted file, on one thread."""
    import torch

    torch.set_num_threads(1)
    try:
        return algorithm_class(algorithm).load(path, env=environment, device="cpu")
    except Exception as error:  # any error of pickle, torch or zip
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"cannot be loaded: {first[:160]}", file=path) from None


def _algorithm_of(path: Path) -> str:
    """Read the algorithm from the plain JSON part of the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            keys = set(json.loads(archive.read("data")))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise InputError("is not a stable-baselines3 file", file=path) from None
    for name, signature in (("ppo", {"n_epochs", "clip_range"}), ("sac", {"replay_buffer_class", "target_entropy"})):
        if signature <= keys:
            return name
    raise InputError("is neither a PPO nor a SAC model", file=path)


def save(model: Any, folder: Path) -> Path:
    """Write `folder/step_N.zip`, and for SAC the newest replay buffer beside it, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(model, "replay_buffer"):
        _replace(folder / REPLAY, model.save_replay_buffer)
    return _replace(folder / f"step_{model.num_timesteps}.zip", model.save)


@dataclass
class RunState:
    """State of a run besides its model, for resuming.

    Attributes:
        reward: mean of the episodes before the best policy; -inf if there is none.
        step: of that policy.
        weights: its state, arrays by name.
        low, high: range of the observations (O,) so far.
    """

    reward: float = -np.inf
    step: int = 0
    weights: dict[str, Array] | None = None
    low: Array | None = None
    high: Array | None = None

    def save(self, folder: Path) -> None:
        """Write into `folder`, whole or not at all."""
        arrays: dict[str, Array] = {"reward": np.array(self.reward), "step": np.array(self.step)}
        arrays |= {f"weights/{name}": value for name, value in (self.weights or {}).items()}
        arrays |= {name: value for name, value in (("low", self.low), ("high", self.high)) if value is not None}
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / BEST, lambda part: np.savez(part, **arrays))  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> RunState:
        """Read from `folder`; an empty state if it holds none.

        Raises:
            InputError: the file is damaged.
        """
        path = folder / BEST
        if not path.is_file():
            return cls()
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            weights = {name[8:]: value for name, value in arrays.items() if name.startswith("weights/")}
            found = float(arrays["reward"]), int(arrays["step"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(f"cannot be read: {error}", file=path) from None
        return cls(*found, weights or None, arrays.get("low"), arrays.get("high"))


def _replace(target: Path, write: Callable[[str], None]) -> Path:
    part = target.with_name(f"part_{target.name}")
    try:
        with naming(target):
            write(str(part))
            os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def checkpoints_in(folder: Path) -> dict[int, Path]:
    """Checkpoints by their steps."""
    return {int(path.stem[5:]): path for path in folder.glob("step_*.zip") if path.stem[5:].isdigit()}


def newest(folder: Path) -> Path:
    """Return the checkpoint with the most steps.

    Raises:
        InputError: there is none.
    """
    found = checkpoints_in(folder)
    if not found:
        raise InputError("no checkpoint to resume from", file=folder)
    return found[max(found)]
