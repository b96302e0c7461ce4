"""The pit of a chassis station as a cut-away model: everything nearer than the lane's near edge is removed.

The section shows the slab, the pit's floor and walls, the deck with its joists, the stored blocks' seats under it, and
the vehicles' rails.
"""

from __future__ import annotations

from twin.viewer.layout import Layout
from twin.viewer.scene import palette
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import Pit
from twin.viewer.scene.site.hall import CABINET_M
from twin.viewer.scene.site.lane import GROUND_CELL_M, GROUND_M, LANE_HALF_M, bollard, digit_row

BELOW_FLOOR_M = 0.45  # height of the section below the pit's floor
SLAB_M = 0.22
WALL_M = 0.20
DECK_M = 0.045
RAIL_GAUGE_M = 1.50
RAIL_M = (0.06, 0.05)  # width, height over the floor
HANGER_M = 0.06
CABINETS_Y_M = 3.2
CABINET_PITCH_M = 1.0
LIGHT_M = (0.9, 0.05, 0.06)


def pit_ground(mesh: Mesh, pit: Pit) -> None:
    """Concrete and asphalt around the pit, the floor at the foot of the section before it."""
    near, far = -pit.half_y_m, pit.half_y_m
    low, high = pit.end_x_m
    strips = ((far, LANE_HALF_M, palette.ASPHALT), (LANE_HALF_M, GROUND_M, palette.CONCRETE))
    for a, b, paint in strips:
        if b > a:
            mesh.plane((2 * GROUND_M, b - a), (0.0, (a + b) / 2, 0.0), paint, GROUND_CELL_M)
    for a, b in ((-GROUND_M, low), (high, GROUND_M)):
        mesh.plane((b - a, far - near), ((a + b) / 2, 0.0, 0.0), palette.ASPHALT, GROUND_CELL_M)
    base = pit.floor_z_m - BELOW_FLOOR_M
    mesh.plane((2 * GROUND_M, GROUND_M + near), (0.0, (near - GROUND_M) / 2, base), palette.CONCRETE, GROUND_CELL_M)
    mesh.plane((high - low, far - near), ((low + high) / 2, 0.0, pit.floor_z_m), palette.PIT_FLOOR, 1.0)
    _section(mesh, pit, base)


def _section(mesh: Mesh, pit: Pit, base: float) -> None:
    """The cut face, vertical at the near edge: slab and walls over earth, without overlaps."""
    low, high = pit.end_x_m
    floor = pit.floor_z_m
    for a, b in ((-GROUND_M, low - WALL_M), (high + WALL_M, GROUND_M)):
        cells = max(1, round((b - a) / GROUND_CELL_M))
        for k in range(cells):
            x0, x1 = a + (b - a) * k / cells, a + (b - a) * (k + 1) / cells
            _upright(mesh, pit, x0, x1, -SLAB_M, 0.0, True)
            _upright(mesh, pit, x0, x1, base, -SLAB_M, False)
    _upright(mesh, pit, low - WALL_M, low, floor - WALL_M, 0.0, True)
    _upright(mesh, pit, high, high + WALL_M, floor - WALL_M, 0.0, True)
    _upright(mesh, pit, low, high, floor - WALL_M, floor, True)
    _upright(mesh, pit, low - WALL_M, high + WALL_M, base, floor - WALL_M, False)


def _upright(mesh: Mesh, pit: Pit, x0: float, x1: float, z0: float, z1: float, concrete: bool) -> None:
    y = -pit.half_y_m
    paint = palette.SECTION if concrete else palette.EARTH
    mesh.face([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], paint)


def pit(mesh: Mesh, layout: Layout, pit: Pit) -> None:
    """Walls, rails, seats of the stored blocks, cabinets beside the lane; without `deck` and `canopy`."""
    low, high = pit.end_x_m
    floor, side = pit.floor_z_m, pit.half_y_m
    for (x0, y0), (x1, y1) in (((low, side), (high, side)), ((low, -side), (low, side)), ((high, side), (high, -side))):
        mesh.face([(x0, y0, floor), (x1, y1, floor), (x1, y1, 0.0), (x0, y0, 0.0)], palette.PIT_WALL)
    wide, tall = RAIL_M
    for y in (RAIL_GAUGE_M / 2, -RAIL_GAUGE_M / 2):
        mesh.box((high - low - 0.1, wide, tall), ((low + high) / 2, y, floor + tall / 2), palette.STEEL)
        for x, sign in ((low, 1.0), (high, -1.0)):
            mesh.box((0.10, 0.16, 0.22), (x + sign * 0.12, y, floor + 0.11), palette.SAFETY_YELLOW)
    # energy chain's trough between the rails, and light on the far wall
    mesh.box((high - low - 0.4, 0.22, 0.03), ((low + high) / 2, 0.0, floor + 0.015), palette.GALVANISED)
    for k in range(5):
        x = low + (high - low) * (k + 0.5) / 5
        mesh.box(LIGHT_M, (x, side - 0.04, -0.75), palette.LAMP)
    for number, slot in enumerate(layout.station.slots, start=1):
        _seat(mesh, layout, pit, slot.x_m, slot.y_m, slot.z_m, str(number))
    _cabinets(mesh, layout)


def deck(mesh: Mesh, pit: Pit) -> None:
    """Plates on both sides of the opening and on its far side; the near side is cut away."""
    low, high = pit.end_x_m
    left, right = pit.opening_x_m
    side = pit.half_y_m
    z = -DECK_M / 2
    for a, b in ((low, left), (right, high)):
        mesh.box((b - a, 2 * side, DECK_M), ((a + b) / 2, 0.0, z), palette.DARK_STEEL)
        mesh.box((0.10, 2 * side, 0.004), ((a + 0.06) if a == right else (b - 0.06), 0.0, 0.002), palette.SAFETY_YELLOW)
    strip = side - pit.opening_y_m
    middle = side - strip / 2
    mesh.box((right - left, strip, DECK_M), ((left + right) / 2, middle, z), palette.DARK_STEEL)
    mesh.box((right - left, 0.08, 0.004), ((left + right) / 2, pit.opening_y_m + 0.05, 0.002), palette.SAFETY_YELLOW)
    # the near edge of the opening: only its outline
    mesh.box((right - left, 0.03, 0.03), ((left + right) / 2, -side + 0.015, -0.02), palette.SAFETY_YELLOW)
    for x in (left, right):
        mesh.box((0.04, 2 * side, 0.10), (x + (-0.02 if x == left else 0.02), 0.0, -DECK_M - 0.05), palette.STEEL)


def _seat(mesh: Mesh, layout: Layout, pit: Pit, x: float, y: float, z: float, number: str) -> None:
    """Two joists under the deck that a stored block hangs from, and the slot's number on the section."""
    half = layout.pack.size_m[0] / 2
    high = -DECK_M - z - 0.005
    for sign in (1.0, -1.0):
        at = (x + sign * (half - HANGER_M), y, z + 0.005 + high / 2)
        mesh.box((HANGER_M, 2 * pit.half_y_m - 0.02, high), at, palette.STEEL)
    face, low = -pit.half_y_m - 0.006, pit.floor_z_m - WALL_M / 2
    mesh.box((0.30, 0.012, 0.16), (x, face, low), palette.STATION_BLUE)
    digit_row(mesh, number, x, face - 0.006, low, 0.10)


def _cabinets(mesh: Mesh, layout: Layout) -> None:
    """Charger cabinets in a row beyond the lane, one per slot; bollards before them."""
    long, wide, high = CABINET_M
    count = len(layout.station.slots)
    for k in range(count):
        x = (k - (count - 1) / 2) * CABINET_PITCH_M
        front = CABINETS_Y_M - wide / 2
        mesh.box((long, wide, high), (x, CABINETS_Y_M, high / 2 + 0.1), palette.CABINET, 0.015)
        mesh.box((long + 0.02, wide + 0.02, 0.1), (x, CABINETS_Y_M, 0.05), palette.DARK_STEEL)
        mesh.box((long - 0.1, 0.012, 0.10), (x, front, high - 0.05), palette.STATION_BLUE)
        mesh.box((0.22, 0.012, 0.14), (x, front, high - 0.35), palette.GLASS)
        for i in range(5):
            mesh.box((0.34, 0.01, 0.025), (x, front, 0.4 + 0.07 * i), palette.DARK_STEEL)
    half = count * CABINET_PITCH_M / 2
    for x in (-half - 0.5, -half / 3, half / 3, half + 0.5):
        bollard(mesh, x, LANE_HALF_M + 0.35)


def canopy(mesh: Mesh, layout: Layout) -> None:
    """The light roof over the cabinets, and its supports."""
    half = len(layout.station.slots) * CABINET_PITCH_M / 2
    mesh.box((2 * half + 0.6, 1.5, 0.06), (0.0, CABINETS_Y_M - 0.1, 2.65), palette.STATION_BLUE)
    for x in (-half - 0.1, half + 0.1):
        mesh.box((0.10, 0.10, 2.62), (x, CABINETS_Y_M + 0.45, 1.31), palette.STRUCTURE)
        mesh.bar((x, CABINETS_Y_M + 0.4, 2.0), (x, CABINETS_Y_M - 0.5, 2.6), 0.08, 0.08, palette.STRUCTURE)
