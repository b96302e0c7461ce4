"""A test bench around `DockingPlant`: trucks with single axles, started at speed, without noise.

Only here may tests reach into its arrays; the equations run as they do in a drive into the bay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.docking import DockingPlant, docking_params
from twin.docking.params import STEPS_PER_CONTROL
from twin.docking.scenario import ScenarioDraw
from twin.docking.state import QD, STEER, TRAILER, YAW, X, Y
from twin.docking.tyres import WIND_UP_M

Array = np.ndarray
G = 9.81
PACKS = {"back_of_cab": "cab_282", "chassis": "chassis_171"}
STATIONS = {"back_of_cab": "top_lift", "chassis": "chassis"}
SINGLE_AXLES = {"driving.rear.axles": 1, "driving.trailer.group.axles": 1}


def bench(
    truck: str = "chassis_rigid_1",
    n: int = 1,
    *,
    guided: bool = False,
    weather: str = "clear",
    truck_with: Mapping[str, object] | None = None,
    station_with: Mapping[str, object] | None = None,
    scenario: ScenarioDraw | None = None,
    steps: int = STEPS_PER_CONTROL,
) -> DockingPlant:
    """A plant at rest at x = 0, without the start draws."""
    loaded = load_truck(truck)
    station = load_station(STATIONS[loaded.mount])
    pack = load_pack(PACKS[loaded.mount])
    loaded = with_overrides(loaded, truck_with or {})
    exact = {"approach.wheel_stop.setting_m": 0.0} if station.approach.wheel_stop else {}
    station = with_overrides(station, {**exact, **(station_with or {})})
    params = docking_params(
        loaded, station, pack, weather=weather, guided=guided, scenario=scenario, steps_per_control=steps
    )
    plant = DockingPlant(params, n)
    plant.reset(range(n), np.zeros((n, 3)))
    return plant


def roll_at(plant: DockingPlant, speed_mps: float, pose: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
    """Start at a pose, rolling straight ahead at a speed with wound-up wheels."""
    plant.reset(range(plant.n), [pose] * plant.n)
    s = plant.worlds["s"]
    s[:, QD + X], s[:, QD + Y] = speed_mps * np.cos(pose[2]), speed_mps * np.sin(pose[2])
    plant.worlds["bristle_m"] = WIND_UP_M


def steer_to(plant: DockingPlant, angle_rad: float) -> None:
    """Put the front wheels at an angle at once."""
    plant.worlds["s"][:, STEER] = plant.worlds["steer_command_rad"] = angle_rad


def hold_speed(plant: DockingPlant, speed_mps: float, seconds: float, gain_per_s: float = 2.0) -> None:
    """Drive on at a constant speed; rolling resistance is fed forward."""
    for _ in range(round(seconds / 0.1)):
        plant.apply(0.0, gain_per_s * (speed_mps - plant.speed_mps()) + 0.006 * G)
        plant.advance()


def reverse(plant: DockingPlant, speed_mps: float, seconds: float, gain_per_s: float = 2.0) -> None:
    """Drive backwards at a constant speed; rolling resistance is fed forward."""
    for _ in range(round(seconds / 0.1)):
        plant.apply(0.0, gain_per_s * (speed_mps + plant.speed_mps()) + 0.006 * G, -1.0)
        plant.advance()


def kinetic_energy_j(plant: DockingPlant) -> Array:
    """Of truck and trailer in the plane."""
    s, p = plant.worlds["s"], plant.params
    yaw, yaw2, spin, spin2 = s[:, YAW], s[:, TRAILER], s[:, QD + YAW], s[:, QD + TRAILER]
    vx, vy = s[:, QD + X], s[:, QD + Y]
    c, h, d = p["truck_com_x_m"], p["kingpin_x_m"], p["trailer_com_m"]
    ux, uy = vx - c * spin * np.sin(yaw), vy + c * spin * np.cos(yaw)
    wx = vx - h * spin * np.sin(yaw) + d * spin2 * np.sin(yaw2)
    wy = vy + h * spin * np.cos(yaw) - d * spin2 * np.cos(yaw2)
    truck = p["truck_kg"] * (ux**2 + uy**2) + p["truck_inertia_kgm2"] * spin**2
    return 0.5 * (truck + p["trailer_kg"] * (wx**2 + wy**2) + p["trailer_inertia_kgm2"] * spin2**2)
