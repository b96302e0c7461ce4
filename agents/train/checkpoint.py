"""stable-baselines3's own files; they hold pickles, so loading requires that the user trusts them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from agents.train.normaliser import Normaliser, load_normaliser, normaliser_file
from twin.errors import InputError

Array = np.ndarray


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
