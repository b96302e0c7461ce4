"""The help page: every key, the mouse, and what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence

from panda3d.core import NodePath

from twin.viewer.controls import MOUSE, PLAYING, SHOWING
from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.regions import Hit, Rect

WIDTH_PX, HEIGHT_PX, ROW_PX = 1096, 592, 24
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
    ((0.45, 0.85, 1.0, 1.0), "other run (ghost)"),
    (style.ESTIMATED, "dashed and ≈: estimated"),
)


class HelpPage:
    """Drawn once, in the middle of the screen."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self.layers = [Layer(parent, kit, "help")]
        self.area = Rect(0, 0, 0, 0)

    def clear(self) -> None:
        self.layers[0].clear()

    def update(self, screen: Rect) -> None:
        kit = self._kit
        width, height = min(kit.px(WIDTH_PX), screen.width), min(kit.px(HEIGHT_PX), screen.height)
        x, y = (screen.width - width) // 2, (screen.height - height) // 2
        self.area = Rect(x, y, width, height)
        self.layers[0].show(self.area, self._paint)

    def hit(self, x: float, y: float) -> Hit:
        """All of the screen: a click anywhere closes the page."""
        return Hit("help", "page" if self.area.holds(x, y) else "")

    def _paint(self, painter: Painter) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        painter.rounded(*area, style.NOTE)
        x, y = area.x + kit.px(32), area.y + kit.px(24)
        painter.text(x, y + kit.px(18), "SwapTwin replay", fonts.head, style.TEXT)
        painter.text(
            area.right - kit.px(32), y + kit.px(18), "H or a click closes this page", fonts.small, style.SOFT, "right"
        )
        y += kit.px(36)
        painter.rect(x, y, area.width - kit.px(64), kit.hair_px, style.RULE)
        y += kit.px(16)
        self._table(painter, x, y, 112, "Time", [(b.told, b.does) for b in PLAYING])
        self._table(painter, x + kit.px(316), y, 72, "Pictures and panels", [(b.told, b.does) for b in SHOWING])
        right = x + kit.px(600)
        below = self._table(painter, right, y, 196, "Mouse", list(MOUSE))
        self._legend(painter, right, below + kit.px(12))

    def _table(
        self, painter: Painter, x: float, y: float, key_width: int, title: str, rows: Sequence[tuple[str, str]]
    ) -> float:
        kit, fonts = self._kit, self._kit.fonts
        painter.text(x, y + kit.px(12), title, fonts.bold, style.ACCENT)
        y += kit.px(24)
        for told, does in rows:
            base = painter.middle(y, kit.px(ROW_PX), fonts.body)
            painter.text(x, base, told, fonts.bold, style.TEXT)
            painter.text(x + kit.px(key_width), base, does, fonts.body, style.SOFT)
            y += kit.px(ROW_PX)
        return y

    def _legend(self, painter: Painter, x: float, y: float) -> None:
        kit, fonts = self._kit, self._kit.fonts
        columns = (x, x + kit.px(128), x + kit.px(248))
        for at, title in zip(columns, ("Phases", "Events", "Station"), strict=True):
            painter.text(at, y + kit.px(12), title, fonts.bold, style.ACCENT)
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
            top, base = row(k)
            painter.icon(f"small_{icon}", columns[1] + chip / 2, top + chip / 2, colour)
            painter.text(columns[1] + kit.px(20), base, text, fonts.body, style.SOFT)
        for k, (colour, text) in enumerate(SCENE):
            top, base = row(k)
            painter.rounded(columns[2], top, chip, chip, colour)
            painter.text(columns[2] + kit.px(20), base, text, fonts.body, style.SOFT)
