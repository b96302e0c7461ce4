"""Clean-up after a training run that could not begin: bad input, or a full disk."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twin.errors import DISK_ERRORS, InputError

Result = TypeVar("Result")
CHECKPOINTS = ("step_*.zip", "round_*.npz")


def removing_failed_run(train: Callable[..., Result]) -> Callable[..., Result]:
    """Call `train(scene, config, folder, ...)`; remove its new folder if it failed before its first checkpoint.

    It fails by bad input, which the corrected command is not to trip over, or by a full disk.
    """

    @functools.wraps(train)
    def trained(scene: Any, config: Any, folder: Path, *arguments: Any, **options: Any) -> Result:
        was_there = folder.exists()
        try:
            return train(scene, config, folder, *arguments, **options)
        except (OSError, InputError) as error:
            fails = isinstance(error, InputError) or error.errno in DISK_ERRORS
            if fails and not was_there and not _has_checkpoint(folder):
                shutil.rmtree(folder, ignore_errors=True)
            raise

    return trained


def _has_checkpoint(folder: Path) -> bool:
    """True if the run, or one of several in it, has something to go on from."""
    return any(True for name in CHECKPOINTS for _ in folder.rglob(f"checkpoints/{name}"))
