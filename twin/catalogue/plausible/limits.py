"""Plausibility of a station's end effector, actuators, limits and sensors, in relation to each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from twin.catalogue.derived import MOVE_TIMEOUT_S, Problem, stopping_distance
from twin.catalogue.plausible.ranges import PRESSED_M, RATED_FRICTION, G, within
from twin.catalogue.schema import Station
from twin.catalogue.schema.machine import FourRope

CEILING_MPS2 = 5.0 * G
"""Design acceleration of seat and pack: UN R100, mechanical shock, category N3; 3 g is usual for frames of trucks."""
NOISE_SIGMAS = 6.0
"""Standard deviations of a mean of readings within its tolerance: no false alarm in the life of a station."""
ZERO_SHARE, TOLERANCE_SHARE, DRIVE_SHARE = 0.20, 0.05, 0.10
"""Shares of the rated load: initial zero-setting range of OIML R 76-1; and the error of a load cell and of a drive's
torque that counts as implausible [chosen: a pull test adds a tenth]."""
GUIDE_REACH = 1.75
"""Height over its pack at which an end effector waits for its swing to end, in captures of its guides
(`twin.control.landing.LET_OFF_CAPTURES`)."""
SWINGS = 0.45
"""Shortest window of readings, as a share of the longest swing, which loads the ropes twice; in a shorter one the
steady reading at the bottom of a swing passes as a weight (shipped: 0.49)."""


def end_effector_problems(s: Station) -> Iterator[Problem]:
    e, limits, weight_n = s.end_effector, s.limits, G * s.limits.rated_load_kg
    speed, kg = limits.contact_speed_mps, limits.rated_load_kg
    hits = ((limits.structure_axial_n - weight_n) / speed) ** 2 / kg
    why = (
        f"the rated load on one pad presses it in by {PRESSED_M:g} m at the most, and landing at "
        "limits.contact_speed_mps stays below limits.structure_axial_n"
    )
    yield from within(s, "end_effector.contact_stiffness_n_per_m", why, weight_n / PRESSED_M, hits)
    critical = 2.0 * math.sqrt(e.contact_stiffness_n_per_m * kg)
    why = "more than critical for the rated load, 2 sqrt(contact_stiffness_n_per_m x rated_load_kg)"
    yield from within(s, "end_effector.contact_damping_ns_per_m", why, None, critical)
    yield from within(s, "end_effector.friction", "no steel or rubber rubs so hard", None, RATED_FRICTION)
    smallest = 0.25 * min(e.size_m[:2])
    why = (
        "more than flipper_clearance_m, and at most a quarter of the end effector's length; guides of such a capture "
        f"reach {GUIDE_REACH:g} times as far over the pack, within limits.creep_out_height_m"
    )
    most = min(smallest, limits.creep_out_height_m / GUIDE_REACH)
    yield from within(s, "end_effector.flipper_capture_m", why, e.flipper_clearance_m, most)
    why = "an end effector stands under the roof and is no wider than a vehicle"
    x = s.axes.x
    reach = "it keeps robots on one rail apart: no shorter than the end effector, no longer than axis x"
    yield from within(s, "robots.length_m", reach, e.size_m[0], x.position_max_m - x.position_min_m)
    for value, most in zip(e.size_m, (s.size_m[0], 3.0, s.size_m[2]), strict=True):
        if value > most:
            yield Problem("end_effector.size_m", value, why, f"at most {most:g}")


def actuators_problems(s: Station) -> Iterator[Problem]:
    scan_s = 2.0 / s.rates.plc_hz
    for name in ("grip_close_s", "grip_open_s", "lock_open_s", "lock_close_s"):
        yield from within(s, f"actuators.{name}", "no actuator is there within two PLC scans", scan_s)
    why = f"a move that takes {MOVE_TIMEOUT_S:g} s has failed"
    yield from within(s, "actuators.timeout_s", why, None, MOVE_TIMEOUT_S)
    e = s.end_effector
    why = "between end_effector.flipper_clearance_m and flipper_capture_m: grips reach no pack beside the flippers"
    yield from within(s, "actuators.grip_capture_m", why, e.flipper_clearance_m, e.flipper_capture_m)
    seated = s.limits.seated_m
    why = "a lock reaches a pack that is seated (limits.seated_m), and none that stands three times as far off"
    yield from within(s, "actuators.lock_capture_m", why, seated, 3.0 * seated)


def limits_problems(s: Station) -> Iterator[Problem]:
    li, z, scan_s = s.limits, s.axes.z, 1.0 / s.rates.plc_hz
    weight_n = G * li.rated_load_kg
    stroke = z.position_max_m - z.position_min_m
    why = "from limits.contact_zone_m to a quarter of the stroke of axis z: above it invariant 1 would never look"
    yield from within(s, "limits.creep_out_height_m", why, li.contact_zone_m, 0.25 * stroke)
    stop_m = stopping_distance(li.contact_speed_mps, z.acceleration_mps2, z.jerk_mps3, li.reaction_time_s)
    why = "axis z must stop from contact_speed_mps within it, and it lies within limits.creep_out_height_m"
    yield from within(s, "limits.contact_zone_m", why, stop_m, li.creep_out_height_m)
    why = f"creeping over limits.creep_out_height_m takes {MOVE_TIMEOUT_S:g} s at the most; no faster than axis z"
    yield from within(s, "limits.contact_speed_mps", why, li.creep_out_height_m / MOVE_TIMEOUT_S, z.velocity_mps)
    across_n = CEILING_MPS2 * (li.rated_load_kg - s.end_effector.mass_kg)
    why = "no pack that this station can lift bears more than 5 g across (UN R100)"
    yield from within(s, "limits.structure_lateral_n", why, None, across_n)
    why = "a pack carried with it must not weigh less than this: guides see 1 g across at the most before they stop"
    yield from within(s, "limits.lateral_abort_n", why, None, weight_n)
    why = "a seat bears what the drive of a table gives, or the rated load landing (1.5 x), and at most 5 g of it"
    press_force_n = z.force_limit_n if s.kind == "chassis" else 1.5 * weight_n
    yield from within(s, "limits.structure_axial_n", why, press_force_n, 5.0 * weight_n)
    yield from within(s, "limits.axial_jam_ratio", "over nominal, and a seat is no press", 1.0, 3.0)
    why = "sensor, PLC and drive take two scans at the least"
    yield from within(s, "limits.reaction_time_s", why, 2.0 * scan_s, 0.5)
    capture = s.end_effector.flipper_capture_m
    why = "beyond end_effector.flipper_capture_m it guards nothing; three standard deviations of sensors.sway_sigma_m"
    yield from within(s, "limits.sway_limit_m", why, 3.0 * s.sensors.sway_sigma_m, capture)
    why = "beyond end_effector.flipper_capture_m over half the length it guards nothing"
    yield from within(s, "limits.sway_limit_rad", why, None, capture / (0.5 * s.end_effector.size_m[1]))
    why = "a truck moved by more than end_effector.flipper_capture_m is lost; less than the encoders' step is nothing"
    yield from within(s, "limits.truck_moved_m", why, z.encoder_resolution_m, capture)
    why = "no finer than the encoder of axis z, and a third of the flippers' reach at the most"
    yield from within(s, "limits.seated_m", why, z.encoder_resolution_m, capture / 3.0)
    why = "corrections of a parked truck (limits.repark_m) are the largest that are no traverse (invariant 3)"
    yield from within(s, "limits.traverse_deadband_m", why, None, li.repark_m)
    widest = s.axes.y.position_max_m - s.axes.y.position_min_m
    yield from within(s, "limits.repark_m", "wider than the stroke of axis y", None, widest)
    turn = s.axes.yaw.position_max_rad - s.axes.yaw.position_min_rad
    yield from within(s, "limits.repark_yaw_rad", "wider than the stroke of axis yaw", None, turn)


def sensors_problems(s: Station) -> Iterator[Problem]:
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
    yield from within(s, "sensors.load_cell_weighing_s", why, max(period, readings / plc_hz), s.actuators.timeout_s)
    why = "of the rated weight: no load cell is so noisy, 1 %"
    yield from within(s, "sensors.load_cell_sigma_n", why, None, 0.01 * weight_n)
    why = "a load is seen within limits.reaction_time_s or too late"
    yield from within(s, "sensors.load_cell_filter_s", why, None, li.reaction_time_s)
    why = f"of the rated weight, {ZERO_SHARE:.0%}: initial zero-setting range, OIML R 76-1"
    yield from within(s, "sensors.load_cell_zero_window_n", why, None, ZERO_SHARE * weight_n)
    why = f"of the rated weight, {TOLERANCE_SHARE:.0%}: a pull test would not be distinguished from a drift"
    yield from within(s, "sensors.load_cell_tolerance_n", why, None, TOLERANCE_SHARE * weight_n)
    why = f"from 3 load_cell_sigma_n to {DRIVE_SHARE:.0%} of the rated weight"
    low = 3.0 * sensors.load_cell_sigma_n
    yield from within(s, "sensors.load_cell_drive_tolerance_n", why, low, DRIVE_SHARE * weight_n)
    why = f"{NOISE_SIGMAS:g} of them are below limits.lateral_warn_n"
    yield from within(s, "sensors.lateral_force_sigma_n", why, None, li.lateral_warn_n / NOISE_SIGMAS)
    why = "at most a frame a PLC scan, and scan_samples of them before a wait ends"
    yield from within(s, "scanner.rate_hz", why, scanner.scan_samples / MOVE_TIMEOUT_S, plc_hz)
    yield from within(s, "scanner.delay_s", "at most 31 PLC scans are remembered", None, 31.0 / plc_hz)
    why = "nothing that measures worse than limits.repark_m finds a seat"
    for name in ("sigma_m", "bias_m"):
        yield from within(s, f"scanner.{name}", why, None, li.repark_m)
    for name in ("sigma_rad", "bias_rad"):
        yield from within(
            s, f"scanner.{name}", "nothing that measures worse than limits.repark_yaw_rad finds a seat", None,
            li.repark_yaw_rad,
        )  # fmt: skip
