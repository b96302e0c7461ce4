"""Deciders and progress line, for every command that runs a swap."""

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
"""Functions from a policy's name and the setup to arguments of `SwapTwin`, by what the policy decides: "timing",
"align". The root module fills this in, because the twin has no policies."""


def show_progress(twin: SwapTwin, line: ProgressLine) -> None:
    """Update `line` with phase, simulated time and speed while `twin` runs; keeps existing observers."""
    phases = [""] * twin.setup.station.robots.count
    began: list[tuple[float, float]] = []  # from the second scan: the first may compile kernels

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
    """A callback that calls both."""
    if first is None:
        return second

    def call(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return call
