"""The hall of a top-lift station: portal and runway, slot racks, charger cabinets, control container."""

from __future__ import annotations

import numpy as np

from twin.catalogue.schema.station import Slot
from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import CHAIN_ASIDE_M, COLUMN_M, RUNWAY_RAIL_M, Gantry, feet_xy
from twin.viewer.scene.site.lane import LANE_HALF_M, bollard, digit_row

FLANGE_M, WEB_M = 0.03, 0.02
CHORD_M, DIAGONAL_M = 0.14, 0.06
PANEL_M = 1.5  # of the lattice girder, about
PAD_M = 0.16
RACK_BEAM_M = 0.10
RACK_MARGIN_M = 0.06
SLOT_SIGN_M = 0.16
CABINET_M = (0.80, 0.60, 2.00)
CABINET_GAP_M = 0.30  # between a slot's rack and the cabinets
CONTAINER_M = (3.0, 2.2, 2.6)
WALL_HEIGHT_M = 3.4
WALL_RIB_M = 0.6


def hall(solid: Mesh, flat: Mesh, layout: Layout, gantry: Gantry) -> None:
    """The whole hall; `flat` receives the paint on the floor."""
    portal(solid, gantry)
    for number, slot in enumerate(layout.station.slots, start=1):
        rack(solid, layout, slot, str(number))
    back = cabinets(solid, layout, gantry)
    control_container(solid, gantry, back)
    floor_paint(flat, layout, gantry)
    for x in gantry.column_x_m:
        for y, away in ((gantry.near_y_m, -1.0), (gantry.far_y_m, 1.0)):
            bollard(solid, x - 0.45, y + 0.12 * away)
            bollard(solid, x + 0.45, y + 0.12 * away)


def column_places(gantry: Gantry) -> list[tuple[float, float]]:
    """(x, y) of the columns: two on the near side, where they must not hide the swap, four on the far one."""
    low, high = gantry.column_x_m
    near = [(x, gantry.near_y_m) for x in (low, high)]
    return near + [(float(x), gantry.far_y_m) for x in np.linspace(low, high, 4)]


def portal(mesh: Mesh, gantry: Gantry) -> None:
    """Columns, runway with rails and end stops, head beams at both ends."""
    bottom, top = gantry.runway_z_m
    paint = palette.STRUCTURE
    for x, y in column_places(gantry):
        _column(mesh, x, y, bottom)
    start, end = gantry.end_x_m[0] - 0.1, gantry.end_x_m[1] + 0.1
    _lattice(mesh, start, end, gantry.near_y_m, bottom, top)
    _i_beam(mesh, start, end, gantry.far_y_m, bottom, top)
    for y in (gantry.near_y_m, gantry.far_y_m):
        rail = (start + end) / 2, y, top + RUNWAY_RAIL_M / 2
        mesh.box((end - start, 0.06, RUNWAY_RAIL_M), rail, palette.STEEL)
        for x, sign in ((gantry.end_x_m[0], -1.0), (gantry.end_x_m[1], 1.0)):
            mesh.box((0.08, 0.16, 0.42), (x + sign * 0.05, y, top + 0.21), palette.SAFETY_YELLOW)
            mesh.cylinder(0.05, 0.06, (x - sign * 0.02, y, top + 0.28), palette.RUBBER, "x", 10)
    for x in gantry.column_x_m:
        z = bottom + 0.2
        mesh.box((0.18, gantry.far_y_m - gantry.near_y_m - COLUMN_M, 0.30), (x, _middle(gantry), z), paint)
        for y, inwards in ((gantry.near_y_m, 1.0), (gantry.far_y_m, -1.0)):
            mesh.bar((x, y + inwards * 0.1, z - 1.1), (x, y + inwards * 1.1, z - 0.1), 0.1, 0.1, paint)
    # energy chain trough of the bridge along the far beam
    y = gantry.far_y_m + CHAIN_ASIDE_M
    mesh.box((end - start, 0.24, 0.02), ((start + end) / 2, y, gantry.chain_z_m - 0.045), palette.GALVANISED)
    mesh.box((end - start, 0.02, 0.14), ((start + end) / 2, y + 0.12, gantry.chain_z_m + 0.02), palette.GALVANISED)


def _middle(gantry: Gantry) -> float:
    return (gantry.near_y_m + gantry.far_y_m) / 2


def _column(mesh: Mesh, x: float, y: float, high: float) -> None:
    """A wide-flange column on a base plate, flanges across the lane, with a warning band at its foot."""
    half = COLUMN_M / 2
    mesh.box((COLUMN_M + 0.2, COLUMN_M + 0.2, 0.03), (x, y, 0.015), palette.DARK_STEEL)
    for sign in (1.0, -1.0):
        mesh.box((COLUMN_M, FLANGE_M, high), (x, y + sign * (half - FLANGE_M / 2), high / 2), palette.STRUCTURE)
    mesh.box((WEB_M, COLUMN_M - 2 * FLANGE_M, high), (x, y, high / 2), palette.STRUCTURE)
    for k in range(6):
        paint = palette.SAFETY_YELLOW if k % 2 == 0 else palette.RUBBER
        mesh.box((COLUMN_M + 0.02, COLUMN_M + 0.02, 0.2), (x, y, 0.13 + 0.2 * k), paint)


def _i_beam(mesh: Mesh, start: float, end: float, y: float, bottom: float, top: float) -> None:
    x, long = (start + end) / 2, end - start
    for z in (bottom + FLANGE_M / 2, top - FLANGE_M / 2):
        mesh.box((long, COLUMN_M, FLANGE_M), (x, y, z), palette.STRUCTURE)
    mesh.box((long, WEB_M, top - bottom - 2 * FLANGE_M), (x, y, (bottom + top) / 2), palette.STRUCTURE)


def _lattice(mesh: Mesh, start: float, end: float, y: float, bottom: float, top: float) -> None:
    """A lattice girder: deep enough for its span, and the load is visible through it."""
    x, long, paint = (start + end) / 2, end - start, palette.STRUCTURE
    mesh.box((long, COLUMN_M * 0.75, CHORD_M), (x, y, top - CHORD_M / 2), paint)
    mesh.box((long, COLUMN_M * 0.6, 0.7 * CHORD_M), (x, y, bottom + 0.35 * CHORD_M), paint)
    panels = max(2, 2 * round(long / PANEL_M / 2))
    step = long / panels
    low, high = bottom + 0.7 * CHORD_M, top - CHORD_M
    for k in range(panels):
        a, b = start + k * step, start + (k + 1) * step
        ends = ((a, y, high), (b, y, low)) if k % 2 == 0 else ((a, y, low), (b, y, high))
        mesh.bar(*ends, DIAGONAL_M, DIAGONAL_M, paint)


def rack(mesh: Mesh, layout: Layout, slot: Slot, number: str) -> None:
    """One slot: a welded frame on four legs with pads for the pack's feet, and its number."""
    local = Mesh()
    x, y = layout.pack.size_m[0] / 2, layout.pack.size_m[1] / 2
    high = slot.z_m - 0.03  # pads on top of it, up to the seat plane
    for fx, fy in feet_xy(layout.pack):
        local.box((0.10, 0.10, high), (fx, fy, high / 2), palette.DARK_STEEL)
        local.box((0.20, 0.20, 0.02), (fx, fy, 0.01), palette.DARK_STEEL)
        local.cylinder(PAD_M / 2, 0.026, (fx, fy, slot.z_m - 0.017), palette.RUBBER, sides=12)
    beam = high - RACK_BEAM_M / 2
    for sign in (1.0, -1.0):
        local.box((RACK_BEAM_M, 2 * y, RACK_BEAM_M), (sign * (x - 0.12), 0.0, beam), palette.STRUCTURE)
        local.box((2 * x - 0.24, RACK_BEAM_M, RACK_BEAM_M), (0.0, sign * (y - 0.15), beam), palette.STRUCTURE)
    local.bar((-x + 0.12, 0.0, beam), (x - 0.12, 0.0, beam), 0.3, RACK_BEAM_M, palette.STRUCTURE)
    front = -y - RACK_MARGIN_M
    local.box((2 * x - 0.2, 0.03, 0.26), (0.0, front + 0.015, high - 0.16), palette.STATION_BLUE)
    digit_row(local, number, 0.0, front, high - 0.16, SLOT_SIGN_M)
    mesh.add(local, (slot.x_m, slot.y_m, 0.0), slot.yaw_rad)


def cabinets(mesh: Mesh, layout: Layout, gantry: Gantry) -> float:
    """A charger cabinet with its cable behind every slot, and a low wall behind them; returns the wall's y."""
    long, wide, high = CABINET_M
    deep = max(slot.y_m for slot in layout.station.slots) + layout.pack.size_m[1] / 2
    y = max(deep + CABINET_GAP_M + wide / 2, gantry.far_y_m + COLUMN_M / 2 + 0.25 + wide / 2)
    for slot in layout.station.slots:
        x = slot.x_m
        mesh.box((long, wide, high), (x, y, high / 2 + 0.1), palette.CABINET, 0.015)
        mesh.box((long + 0.02, wide + 0.02, 0.1), (x, y, 0.05), palette.DARK_STEEL)
        front = y - wide / 2
        mesh.box((long - 0.1, 0.012, 0.10), (x, front, high - 0.05), palette.STATION_BLUE)
        for k in range(5):
            mesh.box((0.34, 0.01, 0.025), (x, front, 0.4 + 0.07 * k), palette.DARK_STEEL)
        mesh.box((0.22, 0.012, 0.14), (x, front, high - 0.35), palette.GLASS)
        # cable from the cabinet to the back of its slot
        rack_y, low = slot.y_m + layout.pack.size_m[1] / 2 - 0.05, 0.2
        mesh.tube((x + 0.25, front + 0.02, low), (x + 0.25, rack_y, low), 0.03, palette.SAFETY_YELLOW.darker(0.9), 8)
    return y + wide / 2


def control_container(mesh: Mesh, gantry: Gantry, back: float) -> None:
    """A ribbed wall behind the cabinets, as long as the runway; the control room beyond its front end."""
    start, end = gantry.end_x_m
    y = back + 0.25
    mesh.box((end - start, 0.06, WALL_HEIGHT_M), ((start + end) / 2, y, WALL_HEIGHT_M / 2), palette.WALL_PANEL)
    ribs = int((end - start) / WALL_RIB_M)
    for k in range(ribs + 1):
        x = start + (end - start) * k / ribs
        mesh.box((0.10, 0.05, WALL_HEIGHT_M), (x, y - 0.05, WALL_HEIGHT_M / 2), palette.WALL_PANEL)
    mesh.box((end - start, 0.03, 0.35), ((start + end) / 2, y - 0.085, WALL_HEIGHT_M - 0.45), palette.STATION_BLUE)
    long, wide, high = CONTAINER_M
    at = end + 0.8 + long / 2
    middle = y - wide / 2 + 0.1
    mesh.box((long, wide, high), (at, middle, high / 2 + 0.15), palette.CABINET, 0.03)
    mesh.box((long + 0.3, wide + 0.3, 0.08), (at, middle, high + 0.19), palette.STATION_BLUE)
    mesh.box((1.7, 0.02, 0.8), (at - 0.3, middle - wide / 2 - 0.005, 1.65), palette.GLASS)
    mesh.box((0.02, 1.2, 0.8), (at - long / 2 - 0.005, middle - 0.1, 1.65), palette.GLASS)
    mesh.box((0.75, 0.02, 2.0), (at + 1.0, middle - wide / 2 - 0.005, 1.16), palette.STATION_BLUE.darker(0.8))


def floor_paint(mesh: Mesh, layout: Layout, gantry: Gantry) -> None:
    """A yellow line around the area that is closed while the gantry works."""
    start, end = gantry.end_x_m
    z, w = 0.008, 0.10
    for y in (gantry.near_y_m - 0.5, min(s.y_m for s in layout.station.slots) - layout.pack.size_m[1] / 2 - 0.25):
        if abs(abs(y) - LANE_HALF_M) < w:  # on the lane's line
            continue
        mesh.plane((end - start, w), ((start + end) / 2, y, z), palette.SAFETY_YELLOW, 5.0)
    for x in (start, end):
        low, high = gantry.near_y_m - 0.5 + w / 2, -LANE_HALF_M
        mesh.plane((w, high - low), (x, (low + high) / 2, z), palette.SAFETY_YELLOW)
