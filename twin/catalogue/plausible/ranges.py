"""Ranges shared by several modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from twin.catalogue.derived import Problem
from twin.gravity import GRAVITY_MPS2

G = GRAVITY_MPS2

PRESSED_M = 0.02
"""Penetration at which contact springs saturate: `twin.plants.rom.contact_points.DEEP_M`."""
RATED_FRICTION = 1.0
"""Upper limit of the friction coefficient of greased, painted or rubber-faced steel (dry steel 0.8)."""
LEAN_RAD, TURN_RAD, ASIDE_M = 0.0873, 0.175, 1.0
"""Clip of a parked truck: 5 deg of lean (its suspension is linear), 10 deg of yaw, and a metre; beyond, it is in no bay
[chosen]."""


def within(
    model: BaseModel, key: str, why: str, low: float | None = None, high: float | None = None
) -> Iterator[Problem]:
    """A problem if the value at `key` is below `low` or above `high`, beyond rounding."""
    value: object = model
    for part in key.split("."):
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    number = float(value)  # type: ignore[arg-type]
    slack = 1e-9 * abs(number)
    if low is not None and not number >= low - slack or high is not None and not number <= high + slack:
        ends = (None if low is None else f"{low:.4g}", None if high is None else f"{high:.4g}")
        if low is None:
            allowed = f"at most {ends[1]}"
        else:
            allowed = f"at least {ends[0]}" if high is None else f"{ends[0]} to {ends[1]}"
        yield Problem(key, number, why, allowed)
