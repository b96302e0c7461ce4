"""What happened in one measured day: who did what from when to when, and levels over time; as CSV or JSON."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from agents.throughput.records import Inputs, Recorder
from twin.console import atomic_write, plain

DIGITS = 3
SUFFIXES = (".csv", ".json")
COLUMNS = ("row", "what", "start_s", "end_s", "truck")


def spans_of(recorder: Recorder, inputs: Inputs) -> list[dict[str, Any]]:
    """Spans that overlap the measured window, by row and start; seconds from its beginning, which is midnight."""
    start_s, end_s = inputs.warm_up_s, inputs.warm_up_s + inputs.window_s
    found = [
        {
            "row": row,
            "what": what,
            "start_s": round(began_s - start_s, DIGITS),
            "end_s": round(ended_s - start_s, DIGITS),
            "truck": truck if truck >= 0 else None,
        }
        for row, what, began_s, ended_s, truck in recorder.spans
        if ended_s > start_s and began_s < end_s
    ]
    return sorted(found, key=lambda span: (_place(span["row"]), span["start_s"]))


def _place(row: str) -> tuple[int, int]:
    kind, _, number = row.partition(" ")
    return ("bay", "robot", "charger").index(kind), int(number)


def levels_of(recorder: Recorder, inputs: Inputs) -> list[dict[str, Any]]:
    """Levels in the measured window after each change; several changes at one moment are one."""
    start_s, end_s = inputs.warm_up_s, inputs.warm_up_s + inputs.window_s
    found: dict[float, dict[str, Any]] = {}
    for time_s, queue, ready, power_w in recorder.levels:
        if time_s >= end_s:
            break
        t_s = max(round(time_s - start_s, DIGITS), 0.0)
        found[t_s] = {"t_s": t_s, "queue": queue, "packs_ready": ready, "grid_power_w": round(power_w, DIGITS)}
    return list(found.values())


def write_events(recorder: Recorder, inputs: Inputs, path: Path) -> None:
    """Write the spans as CSV or, by the name's ending, spans and levels as JSON."""
    import orjson

    spans = spans_of(recorder, inputs)
    with atomic_write(path) as file:
        if path.suffix == ".json":
            file.write(orjson.dumps(plain({"spans": spans, "levels": levels_of(recorder, inputs)})))
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(spans)
        file.write(text.getvalue().encode())
