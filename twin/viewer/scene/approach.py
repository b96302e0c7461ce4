"""Camera views of a drive into the bay."""

from __future__ import annotations

from twin.viewer.graphics.camera import View
from twin.viewer.layout import Layout
from twin.viewer.scene.views import Preset, on_truck, seat
from twin.viewer.snapshot import Snapshot

APPROACH = "approach"
EYE_AHEAD_M, EYE_ASIDE_M, EYE_HEIGHT_M = 9.0, -8.5, 5.5
"""Camera of the approach: ahead of the bay, on the site's open side."""
FOV_DEG = 42.0
REAR_M, AHEAD_M = 15.0, 9.0
"""Visible stretch of the lane: a truck with its trailer at one end, the lidar's post at the other."""
ABOVE_FOV_DEG, LENGTHS_PER_HEIGHT = 40.0, 0.95
"""From above, so that the length fits the width of a 16:9 picture, also beside charts."""
DRIVER_X_M, DRIVER_Y_M, DRIVER_UNDER_ROOF_M = 0.15, 0.55, 0.9
"""The driver's eyes, on the left, so far ahead of the windscreen that the cab is not in the picture."""


def approach(layout: Layout, snapshot: Snapshot) -> View:
    """From a fixed place past the bay; the camera turns to follow the truck."""
    x_m = float(snapshot.world_pose("truck")[0])
    return View((EYE_AHEAD_M, EYE_ASIDE_M, EYE_HEIGHT_M), (0.5 * x_m - 1.0, 0.0, 1.2), FOV_DEG)


def overview(layout: Layout, snapshot: Snapshot) -> View:
    """The whole approach from the side, fixed: the truck at its start, the bay at the other end."""
    middle, long = _lane(layout)
    return View((middle + 0.1 * long, -0.78 * long, 0.3 * long), (middle + 0.02 * long, 2.0, 0.0), 42.0)


def top(layout: Layout, snapshot: Snapshot) -> View:
    """Straight down on truck and bay, the lane from left to right; zooms in as they come together."""
    x_m = float(snapshot.world_pose("truck")[0])
    rear, ahead = min(x_m, 0.0) - REAR_M, max(x_m, 0.0) + AHEAD_M
    middle, height = 0.5 * (rear + ahead), LENGTHS_PER_HEIGHT * (ahead - rear)
    return View((middle, 0.0, height), (middle, 0.0, 0.0), ABOVE_FOV_DEG)


def driver(layout: Layout, snapshot: Snapshot) -> View:
    """The driver's view ahead; it moves with the truck."""
    outline, truck = layout.truck.outline, snapshot.world_pose("truck")
    eye = (outline.cab_front_x_m + DRIVER_X_M, DRIVER_Y_M, outline.cab_height_m - DRIVER_UNDER_ROOF_M)
    target = (eye[0] + 8.0, 0.5 * eye[1], eye[2] - 1.2)
    return View(on_truck(truck, eye), on_truck(truck, target), 55.0)


DOCKING_PRESETS: dict[str, Preset] = {
    APPROACH: approach,
    "overview": overview,
    "seat": seat,
    "top": top,
    "driver": driver,
}


def sun_of(layout: Layout) -> tuple[tuple[float, float, float], float]:
    """The ball (centre, radius) with shadows: the whole approach."""
    middle, long = _lane(layout)
    return (middle, 0.0, 1.0), 0.5 * long


def _lane(layout: Layout) -> tuple[float, float]:
    """(middle, length) of the approach with a truck at its start."""
    station = layout.station.approach
    start = -REAR_M - (station.start_distance_m if station is not None else 0.0)
    return 0.5 * (start + AHEAD_M), AHEAD_M - start
