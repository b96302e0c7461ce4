"""Rotations and rigid poses in kernels: matrices (3, 3) by rows, quaternions xyzw, poses (7,)."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel

SMALL = 0.125
"""Largest angle in rad at which the series are exact to the last bit but one."""


@inlined_kernel
def cosine_sine(angle: float) -> tuple[float, float]:
    """Cosine and sine of an angle, by series if it is small, else by the library's functions."""
    if abs(angle) > SMALL:
        return math.cos(angle), math.sin(angle)
    s = angle * angle
    cosine = 1.0 - s * (1 / 2 - s * (1 / 24 - s * (1 / 720 - s * (1 / 40320 - s * (1 / 3628800)))))
    sine = angle * (1.0 - s * (1 / 6 - s * (1 / 120 - s * (1 / 5040 - s * (1 / 362880 - s * (1 / 39916800))))))
    return cosine, sine


@inlined_kernel
def angle_of(sine: float, cosine: float) -> float:
    """Angle from its sine and cosine, or the same multiple of both: `math.atan2`, by series if it is small."""
    if cosine <= 0.0 or abs(sine) > SMALL * cosine:
        return math.atan2(sine, cosine)
    x = sine / cosine
    s = x * x
    tail = 1 / 11 - s * (1 / 13 - s * (1 / 15 - s * (1 / 17 - s * (1 / 19))))
    return x * (1.0 - s * (1 / 3 - s * (1 / 5 - s * (1 / 7 - s * (1 / 9 - s * tail)))))


@inlined_kernel
def from_angles(yaw: float, pitch: float, roll: float, out: Any) -> None:
    """Rz(yaw) Ry(pitch) Rx(roll) into `out` (3, 3)."""
    cy, sy = cosine_sine(yaw)
    cp, sp = cosine_sine(pitch)
    cr, sr = cosine_sine(roll)
    out[0, 0], out[0, 1], out[0, 2] = cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr
    out[1, 0], out[1, 1], out[1, 2] = sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr
    out[2, 0], out[2, 1], out[2, 2] = -sp, cp * sr, cp * cr


@inlined_kernel
def from_cosines(angles: Any, out: Any) -> None:
    """Make the rotation of `from_angles` from cosine and sine of yaw, pitch and roll in `angles` (6,) or longer."""
    cy, sy, cp, sp, cr, sr = angles[0], angles[1], angles[2], angles[3], angles[4], angles[5]
    out[0, 0], out[0, 1], out[0, 2] = cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr
    out[1, 0], out[1, 1], out[1, 2] = sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr
    out[2, 0], out[2, 1], out[2, 2] = -sp, cp * sr, cp * cr


@inlined_kernel
def matrix_product(a: Any, b: Any, out: Any) -> None:
    """Product a b of (3, 3) matrices into `out`, which may be neither."""
    for i in range(3):
        for j in range(3):
            out[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]


@inlined_kernel
def quaternion(yaw: float, pitch: float, roll: float, out: Any) -> None:
    """Quaternion xyzw of Rz(yaw) Ry(pitch) Rx(roll) into `out[3:7]`."""
    cy, sy = cosine_sine(0.5 * yaw)
    cp, sp = cosine_sine(0.5 * pitch)
    cr, sr = cosine_sine(0.5 * roll)
    out[3], out[4] = cy * cp * sr - sy * sp * cr, cy * sp * cr + sy * cp * sr
    out[5], out[6] = sy * cp * cr - cy * sp * sr, cy * cp * cr + sy * sp * sr


@inlined_kernel
def from_quaternion(pose: Any, out: Any) -> None:
    """Rotation of `pose` (7,) into `out` (3, 3)."""
    x, y, z, w = pose[3], pose[4], pose[5], pose[6]
    out[0, 0], out[0, 1], out[0, 2] = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)
    out[1, 0], out[1, 1], out[1, 2] = 2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)
    out[2, 0], out[2, 1], out[2, 2] = 2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)


@inlined_kernel
def times(r: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Rotate a vector by `r`."""
    return (
        r[0, 0] * x + r[0, 1] * y + r[0, 2] * z,
        r[1, 0] * x + r[1, 1] * y + r[1, 2] * z,
        r[2, 0] * x + r[2, 1] * y + r[2, 2] * z,
    )


@inlined_kernel
def symmetric_times(a: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Product of a symmetric matrix and a vector: its six elements `a` in the order of `symmetric_inverse`."""
    return a[0] * x + a[1] * y + a[2] * z, a[1] * x + a[3] * y + a[4] * z, a[2] * x + a[4] * y + a[5] * z


@inlined_kernel
def back(r: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Rotate a vector by the inverse of `r`."""
    return (
        r[0, 0] * x + r[1, 0] * y + r[2, 0] * z,
        r[0, 1] * x + r[1, 1] * y + r[2, 1] * z,
        r[0, 2] * x + r[1, 2] * y + r[2, 2] * z,
    )


@inlined_kernel
def cross(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> tuple[float, float, float]:
    """a x b."""
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


@inlined_kernel
def symmetric_inverse(
    xx: float, xy: float, xz: float, yy: float, yz: float, zz: float
) -> tuple[float, float, float, float, float, float]:
    """Inverse of a symmetric matrix: its elements in the same order."""
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    d = 1.0 / (xx * a + xy * b + xz * c)
    return a * d, b * d, c * d, (xx * zz - xz * xz) * d, (xy * xz - xx * yz) * d, (xx * yy - xy * xy) * d


@inlined_kernel
def compose(a: Any, b: Any, out: Any) -> None:
    """Compose poses: `b`, given in `a`, in the frame of `a`, into `out` (7,), which may be neither."""
    ax, ay, az, aw = a[3], a[4], a[5], a[6]
    bx, by, bz, bw = b[3], b[4], b[5], b[6]
    tx, ty, tz = 2.0 * (ay * b[2] - az * b[1]), 2.0 * (az * b[0] - ax * b[2]), 2.0 * (ax * b[1] - ay * b[0])
    out[0] = a[0] + b[0] + aw * tx + ay * tz - az * ty
    out[1] = a[1] + b[1] + aw * ty + az * tx - ax * tz
    out[2] = a[2] + b[2] + aw * tz + ax * ty - ay * tx
    _product(ax, ay, az, aw, bx, by, bz, bw, out)


@kernel
def relative(a: Any, b: Any, out: Any) -> None:
    """Pose `b` relative to pose `a`, both given in the same frame: into `out` (7,), which may be neither."""
    x, y, z, w = -a[3], -a[4], -a[5], a[6]
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    tx, ty, tz = 2.0 * (y * dz - z * dy), 2.0 * (z * dx - x * dz), 2.0 * (x * dy - y * dx)
    out[0] = dx + w * tx + y * tz - z * ty
    out[1] = dy + w * ty + z * tx - x * tz
    out[2] = dz + w * tz + x * ty - y * tx
    _product(x, y, z, w, b[3], b[4], b[5], b[6], out)


@inlined_kernel
def _product(ax: float, ay: float, az: float, aw: float, bx: float, by: float, bz: float, bw: float, out: Any) -> None:
    x = aw * bx + ax * bw + ay * bz - az * by
    y = aw * by - ax * bz + ay * bw + az * bx
    z = aw * bz + ax * by - ay * bx + az * bw
    w = aw * bw - ax * bx - ay * by - az * bz
    n = 1.0 / math.sqrt(x * x + y * y + z * z + w * w)
    out[3], out[4], out[5], out[6] = x * n, y * n, z * n, w * n
