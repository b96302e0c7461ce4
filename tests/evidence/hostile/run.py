"""Slow evidence: hostile actions against the interlocks, and how close they bring the station to a safety invariant.

    .venv/bin/python -m tests.evidence.hostile --steps 1000000 --swaps 2000 --replay 100 --out hostile.jsonl
    .venv/bin/python -m tests.evidence.hostile ... --write    # and the tables into docs/interlocks.md

Alignment-v1, direct and residual, and Timing-v0, at each station on the reduced-order plant, under the patterns of
`tests.evidence.hostile.patterns`; then the episodes that broke an invariant or came closest to a limit again on Bullet.
With `--guard` Alignment-v1 is played behind the guard's safety filter, from the same seeds, and docs/guard.md compares
it with episodes without. With `--out` episodes are kept, a line each, and a later run with the same file goes on where
this one stopped; what another version of the project has played is played anew. The exit code is 1 when an invariant
was broken.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.evidence.hostile import alignment, timing
from tests.evidence.hostile.closeness import LIMITS
from tests.evidence.markers import made_from, of_this_version, replace
from tests.evidence.part import ROOT, OneLine, count, process_count

Row = dict[str, Any]
DOCUMENT, SECTION = ROOT / "docs" / "interlocks.md", "hostile"
STATIONS, MODES = ("top_lift", "chassis"), ("direct", "residual", "timing")
FIRST_SEED = 400_000
"""Episodes that no stored evaluation and no training uses."""
PORTION = 20_000
SWAP_PORTION = 20
"""Steps, and swaps, that a process plays at a time: what a stop may lose."""
OUTSIDE = "outside_model"
NO_TRIPS = ("seated", "time_limit")
GUARD_DOCUMENT = ROOT / "docs" / "guard.md"


def key_of(row: Row) -> tuple[str, str, int, bool]:
    return row["station"], row["mode"], row["seed"], row.get("guarded", False)


def portion(
    station: str, mode: str, amount: int, first: int, done: frozenset[int], names: tuple[str, ...], guarded: bool
) -> list[Row]:
    """Episodes of about `amount` steps (timing: so many swaps) from seed `first` on, but for those already done."""
    seeds = (seed for seed in itertools.count(first) if seed not in done)
    if mode == "timing":
        return list(timing.play(station, amount, seeds))
    return list(alignment.play(station, mode, amount, seeds, names=names, guarded=guarded))


def again(row: Row) -> Row:
    return timing.replay(row) if row["mode"] == "timing" else alignment.replay(row)


class Store:
    """Rows by episode; with a path each new one is appended to the file."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.rows = path, {}  # type: Path | None, dict[tuple[str, str, int, bool], Row]
        if path is not None and path.exists():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                try:
                    row = json.loads(line)
                    if of_this_version(row):
                        self.rows[key_of(row)] = row
                except (ValueError, KeyError):
                    raise SystemExit(f"{path}, line {number}: not a row of this tool") from None

    def add(self, rows: list[Row]) -> None:
        self.rows |= {key_of(row): row for row in rows}
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)

    def of(self, station: str, mode: str, guarded: bool) -> list[Row]:
        asked = (station, mode, guarded)
        return [row for row in self.rows.values() if (row["station"], row["mode"], row.get("guarded", False)) == asked]


def run(
    store: Store,
    stations: list[str],
    modes: list[str],
    steps: int,
    swaps: int,
    jobs: int,
    names: tuple[str, ...],
    guarded: bool = False,
) -> None:
    """Play until there are `steps` in all of Alignment-v1 and `swaps` of Timing-v0, shared evenly."""
    tasks: list[tuple[str, str, int, int]] = []
    for mode in modes:
        for station in stations:
            have = store.of(station, mode, guarded)
            if mode == "timing":
                left, size = swaps // len(stations) - len(have), SWAP_PORTION
            else:
                pairs = len(stations) * len([m for m in modes if m != "timing"])
                left, size = steps // pairs - sum(row["steps"] for row in have), PORTION
            # each portion has seeds of its own: as many as it may use at most
            first = max((row["seed"] for row in have), default=FIRST_SEED - 1) + 1
            for i in range(max(0, -(-left // size))):
                tasks.append((station, mode, min(size, left - i * size), first + i * size))
    done = {(s, m): frozenset(row["seed"] for row in store.of(s, m, guarded)) for s in stations for m in modes}
    for rows in _parallel(portion, [(*task, done[task[0], task[1]], names, guarded) for task in tasks], jobs):
        store.add(rows)
        broken = _violating(list(store.rows.values()))
        print(f"{len(store.rows)} episodes, {broken} with violations", file=sys.stderr, flush=True)


def _parallel(function: Any, tasks: list[tuple[Any, ...]], jobs: int) -> Iterator[Any]:
    if jobs == 1:
        for task in tasks:
            yield function(*task)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(function, *task) for task in tasks]):
            yield future.result()


def report(rows: list[Row], replayed: list[Row]) -> dict[str, Any]:
    """Summarise the rows; each violation is listed with the arguments that replay it."""
    aligned = [row for row in rows if row["mode"] != "timing"]
    return {
        "episodes": len(rows),
        "alignment_steps": sum(row["steps"] for row in aligned),
        "timing_swaps": len(rows) - len(aligned),
        "outside_model": sum(row["outcome"] == OUTSIDE for row in rows),
        "trips": trips_of(aligned),
        "outcomes": dict(Counter(row["outcome"] for row in rows).most_common()),
        "violating": _violating(rows),
        "violations": _told(rows),
        "closest": {
            name: {k: row[k] for k in ("station", "mode", "pattern", "seed")} | {"share": row["near"][name]}
            for name in LIMITS
            for row in [max(aligned, key=lambda row, name=name: row["near"][name])]  # type: ignore[misc]
        }
        if aligned
        else {},
        "bullet": {
            "episodes": len(replayed),
            "violating": _violating(replayed),
            "violations": _told(replayed),
            "outcomes": dict(Counter(row["outcome"] for row in replayed).most_common()),
        },
    }


def tables(rows: list[Row], replayed: list[Row]) -> str:
    """Markdown: what was played and what broke, and how close each limit came."""
    lines = [
        "| station | actions | episodes | steps | `outside_model` | violating | again on Bullet | violating there |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for station, mode in itertools.product(STATIONS, MODES):
        some, again = ([r for r in of if (r["station"], r["mode"]) == (station, mode)] for of in (rows, replayed))
        broken, outside = _violating(some), sum(r["outcome"] == OUTSIDE for r in some)
        counts = (len(some), sum(r["steps"] for r in some), outside, broken, len(again), _violating(again))
        task = "Timing-v0" if mode == "timing" else f"Alignment-v1, {mode}"
        lines.append(f"| {station} | {task} | {' | '.join(f'{n:,}' for n in counts)} |")
    lines += ["", f"| limit | {' | '.join(STATIONS)} |", "|---|---:|---:|"]
    aligned = {s: [row["near"] for row in rows if row["station"] == s and row["mode"] != "timing"] for s in STATIONS}
    for name in LIMITS:
        shares = (max((near[name] for near in aligned[s]), default=0.0) for s in STATIONS)
        lines.append(f"| `{name}` | {' | '.join(f'{share:.2f}' for share in shares)} |")
    return "\n".join(lines) + "\n\n"


def guard_tables(rows: list[Row]) -> str:
    """Markdown: trips an episode without and with the guard, by station and mode, then by pattern; and all ends."""
    aligned = [row for row in rows if row["mode"] != "timing"]
    head = "episodes, without | with | trips an episode, without | with | fewer by | violating, without and with | "
    head += "actions changed |"
    lines = [f"| station | actions | {head}", "|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    for station, mode in itertools.product(STATIONS, [mode for mode in MODES if mode != "timing"]):
        some = [row for row in aligned if (row["station"], row["mode"]) == (station, mode)]
        lines.append(f"| {station} | {mode} {_compared(some)}")
    lines.append(f"| all | all {_compared(aligned)}")
    lines += ["", f"| pattern | {head}", "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for name in alignment.NAMES:
        lines.append(f"| `{name}` {_compared([row for row in aligned if row['pattern'] == name])}")
    ends: dict[bool, Counter[str]] = {guarded: Counter() for guarded in (False, True)}
    for row in aligned:
        ends[row.get("guarded", False)][row["outcome"]] += 1
    kinds = [name for name, _ in (ends[False] + ends[True]).most_common()]
    lines += ["", f"| | {' | '.join(f'`{name}`' for name in kinds)} |", "|---|" + "---:|" * len(kinds)]
    for guarded, words in ((False, "without"), (True, "with the guard")):
        lines.append(f"| {words} | {' | '.join(f'{ends[guarded][name]:,}' for name in kinds)} |")
    return "\n".join(lines) + "\n\n"


def _compared(rows: list[Row]) -> str:
    """The cells of rows without and with the guard."""
    without, guarded = ([row for row in rows if row.get("guarded", False) == which] for which in (False, True))
    rates = [trips_of(some) / len(some) if some else float("nan") for some in (without, guarded)]
    fewer = f"{rates[0] / rates[1]:.0f} times" if rates[1] > 0.0 else f"all {trips_of(without)}" if guarded else "-"
    steps = sum(row["steps"] for row in guarded)
    share = 100.0 * sum(row["changed"] for row in guarded) / steps if steps else 0.0
    cells = [f"{len(without):,}", f"{len(guarded):,}", f"{rates[0]:.4f}", f"{rates[1]:.4f}", fewer]
    return f"| {' | '.join(cells)} | {_violating(without)}, {_violating(guarded)} | {share:.1f} % |"


def trips_of(rows: list[Row]) -> int:
    """Number of episodes that an interlock, a force limit or the model's domain ended."""
    return sum(row["outcome"] not in NO_TRIPS for row in rows)


def _violating(rows: list[Row]) -> int:
    return sum(bool(row["violations"]) for row in rows)


def _told(rows: list[Row]) -> list[Row]:
    names = ("station", "mode", "pattern", "seed", "outcome", "violations")
    return [{name: row[name] for name in names} for row in rows if row["violations"]]


def _show(reported: dict[str, Any]) -> None:
    print(
        f"{reported['alignment_steps']} steps of Alignment-v1 and {reported['timing_swaps']} swaps of Timing-v0:",
        end=" ",
    )
    print(f"{reported['violating']} episodes with violations, {reported['outside_model']} outside the model")
    print("outcomes: " + ", ".join(f"{name} {n}" for name, n in reported["outcomes"].items()))
    for name, near in reported["closest"].items():
        episode = f"{near['station']} {near['mode']} {near['pattern']} seed {near['seed']}"
        print(f"  {name:14s} {near['share']:7.3f} of its limit: {episode}")
    bullet = reported["bullet"]
    print(f"again on Bullet: {bullet['episodes']}, {bullet['violating']} with violations")
    for plant, rows in (("rom", reported["violations"]), ("bullet", bullet["violations"])):
        for row in rows:
            episode = f"{row['station']} {row['mode']} {row['pattern']} seed {row['seed']}"
            broken = ", ".join(
                f"invariant {i} at {b['t_s']:.2f} s ({b['quantity']} {b['worst']}, limit {b['limit']:.4g})"
                for i, b in row["violations"].items()
            )
            print(f"  {plant}: {episode}: {row['outcome']}; {broken}")


def main(argv: list[str] | None = None) -> int:
    parser = OneLine(prog="python -m tests.evidence.hostile", description=str(__doc__).split("\n")[0])
    steps = "of Alignment-v1 in all, at least: whole batches"
    parser.add_argument("--steps", type=count(0, 100_000_000), default=20_000, help=steps)
    parser.add_argument("--swaps", type=count(0, 1_000_000), default=40, help="of Timing-v0 in all")
    parser.add_argument(
        "--replay", type=count(0, 10_000), default=10, metavar="N", help="play the N worst again on Bullet"
    )
    parser.add_argument("--station", action="append", choices=STATIONS, help="default: both")
    parser.add_argument("--mode", action="append", choices=MODES, help="default: all")
    parser.add_argument("--pattern", action="append", choices=alignment.NAMES, help="of Alignment-v1; default: all")
    parser.add_argument("--jobs", "--workers", dest="jobs", type=process_count, default=1, help="processes; default 1")
    parser.add_argument("--out", type=Path, help="file to keep the episodes in and to go on from")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{DOCUMENT.name}")
    parser.add_argument("--guard", action="store_true", help="play Alignment-v1 behind the guard's safety filter")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(argv)
    store = Store(given.out)
    stations, modes = given.station or list(STATIONS), given.mode or list(MODES)
    run(
        store,
        stations,
        modes,
        given.steps,
        given.swaps,
        given.jobs,
        tuple(given.pattern or alignment.NAMES),
        given.guard,
    )
    every = list(store.rows.values())
    rows = [row for row in every if row.get("guarded", False) == given.guard]
    swaps = sorted((row for row in rows if row["mode"] == "timing"), key=lambda row: not row["violations"])
    chosen = swaps[: given.replay // 10] if len(swaps) < len(rows) else swaps[: given.replay]
    chosen += alignment.worst([row for row in rows if row["mode"] != "timing"], given.replay - len(chosen))
    replayed = []
    for row in _parallel(again, [(row,) for row in chosen], given.jobs):
        replayed.append(row)
        print(f"{len(replayed)} of {len(chosen)} again on Bullet", file=sys.stderr, flush=True)
    reported = report(rows, replayed)
    if given.write and rows and given.guard:
        made = made_from(
            every, f"python -m tests.evidence.hostile --steps {given.steps} --swaps 0 --out FILE [--guard]"
        )
        replace(GUARD_DOCUMENT, SECTION, guard_tables(every) + made)
    elif given.write and rows:
        asked = f"--steps {given.steps} --swaps {given.swaps} --replay {given.replay}"
        made = made_from(rows, f"python -m tests.evidence.hostile {asked} --out FILE")
        replace(DOCUMENT, SECTION, tables(rows, replayed) + made)
    if given.json:
        print(json.dumps(reported))
    else:
        _show(reported)
    return 1 if reported["violating"] or reported["bullet"]["violating"] else 0
