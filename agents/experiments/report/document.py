"""The HTML of the report: sections, tables and figures, with style, script and data in one file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from agents.experiments.report.data import Trials
from agents.experiments.report.figure import Figure, safe


@dataclass
class Section:
    """One part of the page."""

    key: str
    title: str
    lines: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def table_html(heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: int, name: str) -> str:
    """A table that scrolls in itself where it is wider than the page."""

    def cell(tag: str, text: str, column: int) -> str:
        kind = " class='n'" if column >= numeric else " class='w'" if tag == "td" and len(text) > 24 else ""
        scope = " scope='col'" if tag == "th" else ""
        value, mark, interval = text.partition(" (")
        inner = safe(text)
        if mark and column >= numeric and interval.endswith(")"):
            # a narrow column breaks an interval in two lines, not in three
            interval = interval.replace(" to ", " to\N{NO-BREAK SPACE}")
            inner = f"{safe(value)} <span class='i'>({safe(interval)}</span>"
        return f"<{tag}{kind}{scope}>{inner}</{tag}>"

    head = "".join(cell("th", text, k) for k, text in enumerate(heads))
    body = "".join("<tr>" + "".join(cell("td", text, k) for k, text in enumerate(row)) + "</tr>" for row in rows)
    return (f"<div class='scroll' tabindex='0' role='region' aria-label='{safe(name)}, table'><table><thead><tr>{head}"
            f"</tr></thead><tbody>{body}</tbody></table></div>")  # fmt: skip


def _figure(one: Figure, key: str) -> str:
    long = " class='long'" if len(one.rows) > 60 else ""
    return (
        f"<figure><div class='keep'><h3 id='{key}-title'>{safe(one.title)}</h3>"
        f"<div class='chart' id='{key}' tabindex='0' role='application' aria-labelledby='{key}-title' "
        f"aria-describedby='keys' style='height:{one.height_px}px'></div>"
        f"<figcaption>{safe(one.caption)}</figcaption></div>"
        f"<details{long}><summary>Numbers of this figure</summary>"
        f"{table_html(one.headers, one.rows, one.numeric, one.title)}</details></figure>"
    )


def document(trials: Trials, lines: Sequence[str], sections: Sequence[Section]) -> bytes:
    from plotly.offline import get_plotlyjs

    here = files("agents.experiments.report")
    style, script = (here.joinpath(f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    figures: dict[str, Any] = {}
    body: list[str] = []
    for section in sections:
        body.append(f"<section aria-labelledby='{section.key}'><h2 id='{section.key}'>{safe(section.title)}</h2>")
        body += section.lines
        for place, one in enumerate(section.figures):
            key = f"{section.key}-{place}"
            figures[key] = {"data": one.traces, "layout": {**one.layout, "height": one.height_px}}
            body.append(_figure(one, key))
        body.append("</section>")
    question = trials.spec.question if trials.spec is not None else ""
    title = question or f"Experiment {trials.source}"
    count = f"{len(trials):,} swaps"
    if len(trials) < trials.planned:
        why = "a run is still in progress" if trials.in_progress else "the experiment is not complete"
        count = f"{len(trials):,} of {trials.planned:,} planned swaps: {why}"
    links = "".join(f"<li><a href='#{one.key}'>{safe(one.title)}</a></li>" for one in sections)
    data = json.dumps(figures, separators=(",", ":"), allow_nan=False, default=float).replace("<", "\\u003c")
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{safe(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="hidden skip" href="#main">Skip to the report</a>
<header>
<h1>{safe(title)}</h1>
<p class="source">{safe(count)} from {safe(trials.source)}, {len(trials.settings):,} \
{"setting" if len(trials.settings) == 1 else "settings"}.</p>
<div class="answer" role="region" aria-label="Answer">{"".join(f"<p>{safe(line)}</p>" for line in lines)}</div>
<noscript><p>Without JavaScript the charts are empty; their numbers are below each of them.</p></noscript>
</header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main id="main">
<p class="source hint" id="keys">Charts: pointer or touch shows a point; with the keyboard, Tab to a chart, arrow keys for \
its points, Escape to leave them.</p>
{"".join(body)}
</main>
<footer>Made by swaptwin experiment report. The file is complete in itself and loads nothing.</footer>
<div class="hidden" id="said" role="status" aria-live="polite"></div>
<script>{get_plotlyjs()}</script>
<script type="application/json" id="chart-data">{data}</script>
<script>
{script}</script>
</body>
</html>
"""  # noqa: E501
    return page.encode()
