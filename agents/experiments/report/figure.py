"""One figure of the report: a Plotly chart as plain data, the same numbers as a table, and its caption."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.experiments.report.estimates import Estimate

BLUE, GREY, ORANGE, GREEN, RED = "#1f5fa8", "#7b8794", "#b8500f", "#2b7a3b", "#b3261e"
SERIES = (BLUE, ORANGE, GREEN, "#7a3e9d", GREY, RED, "#0b7285", "#8a6d00")
BEST, OTHER = BLUE, ORANGE
"""Of the best setting and of the one beside it, in figures of these two."""
INK, LINE = "#1b2430", "#d5dce4"
FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif'
FIGURES = 4
"""Significant figures of a number, at most."""
ROW_PX, FRAME_PX = 26, 96
NUMBERS_PX = 66
"""Room for an axis of numbers and its title."""
CHARACTER_PX = 7.0
"""Width of a character of a label, mean."""
MINUS = "\N{MINUS SIGN}"


@dataclass
class Figure:
    """A chart and its table.

    Attributes:
        title, caption: words above and below; plain text.
        traces, layout: of Plotly; `customdata` of a trace has the words of each point, for pointer and keyboard.
        height_px: of the chart.
        headers, rows: of the table; a number is a right-aligned cell.
    """

    title: str
    caption: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    height_px: int
    headers: list[str]
    rows: list[list[str]]
    numeric: int = 1
    """Columns from this one on are numbers."""
    extra: dict[str, Any] = field(default_factory=dict)


def safe(text: object) -> str:
    """Text for HTML and for Plotly, which reads some tags."""
    return html.escape(str(text))


def words(*lines: object) -> str:
    """Words of a point."""
    return "<br>".join(safe(line) for line in lines if line)


def layout(x: str, y: str, **more: Any) -> dict[str, Any]:
    """Common layout with titles of the axes; `more` is merged in, axes included."""
    axis = {"gridcolor": LINE, "zerolinecolor": GREY, "automargin": True, "fixedrange": True, "ticks": "outside",
            "tickcolor": LINE}  # fmt: skip
    found: dict[str, Any] = {
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 12, "r": 14, "t": 34, "b": 12},
        "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff",
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {"bgcolor": "#fff", "bordercolor": INK, "font": {"size": 13, "color": INK}, "align": "left"},
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "xanchor": "left",
            "y": 1.0,
            "yanchor": "bottom",
        },
        "xaxis": {**axis, "title": {"text": safe(x), "standoff": 8}, **more.pop("xaxis", {})},
        "yaxis": {**axis, "title": {"text": safe(y), "standoff": 8}, **more.pop("yaxis", {})},
    }
    # Plotly's own margins come in rounds, which need not end where room is scarce
    found["yaxis"]["automargin"] = False
    found["margin"] = {**found["margin"], "l": NUMBERS_PX}
    if "ticktext" in found["yaxis"]:
        longest = max((len(html.unescape(one)) for one in found["yaxis"]["ticktext"]), default=0)
        found["margin"] = {**found["margin"], "l": 18 + round(CHARACTER_PX * longest)}
        del found["yaxis"]["title"]
    return {**found, **more}


def rows_axis(labels: Sequence[str], **more: Any) -> dict[str, Any]:
    """A vertical axis with a named row at 0, 1, ... from the top."""
    return {"tickmode": "array", "ticklabelstandoff": 6, "tickvals": list(range(len(labels))),
            "ticktext": [safe(cut(one)) for one in labels], "range": [len(labels) - 0.4, -0.6],
            "showgrid": False, "zeroline": False, "ticks": "", **more}  # fmt: skip


def height(rows: int, row_px: int = ROW_PX) -> int:
    """Height of a chart with so many rows."""
    return FRAME_PX + rows * row_px


def cut(text: str, most: int = 22) -> str:
    """A text that is short enough for an axis."""
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def number(value: float, digits: int, sign: bool = False) -> str:
    """A number with a proper minus sign; `sign` shows a plus too."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0.0:
        return text
    return f"{MINUS if value < 0.0 else '+' if sign else ''}{text}"


def worth(half: float, digits: int) -> int:
    """Decimals for a number that is known to `half`: two figures of it, at most `digits`."""
    return digits if half <= 0.0 else max(0, min(digits, 1 - math.floor(math.log10(half))))


def told(one: Estimate, digits: int, scale: float = 1.0, sign: bool = False, unit: str = "") -> str:
    """An estimate with its interval, `12.3 s (12.1 to 12.5)`; of `digits` decimals as many as it is worth."""
    if one.value is None:
        return "none"
    if one.low is not None and one.high is not None:
        digits = worth(0.5 * abs(one.high - one.low) * scale, digits)
    if one.value != 0.0:
        digits = max(0, min(digits, FIGURES - 1 - math.floor(math.log10(abs(one.value * scale)))))
    value = number(one.value * scale, digits, sign) + (f" {unit}" if unit else "")
    if one.low is None or one.high is None:
        return f"{value} (no interval, n = {one.n})"
    return f"{value} ({number(one.low * scale, digits, sign)} to {number(one.high * scale, digits, sign)})"


def interval_rows(each: Sequence[Estimate], scale: float, said: Sequence[str]) -> dict[str, Any]:
    """A trace with an estimate and its interval in each row, grey where the interval holds 0; `said`: of each point."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [(one.value or 0.0) * scale for one in each],
        "y": list(range(len(each))),
        "error_x": bars(each, scale, color=BLUE),
        "marker": {"size": 10, "color": [BLUE if one.beyond_chance else GREY for one in each]},
        "customdata": list(said),
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def bars(estimates: Sequence[Estimate], scale: float = 1.0, **more: Any) -> dict[str, Any]:
    """Error bars of estimates, for Plotly."""
    up, down = [], []
    for one in estimates:
        known = one.value is not None and one.low is not None and one.high is not None
        up.append((one.high - one.value) * scale if known else 0.0)  # type: ignore[operator]
        down.append((one.value - one.low) * scale if known else 0.0)  # type: ignore[operator]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5, "width": 4, **more}
