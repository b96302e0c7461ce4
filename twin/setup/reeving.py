"""Suspension of the end effector, from the station file to the springs and dampers of `twin.plants.suspension`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twin.catalogue import Pack, Station
from twin.catalogue.schema import FloatingTable, FourRope, Mast
from twin.errors import InputError
from twin.records import FLOATING_TABLE, FOUR_ROPE, MAST

EXPLICIT_DAMPING_LIMIT = 0.5
"""Upper limit of damping times step over inertia in explicit springs, for stability."""
STOP_DAMPING = 0.2
"""Damping ratio of end stops and of a table's closed float lock, with the load on them [estimate: rubber]."""


class Masses(NamedTuple):
    """Moving masses on the end effector's six springs (x, y, z, yaw, pitch, roll; kg and kg m2), loaded and empty."""

    loaded: tuple[float, ...]
    empty: tuple[float, ...]


def fill_reeving(p: Any, station: Station, pack: Pack) -> None:
    """Write springs, dampers, travels and lock of the end effector into a PARAMS record with clock and gravity set."""
    reeving, e = station.reeving, station.end_effector
    lx, ly, lz = pack.size_m
    sx, sy, sz = e.size_m
    load, kg = e.mass_kg + pack.mass_kg, e.mass_kg
    masses = Masses(
        (load, load, load)
        + (load * (lx * lx + ly * ly) / 12.0, load * (lx * lx + lz * lz) / 3.0, load * (ly * ly + lz * lz) / 3.0),
        (kg, kg, kg, kg * (sx * sx + sy * sy) / 12.0, kg * (sx * sx + sz * sz) / 12.0, kg * (sy * sy + sz * sz) / 12.0),
    )
    p["e_mass_kg"] = kg
    if isinstance(reeving, FourRope):
        _fill_ropes(p, station, reeving, masses)
    elif isinstance(reeving, Mast):
        _fill_mast(p, station, reeving, pack, masses)
    else:
        _fill_table(p, reeving, masses)


def _damping(zeta: float, stiffness: float, inertia: float, least_inertia: float, dt_s: float) -> float:
    """2 zeta sqrt(k m), limited to the stable damping of an explicit step of the unloaded end effector."""
    return min(2.0 * zeta * float(np.sqrt(stiffness * inertia)), EXPLICIT_DAMPING_LIMIT * least_inertia / dt_s)


def _dampings(zeta: float, stiffness: np.ndarray, masses: Masses, dt_s: float) -> np.ndarray:
    """`_damping` of all six springs."""
    return np.array([_damping(zeta, *each, dt_s) for each in zip(stiffness, *masses, strict=True)])


def _fill_ropes(p: Any, station: Station, ropes: FourRope, masses: Masses) -> None:
    dt, load, (e_kg, _, _, e_yaw, e_pitch, e_roll) = float(p["dt_s"]), masses.loaded[0], masses.empty
    p["reeving"], p["sheave_height_m"], p["rope_ea_n"] = FOUR_ROPE, ropes.sheave_height_m, ropes.rope_ea_n
    p["rope_half_x_m"], p["rope_half_y_m"] = ropes.spacing_x_m / 2, ropes.spacing_y_m / 2
    p["sway_zeta"] = ropes.sway_damping_ratio
    # ratio of the bounce with rated load, per rope, as a modulus: c = rope_damping / L like k = EA / L
    shortest, rated = ropes.sheave_height_m - station.axes.z.position_max_m, station.limits.rated_load_kg
    wanted = 2.0 * ropes.rope_damping_ratio * np.sqrt(4.0 * ropes.rope_ea_n / 2.5 * rated) * 2.5 / 4.0
    corner = min(e_pitch / p["rope_half_x_m"] ** 2, e_roll / p["rope_half_y_m"] ** 2, e_kg) / 4.0
    p["rope_damping"] = min(float(wanted), EXPLICIT_DAMPING_LIMIT * corner / dt * shortest)
    p["e_stiffness"][3] = ropes.torsional_stiffness_nm_per_rad
    geometric = load * float(p["gravity_mps2"]) * (p["rope_half_x_m"] ** 2 + p["rope_half_y_m"] ** 2) / 2.5
    p["e_damping"][3] = _damping(
        ropes.torsional_damping_ratio, geometric + p["e_stiffness"][3], masses.loaded[3], e_yaw, dt
    )


def _fill_mast(p: Any, station: Station, mast: Mast, pack: Pack, masses: Masses) -> None:
    dt, head = float(p["dt_s"]), mast.head
    lateral = [_mast_lateral_stiffness(station, mast, pack, w, float(p["gravity_mps2"])) for w in pack.size_m[:2]]
    tilt, vertical = mast.tilt_stiffness_nm_per_rad, mast.vertical_stiffness_n_per_m
    column = np.array([*lateral, vertical, mast.torsional_stiffness_nm_per_rad, tilt, tilt])
    sideways, twisting, tilting = (
        head.centring_stiffness_n_per_m,
        head.centring_stiffness_nm_per_rad,
        head.tilt_stiffness_nm_per_rad,
    )
    springs = np.array([sideways, sideways, np.inf, twisting, tilting, tilting])
    column_damping = _dampings(mast.damping_ratio, column, masses, dt)
    p["reeving"], p["sheave_height_m"] = MAST, mast.sheave_height_m
    p["e_stiffness"] = 1.0 / (1.0 / column + 1.0 / springs)  # in series
    p["e_damping"] = _dampings(head.damping_ratio, p["e_stiffness"], masses, dt)
    p["e_damping"][2] = column_damping[2]
    # a closed lock removes the head's springs and dampers: the column remains
    p["e_lock_stiffness"] = column - p["e_stiffness"]
    p["e_lock_damping"] = column_damping - p["e_damping"]
    p["e_travel_m"], p["e_travel_rad"] = head.travel_m, head.travel_rad
    for i, of in ((0, 0), (1, 4)):
        p["e_stop_stiffness"][i] = column[of]
        p["e_stop_damping"][i] = _damping(STOP_DAMPING, column[of], masses.loaded[of], masses.empty[of], dt)
    p["float_lock_rate"] = 1.0 / max(head.lock_time_s, dt)


def _mast_lateral_stiffness(station: Station, reeving: Mast, pack: Pack, width_m: float, gravity_mps2: float) -> float:
    """Lateral stiffness in N/m that gives the mast's first mode, with a nominal pack, the stated frequency.

    The load also tilts on the mast's end, its centre of mass h below: det(K - w^2 M) = 0 with M = [[m, m h], [m h, I]].
    """
    e, height = station.end_effector, pack.size_m[2]
    e_up, pack_down = e.size_m[2] / 2, height / 2 - pack.com_m[2]
    mass = e.mass_kg + pack.mass_kg
    moment = pack.mass_kg * pack_down - e.mass_kg * e_up
    inertia = pack.mass_kg * ((width_m**2 + height**2) / 12.0 + pack_down**2) + e.mass_kg * (
        width_m**2 / 12.0 + e_up**2
    )
    w2 = (2.0 * np.pi * reeving.frequency_hz) ** 2
    spare = reeving.tilt_stiffness_nm_per_rad + moment * gravity_mps2 - w2 * inertia
    if spare <= 0.0:
        raise InputError(
            f"the mast tilts too softly for its frequency with pack {pack.name}",
            key="reeving.tilt_stiffness_nm_per_rad",
            value=reeving.tilt_stiffness_nm_per_rad,
            allowed=f"over {reeving.tilt_stiffness_nm_per_rad - spare:.3g}",
        )
    return float(w2 * mass + (w2 * moment) ** 2 / spare)


def _fill_table(p: Any, table: FloatingTable, masses: Masses) -> None:
    dt = float(p["dt_s"])
    sideways, tilt = table.centring_stiffness_n_per_m, table.tilt_stiffness_nm_per_rad
    p["reeving"] = FLOATING_TABLE
    p["e_stiffness"] = (
        *(sideways, sideways, table.vertical_stiffness_n_per_m),
        *(table.centring_stiffness_nm_per_rad, tilt, tilt),
    )
    p["e_damping"] = _dampings(table.damping_ratio, p["e_stiffness"], masses, dt)
    p["e_travel_m"], p["e_travel_rad"] = table.travel_m, table.travel_rad
    stops = (table.stop_stiffness_n_per_m, table.stop_stiffness_nm_per_rad)
    for i, (k, of) in enumerate(zip(stops, (0, 3), strict=True)):
        p["e_stop_stiffness"][i] = k
        p["e_stop_damping"][i] = _damping(STOP_DAMPING, k, masses.loaded[of], masses.empty[of], dt)
        # a closed float lock is as stiff as the structure that carries the table
        floats = [0, 1] if i == 0 else [3]
        p["e_lock_stiffness"][floats] = k
        p["e_lock_damping"][floats] = p["e_stop_damping"][i]
    p["float_lock_rate"] = 1.0 / max(table.lock_time_s, dt)
