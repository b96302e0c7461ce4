"""The spreader of a gantry, in E: plate, corner guides, sockets of the ropes with load cells, or a floating head."""

from __future__ import annotations

from twin.catalogue.schema import FourRope
from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import CAPTURE_SLOPE, feet_xy
from twin.viewer.scene.robots.mast import HEAD_M, OUTER_WIDTH_M
from twin.viewer.scene.robots.ropes import anchors

GAP_M = 0.02  # of the plate over the grip plane: the pads' height
BEAM_M = 0.16
SOCKET_M = (0.035, 0.16)  # radius, height over the plate
LOAD_CELL_M = (0.05, 0.07)
FLIPPER_M = 0.016  # thickness
FLIPPER_WIDTH_M = 0.22


def spreader(layout: Layout) -> Mesh:
    """The spreader without its grips."""
    mesh = Mesh()
    x, y, high = layout.station.end_effector.size_m
    z = GAP_M + high / 2
    paint = palette.ROBOT_ORANGE
    # a frame of hollow sections: two long beams, five cross beams, a central plate
    for sign in (1.0, -1.0):
        mesh.box((BEAM_M, y, high), (sign * (x - BEAM_M) / 2, 0.0, z), paint, 0.01)
    for share in (-1.0, -0.45, 0.0, 0.45, 1.0):
        at = share * (y - BEAM_M) / 2
        mesh.box((x - 2 * BEAM_M, BEAM_M, high * 0.94), (0.0, at, z), paint)
    mesh.box((x - 2 * BEAM_M, 0.5, 0.02), (0.0, 0.0, GAP_M + high + 0.01), palette.DARK_STEEL)
    for fx, fy in feet_xy(layout.pack):  # pads for the pack
        mesh.cylinder(0.035, GAP_M, (fx, 0.8 * fy, GAP_M / 2), palette.RUBBER, sides=10)
    top = GAP_M + high
    if isinstance(layout.station.reeving, FourRope):
        radius, tall = SOCKET_M
        cell, thick = LOAD_CELL_M
        for ax, ay, _ in anchors(layout):
            mesh.cylinder(cell, thick, (ax, ay, top + thick / 2), palette.PIN, sides=14)
            mesh.cylinder(
                radius, tall, (ax, ay, top + thick + tall / 2), palette.DARK_STEEL, sides=12, top_radius_m=0.016
            )
        mesh.box((0.34, 0.26, 0.16), (0.0, 0.0, top + 0.10), palette.CABINET)  # terminal box of cells and grips
        mesh.cylinder(0.09, 0.012, (0.0, 0.55, top + 0.02), palette.LANE_PAINT, sides=16)  # marker of the sway camera
    else:
        head = HEAD_M - top
        mesh.cylinder(0.30, head * 0.55, (0.0, 0.0, top + head * 0.275), palette.DARK_STEEL, sides=24)
        mesh.box((OUTER_WIDTH_M, OUTER_WIDTH_M, head * 0.45), (0.0, 0.0, top + head * 0.775), palette.GALVANISED, 0.01)
        for sx in (1.0, -1.0):  # springs of the floating head
            for sy in (1.0, -1.0):
                mesh.cylinder(
                    0.04, head * 0.5, (sx * 0.22, sy * 0.42, top + head * 0.25), palette.CRANE_YELLOW, sides=10
                )
    _flippers(mesh, layout)
    return mesh


def _flippers(mesh: Mesh, layout: Layout) -> None:
    """Guide plates around the pack's outline, flared by their capture range, as in the contact model."""
    e = layout.station.end_effector
    depth = e.flipper_capture_m / CAPTURE_SLOPE
    top = GAP_M + e.size_m[2]
    for axis in (0, 1):
        inner = layout.pack.size_m[axis] / 2 + e.flipper_clearance_m
        outer = inner + e.flipper_capture_m
        along = 0.3 * layout.pack.size_m[1 - axis]
        for sign in (1.0, -1.0):
            for at in (along / 1.2, -along / 1.2):
                upper = [(inner, top), (inner + FLIPPER_M, top), (inner + FLIPPER_M, 0.0), (inner, 0.0)]
                flare = [(inner, 0.0), (inner + FLIPPER_M, 0.0), (outer + FLIPPER_M, -depth), (outer, -depth)]
                for outline in (upper, flare):
                    mesh.prism(
                        [(sign * u, v) for u, v in outline], FLIPPER_WIDTH_M, palette.CRANE_YELLOW, "yx"[axis], at
                    )
                arm = inner + FLIPPER_M / 2
                size = (0.10, 0.06, 0.03) if axis == 0 else (0.06, 0.10, 0.03)
                middle = (sign * (arm - 0.05), at, top) if axis == 0 else (at, sign * (arm - 0.05), top)
                mesh.box(size, middle, palette.DARK_STEEL)
