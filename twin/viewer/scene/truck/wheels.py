"""Wheels, axles and mudguards."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Material, Mesh
from twin.viewer.scene.truck.plan import ARCH_RADIUS_M, DUAL_WIDTH_M, SINGLE_WIDTH_M, WHEEL_RADIUS_M, Wheels

SIDES, TRAILER_SIDES = 24, 20  # divisible by four: a point of the tyre is at the bottom
RIM_RADIUS_M = 0.29
BEAM_RADIUS_M = 0.075


@cache
def wheel(dual: bool, steered: bool = False, sides: int = SIDES) -> Mesh:
    """A wheel about its centre, its outside toward +y; `dual` is a pair of tyres on one hub."""
    w, r = (DUAL_WIDTH_M if dual else SINGLE_WIDTH_M) / 2.0, WHEEL_RADIUS_M
    shoulder_m, rounded_m = 0.05, 0.035
    tyre = [(-w, 0.16), (-w, r - shoulder_m), (-w + rounded_m, r)]
    if dual:
        half_gap = DUAL_WIDTH_M / 2.0 - 0.27
        tyre += [(-half_gap - rounded_m, r), (0.0, r - 0.10), (half_gap + rounded_m, r)]
    tyre += [(w - rounded_m, r), (w, r - shoulder_m), (w - 0.012, RIM_RADIUS_M + 0.012)]
    rim = [(w - 0.02, RIM_RADIUS_M), (w - 0.055, RIM_RADIUS_M - 0.03)]
    if steered:  # the disc of a steered wheel bulges outwards
        disc = [(w - 0.05, 0.21), (w - 0.035, 0.13)]
        hub = [(w - 0.035, 0.10), (w - 0.002, 0.085), (w - 0.002, 0.0)]
    else:  # the disc of a driven wheel is recessed, its hub protrudes
        disc = [(w - 0.15, 0.235), (w - 0.17, 0.15)]
        hub = [(w - 0.17, 0.13), (w - 0.05, 0.115), (w - 0.03, 0.09), (w - 0.03, 0.0)]
    profile = [*tyre, *rim, *disc, *hub]
    rim_from, hole, hub_from = len(tyre) - 1, len(tyre) + 2, len(tyre) + 3

    def paint(band: int, side: int) -> Material:
        if band < rim_from:
            return palette.RUBBER if band not in (2, rim_from - 3) else palette.TREAD
        if band == hole and side % 3 == 0:
            return palette.CHASSIS_BLACK  # hand holes
        return palette.HUB if band >= hub_from and not steered else palette.RIM

    return Mesh().lathe(profile, paint, axis="y", sides=sides, smooth_deg=50.0)


def wheel_pair(wheels: Wheels, half_width_m: float, sides: int = SIDES) -> Mesh:
    """An axle's wheels about the axle's centre, so that they can roll."""
    one = wheel(wheels.dual, not wheels.dual, sides)
    y = half_width_m - wheels.width_m / 2.0
    return Mesh().add(one, (0.0, y, 0.0)).add(one.mirrored(), (0.0, -y, 0.0))


def axle(mesh: Mesh, wheels: Wheels, half_width_m: float, driven: bool = False) -> None:
    """An axle's beam, and the motor if it is driven."""
    inner = half_width_m - wheels.width_m + 0.02
    at = (wheels.x_m, 0.0, WHEEL_RADIUS_M)
    mesh.cylinder(BEAM_RADIUS_M, 2.0 * inner, at, palette.CHASSIS_BLACK, "y", 8, caps=False)
    if driven:  # an e-axle: motor and gear in the middle of the beam
        mesh.lathe(
            [(-0.26, 0.08), (-0.20, 0.20), (0.20, 0.20), (0.26, 0.08)], palette.DARK_STEEL, at, axis="y", sides=12
        )
        mesh.box((0.34, 0.30, 0.24), (wheels.x_m + 0.24, 0.0, WHEEL_RADIUS_M + 0.02), palette.ALUMINIUM, 0.03)


def mudguard(
    mesh: Mesh, x_m: float, y_m: tuple[float, float], start_deg: float, end_deg: float, material: Material, steps: int
) -> None:
    """A curved sheet over a wheel at x_m between two y, from one angle to another (0 ahead, 90 above)."""
    inner, outer = ARCH_RADIUS_M, ARCH_RADIUS_M + 0.018
    rings = []
    for angle in np.radians(np.linspace(start_deg, end_deg, steps + 1)):
        c, s = math.cos(angle), math.sin(angle)
        ring = [(outer, y_m[0]), (outer, y_m[1]), (inner, y_m[1]), (inner, y_m[0])]
        rings.append([(x_m + r * c, y, WHEEL_RADIUS_M + r * s) for r, y in ring])
    mesh.loft(rings, material, smooth_deg=30.0)
    mesh.face(rings[0][::-1], material)
    mesh.face(rings[-1], material)
