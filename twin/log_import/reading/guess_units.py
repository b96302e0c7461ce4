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
_SPELLINGS = {
    "mm": "毫米",
    "m": "米",
    "µm": "um μm",
    "mm/s": "mm/sec mms mmps mm_s mm_per_s",
    "m/s": "m_s mps m_per_s",
    "mm/s²": "mm/s2 mm_s2",
    "m/s²": "m/s2 m/s^2 m_s2",
    "deg": "° grad degree degrees 度",
    "deg/s": "°/s deg_s",
    "rad/s": "rad_s",
    "rpm": "1/min u/min",
    "kg": "kgs 公斤",
    "t": "to 吨",
    "°C": "degc ℃",
    "%": "pct percent",
    "s": "sec",
}
_OTHER_WORDS = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
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
