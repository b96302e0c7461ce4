"""The camera of a window: presets that follow the work, and free orbit by mouse."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from twin.viewer.graphics.camera import Orbit, View
from twin.viewer.layout import Layout
from twin.viewer.snapshot import Snapshot

FREE = "free"
TURN_RAD_PER_HEIGHT = math.radians(200.0)
"""Angle of the camera for a drag over the height of the picture."""
ZOOM_PER_NOTCH = 0.88

Preset = Callable[[Layout, Snapshot], View]


class Eye:
    """Camera of the window. `name` is a preset's or "free"."""

    def __init__(self, layout: Layout, presets: Mapping[str, Preset], name: str) -> None:
        self._layout, self._presets = layout, presets
        self._orbit: Orbit | None = None
        self._last: View | None = None
        self.name = name

    def choose(self, name: str) -> bool:
        """Select a preset; False if there is none of that name."""
        if name not in self._presets:
            return False
        self.name, self._orbit = name, None
        return True

    def view(self, snapshot: Snapshot) -> View:
        """Current view: a preset moves with its target; a free camera is fixed."""
        self._last = self._orbit.view if self._orbit is not None else self._presets[self.name](self._layout, snapshot)
        return self._last

    def turn(self, dx_px: float, dy_px: float, height_px: int) -> None:
        """Orbit by a drag of the mouse."""
        scale = TURN_RAD_PER_HEIGHT / max(height_px, 1)
        self._free(self._now().turned(-dx_px * scale, dy_px * scale))

    def move(self, dx_px: float, dy_px: float, height_px: int) -> None:
        """Pan by a drag: the point under the pointer stays there."""
        orbit = self._now()
        scale = 2.0 * orbit.distance_m * math.tan(math.radians(orbit.fov_deg) / 2.0) / max(height_px, 1)
        self._free(orbit.shifted(-dx_px * scale, dy_px * scale))

    def zoom(self, notches: float) -> None:
        self._free(self._now().zoomed(ZOOM_PER_NOTCH**notches))

    def _now(self) -> Orbit:
        if self._orbit is not None:
            return self._orbit
        return Orbit.of(self._last or View((11.0, -12.0, 7.0), (0.0, 0.0, 1.5)))

    def _free(self, orbit: Orbit) -> None:
        self._orbit, self.name = orbit, FREE
