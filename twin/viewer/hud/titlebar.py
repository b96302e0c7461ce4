"""The bar at the top: the recording, its outcome, and the view buttons."""

from __future__ import annotations

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.fonts import Font
from twin.viewer.hud.model import Badge, HudModel
from twin.viewer.hud.regions import Hit, Rect
from twin.viewer.hud.style import Colour

LOOKS: dict[str, Colour] = {"good": style.GOOD, "bad": style.BAD, "warning": style.WARNING, "plain": style.SOFT}

LABEL_ROW_PX, GAP_PX = 17, 14
CUTS_PX = (160, 110, 84, 66)
VALUE_PX = 320
"""A longer name is cut, in favour of the following ones."""


Tab = tuple[str, str, bool]
"""Action of a button, its word, and whether it is on."""


def _tabs(model: HudModel, narrow: bool = False) -> list[Tab]:
    """From right to left; in a narrow window one button, which selects the next view."""
    tabs = [("help", "Help", model.help_open), ("charts", "Charts", model.charts is not None)]
    if narrow and model.views:
        k = model.views.index(model.view) if model.view in model.views else -1
        following = model.views[(k + 1) % len(model.views)]
        return [*tabs, (f"view:{following}", "View", False)]
    return tabs + [(f"view:{name}", name.capitalize(), name == model.view) for name in reversed(model.views)]


def _without_second_bad(badges: tuple[Badge, ...]) -> tuple[Badge, ...]:
    """Badges with a single word for the failure."""
    bad = [badge for badge in badges if badge.look == "bad"]
    return tuple(badge for badge in badges if badge not in bad[1:])


class TitleBar:
    """Draws into `area`, set by `update`."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self.layers = [Layer(parent, kit, "title")]
        self.rects: dict[str, tuple[Rect, str, bool]] = {}
        self._badges: tuple[Badge, ...] = ()

    def update(self, model: HudModel, area: Rect) -> None:
        kit = self._kit
        self.rects, self._badges, right = {}, model.title.badges, area.right - kit.px(8)
        if model.controls:
            right = self._place(_tabs(model), area)
            if not self._whole(model, area, right):  # names are preferred to the view buttons
                right = self._place(_tabs(model, narrow=True), area)
                if not self._whole(model, area, right):  # and to a violation badge, which the panel repeats
                    self._badges = _without_second_bad(model.title.badges)
        hovered = self._under(model.pointer_px)
        key = (area, model.title, self._badges, tuple(self.rects.values()), hovered)
        self.layers[0].show(key, lambda painter: self._paint(painter, model, area, right, hovered))

    def _place(self, tabs: list[Tab], area: Rect) -> float:
        """Place the tabs side by side, the first at the right end; returns their left edge."""
        kit, font = self._kit, self._kit.fonts.body
        self.rects, right = {}, area.right - kit.px(8)
        for k, (name, text, on) in enumerate(tabs):
            if k == 2:
                right -= kit.px(16)
            width = round(font.width(text)) + kit.px(20)
            right -= width
            self.rects[name] = (Rect(right, area.y + kit.px(6), width, area.height - kit.px(12)), text, on)
            right -= kit.px(2)
        return right

    def _whole(self, model: HudModel, area: Rect, right: float) -> bool:
        """True if no name has to be cut or left out."""
        _, columns = self._columns(model.title.fields, self._room(area, right))
        return [(label, value) for label, value, _ in columns] == list(model.title.fields)

    def _room(self, area: Rect, right: float) -> float:
        """Width that tabs, badges and margins leave for the names."""
        kit = self._kit
        badges = sum(self._badge_width(badge.text) + kit.px(6) for badge in self._badges)
        return right - 2 * kit.px(16) - badges - area.x

    def hit(self, x: float, y: float) -> Hit | None:
        name = self._under((x, y))
        return Hit("button", name) if name else None

    def _under(self, pointer_px: tuple[float, float] | None) -> str:
        if pointer_px is None:
            return ""
        return next((name for name, (rect, _, _) in self.rects.items() if rect.holds(*pointer_px)), "")

    def _paint(self, painter: Painter, model: HudModel, area: Rect, right: float, hovered: str) -> None:
        kit, fonts = self._kit, self._kit.fonts
        painter.ground(*area, style.DOCK)
        x = area.x + kit.px(16)
        room = self._room(area, right)
        labels, values = painter.middle(area.y, kit.px(LABEL_ROW_PX), fonts.small), kit.px(LABEL_ROW_PX)
        font, columns = self._columns(model.title.fields, room)
        base = painter.middle(area.y + values - kit.px(2), area.height - values, font)
        for label, value, width in columns:
            painter.text(x, labels, label, fonts.small, style.FAINT)
            painter.text(x, base, value, font, style.TEXT)
            x += width + kit.px(GAP_PX)
        for badge in self._badges:
            width = self._badge_width(badge.text)
            r, g, b, _ = LOOKS[badge.look]
            height = kit.px(20)
            y = area.y + (area.height - height) // 2
            painter.rounded(x, y, width, height, (r, g, b, 0.20))
            middle = painter.middle(y, height, fonts.small_bold)
            painter.text(x + width / 2.0, middle, badge.text, fonts.small_bold, (r, g, b, 1.0), "center")
            x += width + kit.px(6)
        for name, (rect, text, on) in self.rects.items():
            if on or name == hovered:
                painter.rounded(*rect, style.PRESSED if on else style.HOVER)
            colour = style.TEXT if on or name == hovered else style.SOFT
            middle = painter.middle(rect.y, rect.height, fonts.body)
            painter.text(rect.x + rect.width / 2.0, middle, text, fonts.body, colour, "center")

    def _columns(self, fields: tuple[tuple[str, str], ...], room: float) -> tuple[Font, list[tuple[str, str, float]]]:
        """Font of the values, and (label, value, width) of each column: a label over its value.

        If they do not fit, values are written small, then cut, the longest first; then the last ones are left out.
        """
        kit, fonts = self._kit, self._kit.fonts
        for font, most in (
            (fonts.bold, VALUE_PX),
            (fonts.small_bold, VALUE_PX),
            *((fonts.small_bold, w) for w in CUTS_PX),
        ):
            columns = []
            for label, whole in fields:
                value = font.fitted(whole, kit.px(most))
                columns.append((label, value, max(fonts.small.width(label), font.width(value))))
            if sum(width + kit.px(GAP_PX) for _, _, width in columns) <= room:
                return font, columns
        while columns and sum(width + kit.px(GAP_PX) for _, _, width in columns) > room:
            columns.pop()
        return fonts.small_bold, columns

    def _badge_width(self, text: str) -> int:
        return round(self._kit.fonts.small_bold.width(text)) + self._kit.px(16)
