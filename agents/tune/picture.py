"""The front of a study as a picture: time against force, in HTML (plotly) and PNG (Pillow, which needs no browser)."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Point:
    """One set: median mechanical time, 95th percentile of the lateral force that is judged, words for the pointer."""

    time_s: float
    force_n: float
    words: str


@dataclass(frozen=True)
class Front:
    """What the picture shows: `start`, the set that the search began with, by its name; `best`, the chosen one."""

    title: str
    front: Sequence[Point]
    others: Sequence[Point]
    start: Point
    start_name: str
    best: Point | None


SIZE_PX = (1000, 640)
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 90, 70
COLOURS = {"front": "#1f5fa8", "others": "#b8c4d2", "start": "#c44e30", "best": "#2b8a3e", "ink": "#222222",
           "grid": "#e3e7ec"}  # fmt: skip
X_WORDS = "mechanical time, median, s"
Y_WORDS = "peak lateral force where factory completes, 95th percentile, kN"
NAMES = {"others": "played", "front": "front", "best": "chosen"}
LEGEND_PX = 110
MAX_NAME = 24
"""Signs of a set's name in the legend."""


def lowest(points: Sequence[Point]) -> list[Point]:
    """Return the points that none other beats in time and force at once, fastest first."""
    found: list[Point] = []
    for one in sorted(points, key=lambda point: (point.time_s, point.force_n)):
        if not found or one.force_n < found[-1].force_n:
            found.append(one)
    return found


def _series(front: Front) -> list[tuple[str, Sequence[Point]]]:
    best = [front.best] if front.best is not None else []
    return [("others", front.others), ("front", front.front), ("start", [front.start]), ("best", best)]


def _name(front: Front, series: str) -> str:
    if series != "start":
        return NAMES[series]
    name = front.start_name
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 3] + "..."


def as_html(front: Front) -> bytes:
    """Return a page that works without a network."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, points in _series(front):
        if points:
            figure.add_trace(
                go.Scatter(
                    x=[one.time_s for one in points],
                    y=[one.force_n * 1e-3 for one in points],
                    text=[one.words for one in points],
                    mode="lines+markers" if name == "front" else "markers",
                    name=_name(front, name),
                    marker={"color": COLOURS[name], "size": 12 if name in ("start", "best") else 7},
                    hovertemplate="%{x:.1f} s, %{y:.2f} kN<br>%{text}<extra></extra>",
                )
            )
    figure.update_layout(title=front.title, template="plotly_white", xaxis_title=X_WORDS, yaxis_title=Y_WORDS)
    page: str = figure.to_html(full_html=True, include_plotlyjs=True)
    return page.encode()


def as_png(front: Front) -> bytes:
    """Return the same picture as a PNG."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", SIZE_PX, "white")
    draw = ImageDraw.Draw(image)
    font, large = ImageFont.load_default(15), ImageFont.load_default(19)
    points = [one for _, some in _series(front) for one in some]
    xs, ys = [one.time_s for one in points], [one.force_n * 1e-3 for one in points]
    x_ticks, y_ticks = ticks(min(xs), max(xs)), ticks(min(ys), max(ys))
    width, height = SIZE_PX[0] - LEFT - RIGHT, SIZE_PX[1] - TOP - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])
        up = (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return LEFT + across * width, TOP + (1.0 - up) * height

    for x in x_ticks:
        at = place(x, y_ticks[0])
        draw.line([at, place(x, y_ticks[-1])], fill=COLOURS["grid"])
        draw.text((at[0], at[1] + 8), f"{x:g}", fill=COLOURS["ink"], font=font, anchor="ma")
    for y in y_ticks:
        at = place(x_ticks[0], y)
        draw.line([at, place(x_ticks[-1], y)], fill=COLOURS["grid"])
        draw.text((at[0] - 8, at[1]), f"{y:g}", fill=COLOURS["ink"], font=font, anchor="rm")
    draw.text((LEFT, 16), front.title, fill=COLOURS["ink"], font=large)
    draw.text((LEFT, TOP - 8), Y_WORDS, fill=COLOURS["ink"], font=font, anchor="ld")
    draw.text((LEFT + width, SIZE_PX[1] - 12), X_WORDS, fill=COLOURS["ink"], font=font, anchor="rd")
    legend_x = float(LEFT)
    for name, some in _series(front):
        at_points = [place(one.time_s, one.force_n * 1e-3) for one in some]
        if name == "front" and len(at_points) > 1:
            draw.line(at_points, fill=COLOURS[name], width=2)
        for at in at_points:
            _dot(draw, at, name)
        if some:
            _dot(draw, (legend_x + 6, SIZE_PX[1] - 21), name)
            words = _name(front, name)
            draw.text((legend_x + 18, SIZE_PX[1] - 12), words, fill=COLOURS["ink"], font=font, anchor="ld")
            legend_x += max(LEGEND_PX, 40 + font.getlength(words))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _dot(draw: Any, at: tuple[float, float], name: str) -> None:
    radius = 7 if name in ("start", "best") else 4
    draw.ellipse([at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius], fill=COLOURS[name])


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Return round numbers that enclose a range, `about` so many."""
    span = max(high - low, 1e-3 * max(abs(low), abs(high), 1.0))
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    return [round(k * step, 10) for k in range(first, last + 1)]
