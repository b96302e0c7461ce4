"""The plants by name; each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.errors import InputError

PLANTS = ("bullet", "rom")
"""`bullet`: the reference. `rom`: the reduced-order model."""


def plant_maker(name: str, *, seat: bool = False) -> Callable[..., Any]:
    """What makes a plant of a cell: `make(cell)` or `make(cell, worlds=...)`.

    `seat`: it need not do more than let held packs come to rest in their seats.

    Raises:
        InputError: a name that no plant has.
    """
    if name == "bullet":
        from functools import partial

        from twin.plants.bullet import BulletPlant

        return partial(BulletPlant, scope="seat") if seat else BulletPlant
    if name == "rom":
        from twin.plants.rom import RomPlant

        return RomPlant
    raise InputError("unknown plant", key="--plant", value=name, allowed=", ".join(PLANTS))
