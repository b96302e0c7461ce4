"""The help page: every key, the mouse, and the meaning of the colours."""

from __future__ import annotations

from collections.abc import Sequence

from panda3d.core import NodePath

from twin.viewer.controls import MOUSE, PLAYING, SHOWING
from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.regions import Hit, Rect

WIDTH_PX, HEIGHT_PX, ROW_PX = 1096, 592, 24
SCALE_STEP = 1.0 / 16.0
COLUMNS_PX, KEYS_PX = (0, 316, 600), (112, 72, 196)
TIGHT_COLUMNS_PX, TIGHT_KEYS_PX, TIGHT_WIDTH_PX, MIN_SCALE = (0, 360, 694), (120, 78, 222), 1136, 0.7
"""Below this scale letters stay the same size, and the columns are wider."""
EVENTS = (
    ("info", style.ACCENT, "event"),
    ("warning", style.WARNING, "warning"),
    ("error", style.BAD, "error, trip"),
    ("violation", style.BAD, "safety violation"),
)
SCENE = (
    (style.GOOD, "lock closed"),
    ((0.20, 0.58, 0.98, 1.0), "lock open"),
    ((1.0, 0.70, 0.10, 1.0), "lock moving"),
    ((0.86, 0.42, 0.24, 1.0), "empty pack, going out"),
    ((0.28, 0.70, 0.40, 1.0), "charged pack, coming in"),
    ((0.98, 0.20, 0.12, 1.0), "contact force"),
    ((0.98, 0.30, 0.85, 1.0), "measured pose"),
    ((0.10, 0.72, 1.0, 1.0), "other run (ghost)"),
    (style.ESTIMATED, "dashed and ≈: estimated"),
)


class HelpPage:
    """Drawn once, in the middle of the screen, at a smaller scale if it would not fit."""

    def __init__(self, parent: NodePath, kit: Kit, size_px: tuple[int, int]) -> None:
        fits = min(size_px[0] / WIDTH_PX, size_px[1] / HEIGHT_PX)
        self._tight = fits < MIN_SCALE
        self._width_px = TIGHT_WIDTH_PX if self._tight else WIDTH_PX
        fits = min(size_px[0] / self._width_px, size_px[1] / HEIGHT_PX)
        if fits < kit.scale:
            kit = Kit(max(int(fits / SCALE_STEP) * SCALE_STEP, SCALE_STEP))
        self._kit = kit
        self.layers = [Layer(parent, kit, "help")]
        self.area = Rect(0, 0, 0, 0)

    def clear(self) -> None:
        self.layers[0].clear()

    def update(self, screen: Rect) -> None:
        kit = self._kit
        width, height = min(kit.px(self._width_px), screen.width), min(kit.px(HEIGHT_PX), screen.height)
        x, y = (screen.width - width) // 2, (screen.height - height) // 2
        self.area = Rect(x, y, width, height)
        self.layers[0].show(self.area, self._paint)

    def hit(self, x: float, y: float) -> Hit:
        """The whole screen: a click anywhere closes the page."""
        return Hit("help", "page" if self.area.holds(x, y) else "")

    def _paint(self, painter: Painter) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        painter.rounded(*area, style.NOTE)
        side = kit.px(12 if self._tight else 32)
        x, y = area.x + side, area.y + kit.px(24)
        painter.text(x, y + kit.px(18), "SwapTwin replay", fonts.head, style.TEXT)
        painter.text(
            area.right - side, y + kit.px(18), "H or a click closes this page", fonts.small, style.SOFT, "right"
        )
        y += kit.px(36)
        painter.rect(x, y, area.width - 2 * side, kit.hair_px, style.RULE)
        y += kit.px(16)
        columns = TIGHT_COLUMNS_PX if self._tight else COLUMNS_PX
        first, second, third = (x + kit.px(at) for at in columns)
        keys = TIGHT_KEYS_PX if self._tight else KEYS_PX
        self._table(painter, first, y, keys[0], "Time", [(b.keys_text, b.effect) for b in PLAYING])
        self._table(painter, second, y, keys[1], "Pictures and panels", [(b.keys_text, b.effect) for b in SHOWING])
        below = self._table(painter, third, y, keys[2], "Mouse", list(MOUSE))
        self._legend(painter, third, below + kit.px(12))

    def _table(
        self, painter: Painter, x: float, y: float, key_width: int, title: str, rows: Sequence[tuple[str, str]]
    ) -> float:
        kit, fonts = self._kit, self._kit.fonts
        painter.text(x, y + kit.px(12), title, fonts.bold, style.ACCENT)
        y += kit.px(24)
        for keys_text, does in rows:
            base = painter.middle(y, kit.px(ROW_PX), fonts.body)
            painter.text(x, base, keys_text, fonts.bold, style.TEXT)
            painter.text(x + kit.px(key_width), base, does, fonts.body, style.SOFT)
            y += kit.px(ROW_PX)
        return y

    def _legend(self, painter: Painter, x: float, y: float) -> None:
        kit, fonts = self._kit, self._kit.fonts
        under = len(style.WORK) + 3 if self._tight else 0  # events below the phases
        columns = (x, x, x + kit.px(172)) if self._tight else (x, x + kit.px(128), x + kit.px(248))
        heads = (0, under, 0)
        for at, head, title in zip(columns, heads, ("Phases", "Events", "Station"), strict=True):
            painter.text(at, y + head * kit.px(ROW_PX - 2) + kit.px(12), title, fonts.bold, style.ACCENT)
        y += kit.px(24)
        chip = kit.px(12)

        def row(k: int) -> tuple[float, float]:
            top = y + k * kit.px(ROW_PX - 2)
            return top + (kit.px(ROW_PX) - chip) // 2, painter.middle(top, kit.px(ROW_PX), fonts.body)

        for k, (kind, colour) in enumerate(style.WORK.items()):
            top, base = row(k)
            painter.rounded(columns[0], top, chip, chip, colour)
            painter.text(columns[0] + kit.px(20), base, kind, fonts.body, style.SOFT)
        top, base = row(len(style.WORK))
        painter.hatched(columns[0], top, chip, chip, style.UNLOGGED, style.HATCH)
        painter.text(columns[0] + kit.px(20), base, "nothing logged", fonts.body, style.SOFT)
        for k, (icon, colour, text) in enumerate(EVENTS):
            top, base = row(under + k)
            painter.icon(f"small_{icon}", columns[1] + chip / 2, top + chip / 2, colour)
            painter.text(columns[1] + kit.px(20), base, text, fonts.body, style.SOFT)
        for k, (colour, text) in enumerate(SCENE):
            top, base = row(k)
            painter.rounded(columns[2], top, chip, chip, colour)
            painter.text(columns[2] + kit.px(20), base, text, fonts.body, style.SOFT)
