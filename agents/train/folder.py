"""Folder of a run."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.console import atomic_write
from twin.errors import DISK_ERRORS, InputError

LEFT = (".*.part", ".*.old", "checkpoints/part_*", "checkpoints/.*.part", "candidates/.*.part", "candidates/.*.old")
"""What a killed run leaves unfinished: nothing reads it."""


def make_folder(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the run's new folder with these JSON files in it; it appears with all of them, or not at all.

    Raises:
        InputError: it exists already, or cannot be made.
        OSError: the disk is full.
    """
    if os.path.lexists(folder):
        raise InputError("already exists; --resume continues a run", file=folder)
    part = folder.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.mkdir(parents=True)
        for name, value in files.items():
            write_json(part / name, value)
        os.rename(part, folder)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        raise InputError(f"cannot be made: {error.strerror}", file=folder) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove_left(folder: Path) -> None:
    """Remove what a killed run has left unfinished in its folder."""
    for pattern in LEFT:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    with atomic_write(path) as file:
        file.write((json.dumps(value, indent=2) + "\n").encode())
