"""Values of a model file that no machine has, or that the twin's steps in time do not bear: each with its reason.

The schema refuses what has no meaning, `twin.catalogue.derived` what contradicts itself. Here is what would load and
play, and be wrong without a word: a servo loop faster than its tick, ropes that give by metres, a ceiling on forces
that nothing reaches, grips that close on a pack a metre away. Wherever physics gives a relation to other values of the
file the range follows from them; a range that is only an engineer's judgement says so, [chosen].

It is asked of files alone: a model changed in Python may be an ideal one, without friction or with unlimited drives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from twin.catalogue.derived import MOVE_TIMEOUT_S, UNITS, Problem, stopping_way
from twin.catalogue.schema import STANDARD_GRAVITY_MPS2, Pack, Station, Truck
from twin.catalogue.schema.approach import Approach
from twin.catalogue.schema.machine import FloatingHead, FloatingTable, FourRope, Mast

G = STANDARD_GRAVITY_MPS2

LOOP_TICK = 1.0
"""A drive's velocity gain times tick over what it moves at the least stays below this: the explicit loop is stable up
to 2, and above 1 it overshoots from one tick to the next (shipped: up to 0.92, the chassis lift)."""
LOOP_SCAN = 1.2
"""The same over one PLC scan, with the empty end effector on the axis: the reduced-order plant steps what hangs free on
ropes that long, its drives explicitly (shipped: 1.00, the empty spreader; stable up to 2)."""
CASCADE = 4.0
"""A position loop is at least this much slower than the velocity loop in it: s2 + b s + b Kp is aperiodic from Kp = b/4
down. The integrator likewise: s2 + b s + b/Ti."""
SLOWEST_PER_S = 0.5
"""Slowest position loop, 1/s: three of its time constants are 6 s, as long as an actuator is waited for [chosen]."""
SPRING_TICK = 1.2
"""Angular frequency times tick of the stiffest spring: explicit (symplectic Euler) steps with dampers up to
`twin.reeving.EXPLICIT_DAMPING_LIMIT` are stable up to sqrt(4 - 2 x 0.5) = 1.7 (shipped: 0.83, ropes)."""
ROPE_STRAIN = 0.005
"""Of a wire rope under its rated load: it breaks at about 2 %, and ropes of cranes have a safety factor of 4 to 5
(shipped: 0.14 %)."""
PRESSED_M = 0.02
"""Contact springs push no harder than pressed in so far: `twin.plants.rom.points.DEEP_M`."""
STRONG = 8.0
"""A drive or brake that is stronger than it has to be by this factor is a slip of the pen [chosen] (shipped: up to 3.8,
the spreader's rotation)."""
HOIST_BRAKE = 4.0
"""A hoist brake holds at most so many times the rated load [chosen]: ordinary sizing is 2."""
LEAST_SHARE = 0.01
"""Of the load on it, that an axis with its frame and drive weighs [chosen] (shipped: from 0.10, a cross slide)."""
FASTEST_MPS2 = 0.5 * G
"""Acceleration of an axis [chosen] (shipped: up to 0.5 m/s2)."""
CEILING_MPS2 = 5.0 * G
"""Neither seat nor pack is made for more: UN R100, mechanical shock, category N3; 3 g is usual for frames of trucks."""
NOISE_SIGMAS = 6.0
"""Of a mean of readings, that must stay within its tolerance: no false alarm in the life of a station."""
ZERO_SHARE, TOLERANCE_SHARE, DRIVE_SHARE = 0.20, 0.05, 0.10
"""Of the rated load: initial zero-setting range of OIML R 76-1; and what a load cell and a drive's torque may be off
before that is called implausible [chosen: a pull test adds a tenth]."""
SWINGS = 0.45
"""A window of readings spans at least this share of the longest swing, which loads the ropes twice, or what is steady
at the bottom of a swing passes as a weight (shipped: 0.49)."""
RATED_FRICTION = 1.0
"""No greased, painted or rubber-faced steel rubs more than its weight (dry steel 0.8)."""
LONGEST_FIXED_S = 3600.0
LEAN_RAD, TURN_RAD, ASIDE_M = 0.0873, 0.175, 1.0
"""Clip of a parked truck: 5 deg of lean (its suspension is linear), 10 deg of yaw, and a metre: else it is in no bay
[chosen]."""


def implausible(model: BaseModel) -> Iterator[Problem]:
    """Values of a station, truck or pack that it cannot have; none of a timing set, which axis limits bound."""
    if isinstance(model, Station):
        yield from _station(model)
    elif isinstance(model, Truck):
        yield from _truck(model)
    elif isinstance(model, Pack):
        yield from _pack(model)


def _within(
    model: BaseModel, key: str, why: str, low: float | None = None, high: float | None = None
) -> Iterator[Problem]:
    """A problem where the value at `key` is below `low` or above `high`, give or take rounding."""
    value: object = model
    for part in key.split("."):
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    number = float(value)  # type: ignore[arg-type]
    slack = 1e-9 * abs(number)
    if low is not None and not number >= low - slack or high is not None and not number <= high + slack:
        ends = (None if low is None else f"{low:.4g}", None if high is None else f"{high:.4g}")
        if low is None:
            allowed = f"at most {ends[1]}"
        else:
            allowed = f"at least {ends[0]}" if high is None else f"{ends[0]} to {ends[1]}"
        yield Problem(key, number, why, allowed)


# -------------------------------------------------------------------------------------------------------------- station


def _station(s: Station) -> Iterator[Problem]:
    for axis in UNITS:
        yield from _loop(s, axis)
    yield from _strength(s)
    if isinstance(s.reeving, FourRope):
        yield from _ropes(s, s.reeving)
    elif isinstance(s.reeving, Mast):
        yield from _mast(s, s.reeving)
    else:
        yield from _table(s, s.reeving)
    yield from _end_effector(s)
    yield from _actuators(s)
    yield from _limits(s)
    yield from _sensors(s)
    yield from _times_and_parking(s)
    if s.approach is not None:
        yield from _approach(s, s.approach)


def _moved(s: Station, axis: str) -> tuple[float, float, float]:
    """What an axis moves (kg or kg m2): by itself in one tick, with the empty end effector, with the rated load."""
    e, axes, rated = s.end_effector, s.axes, s.limits.rated_load_kg
    plan = (e.size_m[0] ** 2 + e.size_m[1] ** 2) / 12.0
    table = s.kind == "chassis"
    if axis == "yaw":
        own = axes.yaw.moving_inertia_kgm2
        return own, own + (e.mass_kg * plan if table else 0.0), own + (rated * plan if table else 0.0)
    own = getattr(axes, axis).moving_mass_kg
    if axis == "x":
        own += axes.y.moving_mass_kg
    if table and axis in "xy":
        own += axes.z.moving_mass_kg
    if axis == "z" or table:
        return own, own + e.mass_kg, own + rated
    return own, own, own  # the load hangs: it is no inertia of bridge and trolley


def _loop(s: Station, axis: str) -> Iterator[Problem]:
    """A servo loop that the tick bears, and that is a loop."""
    a, key = getattr(s.axes, axis), f"axes.{axis}"
    own, empty, loaded = _moved(s, axis)
    viscous = a.viscous_nm_per_radps if axis == "yaw" else a.viscous_n_per_mps
    fastest, at = (LOOP_TICK * own * s.rates.physics_hz - viscous) / loaded, f"rates.physics_hz {s.rates.physics_hz}"
    over_scan = (LOOP_SCAN * empty * s.rates.plc_hz - viscous) / loaded
    if isinstance(s.reeving, FourRope) and over_scan < fastest:
        fastest, at = over_scan, f"rates.plc_hz {s.rates.plc_hz}"
    why = f"its loop, tuned for the load, shakes the bare axis at {at}"
    yield from _within(s, f"{key}.velocity_bandwidth_rad_per_s", why, None, fastest)
    band = a.velocity_bandwidth_rad_per_s
    why = "the position loop must be slower than the velocity loop in it, velocity_bandwidth_rad_per_s / 4, and settle"
    yield from _within(s, f"{key}.position_gain_per_s", why, SLOWEST_PER_S, band / CASCADE)
    why = "4 / velocity_bandwidth_rad_per_s or the loop rings; longer than a wait for settling it corrects nothing"
    yield from _within(s, f"{key}.integral_time_s", why, CASCADE / band, s.actuators.timeout_s)
    unit = UNITS[axis]
    order = f"{unit}ps"
    slowest = min(getattr(a, f"acceleration_{order}2"), getattr(a, f"acceleration_empty_{order}2"))
    why = "acceleration must take at least a PLC scan to build up, and at most as long as a wait for an actuator"
    yield from _within(s, f"{key}.jerk_{order}3", why, slowest / s.actuators.timeout_s, slowest * s.rates.plc_hz)
    for load in ("", "_empty") if unit == "m" else ():
        why = "above half of g ropes go slack, and no wheel or screw of a station passes it on"
        yield from _within(s, f"{key}.acceleration{load}_mps2", why, None, FASTEST_MPS2)
    finest, name = (s.limits.seated_m, "seated_m") if unit == "m" else (s.limits.sway_limit_rad, "sway_limit_rad")
    yield from _within(s, f"{key}.encoder_resolution_{unit}", f"a third of limits.{name}", None, finest / 3.0)
    carried, part = (loaded, "moving_inertia_kgm2") if unit == "rad" else (s.limits.rated_load_kg, "moving_mass_kg")
    why = "no frame or drive is a hundredth of what it carries"
    yield from _within(s, f"{key}.{part}", why, LEAST_SHARE * carried)
    reach = s.end_effector.flipper_capture_m
    if unit == "rad":
        reach /= 0.5 * s.end_effector.size_m[1]
    yield from _within(
        s, f"{key}.repeatability_{unit}", "the axis would miss by more than end_effector.flipper_capture_m takes up",
        None, reach,
    )  # fmt: skip


def _strength(s: Station) -> Iterator[Problem]:
    """Drives and brakes neither weaker nor absurdly stronger than what they move."""
    axes, weight_n = s.axes, G * s.limits.rated_load_kg
    for axis in ("x", "y"):
        a, loaded = getattr(axes, axis), _moved(s, axis)[1] + s.limits.rated_load_kg
        why = (
            "a set brake must hold against the drive, force_limit_n, and no wheel passes on more than the weight on it"
        )
        yield from _within(s, f"axes.{axis}.brake_force_n", why, a.force_limit_n, G * loaded)
    why = f"a set brake must hold against the drive, force_limit_n; {HOIST_BRAKE:g} x the rated load is twice the usual"
    yield from _within(s, "axes.z.brake_force_n", why, axes.z.force_limit_n, HOIST_BRAKE * weight_n)
    yaw, e = axes.yaw, s.end_effector
    inertia = yaw.moving_inertia_kgm2 + s.limits.rated_load_kg * (e.size_m[0] ** 2 + e.size_m[1] ** 2) / 12.0
    fastest = max(yaw.acceleration_radps2, yaw.acceleration_empty_radps2)
    needed = inertia * fastest + yaw.coulomb_nm + yaw.viscous_nm_per_radps * yaw.velocity_empty_radps
    if isinstance(s.reeving, FloatingTable):
        needed += s.reeving.centring_stiffness_nm_per_rad * s.reeving.travel_rad
    why = f"inertia x acceleration + friction (+ a table's centring springs at their end), and up to {STRONG:g} x that"
    yield from _within(s, "axes.yaw.torque_limit_nm", why, needed, STRONG * needed)
    why = "a set brake must hold against the drive, torque_limit_nm"
    yield from _within(s, "axes.yaw.brake_torque_nm", why, yaw.torque_limit_nm, STRONG * yaw.torque_limit_nm)


def _stiffest(stiffness: float, carried: float, carrier: float, hz: int) -> float:
    """The stiffness between two masses whose mode the tick bears, for a given one."""
    return (SPRING_TICK * hz) ** 2 / (1.0 / carried + 1.0 / carrier)


def _tilting(s: Station) -> tuple[float, float, float]:
    """Inertia of the empty end effector in yaw, pitch and roll, kg m2."""
    kg, (x, y, z) = s.end_effector.mass_kg, s.end_effector.size_m
    return kg * (x * x + y * y) / 12.0, kg * (x * x + z * z) / 12.0, kg * (y * y + z * z) / 12.0


def _tick(s: Station) -> str:
    return f"the empty end effector of {s.end_effector.mass_kg:g} kg would swing faster on it than the tick bears"


def _ropes(s: Station, ropes: FourRope) -> Iterator[Problem]:
    hz, e, drum = s.rates.physics_hz, s.end_effector, s.axes.z.moving_mass_kg
    turn, pitch, roll = _tilting(s)
    shortest = ropes.sheave_height_m - s.axes.z.position_max_m
    yield from _within(s, "reeving.sheave_height_m", "the sheaves hang under the roof, size_m[2]", None, s.size_m[2])
    for i, name in enumerate(("spacing_x_m", "spacing_y_m")):
        size = e.size_m[i]
        yield from _within(
            s, f"reeving.{name}", f"of an end effector of {size:g} m: its ropes are within it, and hold a load that "
            "hangs off its middle", 0.25 * size, size,
        )  # fmt: skip
    least = G * s.limits.rated_load_kg / (4.0 * ROPE_STRAIN)
    per_rope = min(
        _stiffest(0.0, e.mass_kg, drum, hz),
        (SPRING_TICK * hz) ** 2 * pitch / (0.5 * ropes.spacing_x_m) ** 2,
        (SPRING_TICK * hz) ** 2 * roll / (0.5 * ropes.spacing_y_m) ** 2,
    )
    why = f"the rated load would stretch the ropes by more than {ROPE_STRAIN:.1%}"
    if ropes.rope_ea_n >= least:
        why = f"{_tick(s)}, with {shortest:g} m of rope at rates.physics_hz {hz}"
    yield from _within(s, "reeving.rope_ea_n", why, least, per_rope * shortest / 4.0)
    most = _stiffest(0.0, turn, s.axes.yaw.moving_inertia_kgm2, hz)
    yield from _within(s, "reeving.torsional_stiffness_nm_per_rad", _tick(s), None, most)


def _mast(s: Station, mast: Mast) -> Iterator[Problem]:
    hz, drum = s.rates.physics_hz, s.axes.z.moving_mass_kg
    turn, pitch, _ = _tilting(s)
    yield from _within(s, "reeving.sheave_height_m", "a mast hangs under the roof, size_m[2]", None, s.size_m[2])
    yield from _gives(s, "reeving.vertical_stiffness_n_per_m", _stiffest(0.0, s.end_effector.mass_kg, drum, hz))
    head, yaw = mast.head, s.axes.yaw.moving_inertia_kgm2
    why = f"a column at least as stiff as its head; {_tick(s)}"
    most = (SPRING_TICK * hz) ** 2 * pitch
    yield from _within(s, "reeving.tilt_stiffness_nm_per_rad", why, head.tilt_stiffness_nm_per_rad, most)
    most = _stiffest(0.0, turn, yaw, hz)
    key = "reeving.torsional_stiffness_nm_per_rad"
    yield from _within(s, key, why, head.centring_stiffness_nm_per_rad, most)
    yield from _floats(s, head, "reeving.head")
    upright = 2.0 * s.end_effector.mass_kg * G * 0.5 * s.end_effector.size_m[2]
    why = "the empty end effector would tip over on it"
    yield from _within(s, "reeving.head.tilt_stiffness_nm_per_rad", why, upright)


def _table(s: Station, table: FloatingTable) -> Iterator[Problem]:
    hz, z = s.rates.physics_hz, s.axes.z
    turn, pitch, _ = _tilting(s)
    yield from _gives(
        s, "reeving.vertical_stiffness_n_per_m", _stiffest(0.0, s.end_effector.mass_kg, z.moving_mass_kg, hz)
    )
    yield from _floats(s, table, "reeving")
    stop_n = s.limits.lateral_abort_n / table.travel_m
    why = f"limits.lateral_abort_n must not press the stop in by travel_m again; {_tick(s)}"
    most = _stiffest(0.0, s.end_effector.mass_kg, _moved(s, "y")[0], hz)
    yield from _within(s, "reeving.stop_stiffness_n_per_m", why, stop_n, most)
    why = f"the drive's torque must not press the stop in by travel_rad again; {_tick(s)}"
    low = s.axes.yaw.torque_limit_nm / table.travel_rad
    most = _stiffest(0.0, turn, s.axes.yaw.moving_inertia_kgm2, hz)
    yield from _within(s, "reeving.stop_stiffness_nm_per_rad", why, low, most)
    why = f"the table must stand upright under the rated load on it; {_tick(s)}"
    low = s.limits.rated_load_kg * G * s.end_effector.size_m[2]
    yield from _within(s, "reeving.tilt_stiffness_nm_per_rad", why, low, (SPRING_TICK * hz) ** 2 * pitch)


def _gives(s: Station, key: str, most: float) -> Iterator[Problem]:
    """A vertical spring that gives less under the rated load than the zone in which contact is crept up to."""
    zone, weight_n = s.limits.contact_zone_m, G * s.limits.rated_load_kg
    why = f"the rated load may press it in by limits.contact_zone_m {zone:g} at the most; {_tick(s)}"
    yield from _within(s, key, why, weight_n / zone, most)


def _floats(s: Station, part: FloatingTable | FloatingHead, key: str) -> Iterator[Problem]:
    """Centring springs that a leaning truck's load does not push home, and that guides can move."""
    leans_n = G * s.limits.rated_load_kg * math.sin(s.parking.clip.pitch_rad) / part.travel_m
    why = "over travel_m it holds the rated load at parking.clip.pitch_rad, and yields before limits.lateral_abort_n"
    if s.kind != "chassis":  # what hangs centres itself
        leans_n = G * s.end_effector.mass_kg * math.sin(s.parking.clip.pitch_rad) / part.travel_m
    guides_n = s.limits.lateral_abort_n / part.travel_m
    yield from _within(s, f"{key}.centring_stiffness_n_per_m", why, leans_n, guides_n)
    near = part.centring_stiffness_n_per_m * (0.25 * s.end_effector.size_m[0]) ** 2
    brake = s.axes.yaw.brake_torque_nm / part.travel_rad
    why = "springs at least a quarter of the length from the middle, which axes.yaw.brake_torque_nm holds at their end"
    yield from _within(s, f"{key}.centring_stiffness_nm_per_rad", why, near, brake)
    yield from _within(s, f"{key}.lock_time_s", "longer than actuators.timeout_s", None, s.actuators.timeout_s)


def _end_effector(s: Station) -> Iterator[Problem]:
    e, limits, weight_n = s.end_effector, s.limits, G * s.limits.rated_load_kg
    speed, kg = limits.contact_speed_mps, limits.rated_load_kg
    hits = ((limits.structure_axial_n - weight_n) / speed) ** 2 / kg
    why = (
        f"the rated load on one pad presses it in by {PRESSED_M:g} m at the most, and landing at "
        "limits.contact_speed_mps stays below limits.structure_axial_n"
    )
    yield from _within(s, "end_effector.contact_stiffness_n_per_m", why, weight_n / PRESSED_M, hits)
    critical = 2.0 * math.sqrt(e.contact_stiffness_n_per_m * kg)
    why = "more than critical for the rated load, 2 sqrt(contact_stiffness_n_per_m x rated_load_kg)"
    yield from _within(s, "end_effector.contact_damping_ns_per_m", why, None, critical)
    yield from _within(s, "end_effector.friction", "no steel or rubber rubs so hard", None, RATED_FRICTION)
    smallest = 0.25 * min(e.size_m[:2])
    why = "more than flipper_clearance_m, and at most a quarter of the end effector's length"
    yield from _within(s, "end_effector.flipper_capture_m", why, e.flipper_clearance_m, smallest)
    why = "an end effector stands under the roof and is no wider than a vehicle"
    x = s.axes.x
    reach = "it keeps robots on one rail apart: no shorter than the end effector, no longer than axis x"
    yield from _within(s, "robots.length_m", reach, e.size_m[0], x.position_max_m - x.position_min_m)
    for value, most in zip(e.size_m, (s.size_m[0], 3.0, s.size_m[2]), strict=True):
        if value > most:
            yield Problem("end_effector.size_m", value, why, f"at most {most:g}")


def _actuators(s: Station) -> Iterator[Problem]:
    scan_s = 2.0 / s.rates.plc_hz
    for name in ("grip_close_s", "grip_open_s", "lock_open_s", "lock_close_s"):
        yield from _within(s, f"actuators.{name}", "no actuator is there within two PLC scans", scan_s)
    why = f"a move that takes {MOVE_TIMEOUT_S:g} s has failed"
    yield from _within(s, "actuators.timeout_s", why, None, MOVE_TIMEOUT_S)
    e = s.end_effector
    why = "between end_effector.flipper_clearance_m and flipper_capture_m: grips reach no pack beside the flippers"
    yield from _within(s, "actuators.grip_capture_m", why, e.flipper_clearance_m, e.flipper_capture_m)
    seated = s.limits.seated_m
    why = "a lock reaches a pack that is seated (limits.seated_m), and none that stands three times as far off"
    yield from _within(s, "actuators.lock_capture_m", why, seated, 3.0 * seated)


def _limits(s: Station) -> Iterator[Problem]:
    li, z, scan_s = s.limits, s.axes.z, 1.0 / s.rates.plc_hz
    weight_n = G * li.rated_load_kg
    stroke = z.position_max_m - z.position_min_m
    why = "from limits.contact_zone_m to a quarter of the stroke of axis z: above it invariant 1 would never look"
    yield from _within(s, "limits.creep_out_height_m", why, li.contact_zone_m, 0.25 * stroke)
    stop_m = stopping_way(li.contact_speed_mps, z.acceleration_mps2, z.jerk_mps3, li.reaction_time_s)
    why = "axis z must stop from contact_speed_mps within it, and it lies within limits.creep_out_height_m"
    yield from _within(s, "limits.contact_zone_m", why, stop_m, li.creep_out_height_m)
    why = f"creeping over limits.creep_out_height_m takes {MOVE_TIMEOUT_S:g} s at the most; no faster than axis z"
    yield from _within(s, "limits.contact_speed_mps", why, li.creep_out_height_m / MOVE_TIMEOUT_S, z.velocity_mps)
    across_n = CEILING_MPS2 * (li.rated_load_kg - s.end_effector.mass_kg)
    why = "no pack that this station can lift bears more than 5 g across (UN R100)"
    yield from _within(s, "limits.structure_lateral_n", why, None, across_n)
    why = "a pack carried with it must not weigh less than this: guides see 1 g across at the most before they stop"
    yield from _within(s, "limits.lateral_abort_n", why, None, weight_n)
    why = "a seat bears what the drive of a table gives, or the rated load landing (1.5 x), and at most 5 g of it"
    presses_n = z.force_limit_n if s.kind == "chassis" else 1.5 * weight_n
    yield from _within(s, "limits.structure_axial_n", why, presses_n, 5.0 * weight_n)
    yield from _within(s, "limits.axial_jam_ratio", "over nominal, and a seat is no press", 1.0, 3.0)
    why = "sensor, PLC and drive take two scans at the least"
    yield from _within(s, "limits.reaction_time_s", why, 2.0 * scan_s, 0.5)
    capture = s.end_effector.flipper_capture_m
    why = "beyond end_effector.flipper_capture_m it guards nothing; three standard deviations of sensors.sway_sigma_m"
    yield from _within(s, "limits.sway_limit_m", why, 3.0 * s.sensors.sway_sigma_m, capture)
    why = "beyond end_effector.flipper_capture_m over half the length it guards nothing"
    yield from _within(s, "limits.sway_limit_rad", why, None, capture / (0.5 * s.end_effector.size_m[1]))
    why = "a truck moved by more than end_effector.flipper_capture_m is lost; less than the encoders' step is nothing"
    yield from _within(s, "limits.truck_moved_m", why, z.encoder_resolution_m, capture)
    why = "no finer than the encoder of axis z, and a third of the flippers' reach at the most"
    yield from _within(s, "limits.seated_m", why, z.encoder_resolution_m, capture / 3.0)
    why = "corrections of a parked truck (limits.repark_m) are the largest that are no traverse (invariant 3)"
    yield from _within(s, "limits.traverse_deadband_m", why, None, li.repark_m)
    widest = s.axes.y.position_max_m - s.axes.y.position_min_m
    yield from _within(s, "limits.repark_m", "wider than the stroke of axis y", None, widest)
    turn = s.axes.yaw.position_max_rad - s.axes.yaw.position_min_rad
    yield from _within(s, "limits.repark_yaw_rad", "wider than the stroke of axis yaw", None, turn)


def _sensors(s: Station) -> Iterator[Problem]:
    sensors, scanner, li = s.sensors, s.scanner, s.limits
    weight_n, plc_hz = G * li.rated_load_kg, s.rates.plc_hz
    if isinstance(s.reeving, FourRope):
        longest = s.reeving.sheave_height_m - s.axes.z.position_min_m
        period, what = SWINGS * 2.0 * math.pi * math.sqrt(longest / G), f"{SWINGS:g} of the longest swing"
    else:
        stiffness = s.reeving.vertical_stiffness_n_per_m
        period, what = 2.0 * math.pi * math.sqrt(li.rated_load_kg / stiffness), "a bounce of the rated load"
    readings = (NOISE_SIGMAS * sensors.load_cell_sigma_n / sensors.load_cell_tolerance_n) ** 2
    why = f"it spans {what}, and {NOISE_SIGMAS:g} load_cell_sigma_n of its mean are within load_cell_tolerance_n"
    yield from _within(s, "sensors.load_cell_weighing_s", why, max(period, readings / plc_hz), s.actuators.timeout_s)
    why = "of the rated weight: no load cell is so noisy, 1 %"
    yield from _within(s, "sensors.load_cell_sigma_n", why, None, 0.01 * weight_n)
    why = "a load is seen within limits.reaction_time_s or too late"
    yield from _within(s, "sensors.load_cell_filter_s", why, None, li.reaction_time_s)
    why = f"of the rated weight, {ZERO_SHARE:.0%}: initial zero-setting range, OIML R 76-1"
    yield from _within(s, "sensors.load_cell_zero_window_n", why, None, ZERO_SHARE * weight_n)
    why = f"of the rated weight, {TOLERANCE_SHARE:.0%}: a pull test would not be told from a drift"
    yield from _within(s, "sensors.load_cell_tolerance_n", why, None, TOLERANCE_SHARE * weight_n)
    why = f"from 3 load_cell_sigma_n to {DRIVE_SHARE:.0%} of the rated weight"
    low = 3.0 * sensors.load_cell_sigma_n
    yield from _within(s, "sensors.load_cell_drive_tolerance_n", why, low, DRIVE_SHARE * weight_n)
    why = f"{NOISE_SIGMAS:g} of them are below limits.lateral_warn_n"
    yield from _within(s, "sensors.lateral_force_sigma_n", why, None, li.lateral_warn_n / NOISE_SIGMAS)
    why = "at most a frame a PLC scan, and scan_samples of them before a wait ends"
    yield from _within(s, "scanner.rate_hz", why, scanner.scan_samples / MOVE_TIMEOUT_S, plc_hz)
    yield from _within(s, "scanner.delay_s", "at most 31 PLC scans are remembered", None, 31.0 / plc_hz)
    why = "nothing that measures worse than limits.repark_m finds a seat"
    for name in ("sigma_m", "bias_m"):
        yield from _within(s, f"scanner.{name}", why, None, li.repark_m)
    for name in ("sigma_rad", "bias_rad"):
        yield from _within(
            s, f"scanner.{name}", "nothing that measures worse than limits.repark_yaw_rad finds a seat", None,
            li.repark_yaw_rad,
        )  # fmt: skip


def _times_and_parking(s: Station) -> Iterator[Problem]:
    for name in type(s.times).model_fields:
        yield from _within(s, f"times.{name}", "no fixed phase takes an hour", None, LONGEST_FIXED_S)
    most = {
        "x_m": ASIDE_M,
        "y_m": ASIDE_M,
        "z_m": 0.5,
        "yaw_rad": TURN_RAD,
        "roll_rad": LEAN_RAD,
        "pitch_rad": LEAN_RAD,
    }
    for name, high in most.items():
        yield from _within(s, f"parking.clip.{name}", "no truck parked so is in the bay", None, high)


def _approach(s: Station, lane: Approach) -> Iterator[Problem]:
    why = "a lane in walking pace"
    yield from _within(s, "approach.start_distance_m", why, 1.0, 200.0)
    yield from _within(s, "approach.speed_limit_mps", why, 0.1, 5.0)
    yield from _within(s, "approach.start_y_sigma_m", why, None, 2.0)
    yield from _within(s, "approach.start_yaw_sigma_rad", why, None, 0.35)
    for i, rail in enumerate(lane.rails):
        for name, low, high in (("gap_m", 2.0, 4.0), ("flare_width_m", 0.0, 2.0), ("flare_length_m", 0.1, 20.0)):
            if not low <= getattr(rail, name) <= high:
                why = "rails for wheels of trucks"
                yield Problem(f"approach.rails[{i}].{name}", getattr(rail, name), why, f"{low:g} to {high:g}")
    yield from _within(s, "approach.lidar.baseline_m", "the width of a cab front", 1.0, 3.0)
    contacts = {"approach.rail_contact": lane.rail_contact}
    if lane.wheel_stop is not None:
        contacts["approach.wheel_stop.contact"] = lane.wheel_stop.contact
        yield from _within(s, "approach.wheel_stop.setting_m", why, None, ASIDE_M)
    for key, contact in contacts.items():
        why = "a tyre against steel: 0.1 to 10 MN/m"
        yield from _within(s, f"{key}.stiffness_n_per_m", why, 1e5, 1e7)
        critical = 2.0 * math.sqrt(contact.stiffness_n_per_m * 1000.0)
        why = "more than critical for a wheel of 1 t, 2 sqrt(stiffness_n_per_m x 1000 kg)"
        yield from _within(s, f"{key}.damping_ns_per_m", why, None, critical)
        yield from _within(s, f"{key}.friction", "no tyre rubs so hard on steel", None, RATED_FRICTION)
    yield from _within(s, "approach.rail_force_limit_n", "the load of no wheel", 1e3, 2e5)
    lidar = lane.lidar
    yield from _within(s, "approach.lidar.rate_hz", "a scanner of vehicles", 0.5, 1000.0)
    yield from _within(s, "approach.lidar.delay_s", "a truck in walking pace is elsewhere by then", None, 2.0)
    yield from _within(s, "approach.lidar.sigma_m", "no scanner of vehicles is so bad", None, 0.5)
    yield from _within(s, "approach.lidar.sigma_rad", "no scanner of vehicles is so bad", None, 0.2)
    share = 0.5 / lidar.range_max_m
    yield from _within(s, "approach.lidar.sigma_m_per_m", "half a metre at range_max_m", None, share)
    share = 0.2 / lidar.range_max_m
    yield from _within(s, "approach.lidar.sigma_rad_per_m", "0.2 rad at range_max_m", None, share)
    for weather in ("clear", "night", "rain"):
        key = f"approach.lidar.{weather}"
        yield from _within(s, f"{key}.noise_factor", "no weather makes of noise", 0.1, 100.0)
        yield from _within(s, f"{key}.bias_m", "no scanner of vehicles is so bad", None, 0.5)
        yield from _within(s, f"{key}.tyre_friction_factor", "on less no truck holds the slope of a yard", 0.05)


# ------------------------------------------------------------------------------------------------------ truck and pack


def _truck(t: Truck) -> Iterator[Problem]:
    kg, base = t.sprung_mass_kg, t.wheelbase_m
    yield from _within(t, "sprung_mass_kg", "lighter than a van or heavier than a road bears", 2000.0, 60000.0)
    yield from _within(t, "unsprung_mass_kg", "from 3 % to the whole of sprung_mass_kg", 0.03 * kg, kg)
    yield from _within(t, "pack_mass_limit_kg", "more than the truck itself", None, kg)
    yield from _within(t, "wheelbase_m", "of no truck", 1.5, 12.0)
    yield from _within(t, "tyre_friction", "rubber on a road", 0.05, 1.2)
    share = (t.sprung_com_m[0] - t.rear_axle.x_m) / base
    for name, part in (("front_axle", share), ("rear_axle", 1.0 - share)):
        axle_n = max(part * kg * G, 0.05 * kg * G)
        why = f"the {axle_n / G:.0f} kg of body on it would press the springs in by less than 5 mm or more than 0.4 m"
        yield from _within(t, f"{name}.stiffness_n_per_m", why, axle_n / 0.4, axle_n / 0.005)
        yield from _within(t, f"{name}.spring_base_m", "0.3 m to the width of the truck", 0.3, t.outline.width_m)
    roll = sum(a.stiffness_n_per_m * a.spring_base_m**2 / 4.0 for a in (t.front_axle, t.rear_axle))
    falls = 1.2 * kg * G * max(t.sprung_com_m[2], 0.1)
    if roll < falls:
        why = "the body would fall over on its springs, spring_base_m and stiffness_n_per_m"
        yield Problem("sprung_com_m[2]", t.sprung_com_m[2], why, f"at most {roll / (1.2 * kg * G):.4g}")
    if not 0.3 <= t.sprung_com_m[2] <= 3.0:
        yield Problem("sprung_com_m[2]", t.sprung_com_m[2], "a body is over its axles and under its roof", "0.3 to 3")
    for i, name in enumerate(("roll", "pitch", "yaw")):
        value, low, high = t.sprung_inertia_kgm2[i], kg * 0.3**2, kg * (0.75 * base) ** 2
        if not low <= value <= high:
            why = f"{name}: radius of gyration from 0.3 m to three quarters of wheelbase_m"
            yield Problem(f"sprung_inertia_kgm2[{i}]", value, why, f"{low:.4g} to {high:.4g}")
    yield from _within(t, "outline.width_m", "of no vehicle (GB 1589: 2.55 m)", 1.5, 2.6)
    for name in ("cab_height_m", "frame_height_m"):
        yield from _within(t, f"outline.{name}", "of no truck", 0.3, 4.5)
    if t.driving is not None:
        yield from _driving(t)


def _driving(t: Truck) -> Iterator[Problem]:
    d, trailer = t.driving, t.driving.trailer if t.driving is not None else None
    assert d is not None
    kg = t.sprung_mass_kg + t.unsprung_mass_kg + (trailer.axle_load_kg if trailer is not None else 0.0)
    grips_mps2 = t.tyre_friction * G
    groups = {"driving.front": d.front, "driving.rear": d.rear}
    if trailer is not None:
        groups["driving.trailer.group"] = trailer.group
        yield from _within(t, "driving.trailer.mass_kg", "of no trailer", 1000.0, 100000.0)
        yield from _within(t, "driving.trailer.wheelbase_m", "of no trailer", 2.0, 15.0)
        length = trailer.wheelbase_m
        why = "radius of gyration from a tenth of its wheelbase_m to the whole"
        low, high = trailer.mass_kg * (0.1 * length) ** 2, trailer.mass_kg * length**2
        yield from _within(t, "driving.trailer.yaw_inertia_kgm2", why, low, high)
        yield from _within(t, "driving.trailer.brake_delay_s", "of no brake", None, 2.0)
    for key, group in groups.items():
        yield from _within(t, f"{key}.spacing_m", "of no bogie", 0.5 if group.axles > 1 else None, 3.0)
        yield from _within(t, f"{key}.tyre_outer_width_m", "of no vehicle (GB 1589: 2.55 m)", 1.2, 2.6)
        yield from _within(t, f"{key}.cornering_per_rad", "of no tyre: 0.02 to 0.5 of its load a degree", 1.1, 29.0)
    yield from _within(t, "driving.tyre_radius_m", "of no truck tyre", 0.25, 0.9)
    yield from _within(t, "driving.relaxation_length_m", "of no tyre", 0.05, 3.0)
    yield from _within(t, "driving.rolling_resistance", "of no tyre on a road", None, 0.1)
    yield from _within(t, "driving.steering_rate_limit_radps", "of no steering", 0.02, 5.0)
    for name in ("steering_lag_s", "drive_lag_s", "brake_lag_s"):
        yield from _within(
            t, f"driving.{name}", "longer lags than 2 s stop no truck, and none is below 10 ms", 0.01, 2.0
        )
    yield from _within(t, "driving.brake_delay_s", "of no brake", None, 2.0)
    why = "from 1 m/s2 to what tyre_friction gives"
    yield from _within(t, "driving.brake_limit_mps2", why, 1.0, max(grips_mps2, 1.0))
    why = "moves it on the level, and no more than tyre_friction passes on"
    low = 2.0 * d.rolling_resistance * kg * G
    yield from _within(t, "driving.drive_force_limit_n", why, low, max(low, grips_mps2 * kg))
    yield from _within(t, "driving.drive_power_limit_w", "of no truck", 1e4, 2e6)


def _pack(p: Pack) -> Iterator[Problem]:
    volume = math.prod(p.size_m)
    why = f"of a pack of {volume:.3g} m3: 100 to 5000 kg/m3"
    yield from _within(p, "mass_kg", why, 100.0 * volume, 5000.0 * volume)
    for name in ("mass_min_kg", "mass_max_kg"):
        yield from _within(p, name, "half to twice of mass_kg", 0.5 * p.mass_kg, 2.0 * p.mass_kg)
    why = "20 to 500 Wh/kg of mass_kg"
    yield from _within(p, "energy_kwh", why, 0.02 * p.mass_kg, 0.5 * p.mass_kg)
    g, weight_n = p.guides, G * p.mass_kg
    why = f"the pack's weight on one pin presses it in by {PRESSED_M:g} m at the most; and no steel pin has 1 GN/m"
    yield from _within(p, "guides.stiffness_n_per_m", why, weight_n / (5.0 * PRESSED_M), 1e9)
    critical = 2.0 * math.sqrt(g.stiffness_n_per_m * p.mass_kg)
    why = "more than critical for the pack, 2 sqrt(stiffness_n_per_m x mass_kg)"
    yield from _within(p, "guides.damping_ns_per_m", why, None, critical)
    yield from _within(p, "guides.friction", "no steel rubs so hard", None, RATED_FRICTION)
    smallest = min(p.size_m[:2])
    yield from _within(p, "guides.pin_diameter_m", "of no guide pin of this pack", 0.01, 0.25 * smallest)
    yield from _within(p, "guides.capture_m", "a quarter of the pack's length", None, 0.25 * smallest)
    yield from _within(p, "guides.slot_length_m", "a slot wider than the lead-in guides nothing", None, g.capture_m)
    apart = math.dist(g.round_xy_m, g.slotted_xy_m)
    if apart < 0.25 * max(p.size_m[:2]):
        why = "so close to round_xy_m that the pins hold no yaw: distance"
        yield Problem("guides.slotted_xy_m", apart, why, f"at least {0.25 * max(p.size_m[:2]):.4g}")
    c = p.coupler
    yield from _within(p, "coupler.mate_force_n", "more than the pack weighs: it would not mate", None, weight_n)
    yield from _within(p, "coupler.float_m", "farther than the guides catch", None, g.capture_m)
    yield from _within(p, "coupler.float_rad", "10 deg", None, TURN_RAD)
    why = "at the end of float_m it pushes harder than the coupler mates"
    yield from _within(p, "coupler.float_stiffness_n_per_m", why, None, max(c.mate_force_n, 1.0) / c.float_m)
    each, locks = p.mass_max_kg * G / len(p.locks.xy_m), len(p.locks.xy_m)
    why = f"{locks} locks hold twice the pack's weight at least, and none is made for fifty times"
    yield from _within(p, "locks.strength_n", why, 2.0 * each, 50.0 * each)
