"""Two worker processes against one: steps a second of an environment, resets included, as a trainer gets them.

The share of a core that the processes had is said beside the figures: on a busy machine two have no more than one.
"""

from __future__ import annotations

import os
import statistics
from typing import Any

from tests.benchmarks.environments.process import Process, SideError
from tests.benchmarks.row import Row, speed_ratio
from twin.console import ProgressLine

REQUIRED_OF_ONE = 1.7
TURNS = 16
TURN_S = 0.6
A_CORE = 0.9
"""Less of a core than this, and others were running too."""


def worker_rows(
    label: str,
    name: str,
    arguments: dict[str, Any],
    line: ProgressLine,
    *,
    turns: int = TURNS,
    turn_s: float = TURN_S,
) -> list[Row]:
    """Both at once over one alone, which of them alternating."""
    title = f"{label}, two workers"
    if len(os.sched_getaffinity(0)) < 2:
        return [Row(title, note="not measured: only one core here")]
    a_step_s: dict[str, list[float]] = {"one": [], "two": []}
    shares: dict[str, list[float]] = {"one": [], "two": []}
    try:
        with Process(name, arguments) as first, Process(name, arguments) as second:
            for number in range(turns + 1):
                line.update(f"{title}, turn {number} of {turns}")
                alone = (first, second)[number // 2 % 2]
                for kind in ("one", "two") if number % 2 else ("two", "one"):
                    running = (alone,) if kind == "one" else (first, second)
                    for process in running:
                        process.ask(turn_s)
                    said = [process.answer() for process in running]
                    a_step_s[kind].append(1.0 / sum(one["steps"] / wall_s(one) for one in said))
                    shares[kind].append(statistics.mean(one["cpu_s"] / wall_s(one) for one in said))
    except SideError as error:
        return [Row(title, note=f"not measured: {error}")]
    two, one = a_step_s["two"][1:], a_step_s["one"][1:]
    ratio, quartiles = speed_ratio(two, one)
    share = {kind: statistics.median(each[1:]) for kind, each in shares.items()}
    busy = "" if share["two"] >= A_CORE else ": two free cores were not to be had, measure again on a quiet machine"
    return [
        Row(
            title,
            1.0 / statistics.median(two),
            "steps/s",
            ratio,
            "one worker",
            quartiles,
            f">= {REQUIRED_OF_ONE}",
            ratio >= REQUIRED_OF_ONE,
            note=f"each had {share['two']:.0%} of a core, one alone {share['one']:.0%}{busy}",
        ),
        Row(f"{label}, one worker", 1.0 / statistics.median(one), "steps/s"),
    ]


def wall_s(said: dict[str, Any]) -> float:
    """A process's own time, so that neither waits for the other's last step."""
    return float(said["step_s"] + said["reset_s"])
