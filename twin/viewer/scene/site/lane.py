"""Ground and lane: concrete, paint, wheel guides, the stop, bollards."""

from __future__ import annotations

from twin.catalogue.schema import RailSection
from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import Pit

GROUND_M = 110.0  # half: far enough that haze hides the edge
GROUND_CELL_M = 11.0
LANE_HALF_M = 1.75
PAINT_Z_M = 0.008
PAINT_M = 0.12
LANE_ENDS_M = (-17.0, 9.0)
TRUCK_M = 18.0
"""A truck with its trailer before the bay: for docking the lane is marked to behind it."""
GUIDE_RADIUS_M = 0.06
GUIDE_Z_M = 0.16
GUIDE_PLAY_M = 0.03  # of the tyres between the guides
GUIDE_START_M = -8.5
POST_PITCH_M = 1.6
LIDAR_HEIGHT_M = 4.4  # over the highest trailer
WHEEL_RADIUS_M = 0.50
STOP_HEIGHT_M = 0.12
STOP_PLAY_M = 0.005
BOLLARD_RADIUS_M, BOLLARD_HEIGHT_M = 0.09, 1.05


def ground(mesh: Mesh, near_m: float = -GROUND_M) -> None:
    """Concrete from `near_m` to the far edge with the asphalt lane in it, without overlaps."""
    edges = [near_m, max(-LANE_HALF_M, near_m), LANE_HALF_M, GROUND_M]
    for low, high, paint in zip(edges, edges[1:], (palette.CONCRETE, palette.ASPHALT, palette.CONCRETE), strict=False):
        if high - low > 1e-6:
            mesh.plane((2.0 * GROUND_M, high - low), (0.0, (low + high) / 2, 0.0), paint, GROUND_CELL_M)


def lane_markings(mesh: Mesh, layout: Layout, near_m: float) -> None:
    """Edge lines, the stop line, and arrows in the driving direction before the bay."""
    start, end = lane_ends_m(layout)
    side = LANE_HALF_M - 0.5 * PAINT_M
    for y in (side, -side):
        if y > near_m + PAINT_M:
            mesh.plane((end - start, PAINT_M), ((start + end) / 2, y, PAINT_Z_M), palette.LANE_PAINT, GROUND_CELL_M)
    front = layout.truck.outline.cab_front_x_m
    wide = min(LANE_HALF_M, -near_m) - PAINT_M
    mesh.plane((0.25, 2 * wide), (front + 0.6, 0.0, PAINT_Z_M), palette.LANE_PAINT)
    for x in (front + 2.0, LANE_ENDS_M[0] + 2.0):
        mesh.plane((1.2, 0.14), (x, 0.0, PAINT_Z_M), palette.LANE_PAINT)
        mesh.face(
            [(x + 1.3, 0.0, PAINT_Z_M), (x + 0.6, 0.32, PAINT_Z_M), (x + 0.6, -0.32, PAINT_Z_M)], palette.LANE_PAINT
        )


def lane_ends_m(layout: Layout) -> tuple[float, float]:
    """Start and end of the lane's marking."""
    start, end = LANE_ENDS_M
    approach = layout.station.approach
    if layout.docking and approach is not None:
        start = min(start, -approach.start_distance_m - TRUCK_M)
    return start, end


def rails(layout: Layout) -> tuple[RailSection, ...]:
    """The station's guide rails; one pair before the bay if it has no docking data."""
    approach = layout.station.approach
    if approach is not None:
        return approach.rails
    gap = layout.truck.outline.width_m + 2 * GUIDE_PLAY_M
    bay = min(x for x, _, _ in layout.truck.seats_xyz_m) - layout.pack.size_m[0] / 2 - 0.25
    if layout.station.kind == "chassis":
        bay = min(bay, Pit.of(layout).opening_x_m[0])
    start = GUIDE_START_M
    return (RailSection(from_x_m=start, to_x_m=bay, gap_m=gap, flare_length_m=1.5, flare_width_m=0.25),)


def wheel_guides(mesh: Mesh, layout: Layout) -> None:
    """Guide tubes along the tyres, flared at the entry, and the block for the front wheels."""
    for section in rails(layout):
        start, end = section.from_x_m, section.to_x_m
        parallel = start + section.flare_length_m
        for sign in (1.0, -1.0):
            y = sign * (section.gap_m / 2 + GUIDE_RADIUS_M)
            wide = y + sign * section.flare_width_m
            if abs(wide) + GUIDE_RADIUS_M > _free_half_m(layout, sign):
                wide = y
            _tube(mesh, (start, wide), (parallel, y))
            for a, b in _pieces(layout, sign, parallel, end):
                _tube(mesh, (a, y), (b, y))
    approach = layout.station.approach
    if approach is None or approach.wheel_stop is not None:
        wheel_stop(mesh, layout, approach.wheel_stop.height_m if approach and approach.wheel_stop else STOP_HEIGHT_M)
    if approach is not None:
        lidar_post(mesh, approach.lidar.x_m)


def _free_half_m(layout: Layout, sign: float) -> float:
    """Limit of a guide's y: the section's edge on the near side of a pit."""
    return Pit.of(layout).half_y_m if layout.station.kind == "chassis" and sign < 0.0 else GROUND_M


def _pieces(layout: Layout, sign: float, start: float, end: float) -> list[tuple[float, float]]:
    """A rail without the part that the cut-away model omits: the near side of the deck's opening."""
    if layout.station.kind != "chassis" or sign > 0.0:
        return [(start, end)]
    low, high = Pit.of(layout).opening_x_m
    pieces = [(start, min(end, low)), (max(start, high), end)]
    return [(a, b) for a, b in pieces if b - a > 2 * GUIDE_RADIUS_M]


def _tube(mesh: Mesh, a: tuple[float, float], b: tuple[float, float]) -> None:
    """One length of guide tube on its posts."""
    (xa, ya), (xb, yb) = a, b
    mesh.tube((xa, ya, GUIDE_Z_M), (xb, yb, GUIDE_Z_M), GUIDE_RADIUS_M, palette.SAFETY_YELLOW, 10)
    for x, y in (a, b):
        mesh.ball(GUIDE_RADIUS_M, (x, y, GUIDE_Z_M), palette.SAFETY_YELLOW, 10)
    posts = max(2, round((xb - xa) / POST_PITCH_M))
    for k in range(posts):
        share = (k + 0.5) / posts
        at = (xa + share * (xb - xa), ya + share * (yb - ya), GUIDE_Z_M / 2)
        mesh.box((0.08, 0.06, GUIDE_Z_M), at, palette.DARK_STEEL)


def first_axle_x_m(layout: Layout) -> float:
    """The foremost wheels; the suspension models two steered axles as one."""
    truck = layout.truck
    group = truck.driving.front if truck.driving is not None else None
    return truck.front_axle.x_m + (0.5 * (group.axles - 1) * group.spacing_m if group is not None else 0.0)


def wheel_stop(mesh: Mesh, layout: Layout, height_m: float) -> None:
    """Blocks that the first axle's wheels touch when the truck is in its position."""
    truck = layout.truck
    radius = truck.driving.tyre_radius_m if truck.driving is not None else WHEEL_RADIUS_M
    # a tyre of that radius touches a block of that height at this distance ahead of the axle
    touch = (radius**2 - (radius - height_m) ** 2) ** 0.5
    x = first_axle_x_m(layout) + touch + STOP_PLAY_M
    outline = [(x, height_m), (x + 0.16, height_m), (x + 0.26, 0.0), (x + 0.03, 0.0)]
    for sign in (1.0, -1.0):
        mesh.prism(outline, 0.40, palette.SAFETY_YELLOW, "y", sign * (truck.outline.width_m / 2 - 0.27))


def lidar_post(mesh: Mesh, x: float) -> None:
    """The docking lidar: on an arm over the lane, ahead of the bay."""
    y = LANE_HALF_M + 0.4
    mesh.box((0.14, 0.14, LIDAR_HEIGHT_M), (x, y, LIDAR_HEIGHT_M / 2), palette.STRUCTURE)
    mesh.box((0.10, y + 0.1, 0.10), (x, y / 2 - 0.05, LIDAR_HEIGHT_M - 0.05), palette.STRUCTURE)
    mesh.box((0.16, 0.20, 0.14), (x - 0.04, 0.0, LIDAR_HEIGHT_M - 0.17), palette.CABINET, 0.015)
    mesh.box((0.02, 0.14, 0.06), (x - 0.125, 0.0, LIDAR_HEIGHT_M - 0.17), palette.GLASS)


def bollard(mesh: Mesh, x: float, y: float) -> None:
    """A safety bollard: yellow with a black band."""
    mesh.cylinder(BOLLARD_RADIUS_M, BOLLARD_HEIGHT_M, (x, y, BOLLARD_HEIGHT_M / 2), palette.SAFETY_YELLOW, sides=12)
    mesh.cylinder(BOLLARD_RADIUS_M + 0.004, 0.16, (x, y, 0.75 * BOLLARD_HEIGHT_M), palette.RUBBER, sides=12, caps=False)


def digit_row(mesh: Mesh, text: str, x: float, y: float, z: float, height_m: float) -> None:
    """Digits of seven bars on an upright face toward -y, centred at `x`."""
    width, bar = 0.5 * height_m, 0.13 * height_m
    step = width + 2.2 * bar
    for k, digit in enumerate(text):
        left = x + (k - (len(text) - 1) / 2) * step
        for segment, (dx, dz, upright) in SEGMENTS.items():
            if segment in DIGITS[digit]:
                size = (bar, 0.004, 0.5 * height_m) if upright else (width, 0.004, bar)
                at = (left + dx * width / 2, y - 0.004, z + dz * height_m / 2)
                mesh.box(size, at, palette.LANE_PAINT)


SEGMENTS = {
    "a": (0.0, 1.0, False),
    "b": (1.0, 0.5, True),
    "c": (1.0, -0.5, True),
    "d": (0.0, -1.0, False),
    "e": (-1.0, -0.5, True),
    "f": (-1.0, 0.5, True),
    "g": (0.0, 0.0, False),
}
DIGITS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}
