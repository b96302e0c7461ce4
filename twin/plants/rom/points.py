"""Forces of all contact points on one body at once: springs and dampers that only push, and Coulomb friction.

As in the reference plant's engine the speeds at the end of the step decide. With spring s (what the gap of now gives),
resistance R = d + k dt and friction coefficient c a point pushes with

    n (s - R n.v) - c (v - n n.v),

v its speed over what it presses on, after the step. c is what holds it still (`HOLDS` times the body's mass a step), or
where that would take more than mu times the normal force, mu N / |v|: the point slides. So one symmetric system of six
equations gives the body's speeds, and is solved again where a point has let go or begun to slide.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import cross, symmetric_inverse, times

World = Any
Params = Any
Model = Any

RX, RY, RZ, NX, NY, NZ, PUSH, RESISTS, FRICTION, WX, WY, WZ, NORMAL, HOLD, HELD = range(15)
"""Columns of a point: where it is (from E, in W), its normal, spring force, R, mu, speed of what it presses on, then
normal force, c of the next pass and of the last one as last found."""
NEAR_M = 0.0003
"""What is closer than this may touch within the step: as the reference plant has it."""
HOLDS = 1000.0
"""So many times the body's mass a step holds a point: its creep is a thousandth of what the force would make of it."""
PASSES = 4
"""Times that the system is solved at most. A point that then still changes between holding and sliding has a speed of
nearly nothing, and no more friction than Coulomb's."""
SAME = 0.02
"""A sliding point's friction is found if it changes by less than this share."""


@kernel
def add(
    points: Any, n: int, x: float, y: float, z: float, nx: float, ny: float, nz: float, gap: float, stiffness: float,
    damping: float, friction: float, dt_s: float,
) -> int:  # fmt: skip
    """One more point after `n` others, at (x, y, z) from E with the normal n in W; how many there are now.

    Beyond its gap it pushes as its damper does within the step.
    """
    if gap >= NEAR_M:
        return n
    point = points[n]
    point[RX], point[RY], point[RZ] = x, y, z
    point[NX], point[NY], point[NZ] = nx, ny, nz
    resistance = damping + stiffness * dt_s
    point[PUSH] = -gap * (stiffness if gap < 0.0 else resistance / dt_s)
    point[RESISTS], point[FRICTION] = resistance, friction
    return n + 1


@kernel
def press(
    w: World, p: Params, m: Model, k: int, e: Any, turn: Any, motion: Any, pull: Any, on_truck: bool, points: Any,
    n: int, dt_s: float, out: Any, truck: Any, mass: Any, under: Any, speeds: Any,
) -> None:  # fmt: skip
    """Add what `n` points do to body `k` to `out` (6,), and the opposite to `truck` (8,) if they are on it.

    Args:
        e, turn, motion: of E in W; pull: (6,) what the suspension does to it, as in `out`; mass: the truck's (9,);
            under, speeds: (8,) and (6,) to work in.
    """
    fx, fy, fz = out[0] + pull[0], out[1] + pull[1], out[2] + pull[2]
    kg, com, own = m.body_kg[k], m.body_com_m[k], m.body_inertia_kgm2[k]
    cx, cy, cz = times(turn, com[0], com[1], com[2])
    per_s = 1.0 / dt_s
    # inertia over the step, in W: turn own turn^T
    ax, ay, az = times(own, turn[0, 0], turn[0, 1], turn[0, 2])
    bx, by, bz = times(own, turn[1, 0], turn[1, 1], turn[1, 2])
    gx, gy, gz = times(own, turn[2, 0], turn[2, 1], turn[2, 2])
    ixx = per_s * (turn[0, 0] * ax + turn[0, 1] * ay + turn[0, 2] * az)
    ixy = per_s * (turn[1, 0] * ax + turn[1, 1] * ay + turn[1, 2] * az)
    ixz = per_s * (turn[2, 0] * ax + turn[2, 1] * ay + turn[2, 2] * az)
    iyy = per_s * (turn[1, 0] * bx + turn[1, 1] * by + turn[1, 2] * bz)
    iyz = per_s * (turn[2, 0] * bx + turn[2, 1] * by + turn[2, 2] * bz)
    izz = per_s * (turn[2, 0] * gx + turn[2, 1] * gy + turn[2, 2] * gz)
    # momentum over the step, about the centre of mass
    wx, wy, wz = motion[3], motion[4], motion[5]
    ux, uy, uz = cross(wx, wy, wz, cx, cy, cz)
    ux, uy, uz = ux + motion[0], uy + motion[1], uz + motion[2]
    dx, dy, dz = cross(cx, cy, cz, fx, fy, fz)
    kept = kg * per_s
    px, py, pz = kept * ux + fx, kept * uy + fy, kept * uz + fz - kg * p.gravity_mps2
    lx = ixx * wx + ixy * wy + ixz * wz + out[3] + pull[3] - dx
    ly = ixy * wx + iyy * wy + iyz * wz + out[4] + pull[4] - dy
    lz = ixz * wx + iyz * wy + izz * wz + out[5] + pull[5] - dz
    firm = HOLDS * kept
    for i in range(n):
        point = points[i]
        rx, ry, rz = point[RX], point[RY], point[RZ]
        sx = sy = sz = 0.0
        if on_truck:
            sx, sy, sz = truck_body.velocity(w, w.truck_qd, truck, e[0] + rx, e[1] + ry, e[2] + rz)
        point[RX], point[RY], point[RZ] = rx - cx, ry - cy, rz - cz
        point[WX], point[WY], point[WZ], point[HOLD] = sx, sy, sz, firm
        _judge(point, ux, uy, uz, wx, wy, wz, firm)
    for _ in range(PASSES):
        settled = True
        if on_truck:
            # the truck's speeds after the step under these forces
            for i in range(8):
                under[i] = truck[i]
            for i in range(n):
                point = points[i]
                if point[NORMAL] > 0.0:
                    jx, jy, jz = _force(point, ux, uy, uz, wx, wy, wz)
                    rx, ry, rz = e[0] + cx + point[RX], e[1] + cy + point[RY], e[2] + cz + point[RZ]
                    truck_body.push(w, under, rx, ry, rz, -jx, -jy, -jz)
            truck_body.move(w, p, mass, under, dt_s, speeds)
            for i in range(n):
                point = points[i]
                rx, ry, rz = e[0] + cx + point[RX], e[1] + cy + point[RY], e[2] + cz + point[RZ]
                sx, sy, sz = truck_body.velocity(w, speeds, truck, rx, ry, rz)
                change = abs(sx - point[WX]) + abs(sy - point[WY]) + abs(sz - point[WZ])
                settled = settled and kept * change <= SAME * point[FRICTION] * point[NORMAL]
                point[WX], point[WY], point[WZ] = sx, sy, sz
        # [P Q; Q^T S] (u, w) = (b, h): sums over the points
        pxx, pyy, pzz, pxy, pxz, pyz = kept, kept, kept, 0.0, 0.0, 0.0
        sxx, sxy, sxz, syy, syz, szz = ixx, ixy, ixz, iyy, iyz, izz
        qxx = qxy = qxz = qyx = qyy = qyz = qzx = qzy = qzz = 0.0
        bx, by, bz, hx, hy, hz = px, py, pz, lx, ly, lz
        for i in range(n):
            point = points[i]
            if point[NORMAL] <= 0.0:
                continue
            rx, ry, rz = point[RX], point[RY], point[RZ]
            nx, ny, nz = point[NX], point[NY], point[NZ]
            c = point[HOLD]
            r = point[RESISTS] - c
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
            along = point[PUSH] + r * (nx * point[WX] + ny * point[WY] + nz * point[WZ])
            jx, jy, jz = along * nx + c * point[WX], along * ny + c * point[WY], along * nz + c * point[WZ]
            kx, ky, kz = cross(rx, ry, rz, jx, jy, jz)
            bx, by, bz, hx, hy, hz = bx + jx, by + jy, bz + jz, hx + kx, hy + ky, hz + kz
        ixx_, ixy_, ixz_, iyy_, iyz_, izz_ = symmetric_inverse(pxx, pxy, pxz, pyy, pyz, pzz)
        # P^-1 Q, by columns
        axx, ayx, azx = (
            ixx_ * qxx + ixy_ * qyx + ixz_ * qzx,
            ixy_ * qxx + iyy_ * qyx + iyz_ * qzx,
            ixz_ * qxx + iyz_ * qyx + izz_ * qzx,
        )
        axy, ayy, azy = (
            ixx_ * qxy + ixy_ * qyy + ixz_ * qzy,
            ixy_ * qxy + iyy_ * qyy + iyz_ * qzy,
            ixz_ * qxy + iyz_ * qyy + izz_ * qzy,
        )
        axz, ayz, azz = (
            ixx_ * qxz + ixy_ * qyz + ixz_ * qzz,
            ixy_ * qxz + iyy_ * qyz + iyz_ * qzz,
            ixz_ * qxz + iyz_ * qyz + izz_ * qzz,
        )
        sxx -= qxx * axx + qyx * ayx + qzx * azx
        sxy -= qxx * axy + qyx * ayy + qzx * azy
        sxz -= qxx * axz + qyx * ayz + qzx * azz
        syy -= qxy * axy + qyy * ayy + qzy * azy
        syz -= qxy * axz + qyy * ayz + qzy * azz
        szz -= qxz * axz + qyz * ayz + qzz * azz
        hx -= axx * bx + ayx * by + azx * bz
        hy -= axy * bx + ayy * by + azy * bz
        hz -= axz * bx + ayz * by + azz * bz
        jxx, jxy, jxz, jyy, jyz, jzz = symmetric_inverse(sxx, sxy, sxz, syy, syz, szz)
        wx, wy, wz = jxx * hx + jxy * hy + jxz * hz, jxy * hx + jyy * hy + jyz * hz, jxz * hx + jyz * hy + jzz * hz
        ux = ixx_ * bx + ixy_ * by + ixz_ * bz - axx * wx - axy * wy - axz * wz
        uy = ixy_ * bx + iyy_ * by + iyz_ * bz - ayx * wx - ayy * wy - ayz * wz
        uz = ixz_ * bx + iyz_ * by + izz_ * bz - azx * wx - azy * wy - azz * wz
        for i in range(n):
            settled = _judge(points[i], ux, uy, uz, wx, wy, wz, firm) and settled
        if settled:
            break
    for i in range(n):
        point = points[i]
        if point[NORMAL] <= 0.0:
            continue
        jx, jy, jz = _force(point, ux, uy, uz, wx, wy, wz)
        rx, ry, rz = point[RX], point[RY], point[RZ]
        rx, ry, rz = rx + cx, ry + cy, rz + cz
        kx, ky, kz = cross(rx, ry, rz, jx, jy, jz)
        out[0] += jx
        out[1] += jy
        out[2] += jz
        out[3] += kx
        out[4] += ky
        out[5] += kz
        if on_truck:
            truck_body.push(w, truck, e[0] + rx, e[1] + ry, e[2] + rz, -jx, -jy, -jz)


@kernel
def _slides(
    point: Any, ux: float, uy: float, uz: float, wx: float, wy: float, wz: float
) -> tuple[float, float, float, float]:
    """How fast a point of a body, whose centre of mass has the speed u, moves over what it presses on: away from it,
    and along it."""
    nx, ny, nz = point[NX], point[NY], point[NZ]
    vx, vy, vz = cross(wx, wy, wz, point[RX], point[RY], point[RZ])
    vx, vy, vz = vx + ux - point[WX], vy + uy - point[WY], vz + uz - point[WZ]
    away = nx * vx + ny * vy + nz * vz
    return away, vx - away * nx, vy - away * ny, vz - away * nz


@kernel
def _judge(point: Any, ux: float, uy: float, uz: float, wx: float, wy: float, wz: float, firm: float) -> bool:
    """Normal force of a point at these speeds, and c for the next pass; whether they stay.

    `HELD` becomes the c of its friction in this pass, which is Coulomb's at most.
    """
    away, vx, vy, vz = _slides(point, ux, uy, uz, wx, wy, wz)
    force, was, c = max(point[PUSH] - point[RESISTS] * away, 0.0), point[NORMAL], point[HOLD]
    speed = math.sqrt(vx * vx + vy * vy + vz * vz)
    most = point[FRICTION] * force
    point[NORMAL] = force
    point[HELD] = c if c * speed <= most else most / speed
    point[HOLD] = firm if firm * speed <= most else most / speed
    return (was > 0.0) == (force > 0.0) and abs(point[HOLD] - c) <= SAME * c


@kernel
def _force(point: Any, ux: float, uy: float, uz: float, wx: float, wy: float, wz: float) -> tuple[float, float, float]:
    """Of a point as judged at these speeds, in W."""
    _, vx, vy, vz = _slides(point, ux, uy, uz, wx, wy, wz)
    force, c = point[NORMAL], point[HELD]
    return force * point[NX] - c * vx, force * point[NY] - c * vy, force * point[NZ] - c * vz
