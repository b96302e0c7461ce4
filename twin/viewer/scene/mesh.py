"""Meshes built from primitive shapes in plain arrays: boxes, prisms, cylinders, cones, tubes.

A `Mesh` gathers many shapes, so that what moves together is drawn in one call. Colours are sRGB; normals point
outwards; triangles are counter-clockwise seen from outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from panda3d.core import (
    Geom,
    GeomNode,
    GeomTriangles,
    GeomVertexArrayFormat,
    GeomVertexData,
    GeomVertexFormat,
    InternalName,
    NodePath,
)

Vector = Sequence[float] | np.ndarray

FLOATS = 3 + 3 + 4 + 2  # vertex, normal, colour, surface


@dataclass(frozen=True)
class Material:
    """Colour (sRGB, 0 to 1), gloss (0 matt to 1 polished), own light (0 none; lamps)."""

    rgb: tuple[float, float, float]
    gloss: float = 0.15
    glow: float = 0.0
    alpha: float = 1.0

    def darker(self, factor: float) -> Material:
        r, g, b = self.rgb
        return replace(self, rgb=(r * factor, g * factor, b * factor))


class Mesh:
    """Shapes gathered into one geometry. Every method returns the mesh, so that calls chain."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._triangles: list[np.ndarray] = []
        self._count = 0

    # --- shapes ---------------------------------------------------------------------------------------------------

    def face(self, points: Sequence[Vector], material: Material, normals: Sequence[Vector] | None = None) -> Mesh:
        """A flat convex polygon, counter-clockwise from outside; `normals` per corner where it shall look curved."""
        at = np.asarray(points, dtype=float)
        if normals is None:
            across = np.cross(at[1] - at[0], at[2] - at[0])
            length = np.linalg.norm(across)
            if length == 0.0:
                return self
            n = np.tile(across / length, (len(at), 1))
        else:
            n = np.asarray(normals, dtype=float)
        fan = [(0, k, k + 1) for k in range(1, len(at) - 1)]
        return self._append(at, n, np.asarray(fan), material)

    def box(
        self,
        size: Vector,
        center: Vector = (0.0, 0.0, 0.0),
        material: Material = Material((0.7, 0.7, 0.7)),
        bevel_m: float = 0.0,
        yaw_rad: float = 0.0,
        pitch_rad: float = 0.0,
        roll_rad: float = 0.0,
    ) -> Mesh:
        """A box of full size (x, y, z) about its middle; edges cut by `bevel_m`; turned by Rz Ry Rx."""
        half = np.asarray(size, dtype=float) / 2.0
        b = min(bevel_m, 0.45 * float(half.min()) * 2.0)
        turn = rotation(yaw_rad, pitch_rad, roll_rad)
        middle = np.asarray(center, dtype=float)
        inner = half - b

        def corner(signs: np.ndarray, axis: int) -> np.ndarray:
            at = signs * inner
            at[axis] = signs[axis] * half[axis]
            return middle + turn @ at

        for axis in range(3):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            for sign in (-1.0, 1.0):
                ring = []
                for a, c in ((-1, -1), (1, -1), (1, 1), (-1, 1)) if sign > 0 else ((-1, -1), (-1, 1), (1, 1), (1, -1)):
                    s = np.zeros(3)
                    s[axis], s[u], s[v] = sign, a, c
                    ring.append(corner(s, axis))
                self.face(ring, material)
        if b > 0.0:
            self._bevels(corner, material, middle)
        return self

    def _bevels(self, corner: object, material: Material, middle: np.ndarray) -> None:
        assert callable(corner)
        for axis in range(3):  # edges along `axis`
            u, v = (axis + 1) % 3, (axis + 2) % 3
            for a in (-1.0, 1.0):
                for c in (-1.0, 1.0):
                    ends = []
                    for e in (-1.0, 1.0):
                        s = np.zeros(3)
                        s[axis], s[u], s[v] = e, a, c
                        ends.append((corner(s.copy(), u), corner(s.copy(), v)))
                    (p0, q0), (p1, q1) = ends
                    self._outward([p0, p1, q1, q0], material, middle)
        for a in (-1.0, 1.0):
            for c in (-1.0, 1.0):
                for e in (-1.0, 1.0):
                    s = np.array([a, c, e])
                    self._outward([corner(s.copy(), k) for k in range(3)], material, middle)

    def _outward(self, points: list[np.ndarray], material: Material, middle: np.ndarray) -> None:
        across = np.cross(points[1] - points[0], points[2] - points[0])
        if across @ (np.mean(points, axis=0) - middle) < 0.0:
            points = points[::-1]
        self.face(points, material)

    def prism(
        self,
        outline: Sequence[tuple[float, float]],
        width_m: float,
        material: Material,
        axis: str = "y",
        at_m: float = 0.0,
    ) -> Mesh:
        """A convex outline drawn out along an axis, about `at_m`.

        The outline is (x, z) for axis "y", (y, z) for "x", (x, y) for "z"; either sense.
        """
        flat = np.asarray(outline, dtype=float)
        k = "xyz".index(axis)
        u, v = {0: (1, 2), 1: (0, 2), 2: (0, 1)}[k]

        def lay(offset: float) -> np.ndarray:
            points = np.zeros((len(flat), 3))
            points[:, u], points[:, v], points[:, k] = flat[:, 0], flat[:, 1], offset
            return points

        low, high = lay(at_m - width_m / 2.0), lay(at_m + width_m / 2.0)
        middle = (low.mean(axis=0) + high.mean(axis=0)) / 2.0
        self._outward(list(low), material, middle)
        self._outward(list(high), material, middle)
        for i in range(len(flat)):
            j = (i + 1) % len(flat)
            self._outward([low[i], low[j], high[j], high[i]], material, middle)
        return self

    def cylinder(
        self,
        radius_m: float,
        length_m: float,
        center: Vector = (0.0, 0.0, 0.0),
        material: Material = Material((0.7, 0.7, 0.7)),
        axis: str | Vector = "z",
        sides: int = 24,
        top_radius_m: float | None = None,
        caps: bool = True,
    ) -> Mesh:
        """A cylinder about its middle, or a cone where `top_radius_m` differs; axis "x", "y", "z" or a direction."""
        along = _direction(axis)
        u, v = _across(along)
        top = radius_m if top_radius_m is None else top_radius_m
        angle = np.linspace(0.0, 2.0 * math.pi, sides + 1)
        ring = np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v
        middle = np.asarray(center, dtype=float)
        low, high = middle - along * length_m / 2.0, middle + along * length_m / 2.0
        lean = (radius_m - top) / max(length_m, 1e-9)
        normals = (ring + lean * along) / math.hypot(1.0, lean)
        at = np.concatenate([low + radius_m * ring, high + top * ring])
        n = np.concatenate([normals, normals])
        k = np.arange(sides)
        quads = np.stack([k, k + 1, k + sides + 2, k, k + sides + 2, k + sides + 1], axis=1).reshape(-1, 3)
        self._append(at, n, quads, material)
        if caps:
            if top > 0.0:
                self.face(list((high + top * ring)[:-1]), material)
            if radius_m > 0.0:
                self.face(list((low + radius_m * ring)[:-1][::-1]), material)
        return self

    def ball(self, radius_m: float, center: Vector, material: Material, sides: int = 16) -> Mesh:
        """A sphere."""
        rings = max(sides // 2, 4)
        theta = np.linspace(0.0, math.pi, rings + 1)[:, None]
        phi = np.linspace(0.0, 2.0 * math.pi, sides + 1)[None, :]
        n = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0.0 * phi], axis=-1)
        n = n.reshape(-1, 3)
        triangles = []
        for i in range(rings):
            for j in range(sides):
                a, b = i * (sides + 1) + j, (i + 1) * (sides + 1) + j
                triangles += [(a, b, b + 1), (a, b + 1, a + 1)]
        return self._append(np.asarray(center) + radius_m * n, n, np.asarray(triangles), material)

    def tube(self, start: Vector, end: Vector, radius_m: float, material: Material, sides: int = 10) -> Mesh:
        """A round bar between two points."""
        a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
        return self.cylinder(radius_m, float(np.linalg.norm(b - a)), (a + b) / 2.0, material, tuple(b - a), sides)

    def bar(
        self, start: Vector, end: Vector, width_m: float, height_m: float, material: Material, bevel_m: float = 0.0
    ) -> Mesh:
        """A rectangular beam between two points, its height as upright as the direction allows."""
        a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
        d = b - a
        length = float(np.linalg.norm(d))
        yaw, pitch = math.atan2(d[1], d[0]), -math.asin(max(-1.0, min(1.0, d[2] / length)))
        return self.box((length, width_m, height_m), (a + b) / 2.0, material, bevel_m, yaw, pitch)

    def plane(self, size: tuple[float, float], center: Vector, material: Material, cell_m: float = 0.0) -> Mesh:
        """A level rectangle seen from above, divided into cells where haze or light shall vary over it."""
        nx, ny = (max(1, round(s / cell_m)) if cell_m > 0.0 else 1 for s in size)
        x = center[0] + np.linspace(-0.5, 0.5, nx + 1) * size[0]
        y = center[1] + np.linspace(-0.5, 0.5, ny + 1) * size[1]
        gx, gy = np.meshgrid(x, y, indexing="ij")
        at = np.stack([gx.ravel(), gy.ravel(), np.full(gx.size, float(center[2]))], axis=1)
        i, j = np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij")
        a = (i * (ny + 1) + j).ravel()
        b = a + ny + 1
        triangles = np.stack([a, b, b + 1, a, b + 1, a + 1], axis=1).reshape(-1, 3)
        return self._append(at, np.tile([0.0, 0.0, 1.0], (len(at), 1)), triangles, material)

    def add(self, other: Mesh, offset: Vector = (0.0, 0.0, 0.0), yaw_rad: float = 0.0) -> Mesh:
        """Another mesh's shapes, turned and shifted."""
        turn = rotation(yaw_rad, 0.0, 0.0)
        for rows in other._rows:
            moved = rows.copy()
            moved[:, 0:3] = rows[:, 0:3] @ turn.T + np.asarray(offset, dtype=float)
            moved[:, 3:6] = rows[:, 3:6] @ turn.T
            self._rows.append(moved)
        self._triangles += [triangles + self._count for triangles in other._triangles]
        self._count += other._count
        return self

    # --- out ------------------------------------------------------------------------------------------------------

    @property
    def triangles(self) -> int:
        return sum(len(t) for t in self._triangles)

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner (3,), (3,)."""
        at = np.concatenate([rows[:, 0:3] for rows in self._rows])
        return at.min(axis=0), at.max(axis=0)

    def node(self, name: str, parent: NodePath | None = None) -> NodePath:
        """The geometry as a node, under `parent` where one is given."""
        node = GeomNode(name)
        if self._rows:
            node.add_geom(self.geom())
        path = NodePath(node)
        if parent is not None:
            path.reparent_to(parent)
        return path

    def geom(self) -> Geom:
        rows = np.concatenate(self._rows).astype(np.float32)
        triangles = np.concatenate(self._triangles).astype(np.uint32)
        data = GeomVertexData("mesh", vertex_format(), Geom.UH_static)
        data.unclean_set_num_rows(len(rows))
        data.modify_array(0).modify_handle().copy_data_from(rows.tobytes())
        primitive = GeomTriangles(Geom.UH_static)
        primitive.set_index_type(Geom.NT_uint32)
        array = primitive.modify_vertices()
        array.unclean_set_num_rows(triangles.size)
        array.modify_handle().copy_data_from(triangles.tobytes())
        geom = Geom(data)
        geom.add_primitive(primitive)
        return geom

    def _append(self, at: np.ndarray, normals: np.ndarray, triangles: np.ndarray, material: Material) -> Mesh:
        rows = np.empty((len(at), FLOATS))
        rows[:, 0:3], rows[:, 3:6] = at, normals
        rows[:, 6:10] = (*material.rgb, material.alpha)
        rows[:, 10:12] = (material.gloss, material.glow)
        self._rows.append(rows)
        self._triangles.append(np.asarray(triangles, dtype=np.int64) + self._count)
        self._count += len(at)
        return self


_FORMAT: GeomVertexFormat | None = None


def vertex_format() -> GeomVertexFormat:
    """vertex, normal, color and `surface` (gloss, glow), all 32-bit floats in one array."""
    global _FORMAT
    if _FORMAT is None:
        array = GeomVertexArrayFormat()
        array.add_column(InternalName.get_vertex(), 3, Geom.NT_float32, Geom.C_point)
        array.add_column(InternalName.get_normal(), 3, Geom.NT_float32, Geom.C_normal)
        array.add_column(InternalName.get_color(), 4, Geom.NT_float32, Geom.C_color)
        array.add_column(InternalName.make("surface"), 2, Geom.NT_float32, Geom.C_other)
        made = GeomVertexFormat()
        made.add_array(array)
        _FORMAT = GeomVertexFormat.register_format(made)
    return _FORMAT


def rotation(yaw_rad: float, pitch_rad: float = 0.0, roll_rad: float = 0.0) -> np.ndarray:
    """Rz Ry Rx (3, 3)."""
    cy, sy, cp, sp = math.cos(yaw_rad), math.sin(yaw_rad), math.cos(pitch_rad), math.sin(pitch_rad)
    cr, sr = math.cos(roll_rad), math.sin(roll_rad)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def _direction(axis: str | Vector) -> np.ndarray:
    if isinstance(axis, str):
        return np.eye(3)["xyz".index(axis)]
    d = np.asarray(axis, dtype=float)
    return d / np.linalg.norm(d)


def _across(along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two directions that make a right-handed frame with `along`."""
    other = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(other, along)
    u /= np.linalg.norm(u)
    return u, np.cross(along, u)
