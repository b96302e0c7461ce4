"""Camera: views, and an orbit for the mouse."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

STEEPEST_RAD = math.radians(89.0)
CLOSEST_M, FARTHEST_M = 0.3, 80.0


@dataclass(frozen=True)
class View:
    """Eye and target in the world, vertical angle of view."""

    eye_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    fov_deg: float = 40.0

    @property
    def distance_m(self) -> float:
        return float(np.linalg.norm(np.subtract(self.eye_m, self.target_m)))


@dataclass(frozen=True)
class Orbit:
    """A view by angles about its target: azimuth from +x to +y, elevation over the horizon."""

    target_m: tuple[float, float, float]
    azimuth_rad: float
    elevation_rad: float
    distance_m: float
    fov_deg: float = 40.0

    @classmethod
    def of(cls, view: View) -> Orbit:
        dx, dy, dz = np.subtract(view.eye_m, view.target_m)
        flat = math.hypot(dx, dy)
        return cls(view.target_m, math.atan2(dy, dx), math.atan2(dz, flat), max(view.distance_m, 1e-6), view.fov_deg)

    @property
    def view(self) -> View:
        c = math.cos(self.elevation_rad)
        away = (c * math.cos(self.azimuth_rad), c * math.sin(self.azimuth_rad), math.sin(self.elevation_rad))
        x, y, z = (t + self.distance_m * a for t, a in zip(self.target_m, away, strict=True))
        return View((x, y, z), self.target_m, self.fov_deg)

    def turned(self, azimuth_rad: float, elevation_rad: float) -> Orbit:
        """Turned by the given angles, limited near the poles."""
        elevation = min(max(self.elevation_rad + elevation_rad, -STEEPEST_RAD), STEEPEST_RAD)
        return replace(self, azimuth_rad=self.azimuth_rad + azimuth_rad, elevation_rad=elevation)

    def zoomed(self, factor: float) -> Orbit:
        """Nearer (below 1) or farther."""
        return replace(self, distance_m=min(max(self.distance_m * factor, CLOSEST_M), FARTHEST_M))

    def shifted(self, right_m: float, up_m: float) -> Orbit:
        """Eye and target moved in the plane of the picture."""
        view = self.view
        ahead = np.subtract(view.target_m, view.eye_m) / self.distance_m
        right = np.array([-math.sin(self.azimuth_rad), math.cos(self.azimuth_rad), 0.0])
        up = np.cross(right, ahead)
        x, y, z = np.asarray(self.target_m) + right_m * right + up_m * up
        return replace(self, target_m=(float(x), float(y), float(z)))


def blended(a: View, b: View, share: float) -> View:
    """Eased blend from view a to view b."""
    s = share * share * (3.0 - 2.0 * share)

    def mix(p: tuple[float, float, float], q: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = (np.asarray(p) * (1.0 - s) + np.asarray(q) * s).tolist()
        return x, y, z

    return View(mix(a.eye_m, b.eye_m), mix(a.target_m, b.target_m), a.fov_deg * (1.0 - s) + b.fov_deg * s)
