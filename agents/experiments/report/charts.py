"""The charts of swaps and settings: times, bounds, phases, time against force, failures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.experiments.report import estimates
from agents.experiments.report.answer import Choice, level
from agents.experiments.report.answer import words as in_words
from agents.experiments.report.data import PHASE, Trials
from agents.experiments.report.effects import varied
from agents.experiments.report.estimates import Estimate, rate
from agents.experiments.report.figure import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    RED,
    SERIES,
    Figure,
    bars,
    cut,
    height,
    layout,
    number,
    rows_axis,
    told,
    words,
)
from agents.experiments.report.metrics import FORCE, TIME, Metric
from agents.experiments.trial import COMPLETED

Array = np.ndarray
MAX_ROWS = 16
"""Settings in a chart of one row each; the report's table has all."""
MAX_POINTS = 400
"""Settings in a chart of points."""
MAX_BINS = 60
MAX_CASES = 40
"""Circumstances in a chart."""
MAX_TABLE = 500
"""Rows of a table."""
SHORT_LABEL = 20
MECHANICAL_NOT = ("dock", "identify", "scan", "verify", "exit")
"""Phases outside of mechanical time."""


class Names:
    """Names of settings: short ones for axes, whole ones for tables."""

    def __init__(self, trials: Trials) -> None:
        self.factors = varied(trials) or trials.factors
        self._settings = trials.settings
        short = [", ".join(level(one[name]) for name in self.factors) for one in trials.settings[: MAX_TABLE + 1]]
        plain = len(set(short)) == len(trials.settings) and all(0 < len(one) <= SHORT_LABEL for one in short)
        self._short = short if plain else None

    def short(self, number: int) -> str:
        if len(self._settings) == 1:
            return "all swaps"
        return self._short[number] if self._short is not None else f"setting {number}"

    @property
    def head(self) -> str:
        """Head of a table's column that has `row`."""
        return ", ".join(self.factors) if self._short is not None else "setting"

    def row(self, number: int) -> str:
        """A setting in a table: its levels, whose factors the head has, or all in words."""
        return self._short[number] if self._short is not None else self.whole(number)

    def whole(self, number: int) -> str:
        if len(self._settings) == 1 and not self.factors:
            return "the one setting"
        return in_words(self._settings[number], self.factors)


def shown(trials: Trials, choice: Choice, order: Sequence[int], at_most: int = MAX_ROWS) -> list[int]:
    """Settings for a chart, by number: all, or the best of them with the baseline and the worst."""
    if len(trials.settings) <= at_most:
        return list(range(len(trials.settings)))
    picked = [choice.baseline, *([choice.rival] if choice.rival is not None else [])]
    picked += [*order[: at_most - len(picked) - 2], *order[-2:]]
    return [k for k in order if k in set(picked)]


def some_of(trials: Trials, count: int) -> str:
    """Words that a chart has some of the settings."""
    every = len(trials.settings)
    return "" if count == every else f" The best, the worst and the baseline of {every:,} settings are shown."


def distribution(trials: Trials, names: Names, numbers: Sequence[int], metric: Metric) -> Figure:
    """Boxes of 25 to 75 % with whiskers to 5 and 95 %, and each mean with its interval."""
    grid = trials.grid(metric.name)
    stats, rows, boxes = [], [], []
    for place, k in enumerate(numbers):
        values = grid[k][np.isfinite(grid[k])] * metric.scale
        one, middle = trials.mean(grid[k] * metric.scale), trials.median(grid[k] * metric.scale)
        stats.append(one)
        quantiles = np.percentile(values, [5, 25, 50, 75, 95]).tolist() if len(values) else None
        if quantiles is not None:
            boxes.append((place, quantiles))
        spread = f"{quantiles[0]:.{metric.digits}f} to {quantiles[4]:.{metric.digits}f}" if quantiles else "none"
        rows.append([names.row(k), str(len(values)), told(one, metric.digits), told(middle, metric.digits), spread])
    labels = [names.short(k) for k in numbers]
    have = [place for place, one in enumerate(stats) if one.value is not None]
    traces: list[dict[str, Any]] = [
        {
            "type": "box",
            "orientation": "h",
            "y": [place for place, _ in boxes],
            "lowerfence": [q[0] for _, q in boxes],
            "q1": [q[1] for _, q in boxes],
            "median": [q[2] for _, q in boxes],
            "q3": [q[3] for _, q in boxes],
            "upperfence": [q[4] for _, q in boxes],
            "width": 0.6,
            "line": {"color": GREY, "width": 1.3},
            "fillcolor": "#e4ebf3",
            "hoverinfo": "skip",
            "name": "25 to 75 %, whiskers 5 and 95 %",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [stats[k].value for k in have],
            "y": have,
            "error_x": bars([stats[k] for k in have], color=BLUE),
            "marker": {"color": BLUE, "size": 8, "symbol": "diamond"},
            "name": "mean, 95 % interval",
            "customdata": [
                words(
                    cut(names.whole(numbers[k]), 60),
                    f"mean {rows[k][2]}",
                    f"median {rows[k][3]}",
                    f"{rows[k][1]} swaps",
                )
                for k in have
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    ]
    caption = f"Swaps that completed, in {metric.unit}." + some_of(trials, len(numbers))
    return Figure(
        metric.words.capitalize() + " by setting",
        caption,
        traces,
        layout(metric.axis, "", yaxis=rows_axis(labels)),
        height(len(numbers), 34),
        [names.head, "swaps", f"mean, {metric.unit}", f"median, {metric.unit}", "5 to 95 % of swaps"],
        rows,
    )


def histogram(trials: Trials, names: Names, numbers: Sequence[int], metric: Metric) -> Figure | None:
    """Histograms of one or two settings over each other."""
    grid = trials.grid(metric.name) * metric.scale
    samples = [(k, grid[k][np.isfinite(grid[k])]) for k in numbers]
    samples = [(k, values) for k, values in samples if len(values) >= 5]
    if not samples:
        return None
    edges = _edges([values for _, values in samples])
    traces, table = [], []
    for place, (k, values) in enumerate(samples):
        counts = np.histogram(values, edges)[0]
        colour = SERIES[place]
        traces.append(
            {
                "type": "bar",
                "x": [(a + b) / 2 for a, b in zip(edges, edges[1:], strict=False)],
                "y": (100.0 * counts / len(values)).tolist(),
                "width": float(edges[1] - edges[0]),
                "marker": {"color": colour, "opacity": 0.6, "line": {"color": colour, "width": 1}},
                "name": cut(names.short(k), 30),
                "customdata": [
                    words(cut(names.whole(k), 60), f"{a:.4g} to {b:.4g} {metric.unit}: {n} of {len(values)} swaps")
                    for a, b, n in zip(edges, edges[1:], counts, strict=False)
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
        for a, b, n in zip(edges, edges[1:], counts, strict=False):
            if n:
                table.append([names.row(k), f"{a:.4g} to {b:.4g}", told(rate(int(n), len(values)), 1, 100.0)])
    return Figure(
        f"Distribution of the {metric.words}",
        "Share of the completed swaps in each range.",
        traces,
        layout(metric.axis, "share of swaps, %", barmode="overlay", showlegend=True),
        320,
        [names.head, f"range, {metric.unit}", "share, % (95 %)"],
        table[:MAX_TABLE],
        2,
    )


def _edges(samples: Sequence[Array]) -> Array:
    """Edges of bins for samples together: the narrowest that one of them has by Freedman and Diaconis, rounded."""
    from agents.tune.picture import ticks

    low, high = min(float(one.min()) for one in samples), max(float(one.max()) for one in samples)
    if high - low < 1e-9 * max(1.0, abs(high)):
        return np.array([low - 0.5, low + 0.5])
    widths = [2.0 * float(np.subtract(*np.percentile(one, [75, 25]))) / len(one) ** (1 / 3) for one in samples]
    width = min([width for width in widths if width > 0.0] or [(high - low) / 10])
    about = max(4, min(MAX_BINS, math.ceil((high - low) / width)))
    return np.array(ticks(low, high, about))


def bounds(trials: Trials, names: Names, numbers: Sequence[int]) -> Figure | None:
    """Mechanical time over what no procedure, and what no timing, can save."""
    columns = ("lower_bound_s", "procedure_bound_s", TIME.name)
    if not set(columns) <= set(trials.columns):
        return None
    lower, procedure, time_s = (trials.grid(name) for name in columns)
    parts = (
        ("kinematic bound", lower, "#9db8d6"),
        ("procedure beyond it", procedure - lower, BLUE),
        ("timing beyond both", time_s - procedure, ORANGE),
    )
    numbers = [k for k in numbers if np.isfinite(time_s[k] + procedure[k] + lower[k]).any()]
    if not numbers:
        return None
    traces: list[dict[str, Any]] = []
    for title, grid, colour in parts:
        each = [trials.mean(grid[k]) for k in numbers]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [one.value for one in each],
                "y": list(range(len(numbers))),
                "name": title,
                "marker": {"color": colour},
                "customdata": [
                    words(cut(names.whole(k), 60), f"{title}: {told(one, 2, unit='s')}")
                    for k, one in zip(numbers, each, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    rows = [
        [
            names.row(k),
            told(trials.mean(time_s[k]), 2),
            told(trials.mean(lower[k]), 2),
            told(trials.mean(lower[k] / time_s[k]), 1, 100.0),
            told(trials.mean(procedure[k]), 2),
            told(trials.mean(procedure[k] / time_s[k]), 1, 100.0),
        ]
        for k in numbers
    ]
    return Figure(
        "Share of the bounds in the mechanical time",
        "Mean seconds of completed swaps. The kinematic bound is the critical path with every axis at its limits; the "
        "procedure bound adds what the procedure must contain whatever the timing. Only the rest can be tuned away."
        + some_of(trials, len(numbers)),
        traces,
        layout("mechanical time, s", "", barmode="stack", yaxis=rows_axis([names.short(k) for k in numbers])),
        height(len(numbers), 30) + 24,
        [names.head, "mechanical time, s", "kinematic bound, s", "its share, %", "procedure bound, s", "its share, %"],
        rows,
    )


def gantt(trials: Trials, names: Names, choice: Choice) -> Figure | None:
    """Phases of one swap of each of two settings, on the seed whose difference is the nearest to the mean."""
    if choice.best is None:
        return None
    pair = [choice.best] if choice.rival is None else [choice.rival, choice.best]
    grid = trials.grid(TIME.name)[pair]
    common = np.isfinite(grid).all(axis=0)
    if not common.any():
        return None
    against = grid[-1] - grid[0] if len(pair) > 1 else grid[0]
    gap = np.where(common, np.abs(against - float(against[common].mean())), math.inf)
    column = int(gap.argmin())
    traces, table, swaps = [], [], []
    for k in pair:
        index = trials.where(k, column)
        spans = _spans(trials.spans(index)) if index is not None else []
        if not spans:
            return None
        begin = next((start for name, _, start, _ in spans if name not in MECHANICAL_NOT), 0.0)
        # docking and the fixed times before the robot moves say nothing of the settings
        spans = [(name, robot, a - begin, b - begin) for name, robot, a, b in spans if name not in MECHANICAL_NOT]
        swaps.append((k, spans))
    phases = [name for name in trials.phases if any(name == one for _, spans in swaps for one, *_ in spans)]
    for place, (k, spans) in enumerate(swaps):
        bar = {
            "type": "bar",
            "orientation": "h",
            "name": cut(names.short(k), 30),
            "offsetgroup": str(place),
            "marker": {
                "color": SERIES[1] if len(pair) > 1 and place == 0 else BLUE,
                "line": {"width": 0},
                # a second robot is hatched
                "pattern": {
                    "shape": ["/" if robot else "" for _, robot, *_ in spans],
                    "fillmode": "overlay",
                    "fgcolor": "#fff",
                    "size": 6,
                },
            },
            "x": [b - a for _, _, a, b in spans],
            "base": [a for _, _, a, _ in spans],
            "width": 0.7 / len(pair),
            "y": [phases.index(name) + _shift(place, len(pair)) for name, *_ in spans],
            "customdata": [
                words(cut(names.whole(k), 60), f"{name}: {a:.2f} to {b:.2f} s ({b - a:.2f} s), robot {robot + 1}")
                for name, robot, a, b in spans
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        traces.append(bar)
        table += [
            [names.row(k), name, str(robot + 1), f"{a:.2f}", f"{b:.2f}", f"{b - a:.2f}"] for name, robot, a, b in spans
        ]
    return Figure(
        "Phase by phase",
        f"One swap of each, {trials.column_words(column)}: the case whose "
        f"{'difference' if len(pair) > 1 else 'time'} is the nearest to "
        "the mean. Seconds from the start of the mechanical time."
        + (" Hatched: a second robot." if any(robot for _, spans in swaps for _, robot, *_ in spans) else ""),
        traces,
        layout(
            "time, s",
            "",
            barmode="overlay",
            yaxis=rows_axis([one.replace("_", " ") for one in phases]),
            showlegend=True,
            shapes=[
                {
                    "type": "rect",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": row - 0.5,
                    "y1": row + 0.5,
                    "layer": "below",
                    "fillcolor": "#f2f5f8",
                    "line": {"width": 0},
                }
                for row in range(0, len(phases), 2)
            ],
        ),
        height(len(phases), 30),
        [names.head, "phase", "robot", "start, s", "end, s", "duration, s"],
        table,
        2,
    )


def _shift(place: int, count: int) -> float:
    return 0.0 if count == 1 else (place - 0.5) * 0.36


def _spans(text: str) -> list[tuple[str, int, float, float]]:
    found = []
    for part in text.split("; "):
        words_ = part.split()
        if len(words_) == 4:
            found.append((words_[0], int(words_[1]), float(words_[2]), float(words_[3])))
    return found


def waterfall(trials: Trials, names: Names, choice: Choice) -> Figure | None:
    """Mean seconds that each phase adds or saves between two settings, paired."""
    if choice.best is None or choice.rival is None:
        return None
    best, rival = choice.best, choice.rival
    time_s = trials.grid(TIME.name)
    common = np.isfinite(time_s[best]) & np.isfinite(time_s[rival])
    if not common.any():
        return None
    steps: list[tuple[str, Estimate]] = []
    left = np.where(common, time_s[best] - time_s[rival], math.nan)
    for name in trials.phases:
        if name in MECHANICAL_NOT:
            continue
        grid = np.nan_to_num(trials.grid(PHASE + name))
        change = np.where(common, grid[best] - grid[rival], math.nan)
        left = left - change
        if np.nanmax(np.abs(change)) > 1e-9:
            steps.append((name, trials.mean(change)))
    if np.nanmax(np.abs(left)) > 5e-3:
        steps.append(("done in parallel", trials.mean(left)))
    if not steps:
        return None
    total = [trials.mean(np.where(common, time_s[k], math.nan)) for k in (rival, best)]
    whole = trials.mean(np.where(common, time_s[best] - time_s[rival], math.nan))
    begin, end = total[0].value or 0.0, total[1].value or 0.0
    level_s, bases = begin, []
    for _, one in steps:
        bases.append(level_s)
        level_s += one.value or 0.0
    labels = [f"from {names.short(rival)}", *(name.replace("_", " ") for name, _ in steps), f"to {names.short(best)}"]
    colours = [GREEN if (one.value or 0.0) < 0.0 else RED for _, one in steps]
    place = list(range(1, len(steps) + 1))
    ends = [begin, end]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": ends,
            "y": [0, len(steps) + 1],
            "marker": {"color": INK, "size": 11, "symbol": "diamond"},
            "customdata": [
                words(cut(names.whole(k), 60), f"mean {told(one, 2, unit='s')}")
                for k, one in zip((rival, best), total, strict=True)
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
        {
            "type": "bar",
            "orientation": "h",
            "base": bases,
            "x": [one.value for _, one in steps],
            "y": place,
            "width": 0.65,
            "marker": {"color": colours},
            "error_x": bars([one for _, one in steps], color=INK),
            "customdata": [words(name, told(one, 2, sign=True, unit="s")) for name, one in steps],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    ]
    points = [*ends, *bases, level_s]
    pad = 0.08 * (max(points) - min(points) or 1.0)
    n = int(common.sum())
    return Figure(
        "Where the seconds go",
        f"Mean mechanical time on the {n} {pairs_word(trials)} that both completed, from "
        f"{number(begin, 2)} to {number(end, 2)} s, and what each phase adds or saves. "
        f"In all {told(whole, 2, sign=True, unit='s')}." + _parallel(steps),
        traces,
        layout(
            "mechanical time, s",
            "",
            showlegend=False,
            yaxis=rows_axis(labels),
            xaxis={"range": [min(points) - pad, max(points) + pad]},
        ),
        height(len(labels)),
        ["phase", "seconds (95 %)", "seeds"],
        [[name, told(one, 2, sign=True), str(one.n)] for name, one in steps]
        + [["in all", told(whole, 2, sign=True), str(whole.n)]],
    )


def pairs_word(trials: Trials) -> str:
    """What pairs of swaps are counted in: seeds, or cases of seed and circumstance."""
    return "cases" if trials.circumstances else "seeds"


def by_circumstance(trials: Trials, choice: Choice) -> list[tuple[int, Estimate]]:
    """Difference between the two settings in each circumstance where it is known, by the circumstance's number."""
    if not trials.circumstances or choice.best is None or choice.rival is None:
        return []
    grid = trials.grid(choice.metric.name)
    cells = (grid[choice.best] - grid[choice.rival]).reshape(len(trials.circumstances), -1)
    return [(k, estimates.mean(row)) for k, row in enumerate(cells) if np.isfinite(row).any()]


def circumstances(trials: Trials, names: Names, choice: Choice) -> Figure | None:
    """Difference between the two settings in each circumstance."""
    found = by_circumstance(trials, choice)
    if not found or choice.best is None or choice.rival is None:
        return None
    metric = choice.metric
    known, each = [k for k, _ in found[:MAX_CASES]], [one for _, one in found[:MAX_CASES]]
    cases = [", ".join(str(level) for level in trials.circumstances[k].values()) for k in known]
    last = [str(list(trials.circumstances[k].values())[-1]) for k in known]
    labels = last if len(set(last)) == len(last) else cases
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [(one.value or 0.0) * metric.scale for one in each],
        "y": list(range(len(known))),
        "error_x": bars(each, metric.scale, color=BLUE),
        "marker": {"size": 9, "color": [BLUE if one.beyond_chance else GREY for one in each]},
        "customdata": [
            words(cut(case, 60), told(one, metric.digits, metric.scale, sign=True, unit=metric.unit), f"{one.n} seeds")
            for case, one in zip(cases, each, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return Figure(
        "The difference in each circumstance",
        f"{cut(names.short(choice.best), 40)} less {cut(names.short(choice.rival), 40)}, {metric.words}, by "
        f"{', '.join(trials.circumstances[0])}; same seed, both completed. Grey: not beyond chance, each alone."
        + (f" The first {MAX_CASES} of {len(found)}." if len(found) > MAX_CASES else ""),
        [trace],
        layout(f"difference, {metric.unit}", "", showlegend=False, yaxis=rows_axis(labels),
               xaxis={"zeroline": True, "zerolinewidth": 1.5, "rangemode": "tozero"}),
        height(len(known)),
        [", ".join(trials.circumstances[0]), f"difference, {metric.unit} (95 %)", "seeds"],
        [[case, told(one, metric.digits, metric.scale, sign=True), str(one.n)]
         for case, one in zip(cases, each, strict=True)],
    )  # fmt: skip


def _parallel(steps: Sequence[tuple[str, Estimate]]) -> str:
    if not any(name == "done in parallel" for name, _ in steps):
        return ""
    return " Phases count for each robot; what robots do in parallel is the last step."


def ranking(trials: Trials, names: Names, choice: Choice, order: Sequence[tuple[int, Estimate]]) -> Figure:
    """Means of many settings in their order."""
    ranked = [(k, one) for k, one in order if one.value is not None]
    metric = choice.metric
    picked = list(range(len(ranked)))
    if len(ranked) > MAX_POINTS:
        spread = {int(round(k)) for k in np.linspace(0, len(ranked) - 1, MAX_POINTS)}
        marked = {rank for rank, (k, _) in enumerate(ranked) if k in (choice.baseline, choice.best)}
        picked = sorted(spread | marked)
    chosen = [(rank + 1, *ranked[rank]) for rank in picked]
    colours = [BLUE if k == choice.best else ORANGE if k == choice.baseline else GREY for _, k, _ in chosen]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [rank for rank, *_ in chosen],
        "y": [(one.value or 0.0) * metric.scale for *_, one in chosen],
        "error_y": bars([one for *_, one in chosen], metric.scale, color="#b4bec9", width=0),
        "marker": {"color": colours, "size": [10 if c != GREY else 5 for c in colours]},
        "customdata": [
            words(f"rank {rank}, setting {k}", *_lines(names.whole(k)), told(one, metric.digits, metric.scale,
                                                                             unit=metric.unit))
            for rank, k, one in chosen
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    return Figure(
        f"All settings by their mean {metric.words}",
        f"{len(chosen):,} of {len(ranked):,} settings with a completed swap; best blue, baseline orange. Settings were "
        "not all compared on the same completed seeds here.",
        [trace],
        layout("rank", metric.axis, showlegend=False),
        340,
        ["setting", f"mean {metric.words}, {metric.unit}", "swaps"],
        [[f"{k}: {names.whole(k)}", told(one, metric.digits, metric.scale), str(one.n)] for _, k, one in chosen],
    )


def _lines(text: str, most: int = 6) -> list[str]:
    """A setting's words, a factor a line."""
    parts = text.split(", ")
    return [cut(part, 48) for part in parts[:most]] + (["..."] if len(parts) > most else [])


def pareto(trials: Trials, names: Names, choice: Choice) -> Figure | None:
    """Median time against median lateral force; of one setting, its swaps."""
    if FORCE.name not in trials.columns:
        return None
    time_s, force = trials.grid(TIME.name), trials.grid(FORCE.name) * FORCE.scale
    if len(trials.settings) == 1:
        return None
    known = [k for k in range(len(trials.settings)) if np.isfinite(time_s[k]).any()]
    if len(known) < 2:
        return None
    centre = trials.mean if trials.circumstances else trials.median
    word = "mean" if trials.circumstances else "median"
    of_all = np.nanmean if trials.circumstances else np.nanmedian
    middle = np.array([[of_all(trials.by_seed(time_s[k])), of_all(trials.by_seed(force[k]))] for k in known])
    front = _front(middle)
    few = len(known) <= MAX_ROWS
    members = [known[k] for k in front]
    interesting = [*members, choice.baseline, *([choice.best] if choice.best is not None else [])]
    whole = {
        k: (centre(time_s[k]), centre(force[k]))
        for k in (known if few else dict.fromkeys(interesting))
        if k in set(known)
    }
    rest = [k for k in range(len(known)) if k not in set(front)]
    if len(rest) > MAX_POINTS:
        rest = [rest[int(k)] for k in np.linspace(0, len(rest) - 1, MAX_POINTS)]

    def said(k: int) -> str:
        if k in whole:
            return words(*_lines(names.whole(k)), f"{told(whole[k][0], 1, unit='s')}", told(whole[k][1], 2, unit="kN"))
        place = known.index(k)
        return words(*_lines(names.whole(k)), f"{middle[place][0]:.1f} s, {middle[place][1]:.2f} kN")

    def trace(places: Sequence[int], title: str, colour: str, **more: Any) -> dict[str, Any]:
        ids = [known[place] for place in places]
        errors: dict[str, Any] = {}
        if all(k in whole for k in ids):
            errors = {"error_x": bars([whole[k][0] for k in ids], color=colour, thickness=1, width=3),
                      "error_y": bars([whole[k][1] for k in ids], color=colour, thickness=1, width=3)}  # fmt: skip
        return {
            "type": "scatter",
            "x": middle[list(places), 0].tolist(),
            "y": middle[list(places), 1].tolist(),
            "name": title,
            "customdata": [said(k) for k in ids],
            "hovertemplate": "%{customdata}<extra></extra>",
            "marker": {"color": colour, "size": 9 if few or title == "front" else 5},
            **errors,
            **more,
        }

    traces = []
    if rest:
        traces.append(trace(rest, "other settings", GREY, mode="markers"))
    traces.append(trace(front, "front", BLUE, mode="lines+markers", line={"shape": "hv", "color": BLUE, "width": 1.5}))
    rings = [("baseline", choice.baseline, ORANGE), ("best", choice.best, GREEN)]
    for title, k, colour in rings:
        if k is not None and k in known:
            place = known.index(k)
            traces.append({"type": "scatter", "mode": "markers", "x": [float(middle[place][0])],
                           "y": [float(middle[place][1])], "name": title, "hoverinfo": "skip",
                           "marker": {"symbol": "circle-open", "size": 17, "color": colour,
                                      "line": {"width": 2.5}}})  # fmt: skip
    rows = [
        [
            names.row(k),
            "yes" if k in members else "no",
            told(whole[k][0], 1),
            told(whole[k][1], 2),
            str(whole[k][0].n),
        ]
        for k in whole
    ]
    return Figure(
        f"{word.capitalize()}s of the settings",
        f"{word.capitalize()}s of completed swaps with their intervals. No setting is both faster and gentler than one "
        "of the front.",
        traces,
        layout(f"mechanical time, {word}, s", f"peak lateral force, {word}, kN", showlegend=True),
        400,
        [names.head, "on the front", "time, s", "force, kN", "swaps"],
        rows[:MAX_TABLE],
        2,
    )


def _front(points: Array) -> list[int]:
    """Indices of the points that none beats in both, by rising time."""
    found: list[int] = []
    lowest = math.inf
    for index in np.lexsort((points[:, 1], points[:, 0])):
        if points[index, 1] < lowest:
            found.append(int(index))
            lowest = float(points[index, 1])
    return found


def failing(trials: Trials) -> list[int]:
    """Settings for the chart of failures: all, or those that fail most."""
    if len(trials.settings) <= MAX_ROWS:
        return list(range(len(trials.settings)))
    share = (trials.played & ~trials.done).sum(axis=1) / np.maximum(trials.played.sum(axis=1), 1)
    return [int(k) for k in np.argsort(-share, kind="stable")[:MAX_ROWS] if share[k] > 0.0]


def failures(trials: Trials, names: Names, numbers: Sequence[int]) -> Figure | None:
    """Shares of the outcomes that are no completed swap, by setting."""
    every = Counter(one for one in trials.outcome if one != COMPLETED)
    if not every:
        return None
    counts: dict[int, Counter[str]] = {k: Counter() for k in range(len(trials.settings))}
    for k, outcome in zip(trials.setting, trials.outcome, strict=True):
        counts[int(k)][outcome] += 1
    traces = []
    for place, (reason, _) in enumerate(every.most_common()):
        each = [rate(counts[k][reason], counts[k].total()) for k in numbers]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [100.0 * (one.value or 0.0) for one in each],
                "y": list(range(len(numbers))),
                "name": reason.replace("_", " "),
                "marker": {"color": SERIES[place % len(SERIES)]},
                "customdata": [
                    words(cut(names.whole(k), 60), f"{reason}: {told(one, 1, 100.0, unit='%')}",
                          f"{counts[k][reason]} of {one.n}")
                    for k, one in zip(numbers, each, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )  # fmt: skip
    rows = [
        [names.row(k), reason.replace("_", " "), f"{counts[k][reason]} of {counts[k].total()}",
         told(rate(counts[k][reason], counts[k].total()), 1, 100.0)]
        for k in numbers
        for reason in every
        if counts[k][reason]
    ]  # fmt: skip
    for reason, n in every.most_common():
        rows.append(["all settings", reason.replace("_", " "), f"{n} of {len(trials)}",
                     told(rate(n, len(trials)), 1, 100.0)])  # fmt: skip
    return Figure(
        "Swaps that did not complete",
        f"{every.total():,} of {len(trials):,} swaps, by reason."
        + ("" if len(numbers) == len(trials.settings) else f" The {len(numbers)} settings that fail most."),
        traces,
        layout("share of swaps, %", "", barmode="stack", yaxis=rows_axis([names.short(k) for k in numbers]),
               showlegend=True, xaxis={"rangemode": "tozero"}),
        height(len(numbers), 30) + 24 * math.ceil(len(every) / 3),
        [names.head, "reason", "swaps", "share, % (95 %)"],
        rows[:MAX_TABLE],
        2,
    )  # fmt: skip
