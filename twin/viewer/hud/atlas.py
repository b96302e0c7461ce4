"""Texture of the display's shapes: a filled field, round corners, a soft-edged line, icons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from panda3d.core import SamplerState, Texture

SUPERSAMPLING = 6
GAP_PX = 2
Polygon = Sequence[tuple[float, float]]


class Patch(NamedTuple):
    """A rectangle of the atlas: texture coordinates, and its size in pixels."""

    u0: float
    v0: float
    u1: float
    v1: float
    width_px: int
    height_px: int


def _rect(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _circle(x: float, y: float, r: float, n: int = 40) -> Polygon:
    turn = 2.0 * math.pi / n
    return tuple((x + r * math.cos(k * turn), y + r * math.sin(k * turn)) for k in range(n))


ICON_PX = 20
ICONS: dict[str, tuple[Polygon, ...]] = {
    # on a field of 20 x 20, y down; overlapping polygons cut holes
    "play": (((6, 3.5), (16.5, 10), (6, 16.5)),),
    "pause": (_rect(5, 4, 8.5, 16), _rect(11.5, 4, 15, 16)),
    "step": (_rect(4.5, 5, 7, 15), ((9, 5), (16.5, 10), (9, 15))),
    "step_back": (_rect(13, 5, 15.5, 15), ((11, 5), (3.5, 10), (11, 15))),
    "next": (((3, 5), (9.5, 10), (3, 15)), ((9.5, 5), (16, 10), (9.5, 15)), _rect(16, 5, 18, 15)),
    "previous": (((17, 5), (10.5, 10), (17, 15)), ((10.5, 5), (4, 10), (10.5, 15)), _rect(2, 5, 4, 15)),
    "start": (_rect(3.5, 4, 6, 16), ((16.5, 4), (6, 10), (16.5, 16))),
    "end": (_rect(14, 4, 16.5, 16), ((3.5, 4), (14, 10), (3.5, 16))),
    "plus": (
        (
            (9, 4.5), (11, 4.5), (11, 9), (15.5, 9), (15.5, 11), (11, 11), (11, 15.5), (9, 15.5), (9, 11), (4.5, 11),
            (4.5, 9), (9, 9),
        ),
    ),
    "minus": (_rect(4.5, 9, 15.5, 11),),
    "info": (_circle(10, 10, 4.2),),
    "warning": (((10, 4), (16, 15), (4, 15)),),
    "error": (((10, 3.2), (16.8, 10), (10, 16.8), (3.2, 10)),),
    "violation": (
        ((7, 3), (13, 3), (17, 7), (17, 13), (13, 17), (7, 17), (3, 13), (3, 7)),
        _rect(9, 5.5, 11, 11.5),
        _rect(9, 13, 11, 15),
    ),
    "cursor": (((4, 4), (16, 4), (16, 10), (10, 16), (4, 10)),),
    "dot": (_circle(10, 10, 5.0),),
}  # fmt: skip


def _coverage(polygons: Sequence[Polygon], size_px: int) -> np.ndarray:
    """(size, size) coverage of each pixel, even-odd, by polygons on a field of ICON_PX."""
    n = size_px * SUPERSAMPLING
    at = (np.arange(n) + 0.5) * (ICON_PX / n)
    x, y = at[None, :], at[:, None]
    inside = np.zeros((n, n), bool)
    for polygon in polygons:
        for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
            if y0 == y1:
                continue
            crosses = (y >= min(y0, y1)) & (y < max(y0, y1)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
            inside ^= crosses
    return inside.reshape(size_px, SUPERSAMPLING, size_px, SUPERSAMPLING).mean(axis=(1, 3))


def _line_profile(width_px: float) -> np.ndarray:
    """(8, n) alpha across a line with edges one pixel soft."""
    n = math.ceil(width_px) + 4
    across = np.abs(np.arange(n) + 0.5 - n / 2.0)
    return np.tile(np.clip(0.5 + width_px / 2.0 - across, 0.0, 1.0), (8, 1))


class Atlas:
    """Alpha of all shapes at one scale; `patches` has their places."""

    def __init__(self, scale: float) -> None:
        self.radius_px = max(round(4 * scale), 2)
        self.line_px = max(1.5 * scale, 1.3)
        shapes: dict[str, np.ndarray] = {
            "fill": np.ones((8, 8)),
            "corner": _coverage([_circle(20, 20, 20, 120)], self.radius_px),
            "line": _line_profile(self.line_px),
        }
        for name, polygons in ICONS.items():
            shapes[name] = _coverage(polygons, round(ICON_PX * scale))
            shapes[f"small_{name}"] = _coverage(polygons, round(0.7 * ICON_PX * scale))
        side = 256 if scale <= 1.5 else 512 if scale <= 3.0 else 1024
        pixels = np.zeros((side, side), np.uint8)
        self.patches: dict[str, Patch] = {}
        x = y = row_px = 0
        for name, shape in shapes.items():
            height, width = shape.shape
            if x + width > side:
                x, y, row_px = 0, y + row_px + GAP_PX, 0
            pixels[y : y + height, x : x + width] = np.round(255.0 * shape)
            self.patches[name] = Patch(
                x / side, 1.0 - y / side, (x + width) / side, 1.0 - (y + height) / side, width, height
            )
            x, row_px = x + width + GAP_PX, max(row_px, height)
        fill = self.patches["fill"]
        self.solid_uv = ((fill.u0 + fill.u1) / 2.0, (fill.v0 + fill.v1) / 2.0)
        self.texture = Texture("display")
        self.texture.setup_2d_texture(side, side, Texture.T_unsigned_byte, Texture.F_alpha)
        self.texture.set_ram_image(np.ascontiguousarray(pixels[::-1]).tobytes())
        for way in (self.texture.set_minfilter, self.texture.set_magfilter):
            way(SamplerState.FT_linear)
        self.texture.set_wrap_u(SamplerState.WM_clamp)
        self.texture.set_wrap_v(SamplerState.WM_clamp)
