"""A timing set as a machine's parameters: one row per phase, axis and quantity, in the units of a drive or PLC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twin.catalogue import Station, TimingSet
from twin.catalogue.schema import MECHANICAL, AxisTiming, PhaseTiming

AXES = ("x", "y", "z", "yaw")
EMPTY, LOADED = "empty", "loaded"
LOADS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("lower", "raise", "grip", "traverse_to_full", "clear"), (EMPTY,)),
    "pick": (EMPTY, LOADED),
}
"""What the end effector carries in a phase; phases that are not named: a pack."""
OWN_SHARE = "station"
"""Share of the weight that a set leaves to the control program of the station's kind."""
QUANTITIES = ("velocity", "acceleration", "jerk")
_UNITS = {"velocity": "mps", "acceleration": "mps2", "jerk": "mps3"}
_SHOWN = {"mps": "m/s", "mps2": "m/s2", "mps3": "m/s3", "radps": "rad/s", "radps2": "rad/s2", "radps3": "rad/s3"}
_OF_PHASE = {
    "settle_threshold_m": "m",
    "settle_dwell_s": "s",
    "creep_height_m": "m",
    "creep_speed_mps": "m/s",
    "creep_height_per_scatter": "m/m",
    "overlap_s": "s",
    "blending": "",
}


@dataclass(frozen=True)
class Row:
    """One parameter: `axis` and `load` are empty where they do not apply; `value` is a number, a word or a bool."""

    phase: str
    axis: str
    load: str
    name: str
    unit: str
    value: float | str | bool


def rows_of(timing: TimingSet, station: Station) -> list[Row]:
    """All parameters of a timing set at a station, phase by phase: speeds in SI units, not as fractions.

    The first row is the whole set's, without a phase. All sets of a station have the same rows in the same order.
    """
    of_phases = (row for phase in MECHANICAL[station.kind] for row in _of_phase(phase, timing.of(phase), station))
    return [Row("", "", "", "planning", "", timing.planning), *of_phases]


def _of_phase(phase: str, of: PhaseTiming, station: Station) -> Iterator[Row]:
    for axis in AXES:
        limits = getattr(station.axes, axis)
        own: AxisTiming = getattr(of, axis) or AxisTiming()
        for quantity in QUANTITIES:
            share = getattr(own, f"{quantity}_fraction") or getattr(of, f"{quantity}_fraction")
            unit = _UNITS[quantity].replace("mps", "radps") if axis == "yaw" else _UNITS[quantity]
            for load in LOADS.get(phase, (LOADED,)):
                suffix = "_empty" if load == EMPTY and quantity != "jerk" else ""
                limit = getattr(limits, f"{quantity}{suffix}_{unit}")
                yield Row(phase, axis, load, quantity, _SHOWN[unit], share * limit)
        if axis in ("x", "y"):
            shaper = own.shaper or of.shaper
            hz = own.shaper_frequency_hz if own.shaper is not None else of.shaper_frequency_hz
            yield Row(phase, axis, "", "shaper", "", shaper)
            yield Row(phase, axis, "", "shaper_frequency", "Hz", hz if hz is not None else "rope length")
    for name, unit in _OF_PHASE.items():
        value: Any = getattr(of, name)
        yield Row(phase, "", "", name.removesuffix(f"_{unit.replace('/', 'p')}"), unit, value)
    if phase == "unlock":
        yield Row(phase, "", "", "weight_share", "", of.weight_share if of.weight_share is not None else OWN_SHARE)
