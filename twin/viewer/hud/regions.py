"""Screen regions and hit tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from twin.viewer.source import Marker, PhaseSpan


class Rect(NamedTuple):
    """Pixels, from the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def holds(self, x: float, y: float) -> bool:
        return self.x <= x < self.right and self.y <= y < self.bottom


class TimeScale(NamedTuple):
    """Time along x: start_s at x0, end_s at x0 + width."""

    x0: float
    width: float
    start_s: float
    end_s: float

    @property
    def span_s(self) -> float:
        return max(self.end_s - self.start_s, 1e-9)

    def x(self, t_s: float) -> float:
        return self.x0 + (t_s - self.start_s) / self.span_s * self.width

    def time(self, x: float) -> float:
        """The time at x, clipped to the stretch."""
        share = (x - self.x0) / max(self.width, 1e-9)
        return self.start_s + min(max(share, 0.0), 1.0) * self.span_s


@dataclass(frozen=True)
class Hit:
    """The element under the pointer: a `button` by its name, the `timeline`, a `phase`, an `event`, a `chart`, the
    `help` page, or an inactive `panel`. `t_s` is the time at that place."""

    kind: str
    name: str = ""
    t_s: float | None = None
    phase: PhaseSpan | None = None
    marker: Marker | None = None
