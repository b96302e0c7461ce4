"""stable-baselines3's running normaliser of observations (`VecNormalize`), kept in a file apart from the model."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError

Array = np.ndarray
FILE = "vecnormalize.pkl"
_CHECKPOINT = re.compile(r"(?P<prefix>.+_)(?P<steps>\d+_steps)")


class Normaliser:
    """Mean and variance of observations as they stood at the end of training; they change no more.

    Attributes:
        file: where they come from.
    """

    def __init__(self, file: Path, mean: Array, variance: Array, epsilon: float, clip: float) -> None:
        self.file, self._mean, self._clip = file, mean, clip
        self._deviation = np.sqrt(variance + epsilon)

    def __call__(self, observation: Array) -> Array:
        """The observation as the policy saw it in training: the arithmetic of `VecNormalize.normalize_obs`."""
        normalised: Array = np.clip((observation - self._mean) / self._deviation, -self._clip, self._clip)
        return normalised.astype(np.float32)


def normaliser_file(model: Path, environment: str) -> Path | None:
    """The normaliser that goes with a model's .zip, or None.

    In this order: the one of the same step (`CheckpointCallback`), `vecnormalize.pkl` beside the model, and that in a
    folder beside it named after the environment or the model (rl_zoo3).

    Args:
        environment: its id, such as `swaptwin/Docking-v0`.

    Raises:
        InputError: several such folders.
    """
    beside = [model.with_name(FILE)]
    if match := _CHECKPOINT.fullmatch(model.stem):
        beside.insert(0, model.with_name(f"{match['prefix']}vecnormalize_{match['steps']}.pkl"))
    for file in beside:
        if file.is_file():
            return file
    short = environment.rpartition("/")[2]
    found = [
        file
        for file in sorted(model.parent.glob(f"*/{FILE}"))
        if file.parent.name == model.stem or re.search(rf"(^|[-:]){re.escape(short)}$", file.parent.name)
    ]
    if len(found) > 1:
        raise InputError(
            "several normalisers could be this model's", file=model, value=[str(file) for file in found],
            allowed=f"one {FILE}",
        )  # fmt: skip
    return found[0] if found else None


def load_normaliser(file: Path, space: Any) -> Normaliser | None:
    """What a trusted file does to observations; None where it leaves them as they are.

    Args:
        space: of the observations.

    Raises:
        InputError: no VecNormalize, or one of other observations.
    """
    from stable_baselines3.common.vec_env import VecNormalize

    try:
        with file.open("rb") as stream:
            held = pickle.load(stream)
    except Exception as error:  # whatever a pickle has to say
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"cannot be loaded: {first[:160]}", file=file) from None
    if not isinstance(held, VecNormalize):
        raise InputError("is no VecNormalize of stable-baselines3", file=file, value=type(held).__name__)
    if not held.norm_obs:
        return None
    mean, variance = (np.asarray(getattr(held.obs_rms, name, None)) for name in ("mean", "var"))
    if mean.shape != space.shape or variance.shape != space.shape:
        raise InputError(
            "made for another environment", file=file, key="obs_rms.mean", value=mean.shape, allowed=str(space.shape)
        )
    if not (np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0.0).all()):
        raise InputError("holds no finite means and variances", file=file)
    return Normaliser(file, mean, variance, float(held.epsilon), float(held.clip_obs))
