"""`swaptwin demo`: a whole swap at each kind of station, recorded, in comparison."""

from __future__ import annotations

import multiprocessing as mp
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.console import emit_json, program, progress
from twin.errors import DISK_ERRORS, InputError
from twin.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from twin.result import SwapResult

STATIONS = ("top_lift", "chassis")
REPORT_PERIOD_S = 0.2
TOLD_FROM_WIDTH = 112
"""Terminal width from which each phase is described."""
STEPS = {
    "dock": "the truck comes in and stands on its brakes",
    "identify": "the station learns which truck it is",
    "scan": "and measures where it stands",
    "lower": "the robot goes to the empty pack",
    "grip": "holds it",
    "unlock": "takes weight, the truck's locks open",
    "lift_out": "creeps off the pins, then fast",
    "traverse_to_slot": "over to the empty slot",
    "store": "down in creep, released",
    "traverse_to_full": "over to a charged pack",
    "pick": "gripped and taken out",
    "traverse_to_truck": "back to the truck",
    "rescan": "which has moved on its springs",
    "align": "over the guide pins",
    "insert": "cones catch pins, the coupler mates",
    "lock": "locks close",
    "pull_test": "a pull proves it",
    "release": "the robot lets go",
    "clear": "and leaves",
    "verify": "checks",
    "exit": "the truck drives away",
}
"""Description of each phase, by its name at top_lift."""


@dataclass(frozen=True)
class Progress:
    """Progress of a swap in another process."""

    text: str


def command(
    seed: Annotated[int, typer.Option(help="Seed of both swaps.")] = 0,
    folder: Annotated[str, typer.Option(help="Folder of the recordings; created if it does not exist.")] = "runs/demo",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run a full swap at a top_lift and at a chassis station, and compare them phase by phase.

    Both run in parallel, in two processes; about two minutes. Exit code 0: both completed without violations.
    """
    paths = recording_paths(folder)
    began_s = time.monotonic()
    results = run_both(seed, paths)
    wall_s = time.monotonic() - began_s
    if json:
        emit_json({"wall_s": wall_s, "swaps": [result.as_json() for result in results]})
    else:
        from rich.console import Console

        print_comparison(Console(highlight=False), results, wall_s)
    if any(result.outcome != "completed" or result.violations for result in results):
        raise typer.Exit(1)


def recording_paths(folder: str | Path) -> dict[str, Path]:
    """Path of each station's recording; creates the folder and checks the paths."""
    from twin.recording import check_output_path

    at = Path(folder)
    try:
        at.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in DISK_ERRORS:
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"folder cannot be created: {why}", key="--folder", value=str(folder)) from None
    return {station: check_output_path(at / f"{station}.mcap") for station in STATIONS}


def run_both(seed: int, paths: dict[str, Path]) -> list[SwapResult]:
    """Both swaps in parallel; results in the order of `STATIONS`."""
    from twin.commands.swap import resolve

    for station in STATIONS:  # an input error is reported here, in one line, and not in two processes
        resolve(station, None, None, "factory", seed=seed, parking="guided")
    context = mp.get_context("spawn")
    workers: dict[Connection, tuple[str, Any]] = {}
    for station in STATIONS:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(theirs, station, seed, str(paths[station])), daemon=True)
        process.start()
        theirs.close()
        workers[ours] = (station, process)
    try:
        return _collect(workers)
    finally:
        for _, process in workers.values():
            process.join(timeout=5.0)
            if process.is_alive():
                process.terminate()


def _collect(workers: dict[Connection, tuple[str, Any]]) -> list[SwapResult]:
    results: dict[str, SwapResult] = {}
    where = dict.fromkeys(STATIONS, "building")
    open_ends = list(workers)
    with progress("starting both swaps") as line:
        while open_ends:
            for end in wait(open_ends):
                assert isinstance(end, Connection)
                station = workers[end][0]
                try:
                    message = end.recv()
                except EOFError:
                    if station not in results:
                        raise RuntimeError(f"the process of the {station} swap ended without a result") from None
                    open_ends.remove(end)
                    continue
                if isinstance(message, InputError | ImportError | OSError):
                    raise message
                if isinstance(message, Progress):
                    where[station] = message.text
                else:
                    results[station] = message
                    where[station] = message.outcome
            line.update("   ".join(f"{name}: {text}" for name, text in where.items()))
    return [results[station] for station in STATIONS]


def _work(pipe: Connection, station: str, seed: int, path: str) -> None:
    """Run one swap in its own process; it sends Progress, then a SwapResult or an error."""
    from twin.commands.swap import resolve, run

    class Line:
        """Replaces the progress line: its text is sent through the pipe."""

        next_s = 0.0

        def update(self, text: str) -> None:
            now_s = time.monotonic()
            if now_s >= self.next_s:
                self.next_s = now_s + REPORT_PERIOD_S
                pipe.send(Progress(text.replace(" simulated", "").replace(" real time", "")))

    try:
        setup, timing = resolve(station, None, None, "factory", seed=seed, parking="guided")
        pipe.send(run(setup, timing, record=path, line=Line()))  # type: ignore[arg-type]
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    except (InputError, ImportError, OSError) as error:
        pipe.send(error)
    finally:
        pipe.close()


def print_comparison(console: Console, results: list[SwapResult], wall_s: float) -> None:
    """Print phases, key figures and ends of the swaps in columns, then the next steps."""
    from rich.table import Table

    console.print(
        f"Two battery swaps, simulated with contact, sway, suspension and drives in {wall_s:.0f} s.", markup=False
    )
    for result in results:
        setup = result.setup
        packs = f"{len(setup.jobs)} pack{'s' if len(setup.jobs) > 1 else ''}"
        robots = f"{setup.station.robots.count} robot{'s' if setup.station.robots.count > 1 else ''}"
        console.print(
            f"  {setup.station.name}: truck {setup.truck.name}, {packs} {setup.pack.name}, {robots}, seed {setup.seed}",
            markup=False,
        )
    console.print()
    phases = Table(title="Phases: start and duration for the first pack, and of all", title_justify="left", box=None)
    phases.pad_edge, phases.header_style = False, "bold"
    phases.add_column("phase", no_wrap=True)
    for result in results:
        name = result.setup.station.name
        phases.add_column(f"{name}: start, s", justify="right")
        phases.add_column("duration, s", justify="right")
        if len(result.setup.jobs) > 1:
            phases.add_column(f"all {len(result.setup.jobs)}, s", justify="right")
    wide_enough = console.width >= TOLD_FROM_WIDTH
    if wide_enough:
        phases.add_column("what happens", style="dim", no_wrap=True)
    for row in phase_rows(results):
        phases.add_row(*row[: None if wide_enough else -1])
    print_table(console, phases)
    console.print()
    print_table(console, _figures(results))
    console.print()
    for result in results:
        style = "green" if result.outcome == "completed" and not result.violations else "red"
        console.print(
            f"{result.setup.station.name}: {result.outcome}, {len(result.violations) or 'no'} safety violations, "
            f"end state {result.end_state_sha256[:16]}",
            style=style,
            markup=False,
        )
    console.print()
    me, watched = program(), shown(results[0].recording or "")
    steps = [(f"replay {shown(result.recording or '')}", "watch it in 3D: a window, H for help") for result in results]
    steps += [
        (f"replay {watched} --video swap.mp4", "the same as a video; needs no display"),
        (f"verify {watched}", "run its commands again, compare every bit"),
        ("models list", "stations, trucks, packs, and which fit together"),
        ("swap --help", "your own: other trucks, seeds, timing, faults"),
    ]
    console.print("Next:", style="bold")
    wide = max(len(step) for step, _ in steps)
    for step, does in steps:
        console.print(f"  {me} {step:<{wide}}  {does if wide_enough else ''}".rstrip(), markup=False, soft_wrap=True)
    console.print("The recordings open in Foxglove and Rerun as they are.", markup=False)


def phase_rows(results: list[SwapResult]) -> list[list[str]]:
    """One row per phase: the stations' own names for it, then start, duration and sum over all packs for each."""
    from twin.catalogue.schema import PHASES

    kinds = [result.setup.station.kind for result in results]
    rows = []
    for names in zip(*(PHASES[kind] for kind in kinds), strict=True):
        row = [" / ".join(dict.fromkeys(names))]
        for name, result in zip(names, results, strict=True):
            spans = sorted((s for s in result.phases if s.name == name), key=lambda s: (s.start_s, s.robot))
            row.append(f"{spans[0].start_s:.1f}" if spans else "-")
            row.append(f"{spans[0].end_s - spans[0].start_s:.1f}" if spans else "-")
            if len(result.setup.jobs) > 1:
                row.append(f"{sum(s.end_s - s.start_s for s in spans):.1f}" if len(spans) > 1 else "")
        rows.append([*row, next((STEPS[name] for name in names if name in STEPS), "")])
    return rows


def _figures(results: list[SwapResult]) -> Any:
    from rich.table import Table

    from twin.commands.swap import figure_rows

    figures = Table(title="Key figures", title_justify="left", box=None, pad_edge=False, header_style="bold")
    figures.add_column("")
    for result in results:
        figures.add_column(result.setup.station.name, justify="right")
    figures.add_column("")
    for cells in zip(*(figure_rows(result) for result in results), strict=True):
        words, _, unit = cells[0]
        figures.add_row(words, *(value for _, value, _ in cells), unit)
    return figures


def shown(path: str) -> str:
    """A path in its shortest form."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return path
    return relative if not relative.startswith("..") else path
