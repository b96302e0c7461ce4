"""A line of the table, and how a ratio is taken."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any


@dataclass
class Row:
    """One line of the table; `ratio` is this row's speed over that of `against`. `note` is printed under the table."""

    name: str
    value: float | None = None  # None: not measured, `note` says why
    unit: str = ""
    ratio: float | None = None
    against: str | None = None
    quartiles: tuple[float, float] | None = None
    required: str | None = None
    met: bool | None = None
    note: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The design's row, with spread and requirement beside it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "ratio": self.ratio,
            "against": self.against,
            "ratio_quartiles": self.quartiles,
            "required": self.required,
            "met": self.met,
            "note": self.note,
        }


def unmeasured(name: str, error: ImportError) -> Row:
    """A row that says which package it would need.

    Raises:
        ImportError: `error`, where it is of one of our own modules.
    """
    from twin import extras

    module = extras.missing_module(error)
    if module is None:
        raise error
    return Row(name, note=extras.needs(module))


def speed_ratio(above_s: list[float], below_s: list[float]) -> tuple[float, tuple[float, float]]:
    """Median and quartiles of the ratio of speeds in each turn, from the times of the same work: below over above."""
    each = [b / a for a, b in zip(above_s, below_s, strict=True)]
    first, _, third = statistics.quantiles(each, n=4)
    return statistics.median(each), (first, third)
