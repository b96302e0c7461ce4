"""Bodies behind the packs: mixer drum or dump body on the frame, or a semi-trailer on its own axles."""

from __future__ import annotations

import math

import numpy as np

from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.truck.chassis import COUPLING_Z_M
from twin.viewer.scene.truck.plan import TRAILER_HALF_WIDTH_M, TruckPlan, Wheels

TALLEST_M = 3.08
"""Limit of a body at a top-lift station, below the carried packs: packs clear 3.2 m."""
BULK_TRAILER_M, BOX_TRAILER_M = 9.0, 12.2
BOX_TRAILER_HEIGHT_M = 3.85
TRAILER_AXLES, TRAILER_PITCH_M, TRAILER_TAIL_M = 3, 1.31, 1.0
TWIST_RAD = -0.22
"""Twist of the drum's stripes from one band to the next."""
LANDING_GEAR_M = 2.75
"""Behind the kingpin, clear of the tractor's turning rear."""


def body(plan: TruckPlan) -> Mesh:
    """The body on the truck's own frame; empty for tractors and bare frames."""
    kind = plan.truck.outline.body
    mesh = Mesh()
    if kind == "mixer":
        _mixer(mesh, plan)
    elif kind == "dump":
        _dump(mesh, plan)
    return mesh


def _mixer(mesh: Mesh, plan: TruckPlan) -> None:
    """A drum with its axis rising to the rear, on two pedestals, with hopper and chute; two helical stripes."""
    o = plan.truck.outline
    top = o.frame_height_m
    front, rear = plan.body_front_x_m + 0.05, o.frame_rear_x_m + 0.25
    long = front - rear
    tilt = math.radians(11.0)
    along = np.array([-math.cos(tilt), 0.0, math.sin(tilt)])
    share = np.array([0.0, 0.05, 0.13, 0.30, 0.50, 0.62, 0.80, 0.93, 1.0])
    radius = 0.97 * np.array([0.28, 0.62, 0.80, 0.97, 1.0, 0.97, 0.72, 0.50, 0.44])
    drum_m = (long - 0.30) / math.cos(tilt)
    axis_z = TALLEST_M - 0.97 - 0.50 * drum_m * math.sin(tilt) - 0.015
    foot = np.array([front - 0.24, 0.0, axis_z])
    sides = 24
    bands = np.linspace(0.0, 1.0, 17)
    round_off = np.polyfit(share, radius, 5)
    outline = [(s * drum_m, float(np.polyval(round_off, s))) for s in bands.tolist()]
    mesh.lathe([(0.0, 0.0), outline[0]], palette.DARK_STEEL, foot, along, sides)
    u = np.array([0.0, 1.0, 0.0])
    v = np.cross(along, u)
    rings = []
    for k, (at, r) in enumerate(outline):  # each ring is twisted against the last: its sides wind like the blades
        angle = np.arange(sides) * 2.0 * math.pi / sides + TWIST_RAD * k
        rings.append(foot + at * along + r * (np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v))
    stripe = (0, 1, 12, 13)
    mesh.loft(
        np.asarray(rings),
        lambda band, side: palette.CAB_PAINT if 1 < band < 14 and side in stripe else palette.DRUM_WHITE,
        smooth_deg=50.0,
    )
    mesh.lathe([outline[-1], (drum_m - 0.02, 0.34), (drum_m - 0.5, 0.30)], palette.DARK_STEEL, foot, along, sides)
    # subframe, drive pedestal ahead, roller pedestal behind
    mesh.box((long, 0.92, 0.10), ((front + rear) / 2.0, 0.0, top + 0.05), palette.CHASSIS_BLACK)
    gear = foot - along * 0.10
    mesh.cylinder(0.24, 0.22, gear, palette.DARK_STEEL, along, 16)
    mesh.prism(
        [
            (front, top + 0.1),
            (front - 0.55, top + 0.1),
            (front - 0.36, float(gear[2]) - 0.1),
            (front - 0.08, float(gear[2]) - 0.1),
        ],
        0.72,
        palette.BODY_SHADE,
        "y",
    )
    ring = foot + along * 0.80 * drum_m
    mesh.lathe([(-0.07, 0.70), (-0.07, 0.79), (0.07, 0.79), (0.07, 0.66)], palette.DARK_STEEL, ring, along, sides)
    low = float(ring[2]) - 0.66
    for y in (0.38, -0.38):
        mesh.prism(
            [(ring[0] + 0.40, top + 0.1), (ring[0] - 0.40, top + 0.1), (ring[0] - 0.12, low), (ring[0] + 0.16, low)],
            0.10,
            palette.BODY_SHADE,
            "y",
            y,
        )
        mesh.cylinder(0.12, 0.16, (float(ring[0]), math.copysign(0.42, y), low - 0.02), palette.DARK_STEEL, along, 12)
    mesh.box((0.30, 0.86, 0.30), (float(ring[0]), 0.0, (top + low) / 2.0 + 0.05), palette.BODY_SHADE)
    # hopper over the mouth, chute below it
    mouth = foot + along * drum_m
    x, z = float(mouth[0]), float(mouth[2])
    up = min(TALLEST_M + 0.04 - z, 0.62)
    rings = []
    for height, half_x, half_y in ((0.10, 0.10, 0.16), (up, 0.34, 0.46)):
        at = (x - 0.14 - 0.2 * height, z + height)
        corners = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        rings.append([(at[0] + a * half_x, b * half_y, at[1]) for a, b in corners])
    mesh.loft(rings, palette.BODY_SHADE)
    inside = [[(px * 0.999 + 0.001 * (x - 0.2), py * 0.97, pz) for px, py, pz in reversed(ring)] for ring in rings]
    mesh.loft(inside, palette.CHASSIS_BLACK)
    mesh.face(
        [(x - 0.20 + dx, dy, z - 0.12) for dx, dy in ((0.12, 0.3), (-0.14, 0.3), (-0.14, -0.3), (0.12, -0.3))],
        palette.BODY_SHADE,
    )
    out = (x - 0.62, 0.30, max(top - 0.10, z - 1.05))
    mesh.bar((x - 0.16, 0.0, z - 0.22), out, 0.46, 0.06, palette.BODY_SHADE)
    for side in (1.0, -1.0):
        mesh.bar(
            (x - 0.16, side * 0.22, z - 0.17),
            (out[0], out[1] + side * 0.22, out[2] + 0.05),
            0.03,
            0.16,
            palette.BODY_SHADE,
        )
        mesh.bar(
            (rear - 0.12, side * 0.46, top + 0.06), (x - 0.05, side * 0.34, z + 0.20), 0.07, 0.07, palette.BODY_SHADE
        )
    for k in range(6):  # ladder
        step_z = top - 0.10 + 0.30 * k
        mesh.box((0.03, 0.34, 0.03), (rear - 0.18 + 0.006 * k, -0.72, step_z), palette.ALUMINIUM)
    for y in (-0.55, -0.89):
        mesh.bar((rear - 0.18, y, top - 0.2), (rear - 0.14, y, top + 1.5), 0.035, 0.035, palette.ALUMINIUM)
    mesh.box((0.26, 0.05, 0.05), (rear - 0.06, -0.72, top + 0.02), palette.CHASSIS_BLACK)
    mesh.lathe(
        [(-0.32, 0.0), (-0.28, 0.22), (0.28, 0.22), (0.32, 0.0)],
        palette.BODY_PAINT,
        (front - 0.20, 0.0, min(float(gear[2]) + 0.50, TALLEST_M - 0.25)),
        "y",
        16,
    )


def _open_box(
    mesh: Mesh, front: float, rear: float, floor: float, top: float, half: float, posts: int, paint: Material
) -> None:
    """Walls with posts outside, top rail, and a heap of load within."""
    wall, long, high = 0.05, front - rear, top - floor
    middle, z = (front + rear) / 2.0, (floor + top) / 2.0
    skin = half - 0.07
    z, high = z - 0.01, high - 0.02  # the rails are above the walls' upper edge
    for side in (1.0, -1.0):
        mesh.box((long, wall, high), (middle, side * (skin - wall / 2.0), z), paint)
        for i in range(posts):
            x = front - 0.05 - (long - 0.10) * i / (posts - 1)
            mesh.box((0.09, 0.07, high - 0.14), (x, side * (skin + 0.034), z - 0.02), palette.BODY_SHADE)
        mesh.box((long, 0.11, 0.10), (middle, side * (skin + 0.015), top - 0.05), palette.BODY_SHADE)
        mesh.box((long, 0.11, 0.12), (middle, side * (skin + 0.015), floor + 0.03), palette.BODY_SHADE)
    for x in (front - wall / 2.0, rear + wall / 2.0):
        mesh.box((wall, 2 * skin - 2 * wall, high), (x, 0.0, z), paint)
        out = math.copysign(0.03, x - middle)
        for y in (-0.6, 0.0, 0.6):
            mesh.box((0.06, 0.09, high - 0.06), (x + out, y, z), palette.BODY_SHADE)
        mesh.box((0.08, 2 * skin, 0.10), (x + out / 2.0, 0.0, top - 0.05), palette.BODY_SHADE)
    mesh.box((long - 0.02, 2 * skin - 0.02, 0.06), (middle, 0.0, floor - 0.03), palette.CHASSIS_BLACK)
    _heap(mesh, front - wall, rear + wall, top, skin - wall)


def _heap(mesh: Mesh, front: float, rear: float, top: float, half: float) -> None:
    """Bulk load: slightly below the walls at the edge, ridged along the middle, uneven."""
    count = max(8, round((front - rear) / 0.55))
    random = np.random.default_rng(4)
    rings = []
    across = np.array([-1.0, -0.72, -0.36, 0.0, 0.36, 0.72, 1.0])
    for i in range(count + 1):
        x = front + (rear - front) * i / count
        lift = 0.16 * np.cos(across * math.pi / 2.0) ** 0.8 * math.sin(math.pi * min(max(i / count, 0.06), 0.94)) ** 0.3
        lift = lift + 0.05 * random.uniform(-1.0, 1.0, len(across)) * (np.abs(across) < 0.9)
        rings.append(
            [(x, half * a, min(top - 0.16 + h, top + 0.03)) for a, h in zip(across, lift.tolist(), strict=True)]
        )
    mesh.loft(rings, palette.LOAD, smooth_deg=45.0, closed=False)


def _dump(mesh: Mesh, plan: TruckPlan) -> None:
    o = plan.truck.outline
    front, rear = plan.body_front_x_m - 0.20, o.frame_rear_x_m - 0.35
    floor, top, half = o.frame_height_m + 0.26, TALLEST_M - 0.28, plan.half_width_m
    _open_box(mesh, front, rear, floor, top, half, posts=7, paint=palette.BODY_PAINT)
    mesh.box(
        (0.10, 2 * half - 0.30, TALLEST_M - top + 0.10),
        (front - 0.05, 0.0, (TALLEST_M + top - 0.10) / 2.0),
        palette.BODY_PAINT,
    )
    for y in (0.40, -0.40):  # longitudinal bearers on the frame
        mesh.box((front - rear - 0.4, 0.12, 0.20), ((front + rear) / 2.0 + 0.1, y, floor - 0.16), palette.CHASSIS_BLACK)
    count = 7
    for i in range(count):
        x = front - 0.2 - (front - rear - 0.5) * i / (count - 1)
        mesh.box((0.10, 2 * half - 0.2, 0.08), (x, 0.0, floor - 0.07), palette.BODY_SHADE)
    mesh.cylinder(0.13, 0.9, (front + 0.10, 0.0, o.frame_height_m + 0.48), palette.DARK_STEEL, "z", 14)  # ram
    mesh.cylinder(0.10, 0.7, (front + 0.10, 0.0, o.frame_height_m + 1.0), palette.PIN, "z", 14)
    mesh.box((0.14, 0.5, 0.16), (front + 0.10, 0.0, o.frame_height_m + 0.08), palette.DARK_STEEL)
    mesh.cylinder(0.05, 1.0, (rear + 0.40, 0.0, o.frame_height_m + 0.06), palette.DARK_STEEL, "y", 10)  # hinge


def trailer_axles(plan: TruckPlan) -> tuple[Wheels, ...]:
    """The trailer's own axles, in the truck's frame; none without a trailer."""
    if plan.truck.outline.body != "semi_trailer":
        return ()
    rear = trailer_rear_x_m(plan) + TRAILER_TAIL_M
    return tuple(Wheels(rear + TRAILER_PITCH_M * i, dual=True) for i in reversed(range(TRAILER_AXLES)))


def trailer_rear_x_m(plan: TruckPlan) -> float:
    return plan.trailer_front_x_m - (BULK_TRAILER_M if plan.back_of_cab else BOX_TRAILER_M)


def trailer(plan: TruckPlan) -> Mesh:
    """A semi-trailer without its wheels: bulk if a gantry works over it, else a tall box."""
    mesh = Mesh()
    front, rear = plan.trailer_front_x_m, trailer_rear_x_m(plan)
    floor = COUPLING_Z_M + 0.16
    half = TRAILER_HALF_WIDTH_M
    if plan.back_of_cab:
        _open_box(mesh, front, rear, floor + 0.06, TALLEST_M - 0.03, half, posts=12, paint=palette.TRAILER_WHITE)
    else:
        _box_body(mesh, front, rear, floor)
    _trailer_frame(mesh, plan, front, rear, floor)
    return mesh


def _box_body(mesh: Mesh, front: float, rear: float, floor: float) -> None:
    half, top = TRAILER_HALF_WIDTH_M, BOX_TRAILER_HEIGHT_M
    long, high = front - rear, top - floor
    middle, z = (front + rear) / 2.0, (floor + top) / 2.0
    mesh.box((long, 2 * half - 0.04, high - 0.02), (middle, 0.0, z), palette.TRAILER_WHITE, 0.05)
    for side in (1.0, -1.0):
        for at_z in (floor + 0.05, top - 0.06):
            mesh.box((long, 0.05, 0.12), (middle, side * (half - 0.025), at_z), palette.ALUMINIUM)
        count = 14
        for i in range(count):
            x = front - 0.35 - (long - 0.7) * i / (count - 1)
            mesh.box((0.05, 0.016, high - 0.26), (x, side * (half - 0.014), z), palette.BODY_SHADE)
        for i in range(5):
            mesh.box(
                (0.10, 0.01, 0.05), (front - 0.6 - (long - 1.2) * i / 4, side * half, floor + 0.05), palette.AMBER_LAMP
            )
    for y in (-0.62, 0.62):
        mesh.box((0.012, 1.18, high - 0.20), (rear - 0.004, y, z), palette.BODY_PAINT)
        for dy in (-0.28, 0.28):
            mesh.tube((rear - 0.03, y + dy, floor + 0.10), (rear - 0.03, y + dy, top - 0.12), 0.018, palette.STEEL, 6)


def _trailer_frame(mesh: Mesh, plan: TruckPlan, front: float, rear: float, floor: float) -> None:
    king = plan.kingpin_x_m
    half = TRAILER_HALF_WIDTH_M
    plate = COUPLING_Z_M + 0.02
    mesh.box((front - king + 0.75, 1.1, 0.03), ((front + king - 0.75) / 2.0, 0.0, plate), palette.DARK_STEEL)
    mesh.cylinder(0.045, 0.10, (king, 0.0, plate - 0.05), palette.PIN, "z", 12)
    neck = king - 1.6  # the frame is shallow over the tractor, deep behind it
    for y in (0.48, -0.48):
        mesh.box((front - neck, 0.12, floor - plate), ((front + neck) / 2.0, y, (floor + plate) / 2.0), palette.FRAME)
        mesh.prism([(neck, plate), (neck, floor), (neck - 0.7, floor), (neck - 0.7, 0.94)], 0.12, palette.FRAME, "y", y)
        mesh.box(
            (neck - 0.7 - rear, 0.12, floor - 0.94), ((neck - 0.7 + rear) / 2.0, y, (floor + 0.94) / 2.0), palette.FRAME
        )
    count = 9
    for i in range(count):
        x = front - 0.25 - (front - rear - 0.5) * i / (count - 1)
        mesh.box((0.08, 2 * half - 0.24, 0.08), (x, 0.0, floor - 0.05), palette.CHASSIS_BLACK)
    x = king - LANDING_GEAR_M
    for y in (0.72, -0.72):
        mesh.box((0.13, 0.13, 0.72), (x, y, floor - 0.36), palette.DARK_STEEL)
        mesh.box((0.09, 0.09, 0.30), (x, y, 0.50), palette.STEEL)
        mesh.box((0.26, 0.22, 0.04), (x, y, 0.34), palette.DARK_STEEL)
    mesh.tube((x, -0.72, 0.80), (x, 0.72, 0.80), 0.03, palette.DARK_STEEL, 8)
    axles = trailer_axles(plan)
    guard_front, guard_rear = x - 0.35, axles[0].span_m[1] + 0.15
    if guard_front - guard_rear > 0.5:
        for side in (1.0, -1.0):
            for z in (0.52, 0.82):
                mesh.box(
                    (guard_front - guard_rear, 0.03, 0.12),
                    ((guard_front + guard_rear) / 2.0, side * (half - 0.03), z),
                    palette.ALUMINIUM,
                )
            for i in range(3):
                at = guard_front - 0.15 - (guard_front - guard_rear - 0.3) * i / 2.0
                mesh.box(
                    (0.05, 0.04, floor - 0.48), (at, side * (half - 0.06), (floor + 0.48) / 2.0), palette.DARK_STEEL
                )
    for wheels in axles:
        for y in (0.48, -0.48):
            mesh.box((0.16, 0.10, 0.36), (wheels.x_m + 0.30, y, 0.78), palette.CHASSIS_BLACK)
    mesh.box((0.10, 2 * half - 0.10, 0.14), (rear + 0.05, 0.0, floor - 0.06), palette.FRAME)
    mesh.box((0.08, 2 * half - 0.10, 0.12), (rear + 0.08, 0.0, 0.52), palette.DARK_STEEL)
    for side in (1.0, -1.0):
        mesh.box((0.06, 0.08, floor - 0.52), (rear + 0.09, side * 0.5, (floor + 0.52) / 2.0), palette.DARK_STEEL)
        y = side * (half - 0.30)
        mesh.box((0.05, 0.42, 0.12), (rear - 0.005, y, floor - 0.20), palette.TRIM)
        mesh.box((0.02, 0.26, 0.09), (rear - 0.028, y + side * 0.07, floor - 0.20), palette.TAIL_LAMP)
        mesh.box((0.02, 0.10, 0.09), (rear - 0.028, y - side * 0.14, floor - 0.20), palette.AMBER_LAMP)
