"""stable-baselines3's running normaliser of observations (`VecNormalize`), kept in a file apart from the model."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError

Array = np.ndarray
NAMES = ("vecnormalize.pkl", "vec_normalize.pkl")
"""File names in rl_zoo3 and in stable-baselines3's examples."""
_NAME = r"vec[-_]?normali[sz]er?"
_ANY = re.compile(rf".*{_NAME}.*\.(pkl|pickle)", re.IGNORECASE)
_CHECKPOINT = re.compile(r"(?P<prefix>.+_)(?P<steps>\d+_steps)")


class Normaliser:
    """Mean and variance of observations at the end of training, frozen.

    Attributes:
        file: their source.
        mean, deviation: of each element of the observation, float64.
        clip: largest normalised value.
    """

    def __init__(self, file: Path, mean: Array, variance: Array, epsilon: float, clip: float) -> None:
        self.file, self.mean, self.clip = file, mean, clip
        self.deviation: Array = np.sqrt(variance + epsilon)

    def __call__(self, observation: Array) -> Array:
        """Normalise an observation as in training, by the arithmetic of `VecNormalize.normalize_obs`."""
        normalised: Array = np.clip((observation - self.mean) / self.deviation, -self.clip, self.clip)
        return normalised.astype(np.float32)


def normaliser_file(model: Path, environment: str) -> Path | None:
    """Find the normaliser of a model's .zip, or None.

    Search order: the one of the same step (`CheckpointCallback`); one beside the model with the model's name; one of
    `NAMES` beside it; in a folder beside it named after the environment or the model (rl_zoo3); in the folder above
    (`EvalCallback` keeps its best model one folder down).

    Args:
        environment: its id, such as `swaptwin/Docking-v3`.

    Raises:
        InputError: several in one place, or some beside the model that are not identified as its own.
    """
    beside = sorted(file for file in model.parent.glob("*") if file.is_file() and _ANY.fullmatch(file.name))
    stem, short = re.escape(model.stem), re.escape(environment.rpartition("/")[2])
    match = _CHECKPOINT.fullmatch(model.stem)
    same_step = f"{match['prefix']}vecnormalize_{match['steps']}.pkl" if match else None
    of_the_model = re.compile(rf"({stem}[-_.]?{_NAME}|{_NAME}[-_.]?{stem})\.(pkl|pickle)", re.IGNORECASE)
    folders = [
        folder
        for folder in sorted(model.parent.glob("*/"))
        if folder.name == model.stem or re.search(rf"(^|[-:]){short}$", folder.name)
    ]
    places = (
        [file for file in beside if file.name == same_step],
        [file for file in beside if of_the_model.fullmatch(file.name)],
        [file for file in beside if file.name in NAMES],
        _named(folders),
        [] if beside else _named([model.absolute().parent.parent]),
    )
    found = next((files for files in places if files), [])
    if len(found) > 1:
        names = [os.path.relpath(file, model.parent) for file in found]
        raise InputError(
            "several normalisers may belong to this model", file=model, value=names,
            allowed=f"one {NAMES[0]}",
        )  # fmt: skip
    if not found and beside:
        raise InputError(
            "the normaliser beside it is not marked as this model's", file=model, value=beside[0].name,
            allowed=f"{NAMES[0]} for one that is, another folder for one that is not",
        )  # fmt: skip
    return found[0] if found else None


def _named(folders: list[Path]) -> list[Path]:
    return [folder / name for folder in folders for name in NAMES if (folder / name).is_file()]


def load_normaliser(file: Path, space: Any) -> Normaliser | None:
    """Load the normaliser of a trusted file; None if it does not change observations.

    Args:
        space: of the observations.

    Raises:
        InputError: not a VecNormalize, or one for other observations.
    """
    from stable_baselines3.common.vec_env import VecNormalize

    try:
        with file.open("rb") as stream:
            held = pickle.load(stream)
    except Exception as error:  # any error of pickle
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"cannot be loaded: {first[:160]}", file=file) from None
    if not isinstance(held, VecNormalize):
        raise InputError("is not a stable-baselines3 VecNormalize", file=file, value=type(held).__name__)
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
