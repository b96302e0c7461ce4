"""A whole drive into the bay by the human driver, for one or many trucks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.catalogue import Pack, Station, Truck
from twin.docking.driver import HumanDriver
from twin.docking.params import CONTROL_S, approach_of
from twin.docking.plant import DockingPlant

Array = np.ndarray
LONGEST_S = 180.0
"""Time after which a drive-in is given up: the truck stands where it is."""


@dataclass(frozen=True)
class DriveIn:
    """Results of n drives: arrays of length n, and the tracks (steps + 1, n, 3) of x, y and yaw every control step."""

    pose: Array
    time_s: Array
    arrived: Array
    peak_rail_force_n: Array
    peak_stop_force_n: Array
    track: Array


def drive_in(
    truck: Truck,
    station: Station,
    pack: Pack | None,
    seeds: Sequence[int],
    *,
    weather: str = "clear",
    guided: bool | None = None,
) -> DriveIn:
    """Drive in once for every seed, from the drawn start until every truck stands.

    `guided` False leaves out rails, wheel stop and lane marks. A drive depends on its own seed only.

    Raises:
        InputError: a truck or station without data for driving in.
    """
    approach = approach_of(station)
    plant = DockingPlant.of(truck, station, pack, len(seeds), weather=weather, guided=guided)
    plant.reset(seeds)
    marks = approach.lane_marks and guided is not False
    driver = HumanDriver(plant, seeds, weather=weather, marks=marks, speed_mps=approach.speed_limit_mps)
    time_s, track = np.full(plant.n, np.nan), [plant.pose()]
    for _ in range(round(LONGEST_S / CONTROL_S)):
        plant.apply(*driver.act())
        plant.advance(CONTROL_S)
        track.append(plant.pose())
        arrived = plant.stopped() & driver.halting()
        time_s = np.where(np.isnan(time_s) & arrived, plant.time_s(), time_s)
        if arrived.all():
            break
    return DriveIn(
        pose=plant.pose(),
        time_s=np.where(arrived, time_s, plant.time_s()),
        arrived=arrived,
        peak_rail_force_n=plant.peak_rail_force_n(),
        peak_stop_force_n=plant.peak_stop_force_n(),
        track=np.array(track),
    )
