"""SwapTwin: one swap from its parts, and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from twin.catalogue.schema import MECHANICAL, TimingSet
from twin.errors import InputError
from twin.faults import Fault, FaultPlayer, faulty_setup
from twin.result import SwapResult, finished_phases, kpis_of, not_reached, violations_of
from twin.runner.kinds import MakeRunner, bullet_runner
from twin.runner.single import Hook, Runner
from twin.sequence.program import Program
from twin.sequence.tables import TABLES
from twin.sequence.timing import timing_table
from twin.setup.ratings import drive_loads
from twin.setup.setup import SwapSetup

if TYPE_CHECKING:
    from twin.alignment.aligner import MakeDecider
    from twin.recording.swap.settings import Branch

TimingDecider = Callable[["SwapTwin", int, int, int, str], "np.void | np.ndarray"]
"""Called with the swap, world, robot, job and phase; gives a record of `twin.sequence.timing.TIMING`."""


class SwapTwin:
    """One swap: a setup, a runner, the sequence, a timing set and the injected faults.

    Or a batch of swaps, where `make_runner` gives a runner of several setups: they share station, truck and packs, and
    the first is `setup`. Faults and aligners act on single swaps only.
    """

    def __init__(
        self,
        setup: SwapSetup,
        timing: TimingSet,
        faults: Sequence[Fault] = (),
        *,
        make_runner: MakeRunner = bullet_runner,
        timing_decider: TimingDecider | None = None,
        aligner: MakeDecider | None = None,
        policies: Mapping[str, str] | None = None,
        branch: Branch | None = None,
    ) -> None:
        """Make a swap that is ready to run.

        Args:
            make_runner: `make_runner(setup)` builds plant and runner; those of the reference plant when left out.
            timing_decider: gives the TIMING row of each mechanical phase that a robot enters, in place of the timing
                set's; each is noted as an event.
            aligner: gives the decider of a robot's setpoints: with it insertions into the truck go to hover and follow
                those from there on, instead of the timing set's moves.
            policies: names of the deciders, for the result.
            branch: settings that are exchanged while it runs. Its faults are added by themselves;
                `twin.recording.resume.exchange` exchanges the rest.

        Raises:
            InputError: a fault that this setup cannot have; a setup whose slots and order were planned otherwise
                than the timing set says.
        """
        if branch is None and setup.planning not in (None, timing.planning):
            raise InputError(
                f"timing set {timing.name} plans slots and order otherwise than this setup was planned",
                key="planning",
                value=timing.planning,
                allowed=f"{setup.planning}, or a setup built with planning={timing.planning}",
            )
        setup = faulty_setup(setup, faults)
        self.setup, self.timing, self.faults = setup, timing, tuple(faults)
        start = branch.start if branch is not None else None
        self.runner = make_runner(setup) if start is None else make_runner(setup, worlds=start.new_world(setup))
        self.setups: tuple[SwapSetup, ...] = tuple(self.runner.setups)
        if len(self.setups) > 1 and (faults or aligner is not None):
            raise ValueError("faults and aligners act on single swaps, not on a batch")
        self._watchers: tuple[Hook, ...] = ()
        self._aligner: Hook | None = None
        kind = setup.station.kind
        rows = np.repeat(timing_table(timing, kind)[None, :], len(self.runner.worlds), axis=0)
        self.program = Program(self.runner, setup, TABLES[kind](), rows, MECHANICAL[kind])
        if aligner is not None:
            from twin.alignment.aligner import Aligner

            self.set_aligner(Aligner(self.program, aligner))
        self.policies, self.branch = dict(policies or {}), branch
        if start is not None:
            start.enter(self.program)
        self.set_timing_decider(timing_decider)
        added = branch.added_faults if branch is not None else ()
        self._player: FaultPlayer | None = None
        if faults or added:
            self._player = player = FaultPlayer(faults, setup, added=added)
            player.on_change = self._note_fault
            if player.acts_from(self.program.time_s(0)):
                self.runner.disturb = player.before_scan
            else:
                self.watch(player.after_scan)

    def set_timing(self, timing: TimingSet) -> None:
        """Use this set for every command that begins from now on; a running one goes on unchanged."""
        self.program.timing[:] = timing_table(timing, self.setup.station.kind)

    def set_timing_decider(self, decider: TimingDecider | None) -> None:
        """Set the decider of the timing of each mechanical phase that is entered from now on; None: no decider."""
        self.program.ask_timing = decider is not None
        self.program.decide = None
        if decider is not None:
            self.program.decide = lambda ask: decider(self, ask.world, ask.robot, ask.job, ask.phase)

    def set_aligner(self, decide: Hook | None) -> None:
        """Have insertions from now on follow the setpoints of `decide`, a runner's; None: the timing set's moves."""
        from twin.sequence.setpoint_steps import exchange_table

        exchange_table(self.program, setpoints=decide is not None)
        self._aligner = decide
        self.runner.decide = decide if not self._watchers else self._after_scan

    def watch(self, hook: Hook) -> None:
        """Call `hook` with the runner after each PLC scan, before any decision on the scan's results."""
        self._watchers = (*self._watchers, hook)
        self.runner.decide = self._after_scan

    def unwatch(self, hook: Hook) -> None:
        """End `watch`; on the reduced-order plant an unobserved swap takes milliseconds."""
        self._watchers = tuple(one for one in self._watchers if one != hook)
        self.runner.decide = self._after_scan if self._watchers else self._aligner

    def _after_scan(self, runner: Runner) -> None:
        for hook in self._watchers:
            hook(runner)
        if self._aligner is not None:
            self._aligner(runner)

    def _note_fault(self, fault: Fault, acts: bool) -> None:
        self.program.event(0, "fault", f"{fault.text} {'acts' if acts else 'is over'}", fault=fault.text, acts=acts)

    def run(self) -> SwapResult:
        """Run to the end and return the result."""
        self.program.run()
        for fault in self._not_acted:
            message = f"{fault.text} never acted: the swap ended before anything that it acts on came"
            self.program.event(0, "fault_never_acted", message, fault=fault.text)
        return self.result()

    @property
    def _not_acted(self) -> tuple[Fault, ...]:
        return self._player.not_acted if self._player is not None else ()

    def results(self) -> list[SwapResult]:
        """Results of a batch that has ended, one per swap, in the order of its setups."""
        return [self.result(n) for n in range(len(self.setups))]

    def result(self, n: int = 0) -> SwapResult:
        """Result of a swap that has ended; of a batch: of its world `n`."""
        from twin.bounds import home, lower_bound_s, procedure_bound_s, ready

        program, setup = self.program, self.setups[n]
        begin_s = self.branch.begin_s if self.branch is not None and self.branch.start is not None else None
        phases, mechanical, cycle = finished_phases(program, setup, n, begin_s)
        # the bounds are those of the plan that was played: from where the robot waits as mechanical time begins
        start = ready if program.stood_ready[n] else home
        return SwapResult(
            setup=setup,
            plant=self.runner.name,
            timing=self.timing.name,
            outcome=program.outcome[n],
            cycle_time_s=cycle,
            mechanical_time_s=mechanical,
            lower_bound_s=lower_bound_s(setup, start) if begin_s is None else None,
            procedure_bound_s=procedure_bound_s(setup, start) if begin_s is None else None,
            phases=phases,
            kpis=kpis_of(self.runner, program, n),
            violations=violations_of(self.runner.worlds[n], setup),
            events=tuple(program.events[n]),
            end_state_sha256=self.runner.state_sha256(n),
            faults=tuple(fault.text for fault in self.faults),
            insert_attempts=tuple(program.insert_attempts[n].tolist()),
            policies=self.policies,
            branch=self.branch,
            faults_not_acted=tuple(fault.text for fault in self._not_acted),
            not_reached=not_reached(self.runner, program, n),
            drives=drive_loads(setup.station, self.runner.worlds[n]),
        )

    def close(self) -> None:
        """Release the plant."""
        self.runner.close()
