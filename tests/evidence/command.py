"""Play the evidence anew, store it and write the documents' tables.

    .venv/bin/python -m tests.evidence                       # what `make evidence` plays: 40 seeds a set
    .venv/bin/python -m tests.evidence --release             # what `make evidence-release` plays: all parts, 200 seeds
    .venv/bin/python -m tests.evidence docking --seeds 40   # some parts
    .venv/bin/python -m tests.evidence swaps --seeds 2 --folder /tmp/sample    # a try that changes nothing here
    .venv/bin/python -m tests.evidence --tables              # only the tables, of what is stored

A run that was ended goes on where it stopped (results wait in runs/evidence until all are there); `--again` begins
anew. At the end every claim of the documents on the figures is checked: exit code 1 where one no longer holds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from agents.commands.limits import duration
from agents.pool import Pool, WorkerDiedError
from agents.swap_rows import version
from tests.evidence import (
    agreement,
    branch,
    campaign,
    docking,
    docking_laws,
    finer_step,
    hits,
    tables,
    time_step,
)
from tests.evidence.part import (
    HERE,
    RELEASE_SEEDS,
    ROOT,
    SEEDS,
    About,
    Key,
    OneLine,
    Part,
    count,
    process_count,
    write_about,
)
from twin.console import progress
from twin.kernel_cache import start_notice

MODULES = (campaign, docking, docking_laws, time_step, finer_step, hits, branch)
PARTS = {module.PART.name: module.PART for module in MODULES}
FIXED = tuple(name for name, part in PARTS.items() if part.keys(1) == part.keys(RELEASE_SEEDS))
"""Parts that play the same whatever `--seeds` says."""
OTHERS = {
    "faults": "docs/faults.md: how each fault ends",
    "load_cell": "docs/faults.md: load cells that are off",
    "load_alarms": "docs/faults.md: how near sound load cells come to an alarm",
    "switches": "docs/interlocks.md: each interlock switched off",
    "hostile": "docs/interlocks.md: hostile runs; docs/guard.md: the same behind the guard",
    "guarded": "docs/guard.md: good policies behind the guard",
    "edges": "docs/agreement.md: both plants at the edges",
    "timing_sets": "docs/reduced_order.md: random timing sets",
    "bounds": "docs/bounds.md: both bounds, item by item",
    "alignment_checks": "docs/evaluate.md: policies of Alignment-v1 side by side",
    "executors": "FOLDER/executors.json: Ray beside local processes",
    "experiment_killed": "FOLDER/killed.json: an experiment that was killed beside one that was not",
    "tuning": "FOLDER/tuning.json: samplers of the search at equal numbers of swaps",
    "tuning_killed": "FOLDER/killed.json: a search that was killed beside one that was not",
    "timing_headroom": "docs/evaluate.md: what a policy of Timing-v1 can win",
    "timing_checks": "FOLDER/robust.md, FOLDER/compare.md: timing sets under errors, and beside factory",
    "day_log": "tests/evidence/day_log.json: speed and memory of importing a day's log",
}
"""Tools of their own, `python -m tests.evidence.NAME`, and what they make."""


class Results:
    """Results of a part that wait in a file, a line each, until all of them are there."""

    def __init__(self, folder: Path, part: Part, seeds: int) -> None:
        self.part, self.seeds, self.keys = part, seeds, part.keys(seeds)
        self.path = folder / f"{part.name}_{seeds}.jsonl"
        self._lines: dict[Key, tuple[str, Any]] = {}
        """By key: day, result."""
        wanted = set(self.keys)
        text = self.path.read_text() if self.path.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # without what a killed run left of its last line
        if whole != text:
            self.path.write_text(whole)
        for line in whole.splitlines():
            key, day, result = json.loads(line)
            if tuple(key) in wanted:
                self._lines[tuple(key)] = day, result

    @property
    def missing(self) -> list[Key]:
        return [key for key in self.keys if key not in self._lines]

    def take(self, key: Key, result: Any) -> None:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        self._lines[key] = day, json.loads(json.dumps(result))
        with self.path.open("a") as file:
            file.write(json.dumps([key, day, result]) + "\n")

    def store(self, folder: Path) -> None:
        """All of them, in the order of the keys, and what they were made from."""
        played = {key: self._lines[key][1] for key in self.keys}
        self.part.store(folder, played)
        days = sorted(day for day, _ in self._lines.values())
        command = f"python -m tests.evidence {self.part.name} --seeds {self.seeds}"
        tables_seeds = self.part.seeds(played)
        write_about(
            folder,
            {
                table: About(version() or "unknown", days[0], days[-1], seeds, command)
                for table, seeds in tables_seeds.items()
            },
        )


def player() -> Any:
    """In a worker: what plays (part, key)."""
    return lambda item: PARTS[item[0]].play(*item[1])


def play(waiting: list[Results], workers: int) -> None:
    """What is missing, on the cores there are, with one line that says how far it is."""
    todo = [(results.part.name, key) for results in waiting for key in results.missing]
    total = sum(len(results.keys) for results in waiting)
    by_name = {results.part.name: results for results in waiting}
    began_s, before = time.monotonic(), total - len(todo)
    if before:
        print(f"going on with {before} of {total} results; --again begins anew", file=sys.stderr)
    with (
        progress(start_notice(f"evidence: {len(todo)} results to come"), total=total) as line,
        Pool(max(1, min(workers, len(todo))), player) as pool,
    ):
        for done, ((name, key), result) in enumerate(pool.answers(todo), 1):
            by_name[name].take(key, result)
            left_s = (time.monotonic() - began_s) / done * (len(todo) - done)
            text = f"{name} {' '.join(map(str, key))}; about {duration(left_s)} left"
            line.update(text, completed=before + done)


def broken_claims(names: list[str], folder: Path) -> list[str]:
    """What the documents say of these parts' figures and no longer holds; of the plants' agreement too, if played."""
    reported = [PARTS[name].claims(folder) for name in names]
    if "swaps" in names:
        reported.append(agreement.claims(folder))
    return [claim.words for claims in reported for claim in claims if not claim.holds]


def others() -> str:
    """Lines on the tables that this command does not make, and what makes them."""
    lines = (f"  .venv/bin/python -m tests.evidence.{name:17}  {what}" for name, what in OTHERS.items())
    head = "Other figures are made by tools of their own, which change nothing here without --write:"
    return "\n".join([head, "", *lines])


def main() -> int:
    parser = OneLine(
        prog="python -m tests.evidence",
        description=__doc__,
        epilog=others(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = [name for name, part in PARTS.items() if not part.release]
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"default: {', '.join(usual)}; all: {', '.join(PARTS)}"
    )
    parser.add_argument("--release", action="store_true", help=f"all parts, and {RELEASE_SEEDS} seeds")
    fixed = f"shortens all parts but {', '.join(FIXED)}"
    parser.add_argument("--seeds", type=count(1, 10_000), help=f"seeds a set; default {SEEDS}; {fixed}")
    parser.add_argument(
        "--workers", type=process_count, default=len(os.sched_getaffinity(0)), help="default: a process a core"
    )
    parser.add_argument("--again", action="store_true", help="do not go on with a run that was ended")
    parser.add_argument("--folder", type=Path, help="store in this folder; no document is changed")
    parser.add_argument("--tables", action="store_true", help="only write the tables and check the claims")
    if own := [name for name in sys.argv[1:] if name in OTHERS]:
        parser.error(f"{own[0]} is a tool of its own: .venv/bin/python -m tests.evidence.{own[0]}")
    reported = parser.parse_args()
    if unknown := [name for name in reported.parts if name not in PARTS]:
        parser.error(f"PART: no such part, got {', '.join(unknown)} (allowed: {', '.join(PARTS)})")
    seeds = reported.seeds if reported.seeds is not None else RELEASE_SEEDS if reported.release else SEEDS
    names = reported.parts or (list(PARTS) if reported.release else usual)
    folder = reported.folder or HERE
    if not reported.tables:
        kept = (reported.folder or ROOT / "runs" / "evidence") / "unfinished"
        kept.mkdir(parents=True, exist_ok=True)
        waiting = [Results(kept, PARTS[name], seeds) for name in names]
        for results in waiting:
            if reported.again:
                results.path.unlink(missing_ok=True)
        waiting = [Results(kept, PARTS[name], seeds) for name in names]
        try:
            play(waiting, reported.workers)
        except KeyboardInterrupt:
            print("interrupted: the same command goes on from here", file=sys.stderr)
            return 130
        except (RuntimeError, WorkerDiedError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        for results in waiting:
            results.store(folder)
        for results in waiting:
            results.path.unlink()
        if not any(kept.iterdir()):
            kept.rmdir()
    if reported.folder is None:
        tables.write_documents()
    else:
        tables.write_samples(folder, set(names))
    broken = broken_claims(names, folder)
    for words in broken:
        print(f"no longer holds: {words}", file=sys.stderr)
    if reported.release:
        print(others(), file=sys.stderr)
    return int(bool(broken))
