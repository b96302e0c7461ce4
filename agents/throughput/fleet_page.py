"""The stations of a fleet, ranked, as one self-contained HTML page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.throughput.day_charts import CAUSE_COLOURS, CAUSE_WORDS
from agents.throughput.estimates import estimate
from agents.throughput.of_experiment import CAPACITY, SettingDays, ranked
from agents.throughput.page_html import STYLE, chart_html, keys_html, styled, table_html
from agents.throughput.words import in_words
from twin.console import atomic_write

if TYPE_CHECKING:
    import plotly.graph_objects as go

LONG_S = 1800.0
MINUS = "\N{MINUS SIGN}"
NONE_COLOUR = "#c9ced4"


@dataclass(frozen=True)
class FleetContent:
    """What the page shows: the experiment's question, its stations' days, and the command that made it."""

    question: str
    days: Sequence[SettingDays]
    seeds: int
    days_each: int
    command: str


def write_fleet_page(path: Path, content: FleetContent) -> None:
    """Write the page atomically."""
    text = fleet_page(content)
    with atomic_write(path) as file:
        file.write(text.encode())


def fleet_page(content: FleetContent) -> str:
    """Return the page's HTML."""
    from plotly.offline import get_plotlyjs

    title = content.question or "The stations of the fleet, ranked"
    head = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script></head><body><main>\n<h1>{html.escape(title)}</h1>"
    )
    causes = {CAUSE_WORDS[cause]: CAUSE_COLOURS[cause] for cause in CAUSE_COLOURS
              if any(one.waiting == cause for one in content.days)}  # fmt: skip
    sections = [
        _lead(content),
        "<h2>Each station</h2><p>Its day: trucks that came, and how long they waited. The colour is what they wait for "
        "most of the time.</p>",
        keys_html(causes),
        chart_html(_waits(content), "waits"),
        "<h2>All stations, longest waiting first</h2>",
        _table(content),
    ]
    foot = f"<p class=note>Made by <code>{html.escape(content.command)}</code></p>\n</main></body></html>\n"
    return head + "\n" + "\n".join(sections) + "\n" + foot


def _values(content: FleetContent, name: str) -> list[float]:
    return [one.figures[name].mean for one in content.days if name in one.figures]


def _lead(content: FleetContent) -> str:
    waits = _values(content, "wait_mean_s")
    swaps, capacity = _values(content, "swaps_per_day"), _values(content, CAPACITY)
    long = sum(wait > LONG_S for wait in waits)
    lines = [
        f"<strong>{sum(swaps):,.0f} swaps a day</strong> at {len(swaps):,} stations, "
        f"{in_words(estimate(swaps), minus=MINUS)} each.",
        f"At {long:,} of them ({100.0 * long / max(len(waits), 1):.0f} %) trucks wait more than 30 min on average.",
        f"If trucks always waited, a station would make {in_words(estimate(capacity), minus=MINUS)} swaps a day.",
    ]
    note = (
        f"Each station has {content.seeds:,} swaps that the twin played for it and {content.days_each:,} simulated "
        "day(s) of its own; in brackets the 95 % interval of the mean of stations."
    )
    paragraphs = "".join(f"<p>{line}</p>" for line in (*lines, f"<small>{note}</small>"))
    return f'<div class="lead">{paragraphs}</div>'


def _waits(content: FleetContent) -> go.Figure:
    import plotly.graph_objects as go

    shown = [one for one in content.days if "wait_mean_s" in one.figures]
    figure = go.Figure(
        go.Scatter(
            x=[one.figures["arrivals_per_day"].mean for one in shown],
            y=[one.figures["wait_mean_s"].mean / 60.0 for one in shown],
            mode="markers",
            marker={
                "size": 7,
                "opacity": 0.75,
                "color": [CAUSE_COLOURS.get(one.waiting or "", NONE_COLOUR) for one in shown],
            },
            text=[
                f"station {one.station + 1}{_levels(one.setting)}<br>waits for {one.waiting or 'nothing'}"
                for one in shown
            ],
            hovertemplate="%{text}<br>%{x:.0f} trucks, %{y:.0f} min<extra></extra>",
        )
    )
    figure.add_hline(LONG_S / 60.0, line={"dash": "dot", "color": "#1d2530", "width": 1},
                     annotation_text="30 min", annotation_position="top left")  # fmt: skip
    styled(figure, 380, hovermode="closest", showlegend=False)
    figure.update_layout(margin={"t": 12})
    figure.update_xaxes(title="trucks that came in a day")
    figure.update_yaxes(title="mean waiting, min", rangemode="tozero")
    return figure


def _levels(setting: Mapping[str, Any]) -> str:
    return "".join(f"<br>{html.escape(name)}: {html.escape(str(level))}" for name, level in setting.items())


def _table(content: FleetContent) -> str:
    factors = list(content.days[0].setting) if content.days else []
    head = ("rank", "station", *factors, "trucks", "swaps", "mean waiting, min", "95th percentile, min",
            "swaps if trucks always wait", "waits for")  # fmt: skip
    rows = []
    for rank, one in enumerate(ranked(content.days), start=1):
        of = one.figures
        rows.append(
            (
                str(rank),
                str(one.station + 1),
                *(str(one.setting[name]) for name in factors),
                in_words(of.get("arrivals_per_day"), digits=0, minus=MINUS),
                one.why or in_words(of.get("swaps_per_day"), digits=0, minus=MINUS),
                in_words(of.get("wait_mean_s"), 1 / 60, 0, minus=MINUS),
                in_words(of.get("wait_p95_s"), 1 / 60, 0, minus=MINUS),
                in_words(of.get(CAPACITY), digits=0, minus=MINUS),
                one.waiting or "-",
            )
        )
    return table_html(head, rows)
