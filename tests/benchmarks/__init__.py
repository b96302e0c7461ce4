"""`swaptwin bench`: speeds, each beside what it is compared with, alternating in one run.

One file a kind of row. Figures are medians over turns of the ratio in each turn, so that a busy machine disturbs both
sides alike; the order within a turn rotates.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.benchmarks.batches import batch_rows
from tests.benchmarks.imports import import_rows
from tests.benchmarks.monitors import monitor_rows
from tests.benchmarks.pictures import picture_rows
from tests.benchmarks.row import Row, unmeasured
from tests.benchmarks.start import help_row
from tests.benchmarks.swaps import swap_rows
from tests.benchmarks.table import print_rows, this_machine
from twin.console import ProgressLine, emit_json, progress
from twin.errors import InputError

STATIONS = ("top_lift", "chassis")
BENCHES = (
    "tests.benchmarks.environments:rows",
    "tests.benchmarks.policies:rows",
    "tests.benchmarks.learning:rows",
)
"""Rows of the layers above, `module:function`, called with the progress line and `large`; imported only if there."""


def command(
    seconds: Annotated[
        float, typer.Option(help="Simulated seconds of each swap; 0: whole swaps.", min=0.0, max=3600.0)
    ] = 120.0,
    seed: Annotated[int, typer.Option(help="Seed of the swaps.")] = 1,
    large: Annotated[
        bool, typer.Option("--large", help="Also the largest batches: a quarter of an hour more.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure speeds side by side in one run and print the table. A few minutes; best on a quiet machine."""
    if seconds != seconds:
        raise InputError("not a time", key="--seconds", value=seconds, allowed="0 to 3600")
    rows: list[Row] = []
    with progress("starting") as line, tempfile.TemporaryDirectory() as folder:
        for station in STATIONS:
            rows += swap_rows(station, seed, seconds or float("inf"), Path(folder) / f"{station}.mcap", line)
        for station in STATIONS:
            line.update(f"pictures of {station}")
            rows += picture_rows(station, Path(folder) / f"{station}.mcap")
        for station in STATIONS:
            rows += batch_rows(station, seed, line, large=large)
            rows += monitor_rows(station, seed, line)
        rows += import_rows(Path(folder) / "top_lift.mcap", Path(folder), line)
        line.update("command line")
        rows.append(help_row())
        for bench in BENCHES:
            rows += rows_from(bench, line, large=large)
    machine = this_machine()
    if json:
        emit_json({"machine": machine, "rows": [row.as_json() for row in rows]})
    else:
        print_rows(machine, rows)


def rows_from(bench: str, line: ProgressLine, *, large: bool = False) -> list[Row]:
    """The rows of one entry of BENCHES; without what it needs, one row that says so."""
    module, function = bench.split(":")
    try:
        rows: list[Row] = getattr(importlib.import_module(module), function)(line, large=large)
    except ImportError as error:
        missing = getattr(error, "name", None) or ""
        if module == missing or missing and module.startswith(missing + "."):
            return []  # an installation without that layer
        return [unmeasured(module.replace(".", " "), error)]
    return rows


__all__ = ["BENCHES", "Row", "command"]
