"""Rotations and directions as plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Vector = Sequence[float] | np.ndarray


def rotation(yaw_rad: float, pitch_rad: float = 0.0, roll_rad: float = 0.0) -> np.ndarray:
    """Rz Ry Rx (3, 3)."""
    cy, sy, cp, sp = math.cos(yaw_rad), math.sin(yaw_rad), math.cos(pitch_rad), math.sin(pitch_rad)
    cr, sr = math.cos(roll_rad), math.sin(roll_rad)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def direction(axis: str | Vector) -> np.ndarray:
    if isinstance(axis, str):
        return np.eye(3)["xyz".index(axis)]
    d = np.asarray(axis, dtype=float)
    return d / np.linalg.norm(d)


def across_of(along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two directions that form a right-handed frame with `along`."""
    other = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(other, along)
    u /= np.linalg.norm(u)
    return u, np.cross(along, u)
