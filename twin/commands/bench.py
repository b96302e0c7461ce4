"""`swaptwin bench`: speeds, each beside what it is compared with, alternating in one run.

The same swap runs in several plants at once, in turns of some hundred ticks: a scout (untimed), the swap as it is, the
swap with its recording, and the bare loop of `twin.plants.bullet.bare` on the same states. The order of the timed ones
rotates. Figures are medians over the turns of the ratio in each turn, so that a busy machine disturbs both sides alike.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.console import ProgressLine, emit_json, progress
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.catalogue import TimingSet
    from twin.cell import Cell
    from twin.swap import SwapTwin

STATIONS = ("top_lift", "chassis")
TURN_TICKS = 500
"""Ticks of one turn: about a tenth of a second of wall time."""
TABLE_WIDTH = 120
REQUIRED_OF_BARE = 0.6
REQUIRED_RECORDED = 0.9
REQUIRED_HELP_S = 0.5
REQUIRED_FPS = {"medium": 30, "low": 60}
"""Of the viewer at 1280x720, by quality; medium has shadows."""


@dataclass
class Row:
    """One line of the table; `ratio` is this row's speed over that of `against`."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str | None = None
    quartiles: tuple[float, float] | None = None
    required: str | None = None
    met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The design's row, with spread and requirement beside it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "ratio": self.ratio,
            "against": self.against,
            "ratio_quartiles": self.quartiles,
            "required": self.required,
            "met": self.met,
        }


def command(
    seconds: Annotated[
        float, typer.Option(help="Simulated seconds of each swap; 0 for all of it.", min=0.0, max=3600.0)
    ] = 120.0,
    seed: Annotated[int, typer.Option(help="Of the swaps.")] = 1,
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
        line.update("command line")
        rows.append(help_row())
    machine = this_machine()
    if json:
        emit_json({"machine": machine, "rows": [row.as_json() for row in rows]})
    else:
        print_rows(machine, rows)


# ----------------------------------------------------------------------------------------------------------- turns


class Lane:
    """A swap that runs in turns: in a thread of its own, of which only one is ever awake."""

    def __init__(self, twin: SwapTwin, turn_ticks: int) -> None:
        self.twin, self._turn = twin, turn_ticks
        self._go, self._paused = threading.Semaphore(0), threading.Semaphore(0)
        self._next, self._began_s = 0, 0.0
        self._stop, self._error = False, None  # type: bool, BaseException | None
        self.ended = False
        self.seconds = 0.0
        """Wall time of the last turn."""
        before = twin.plant.observer

        def observe(plant: Any) -> None:
            if before is not None:
                before(plant)
            self._observe(plant)

        twin.plant.observer = observe
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        self._go.acquire()
        try:
            if not self._stop:
                self.twin.program.run()
        except _Stopped:
            pass
        except BaseException as error:  # told in the thread that waits for the turn
            self._error = error
        self.ended = True
        self._paused.release()

    def _observe(self, plant: Any) -> None:
        tick = int(plant.worlds["tick"][0])
        if tick < self._next:
            return
        self.seconds = time.perf_counter() - self._began_s
        self._next = tick + self._turn
        self._paused.release()
        self._go.acquire()
        if self._stop:
            raise _Stopped
        self._began_s = time.perf_counter()

    def turn(self) -> bool:
        """Run to the end of the next turn; False when the swap is over. The first turn stops at tick 0."""
        self._go.release()
        self._paused.acquire()
        if self._error is not None:
            raise self._error
        return not self.ended

    def close(self) -> None:
        """End the thread and free the plant."""
        if not self.ended:
            self._stop = True
            self._go.release()
            self._thread.join()
        self.twin.close()


class _Stopped(Exception):  # noqa: N818 - not an error
    """Unwinds a lane's swap when the bench has enough."""


@dataclass
class Turns:
    """Seconds of each turn, by what ran in it."""

    ticks: int
    swap: list[float] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    bytes_per_s: float = 0.0
    same_bits: bool = True


def measure(
    cell: Cell,
    timing: TimingSet,
    until_s: float,
    path: Path,
    *,
    turn_ticks: int = TURN_TICKS,
    on_turn: Callable[[float], None] = lambda t_s: None,
) -> Turns:
    """Run one swap in turns: as it is, recorded (to `path`), and bare."""
    from twin.plants.bullet.bare import BareLoop, Scout
    from twin.recorded import SwapRecorder
    from twin.swap import SwapTwin

    bare = BareLoop(cell)
    recorded_twin = SwapTwin(cell, timing)
    with SwapRecorder(path, recorded_twin):
        lanes = [Lane(SwapTwin(cell, timing, make_plant=Scout), turn_ticks)]
        lanes += [Lane(twin, turn_ticks) for twin in (SwapTwin(cell, timing), recorded_twin)]
        scout, swap, recorded = lanes
        turns = Turns(turn_ticks)
        try:
            for lane in lanes:
                lane.turn()
            number = 0
            while scout.turn() and scout.twin.program.time_s(0) <= until_s:
                noted = scout.twin.plant.noted
                seconds: dict[str, float] = {}
                kinds = ["swap", "recorded", "bare"]
                for kind in kinds[number % 3 :] + kinds[: number % 3]:
                    if kind == "bare":
                        _, seconds[kind] = bare.run_noted(noted)
                    else:
                        lane = swap if kind == "swap" else recorded
                        lane.turn()
                        seconds[kind] = lane.seconds
                turns.same_bits = turns.same_bits and bare.same_bits_as(scout.twin.plant)
                noted.clear()
                if number:  # the first turn loads kernels and warms caches
                    for kind in kinds:
                        getattr(turns, kind).append(seconds[kind])
                number += 1
                on_turn(scout.twin.program.time_s(0))
            reached_s = scout.twin.program.time_s(0)
        finally:
            for lane in lanes:
                lane.close()
            bare.close()
    turns.bytes_per_s = path.stat().st_size / max(reached_s, 1e-9)
    return turns


# ------------------------------------------------------------------------------------------------------------ rows


def swap_rows(station: str, seed: int, until_s: float, path: Path, line: ProgressLine) -> list[Row]:
    """The rows of one station; its recording is left at `path`."""
    from twin.commands.swap import resolve

    cell, timing = resolve(station, None, None, "factory", seed=seed, parking="guided")

    def show(t_s: float) -> None:
        line.update(f"{station}, four times, {t_s:.0f} s simulated")

    return rows_of(station, measure(cell, timing, until_s, path, on_turn=show))


def rows_of(station: str, turns: Turns) -> list[Row]:
    """Medians and quartiles of a station's turns."""
    if len(turns.swap) < 2:
        raise InputError("too short to measure", key="--seconds", allowed="10 or more, or 0")

    def speed(seconds: list[float]) -> float:
        return turns.ticks / statistics.median(seconds)

    def ratios(above: list[float], below: list[float]) -> tuple[float, tuple[float, float]]:
        """Speed over speed is time under time."""
        each = [b / a for a, b in zip(above, below, strict=True)]
        first, _, third = statistics.quantiles(each, n=4)
        return statistics.median(each), (first, third)

    of_bare, bare_spread = ratios(turns.swap, turns.bare)
    of_plain, plain_spread = ratios(turns.recorded, turns.swap)
    against = "bare loop" if turns.same_bits else "bare loop in other states"
    return [
        Row(
            f"{station} swap",
            speed(turns.swap),
            "ticks/s",
            of_bare,
            f"{station} {against}",
            bare_spread,
            f">= {REQUIRED_OF_BARE}",
            of_bare >= REQUIRED_OF_BARE and turns.same_bits,
        ),
        Row(f"{station} bare loop", speed(turns.bare), "ticks/s"),
        Row(
            f"{station} swap recorded",
            speed(turns.recorded),
            "ticks/s",
            of_plain,
            f"{station} swap",
            plain_spread,
            f"> {REQUIRED_RECORDED}",
            of_plain > REQUIRED_RECORDED,
        ),
        Row(f"{station} recording", turns.bytes_per_s / 1000.0, "kB/s"),
    ]


def picture_rows(station: str, path: Path) -> list[Row]:
    """Pictures a second of the viewer at 1280x720, from recording to pixels, with shadows and without."""
    try:
        from twin.viewer.frame_rate import measure_frames
    except ModuleNotFoundError:  # the viewer is an optional part
        return []
    seconds = measure_frames(path, tuple(REQUIRED_FPS))
    first, second = seconds
    each = [slow / fast for slow, fast in zip(seconds[first], seconds[second], strict=True)]
    quartile, _, third = statistics.quantiles(each, n=4)
    rows = []
    for quality, times in seconds.items():
        fps = 1.0 / statistics.median(times)
        row = Row(f"{station} pictures, {quality}", fps, "frames/s")
        row.required, row.met = f">= {REQUIRED_FPS[quality]}", fps >= REQUIRED_FPS[quality]
        rows.append(row)
    rows[1].ratio, rows[1].against = statistics.median(each), rows[0].name
    rows[1].quartiles = (quartile, third)
    return rows


def help_row(repeats: int = 5) -> Row:
    """How long `swaptwin --help` takes, in a process of its own."""
    seconds = []
    for _ in range(repeats):
        began_s = time.perf_counter()
        subprocess.run([sys.executable, "-m", "swaptwin", "--help"], capture_output=True, check=True, timeout=60)
        seconds.append(time.perf_counter() - began_s)
    value = statistics.median(seconds)
    return Row("swaptwin --help", value, "s", required=f"< {REQUIRED_HELP_S} s", met=value < REQUIRED_HELP_S)


def this_machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import os

    from twin.recording.header import current_versions

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "load_average": list(os.getloadavg()),
        "system": platform.platform(),
        "versions": current_versions(),
    }


def print_rows(machine: dict[str, Any], rows: list[Row]) -> None:
    """The table for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=TABLE_WIDTH)
    load = machine["load_average"][0]
    console.print(f"{machine['processor']}, {machine['cores']} cores, load {load:.1f}", markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("")
    table.add_column("ratio", justify="right")
    table.add_column("quartiles", justify="right", no_wrap=True)
    table.add_column("against")
    table.add_column("required")
    for row in rows:
        spread = f"{row.quartiles[0]:.2f} to {row.quartiles[1]:.2f}" if row.quartiles else ""
        wanted = f"{row.required}: {'met' if row.met else 'NOT met'}" if row.required else ""
        value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.name, value, row.unit, ratio, spread, row.against or "", wanted)
    console.print(table)
    console.print(
        "\nswap: all its Python (drives, sensors, sequence, monitor). bare loop: stepSimulation, one motor array and "
        f"one\njoint read a tick, in the same states to the last bit. Medians over turns of {TURN_TICKS} ticks.",
        markup=False,
        style="dim",
    )
