"""A day of the station as one self-contained HTML page: the answer, the Gantt of a day, what limits, sensitivity."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.throughput.arrivals import Saturated
from agents.throughput.day_charts import (
    CAUSE_WORDS,
    COLOURS,
    causes,
    curve,
    gantt,
    histogram,
    levels,
    outcome_colours,
)
from agents.throughput.estimates import Estimate
from agents.throughput.figures import EQUIPMENT, TRUCKS
from agents.throughput.limits import DEMAND, Answer, Point
from agents.throughput.page_html import STYLE, chart_html, keys_html, table_html
from agents.throughput.records import Day, Recorder
from agents.throughput.source import Source
from agents.throughput.words import in_words
from twin.catalogue import Provenance
from twin.console import atomic_write

NOTHING = "nothing that was tried"


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
        chart_html(gantt(content.recorder, content.answer.days.inputs), "gantt"),
        chart_html(levels(content.recorder, content.answer.days.inputs), "levels"),
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
    return rule + chart_html(causes(limits), "causes") + table + table_html(head, rows, most)


def _sensitivity(content: Content) -> str:
    words = (
        "<p>The same days with other numbers of one resource, all else as it is. "
        "Bars are 95 % intervals; the site's own number is the filled point.</p>"
    )
    site = content.answer.days.inputs.site
    own = {"packs": site.packs, "chargers": site.charging.chargers}
    charts = "".join(
        f'<div class="side">{chart_html(curve(points, name, own[name], False), f"swaps_{name}")}'
        f"{chart_html(curve(points, name, own[name], True), f'waits_{name}')}</div>"
        for name, points in content.points.items()
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
        + keys_html(outcome_colours(sample))
        + chart_html(histogram(sample), "histogram")
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
