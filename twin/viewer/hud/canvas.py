"""2D drawing in pixels: a painter collects shapes and text, a layer keeps them as geometry until they change."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Literal

import numpy as np
from panda3d.core import (
    Geom,
    GeomEnums,
    GeomNode,
    GeomTriangles,
    GeomVertexData,
    GeomVertexFormat,
    NodePath,
    RenderState,
    Texture,
    TextureAttrib,
    TransparencyAttrib,
)

from twin.viewer.hud.atlas import Atlas
from twin.viewer.hud.fonts import Font, Fonts
from twin.viewer.hud.style import Colour

Align = Literal["left", "center", "right"]
VERTEX = np.dtype([("at", np.float32, 3), ("rgba", np.uint8, 4), ("uv", np.float32, 2)])
HATCH_PX = 7
CORNERS = np.array([0, 1, 2, 0, 2, 3], np.uint32)


@lru_cache(maxsize=512)
def packed(colour: Colour) -> tuple[int, int, int, int]:
    r, g, b, a = (round(255.0 * min(max(c, 0.0), 1.0)) for c in colour)
    return r, g, b, a


class Kit:
    """Fonts and shapes of the display at one scale."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.fonts = Fonts(scale)
        self.atlas = Atlas(scale)

    def px(self, units: float) -> int:
        """Pixels of a length given for 720 lines."""
        return round(units * self.scale)

    @property
    def hair_px(self) -> int:
        return max(round(self.scale), 1)


class Painter:
    """Collects a layer's content. All lengths in pixels, x right and y down from the top left corner."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self._opaque: list[tuple[float, ...]] = []
        self._quads: dict[Texture, list[tuple[float, ...]]] = {kit.atlas.texture: []}
        self._lines: list[tuple[np.ndarray, np.ndarray, tuple[int, int, int, int]]] = []
        self.texts: list[tuple[str, float, float, float, float]] = []
        """Drawn texts: (text, left, top, right, bottom), for tests of overlaps."""

    def rect(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        u, v = self.kit.atlas.solid_uv
        self._shape(x, y, x + width, y + height, u, v, u, v, colour)

    def ground(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """An opaque rectangle under the rest of its layer: the cheapest to fill."""
        self._opaque.append((x, y, x + width, y + height, 0.0, 0.0, 0.0, 0.0, *packed(colour)))

    def rounded(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A rectangle with round corners, aligned to whole pixels."""
        x, y, width, height = round(x), round(y), round(width), round(height)
        r = min(self.kit.atlas.radius_px, int(width) // 2, int(height) // 2)
        if r < 2:
            self.rect(x, y, width, height, colour)
            return
        corner = self.kit.atlas.patches["corner"]
        u0, v0, u1, v1 = corner[:4]
        x1, y1 = x + width, y + height
        self._shape(x, y, x + r, y + r, u0, v0, u1, v1, colour)
        self._shape(x1 - r, y, x1, y + r, u1, v0, u0, v1, colour)
        self._shape(x, y1 - r, x + r, y1, u0, v1, u1, v0, colour)
        self._shape(x1 - r, y1 - r, x1, y1, u1, v1, u0, v0, colour)
        self.rect(x + r, y, width - 2 * r, r, colour)
        self.rect(x + r, y1 - r, width - 2 * r, r, colour)
        self.rect(x, y + r, width, height - 2 * r, colour)

    def frame(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """The outline of a rectangle, on its inside."""
        h = self.kit.hair_px
        self.rect(x, y, width, h, colour)
        self.rect(x, y + height - h, width, h, colour)
        self.rect(x, y + h, h, height - 2 * h, colour)
        self.rect(x + width - h, y + h, h, height - 2 * h, colour)

    def hatched(self, x: float, y: float, width: float, height: float, ground: Colour, colour: Colour) -> None:
        """A rectangle with slanting lines, aligned to a grid of the screen."""
        self.rect(x, y, width, height, ground)
        step = self.kit.px(HATCH_PX)
        for foot in range(math.floor((x + y) / step) + 1, math.ceil((x + width + y + height) / step)):
            total = foot * step  # x + y along the line
            left, right = max(x, total - y - height), min(x + width, total - y)
            if right > left:
                self.polyline(np.array([left, right]), total - np.array([left, right]), colour)

    def icon(self, name: str, x: float, y: float, colour: Colour) -> None:
        """An icon centred at (x, y)."""
        patch = self.kit.atlas.patches[name]
        left, top = round(x - patch.width_px / 2.0), round(y - patch.height_px / 2.0)
        self._shape(left, top, left + patch.width_px, top + patch.height_px, *patch[:4], colour)

    def polyline(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """A line through the points (K,); a NaN breaks it."""
        if len(x) > 1:
            self._lines.append((x, y, packed(colour)))

    def text(
        self, x: float, y: float, text: str, font: Font, colour: Colour, align: Align = "left", within: float = 0.0
    ) -> float:
        """Draw text with the base line at y, cut to `within` pixels if given; returns the width."""
        if within:
            text = font.fitted(text, within)
        width = font.width(text)
        pen = x - (width if align == "right" else width / 2.0 if align == "center" else 0.0)
        base = round(y)
        if text.strip():
            self.texts.append((text, pen, base - font.cap_px, pen + width, base))
        rgba = packed(colour)
        for character in text:
            glyph = font[character]
            if glyph.page >= 0:
                at = round(pen)  # glyphs on whole pixels stay sharp
                self._quads.setdefault(font.page(glyph.page), []).append(
                    (
                        at + glyph.left, base + glyph.top, at + glyph.right, base + glyph.bottom,
                        glyph.u0, glyph.v0, glyph.u1, glyph.v1, *rgba,
                    )
                )  # fmt: skip
            pen += glyph.advance
        return width

    def middle(self, y: float, height: float, font: Font) -> float:
        """Base line of text whose capitals are centred in a row."""
        return y + (height + font.cap_px) / 2.0

    def _shape(
        self, x0: float, y0: float, x1: float, y1: float, u0: float, v0: float, u1: float, v1: float, colour: Colour
    ) -> None:
        self._quads[self.kit.atlas.texture].append((x0, y0, x1, y1, u0, v0, u1, v1, *packed(colour)))

    def fill(self, node: GeomNode) -> None:
        """Replace the node's geometry by the painted shapes, then lines, then text."""
        node.remove_all_geoms()
        if self._opaque:
            node.add_geom(_geometry(_quad_vertices(self._opaque)), RenderState.make_empty())
        for texture, quads in self._quads.items():
            parts = [_quad_vertices(quads)] if quads else []
            if texture is self.kit.atlas.texture and self._lines:
                parts.append(self._line_vertices())
            vertices = np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else None
            if vertices is not None and len(vertices):
                node.add_geom(_geometry(vertices), _state(texture))

    def _line_vertices(self) -> np.ndarray:
        """One quad per segment, wider than the line by its soft edges; all lines together."""
        gap = np.array([np.nan])
        x = np.concatenate([part for line in self._lines for part in (line[0], gap)])
        y = np.concatenate([part for line in self._lines for part in (line[1], gap)])
        colours = np.repeat(
            np.array([line[2] for line in self._lines], np.uint8), [len(line[0]) + 1 for line in self._lines], axis=0
        )
        dx, dy = np.diff(x), np.diff(y)
        length = np.hypot(dx, dy)
        drawn = np.flatnonzero(length > 1e-3)  # excludes NaN
        x0, y0, x1, y1 = x[drawn], y[drawn], x[drawn + 1], y[drawn + 1]
        tx, ty = dx[drawn] / length[drawn], dy[drawn] / length[drawn]
        patch = self.kit.atlas.patches["line"]
        half = patch.width_px / 2.0
        nx, ny = -ty * half, tx * half
        v = (patch.v0 + patch.v1) / 2.0
        vertices = np.zeros((len(drawn), 4), VERTEX)
        at = vertices["at"]
        at[:, 0, 0], at[:, 0, 2] = x0 + nx, -(y0 + ny)
        at[:, 1, 0], at[:, 1, 2] = x1 + nx, -(y1 + ny)
        at[:, 2, 0], at[:, 2, 2] = x1 - nx, -(y1 - ny)
        at[:, 3, 0], at[:, 3, 2] = x0 - nx, -(y0 - ny)
        vertices["rgba"] = colours[drawn][:, None, :]
        vertices["uv"][:, :2, 0], vertices["uv"][:, 2:, 0] = patch.u0, patch.u1
        vertices["uv"][:, :, 1] = v
        return vertices.reshape(-1)


class Layer:
    """A part of the display that is repainted only when its key changes."""

    def __init__(self, parent: NodePath, kit: Kit, name: str) -> None:
        self._kit = kit
        self._node = GeomNode(name)
        self.path = parent.attach_new_node(self._node)
        self._key: Hashable = None
        self.texts: list[tuple[str, float, float, float, float]] = []
        self.paints = 0

    def show(self, key: Hashable, paint: Callable[[Painter], None]) -> None:
        """Show the output of `paint`; `key` represents everything that it depends on."""
        if key == self._key:
            return
        self._key = key
        self.paints += 1
        painter = Painter(self._kit)
        paint(painter)
        painter.fill(self._node)
        self.texts = painter.texts

    def clear(self) -> None:
        """Remove the content."""
        if self._key is not None:
            self._key = None
            self._node.remove_all_geoms()
            self.texts = []


def _quad_vertices(quads: list[tuple[float, ...]]) -> np.ndarray:
    table = np.array(quads, np.float32)
    vertices = np.zeros((len(quads), 4), VERTEX)
    vertices["at"][:, :, 0] = table[:, (0, 2, 2, 0)]
    vertices["at"][:, :, 2] = -table[:, (1, 1, 3, 3)]
    vertices["uv"][:, :, 0] = table[:, (4, 6, 6, 4)]
    vertices["uv"][:, :, 1] = table[:, (5, 5, 7, 7)]
    vertices["rgba"] = table[:, None, 8:12].astype(np.uint8)
    return vertices.reshape(-1)


def _geometry(vertices: np.ndarray) -> Geom:
    data = GeomVertexData("display", GeomVertexFormat.get_v3c4t2(), Geom.UH_dynamic)
    data.unclean_set_num_rows(len(vertices))
    memoryview(data.modify_array(0)).cast("B")[:] = vertices.tobytes()
    quads = len(vertices) // 4
    indices = (4 * np.arange(quads, dtype=np.uint32)[:, None] + CORNERS).reshape(-1)
    triangles = GeomTriangles(Geom.UH_dynamic)
    triangles.set_index_type(GeomEnums.NT_uint32)
    array = triangles.modify_vertices()
    array.unclean_set_num_rows(len(indices))
    memoryview(array).cast("B")[:] = indices.tobytes()
    geom = Geom(data)
    geom.add_primitive(triangles)
    return geom


def _state(texture: Texture) -> RenderState:
    return RenderState.make(TextureAttrib.make(texture), TransparencyAttrib.make(TransparencyAttrib.M_alpha))
