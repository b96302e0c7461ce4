"""One swap's setup: station, truck, packs and draws resolved into the records that plants and kernels work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from twin import seeding
from twin.catalogue import Pack, Station, Truck, resolve
from twin.catalogue.schema import FloatingTable
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2
from twin.records import (
    AXES,
    DELAY_SCANS,
    KERNEL_STREAMS,
    PACKS,
    PARAMS,
    ROBOTS,
    SEATS,
)
from twin.setup.exchange import NEAREST
from twin.setup.jobs import Job, Seat, plan_jobs
from twin.setup.parking import Docking, park
from twin.setup.reeving import fill_reeving
from twin.setup.variation import NOMINAL, Variation

ZERO_NOISE_SIGMAS = 6.0
"""Deviation of a mean of load cell readings from a known weight, in standard deviations, that shows no offset."""
PACK_MASS_SIGMA = 0.01
"""Scatter of a pack's mass around nominal [estimate: manufacturing and coolant, 1 %]."""
FRICTION_SPREAD = 0.2
"""Variation of guide friction by this fraction either way [estimate: grease and dirt]."""
FOLLOWING_LIMIT = (0.10, 0.10, 0.10, 0.02)
"""Following error that trips an axis, m and rad [estimate: ordinary drive setting, several times the normal lag]."""


@dataclass(frozen=True)
class SwapSetup:
    """Resolved inputs of one swap, before it runs. `params` is a (1,) PARAMS array."""

    station: Station
    truck: Truck
    pack: Pack
    seed: int
    parking: str
    jobs: tuple[Job, ...]
    seats: tuple[Seat, ...]
    params: np.ndarray = field(repr=False)
    guide_friction: float = 0.0
    docking: Docking | None = None  # the drive into the bay, if there was one
    variation: Variation = NOMINAL
    planning: str | None = NEAREST  # choice of slots and order; None: slots were given

    @property
    def retract(self) -> float:
        """+1 where the robot retracts upwards, -1 where downwards."""
        return float(self.params["retract"][0])

    @property
    def dock_s(self) -> float:
        """Duration of docking, s: as driven, or the station file's fixed time."""
        return self.docking.time_s if self.docking is not None else self.station.times.dock_s


def build_setup(
    station: Station,
    truck: Truck,
    pack: Pack,
    *,
    seed: int,
    parking: str = "guided",
    variation: Variation = NOMINAL,
    slots: Mapping[int, tuple[int, int]] | None = None,
    planning: str = NEAREST,
) -> SwapSetup:
    """Resolve one swap; `slots` and `planning` are passed to `plan_jobs`.

    Raises:
        InputError: an incompatible truck or pack, an unknown parking class, a bad seed, an impossible variation, a
            scanner that shows the truck too late.
    """
    nominal = _nominal(station, truck, pack, slots, planning)
    variation.check(station, pack, parking)
    if not 0 <= seed < 2**63:
        raise InputError("seed out of range", key="--seed", value=seed, allowed="0 to 2^63 - 1")
    params = nominal.params.copy()
    p = params[0]
    fill_reeving(p, station, pack)
    _draw_packs(p, pack, seed)
    p["truck_park"], docking = park(station, truck, pack, parking, seed, variation.conditions, variation.drive_seed)
    _draw_sensors(p, station, seed)
    variation.apply(p, seed, station)
    drawn = seeding.stream(seed, "friction").uniform(1 - FRICTION_SPREAD, 1 + FRICTION_SPREAD)
    friction = pack.guides.friction * (drawn if variation.friction_factor is None else variation.friction_factor)
    jobs, seats = nominal.jobs, nominal.seats
    planned = None if slots else planning
    return SwapSetup(station, truck, pack, seed, parking, jobs, seats, params, friction, docking, variation, planned)


class _Nominal(NamedTuple):
    """Parameters that depend on neither seed nor reeving; `of` keeps its inputs alive."""

    of: tuple[Station, Truck, Pack]
    jobs: tuple[Job, ...]
    seats: tuple[Seat, ...]
    params: np.ndarray


_CACHE: dict[tuple[object, ...], _Nominal] = {}
MAX_CACHED = 256


def _nominal(
    station: Station,
    truck: Truck,
    pack: Pack,
    slots: Mapping[int, tuple[int, int]] | None = None,
    planning: str = NEAREST,
) -> _Nominal:
    """Return cached parameters of the same parts: models are frozen, and a station with other ropes shares the rest."""
    parts = (value for name, value in vars(station).items() if name != "reeving")
    key = (*map(id, parts), id(truck), id(pack), planning, *(slots or {}).items())
    if key not in _CACHE:
        resolve(station, truck, pack)
        jobs, seats = plan_jobs(station, truck, slots, planning=planning, height_m=pack.size_m[2])
        params = np.zeros(1, PARAMS)
        p = params[0]
        _fill_clock_and_axes(p, station, pack)
        _fill_packs_and_seats(p, station, pack, jobs, seats)
        _fill_truck(p, truck, pack, len(truck.seats_xyz_m))
        _fill_limits_and_sensors(p, station)
        while len(_CACHE) >= MAX_CACHED:
            del _CACHE[next(iter(_CACHE))]
        _CACHE[key] = _Nominal((station, truck, pack), jobs, seats, params)
    return _CACHE[key]


def axis_of(station: Station, name: str) -> Any:
    return getattr(station.axes, name)


def si(axis: Any, stem: str) -> float:
    """A field of a linear or rotary axis by its stem, whatever its unit."""
    for suffix in ("_m", "_rad", "_mps", "_radps", "_mps2", "_radps2", "_mps3", "_radps3"):
        if hasattr(axis, stem + suffix):
            return float(getattr(axis, stem + suffix))
    raise AttributeError(stem)


def _fill_clock_and_axes(p: Any, station: Station, pack: Pack) -> None:
    rates = station.rates
    p["dt_s"] = 1.0 / rates.physics_hz
    p["scan_ticks"] = rates.physics_hz // rates.plc_hz
    p["robots"] = station.robots.count
    p["retract"] = 1.0 if station.kind == "top_lift" else -1.0
    p["gravity_mps2"] = GRAVITY_MPS2
    x, y, z, yaw = (axis_of(station, name) for name in AXES)
    e_kg = station.end_effector.mass_kg
    p["z_own_mass_kg"], p["z_coulomb_n"] = z.moving_mass_kg, z.coulomb_n
    table = isinstance(station.reeving, FloatingTable)
    sx, sy, _ = station.end_effector.size_m
    e_inertia = e_kg * (sx * sx + sy * sy) / 12.0
    if table:  # x carries y carries z carries yaw carries the table
        lift = z.moving_mass_kg + e_kg
        masses = (x.moving_mass_kg + y.moving_mass_kg + lift, y.moving_mass_kg + lift, lift)
        turning = yaw.moving_inertia_kgm2 + e_inertia
        drive, carries = (*masses, turning), (1.0, 1.0, 1.0, 1.0)
        p["z_gravity_mass_kg"] = z.moving_mass_kg
    else:  # the end effector hangs: it adds no inertia to the axes, and the drum no weight
        masses = (x.moving_mass_kg + y.moving_mass_kg, y.moving_mass_kg, z.moving_mass_kg)
        turning = yaw.moving_inertia_kgm2
        drive, carries = (masses[0], masses[1], masses[2] + e_kg, turning), (0.0, 0.0, 1.0, 0.0)
    for k, axis in enumerate((x, y, z)):
        p["axis_mass"][k] = masses[k]
        p["axis_force_limit"][k] = axis.force_limit_n
        p["axis_coulomb"][k], p["axis_viscous"][k] = axis.coulomb_n, axis.viscous_n_per_mps
        p["axis_brake"][k] = axis.brake_force_n
    p["axis_mass"][3], p["axis_force_limit"][3] = turning, yaw.torque_limit_nm
    p["axis_coulomb"][3], p["axis_viscous"][3] = yaw.coulomb_nm, yaw.viscous_nm_per_radps
    p["axis_brake"][3] = yaw.brake_torque_nm
    for k, axis in enumerate((x, y, z, yaw)):
        p["axis_min"][:, k], p["axis_max"][:, k] = si(axis, "position_min"), si(axis, "position_max")
        p["axis_velocity"][k] = max(si(axis, "velocity"), si(axis, "velocity_empty"))
        p["axis_velocity_loaded"][k] = si(axis, "velocity")
        p["axis_acceleration"][k] = si(axis, "acceleration")
        p["axis_acceleration_empty"][k] = max(si(axis, "acceleration"), si(axis, "acceleration_empty"))
        p["axis_jerk"][k] = si(axis, "jerk")
        p["axis_encoder"][k] = si(axis, "encoder_resolution")
        p["axis_repeatability"][k] = si(axis, "repeatability")
        p["axis_position_gain"][k] = axis.position_gain_per_s
        # the loop is designed for the loaded machine; the empty one is faster
        load = pack.mass_kg if k < 3 else pack.mass_kg * (pack.size_m[0] ** 2 + pack.size_m[1] ** 2) / 12.0
        p["axis_drive_mass"][k], p["axis_carries"][k] = drive[k], carries[k]
        p["axis_velocity_gain"][k] = (drive[k] + carries[k] * load) * axis.velocity_bandwidth_rad_per_s
        p["axis_integral_time_s"][k] = axis.integral_time_s
        p["axis_stopping_distance"][k] = si(axis, "stopping_distance")
        p["axis_following_limit"][k] = FOLLOWING_LIMIT[k]


def pad_positions(pack: Pack) -> np.ndarray:
    """(4, 2) positions of the feet in the pack's plan: front left, front right, rear left, rear right."""
    x, y = pack.size_m[0] / 2 - 0.12, pack.size_m[1] / 2 - 0.15
    return np.array([[x, y], [x, -y], [-x, y], [-x, -y]])


def _fill_packs_and_seats(p: Any, station: Station, pack: Pack, jobs: tuple[Job, ...], seats: tuple[Seat, ...]) -> None:
    if 2 * len(jobs) > PACKS or len(seats) > SEATS or station.robots.count > ROBOTS:
        raise InputError(f"a swap moves at most {PACKS} packs over {SEATS} seats with {ROBOTS} robots")
    p["packs"], p["seats"] = 2 * len(jobs), len(seats)
    s = float(p["retract"])
    for k in range(2 * len(jobs)):
        x, y, z = pack.com_m
        p["pack_com"][k] = (x, y, z - s * pack.size_m[2] / 2)
    p["pack_height_m"] = pack.size_m[2]
    p["pad_xy_m"] = pad_positions(pack)
    p["pad_stiffness_n_per_m"] = station.end_effector.contact_stiffness_n_per_m
    a = station.actuators
    for i, seat in enumerate(seats):
        p["seat_xyz_m"][i], p["seat_yaw_rad"][i] = seat.xyz_m, seat.yaw_rad
        p["seat_on_truck"][i], p["seat_locks"][i] = int(seat.on_truck), seat.locks
        opening = a.lock_open_s if seat.on_truck else a.slot_lock_open_s
        closing = a.lock_close_s if seat.on_truck else a.slot_lock_close_s
        p["lock_rate"][i] = (1.0 / max(opening, 0.01), 1.0 / max(closing, 0.01))
    p["grip_rate"] = (1.0 / a.grip_open_s, 1.0 / a.grip_close_s)
    p["grip_capture_m"], p["lock_capture_m"] = a.grip_capture_m, a.lock_capture_m
    p["flipper_capture_m"] = station.end_effector.flipper_capture_m
    p["coupler_xy_m"] = pack.coupler.xy_m
    p["coupler_engage_m"], p["coupler_force_n"] = pack.coupler.engage_m, pack.coupler.mate_force_n
    p["guide_length_m"] = pack.guides.pin_length_m


def _draw_packs(p: Any, pack: Pack, seed: int) -> None:
    random = seeding.stream(seed, "pack")
    for k in range(int(p["packs"])):
        mass = pack.mass_kg * (1.0 + PACK_MASS_SIGMA * random.standard_normal())
        p["pack_mass_kg"][k] = min(max(mass, pack.mass_min_kg), pack.mass_max_kg)


def _fill_truck(p: Any, truck: Truck, pack: Pack, seats: int) -> None:
    g = GRAVITY_MPS2
    p["truck_sprung_kg"], p["truck_com"] = truck.sprung_mass_kg, truck.sprung_com_m
    p["truck_inertia_kgm2"] = truck.sprung_inertia_kgm2
    p["truck_unsprung_kg"], p["truck_friction"] = truck.unsprung_mass_kg, truck.tyre_friction
    axles = (truck.front_axle, truck.rear_axle)
    xs = np.array([a.x_m for a in axles])
    # nominal rest: springs carry the body and packs of nominal mass
    masses = [(truck.sprung_mass_kg, truck.sprung_com_m[0], truck.sprung_com_m[1])]
    for i in range(seats):
        x, y, _ = truck.seats_xyz_m[i]
        masses.append((pack.mass_kg, x + pack.com_m[0], y + pack.com_m[1]))
    weight = sum(m for m, _, _ in masses) * g
    moment = sum(m * x for m, x, _ in masses) * g
    front = (moment - weight * xs[1]) / (xs[0] - xs[1])
    preload = np.array([front, weight - front])
    p["truck_axle_x_m"], p["truck_axle_preload_n"] = xs, preload
    p["truck_roll_preload_nm"] = sum(m * y for m, _, y in masses) * g
    p["truck_axle_stiffness"] = [a.stiffness_n_per_m for a in axles]
    p["truck_axle_braked"] = [float(a.braked) for a in axles]
    trailer = truck.driving.trailer if truck.driving is not None else None
    if trailer is not None:
        p["truck_trailer_kg"], p["truck_trailer_braked"] = trailer.axle_load_kg, float(trailer.braked)
        p["truck_trailer_scrub"], p["truck_kingpin_x_m"] = trailer.scrub_m / trailer.wheelbase_m, trailer.kingpin_x_m
    p["truck_axle_unsprung_kg"] = truck.unsprung_mass_kg * preload / weight
    roll_inertia = truck.sprung_inertia_kgm2[0] + sum(m * pack.size_m[1] ** 2 / 12 for m, _, _ in masses[1:])
    roll_total = sum(a.stiffness_n_per_m * a.spring_base_m**2 / 4 for a in axles)
    for i, a in enumerate(axles):
        p["truck_axle_damping"][i] = 2 * a.damping_ratio * np.sqrt(a.stiffness_n_per_m * preload[i] / g)
        roll = a.stiffness_n_per_m * a.spring_base_m**2 / 4
        # an overturning body softens in roll: gravity reduces the stiffness by m g h, so the springs must hold more
        # than that
        p["truck_axle_roll_stiffness"][i] = roll
        p["truck_axle_roll_damping"][i] = 2 * a.damping_ratio * np.sqrt(roll_total * roll_inertia) * roll / roll_total


def _fill_limits_and_sensors(p: Any, station: Station) -> None:
    limits, scanner, sensors = station.limits, station.scanner, station.sensors
    for name in (
        "rated_load_kg",
        "overload_fraction",
        "creep_out_height_m",
        "clearance_height_m",
        "lateral_warn_n",
        "lateral_abort_n",
        "structure_lateral_n",
        "structure_axial_n",
        "axial_jam_ratio",
        "reaction_time_s",
        "sway_limit_m",
        "truck_moved_m",
        "seated_m",
        "traverse_deadband_m",
        "contact_speed_mps",
        "contact_zone_m",
    ):
        p[name] = getattr(limits, name)
    p["interlock_scale"] = 1.0
    p["robot_length_m"] = station.robots.length_m
    p["scan_sigma_m"], p["scan_sigma_rad"] = scanner.sigma_m, scanner.sigma_rad
    p["scan_period_ticks"] = max(1, round(station.rates.physics_hz / scanner.rate_hz))
    p["scan_delay_scans"] = _delay_scans(scanner.delay_s, station.rates.plc_hz)
    p["scan_dropout"] = scanner.dropout
    p["load_sigma_n"], p["load_filter_s"] = sensors.load_cell_sigma_n, sensors.load_cell_filter_s
    readings = max(1.0, sensors.load_cell_weighing_s * station.rates.plc_hz)
    p["load_zero_window_n"], p["load_weighing_s"] = sensors.load_cell_zero_window_n, sensors.load_cell_weighing_s
    p["load_zero_noise_n"] = ZERO_NOISE_SIGMAS * sensors.load_cell_sigma_n / np.sqrt(readings)
    p["load_tolerance_n"] = sensors.load_cell_tolerance_n
    p["load_drive_tolerance_n"] = sensors.load_cell_drive_tolerance_n
    p["sway_sigma_m"], p["force_sigma_n"] = sensors.sway_sigma_m, sensors.lateral_force_sigma_n
    for name in type(sensors).model_fields:  # a sensor whose numbers have the same names in both
        if name in p.dtype.names:
            p[name] = getattr(sensors, name)


def _delay_scans(delay_s: float, plc_hz: int) -> int:
    """The pose scanner's delay in PLC scans."""
    scans = round(delay_s * plc_hz)
    if scans >= DELAY_SCANS:
        allowed = f"at most {(DELAY_SCANS - 1) / plc_hz:g} s at {plc_hz} PLC scans a second"
        raise InputError("the pose scanner's delay is too long", key="scanner.delay_s", value=delay_s, allowed=allowed)
    return scans


def _draw_sensors(p: Any, station: Station, seed: int) -> None:
    scanner = station.scanner
    bias = np.array(
        [scanner.bias_m, scanner.bias_m, scanner.bias_rad, scanner.bias_m, scanner.bias_rad, scanner.bias_rad]
    )
    p["scan_bias"] = bias * seeding.stream(seed, "scanner").uniform(-1.0, 1.0, 6)
    p["stream"] = [seeding.key(seed, name) for name in KERNEL_STREAMS]
