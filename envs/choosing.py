"""Draw the models of an episode: compatible trucks and packs, names given as options."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from twin.catalogue import Pack, Station, Truck, compatible, load_pack, load_truck, names, resolve
from twin.errors import InputError

Pairs = tuple[tuple[Truck, tuple[Pack, ...]], ...]
"""Trucks, each with the packs that fit it."""


def fitting(station: Station, truck: Truck | None, pack: Pack | None, *, driving: bool = False) -> Pairs:
    """List the shipped trucks and packs that fit a station and the given truck and pack.

    `driving`: only trucks with data for driving in.

    Raises:
        InputError: the given models do not fit together, or none fits them.
    """
    if truck is not None and pack is not None:
        resolve(station, truck, pack)
    trucks = [truck] if truck else [shipped_truck(name) for name in names("truck")]
    packs = [pack] if pack else [shipped_pack(name) for name in names("pack")]
    pairs = ((t, tuple(p for p in packs if compatible(station, t, p) is None)) for t in trucks)
    found = tuple((t, some) for t, some in pairs if some and (t.driving is not None or not driving))
    if not found:
        fixed = [f"{kind} {given.name}" for kind, given in (("truck", truck), ("pack", pack)) if given]
        raise InputError(f"nothing fits station {station.name} and {' and '.join(fixed) or 'any truck'}")
    return found


def truck_of(options: Mapping[str, Any], otherwise: Truck | None) -> Truck | None:
    """Return the truck that the options name, or `otherwise`."""
    return load_truck(name_in(options, "truck")) if "truck" in options else otherwise


def pack_of(options: Mapping[str, Any], otherwise: Pack | None) -> Pack | None:
    """Return the pack that the options name, or `otherwise`."""
    return load_pack(name_in(options, "pack")) if "pack" in options else otherwise


def name_in(options: Mapping[str, Any], kind: str) -> str:
    """Check an option that is a name or a path."""
    if not isinstance(options[kind], str):
        raise InputError("neither a name nor a path", key=f"options[{kind!r}]", value=options[kind])
    return str(options[kind])


@cache
def shipped_truck(name: str) -> Truck:
    """Load a truck of models/, cached."""
    return load_truck(name)


@cache
def shipped_pack(name: str) -> Pack:
    """Load a pack of models/, cached."""
    return load_pack(name)
