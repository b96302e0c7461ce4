"""Clean-up after a training run that ended with a full disk."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agents.train.run_state import checkpoints_in
from twin.errors import DISK_ERRORS

Result = TypeVar("Result")


def removing_failed_run(train: Callable[..., Result]) -> Callable[..., Result]:
    """Call `train(scene, config, folder, ...)`; remove its new folder if the disk was full before a checkpoint."""

    @functools.wraps(train)
    def trained(scene: Any, config: Any, folder: Path, *arguments: Any, **options: Any) -> Result:
        was_there = folder.exists()
        try:
            return train(scene, config, folder, *arguments, **options)
        except OSError as error:
            if error.errno in DISK_ERRORS and not was_there and not checkpoints_in(folder / "checkpoints"):
                shutil.rmtree(folder, ignore_errors=True)
            raise

    return trained
