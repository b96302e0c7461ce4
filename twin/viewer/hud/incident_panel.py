"""The incident panel, over the lower edge of the picture: the trip, its value and limit, and the events before."""

from __future__ import annotations

import re

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.fonts import Font
from twin.viewer.hud.regions import Hit, Rect
from twin.viewer.incidents import IncidentNote, RecentEvent

ROW_PX, HEAD_PX, PAD_PX, EDGE_PX = 18, 26, 10, 4
BETWEEN_WORDS = re.compile(r" (?!(?:mm|m|deg|kN|N|kg|s)(?:/s[²³]?)?[,;:)]*(?: |$))")
"""Possible line breaks: not between a number and its unit."""
BESIDE_PX = 620
"""From this width on the last events are beside the incident, else under it."""
CAUSE_ROWS, VIOLATION_ROWS = 2, 2
STACKED_ROWS, BESIDE_ROWS = 2, 5
MAX_SHARE, MAX_WITH_TABLE = 0.62, 0.45
"""Largest share of the picture's height, alone and with the table of a ghost above."""


def wrapped(text: str, font: Font, width: float, rows: int) -> list[str]:
    """The text in lines of a width, at most `rows`; the last line is cut."""
    lines: list[str] = []
    rest = BETWEEN_WORDS.split(text)
    while rest and len(lines) < rows:
        n = 1
        while n < len(rest) and font.width(" ".join(rest[: n + 1])) <= width:
            n += 1
        if len(lines) == rows - 1:
            n = len(rest)
        lines.append(font.fitted(" ".join(rest[:n]), width))
        rest = rest[n:]
    return lines


def _most_telling(recent: tuple[RecentEvent, ...], rows: int) -> tuple[RecentEvent, ...]:
    """The last alarms and warnings, and if there is room the last other lines, in time order."""
    last_first = range(len(recent) - 1, -1, -1)
    kept = sorted(last_first, key=lambda k: recent[k].level == "info")[:rows]
    return tuple(recent[k] for k in sorted(kept))


class IncidentPanel:
    """Draws up from the lower edge of `room`, as high as its text; `area` is empty without an incident."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self.layers = [Layer(parent, kit, "incident")]
        self.area = Rect(0, 0, 0, 0)

    def clear(self) -> None:
        """Remove the content."""
        self.layers[0].clear()
        self.area = Rect(0, 0, 0, 0)

    def update(self, note: IncidentNote | None, room: Rect, table: bool = False) -> None:
        """`table` is True if a ghost's table needs room too."""
        if note is None:
            self.clear()
            return
        kit = self._kit
        beside = room.width >= kit.px(BESIDE_PX)
        inner = room.width - 2 * kit.px(PAD_PX) - kit.px(EDGE_PX + 8)
        text_width = round(0.56 * inner) if beside else inner
        lines = self._lines(note, text_width)
        recent = len(note.recent) if beside else min(len(note.recent), STACKED_ROWS)
        most = (MAX_WITH_TABLE if table else MAX_SHARE) * room.height - kit.px(PAD_PX)
        if beside:
            rows = max(len(lines), min(recent, BESIDE_ROWS))
            recent = min(recent, rows)
        else:
            fitting = int((most - kit.px(HEAD_PX)) // kit.px(ROW_PX))
            lines = lines[: max(fitting, 2)]
            recent = max(min(recent, fitting - len(lines)), 0)
            rows = len(lines) + recent
        height = kit.px(HEAD_PX) + rows * kit.px(ROW_PX) + kit.px(PAD_PX)
        side = kit.px(8)
        self.area = Rect(room.x + side, round(room.bottom - height - side), room.width - 2 * side, height)
        shown = note.recent[len(note.recent) - recent :] if beside else _most_telling(note.recent, recent)
        key = (self.area, note.t_s, note.title, tuple(lines), shown, beside)
        self.layers[0].show(key, lambda painter: self._paint(painter, note, lines, shown, text_width, beside))

    def hit(self, x: float, y: float) -> Hit | None:
        return Hit("panel", "incident") if self.area.holds(x, y) else None

    def _lines(self, note: IncidentNote, width: float) -> list[tuple[str, bool, style.Colour]]:
        """(text, bold, colour) of each row under the head."""
        fonts = self._kit.fonts
        lines = [(text, True, style.TEXT) for text in wrapped(note.cause, fonts.bold, width, CAUSE_ROWS)]
        if note.where:
            lines += [(text, False, style.SOFT) for text in wrapped(note.where, fonts.small, width, 2)]
        if note.faults:
            text = f"fault: {'; '.join(note.faults)}"
            lines += [(line, False, style.WARNING) for line in wrapped(text, fonts.small, width, 2)]
        for violation in note.violations[:VIOLATION_ROWS]:
            lines += [(text, False, style.BAD) for text in wrapped(violation, fonts.small, width, 2)]
        for motion in note.motion:
            lines += [(text, False, style.SOFT) for text in wrapped(motion, fonts.small, width, 2)]
        return lines

    def _paint(
        self,
        painter: Painter,
        note: IncidentNote,
        lines: list[tuple[str, bool, style.Colour]],
        recent: tuple[RecentEvent, ...],
        text_width: float,
        beside: bool,
    ) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        painter.rounded(*area, style.NOTE)
        painter.rect(area.x, area.y, kit.px(EDGE_PX), area.height, style.BAD)
        x, y = area.x + kit.px(EDGE_PX + PAD_PX), area.y + kit.px(4)
        painter.icon("error", x + kit.px(8), y + kit.px(HEAD_PX) / 2.0, style.BAD)
        base = painter.middle(y, kit.px(HEAD_PX), fonts.head)
        time_text = f"at {note.t_s:.2f} s"
        head_width = text_width - kit.px(22) - fonts.body.width(time_text) - kit.px(10)
        title = note.title[:1].upper() + note.title[1:]
        width = painter.text(x + kit.px(22), base, title, fonts.head, style.BAD, within=head_width)
        painter.text(x + kit.px(22) + width + kit.px(10), base, time_text, fonts.body, style.TEXT)
        top = y + kit.px(HEAD_PX)
        for text, bold, colour in lines:
            font = fonts.bold if bold else fonts.small
            painter.text(x, painter.middle(top, kit.px(ROW_PX), font), text, font, colour, within=text_width)
            top += kit.px(ROW_PX)
        if beside:
            x += text_width + kit.px(16)
            painter.rect(x - kit.px(8), area.y + kit.px(8), kit.hair_px, area.height - kit.px(16), style.RULE)
            base = painter.middle(y, kit.px(HEAD_PX), fonts.small)
            painter.text(x, base, "last events", fonts.small, style.FAINT)
            top = y + kit.px(HEAD_PX)
        self._paint_recent(painter, recent, x, top, area.right - kit.px(PAD_PX) - x)

    def _paint_recent(
        self, painter: Painter, recent: tuple[RecentEvent, ...], x: float, top: float, width: float
    ) -> None:
        kit, font = self._kit, self._kit.fonts.small
        stamp = font.width("0000.00 s") + kit.px(8)
        colours = {"error": style.BAD, "warning": style.WARNING}
        for line in recent:
            base = painter.middle(top, kit.px(ROW_PX), font)
            painter.text(x + stamp - kit.px(8), base, f"{line.t_s:.2f} s", font, style.FAINT, "right")
            painter.text(x + stamp, base, line.text, font, colours.get(line.level, style.SOFT), within=width - stamp)
            top += kit.px(ROW_PX)
