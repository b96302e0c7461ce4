"""Table that compares two runs, phase by phase."""

from __future__ import annotations

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import GhostRow, GhostTable, HudModel
from twin.viewer.hud.regions import Hit, Rect

WIDTH_PX, ROW_PX, HEAD_PX = 336, 18, 54
NAME_PX, THIS_X, OTHER_X, RESULT_X = 118, 180, 232, 324
"""Width of a phase's name; right edges of the columns of numbers."""
MAX_OF_ROOM, MIN_ROWS = 0.15, 3
"""The table covers at most this share of the picture and shows the rows around the present phase."""
SAME_S = 0.005


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
        height_px = min(MAX_OF_ROOM * room.width * room.height / kit.px(WIDTH_PX), room.height - kit.px(8))
        fitting = int((height_px - kit.px(HEAD_PX + ROW_PX + 10)) // kit.px(ROW_PX))
        fitting = max(fitting, min(MIN_ROWS, int((room.height - kit.px(HEAD_PX + ROW_PX + 10)) // kit.px(ROW_PX))), 1)
        first = self._first(table, fitting)
        rows = table.rows[first : first + fitting]
        height = kit.px(HEAD_PX) + (len(rows) + 1) * kit.px(ROW_PX) + kit.px(10)
        self.area = Rect(room.x, room.y, min(kit.px(WIDTH_PX), room.width), height)
        self.layers[0].show((self.area, table, first, len(rows)), lambda p: self._paint(p, table, first, len(rows)))

    def hit(self, x: float, y: float) -> Hit | None:
        return Hit("panel", "ghost") if self.area.holds(x, y) else None

    def _first(self, table: GhostTable, fitting: int) -> int:
        """First visible row, so that the present phase is visible."""
        return min(max((_current(table) or 0) - fitting // 2, 0), max(len(table.rows) - fitting, 0))

    def _paint(self, painter: Painter, table: GhostTable, first: int, count: int) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        painter.rect(*area, style.FLOATING)
        x, y = area.x + kit.px(12), area.y + kit.px(4)
        base = painter.middle(y, kit.px(24), fonts.bold)
        width = painter.text(x, base, f"{table.heads[0].capitalize()} against ", fonts.bold, style.TEXT)
        painter.text(x + width, base, table.label, fonts.bold, style.ACCENT, within=area.width - width - kit.px(24))
        base = painter.middle(y + kit.px(24), kit.px(18), fonts.small)
        said = "seconds" if table.logged else f"{table.heads[1]}: nothing logged"
        painter.text(x, base, said, fonts.small, style.FAINT if table.logged else style.WARNING)
        for edge, text in ((THIS_X, table.heads[0].split()[0]), (OTHER_X, table.heads[1]), (RESULT_X, table.heads[0])):
            painter.text(area.x + kit.px(edge), base, text, fonts.small, style.FAINT, "right")
        y += kit.px(44)
        painter.rect(x, y, area.width - kit.px(24), kit.hair_px, style.RULE)
        y += kit.px(4)
        current = _current(table)
        for k, row in enumerate(table.rows[first : first + count], start=first):
            now = k == current
            if now:
                painter.rect(area.x + kit.px(8), y, area.width - kit.px(16), kit.px(ROW_PX), style.PRESSED)
            self._paint_row(painter, y, row, now)
            y += kit.px(ROW_PX)
        painter.rect(x, y, area.width - kit.px(24), kit.hair_px, style.RULE)
        self._paint_row(painter, y + kit.px(2), table.total or _sum_of(table.rows), True)

    def _paint_row(self, painter: Painter, y: float, row: GhostRow, bold: bool) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        font = fonts.small_bold if bold else fonts.small
        base = painter.middle(y, kit.px(ROW_PX), font)
        name, this_s, other_s, gained_s = row
        x = area.x + kit.px(12)
        painter.text(x, base, style.words(name), font, style.TEXT if bold else style.SOFT, within=kit.px(NAME_PX))
        for edge, value in ((THIS_X, this_s), (OTHER_X, other_s)):
            text = "–" if value is None else style.seconds(value)
            painter.text(area.x + kit.px(edge), base, text, font, style.TEXT if bold else style.SOFT, "right")
        if gained_s is not None:
            text, colour = gain_text(gained_s)
            painter.text(area.x + kit.px(RESULT_X), base, text, font, colour, "right")


def gain_text(gained_s: float) -> tuple[str, style.Colour]:
    """(words, colour) of the time that this run gained in a phase, or lost."""
    if abs(gained_s) < SAME_S:
        return style.seconds(0.0), style.FAINT
    if gained_s > 0.0:
        return f"gained {style.seconds(gained_s)}", style.GOOD
    return f"lost {style.seconds(-gained_s)}", style.BAD


def _current(table: GhostTable) -> int | None:
    """Row of this run's present phase."""
    if table.row is not None:
        return table.row
    return next((k for k, row in enumerate(table.rows) if row[0] == table.current), None)


def _sum_of(rows: tuple[GhostRow, ...]) -> GhostRow:
    both = [(a, b, b - a) for _, a, b, _ in rows if a is not None and b is not None]
    this_s, other_s, gained_s = (sum(column) for column in zip(*both, strict=True)) if both else (0.0, 0.0, 0.0)
    return ("in all", this_s, other_s, gained_s)
