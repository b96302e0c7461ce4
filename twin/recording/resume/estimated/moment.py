"""A moment of an imported recording from which a swap begins, with an estimated state that is marked as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.catalogue import load_timing
from twin.errors import InputError
from twin.faults import Fault
from twin.faults.player import check_added
from twin.recording import Recording
from twin.recording.resume.estimated.place import AFTER, SequencePlace, places_of, stage_of
from twin.recording.resume.estimated.seen import LoggedState, logged_setup, logged_state_at
from twin.recording.resume.estimated.world import note_pulled, truck_pose_of, world_at
from twin.recording.resume.exchange import Load
from twin.recording.resume.moment import Change, scan_of
from twin.recording.swap.settings import Branch, Origin, Settings
from twin.recording.swap.start import RobotPlace, Start
from twin.recording.swap.versions import file_sha256
from twin.records import AXES, STOPPING
from twin.result import SwapResult
from twin.runner.kinds import runner_maker
from twin.sequence.tables import TABLES
from twin.setup.jobs import Job
from twin.setup.setup import SwapSetup
from twin.swap import SwapTwin

DEFAULT_TIMING = "factory"


class EstimatedMoment:
    """A moment of a log from which a swap begins, on any plant."""

    def __init__(self, recording: Recording, at_s: float, *, plant: str = "bullet", seed: int = 0) -> None:
        """Raises InputError if the recording has no setup, or no swap can continue from the moment."""
        self._recording, self.path, self.plant = recording, recording.path, plant
        logged, models = logged_setup(recording.header.configuration, self.path)
        try:
            self.setup = logged.build(*models, seed)
        except ValueError as error:
            raise InputError("damaged configuration", file=self.path, value=str(error)) from None
        rates = self.setup.station.rates
        scan = scan_of(at_s, rates.plc_hz, recording.end_s, self.path)
        self.at_s = scan * (rates.physics_hz // rates.plc_hz) / rates.physics_hz
        seen = logged_state_at(recording, self.setup, self.at_s)
        self.places = places_of(seen, self.setup, self.path)
        if all(place.step is None for place in self.places):
            raise InputError("the log has no axis position: a swap cannot continue from it", file=self.path)
        self.start = start_of(seen, self.setup, self.places, logged)

    def branch(self, change: Change) -> Branch:
        """Settings from the moment on; raises InputError for what cannot be changed there."""
        timing = change.timing or load_timing(DEFAULT_TIMING, self.setup.station)
        policies = {what: name for what, name in change.policies.items() if name is not None}
        for fault in change.faults:
            check_added(fault, self.at_s, self.setup)
            self._check_phase(fault)
        settings = Settings(self.at_s, timing, policies, change.faults)
        return Branch(Origin(self.path.name, file_sha256(self.path), self.at_s), (settings,), (), self.start)

    def begin(self, branch: Branch, load: Load) -> EstimatedSwap:
        """The swap, ready to run; `load` gives the policies."""
        (settings,) = branch.settings
        deciders = {what: load(what, name) for what, name in settings.policies.items()}
        twin = SwapTwin(
            self.setup,
            settings.timing,
            make_runner=runner_maker(self.plant),
            timing_decider=deciders.get("timing"),
            aligner=deciders.get("align"),
            policies=settings.policies,
            branch=branch,
        )
        return EstimatedSwap(twin)

    def close(self) -> None:
        """Close the recording."""
        self._recording.close()

    def _check_phase(self, fault: Fault) -> None:
        """Refuse a fault in a phase that does not come any more."""
        phase = dict(fault.settings).get("phase")
        table = TABLES[self.setup.station.kind]()
        names, phases = [step.name for step in table], [step.phase for step in table]
        end = names.index("exit") + 1  # the steps after it are retries, into phases that have begun before
        coming: set[str] = set()
        for place in self.places:
            if place.step is not None:
                last = place.at + 1 >= len(place.queue)
                at = names.index(place.step)
                at = at if at < end else phases.index(phases[at])
                coming |= set(phases[at:end] if last else phases)
        if phase is not None and phase not in coming:
            raise InputError(
                "a phase that no longer begins after the moment",
                key=f"--fault {fault.kind}",
                value=phase,
                allowed=", ".join(dict.fromkeys(step.phase for step in table if step.phase in coming)),
            )


class EstimatedSwap:
    """A swap at its estimated beginning, ready to run."""

    def __init__(self, twin: SwapTwin) -> None:
        self.twin = twin
        self.on_reached: Callable[[], None] | None = None
        """Called once, when the swap begins."""

    def run(self) -> SwapResult:
        """Run to the end and give the result."""
        note_begin(self.twin)
        if self.on_reached is not None:
            self.on_reached()
        return self.twin.run()

    def close(self) -> None:
        """Free the plant."""
        self.twin.close()


def note_begin(twin: SwapTwin) -> None:
    """Record the event `branch` at the moment."""
    branch = twin.branch
    assert branch is not None
    assert branch.start is not None
    settings = branch.settings[0]
    fields: dict[str, Any] = settings.as_json()
    del fields["at_s"]
    fields["timing_set"] = fields.pop("timing")  # elsewhere `timing` belongs to a phase
    steps = ", ".join(f"robot {r + 1} at {one.step}" for r, one in enumerate(branch.start.robots) if one.step)
    message = f"begins here, its state estimated from a log ({steps}{axes_braked_first(twin)}), {settings.words}"
    twin.program.event(0, "branch", message, **fields, estimated=list(branch.start.estimated))


def axes_braked_first(twin: SwapTwin) -> str:
    """List the axes that are braked to rest first, in words; "" if all stand still."""
    state = twin.runner.worlds["image"]["axis_state"][0]
    moving = [AXES[k] for r in range(len(state)) for k in range(4) if state[r, k] == STOPPING]
    return f"; {', '.join(dict.fromkeys(moving))} stops first" if moving else ""


def start_of(seen: LoggedState, setup: SwapSetup, places: list[SequencePlace], logged: Any) -> Start:
    """The moment as data."""
    worlds = world_at(seen, setup, places)
    w, p = worlds[0], setup.params[0]
    current = {place.job for place in places}
    # of a robot that the log does not have: either job done, or not to be done
    done = [i for i, job in enumerate(setup.jobs) if i not in current and _is_over(job, seen)]
    note_pulled(w, setup, places, done)
    robots = tuple(
        RobotPlace(place.step, place.queue, place.at, tuple(truck_pose_of(w, p, seen, r, place).tolist()))
        for r, place in enumerate(places)
    )
    scanned = all(place.step not in ("identify", "scan") for place in places)
    return Start.of(logged, setup, worlds, robots, scanned, seen.estimated)


def _is_over(job: Job, seen: LoggedState) -> bool:
    return not seen.robots[job.robot].known or stage_of(job, seen.robots, seen.pack_seat) == AFTER


__all__ = ["EstimatedMoment", "EstimatedSwap", "note_begin"]
