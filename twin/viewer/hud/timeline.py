"""The time line: a row of phases per robot, events over them, seconds below, and the cursor."""

from __future__ import annotations

import math

from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import HudModel
from twin.viewer.hud.regions import Hit, Rect, TimeScale
from twin.viewer.incidents import label_of
from twin.viewer.source import Marker, PhaseSpan

LANE_PX, BAND_PX, BAND_GAP_PX, TICKS_PX = 16, 18, 2, 18
HANDLE_PX = 2
"""Height of the cursor's handle in the lane of the events: over their words."""
TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)
TICK_APART_PX = 72
REACH_PX = 7
"""Hit radius of a marker."""
SHORT = {
    "traverse_to_slot": "to slot",
    "traverse_to_full": "to full",
    "traverse_to_truck": "to truck",
    "pull_test": "pull",
    "lower_out": "lower",
}


def rows_of(model: HudModel) -> int:
    return 1 + max((span.robot for span in model.phases), default=0)


def height_units(rows: int) -> int:
    return LANE_PX + rows * (BAND_PX + BAND_GAP_PX) + TICKS_PX


class Timeline:
    """Draws into `area`, set by `update`; maps time to pixels."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        self.layers = [Layer(parent, kit, name) for name in ("phases", "cursor", "events")]
        self.area = Rect(0, 0, 1, 1)
        self.scale = TimeScale(0, 1, 0, 1)
        self._model: HudModel | None = None

    def update(self, model: HudModel, area: Rect) -> None:
        self._model, self.area = model, area
        start_s, end_s = model.view_s or (model.start_s, model.end_s)
        self.scale = TimeScale(area.x, area.width - 1, start_s, end_s)
        static, cursor, words = self.layers
        static.show(
            (area, start_s, end_s, model.phases, model.markers, model.gaps, model.phases_now),
            lambda painter: self._paint(painter),
        )
        words.show((area, start_s, end_s, model.markers), lambda painter: self._paint_labels(painter, model))
        cursor.show(area.height, self._paint_cursor)
        cursor.path.set_pos(round(self.scale.x(model.t_s)), 0, -area.y)
        if start_s <= model.t_s <= end_s:
            cursor.path.show()
        else:
            cursor.path.hide()

    def hit(self, x: float, y: float) -> Hit | None:
        """The event, the phase or the time under a pixel."""
        model, kit = self._model, self._kit
        reach = kit.px(REACH_PX)
        if model is None or not Rect(
            self.area.x - reach, self.area.y, self.area.width + 2 * reach, self.area.height
        ).holds(x, y):
            return None
        t_s = self.scale.time(x)
        row = (y - self.area.y - kit.px(LANE_PX)) / kit.px(BAND_PX + BAND_GAP_PX)
        if row < 0.0:
            near = [m for m in model.markers if abs(self.scale.x(m.t_s) - x) <= reach and self._seen(m.t_s)]
            if near:
                marker = min(near, key=lambda m: (not m.is_trip, abs(self.scale.x(m.t_s) - x)))
                return Hit("event", marker.name, marker.t_s, marker=marker)
        for span in model.phases:
            if span.robot == math.floor(row) and span.start_s <= t_s < span.end_s:
                return Hit("phase", span.name, t_s, phase=span)
        return Hit("timeline", "", t_s)

    def marker_at(self, marker: Marker) -> tuple[float, float]:
        """The pixel in the middle of a marker."""
        return self.scale.x(marker.t_s), self.area.y + self._kit.px(LANE_PX) / 2.0

    def band_of(self, span: PhaseSpan) -> Rect:
        """The rectangle of a phase, cut to the visible stretch."""
        kit = self._kit
        x0 = round(self.scale.x(max(span.start_s, self.scale.start_s)))
        x1 = round(self.scale.x(min(span.end_s, self.scale.end_s)))
        y = self.area.y + kit.px(LANE_PX) + span.robot * kit.px(BAND_PX + BAND_GAP_PX)
        return Rect(x0, y, max(x1 - x0, 1), kit.px(BAND_PX))

    def _seen(self, t_s: float) -> bool:
        return self.scale.start_s <= t_s <= self.scale.end_s

    def _paint(self, painter: Painter) -> None:
        model, kit = self._model, self._kit
        assert model is not None
        for row in range(rows_of(model)):
            y = self.area.y + kit.px(LANE_PX) + row * kit.px(BAND_PX + BAND_GAP_PX)
            painter.ground(self.area.x, y, self.area.width, kit.px(BAND_PX), style.WELL)
        for span in model.phases:
            if span.end_s >= self.scale.start_s and span.start_s <= self.scale.end_s:
                self._paint_band(painter, span, span in model.phases_now)
        self._paint_gaps(painter, model)
        self._paint_ticks(painter)
        for marker in sorted(model.markers, key=lambda m: m.is_trip):
            if self._seen(marker.t_s):
                x, y = self.marker_at(marker)
                icon, colour = style.marker_look(marker)
                half = kit.px(7)  # an event at either end of the recording stays on the panel
                painter.icon(f"small_{icon}", min(max(x, half), self.area.right + kit.px(16) - half), y, colour)

    def _paint_labels(self, painter: Painter, model: HudModel) -> None:
        """Words beside the marks of trips, violations and faults, if there is room; over the cursor."""
        kit, font = self._kit, self._kit.fonts.small
        seen = [m for m in model.markers if self._seen(m.t_s)]
        half = kit.px(7)
        taken = [(self.scale.x(m.t_s) - half, self.scale.x(m.t_s) + half) for m in seen]
        drawn: set[str] = set()
        for marker in sorted(seen, key=lambda m: (not m.is_trip, m.t_s)):
            text = label_of(marker)
            if not text or text in drawn:
                continue
            x, y = self.marker_at(marker)
            width = font.width(text)
            for left in (x + half + kit.px(2), x - half - kit.px(2) - width):
                inside = self.area.x <= left and left + width <= self.area.right
                if inside and all(left + width <= low or left >= high for low, high in taken):
                    colour = style.marker_look(marker)[1]
                    top = round(y - kit.px(LANE_PX) / 2.0)
                    ground = (left - kit.px(1), top + kit.px(HANDLE_PX), width + kit.px(2))
                    painter.rect(*ground, kit.px(LANE_PX - HANDLE_PX), style.DOCK)
                    painter.text(left, painter.middle(top, kit.px(LANE_PX), font), text, font, colour)
                    taken.append((left, left + width))
                    drawn.add(text)
                    break

    def _paint_gaps(self, painter: Painter, model: HudModel) -> None:
        """Gaps without samples, over the phase before."""
        kit, scale = self._kit, self.scale
        top = self.area.y + kit.px(LANE_PX)
        height = rows_of(model) * kit.px(BAND_PX + BAND_GAP_PX) - kit.px(BAND_GAP_PX)
        for start_s, end_s in model.gaps:
            if end_s < scale.start_s or start_s > scale.end_s:
                continue
            x0, x1 = round(scale.x(max(start_s, scale.start_s))), round(scale.x(min(end_s, scale.end_s)))
            painter.hatched(x0, top, max(x1 - x0, kit.px(2)), height, style.UNLOGGED, style.HATCH)

    def _paint_band(self, painter: Painter, span: PhaseSpan, now: bool) -> None:
        kit, font = self._kit, self._kit.fonts.small
        band = self.band_of(span)
        r, g, b, _ = style.WORK[style.kind_of_work(span.name)]
        colour = (r, g, b, 1.0) if now else (0.80 * r, 0.80 * g, 0.80 * b, 1.0)
        seam = kit.hair_px if band.width > 2 * kit.hair_px else 0
        painter.ground(band.x, band.y, band.width - seam, band.height, colour)
        if now:
            painter.rect(band.x, band.bottom - 2 * kit.hair_px, band.width - seam, 2 * kit.hair_px, style.TEXT)
        for text in (style.words(span.name), SHORT.get(span.name, "")):
            if text and font.width(text) <= band.width - kit.px(8):
                base = painter.middle(band.y, band.height, font)
                painter.text(
                    band.x + band.width / 2.0, base, text, font, style.TEXT if now else (1.0, 1.0, 1.0, 0.86), "center"
                )
                break

    def _paint_ticks(self, painter: Painter) -> None:
        kit, font = self._kit, self._kit.fonts.small
        least_s = self.scale.span_s * kit.px(TICK_APART_PX) / max(self.scale.width, 1.0)
        step_s = next((step for step in TICK_STEPS_S if step >= least_s), TICK_STEPS_S[-1])
        top = self.area.bottom - kit.px(TICKS_PX)
        base = painter.middle(top + kit.px(3), kit.px(TICKS_PX) - kit.px(3), font)
        for k in range(math.ceil(self.scale.start_s / step_s - 1e-9), math.floor(self.scale.end_s / step_s + 1e-9) + 1):
            x = round(self.scale.x(k * step_s))
            text = style.clock(k * step_s)
            text = text if step_s < 1.0 else text[:-3]
            painter.rect(x, top, kit.hair_px, kit.px(4), style.FAINT)
            width = font.width(text)
            left = min(max(x - width / 2.0, self.area.x), self.area.right - width)
            painter.text(left, base, text, font, style.SOFT)

    def _paint_cursor(self, painter: Painter) -> None:
        kit = self._kit
        width = max(kit.px(2), 2)
        painter.rect(-width // 2, 0, width, self.area.height - kit.px(TICKS_PX), style.TEXT)
        painter.icon("small_cursor", 0, kit.px(HANDLE_PX - 4), style.TEXT)
