"""Where what is shown comes from: measured by a station, estimated by the twin, or simulated. No drawing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

SIMULATED, MEASURED, ESTIMATED = "simulated", "measured", "estimated"
IMPORTED = "imported"
"""The source of a recording that was made from a station's own log."""
ABOUT = "≈ "
"""Stands before a number that is estimated."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Provenance = Mapping[str, str]
"""Of frames, channels and sensors by name; a name left out is simulated."""


def is_estimated(provenance: Provenance, name: str) -> bool:
    return provenance.get(name) == ESTIMATED


def estimated_words(provenance: Provenance) -> tuple[str, ...]:
    """What of the picture is estimated, in words: of all robots and seats together."""
    names = [name for name, origin in provenance.items() if origin == ESTIMATED]
    found = {word for name in names if (word := _word(name))}
    return tuple(sorted(found, key=lambda word: (word not in ("truck", "packs"), word)))


def _word(name: str) -> str:
    """What a person calls the part of the picture that a frame or a channel moves; empty for what is not seen."""
    owner, _, what = name.partition("/")
    if owner in ("truck", "truck_body"):
        return "truck"
    if owner.startswith("pack") and not what:
        return "packs"
    if what.startswith("lock") and what != "locked":
        return "locks"
    if not owner.startswith("robot"):
        return ""
    if what.startswith(("x/position", "y/position", "z/position", "yaw/position")):
        return f"axis {what.partition('/')[0]}"
    if what == "end_effector" or what in ("sway_x_m", "sway_y_m"):
        return "sway"
    return "grips" if what.startswith("grip") else "load" if what == "load_n" else ""


def wall_clock(t0_ns: int, t_s: float) -> datetime | None:
    """Date and time of day (UTC) of an instant of a recording; None where its header tells none that exists."""
    try:
        return EPOCH + timedelta(microseconds=t0_ns / 1000.0, seconds=t_s) if t0_ns else None
    except OverflowError:
        return None
