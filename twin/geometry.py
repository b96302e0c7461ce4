"""Planar distances, quaternions, rotations and points of the truck, as kernels."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.records import TPITCH, TROLL, TX, TY, TYAW, TZ

JOINT_HEIGHT_M = 0.5
"""Height of the pitch and roll centre over the ground [estimate: about the axle height of a heavy truck]."""


@kernel
def planar(x: float, y: float) -> float:
    """Length of a vector. `math.hypot` guards against an overflow that cannot occur here, at thrice the time."""
    return math.sqrt(x * x + y * y)


@kernel
def quaternion(yaw: float, pitch: float, roll: float) -> tuple[float, float, float, float]:
    """Quaternion xyzw of Rz(yaw) Ry(pitch) Rx(roll)."""
    cy, sy = math.cos(0.5 * yaw), math.sin(0.5 * yaw)
    cp, sp = math.cos(0.5 * pitch), math.sin(0.5 * pitch)
    cr, sr = math.cos(0.5 * roll), math.sin(0.5 * roll)
    return (
        cy * cp * sr - sy * sp * cr,
        cy * sp * cr + sy * cp * sr,
        sy * cp * cr - cy * sp * sr,
        cy * cp * cr + sy * sp * sr,
    )


@kernel
def rotate(pose: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Rotate a vector by the quaternion (xyzw) of `pose` (7,)."""
    a, b, c, d = pose[3], pose[4], pose[5], pose[6]
    tx, ty, tz = 2.0 * (b * z - c * y), 2.0 * (c * x - a * z), 2.0 * (a * y - b * x)
    return x + d * tx + b * tz - c * ty, y + d * ty + c * tx - a * tz, z + d * tz + a * ty - b * tx


@kernel
def rotate_back(pose: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Rotate a vector by the inverse of the quaternion (xyzw) of `pose` (7,)."""
    a, b, c, d = -pose[3], -pose[4], -pose[5], pose[6]
    tx, ty, tz = 2.0 * (b * z - c * y), 2.0 * (c * x - a * z), 2.0 * (a * y - b * x)
    return x + d * tx + b * tz - c * ty, y + d * ty + c * tx - a * tz, z + d * tz + a * ty - b * tx


@kernel
def yaw_of(pose: Any) -> float:
    """Heading of a pose, in rad."""
    x, y, z, d = pose[3], pose[4], pose[5], pose[6]
    return math.atan2(2.0 * (d * z + x * y), 1.0 - 2.0 * (y * y + z * z))


@kernel
def yaw_error(pose: Any, yaw: float) -> float:
    """Heading of a pose less `yaw`, within half a turn, in rad."""
    error = yaw_of(pose) - yaw
    return math.atan2(math.sin(error), math.cos(error))


@kernel
def truck_point(q: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """World position of the point (x, y, z) of the truck's sprung body, given in T at its nominal position."""
    z -= JOINT_HEIGHT_M
    cr, sr = math.cos(q[TROLL]), math.sin(q[TROLL])
    cp, sp = math.cos(q[TPITCH]), math.sin(q[TPITCH])
    cy, sy = math.cos(q[TYAW]), math.sin(q[TYAW])
    y, z = cr * y - sr * z, sr * y + cr * z
    x, z = cp * x + sp * z, -sp * x + cp * z
    x, y = cy * x - sy * y, sy * x + cy * y
    return x + q[TX], y + q[TY], z + q[TZ] + JOINT_HEIGHT_M
