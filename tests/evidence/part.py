"""A part of the evidence: what it plays, where that is stored, and what each stored table says it was made from.

What is stored stands in tests/evidence; `about.json` there says of each table with which version of the project it was
made, when, from which seeds and by which command. The tests play a few of the seeds again (`tests/evidence/replay.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SEEDS, RELEASE_SEEDS = 40, 200

Key = tuple[str | int, ...]
"""What one result is of, as JSON can hold it."""
Played = Mapping[Key, Any]


@dataclass(frozen=True)
class About:
    """What a stored table was made from; `first` and `last` are the days of its oldest and newest result (UTC)."""

    version: str
    first: str
    last: str
    seeds: str
    command: str
    machine: str | None = None

    @property
    def words(self) -> str:
        days = self.first if self.first == self.last else f"{self.first} to {self.last}"
        on = f", on {self.machine}" if self.machine else ""
        return f"version {self.version}, {days}, seeds {self.seeds}, `{self.command}`{on}"


@dataclass(frozen=True)
class Claim:
    """Something that the documents say of the stored figures, and whether it holds."""

    words: str
    holds: bool


@dataclass(frozen=True)
class Part:
    """One part of the evidence.

    Attributes:
        name: as the command line has it.
        keys: what has to be played for so many seeds a set.
        play: one result, by its key, as JSON can hold it; runs in a worker process.
        store: write all results into a folder, in the place of what is there.
        seeds: by stored table, its seeds in words.
        claims: what is said of the stored figures.
        release: played for a release only.
    """

    name: str
    keys: Callable[[int], list[Key]]
    play: Callable[..., Any]
    store: Callable[[Path, Played], None]
    seeds: Callable[[Played], dict[str, str]]
    claims: Callable[[Path], list[Claim]]
    release: bool = True


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


MAX_WORKERS, MAX_SEED = 64, 2**31
"""Processes of one run; a seed of draws, which the seeds of swaps are counted up from."""


def count(low: int, high: int) -> Callable[[str], int]:
    """A whole number on a command line: `type` of an argument, which refuses all but `low` to `high`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"out of range, got {text!r} (allowed: {low} to {high})")
        return int(text)

    return read


process_count = count(1, MAX_WORKERS)


class OneLine(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it; exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def seeds_in_words(seeds: Sequence[int]) -> str:
    """`0 to 39`, or each where they are not consecutive."""
    seeds = sorted(set(seeds))
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def read_about(folder: Path = HERE) -> dict[str, About]:
    """By table."""
    path = folder / "about.json"
    stored = json.loads(path.read_text()) if path.exists() else {}
    return {table: About(**values) for table, values in stored.items()}


def write_about(folder: Path, tables: Mapping[str, About]) -> None:
    """Put these tables' in place of what is said of them."""
    reported = {**read_about(folder), **tables}
    plain = {table: asdict(reported[table]) for table in sorted(reported)}
    (folder / "about.json").write_text(json.dumps(plain, indent=1) + "\n")


def about_lines(tables: Sequence[str], folder: Path = HERE) -> str:
    """A sentence on what these tables were made from, for below what is made of them."""
    reported = read_about(folder)
    groups: dict[str, list[str]] = {}
    for table in tables:
        groups.setdefault(reported[table].words if table in reported else "not known", []).append(table)
    *few, (words, _) = sorted(groups.items(), key=lambda group: len(group[1]))
    exceptions = "".join(f"; {', '.join(names)}: {of}" for of, names in few)
    return f"Made from: {words}{exceptions}.\n"


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """A JSON list with a row a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
