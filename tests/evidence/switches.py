"""Slow evidence: what each interlock is there for, and by how much its threshold may be loosened.

    .venv/bin/python -m tests.evidence.switches            # a Markdown table, for docs/interlocks.md
    .venv/bin/python -m tests.evidence.switches --write    # into docs/interlocks.md
    .venv/bin/python -m tests.evidence.switches --only overload --json

Each row plays a hostile command, fault or action three ways: with every interlock at work, which has to end
without a violation; with the interlock switched off (and the one that would act in its place); and with its threshold
loosened step by step until the independent monitor reports an invariant, or the named consequence is there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tests.evidence import markers
from tests.evidence.part import OneLine
from tests.evidence.scenarios import SCENARIOS, Played
from twin.records import (
    TRIP_DISTANCE,
    TRIP_ESTOP,
    TRIP_FOLLOWING,
    TRIP_LATERAL,
    TRIP_LOAD_IMPLAUSIBLE,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    TRIP_POWER,
    TRIP_SWAY,
    TRIP_TRUCK_MOVED,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "interlocks.md"
MARK = "switches"
COMMAND = ".venv/bin/python -m tests.evidence.switches --write"
FACTORS = (1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0)
REQUIRED = 1.1


class Switch(NamedTuple):
    """An interlock: its index in `params.interlock_off`, what else is off beside it, its scenario, its threshold."""

    name: str
    index: int
    beside: tuple[int, ...]
    scenario: str
    threshold: str  # empty: it has none that could be loosened


SWITCHES = (
    Switch("emergency stop", TRIP_ESTOP, (), "button", ""),
    Switch("loss of power", TRIP_POWER, (TRIP_FOLLOWING,), "power", ""),
    Switch("overload", TRIP_OVERLOAD, (), "heavy_pack", "110 % of the rated load"),
    Switch("load implausible", TRIP_LOAD_IMPLAUSIBLE, (), "drifted_load_cell", ""),
    Switch("lateral force", TRIP_LATERAL, (TRIP_LOW_TRAVERSE,), "pressed_aside", "5.4 kN for 0.1 s"),
    Switch("lock not open, rise", TRIP_LOCK, (), "lock_stuck", "creep-out height"),
    Switch("lock not closed, release", TRIP_LOCK, (), "let_go_in_the_air", ""),
    Switch("lock not checked, truck", TRIP_LOCK, (), "truck_goes", ""),
    Switch("low traverse", TRIP_LOW_TRAVERSE, (), "sideways_while_low", "traverse deadband"),
    Switch("load swings or is askew", TRIP_SWAY, (), "swung_against_the_cab", "40 mm"),
    Switch("landing off target", TRIP_SWAY, (), "lands_while_it_travels", "30 mm, 1.7 deg"),
    Switch("truck moved", TRIP_TRUCK_MOVED, (), "truck_rolls", "10 mm"),
    Switch("overspeed", TRIP_FOLLOWING, (), "weak_hoist", "loaded or empty speed + 16 mm/s"),
    Switch("limit switch", TRIP_FOLLOWING, (), "past_the_stroke", "3 mm past the stroke"),
    Switch("robot distance", TRIP_DISTANCE, (), "robots_meet", "robot length + 30 mm"),
    Switch("speed limits", TRIP_NONE, (TRIP_FOLLOWING,), "loaded_at_empty_speed", "speed of the axis with its load"),
)


@dataclass
class Row:
    """A line of the table; `factor` is the first at which something was broken, None: none up to the largest."""

    name: str
    threshold: str
    scenario: str
    works: str
    off: str
    factor: float | None
    broken_at_factor: str


def violations_text(played: Played) -> str:
    """What was broken: invariants by number, or the named consequence."""
    parts = [f"invariant {i}" for i in sorted(played.violations)]
    if played.consequence:
        parts.append(played.consequence)
    return ", ".join(parts)


def row_of(switch: Switch, progress: Callable[[str], None] = lambda text: None) -> Row:
    scenario = SCENARIOS[switch.scenario]
    progress(f"{switch.name}: at work")
    works = scenario((), {})
    progress(f"{switch.name}: off")
    off = scenario((switch.index, *switch.beside), {})
    factor, broken = None, ""
    for candidate in FACTORS if switch.threshold else ():
        progress(f"{switch.name}: loosened by {candidate}")
        loosened = scenario(switch.beside, {switch.index: candidate})
        if violations_text(loosened):
            factor, broken = candidate, violations_text(loosened)
            break
    summary = (scenario.__doc__ or "").split("\n")[0].rstrip(".")
    return Row(
        switch.name,
        switch.threshold,
        summary,
        violations_text(works) or "nothing",
        violations_text(off) or "nothing",
        factor,
        broken,
    )


def table(rows: list[Row]) -> str:
    lines = [
        f"Version {version('swaptwin')}, {date.today().isoformat()}, Bullet; whole swaps on the reduced-order plant.",
        f"Seeds in `tests/evidence/scenarios.py`; made by `{COMMAND}`.",
        "*Loosened*: the first factor on the threshold at which something is broken.",
        "",
        "| interlock | threshold | tried with | at work | switched off | loosened |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        loosened = "no threshold" if not row.threshold else f"not up to {FACTORS[-1]:g}"
        if row.factor is not None:
            loosened = f"{row.factor:g}: {row.broken_at_factor}"
        lines.append(f"| {row.name} | {row.threshold} | {row.scenario} | {row.works} | {row.off} | {loosened} |")
    return "\n".join(lines) + "\n"


def failed(row: Row) -> str | None:
    """Why a row does not hold, or None."""
    if row.works != "nothing":
        return f"{row.name}: at work {row.works}"
    if row.off == "nothing":
        return f"{row.name}: switched off nothing is broken"
    if row.factor is not None and row.factor <= REQUIRED:
        return f"{row.name}: broken at {row.factor:g} times its threshold"
    return None


def main(argv: list[str] | None = None) -> int:
    named = f"this row, again for more: {', '.join(s.name for s in SWITCHES)}"
    parser = OneLine(prog="python -m tests.evidence.switches", description=str(__doc__).split("\n")[0])
    parser.add_argument("--only", action="append", choices=[s.name for s in SWITCHES], metavar="NAME", help=named)
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT.name}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(argv)
    if given.write and given.only:
        parser.error("--write goes with all rows")

    def progress(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    rows = [row_of(s, progress) for s in SWITCHES if not given.only or s.name in given.only]
    wrong = [reason for reason in map(failed, rows) if reason]
    if given.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "wrong": wrong}))
    else:
        print(table(rows), end="")
    if given.write:
        markers.replace(DOCUMENT, MARK, table(rows))
    for reason in wrong:
        print(reason, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
