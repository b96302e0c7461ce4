"""A swap that stops at every question of how to move: what Timing-v0 plays. Pickled as its answers, and replayed."""

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
from twin.sequence.program import Ask
from twin.setup.setup import SwapSetup
from twin.swap import SwapTwin

Row = np.void | np.ndarray
MAX_PARKINGS = 50
"""A truck that has not parked inside the station's gate by then never will."""


class TimedSwap:
    """One swap from its first question on; `last` is the place of the last phase to play, or none.

    Attributes:
        outcome: "running", "part_completed" or what the swap ended with.
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
        """A swap that waits at its first question.

        Args:
            on_twin: is given the swap before anything of it runs.
            plant: the name of what it runs on.
            make_runner: makes a runner in its place that others run, so that it has not begun: whoever runs it calls
                `start`, then lets it run while that is true and calls `collect`. Such a swap cannot be copied.
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
    def ask(self) -> Ask | None:
        """The question that waits for an answer."""
        asking = self.twin.program.asking
        return asking[0] if asking else None

    def answer(self, row: Row) -> None:
        """Answer with a TIMING record; `go_on` has to follow."""
        self._rows.append(row)
        self._answer(row)

    def _answer(self, row: Row) -> None:
        ask = self.ask
        assert ask is not None
        self.twin.program.answer(ask.world, ask.robot, row)

    def go_on(self) -> None:
        """To the next question, perhaps of the same robot, or to the end."""
        while self.start():
            self.twin.runner.run()
            self.collect()

    def start(self) -> bool:
        """Decide whatever can be decided. True while the plant has to run; else `outcome` says how it stands."""
        program = self.twin.program
        if program.start():
            return True
        if not program.asking:
            self.outcome = program.outcome[0]
        elif any(self._is_beyond(ask) for ask in program.asking):
            self.outcome = "part_completed"
        return False

    def collect(self) -> None:
        """Take the results that the plant's run has brought."""
        self.twin.program.collect()

    def _is_beyond(self, ask: Ask) -> bool:
        """Whether a robot asks for a phase after the last one that shall be played."""
        if self.last is None or self.last >= len(PHASES) - 1:
            return False
        again = int(self.twin.program.place[ask.world, ask.robot]) > 0
        return again or place_of(ask.phase, self.setup.station.kind) > self.last

    # ------------------------------------------------------------------------------------------------ what it shows

    @property
    def mechanical_s(self) -> float:
        """Mechanical time so far, as the swap counts it."""
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
        """What the safety monitor has seen."""
        return list(violations_of(self.twin.runner.worlds[0], self.twin.setup))

    def kpis(self) -> dict[str, float | int]:
        """The swap's key figures so far."""
        return kpis_of(self.twin.runner, self.twin.program, 0)

    def close(self) -> None:
        """Free the plant."""
        self.twin.close()

    def __getstate__(self) -> dict[str, Any]:
        """All but the plant, which is made anew from the answers."""
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
    """Episode `seed`: a truck that stands outside the station's gate parks again, as at a station, before it begins.

    Raises:
        InputError: options that fix a pose with which no swap begins.
    """
    for case in parkings(choice, seed, options):
        swap = TimedSwap(case.setup, timing, last, plant=plant)
        if swap.ask is not None:
            if recorder is not None and recorder.asked:
                swap.close()  # only now is it known that this is the swap: from its beginning again
                swap = TimedSwap(case.setup, timing, last, recorder.begin, plant=plant)
            return case, swap
        swap.close()  # by the scanner it stands outside
    raise AssertionError("there is always another parking, or an error")


def parkings(choice: SwapChoice, seed: int, options: dict[str, Any]) -> Iterator[SwapCase]:
    """Episode `seed` with its truck inside the gate, as often as it has to park again.

    Raises:
        InputError: options that fix a pose with which no swap begins.
    """
    random = seeding.stream(seed, "swap parking again")
    for case in itertools.islice(tries(choice, seed, options, random), MAX_PARKINGS):
        if not outside_gate(case):
            yield case
    raise InputError("no swap begins with such a truck: it has to park again", key="options", value=options)
