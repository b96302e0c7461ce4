"""Physical quantities to numbers of about [-1, 1] and back, by fixed constants: no running normaliser to lose."""

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
    """One element of an observation or action: its scaled value times `scale` is in SI, `unit` says in what.

    `low` and `high` bound the scaled value.
    """

    name: str
    unit: str
    scale: float
    low: float
    high: float
    meaning: str


def box(quantities: Sequence[Quantity]) -> Box:
    """The space of these quantities, scaled, float32."""
    low = np.array([q.low for q in quantities], np.float32)
    return Box(low, np.array([q.high for q in quantities], np.float32), dtype=np.float32)


class Scaler:
    """Scales the values of a fixed list of quantities."""

    def __init__(self, quantities: Sequence[Quantity]) -> None:
        self.names = tuple(q.name for q in quantities)
        self._per_unit = 1.0 / np.array([q.scale for q in quantities])
        self._low, self._high = np.array([q.low for q in quantities]), np.array([q.high for q in quantities])

    def scaled(self, values: Sequence[float]) -> Array:
        """(Q,) float32 of values in SI, in the order of the quantities, clipped to their bounds; always a new array."""
        scaled: Array = np.asarray(values) * self._per_unit
        return np.minimum(np.maximum(scaled, self._low), self._high).astype(np.float32)


def checked_action(action: object, quantities: Sequence[Quantity]) -> tuple[list[float], dict[str, bool]]:
    """(scaled values within their bounds, which of them had to be clipped to that), each by quantity.

    Raises:
        InputError: an action that is not made of numbers, of another shape, NaN or infinite.
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
