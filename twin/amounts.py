"""Numbers and parts in readable form: in the trade's unit, with enough digits to tell a value from its limit."""

from __future__ import annotations

import math
from collections.abc import Sequence

_UNITS: dict[str, tuple[tuple[float, float, str, int], ...]] = {
    # by the largest value from which on it applies: factor, unit, decimals
    "m": ((0.995, 1.0, "m", 2), (0.0, 1e3, "mm", 0)),
    "m/s": ((0.995, 1.0, "m/s", 2), (0.0, 1e3, "mm/s", 0)),
    "m/s2": ((0.0, 1.0, "m/s²", 2),),
    "m/s3": ((0.0, 1.0, "m/s³", 2),),
    "N": ((995.0, 1e-3, "kN", 1), (0.0, 1.0, "N", 0)),
    "rad": ((0.0, 180.0 / math.pi, "deg", 2),),
    "rad/s": ((0.0, 180.0 / math.pi, "deg/s", 2),),
    "rad/s2": ((0.0, 180.0 / math.pi, "deg/s²", 1),),
    "rad/s3": ((0.0, 180.0 / math.pi, "deg/s³", 1),),
    "s": ((0.0, 1.0, "s", 1),),
    "kg": ((0.0, 1.0, "kg", 0),),
    "": ((0.0, 1.0, "", 0),),
}
MAX_DECIMALS = 3
DRIVES = {"top_lift": "hoist", "chassis": "lift"}
"""Name of the axis that lifts and lowers, by kind of station."""


def amounts(values: Sequence[float], unit: str) -> tuple[str, ...]:
    """Values of one SI unit on a common scale; different values get different texts, with three decimals at most."""
    finite = [abs(v) for v in values if math.isfinite(v)]
    largest = max(finite, default=0.0)
    scales = _UNITS.get(unit, ((0.0, 1.0, unit, 2),))
    _, factor, name, decimals = next(scale for scale in scales if largest >= scale[0])
    different = len(set(values))
    while True:
        texts = [f"{v * factor:.{decimals}f}" for v in values]
        if len(set(texts)) >= different or decimals >= MAX_DECIMALS:
            break
        decimals += 1
    return tuple(f"{_unsigned_zero(text)} {name}".rstrip() for text in texts)


def amount(value: float, unit: str) -> str:
    """One value of an SI unit, formatted as by `amounts`."""
    return amounts((value,), unit)[0]


def _unsigned_zero(text: str) -> str:
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
