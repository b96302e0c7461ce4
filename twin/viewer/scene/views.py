"""Camera presets: from a layout and an instant to a view.

All but `top` look from the near side (-y), which the site leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from twin.jobs import Job
from twin.viewer.graphics.camera import View
from twin.viewer.layout import Layout
from twin.viewer.scene.proportions import Gantry, Pit
from twin.viewer.snapshot import Snapshot

Preset = Callable[[Layout, Snapshot], View]

MIRROR_OUT_M = 1.10  # of the driver's view beyond the cab's side
MIRROR_BACK_M = 0.45  # behind the cab's front: the mirror itself stays out of the picture
MIRROR_UNDER_ROOF_M = 0.30


def overview(layout: Layout, snapshot: Snapshot) -> View:
    """The whole station from ahead on the right; it stands still."""
    if layout.station.kind == "top_lift":
        gantry = Gantry.of(layout)
        middle = (gantry.near_y_m + gantry.far_y_m) / 2
        high = gantry.sheave_m
        return View((7.4, gantry.near_y_m - 10.8, 0.95 * high), (0.1, 0.35 * middle, 0.44 * high), 39.0)
    pit = Pit.of(layout)
    return View((6.0, -pit.half_y_m - 8.6, 2.9), (0.1, 0.0, 0.25), 40.0)


def seat(layout: Layout, snapshot: Snapshot) -> View:
    """The truck's seat that is being worked on, close: pins, cones, locks, the pack coming in.

    It follows the truck on the ground but not its springs: one sees the truck rise and dive.
    """
    at = seat_at_work(layout, snapshot)
    x, y = (float(c) for c in snapshot.world_pose(at)[:2])
    z = layout.truck.seats_xyz_m[0][2]
    side = layout.pack.size_m[1] / 2
    if layout.station.kind == "top_lift":
        return View((x - 1.9, y - side - 3.1, z + 1.15), (x + 0.05, y - 0.45 * side, z + 0.42), 39.0)
    # from the middle of the bay outwards, between the wheels
    return View((0.3 * x, y - side - 3.1, z - 0.26), (0.9 * x, y - 0.5 * side, z - 0.36), 36.0)


def top(layout: Layout, snapshot: Snapshot) -> View:
    """Straight down, the lane from left to right: positions along and across the lane."""
    axes = layout.station.axes
    x = (axes.x.position_min_m + axes.x.position_max_m) / 2
    if layout.station.kind == "top_lift":
        y = (axes.y.position_min_m + axes.y.position_max_m) / 2
        return View((x, y, 32.0), (x, y, 0.0), 24.0)
    return View((x, 0.4, 26.0), (x, 0.4, 0.0), 20.0)


def driver(layout: Layout, snapshot: Snapshot) -> View:
    """What the driver's right-hand mirror camera shows: back along the truck to the bay and the seat.

    Ahead out of the cab there is nothing of a swap to be seen, and on the left loads come down to the slots. On the
    right nothing ever passes, and one sees the pack rise out of its seat, or into the pit. It moves with the truck.
    """
    o = layout.truck.outline
    truck = snapshot.world_pose("truck")
    seats = layout.truck.seats_xyz_m
    middle = sum(x for x, _, _ in seats) / len(seats)
    eye = (o.cab_front_x_m - MIRROR_BACK_M, -o.width_m / 2 - MIRROR_OUT_M, o.cab_height_m - MIRROR_UNDER_ROOF_M)
    aim = seats[0][2] + (0.9 if layout.retract > 0.0 else -0.4)
    target = (middle - 0.7, -0.4 * o.width_m, aim)
    return View(on_truck(truck, eye), on_truck(truck, target), 60.0)


def on_truck(truck: np.ndarray, point: tuple[float, float, float]) -> tuple[float, float, float]:
    """A point of the truck's planar frame in the world."""
    w, z = truck[6], truck[5]
    c, s = w * w - z * z, 2.0 * w * z
    x, y, up = point
    return float(truck[0] + c * x - s * y), float(truck[1] + s * x + c * y), float(truck[2] + up)


def truck_hides_work(view: object, layout: Layout) -> bool:
    """Whether the truck is better drawn translucent: from above it covers all that happens under it."""
    return view == "top" and layout.retract < 0.0 and not layout.docking


PRESETS: dict[str, Preset] = {"overview": overview, "seat": seat, "top": top, "driver": driver}
"""Of a swap. A drive into the bay is looked at otherwise: `views_of`."""


def views_of(layout: Layout) -> Mapping[str, Preset]:
    """The presets for what a layout is about; the first is the usual one."""
    if layout.docking:
        from twin.viewer.scene.approach import DOCKING_PRESETS

        return DOCKING_PRESETS
    return PRESETS


def usual_view(layout: Layout) -> str:
    """The name of the view that a person who asks for none is shown."""
    return next(iter(views_of(layout)))


def seat_at_work(layout: Layout, snapshot: Snapshot) -> str:
    """Frame of the truck's seat that the first robot works for: its pack's, else the nearest along the lane.

    In the recording of one job it is that job's. A robot that is neither at the truck nor holds a pack keeps the seat
    that is nearest to where it stands.
    """
    if layout.job is not None:
        return layout.seats[layout.jobs[layout.job].truck_seat].name
    jobs = [job for job in layout.jobs if job.robot == layout.jobs[0].robot]
    held = int(snapshot.value(f"robot{jobs[0].robot}/held", -1.0))
    for job in jobs:
        if held in (job.old_pack, job.new_pack):
            return layout.seats[job.truck_seat].name
    return layout.seats[_unfinished(layout, jobs, snapshot).truck_seat].name


def _unfinished(layout: Layout, jobs: list[Job], snapshot: Snapshot) -> Job:
    """The first job whose new pack is not on its seat yet; the last one when all are."""
    for job in jobs:
        name = layout.seats[job.truck_seat].name
        if int(snapshot.value(f"{name}/locked", -1.0)) != job.new_pack:
            return job
    return jobs[-1]
