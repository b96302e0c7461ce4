"""`swaptwin import-log`: convert a station's own log to a recording, by a mapping file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from twin.console import as_typed, emit_json, program, progress
from twin.errors import InputError
from twin.tables import print_table

if TYPE_CHECKING:
    from twin.log_import.comparing.comparison import Comparison
    from twin.log_import.importing import Window
    from twin.log_import.mapping import Mapping
    from twin.log_import.report import ImportReport


def command(
    log: Annotated[str, typer.Argument(help="A station's log: CSV, gzip CSV or Parquet.")],
    map: Annotated[
        str | None, typer.Option("--map", help="The mapping file (its reference: docs/import_log.md).")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write the recording (MCAP) to this file.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Start of the import: 2026-02-11T14:20:00+08:00, or seconds after the log's begin."),
    ] = None,
    end: Annotated[str | None, typer.Option(help="End of the import, in the same formats.")] = None,
    draft_map: Annotated[
        str | None, typer.Option("--draft-map", help="Draft a mapping file for this log to this path; - prints it.")
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(help="Run the twin beside the log; write the differences to this HTML file and the recording."),
    ] = None,
    timing: Annotated[
        str | None, typer.Option(help="With --compare: timing set of the twin's swap. Default: factory.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Convert a station's log to a recording; estimated signals are marked as such.

    Exit code 0: imported. 2: a log or mapping that does not fit, reported in one line, with nothing written.
    """
    if draft_map is not None:
        _refuse_with_draft(map, output, compare)
        draft(log, draft_map, json)
        return
    if map is None:
        raise InputError(
            "is missing", key="--map", allowed=f"a mapping file; {program()} import-log LOG --draft-map - drafts one"
        )
    if output is None:
        raise InputError("is missing", key="--output", allowed="the recording to write, such as incident.mcap")
    if timing is not None and compare is None:
        raise InputError("needs --compare", key="--timing", value=timing)
    from twin.console import write_target
    from twin.log_import.importing import import_log
    from twin.log_import.mapping_checks import load_mapping

    page = None if compare is None else write_target(compare, key="--compare")
    mapping = load_mapping(map)
    window = _window(start, end)
    comparison = None if page is None else _comparison(mapping, timing)
    with progress("reading the log", total=1.0) as line:

        def show(what: str, share: float) -> None:
            line.update(what, completed=share, total=1.0)

        report = import_log(log, mapping, output, window=window, on_progress=show, beside=comparison)
    if page is not None and comparison is not None:
        from twin.log_import.comparing.page import write_page

        with progress("writing the page"):
            write_page(page, comparison, report, mapping.file.title)
    if json:
        extra = {} if comparison is None else {"comparison": {**comparison.as_json(), "page": compare}}
        emit_json({**report.as_json(), "recording": output, **extra})
        return
    print_report(report, output)
    if comparison is not None:
        from twin.log_import.comparing.page import contradictions_of

        print_comparison(comparison, compare or "", contradictions_of(report))


def _comparison(mapping: Mapping, timing: str | None) -> Comparison:
    from twin.catalogue import load_timing
    from twin.log_import.comparing.comparison import Comparison

    return Comparison(load_timing(timing or "factory", mapping.station))


def print_comparison(comparison: Comparison, page: str, against: Sequence[str] = ()) -> None:
    """Print where log and twin differ, the contradictions of the log, and the phases' times."""
    from rich.console import Console
    from rich.table import Table

    from twin.log_import.comparing.page import sentence, shown

    console = Console(highlight=False)
    console.print()
    divergences = comparison.beside.divergences
    if not divergences:
        style = "red" if against else "green"
        console.print("the twin beside it: every compared signal stays within its band", style=style)
    for text in against:
        console.print(f"the log shows: {text}", style="red", markup=False, soft_wrap=True)
    if divergences:
        console.print(sentence(divergences[0]), style="red", markup=False, soft_wrap=True)
        table = Table(title="Where they part", title_justify="left", box=None, pad_edge=False, header_style="bold")
        for name, justify in (
            ("s", "right"),
            ("signal", "left"),
            ("log", "right"),
            ("twin", "right"),
            ("twin is", "left"),
        ):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
        for p in divergences:
            table.add_row(f"{p.t_s:.2f}", p.signal, shown(p.log, p.unit), shown(p.twin, p.unit), p.kind)
        print_table(console, table)
    phases = Table(title="Phases, s", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name, justify in (("phase", "left"), ("log", "right"), ("twin", "right"), ("difference", "right")):
        phases.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in comparison.own.phases:
        cells = ["-" if v is None else f"{v:.2f}" for v in (row.log_s, row.twin_s)]
        difference = "-" if row.difference_s is None else f"{row.difference_s:+.2f}"
        phases.add_row(row.name, *cells, difference)
    print_table(console, phases)
    console.print(f"comparison     {page}", markup=False, soft_wrap=True)


def _refuse_with_draft(map: str | None, output: str | None, compare: str | None) -> None:
    for key, value in (("--map", map), ("--output", output), ("--compare", compare)):
        if value is not None:
            raise InputError("cannot be combined with --draft-map, which only reads the log", key=key, value=value)


def draft(log: str, target: str, json: bool) -> None:
    """Write a first mapping file from the log's own columns."""
    from twin.console import atomic_write, write_target
    from twin.log_import.drafting import draft_map

    with progress("reading the log"):
        text = draft_map(log)
    if target == "-":
        if json:
            emit_json({"log": log, "map": text})
        else:
            print(text, end="")
        return
    path = write_target(target, key="--draft-map")
    if path.exists():
        raise InputError("file already exists: a mapping is not overwritten", key="--draft-map", value=target)
    with atomic_write(path) as file:
        file.write(text.encode())
    if json:
        emit_json({"log": log, "map": target})
    else:
        print(f"drafted {target}; when you have read it through:")
        print(as_typed("import-log", log, "--map", target, "-o", "incident.mcap"))


def _window(start: str | None, end: str | None) -> Window:
    from twin.log_import.importing import Moment, Window

    def moment(text: str | None, key: str) -> Moment | None:
        return None if text is None else Moment.parse(text, key)

    return Window(moment(start, "--start"), moment(end, "--end"))


def print_report(report: ImportReport, recording: str) -> None:
    """Print what was read, what was wrong with it, and what was found."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"log            {report.log}, {report.lines} lines, by {report.map}", markup=False)
    console.print(f"time           {report.start} to {report.end}, {report.duration_s:.2f} s", markup=False)
    every = f"{report.period_s * 1e3:.3g} ms" if report.period_s < 0.9995 else f"{report.period_s:.4g} s"
    console.print(f"signals        {len(report.signals)}; a line every {every}", markup=False)
    for what, how in report.readings.items():
        console.print(f"{what:<15}{how}", markup=False, soft_wrap=True)
    if report.unused_columns:
        names = ", ".join(report.unused_columns[:6]) + (", ..." if len(report.unused_columns) > 6 else "")
        console.print(f"not mapped     {len(report.unused_columns)}: {names}", markup=False, soft_wrap=True)
    console.print()
    if report.findings:
        table = Table(title="What was found in it", title_justify="left", box=None, pad_edge=False, header_style="bold")
        for name, justify in (("what", "left"), ("count", "right"), ("where", "left"), ("done", "left")):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
        for finding in report.findings:
            table.add_row(finding.kind, str(finding.count), finding.where, finding.done)
        print_table(console, table)
    else:
        console.print("nothing wrong with it: no gap, no disorder, no frozen or unreadable value")
    console.print()
    if report.phases:
        phases = Table(title="Phases", title_justify="left", box=None, pad_edge=False, header_style="bold")
        for name, justify in (("phase", "left"), ("step", "left"), ("start, s", "right"), ("duration, s", "right")):
            phases.add_column(name, justify=justify)  # type: ignore[arg-type]
        for phase in report.phases[:60]:
            length = phase["end_s"] - phase["start_s"]
            phases.add_row(phase["name"], phase["step"], f"{phase['start_s']:.2f}", f"{length:.2f}")
        print_table(console, phases)
        console.print()
    figures = Table(title="Station and packs", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name, justify in (("figure", "left"), ("value", "right"), ("from", "left")):
        figures.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in report.setup:
        value = row["value"]
        text = "-" if value is None else str(value) if isinstance(value, int) else f"{value:.4g}"
        figures.add_row(row["figure"], text, row["source"])
    print_table(console, figures)
    console.print()
    console.print(f"events         {report.events}")
    console.print(f"recording      {recording}, {report.samples} samples", markup=False, soft_wrap=True)
    console.print(f"watch it       {as_typed('replay', recording)}", markup=False, soft_wrap=True)
