"""Strip charts of selected signals in a side panel, synchronous with the cursor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from panda3d.core import NodePath

from twin.viewer.hud import style
from twin.viewer.hud.canvas import Kit, Layer, Painter
from twin.viewer.hud.model import Charts, HudModel
from twin.viewer.hud.regions import Hit, Rect, TimeScale
from twin.viewer.hud.strips import Strips, reach
from twin.viewer.hud.traces import dashed, decimals_of, nice_range, number
from twin.viewer.origin import ABOUT
from twin.viewer.signals import CHART_KEYS, ChartSet
from twin.viewer.source import Gap

HEAD_PX, TITLE_PX, AXIS_PX, GUTTER_PX, LABEL_APART_PX = 28, 22, 22, 52, 21
FOOT_PX, MIN_PLOT_PX = 15, 30
"""The range of the samples is written under each plot, so that no number lies on a line. If plots would be lower than
this, fewer charts are shown, with a note."""
TICK_STEPS_S = (0.5, 1, 2, 5, 10, 20, 30, 60)
NEAR_LIMIT = 0.4
"""A limit is drawn as a line if the samples reach this share of it; else as a number, because a far line would flatten
the signal."""


@dataclass(frozen=True)
class Range:
    """The axis of one chart: `low` to `high` with grid lines `step` apart; the range of the window's samples."""

    low: float
    high: float
    step: float
    least: float
    most: float


class ChartPanel:
    """Draws into `area`, set by `update`."""

    def __init__(self, parent: NodePath, kit: Kit) -> None:
        self._kit = kit
        names = ("chart grid", "chart lines", "chart notes", "chart reach", "chart cursor")
        made = [Layer(parent, kit, name) for name in names]
        self._grid, self._lines, self._notes, self._reach, self._cursor = made
        self._values = [Layer(parent, kit, f"chart values {key}") for key in CHART_KEYS]
        self.layers = [*made, *self._values]
        self.area = Rect(0, 0, 0, 0)
        self.scale = TimeScale(0, 1, 0, 1)
        self.plots: list[tuple[ChartSet, Rect]] = []
        self._ranges: list[Range] = []
        self._seen: object = None
        self._keys = True
        self._strips = Strips()
        self._robot_button: Rect | None = None

    def clear(self) -> None:
        """Remove the charts."""
        for layer in self.layers:
            layer.clear()
        self.plots, self._seen, self._robot_button = [], None, None
        self.area = Rect(0, 0, 0, 0)

    def update(self, model: HudModel, area: Rect) -> None:
        charts = model.charts
        assert charts is not None
        self.area, self._keys = area, model.controls
        self._place(charts)
        width = self.plots[0][1].width if self.plots else area.width
        column_s = charts.window_s / max(width, 1.0)
        latest_s = max(model.end_s - charts.window_s, model.start_s)
        start_s = min(max(model.t_s - charts.window_s / 2.0, model.start_s), latest_s)
        first = round(start_s / column_s)  # whole columns: the lines move only with the window, by whole pixels
        x0 = self.plots[0][1].x if self.plots else area.x
        self.scale = TimeScale(x0, width, first * column_s, first * column_s + charts.window_s)
        seen = (area, charts, model.gaps, first, column_s, charts.signals.reads)
        if seen != self._seen:
            self._seen = seen
            self._ranges = [self._range(charts, chart, rect) for chart, rect in self.plots]
            self._lines.show(seen, lambda painter: self._paint_lines(painter, charts, model.gaps, first, column_s))
        self._robot_button = self._robot_rect(charts)
        hover = (
            self._robot_button is not None
            and model.pointer_px is not None
            and self._robot_button.holds(*model.pointer_px)
        )
        axes = tuple((span.low, span.high, span.step) for span in self._ranges)
        self._grid.show(
            (area, charts, axes, hover, self._keys), lambda painter: self._paint_grid(painter, charts, hover)
        )
        self._notes.show((area, charts, axes), self._paint_all_notes)
        texts = tuple(self._reach_of(chart, span) for (chart, _), span in zip(self.plots, self._ranges, strict=True))
        self._reach.show((area, texts), lambda painter: self._paint_reach(painter, texts))
        for k, layer in enumerate(self._values):
            if k < len(self.plots):
                self._update_values(layer, *self.plots[k], model)
            else:
                layer.clear()
        self._cursor.show((area, len(self.plots)), self._paint_cursor)
        self._cursor.path.set_x(round(min(max(self.scale.x(model.t_s), x0), x0 + width - 1)))

    def _update_values(self, layer: Layer, chart: ChartSet, rect: Rect, model: HudModel) -> None:
        """The values at the cursor change most often and are drawn per chart, on change."""
        assert model.charts is not None
        values = [model.charts.signals.value_at(signal.names, model.t_s) for signal in chart.signals]
        texts = tuple(
            _number_text(value * chart.scale, chart.decimals, signal.estimated)
            for value, signal in zip(values, chart.signals, strict=True)
        )
        layer.show((rect, chart, texts), lambda painter: self._paint_values(painter, chart, rect, texts))

    def hit(self, x: float, y: float) -> Hit | None:
        """The chart under a pixel and its time there."""
        if self._robot_button is not None and self._robot_button.holds(x, y):
            return Hit("button", "robot")
        for chart, rect in self.plots:
            if rect.holds(x, y):
                return Hit("chart", chart.key, self.scale.time(x))
        return Hit("panel", "charts") if self.area.holds(x, y) else None

    def _place(self, charts: Charts) -> None:
        kit, area = self._kit, self.area
        top, bottom = area.y + kit.px(HEAD_PX), area.bottom - kit.px(AXIS_PX)
        fit = int((bottom - top) // kit.px(TITLE_PX + MIN_PLOT_PX + FOOT_PX))
        sets = charts.sets[: max(fit, 1)]
        height = (bottom - top) / max(len(sets), 1)
        x, width = area.x + kit.px(GUTTER_PX), area.width - kit.px(GUTTER_PX) - kit.px(12)
        above_and_below = TITLE_PX + FOOT_PX
        self.plots = [
            (chart, Rect(x, round(top + k * height) + kit.px(TITLE_PX), width, round(height - kit.px(above_and_below))))
            for k, chart in enumerate(sets)
        ]

    def _range(self, charts: Charts, chart: ChartSet, rect: Rect) -> Range:
        start_s, end_s = self.scale.start_s, self.scale.end_s
        found = [reach(charts.signals.pieces(signal.names, start_s, end_s), start_s, end_s) for signal in chart.signals]
        lowest, highest = low, high = _span_of(found, chart.scale)
        sure = [span for span, signal in zip(found, chart.signals, strict=True) if not signal.estimated]
        least, most = _span_of(sure, chart.scale) if sure else (lowest, highest)
        for limit in chart.limits:
            if limit.value > 0.0 and highest > NEAR_LIMIT * limit.value:
                high = max(high, limit.value)
            if limit.value < 0.0 and lowest < NEAR_LIMIT * limit.value:
                low = min(low, limit.value)
        steps = max(int(rect.height // self._kit.px(LABEL_APART_PX)), 1)
        return Range(*nice_range(low, high, chart.least_span, steps), least, most)

    def _y(self, rect: Rect, span: Range, value: float | np.ndarray) -> float | np.ndarray:
        return rect.bottom - (value - span.low) / (span.high - span.low) * rect.height

    def _robot_rect(self, charts: Charts) -> Rect | None:
        if charts.robots < 2:
            return None
        kit = self._kit
        width = round(kit.fonts.bold.width(f"Robot {charts.robot + 1}")) + kit.px(16)
        return Rect(self.area.x + kit.px(8), self.area.y + kit.px(4), width, kit.px(HEAD_PX - 6))

    def _paint_grid(self, painter: Painter, charts: Charts, hover: bool) -> None:
        kit, fonts, area = self._kit, self._kit.fonts, self.area
        painter.ground(*area, style.DOCK)
        base = painter.middle(area.y + kit.px(2), kit.px(HEAD_PX), fonts.bold)
        if self._robot_button is not None:
            painter.rounded(*self._robot_button, style.HOVER if hover else (1.0, 1.0, 1.0, 0.07))
            middle = painter.middle(self._robot_button.y, self._robot_button.height, fonts.bold)
            x = self._robot_button.x + self._robot_button.width / 2.0
            painter.text(x, middle, f"Robot {charts.robot + 1}", fonts.bold, style.TEXT, "center")
        else:
            painter.text(area.x + kit.px(16), base, "Signals", fonts.bold, style.TEXT)
        left_out = (
            f"{len(self.plots)} of {len(charts.sets)} charts fit · " if len(self.plots) < len(charts.sets) else ""
        )
        said = f"{left_out}{charts.window_s:g} s window"
        painter.text(area.right - kit.px(12), base, said, fonts.small, style.SOFT, "right")
        if not self.plots:
            middle = area.y + area.height / 2.0
            text = f"Keys {CHART_KEYS['position']} to {CHART_KEYS['turn']} show charts"
            painter.text(area.x + area.width / 2.0, middle, text, fonts.body, style.SOFT, "center")
        for (chart, rect), span in zip(self.plots, self._ranges, strict=True):
            self._paint_frame(painter, chart, rect, span)

    def _paint_frame(self, painter: Painter, chart: ChartSet, rect: Rect, span: Range) -> None:
        kit, fonts = self._kit, self._kit.fonts
        top = rect.y - kit.px(TITLE_PX)
        base = painter.middle(top, kit.px(TITLE_PX), fonts.small_bold)
        x = self.area.x + kit.px(12)
        if self._keys:
            x += painter.text(x, base, CHART_KEYS[chart.key], fonts.small, style.FAINT) + kit.px(8)
        x += painter.text(x, base, chart.title, fonts.small_bold, style.TEXT) + kit.px(6)
        painter.text(x, base, chart.unit, fonts.small, style.SOFT)
        painter.ground(*rect, style.WELL)
        decimals = decimals_of(span.step)
        for k in range(round((span.high - span.low) / span.step) + 1):
            value = span.low + k * span.step
            y = round(float(self._y(rect, span, value)))
            zero = abs(value) < 1e-9 * span.step
            painter.rect(rect.x, min(y, rect.bottom - 1), rect.width, kit.hair_px, style.RULE if zero else style.GRID)
            half = fonts.small.cap_px / 2.0 + kit.px(1)
            label = round(min(max(y, rect.y + half), rect.bottom - half) + fonts.small.cap_px / 2.0)
            painter.text(rect.x - kit.px(6), label, number(value, decimals), fonts.small, style.FAINT, "right")
        if not chart.signals:
            middle = painter.middle(rect.y, rect.height, fonts.small)
            painter.text(rect.x + rect.width / 2.0, middle, "not recorded", fonts.small, style.FAINT, "center")

    def _paint_all_notes(self, painter: Painter) -> None:
        for (chart, rect), span in zip(self.plots, self._ranges, strict=True):
            if chart.signals:
                self._paint_notes(painter, chart, rect, span)

    def _paint_notes(self, painter: Painter, chart: ChartSet, rect: Rect, span: Range) -> None:
        """Limits as lines, or as numbers under the plot if they are far away; marks of estimated signals."""
        kit, font = self._kit, self._kit.fonts.small
        far: list[str] = []
        told_y: list[float] = []
        for limit in chart.limits:
            r, g, b, _ = style.WARNING if limit.warning else style.BAD
            if not span.low <= limit.value <= span.high:
                if limit.value > 0.0:
                    far.append(f"{limit.label} {number(limit.value, chart.decimals if limit.value < 10 else 0)}")
                continue
            y = round(float(self._y(rect, span, limit.value)))
            for dash in range(int(rect.x), int(rect.right) - kit.px(4), kit.px(9)):
                painter.rect(dash, y, kit.px(6), kit.hair_px, (r, g, b, 0.85))
            if limit.value > 0.0:  # the one below zero is the same limit
                below = y - font.cap_px - kit.px(6) < rect.y
                base = y + font.cap_px + kit.px(4) if below else y - kit.px(4)
                if any(abs(base - other) < font.cap_px + kit.px(3) for other in told_y):
                    continue  # its line is drawn
                told_y.append(base)
                width, left = font.width(limit.label), rect.right - kit.px(6)
                ground = (left - width - kit.px(3), base - font.cap_px - kit.px(2), width + kit.px(6))
                painter.rect(*ground, font.cap_px + kit.px(4), style.LABEL)  # legible on a curve
                painter.text(left, base, limit.label, font, (r, g, b, 1.0), "right")
        x, foot = float(self.area.x + kit.px(12)), self._foot(rect)
        end = rect.right - self._reach_px
        if far:
            x += painter.text(x, foot, " · ".join(far), font, style.FAINT, within=end - x) + kit.px(10)
        if (note := _estimates_note(chart)) and end - x > kit.px(40):
            painter.text(x, foot, f"- - {note}", font, style.ESTIMATED, within=end - x)

    def _paint_lines(
        self, painter: Painter, charts: Charts, gaps: tuple[Gap, ...], first: int, column_s: float
    ) -> None:
        for (chart, rect), span in zip(self.plots, self._ranges, strict=True):
            self._paint_gaps(painter, rect, gaps)
            per_px = (span.high - span.low) / max(rect.height, 1.0) / chart.scale
            for signal, hue in zip(chart.signals, chart.hues, strict=True):
                pieces = charts.signals.pieces(signal.names, self.scale.start_s, self.scale.end_s)
                at, values = self._strips.line(
                    signal.names, pieces, column_s, first, int(rect.width), None if signal.estimated else per_px
                )
                if signal.estimated:
                    values = dashed(at, values, first, self._kit.scale)
                y = np.asarray(self._y(rect, span, values * chart.scale))
                colour = style.LINES[hue % len(style.LINES)]
                painter.polyline(rect.x + at, y, style.paler(colour) if signal.beside else colour)
        if self.plots:
            self._paint_ticks(painter, charts, self.plots[-1][1].bottom)

    def _paint_gaps(self, painter: Painter, rect: Rect, gaps: tuple[Gap, ...]) -> None:
        """Gaps in the recording: a line's end must not be read as a constant value."""
        for start_s, end_s in gaps:
            x0, x1 = max(self.scale.x(start_s), rect.x), min(self.scale.x(end_s), rect.right)
            if x1 > x0:
                painter.hatched(x0, rect.y, x1 - x0, rect.height, style.UNLOGGED, style.HATCH)

    def _reach_of(self, chart: ChartSet, span: Range) -> str:
        """The lowest and the highest sample of the window; of the measured signals if there are any."""
        if not math.isfinite(span.most):
            return ""
        about = ABOUT if all(signal.estimated for signal in chart.signals) else ""
        return f"{about}{number(span.least, chart.decimals)} … {number(span.most, chart.decimals)}"

    def _foot(self, rect: Rect) -> float:
        """Base line of the text under a plot."""
        return rect.bottom + self._kit.px(4) + self._kit.fonts.small.cap_px

    @property
    def _reach_px(self) -> float:
        """Width for the lowest and the highest sample of a plot."""
        return self._kit.fonts.small.width("≈−8 888 … 8 888") + self._kit.px(6)

    def _paint_reach(self, painter: Painter, texts: tuple[str, ...]) -> None:
        font = self._kit.fonts.small
        for (_, rect), text in zip(self.plots, texts, strict=True):
            if text:
                painter.text(rect.right, self._foot(rect), text, font, style.SOFT, "right")

    def _paint_ticks(self, painter: Painter, charts: Charts, bottom: float) -> None:
        kit, font = self._kit, self._kit.fonts.small
        step_s = next((s for s in TICK_STEPS_S if s >= charts.window_s / 5.0), TICK_STEPS_S[-1])
        base = painter.middle(bottom + kit.px(FOOT_PX + 4), kit.px(AXIS_PX - 6), font)
        for k in range(math.ceil(self.scale.start_s / step_s), math.floor(self.scale.end_s / step_s) + 1):
            x = round(self.scale.x(k * step_s))
            text = style.clock(k * step_s)
            text = text if step_s < 1.0 else text[:-3]
            painter.rect(x, bottom, kit.hair_px, kit.px(4), style.FAINT)
            if x + font.width(text) / 2.0 <= self.area.right - kit.px(4):
                painter.text(x, base, text, font, style.FAINT, "center")

    def _paint_values(self, painter: Painter, chart: ChartSet, rect: Rect, texts: tuple[str, ...]) -> None:
        kit, font = self._kit, self._kit.fonts.small_bold
        x = rect.right
        base = painter.middle(rect.y - kit.px(TITLE_PX), kit.px(TITLE_PX), font)
        for text, signal, hue in reversed(list(zip(texts, chart.signals, chart.hues, strict=True))):
            colour = style.ESTIMATED if signal.estimated else style.TEXT
            x -= painter.text(x, base, text, font, colour, "right") + kit.px(5)
            if not signal.beside:
                colour = style.LINES[hue % len(style.LINES)]
                x -= painter.text(x, base, signal.label, font, colour, "right") + kit.px(12)

    def _paint_cursor(self, painter: Painter) -> None:
        if not self.plots:
            return
        for _, rect in self.plots:
            painter.rect(0, rect.y, self._kit.hair_px, rect.height, (1.0, 1.0, 1.0, 0.75))


def _span_of(reaches: list[tuple[float, float]], scale: float) -> tuple[float, float]:
    """The lowest and the highest of several signals in the chart's unit; NaN without samples."""
    lows = [low * scale for low, _ in reaches if math.isfinite(low)]
    highs = [high * scale for _, high in reaches if math.isfinite(high)]
    return min(lows, default=math.nan), max(highs, default=math.nan)


def _number_text(value: float, decimals: int, estimated: bool) -> str:
    """A number beside a chart, with a mark if it is estimated."""
    text = number(value, decimals)
    return f"{ABOUT}{text}" if estimated and math.isfinite(value) else text


def _estimates_note(chart: ChartSet) -> str:
    """Which lines of a chart are estimated; empty if none is."""
    beside = any(signal.beside for signal in chart.signals)
    own = [signal.label for signal in chart.signals if signal.estimated and not signal.beside]
    if own and len(own) == len(chart.signals):
        return "estimated"
    parts = [f"estimated: {', '.join(own)}"] if own else []
    return ", ".join([*parts, "estimated by the twin"] if beside else parts)
