"""`swaptwin agree`: agreement of both plants on the same seeds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.commands.limits import EXIT_FAILED, EXIT_INTERRUPTED, MAX_WORKERS, at_most, duration
from twin.commands.swap import resolve
from twin.console import ProgressLine, atomic_write, emit_json, progress, write_target
from twin.errors import InputError
from twin.kernel_cache import notice
from twin.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from agents.agreement.lines import Line
    from agents.agreement.run import Agreement
    from agents.swap_rows import Series, Store, SwapRow

MAX_SEEDS = 100_000
SHOWN_SEEDS = 8
"""Maximum number of differing seeds shown on the terminal; --json has them all."""


def command(
    station: Annotated[str, typer.Option(help="Station: a name or a file.")] = "top_lift",
    parking: Annotated[str, typer.Option(help="guided, unguided, or driven.")] = "guided",
    truck: Annotated[str | None, typer.Option(help="Truck: a name or a file. Default: one that fits.")] = None,
    pack: Annotated[str | None, typer.Option(help="Pack: a name or a file. Default: the truck's.")] = None,
    timing: Annotated[str, typer.Option(help="Timing set: a name or a file.")] = "factory",
    conditions: Annotated[str, typer.Option(help="Visibility: clear, night, rain or night+rain.")] = "clear",
    seeds: Annotated[int, typer.Option(help="Number of swaps on each plant.")] = 20,
    seed: Annotated[int, typer.Option(help="First seed; the others follow.")] = 0,
    workers: Annotated[
        int | None, typer.Option(help="Processes for the reference plant. Default: one per core.")
    ] = None,
    reference: Annotated[
        list[str] | None, typer.Option(help="Use the reference plant's rows of this file; may be repeated.")
    ] = None,
    save: Annotated[str | None, typer.Option(help="Store every row in this file and resume from its rows.")] = None,
    table: Annotated[str | None, typer.Option(help="Also write the table to this file, as Markdown.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run both plants on the same seeds and measure the agreement of the reduced-order plant with the reference.

    The reduced-order plant always runs. The reference takes 10 to 25 s a swap: stored rows are used where --reference
    has them, and those of another version are counted. Ctrl-C prints the results so far.

    Exit code 0: every target is met. 1: a target is missed, or has no swap to judge it by. 2: bad input. 130:
    interrupted.
    """
    at_most("--seeds", seeds, 1, MAX_SEEDS)
    at_most("--seed", seed, 0, 2**63 - seeds)
    processes = at_most("--workers", len(os.sched_getaffinity(0)) if workers is None else workers, 1, MAX_WORKERS)
    kept = write_target(save, key="--save") if save is not None else None
    document = write_target(table, key="--table") if table is not None else None

    setup, times = resolve(station, truck, pack, timing, seed=seed, parking=parking, conditions=conditions)
    from agents.agreement.run import usable
    from agents.pool import WorkerDiedError
    from agents.swap_rows import Series, read_rows

    series = Series.of(setup, times)
    known = []
    for path in reference or ():
        rows = read_rows(path, "--reference")
        known += rows
        if not usable(series, range(seed, seed + seeds), rows):
            why = "none is of these seeds, this plant and this setup, numbers of its files included"
            typer.echo(f"note: 0 of the {len(rows)} rows of {path} are used: {why}", err=True)
    if document is not None and document in (kept, *(Path(path).resolve() for path in reference or ())):
        raise InputError("is the file of --save", key="--table", value=table)
    began_s = time.monotonic()
    try:
        with storing(kept) as store:
            agreement, interrupted = run(series, range(seed, seed + seeds), processes, known, store)
    except WorkerDiedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    if document is not None:
        from agents.agreement.markdown import markdown

        with atomic_write(document) as file:
            file.write(f"# {names_of(agreement)}\n\n{markdown(agreement)}".encode())
    if json:
        emit_json(agreement.as_json() | {"interrupted": interrupted})
    else:
        from rich.console import Console

        print_agreement(Console(highlight=False), agreement, time.monotonic() - began_s)
    if interrupted:
        typer.echo(f"interrupted: {len(agreement.pairs)} of {seeds} seeds done on both plants", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    if not agreement.met:
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def storing(path: Path | None) -> Iterator[Store | None]:
    """Return the store of rows, or None."""
    if path is None:
        yield None
        return
    from agents.swap_rows import stored

    with stored(path, "--save") as store:
        yield store


def run(
    series: Series, seeds: Sequence[int], workers: int, known: Sequence[SwapRow], store: Store | None
) -> tuple[Agreement, bool]:
    """Play the missing swaps, with a progress bar on standard error."""
    from agents.agreement.run import agree

    rows = [*known, *(store.rows.values() if store is not None else ())]
    with progress(notice("rom", f"reduced-order plant: {len(seeds)} swaps"), total=2 * len(seeds)) as line:
        shown = Shown(line, len(seeds))

        def take(row: SwapRow) -> None:
            if store is not None:
                store.put(row)
            shown.take(row)

        return agree(series, seeds, workers=workers, reference=rows, on_row=take)


class Shown:
    """Progress bar: swaps done on each plant, and the time left at the pace so far."""

    def __init__(self, line: ProgressLine, seeds: int) -> None:
        self.line, self.seeds = line, seeds
        self.done: dict[str, int] = {}
        self.began_s: float | None = None
        self.began_with = 0

    def take(self, row: SwapRow) -> None:
        """Count one more row. Reference rows after all of the reduced-order plant's are played, not stored."""
        from agents.swap_rows import REDUCED, REFERENCE

        self.done[row.plant] = self.done.get(row.plant, 0) + 1
        reduced, reference = self.done.get(REDUCED, 0), self.done.get(REFERENCE, 0)
        text = f"swap {reference} of {self.seeds} on the reference plant, {reduced} on the reduced-order one"
        now_s = time.monotonic()
        if self.began_s is None and reduced == self.seeds:
            self.began_s, self.began_with = now_s, reference
        if self.began_s is not None and reference > self.began_with:
            pace_s = (now_s - self.began_s) / (reference - self.began_with)
            text += f", {duration(pace_s * (self.seeds - reference))} left"
        self.line.update(text, completed=reduced + reference)


# --------------------------------------------------------------------------------------------------------- for people


def print_agreement(console: Console, agreement: Agreement, wall_s: float) -> None:
    """Print the table for people: phases, the other lines, and the differences."""
    data = agreement.as_json()
    console.print(names_of(agreement), markup=False)
    last = data["seed"] + data["seeds_asked"] - 1
    console.print(
        f"seeds {data['seed']} to {last}: {data['seeds']} run on both plants, {data['completed']} completed on both, "
        f"{data['completed_with_equal_attempts']} of these with as many insertions; {duration(wall_s)} in all",
        markup=False,
    )
    if data["outside_model"]:
        left = f"{data['outside_model']} swaps left the domain of the reduced-order model: neither alike nor different"
        console.print(left, markup=False)
    if data["of_earlier_code"]:
        console.print(f"{data['of_earlier_code']} of the reference's rows are of another version", markup=False)
    phases, others = agreement.lines
    console.print()
    print_table(console, phase_table(phases))
    console.print()
    print_table(console, line_table(others))
    print_different(console, others)
    console.print()
    failed = [line for line in (*phases, *others) if line.failed]
    missed = [line.name for line in failed if line.met is not None]
    unjudged = [line.name for line in failed if line.met is None]
    verdicts = [f"not met: {', '.join(missed)}"] * bool(missed)
    verdicts += [f"too few swaps to judge: {', '.join(unjudged)}"] * bool(unjudged)
    console.print(LEGEND, markup=False, style="dim")
    console.print(
        "every target is met" if agreement.met else "; ".join(verdicts),
        style="green" if agreement.met else "red",
        markup=False,
    )


def names_of(agreement: Agreement) -> str:
    """Describe the setup of the swaps."""
    return ", ".join(f"{name} {value}" for name, value in agreement.names.items())


LEGEND = (
    "Differences: reduced-order plant less reference; up to 50 ms are always near enough. Phases are judged on swaps "
    "completed on both plants with as many insertions of each pack; * is the worst of all completed on both."
)


def _table(title: str, *columns: tuple[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name == "phase")
    return table


def verdict(line: Line) -> str:
    """State whether the line's target is met; a dash without a target."""
    if line.target is None:
        return "-"
    if line.met is None:
        return "NOT JUDGED"
    return "met" if line.met else "NOT MET"


def phase_table(lines: Sequence[Line]) -> Any:
    """Make one row per phase."""
    table = _table(
        f"Phases (target: {lines[0].target}; {lines[0].n} swaps)",
        ("phase", "left"), ("bullet, s", "right"), ("median: s", "right"), ("%", "right"),
        ("worst: s", "right"), ("%", "right"), ("seed", "right"), ("* s", "right"), ("", "left"),
    )  # fmt: skip
    for line in lines:
        v, everyone = line.values, line.values["all"]
        figures = ["-"] * 6
        if line.n:
            figures = [
                f"{v['reference_median_s']:.2f}",
                f"{v['median_difference_s']:+.3f}",
                f"{100 * v['median_difference']:+.1f}",
                f"{v['worst_difference_s']:+.3f}",
                f"{100 * v['worst_difference']:+.1f}",
                str(v["worst_seed"]) if v["worst_difference_s"] else "-",
            ]
        of_all = f"{everyone['worst_difference_s']:+.3f}" if everyone["n"] else "-"
        table.add_row(line.name, *figures, of_all, verdict(line), style="red" if line.failed else "")
    return table


def line_table(lines: Sequence[Line]) -> Any:
    """Make one row for each of the other lines."""
    table = _table("Swaps", ("", "left"), ("figure", "left"), ("swaps", "right"), ("target", "left"), ("", "left"))
    for line in lines:
        style = "red" if line.failed else ""
        table.add_row(line.name, line.figure, str(line.n), line.target or "-", verdict(line), style=style)
    return table


def print_different(console: Console, lines: Sequence[Line]) -> None:
    """Name the seeds that ended or were seated differently."""
    for line in lines:
        different = line.values.get("different", ())
        if not different:
            continue
        listed = "; ".join(
            f"{one['seed']}: {_words(one['reference'])}, reduced {_words(one['reduced'])}"
            for one in different[:SHOWN_SEEDS]
        )
        more = f" and {len(different) - SHOWN_SEEDS} more" if len(different) > SHOWN_SEEDS else ""
        console.print(f"not the {line.name} on seeds {listed}{more}", markup=False)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else "/".join(map(str, value)) + " attempts"
