"""Parked pose of a swap's truck: drawn from the station's distributions, or driven in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin import seeding
from twin.catalogue import Pack, Station, Truck
from twin.catalogue.schema import PoseSpread
from twin.errors import InputError

PARKING = ("guided", "unguided", "driven")


@dataclass(frozen=True)
class Docking:
    """A drive into the bay, as reported with a swap."""

    guided: bool
    weather: str
    time_s: float
    arrived: bool
    pose: tuple[float, float, float]
    peak_rail_force_n: float
    peak_stop_force_n: float

    def as_json(self) -> dict[str, Any]:
        """Plain data with the units in the names."""
        x, y, yaw = self.pose
        return {
            "guided": self.guided,
            "weather": self.weather,
            "time_s": self.time_s,
            "arrived": self.arrived,
            "x_m": x,
            "y_m": y,
            "yaw_rad": yaw,
            "peak_rail_force_n": self.peak_rail_force_n,
            "peak_stop_force_n": self.peak_stop_force_n,
        }


def park(
    station: Station,
    truck: Truck,
    pack: Pack,
    parking: str,
    seed: int,
    conditions: str = "clear",
    drive_seed: int | None = None,
) -> tuple[np.ndarray, Docking | None]:
    """Parked pose (x, y, yaw, z, pitch, roll) of the seed's truck, and the drive that led to it if it was driven.

    `conditions` are the weather of the drive, `drive_seed` its own seed where it is not the swap's. A driven truck's
    height, pitch and roll come from tyres, load and floor, not from driving: they are drawn.

    Raises:
        InputError: an unknown parking class; a truck or station without data for driving in.
    """
    if parking not in PARKING:
        raise InputError("unknown parking class", key="--parking", value=parking, allowed=", ".join(PARKING))
    if parking != "driven":
        return draw_parking(station, parking, seed), None
    from twin.docking.drive import drive_in  # compiles on first use

    ends = drive_in(truck, station, pack, [seed if drive_seed is None else drive_seed], weather=conditions)
    guided = bool(station.approach and station.approach.rails)
    pose = draw_parking(station, "guided" if guided else "unguided", seed)
    pose[:3] = ends.pose[0]
    docking = Docking(
        guided=guided,
        weather=conditions,
        time_s=float(ends.time_s[0]),
        arrived=bool(ends.arrived[0]),
        pose=(float(pose[0]), float(pose[1]), float(pose[2])),
        peak_rail_force_n=float(ends.peak_rail_force_n[0]),
        peak_stop_force_n=float(ends.peak_stop_force_n[0]),
    )
    return pose, docking


def draw_parking(station: Station, parking: str, seed: int) -> np.ndarray:
    """Parked pose (x, y, yaw, z, pitch, roll) of the seed's truck: normal, redrawn outside the clip."""
    spread: PoseSpread = getattr(station.parking, parking)
    clip = station.parking.clip
    random = seeding.stream(seed, "parking")
    pose = np.zeros(6)
    for i, name in enumerate(("x_m", "y_m", "yaw_rad", "z_m", "pitch_rad", "roll_rad")):
        sigma, limit = getattr(spread, name), getattr(clip, name)
        value = random.normal(0.0, sigma) if sigma else 0.0
        while abs(value) > limit:
            value = random.normal(0.0, sigma)
        pose[i] = value
    return pose
