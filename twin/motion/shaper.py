"""Input shapers: a move split into two or three delayed copies whose sways cancel each other.

A shaper is `n` impulses: amplitudes that sum to 1 and times in s, in the caller's arrays of length `MAX_IMPULSES`. A
shaped move is the same profile evaluated at `n` delayed times and summed, so it needs no memory and is exact.

| kind | impulses | length | residual below 5 % for a frequency error of (undamped) |
|------|----------|--------|--------------------------------------------------------|
| ZV   | 2        | half a damped period | 3.2 %  |
| ZVD  | 3        | one damped period    | 14.4 % |
| EI   | 3        | one damped period    | 20.0 % |

Damping widens the three a little: 3.4, 15.4 and 21 % at a damping ratio of 0.05.

Sources: Singer and Seering 1990 (ZV, ZVD); Singhose, Seering and Singer 1994 (EI). Published damped EI shapers are
polynomial fits; here the damped form is closed and exact at the design frequency instead, see `impulses`.
"""

from __future__ import annotations

from math import cos, exp, pi, sin, sqrt
from types import MappingProxyType

import numpy as np

from twin.motion.kernels import kernel
from twin.motion.profile import Array, duration_s, evaluate

NONE, ZV, ZVD, EI = 0, 1, 2, 3
KINDS = MappingProxyType({"none": NONE, "zv": ZV, "zvd": ZVD, "ei": EI})
MATCHED = 4
"""No shaper: the move's own acceleration time is a period of the sway, see `matched_ramp`."""
NAMES = tuple(KINDS)
"""Name of each kind, `NAMES[ZV] == "zv"`."""
EI_VIBRATION = 0.05
"""Residual vibration that EI allows at its design frequency, as a share of the unshaped one (5 %, the usual choice)."""


@kernel
def impulses(kind: int, frequency_hz: float, damping_ratio: float, amplitudes: Array, times_s: Array) -> int:
    """Write the impulses of a shaper for one mode and return their number.

    `frequency_hz` is the undamped natural frequency. Without a mode to shape for (frequency not positive, damping ratio
    outside [0, 1)) or with an unknown kind, the shaper is NONE: one impulse of 1 at 0.

    EI: the undamped amplitudes (1 + W)/4, (1 - W)/2, (1 + W)/4, each weighted by the decay K per half period, with W
    chosen so that the residual at the design frequency is exactly `EI_VIBRATION`. Without damping W = EI_VIBRATION:
    the published EI. Damping too heavy for any W (ratio above about 0.5, where nothing sways) gets W = 1.
    """
    if kind < ZV or kind > EI or not frequency_hz > 0.0 or not 0.0 <= damping_ratio < 1.0:
        amplitudes[0] = 1.0
        times_s[0] = 0.0
        return 1
    root = sqrt(1.0 - damping_ratio * damping_ratio)
    half_period_s = 0.5 / (frequency_hz * root)
    k = exp(-damping_ratio * pi / root)
    times_s[0] = 0.0
    times_s[1] = half_period_s
    if kind == ZV:
        amplitudes[0] = 1.0 / (1.0 + k)
        amplitudes[1] = k / (1.0 + k)
        return 2
    times_s[2] = 2.0 * half_period_s
    if kind == ZVD:
        first, second = 1.0, 2.0
    else:
        room = k * k - EI_VIBRATION * 0.25 * (1.0 - k) ** 2
        w = min(EI_VIBRATION * 0.25 * (1.0 + k) ** 2 / room, 1.0) if room > 0.0 else 1.0
        first, second = 0.25 * (1.0 + w), 0.5 * (1.0 - w)
    total = first + second * k + first * k * k
    amplitudes[0] = first / total
    amplitudes[1] = second * k / total
    amplitudes[2] = first * k * k / total
    return 3


@kernel
def evaluate_shaped(
    profile: Array, amplitudes: Array, times_s: Array, n: int, t_s: float
) -> tuple[float, float, float]:
    """Evaluate (position, velocity, acceleration) of the shaped move at `t_s`. The profile must start at rest.

    Positions are summed as differences from the undelayed copy, so that start and target are exact to the last bit.
    """
    p0, v, a = evaluate(profile, t_s)
    if n == 1:
        return p0, v, a
    p = 0.0
    v *= amplitudes[0]
    a *= amplitudes[0]
    for i in range(1, n):
        p_i, v_i, a_i = evaluate(profile, t_s - times_s[i])
        p += amplitudes[i] * (p_i - p0)
        v += amplitudes[i] * v_i
        a += amplitudes[i] * a_i
    return p0 + p, v, a


@kernel
def shaped_duration_s(profile: Array, times_s: Array, n: int) -> float:
    """Time at which the shaped move is at its end to the last bit, its last copy included."""
    unshaped_s, delay_s = duration_s(profile), times_s[n - 1]
    total_s = unshaped_s + delay_s
    return total_s if total_s - delay_s >= unshaped_s else np.nextafter(total_s, np.inf)


@kernel
def residual_vibration(amplitudes: Array, times_s: Array, n: int, frequency_hz: float, damping_ratio: float) -> float:
    """Vibration right after the last impulse, as a share of that right after one impulse of 1: 0.05 is 5 %.

    The same share holds between a shaped move at its end and the unshaped move at its own end.
    """
    w = 2.0 * pi * frequency_hz
    wd = w * sqrt(1.0 - damping_ratio * damping_ratio)
    last_s = times_s[n - 1]
    c = 0.0
    s = 0.0
    for i in range(n):
        decayed = amplitudes[i] * exp(-damping_ratio * w * (last_s - times_s[i]))
        c += decayed * cos(wd * times_s[i])
        s += decayed * sin(wd * times_s[i])
    return sqrt(c * c + s * s)


def matched_ramp(
    distance: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray, jerk: np.ndarray, frequency_hz: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Velocity and acceleration, within the given ones, of a rest-to-rest move that leaves no sway; arrays (K,).

    The acceleration of an S-curve is a pulse of length v / a, rounded over a / j. A pulse as long as whole periods of
    an undamped mode leaves none of it, whatever its rounding: v / a = n T. Of the n next to the shortest pulse the one
    with the shorter move is taken: more periods at the full velocity, or fewer at the full acceleration. Where the move
    is too short for that velocity, it is the highest one that still fits.
    Source: convolution of rectangles, whose spectrum is zero at the multiples of 1 / T (Singer and Seering 1990).
    """
    period_s, distance = 1.0 / frequency_hz, np.abs(distance)
    least_s = np.maximum(velocity / acceleration, np.sqrt(velocity / jerk))  # a pulse is no shorter than its rounding
    periods = np.ceil(least_s / period_s * (1.0 - 1e-12))
    options = []
    for n in (periods, np.maximum(periods - 1.0, 1.0)):
        ramp_s = n * period_s
        # the highest v with 2 ramps that fit: v (ramp + v / (ramp j)) = distance, in the form without cancellation
        fits = 2.0 * distance / (ramp_s + np.sqrt(ramp_s**2 + 4.0 * distance / (ramp_s * jerk)))
        speed = np.minimum(np.minimum(velocity, fits), np.minimum(acceleration * ramp_s, jerk * ramp_s**2))
        with np.errstate(divide="ignore", invalid="ignore"):
            options.append((speed, speed / ramp_s, distance / speed + ramp_s + speed / (ramp_s * jerk)))
    fewer = options[1][2] < options[0][2]
    return np.where(fewer, options[1][0], options[0][0]), np.where(fewer, options[1][1], options[0][1])
