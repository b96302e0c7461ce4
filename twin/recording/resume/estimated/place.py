"""Selects the step of its table at which a robot continues: from what it holds, where that is, and the log's phase.

The held pack and its position decide first; the phase only if that leaves a choice. A step that the log has already
begun is repeated if repetition is harmless (lock a locked pack, land a landed end effector).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twin.control.targets import targets
from twin.errors import InputError
from twin.motion.drives import STOP_JERK
from twin.motion.profile import PROFILE_SHAPE, end_position, plan_stop
from twin.recording.resume.estimated.seen import LoggedRobot, LoggedState
from twin.records import YAW, X, Y, Z
from twin.sequence.heights import APPROACH_M, EMPTY_MARGIN_M, LET_OFF_M, TRAVEL_MARGIN_M, empty_z_of, travel_z_of
from twin.setup.jobs import Job
from twin.setup.setup import SwapSetup

ON_FACE_M = 0.03
"""An empty end effector nearer to a grip face than this is held by the guides there."""
IN_SEAT_M = 0.06
"""A held pack within this distance of a seat, and down on its pins, is in it: guides catch 40 mm, logs have zero
offsets."""
OVER_SEAT_M = 0.15
"""An end effector within this distance of a pack is over that pack and no other."""
SEATED_M = 0.012
"""A held pack at most this high over its seat stands in it: margin for offsets of logs, ropes and the truck's
springs."""
STANDS = np.array([0.004, 0.004, 0.004, 0.004])
"""Axes slower than this stand still, m/s and rad/s: speed error from position noise of 0.2 mm over 0.1 s."""
BEFORE, OUT, BETWEEN, IN, AFTER = range(5)
"""Stage of a job: nothing done; old pack held; old pack stored; new pack held; new pack on the truck."""
LAST_PHASES = ("lock", "pull_test", "release", "clear", "verify", "exit")


@dataclass(frozen=True)
class SequencePlace:
    """Step at which a robot continues.

    Attributes:
        job: index into the setup's jobs, -1 for a robot that has finished.
        seat: the seat whose guides hold its pack, -1 none.
        height_m: of that pack over that seat.
        on_face: the seat on whose pack the empty end effector stands, or almost stands; -1 none.
        rescanned: True if the truck was measured again for this job.
        pulled: True if the pull test of the locks of the job's seat is done.
    """

    step: str | None
    queue: tuple[int, ...] = ()
    at: int = 0
    job: int = -1
    stage: int = BEFORE
    seat: int = -1
    height_m: float = 0.0
    on_face: int = -1
    rescanned: bool = False
    pulled: bool = False


def places_of(seen: LoggedState, setup: SwapSetup, file: Path) -> list[SequencePlace]:
    """Where every robot continues; raises InputError for a moment at which no step of the table fits."""
    robots = [_Robot(seen, setup, r, file) for r in range(len(seen.robots))]
    for seat in (seat for seat in seen.pack_seat if seat >= 0):
        if setup.retract < 0.0 and 0.0 <= robots[0].locks(seat) < 0.5:
            raise robots[0].refusal(f"a pack hangs at {setup.seats[seat].name} in neither locks nor grips")
    return [robot.place() for robot in robots]


def stage_of(job: Job, robots: Sequence[LoggedRobot], pack_seat: Sequence[int]) -> int:
    """Stage of a job from the places of its packs; -1 if they fit no stage."""
    held = {robot.held for robot in robots}
    if job.old_pack in held:
        return OUT
    if job.new_pack in held:
        return IN
    where = (pack_seat[job.old_pack], pack_seat[job.new_pack])
    stages = {
        (job.truck_seat, job.take_seat): BEFORE,
        (job.put_seat, job.take_seat): BETWEEN,
        (job.put_seat, job.truck_seat): AFTER,
    }
    return stages.get(where, -1)


def stands_still(speeds: np.ndarray) -> np.ndarray:
    """(4,) True for axes that stand still."""
    return np.asarray(np.abs(speeds) < STANDS)


def braking(robot: LoggedRobot) -> np.ndarray:
    """(4,) accelerations of axes that slow down, 0 of all others: the speed that an axis was about to gain is lost in a
    stop."""
    slows = ~stands_still(robot.speeds) & (robot.accelerations * robot.speeds < 0.0)
    return np.where(slows, robot.accelerations, 0.0)


def stop_at(p: Any, k: int, position: float, speed: float, acceleration: float) -> float:
    """Position of axis `k` after the drive's own stop from a motion (m, m/s, m/s2 or rad)."""
    profile = np.zeros(PROFILE_SHAPE)
    a, j = float(p["axis_acceleration"][k]), STOP_JERK * float(p["axis_jerk"][k])
    plan_stop(profile, position, speed, acceleration, a, j)
    return float(end_position(profile))


class _Robot:
    def __init__(self, seen: LoggedState, setup: SwapSetup, r: int, file: Path) -> None:
        self.seen, self.setup, self.r, self.file = seen, setup, r, file
        self.robot, self.s = seen.robots[r], setup.retract
        self.phase = self.robot.phase
        self.z_m = self._stop_z()

    def place(self) -> SequencePlace:
        """Where the robot continues."""
        mine = [i for i, job in enumerate(self.setup.jobs) if job.robot == self.r]
        if not self.robot.known or not mine:
            return SequencePlace(None, tuple(mine))
        stages = {i: stage_of(self.setup.jobs[i], self.seen.robots, self.seen.pack_seat) for i in mine}
        if -1 in stages.values():
            raise self.refusal("a pack is where no swap has it")
        done = [i for i in mine if stages[i] == AFTER]
        under_way = [i for i in mine if stages[i] in (OUT, BETWEEN, IN)]
        todo = [i for i in mine if stages[i] == BEFORE]
        if len(under_way) > 1:
            raise self.refusal("two swaps of packs are under way at once")
        if not under_way and done and (not todo or self._leaves(done)):
            last = min(done, key=lambda i: self._aside(self.setup.jobs[i].truck_seat)) if todo else done[-1]
            done.remove(last)
            under_way = [last]
        current = (under_way or todo)[0]
        queue = (*done, current, *[i for i in (*under_way, *todo) if i != current])
        job, stage = self.setup.jobs[current], stages[current]
        before = partial(self._before, first=not done)
        choose = (before, self._out, self._between, self._in, self._after)[stage]
        found = choose(job)
        return replace(found, queue=queue, at=len(done), job=current, stage=stage)

    def _leaves(self, done: Sequence[int]) -> bool:
        """True if the robot is still at a pack that it has put on the truck, with more jobs to come."""
        if self.phase is not None:
            return self.phase in LAST_PHASES
        return any(self._over(self.setup.jobs[i].truck_seat) for i in done)

    def _before(self, job: Job, *, first: bool) -> SequencePlace:
        """Place with empty grips and the old pack on the truck."""
        face, height = self._over(job.truck_seat), self._height(job.truck_seat)
        if not face and height < LET_OFF_M:
            raise self.refusal("the empty end effector is too low beside the truck's pack")
        on_face = job.truck_seat if face and height < ON_FACE_M else -1
        low = face and height < LET_OFF_M
        unknown = self.phase is None or self.phase in ("dock", "identify", "scan")
        if first and unknown and self.r == 0:
            step = "identify" if self.phase in ("dock", "identify") else "scan"
            return SequencePlace(step, on_face=on_face)
        if first and unknown and not low:
            return SequencePlace("wait")
        return SequencePlace("land" if low else "go", on_face=on_face)

    def _out(self, job: Job) -> SequencePlace:
        """Place with the old pack in the grips."""
        if self._in_guides(job.truck_seat):
            seat = job.truck_seat
            place = self._leaving(seat, "take_weight", "unlock", "creep_out", "lift")
            return place
        if self._in_guides(job.put_seat):
            seat, locked = job.put_seat, self.locks(job.put_seat)
            return self._seated(seat, "store_lock" if locked > 0.0 else "store")
        if self._is_clear():
            return SequencePlace("to_slot")
        self._check_sideways()
        over_slot = self._over(job.put_seat, 0.5 * IN_SEAT_M) and not self._over(job.truck_seat)
        return SequencePlace("store" if over_slot and self.phase not in ("lift_out", "lower_out") else "lift")

    def _between(self, job: Job) -> SequencePlace:
        """Place with empty grips and the old pack stored."""
        if self._over(job.take_seat) and self._height(job.take_seat) < EMPTY_MARGIN_M / 2:
            on_face = job.take_seat if self._height(job.take_seat) < ON_FACE_M else -1
            return SequencePlace("pick_land", on_face=on_face)
        if self._over(job.put_seat) and self._height(job.put_seat) < LET_OFF_M:
            on_face = job.put_seat if self._height(job.put_seat) < ON_FACE_M else -1
            return SequencePlace("let_off", on_face=on_face)
        if self.s * (self.z_m - empty_z_of(self.setup)) < -0.5 * EMPTY_MARGIN_M:
            return SequencePlace("raise_empty")
        return SequencePlace("to_full")

    def _in(self, job: Job) -> SequencePlace:
        """Place with the new pack in the grips."""
        if self._in_guides(job.take_seat):
            return self._leaving(job.take_seat, "pick_weight", "pick_unlock", "pick_creep_out", "pick_lift")
        seat = job.truck_seat
        if not self._is_clear() and not self._in_guides(seat):
            self._check_sideways()
        if self._in_guides(seat):
            locked = self.locks(seat)
            if locked >= 0.99 and self.phase in ("pull_test", "release"):
                passed = self.phase == "release"
                return replace(self._seated(seat, "relax" if passed else "pull_test"), rescanned=True, pulled=passed)
            stuck = self.phase is None and self._pack_height(seat) >= SEATED_M
            step = "lock" if locked > 0.0 else "back_off" if stuck else "insert"
            return replace(self._seated(seat, step), rescanned=True)
        near = self._axes_aside(seat) < self.setup.station.limits.traverse_deadband_m
        if near and (not self._is_clear() or self.phase != "traverse_to_truck"):
            return SequencePlace("rescan")
        return SequencePlace("to_truck" if self._is_clear() else "pick_lift")

    def _after(self, job: Job) -> SequencePlace:
        """Place with empty grips and the new pack on the truck."""
        seat = job.truck_seat
        if 0.0 <= self.locks(seat) < 0.99:
            raise self.refusal("the new pack stands on the truck unlocked, and in nobody's grips")
        done = SequencePlace("let_off_truck", rescanned=True, pulled=True)
        if self._over(seat) and self._height(seat) < LET_OFF_M:
            return replace(done, on_face=seat if self._height(seat) < ON_FACE_M else -1)
        last = self.phase if self.phase in ("verify", "exit") and self.r == 0 else "clear"
        return replace(done, step=last)

    def _leaving(self, seat: int, locked: str, unlocking: str, creeps: str, lifts: str) -> SequencePlace:
        """Place for a held pack in a seat that it is to leave."""
        locks, high = self.locks(seat), self._pack_height(seat)
        if locks > 0.0:
            return self._seated(seat, locked if locks >= 0.99 else unlocking)
        out = 0.9 * self.setup.station.limits.creep_out_height_m
        return self._seated(seat, creeps if high < out - 0.005 else lifts)

    def _seated(self, seat: int, step: str) -> SequencePlace:
        height = self._pack_height(seat)
        in_it = height < SEATED_M or self.locks(seat) > 0.0
        return SequencePlace(step, seat=seat, height_m=0.0 if in_it else height)

    def _stop_z(self) -> float:
        """Position of axis z after its stop."""
        z, v = float(self.robot.axes[Z]), float(self.robot.speeds[Z])
        if stands_still(self.robot.speeds)[Z]:
            return z
        return stop_at(self.setup.params[0], Z, z, v, float(braking(self.robot)[Z]))

    def _goal(self, seat: int, *, leaning: bool) -> np.ndarray:
        pose = self.seen.truck[None]
        return targets(self.setup.params, np.zeros(1, np.int64), np.array([seat]), pose, leaning=leaning)[0]

    def _end_effector(self) -> tuple[float, float]:
        """Position of the end effector along x and y."""
        (x, y), (dx, dy) = self.robot.axes[[X, Y]].tolist(), self.robot.sway.tolist()
        yaw = float(self.robot.axes[YAW]) if self.s < 0.0 else 0.0  # a table's yaw is measured along its own axes
        return x + math.cos(yaw) * dx - math.sin(yaw) * dy, y + math.sin(yaw) * dx + math.cos(yaw) * dy

    def _aside(self, seat: int) -> float:
        goal, (x, y) = self._goal(seat, leaning=True), self._end_effector()
        return math.hypot(x - goal[X], y - goal[Y])

    def _axes_aside(self, seat: int) -> float:
        goal = self._goal(seat, leaning=False)
        return float(np.abs(self.robot.axes[[X, Y]] - goal[[X, Y]]).max())

    def _over(self, seat: int, within_m: float = OVER_SEAT_M) -> bool:
        return self._aside(seat) < within_m

    def _height(self, seat: int) -> float:
        """Height of the end effector over the grip face of a pack in that seat, after its stop."""
        return float(self.s * (self.z_m - self._goal(seat, leaning=True)[Z]))

    def _pack_height(self, seat: int) -> float:
        """Height of the held pack over that seat now."""
        return float(self.s * (self.robot.axes[Z] - self._goal(seat, leaning=False)[Z]))

    def _in_guides(self, seat: int) -> bool:
        reach = self.setup.pack.guides.pin_length_m + APPROACH_M
        return self._aside(seat) < IN_SEAT_M and self._pack_height(seat) < reach

    def _is_clear(self) -> bool:
        """True if it is high enough to traverse with a pack, now and after its stop."""
        lowest = min(self.s * self.z_m, self.s * float(self.robot.axes[Z]))
        return lowest - self.s * travel_z_of(self.setup) >= -0.8 * TRAVEL_MARGIN_M

    def _check_sideways(self) -> None:
        """Refuse a pack that moves sideways where it must not: the interlocks would stop the station immediately."""
        p, limits = self.setup.params[0], self.setup.station.limits
        clear = f"limits.clearance_height_m, {limits.clearance_height_m:g}"
        for k in (X, Y):
            at, speed = float(self.robot.axes[k]), float(self.robot.speeds[k])
            way = abs(stop_at(p, k, at, speed, float(braking(self.robot)[k])) - at)
            if way > limits.traverse_deadband_m:
                raise self.refusal(
                    f"a pack moves sideways below the station's {clear} (a mapping's overrides may say another)"
                )

    def locks(self, seat: int) -> float:
        """Closed share of a seat's locks: 0 all open, 1 all closed; -1 if it has none or the log has none."""
        known = self.seen.locks[seat][np.isfinite(self.seen.locks[seat])]
        if not len(known):
            return -1.0
        return 1.0 if known.min() >= 0.99 else 0.0 if known.max() <= 0.01 else 0.5

    def refusal(self, why: str) -> InputError:
        """The error that no swap continues from this moment, and why."""
        return InputError(
            f"{why}: no step of a swap continues from there",
            file=self.file,
            key="--at",
            value=f"{self.seen.at_s:.2f}",
            allowed="a moment at which packs stand in their seats or are in the grips, and the way on is free",
        )
