"""Figures of replicated days, each with a 95 % interval; differences on common random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.pool import Pool
from agents.throughput.arrivals import DAY_S, Demand, Saturated
from agents.throughput.day import simulate
from agents.throughput.records import CAUSES, Day, Inputs

MAX_PART = 8
"""Days that a process is given at once: about a second."""
DIGITS = 6
"""Digits after the point: less than a microsecond, and free of what summation order leaves."""


@dataclass(frozen=True)
class Estimate:
    """Mean over days and its 95 % interval (Student's t); no interval of a single day."""

    mean: float
    ci95: tuple[float, float] | None

    def as_plain(self) -> dict[str, Any]:
        return {"mean": round(self.mean, DIGITS),
                "ci95": None if self.ci95 is None else [round(end, DIGITS) for end in self.ci95]}  # fmt: skip


def estimate(values: Sequence[float | None]) -> Estimate | None:
    """Estimate the mean of days; those without a value are left out, None if no day has one."""
    known = np.array([value for value in values if value is not None], dtype=float)
    if len(known) == 0:
        return None
    mean = float(known.mean())
    if len(known) == 1:
        return Estimate(mean, None)
    from scipy.stats import t

    half = float(t.ppf(0.975, len(known) - 1)) * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Estimate(mean, (mean - half, mean + half))


def difference(of: Sequence[float | None], to: Sequence[float | None]) -> Estimate | None:
    """Estimate the mean of `of` - `to`, day by day."""
    return estimate([None if a is None or b is None else a - b for a, b in zip(of, to, strict=True)])


Figure = Callable[[Inputs, Day], float | None]


def _wait(statistic: Callable[[Any], Any]) -> Figure:
    def of(inputs: Inputs, day: Day) -> float | None:
        if isinstance(inputs.arrivals, Saturated) or not day.waits_s:
            return None
        return float(statistic(day.waits_s))

    return of


def _share(name: str, of: Callable[[Inputs], int]) -> Figure:
    return lambda inputs, day: float(getattr(day, name)) / (of(inputs) * inputs.window_s)


def _cause(cause: str) -> Figure:
    return lambda inputs, day: day.waiting_time_s[cause] / inputs.window_s


def _grid_j(inputs: Inputs, day: Day) -> float:
    charging = inputs.site.charging
    return day.packs_energy_j / charging.efficiency + charging.auxiliary_w * inputs.window_s


FIGURES: dict[str, Figure] = {
    "swaps_per_day": lambda inputs, day: day.swaps * DAY_S / inputs.window_s,
    "arrivals_per_day": lambda inputs, day: None if isinstance(inputs.arrivals, Saturated)
    else day.arrived * DAY_S / inputs.window_s,
    "packs_per_day": lambda inputs, day: day.packs_changed * DAY_S / inputs.window_s,
    "by_hand_per_day": lambda inputs, day: day.by_hand * DAY_S / inputs.window_s,
    "reparks_per_day": lambda inputs, day: day.reparks * DAY_S / inputs.window_s,
    "queue_growth": lambda inputs, day: None if isinstance(inputs.arrivals, Saturated) else float(day.queue_growth),
    "unserved": lambda inputs, day: None if isinstance(inputs.arrivals, Saturated) else float(day.unserved),
    "wait_mean_s": _wait(np.mean),
    "wait_p50_s": _wait(np.median),
    "wait_p95_s": _wait(lambda waits: np.percentile(waits, 95.0)),
    "wait_max_s": _wait(np.max),
    "wait_over_30_min_share": _wait(lambda waits: np.mean(np.asarray(waits) > 1800.0)),
    "stay_mean_s": lambda inputs, day: None if isinstance(inputs.arrivals, Saturated) or not day.stays_s
    else float(np.mean(day.stays_s)),
    "robot_share": _share("robot_busy_s", lambda inputs: inputs.site.robots),
    "robot_down_share": _share("robot_down_s", lambda inputs: inputs.site.robots),
    "bay_share": _share("bay_busy_s", lambda inputs: inputs.site.bays),
    "charger_share": _share("charger_busy_s", lambda inputs: inputs.site.charging.chargers),
    "grid_share": lambda inputs, day: _grid_j(inputs, day)
    / (inputs.site.charging.site_power_limit_w * inputs.window_s),
    "packs_ready_mean": lambda inputs, day: day.ready_pack_s / inputs.window_s,
    "grid_energy_j": _grid_j,
    **{f"waiting_{cause}_share": _cause(cause) for cause in CAUSES},
}  # fmt: skip
"""Figures of a day by name; None where a day has none. A queue that never ends has no waiting times."""


@dataclass(frozen=True)
class Days:
    """Replicated days of the same inputs."""

    inputs: Inputs
    values: dict[str, list[float | None]]

    def estimate(self, name: str) -> Estimate | None:
        return estimate(self.values[name])

    def figures(self) -> dict[str, Estimate]:
        """All figures that at least one day has."""
        found = {name: self.estimate(name) for name in FIGURES}
        return {name: one for name, one in found.items() if one is not None}


class Simulator:
    """Simulates days, in processes of its own if `workers` is above 1. Use it as a context manager."""

    def __init__(self, workers: int = 1) -> None:
        self._pool = Pool(workers, make_simulate) if workers > 1 else None
        self._workers = workers

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def days(
        self, cases: Sequence[Inputs], seeds: Sequence[int], on_day: Callable[[int], None] | None = None
    ) -> list[Days]:
        """Simulate every case on every seed; results do not depend on the number of workers."""
        return self.each([(inputs, seeds) for inputs in cases], on_day)

    def each(
        self, cases: Sequence[tuple[Inputs, Sequence[int]]], on_day: Callable[[int], None] | None = None
    ) -> list[Days]:
        """Simulate every case on its own seeds."""
        total = sum(len(seeds) for _, seeds in cases)
        size = max(1, min(MAX_PART, -(-total // (4 * self._workers))))
        parts = [(k, tuple(seeds[at : at + size])) for k, (_, seeds) in enumerate(cases)
                 for at in range(0, len(seeds), size)]  # fmt: skip
        found: dict[tuple[int, int], dict[str, float | None]] = {}
        for (k, some), values in self._answers([(part, cases[part[0]][0]) for part in parts]):
            found |= {(k, seed): one for seed, one in zip(some, values, strict=True)}
            if on_day is not None:
                on_day(len(some))
        return [
            Days(inputs, {name: [found[k, seed][name] for seed in seeds] for name in FIGURES})
            for k, (inputs, seeds) in enumerate(cases)
        ]

    def _answers(self, items: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
        if self._pool is None:
            return ((item[0], _simulate(item)) for item in items)
        return ((item[0], values) for item, values in self._pool.answers(items))


def make_simulate() -> Callable[[Any], Any]:
    return _simulate


def _simulate(item: tuple[tuple[int, tuple[int, ...]], Inputs]) -> list[dict[str, float | None]]:
    (_, seeds), inputs = item
    return [figures_of_day(inputs, simulate(inputs, seed)) for seed in seeds]


def figures_of_day(inputs: Inputs, day: Day) -> dict[str, float | None]:
    """All figures of one day."""
    return {name: figure(inputs, day) for name, figure in FIGURES.items()}


def with_demand(demand: Demand, factor: float) -> Demand:
    """The demand with `factor` times as many trucks."""
    return demand.model_copy(update={"trucks_per_day": demand.trucks_per_day * factor})
