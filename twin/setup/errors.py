"""Errors that a station has without noticing: of its ropes, drives, guides and packs.

>>> Variation.of(conditions="clear", **error_of("drive_lag", pack))
"""

from __future__ import annotations

from twin.catalogue import Pack, Station
from twin.catalogue.schema import FourRope

ROPE_ERROR, MASS_FACTOR, FRICTIONS, DRIVE_LAG_S = 0.05, 1.05, (0.5, 2.0), 0.05
"""[chosen: rope 5 %, mass 5 %, friction halved and doubled, 50 ms]"""
NOMINAL = "nominal"
ERRORS = ("rope_longer", "drive_lag", "heavier", "rope_shorter", "friction_doubled", "friction_halved")


def errors_at(station: Station) -> tuple[str, ...]:
    """Return the errors that a station can have: of ropes only where it has some."""
    return tuple(one for one in ERRORS if isinstance(station.reeving, FourRope) or not one.startswith("rope"))


def error_of(error: str, pack: Pack) -> dict[str, float]:
    """Return the values of `twin.setup.variation.Variation` that an error, or `NOMINAL`, has."""
    return {
        NOMINAL: {},
        "rope_longer": {"rope_error": ROPE_ERROR},
        "rope_shorter": {"rope_error": -ROPE_ERROR},
        "heavier": {"pack_mass_kg": min(MASS_FACTOR * pack.mass_kg, pack.mass_max_kg)},
        "friction_halved": {"friction_factor": FRICTIONS[0]},
        "friction_doubled": {"friction_factor": FRICTIONS[1]},
        "drive_lag": {"drive_lag_s": DRIVE_LAG_S},
    }[error]
