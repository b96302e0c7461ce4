"""The charts that set all settings side by side: circumstances, ranks, time against force, failures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.experiments.report import estimates
from agents.experiments.report.answer import Choice
from agents.experiments.report.data import Trials
from agents.experiments.report.estimates import Estimate, rate
from agents.experiments.report.figure import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SERIES,
    Figure,
    bars,
    cut,
    height,
    interval_rows,
    layout,
    rows_axis,
    told,
    words,
)
from agents.experiments.report.metrics import FORCE, TIME
from agents.experiments.report.naming import MAX_POINTS, MAX_ROWS, MAX_TABLE, Names, factor_lines
from agents.experiments.trial import COMPLETED

Array = np.ndarray
MAX_CASES = 40
"""Circumstances in a chart."""


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
    said = [
        words(cut(case, 60), told(one, metric.digits, metric.scale, sign=True, unit=metric.unit), f"{one.n} seeds")
        for case, one in zip(cases, each, strict=True)
    ]
    return Figure(
        "The difference in each circumstance",
        f"{cut(names.short(choice.best), 40)} less {cut(names.short(choice.rival), 40)}, {metric.words}, by "
        f"{', '.join(trials.circumstances[0])}; same seed, both completed. Grey: not beyond chance, each alone."
        + (f" The first {MAX_CASES} of {len(found)}." if len(found) > MAX_CASES else ""),
        [interval_rows(each, metric.scale, said)],
        layout(f"difference, {metric.unit}", "", showlegend=False, yaxis=rows_axis(labels),
               xaxis={"zeroline": True, "zerolinewidth": 1.5, "rangemode": "tozero"}),
        height(len(known)),
        [", ".join(trials.circumstances[0]), f"difference, {metric.unit} (95 %)", "seeds"],
        [[case, told(one, metric.digits, metric.scale, sign=True), str(one.n)]
         for case, one in zip(cases, each, strict=True)],
    )  # fmt: skip


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
            words(f"rank {rank}, setting {k}", *factor_lines(names.whole(k)), told(one, metric.digits, metric.scale,
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
            return words(
                *factor_lines(names.whole(k)), f"{told(whole[k][0], 1, unit='s')}", told(whole[k][1], 2, unit="kN")
            )
        place = known.index(k)
        return words(*factor_lines(names.whole(k)), f"{middle[place][0]:.1f} s, {middle[place][1]:.2f} kN")

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
