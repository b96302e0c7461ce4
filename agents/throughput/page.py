"""A day of the station as one self-contained HTML page: the answer, the Gantt of a day, what limits, sensitivity."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.throughput.arrivals import Saturated
from agents.throughput.day import Day, Recorder
from agents.throughput.estimates import Estimate
from agents.throughput.events import levels_of, spans_of
from agents.throughput.limits import DEMAND, Answer, Point
from agents.throughput.source import Source
from agents.throughput.words import in_words
from twin.catalogue import Provenance
from twin.console import atomic_write

if TYPE_CHECKING:
    import plotly.graph_objects as go

HOUR_S = 3600.0
NOTHING = "nothing that was tried"
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
TRUCKS = (
    ("swaps a day", "swaps_per_day", 1.0, 1),
    ("trucks that came", "arrivals_per_day", 1.0, 1),
    ("waiting, mean, min", "wait_mean_s", 1 / 60, 1),
    ("waiting, median, min", "wait_p50_s", 1 / 60, 1),
    ("waiting, 95th percentile, min", "wait_p95_s", 1 / 60, 1),
    ("waiting, longest of a day, min", "wait_max_s", 1 / 60, 1),
    ("trucks that wait over 30 min, %", "wait_over_30_min_share", 100.0, 1),
    ("arrival to leaving, mean, min", "stay_mean_s", 1 / 60, 1),
    ("parked again a day", "reparks_per_day", 1.0, 1),
    ("finished by hand a day", "by_hand_per_day", 1.0, 1),
)
EQUIPMENT = (
    ("robot at work, %", "robot_share", 100.0, 1),
    ("robot in repair or held for an operator, %", "robot_down_share", 100.0, 1),
    ("bay occupied, %", "bay_share", 100.0, 1),
    ("chargers at work, %", "charger_share", 100.0, 1),
    ("connection to the grid used, %", "grid_share", 100.0, 1),
    ("ready packs, mean", "packs_ready_mean", 1.0, 2),
    ("energy from the grid a day, MWh", "grid_energy_j", 1 / 3.6e9, 2),
)
"""Rows of the tables of figures: words, name, factor, digits."""
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2530; background: #fff; max-width: 1120px; margin: 2em auto;
       padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.15em; margin-top: 2.2em; }
p, li { max-width: 75ch; } .lead { background: #eef4fa; padding: .9em 1.1em; border-left: 4px solid #0072b2; }
.lead p { margin: .3em 0; } .lead strong { font-size: 1.15em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .6em 0; }
th, td { padding: .28em 1.1em .28em 0; text-align: left; vertical-align: top; }
thead th { border-bottom: 1px solid #9aa5b1; } tbody th { font-weight: normal; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.most td, tr.most th { font-weight: 600; } small, .note { color: #4c5763; } .chart { width: 100%; min-width: 0; }
summary { cursor: pointer; margin: .6em 0; } details table { font-size: .93em; }
.keys { display: flex; flex-wrap: wrap; gap: .2em 1.1em; list-style: none; padding: 0; margin: .4em 0; }
.keys li { max-width: none; }
.keys i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
@media (min-width: 800px) { .side { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 2em; } }
@media (max-width: 600px) { body { margin: 1em auto; } th, td { padding-right: .7em; } }
@media print { body { max-width: none; margin: 0; } .chart, table { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Content:
    """What the page shows.

    Attributes:
        station: its name.
        provenance: of the site's numbers as its file has them, by dotted key.
        changed: keys of the site that were changed for this run.
        first: the day whose Gantt is shown, and its recorder.
        command: what made the page.
    """

    station: str
    source: Source
    answer: Answer
    points: Mapping[str, Sequence[Point]]
    recorder: Recorder
    first: Day
    seeds: range
    provenance: Mapping[str, Provenance]
    changed: frozenset[str]
    command: str


def write_page(path: Path, content: Content) -> None:
    """Write the page atomically."""
    text = page(content)
    with atomic_write(path) as file:
        file.write(text.encode())


def page(content: Content) -> str:
    """Return the page's HTML."""
    from plotly.offline import get_plotlyjs

    site = content.answer.days.inputs.site
    title = f"A day of {content.station}: swaps, waiting and what limits"
    sections = [
        _lead(content),
        "<h2>Figures of a day</h2>",
        _figures(content),
        f"<h2>One day (seed {content.seeds[0]})</h2>",
        _day_words(content),
        keys_html({what: COLOURS[what] for what in COLOURS if any(span[1] == what for span in content.recorder.spans)}),
        chart_html(_gantt(content), "gantt"),
        chart_html(_levels(content), "levels"),
        "<h2>What limits</h2>",
        _limits(content),
        *([] if not content.points else ["<h2>Other numbers of packs and chargers</h2>", _sensitivity(content)]),
        "<h2>The swaps</h2>",
        _swaps(content),
        "<h2>The site</h2>",
        _site(content),
    ]
    head = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script></head><body><main>\n<h1>{html.escape(title)}</h1>"
    )
    foot = f"<p class=note>Made by <code>{html.escape(content.command)}</code></p>\n</main></body></html>\n"
    return f"{head}\n<p class=note>{html.escape(site.title)}</p>\n" + "\n".join(sections) + "\n" + foot


# ------------------------------------------------------------------------------------------------------------- words


def _lead(content: Content) -> str:
    days, limits = content.answer.days, content.answer.limits
    figures, capacity = days.figures(), content.answer.capacity.estimate("swaps_per_day")
    always = isinstance(days.inputs.arrivals, Saturated)
    lines = []
    if always:
        lines.append(f"<strong>{_words(capacity)} swaps a day</strong> when another truck always waits.")
    else:
        lines.append(f"<strong>{_words(figures['swaps_per_day'])} swaps a day</strong>, "
                     f"of {_words(figures.get('arrivals_per_day'))} trucks that come.")  # fmt: skip
        if "wait_mean_s" in figures:
            mean, p95, most = (_words(figures[f"wait_{name}_s"], 1 / 60) for name in ("mean", "p95", "max"))
            lines.append(f"A truck waits {mean} min on average; the 95th percentile is {p95} min, "
                         f"the longest of a day {most} min.")  # fmt: skip
        lines.append(f"If trucks always waited, the station would make {_words(capacity)} swaps a day.")
    if limits is not None:
        if not always:
            lines.append(
                f"What limits the swaps of this day: <strong>{_resource(limits.today)}</strong>. {_why(content)}"
            )
        if limits.at_capacity is not None:
            gain = limits.gains[limits.at_capacity]
            lines.append(f"What limits when trucks always wait: <strong>{_resource(limits.at_capacity)}</strong>; "
                         f"{html.escape(gain.words)} gives {_words(gain.capacity)} more swaps a day.")  # fmt: skip
    days_words = f"{len(content.seeds)} simulated days; in brackets the 95 % interval of their mean."
    paragraphs = "".join(f"<p>{line}</p>" for line in (*lines, f"<small>{days_words}</small>"))
    return f'<div class="lead">{paragraphs}</div>'


def _resource(name: str | None) -> str:
    return NOTHING if name is None else {"charger_power": "power of the chargers"}.get(name, name)


def _why(content: Content) -> str:
    limits = content.answer.limits
    assert limits is not None
    if limits.today is None:
        return "The queue grows over the day, and no resource alone gives more swaps."
    if limits.today != DEMAND:
        return f"The queue grows over the day; {html.escape(limits.gains[limits.today].words)} gives most swaps."
    waits = f" Trucks wait most for: {CAUSE_WORDS[limits.waiting]}." if limits.waiting is not None else ""
    return f"Every truck that comes is served: the queue does not grow over the day.{waits}"


def _words(of: Estimate | None, scale: float = 1.0, digits: int = 1) -> str:
    return in_words(of, scale, digits, "\N{MINUS SIGN}")


def table_html(
    head: Sequence[str], rows: Iterable[Sequence[str]], most: int | None = None, numbers: bool = True
) -> str:
    """A table whose first column is a heading; the row `most` is set off."""
    kind = ' class="n"' if numbers else ""
    cells = "".join(f"<th scope=col{kind if k else ''}>{html.escape(one)}</th>" for k, one in enumerate(head))
    body = []
    for number, row in enumerate(rows):
        rest = "".join(f"<td{kind}>{html.escape(cell)}</td>" for cell in row[1:])
        mark = ' class="most"' if number == most else ""
        body.append(f"<tr{mark}><th scope=row>{html.escape(row[0])}</th>{rest}</tr>")
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def keys_html(colours: Mapping[str, str]) -> str:
    """A legend that wraps on a narrow screen, where the chart's own would cover it."""
    items = (f'<li><i style="background:{colour}"></i>{html.escape(name)}</li>' for name, colour in colours.items())
    return f'<ul class="keys">{"".join(items)}</ul>'


def _figures(content: Content) -> str:
    figures = content.answer.days.figures()
    tables = [
        table_html((head, "mean (95 % interval)"), [(words, _words(figures[name], scale, digits))
                                                for words, name, scale, digits in rows if name in figures])
        for head, rows in (("trucks", TRUCKS), ("equipment", EQUIPMENT))
    ]  # fmt: skip
    return f'<div class="side">{"".join(tables)}</div>'


def _day_words(content: Content) -> str:
    first, inputs = content.first, content.answer.days.inputs
    waits = f" The longest wait was {max(first.waits_s) / 60:.0f} min." if first.waits_s else ""
    came = "" if isinstance(inputs.arrivals, Saturated) else f"{first.arrived} trucks came; "
    by_hand = f", {first.by_hand} of them finished by hand" if first.by_hand else ""
    return (f"<p>{came}{first.swaps} swaps were made{by_hand}.{waits} "
            "Drag to zoom, double-click to go back.</p>")  # fmt: skip


def _limits(content: Content) -> str:
    limits = content.answer.limits
    if limits is None:
        return ""
    always = isinstance(content.answer.days.inputs.arrivals, Saturated)
    names = list(limits.gains)
    rows: list[tuple[str, ...]] = [
        (gain.words, _words(gain.swaps), _words(gain.wait_s, 1 / 60), _words(gain.capacity))
        for gain in limits.gains.values()
    ]
    most = names.index(limits.at_capacity) if limits.at_capacity in names else None
    head: tuple[str, ...] = ("with", "swaps a day", "mean waiting, min", "swaps a day if trucks always wait")
    rule = (
        "<p>Share of the day in which at least one truck waits, by what it waits for. A truck outside waits for what "
        "the trucks in the bays do or wait for; with several bays, an equal part for each.</p>"
    )
    table = (
        "<p>Each line makes one resource larger and simulates the same days again, with the same trucks, swaps and "
        "faults: differences, with their 95 % intervals. The largest gain when trucks always wait is set off.</p>"
    )
    if always:
        head, rows = (head[0], head[3]), [(row[0], row[3]) for row in rows]
    return rule + chart_html(_causes(content), "causes") + table + table_html(head, rows, most)


def _sensitivity(content: Content) -> str:
    words = (
        "<p>The same days with other numbers of one resource, all else as it is. "
        "Bars are 95 % intervals; the site's own number is the filled point.</p>"
    )
    charts = "".join(
        f'<div class="side">{chart_html(_curve(content, name, False), f"swaps_{name}")}'
        f"{chart_html(_curve(content, name, True), f'waits_{name}')}</div>"
        for name in content.points
    )
    tables = "".join(
        f"<details><summary>Numbers: {name}</summary>"
        + table_html(
            (name, "swaps a day", "mean waiting, min", "95th percentile, min", "swaps a day if trucks always wait"),
            [
                (
                    str(point.count),
                    _words(point.days.estimate("swaps_per_day")),
                    _words(point.days.estimate("wait_mean_s"), 1 / 60),
                    _words(point.days.estimate("wait_p95_s"), 1 / 60),
                    _words(point.capacity.estimate("swaps_per_day")),
                )
                for point in points
            ],
        )
        + "</details>"
        for name, points in content.points.items()
    )
    return words + charts + tables


def _swaps(content: Content) -> str:
    sample = content.source.sample
    rows = [(outcome.replace("_", " "), str(n), f"{100.0 * n / len(sample.swaps):.1f} %")
            for outcome, n in sorted(sample.counts.items(), key=lambda it: -it[1])]  # fmt: skip
    words = (
        f"<p>{html.escape(content.source.words)}. Each truck draws one of them whole: its times, its outcome and its "
        "number of packs belong together, and nothing is fitted.</p>"
    )
    return (
        words
        + table_html(("outcome", "swaps", "share"), rows)
        + keys_html(_outcome_colours(content))
        + chart_html(_histogram(content), "histogram")
    )


def _site(content: Content) -> str:
    inputs = content.answer.days.inputs
    rows = []
    for key, value in _leaves(inputs.site.model_dump()):
        tag, text = content.provenance.get(key) or content.provenance.get(f"{key}[0]") or ("", "")
        if key in content.changed:
            tag, text = "changed", "for this run"
        rows.append((key, value, tag, text))
    words = "<p>Every number of the site and where it comes from. An estimate is labelled as one.</p>"
    table = table_html(("value of the site", "", "kind", "source or reason"), rows, numbers=False)
    return f"{words}<details><summary>{len(rows)} values</summary>{table}</details>"


def _leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in _leaves(one, f"{path}.{key}" if path else key)]
    if isinstance(value, list | tuple) and any(isinstance(one, dict) for one in value):
        return [leaf for k, one in enumerate(value) for leaf in _leaves(one, f"{path}[{k}]")]
    if isinstance(value, list | tuple):
        return [(path, ", ".join(f"{one:g}" for one in value))]
    return [(path, f"{value:g}" if isinstance(value, float) else str(value))]


# ------------------------------------------------------------------------------------------------------------ charts


def chart_html(figure: go.Figure, name: str) -> str:
    config = {"responsive": True, "displaylogo": False, "displayModeBar": False}
    text: str = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=config)
    return f'<div class="chart">{text}</div>'


def styled(figure: go.Figure, height: int, **more: Any) -> go.Figure:
    figure.update_layout(
        height=height,
        template="plotly_white",
        margin={"l": 76, "r": 16, "t": 34, "b": 44},
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1d2530"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.0},
        **more,
    )
    return figure


def _clock(figure: go.Figure, end_s: float) -> None:
    ticks = list(range(0, int(end_s / HOUR_S) + 1, 3))
    figure.update_xaxes(
        range=[0.0, end_s / HOUR_S], tickvals=ticks, ticktext=[f"{hour % 24:02d}:00" for hour in ticks], title=None
    )


def _at(time_s: float) -> str:
    minutes = int(time_s // 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _gantt(content: Content) -> go.Figure:
    import plotly.graph_objects as go

    inputs = content.answer.days.inputs
    spans = spans_of(content.recorder, inputs)
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


def _levels(content: Content) -> go.Figure:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    inputs = content.answer.days.inputs
    levels = levels_of(content.recorder, inputs)
    times = [level["t_s"] / HOUR_S for level in levels]
    titles = ("trucks that wait outside", "ready packs", "power from the grid, MW")
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.09, subplot_titles=titles)
    for row, (key, scale, colour) in enumerate(
        (("queue", 1.0, "#d55e00"), ("packs_ready", 1.0, "#009e73"), ("grid_power_w", 1e-6, "#0072b2")), start=1
    ):
        figure.add_trace(
            go.Scatter(
                x=times,
                y=[level[key] * scale for level in levels],
                mode="lines",
                line={"shape": "hv", "width": 1.4, "color": colour},
                fill="tozeroy",
                name=titles[row - 1],
                showlegend=False,
                customdata=[_at(level["t_s"]) for level in levels],
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


def _causes(content: Content) -> go.Figure:
    import plotly.graph_objects as go

    limits = content.answer.limits
    assert limits is not None
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


def _half(of: Estimate) -> float:
    return 0.0 if of.ci95 is None else 0.5 * (of.ci95[1] - of.ci95[0])


def _curve(content: Content, name: str, waiting: bool) -> go.Figure:
    """Swaps a day, or mean waiting, against the number of a resource."""
    import plotly.graph_objects as go

    points = content.points[name]
    site = content.answer.days.inputs.site
    own = site.packs if name == "packs" else site.charging.chargers
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


def _histogram(content: Content) -> go.Figure:
    import plotly.graph_objects as go

    swaps = content.source.sample.swaps
    figure = go.Figure()
    for outcome, colour in _outcome_colours(content).items():
        of = [swap.before_s + swap.work_s + swap.after_s for swap in swaps if swap.outcome.replace("_", " ") == outcome]
        figure.add_trace(go.Histogram(x=of, name=outcome, xbins={"size": 5.0}, marker={"color": colour},
                                      hovertemplate="%{x} s: %{y}<extra>%{fullData.name}</extra>"))  # fmt: skip
    styled(figure, 260, barmode="stack", bargap=0.05, showlegend=False)
    figure.update_layout(margin={"t": 8})
    figure.update_xaxes(title="identification to verification, s", fixedrange=True)
    figure.update_yaxes(title="swaps", fixedrange=True)
    return figure


def _outcome_colours(content: Content) -> dict[str, str]:
    """Colour by outcome; completed swaps first."""
    outcomes = sorted(content.source.sample.counts, key=lambda one: (one != "completed", one))
    palette = ("#0072b2", "#d55e00", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#3b3b3b")
    return {outcome.replace("_", " "): palette[k % len(palette)] for k, outcome in enumerate(outcomes)}
