"""A pinhole camera by hand: where a point of the world must be on the picture, without asking Panda3D."""

from __future__ import annotations

import math

import numpy as np

from twin.viewer.graphics.camera import View


def pixel(view: View, size_px: tuple[int, int], point_m: np.ndarray) -> np.ndarray:
    """(2,) pixel x, y from the top left corner; the angle of view is that of the shorter side."""
    eye = np.asarray(view.eye_m)
    ahead = np.asarray(view.target_m) - eye
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    d = np.asarray(point_m) - eye
    width, height = size_px
    focal_px = min(size_px) / 2.0 / math.tan(math.radians(view.fov_deg) / 2.0)
    depth = d @ ahead
    return np.array([width / 2.0 + focal_px * (d @ right) / depth, height / 2.0 - focal_px * (d @ up) / depth])
