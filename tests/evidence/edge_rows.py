"""One swap at the edges as a row of plain data, and the classes that its outcome falls into.

The class of a swap's end, the first line that applies:

| class | the swap |
|---|---|
| `completed` | ended as `completed` |
| `outside_model` | left the stated domain of the reduced-order model: counts as neither agreement nor difference |
| `error` | ended in an exception or in a key figure that is not finite: always a fault of the program |
| `not_begun` | ended before a robot entered its first mechanical phase: `repark_required`, `scan_failed`, ... |
| `tripped` | was stopped by an interlock (it has an event `trip`), whatever the trip's name |
| `stopped` | was ended by the sequence: `grip_failed`, `lock_stuck`, `jam`, `sway_limit`, `timeout`, `refused`, ... |
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.evidence.edge_cases import EdgeCase, case_of
from tests.evidence.markers import stamp
from twin.catalogue.schema import MECHANICAL
from twin.runner.kinds import runner_maker

CLASSES = ("completed", "outside_model", "error", "not_begun", "tripped", "stopped")
PEAKS = ("peak_lateral_force_n", "peak_axial_force_n")

Row = dict[str, Any]


def class_of(outcome: str, event_names: Iterable[str], begun: bool) -> str:
    """The class of a swap's end; `begun`: whether a robot entered a mechanical phase."""
    if outcome in ("completed", "outside_model", "error"):
        return outcome
    if not begun:
        return "not_begun"
    return "tripped" if "trip" in event_names else "stopped"


def play(case: EdgeCase, plant: str) -> Row:
    """Play a case on a plant; an exception is a row too."""
    from twin.swap import SwapTwin

    began = time.perf_counter()
    try:
        twin = SwapTwin(case.setup(), case.timing, case.faults, make_runner=runner_maker(plant))
        try:
            result = twin.run()
            ended_s = twin.program.time_s(0)
        finally:
            twin.close()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return {"id": case.identifier, "plant": plant, "outcome": "error", "class": "error", "said": said, **stamp()}
    names = [event["name"] for event in result.events]
    begun = any(span.name in MECHANICAL[case.station.kind] for span in result.phases)
    wild = sorted(name for name, value in result.kpis.items() if not math.isfinite(value))
    said = next((event["message"] for event in reversed(result.events) if event["name"] == "outcome"), "")
    # a plant that left its domain says so itself: only its last state need be finite
    outcome = "error" if wild and result.outcome != "outside_model" else result.outcome
    return {
        "id": case.identifier,
        "plant": plant,
        "outcome": outcome,
        "class": class_of(outcome, names, begun),
        "said": f"not finite: {', '.join(wild)}; {said}" if wild else said,
        "ended_s": round(ended_s, 3),
        "mechanical_time_s": round(result.mechanical_time_s, 3),
        "kpis": {name: round(float(v), 6) if math.isfinite(v) else None for name, v in result.kpis.items()},
        "violations": [
            {"invariant": one["invariant"], "t_s": one["t_s"], "message": one["message"]} for one in result.violations
        ],
        "events": len(names),
        "faults_not_acted": len(result.faults_not_acted),
        "end_state_sha256": result.end_state_sha256,
        "wall_s": round(time.perf_counter() - began, 2),
        **stamp(),
    }


def play_identifier(identifier: str, draw_seed: int, plant: str) -> Row:
    """`play` for a process of its own."""
    return play(case_of(identifier, draw_seed), plant)


# ------------------------------------------------------------------------------------------------------------- in files


def path_of(folder: Path, plant: str) -> Path:
    return folder / f"{plant}.jsonl"


def read(folder: Path, plant: str) -> dict[str, Row]:
    """Rows by identifier, of several rows of a case the last; half a line that a killed run left is passed over."""
    path = path_of(folder, plant)
    if not path.exists():
        return {}
    found: dict[str, Row] = {}
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            row = json.loads(line)
            found[row["id"]] = row
    return found


def write(folder: Path, plant: str, rows: Iterable[Row]) -> None:
    """All rows of a plant, in place of what the file has."""
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(folder, plant)
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(row, allow_nan=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(part, path)


def append(folder: Path, plant: str, row: Row) -> None:
    """One more row, whole in one write."""
    with path_of(folder, plant).open("ab", buffering=0) as file:
        file.write((json.dumps(row, allow_nan=False) + "\n").encode())
