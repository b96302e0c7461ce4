"""Evidence: how swaps end whose load cell is off, by how much and from when on, at both stations and on both plants.

    .venv/bin/python -m tests.evidence.load_cell                   # plays what is missing, prints the tables
    .venv/bin/python -m tests.evidence.load_cell --write           # the same, into docs/faults.md
    .venv/bin/python -m tests.evidence.load_cell --anew --write    # plays everything: 15 minutes on two quiet cores

Only `--write` changes anything here: the stored rows (tests/evidence/load_cell.json, after each swap, so that a run
that was ended goes on) and the tables. The reduced-order plant plays every offset at every onset, the reference every
onset with some offsets. `tests/evidence/test_load_cell.py` plays a few of the rows again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.evidence.faults import DOCUMENT, PLANTS, SEED, STATIONS, play_with_events
from tests.evidence.markers import replace
from tests.evidence.part import OneLine

PATH = Path(__file__).parent / "load_cell.json"
SECTION, COMMAND = "load cell", ".venv/bin/python -m tests.evidence.load_cell --write"
SIZES_N = (-60_000, -10_000, -3_000, -1_000, -500, 500, 1_000, 3_000, 10_000, 60_000)
OUT = {"top_lift": "lift_out", "chassis": "lower_out"}
MEET = {"top_lift": "lower", "chassis": "raise"}
CONSTANT = "constant"
ON_THE_REFERENCE = {
    # the onsets that it plays, each with the sizes that are found by different checks
    CONSTANT: (-10_000, -1_000, 500, 3_000),
    "unlock,after_s=1": (-60_000, 500),
    "traverse_to_slot,after_s=2": (-60_000, -3_000, 500),
    "store,after_s=10": (3_000, 500),
    "insert,after_s=1": (-500, 10_000),
    "pull_test": (-3_000, 500),
}

Row = dict[str, Any]
Key = tuple[str, str, str, int]


def onsets(station: str) -> tuple[str, ...]:
    """From when on the load cell is off: always, or once a phase has begun, in the order of a swap."""
    return (
        CONSTANT,
        f"{MEET[station]},after_s=5",
        "grip,after_s=1",
        "unlock,after_s=1",
        f"{OUT[station]},after_s=0.5",
        "traverse_to_slot,after_s=2",
        "store,after_s=10",
        "traverse_to_full,after_s=3",
        "pick,after_s=15",
        "traverse_to_truck,after_s=2",
        "rescan",
        "insert,after_s=1",
        "lock,after_s=1",
        "pull_test",
        "release",
    )


def spec_of(onset: str, size_n: int) -> str:
    """The fault as `--fault` takes it."""
    return f"load_cell_offset:offset_n={size_n}" + ("" if onset == CONSTANT else f",phase={onset}")


def cases() -> list[Key]:
    """(station, plant, onset, offset) of every row, in the order of the table."""
    return [
        (station, plant, onset, size_n)
        for station in STATIONS
        for onset in onsets(station)
        for size_n in SIZES_N
        for plant in PLANTS
        if plant == "rom" or size_n in ON_THE_REFERENCE.get(onset, ())
    ]


def key_of(row: Row) -> Key:
    return row["station"], row["plant"], row["onset"], row["size_n"]


def stored() -> dict[Key, Row]:
    """The rows that are stored."""
    rows = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else []
    return {key_of(row): row for row in rows}


def keep(rows: dict[Key, Row]) -> None:
    """Store the rows in the order of the table, without those that it has no more."""
    listed = [rows[case] for case in cases() if case in rows]
    PATH.write_text("[\n" + ",\n".join(json.dumps(row) for row in listed) + "\n]\n", encoding="utf-8")


def played(station: str, plant: str, onset: str, size_n: int) -> Row:
    """One swap's row; `zeroed_n`: the offset that robot 0's load cell was zeroed by, None where it was not."""
    row, events = play_with_events(station, plant, spec_of(onset, size_n))
    zeroed = [event["offset_n"] for event in events if event["name"] == "load_cell_zeroed" and event["robot"] == 0]
    return {**row, "onset": onset, "size_n": size_n, "zeroed_n": round(zeroed[0], 1) if zeroed else None}


def ending(row: Row | None) -> str:
    """Where and when it was found; an outcome other than `load_implausible` by its name."""
    if row is None:
        return "-"
    said = f"{row['phase']} {row['at_s']:.1f}" if row["outcome"] == "load_implausible" else f"`{row['outcome']}`"
    if row["outcome"] == "completed":
        said += f", zeroed {row['zeroed_n']:+.0f} N" if row["zeroed_n"] is not None else ", not zeroed"
    return said + (f", invariants {row['violations']}" if row["violations"] else "")


def table(rows: dict[Key, Row], station: str, plant: str) -> str:
    """The Markdown table of one station and plant: a line an onset, a column an offset."""
    sizes = [size_n for size_n in SIZES_N if any(case in rows for case in _column(station, plant, size_n))]
    heads = " | ".join(f"{size_n / 1000:+g} kN" for size_n in sizes)
    lines = [f"| from | {heads} |", "|---" * (len(sizes) + 1) + "|"]
    for onset in onsets(station):
        if any((station, plant, onset, size_n) in rows for size_n in sizes):
            cells = [ending(rows.get((station, plant, onset, size_n))) for size_n in sizes]
            lines.append(f"| `{onset}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _column(station: str, plant: str, size_n: int) -> list[Key]:
    return [(station, plant, onset, size_n) for onset in onsets(station)]


def section(rows: dict[Key, Row]) -> str:
    """What stands in docs/faults.md."""
    versions = ", ".join(sorted({row["version"] for row in rows.values()})) or "none"
    dates = sorted({row["date"] for row in rows.values()}) or ["never"]
    names = {"rom": "reduced-order plant", "bullet": "reference plant"}
    said = (
        f"Version {versions}, {dates[-1]}, seed {SEED}, factory timing, each station's usual truck; `{COMMAND}`.\n"
        f"{len(rows)} swaps. Phase and time, s, say where a swap was stopped as `load_implausible`.\n"
    )
    for station in STATIONS:
        for plant in reversed(PLANTS):
            said += f"\n{station}, {names[plant]}:\n\n{table(rows, station, plant)}"
    return said


def main(arguments: list[str] | None = None) -> int:
    parser = OneLine(prog="python -m tests.evidence.load_cell", description="How swaps end whose load cell is off.")
    parser.add_argument("--anew", action="store_true", help="play everything, not only what is missing")
    parser.add_argument("--plant", choices=PLANTS, help="play on this plant only")
    parser.add_argument("--table", action="store_true", help="play nothing, print the tables of what is stored")
    parser.add_argument("--write", action="store_true", help="store the rows and put the tables into docs/faults.md")
    given = parser.parse_args(arguments)
    rows = {case: row for case, row in stored().items() if case in cases()}
    todo = [case for case in cases() if (given.anew or case not in rows) and given.plant in (None, case[1])]
    for i, case in enumerate([] if given.table else todo):
        print(f"\r{i + 1} of {len(todo)}: {case}\033[K", end="", file=sys.stderr, flush=True)
        rows[case] = played(*case)
        if given.write:
            keep(rows)
    print(section(rows), end="")
    if given.write:
        keep(rows)
        replace(DOCUMENT, SECTION, section(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
