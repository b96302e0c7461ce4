"""One pack's exchange as planned, before its seats and packs are numbered."""

from __future__ import annotations

from typing import NamedTuple

NEAREST, SHORTEST = "nearest", "shortest"
"""How a swap's slots and order are chosen."""


class Exchange(NamedTuple):
    """Robots of the two halves (old pack out, new one in), seat on the truck, slots of the old and of the new pack."""

    robot: int
    in_robot: int
    seat: int
    put: int
    take: int
