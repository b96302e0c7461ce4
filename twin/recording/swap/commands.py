"""COMMAND records as plain data and back, bit-identical."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError
from twin.records import COMMAND, UNTIL, new_command

_NAMES = tuple(COMMAND.names or ())
INFINITE = ("inf", "-inf")
"""JSON has no infinity."""


def as_plain(command: np.ndarray) -> dict[str, Any]:
    """Every field by name; NaN (axis unchanged, unknown height) as None, no limit as "inf"."""
    return {name: _plain(command[name].tolist()) for name in _NAMES}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def from_plain(data: Mapping[str, Any], file: str | Path) -> np.ndarray:
    """Parse a COMMAND record from `as_plain`; raises InputError for a missing, unknown or wrongly typed field."""
    if unlike := set(data) ^ set(_NAMES):
        raise InputError("its commands are those of another version", file=file, key=sorted(unlike)[0])
    command = new_command(1)[0]
    for name in _NAMES:
        command[name] = _field(name, data[name], file)
    if not 0 <= command["until"] < len(UNTIL):
        raise InputError("damaged command", file=file, key="until", value=int(command["until"]))
    return command


def place_of(entry: Mapping[str, Any], file: str | Path) -> tuple[int, int, int, dict[str, Any]]:
    """(tick, scans, robot, fields) of a recorded entry; raises InputError if it is damaged."""
    command = entry.get("command")
    if not isinstance(command, dict) or not isinstance(command.get("fields"), dict):
        raise InputError("damaged command", file=file, value=command)
    numbers = (entry.get("tick"), command.get("scans"), command.get("robot"))
    if not all(type(number) is int for number in numbers):
        raise InputError("damaged command", file=file, key="tick, scans, robot", value=numbers)
    tick, scans, robot = (int(str(number)) for number in numbers)
    return tick, scans, robot, command["fields"]


def _field(name: str, value: Any, file: str | Path) -> np.ndarray:
    dtype = COMMAND[name]
    items = value if dtype.shape else [value]
    whole = dtype.base == np.dtype(np.int64)
    good = isinstance(items, list) and len(items) == (dtype.shape[0] if dtype.shape else 1)
    good = good and all(
        (type(item) is int and abs(item) < 2**62)
        if whole
        else item is None or item in INFINITE or type(item) in (int, float)
        for item in items
    )
    if not good:
        raise InputError("damaged command", file=file, key=name, value=value)
    numbers = np.array([math.nan if item is None else dtype.base.type(item) for item in items], dtype.base)
    return numbers if dtype.shape else numbers[0]
