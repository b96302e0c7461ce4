"""The charts of times: distributions by setting, and shares of the bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.experiments.report.data import Trials
from agents.experiments.report.estimates import rate
from agents.experiments.report.figure import (
    BEST,
    BLUE,
    GREY,
    ORANGE,
    OTHER,
    Figure,
    bars,
    cut,
    height,
    layout,
    rows_axis,
    told,
    words,
)
from agents.experiments.report.metrics import TIME, Metric
from agents.experiments.report.naming import MAX_TABLE, Names, some_of

Array = np.ndarray
MAX_BINS = 60


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
    """Histograms of one or two settings over each other; the last one is the best."""
    grid = trials.grid(metric.name) * metric.scale
    samples = [(k, grid[k][np.isfinite(grid[k])]) for k in numbers]
    samples = [(k, values) for k, values in samples if len(values) >= 5]
    if not samples:
        return None
    edges = _edges([values for _, values in samples])
    traces, table = [], []
    for k, values in samples:
        counts = np.histogram(values, edges)[0]
        colour = BEST if k == numbers[-1] else OTHER
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
