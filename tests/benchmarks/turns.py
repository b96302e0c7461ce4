"""One swap in several plants at once, in turns: a scout (untimed), as it is, with its recording, and bare."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.catalogue import TimingSet
    from twin.setup.setup import SwapSetup
    from twin.swap import SwapTwin

TURN_TICKS = 500
"""Ticks of one turn: about a tenth of a second of wall time."""


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
        before = twin.runner.observer

        def observe(runner: Any) -> None:
            if before is not None:
                before(runner)
            self._observe(runner)

        twin.runner.observer = observe
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        self._go.acquire()
        try:
            if not self._stop:
                self.twin.program.run()
        except _Stopped:
            pass
        except BaseException as error:  # raised in the thread that waits for the turn
            self._error = error
        self.ended = True
        self._paused.release()

    def _observe(self, runner: Any) -> None:
        tick = int(runner.worlds["truth"]["tick"][0])
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
    setup: SwapSetup,
    timing: TimingSet,
    until_s: float,
    path: Path,
    *,
    turn_ticks: int = TURN_TICKS,
    on_turn: Callable[[float], None] = lambda t_s: None,
) -> Turns:
    """Run one swap in turns: as it is, recorded (to `path`), and bare."""
    from tests.benchmarks.bare_plant import BareLoop, Scout
    from twin.recording.swap import SwapRecorder
    from twin.runner.kinds import existing_runner
    from twin.runner.single import Runner
    from twin.swap import SwapTwin

    bare = BareLoop(setup)
    recorded_twin = SwapTwin(setup, timing)
    with SwapRecorder(path, recorded_twin):
        noting = Scout(setup)
        lanes = [Lane(SwapTwin(setup, timing, make_runner=existing_runner(Runner(noting))), turn_ticks)]
        lanes += [Lane(twin, turn_ticks) for twin in (SwapTwin(setup, timing), recorded_twin)]
        scout, swap, recorded = lanes
        turns = Turns(turn_ticks)
        try:
            for lane in lanes:
                lane.turn()
            number = 0
            while scout.turn() and scout.twin.program.time_s(0) <= until_s:
                noted = noting.noted
                seconds: dict[str, float] = {}
                kinds = ["swap", "recorded", "bare"]
                for kind in kinds[number % 3 :] + kinds[: number % 3]:
                    if kind == "bare":
                        _, seconds[kind] = bare.run_noted(noted)
                    else:
                        lane = swap if kind == "swap" else recorded
                        lane.turn()
                        seconds[kind] = lane.seconds
                turns.same_bits = turns.same_bits and bare.same_bits_as(noting)
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
