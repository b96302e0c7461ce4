"""Meshes built from primitive shapes in plain arrays: boxes, prisms, cylinders, cones, tubes.

A `Mesh` combines many shapes, so that one body is drawn in one call. Colours are sRGB; normals point outwards;
triangles are counter-clockwise seen from outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from panda3d.core import Geom, GeomNode, LODNode, LPoint3, NodePath

from twin.viewer.scene.directions import across_of, direction, rotation
from twin.viewer.scene.facets import box_tables, smoothed
from twin.viewer.scene.vertices import FLOATS, Material, geom_of, rows_of

Vector = Sequence[float] | np.ndarray

MIN_AREA_M2 = 1e-10
PLAIN = Material((0.7, 0.7, 0.7))
FAR_FROM_M = 9.0
"""Distance from its hull beyond which a mesh is simplified: with software rendering most of a picture's time is
triangles."""
FAR_LEAST_M, FAR_NARROWEST_M, FAR_LINE_M = 0.17, 0.04, 1.0
"""Simplified meshes omit shapes smaller than the first, or narrower than the second and not long lines."""
FAR_SIDES, FAR_TURNED_SIDES, FAR_SMOOTH_DEG = 8, 12, 50.0
FAR_WORTH = 0.8
"""A simplified geometry is kept if it has at most this share of the triangles."""


class Mesh:
    """Shapes combined into one geometry. Every method returns the mesh, so that calls chain.

    A second geometry for larger distances has no small parts and bevels, and fewer sides of round shapes.
    """

    def __init__(self, far: bool = True) -> None:
        """`far` False omits the second geometry."""
        self._rows: list[np.ndarray] = []
        self._triangles: list[np.ndarray] = []
        self._count = 0
        self.far: Mesh | None = Mesh(far=False) if far else None

    def face(self, points: Sequence[Vector], material: Material, normals: Sequence[Vector] | None = None) -> Mesh:
        """A flat convex polygon, counter-clockwise from outside; `normals` per corner for a curved look."""
        at = np.asarray(points, dtype=float)
        if normals is None:
            across = np.cross(at[1:-1] - at[0], at[2:] - at[0]).sum(axis=0)  # corners may be collinear
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
        material: Material = PLAIN,
        bevel_m: float = 0.0,
        yaw_rad: float = 0.0,
        pitch_rad: float = 0.0,
        roll_rad: float = 0.0,
    ) -> Mesh:
        """A box of full size (x, y, z) about its centre; edges bevelled by `bevel_m`; rotated by Rz Ry Rx."""
        half = np.asarray(size, dtype=float) / 2.0
        b = min(max(bevel_m, 0.0), 0.9 * float(half.min()))
        turn = rotation(yaw_rad, pitch_rad, roll_rad)
        corners, normals, triangles, flat = box_tables()
        signs, stretched = corners
        at = signs * np.where(stretched, half, half - b)
        count = len(at) if b > 0.0 else flat
        used = triangles if b > 0.0 else triangles[: flat // 2]
        middle = np.asarray(center, dtype=float)
        if b > 0.0 and self.far is not None and max(size) >= FAR_LEAST_M:
            self.far.box(size, center, material, 0.0, yaw_rad, pitch_rad, roll_rad)
        rows = rows_of(middle + at[:count] @ turn.T, normals[:count] @ turn.T, material)
        return self._take(rows, used, from_afar=b == 0.0)

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
        """A convex outline extruded along an axis, centred at `at_m`.

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
        material: Material = PLAIN,
        axis: str | Vector = "z",
        sides: int = 24,
        top_radius_m: float | None = None,
        caps: bool = True,
    ) -> Mesh:
        """A cylinder about its centre, or a cone if `top_radius_m` differs; axis "x", "y", "z" or a direction."""
        if self.far is not None and sides > FAR_SIDES:
            far, self.far = self.far, None
            self.cylinder(radius_m, length_m, center, material, axis, sides, top_radius_m, caps)
            self.far = far
            if max(length_m, 2.0 * radius_m) >= FAR_LEAST_M:
                far.cylinder(radius_m, length_m, center, material, axis, FAR_SIDES, top_radius_m, caps)
            return self
        along = direction(axis)
        u, v = across_of(along)
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
        """A level rectangle seen from above, divided into cells if haze or light is to vary over it."""
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

    def loft(
        self,
        rings: Sequence[Sequence[Vector]] | np.ndarray,
        material: Material | Callable[[int, int], Material | None],
        smooth_deg: float = 30.0,
        closed: bool = True,
    ) -> Mesh:
        """A skin over rings (K, N, 3) of the same number of points, counter-clockwise about their direction of
        progress.

        `material` may depend on (band between rings k and k + 1, side from point i to i + 1); None leaves a hole.
        Edges that turn by less than `smooth_deg` look round. An open skin is visible from one side only.
        """
        at = np.asarray(rings, dtype=float)
        if closed:
            at = np.concatenate([at, at[:, :1]], axis=1)
        corners = np.stack([at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]], axis=2)
        across = np.cross(corners[:, :, 2] - corners[:, :, 0], corners[:, :, 3] - corners[:, :, 1])
        flat = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
        normals = smoothed(across, flat, math.cos(math.radians(smooth_deg)), closed)
        # where two corners coincide, one triangle of the two has no area
        whole = [
            np.linalg.norm(np.cross(*(corners[:, :, c] - corners[:, :, 0] for c in two)), axis=-1) > MIN_AREA_M2
            for two in ((1, 2), (2, 3))
        ]
        points: list[np.ndarray] = []
        directions: list[np.ndarray] = []
        paints: list[tuple[float, ...]] = []
        triangles: list[tuple[int, int, int]] = []
        for k, i in np.ndindex(*flat.shape[:2]):
            paint = material(k, i) if callable(material) else material
            if paint is None or not flat[k, i].any():
                continue
            q, first = corners[k, i], 4 * len(points)
            points.append(q)
            directions.append(normals[k, i])
            paints.append((*paint.rgb, paint.alpha, paint.gloss, paint.glow))
            if whole[0][k, i]:
                triangles.append((first, first + 1, first + 2))
            if whole[1][k, i]:
                triangles.append((first, first + 2, first + 3))
        if not points:
            return self
        rows = np.empty((4 * len(points), FLOATS))
        rows[:, 0:3], rows[:, 3:6] = np.concatenate(points), np.concatenate(directions)
        rows[:, 6:] = np.repeat(np.asarray(paints), 4, axis=0)
        return self._take(rows, np.asarray(triangles))

    def lathe(
        self,
        profile: Sequence[tuple[float, float]],
        material: Material | Callable[[int, int], Material | None],
        center: Vector = (0.0, 0.0, 0.0),
        axis: str | Vector = "z",
        sides: int = 24,
        smooth_deg: float = 40.0,
    ) -> Mesh:
        """A turned part: the profile's points (along the axis, radius) from the axis' tail to its head."""
        if self.far is not None and sides > FAR_TURNED_SIDES:
            far, self.far = self.far, None
            self.lathe(profile, material, center, axis, sides, smooth_deg)
            self.far = far
            if 2.0 * max(r for _, r in profile) >= FAR_LEAST_M:
                # fewer sides turn by more at each edge, but should look round too
                far.lathe(profile, material, center, axis, FAR_TURNED_SIDES, max(smooth_deg, FAR_SMOOTH_DEG))
            return self
        along = direction(axis)
        u, v = across_of(along)
        angle = np.arange(sides) * 2.0 * math.pi / sides
        ring = np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v
        rings = [np.asarray(center) + a * along + r * ring for a, r in profile]
        return self.loft(np.asarray(rings), material, smooth_deg)

    def scaled(self, axis: int, share: float, about_m: float = 0.0) -> Mesh:
        """A copy scaled along one axis about a plane across it."""
        other = self.mirrored().mirrored()
        for rows in other._rows:
            rows[:, axis] = about_m + share * (rows[:, axis] - about_m)
            rows[:, 3 + axis] /= share
            rows[:, 3:6] /= np.linalg.norm(rows[:, 3:6], axis=1, keepdims=True)
        other.far = self.far.scaled(axis, share, about_m) if self.far is not None else None
        return other

    def mirrored(self) -> Mesh:
        """A copy with left and right (y) exchanged."""
        other = Mesh(far=False)
        for rows in self._rows:
            turned = rows.copy()
            turned[:, [1, 4]] *= -1.0
            other._rows.append(turned)
        other._triangles = [triangles[:, ::-1] for triangles in self._triangles]
        other._count = self._count
        other.far = self.far.mirrored() if self.far is not None else None
        return other

    def add(self, other: Mesh, offset: Vector = (0.0, 0.0, 0.0), yaw_rad: float = 0.0) -> Mesh:
        """Add another mesh's shapes, rotated and shifted."""
        turn = rotation(yaw_rad, 0.0, 0.0)
        for rows in other._rows:
            moved = rows.copy()
            moved[:, 0:3] = rows[:, 0:3] @ turn.T + np.asarray(offset, dtype=float)
            moved[:, 3:6] = rows[:, 3:6] @ turn.T
            self._rows.append(moved)
        self._triangles += [triangles + self._count for triangles in other._triangles]
        self._count += other._count
        if self.far is not None:
            self.far.add(other.far or other, offset, yaw_rad)
        return self

    @property
    def triangles(self) -> int:
        return sum(len(t) for t in self._triangles)

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner (3,), (3,)."""
        at = np.concatenate([rows[:, 0:3] for rows in self._rows])
        return at.min(axis=0), at.max(axis=0)

    def node(self, name: str, parent: NodePath | None = None) -> NodePath:
        """The geometry as a node, under `parent` if given; with a simplified version at distance if that saves much."""
        near = GeomNode(name)
        path = NodePath(near)
        if self._rows:
            near.add_geom(self.geom())
        if self.far is not None and self.far._rows and self.far.triangles <= FAR_WORTH * self.triangles:
            low, high = self.bounds()
            middle, radius_m = (low + high) / 2.0, float(np.linalg.norm(high - low)) / 2.0
            levels = LODNode(name)
            levels.set_center(LPoint3(*(float(c) for c in middle)))
            levels.add_switch(FAR_FROM_M + radius_m, 0.0)
            levels.add_switch(1e6, FAR_FROM_M + radius_m)
            path = NodePath(levels)
            path.attach_new_node(near)
            path.attach_new_node(GeomNode(f"{name}/far")).node().add_geom(self.far.geom())
        if parent is not None:
            path.reparent_to(parent)
        return path

    def geom(self) -> Geom:
        return geom_of(np.concatenate(self._rows), np.concatenate(self._triangles))

    def _append(self, at: np.ndarray, normals: np.ndarray, triangles: np.ndarray, material: Material) -> Mesh:
        return self._take(rows_of(at, normals, material), triangles)

    def _take(self, rows: np.ndarray, triangles: np.ndarray, from_afar: bool = True) -> Mesh:
        triangles = np.asarray(triangles, dtype=np.int64).reshape(-1, 3)
        self._rows.append(rows)
        self._triangles.append(triangles + self._count)
        self._count += len(rows)
        if self.far is not None and from_afar:
            _, middle_m, longest_m = np.sort(np.ptp(rows[:, 0:3], axis=0)).tolist()
            if longest_m >= FAR_LEAST_M and (middle_m >= FAR_NARROWEST_M or longest_m >= FAR_LINE_M):
                self.far._take(rows.copy(), triangles)
        return self


__all__ = ["Material", "Mesh", "rotation"]
