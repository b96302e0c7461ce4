"""The charts of phases: two swaps side by side, and where the seconds between two settings go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.experiments.report.answer import Choice
from agents.experiments.report.data import PHASE, Trials
from agents.experiments.report.estimates import Estimate
from agents.experiments.report.figure import (
    BEST,
    GREEN,
    INK,
    OTHER,
    RED,
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
from agents.experiments.report.metrics import TIME
from agents.experiments.report.naming import Names, pairs_word

MECHANICAL_NOT = ("dock", "identify", "scan", "verify", "exit")
"""Phases outside of mechanical time."""


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
                "color": BEST if k == pair[-1] else OTHER,
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


def _parallel(steps: Sequence[tuple[str, Estimate]]) -> str:
    if not any(name == "done in parallel" for name, _ in steps):
        return ""
    return " Phases count for each robot; what robots do in parallel is the last step."
