"""Parts of a page that days and fleets share: style, tables, legends, charts."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

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
