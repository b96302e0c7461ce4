"""Kernel parameters from truck, pack and station files."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.catalogue import Pack, Station, Truck
from twin.catalogue.schema import Approach, Driving
from twin.catalogue.schema.approach import Lidar, LidarWeather
from twin.catalogue.schema.driving import AxleGroup
from twin.conditions import bias, canonical, lost_share, noise, parts, remaining_share
from twin.docking.scenario import ScenarioDraw
from twin.docking.state import AXLES, FRONT, PARAMS, REAR, RING, SECTIONS, TOWED
from twin.docking.tyres import ANTI_LOCK
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2

CONTROL_S = 0.1
"""Time for which a command holds."""
STEPS_PER_CONTROL = 40
"""2.5 ms: halving it moves the final pose by less than a millimetre, by test."""
PITCH_CENTRE_M = 0.5
"""Height of the pitch and roll centre over the ground, as of the parked truck [estimate: about axle height]."""
UNIT_INERTIA_KGM2 = 1.0
"""Mass of an absent trailer: keeps the equations regular."""


def docking_params(
    truck: Truck,
    station: Station,
    pack: Pack | None,
    *,
    weather: str = "clear",
    guided: bool | None = None,
    scenario: ScenarioDraw | None = None,
    steps_per_control: int = STEPS_PER_CONTROL,
) -> np.ndarray:
    """Make (1,) PARAMS of a truck with its packs of nominal mass (None: none on board) at a station.

    `guided` False leaves out rails and wheel stop; None takes what the station has. Without a `scenario` the ground is
    level, brakes are anti-locked, sensors of the truck are exact and actuators as in its file.

    Raises:
        InputError: a truck or station without data for driving in, unknown weather, rails requested that do not exist.
    """
    driving, approach = driving_of(truck), approach_of(station)
    now = lidar_in(approach.lidar, weather)
    if guided and not approach.rails:
        raise InputError(f"station {station.name} has no guide rails", key="guided", value=guided, allowed="false")
    params = np.zeros(1, PARAMS)
    p = params[0]
    p["dt_s"], p["gravity_mps2"] = CONTROL_S / steps_per_control, GRAVITY_MPS2
    _fill_bodies(p, truck, driving, pack)
    _fill_axles(p, truck, driving)
    _fill_controls(p, driving)
    p["friction"] = truck.tyre_friction * now.tyre_friction_factor
    if guided is None or guided:
        _fill_site(p, truck, driving, approach)
    _fill_lidar(p, truck, approach, now)
    p["anti_lock"] = ANTI_LOCK
    if scenario is not None:
        _fill_scenario(p, scenario, approach.lidar)
    return params


def driving_of(truck: Truck) -> Driving:
    """The truck's driving data; InputError where its file has none."""
    if truck.driving is None:
        raise InputError(
            f"truck {truck.name} has no data for a drive into the bay", key="driving", allowed="see docs/catalogue.md"
        )
    return truck.driving


def approach_of(station: Station) -> Approach:
    """The station's approach data; InputError where its file has none."""
    if station.approach is None:
        raise InputError(
            f"station {station.name} has no data for a drive into its bay",
            key="approach",
            allowed="see docs/catalogue.md",
        )
    return station.approach


def axle_offsets(group: AxleGroup) -> list[float]:
    """Positions (m) of a group's axles about its middle, the foremost first."""
    return [((group.axles - 1) / 2 - i) * group.spacing_m for i in range(group.axles)]


def _fill_bodies(p: Any, truck: Truck, driving: Driving, pack: Pack | None) -> None:
    """Write masses of truck and trailer in the plane, and the truck's body on its springs.

    The file's sprung mass holds the kingpin load, which in the plane belongs to the trailer. The remainder keeps the
    file's rule for the yaw inertia of a body on two axles a and b away: m a b (dynamic index 1).
    """
    g = GRAVITY_MPS2
    front, rear = truck.front_axle.x_m, truck.rear_axle.x_m
    packs = (
        []
        if pack is None
        else [
            (pack.mass_kg, x + pack.com_m[0], y + pack.com_m[1], z + pack.com_m[2] + _above_seat_m(truck, pack), pack)
            for x, y, z in truck.seats_xyz_m
        ]
    )
    masses = [(truck.sprung_mass_kg, truck.sprung_com_m[0], truck.sprung_com_m[2])]
    masses += [(m, x, z) for m, x, _, z, _ in packs]
    sprung, first = sum(m for m, _, _ in masses), sum(m * x for m, x, _ in masses)
    on_front = (first - sprung * rear) / (front - rear) * g
    preload = np.array([on_front, sprung * g - on_front])
    if preload.min() <= 0.0:
        raise InputError(f"truck {truck.name} with its packs does not stand on both axles", value=preload.tolist())
    unsprung = truck.unsprung_mass_kg * preload / preload.sum()
    # the plane
    trailer = driving.trailer
    own, own_first = truck.sprung_mass_kg, truck.sprung_mass_kg * truck.sprung_com_m[0]
    own_inertia = truck.sprung_inertia_kgm2[2]
    if trailer is not None:
        own, own_first = own - trailer.kingpin_load_kg, own_first - trailer.kingpin_load_kg * trailer.kingpin_x_m
        at = own_first / own
        if not rear < at < front:
            raise InputError(
                f"truck {truck.name} without its kingpin load would not stand on both axles",
                key="driving.trailer.kingpin_x_m",
                value=trailer.kingpin_x_m,
            )
        own_inertia = own * (front - at) * (at - rear)
        p["trailer_kg"], p["kingpin_x_m"] = trailer.mass_kg, trailer.kingpin_x_m
        p["trailer_com_m"] = trailer.wheelbase_m * (1.0 - trailer.kingpin_load_kg / trailer.mass_kg)
    p["trailer_inertia_kgm2"] = trailer.yaw_inertia_kgm2 if trailer is not None else UNIT_INERTIA_KGM2
    points = [(own, own_first / own, own_inertia)]
    points += [(m, x, m * (q.size_m[0] ** 2 + q.size_m[1] ** 2) / 12) for m, x, _, _, q in packs]
    points += [(unsprung[0], front, 0.0), (unsprung[1], rear, 0.0)]
    total = sum(m for m, _, _ in points)
    middle = sum(m * x for m, x, _ in points) / total
    p["truck_kg"], p["truck_com_x_m"] = total, middle
    p["truck_inertia_kgm2"] = sum(i + m * (x - middle) ** 2 for m, x, i in points)
    p["total_kg"] = total + p["trailer_kg"]
    # the body on its springs
    p["sprung_kg"], p["sprung_x_m"] = sprung, first / sprung
    p["sprung_moment_kgm"] = sum(m * z for m, _, z in masses)
    p["sprung_rise_kgm"] = sum(m * (z - PITCH_CENTRE_M) for m, _, z in masses)
    roll, pitch = truck.sprung_inertia_kgm2[:2]
    for i, (m, x, z) in enumerate(masses):
        height = z - PITCH_CENTRE_M
        size = (0.0, 0.0, 0.0) if i == 0 else packs[i - 1][4].size_m
        roll += m * (height**2 + (size[1] ** 2 + size[2] ** 2) / 12)
        pitch += m * (x**2 + height**2 + (size[0] ** 2 + size[2] ** 2) / 12)
    p["sprung_roll_kgm2"], p["sprung_pitch_kgm2"] = roll, pitch
    axles = (truck.front_axle, truck.rear_axle)
    p["spring_x_m"], p["spring_preload_n"], p["unsprung_n"] = (front, rear), preload, unsprung * g
    p["spring_n_per_m"] = [a.stiffness_n_per_m for a in axles]
    p["spring_ns_per_m"] = [
        2 * a.damping_ratio * math.sqrt(a.stiffness_n_per_m * n / g) for a, n in zip(axles, preload, strict=True)
    ]
    stiffness = [a.stiffness_n_per_m * a.spring_base_m**2 / 4 for a in axles]
    p["roll_nm_per_rad"] = sum(stiffness)
    damped = sum(a.damping_ratio * k for a, k in zip(axles, stiffness, strict=True)) / sum(stiffness)
    p["roll_nms_per_rad"] = 2 * damped * math.sqrt(sum(stiffness) * roll)


def _above_seat_m(truck: Truck, pack: Pack) -> float:
    """Height of a pack's middle over its seat plane: it stands behind the cab and hangs under a frame."""
    return (1 if truck.mount == "back_of_cab" else -1) * pack.size_m[2] / 2


def _fill_axles(p: Any, truck: Truck, driving: Driving) -> None:
    groups = [(FRONT, driving.front, truck.front_axle.x_m, 1), (REAR, driving.rear, truck.rear_axle.x_m, 1)]
    loads = list(p["spring_preload_n"] + p["unsprung_n"])
    braked = [truck.front_axle.braked, truck.rear_axle.braked]
    if driving.trailer is not None:
        trailer = driving.trailer
        groups.append((TOWED, trailer.group, trailer.wheelbase_m, -1))
        loads.append((trailer.mass_kg - trailer.kingpin_load_kg) * GRAVITY_MPS2)
        braked.append(True)
    if sum(group.axles for _, group, _, _ in groups) > AXLES:
        raise InputError(f"truck {truck.name} has too many axles", key="driving", allowed=f"at most {AXLES}")
    on_brakes = sum(load for load, on in zip(loads, braked, strict=True) if on)
    i = 0
    for (number, group, middle, forward), load, on in zip(groups, loads, braked, strict=True):
        for offset in axle_offsets(group):
            p["axle_group"][i], p["axle_x_m"][i] = number, middle + forward * offset
            p["axle_load_n"][i], p["axle_share"][i] = load / group.axles, 1.0 / group.axles
            p["axle_cornering_per_rad"][i] = group.cornering_per_rad
            p["axle_brake_kg"][i] = on * p["total_kg"] * load / group.axles / on_brakes
            p["axle_drive_share"][i] = 1.0 / group.axles if number == REAR else 0.0
            p["axle_half_width_m"][i] = group.tyre_outer_width_m / 2
            i += 1
    p["axles"] = i
    p["relaxation_m"], p["rolling_resistance"] = driving.relaxation_length_m, driving.rolling_resistance


def _fill_controls(p: Any, driving: Driving) -> None:
    for name in (
        "steering_limit_rad",
        "steering_rate_limit_radps",
        "steering_lag_s",
        "drive_force_limit_n",
        "drive_power_limit_w",
        "drive_lag_s",
        "brake_lag_s",
        "brake_limit_mps2",
    ):
        p[name] = getattr(driving, name)
    later = driving.trailer.brake_delay_s if driving.trailer is not None else 0.0
    delays = [round(delay / float(p["dt_s"])) for delay in (driving.brake_delay_s, driving.brake_delay_s + later)]
    if max(delays) >= RING:
        raise InputError("brake delay too long", key="driving.brake_delay_s", value=driving.brake_delay_s)
    p["brake_delay_steps"], p["trailer_delay_steps"] = delays


def _fill_site(p: Any, truck: Truck, driving: Driving, approach: Approach) -> None:
    if len(approach.rails) > SECTIONS:
        raise InputError("too many rails", key="approach.rails", value=len(approach.rails), allowed=f"{SECTIONS}")
    p["sections"] = len(approach.rails)
    for k, rail in enumerate(approach.rails):
        p["rail_from_m"][k], p["rail_to_m"][k], p["rail_half_gap_m"][k] = rail.from_x_m, rail.to_x_m, rail.gap_m / 2
        p["rail_flare_length_m"][k], p["rail_flare_width_m"][k] = rail.flare_length_m, rail.flare_width_m
    contact = approach.rail_contact
    p["rail_n_per_m"], p["rail_ns_per_m"] = contact.stiffness_n_per_m, contact.damping_ns_per_m
    p["rail_friction"] = contact.friction
    if approach.wheel_stop is not None:
        stop = approach.wheel_stop
        height, radius = stop.height_m, driving.tyre_radius_m
        p["stop"], p["stop_x_m"] = 1, truck.front_axle.x_m + axle_offsets(driving.front)[0]
        p["stop_n_per_m"], p["stop_ns_per_m"] = stop.contact.stiffness_n_per_m, stop.contact.damping_ns_per_m
        p["stop_setting_m"] = stop.setting_m
        p["stop_friction"] = stop.contact.friction
        if height >= radius:
            raise InputError(
                "wheel stop higher than the wheel's middle",
                key="approach.wheel_stop.height_m",
                value=height,
                allowed=f"below {radius:g}, the tyre radius of {truck.name}",
            )
        # moments about the edge of a step: F (r - h) = W sqrt(r2 - (r - h)2)
        p["stop_climb_n"] = p["axle_load_n"][0] / 2 * math.sqrt(radius**2 - (radius - height) ** 2) / (radius - height)
    # against a rail a wheel climbs where the push equals the load on it: a derailment ratio of 1
    p["axle_climb_n"] = p["axle_load_n"] / 2


def _fill_scenario(p: Any, scenario: ScenarioDraw, lidar: Lidar) -> None:
    p["grade"], p["camber"] = scenario.grade, scenario.camber
    p["anti_lock"] = ANTI_LOCK if scenario.anti_lock else 1.0
    p["steering_lag_s"] *= scenario.steering_lag_factor
    p["drive_lag_s"] *= scenario.drive_lag_factor
    p["brake_lag_s"] *= scenario.brake_lag_factor
    for name in ("brake_delay_steps", "trailer_delay_steps"):
        p[name] = min(round(int(p[name]) * scenario.brake_lag_factor), RING - 1)
    for name in ("steering_offset_rad", "hitch_offset_rad", "yaw_rate_offset_radps"):
        p[name] = getattr(scenario, name)
    frame_s = int(p["lidar_period_steps"]) * float(p["dt_s"])
    p["lidar_outage_begin"] = -math.expm1(-frame_s * scenario.outages_per_s)
    p["lidar_outage_end"] = -math.expm1(-frame_s / scenario.outage_s)
    p["lidar_wander"] = scenario.wander_m, scenario.wander_m / lidar.baseline_m
    p["lidar_wander_keep"] = math.exp(-frame_s / scenario.wander_s)


def lidar_in(lidar: Lidar, weather: str) -> LidarWeather:
    """Parameters of lidar and road in this weather, several conditions together (`twin.conditions` has the rules).

    Raises:
        InputError: unknown weather.
    """
    each: list[LidarWeather] = [getattr(lidar, part) for part in parts(canonical(weather, "weather"))]
    return LidarWeather(
        noise_factor=noise([one.noise_factor for one in each]),
        bias_m=bias([one.bias_m for one in each]),
        dropout=lost_share([one.dropout for one in each]),
        range_factor=remaining_share([one.range_factor for one in each]),
        tyre_friction_factor=remaining_share([one.tyre_friction_factor for one in each]),
    )


def _fill_lidar(p: Any, truck: Truck, approach: Approach, now: LidarWeather) -> None:
    lidar = approach.lidar
    dt = float(p["dt_s"])
    p["lidar_x_m"], p["lidar_front_x_m"] = lidar.x_m, truck.outline.cab_front_x_m
    p["lidar_range_min_m"], p["lidar_range_max_m"] = lidar.range_min_m, lidar.range_max_m * now.range_factor
    p["lidar_period_steps"], p["lidar_delay_steps"] = max(1, round(1.0 / lidar.rate_hz / dt)), round(lidar.delay_s / dt)
    p["lidar_sigma"] = now.noise_factor * np.array(
        [[lidar.sigma_m, lidar.sigma_m_per_m], [lidar.sigma_rad, lidar.sigma_rad_per_m]]
    )
    p["lidar_dropout"] = now.dropout
    p["lidar_bias_m"], p["lidar_bias_rad"] = now.bias_m, now.bias_m / lidar.baseline_m
