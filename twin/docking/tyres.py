"""Tyre model for walking pace down to a standstill.

Across the wheel a tyre is a spring of its contact patch against the rim, of deflection u:

    u' = v_y - |v_x| u / sigma        (relaxation length sigma; Pacejka, Tyre and Vehicle Dynamics, 3rd ed., 7.2.1)

At speed u / sigma settles at v_y / |v_x|, the slip; at a standstill there is no division by the speed and the tyre is
the physical lateral spring C / sigma. The undamped rocking on it is damped at low speed as in the same book, 8.6:
slip + k_low v_y, with k_low fading out as a raised cosine.

The force over the slip is the brush model's with parabolic pressure (Fiala's curve):

    F = F_max (1 - (1 - C s / (3 F_max))^3)     up to s = 3 F_max / C, beyond it F_max

F_max = sqrt((mu F_z)^2 - F_x^2): the friction circle less the share of braking or driving.

Along the wheel, brakes and rolling resistance are dry friction: bristles of deflection z with
z' = v - |v| z / z_max and F = f (z + tau z') / z_max, at most f (Dahl's model with LuGre's damping, Canudas de Wit et
al. 1995). So a stopped truck rocks back by the wind-up of tyres and suspension, and then stands.
"""

from __future__ import annotations

import math

from twin.motion.kernels import kernel

LOW_SPEED_MPS = 1.0
"""Speed below which the tyre is damped sideways [estimate: where relaxation at sigma / v becomes slower than the
rocking].
"""
LOW_SPEED_DAMPING_S_PER_M = 0.10
"""Slip per m/s sideways at a standstill [estimate: about 0.3 of critical for a laden truck on its tyres]."""
WIND_UP_M = 0.005
"""z_max, wind-up of tyres and suspension under braking [estimate: half a centimetre]."""
WIND_UP_DAMPING_S = 0.06
"""tau [estimate: ends the rocking back within two swings]."""
ANTI_LOCK = 0.98
"""Share of the friction circle that brakes and drive can use: an anti-lock system leaves the tyre some guidance."""
CREEP_MPS = 1e-3
"""Slip speed at which a locked wheel's friction has turned half-way against its slip: smooth through zero."""


@kernel
def brush(slip: float, stiffness_n: float, limit_n: float) -> float:
    """Lateral force (N) of a slip, of the same sign: cornering stiffness (N per unit of slip), limit (N)."""
    if limit_n <= 0.0:
        return 0.0
    x = abs(slip) * stiffness_n / (3.0 * limit_n)
    if x >= 1.0:
        force = limit_n
    else:
        rest = 1.0 - x
        force = limit_n * (1.0 - rest * rest * rest)
    return force if slip >= 0.0 else -force


@kernel
def low_speed_damping(speed_mps: float) -> float:
    """k_low in s/m."""
    v = abs(speed_mps)
    if v >= LOW_SPEED_MPS:
        return 0.0
    return 0.5 * LOW_SPEED_DAMPING_S_PER_M * (1.0 + math.cos(math.pi * v / LOW_SPEED_MPS))


@kernel
def deflection_rate(u_m: float, v_x: float, v_y: float, sigma_m: float, stiffness_n: float, limit_n: float) -> float:
    """u' in m/s; a fully sliding tyre is not deflected further."""
    rate = v_y - abs(v_x) * u_m / sigma_m
    if abs(u_m) * stiffness_n >= 3.0 * limit_n * sigma_m and rate * u_m > 0.0:
        return 0.0
    return rate


@kernel
def wound_up(z_m: float, v_x: float, dt_s: float) -> float:
    """z after `dt_s` at a constant speed: the exact solution, as the equation is stiff at speed."""
    target = WIND_UP_M if v_x >= 0.0 else -WIND_UP_M
    return z_m - (target - z_m) * math.expm1(-abs(v_x) * dt_s / WIND_UP_M)


@kernel
def dry_friction(z_m: float, v_x: float, limit_n: float) -> float:
    """Force (N) along the wheel against its motion, at most `limit_n`."""
    rate = v_x - abs(v_x) * z_m / WIND_UP_M
    force = limit_n * (z_m + WIND_UP_DAMPING_S * rate) / WIND_UP_M
    return -min(max(force, -limit_n), limit_n)
