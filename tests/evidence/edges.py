"""Agreement at the edges: swaps over all that may be asked, drawn once, played on both plants and compared.

    .venv/bin/python -m tests.evidence.edges run -o FOLDER    # 60 swaps a station, resumable
    .venv/bin/python -m tests.evidence.edges run -o FOLDER --swaps 300 --station top_lift
    .venv/bin/python -m tests.evidence.edges run -o FOLDER --again rom    # the reduced-order plant has changed
    .venv/bin/python -m tests.evidence.edges report -o FOLDER    # the tables and the differing swaps again
    .venv/bin/python -m tests.evidence.edges report -o FOLDER --swaps 300 --write    # into docs/agreement.md
    .venv/bin/python -m tests.evidence.edges show top_lift-17    # what a case is
    .venv/bin/python -m tests.evidence.edges play top_lift-17 --plant rom --record FILE.mcap
    .venv/bin/python -m tests.evidence.edges timing top_lift-17 > SET.yaml    # for `swaptwin swap --timing`

A case is drawn from `--draw` (a seed, 0) and its number alone: timing set over Timing-v0's action range
(`timing_draws.policy_set`), truck and pack of all that fit, conditions and parking, and faults (`fault_draws`).
Outcome classes are defined in `edge_rows`, what counts as a difference in `edge_compare`.
A run goes on where it stopped; rows of another version of the project are played anew.
Exit code of `run` and `report`: 0 where every target is met, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.evidence import agreement, edge_rows
from tests.evidence.edge_cases import case_of, draw_case, spread
from tests.evidence.edge_compare import REDUCED, REFERENCE, Pair, differing, met, pairs_of, table, worth_a_look
from tests.evidence.markers import made_from, of_this_version, replace
from tests.evidence.part import MAX_SEED, OneLine, cores, count, process_count
from tests.evidence.timing_draws import as_yaml
from twin.errors import InputError
from twin.runner.kinds import PLANTS

STATIONS = ("top_lift", "chassis")
SECTION = "edges"
"""Of docs/agreement.md."""
SHOWN = 200
"""Characters of an outcome's sentence in the list of differing swaps."""


def identifiers(stations: list[str], swaps: int, first: int = 0) -> list[str]:
    return [f"{station}-{k}" for station in stations for k in range(first, first + swaps)]


def run(options: argparse.Namespace, wanted: list[str]) -> None:
    """Play what is missing of the wanted cases, on each plant in turn."""
    for plant in options.plants:
        rows = {i: row for i, row in edge_rows.read(options.o, plant).items() if of_this_version(row)}
        if options.again in (plant, "both"):
            rows = {i: row for i, row in rows.items() if i not in wanted}
        edge_rows.write(options.o, plant, rows.values())
        todo = [i for i in wanted if i not in rows]
        if not todo:
            continue
        with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(edge_rows.play_identifier, i, options.draw, plant) for i in todo]
            for number, job in enumerate(as_completed(jobs), 1):
                row = job.result()
                edge_rows.append(options.o, plant, row)
                reported = f"{row['id']} {row['outcome']} at {row.get('ended_s', '-')} s"
                print(f"{plant} {number}/{len(todo)} {reported}", file=sys.stderr, flush=True)


def report(options: argparse.Namespace, wanted: list[str]) -> bool:
    """Print a table a station and the swaps that differ; whether every target is met."""
    rows = {plant: edge_rows.read(options.o, plant) for plant in PLANTS}
    all_met, sections, reported = True, [], []  # type: bool, list[str], list[edge_rows.Row]
    for station in options.station:
        pairs = pairs_of(rows[REFERENCE], rows[REDUCED], [i for i in wanted if i.rpartition("-")[0] == station])
        if not pairs:
            continue
        print(table(station, pairs))
        all_met &= met(pairs)
        for pair in sorted(pairs, key=lambda pair: not pair.only_reduced_completed):
            _print_difference(pair, options.draw)
        sections += [table(station, pairs), differing(pairs)]
        reported += [row for pair in pairs for row in (pair.reference, pair.reduced)]
    if options.command == "report" and options.write and reported:
        made = made_from(reported, f"python -m tests.evidence.edges run --swaps {options.swaps} -o FOLDER")
        replace(agreement.DOCUMENT, SECTION, "\n".join([*sections, made]))
    return all_met


def _print_difference(pair: Pair, draw_seed: int) -> None:
    wrong = worth_a_look(pair)
    if not wrong:
        return
    print(f"{pair.identifier}: {'; '.join(wrong)}")
    print(f"  case    {case_of(pair.identifier, draw_seed).words}")
    for row in (pair.reference, pair.reduced):
        forces = [round(row.get("kpis", {}).get(name) or 0.0) for name in edge_rows.PEAKS]
        print(f"  {row['plant']:7} {row['said'][:SHOWN]} [{row.get('ended_s')} s, lateral, axial {forces} N]")
        for violation in row.get("violations", ()):
            print(f"          violation at {violation['t_s']:.2f} s: {violation['message']}")
    print()


def play(options: argparse.Namespace) -> int:
    """Play one case, with a recording if asked for."""
    from rich.console import Console

    from twin.commands.swap import print_result
    from twin.commands.swap import run as run_swap

    case = case_of(options.id, options.draw)
    print(f"{case.identifier}: {case.words}")
    result = run_swap(case.setup(), case.timing, case.faults, record=options.record, plant=options.plant)
    if options.json:
        print(json.dumps(result.as_json(), indent=1))
    else:
        print_result(Console(highlight=False), result)
    return 0 if result.completed and not result.violations else 1


def _options() -> argparse.Namespace:
    parser = OneLine(
        prog="python -m tests.evidence.edges",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "report", "drawn"):
        one = commands.add_parser(name)
        one.add_argument("--station", action="append", choices=STATIONS, help="again for more; all when left out")
        one.add_argument("--swaps", type=count(1, 10_000), default=60, help="a station")
        one.add_argument("--first", type=count(0, 1_000_000), default=0, help="number of the first")
        one.add_argument("--draw", type=count(0, MAX_SEED), default=0, help="seed of the draws")
        one.add_argument("--id", action="append", help="only these cases")
        if name != "drawn":
            one.add_argument("-o", type=Path, required=True, help="folder of the rows")
        if name == "report":
            one.add_argument("--write", action="store_true", help="put the tables into docs/agreement.md")
        if name == "run":
            one.add_argument("--again", choices=[*PLANTS, "both"], help="also the cases that this plant has played")
            one.add_argument("--plant", dest="plants", action="append", choices=PLANTS, help="only this one")
            one.add_argument("--workers", type=process_count, default=cores(), help="processes; default: one a core")
    for name in ("play", "show", "timing"):
        one = commands.add_parser(name)
        one.add_argument("id")
        one.add_argument("--draw", type=count(0, MAX_SEED), default=0, help="seed of the draws")
        if name == "play":
            one.add_argument("--plant", choices=PLANTS, default=REFERENCE)
            one.add_argument("--record", help="write a recording (MCAP) to this file")
            one.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for identifier in options.id or () if options.command in ("run", "report", "drawn") else (options.id,):
        case_of(identifier, options.draw)  # refuses an unknown one before anything is played
    if options.command in ("run", "report", "drawn"):
        options.station = options.station or list(STATIONS)
    if options.command == "run":
        options.plants = options.plants or [REFERENCE, REDUCED]
    return options


def main() -> int:
    options = _options()
    if options.command == "play":
        return play(options)
    if options.command in ("show", "timing"):
        case = case_of(options.id, options.draw)
        data: dict[str, Any] = {**case.as_plain(), "timing_set": case.timing.model_dump()}
        text = as_yaml(case.timing, f"draw {options.draw}, case {case.identifier}")
        print(json.dumps(data, indent=1) if options.command == "show" else text)
        return 0
    wanted = options.id or identifiers(options.station, options.swaps, options.first)
    if options.command == "drawn":
        cases = [draw_case(*_parts(i), options.draw) for i in wanted]
        print(json.dumps(spread(cases), indent=1))
        return 0
    if options.command == "run":
        run(options, wanted)
    return 0 if report(options, wanted) else 1


def _parts(identifier: str) -> tuple[str, int]:
    station, _, number = identifier.rpartition("-")
    return station, int(number)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
