"""Folder of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.console import atomic_write
from twin.errors import DISK_ERRORS, InputError


def make_folder(folder: Path) -> None:
    """Make the run's new folder."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError("already exists; --resume continues a run", file=folder) from None
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        raise InputError(f"cannot be made: {error.strerror}", file=folder) from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    with atomic_write(path) as file:
        file.write((json.dumps(value, indent=2) + "\n").encode())
