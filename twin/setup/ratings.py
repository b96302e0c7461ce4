"""Loads of a swap's drives: forces against the ratings of their axes, electric energy and price class.

The peak rating is the station file's force or torque limit, which no drive exceeds. The continuous rating is that of
the axis' motor at the axis. Where the station file names no motor it is a share of the limit, `CONTINUOUS_SHARE`, and
there is no electric energy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.catalogue.schema import Station
from twin.catalogue.schema.motor import Gear, Motor
from twin.records import AXES
from twin.setup.electric import ElectricEnergy, Meters, electric_energy, rated_force

CONTINUOUS_SHARE = {"x": 1 / 2.0, "y": 1 / 2.0, "z": 1 / 1.6, "yaw": 1 / 2.0}
"""Continuous over peak rating of the drive of an axis without a motor [estimate: the factors by which the station
files' limits exceed the rated acceleration with its friction (2) and the rated weight (1.6): a drive sustains what the
rated load takes]."""


@dataclass(frozen=True)
class DriveLoad:
    """Load of one axis' drive over a swap: forces (N, or N m of a rotary axis) of the robot that has the most.

    Attributes:
        motor, electric, cost_eur: of the drives of all robots on this axis; None without a motor.
    """

    unit: str
    peak: float
    rms: float
    peak_rating: float
    rms_rating: float
    motor: str | None = None
    electric: ElectricEnergy | None = None
    cost_eur: float | None = None

    @property
    def peak_share(self) -> float:
        """Peak over the peak rating."""
        return self.peak / self.peak_rating

    @property
    def rms_share(self) -> float:
        """RMS over the continuous rating."""
        return self.rms / self.rms_rating

    @property
    def electric_energy_j(self) -> float | None:
        """Energy drawn less energy fed back."""
        return None if self.electric is None else self.electric.net_j

    def as_json(self) -> dict[str, Any]:
        """Return plain data with the unit in each key."""
        unit = self.unit
        said: dict[str, Any] = {
            f"peak_{unit}": self.peak,
            f"rms_{unit}": self.rms,
            f"peak_rating_{unit}": self.peak_rating,
            f"rms_rating_{unit}": self.rms_rating,
            "rms_rating_is": "estimate" if self.motor is None else "motor",
        }
        if self.electric is not None:
            said |= {
                "motor": self.motor,
                "electric_energy_j": self.electric.net_j,
                "fed_back_j": self.electric.fed_back_j,
                "brake_resistor_j": self.electric.burnt_j,
                "cost_eur": self.cost_eur,
            }
        return said


def drive_loads(station: Station, world: Any) -> dict[str, DriveLoad]:
    """Return the load of each axis' drive by axis; `world` is a WORLD record.

    The RMS is over the swap's whole time, waits included. Forces are read once a PLC scan, work in every step.
    """
    loads = {}
    kpis = world["kpis"]
    time_s = float(kpis["drive_time_s"])
    for k, axis in enumerate(AXES):
        model = getattr(station.axes, axis)
        rotary = axis == "yaw"
        limit = float(model.torque_limit_nm if rotary else model.force_limit_n)
        square_s = float(np.max(kpis["drive_square_s"][:, k]))
        fitted = model.motor is not None
        loads[axis] = DriveLoad(
            unit="nm" if rotary else "n",
            peak=float(np.max(kpis["drive_peak"][:, k])),
            rms=float(np.sqrt(square_s / time_s)) if time_s > 0.0 else 0.0,
            peak_rating=limit,
            rms_rating=rated_force(model.motor, model.gear) if fitted else CONTINUOUS_SHARE[axis] * limit,
            motor=model.motor.name if fitted else None,
            electric=_electric(model.motor, model.gear, world, k, station.robots.count) if fitted else None,
            cost_eur=station.robots.count * model.gear.motors * model.motor.price_eur if fitted else None,
        )
    return loads


def _electric(motor: Motor, gear: Gear, world: Any, k: int, robots: int) -> ElectricEnergy:
    """Energy of the drives of all robots on axis `k`."""
    parts = [electric_energy(motor, gear, meters_of(world, r, k)) for r in range(robots)]
    return ElectricEnergy(
        sum(one.drawn_j for one in parts), sum(one.fed_back_j for one in parts), sum(one.burnt_j for one in parts)
    )


def meters_of(world: Any, r: int, k: int) -> Meters:
    """What the plant has metered of the drive of robot `r` on axis `k`."""
    truth, kpis = world["truth"], world["kpis"]
    braking_square_s = float(truth["drive_braking_square_s"][r, k])
    return Meters(
        work_j=float(truth["drive_work_j"][r, k, 0]),
        braking_work_j=float(truth["drive_work_j"][r, k, 1]),
        way=float(truth["drive_way"][r, k, 0]),
        braking_way=float(truth["drive_way"][r, k, 1]),
        # of scans, and of steps: their difference may round to less than nothing
        square_s=max(float(kpis["drive_square_s"][r, k]) - braking_square_s, 0.0),
        braking_square_s=braking_square_s,
        time_s=float(kpis["drive_time_s"]),
    )


def total(parts: Iterable[float | None]) -> float | None:
    """Sum of all parts; None if one is None, or there is none."""
    found = list(parts)
    known = [part for part in found if part is not None]
    return sum(known) if known and len(known) == len(found) else None
