"""One instant for the viewer: poses of frames, channels and sensors under their recorded names."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from twin.recording import Frame

WORLD_FRAME = "world"
UNIT_POSE = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Names:
    """Names of the rows of frames and the columns of channels and sensors."""

    frames: tuple[Frame, ...]
    channels: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()

    @cached_property
    def frame_index(self) -> dict[str, int]:
        return {frame.name: i for i, frame in enumerate(self.frames)}

    @cached_property
    def column_index(self) -> dict[str, int]:
        """Channels first, then sensors; names are unique across both."""
        return {name: i for i, name in enumerate((*self.channels, *self.sensors))}


@dataclass(frozen=True)
class Snapshot:
    """Poses (F, 7) of each frame in its parent (position, quaternion xyzw), values (C,), sensors (S,), at t_s.

    If nothing is `logged` at t_s, the last values hold.
    """

    names: Names
    t_s: float
    poses: np.ndarray
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    sensors: np.ndarray = field(default_factory=lambda: np.empty(0))
    logged: bool = True

    def value(self, name: str, otherwise: float = float("nan")) -> float:
        """A channel or sensor by name; `otherwise` if the recording does not have it."""
        k = self.names.column_index.get(name)
        if k is None:
            return otherwise
        channels = len(self.names.channels)
        return float(self.values[k] if k < channels else self.sensors[k - channels])

    def code(self, name: str, otherwise: int) -> int:
        """An integer channel by name; `otherwise` if it is missing or NaN."""
        value = self.value(name)
        return int(value) if np.isfinite(value) else otherwise

    def has_frame(self, name: str) -> bool:
        return name in self.names.frame_index

    def world_pose(self, name: str) -> np.ndarray:
        """Pose (7,) of a frame in the world."""
        if name == WORLD_FRAME:
            return UNIT_POSE
        i = self.names.frame_index[name]
        parent = self.names.frames[i].parent
        pose = self.poses[i]
        return pose if parent == WORLD_FRAME else compose(self.world_pose(parent), pose)

    def world_point(self, name: str, point_m: tuple[float, float, float]) -> np.ndarray:
        """World position (3,) of a point (3,) given in a frame."""
        pose = self.world_pose(name)
        return pose[:3] + rotate(pose[3:], np.asarray(point_m, dtype=float))


def rotate(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Vector (3,) rotated by a quaternion xyzw."""
    # plain numbers: numpy's cross of two triples is twenty times slower
    x, y, z, w = (float(c) for c in q)
    vx, vy, vz = (float(c) for c in v)
    tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
    return np.array([vx + w * tx + y * tz - z * ty, vy + w * ty + z * tx - x * tz, vz + w * tz + x * ty - y * tx])


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of two quaternions xyzw: first b, then a."""
    ax, ay, az, aw = (float(c) for c in a)
    bx, by, bz, bw = (float(c) for c in b)
    return np.array(
        [
            aw * bx + bw * ax + ay * bz - az * by,
            aw * by + bw * ay + az * bx - ax * bz,
            aw * bz + bw * az + ax * by - ay * bx,
            aw * bw - ax * bx - ay * by - az * bz,
        ]
    )


def compose(parent: np.ndarray, child: np.ndarray) -> np.ndarray:
    """Pose (7,) in the world of a pose given in `parent`."""
    return np.concatenate([parent[:3] + rotate(parent[3:], child[:3]), multiply(parent[3:], child[3:])])


def between(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """Poses (F, 7) interpolated by `share`: positions linearly, rotations by normalised linear interpolation.

    Samples are 20 ms apart, so the difference to spherical interpolation is invisible.
    """
    near = np.where(np.sum(before[:, 3:] * after[:, 3:], axis=1, keepdims=True) < 0.0, -1.0, 1.0)
    poses = before + share * (after - before)
    turns = before[:, 3:] + share * (near * after[:, 3:] - before[:, 3:])
    poses[:, 3:] = turns / np.linalg.norm(turns, axis=1, keepdims=True)
    return poses
