"""Physics ticks a second beside panda-gym, the nearest other environments on PyBullet.

Each side runs in a process of its own, in turns, under white noise; both at 500 ticks a simulated second. Only steps
are timed: observation, reward and whatever control there is are in it, resets are not.
"""

from __future__ import annotations

import statistics
from typing import Any

from tests.benchmarks.environments.process import Process, SideError
from tests.benchmarks.row import Row, speed_ratio
from twin.console import ProgressLine

PANDA = "panda_gym:PandaPickAndPlace-v3"
REQUIRED_OF_PANDA = 1.0
TURNS = 24
TURN_S = 0.4


def panda_rows(
    label: str,
    name: str,
    arguments: dict[str, Any],
    line: ProgressLine,
    *,
    other: str = PANDA,
    turns: int = TURNS,
    turn_s: float = TURN_S,
) -> list[Row]:
    """Our ticks a second over theirs."""
    against = other.split(":")[-1]
    try:
        with Process(other) as theirs, Process(name, arguments) as ours:
            pair = {"ours": ours, "theirs": theirs}
            said: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
            for number in range(turns + 1):
                line.update(f"{label} and {against}, turn {number} of {turns}")
                for side in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
                    pair[side].ask(turn_s)
                    said[side].append(pair[side].answer())
    except SideError as error:
        return [Row(f"{label} beside {against}", note=f"not measured: {error}")]
    a_tick_s = {side: [one["step_s"] / max(one["ticks"], 1) for one in each[1:]] for side, each in said.items()}
    ratio, quartiles = speed_ratio(a_tick_s["ours"], a_tick_s["theirs"])
    resets = statistics.median(one["reset_s"] / (one["step_s"] + one["reset_s"]) for one in said["ours"][1:])
    note = f"steps alone; resets took {resets:.0%} of the time. Ticks of ours have drives, sensors and monitor in them"
    return [
        Row(
            f"{label} physics",
            1.0 / statistics.median(a_tick_s["ours"]),
            "ticks/s",
            ratio,
            against,
            quartiles,
            f">= {REQUIRED_OF_PANDA}",
            ratio >= REQUIRED_OF_PANDA,
            note,
        ),
        Row(f"{against} physics", 1.0 / statistics.median(a_tick_s["theirs"]), "ticks/s"),
    ]
