"""Finds which robot carried which pack from where to where, from the grips and the axes' positions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.catalogue import Station, Truck
from twin.gravity import GRAVITY_MPS2
from twin.log_import.ingest import Ingested
from twin.log_import.mapping import Mapping
from twin.log_import.story import all_made
from twin.log_import.survey import Survey, fills_of
from twin.log_import.tracks import Tracks

NEAR_M = 0.8
"""An end effector farther than this from every seat holds a pack in the air: half the pitch of the slots."""
LIFTED_M = 0.05
"""A gripped pack that moves no farther than this was not carried."""


@dataclass(frozen=True)
class Place:
    """A seat: number `number` (from 0) on the truck, or among the slots."""

    on_truck: bool
    number: int


@dataclass(frozen=True)
class Carry:
    """A pack in a robot's grips; `end_ns` is None if the log ends before they open. `at` is x, y, z, yaw at that
    time."""

    robot: int
    start_ns: int
    end_ns: int | None
    origin: Place | None
    target: Place | None
    at: tuple[float, float, float, float]
    load_kg: float = math.nan
    """Reading of the load cell in the middle of the carry, end effector included; NaN if the log has none."""
    lifted: bool = True
    """True if it was carried clear of its seat; a pack that is only gripped, or hangs half in its locks, is not."""


def carries_of(log: Ingested, found: Survey, mapping: Mapping) -> list[Carry]:
    """All carries in time order."""
    station, truck = mapping.station, mapping.truck
    spans = [(r, a, b) for r in range(station.robots.count) for a, b in _spans(found, r)]
    if not spans:
        return []
    times = sorted({t for _, a, b in spans for t in (a, b, (a + (b or found.end_ns)) // 2) if t is not None})
    tracks = Tracks(log, fills_of(mapping, log), mapping.file.cleaning.reorder_s)
    values = tracks.sampled(np.array(times, np.int64))
    at = {t: values[i] for i, t in enumerate(times)}

    def here(t_ns: int, robot: int) -> tuple[float, float, float, float]:
        x, y, z, yaw = (_axis(tracks, at[t_ns], robot, axis, station) for axis in ("x", "y", "z", "yaw"))
        return x, y, z, yaw

    carries = []
    for robot, start_ns, end_ns in spans:
        begun = here(start_ns, robot)
        origin = place_at(station, truck, begun[0], begun[1])
        target = None
        if end_ns is not None:
            ended = here(end_ns, robot)
            target = place_at(station, truck, ended[0], ended[1])
        k = tracks.index.get(f"robot{robot}/load_cell_n")
        middle_ns = (start_ns + (end_ns or found.end_ns)) // 2
        middle, between = at[middle_ns], here(middle_ns, robot)
        kg = math.nan if k is None else float(middle[k]) / GRAVITY_MPS2
        way = [b - a for a, b in zip(begun, between, strict=True)]
        lifted = max(abs(way[0]), abs(way[1]), abs(way[2])) > LIFTED_M
        carries.append(Carry(robot, start_ns, end_ns, origin, target, begun, kg, lifted))
    return sorted(carries, key=lambda c: c.start_ns)


def _spans(found: Survey, robot: int) -> list[tuple[int, int | None]]:
    """Times from when to when all grips of a robot were closed."""
    changes = all_made(found, f"robot{robot}/grip", "closed")
    spans: list[tuple[int, int | None]] = []
    for i, (t_ns, on) in enumerate(changes):
        if on:
            spans.append((t_ns, changes[i + 1][0] if i + 1 < len(changes) else None))
    return spans


def _axis(tracks: Tracks, values: np.ndarray, robot: int, axis: str, station: Station) -> float:
    """Position of an axis: measured, else as commanded, else its home position."""
    unit = "rad" if axis == "yaw" else "m"
    for word in ("position", "reference"):
        k = tracks.index.get(f"robot{robot}/{axis}/{word}_{unit}")
        if k is not None and not math.isnan(values[k]):
            return float(values[k])
    return home_of(station, robot, axis)


def home_of(station: Station, robot: int, axis: str) -> float:
    """Assumed position of an axis that the log does not have."""
    if axis == "x" and (station.kind == "chassis" or station.robots.count > 1):
        return float(station.robots.home_x_m[robot])
    model = getattr(station.axes, axis)
    return float(model.home_rad if axis == "yaw" else model.home_m)


def place_at(station: Station, truck: Truck, x_m: float, y_m: float) -> Place | None:
    """The seat nearest to a point, on a truck parked at nominal or in a slot; None if none is near."""
    places = [(Place(True, k), seat[0], seat[1]) for k, seat in enumerate(truck.seats_xyz_m)]
    places += [(Place(False, k), slot.x_m, slot.y_m) for k, slot in enumerate(station.slots)]
    place, x, y = min(places, key=lambda p: math.hypot(p[1] - x_m, p[2] - y_m))
    return place if math.hypot(x - x_m, y - y_m) <= NEAR_M else None
