"""Swaps against the bare loop of `tests.benchmarks.bare_plant` on the same states, and with their recording."""

from __future__ import annotations

import statistics
from pathlib import Path

from tests.benchmarks.row import Row, speed_ratio
from tests.benchmarks.turns import Turns, measure
from twin.console import ProgressLine
from twin.errors import InputError

REQUIRED_OF_BARE = 0.6
REQUIRED_RECORDED = 0.9


def swap_rows(station: str, seed: int, until_s: float, path: Path, line: ProgressLine) -> list[Row]:
    """The rows of one station; its recording is left at `path`."""
    from twin.commands.swap import resolve

    setup, timing = resolve(station, None, None, "factory", seed=seed, parking="guided")

    def show(t_s: float) -> None:
        line.update(f"{station}, four times, {t_s:.0f} s simulated")

    return rows_of(station, measure(setup, timing, until_s, path, on_turn=show))


def rows_of(station: str, turns: Turns) -> list[Row]:
    """Medians and quartiles of a station's turns."""
    if len(turns.swap) < 2:
        raise InputError("too short to measure", key="--seconds", allowed="10 or more, or 0")

    def speed(seconds: list[float]) -> float:
        return turns.ticks / statistics.median(seconds)

    of_bare, bare_spread = speed_ratio(turns.swap, turns.bare)
    of_plain, plain_spread = speed_ratio(turns.recorded, turns.swap)
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
