"""Notes over the picture: which bodies are estimated, and that nothing is logged at this instant."""

from __future__ import annotations

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import HudModel
from twin.viewer.hud.regions import Rect
from twin.viewer.source import Gap

ROW_PX, DASH_PX, DASH_GAP_PX = 22, 7, 4
BANNER_PX = 56


class Notes:
    """Draws into the corner and the middle of the picture's `room`, set by `update`."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self._legend, self._banner = Layer(parent, kit, "legend"), Layer(parent, kit, "banner")
        self.layers = [self._legend, self._banner]

    def update(self, model: HudModel, room: Rect, left: float) -> None:
        """`left` is the legend's left edge: beside the table of the other run."""
        rows = _rows(model)
        if rows:
            self._legend.show((rows, room, left), lambda painter: self._paint_legend(painter, rows, room, left))
        else:
            self._legend.clear()
        gap = model.gap_now
        if gap is not None:
            self._banner.show((gap, room, left), lambda painter: self._paint_banner(painter, gap, room, left))
        else:
            self._banner.clear()

    def _paint_legend(self, painter: Painter, rows: tuple[str, ...], room: Rect, left: float) -> None:
        kit, font = self._kit, self._kit.fonts.small
        dashes = 3 * kit.px(DASH_PX) + 2 * kit.px(DASH_GAP_PX)
        most = room.right - left - 2 * kit.px(8) - dashes - kit.px(28)
        fitted = [font.fitted(text, most) for text in rows]
        width = round(max(font.width(text) for text in fitted)) + dashes + kit.px(28)
        x, y = round(left + kit.px(8)), round(room.y + kit.px(8))
        painter.rounded(x, y, width, len(rows) * kit.px(ROW_PX), style.FLOATING)
        for text in fitted:
            middle = y + kit.px(ROW_PX) // 2
            for k in range(3):
                at = x + kit.px(10) + k * kit.px(DASH_PX + DASH_GAP_PX)
                painter.rect(at, middle - kit.hair_px, kit.px(DASH_PX), 2 * kit.hair_px, style.ESTIMATED)
            base = painter.middle(y, kit.px(ROW_PX), font)
            painter.text(x + dashes + kit.px(18), base, text, font, style.TEXT)
            y += kit.px(ROW_PX)

    def _paint_banner(self, painter: Painter, gap: Gap, room: Rect, left: float) -> None:
        kit, fonts = self._kit, self._kit.fonts
        height = kit.px(BANNER_PX)
        text = f"{style.clock(gap[0])} to {style.clock(gap[1])} · what is seen is the last sample before"
        width = min(round(fonts.small.width(text)) + kit.px(40), round(room.right - left))
        x = round(left + (room.right - left - width) / 2.0)
        y = round(room.y + 0.42 * room.height)
        painter.rounded(x, y, width, height, style.NOTE)
        middle, half = x + width / 2.0, height / 2.0
        base = painter.middle(y + kit.px(4), half, fonts.head)
        painter.text(middle, base, "Nothing logged", fonts.head, style.TEXT, "center")
        base = painter.middle(y + half - kit.px(4), half, fonts.small)
        painter.text(middle, base, text, fonts.small, style.SOFT, "center", within=width - kit.px(16))


def _rows(model: HudModel) -> tuple[str, ...]:
    """Lines of the legend."""
    rows = []
    if model.estimated:
        rows.append(f"estimated: {', '.join(model.estimated)}")
    ghost = model.ghost
    if ghost is not None and ghost.estimated:
        rows.append(f"estimated in the other run: {', '.join(ghost.estimated)}")
    return tuple(rows)
