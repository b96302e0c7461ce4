"""Visibility conditions of a swap or a drive: clear, night, rain, or night and rain, written `night+rain`.

Each condition has its own numbers, the scanner's in `twin.setup.variation`, the lidar's in the station file. Two
together are independent: variances of noise add, biases add, and a frame is lost by either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.errors import InputError

CONDITIONS = ("clear", "night", "rain")
"""Conditions that may stand alone, from which an environment draws, in the order of combined names."""
COMBINED = ("night+rain",)
ALLOWED = (*CONDITIONS, *COMBINED)


def canonical(value: object, key: str = "conditions") -> str:
    """The one name of conditions: `rain + night` as `night+rain`.

    Raises:
        InputError: none of the conditions, clear beside another one, or one of them twice.
    """
    if isinstance(value, str):
        named = [part.strip() for part in value.split("+")]
        if len(set(named)) == len(named):
            name = "+".join(sorted(named, key=lambda part: CONDITIONS.index(part) if part in CONDITIONS else -1))
            if name in ALLOWED:
                return name
    raise InputError("unknown", key=key, value=value, allowed=", ".join(ALLOWED))


def parts(conditions: str) -> tuple[str, ...]:
    """The single conditions that a canonical name is made of."""
    return tuple(conditions.split("+"))


def noise(of_each: Sequence[float]) -> float:
    """Standard deviation, or factor of one, of independent noises together: the root of the sum of their squares."""
    return math.hypot(*of_each)


def bias(of_each: Sequence[float]) -> float:
    """Bias, or factor of one, of several together: their sum, the worst case."""
    return math.fsum(of_each)


def lost_share(of_each: Sequence[float]) -> float:
    """Share of frames lost to any of several independent causes: 1 - (1 - a) (1 - b)."""
    if len(of_each) == 1:
        return of_each[0]  # to the last bit
    return 1.0 - math.prod(1.0 - share for share in of_each)


def remaining_share(of_each: Sequence[float]) -> float:
    """Share that is left after several factors together: their product."""
    return math.prod(of_each)
