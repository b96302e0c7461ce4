"""The row over the time line: buttons, the clock, mechanical time, and each robot's phase."""

from __future__ import annotations

from typing import NamedTuple

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import HudModel
from twin.viewer.hud.regions import Hit, Rect

NOTHING_LOGGED = "nothing logged"


class Button(NamedTuple):
    """`name` identifies it in a hit; either an icon or a text is drawn. `tip` is its tooltip."""

    name: str
    icon: str
    text: str
    tip: str
    width: int = style.BUTTON_PX


def buttons_of(model: HudModel) -> list[list[Button]]:
    """The buttons by group."""
    running = model.playing or model.following
    moves = [
        Button("start", "start", "", "To the start · Home"),
        Button("previous_event", "previous", "", "Previous event · P"),
        Button("step_back", "step_back", "", "One sample back · Left"),
        Button("play", "pause" if running else "play", "", "Pause · Space" if running else "Play · Space"),
        Button("step", "step", "", "One sample forward · Right"),
        Button("next_event", "next", "", "Next event · N"),
        Button("end", "end", "", "To the end, and follow · End" if model.live else "To the end · End"),
    ]
    speeds = [
        Button("slower", "minus", "", "Slower · −", 24),
        Button("speed", "", f"{model.speed:g}×", "Speed: click for 1×", 48),
        Button("faster", "plus", "", "Faster · +", 24),
    ]
    groups = [moves, speeds]
    if any(marker.is_trip for marker in model.markers):
        groups.append(
            [
                Button("before_trip", "", "−5 s", "Five seconds before the trip · Shift+T", 48),
                Button("trip", "", "Trip", "To the trip · T", 48),
            ]
        )
    if model.live:
        groups.append([Button("follow", "", "Follow", "Follow the recording as it grows · L", 64)])
    return groups


class Transport:
    """Draws into `area`, set by `update`."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self._buttons, self._clock, self._phase = (Layer(parent, kit, name) for name in ("buttons", "clock", "phase"))
        self.layers = [self._buttons, self._clock, self._phase]
        self.rects: dict[str, tuple[Rect, Button]] = {}

    def update(self, model: HudModel, area: Rect) -> None:
        kit = self._kit
        groups = buttons_of(model) if model.controls else []
        self.rects = {}
        x = area.x
        for group in groups:
            for button in group:
                self.rects[button.name] = (Rect(x, area.y, kit.px(button.width), area.height), button)
                x += kit.px(button.width) + kit.px(2)
            x += kit.px(14)
        hovered = self._under(model.pointer_px)
        self._buttons.show(
            (area, tuple(b for g in groups for b in g), hovered, model.following),
            lambda painter: self._paint_buttons(painter, hovered, model),
        )
        x += kit.px(8) if groups else 0
        # whole hundredths: the text is the key
        now, end = style.clock(model.t_s), style.clock(model.end_s)
        mechanical = tuple(style.clock(t_s) for t_s in model.mechanical_s or ())
        columns = [("mechanical time", f"{mechanical[0]} of {mechanical[1]}")] if mechanical else []
        if model.moment is not None:
            columns.insert(0, (f"{model.moment:%Y-%m-%d}, UTC", f"{model.moment:%H:%M:%S}"))
        while columns and x + self._clock_width(model, columns) > area.right:
            columns.pop()
        if x + self._clock_width(model, columns) > area.right:
            end = ""
        labels, clock_width = tuple(columns), self._clock_width(model, columns)
        self._clock.show((x, area, now, end, labels), lambda p: self._paint_clock(p, x, area, now, end, labels))
        left = x + clock_width + kit.px(24)
        room = Rect(left, area.y, max(area.right - left, 0), area.height)
        lines = tuple(self._phase_line(model, k) for k in range(len(model.phases_now)))
        if (gap := model.gap_now) is not None:
            gone, long = model.t_s - gap[0], gap[1] - gap[0]
            lines = (("", NOTHING_LOGGED, f"{gone:.1f} of {long:.1f} s", style.HATCH),)
        self._phase.show((room, lines), lambda painter: self._paint_phases(painter, room, lines))

    def hit(self, x: float, y: float) -> Hit | None:
        name = self._under((x, y))
        return Hit("button", name) if name else None

    def tip(self, name: str) -> tuple[str, Rect] | None:
        found = self.rects.get(name)
        return (found[1].tip, found[0]) if found else None

    def _under(self, pointer_px: tuple[float, float] | None) -> str:
        if pointer_px is None:
            return ""
        return next((name for name, (rect, _) in self.rects.items() if rect.holds(*pointer_px)), "")

    def _paint_buttons(self, painter: Painter, hovered: str, model: HudModel) -> None:
        fonts = self._kit.fonts
        for name, (rect, button) in self.rects.items():
            ground = style.HOVER if name == hovered else (1.0, 1.0, 1.0, 0.045)
            if name == "follow" and model.following:
                ground = style.PRESSED
            painter.rounded(*rect, ground)
            colour = style.ACCENT if name == "play" else style.TEXT
            if button.icon:
                painter.icon(button.icon, rect.x + rect.width / 2.0, rect.y + rect.height / 2.0, colour)
            else:
                colour = style.BAD if name in ("trip", "before_trip") else style.TEXT
                base = painter.middle(rect.y, rect.height, fonts.bold)
                painter.text(rect.x + rect.width / 2.0, base, button.text, fonts.bold, colour, "center")

    def _clock_width(self, model: HudModel, columns: list[tuple[str, str]]) -> int:
        """Largest width of the clock with these columns during playback."""
        kit, fonts = self._kit, self._kit.fonts
        width = fonts.clock.width("0" * len(style.clock(model.end_s))) + kit.px(8)
        width += max(fonts.body.width(f"of {style.clock(model.end_s)}"), kit.px(64))
        for label, text in columns:
            width += kit.px(16) + max(fonts.small.width(label), fonts.body.width(text), kit.px(64))
        return round(width)

    def _paint_clock(
        self, painter: Painter, x: float, area: Rect, now: str, end: str, columns: tuple[tuple[str, str], ...]
    ) -> None:
        """The clock, and other times beside it: a label over a text each."""
        kit, fonts = self._kit, self._kit.fonts
        base = painter.middle(area.y, area.height, fonts.clock)
        painter.text(x, base, now, fonts.clock, style.TEXT)
        x += fonts.clock.width("0" * len(end)) + kit.px(8)
        width = painter.text(x, base, f"of {end}" if end else "", fonts.body, style.SOFT)
        for label, text in columns:
            x += max(width, kit.px(64)) + kit.px(16)
            width = painter.text(x, area.y + kit.px(3) + fonts.small.cap_px, label, fonts.small, style.FAINT)
            painter.text(x, area.bottom - kit.px(4), text, fonts.body, style.SOFT)

    def _phase_line(self, model: HudModel, k: int) -> tuple[str, str, str, style.Colour]:
        """(robot, phase, its time, colour)."""
        span = model.phases_now[k]
        several = any(other.robot != span.robot for other in model.phases)
        gone = f"{model.t_s - span.start_s:.1f}"
        of = f" of {span.end_s - span.start_s:.1f} s" if span.ended else " s"
        robot = f"R{span.robot + 1}" if several else ""
        return robot, style.words(span.name), gone + of, style.WORK[style.kind_of_work(span.name)]

    def _paint_phases(
        self, painter: Painter, room: Rect, lines: tuple[tuple[str, str, str, style.Colour], ...]
    ) -> None:
        """Each robot's phase on its own line, right-aligned."""
        kit, fonts = self._kit, self._kit.fonts
        if not lines or room.width < kit.px(120):
            return
        height = room.height / len(lines)
        font = fonts.head if len(lines) == 1 else fonts.bold
        time_width = max(fonts.body.width("000.0 of 000.0 s"), 1)
        names = room.width - time_width - kit.px(16)
        for k, (robot, name, gone, colour) in enumerate(lines):
            y = room.y + k * height
            base = painter.middle(y, height, font)
            painter.text(room.right, base, gone, fonts.body, style.SOFT, "right")
            text = f"{robot}  {name}" if robot else name
            fitted = font.fitted(text, names - kit.px(16))
            right = room.right - time_width - kit.px(8)
            width = painter.text(right, base, fitted, font, style.TEXT, "right")
            chip = kit.px(10)
            painter.rounded(
                right - width - chip - kit.px(8), round(base - (font.cap_px + chip) / 2), chip, chip, colour
            )
