"""Forces of all contact points on one body: springs and dampers that only push, and Coulomb friction.

As in the reference plant's engine, the forces depend on the speeds at the end of the step. With spring s (from the
present gap), resistance R = d + k dt and friction coefficient mu a point pushes with

    n (s - R n.v) - c (v - n n.v),

v its speed relative to its contact partner, after the step. c holds it still (`HOLDS` times the body's mass a step);
where that would take more than mu times the normal force N, c is mu N / |v|: the point slides. So one symmetric system
of six equations gives the body's speeds relative to its contact partner (`twin.plants.rom.masses`: the truck is free to
move). It is solved again where a point has let go or begun to slide.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import cross, symmetric_inverse, symmetric_times, times
from twin.plants.rom.long_step import body_of
from twin.plants.rom.masses import Matrix, Symmetric, Vector, inertia, on_moving, with_truck
from twin.records import TX, TY, Params, Truth

Model = Any

RX, RY, RZ, NX, NY, NZ, PUSH, RESISTS, FRICTION, NORMAL, HOLD, GAP = range(12)
"""Columns of a point: its position (from E, in W), normal, spring force, R, mu, then from the last pass normal force
and c for the next pass; its gap, negative in penetration."""
DEEP_M = 0.02
"""Penetration at which the spring force of a contact point saturates (5 MN/m: 100 kN, 4.5 t on one point at 2 g).
Deeper is outside the model's domain."""
NEAR_M = 0.0003
"""Gap below which a point may touch within the step, as in the reference plant."""
HOLDS = 1000.0
"""Multiple of the body's mass a step that holds a point: it creeps at a thousandth of its free speed."""
PASSES = 5
"""Maximum number of solver passes. A point that still changes between holding and sliding has a speed near zero, and no
more friction than Coulomb's."""
SAME = 0.004
"""Convergence: a sliding point's friction changes by less than this share, and the truck's planar speed makes no more
difference to the body than this share of all friction."""
REACH_M = 2.0
"""Upper limit of a point's distance from the body's centre of mass, for the effect of the truck's yaw rate."""


@inlined_kernel
def add(
    points: Any, n: int, x: float, y: float, z: float, nx: float, ny: float, nz: float, gap: float, stiffness: float,
    damping: float, friction: float, dt_s: float,
) -> int:  # fmt: skip
    """Add a point after `n` others, at (x, y, z) from E with the normal n in W; return the new number.

    Across a gap it pushes by its damper within the step.
    """
    if gap >= NEAR_M:
        return n
    points[n, RX], points[n, RY], points[n, RZ] = x, y, z
    points[n, NX], points[n, NY], points[n, NZ] = nx, ny, nz
    resistance = damping + stiffness * dt_s
    points[n, PUSH] = -max(gap, -DEEP_M) * (stiffness if gap < 0.0 else resistance / dt_s)
    points[n, RESISTS], points[n, FRICTION], points[n, GAP] = resistance, friction, gap
    return n + 1


@kernel
def deepest_m(points: Any, n: int) -> float:
    """Depth of the deepest of `n` points."""
    deepest = 0.0
    for i in range(n):
        deepest = max(deepest, -points[i, GAP])
    return deepest


@kernel
def add_forces(w: Truth, p: Params, m: Model, t: Any, r: int, n: int, on_truck: bool, dt_s: float) -> None:
    """Add the forces of `n` points of `t.points` on robot `r` to `t.out`, the opposite to `t.truck` if on it.

    `t.at`, `t.turn` and `t.motion` are those of E in W, `t.pull` is the suspension's force on it, as in `t.out`.
    """
    points, turn, motion, pull, out = t.points, t.turn, t.motion, t.pull, t.out
    k = body_of(w, r)
    kg, com = m.body_kg[k], m.body_com_m[k]
    cx, cy, cz = times(turn, com[0], com[1], com[2])
    per_s = 1.0 / dt_s
    kept = kg * per_s
    turns = inertia(t.inertia[r], turn, per_s)
    # present speeds, and momentum over the step, about the centre of mass
    fx, fy, fz = out[0] + pull[0], out[1] + pull[1], out[2] + pull[2]
    wx, wy, wz = motion[3], motion[4], motion[5]
    ux, uy, uz = cross(wx, wy, wz, cx, cy, cz)
    ux, uy, uz = ux + motion[0], uy + motion[1], uz + motion[2]
    tx, ty, tz = cross(cx, cy, cz, fx, fy, fz)
    lx, ly, lz = symmetric_times(turns, wx, wy, wz)
    linear = kept * ux + fx, kept * uy + fy, kept * uz + fz - kg * p.gravity_mps2
    angular = lx + out[3] + pull[3] - tx, ly + out[4] + pull[4] - ty, lz + out[5] + pull[5] - tz
    moves, mixed = (kept, 0.0, 0.0, kept, 0.0, kept), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    x, y, z = t.at[0] + cx, t.at[1] + cy, t.at[2] + cz
    dx, dy = x - w.truck_q[TX], y - w.truck_q[TY]
    if on_truck:
        moves, mixed, turns, linear, angular = with_truck(
            w, p, t.mass, t.truck, x, y, z, kept, turns, linear, angular, dt_s
        )
        vx, vy, vz = truck_body.velocity(w, w.truck_qd, t.truck, x, y, z)
        ux, uy, uz = ux - vx, uy - vy, uz - vz
        vx, vy, vz = truck_body.angular_velocity(w, t.truck)
        wx, wy, wz = wx - vx, wy - vy, wz - vz
    firm = HOLDS * kept
    for i in range(n):
        rx, ry, rz = points[i, RX] - cx, points[i, RY] - cy, points[i, RZ] - cz
        points[i, RX], points[i, RY], points[i, RZ] = rx, ry, rz
        points[i, HOLD] = firm
        _normal_force(points, i, ux, uy, uz, wx, wy, wz, firm)
    settled = False
    fx = fy = fz = tx = ty = tz = most = 0.0
    truck_x = truck_y = truck_yaw = 0.0
    for _ in range(PASSES):
        if on_truck:
            # its motion under these forces with slipping tyres, at the body's centre of mass
            vx, vy, yaw = truck_body.planar(w, p, t.mass, t.truck, -fx, -fy, dy * fx - dx * fy - tz, dt_s)
            vx, vy = vx - yaw * dy - truck_x, vy + yaw * dx - truck_y
            yaw -= truck_yaw
            change = abs(vx) + abs(vy) + REACH_M * abs(yaw)
            if settled and kept * change <= SAME * most:
                break
            if change > 0.0:
                linear, angular = on_moving(moves, mixed, turns, linear, angular, vx, vy, yaw)
                truck_x, truck_y, truck_yaw = truck_x + vx, truck_y + vy, truck_yaw + yaw
        ux, uy, uz, wx, wy, wz = _solve(points, n, moves, mixed, turns, linear, angular)
        settled = True
        fx = fy = fz = tx = ty = tz = most = 0.0
        for i in range(n):
            same, jx, jy, jz = _normal_force(points, i, ux, uy, uz, wx, wy, wz, firm)
            settled = settled and same
            most += points[i, FRICTION] * points[i, NORMAL]
            kx, ky, kz = cross(points[i, RX], points[i, RY], points[i, RZ], jx, jy, jz)
            fx, fy, fz, tx, ty, tz = fx + jx, fy + jy, fz + jz, tx + kx, ty + ky, tz + kz
        if settled and not on_truck:
            break
    kx, ky, kz = cross(cx, cy, cz, fx, fy, fz)
    out[0], out[1], out[2] = out[0] + fx, out[1] + fy, out[2] + fz
    out[3], out[4], out[5] = out[3] + tx + kx, out[4] + ty + ky, out[5] + tz + kz
    if on_truck:
        truck_body.add_force(w, t.truck, x, y, z, -fx, -fy, -fz)
        truck_body.add_torque(t.truck, -tx, -ty, -tz)


@inlined_kernel
def _normal_force(
    points: Any, i: int, ux: float, uy: float, uz: float, wx: float, wy: float, wz: float, firm: float
) -> tuple[bool, float, float, float]:
    """Normal force of a point at these speeds relative to its contact partner, and c for the next pass.

    Returns also whether they stay, and the point's force in W: its friction with the c of this pass, or Coulomb's if
    that is less.
    """
    nx, ny, nz = points[i, NX], points[i, NY], points[i, NZ]
    vx, vy, vz = cross(wx, wy, wz, points[i, RX], points[i, RY], points[i, RZ])
    vx, vy, vz = vx + ux, vy + uy, vz + uz
    away = nx * vx + ny * vy + nz * vz
    force, was, c = points[i, PUSH] - points[i, RESISTS] * away, points[i, NORMAL], points[i, HOLD]
    if force <= 0.0:
        points[i, NORMAL] = points[i, HOLD] = 0.0
        return was == 0.0, 0.0, 0.0, 0.0
    vx, vy, vz = vx - away * nx, vy - away * ny, vz - away * nz
    most, square = points[i, FRICTION] * force, vx * vx + vy * vy + vz * vz
    hold = firm if firm * firm * square <= most * most else most / math.sqrt(square)
    points[i, NORMAL], points[i, HOLD] = force, hold
    held = min(c, hold)
    same = was > 0.0 and abs(hold - c) <= SAME * c
    return same, force * nx - held * vx, force * ny - held * vy, force * nz - held * vz


@inlined_kernel
def _solve(
    points: Any, n: int, moves: Symmetric, mixed: Matrix, turns: Symmetric, linear: Vector, angular: Vector
) -> tuple[float, float, float, float, float, float]:
    """Speeds relative to the contact partner: of the centre of mass, and angular."""
    # [P Q; Q^T S] (u, w) = (b, h): sums over the points
    pxx, pxy, pxz, pyy, pyz, pzz = moves
    sxx, sxy, sxz, syy, syz, szz = turns
    qxx, qxy, qxz, qyx, qyy, qyz, qzx, qzy, qzz = mixed
    bx, by, bz = linear
    hx, hy, hz = angular
    for i in range(n):
        if points[i, NORMAL] <= 0.0:
            continue
        rx, ry, rz = points[i, RX], points[i, RY], points[i, RZ]
        nx, ny, nz = points[i, NX], points[i, NY], points[i, NZ]
        c = points[i, HOLD]
        r = points[i, RESISTS] - c
        ax, ay, az = cross(rx, ry, rz, nx, ny, nz)
        pxx, pyy, pzz = pxx + c + r * nx * nx, pyy + c + r * ny * ny, pzz + c + r * nz * nz
        pxy, pxz, pyz = pxy + r * nx * ny, pxz + r * nx * nz, pyz + r * ny * nz
        qxx, qxy, qxz = qxx + r * nx * ax, qxy + r * nx * ay + c * rz, qxz + r * nx * az - c * ry
        qyx, qyy, qyz = qyx + r * ny * ax - c * rz, qyy + r * ny * ay, qyz + r * ny * az + c * rx
        qzx, qzy, qzz = qzx + r * nz * ax + c * ry, qzy + r * nz * ay - c * rx, qzz + r * nz * az
        sxx += r * ax * ax + c * (ry * ry + rz * rz)
        syy += r * ay * ay + c * (rx * rx + rz * rz)
        szz += r * az * az + c * (rx * rx + ry * ry)
        sxy += r * ax * ay - c * rx * ry
        sxz += r * ax * az - c * rx * rz
        syz += r * ay * az - c * ry * rz
        push = points[i, PUSH]
        bx, by, bz = bx + push * nx, by + push * ny, bz + push * nz
        hx, hy, hz = hx + push * ax, hy + push * ay, hz + push * az
    inverse = symmetric_inverse(pxx, pxy, pxz, pyy, pyz, pzz)
    # P^-1 Q, by columns
    axx, ayx, azx = symmetric_times(inverse, qxx, qyx, qzx)
    axy, ayy, azy = symmetric_times(inverse, qxy, qyy, qzy)
    axz, ayz, azz = symmetric_times(inverse, qxz, qyz, qzz)
    sxx -= qxx * axx + qyx * ayx + qzx * azx
    sxy -= qxx * axy + qyx * ayy + qzx * azy
    sxz -= qxx * axz + qyx * ayz + qzx * azz
    syy -= qxy * axy + qyy * ayy + qzy * azy
    syz -= qxy * axz + qyy * ayz + qzy * azz
    szz -= qxz * axz + qyz * ayz + qzz * azz
    hx -= axx * bx + ayx * by + azx * bz
    hy -= axy * bx + ayy * by + azy * bz
    hz -= axz * bx + ayz * by + azz * bz
    wx, wy, wz = symmetric_times(symmetric_inverse(sxx, sxy, sxz, syy, syz, szz), hx, hy, hz)
    ux, uy, uz = symmetric_times(inverse, bx, by, bz)
    ux -= axx * wx + axy * wy + axz * wz
    uy -= ayx * wx + ayy * wy + ayz * wz
    uz -= azx * wx + azy * wy + azz * wz
    return ux, uy, uz, wx, wy, wz
