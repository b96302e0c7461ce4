"""Shortest times of motion of one axis within its limits, in closed form or by the planner of the drives."""

from __future__ import annotations

from math import asin, sin, sqrt
from typing import NamedTuple

from twin.catalogue.schema import LinearAxis, RotaryAxis, Station
from twin.motion.profile import (
    duration_s,
    evaluate,
    new_profile,
    plan_velocity,
    plan_with_creep,
    rest_to_rest_duration,
    rest_to_rest_peak_speed,
    speed_change_distance,
    speed_change_times,
)
from twin.records import AXES, YAW


class Limits(NamedTuple):
    """Velocity, acceleration and jerk of one axis, in u/s, u/s2, u/s3 (u: m or rad)."""

    v: float
    a: float
    j: float

    def up_to(self, speed: float) -> Limits:
        """The same axis at no more than `speed`."""
        return self._replace(v=min(speed, self.v))


def axis_limits(station: Station, k: int, *, loaded: bool) -> Limits:
    """Limits of axis `k` with or without a pack."""
    axis: LinearAxis | RotaryAxis = getattr(station.axes, AXES[k])
    suffix = "" if loaded else "_empty"
    units = ("radps", "radps2", "radps3") if k == YAW else ("mps", "mps2", "mps3")
    names = (f"velocity{suffix}_{units[0]}", f"acceleration{suffix}_{units[1]}", f"jerk_{units[2]}")
    return Limits(*(float(getattr(axis, name)) for name in names))


def reach_s(distance: float, limits: Limits) -> float:
    """Shortest time in which an axis from rest covers `distance` >= 0, at any final speed.

    The axis only accelerates: jerk up, full acceleration, jerk down to full speed, cruise. By symmetry in time it is
    also the shortest time in which it covers its last `distance` before a stop.
    """
    v, a, j = limits
    if distance <= 0.0:
        return 0.0
    peak = min(a, sqrt(j * v))  # acceleration that it reaches
    ramp_s = peak / j
    first = peak * ramp_s * ramp_s / 6.0  # jerk up
    if distance <= first:
        return (6.0 * distance / j) ** (1.0 / 3.0)
    hold_s = max(v / peak - ramp_s, 0.0)
    ramped = 0.5 * peak * ramp_s  # speed after it, and short of full speed before jerk down
    held = hold_s * (ramped + 0.5 * peak * hold_s)
    if distance <= first + held:
        return ramp_s + (sqrt(ramped * ramped + 2.0 * peak * (distance - first)) - ramped) / peak
    rise_s = 2.0 * ramp_s + hold_s
    left = 0.5 * v * rise_s - distance
    if left <= 0.0:
        return rise_s - left / v
    # Jerk down, seen from its end: left = v s - j s^3 / 6, the smallest root by the trigonometric form of the cubic.
    root = sqrt(2.0 * v / j)
    return rise_s - 2.0 * root * sin(asin(min(3.0 * left / (j * root**3), 1.0)) / 3.0)


def rest_to_rest_s(distance: float, limits: Limits) -> float:
    """Shortest time from rest to rest over `distance` of either sign."""
    return float(rest_to_rest_duration(abs(distance), *limits))


def window_s(distance: float, limits: Limits, deadband: float) -> float:
    """Least time a carried pack spends at clearance height for a sideways move over `distance` of either sign.

    The first `deadband` may be covered before (the axis then rests again: permissives refuse a longer move down there),
    and the pack may come down again once only `deadband` is left.
    """
    move = abs(distance) - deadband
    rest = move - deadband
    if rest <= 0.0:
        return 0.0
    fastest = limits._replace(v=min(limits.v, float(rest_to_rest_peak_speed(move, limits.a, limits.j))))
    if rest <= 0.5 * move:
        return reach_s(rest, fastest)
    return rest_to_rest_s(move, limits) - reach_s(deadband, fastest)


# --------------------------------------------------------------------------------------------- with a speed at one end


def go_on_s(distance: float, speed: float, limits: Limits) -> float:
    """Shortest time in which an axis that cruises at `speed` > 0 covers `distance` >= 0, at any final speed.

    By symmetry in time it is also the shortest time over the last `distance` before it cruises at `speed`.
    """
    if distance <= 0.0:
        return 0.0
    profile = new_profile()
    plan_velocity(profile, 0.0, min(speed, limits.v), 0.0, limits.v, limits.a, limits.j)
    low, high = distance / limits.v, distance / min(speed, limits.v)
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if float(evaluate(profile, middle)[0]) < distance else (low, middle)
    return high


def approach_s(distance: float, speed: float, limits: Limits) -> float:
    """Shortest time from rest over `distance` >= 0 to cruising at no more than `speed`."""
    slow = limits.up_to(speed)
    if distance <= float(speed_change_distance(0.0, slow.v, limits.a, limits.j)):
        return reach_s(distance, slow)
    profile = new_profile()
    stop_m = float(speed_change_distance(slow.v, 0.0, limits.a, limits.j))
    plan_with_creep(profile, 0.0, distance, distance + stop_m, limits.v, slow.v, limits.a, limits.j)
    jerk_s, constant_s = speed_change_times(slow.v, limits.a, limits.j)
    return float(duration_s(profile)) - float(2.0 * jerk_s + constant_s)


def leave_s(creep: float, distance: float, speed: float, limits: Limits) -> tuple[float, float]:
    """Shortest times from rest over `creep` and over `distance`, at no more than `speed` over the first of them.

    Where `creep` is too short to reach that speed, its limit is not counted.
    """
    slow = limits.up_to(speed)
    if distance <= creep:
        return (reach_s(distance, slow),) * 2
    if creep <= float(speed_change_distance(0.0, slow.v, limits.a, limits.j)):
        return reach_s(creep, limits), reach_s(distance, limits)
    slow_s = reach_s(creep, slow)
    return slow_s, slow_s + go_on_s(distance - creep, slow.v, limits)
