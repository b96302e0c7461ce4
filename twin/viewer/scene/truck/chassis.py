"""The ladder frame and its attachments: packs' seats, electric boxes, guards, lights, fifth wheel."""

from __future__ import annotations

import math

from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.truck.plan import (
    BEHIND_CAB_M,
    PAD_M,
    RAIL_HEIGHT_M,
    RAIL_WIDTH_M,
    RAIL_Y_M,
    TruckPlan,
    Wheels,
)
from twin.viewer.scene.truck.wheels import mudguard

CROSS_PITCH_M = 0.95
COUPLING_Z_M = 1.20
"""Upper face of the fifth wheel."""
BOX_LOW_M = 0.42


def chassis(plan: TruckPlan) -> Mesh:
    """All sprung parts except the cab and the body, in the truck's frame."""
    mesh = Mesh()
    _frame(mesh, plan)
    for i, wheels in enumerate(plan.axles):
        _suspension(mesh, plan, wheels)
        if i:
            _guards(mesh, plan, wheels)
    if plan.back_of_cab:
        _cradle(mesh, plan)
        _side_boxes(mesh, plan)
    else:
        _hangers(mesh, plan)
        _cabinet(mesh, plan)
    if plan.truck.outline.body == "semi_trailer":
        _fifth_wheel(mesh, plan)
    _rear(mesh, plan)
    return mesh


def _frame(mesh: Mesh, plan: TruckPlan) -> None:
    o = plan.truck.outline
    front, rear, top = o.cab_front_x_m - 0.42, o.frame_rear_x_m, o.frame_height_m
    z = top - RAIL_HEIGHT_M / 2.0
    for y in (RAIL_Y_M, -RAIL_Y_M):
        # a channel, open to the inside: web and two flanges
        out = math.copysign(1.0, y)
        mesh.box((front - rear, 0.02, RAIL_HEIGHT_M), ((front + rear) / 2, y + 0.03 * out, z), palette.FRAME)
        for dz in (-1.0, 1.0):
            mesh.box(
                (front - rear, RAIL_WIDTH_M - 0.02, 0.016),
                ((front + rear) / 2, y - 0.01 * out, z + dz * (RAIL_HEIGHT_M / 2 - 0.008)),
                palette.FRAME,
            )
    count = max(2, round((front - rear) / CROSS_PITCH_M) + 1)
    for i in range(count):
        x = front - 0.06 - (front - rear - 0.12) * i / (count - 1)
        mesh.box((0.10, 2 * RAIL_Y_M, RAIL_HEIGHT_M - 0.07), (x, 0.0, z), palette.CHASSIS_BLACK)


def _suspension(mesh: Mesh, plan: TruckPlan, wheels: Wheels) -> None:
    """Leaf springs below the rails, dampers."""
    low = 0.60 if not wheels.dual else 0.64
    long = 0.62 if wheels.dual else 0.78
    if not plan.back_of_cab:  # springs end short of the packs, which rise between the axles
        half_pack_m = plan.pack.size_m[0] / 2.0
        long = min(long, *(abs(x - wheels.x_m) - half_pack_m - 0.06 for x, _, _ in plan.truck.seats_xyz_m))
    top = plan.truck.outline.frame_height_m - RAIL_HEIGHT_M
    for y in (RAIL_Y_M + 0.01, -RAIL_Y_M - 0.01):
        for a, b in (
            ((-long, top - 0.02), (-0.16, low)),
            ((-0.16, low), (0.16, low)),
            ((0.16, low), (long, top - 0.02)),
        ):
            mesh.bar((wheels.x_m + a[0], y, a[1]), (wheels.x_m + b[0], y, b[1]), 0.09, 0.045, palette.CHASSIS_BLACK)


def _guards(mesh: Mesh, plan: TruckPlan, wheels: Wheels) -> None:
    """Mudguards of all but the first axle: low beside a pack's seat, over the whole wheel elsewhere."""
    outer = plan.half_width_m - 0.004
    span = outer - wheels.width_m - 0.02, outer
    half_pack_m = plan.pack.size_m[0] / 2.0
    under_pack = plan.back_of_cab and any(abs(x - wheels.x_m) < half_pack_m + 0.4 for x, _, _ in plan.truck.seats_xyz_m)
    arcs = ((8.0, 52.0), (128.0, 185.0)) if under_pack else ((12.0, 172.0),)
    for first, last in arcs:
        for y0, y1 in (span, (-span[1], -span[0])):
            steps = max(3, round((last - first) / 16.0))
            mudguard(mesh, wheels.x_m, (y0, y1), first, last, palette.TRIM, steps)


def _cradle(mesh: Mesh, plan: TruckPlan) -> None:
    """Support of the packs behind the cab: two beams over the rails, outriggers, edges along the flanks."""
    top = plan.truck.outline.frame_height_m
    half_x, half_y = plan.pack.size_m[0] / 2.0, plan.pack.size_m[1] / 2.0
    lock_x = max(x for x, _ in plan.pack.locks.xy_m)
    for x, y, z in plan.truck.seats_xyz_m:
        high = max(z - PAD_M - top, 0.02)
        for dx in (-lock_x, lock_x):
            mesh.box(
                (0.16, 2 * half_y - 0.04, high), (x + dx, y, top + high / 2.0), palette.CRADLE, min(0.008, high / 4.0)
            )
            for side in (1.0, -1.0):
                rail = side * (RAIL_Y_M + 0.04)
                gusset = [
                    (rail, top - 0.002),
                    (side * (half_y - 0.12), top - 0.002),
                    (side * (half_y - 0.12), top - 0.05),
                    (rail, top - RAIL_HEIGHT_M + 0.03),
                ]
                mesh.prism(gusset, 0.02, palette.CRADLE, "x", x + dx)
        for side in (1.0, -1.0):
            edge = (x, y + side * (half_y - 0.06), top + high / 2.0 - 0.004)
            mesh.box((2 * half_x - 0.10, 0.06, high - 0.012), edge, palette.CRADLE)
        mesh.box((2 * half_x - 0.36, 2 * RAIL_Y_M, 0.01), (x, y, top + 0.006), palette.CHASSIS_BLACK)
        # the cable from the coupler's floating half to the front
        cx, cy = plan.pack.coupler.xy_m
        mesh.tube(
            (x + cx + 0.1, y + cy, top + 0.02), (x + cx + 0.55, y + cy + 0.12, top - 0.10), 0.025, palette.HV_ORANGE, 8
        )


def _hangers(mesh: Mesh, plan: TruckPlan) -> None:
    """Support of packs below the frame: outriggers of the rails at the locks."""
    top = plan.truck.outline.frame_height_m
    half_y = plan.pack.size_m[1] / 2.0
    for x, y, z in plan.truck.seats_xyz_m:
        low = z + PAD_M
        for lock_x in {lx for lx, _ in plan.pack.locks.xy_m}:
            high = 0.10
            mesh.box((0.14, 2 * half_y - 0.06, high * 0.6), (x + lock_x, y, low + high * 0.3), palette.CRADLE, 0.008)
            for side in (1.0, -1.0):
                a, b = side * (RAIL_Y_M + 0.04), side * (half_y - 0.10)
                gusset = [(a, low + 0.06), (b, low + 0.06), (b, low + 0.10), (a, top - 0.02)]
                mesh.prism(gusset, 0.02, palette.CRADLE, "x", x + lock_x)


def _side_boxes(mesh: Mesh, plan: TruckPlan) -> None:
    """Boxes between the axles: inverter, air tanks, low-voltage batteries, side guards."""
    rear, front = plan.widest_gap_m
    front -= 0.06
    rear += 0.06
    if front - rear < 0.5:
        return
    outer = plan.half_width_m - 0.05
    top = plan.truck.outline.frame_height_m - 0.06
    depth = outer - RAIL_Y_M - 0.10
    long = min(1.15, 0.55 * (front - rear))
    z, high = (top + BOX_LOW_M) / 2.0, top - BOX_LOW_M
    middle_y = outer - depth / 2.0
    for side, paint in ((1.0, palette.ALUMINIUM), (-1.0, palette.EQUIPMENT)):
        at = (front - long / 2.0, side * middle_y, z)
        mesh.box((long, depth, high), at, paint, 0.025)
        for k in range(3):  # ribs of the cover
            mesh.box(
                (0.03, 0.012, high - 0.10), (front - long * (0.25 + 0.25 * k), side * outer, z), palette.DARK_STEEL
            )
        mesh.box((0.14, 0.008, 0.10), (front - long * 0.62, side * (outer + 0.004), z + high * 0.22), palette.HV_ORANGE)
    rest = front - long - rear
    if rest > 0.45:
        at_x = rear + rest / 2.0
        for z_tank in (0.56, 0.80):  # air tanks on the left
            mesh.lathe(
                [(-rest * 0.42 - 0.04, 0.0), (-rest * 0.42, 0.10), (rest * 0.42, 0.10), (rest * 0.42 + 0.04, 0.0)],
                palette.ALUMINIUM,
                (at_x, outer - 0.22, z_tank),
                "x",
                12,
            )
            mesh.box((rest * 0.9, 0.04, 0.10), (at_x, -outer, z_tank), palette.ALUMINIUM)  # guard on the right
            mesh.box((rest * 0.9, 0.03, 0.06), (at_x, outer - 0.01, z_tank + 0.005), palette.ALUMINIUM)
        mesh.box((rest * 0.6, 0.40, 0.38), (at_x, -outer + 0.34, 0.70), palette.CHASSIS_BLACK, 0.02)


def _cabinet(mesh: Mesh, plan: TruckPlan) -> None:
    """Power electronics and cooling behind the cab, for trucks with packs under the frame."""
    o = plan.truck.outline
    depth = BEHIND_CAB_M - 0.16
    x = o.cab_rear_x_m - 0.10 - depth / 2.0
    low, top = o.frame_height_m + 0.02, o.cab_height_m - 0.55
    mesh.box((depth, 1.9, top - low), (x, 0.0, (low + top) / 2.0), palette.EQUIPMENT, 0.04)
    for side in (1.0, -1.0):
        for k in range(5):  # louvres
            z = low + (top - low) * (0.22 + 0.13 * k)
            mesh.box((depth - 0.12, 0.014, 0.05), (x, side * 0.955, z), palette.TRIM)
    for y in (-0.45, 0.45):
        mesh.cylinder(0.33, 0.02, (x - depth / 2.0 - 0.008, y, (low + top) / 2.0 + 0.12), palette.TRIM, "x", 20)
        mesh.cylinder(0.10, 0.02, (x - depth / 2.0 - 0.016, y, (low + top) / 2.0 + 0.12), palette.HUB, "x", 12)
    mesh.tube((x, 0.62, low), (x, 0.50, o.frame_height_m - 0.2), 0.03, palette.HV_ORANGE, 8)


def _fifth_wheel(mesh: Mesh, plan: TruckPlan) -> None:
    """The saddle for the kingpin, with its slot to the rear."""
    x, top = plan.kingpin_x_m, plan.truck.outline.frame_height_m
    mesh.box((0.9, 2 * RAIL_Y_M + 0.10, 0.03), (x, 0.0, top + 0.015), palette.FRAME)
    for y in (0.36, -0.36):
        mesh.prism(
            [
                (x - 0.30, top + 0.03),
                (x + 0.30, top + 0.03),
                (x + 0.12, COUPLING_Z_M - 0.06),
                (x - 0.12, COUPLING_Z_M - 0.06),
            ],
            0.06,
            palette.CHASSIS_BLACK,
            "y",
            y,
        )
    high = 0.06
    for side in (1.0, -1.0):
        half = [
            (x - 0.48, side * 0.07),
            (x + 0.10, side * 0.07),
            (x + 0.42, side * 0.14),
            (x + 0.36, side * 0.36),
            (x + 0.05, side * 0.47),
            (x - 0.30, side * 0.40),
        ]
        mesh.prism(half, high, palette.DARK_STEEL, "z", COUPLING_Z_M - high / 2.0)
    mesh.box((0.30, 0.14, high), (x + 0.25, 0.0, COUPLING_Z_M - high / 2.0), palette.DARK_STEEL)


def _rear(mesh: Mesh, plan: TruckPlan) -> None:
    """Closing member, tail lights, underrun bar, number plate."""
    o = plan.truck.outline
    x = o.frame_rear_x_m
    z = o.frame_height_m - RAIL_HEIGHT_M / 2.0
    half = plan.half_width_m - 0.10
    mesh.box((0.05, 2 * RAIL_Y_M + 0.16, RAIL_HEIGHT_M + 0.02), (x + 0.028, 0.0, z), palette.FRAME)
    if x > plan.axles[-1].span_m[0] - 0.10:  # short behind the last wheel: lamps between the wheels
        half = plan.half_width_m - plan.axles[-1].width_m - 0.05
    mesh.box((0.06, 2 * half, 0.09), (x + 0.03, 0.0, z - 0.18), palette.CHASSIS_BLACK)
    for side in (1.0, -1.0):
        y = side * (half - 0.16)
        mesh.box((0.06, 0.30, 0.12), (x - 0.005, y, z - 0.17), palette.TRIM)
        mesh.box((0.02, 0.17, 0.09), (x - 0.03, y + side * 0.055, z - 0.17), palette.TAIL_LAMP)
        mesh.box((0.02, 0.08, 0.09), (x - 0.03, y - side * 0.085, z - 0.17), palette.AMBER_LAMP)
        if plan.truck.outline.body != "semi_trailer":
            mesh.box((0.05, 0.06, 0.30), (x + 0.03, side * 0.5, z - 0.30), palette.CHASSIS_BLACK)
    if plan.truck.outline.body != "semi_trailer":
        mesh.box((0.06, 2 * half, 0.10), (x + 0.03, 0.0, z - 0.42), palette.CHASSIS_BLACK)
    mesh.box((0.01, 0.44, 0.14), (x - 0.004, 0.0, z), palette.NUMBER_PLATE)
