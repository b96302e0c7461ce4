"""Equations of motion of a truck, alone or with a semi-trailer, in the plane and on its springs.

Plane: the truck and its trailer are two rigid bodies joined by a pin without friction, q = (x, y, yaw, trailer yaw).
With e the unit vectors along and n across each body, the centres of mass are at

    p1 = p + c e1,    p2 = p + h e1 - d e2

(c: truck's centre of mass in T, h: fifth wheel in T, d: trailer's centre of mass behind the kingpin), and Lagrange's
equations are M(q) q'' = sum J^T F - sum m J^T (dJ/dt q'). All terms are exact for any articulation; no speed is
divided by, so they hold at a standstill. Every real axle is one force in the middle of its track (single track).

Springs: heave, pitch and roll of the sprung mass on the truck's own axle springs about a centre at axle height, driven
by the truck's acceleration. Without anti-dive geometry braking pitches with mass times height over the ground (the
brakes' reaction goes through the body), cornering rolls with mass times height over the centre. The truck's tyres carry
the spring forces: load transfer.
Simplified: the kingpin load and the trailer's axle loads stay as at rest.

Slopes: W lies in the plane of the ground, gravity has components in it along and across the lane. The weight on the
axles stays that of level ground: at 5 % it is 0.1 % less.
"""

from __future__ import annotations

import math
from typing import Any

from twin.docking.site import rail_force, stop_force
from twin.docking.state import (
    BODY,
    BODY_RATE,
    BRAKE,
    DEFLECTION,
    DRIVE,
    FRONT,
    HEAVE,
    PITCH,
    QD,
    ROLL,
    STEER,
    TOWED,
    TRAILER,
    TRAILER_BRAKE,
    YAW,
    X,
    Y,
)
from twin.docking.tyres import CREEP_MPS, brush, deflection_rate, dry_friction, low_speed_damping
from twin.motion.kernels import kernel

World = Any
Params = Any
Array = Any


@kernel
def axle_loads(w: World, p: Params, s: Array) -> None:
    """Load (N) on every axle into `w.axle_load_n`: spring force and unsprung weight."""
    for i in range(p.axles):
        group = p.axle_group[i]
        if group == TOWED:
            w.axle_load_n[i] = p.axle_load_n[i]
            continue
        x = p.spring_x_m[group]
        rise = s[BODY + HEAVE] - x * s[BODY + PITCH]
        rate = s[BODY_RATE + HEAVE] - x * s[BODY_RATE + PITCH]
        spring = p.spring_preload_n[group] - p.spring_n_per_m[group] * rise - p.spring_ns_per_m[group] * rate
        w.axle_load_n[i] = max(spring + p.unsprung_n[group], 0.0) * p.axle_share[i]


@kernel
def body_acceleration(p: Params, s: Array, along_mps2: float, across_mps2: float, ds: Array) -> None:
    """Rates of heave, pitch and roll into `ds`, under the truck's acceleration along and across itself."""
    force = moment = 0.0
    for k in range(2):
        x = p.spring_x_m[k]
        rise = s[BODY + HEAVE] - x * s[BODY + PITCH]
        rate = s[BODY_RATE + HEAVE] - x * s[BODY_RATE + PITCH]
        change = -p.spring_n_per_m[k] * rise - p.spring_ns_per_m[k] * rate
        force += change
        moment -= x * change
    weight = p.sprung_rise_kgm * p.gravity_mps2  # an overturning body loses this spring load
    moment += weight * s[BODY + PITCH] - p.sprung_moment_kgm * along_mps2
    # heave is at T, the centre of mass at sprung_x_m: [[m, -m x], [-m x, I]]
    m, off, inertia = p.sprung_kg, -p.sprung_kg * p.sprung_x_m, p.sprung_pitch_kgm2
    determinant = m * inertia - off * off
    ds[BODY_RATE + HEAVE] = (inertia * force - off * moment) / determinant
    ds[BODY_RATE + PITCH] = (m * moment - off * force) / determinant
    roll = p.sprung_rise_kgm * across_mps2 + (weight - p.roll_nm_per_rad) * s[BODY + ROLL]
    ds[BODY_RATE + ROLL] = (roll - p.roll_nms_per_rad * s[BODY_RATE + ROLL]) / p.sprung_roll_kgm2
    for k in range(3):
        ds[BODY + k] = s[BODY_RATE + k]


@kernel
def downhill(p: Params, s: Array) -> tuple[float, float]:
    """Gravity's components (m/s2) along and across the truck; positive zeros on level ground."""
    if p.grade == 0.0 and p.camber == 0.0:
        return 0.0, 0.0
    gx, gy = ground_gravity(p)
    c, n = math.cos(s[YAW]), math.sin(s[YAW])
    return gx * c + gy * n, -gx * n + gy * c


@kernel
def ground_gravity(p: Params) -> tuple[float, float]:
    """Gravity's components (m/s2) along and across the lane, in the plane of the ground."""
    g = p.gravity_mps2 / math.sqrt(1.0 + p.grade * p.grade + p.camber * p.camber)
    return -g * p.grade, -g * p.camber


@kernel
def derivative(w: World, p: Params, s: Array, bristle: Array, ds: Array, wheel_speed: Array) -> None:
    """Rates of the state `s` (STATES,) into `ds`; speeds along the wheels (AXLES,) into `wheel_speed`.

    `bristle` (AXLES,) holds the wind-up of the wheels, which is integrated separately. Forces are left in `w` to be
    read.
    """
    for i in range(len(ds)):
        ds[i] = 0.0
    axle_loads(w, p, s)
    yaw, yaw2 = s[YAW], s[TRAILER]
    e1x, e1y, e2x, e2y = math.cos(yaw), math.sin(yaw), math.cos(yaw2), math.sin(yaw2)
    n1x, n1y, n2x, n2y = -e1y, e1x, -e2y, e2x
    vx, vy, spin, spin2 = s[QD + X], s[QD + Y], s[QD + YAW], s[QD + TRAILER]
    h, d, c = p.kingpin_x_m, p.trailer_com_m, p.truck_com_x_m
    m1, m2 = p.truck_kg, p.trailer_kg
    hx, hy = vx + spin * h * n1x, vy + spin * h * n1y
    fx = fy = turn = turn2 = 0.0
    fx2 = fy2 = 0.0  # external force on the trailer alone, for the force at the hitch
    for i in range(p.axles):
        towed = p.axle_group[i] == TOWED
        at = p.axle_x_m[i]
        if towed:
            ax, ay, angle = hx - spin2 * at * n2x, hy - spin2 * at * n2y, yaw2
            px = s[X] + h * e1x - at * e2x
            py = s[Y] + h * e1y - at * e2y
            bx, by, nx, ny, rate = e2x, e2y, n2x, n2y, spin2
        else:
            ax, ay, angle = vx + spin * at * n1x, vy + spin * at * n1y, yaw
            px, py = s[X] + at * e1x, s[Y] + at * e1y
            bx, by, nx, ny, rate = e1x, e1y, n1x, n1y, spin
            if p.axle_group[i] == FRONT:
                angle += s[STEER]
        wx, wy = math.cos(angle), math.sin(angle)
        along, across = ax * wx + ay * wy, -ax * wy + ay * wx
        wheel_speed[i] = along
        load = w.axle_load_n[i]
        limit = p.friction * load
        brake = s[TRAILER_BRAKE] if towed else s[BRAKE]
        resist = brake * p.axle_brake_kg[i] + p.rolling_resistance * load
        pull = s[DRIVE] * p.axle_drive_share[i] + dry_friction(bristle[i], along, resist)
        most = p.anti_lock * limit
        if p.anti_lock >= 1.0:  # a locked wheel's whole friction is against its slip
            most *= (abs(along) + CREEP_MPS) / (math.sqrt(along * along + across * across) + CREEP_MPS)
        pull = min(max(pull, -most), most)
        left = math.sqrt(max(limit * limit - pull * pull, 0.0))
        stiffness = p.axle_cornering_per_rad[i] * load
        u = s[DEFLECTION + i]
        push = -brush(u / p.relaxation_m + low_speed_damping(along) * across, stiffness, left)
        ds[DEFLECTION + i] = deflection_rate(u, along, across, p.relaxation_m, stiffness, left)
        w.axle_force_n[i, 0], w.axle_force_n[i, 1] = pull, push
        gx, gy = pull * wx - push * wy, pull * wy + push * wx
        for side in range(2):
            arm = p.axle_half_width_m[i] if side == 1 else -p.axle_half_width_m[i]
            cx, cy = px + arm * nx, py + arm * ny
            ux, uy = ax - rate * arm * bx, ay - rate * arm * by
            rx, ry, normal = rail_force(p, i, side, cx, cy, ux, uy)
            w.rail_force_n[i, side] = normal
            if i == 0:
                tx, ty, stopping = stop_force(p, p.stop_x_m + w.stop_shift_m, cx, ux, uy)
                w.stop_force_n[side] = stopping
                rx += tx
                ry += ty
            gx += rx
            gy += ry
            twist = -arm * (bx * rx + by * ry)  # of a force at arm n about the middle of the axle
            if towed:
                turn2 += twist
            else:
                turn += twist
        fx += gx
        fy += gy
        if towed:
            fx2 += gx
            fy2 += gy
            turn += h * (n1x * gx + n1y * gy)
            turn2 -= at * (n2x * gx + n2y * gy)
        else:
            turn += at * (n1x * gx + n1y * gy)
    # forces of the turning frames: -m J^T (dJ/dt q')
    a2x = -h * spin * spin * e1x + d * spin2 * spin2 * e2x
    a2y = -h * spin * spin * e1y + d * spin2 * spin2 * e2y
    fx -= -m1 * c * spin * spin * e1x + m2 * a2x
    fy -= -m1 * c * spin * spin * e1y + m2 * a2y
    turn -= m2 * h * (n1x * a2x + n1y * a2y)
    turn2 += m2 * d * (n2x * a2x + n2y * a2y)
    if p.grade != 0.0 or p.camber != 0.0:
        slope_x, slope_y = ground_gravity(p)
        weight2x, weight2y = m2 * slope_x, m2 * slope_y
        fx += m1 * slope_x + weight2x
        fy += m1 * slope_y + weight2y
        fx2 += weight2x
        fy2 += weight2y
        turn += m1 * c * (n1x * slope_x + n1y * slope_y) + h * (n1x * weight2x + n1y * weight2y)
        turn2 -= d * (n2x * weight2x + n2y * weight2y)
    # M q'' = f with the translation eliminated first
    total, b1, b2 = m1 + m2, m1 * c + m2 * h, -m2 * d
    cosine = n1x * n2x + n1y * n2y
    k11 = p.truck_inertia_kgm2 + m1 * c * c + m2 * h * h - b1 * b1 / total
    k12 = (-m2 * h * d - b1 * b2 / total) * cosine
    k22 = p.trailer_inertia_kgm2 + m2 * d * d - b2 * b2 / total
    r1 = turn - b1 * (n1x * fx + n1y * fy) / total
    r2 = turn2 - b2 * (n2x * fx + n2y * fy) / total
    determinant = k11 * k22 - k12 * k12
    alpha, alpha2 = (k22 * r1 - k12 * r2) / determinant, (k11 * r2 - k12 * r1) / determinant
    accx = (fx - b1 * alpha * n1x - b2 * alpha2 * n2x) / total
    accy = (fy - b1 * alpha * n1y - b2 * alpha2 * n2y) / total
    ds[X], ds[Y], ds[YAW], ds[TRAILER] = vx, vy, spin, spin2
    ds[QD + X], ds[QD + Y], ds[QD + YAW], ds[QD + TRAILER] = accx, accy, alpha, alpha2
    # the trailer's force beyond its own comes through the kingpin, here in the truck's frame
    qx = m2 * (accx + alpha * h * n1x - alpha2 * d * n2x + a2x) - fx2
    qy = m2 * (accy + alpha * h * n1y - alpha2 * d * n2y + a2y) - fy2
    w.hitch_force_n[0], w.hitch_force_n[1] = -(qx * e1x + qy * e1y), -(qx * n1x + qy * n1y)
    at = p.sprung_x_m
    w.acceleration_body_mps2[0] = accx * e1x + accy * e1y - spin * spin * at
    w.acceleration_body_mps2[1] = accx * n1x + accy * n1y + alpha * at
    along_mps2, across_mps2 = downhill(p, s)
    body_acceleration(p, s, w.acceleration_body_mps2[0] - along_mps2, w.acceleration_body_mps2[1] - across_mps2, ds)
