"""Jerk-limited motion profiles: piecewise-cubic position, planned in closed form and evaluated in nanoseconds.

Shared by all plants. All kernels are numba, allocate nothing and may be called from other kernels. A profile is one
float64 array of shape `PROFILE_SHAPE = (5, 12)`, so it nests anywhere: `profiles[world, robot, axis]` is a profile.

| row  | holds, per node i | unit |
|------|-------------------|------|
| T    | time at which segment i starts, from the start of the profile | s |
| P    | position there    | u    |
| V    | velocity there    | u/s  |
| A    | acceleration there | u/s2 |
| J    | jerk during segment i; in the last place, which no segment needs, their number n | u/s3 |

u is the metre for a linear axis and the radian for a rotary one. Nodes 0 to n-1 start a segment each; node n is the
end: its time is the duration, its acceleration and jerk are 0, its position is the target to the last bit. All zeros is
a valid profile (rest at 0). Input speeds are in u/s, accelerations in u/s2, jerks in u/s3, all limits positive.

The kernels do not check their arguments: limits must be finite and positive, positions finite.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twin.motion.kernels import inlined_kernel, kernel
from twin.records.codes import PROFILE_SHAPE, SEGMENTS

T, P, V, A, J = 0, 1, 2, 3, 4
COUNT = (J, SEGMENTS - 1)
"""Index of the number of segments: the last node starts none."""

Array = NDArray[np.float64]


def new_profile() -> Array:
    """Make an empty profile: at rest at zero."""
    return np.zeros(PROFILE_SHAPE)


@inlined_kernel
def segment_count(profile: Array) -> int:
    """Number n of segments, which is the index of the end node."""
    return int(profile[COUNT])


@kernel
def evaluate(profile: Array, t_s: float) -> tuple[float, float, float]:
    """(position, velocity, acceleration) at `t_s`: the start state before 0, constant velocity after the end."""
    n = segment_count(profile)
    if t_s <= 0.0:
        return profile[P, 0], profile[V, 0], profile[A, 0]
    if t_s >= profile[T, n]:
        v = profile[V, n]
        return profile[P, n] + v * (t_s - profile[T, n]), v, 0.0
    i = 0
    while t_s >= profile[T, i + 1]:
        i += 1
    dt, v, a, j = t_s - profile[T, i], profile[V, i], profile[A, i], profile[J, i]
    return (
        profile[P, i] + dt * (v + dt * (0.5 * a + dt * (j / 6.0))),
        v + dt * (a + dt * (0.5 * j)),
        a + dt * j,
    )


@kernel
def duration_s(profile: Array) -> float:
    """Time at which the profile reaches its end."""
    return profile[T, segment_count(profile)]


@kernel
def end_position(profile: Array) -> float:
    """Position at the end of the profile, in u."""
    return profile[P, segment_count(profile)]


@kernel
def _start(out: Array, p0: float, v0: float, a0: float) -> None:
    """Write node 0; `_append` then builds the profile and `_finish` closes it."""
    out[T, 0] = 0.0
    out[P, 0] = p0
    out[V, 0] = v0
    out[A, 0] = a0
    out[J, 0] = 0.0


@kernel
def _append(out: Array, n: int, dt_s: float, jerk: float) -> int:
    """Let segment n last `dt_s` with constant `jerk`, write node n + 1 and return its number; no time, no segment."""
    if not dt_s > 0.0:
        return n
    v, a = out[V, n], out[A, n]
    out[J, n] = jerk
    out[T, n + 1] = out[T, n] + dt_s
    out[P, n + 1] = out[P, n] + dt_s * (v + dt_s * (0.5 * a + dt_s * (jerk / 6.0)))
    out[V, n + 1] = v + dt_s * (a + dt_s * (0.5 * jerk))
    out[A, n + 1] = a + dt_s * jerk
    return n + 1


@kernel
def _pin(out: Array, n: int, p: float, v: float) -> None:
    """Set node n to exactly (p, v, 0), removing the rounding of the summed segments."""
    out[P, n] = p
    out[V, n] = v
    out[A, n] = 0.0


@kernel
def _finish(out: Array, n: int, p: float, v: float) -> None:
    """Make node n the end, at exactly (p, v, 0), and clear the rest of an earlier plan."""
    _pin(out, n, p, v)
    out[J, n] = 0.0
    for row in range(J + 1):
        for i in range(n + 1, SEGMENTS):
            out[row, i] = 0.0
    out[COUNT] = n


@kernel
def speed_change_times(dv: float, a_max: float, j_max: float) -> tuple[float, float]:
    """Fastest change of speed by `dv` >= 0 with a = 0 at both ends: s per jerk phase, s at constant acceleration."""
    if dv * j_max < a_max * a_max:
        return sqrt(dv / j_max), 0.0
    jerk_s = a_max / j_max
    return jerk_s, max(dv / a_max - jerk_s, 0.0)


@kernel
def speed_change_distance(v_from: float, v_to: float, a_max: float, j_max: float) -> float:
    """Distance in u covered by the fastest change of speed from `v_from` to `v_to` (both >= 0), a = 0 at both ends."""
    jerk_s, constant_s = speed_change_times(abs(v_to - v_from), a_max, j_max)
    return 0.5 * (v_from + v_to) * (2.0 * jerk_s + constant_s)


@kernel
def rest_to_rest_peak_speed(distance: float, a_max: float, j_max: float) -> float:
    """Speed at the middle of the fastest rest-to-rest move over `distance` >= 0 without a speed limit, in u/s."""
    jerk_s = (distance / (2.0 * j_max)) ** (1.0 / 3.0)
    if j_max * jerk_s <= a_max:
        return j_max * jerk_s * jerk_s
    ramp_s = a_max / j_max
    # The root of v^2 / a + v a / j = distance, in the form without cancellation.
    return 2.0 * distance / (ramp_s + sqrt(ramp_s * ramp_s + 4.0 * distance / a_max))


@kernel
def rest_to_rest_duration(distance: float, v_max: float, a_max: float, j_max: float) -> float:
    """Duration in s of the fastest rest-to-rest move over `distance` (either sign), in closed form."""
    distance = abs(distance)
    if distance == 0.0:
        return 0.0
    peak = min(v_max, rest_to_rest_peak_speed(distance, a_max, j_max))
    jerk_s, constant_s = speed_change_times(peak, a_max, j_max)
    return 2.0 * (2.0 * jerk_s + constant_s) + max(distance / peak - (2.0 * jerk_s + constant_s), 0.0)


@kernel
def _append_speed_change(
    out: Array, n: int, v_from: float, v_to: float, sign: float, a_max: float, j_max: float
) -> int:
    """Append the fastest change of speed along `sign`, with a = 0 at both ends (up to three segments)."""
    jerk_s, constant_s = speed_change_times(abs(v_to - v_from), a_max, j_max)
    jerk = sign * j_max if v_to > v_from else -sign * j_max
    n = _append(out, n, jerk_s, jerk)
    n = _append(out, n, constant_s, 0.0)
    return _append(out, n, jerk_s, -jerk)


@kernel
def plan_hold(out: Array, p0: float) -> None:
    """Plan rest at `p0`: no segment, no duration."""
    _start(out, p0, 0.0, 0.0)
    _finish(out, 0, p0, 0.0)


@kernel
def plan_rest_to_rest(out: Array, p0: float, p1: float, v_max: float, a_max: float, j_max: float) -> None:
    """Plan the fastest move from rest at `p0` to rest at `p1` within the limits: up to seven segments, symmetric."""
    distance = abs(p1 - p0)
    _start(out, p0, 0.0, 0.0)
    n = 0
    if distance > 0.0:
        sign = 1.0 if p1 > p0 else -1.0
        peak = min(v_max, rest_to_rest_peak_speed(distance, a_max, j_max))
        ramp_distance = speed_change_distance(0.0, peak, a_max, j_max)
        n = _append_speed_change(out, n, 0.0, peak, sign, a_max, j_max)
        _pin(out, n, out[P, n], sign * peak)
        n = _append(out, n, (distance - 2.0 * ramp_distance) / peak, 0.0)
        n = _append_speed_change(out, n, peak, 0.0, sign, a_max, j_max)
    _finish(out, n, p1, 0.0)


@kernel
def _peak_speed_to_creep(distance: float, v_max: float, v_creep: float, a_max: float, j_max: float) -> float:
    """Highest speed <= `v_max` from which a move from rest can be back at `v_creep` after `distance`, in u/s.

    The exact root is one of several quartics; bisection to the last bit is as good and ends on the safe side.
    """
    used = speed_change_distance(0.0, v_max, a_max, j_max) + speed_change_distance(v_max, v_creep, a_max, j_max)
    if used <= distance:
        return v_max
    low, high = v_creep, v_max
    for _ in range(64):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        used = speed_change_distance(0.0, middle, a_max, j_max) + speed_change_distance(middle, v_creep, a_max, j_max)
        if used <= distance:
            low = middle
        else:
            high = middle
    return low


@kernel
def plan_with_creep(
    out: Array, p0: float, p_creep: float, p1: float, v_max: float, v_creep: float, a_max: float, j_max: float
) -> None:
    """Plan a move from rest to rest that passes `p_creep` at `v_creep` (a = 0 there) and is no faster from there on.

    - `v_creep` >= `v_max`, or `p_creep` at or beyond `p1`: no creep part, a plain rest-to-rest move.
    - `p0` past `p_creep`, or too near it to reach `v_creep` before it: the whole move at no more than `v_creep`.
    - `p_creep` too near `p1` to stop from `v_creep`: passes `p_creep` at the highest speed that still stops at `p1`.
    """
    sign = 1.0 if p1 > p0 else -1.0
    fast_distance, creep_distance = sign * (p_creep - p0), sign * (p1 - p_creep)
    if v_creep >= v_max or creep_distance <= 0.0:
        plan_rest_to_rest(out, p0, p1, v_max, a_max, j_max)
        return
    # A stop is half a rest-to-rest move: the fastest stop within the creep part starts at the peak of one twice as far.
    v_pass = min(v_creep, rest_to_rest_peak_speed(2.0 * creep_distance, a_max, j_max))
    if fast_distance <= speed_change_distance(0.0, v_pass, a_max, j_max):
        plan_rest_to_rest(out, p0, p1, v_creep, a_max, j_max)
        return
    peak = _peak_speed_to_creep(fast_distance, v_max, v_pass, a_max, j_max)
    ramp_distance = speed_change_distance(0.0, peak, a_max, j_max) + speed_change_distance(peak, v_pass, a_max, j_max)
    _start(out, p0, 0.0, 0.0)
    n = _append_speed_change(out, 0, 0.0, peak, sign, a_max, j_max)
    _pin(out, n, out[P, n], sign * peak)
    n = _append(out, n, (fast_distance - ramp_distance) / peak, 0.0)
    n = _append_speed_change(out, n, peak, v_pass, sign, a_max, j_max)
    _pin(out, n, p_creep, sign * v_pass)
    n = _append(out, n, (creep_distance - speed_change_distance(v_pass, 0.0, a_max, j_max)) / v_pass, 0.0)
    n = _append_speed_change(out, n, v_pass, 0.0, sign, a_max, j_max)
    _finish(out, n, p1, 0.0)


@kernel
def plan_velocity(out: Array, p0: float, v0: float, a0: float, v1: float, a_max: float, j_max: float) -> None:
    """Plan the fastest change from the motion (`v0`, `a0`) to the constant velocity `v1`, which then goes on for ever.

    `a0` may lie outside `a_max`: jerk brings it back first. Where `a0` is so large that jerk leaves no choice, the
    velocity overshoots and comes back.
    """
    _start(out, p0, v0, a0)
    _append_velocity(out, 0, v1, a_max, j_max)


@kernel
def plan_jerk(
    out: Array, p0: float, v0: float, a0: float, jerk: float, for_s: float, a_max: float, j_max: float
) -> None:
    """Plan constant `jerk` for `for_s` from the motion (`v0`, `a0`), and the fastest stop after it.

    For a controller that decides the jerk in every scan: an axis that it forgets stops.
    """
    _start(out, p0, v0, a0)
    _append_velocity(out, _append(out, 0, for_s, jerk), 0.0, a_max, j_max)


@kernel
def _append_velocity(out: Array, n: int, v1: float, a_max: float, j_max: float) -> None:
    """Append the fastest change from the motion at node n to the constant velocity `v1`, and end there."""
    v0, a0 = out[V, n], out[A, n]
    # Velocity once the acceleration is brought to zero: the side of v1 it falls on gives the direction to accelerate.
    v_released = v0 + a0 * abs(a0) / (2.0 * j_max)
    sign = 1.0 if v1 >= v_released else -1.0
    dv, a_start = sign * (v1 - v0), sign * a0
    a_peak = sqrt(max(j_max * dv + 0.5 * a_start * a_start, 0.0))
    hold_s = 0.0
    if a_peak > a_max:
        a_peak = a_max
        ramp_dv = (a_max * a_max - a_start * a_start) / (2.0 * j_max)
        if a_start > a_max:  # jerk against that direction first, until the acceleration is back within its limit
            ramp_dv = -ramp_dv
        hold_s = (dv - ramp_dv - a_max * a_max / (2.0 * j_max)) / a_max
    n = _append(out, n, abs(a_peak - a_start) / j_max, sign * j_max if a_peak >= a_start else -sign * j_max)
    n = _append(out, n, hold_s, 0.0)
    n = _append(out, n, a_peak / j_max, -sign * j_max)
    _finish(out, n, out[P, n], v1)


@kernel
def plan_stop(out: Array, p0: float, v0: float, a0: float, a_max: float, j_max: float) -> None:
    """Plan the fastest stop from the motion (`v0`, `a0`); it stands still at `end_position(out)`."""
    plan_velocity(out, p0, v0, a0, 0.0, a_max, j_max)


@kernel
def plan_to_rest(
    out: Array, p0: float, v0: float, a0: float, p1: float, v_max: float, a_max: float, j_max: float
) -> None:
    """Plan from the motion (`v0`, `a0`) at `p0` to rest at `p1`: change speed, cruise, stop; up to ten segments.

    The cruising speed is the highest <= `v_max` from which it still stops at `p1`, by bisection. This is the fastest
    move unless it brakes already and cannot end that and stop in time; then it only is a legal one. Where even the
    fastest stop ends beyond `p1`, it stops and comes back.
    """
    plan_stop(out, p0, v0, a0, a_max, j_max)
    n = segment_count(out)
    gap = p1 - out[P, n]
    sign = 1.0 if p1 > p0 else -1.0
    if sign * gap <= 0.0:  # it passes the target
        sign = 1.0 if gap > 0.0 else -1.0
        if gap != 0.0:
            peak = min(v_max, rest_to_rest_peak_speed(abs(gap), a_max, j_max))
            ramp_distance = speed_change_distance(0.0, peak, a_max, j_max)
            n = _append_speed_change(out, n, 0.0, peak, sign, a_max, j_max)
            n = _append(out, n, (abs(gap) - 2.0 * ramp_distance) / peak, 0.0)
            n = _append_speed_change(out, n, peak, 0.0, sign, a_max, j_max)
        _finish(out, n, p1, 0.0)
        return
    cruise = v_max
    if _left_after(out, p0, v0, a0, p1, sign, cruise, a_max, j_max) < 0.0:
        # from the speed that it has once its acceleration is zero, the distance grows with the cruising speed
        released = min(max(sign * (v0 + a0 * abs(a0) / (2.0 * j_max)), 0.0), v_max)
        low, high = 0.0, released
        if _left_after(out, p0, v0, a0, p1, sign, released, a_max, j_max) >= 0.0:
            low, high = released, v_max
        for _ in range(64):
            middle = 0.5 * (low + high)
            if middle <= low or middle >= high:
                break
            if _left_after(out, p0, v0, a0, p1, sign, middle, a_max, j_max) >= 0.0:
                low = middle
            else:
                high = middle
        cruise = low
    left = _left_after(out, p0, v0, a0, p1, sign, cruise, a_max, j_max)
    n = segment_count(out)
    if cruise > 0.0:
        n = _append(out, n, left / cruise, 0.0)
        _pin(out, n, out[P, n], sign * cruise)
    n = _append_speed_change(out, n, cruise, 0.0, sign, a_max, j_max)
    _finish(out, n, p1, 0.0)


@kernel
def _left_after(
    out: Array, p0: float, v0: float, a0: float, p1: float, sign: float, cruise: float, a_max: float, j_max: float
) -> float:
    """Plan the change of speed to `cruise` and return what a stop from it leaves of the way to `p1`, in u."""
    plan_velocity(out, p0, v0, a0, sign * cruise, a_max, j_max)
    return sign * (p1 - out[P, segment_count(out)]) - speed_change_distance(cruise, 0.0, a_max, j_max)
