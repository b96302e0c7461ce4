"""Evidence: how swaps end that meet each fault of docs/faults.md, at both stations, some of them on both plants.

    .venv/bin/python -m tests.evidence.faults --only lock_           # plays these faults, prints how they end
    .venv/bin/python -m tests.evidence.faults --write                # plays what is missing, into docs/faults.md
    .venv/bin/python -m tests.evidence.faults --anew --write         # plays everything: half an hour on two quiet cores
    .venv/bin/python -m tests.evidence.faults --table --write        # plays nothing, only the table

Only `--write` changes anything here: the stored rows (tests/evidence/faults.json, after each swap, so that a run that
was ended goes on) and the table. `tests/evidence/test_faults.py` plays a few of the rows again.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.evidence.markers import replace
from tests.evidence.part import OneLine
from twin.commands.swap import resolve
from twin.errors import InputError
from twin.faults import parse_fault
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
PATH = Path(__file__).parent / "faults.json"
SECTION, COMMAND = "faults", ".venv/bin/python -m tests.evidence.faults --write"
STATIONS, PLANTS, SEED = ("top_lift", "chassis"), ("bullet", "rom"), 7

Row = dict[str, Any]

BOTH: tuple[str, ...] = (
    "lock_wont_open:lock=2,tries=1",
    "lock_wont_open:lock=2",
    "lock_wont_close:tries=2",
    "lock_wont_close",
    "lock_snag",
    "lock_false_closed",
    "lock_false_closed:lock=1",
    "grip_wont_close:grip=all,tries=1",
    "grip_wont_close",
    "grip_wont_open",
    "scanner_blind",
    "scanner_blind:phase=rescan,for_s=4",
    "scanner_dropout:share=0.3",
    "scanner_dropout:share=0.95",
    "scanner_noise:factor=3",
    "scanner_noise:factor=20",
    "load_cell_offset:offset_n=500",
    "load_cell_offset:offset_n=-1000",
    "load_cell_offset:offset_n=3000",
    "load_cell_offset:offset_n=500,phase=traverse_to_slot,after_s=2",
    "load_cell_offset:offset_n=-60000,phase=traverse_to_slot,after_s=2",
    "load_cell_offset:offset_n=3000,phase=pull_test",
    "load_cell_offset:offset_n=-3000,phase=pull_test",
    "load_cell_frozen",
    "load_cell_frozen:phase=unlock",
    "sway_offset:offset_mm=30",
    "axis_drag:axis=x,factor=10",
    "axis_drag:axis=z,factor=30",
    "estop:phase=traverse_to_slot,after_s=3",
    "power_loss:phase=unlock,after_s=6",
    "truck_shove:force_n=60000,phase=unlock",
    "truck_shove:force_n=250000,phase=unlock",
    "brakes_released:phase=grip",
    "wrong_pack:factor=1.25",
    "wrong_pack:factor=1.8",
    "guide_friction:factor=3",
    "guide_friction:factor=30",
    "coupler_stiff:factor=10",
)
CHASSIS: tuple[str, ...] = ("lock_wont_close:seat=slot1", "lock_false_closed:seat=slot1")
"""Those slots have locks."""
ON_BOTH_PLANTS: tuple[str, ...] = (
    "lock_snag",
    "lock_false_closed:seat=slot1",
    "load_cell_offset:offset_n=3000",
    "load_cell_offset:offset_n=500,phase=traverse_to_slot,after_s=2",
    "load_cell_offset:offset_n=-60000,phase=traverse_to_slot,after_s=2",
    "load_cell_frozen:phase=unlock",
    "axis_drag:axis=z,factor=30",
    "estop:phase=traverse_to_slot,after_s=3",
    "truck_shove:force_n=250000,phase=unlock",
    "brakes_released:phase=grip",
    "wrong_pack:factor=1.8",
    "coupler_stiff:factor=10",
)
"""Played by the reference plant too."""


def cases() -> list[tuple[str, str, str]]:
    """(station, plant, fault) of every row, in the order of the table."""
    return [
        (station, plant, text)
        for text in (*BOTH, *CHASSIS)
        for station in (STATIONS if text in BOTH else ("chassis",))
        for plant in PLANTS
        if plant == "rom" or text in ON_BOTH_PLANTS
    ]


def play(station: str, plant: str, text: str, seed: int = SEED) -> Row:
    """The row of one swap under factory timing with the station's usual truck."""
    return play_with_events(station, plant, text, seed)[0]


def play_with_events(station: str, plant: str, text: str, seed: int = SEED) -> tuple[Row, list[dict[str, Any]]]:
    """The row of one swap, and the events of the swap."""
    setup, timing = resolve(station, None, None, "factory", seed=seed, parking="guided")
    began = time.process_time()
    twin = SwapTwin(setup, timing, [parse_fault(text)], make_runner=runner_maker(plant))
    try:
        result = twin.run()
    finally:
        twin.close()
    end = result.events[-1] if result.events[-1]["name"] == "outcome" else {}
    end = next((event for event in reversed(result.events) if event["name"] == "outcome"), end)
    row = {
        "station": station,
        "plant": plant,
        "fault": text,
        "seed": seed,
        "outcome": result.outcome,
        "at_s": round(float(result.mechanical_time_s if result.completed else end.get("at_s", end["t_s"])), 2),
        "phase": end.get("phase", ""),
        "cause": end.get("cause", ""),
        "violations": [violation["invariant"] for violation in result.violations],
        "version": version("swaptwin"),
        "date": datetime.now(UTC).date().isoformat(),
        "processor_s": round(time.process_time() - began, 1),
    }
    return row, list(result.events)


def stored() -> list[Row]:
    """The rows that are stored."""
    return list(json.loads(PATH.read_text(encoding="utf-8"))) if PATH.exists() else []


def key_of(row: Row) -> tuple[str, str, str]:
    return row["station"], row["plant"], row["fault"]


def keep(rows: dict[tuple[str, str, str], Row]) -> None:
    """Store the rows in the order of the table, without those of faults that it has no more."""
    listed = [rows[case] for case in cases() if case in rows]
    PATH.write_text("[\n" + ",\n".join(json.dumps(row) for row in listed) + "\n]\n", encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------------- table


def ending(row: Row | None) -> str:
    """`lock_stuck`, 86.1 s; with the invariants that were broken."""
    if row is None:
        return ""
    broken = row["violations"]
    said = f", invariant{'s' if len(broken) > 1 else ''} {', '.join(map(str, broken))}" if broken else ""
    return f"`{row['outcome']}`, {row['at_s']:.1f} s{said}"


def table(rows: dict[tuple[str, str, str], Row]) -> str:
    """The Markdown table of all rows."""
    lines = ["| fault | station | reduced-order plant | why | reference plant |", "|---|---|---|---|---|"]
    for station, plant, text in cases():
        if plant != "rom":
            continue
        one, other = (rows.get((station, name, text)) for name in ("rom", "bullet"))
        why = one["cause"] if one is not None else ""
        phase = f"{one['phase']}: " if one is not None and one["phase"] and why else ""
        lines.append(f"| `{text}` | {station} | {ending(one)} | {phase}{why} | {ending(other)} |")
    return "\n".join(lines) + "\n"


def headline(rows: dict[tuple[str, str, str], Row]) -> str:
    """Where the table is from."""
    versions = ", ".join(sorted({row["version"] for row in rows.values()})) or "none"
    dates = sorted({row["date"] for row in rows.values()}) or ["never"]
    said = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    return (
        f"Version {versions}, {said}, seed {SEED}, factory timing, each station's usual truck; `{COMMAND}`. A time is\n"
        "the mechanical time of a swap that completed, of another one when it was decided.\n\n"
    )


def write(rows: dict[tuple[str, str, str], Row]) -> None:
    """Put the table into docs/faults.md."""
    replace(DOCUMENT, SECTION, headline(rows) + table(rows))


def main(arguments: list[str] | None = None) -> int:
    parser = OneLine(
        prog="python -m tests.evidence.faults", description="How swaps end that meet each fault of docs/faults.md."
    )
    parser.add_argument("--anew", action="store_true", help="play every fault, not only those that are missing")
    parser.add_argument("--only", metavar="TEXT", help="play the faults anew whose text begins so")
    parser.add_argument("--plant", choices=PLANTS, help="play on this plant only")
    parser.add_argument("--table", action="store_true", help="play nothing, print the table of what is stored")
    parser.add_argument("--write", action="store_true", help="store the rows and put the table into docs/faults.md")
    given = parser.parse_args(arguments)
    if given.only is not None and not any(text.startswith(given.only) for _, _, text in cases()):
        raise InputError("no fault of the table begins so", key="--only", value=given.only)
    rows = {key_of(row): row for row in stored()}
    todo = []
    for case in cases():
        station, plant, text = case
        wanted = text.startswith(given.only) if given.only is not None else given.anew or case not in rows
        if wanted and not given.table and given.plant in (None, plant):
            todo.append(case)
    for i, case in enumerate(sorted(todo, key=lambda one: PLANTS.index(one[1]), reverse=True)):
        print(f"\r{i + 1} of {len(todo)}: {' '.join(case)}\033[K", end="", file=sys.stderr, flush=True)
        rows[case] = play(*case)
        if given.write:
            keep(rows)
    if todo:
        print(file=sys.stderr)
    for case in todo:
        print(f"{' '.join(case)}: {ending(rows[case])} {rows[case]['cause']}".rstrip())
    if given.table:
        print(table(rows), end="")
    if given.write:
        keep(rows)
        write(rows)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
