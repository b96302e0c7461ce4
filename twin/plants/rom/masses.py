"""Effective mass at a contact: the body's own mass, or that of body and truck where the truck is free to move.

Vectors and matrices are tuples here: three numbers, nine by rows, or the six of a symmetric matrix (xx, xy, xz, yy, yz,
zz). A mass over the step dt is kg / dt: times a speed it is the force that makes this speed in one step.
"""

from __future__ import annotations

from typing import Any

from twin.geometry import JOINT_HEIGHT_M
from twin.motion.kernels import inlined_kernel
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import symmetric_inverse, symmetric_times
from twin.plants.rom.truck import COSINE, SINE
from twin.records import TX, TY, TZ, Params, Truth

Vector = tuple[float, float, float]
Symmetric = tuple[float, float, float, float, float, float]
Matrix = tuple[float, float, float, float, float, float, float, float, float]


@inlined_kernel
def inertia(own: Any, turn: Any, per_s: float) -> Symmetric:
    """Inertia in W, `per_s` times turn own turn^T, from an inertia `own` (6,) in a body's axes."""
    ax, ay, az = symmetric_times(own, turn[0, 0], turn[0, 1], turn[0, 2])
    bx, by, bz = symmetric_times(own, turn[1, 0], turn[1, 1], turn[1, 2])
    gx, gy, gz = symmetric_times(own, turn[2, 0], turn[2, 1], turn[2, 2])
    return (
        per_s * (turn[0, 0] * ax + turn[0, 1] * ay + turn[0, 2] * az),
        per_s * (turn[1, 0] * ax + turn[1, 1] * ay + turn[1, 2] * az),
        per_s * (turn[2, 0] * ax + turn[2, 1] * ay + turn[2, 2] * az),
        per_s * (turn[1, 0] * bx + turn[1, 1] * by + turn[1, 2] * bz),
        per_s * (turn[2, 0] * bx + turn[2, 1] * by + turn[2, 2] * bz),
        per_s * (turn[2, 0] * gx + turn[2, 1] * gy + turn[2, 2] * gz),
    )


@inlined_kernel
def with_truck(
    w: Truth, p: Params, mass: Any, force: Any, x: float, y: float, z: float, kept: float, turns: Symmetric,
    linear: Vector, angular: Vector, dt_s: float,
) -> tuple[Symmetric, Matrix, Symmetric, Vector, Vector]:  # fmt: skip
    """Effective mass of a body for changes of its speeds (u, v) relative to a truck that heaves, pitches and rolls.

    Over the step a contact force F makes M s = l + F of the body's speeds s and C q = f - J^T F of the truck's q, which
    move the truck's point at the body's centre of mass by J q. So for s - J q, with B = M J and N = C + J^T M J,

        (M - B N^-1 B^T) (s - J q) = l - B N^-1 (J^T l + f) + F.

    Args:
        mass: the truck's (12,); force: (8,) on it without F; x, y, z: the body's centre of mass; kept, turns: M;
            linear, angular: l.

    Returns:
        The first bracket, by its parts for u, for v to u, for v; the right-hand side without F.
    """
    c, s = force[COSINE], force[SINE]
    dx, dy, h = x - w.truck_q[TX], y - w.truck_q[TY], z - w.truck_q[TZ] - JOINT_HEIGHT_M
    rx, ry = c * dx + s * dy, -s * dx + c * dy
    # J's columns for z, pitch and roll: they move the body by (0, 0, 1), (c h, s h, -rx), (s h, -c h, ry), and turn it
    # about nothing, (-s, c, 0) and (c, s, 0)
    px, py, pz = symmetric_times(turns, -s, c, 0.0)
    qx, qy, qz = symmetric_times(turns, c, s, 0.0)
    (czz, czp, czr, cpp, cpr, crr), (fz, fp, fr) = truck_body.heaving(w, p, mass, force, dt_s)
    level = kept * h * h
    inverse = symmetric_inverse(
        czz + kept, czp - kept * rx, czr + kept * ry, cpp + level + kept * rx * rx - s * px + c * py,
        cpr - kept * rx * ry - s * qx + c * qy, crr + level + kept * ry * ry + c * qx + s * qy,
    )  # fmt: skip
    lx, ly, lz = linear
    tx, ty, tz = angular
    gz, gp, gr = symmetric_times(
        inverse,
        fz + lz,
        fp + h * (c * lx + s * ly) - rx * lz - s * tx + c * ty,
        fr + h * (s * lx - c * ly) + ry * lz + c * tx + s * ty,
    )
    # B's rows, where the first number of all but the third is 0, and N^-1 times each
    xp, xr = kept * h * c, kept * h * s
    yp, yr = xr, -xp
    zp, zr = -kept * rx, kept * ry
    _, _, _, npp, npr, nrr = inverse
    xpn, xrn = npp * xp + npr * xr, npr * xp + nrr * xr
    ypn, yrn = npp * yp + npr * yr, npr * yp + nrr * yr
    zzn, zpn, zrn = symmetric_times(inverse, kept, zp, zr)
    ppn, prn = npp * px + npr * qx, npr * px + nrr * qx
    qpn, qrn = npp * py + npr * qy, npr * py + nrr * qy
    rpn, rrn = npp * pz + npr * qz, npr * pz + nrr * qz
    txx, txy, txz, tyy, tyz, tzz = turns
    return (
        (
            kept - xpn * xp - xrn * xr, -xpn * yp - xrn * yr, -zpn * xp - zrn * xr,
            kept - ypn * yp - yrn * yr, -zpn * yp - zrn * yr, kept - zzn * kept - zpn * zp - zrn * zr,
        ),
        (
            -xpn * px - xrn * qx, -xpn * py - xrn * qy, -xpn * pz - xrn * qz,
            -ypn * px - yrn * qx, -ypn * py - yrn * qy, -ypn * pz - yrn * qz,
            -zpn * px - zrn * qx, -zpn * py - zrn * qy, -zpn * pz - zrn * qz,
        ),
        (
            txx - ppn * px - prn * qx, txy - ppn * py - prn * qy, txz - ppn * pz - prn * qz,
            tyy - qpn * py - qrn * qy, tyz - qpn * pz - qrn * qz, tzz - rpn * pz - rrn * qz,
        ),
        (lx - xp * gp - xr * gr, ly - yp * gp - yr * gr, lz - kept * gz - zp * gp - zr * gr),
        (tx - px * gp - qx * gr, ty - py * gp - qy * gr, tz - pz * gp - qz * gr),
    )  # fmt: skip


@inlined_kernel
def on_moving(
    moves: Symmetric, mixed: Matrix, turns: Symmetric, linear: Vector, angular: Vector, vx: float, vy: float, yaw: float
) -> tuple[Vector, Vector]:
    """Right-hand side if the contact partner moves at (vx, vy) there and at the yaw rate `yaw`."""
    pxx, pxy, pxz, pyy, pyz, _ = moves
    qxx, qxy, qxz, qyx, qyy, qyz, _, _, qzz = mixed
    _, _, sxz, _, syz, szz = turns
    bx, by, bz = linear
    hx, hy, hz = angular
    return (
        (
            bx - pxx * vx - pxy * vy - qxz * yaw,
            by - pxy * vx - pyy * vy - qyz * yaw,
            bz - pxz * vx - pyz * vy - qzz * yaw,
        ),
        (
            hx - qxx * vx - qyx * vy - sxz * yaw,
            hy - qxy * vx - qyy * vy - syz * yaw,
            hz - qxz * vx - qyz * vy - szz * yaw,
        ),
    )
