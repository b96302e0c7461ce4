"""Plausibility of a station's times, its parked trucks and its lane."""

from __future__ import annotations

import math
from collections.abc import Iterator

from twin.catalogue.derived import Problem
from twin.catalogue.plausible.ranges import ASIDE_M, LEAN_RAD, RATED_FRICTION, TURN_RAD, within
from twin.catalogue.schema import Station
from twin.catalogue.schema.approach import Approach

LONGEST_FIXED_S = 3600.0


def times_and_parking_problems(s: Station) -> Iterator[Problem]:
    for name in type(s.times).model_fields:
        yield from within(s, f"times.{name}", "no fixed phase takes an hour", None, LONGEST_FIXED_S)
    most = {
        "x_m": ASIDE_M,
        "y_m": ASIDE_M,
        "z_m": 0.5,
        "yaw_rad": TURN_RAD,
        "roll_rad": LEAN_RAD,
        "pitch_rad": LEAN_RAD,
    }
    for name, high in most.items():
        yield from within(s, f"parking.clip.{name}", "no truck parked so is in the bay", None, high)


def approach_problems(s: Station, lane: Approach) -> Iterator[Problem]:
    why = "a lane in walking pace"
    yield from within(s, "approach.start_distance_m", why, 1.0, 200.0)
    yield from within(s, "approach.speed_limit_mps", why, 0.1, 5.0)
    yield from within(s, "approach.start_y_sigma_m", why, None, 2.0)
    yield from within(s, "approach.start_yaw_sigma_rad", why, None, 0.35)
    for i, rail in enumerate(lane.rails):
        for name, low, high in (("gap_m", 2.0, 4.0), ("flare_width_m", 0.0, 2.0), ("flare_length_m", 0.1, 20.0)):
            if not low <= getattr(rail, name) <= high:
                why = "rails for wheels of trucks"
                yield Problem(f"approach.rails[{i}].{name}", getattr(rail, name), why, f"{low:g} to {high:g}")
    yield from within(s, "approach.lidar.baseline_m", "the width of a cab front", 1.0, 3.0)
    contacts = {"approach.rail_contact": lane.rail_contact}
    if lane.wheel_stop is not None:
        contacts["approach.wheel_stop.contact"] = lane.wheel_stop.contact
        yield from within(s, "approach.wheel_stop.setting_m", why, None, ASIDE_M)
    for key, contact in contacts.items():
        why = "a tyre against steel: 0.1 to 10 MN/m"
        yield from within(s, f"{key}.stiffness_n_per_m", why, 1e5, 1e7)
        critical = 2.0 * math.sqrt(contact.stiffness_n_per_m * 1000.0)
        why = "more than critical for a wheel of 1 t, 2 sqrt(stiffness_n_per_m x 1000 kg)"
        yield from within(s, f"{key}.damping_ns_per_m", why, None, critical)
        yield from within(s, f"{key}.friction", "no tyre rubs so hard on steel", None, RATED_FRICTION)
    yield from within(s, "approach.rail_force_limit_n", "the load of no wheel", 1e3, 2e5)
    lidar = lane.lidar
    yield from within(s, "approach.lidar.rate_hz", "a scanner of vehicles", 0.5, 1000.0)
    yield from within(s, "approach.lidar.delay_s", "a truck in walking pace is elsewhere by then", None, 2.0)
    yield from within(s, "approach.lidar.sigma_m", "no scanner of vehicles is so bad", None, 0.5)
    yield from within(s, "approach.lidar.sigma_rad", "no scanner of vehicles is so bad", None, 0.2)
    share = 0.5 / lidar.range_max_m
    yield from within(s, "approach.lidar.sigma_m_per_m", "half a metre at range_max_m", None, share)
    share = 0.2 / lidar.range_max_m
    yield from within(s, "approach.lidar.sigma_rad_per_m", "0.2 rad at range_max_m", None, share)
    for weather in ("clear", "night", "rain"):
        key = f"approach.lidar.{weather}"
        yield from within(s, f"{key}.noise_factor", "no weather makes of noise", 0.1, 100.0)
        yield from within(s, f"{key}.bias_m", "no scanner of vehicles is so bad", None, 0.5)
        yield from within(s, f"{key}.tyre_friction_factor", "on less no truck holds the slope of a yard", 0.05)
