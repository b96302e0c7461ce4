"""Temporary elements over the picture: messages, the hint at the start, the tooltip."""

from __future__ import annotations

from collections.abc import Sequence

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import HudModel
from twin.viewer.hud.regions import Hit, Rect
from twin.viewer.source import Gap, gap_at


class Overlays:
    """A message over the bottom panel and a note at the pointer."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self._message, self._tip = Layer(parent, kit, "message"), Layer(parent, kit, "tip")
        self.layers = [self._message, self._tip]

    def update(self, model: HudModel, picture: Rect, screen: Rect, tip: tuple[str, Rect] | None) -> None:
        """`picture` is the part that the panels leave free; `tip` a text and the rectangle it belongs to."""
        text = model.toast or model.hint
        if text:
            self._message.show((text, picture), lambda painter: self._paint_message(painter, text, picture))
        else:
            self._message.clear()
        if tip is not None:
            self._tip.show((tip, screen), lambda painter: self._paint_tip(painter, tip, screen))
        else:
            self._tip.clear()

    def _paint_message(self, painter: Painter, text: str, picture: Rect) -> None:
        kit, font = self._kit, self._kit.fonts.body
        text = font.fitted(text, picture.width - kit.px(64))
        width, height = round(font.width(text)) + kit.px(32), kit.px(32)
        x, y = round(picture.x + (picture.width - width) / 2.0), picture.bottom - height - kit.px(16)
        painter.rounded(x, y, width, height, style.NOTE)
        painter.text(x + width / 2.0, painter.middle(y, height, font), text, font, style.TEXT, "center")

    def _paint_tip(self, painter: Painter, tip: tuple[str, Rect], screen: Rect) -> None:
        kit, font = self._kit, self._kit.fonts.small
        text, about = tip
        text = font.fitted(text, screen.width - kit.px(48))
        width, height = round(font.width(text)) + kit.px(16), kit.px(24)
        x = min(max(about.x + (about.width - width) / 2.0, screen.x + kit.px(8)), screen.right - width - kit.px(8))
        y = about.y - height - kit.px(4)
        if y < screen.y:
            y = about.bottom + kit.px(4)
        painter.rounded(round(x), round(y), width, height, style.NOTE)
        painter.frame(round(x), round(y), width, height, style.RULE)
        painter.text(x + width / 2.0, painter.middle(round(y), height, font), text, font, style.TEXT, "center")


def tip_of(hit: Hit | None, at: tuple[float, float], gaps: Sequence[Gap] = ()) -> tuple[str, Rect] | None:
    """Tooltip of an event or a time under the pointer."""
    if hit is None or hit.t_s is None:
        return None
    about = Rect(round(at[0]), round(at[1]) - 8, 1, 16)
    if hit.marker is not None:
        text = f": {hit.marker.message}" if hit.marker.message else ""
        return f"{style.clock(hit.marker.t_s)}  {style.words(hit.marker.name)}{text}", about
    if (gap := gap_at(gaps, hit.t_s)) is not None:
        return f"{style.clock(hit.t_s)}  nothing logged for {gap[1] - gap[0]:.2f} s", about
    if hit.phase is not None:
        span = hit.phase
        return f"{style.clock(hit.t_s)}  {style.words(span.name)}, {span.end_s - span.start_s:.2f} s", about
    return style.clock(hit.t_s), about
