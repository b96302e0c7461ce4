"""Events of a drive into the bay: first measurement, contacts, standstill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from twin.docking import DockingPlant

APART_S = 0.5
"""A wheel that touches again within this time counts as the same contact."""
SIDES = ("right", "left")

Happened = tuple[str, str, dict[str, Any]]
"""Name, message, further entries."""


class Contact:
    """Contact of the wheels with one object: an event at the first touch, and one with the peak force after the
    last."""

    def __init__(self, name: str, what: str) -> None:
        self._name, self._what = name, what
        self._touched_s = -np.inf
        self._touching = False
        self._peak_n = 0.0

    def look(self, t_s: float, force_n: float, wheel: str) -> Iterator[Happened]:
        """Update with `force_n`, the largest force now, and its wheel."""
        if force_n > 0.0:
            self._touched_s, self._peak_n = t_s, max(self._peak_n, force_n)
            if not self._touching:
                self._touching = True
                yield f"{self._name}_contact", f"{wheel} meets {self._what}", {"force_n": force_n, "wheel": wheel}
        elif self._touching and t_s - self._touched_s > APART_S:
            yield (
                f"{self._name}_free",
                f"pressed with up to {self._peak_n / 1e3:.1f} kN",
                {"peak_force_n": self._peak_n},
            )
            self._touching, self._peak_n = False, 0.0


class Watch:
    """Detects from sample to sample what begins or ends."""

    def __init__(self, plant: DockingPlant) -> None:
        self._plant = plant
        self._rail, self._stop = Contact("rail", "a rail"), Contact("stop", "the wheel stop")
        self._measured = self._driven = self._stood = False

    def look(self) -> Iterator[Happened]:
        """New events since the last call."""
        plant = self._plant
        t_s = float(plant.time_s()[0])
        x_m = float(plant.pose()[0, 0])
        if not self._measured and np.isfinite(plant.measured_age_s()[0]):
            self._measured = True
            yield "measured", f"the lidar sees the truck for the first time, {-x_m:.1f} m before its place", {}
        forces_n = plant.rail_forces_n()[0]
        axle, side = np.unravel_index(int(np.argmax(forces_n)), forces_n.shape)
        wheel = f"{SIDES[side]} wheel of axle {axle + 1}"
        yield from self._rail.look(t_s, float(forces_n[axle, side]), wheel)
        stop_n = plant.worlds["stop_force_n"][0].tolist()
        yield from self._stop.look(t_s, max(stop_n), f"{SIDES[stop_n.index(max(stop_n))]} front wheel")
        standing = bool(plant.stopped()[0])
        if not standing and plant.speed_mps()[0] > 0.0:
            self._driven = True
        if standing and self._driven and not self._stood:
            where = f"{abs(x_m) * 1e3:.0f} mm {'beyond' if x_m > 0.0 else 'before'} its place"
            yield "stands", f"{where}, {plant.pose()[0, 1] * 1e3:+.0f} mm aside", {}
        self._stood = standing
