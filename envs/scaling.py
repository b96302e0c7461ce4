"""Scale physical quantities to about [-1, 1] and back by fixed constants, without a running normaliser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gymnasium.spaces import Box

from twin.errors import InputError

Array = np.ndarray


@dataclass(frozen=True)
class Quantity:
    """One element of an observation or action: its scaled value times `scale` is in the SI unit `unit`.

    `low` and `high` bound the scaled value.
    """

    name: str
    unit: str
    scale: float
    low: float
    high: float
    meaning: str


def box(quantities: Sequence[Quantity]) -> Box:
    """Make the float32 space of these scaled quantities."""
    low = np.array([q.low for q in quantities], np.float32)
    return Box(low, np.array([q.high for q in quantities], np.float32), dtype=np.float32)


class Scaler:
    """Scale the values of a fixed list of quantities."""

    def __init__(self, quantities: Sequence[Quantity]) -> None:
        self.names = tuple(q.name for q in quantities)
        self._per_unit = 1.0 / np.array([q.scale for q in quantities])
        self._low, self._high = np.array([q.low for q in quantities]), np.array([q.high for q in quantities])

    def scaled(self, values: Sequence[float]) -> Array:
        """Scale SI values, in the order of the quantities, to a new (Q,) float32 array, clipped to their bounds."""
        scaled: Array = np.asarray(values) * self._per_unit
        return np.minimum(np.maximum(scaled, self._low), self._high).astype(np.float32)


def checked_action(action: object, quantities: Sequence[Quantity]) -> tuple[list[float], dict[str, bool]]:
    """Return (scaled values clipped to their bounds, which were clipped), each by quantity.

    Raises:
        InputError: the action is not numeric, has another shape, or is not finite.
    """
    try:
        array = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("not made of numbers", key="action", value=action, allowed=_names(quantities)) from None
    if array.shape != (len(quantities),):
        allowed = f"({len(quantities)},): {_names(quantities)}"
        raise InputError("wrong shape", key="action", value=array.shape, allowed=allowed)
    values = array.tolist()
    if not all(map(math.isfinite, values)):
        raise InputError("not finite", key="action", value=values, allowed=_names(quantities))
    kept = [min(max(value, q.low), q.high) for value, q in zip(values, quantities, strict=True)]
    clipped = {q.name: value != was for q, value, was in zip(quantities, kept, values, strict=True)}
    return kept, clipped


def _names(quantities: Sequence[Quantity]) -> str:
    return ", ".join(q.name for q in quantities)
