"""A swap that stops at every decision request, for Timing-v0. It is pickled as its responses, and replayed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from envs.recording import EpisodeRecorder
from envs.swap_case import SwapCase, SwapChoice, outside_gate, tries
from envs.timing_observation import PHASES, elapsed_s, place_of
from envs.timing_reward import Shown
from twin import seeding
from twin.catalogue import TimingSet
from twin.errors import InputError
from twin.result import finished_phases, kpis_of, violations_of
from twin.runner.kinds import MakeRunner, runner_maker
from twin.sequence.program import DecisionRequest
from twin.setup.setup import SwapSetup
from twin.swap import SwapTwin

Row = np.void | np.ndarray
REPARK = "repark_required"
MAX_PARKINGS = 50
"""Most parkings tried until the truck stands inside the station's gate."""


class TimedSwap:
    """One swap from its first decision request on; `last` is the index of the last phase to play, or None.

    Attributes:
        outcome: "running", "part_completed" or the swap's outcome.
    """

    def __init__(
        self,
        setup: SwapSetup,
        timing: TimingSet,
        last: int | None = None,
        on_twin: Callable[[SwapTwin], None] | None = None,
        *,
        plant: str = "bullet",
        make_runner: MakeRunner | None = None,
    ) -> None:
        """Advance a new swap to its first decision request.

        Args:
            on_twin: receives the twin before it runs.
            plant: name of the plant.
            make_runner: makes a runner that the caller advances, so the swap has not begun: call `start`, advance
                the runner while it returns True, then call `collect`. Such a swap cannot be copied.
        """
        self.setup, self.timing, self.last, self.plant = setup, timing, last, plant
        self._rows: list[Row] = []
        self._begin(make_runner or runner_maker(plant), on_twin)
        if make_runner is None:
            self.go_on()

    def _begin(self, make_runner: MakeRunner, on_twin: Callable[[SwapTwin], None] | None = None) -> None:
        self.outcome = "running"
        self.twin = SwapTwin(self.setup, self.timing, make_runner=make_runner)
        if on_twin is not None:
            on_twin(self.twin)
        self.twin.program.ask_timing = True

    @property
    def ask(self) -> DecisionRequest | None:
        """The open decision request."""
        asking = self.twin.program.asking
        return asking[0] if asking else None

    def answer(self, row: Row) -> None:
        """Respond with a TIMING record; `go_on` must follow."""
        self._rows.append(row)
        self._answer(row)

    def _answer(self, row: Row) -> None:
        ask = self.ask
        assert ask is not None
        self.twin.program.answer(ask.world, ask.robot, row)

    def go_on(self) -> None:
        """Advance to the next decision request, perhaps of the same robot, or to the end."""
        while self.start():
            self.twin.runner.run()
            self.collect()

    def start(self) -> bool:
        """Decide all that can be decided. True if the plant has to run; else `outcome` holds the status."""
        program = self.twin.program
        if program.start():
            return True
        if not program.asking:
            self.outcome = program.outcome[0]
        elif any(self._is_beyond(ask) for ask in program.asking):
            self.outcome = "part_completed"
        return False

    def collect(self) -> None:
        """Take the results of the plant's run."""
        self.twin.program.collect()

    def _is_beyond(self, ask: DecisionRequest) -> bool:
        """True if a robot requests a phase after the last one to play."""
        if self.last is None or self.last >= len(PHASES) - 1:
            return False
        again = int(self.twin.program.place[ask.world, ask.robot]) > 0
        return again or place_of(ask.phase, self.setup.station.kind) > self.last

    # ------------------------------------------------------------------------------------------------------ read-outs

    @property
    def mechanical_s(self) -> float:
        """Mechanical time so far, s, as the swap counts it."""
        program = self.twin.program
        if program.outcome[0]:
            return finished_phases(program, self.setup)[1]
        return elapsed_s(program, 0)

    def shown(self) -> Shown:
        """Times and peaks so far."""
        world = self.twin.runner.worlds[0]
        return Shown(
            self.mechanical_s,
            float(world["kpis"]["peak_lateral_n"]),
            float(world["kpis"]["residual_sway_m"]),
            frozenset(np.flatnonzero(world["monitor"]["violation"]).tolist()),
        )

    def violations(self) -> list[dict[str, Any]]:
        """Findings of the safety monitor."""
        return list(violations_of(self.twin.runner.worlds[0], self.twin.setup))

    def kpis(self) -> dict[str, float | int]:
        """The swap's key figures so far."""
        return kpis_of(self.twin.runner, self.twin.program, 0)

    def close(self) -> None:
        """Free the plant."""
        self.twin.close()

    def __getstate__(self) -> dict[str, Any]:
        """State without the plant, which is rebuilt from the responses."""
        return {key: value for key, value in self.__dict__.items() if key != "twin"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin(runner_maker(self.plant))
        self.go_on()
        for row in self._rows:
            self._answer(row)
            self.go_on()


def begin(
    choice: SwapChoice,
    seed: int,
    options: dict[str, Any],
    timing: TimingSet,
    last: int | None,
    recorder: EpisodeRecorder | None = None,
    *,
    plant: str = "bullet",
) -> tuple[SwapCase, TimedSwap]:
    """Begin episode `seed`; a truck that stands outside the station's gate first parks again.

    Robots of a timing set with blending may move before the first decision request: a swap that ends there, for
    another reason than the truck's place, is returned without one.

    Raises:
        InputError: options that fix a pose with which no swap begins.
    """
    for case in parkings(choice, seed, options):
        swap = TimedSwap(case.setup, timing, last, plant=plant)
        if swap.outcome != REPARK:
            if recorder is not None and recorder.asked:
                swap.close()  # record from the beginning, now that the truck is known to stand inside the gate
                swap = TimedSwap(case.setup, timing, last, recorder.begin, plant=plant)
            return case, swap
        swap.close()  # outside the gate by the scanner
    raise AssertionError("there is always another parking, or an error")


def parkings(choice: SwapChoice, seed: int, options: dict[str, Any]) -> Iterator[SwapCase]:
    """Yield episode `seed` with its truck inside the gate, once per parking.

    Raises:
        InputError: options that fix a pose with which no swap begins.
    """
    random = seeding.stream(seed, "swap parking again")
    for case in itertools.islice(tries(choice, seed, options, random), MAX_PARKINGS):
        if not outside_gate(case):
            yield case
    raise InputError("this truck has to park again: no swap begins", key="options", value=options)
