"""The table that compares two runs, phase by phase."""

from __future__ import annotations

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import GhostRow, GhostTable, HudModel
from twin.viewer.hud.regions import Hit, Rect

WIDTH_PX, ROW_PX, HEAD_PX = 336, 19, 64
THIS_X, OTHER_X, DIFFERENCE_X = 196, 256, 320
"""Right edges of the columns of numbers."""


class GhostPanel:
    """Draws down from the top left corner of `room`, as many rows as fit."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self.layers = [Layer(parent, kit, "ghost table")]
        self.area = Rect(0, 0, 0, 0)

    def clear(self) -> None:
        self.layers[0].clear()
        self.area = Rect(0, 0, 0, 0)

    def update(self, model: HudModel, room: Rect) -> None:
        kit, table = self._kit, model.ghost
        assert table is not None
        fitting = max(int((room.height - kit.px(HEAD_PX + ROW_PX + 16)) // kit.px(ROW_PX)), 1)
        first = self._first(table, fitting)
        rows = table.rows[first : first + fitting]
        height = kit.px(HEAD_PX) + (len(rows) + 1) * kit.px(ROW_PX) + kit.px(12)
        self.area = Rect(room.x, room.y, kit.px(WIDTH_PX), height)
        self.layers[0].show((self.area, table, first, len(rows)), lambda p: self._paint(p, table, first, len(rows)))

    def hit(self, x: float, y: float) -> Hit | None:
        return Hit("panel", "ghost") if self.area.holds(x, y) else None

    def _first(self, table: GhostTable, fitting: int) -> int:
        """The first row that is shown, so that the present phase is in sight."""
        names = [row[0] for row in table.rows]
        at = names.index(table.current) if table.current in names else 0
        return min(max(at - fitting // 2, 0), max(len(names) - fitting, 0))

    def _paint(self, painter: Painter, table: GhostTable, first: int, count: int) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        painter.rect(*area, style.FLOATING)
        x, y = area.x + kit.px(16), area.y + kit.px(8)
        base = painter.middle(y, kit.px(24), fonts.bold)
        width = painter.text(x, base, "Against ", fonts.bold, style.TEXT)
        painter.text(x + width, base, table.label, fonts.bold, style.ACCENT, within=area.width - width - kit.px(32))
        base = painter.middle(y + kit.px(26), kit.px(20), fonts.small)
        said = "seconds" if table.logged else f"{table.heads[1]}: nothing logged"
        painter.text(x, base, said, fonts.small, style.FAINT if table.logged else style.WARNING)
        for edge, text in ((THIS_X, table.heads[0]), (OTHER_X, table.heads[1]), (DIFFERENCE_X, "gained")):
            painter.text(area.x + kit.px(edge), base, text, fonts.small, style.FAINT, "right")
        y += kit.px(48)
        painter.rect(x, y, area.width - kit.px(32), kit.hair_px, style.RULE)
        y += kit.px(4)
        for row in table.rows[first : first + count]:
            now = row[0] == table.current
            if now:
                painter.rect(area.x + kit.px(8), y, area.width - kit.px(16), kit.px(ROW_PX), style.PRESSED)
            self._paint_row(painter, y, row, now)
            y += kit.px(ROW_PX)
        painter.rect(x, y, area.width - kit.px(32), kit.hair_px, style.RULE)
        both = [(a, b, b - a) for _, a, b, _ in table.rows if a is not None and b is not None]
        this_s, other_s, gained_s = (sum(column) for column in zip(*both, strict=True)) if both else (0.0, 0.0, 0.0)
        self._paint_row(painter, y + kit.px(2), ("in all", this_s, other_s, gained_s), True)

    def _paint_row(self, painter: Painter, y: float, row: GhostRow, bold: bool) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        font = fonts.small_bold if bold else fonts.small
        base = painter.middle(y, kit.px(ROW_PX), font)
        name, this_s, other_s, gained_s = row
        x = area.x + kit.px(16)
        painter.text(x, base, style.words(name), font, style.TEXT if bold else style.SOFT, within=kit.px(128))
        for edge, value in ((THIS_X, this_s), (OTHER_X, other_s)):
            text = "–" if value is None else style.seconds(value)
            painter.text(area.x + kit.px(edge), base, text, font, style.TEXT if bold else style.SOFT, "right")
        if gained_s is not None:
            level = gained_s if abs(gained_s) >= 0.005 else 0.0
            colour = style.GOOD if level > 0.0 else style.BAD if level < 0.0 else style.FAINT
            painter.text(
                area.x + kit.px(DIFFERENCE_X), base, style.seconds(level, sign=level != 0.0), font, colour, "right"
            )
