"""Plausibility of trucks and packs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from twin.catalogue.derived import Problem
from twin.catalogue.plausible.ranges import PRESSED_M, RATED_FRICTION, TURN_RAD, G, within
from twin.catalogue.schema import Pack, Truck


def truck_problems(t: Truck) -> Iterator[Problem]:
    kg, base = t.sprung_mass_kg, t.wheelbase_m
    yield from within(t, "sprung_mass_kg", "lighter than a van or heavier than a road bears", 2000.0, 60000.0)
    yield from within(t, "unsprung_mass_kg", "from 3 % to the whole of sprung_mass_kg", 0.03 * kg, kg)
    yield from within(t, "pack_mass_limit_kg", "more than the truck itself", None, kg)
    yield from within(t, "wheelbase_m", "no truck has it", 1.5, 12.0)
    yield from within(t, "tyre_friction", "rubber on a road", 0.05, 1.2)
    share = (t.sprung_com_m[0] - t.rear_axle.x_m) / base
    for name, part in (("front_axle", share), ("rear_axle", 1.0 - share)):
        axle_n = max(part * kg * G, 0.05 * kg * G)
        why = f"the {axle_n / G:.0f} kg of body on it would press the springs in by less than 5 mm or more than 0.4 m"
        yield from within(t, f"{name}.stiffness_n_per_m", why, axle_n / 0.4, axle_n / 0.005)
        yield from within(t, f"{name}.spring_base_m", "0.3 m to the width of the truck", 0.3, t.outline.width_m)
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
    yield from within(t, "outline.width_m", "no vehicle has it (GB 1589: 2.55 m)", 1.5, 2.6)
    for name in ("cab_height_m", "frame_height_m"):
        yield from within(t, f"outline.{name}", "no truck has it", 0.3, 4.5)
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
        yield from within(t, "driving.trailer.mass_kg", "no trailer has it", 1000.0, 100000.0)
        yield from within(t, "driving.trailer.wheelbase_m", "no trailer has it", 2.0, 15.0)
        length = trailer.wheelbase_m
        why = "radius of gyration from a tenth of its wheelbase_m to the whole"
        low, high = trailer.mass_kg * (0.1 * length) ** 2, trailer.mass_kg * length**2
        yield from within(t, "driving.trailer.yaw_inertia_kgm2", why, low, high)
        yield from within(t, "driving.trailer.brake_delay_s", "no brake has it", None, 2.0)
    for key, group in groups.items():
        yield from within(t, f"{key}.spacing_m", "no bogie has it", 0.5 if group.axles > 1 else None, 3.0)
        yield from within(t, f"{key}.tyre_outer_width_m", "no vehicle has it (GB 1589: 2.55 m)", 1.2, 2.6)
        yield from within(t, f"{key}.cornering_per_rad", "no tyre has it: 0.02 to 0.5 of its load a degree", 1.1, 29.0)
    yield from within(t, "driving.tyre_radius_m", "no truck tyre has it", 0.25, 0.9)
    yield from within(t, "driving.relaxation_length_m", "no tyre has it", 0.05, 3.0)
    yield from within(t, "driving.rolling_resistance", "no tyre on a road has it", None, 0.1)
    yield from within(t, "driving.steering_rate_limit_radps", "no steering has it", 0.02, 5.0)
    for name in ("steering_lag_s", "drive_lag_s", "brake_lag_s"):
        yield from within(
            t, f"driving.{name}", "longer lags than 2 s stop no truck, and none is below 10 ms", 0.01, 2.0
        )
    yield from within(t, "driving.brake_delay_s", "no brake has it", None, 2.0)
    why = "from 1 m/s2 to what tyre_friction gives"
    yield from within(t, "driving.brake_limit_mps2", why, 1.0, max(grips_mps2, 1.0))
    why = "moves it on the level, and no more than tyre_friction passes on"
    low = 2.0 * d.rolling_resistance * kg * G
    yield from within(t, "driving.drive_force_limit_n", why, low, max(low, grips_mps2 * kg))
    yield from within(t, "driving.drive_power_limit_w", "no truck has it", 1e4, 2e6)


def pack_problems(p: Pack) -> Iterator[Problem]:
    volume = math.prod(p.size_m)
    why = f"of a pack of {volume:.3g} m3: 100 to 5000 kg/m3"
    yield from within(p, "mass_kg", why, 100.0 * volume, 5000.0 * volume)
    for name in ("mass_min_kg", "mass_max_kg"):
        yield from within(p, name, "half to twice of mass_kg", 0.5 * p.mass_kg, 2.0 * p.mass_kg)
    why = "20 to 500 Wh/kg of mass_kg"
    yield from within(p, "energy_kwh", why, 0.02 * p.mass_kg, 0.5 * p.mass_kg)
    g, weight_n = p.guides, G * p.mass_kg
    why = f"the pack's weight on one pin presses it in by {PRESSED_M:g} m at the most; and no steel pin has 1 GN/m"
    yield from within(p, "guides.stiffness_n_per_m", why, weight_n / (5.0 * PRESSED_M), 1e9)
    critical = 2.0 * math.sqrt(g.stiffness_n_per_m * p.mass_kg)
    why = "more than critical for the pack, 2 sqrt(stiffness_n_per_m x mass_kg)"
    yield from within(p, "guides.damping_ns_per_m", why, None, critical)
    yield from within(p, "guides.friction", "no steel rubs so hard", None, RATED_FRICTION)
    smallest = min(p.size_m[:2])
    yield from within(p, "guides.pin_diameter_m", "no guide pin of this pack has it", 0.01, 0.25 * smallest)
    yield from within(p, "guides.capture_m", "a quarter of the pack's length", None, 0.25 * smallest)
    yield from within(p, "guides.slot_length_m", "a slot wider than the lead-in guides nothing", None, g.capture_m)
    apart = math.dist(g.round_xy_m, g.slotted_xy_m)
    if apart < 0.25 * max(p.size_m[:2]):
        why = "so close to round_xy_m that the pins hold no yaw: distance"
        yield Problem("guides.slotted_xy_m", apart, why, f"at least {0.25 * max(p.size_m[:2]):.4g}")
    c = p.coupler
    yield from within(p, "coupler.mate_force_n", "more than the pack weighs: it would not mate", None, weight_n)
    yield from within(p, "coupler.float_m", "farther than the guides catch", None, g.capture_m)
    yield from within(p, "coupler.float_rad", "10 deg", None, TURN_RAD)
    why = "at the end of float_m it pushes harder than the coupler mates"
    yield from within(p, "coupler.float_stiffness_n_per_m", why, None, max(c.mate_force_n, 1.0) / c.float_m)
    each, locks = p.mass_max_kg * G / len(p.locks.xy_m), len(p.locks.xy_m)
    why = f"{locks} locks hold twice the pack's weight at least, and none is made for fifty times"
    yield from within(p, "locks.strength_n", why, 2.0 * each, 50.0 * each)
