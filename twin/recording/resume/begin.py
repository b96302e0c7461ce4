"""Selects the moment of a recording from which a swap continues, and checks that it can."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Self

from twin.errors import InputError
from twin.faults.player import check_added
from twin.recording import Recording, open_recording
from twin.recording.resume.estimated.moment import EstimatedMoment
from twin.recording.resume.exchange import UNNAMED, BranchedSwap, Load, load_deciders
from twin.recording.resume.moment import Change, Moment, scan_of
from twin.recording.resume.past import RecordedPart, follows_setpoints
from twin.recording.swap.configuration import SWAP, Configuration
from twin.recording.swap.sampling import Sampler
from twin.recording.swap.settings import Branch, Origin, Settings, settings_at
from twin.recording.swap.versions import file_sha256
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin

IMPORTED = "imported"
"""Source of a recording that was imported from a station's log."""
ENDS = ("trip", "outcome")
"""Events after which no decision is made."""


def begin_from(path: str | Path, at_s: float, *, plant: str = "bullet", seed: int = 0) -> Moment:
    """The moment `at_s` of a recording, rounded up to the next PLC scan.

    `plant` and `seed` are for a moment of an imported log; the twin's own recordings contain them.

    Raises:
        InputError: not a recording of a swap, or a time from which this swap cannot continue.
    """
    recording = open_recording(path)
    try:
        if recording.header.source == IMPORTED:
            return EstimatedMoment(recording, at_s, plant=plant, seed=seed)
        if recording.header.source != "twin":
            raise InputError(
                "a swap continues from the twin's own recordings and from imported logs",
                file=path,
                key="source",
                value=recording.header.source,
                allowed=f"twin, {IMPORTED}",
            )
        return RecordedMoment(recording, at_s)
    except BaseException:
        recording.close()
        raise


class RecordedMoment:
    """A moment in the twin's own recording: its swap is rerun up to there, bit-identical."""

    def __init__(self, recording: Recording, at_s: float) -> None:
        """Raises InputError if the recording is not of a swap, is damaged, or ends before the moment."""
        self._recording, self.path = recording, recording.path
        header = recording.header
        _check_swap(recording)
        self._configuration = configuration = Configuration.from_plain(header.configuration, self.path)
        self.setup, self.plant = configuration.setup, configuration.plant
        rates = self.setup.station.rates
        if header.seed != self.setup.seed or header.tick_hz != float(rates.physics_hz):
            raise InputError("damaged recording: seed or tick_hz differs from its configuration", file=self.path)
        begin_s = configuration.branch.begin_s if configuration.branch is not None else 0.0
        scan = scan_of(at_s, rates.plc_hz, _end_s(recording), self.path, begin_s)
        tick = scan * (rates.physics_hz // rates.plc_hz)
        self.at_s = tick / rates.physics_hz
        self._past = RecordedPart(recording, tick, float(rates.physics_hz))
        self._recorded = (self._first_settings(), *(configuration.branch.settings if configuration.branch else ()))

    def _first_settings(self) -> Settings:
        """Settings at the beginning, with the policies even if the header does not name them."""
        configuration = self._configuration
        later_s = [one.at_s for one in configuration.branch.settings] if configuration.branch else []
        end_s = min(later_s, default=math.inf) - 1e-6
        until_s = None if math.isinf(end_s) else end_s
        policies = dict(configuration.policies)
        if "timing" not in policies and any(e["name"] == "timing" for e in self._recording.events(None, until_s)):
            policies["timing"] = UNNAMED
        if "align" not in policies and any(
            map(follows_setpoints, RecordedPart.read_commands(self._recording, until_s))
        ):
            policies["align"] = UNNAMED
        return Settings(0.0, configuration.timing, policies)

    def branch(self, change: Change) -> Branch:
        """Settings from the moment on; raises InputError for what cannot be changed there."""
        now = settings_at(self._recorded, self.at_s)
        self._check(change, now)
        here = dataclasses.replace(_changed(now, change), at_s=self.at_s, faults=change.faults)
        past = [one for one in self._recorded[1:] if one.at_s <= self.at_s]
        later = [_changed(one, change) for one in self._recorded[1:] if one.at_s > self.at_s]
        before = self._configuration.branch
        return Branch(
            Origin(self.path.name, file_sha256(self.path), self.at_s),
            (*past, here, *later),
            () if before is None else (*before.earlier, before.origin),
            None if before is None else before.start,
        )

    def _check(self, change: Change, now: Settings) -> None:
        for what, name in now.policies.items():
            if name == UNNAMED and what not in change.policies:
                raise InputError(
                    "decided by a policy that the recording does not name: a policy is needed from here on",
                    file=self.path,
                    key=f"--{what}-policy",
                    allowed="a policy, or none",
                )
        if change.timing is not None and "timing" in now.policies and "timing" not in change.policies:
            raise InputError(
                f"policy {now.policies['timing']} decides the timing of every phase: a timing set would have no effect",
                file=self.path,
                key="--timing",
                value=change.timing.name,
                allowed="together with --timing-policy none",
            )
        for fault in change.faults:
            check_added(fault, self.at_s, self.setup)

    def begin(self, branch: Branch, load: Load) -> BranchedSwap:
        """The swap, ready to run; `load` gives the policies that decide from the moment on."""
        settings = (self._recorded[0], *branch.settings)
        policies = load_deciders(settings, self.at_s, load)
        c = self._configuration
        twin = SwapTwin(
            c.setup, c.timing, c.faults, make_runner=runner_maker(c.plant), policies=c.policies, branch=branch
        )  # fmt: skip
        try:
            recorded = self._recording.header.channels
            self._past.expect(twin.program, Sampler(twin.setup, twin.runner.worlds, twin.runner.params, recorded))
            return BranchedSwap(twin, self._past, settings, policies)
        except BaseException:
            twin.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the recording."""
        self._recording.close()


def _changed(settings: Settings, change: Change) -> Settings:
    """Apply a change from the moment to the end, also to settings that the recording changed later."""
    policies = {**settings.policies, **change.policies}
    return dataclasses.replace(
        settings,
        timing=settings.timing if change.timing is None else change.timing,
        policies={what: name for what, name in policies.items() if name is not None},
    )


def _check_swap(recording: Recording) -> None:
    kind = recording.header.configuration.get("kind")
    if kind != SWAP:
        raise InputError(
            "only a swap can continue from a recorded moment", file=recording.path, key="kind", value=kind, allowed=SWAP
        )


def _end_s(recording: Recording) -> float:
    """Time of the last decision; for an interrupted recording, of its last sample."""
    ends = [float(event["t_s"]) for event in recording.events() if event.get("name") in ENDS]
    if not ends or not recording.end_state_sha256:
        t_s = recording.states(names=()).t_s
        if not len(t_s):
            raise InputError("cut off before anything was recorded", file=recording.path)
        ends.append(float(t_s[-1]))
    return min(ends)
