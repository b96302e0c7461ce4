"""The charts of a day: Gantt, levels, causes of waiting, sensitivity, and the swaps it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.throughput.estimates import Estimate
from agents.throughput.events import levels_of, spans_of
from agents.throughput.limits import Limits, Point
from agents.throughput.page_html import styled
from agents.throughput.records import Inputs, Recorder
from agents.throughput.swaps import Sample

if TYPE_CHECKING:
    import plotly.graph_objects as go

HOUR_S = 3600.0

COLOURS = {
    # what a row does; the palette of Okabe and Ito (2008), which colour-blind readers can tell apart
    "enter": "#9ecbe8",
    "check": "#56b4e9",
    "park again": "#e69f00",
    "wait for packs or robot": "#d55e00",
    "swap": "#0072b2",
    "finish by hand": "#cc79a7",
    "repair": "#3b3b3b",
    "leave": "#c9ced4",
    "charging": "#009e73",
}

CAUSE_WORDS = {
    "robot": "robot at work",
    "bay": "another truck that enters, is checked or leaves",
    "repark": "another truck that parks again",
    "faults": "a repair, or a swap finished by hand",
    "packs": "no ready pack, all others charge at full power",
    "chargers": "no ready pack, one waits for a charger",
    "grid": "no ready pack, the connection limits charging",
}

CAUSE_COLOURS = {
    "robot": "#0072b2",
    "bay": "#56b4e9",
    "repark": "#e69f00",
    "faults": "#cc79a7",
    "packs": "#009e73",
    "chargers": "#b8a800",
    "grid": "#d55e00",
}


def gantt(recorder: Recorder, inputs: Inputs) -> go.Figure:
    """What bays, robots and chargers do over the day."""
    import plotly.graph_objects as go

    spans = spans_of(recorder, inputs)
    rows = list(dict.fromkeys(span["row"] for span in spans))
    figure = go.Figure()
    for what, colour in COLOURS.items():
        of = [span for span in spans if span["what"] == what]
        if not of:
            continue
        texts = [
            f"{span['row']}: {what}<br>{_at(span['start_s'])} to {_at(span['end_s'])}, "
            f"{(span['end_s'] - span['start_s']) / 60:.1f} min"
            + (f"<br>truck {span['truck'] + 1}" if span["truck"] is not None else "")
            for span in of
        ]
        figure.add_trace(
            go.Bar(
                orientation="h",
                y=[span["row"] for span in of],
                base=[span["start_s"] / HOUR_S for span in of],
                x=[(span["end_s"] - span["start_s"]) / HOUR_S for span in of],
                marker={"color": colour, "line": {"width": 0}},
                name=what,
                text=texts,
                textposition="none",
                hovertemplate="%{text}<extra></extra>",
            )
        )
    styled(figure, 70 + 26 * len(rows), barmode="overlay", bargap=0.18, hovermode="closest", showlegend=False)
    figure.update_layout(margin={"t": 8})
    _clock(figure, inputs.window_s)
    figure.update_yaxes(categoryorder="array", categoryarray=rows[::-1], fixedrange=True)
    return figure


def levels(recorder: Recorder, inputs: Inputs) -> go.Figure:
    """Trucks outside, ready packs and power from the grid over the day."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    found = levels_of(recorder, inputs)
    times = [level["t_s"] / HOUR_S for level in found]
    titles = ("trucks that wait outside", "ready packs", "power from the grid, MW")
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.09, subplot_titles=titles)
    for row, (key, scale, colour) in enumerate(
        (("queue", 1.0, "#d55e00"), ("packs_ready", 1.0, "#009e73"), ("grid_power_w", 1e-6, "#0072b2")), start=1
    ):
        figure.add_trace(
            go.Scatter(
                x=times,
                y=[level[key] * scale for level in found],
                mode="lines",
                line={"shape": "hv", "width": 1.4, "color": colour},
                fill="tozeroy",
                name=titles[row - 1],
                showlegend=False,
                customdata=[_at(level["t_s"]) for level in found],
                hovertemplate="%{customdata}: %{y:.3g}<extra></extra>",
            ),
            row=row,
            col=1,
        )
    limit_w = inputs.site.charging.site_power_limit_w * 1e-6
    figure.add_hline(limit_w, row=3, col=1, line={"dash": "dot", "color": "#1d2530", "width": 1},
                     annotation_text=f"limit {limit_w:g} MW", annotation_position="top right")  # fmt: skip
    styled(figure, 430)
    _clock(figure, inputs.window_s)
    figure.update_yaxes(rangemode="tozero", fixedrange=True)
    figure.update_yaxes(range=[0.0, 1.2 * limit_w], row=3, col=1)
    return figure


def causes(limits: Limits) -> go.Figure:
    """Share of the day in which a truck waits, by cause."""
    import plotly.graph_objects as go

    order = sorted(limits.waiting_share, key=lambda cause: limits.waiting_share[cause].mean)
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=order,
            x=[100.0 * limits.waiting_share[cause].mean for cause in order],
            error_x={
                "type": "data",
                "array": [100.0 * _half(limits.waiting_share[cause]) for cause in order],
                "color": "#1d2530",
                "thickness": 1.2,
            },
            marker={"color": [CAUSE_COLOURS[cause] for cause in order]},
            customdata=[CAUSE_WORDS[cause] for cause in order],
            hovertemplate="%{customdata}<br>%{x:.1f} % of the day<extra></extra>",
        )
    )
    styled(figure, 290)
    figure.update_xaxes(title="% of the day", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure


def curve(points: Sequence[Point], name: str, own: int, waiting: bool) -> go.Figure:
    """Swaps a day, or mean waiting, against the number of a resource; `own`: the site's number."""
    import plotly.graph_objects as go

    lines: list[tuple[str, list[Estimate | None], float, str]] = [
        ("with the day's trucks", [p.days.estimate("swaps_per_day") for p in points], 1.0, "#0072b2"),
        ("if trucks always wait", [p.capacity.estimate("swaps_per_day") for p in points], 1.0, "#009e73"),
    ]
    if waiting:
        lines = [("mean waiting", [p.days.estimate("wait_mean_s") for p in points], 1 / 60, "#d55e00")]
    figure = go.Figure()
    for words, estimates, scale, colour in lines:
        known = [(p.count, of) for p, of in zip(points, estimates, strict=True) if of is not None]
        figure.add_trace(
            go.Scatter(
                x=[count for count, _ in known],
                y=[of.mean * scale for _, of in known],
                error_y={"type": "data", "array": [_half(of) * scale for _, of in known], "thickness": 1.2},
                mode="lines+markers",
                line={"color": colour},
                marker={
                    "size": 9,
                    "color": [colour if count == own else "#ffffff" for count, _ in known],
                    "line": {"width": 1.6, "color": colour},
                },
                name=words,
                showlegend=not waiting,
                hovertemplate="%{x} " + name + ": %{y:.1f}<extra>" + words + "</extra>",
            )
        )
    styled(figure, 320, title={"text": "mean waiting, min" if waiting else "swaps a day", "font": {"size": 14}})
    figure.update_layout(legend={"y": -0.24, "yanchor": "top"}, margin={"l": 56, "t": 44})
    figure.update_xaxes(title=name, dtick=1, fixedrange=True)
    ends = [of.mean + _half(of) for _, estimates, _, _ in lines for of in estimates if of is not None]
    figure.update_yaxes(range=[0.0, 1.06 * max(ends, default=1.0) * lines[0][2]], fixedrange=True)
    return figure


def histogram(sample: Sample) -> go.Figure:
    """Times of the measured swaps by outcome."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for outcome, colour in outcome_colours(sample).items():
        of = [
            swap.before_s + swap.work_s + swap.after_s
            for swap in sample.swaps
            if swap.outcome.replace("_", " ") == outcome
        ]
        figure.add_trace(go.Histogram(x=of, name=outcome, xbins={"size": 5.0}, marker={"color": colour},
                                      hovertemplate="%{x} s: %{y}<extra>%{fullData.name}</extra>"))  # fmt: skip
    styled(figure, 260, barmode="stack", bargap=0.05, showlegend=False)
    figure.update_layout(margin={"t": 8})
    figure.update_xaxes(title="identification to verification, s", fixedrange=True)
    figure.update_yaxes(title="swaps", fixedrange=True)
    return figure


def outcome_colours(sample: Sample) -> dict[str, str]:
    """Colour by outcome; completed swaps first."""
    outcomes = sorted(sample.counts, key=lambda one: (one != "completed", one))
    palette = ("#0072b2", "#d55e00", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#3b3b3b")
    return {outcome.replace("_", " "): palette[k % len(palette)] for k, outcome in enumerate(outcomes)}


def _half(of: Estimate) -> float:
    return 0.0 if of.ci95 is None else 0.5 * (of.ci95[1] - of.ci95[0])


def _clock(figure: go.Figure, end_s: float) -> None:
    ticks = list(range(0, int(end_s / HOUR_S) + 1, 3))
    figure.update_xaxes(
        range=[0.0, end_s / HOUR_S], tickvals=ticks, ticktext=[f"{hour % 24:02d}:00" for hour in ticks], title=None
    )


def _at(time_s: float) -> str:
    minutes = int(time_s // 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
