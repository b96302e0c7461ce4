"""The loads of top_lift on their ropes, their tilt, and the step modes of the reduced-order plant."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.physics import rig
from tests.physics.rom_bench import FULL_RATE, LONG_STEP, RomBench
from twin.records import EPITCH, EROLL

Array = np.ndarray
G = rig.GRAVITY_MPS2
STEP_MODES: dict[str, Any] = {"argvalues": [LONG_STEP, FULL_RATE], "ids": ["long_step", "full_rate"]}
LOADS: dict[str, Any] = {"argvalues": [None, rig.OLD], "ids": ["empty", "cab_282"]}
HUNG_KG = {None: 450.0, rig.OLD: 3450.0}
COM_BELOW_GRIP_M = {None: -0.07, rig.OLD: (3000.0 * 0.9 - 450.0 * 0.07) / 3450.0}
"""Of spreader and pack under the grip plane: the spreader's 0.07 m above it, the pack's 0.9 m below."""
ROPE_SPACING_M = (0.5, 1.1)
"""Of the ropes off the middle, along x and y."""
TILT = (EPITCH, EROLL)
"""The joint that turns a load as it sways along x, y."""
TILT_SIGN = (-1.0, 1.0)
EA_N = 4.0 * 8.0e6


def tilt_stiffness(load: int | None, axis: int, rope_m: float) -> float:
    """Tilt stiffness about axis 0 (x) or 1 (y): 4 E A b^2 / L + m g h, ropes b off the middle, load h under them."""
    return EA_N * ROPE_SPACING_M[axis] ** 2 / rope_m + HUNG_KG[load] * G * COM_BELOW_GRIP_M[load]


def leaning(load: int | None, axis: int, rope_m: float) -> float:
    """Additional sway of a load's centre of mass relative to the ropes' ends: f = m g h^2 / (L k)."""
    return HUNG_KG[load] * G * COM_BELOW_GRIP_M[load] ** 2 / rope_m / tilt_stiffness(load, axis, rope_m)


def hang_aside(plant: RomBench, load: int | None, rope_m: float, axis: int, sway_m: float, **at: float) -> float:
    """Hang a load at rest, `sway_m` aside with its equilibrium tilt, so that it does not rock; returns the tilt in
    rad."""
    rig.hang(plant, load, rope_m, **{"sway_x_m" if axis == 0 else "sway_y_m": sway_m}, **at)
    pull_n = HUNG_KG[load] * G * sway_m / rope_m
    tilt_rad = TILT_SIGN[axis] * pull_n * COM_BELOW_GRIP_M[load] / tilt_stiffness(load, axis, rope_m)
    rig.place_axes(plant, **{"epitch" if axis == 0 else "eroll": tilt_rad})
    return tilt_rad


def peaks(x: Array) -> Array:
    """Heights of the upper turning points, each by the parabola through three samples."""
    i = np.flatnonzero((x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:])) + 1
    before, at, after = x[i - 1], x[i], x[i + 1]
    return at - (before - after) ** 2 / (8.0 * (before - 2.0 * at + after))
