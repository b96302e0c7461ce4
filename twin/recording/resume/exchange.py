"""A swap that replays its recording up to a moment and continues from there with other settings.

The new settings hold from the moment's tick on: new faults act in that tick's PLC scan, and all later decisions are
made anew. Motion in progress continues: a started command keeps its motion, a phase in progress takes a new timing set
with its next command, and a new timing policy is first queried when a robot enters its next phase.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from twin.alignment.aligner import Aligner, MakeDecider, robots_of
from twin.errors import InputError
from twin.recording.resume.past import RecordedPart, same_row
from twin.recording.swap.settings import DECIDED, Settings
from twin.records import BUSY, FOLLOW_NOT
from twin.result import SwapResult
from twin.runner.single import Runner
from twin.swap import SwapTwin, TimingDecider

UNNAMED = "?"
"""A policy that the recording does not name: its past decisions are known, its future ones are not."""
Load = Callable[[str, str], Any]
"""Maps ("timing" or "align", a policy's name) to its `TimingDecider` or `MakeDecider`."""


class RecordedThenPolicyTiming:
    """A timing policy that gives the recorded answers before the moment, then its own.

    `policy` is queried before the moment too, so that its memory is right; None if it does not decide afterwards.
    """

    def __init__(self, past: RecordedPart, policy: TimingDecider | None) -> None:
        self._past, self._policy = past, policy
        self.differs_s: float | None = None
        """Time of its first answer that differs from the recording."""

    def __call__(self, twin: SwapTwin, world: int, robot: int, job: int, phase: str) -> np.void | np.ndarray:
        answer = None if self._policy is None else self._policy(twin, world, robot, job, phase)
        if self._past.is_over:
            assert answer is not None
            return answer
        recorded = self._past.answer(robot, job, phase)
        if answer is not None and self.differs_s is None and not same_row(answer, recorded):
            self.differs_s = twin.program.time_s(world)
        return recorded


class RecordedThenPolicySetpoints:
    """An align policy, a plant's `decide`: the recorded setpoints before the moment, then its own.

    See `RecordedThenPolicyTiming`.
    """

    def __init__(self, past: RecordedPart, twin: SwapTwin, make: MakeDecider | None) -> None:
        self._past, self._program = past, twin.program
        self._driver = robots_of(twin.program)
        self._aligner = None if make is None else Aligner(twin.program, make)
        self.differs_s: float | None = None

    def __call__(self, runner: Runner) -> None:
        if self._past.is_over:
            if self._aligner is not None:
                self._aligner(runner)
            return
        recorded = self._past.setpoints()
        if self._aligner is not None:
            decided = list(self._aligner.decisions())
            if self.differs_s is None and not _same(dict(decided), dict(recorded)):
                self.differs_s = self._program.time_s(0)
        for robot, setpoints in recorded:
            self._driver.send(np.array([robot]), setpoints[None])


def _same(ones: Mapping[int, np.ndarray], others: Mapping[int, np.ndarray]) -> bool:
    return ones.keys() == others.keys() and all(np.array_equal(others[robot], one) for robot, one in ones.items())


class BranchedSwap:
    """A swap whose settings change while it runs; its first part is as recorded."""

    def __init__(
        self, twin: SwapTwin, past: RecordedPart, settings: Sequence[Settings], load: Mapping[tuple[str, int], Any]
    ) -> None:
        """`twin` must not have run; `settings[0]` hold from its beginning; `load` as from `load_deciders`."""
        self.twin, self._past, self._settings = twin, past, tuple(settings)
        self._ticks = [tick_of(one, twin) for one in settings]
        self._deciders_of: dict[str, list[Any]] = {what: self._deciders(what, load) for what in DECIDED}
        self._next, self._reached = 1, False
        self.on_reached: Callable[[], None] | None = None
        """Called once, at the moment."""
        if (timed := self._deciders_of["timing"][0]) is not None:
            twin.set_timing_decider(timed)
        if (aligned := self._deciders_of["align"][0]) is not None:
            twin.set_aligner(aligned)
        twin.watch(self._after_scan)

    def _deciders(self, what: str, load: Mapping[tuple[str, int], Any]) -> list[Any]:
        """The decider under each of the settings; one that continues is the same object."""
        found: list[Any] = []
        for k, first in enumerate(first_settings_of_decider(self._settings, what)):
            if what not in self._settings[k].policies:
                found.append(None)
            elif first < k:
                found.append(found[first])
            elif what == "timing":
                found.append(RecordedThenPolicyTiming(self._past, load.get((what, first))))
            else:
                found.append(RecordedThenPolicySetpoints(self._past, self.twin, load.get((what, first))))
        return found

    def run(self) -> SwapResult:
        """Run to the end and give the result.

        Raises:
            InputError: the first part differs from the recording, or a setting cannot be changed at the moment.
        """
        self._exchange(0)
        result = self.twin.run()
        if not self._reached:
            self._past.check_whole()
            raise InputError(f"the swap ends before {self._settings[-1].at_s:.2f} s")
        return result

    def close(self) -> None:
        """Free the plant."""
        self.twin.close()

    def _after_scan(self, runner: Runner) -> None:
        self._exchange(int(runner.worlds["truth"]["tick"][0]))
        if self._reached and self._next == len(self._settings):
            self.twin.unwatch(self._after_scan)

    def _exchange(self, tick: int) -> None:
        arrives = not self._reached and tick >= self._past.tick
        if arrives:
            self._past.check_whole()
        while self._next < len(self._settings) and tick >= self._ticks[self._next]:
            self._apply(self._next)
            self._next += 1
        if arrives:
            self._past.leave()
            self._reached = True
            if self.on_reached is not None:
                self.on_reached()

    def _apply(self, k: int) -> None:
        before, now, twin = self._settings[k - 1], self._settings[k], self.twin
        fields = now.as_json()
        del fields["at_s"]
        fields["timing_set"] = fields.pop("timing")  # elsewhere `timing` belongs to a phase
        twin.program.event(0, "branch", f"from here on {now.words}", **fields)
        if now.timing != before.timing or ("timing" in before.policies and "timing" not in now.policies):
            twin.set_timing(now.timing)
            if now.timing.planning != before.timing.planning:
                said = f"slots and order stay as they were planned ({before.timing.planning})"
                twin.program.event(0, "branch", f"{said}, not as {now.timing.name} would ({now.timing.planning})")
        for what, exchange in (("timing", twin.set_timing_decider), ("align", self._align_by)):
            decider = self._deciders_of[what][k]
            if decider is not self._deciders_of[what][k - 1]:
                exchange(decider)
            elif decider is not None and decider.differs_s is not None:
                self._note_other(what, now.policies[what], decider)

    def _align_by(self, decide: RecordedThenPolicySetpoints | None) -> None:
        if decide is None:
            self._refuse_following()
        self.twin.set_aligner(decide)

    def _refuse_following(self) -> None:
        """Refuse a moment within an insertion under setpoints if no policy gives setpoints from then on."""
        runner = self.twin.runner
        robots = range(self.twin.setup.station.robots.count)
        following = [
            r
            for r in robots
            if runner.commands["follow"][0, r] != FOLLOW_NOT and runner.worlds["control"]["status"][0, r] == BUSY
        ]
        if following:
            since_s = min(float(runner.worlds["control"]["command_start_s"][0, r]) for r in following)
            raise InputError(
                f"robot {following[0] + 1} follows the policy's setpoints at this moment",
                key="--align-policy",
                value="none",
                allowed=f"none up to {since_s:.2f} s or once the pack is seated, or another policy",
            )

    def _note_other(
        self, what: str, name: str, decider: RecordedThenPolicyTiming | RecordedThenPolicySetpoints
    ) -> None:
        since_s, decider.differs_s = decider.differs_s, None
        text = f"{what} policy {name} is not what it was: it would have decided otherwise from {since_s:.2f} s on"
        self.twin.program.event(0, "policy_differs", text, what=what, policy=name, since_s=since_s)


def tick_of(settings: Settings, twin: SwapTwin) -> int:
    """Tick of a moment, which coincides with a PLC scan."""
    return round(settings.at_s * twin.setup.station.rates.physics_hz)


def first_settings_of_decider(settings: Sequence[Settings], what: str) -> list[int]:
    """For each of the settings, index of the first from which on the same policy, or none, decides `what` without a
    break."""
    first: list[int] = []
    for k, one in enumerate(settings):
        same = k > 0 and one.policies.get(what) == settings[k - 1].policies.get(what)
        first.append(first[-1] if same else k)
    return first


def load_deciders(settings: Sequence[Settings], at_s: float, load: Load) -> dict[tuple[str, int], Any]:
    """The policies that decide anything from `at_s` on, by what they decide and the index of their first settings."""
    found = {}
    for what in DECIDED:
        first = first_settings_of_decider(settings, what)
        for k, one in enumerate(settings):
            ends_s = settings[k + 1].at_s if k + 1 < len(settings) else np.inf
            name = one.policies.get(what)
            if name is not None and ends_s > at_s and (what, first[k]) not in found:
                found[what, first[k]] = load(what, name)
    return found


__all__ = ["UNNAMED", "BranchedSwap", "first_settings_of_decider", "load_deciders"]
