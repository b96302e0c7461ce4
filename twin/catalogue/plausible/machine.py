"""Plausibility of a station's loops, drives, ropes, mast or table: stability in the tick, weight and load."""

from __future__ import annotations

import math
from collections.abc import Iterator

from twin.catalogue.derived import UNITS, Problem
from twin.catalogue.plausible.ranges import G, within
from twin.catalogue.schema import Station
from twin.catalogue.schema.machine import FloatingHead, FloatingTable, FourRope, Mast

LOOP_TICK = 1.0
"""Upper limit of a drive's velocity gain times tick over the smallest mass that it moves: the explicit loop is stable
up to 2, and above 1 it overshoots from one tick to the next (shipped: up to 0.92, the chassis lift)."""
LOOP_SCAN = 1.2
"""The same over one PLC scan, with the empty end effector on the axis: the reduced-order plant steps a load that hangs
free on ropes that long, its drives explicitly (shipped: 1.00, the empty spreader; stable up to 2)."""
CASCADE = 2.0
"""Smallest ratio of the bandwidth of the velocity loop to that of the position loop around it: s2 + b s + b Kp is
damped by 0.71 at Kp = b/2, and aperiodic from b/4 down. The integrator likewise: s2 + b s + b/Ti."""
SLOWEST_PER_S = 0.5
"""Slowest position loop, 1/s: three of its time constants are 6 s, the waiting time for an actuator [chosen]."""
SPRING_TICK = 1.2
"""Upper limit of the stiffest spring's angular frequency times tick: explicit (symplectic Euler) steps with dampers up
to `twin.setup.reeving.EXPLICIT_DAMPING_LIMIT` are stable up to sqrt(4 - 2 x 0.5) = 1.7 (shipped: 0.83, ropes)."""
ROPE_STRAIN = 0.005
"""Strain of a wire rope under its rated load: it breaks at about 2 %, and ropes of cranes have a safety factor of 4 to
5 (shipped: 0.14 %)."""
STRONG = 8.0
"""Oversizing factor of a drive or brake beyond which its value counts as a typing error [chosen] (shipped: up to 3.8,
the spreader's rotation)."""
HOIST_BRAKE = 6.0
"""Largest holding force of a hoist brake, in rated loads [chosen]: ordinary sizing is 2."""
MIN_SHARE = 0.01
"""Weight of an axis with its frame and drive, as a share of the load on it [chosen] (shipped: from 0.10, a cross
slide).
"""
FASTEST_MPS2 = 0.5 * G
"""Acceleration of an axis [chosen] (shipped: up to 0.5 m/s2)."""


def _moved(s: Station, axis: str) -> tuple[float, float, float]:
    """Mass that an axis moves (kg or kg m2): alone in one tick, with the empty end effector, with the rated load."""
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
    return own, own, own  # the load hangs: it adds no inertia to bridge and trolley


def loop_problems(s: Station, axis: str) -> Iterator[Problem]:
    """Check that a servo loop is stable in the tick, and closed."""
    a, key = getattr(s.axes, axis), f"axes.{axis}"
    own, empty, loaded = _moved(s, axis)
    viscous = a.viscous_nm_per_radps if axis == "yaw" else a.viscous_n_per_mps
    fastest, at = (LOOP_TICK * own * s.rates.physics_hz - viscous) / loaded, f"rates.physics_hz {s.rates.physics_hz}"
    over_scan = (LOOP_SCAN * empty * s.rates.plc_hz - viscous) / loaded
    if isinstance(s.reeving, FourRope) and over_scan < fastest:
        fastest, at = over_scan, f"rates.plc_hz {s.rates.plc_hz}"
    why = f"its loop, tuned for the load, shakes the bare axis at {at}"
    yield from within(s, f"{key}.velocity_bandwidth_rad_per_s", why, None, fastest)
    band = a.velocity_bandwidth_rad_per_s
    why = "the position loop must be slower than the velocity loop in it, velocity_bandwidth_rad_per_s / 2, and settle"
    yield from within(s, f"{key}.position_gain_per_s", why, SLOWEST_PER_S, band / CASCADE)
    why = "2 / velocity_bandwidth_rad_per_s or the loop rings; longer than a wait for settling it corrects nothing"
    yield from within(s, f"{key}.integral_time_s", why, CASCADE / band, s.actuators.timeout_s)
    unit = UNITS[axis]
    order = f"{unit}ps"
    slowest = min(getattr(a, f"acceleration_{order}2"), getattr(a, f"acceleration_empty_{order}2"))
    why = "acceleration must take at least a PLC scan to build up, and at most as long as a wait for an actuator"
    yield from within(s, f"{key}.jerk_{order}3", why, slowest / s.actuators.timeout_s, slowest * s.rates.plc_hz)
    for load in ("", "_empty") if unit == "m" else ():
        why = "above half of g ropes go slack, and no wheel or screw of a station passes it on"
        yield from within(s, f"{key}.acceleration{load}_mps2", why, None, FASTEST_MPS2)
    finest, name = (s.limits.seated_m, "seated_m") if unit == "m" else (s.limits.sway_limit_rad, "sway_limit_rad")
    yield from within(
        s, f"{key}.encoder_resolution_{unit}", f"coarser than a third of limits.{name}", None, finest / 3.0
    )
    carried, part = (loaded, "moving_inertia_kgm2") if unit == "rad" else (s.limits.rated_load_kg, "moving_mass_kg")
    why = "no frame or drive is a hundredth of what it carries"
    yield from within(s, f"{key}.{part}", why, MIN_SHARE * carried)
    reach = s.end_effector.flipper_capture_m
    if unit == "rad":
        reach /= 0.5 * s.end_effector.size_m[1]
    yield from within(
        s, f"{key}.repeatability_{unit}", "the axis would miss by more than end_effector.flipper_capture_m takes up",
        None, reach,
    )  # fmt: skip


def strength_problems(s: Station) -> Iterator[Problem]:
    """Check that drives and brakes are neither too weak for their loads nor absurdly strong."""
    axes, weight_n = s.axes, G * s.limits.rated_load_kg
    for axis in ("x", "y"):
        loaded = _moved(s, axis)[1] + s.limits.rated_load_kg
        why = "no wheel passes on more than the weight on it"
        yield from within(s, f"axes.{axis}.brake_force_n", why, None, G * loaded)
    why = f"{HOIST_BRAKE:g} x the rated load is three times the usual"
    yield from within(s, "axes.z.brake_force_n", why, None, HOIST_BRAKE * weight_n)
    yaw, e = axes.yaw, s.end_effector
    inertia = yaw.moving_inertia_kgm2 + s.limits.rated_load_kg * (e.size_m[0] ** 2 + e.size_m[1] ** 2) / 12.0
    fastest = max(yaw.acceleration_radps2, yaw.acceleration_empty_radps2)
    needed = inertia * fastest + yaw.coulomb_nm + yaw.viscous_nm_per_radps * yaw.velocity_empty_radps
    if isinstance(s.reeving, FloatingTable):
        needed += s.reeving.centring_stiffness_nm_per_rad * s.reeving.travel_rad
    why = f"inertia x acceleration + friction (+ a table's centring springs at their end), and up to {STRONG:g} x that"
    yield from within(s, "axes.yaw.torque_limit_nm", why, needed, STRONG * needed)
    why = "what the drive needs, and what it has times " + f"{STRONG:g}"
    yield from within(s, "axes.yaw.brake_torque_nm", why, needed, STRONG * yaw.torque_limit_nm)


def _stiffest(stiffness: float, carried: float, carrier: float, hz: int) -> float:
    """Largest stiffness between two masses whose mode is stable in the tick, for a given one."""
    return (SPRING_TICK * hz) ** 2 / (1.0 / carried + 1.0 / carrier)


def _tilting(s: Station) -> tuple[float, float, float]:
    """Inertia of the empty end effector in yaw, pitch and roll, kg m2."""
    kg, (x, y, z) = s.end_effector.mass_kg, s.end_effector.size_m
    return kg * (x * x + y * y) / 12.0, kg * (x * x + z * z) / 12.0, kg * (y * y + z * z) / 12.0


def _tick(s: Station) -> str:
    return f"the empty end effector of {s.end_effector.mass_kg:g} kg would swing faster on it than the tick bears"


def ropes_problems(s: Station, ropes: FourRope) -> Iterator[Problem]:
    hz, e, drum = s.rates.physics_hz, s.end_effector, s.axes.z.moving_mass_kg
    turn, pitch, roll = _tilting(s)
    shortest = ropes.sheave_height_m - s.axes.z.position_max_m
    yield from within(s, "reeving.sheave_height_m", "the sheaves hang under the roof, size_m[2]", None, s.size_m[2])
    for i, name in enumerate(("spacing_x_m", "spacing_y_m")):
        size = e.size_m[i]
        yield from within(
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
    yield from within(s, "reeving.rope_ea_n", why, least, per_rope * shortest / 4.0)
    most = _stiffest(0.0, turn, s.axes.yaw.moving_inertia_kgm2, hz)
    yield from within(s, "reeving.torsional_stiffness_nm_per_rad", _tick(s), None, most)


def mast_problems(s: Station, mast: Mast) -> Iterator[Problem]:
    hz, drum = s.rates.physics_hz, s.axes.z.moving_mass_kg
    turn, pitch, _ = _tilting(s)
    yield from within(s, "reeving.sheave_height_m", "a mast hangs under the roof, size_m[2]", None, s.size_m[2])
    yield from _vertical_spring(
        s, "reeving.vertical_stiffness_n_per_m", _stiffest(0.0, s.end_effector.mass_kg, drum, hz)
    )
    head, yaw = mast.head, s.axes.yaw.moving_inertia_kgm2
    why = f"a column at least as stiff as its head; {_tick(s)}"
    most = (SPRING_TICK * hz) ** 2 * pitch
    yield from within(s, "reeving.tilt_stiffness_nm_per_rad", why, head.tilt_stiffness_nm_per_rad, most)
    most = _stiffest(0.0, turn, yaw, hz)
    key = "reeving.torsional_stiffness_nm_per_rad"
    yield from within(s, key, why, head.centring_stiffness_nm_per_rad, most)
    yield from _centring_springs(s, head, "reeving.head")
    upright = 2.0 * s.end_effector.mass_kg * G * 0.5 * s.end_effector.size_m[2]
    why = "the empty end effector would tip over on it"
    yield from within(s, "reeving.head.tilt_stiffness_nm_per_rad", why, upright)


def table_problems(s: Station, table: FloatingTable) -> Iterator[Problem]:
    hz, z = s.rates.physics_hz, s.axes.z
    turn, pitch, _ = _tilting(s)
    yield from _vertical_spring(
        s, "reeving.vertical_stiffness_n_per_m", _stiffest(0.0, s.end_effector.mass_kg, z.moving_mass_kg, hz)
    )
    yield from _centring_springs(s, table, "reeving")
    stop_n = s.limits.lateral_abort_n / table.travel_m
    why = f"limits.lateral_abort_n must not press the stop in by travel_m again; {_tick(s)}"
    most = _stiffest(0.0, s.end_effector.mass_kg, _moved(s, "y")[0], hz)
    yield from within(s, "reeving.stop_stiffness_n_per_m", why, stop_n, most)
    why = f"the drive's torque must not press the stop in by travel_rad again; {_tick(s)}"
    low = s.axes.yaw.torque_limit_nm / table.travel_rad
    most = _stiffest(0.0, turn, s.axes.yaw.moving_inertia_kgm2, hz)
    yield from within(s, "reeving.stop_stiffness_nm_per_rad", why, low, most)
    why = f"the table must stand upright under the rated load on it; {_tick(s)}"
    low = s.limits.rated_load_kg * G * s.end_effector.size_m[2]
    yield from within(s, "reeving.tilt_stiffness_nm_per_rad", why, low, (SPRING_TICK * hz) ** 2 * pitch)


def _vertical_spring(s: Station, key: str, most: float) -> Iterator[Problem]:
    """Check that a vertical spring deflects less under the rated load than the zone of creeping into contact."""
    zone, weight_n = s.limits.contact_zone_m, G * s.limits.rated_load_kg
    why = f"the rated load may press it in by limits.contact_zone_m {zone:g} at the most; {_tick(s)}"
    yield from within(s, key, why, weight_n / zone, most)


def _centring_springs(s: Station, part: FloatingTable | FloatingHead, key: str) -> Iterator[Problem]:
    """Check that a leaning truck's load does not push centring springs to their stops, and that guides move them."""
    leans_n = G * s.limits.rated_load_kg * math.sin(s.parking.clip.pitch_rad) / part.travel_m
    why = "over travel_m it holds the rated load at parking.clip.pitch_rad, and yields before limits.lateral_abort_n"
    if s.kind != "chassis":  # a hanging load centres itself
        leans_n = G * s.end_effector.mass_kg * math.sin(s.parking.clip.pitch_rad) / part.travel_m
    guides_n = s.limits.lateral_abort_n / part.travel_m
    yield from within(s, f"{key}.centring_stiffness_n_per_m", why, leans_n, guides_n)
    near = part.centring_stiffness_n_per_m * (0.25 * s.end_effector.size_m[0]) ** 2
    brake = s.axes.yaw.brake_torque_nm / part.travel_rad
    why = "springs at least a quarter of the length from the middle, which axes.yaw.brake_torque_nm holds at their end"
    yield from within(s, f"{key}.centring_stiffness_nm_per_rad", why, near, brake)
    yield from within(s, f"{key}.lock_time_s", "longer than actuators.timeout_s", None, s.actuators.timeout_s)
