"""Mesh data for Panda3D: materials, rows of vertices, and the geometry from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from panda3d.core import (
    Geom,
    GeomTriangles,
    GeomVertexArrayFormat,
    GeomVertexData,
    GeomVertexFormat,
    InternalName,
)

FLOATS = 3 + 3 + 4 + 2  # vertex, normal, colour, surface


@dataclass(frozen=True)
class Material:
    """Colour (sRGB, 0 to 1), gloss (0 matt to 1 polished), emission (0 none; lamps)."""

    rgb: tuple[float, float, float]
    gloss: float = 0.15
    glow: float = 0.0
    alpha: float = 1.0

    def darker(self, factor: float) -> Material:
        r, g, b = self.rgb
        return replace(self, rgb=(r * factor, g * factor, b * factor))


def rows_of(at: np.ndarray, normals: np.ndarray, material: Material) -> np.ndarray:
    """(K, FLOATS) rows of vertices that share a material."""
    rows = np.empty((len(at), FLOATS))
    rows[:, 0:3], rows[:, 3:6] = at, normals
    rows[:, 6:10] = (*material.rgb, material.alpha)
    rows[:, 10:12] = (material.gloss, material.glow)
    return rows


def geom_of(rows: np.ndarray, triangles: np.ndarray) -> Geom:
    """Geometry of rows (K, FLOATS) and triangles (T, 3)."""
    rows, triangles = rows.astype(np.float32), triangles.astype(np.uint32)
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
