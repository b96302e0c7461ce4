"""When trucks come: a Poisson process over the hours of the day, a list of times, or a queue that never ends."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin import seeding
from twin.catalogue.safe_yaml import read_bytes
from twin.catalogue.schema.site import HOURS, Demand
from twin.errors import InputError

DAY_S = 86400.0
HOUR_S = DAY_S / HOURS
STREAM = "throughput arrivals"
COLUMNS = ("arrival", "arrival_s")
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
MAX_ARRIVALS = 100_000


@dataclass(frozen=True)
class Listed:
    """Times of one day, s from midnight, ascending; every day has the same."""

    times_s: tuple[float, ...]


@dataclass(frozen=True)
class Saturated:
    """Another truck always waits."""


Arrivals = Demand | Listed | Saturated


def arrival_times(arrivals: Demand | Listed, horizon_s: float, seed: int) -> np.ndarray:
    """Times of arrivals before `horizon_s`, ascending; midnight is 0.

    Another expected number of trucks stretches the same unit-rate process, and another seed draws another one.
    """
    if isinstance(arrivals, Listed):
        days = math.ceil(horizon_s / DAY_S)
        times = (np.arange(days)[:, None] * DAY_S + np.asarray(arrivals.times_s)[None, :]).ravel()
        return times[times < horizon_s]
    return _poisson(arrivals, horizon_s, seed)


def _poisson(demand: Demand, horizon_s: float, seed: int) -> np.ndarray:
    """Inversion of the cumulated rate (Cinlar 1975, section 4.7): exact for a rate that is constant in each hour."""
    if demand.trucks_per_day <= 0.0:
        return np.empty(0)
    expected = demand.trucks_per_day * horizon_s / DAY_S
    generator = seeding.stream(seed, STREAM)
    size = int(expected + 8.0 * math.sqrt(expected)) + 64
    unit = np.cumsum(generator.exponential(size=size))
    while unit[-1] < demand.trucks_per_day * math.ceil(horizon_s / DAY_S):
        unit = np.concatenate([unit, unit[-1] + np.cumsum(generator.exponential(size=64))])
    share = np.concatenate([[0.0], np.cumsum(demand.hourly)])
    days, within = np.divmod(unit / demand.trucks_per_day, 1.0)
    times = days * DAY_S + np.interp(within * share[-1], share, np.arange(HOURS + 1) * HOUR_S)
    return times[times < horizon_s]


def load_arrivals(file: str | Path, key: str = "--arrivals") -> Listed:
    """Load a CSV file with a column `arrival` (HH:MM or HH:MM:SS) or `arrival_s` (seconds from midnight).

    Raises:
        InputError: no such file or column, no row, a time that is none, not of the day or before the one above it.
    """
    path = Path(file)
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", key=key, value=str(file)) from None
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        raise InputError("is empty", file=path, key=key, allowed=f"a column {' or '.join(COLUMNS)}")
    names = [name.strip() for name in rows[0]]
    column = next((names.index(name) for name in COLUMNS if name in names), None)
    if column is None:
        raise InputError("no such column", file=path, key=" or ".join(COLUMNS), allowed=", ".join(names))
    times: list[float] = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cell = row[column].strip() if column < len(row) else ""
        where = f"line {number}, {names[column]}"
        time_s = _time_s(cell, names[column])
        if time_s is None or not 0.0 <= time_s < DAY_S:
            allowed = "HH:MM or HH:MM:SS" if names[column] == "arrival" else "seconds from midnight, below 86400"
            raise InputError("is no time of the day", file=path, key=where, value=cell, allowed=allowed)
        if times and time_s < times[-1]:
            raise InputError("is before the one above it", file=path, key=where, value=cell, allowed="ascending times")
        times.append(time_s)
    if not times:
        raise InputError("has no arrival", file=path, key=key)
    if len(times) > MAX_ARRIVALS:
        raise InputError("too many arrivals", file=path, key=key, value=len(times), allowed=f"up to {MAX_ARRIVALS:,}")
    return Listed(tuple(times))


def _time_s(cell: str, column: str) -> float | None:
    if column == "arrival_s":
        try:
            value = float(cell)
        except ValueError:
            return None
        return value if math.isfinite(value) else None
    if not (found := CLOCK.fullmatch(cell)):
        return None
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds or 0.0)


def rate_per_hour(demand: Demand) -> Sequence[float]:
    """Expected trucks of each hour of the day."""
    total = sum(demand.hourly)
    return [demand.trucks_per_day * of / total for of in demand.hourly]
