"""What every command that runs a swap needs: who decides in it, and its progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twin.console import ProgressLine

if TYPE_CHECKING:
    from twin.runner.single import Runner
    from twin.setup.setup import SwapSetup
    from twin.swap import SwapTwin

NOT_YET = "not available yet"
Decider = Callable[[str, "SwapSetup"], Mapping[str, Any]]
deciders: dict[str, Decider] = {}
"""From a policy's name and the setup to arguments of `SwapTwin`, by what it decides: "timing", "align". The root module
fills this in, for the twin knows no policies."""


def show_progress(twin: SwapTwin, line: ProgressLine) -> None:
    """Keep `line` at phase, simulated time and speed while `twin` runs; joins observers that are there already."""
    phases = [""] * twin.setup.station.robots.count
    began: list[tuple[float, float]] = []  # after the first scan kernels may still be compiled: the second one counts

    def on_phase(world: int, span: Any) -> None:
        phases[span.robot] = span.name

    def observe(runner: Runner) -> None:
        t_s = float(runner.worlds["truth"]["t_s"][0])
        if len(began) < 2:
            began.append((t_s, time.monotonic()))
            return
        speed = (t_s - began[1][0]) / max(time.monotonic() - began[1][1], 1e-9)
        line.update(f"{' | '.join(p for p in phases if p)}  {t_s:.1f} s simulated, {speed:.1f} x real time")

    twin.program.on_phase = both(twin.program.on_phase, on_phase)
    twin.runner.observer = both(twin.runner.observer, observe)


def both(first: Callable[..., None] | None, second: Callable[..., None]) -> Callable[..., None]:
    """One callback that calls two."""
    if first is None:
        return second

    def call(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return call
