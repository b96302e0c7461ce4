"""The comparison as one self-contained HTML page: first divergences, phases, and every signal over time."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.console import atomic_write
from twin.log_import.comparing.comparison import Comparison
from twin.log_import.comparing.own_swap import OwnSwap, PhaseTime
from twin.log_import.comparing.residuals import Divergence, Residual

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from twin.log_import.report import ImportReport

SHOWN = {"m": ("mm", 1e3), "rad": ("deg", math.degrees(1.0)), "n": ("kN", 1e-3)}
"""Displayed unit, and the factor from SI to it."""
LOG, TWIN, BAND, OUT = "#1f6fb4", "#d1741c", "rgba(120,120,120,0.18)", "#c0262d"
MAX_POINTS = 9_000
CONTRADICTIONS = ("contradicting switches", "truck moved")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2530; max-width: 1180px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; margin: .6em 0; } th, td { padding: .25em .9em .25em 0; text-align: left; }
th { border-bottom: 1px solid #9aa5b1; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.lead { background: #f3f5f8; padding: .8em 1em; border-left: 4px solid #c0262d; } .same { border-color: #2c8a4b; }
small { color: #5b6673; }
"""


def write_page(path: str | Path, comparison: Comparison, report: ImportReport, title: str) -> None:
    """Write the page atomically."""
    with atomic_write(path) as file:
        file.write(page(comparison, report, title).encode())


def page(comparison: Comparison, report: ImportReport, title: str) -> str:
    """The page's HTML."""
    from plotly.offline import get_plotlyjs

    name = html.escape(title or report.log)
    beside = comparison.beside
    diverged = [(p.signal, p.kind) for p in beside.divergences]
    order = sorted(
        beside.residuals, key=lambda r: diverged.index(k) if (k := (r.name, r.kind)) in diverged else len(diverged)
    )
    charts = "\n".join(_chart(r, comparison) for r in order)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}: the twin beside the log</title>
<style>{STYLE}</style><script>{get_plotlyjs()}</script></head><body>
<h1>{name}: the twin beside the log</h1>
<p>{html.escape(report.log)}, {report.start} to {report.end} ({report.duration_s:.1f} s), read by
{html.escape(report.map)}. Seconds are those of the recording. Blue is the log, orange the twin, grey the band within
which both agree.</p>
{_lead(beside.divergences, contradictions_of(report))}
<h2>Where they part</h2>
{_divergences(beside.divergences)}
<h2>Phases</h2>
{_phases(comparison.own.phases)}
<p><small>The twin's own swap: same truck where it stood, same packs and slots, timing set
{html.escape(comparison.own.timing)}, on the reduced-order plant; it ended as
{html.escape(comparison.own.outcome)}{_mechanical(comparison.own)}. A phase of the log covers the twin's phases up to
the next one that the log names.</small></p>
<h2>Anti-sway, as found in the log's moves</h2>
{_moves(comparison)}
<h2>Signals</h2>
{charts}
</body></html>
"""


def _mechanical(own: OwnSwap) -> str:
    return "" if own.mechanical_time_s is None else f" after {own.mechanical_time_s:.1f} s of mechanical time"


def shown(value: float, unit: str) -> str:
    """A value with its displayed unit."""
    word, factor = SHOWN[unit]
    return f"{value * factor:.4g} {word}"


def _lead(divergences: Sequence[Divergence], against: Sequence[str]) -> str:
    """`against`: contradictions of the log with itself or with the twin's stationary truck."""
    if not divergences and against:
        text = html.escape("; ".join(against))
        return f'<p class="lead">Every compared signal stays within its band, but the log shows: {text}.</p>'
    if not divergences:
        return '<p class="lead same">Nothing parts: every signal stays within its band from begin to end.</p>'
    more = f" The log also shows: {'; '.join(against)}." if against else ""
    return f'<p class="lead">{html.escape(sentence(divergences[0]) + more)}</p>'


def contradictions_of(report: ImportReport) -> list[str]:
    """Contradictions of a log with itself, or with a stationary truck, in words."""
    return [finding.where for finding in report.findings if finding.kind in CONTRADICTIONS]


def sentence(first: Divergence) -> str:
    """The first parting of log and twin, in words."""
    phase = f", in {first.phase}" if first.phase else ""
    return (
        f"They part first at {first.t_s:.2f} s{phase}: {first.signal} is {shown(first.log, first.unit)} in the log and "
        f"{shown(first.twin, first.unit)} in the twin, whose band is {shown(first.band, first.unit)} either way. "
        f"The worst difference is {shown(first.worst, first.unit)} at {first.worst_s:.2f} s."
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of HTML cells; columns whose head begins with `>` are numbers, to the right."""
    of = [" class=n" if head.startswith(">") else "" for head in heads]
    head = "".join(f"<th{kind}>{text.lstrip('>')}</th>" for kind, text in zip(of, heads, strict=True))
    body = ["".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(of, row, strict=True)) for row in rows]
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{cells}</tr>' for cells in body)}</table>"


def _divergences(divergences: Sequence[Divergence]) -> str:
    if not divergences:
        return "<p>Nowhere.</p>"
    heads = (">s", "phase", "signal", "the twin is", ">log", ">twin", ">band", ">worst difference", "")
    rows = (
        (
            f"{p.t_s:.2f}", html.escape(p.phase), html.escape(p.signal), p.kind,
            *(shown(value, p.unit) for value in (p.log, p.twin, p.band)),
            f"{shown(p.worst, p.unit)} at {p.worst_s:.1f} s", f"<small>{html.escape(p.words)}</small>",
        )
        for p in divergences
    )  # fmt: skip
    return _table(heads, rows)


def _phases(phases: Sequence[PhaseTime]) -> str:
    def seconds(value: float | None, sign: str = "") -> str:
        return "–" if value is None else f"{value:{sign}.2f}"

    heads = ("phase of the log", "covers of the twin's", ">log, s", ">twin, s", ">log less twin, s")
    rows = (
        (
            html.escape(p.name), f"<small>{html.escape(', '.join(p.covers))}</small>",
            seconds(p.log_s), seconds(p.twin_s), seconds(p.difference_s, "+"),
        )
        for p in phases
    )  # fmt: skip
    return _table(heads, rows)


def _moves(comparison: Comparison) -> str:
    moves = comparison.beside.moves
    if not moves:
        return "<p>No moves that sway a load.</p>"
    heads = (">from, s", ">to, s", "axis", ">from, m", ">to, m", "shaper", ">met within, mm rms")
    rows = (
        (
            f"{m.move.start_s:.2f}", f"{m.move.end_s:.2f}", m.move.name, f"{m.move.begin:.3f}", f"{m.move.target:.3f}",
            m.shaper, f"{m.fit_m * 1e3:.2f}", f"{m.shaper_rope_m:.3f}", f"{m.rope_m:.3f}",
        )
        for m in moves
    )  # fmt: skip
    return _table((*heads, ">rope used, m", ">true rope, m"), rows)


def _chart(r: Residual, comparison: Comparison) -> str:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    beside = comparison.beside
    word, factor = SHOWN[r.unit]
    k = _drawn(r)
    t, values, band = beside.t_s[k], r.values[k] * factor, r.band[k] * factor
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.55, 0.45])
    figure.add_trace(_line(go, t, r.log[k] * factor, "log", LOG), row=1, col=1)
    figure.add_trace(_line(go, t, r.twin[k] * factor, "twin", TWIN), row=1, col=1)
    around = {"fill": "toself", "fillcolor": BAND, "line": {"width": 0}, "name": "band", "hoverinfo": "skip"}
    edge = np.concatenate((band, -band[::-1]))
    figure.add_trace(go.Scatter(x=_short(np.concatenate((t, t[::-1]))), y=_short(edge), **around), row=2, col=1)
    figure.add_trace(_line(go, t, values, "log less twin", LOG), row=2, col=1)
    outside = np.where(np.abs(values) > band, values, np.nan)
    figure.add_trace(_line(go, t, outside, "outside", OUT), row=2, col=1)
    for n, (name, start_s, end_s) in enumerate(beside.phases):
        shade = 0.09 if n % 2 else 0.0
        figure.add_vrect(x0=start_s, x1=end_s, fillcolor="#8894a3", opacity=shade, line_width=0, row="all", col=1)
        if end_s - start_s > 0.03 * max(float(beside.t_s[-1]), 1.0):
            figure.add_annotation(
                x=0.5 * (start_s + end_s), y=1.06, yref="y domain", text=name.replace("_", " "), showarrow=False,
                font={"size": 10, "color": "#5b6673"},
            )  # fmt: skip
    part = next((p for p in beside.divergences if (p.signal, p.kind) == (r.name, r.kind)), None)
    if part is not None:
        figure.add_vline(x=part.t_s, line={"color": OUT, "dash": "dot", "width": 1.5}, row="all", col=1)
    figure.update_layout(
        height=420, margin={"l": 60, "r": 20, "t": 60, "b": 40}, template="plotly_white", hovermode="x unified",
        title={"text": f"{r.name} ({r.kind})<br><sub>{html.escape(r.words)}</sub>", "x": 0.0, "font": {"size": 15}},
        legend={"orientation": "h", "y": -0.15},
    )  # fmt: skip
    figure.update_yaxes(title_text=word, row=1, col=1)
    figure.update_yaxes(title_text=f"difference, {word}", row=2, col=1)
    figure.update_xaxes(title_text="s", row=2, col=1)
    return str(figure.to_html(full_html=False, include_plotlyjs=False))


def _line(go_: Any, t: np.ndarray, y: np.ndarray, name: str, colour: str) -> go.Scatter:
    return go_.Scatter(x=_short(t), y=_short(y), name=name, mode="lines", line={"color": colour, "width": 1.3})


def _short(values: np.ndarray) -> np.ndarray:
    """Rounded values for the plot: half the bytes are enough."""
    return values.astype(np.float32)


def _drawn(r: Residual) -> np.ndarray:
    """Indices of the plotted samples: all of them, or for a long log evenly some and the worst between them."""
    count = len(r.values)
    step = -(-count // MAX_POINTS)
    if step <= 1:
        return np.arange(count)
    size = np.nan_to_num(np.abs(r.values))
    bins = [int(a + size[a : a + step].argmax()) for a in range(0, count, step)]
    return np.unique(np.concatenate((np.arange(0, count, step), bins)))
