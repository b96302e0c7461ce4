"""Analyses samples about an incident: the stop after a trip, and the end of a drive into the bay."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.amounts import DRIVES, amount, amounts
from twin.viewer.origin import is_estimated
from twin.viewer.snapshot import Snapshot
from twin.viewer.source import SAME_S, Source

AXES = ("x", "y", "z", "yaw")
LOOKED_AT_S = 12.0
"""Time after a trip; the longest stop of any station takes a few seconds."""
REST = {"m": 10e-3, "rad": 5e-3}
"""An axis slower than this (m/s, rad/s) stands still [chosen: a swinging load moves a braked one by less]."""
MOVES = {"m": 20e-3, "rad": 20e-3}
"""Slower motion is not mentioned [chosen]."""
AT_ONCE_S = 0.05
MEASURED = {"load": ("load_cell_n",), "lateral force": ("lateral_x_n", "lateral_y_n")}
ABOUT_S = 1.0
"""Time before and after an alarm: a log's lines and its alarms have different clocks [chosen]."""


class _Axis(NamedTuple):
    """One axis after a trip: position and speed at the trip, stopping distance and its limit, time of standstill."""

    name: str
    unit: str
    at: float
    speed: float
    way: float
    allowed: float
    rest_s: float | None


def stop_lines(source: Source, trip_s: float) -> tuple[str, ...]:
    """A sentence about each robot that moved at `trip_s`, or one that none did.

    Empty if the recording has no axes or ends with the trip.
    """
    several = source.layout.robots > 1
    moving: list[str] = []
    standing: list[str] = []
    for robot in range(source.layout.robots):
        axes = _axes_of(source, robot, trip_s)
        moved = [axis for axis in axes if abs(axis.speed) > MOVES[axis.unit]]
        parts = [*_stop(moved, trip_s), *_height_and_load(source, robot, axes, trip_s)]
        if axes:
            whose = f"robot {robot + 1}: " if several else ""
            (moving if moved else standing).append(whose + "; ".join(parts))
    if standing and not moving:
        return ("; ".join(["all axes stood still or crept", *standing]),)
    return tuple(moving)


def measured_lines(source: Source, alarm_s: float) -> tuple[str, ...]:
    """For a log: the largest measured load and lateral force about an alarm, which only has a limit."""
    measured = []
    for robot in range(source.layout.robots):
        for what, parts in MEASURED.items():
            names = [f"robot{robot}/{part}" for part in parts]
            if any(n not in source.names.sensors or is_estimated(source.provenance, n) for n in names):
                continue
            samples = source.recording.sensors(alarm_s - ABOUT_S, alarm_s + ABOUT_S, names=names)
            sizes = np.sqrt((samples.values**2).sum(axis=1))
            sizes = sizes[np.isfinite(sizes)]
            if len(sizes):
                measured.append(f"{what} up to {amount(float(sizes.max()), 'N')}")
    return (f"measured within {ABOUT_S:g} s of it: {', '.join(measured)}",) if measured else ()


def drive_lines(source: Source, at_s: float) -> tuple[str, ...]:
    """For a drive into the bay: the peak force at the rails if they were touched, speed, place and heading."""
    snapshot = source.snapshot(at_s)
    approach = source.layout.station.approach
    lines = []
    peak_n = snapshot.value("peak/rail_n")
    if approach is not None and peak_n > 0.0:
        peak, limit = amounts((peak_n, approach.rail_force_limit_n), "N")
        lines.append(f"rail force up to {peak}, limit {limit}{_wheel(source, snapshot)}")
    x_m, y_m, yaw_rad = (snapshot.value(f"truck/{name}") for name in ("x_m", "y_m", "yaw_rad"))
    if np.isfinite([x_m, y_m, yaw_rad]).all():
        along = f"{amount(abs(x_m), 'm')} {'before' if x_m < 0.0 else 'past'} its place"
        across = f"{amount(abs(y_m), 'm')} to the {'left' if y_m > 0.0 else 'right'}"
        turned = f"{amount(abs(yaw_rad), 'rad')} to the {'left' if yaw_rad > 0.0 else 'right'}"
        lines.append(f"{amount(snapshot.value('truck/speed_mps'), 'm/s')}; {along}, {across}, heading {turned}")
    return tuple(lines)


def _wheel(source: Source, snapshot: Snapshot) -> str:
    """The wheel with the largest rail force at this instant."""
    wheels = [name for name in source.names.channels if name.startswith("axle") and "/rail_" in name]
    hardest = max(wheels, key=snapshot.value, default="")
    if not hardest or not snapshot.value(hardest) > 0.0:
        return ""
    axle, side = hardest.split("/")
    return f"; axle {axle.removeprefix('axle')}, {side.removeprefix('rail_').removesuffix('_n')} wheel"


def _axes_of(source: Source, robot: int, trip_s: float) -> list[_Axis]:
    """The robot's axes; none if they are not recorded after the trip."""
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
        later = samples.t_s > trip_s + SAME_S
        if later.all() or not later.any():
            return []
        at = float(np.interp(trip_s, samples.t_s, samples.values[:, 0]))  # a trip may lie between two samples
        speed = float(samples.values[~later, 1][-1])
        t_s, position, speeds = samples.t_s[later], samples.values[later, 0], samples.values[later, 1]
        fast = np.flatnonzero(np.abs(speeds) > REST[unit])
        last = int(fast[-1]) + 1 if len(fast) else 0
        rest_s = float(t_s[last]) if last < len(t_s) else None
        way, allowed = float(np.abs(position - at).max()), getattr(limits, f"stopping_distance_{unit}")
        found.append(_Axis(name, unit, at, speed, way, allowed, rest_s))
    return found


def _stop(moved: list[_Axis], trip_s: float) -> list[str]:
    """`x 0.53 m/s, stopped within 0.56 m of 1.90 m allowed`, …, `at rest 1.9 s later`."""
    parts = []
    for axis in moved:
        speed, (way, allowed) = amount(abs(axis.speed), f"{axis.unit}/s"), amounts((axis.way, axis.allowed), axis.unit)
        stopped = "stopped within" if axis.rest_s is not None else "so far"
        at_once = axis.rest_s is not None and axis.rest_s - trip_s <= AT_ONCE_S
        text = "stopped at once" if at_once else f"{stopped} {way} of {allowed} allowed"
        parts.append(f"{axis.name} {speed}, {text}")
    rests_s = [axis.rest_s for axis in moved if axis.rest_s is not None]
    if rests_s and len(rests_s) == len(moved) and max(rests_s) - trip_s > AT_ONCE_S:
        parts.append(f"at rest {amount(max(rests_s) - trip_s, 's')} later")
    return parts


def _height_and_load(source: Source, robot: int, axes: list[_Axis], trip_s: float) -> list[str]:
    """`hoist at 4.83 m`, `load 33.8 kN`, if recorded."""
    drive = DRIVES[source.layout.station.kind]
    parts = [f"{drive} at {amount(axis.at, axis.unit)}" for axis in axes if axis.name == "z"]
    load_n = source.snapshot(trip_s).value(f"robot{robot}/load_n")
    return [*parts, f"load {amount(load_n, 'N')}"] if np.isfinite(load_n) else parts
