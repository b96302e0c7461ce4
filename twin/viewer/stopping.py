"""How a station came to rest after a trip: what moved, how high, with which load, and the way each axis still went."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.incident import amount, amounts
from twin.incident.facts import DRIVES
from twin.viewer.origin import is_estimated
from twin.viewer.source import SAME_S, Source

AXES = ("x", "y", "z", "yaw")
LOOKED_AT_S = 12.0
"""After a trip; the longest stop of any station takes a few seconds."""
REST = {"m": 10e-3, "rad": 5e-3}
"""An axis slower than this (m/s, rad/s) stands still [chosen: a swinging load moves a braked one by less]."""
MOVES = {"m": 20e-3, "rad": 20e-3}
"""What moves no faster than this is not worth a word [chosen]."""
AT_ONCE_S = 0.05
MEASURED = {"load": ("load_cell_n",), "lateral force": ("lateral_x_n", "lateral_y_n")}
ABOUT_S = 1.0
"""Before and after an alarm: a log's lines and its alarms have clocks of their own [chosen]."""


class _Axis(NamedTuple):
    """One axis from a trip on: speed at the trip, farthest it still went, the way allowed (SI units), when it stood."""

    name: str
    unit: str
    speed: float
    way: float
    allowed: float
    rest_s: float | None


def stop_lines(source: Source, trip_s: float) -> tuple[str, ...]:
    """Sentences about each robot that moved at `trip_s`, or one that says that none did.

    Empty where the recording has no axes or ends with the trip.
    """
    several = source.layout.robots > 1
    lines: list[str] = []
    known = False
    for robot in range(source.layout.robots):
        axes = _axes_of(source, robot, trip_s)
        known = known or axes is not None
        moved = [axis for axis in axes or () if abs(axis.speed) > MOVES[axis.unit]]
        if not moved:
            continue
        whose = f"robot {robot + 1}: " if several else ""
        lines.append(f"{whose}{_stop(moved, trip_s)}{_where(source, robot, trip_s)}")
    if known and not lines:
        told = [_where(source, robot, trip_s).lstrip("; ") for robot in range(source.layout.robots)]
        each = [f"robot {k + 1}: {text}" if several else text for k, text in enumerate(told) if text]
        lines = ["; ".join(["all axes stood still or crept", *each])]
    return tuple(lines)


def measured_lines(source: Source, alarm_s: float) -> tuple[str, ...]:
    """Of a log: the largest load and lateral force that its sensors had about an alarm, which names but a limit."""
    told = []
    for robot in range(source.layout.robots):
        for what, parts in MEASURED.items():
            names = [f"robot{robot}/{part}" for part in parts]
            if any(n not in source.names.sensors or is_estimated(source.provenance, n) for n in names):
                continue
            samples = source.recording.sensors(alarm_s - ABOUT_S, alarm_s + ABOUT_S, names=names)
            sizes = np.sqrt((samples.values**2).sum(axis=1))
            sizes = sizes[np.isfinite(sizes)]
            if len(sizes):
                told.append(f"{what} up to {amount(float(sizes.max()), 'N')}")
    return (f"measured within {ABOUT_S:g} s of it: {', '.join(told)}",) if told else ()


def _axes_of(source: Source, robot: int, trip_s: float) -> list[_Axis] | None:
    """The robot's axes; None where they are not recorded after the trip."""
    station = source.layout.station.axes
    found = []
    for name in AXES:
        unit = "rad" if name == "yaw" else "m"
        stem = f"robot{robot}/{name}"
        wanted = (f"{stem}/position_{unit}", f"{stem}/velocity_{unit}ps")
        limits = getattr(station, name, None)
        if limits is None or any(channel not in source.recording.channel_names for channel in wanted):
            continue
        end_s = min(trip_s + LOOKED_AT_S, source.end_s)
        samples = source.recording.states(trip_s - 2.0 * source.sample_s, end_s, names=list(wanted))
        first = int(np.searchsorted(samples.t_s, trip_s + SAME_S, side="right")) - 1
        if first < 0 or first >= len(samples.t_s) - 1:
            return None
        position, speed = samples.values[first:, 0], samples.values[first:, 1]
        fast = np.flatnonzero(np.abs(speed) > REST[unit])
        last = int(fast[-1]) + 1 if len(fast) else 0
        stood = last < len(speed)
        rest_s = float(samples.t_s[first + last]) if stood else None
        way = float(np.abs(position - position[0]).max())
        found.append(_Axis(name, unit, float(speed[0]), way, getattr(limits, f"stopping_distance_{unit}"), rest_s))
    return found or None


def _stop(moved: list[_Axis], trip_s: float) -> str:
    """`x 0.53 m/s, stopped within 0.56 m of 1.90 m allowed; …; at rest 1.9 s later`."""
    parts = []
    for axis in moved:
        speed, (way, allowed) = amount(abs(axis.speed), f"{axis.unit}/s"), amounts((axis.way, axis.allowed), axis.unit)
        stopped = "stopped within" if axis.rest_s is not None else "so far"
        at_once = axis.rest_s is not None and axis.rest_s - trip_s <= AT_ONCE_S
        said = "stopped at once" if at_once else f"{stopped} {way} of {allowed} allowed"
        parts.append(f"{axis.name} {speed}, {said}")
    rests_s = [axis.rest_s for axis in moved if axis.rest_s is not None]
    if len(rests_s) == len(moved) and max(rests_s) - trip_s > AT_ONCE_S:
        parts.append(f"at rest {amount(max(rests_s) - trip_s, 's')} later")
    return "; ".join(parts)


def _where(source: Source, robot: int, trip_s: float) -> str:
    """Height and load, as the end of a sentence."""
    snapshot = source.snapshot(trip_s)
    drive = DRIVES[source.layout.station.kind]
    parts = []
    for name, said in ((f"robot{robot}/z/position_m", f"{drive} at {{}}"), (f"robot{robot}/load_n", "load {}")):
        if name in source.recording.channel_names:
            parts.append(said.format(amount(float(snapshot.value(name)), "m" if "position" in name else "N")))
    return "".join(f"; {part}" for part in parts)
