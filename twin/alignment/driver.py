"""The driver of insertions under setpoints: what each robot sees, when its decision is due, what it is sent."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.alignment.sensed import DECISION_S, SENSED, WATCH, Sensed, new_watch, sense_one, sensed_of
from twin.motion.kernels import kernel
from twin.motion.limits import speed_limit
from twin.records import BUSY, FOLLOW_NOT, FOLLOW_ON, Z
from twin.runner.scan import issue_command
from twin.runner.single import NEVER, Runner
from twin.sequence.program import Program

Array = np.ndarray


@kernel
def set_axes(which: Any, params: Any, watches: Any, speeds: Any, setpoints: Any) -> None:
    """Make `setpoints[j]` of the axes from `speeds[j]` along x, y, towards the seat, and yaw, for `watches[which[j]]`.

    Within the limits of the axes: this is the guard between a policy and the PLC, which refuses what is beyond them.
    """
    for j in range(len(which)):
        p = params[watches[which[j]].world]
        for axis in range(4):
            wanted = -p.retract * speeds[j, axis] if axis == Z else speeds[j, axis]
            most = speed_limit(p, axis, True)
            setpoints[j, axis] = min(max(wanted, -most), most)


@kernel
def send_setpoints(which: Any, worlds: Any, params: Any, commands: Any, watches: Any, setpoints: Any) -> None:
    """Send `setpoints[j]` to the robot of `watches[which[j]]`; without effect on one that follows none."""
    for j in range(len(which)):
        watch = watches[which[j]]
        world, p, c = worlds[watch.world], params[watch.world], commands[watch.world, watch.robot]
        if c.follow == FOLLOW_NOT:
            continue
        for axis in range(4):
            c.velocity[axis] = setpoints[j, axis]
        c.follow = FOLLOW_ON
        issue_command(world.truth, world.image, world.control, world.kpis, p, c, watch.robot)


class InsertionError(RuntimeError):
    """Insertions that an interlock or the model's domain ended before setpoints could take over.

    Attributes:
        which: their numbers k.
    """

    def __init__(self, ended: dict[int, str]) -> None:
        """`ended`: what ended each, by its number."""
        self.which = tuple(ended)
        super().__init__("; ".join(f"insertion {k} could not begin: {outcome}" for k, outcome in ended.items()))


class Driver:
    """Drives K robots that seat packs under setpoints: those of a swap, or one in each world of a runner.

    Each has a number k below K; arrays `which` (L,) are of such numbers. A swap runs by itself and asks after each scan
    who `comes_due`. Insertions from hover are run from decision to decision by `begin` and `advance`, each on its own
    clock.

    Attributes:
        watches: (K,) WATCH, robot and seat of each.
    """

    def __init__(self, runner: Runner, n: int) -> None:
        """`n`: K."""
        self.runner, self.watches = runner, np.zeros(n, WATCH)
        self._programs: list[Program | None] = [None] * n
        self._seen = np.zeros(1, SENSED)
        self._ticks = round(DECISION_S * runner.setup.station.rates.physics_hz)

    def put(self, k: int, program: Program, robot: int, job: int, world: int = 0) -> None:
        """Make k this robot of `program`, at this job; the program's one world is number `world` of the runner."""
        self._programs[k], self.watches[k] = program, new_watch(program.setup, robot, job, world)[0]

    def take_over(self, k: int) -> None:
        """Begin an insertion, or another try, now: its first decision is due."""
        watch, truth = self.watches[k], self.runner.worlds["truth"]
        watch["next_tick"], watch["began_s"] = truth["tick"][watch["world"]], truth["t_s"][watch["world"]]
        watch["looked"], watch["sway_m"], watch["rate_mps"] = 0, 0.0, 0.0

    def comes_due(self, k: int) -> bool:
        """True if a decision of k is due; the next one is due DECISION_S later."""
        watch = self.watches[k]
        if self.runner.worlds["truth"]["tick"][watch["world"]] < watch["next_tick"]:
            return False
        watch["next_tick"] += self._ticks
        return True

    def look(self, k: int) -> Sensed:
        """The control software's present readings; once each decision."""
        sense_one(self.runner.worlds, self.runner.params, self.watches, k, self._seen)
        return sensed_of(self._seen)

    def setpoints(self, which: Array, speeds: Array) -> Array:
        """Setpoints (L, 4) of axes x, y, z, yaw within their limits, m/s and rad/s.

        Args:
            which: (L,).
            speeds: (L, 4) along x, y (m/s), towards the seat (m/s), yaw (rad/s).
        """
        of_axes = np.empty((len(which), 4))
        set_axes(which, self.runner.params, self.watches, speeds, of_axes)
        return of_axes

    def send(self, which: Array, setpoints: Array) -> None:
        """Send new `setpoints` (L, 4) of axes x, y, z, yaw to the robots `which` (L,)."""
        runner = self.runner
        send_setpoints(which, runner.worlds, runner.params, runner.commands, self.watches, setpoints)
        for k in which.tolist():
            tell, n, r = self._program(k).on_command, self.watches["world"][k], int(self.watches["robot"][k])
            if tell is not None and runner.commands["follow"][n, r] != FOLLOW_NOT:
                tell(0, r, runner.commands[n, r])

    # ------------------------------------------------------------------------------------- insertions from hover

    def begin(self, which: Array) -> None:
        """Run insertions `which` (L,) until their trucks have been measured and setpoints take over.

        Raises:
            InsertionError: insertions that ended before; the others have begun.
        """
        waiting, ended = which.tolist(), dict[int, str]()
        while True:
            for k in waiting:
                if not self._program(k).start():
                    ended[k] = self.outcome(k)
            waiting = [k for k in waiting if k not in ended]
            n, r = self.watches["world"], self.watches["robot"]
            waiting = [k for k in waiting if self.runner.commands["follow"][n[k], r[k]] == FOLLOW_NOT]
            if not waiting:
                break
            self._run(np.array(waiting), np.full(len(waiting), NEVER))
        for k in which.tolist():
            if k not in ended:
                self.take_over(k)
        if ended:
            raise InsertionError(ended)

    def advance(self, which: Array, speeds: Array) -> dict[int, str]:
        """Advance insertions `which`, none of which has ended, by one decision's time or to their ends.

        `speeds` (L, 4) as for `setpoints`. Returns outcomes of those that ended, by their k: `seated`, or why not.
        """
        self.send(which, self.setpoints(which, speeds))
        self.watches["next_tick"][which] += self._ticks
        ended = self._run(which, self.watches["next_tick"][which])
        return {k: self.outcome(k) for k in ended}

    def outcome(self, k: int) -> str:
        """Outcome of insertion k; nothing while it runs."""
        return self._program(k).outcome[0]

    def _run(self, which: Array, until: Array) -> list[int]:
        """Run the worlds of `which`, each up to its tick or the end of its command; returns those that ended it."""
        n, r = self.watches["world"][which], self.watches["robot"][which]
        self.runner.run_to(n, until)
        ended: list[int] = which[self.runner.worlds["control"]["status"][n, r] != BUSY].tolist()
        for k in ended:
            self._program(k).collect()
        return ended

    def _program(self, k: int) -> Program:
        program = self._programs[k]
        assert program is not None, "put, before anything else"
        return program
