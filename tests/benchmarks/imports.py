"""Importing a station's log beside plain pyarrow reading of the same file, in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from tests.benchmarks.row import Row, speed_ratio
from twin.console import ProgressLine

ROWS = 15_000
"""Of the log: five minutes at fifty lines a second."""
TURNS = 5
COLUMNS = [
    f"robot0/{axis}/{word}" for axis in ("x", "y", "z") for word in ("position_m", "velocity_mps", "reference_m")
]
COLUMNS += ["robot0/yaw/position_rad"]
SENSORS = [f"robot0/grip{i + 1}_{word}" for i in range(4) for word in ("closed", "open")]
SENSORS += [f"truck1/lock{i + 1}_{word}" for i in range(4) for word in ("closed", "open")]
SENSORS += ["robot0/load_cell_n", "robot0/lateral_x_n", "robot0/lateral_y_n"]
UNITS = {"_m": "m", "_rad": "rad", "_mps": "m/s", "_n": "N"}


def import_rows(recording: Path, folder: Path, line: ProgressLine) -> list[Row]:
    """One row, from a log that repeats what a recording of the top-lift station holds."""
    from twin.log_import.importing import import_log
    from twin.log_import.mapping_checks import load_mapping

    log, at = folder / "log.csv", folder / "log.yaml"
    write_log(recording, log, at)
    mapping = load_mapping(at)

    def imported() -> None:
        report = import_log(log, mapping, folder / "imported.mcap")
        assert report.lines == ROWS

    return [row_of(*in_turns([imported, lambda: read_plainly(log)], line))]


def write_log(recording: Path, log: Path, at: Path) -> None:
    """A wide CSV file with ISO stamps, and its mapping."""
    from twin.recording import open_recording

    with open_recording(recording) as source:
        configuration = source.header.configuration
        states, sensors = source.states(names=COLUMNS)[1], source.sensors(names=SENSORS)[1]
    count = min(len(states), len(sensors))
    cells = np.char.mod("%.5f", np.concatenate((states[:count], sensors[:count]), axis=1))
    tails = [",".join(row) for row in cells]
    names = [*COLUMNS, *SENSORS]
    begin = datetime(2026, 2, 11, 6, 0, tzinfo=UTC)
    with log.open("w", encoding="utf-8") as file:
        file.write(",".join(["time", *names]) + "\n")
        for k in range(ROWS):
            stamp = begin + timedelta(milliseconds=20 * k)
            file.write(f"{stamp.isoformat(timespec='milliseconds')},{tails[k % count]}\n")
    said = [f"{part}: {configuration[part]['name']}" for part in ("station", "truck", "pack")]
    said += ["time: {column: time, format: iso}", "signals:"]
    for name in names:
        unit = next((f", unit: {unit}" for end, unit in UNITS.items() if name.endswith(end)), "")
        said.append(f"  {name}: {{tag: {name}{unit}}}")
    at.write_text("\n".join(said) + "\n", encoding="utf-8")


def read_plainly(log: Path) -> int:
    """Rows of a file that pyarrow reads in one go through it, everything converted as it guesses."""
    import pyarrow.csv

    return sum(batch.num_rows for batch in pyarrow.csv.open_csv(str(log)))


def in_turns(sides: list[Callable[[], object]], line: ProgressLine) -> list[list[float]]:
    """Seconds of each side in each turn, after one that does not count; the order within a turn rotates."""
    seconds: list[list[float]] = [[] for _ in sides]
    for turn in range(TURNS + 1):
        line.update(f"import of a log, turn {turn + 1} of {TURNS + 1}")
        for k in range(len(sides)):
            side = (turn + k) % len(sides)
            began = time.perf_counter()
            sides[side]()
            if turn:
                seconds[side].append(time.perf_counter() - began)
    return seconds


def row_of(imported_s: list[float], plain_s: list[float]) -> Row:
    """Medians of the turns."""
    ratio, spread = speed_ratio(imported_s, plain_s)
    plain = ROWS / statistics.median(plain_s)
    note = f"with its recording written; plain pyarrow reading of the same file: {plain:,.0f} rows/s"
    value = ROWS / statistics.median(imported_s)
    return Row("import-log", value, "rows/s", ratio, "plain pyarrow reading", spread, note=note)
