"""The setup of a log: slots, truck pose, pack masses; each measured or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.catalogue import with_overrides
from twin.errors import InputError
from twin.log_import.carries import Carry
from twin.log_import.mapping import Mapping
from twin.records import TX, TY, TYAW
from twin.setup.setup import SwapSetup, build_setup


@dataclass(frozen=True)
class Known:
    """A figure of the setup and its provenance."""

    name: str
    value: float | int | None
    source: str


def setup_of(mapping: Mapping, carries: Sequence[Carry]) -> tuple[SwapSetup, list[Known]]:
    """The setup, and the provenance of each figure that the log or the mapping decided.

    Raises:
        InputError: a slot that does not exist at the station.
    """
    known: list[Known] = []
    slots = _slots(mapping, carries, known)
    station = mapping.station
    changed = {f"slots[{put}].filled": False for put, _ in slots.values()}
    changed |= {f"slots[{take}].filled": True for _, take in slots.values()}
    if changed:
        station = with_overrides(station, changed)
    try:
        setup = build_setup(station, mapping.truck, mapping.pack, seed=0, slots=slots)
    except InputError as error:
        raise InputError(str(error), file=mapping.path) from None
    params = setup.params.copy()
    p = params[0]
    p["truck_park"][:] = 0.0
    _park(p, mapping, carries, known)
    _weigh(p, setup, mapping, carries, known)
    return replace(setup, params=params), known


def _slots(mapping: Mapping, carries: Sequence[Carry], known: list[Known]) -> dict[int, tuple[int, int]]:
    """Slots (put, take), from 0, by the truck's seat, if both are known."""
    spec, count = mapping.file.swap, len(mapping.station.slots)
    for key in ("put_slot", "take_slot"):
        number = getattr(spec, key)
        if number is not None and number > count:
            raise mapping.refuse("the station has no such slot", "swap", key, value=number, allowed=f"1 to {count}")
    put: dict[int, int] = {}
    take: dict[int, int] = {}
    coming: dict[int, int] = {}  # source of the pack on each robot's way to the truck
    for carry in carries:
        if carry.origin is not None and carry.origin.on_truck and carry.target is not None:
            if not carry.target.on_truck:
                put.setdefault(carry.origin.number, carry.target.number)
        elif carry.origin is not None and not carry.origin.on_truck:
            coming[carry.robot] = carry.origin.number
            if carry.target is not None and carry.target.on_truck:
                take.setdefault(carry.target.number, carry.origin.number)
    seats = range(len(mapping.truck.seats_xyz_m))
    if len(seats) == 1 and 0 not in take and coming:  # never set down: it went to the only seat
        take[0] = next(iter(coming.values()))
    if spec.put_slot is not None:
        put[0] = spec.put_slot - 1
    if spec.take_slot is not None:
        take[0] = spec.take_slot - 1
    for name, found, given in (("put_slot", put, spec.put_slot), ("take_slot", take, spec.take_slot)):
        source = "mapping" if given is not None else "where the grips opened and closed"
        known += [Known(f"{name}[truck{k + 1}]", slot + 1, source) for k, slot in sorted(found.items())]
    return {k: (put[k], take[k]) for k in seats if k in put and k in take and put[k] != take[k]}


def _park(p: np.void, mapping: Mapping, carries: Sequence[Carry], known: list[Known]) -> None:
    """Set the truck's pose: from the mapping, else from where its old pack was gripped."""
    spec, truck = mapping.file.swap, mapping.truck
    park = p["truck_park"]
    gripped = [c for c in carries if c.origin is not None and c.origin.on_truck]
    if gripped:
        first = gripped[0]
        assert first.origin is not None
        x, y, _, yaw = first.at
        sx, sy, _ = truck.seats_xyz_m[first.origin.number]
        c, s = math.cos(yaw), math.sin(yaw)
        park[[TX, TY, TYAW]] = x - (c * sx - s * sy), y - (s * sx + c * sy), yaw
    for key, place in (("truck_x_m", TX), ("truck_y_m", TY), ("truck_yaw_rad", TYAW)):
        given = getattr(spec, key)
        source = "where its old pack was gripped" if gripped else "nothing: as if parked in the middle"
        if given is not None:
            park[place], source = given, "mapping"
        known.append(Known(key, float(park[place]), source))


def _weigh(p: np.void, setup: SwapSetup, mapping: Mapping, carries: Sequence[Carry], known: list[Known]) -> None:
    """Set the packs' masses: from the mapping, else from the load cell."""
    spec, e_kg = mapping.file.swap, setup.station.end_effector.mass_kg
    low, high = 0.5 * mapping.pack.mass_min_kg, 1.5 * mapping.pack.mass_max_kg
    for job in setup.jobs:
        for pack, on_truck, given, name in (
            (job.old_pack, True, spec.old_pack_kg, "old_pack_kg"),
            (job.new_pack, False, spec.new_pack_kg, "new_pack_kg"),
        ):
            weighed = [
                c.load_kg - e_kg
                for c in carries
                if c.robot == job.robot and c.lifted and c.origin is not None and c.origin.on_truck == on_truck
            ]
            weighed = [kg for kg in weighed if low <= kg <= high]
            source = f"nothing: not weighed, taken as {mapping.pack.mass_kg:g} kg"
            kg = mapping.pack.mass_kg
            if given is not None:
                kg, source = given, "mapping"
            elif weighed:
                kg, source = float(np.median(weighed)), "the load cell while it was carried"
            p["pack_mass_kg"][pack] = kg
            # the twin uses the nominal mass for a pack that was not carried
            shown = None if given is None and not weighed else kg
            known.append(Known(f"{name}[pack{pack}]", shown, source))
