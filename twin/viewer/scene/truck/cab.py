"""A flat-nose cab over the front axle, within the outline's front and rear, its roof fairing at the cab's height.

The shell is one skin over level rings; glass, seams and grille are fields of it, so no surfaces overlap.
"""

from __future__ import annotations

import math

import numpy as np

from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.truck.plan import ARCH_RADIUS_M, WHEEL_RADIUS_M, TruckPlan
from twin.viewer.scene.truck.wheels import mudguard

SILL_Z_M = 1.10
"""Lower edge of the doors: just above the wheel arch."""
BUMPER_Z_M = (0.30, 0.36, 0.52, 0.59, 0.75, 0.81, SILL_Z_M)
FAIRING_M = 0.20
"""Height of the roof fairing over the roof."""
SCREEN_LEAN_M = 0.17
"""Setback of the windscreen's upper edge from its lower one."""
CORNER_M, REAR_CORNER_M = 0.24, 0.07
FRONT_ARC, REAR_ARC = 5, 2
BUMPER_DEPTH_M = 0.36
SEAM_M = 0.014

Ring = list[tuple[float, float]]


def cab(plan: TruckPlan) -> Mesh:
    """The cab without its mirrors, in the truck's frame."""
    mesh = Mesh()
    _shell(mesh, plan)
    _fairing(mesh, plan)
    _bumper(mesh, plan)
    side = Mesh()
    _wheel_arch(side, plan)
    _steps(side, plan)
    _handles(side, plan)
    mesh.add(side).add(side.mirrored())
    _front_details(mesh, plan)
    return mesh


def _plan_ring(
    front_m: float, rear_m: float, half_m: float, breaks_m: tuple[float, ...], grille_m: float
) -> tuple[Ring, list[str]]:
    """Points of a level section, counter-clockwise from above, and the part that each side belongs to.

    `breaks_m` are the x on the flanks, from front to rear: seam, seam, glass, glass, seam, seam.
    """
    r, q = CORNER_M, REAR_CORNER_M
    sides = ("pillar", "seam", "door", "window", "door", "seam", "flank")
    points: Ring = []
    names: list[str] = []
    inner = half_m - r
    for y, name in ((-inner, "front"), (-grille_m, "grille"), (grille_m, "front")):
        points.append((front_m, y))
        names.append(name)
    for i in range(FRONT_ARC):
        a = math.radians(90.0 * i / FRONT_ARC)
        points.append((front_m - r + r * math.cos(a), inner + r * math.sin(a)))
        names.append(f"corner{i}")
    for x, name in zip((front_m - r, *breaks_m), sides, strict=True):
        points.append((x, half_m))
        names.append(name)
    for i in range(REAR_ARC):
        a = math.radians(90.0 + 90.0 * i / REAR_ARC)
        points.append((rear_m + q + q * math.cos(a), half_m - q + q * math.sin(a)))
        names.append("rear")
    points.append((rear_m, half_m - q))
    names.append("rear")
    for i in range(REAR_ARC):
        a = math.radians(180.0 + 90.0 * i / REAR_ARC)
        points.append((rear_m + q + q * math.cos(a), q - half_m + q * math.sin(a)))
        names.append("rear")
    for x, name in zip((rear_m + q, *reversed(breaks_m)), reversed(sides), strict=True):
        points.append((x, -half_m))
        names.append(name)
    for i in range(FRONT_ARC):
        a = math.radians(-90.0 + 90.0 * i / FRONT_ARC)
        points.append((front_m - r + r * math.cos(a), -inner + r * math.sin(a)))
        names.append(f"corner{FRONT_ARC - 1 - i}")
    return points, names


def _shell(mesh: Mesh, plan: TruckPlan) -> None:
    o = plan.truck.outline
    front, rear, half = o.cab_front_x_m, o.cab_rear_x_m, plan.half_width_m
    roof = o.cab_height_m - FAIRING_M
    high = roof - SILL_Z_M
    b_pillar = max(front - 1.30, rear + REAR_CORNER_M + 0.10)

    # z as a share of the shell's height, front edge behind the outline's, flanks inwards, half the grille
    lean = SCREEN_LEAN_M
    shape = (
        (0.00, 0.015, 0.005, 0.7),
        (0.05, 0.0, 0.0, 0.72),
        (0.29, 0.0, 0.0, 0.88),
        (0.35, 0.0, 0.0, 0.88),
        (0.42, 0.1 * lean, 0.004, 0.62),
        (0.76, 0.8 * lean, 0.035, 0.62),
        (0.83, lean, 0.045, 0.62),
        (0.91, lean + 0.025, 0.055, 0.62),
        (0.95, lean + 0.055, 0.075, 0.62),
        (0.978, lean + 0.105, 0.115, 0.62),
        (0.994, lean + 0.185, 0.185, 0.62),
        (1.00, lean + 0.30, 0.30, 0.62),
    )
    rings: list[list[tuple[float, float, float]]] = []
    names: list[str] = []
    for share, back, inwards, grille in shape:
        x = front - back
        glass = x - CORNER_M - 0.11 - 0.35 * back  # the window's front edge is inclined like the windscreen
        breaks = (
            x - CORNER_M - 0.02,
            x - CORNER_M - 0.02 - SEAM_M,
            glass,
            b_pillar + 0.09,
            b_pillar,
            b_pillar - SEAM_M,
        )
        inner = min(inwards, 0.20)
        points, names = _plan_ring(x, rear + 0.3 * inner, half - inwards, breaks, grille)
        rings.append([(px, py, SILL_Z_M + share * high) for px, py in points])

    def paint(band: int, side: int) -> Material:
        name = names[side]
        body = palette.CAB_PAINT
        if band == 0:
            return palette.TRIM
        if name == "seam" and 1 <= band <= 6:
            return palette.SEAM
        if name == "window" and band == 4:
            return palette.CAB_GLASS
        in_front = name in ("front", "grille", "corner0", "corner1")
        if in_front and 3 <= band <= 5:
            return palette.CAB_GLASS
        if band == 2 and (in_front or name == "corner2"):
            return palette.TRIM  # the cowl below the windscreen
        if band == 1 and name == "grille":
            return palette.TRIM
        if name.startswith("corner") and 3 <= band <= 5:
            return palette.TRIM  # A-pillar
        return body

    mesh.loft(rings, paint, smooth_deg=28.0)
    mesh.face(rings[-1], palette.CAB_PAINT)
    mesh.face(rings[0][::-1], palette.CHASSIS_BLACK)
    # sun visor, below the roof's edge and within the outline's front
    z = SILL_Z_M + 0.80 * high
    x = front - lean
    top, depth = half - CORNER_M - 0.06, 0.15
    mesh.prism(
        [(x + 0.02, z + 0.06), (x + depth, z - 0.01), (x + depth, z - 0.03), (x, z - 0.02)], 2 * top, palette.TRIM
    )
    for y in (-0.7, -0.35, 0.0, 0.35, 0.7):
        mesh.box((0.05, 0.12, 0.035), (front - lean - 0.02, y, SILL_Z_M + 0.875 * high), palette.AMBER_LAMP)


def _fairing(mesh: Mesh, plan: TruckPlan) -> None:
    """The deflector on the roof, up to the cab's full height."""
    o = plan.truck.outline
    front, rear, half = o.cab_front_x_m - 0.62, o.cab_rear_x_m + 0.06, plan.half_width_m
    roof, top = o.cab_height_m - FAIRING_M - 0.01, o.cab_height_m
    long = front - rear
    rings = []
    for share, back, inwards, corner in (
        (0.0, 0.0, 0.30, 0.20),
        (0.75, 0.42 * long, 0.34, 0.16),
        (0.96, 0.62 * long, 0.38, 0.12),
        (1.0, 0.72 * long, 0.45, 0.10),
    ):
        z = roof + share * (top - roof)
        x, y, r = front - back, half - inwards, corner
        ring = [(x, r - y), (x, y - r), (x - 0.3 * r, y - 0.3 * r), (x - r, y), (rear, y)]
        rings.append([(px, py, z) for px, py in ring] + [(px, -py, z) for px, py in reversed(ring[2:])])
    mesh.loft(rings, palette.CAB_PAINT, smooth_deg=32.0)
    mesh.face(rings[-1], palette.CAB_PAINT)


def _bumper(mesh: Mesh, plan: TruckPlan) -> None:
    o = plan.truck.outline
    front, half = o.cab_front_x_m, plan.half_width_m
    rear = front - BUMPER_DEPTH_M
    rings = []
    r = CORNER_M
    inner = half - r
    arc = [math.radians(90.0 * i / FRONT_ARC) for i in range(FRONT_ARC + 1)]
    backs = (0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.015)
    grilles = (0.72, 0.74, 0.80, 0.80, 0.74, 0.72, 0.70)
    for z, back, grille in zip(BUMPER_Z_M, backs, grilles, strict=True):
        quarter = [(front - back - r + r * math.cos(a), inner + r * math.sin(a)) for a in arc]
        left = [(front - back, grille), *quarter, (rear, half)]
        ring = [(x, -y) for x, y in reversed(left)] + left
        rings.append([(x, y, z) for x, y in ring])
    last = len(rings[0]) - 1
    middle = last // 2  # the side from the right lamp's inner edge to the left one's

    def paint(band: int, side: int) -> Material:
        away = abs(side - middle)
        if side == last:
            return palette.CHASSIS_BLACK  # its back
        if band <= 0:
            return palette.TRIM
        if band == 3:
            return (palette.TRIM, palette.HEADLIGHT, palette.HEADLIGHT, palette.AMBER_LAMP, palette.TRIM)[min(away, 4)]
        return palette.TRIM if not away or band in (2, 4) else palette.CAB_PAINT

    mesh.loft(rings, paint, smooth_deg=28.0)
    mesh.face(rings[0][::-1], palette.CHASSIS_BLACK)
    mesh.face(rings[-1], palette.CHASSIS_BLACK)


def _front_details(mesh: Mesh, plan: TruckPlan) -> None:
    """Grille bars, brand line, number plate, wipers: they protrude by a few millimetres, within the outline."""
    o = plan.truck.outline
    front = o.cab_front_x_m
    roof = o.cab_height_m - FAIRING_M
    high = roof - SILL_Z_M
    z = SILL_Z_M + 0.17 * high
    mesh.box((0.006, 1.16, 0.016), (front + 0.002, 0.0, z + 0.14), palette.EV_ACCENT)
    mesh.cylinder(0.085, 0.008, (front + 0.003, 0.0, z), palette.RIM, "x", 20)
    for k in (-1.0, 1.0):
        mesh.box((0.006, 0.44, 0.02), (front + 0.002, 0.36 * k, z), palette.RIM)
    for k in range(3):
        mesh.box((0.006, 1.5, 0.016), (front + 0.001, 0.0, 0.62 + 0.065 * k), palette.HUB)
    mesh.box((0.01, 0.46, 0.15), (front + 0.003, 0.0, 0.46), palette.NUMBER_PLATE)
    bottom, top = SILL_Z_M + 0.36 * high, SILL_Z_M + 0.60 * high
    for y in (-0.55, 0.25):
        ends = (front + 0.004, y, bottom), (front - 0.42 * SCREEN_LEAN_M + 0.012, y + 0.42, top)
        mesh.bar(*ends, 0.02, 0.012, palette.TRIM)


def _wheel_arch(side: Mesh, plan: TruckPlan) -> None:
    """The left flank below the doors, with the arch cut out of it, and the liner over the wheel."""
    o = plan.truck.outline
    x0 = plan.axles[0].x_m
    half, inner = plan.half_width_m - 0.002, 0.56
    ahead = min(x0 + ARCH_RADIUS_M + 0.07, o.cab_front_x_m - BUMPER_DEPTH_M - 0.05) - x0
    behind = min(ARCH_RADIUS_M + 0.06, max(x0 - o.cab_rear_x_m, ARCH_RADIUS_M + 0.02))
    rings = []
    angles = np.radians([10, 25, 40, 52, 62, 75, 90, 105, 118, 128, 140, 155, 170])
    for a in angles:
        c, s = math.cos(a), math.sin(a)
        near = np.array([ARCH_RADIUS_M * c, ARCH_RADIUS_M * s])
        # intersection of the ray through the arch's point with the rectangle of sill, bumper and rear edge
        reach = min(
            ahead / c if c > 1e-9 else np.inf,
            -behind / c if c < -1e-9 else np.inf,
            (SILL_Z_M - WHEEL_RADIUS_M) / max(s, 1e-9),
        )
        far = np.array([reach * c, reach * s])
        ring = [(far, inner), (far, half), (near, half), (near, inner)]
        rings.append([(x0 + p[0], y, WHEEL_RADIUS_M + p[1]) for p, y in ring])
    paints = (palette.CHASSIS_BLACK, palette.CAB_PAINT, palette.TRIM, palette.CHASSIS_BLACK)
    side.loft(rings, lambda _, i: paints[i], smooth_deg=28.0)
    side.face(rings[0][::-1], palette.TRIM)
    side.face(rings[-1], palette.TRIM)
    mudguard(side, x0, (half - 0.30, half), 168.0, 198.0, palette.TRIM, 3)  # flap behind the wheel


def _steps(side: Mesh, plan: TruckPlan) -> None:
    """Two treads between bumper and wheel, in a dark recess."""
    o = plan.truck.outline
    half = plan.half_width_m
    front = o.cab_front_x_m - BUMPER_DEPTH_M
    rear = min(plan.axles[0].x_m + ARCH_RADIUS_M + 0.07, front - 0.05)
    long, middle = front - rear, (front + rear) / 2.0
    top, bottom = SILL_Z_M - 0.005, 0.42
    side.box((long, 0.04, top - bottom), (middle, half - 0.26, (top + bottom) / 2.0), palette.CHASSIS_BLACK)
    for z in (0.44, 0.70, 0.94):
        side.box((long - 0.02, 0.23, 0.045), (middle, half - 0.125, z), palette.ALUMINIUM)


def _handles(side: Mesh, plan: TruckPlan) -> None:
    o = plan.truck.outline
    z = SILL_Z_M + 0.30 * (o.cab_height_m - FAIRING_M - SILL_Z_M)
    side.box((0.20, 0.02, 0.035), (o.cab_front_x_m - 1.14, plan.half_width_m + 0.008, z), palette.TRIM)
    side.box((0.09, 0.02, 0.05), (o.cab_front_x_m - 0.62, plan.half_width_m + 0.006, z - 0.10), palette.AMBER_LAMP)


def mirrors(plan: TruckPlan) -> Mesh:
    """Both mirrors: they extend beyond the truck's width, as is legal."""
    o = plan.truck.outline
    half = plan.half_width_m
    roof = o.cab_height_m - FAIRING_M
    x = o.cab_front_x_m - 0.22
    low, top = SILL_Z_M + 0.44 * (roof - SILL_Z_M), SILL_Z_M + 0.86 * (roof - SILL_Z_M)
    side = Mesh()
    y = half + 0.17
    side.box((0.11, 0.20, 0.40), (x, y, top - 0.26), palette.TRIM, 0.03)
    side.box((0.11, 0.20, 0.20), (x, y, low + 0.10), palette.TRIM, 0.03)
    for z in (top - 0.02, low - 0.02):
        side.bar((x - 0.06, half - 0.08, z), (x, y + 0.02, z), 0.035, 0.03, palette.TRIM)
    side.tube((x, y + 0.02, low - 0.02), (x, y + 0.02, top - 0.02), 0.014, palette.TRIM, 6)
    side.face(
        [
            (x - 0.0565, y + 0.08, top - 0.44),
            (x - 0.0565, y - 0.08, top - 0.44),
            (x - 0.0565, y - 0.08, top - 0.08),
            (x - 0.0565, y + 0.08, top - 0.08),
        ],
        palette.CAB_GLASS,
    )
    return Mesh().add(side).add(side.mirrored())
