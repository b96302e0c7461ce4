"""Forces of a swap's drives against the ratings of their axes.

The peak rating is the station file's force or torque limit, which no drive exceeds. The continuous rating is a share of
it, `CONTINUOUS_SHARE`: station files have no motor data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.catalogue.schema import Station
from twin.records import AXES

CONTINUOUS_SHARE = {"x": 1 / 2.0, "y": 1 / 2.0, "z": 1 / 1.6, "yaw": 1 / 2.0}
"""Continuous over peak rating of each axis' drive [estimate: the factors by which the station files' limits exceed the
rated acceleration with its friction (2) and the rated weight (1.6): a drive sustains what the rated load takes]."""


@dataclass(frozen=True)
class DriveLoad:
    """Load of one axis' drive over a swap, of the robot that has the most; N, or N m of a rotary axis."""

    unit: str
    peak: float
    rms: float
    peak_rating: float
    rms_rating: float

    @property
    def peak_share(self) -> float:
        """Peak over the peak rating."""
        return self.peak / self.peak_rating

    @property
    def rms_share(self) -> float:
        """RMS over the continuous rating."""
        return self.rms / self.rms_rating

    def as_json(self) -> dict[str, Any]:
        """Return plain data with the unit in each key."""
        unit = self.unit
        return {
            f"peak_{unit}": self.peak,
            f"rms_{unit}": self.rms,
            f"peak_rating_{unit}": self.peak_rating,
            f"rms_rating_{unit}": self.rms_rating,
            "rms_rating_is": "estimate",
        }


def drive_loads(station: Station, kpis: Any) -> dict[str, DriveLoad]:
    """Return the load of each axis' drive by axis; `kpis` is a world's KEY_FIGURES record.

    The RMS is over the swap's whole time, waits included. Forces are read once a PLC scan.
    """
    loads = {}
    time_s = float(kpis["drive_time_s"])
    for k, axis in enumerate(AXES):
        model = getattr(station.axes, axis)
        rotary = axis == "yaw"
        limit = float(model.torque_limit_nm if rotary else model.force_limit_n)
        square_s = float(np.max(kpis["drive_square_s"][:, k]))
        loads[axis] = DriveLoad(
            unit="nm" if rotary else "n",
            peak=float(np.max(kpis["drive_peak"][:, k])),
            rms=float(np.sqrt(square_s / time_s)) if time_s > 0.0 else 0.0,
            peak_rating=limit,
            rms_rating=CONTINUOUS_SHARE[axis] * limit,
        )
    return loads
