"""Reads a unit from a column's name or its line of units."""

from __future__ import annotations

import re

_UNITS = (
    *("mm", "cm", "m", "µm", "km", "in", "ft"),
    *("mm/s", "cm/s", "m/s", "m/min", "mm/min", "km/h", "mm/s²", "m/s²"),
    *("deg", "rad", "mrad", "deg/s", "rad/s", "rpm"),
    *("kg", "g", "t", "N", "kN", "daN", "Nm", "kNm", "bar", "mbar", "Pa", "kPa", "MPa"),
    *("°C", "°F", "K", "V", "mV", "kV", "A", "mA", "W", "kW", "kWh", "Ah", "%", "s", "ms", "min", "h", "Hz"),
)
_OTHER_WORDS = {
    "um": "µm",
    "μm": "µm",
    "mm/sec": "mm/s",
    "mms": "mm/s",
    "mmps": "mm/s",
    "mm_s": "mm/s",
    "mm_per_s": "mm/s",
    "m_s": "m/s",
    "mps": "m/s",
    "m_per_s": "m/s",
    "mm/s2": "mm/s²",
    "m/s2": "m/s²",
    "m/s^2": "m/s²",
    "m_s2": "m/s²",
    "mm_s2": "mm/s²",
    "°": "deg",
    "grad": "deg",
    "degree": "deg",
    "degrees": "deg",
    "度": "deg",
    "°/s": "deg/s",
    "deg_s": "deg/s",
    "rad_s": "rad/s",
    "1/min": "rpm",
    "u/min": "rpm",
    "kgs": "kg",
    "to": "t",
    "degc": "°C",
    "℃": "°C",
    "pct": "%",
    "percent": "%",
    "sec": "s",
    "毫米": "mm",
    "米": "m",
    "公斤": "kg",
    "吨": "t",
}
_BRACKETS = re.compile(r"[\[({<]\s*([^\[\](){}<>]{1,12}?)\s*[\])}>]\s*$")
_SHORTEST_SUFFIX = {"m", "g", "t", "h", "A", "V", "K", "W", "in", "to"}
"""Too short or too common as a unit after a point: accepted only after an underscore, a blank or a slash."""


def unit_of(text: str) -> str:
    """Unit of a text in a line of units or between brackets; empty if it is none."""
    word = text.strip().strip("[](){}<>").strip()
    if word in _UNITS:
        return word
    lower = word.lower()
    if lower in _OTHER_WORDS:
        return _OTHER_WORDS[lower]
    return next((unit for unit in _UNITS if unit.lower() == lower), "")


def unit_in_name(name: str) -> str:
    """Unit at the end of a column's name: `Pos [mm]`, `Load (kg)`, `yaw_deg`, `X/mm`, `Speed mm/s`."""
    match = _BRACKETS.search(name)
    if match:
        return unit_of(match[1]) or match[1]
    for size in (3, 2, 1):  # words after an underscore, as in vel_mm_s
        parts = name.split("_")
        if len(parts) > size and (unit := unit_of("_".join(parts[-size:]))):
            return unit
    for separator in (" in ", " ", "/", ".", "-"):
        _, found, last = name.partition(separator) if separator == "/" else name.rpartition(separator)
        unit = unit_of(last) if found else ""
        if unit and not (separator in ".-" and last in _SHORTEST_SUFFIX):
            return unit
    return ""
