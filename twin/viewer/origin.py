"""Provenance of displayed values: measured by a station, estimated by the twin, or simulated. No drawing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

SIMULATED, ESTIMATED = "simulated", "estimated"
IMPORTED = "imported"
"""The source of a recording that was imported from a station's own log."""
ABOUT = "≈ "
"""Prefix of an estimated number."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Provenance = Mapping[str, str]
"""By name of a frame, channel or sensor; a name left out is simulated."""


def is_estimated(provenance: Provenance, name: str) -> bool:
    return provenance.get(name) == ESTIMATED


def estimated_words(provenance: Provenance) -> tuple[str, ...]:
    """Estimated parts of the picture, in words: of all robots and seats together."""
    names = [name for name, origin in provenance.items() if origin == ESTIMATED]
    found = {word for name in names if (word := _word(name))}
    return tuple(sorted(found, key=lambda word: (word not in ("truck", "packs"), word)))


def _word(name: str) -> str:
    """Word for the part of the picture that a frame or a channel moves; empty for an invisible one."""
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
    """Date and time of day (UTC) of an instant of a recording; None if its header has no valid one."""
    try:
        return EPOCH + timedelta(microseconds=t0_ns / 1000.0, seconds=t_s) if t0_ns else None
    except OverflowError:
        return None
