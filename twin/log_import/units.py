"""Units that a log may use, and their factors to SI."""

from __future__ import annotations

import math

from twin.gravity import GRAVITY_MPS2

DEG = math.pi / 180.0

UNITS: dict[str, dict[str, float]] = {
    "length": {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 1e-3, "um": 1e-6, "in": 0.0254},
    "angle": {"rad": 1.0, "mrad": 1e-3, "deg": DEG, "0.1deg": 0.1 * DEG, "0.01deg": 0.01 * DEG, "0.001deg": 1e-3 * DEG},
    "speed": {"m/s": 1.0, "cm/s": 0.01, "mm/s": 1e-3, "m/min": 1.0 / 60.0, "mm/min": 1e-3 / 60.0},
    "rate": {"rad/s": 1.0, "mrad/s": 1e-3, "deg/s": DEG, "rpm": math.pi / 30.0},
    # a load cell's reading in kg or kN: as weight
    "force": {"N": 1.0, "daN": 10.0, "kN": 1e3, "kgf": GRAVITY_MPS2, "kg": GRAVITY_MPS2, "t": 1e3 * GRAVITY_MPS2},
    "time": {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0},
    "number": {"1": 1.0, "%": 0.01},
    "switch": {"bool": 1.0},
}
"""Factor to SI by dimension and unit."""

ALIASES = {"°": "deg", "grad": "deg", "degree": "deg", "degrees": "deg", "°/s": "deg/s", "µm": "um", "μm": "um"}
ALIASES |= {"n": "N", "kn": "kN", "KN": "kN", "ton": "t", "mps": "m/s"}
ALIASES |= dict.fromkeys(("Bool", "BOOL", "boolean"), "bool")
"""Other spellings of some units."""


def dimensions_of(unit: str) -> tuple[str, ...]:
    """Possible dimensions of a unit; empty for an unknown one."""
    unit = ALIASES.get(unit, unit)
    return tuple(dimension for dimension, units in UNITS.items() if unit in units)


def factor(unit: str, dimension: str) -> float | None:
    """Factor from `unit` to SI; None if it is no unit of the dimension."""
    return UNITS[dimension].get(ALIASES.get(unit, unit))


def allowed(dimension: str) -> str:
    """List the units of a dimension in words."""
    return ", ".join(UNITS[dimension])
