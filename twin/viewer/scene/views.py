"""Camera presets: a view from a layout and an instant.

All except `top` look from the near side (-y), which the site leaves open.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.viewer.graphics.camera import View, blended
from twin.viewer.layout import Layout
from twin.viewer.scene.proportions import Gantry, Pit
from twin.viewer.scene.work import work_at
from twin.viewer.snapshot import Snapshot

Preset = Callable[[Layout, Snapshot], View]

PIT_EYE_Z_M = 0.05
"""Eye height of a close-up at a chassis station: at deck height, under the frame and down to the floor."""
FOLLOWED_FROM_M, FOLLOWED_M = {True: 0.4, False: 1.6}, 0.8
"""Height over a seat (of the truck or not) from which the camera follows the load, and the blend distance above it: the
truck hides a load that is lowered to a slot."""
PIT_LENGTHS_HIGH = 1.85
"""View from above: the pit's whole length fits a 16:9 picture beside charts."""


def overview(layout: Layout, snapshot: Snapshot) -> View:
    """The whole station from ahead on the right; fixed."""
    if layout.station.kind == "top_lift":
        gantry = Gantry.of(layout)
        middle = (gantry.near_y_m + gantry.far_y_m) / 2
        high = gantry.sheave_m
        return View((7.4, gantry.near_y_m - 10.8, 0.95 * high), (0.1, 0.35 * middle, 0.44 * high), 39.0)
    pit = Pit.of(layout)
    return View((5.0, -pit.half_y_m - 9.05, 2.0), (0.2, 0.0, 0.1), 33.0)


def seat(layout: Layout, snapshot: Snapshot) -> View:
    """Close-up of the seat at work: pins, cones, locks, the approaching pack.

    It follows the robot: to the truck's seat, the old pack's slot and the new pack's slot. It follows the truck's
    planar motion but not its springs, so heave and pitch are visible.
    """
    work = work_at(layout, snapshot)
    if work.start == work.goal:
        return _close_up(layout, snapshot, work.start)
    near = blended(_close_up(layout, snapshot, work.start), _close_up(layout, snapshot, work.goal), work.share)
    if layout.station.kind == "chassis":
        return near
    tool = snapshot.world_pose(work.tool)[:3]
    over_m = float(tool[2] - snapshot.world_pose(work.seat)[2] - layout.pack.size_m[2])
    from_m = FOLLOWED_FROM_M[_on_truck(layout, work.seat)]
    return blended(near, _under_way(layout, tool), min(max((over_m - from_m) / FOLLOWED_M, 0.0), 1.0))


def _on_truck(layout: Layout, name: str) -> bool:
    return next(seat.on_truck for seat in layout.seats if seat.name == name)


def _close_up(layout: Layout, snapshot: Snapshot, name: str) -> View:
    x, y, z = (float(c) for c in snapshot.world_pose(name)[:3])
    side = layout.pack.size_m[1] / 2
    if layout.station.kind == "chassis":
        # from the middle of the bay outwards, between the wheels: from the pit's floor to the truck's frame
        return View((0.3 * x, y - side - 3.95, PIT_EYE_Z_M), (0.9 * x, y - 0.5 * side, PIT_EYE_Z_M - 0.3), 42.0)
    if _on_truck(layout, name):
        z = layout.truck.seats_xyz_m[0][2]
        return View((x - 1.9, y - side - 3.1, z + 1.15), (x + 0.05, y - 0.45 * side, z + 0.42), 39.0)
    away = 1.0 if x > 0.0 else -1.0  # over cab or body, opposite to the load's path
    return View((x + 2.2 * away, y - 2.4, z + 4.2), (x + 0.1 * away, y - 0.2, z + 0.7), 48.0)


def _under_way(layout: Layout, tool: np.ndarray) -> View:
    """The load during travel, from the near side under the runway: between two seats it is over cab and slots."""
    x, y, z = (float(c) for c in tool)
    return View((x - 1.6, Gantry.of(layout).near_y_m - 4.6, 0.68 * z), (x, y, z - 0.35 * layout.pack.size_m[2]), 42.0)


def top(layout: Layout, snapshot: Snapshot) -> View:
    """Straight down, the lane from left to right: positions along and across the lane."""
    axes = layout.station.axes
    x = (axes.x.position_min_m + axes.x.position_max_m) / 2
    if layout.station.kind == "top_lift":
        y = (axes.y.position_min_m + axes.y.position_max_m) / 2
        return View((x, y, 32.0), (x, y, 0.0), 24.0)
    low, high = Pit.of(layout).end_x_m
    x, height = (low + high) / 2, PIT_LENGTHS_HIGH * (high - low)
    return View((x, 0.0, height), (x, 0.0, 0.0), 20.0)


def driver(layout: Layout, snapshot: Snapshot) -> View:
    """Rear-view camera on an arm beside the cab: back along the truck to the bay and the seat.

    The view ahead shows nothing of a swap, and on the left loads are lowered to the slots. On the right nothing passes,
    and the pack is visible as it leaves its seat. The camera moves with the truck.
    """
    o = layout.truck.outline
    truck = snapshot.world_pose("truck")
    seats = layout.truck.seats_xyz_m
    middle = sum(x for x, _, _ in seats) / len(seats)
    if layout.retract > 0.0:
        eye = (middle + 0.9, -o.width_m / 2 - 2.45, o.cab_height_m + 0.2)
        target = (middle - 0.6, -0.32 * o.width_m, seats[0][2] + 0.65)
    else:  # low enough to see under the frame
        eye = (middle + 2.6, -o.width_m / 2 - 2.55, 0.53 * o.cab_height_m)
        target = (middle + 0.2, -0.2 * o.width_m, seats[0][2] - 0.83)
    return View(on_truck(truck, eye), on_truck(truck, target), 56.0 if layout.retract > 0.0 else 50.0)


def on_truck(truck: np.ndarray, point: tuple[float, float, float]) -> tuple[float, float, float]:
    """A point of the truck's planar frame in the world."""
    w, z = truck[6], truck[5]
    c, s = w * w - z * z, 2.0 * w * z
    x, y, up = point
    return float(truck[0] + c * x - s * y), float(truck[1] + s * x + c * y), float(truck[2] + up)


def from_above(view: object) -> bool:
    """True if deck and roofs hide the view's target."""
    return view == "top"


def truck_hides_work(view: object, layout: Layout) -> bool:
    """True if the truck should be translucent: from above it hides the work under it."""
    return view == "top" and layout.retract < 0.0 and not layout.docking


PRESETS: dict[str, Preset] = {"overview": overview, "seat": seat, "top": top, "driver": driver}
"""For a swap. A drive into the bay has other presets: `views_of`."""
