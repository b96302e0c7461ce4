"""Text at exact pixels: glyphs are rendered at their final size and placed on whole pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from panda3d.core import DynamicTextFont, Filename, LVecBase4, Texture

from twin.errors import InputError

ASSETS = Path(__file__).resolve().parents[1] / "assets"
REGULAR, SEMIBOLD = "Inter-Regular.otf", "Inter-SemiBold.otf"
POINT_SIZE = 10.0  # Panda3D draws a font of 10 points one unit high
DESIGN_PX = 80
MARGIN_PX = 2
ELLIPSIS = "…"


class Glyph(NamedTuple):
    """A character: its rectangle relative to the pen on the base line (pixels, y down), on its page, and the
    advance."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    u0: float
    v0: float
    u1: float
    v1: float
    advance: float


@dataclass(frozen=True)
class Sizes:
    """Font sizes of the display, in pixels at 720 lines."""

    small: float = 11.5
    body: float = 13.0
    head: float = 15.0
    clock: float = 22.0


@lru_cache(maxsize=4)
def _face(file: str) -> DynamicTextFont:
    """A face rendered large: its advances are unrounded, unlike those of a small size."""
    font = DynamicTextFont(Filename.from_os_specific(str(ASSETS / file)))
    if not font.is_valid():
        raise InputError("the viewer's font cannot be read", file=ASSETS / file)
    font.set_point_size(POINT_SIZE)
    font.set_pixels_per_unit(DESIGN_PX)
    return font


class Font:
    """One face at one size."""

    def __init__(self, file: str, size_px: int) -> None:
        self._design = _face(file)
        self._font = DynamicTextFont(Filename.from_os_specific(str(ASSETS / file)))
        self.size_px = size_px
        self._font.set_point_size(POINT_SIZE)
        self._font.set_pixels_per_unit(size_px)
        self._font.set_scale_factor(1.0)
        self._font.set_texture_margin(MARGIN_PX)
        self._font.set_page_size(512 if size_px < 40 else 1024, 512 if size_px < 40 else 1024)
        self._font.set_native_antialias(True)
        self._glyphs: dict[str, Glyph] = {}
        self._pages: list[Texture] = []
        # Panda3D measures from its own line; capitals stand on the base line, so H gives the offset.
        self._drop_px = 0.0
        high = self._glyph("H")
        self._drop_px = high.bottom - 0.5 - MARGIN_PX
        self._glyphs.clear()
        self.cap_px = round(high.bottom - high.top) - 2 * MARGIN_PX

    def __getitem__(self, character: str) -> Glyph:
        glyph = self._glyphs.get(character)
        if glyph is None:
            glyph = self._glyphs[character] = self._glyph(character)
        return glyph

    def page(self, index: int) -> Texture:
        return self._pages[index]

    def width(self, text: str) -> float:
        """Advance of a text, pixels."""
        return sum(self[character].advance for character in text)

    def fitted(self, text: str, width_px: float) -> str:
        """The text, or as much of it as fits before an ellipsis; empty if not even that fits."""
        if self.width(text) <= width_px:
            return text
        left_px = width_px - self.width(ELLIPSIS)
        kept = 0
        for character in text:
            left_px -= self[character].advance
            if left_px < 0.0:
                break
            kept += 1
        return text[:kept].rstrip() + ELLIPSIS if kept else ""

    def _glyph(self, character: str) -> Glyph:
        found = self._font.get_glyph(ord(character))
        size = self.size_px
        advance = self._design.get_glyph(ord(character)).get_advance() * size
        box, uv = LVecBase4(), LVecBase4()
        if not found.get_quad(box, uv):
            return Glyph(-1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, advance)
        page = found.get_page()
        if page not in self._pages:
            self._pages.append(page)
        left, bottom, right, top = (round(float(c) * size) for c in box)
        # Its rectangle runs between the centres of texels, so it is moved by half a pixel onto the screen's; its margin
        # begins at the pen, where the ink should.
        shift = 0.5 - MARGIN_PX
        return Glyph(
            self._pages.index(page),
            left + shift,
            -top - self._drop_px + 0.5,
            right + shift,
            -bottom - self._drop_px + 0.5,
            float(uv[0]),
            float(uv[3]),
            float(uv[2]),
            float(uv[1]),
            advance,
        )


class Fonts:
    """The faces of the display at one scale."""

    def __init__(self, scale: float, sizes: Sizes | None = None) -> None:
        sizes = sizes or Sizes()
        self.small = Font(REGULAR, max(round(sizes.small * scale), 8))
        self.small_bold = Font(SEMIBOLD, max(round(sizes.small * scale), 8))
        self.body = Font(REGULAR, max(round(sizes.body * scale), 9))
        self.bold = Font(SEMIBOLD, max(round(sizes.body * scale), 9))
        self.head = Font(SEMIBOLD, max(round(sizes.head * scale), 10))
        self.clock = Font(SEMIBOLD, max(round(sizes.clock * scale), 14))
