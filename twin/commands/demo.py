"""`swaptwin demo`: factory, tuned and learned swaps at each kind of station: recordings, comparison, a video."""

from __future__ import annotations

import multiprocessing as mp
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.commands.running import deciders
from twin.console import emit_json, program, progress
from twin.errors import DISK_ERRORS, InputError
from twin.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from twin.result import SwapResult

STATIONS = ("top_lift", "chassis")
FACTORY, TUNED, LEARNED = "factory", "tuned", "learned"
"""What is compared: two timing sets, and the tuned one with a learned policy that aligns the pack over its seat."""
POLICIES = {"top_lift": "align_careful"}
"""The learned policy of alignment that ships for a station; none does for `chassis`: classical ones are no worse."""
SHOWN_STATION = "top_lift"
VIDEO_S, VIDEO_FPS, VIDEO_PX, VIDEO_QUALITY = 20.0, 12.0, (960, 540), "low"
"""Length, rate, size and quality of the video: drawn by software in less than a minute on one core."""
Recordings = dict[tuple[str, str], Path]
"""Paths by station and FACTORY, TUNED or LEARNED."""
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
    seed: Annotated[int, typer.Option(help="Seed of all swaps.")] = 0,
    folder: Annotated[
        str, typer.Option(help="Folder of recordings and video; created if it does not exist.")
    ] = "runs/demo",
    video: Annotated[bool, typer.Option(help="Draw the video at the end.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run full swaps at a top_lift and at a chassis station, with the factory timing set and with the tuned one.

    At top_lift a third one adds a learned policy, which aligns the pack over its seat on the truck. All run in
    parallel, a process each. At the end: the seconds won by phase, and a video in which factory's swap is shown
    translucent over the tuned one. Exit code 0: all completed without violations.
    """
    paths = recording_paths(folder)
    began_s = time.monotonic()
    results = run_all(seed, paths)
    wall_s = time.monotonic() - began_s
    film = make_video(paths, Path(folder)) if video else None
    if json:
        swaps = [result.as_json() for result in results]
        emit_json({"wall_s": wall_s, "swaps": swaps, "won": won_of(results), "video": film})
    else:
        from rich.console import Console

        console = Console(highlight=False)
        print_comparison(console, [one for one in results if one.timing == FACTORY], wall_s)
        print_won(console, results)
        if film is not None:
            console.print(f"video: {shown(film)}", markup=False, soft_wrap=True)
    if any(result.outcome != "completed" or result.violations for result in results):
        raise typer.Exit(1)


def make_video(paths: Recordings, folder: Path) -> str | None:
    """Draw the tuned swap with factory's as its ghost; return the file, None where this machine cannot draw."""
    from twin.commands.replay import make_files

    name = str(folder / "factory_and_tuned.mp4")
    try:
        from twin.viewer.compare import Ghost
        from twin.viewer.source import Source

        with Source(str(paths[SHOWN_STATION, TUNED])) as source:
            ghost = Ghost(source, str(paths[SHOWN_STATION, FACTORY]), "start")
            try:
                clip = (None, None, VIDEO_FPS, None, VIDEO_S)
                made = make_files(source, ghost, None, name, None, None, VIDEO_PX, VIDEO_QUALITY, True, clip)
            finally:
                ghost.close()
    except (InputError, ImportError) as error:
        typer.echo(f"note: no video: {error}", err=True)
        return None
    return str(made["video"]["file"])


def won_of(results: list[SwapResult]) -> list[dict[str, Any]]:
    """Seconds won on factory at each station by each other swap: mechanical time, and each phase, summed over packs.

    `results`: station by station, factory's first.
    """
    found = []
    factory = results[0]
    for k, other in enumerate(results):
        if k == 0 or other.setup.station.name != factory.setup.station.name:
            factory = other
            continue
        spent = [_by_phase(result) for result in (factory, other)]
        found.append(
            {
                "station": factory.setup.station.name,
                "timing": other.timing,
                **{f"{what}_policy": name for what, name in other.policies.items()},
                "mechanical_time_s": factory.mechanical_time_s - other.mechanical_time_s,
                "phases_s": {name: spent[0].get(name, 0.0) - spent[1].get(name, 0.0) for name in spent[0]},
                "peak_lateral_force_n": [one.kpis["peak_lateral_force_n"] for one in (factory, other)],
                "seat_error_m": [one.kpis["seat_error_m"] for one in (factory, other)],
            }
        )
    return found


def _by_phase(result: SwapResult) -> dict[str, float]:
    from twin.catalogue.schema import MECHANICAL

    spent = dict.fromkeys(MECHANICAL[result.setup.station.kind], 0.0)
    for span in result.phases:
        if span.name in spent:
            spent[span.name] += span.end_s - span.start_s
    return spent


def print_won(console: Console, results: list[SwapResult]) -> None:
    """Print the seconds won at each station, phase by phase."""
    from rich.table import Table

    console.print()
    found = won_of(results)
    table = Table(title="Seconds won on factory, of all packs", title_justify="left", box=None)
    table.pad_edge, table.header_style = False, "bold"
    table.add_column("phase", no_wrap=True)
    for one in found:
        with_policy = f", {one['align_policy']}" if "align_policy" in one else ""
        table.add_column(f"{one['station']}: {one['timing']}{with_policy}", justify="right")
    for rows in zip(*(one["phases_s"].items() for one in found), strict=True):
        table.add_row(" / ".join(dict.fromkeys(name for name, _ in rows)), *(f"{s:.1f}" for _, s in rows))
    table.add_row("mechanical time", *(f"{one['mechanical_time_s']:.1f}" for one in found), style="bold")
    for words, of, scale, digits in (
        ("peak lateral force, kN: factory's, this", "peak_lateral_force_n", 1e-3, 2),
        ("seat error, mm: factory's, this", "seat_error_m", 1e3, 1),
    ):
        cells = (
            ", ".join("-" if value is None else f"{scale * value:.{digits}f}" for value in one[of]) for one in found
        )
        table.add_row(words, *cells)
    print_table(console, table)
    console.print("Phases of a set without stops overlap, so they do not add up to the mechanical time.", markup=False)


def recording_paths(folder: str | Path) -> Recordings:
    """Path of each recording; creates the folder and checks the paths."""
    from twin.recording import check_output_path

    at = Path(folder)
    try:
        at.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in DISK_ERRORS:
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"folder cannot be created: {why}", key="--folder", value=str(folder)) from None
    return {
        (station, which): check_output_path(at / f"{station}{ending}.mcap")
        for station in STATIONS
        for which, ending in ((FACTORY, ""), (TUNED, "_tuned"), (LEARNED, "_learned"))
        if which != LEARNED or (station in POLICIES and deciders)
    }


def run_all(seed: int, paths: Recordings) -> list[SwapResult]:
    """All swaps in parallel; results in the order of the paths."""
    from twin.commands.swap import resolve

    for station, which in paths:  # an input error is reported here, in one line, and not in each process
        resolve(station, None, None, _set_of(which), seed=seed, parking="guided")
    context = mp.get_context("spawn")
    workers: dict[Connection, tuple[str, Any]] = {}
    for (station, which), path in paths.items():
        ours, theirs = context.Pipe(duplex=False)
        given = (theirs, station, which, seed, str(path), dict(deciders))
        process = context.Process(target=_work, args=given, daemon=True)
        process.start()
        theirs.close()
        workers[ours] = (f"{station} {which}", process)
    try:
        return _collect(workers)
    finally:
        for _, process in workers.values():
            process.join(timeout=5.0)
            if process.is_alive():
                process.terminate()


def _collect(workers: dict[Connection, tuple[str, Any]]) -> list[SwapResult]:
    results: dict[str, SwapResult] = {}
    names = [name for name, _ in workers.values()]
    where = dict.fromkeys(names, "building")
    open_ends = list(workers)
    with progress("starting the swaps") as line:
        while open_ends:
            for end in wait(open_ends):
                assert isinstance(end, Connection)
                name = workers[end][0]
                try:
                    message = end.recv()
                except EOFError:
                    if name not in results:
                        raise RuntimeError(f"the process of the {name} swap ended without a result") from None
                    open_ends.remove(end)
                    continue
                if isinstance(message, InputError | ImportError | OSError):
                    raise message
                if isinstance(message, Progress):
                    where[name] = message.text
                else:
                    results[name] = message
                    where[name] = message.outcome
            line.update("   ".join(f"{one}: {text}" for one, text in where.items()))
    return [results[name] for name in names]


def _set_of(which: str) -> str:
    """Timing set of FACTORY, TUNED or LEARNED."""
    return FACTORY if which == FACTORY else TUNED


def _work(pipe: Connection, station: str, which: str, seed: int, path: str, known: dict[str, Any]) -> None:
    """Run one swap in its own process; it sends Progress, then a SwapResult or an error. `known`: `deciders`."""
    from twin.commands.swap import resolve, run

    deciders.update(known)

    class Line:
        """Replaces the progress line: its text is sent through the pipe."""

        next_s = 0.0

        def update(self, text: str) -> None:
            now_s = time.monotonic()
            if now_s >= self.next_s:
                self.next_s = now_s + REPORT_PERIOD_S
                pipe.send(Progress(text.replace(" simulated", "").replace(" real time", "")))

    try:
        setup, times = resolve(station, None, None, _set_of(which), seed=seed, parking="guided")
        policies = {"align": POLICIES[station]} if which == LEARNED else {}
        pipe.send(run(setup, times, record=path, line=Line(), policies=policies))  # type: ignore[arg-type]
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
        f"Battery swaps with the factory timing set, simulated with contact, sway, suspension and drives; with the "
        f"other swaps below, {wall_s:.0f} s in all.",
        markup=False,
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
