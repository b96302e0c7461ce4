"""What the figures of a trial are called in a report, and the units they are shown in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A figure of a trial; less of it is better.

    Attributes:
        name: column of the table of results.
        words: its name for a reader.
        unit: as shown; empty for counts.
        scale: from the column's SI unit to the one shown.
        digits: decimals shown.
    """

    name: str
    words: str
    unit: str
    scale: float = 1.0
    digits: int = 1

    def value(self, number: float) -> str:
        """A value in the shown unit, without it."""
        return f"{number * self.scale:.{self.digits}f}"

    @property
    def axis(self) -> str:
        """Title of an axis."""
        return f"{self.words}, {self.unit}" if self.unit else self.words


FAILED = "failed"
"""1 of a swap that did not complete; of all that were played."""
RETRIES = "retries"
"""Insertions beyond one a pack; counted from `insert_attempts`."""
KNOWN = {
    one.name: one
    for one in (
        Metric("mechanical_time_s", "mechanical time", "s", digits=2),
        Metric("cycle_time_s", "cycle time", "s", digits=2),
        Metric("peak_lateral_force_n", "peak lateral force", "kN", 1e-3, 2),
        Metric("peak_axial_force_n", "peak axial force", "kN", 1e-3, 2),
        Metric("residual_sway_m", "residual sway", "mm", 1e3, 1),
        Metric("peak_sway_m", "peak sway", "mm", 1e3, 1),
        Metric("seat_error_m", "seat error", "mm", 1e3, 2),
        Metric("energy_j", "shaft work of the drives", "Wh", 1.0 / 3600.0, 1),
        Metric("electric_energy_j", "electric energy", "Wh", 1.0 / 3600.0, 1),
        Metric("truck_displacement_m", "truck displacement", "mm", 1e3, 2),
        Metric(RETRIES, "number of insertions beyond the first", "a swap", digits=3),
        Metric(FAILED, "share of swaps that fail", "%", 100.0, 1),
    )
}
SUFFIXES = {"s": ("s", 1.0), "n": ("N", 1.0), "m": ("mm", 1e3), "j": ("Wh", 1.0 / 3600.0), "w": ("W", 1.0),
            "nm": ("Nm", 1.0), "kg": ("kg", 1.0), "eur": ("EUR", 1.0)}  # fmt: skip
TIME, CYCLE, FORCE = KNOWN["mechanical_time_s"], KNOWN["cycle_time_s"], KNOWN["peak_lateral_force_n"]


def metric(name: str) -> Metric:
    """Return a column's metric; one that has no words here is called as its column, its unit from the name's end."""
    if name in KNOWN:
        return KNOWN[name]
    stem, _, suffix = name.rpartition("_")
    unit, scale = SUFFIXES.get(suffix, ("", 1.0))
    words = (stem if unit else name).replace("_", " ").replace(".", " ")
    return Metric(name, words, unit, scale, 2 if unit else 3)


def sorted_names(names: Iterable[str]) -> list[str]:
    """Names of metrics, those with words first."""
    order = {name: number for number, name in enumerate(KNOWN)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))
