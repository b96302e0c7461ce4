"""A robot's path through its jobs, item by item: the frame that both bounds fill in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.bounds.motion import axis_limits, rest_to_rest_s, window_s
from twin.catalogue.schema import MECHANICAL
from twin.control.readings import HEIGHT_TOLERANCE_M
from twin.control.targets import targets
from twin.records import AXES, YAW, X, Y, Z
from twin.sequence.heights import leaving_z_of
from twin.setup.jobs import Task, tasks_of
from twin.setup.setup import SwapSetup

SIDEWAYS = (X, Y, YAW)
Start = Callable[[SwapSetup, int], np.ndarray]
"""Axis positions (x, y, z, yaw) at which a robot's empty end effector waits as mechanical time begins."""


def home(setup: SwapSetup, robot: int) -> np.ndarray:
    """Axis positions at home."""
    station = setup.station
    axes = station.axes
    shared = station.kind == "chassis" or station.robots.count > 1
    home_x = station.robots.home_x_m[robot] if shared else axes.x.home_m
    return np.array([home_x, axes.y.home_m, axes.z.home_m, axes.yaw.home_rad])


def ready(setup: SwapSetup, robot: int) -> np.ndarray:
    """Axis positions over (or under) the first pack of a truck parked as planned, where the truck may still leave.

    A robot whose first task is to bring a pack waits at home.
    """
    first = tasks_of(setup.jobs, robot)[0]
    if not first.out:
        return home(setup, robot)
    seat = setup.jobs[first.job].truck_seat
    goal = seat_position(setup, robot, seat, np.zeros_like(setup.params["truck_park"]), leaning=True)
    goal[Z] = leaving_z_of(setup)
    return inside_axes(setup, robot, goal)


def seat_position(setup: SwapSetup, robot: int, seat: int, truck_pose: np.ndarray, *, leaning: bool) -> np.ndarray:
    """Axis positions at a seat, for a (1, 6) pose of the truck."""
    goal = targets(setup.params, np.zeros(1, np.int64), np.array([seat]), truck_pose, leaning=leaning)[0]
    return inside_axes(setup, robot, goal)


def inside_axes(setup: SwapSetup, robot: int, goal: np.ndarray) -> np.ndarray:
    return np.clip(goal, setup.params["axis_min"][0, robot], setup.params["axis_max"][0, robot])


@dataclass(frozen=True)
class Item:
    """One item of a robot's path: none can take less, and the next cannot begin before it ends."""

    robot: int
    job: int
    phase: str
    what: str
    set_by: str
    """The axis, actuator or sensor that determines its duration."""
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Bound:
    """Least mechanical time of one swap, and its items."""

    total_s: float
    items: tuple[Item, ...]
    """The paths of all robots, robot by robot, each in order of time."""

    @property
    def critical_path(self) -> tuple[Item, ...]:
        """The items of the robot that takes longest, without a gap."""
        last = max(self.items, key=lambda item: item.end_s)
        return tuple(item for item in self.items if item.robot == last.robot)

    def by_phase(self) -> dict[str, float]:
        """Duration of each phase on the critical path, s."""
        seconds: dict[str, float] = {}
        for item in self.critical_path:
            seconds[item.phase] = seconds.get(item.phase, 0.0) + item.duration_s
        return seconds

    def of(self, robot: int, job: int, phase: str) -> float:
        """Duration of one phase of one robot's exchange, s; 0 if its path has no such item."""
        return sum(i.duration_s for i in self.items if (i.robot, i.job, i.phase) == (robot, job, phase))

    def table(self) -> str:
        """The critical path as a Markdown table that also reads well as plain text."""
        head = ("job", "phase", "what", "set by", "start s", "end s", "takes s")
        rows = [
            (str(i.job + 1), i.phase, i.what, i.set_by, f"{i.start_s:.2f}", f"{i.end_s:.2f}", f"{i.duration_s:.2f}")
            for i in self.critical_path
        ]
        return _markdown(head, [*rows, ("", "total", "", "", "", "", f"{self.total_s:.2f}")], words=4)


def by_phase(kinematic: Bound, procedure: Bound) -> str:
    """Both bounds phase by phase, and the difference, as a Markdown table."""
    less, more = kinematic.by_phase(), procedure.by_phase()
    seconds = [(name, less.get(name, 0.0), more[name]) for name in more]
    seconds.append(("total", kinematic.total_s, procedure.total_s))
    # a difference that rounds to nothing has no sign
    rows = [(name, f"{a:.2f}", f"{b:.2f}", f"{round(b - a, 2) + 0.0:.2f}") for name, a, b in seconds]
    return _markdown(("phase", "kinematic s", "procedure s", "over s"), rows, words=1)


def _markdown(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, words: int) -> str:
    """A table whose first `words` columns are text and whose others are numbers."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]

    def line(row: Iterable[str]) -> str:
        cells = (c.rjust(w) if k >= words else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True)))
        return f"| {' | '.join(cells)} |"

    rule = (("-" * (w - 1) + ":") if k >= words else "-" * w for k, w in enumerate(widths))
    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])


class Path(ABC):
    """Adds up one robot's items; positions are those of its axes (x, y, z, yaw) when its grips meet a pack.

    `run` has the order of a job; what each part of it takes is the bound's.
    """

    def __init__(self, setup: SwapSetup, robot: int, start: Start) -> None:
        station = setup.station
        self.setup, self.robot, self.station = setup, robot, station
        self.phases = MECHANICAL[station.kind]
        self.sign = setup.retract
        # interlocks compare the axis with the clearance height, with this much slack
        slack = HEIGHT_TOLERANCE_M
        self.clear_z = station.limits.clearance_height_m + self.sign * (setup.pack.size_m[2] - slack)
        self.deadband_m = station.limits.traverse_deadband_m + slack
        self.empty = [axis_limits(station, k, loaded=False) for k in range(4)]
        self.loaded = [axis_limits(station, k, loaded=True) for k in range(4)]
        self.items: list[Item] = []
        self.now_s, self.number = 0.0, 0
        self.take_s = 0.0  # from the seat to crossing the clearance height
        self.start, self.home = start(setup, robot), home(setup, robot)

    def run(self, tasks: Sequence[Task]) -> list[Item]:
        """The items of all of the robot's tasks."""
        here = self.start
        for task in tasks:
            self.number, self.job = task.job, self.setup.jobs[task.job]
            if task.out:
                here = self._out(here)
            if task.into:
                here = self._into(here)
        if tasks[-1].into:
            self._clear(here)
        else:
            self._go_home(here)
        return self.items

    def _out(self, here: np.ndarray) -> np.ndarray:
        """Old pack out of the truck, into its slot."""
        meet, out = self.phases[0], self.phases[3]
        job, times = self.job, self.station.actuators
        old, slot = self._seat(job.truck_seat, leaning=True), self._seat(job.put_seat)
        self._meet(meet, meet, "to the truck's pack", here, old, job.truck_seat)
        self._actuate("grip", "close the grips", "grip", times.grip_close_s)
        self._take(out, "unlock", old, job.truck_seat, times.lock_open_s)
        self._traverse("traverse_to_slot", old, slot, job.put_seat, job.old_pack)
        self._set_down("store", slot, job.put_seat, job.old_pack)
        self._actuate("store", "close the slot locks", "slot lock", times.slot_lock_close_s)
        self._let_rest("store")
        self._actuate("store", "open the grips", "grip", times.grip_open_s)
        return self._let_off("traverse_to_full", slot)

    def _into(self, here: np.ndarray) -> np.ndarray:
        """New pack out of its slot, into the truck."""
        job, times = self.job, self.station.actuators
        full, new = self._seat(job.take_seat), self._seat(job.truck_seat)
        new[Z] += self._rebound_m()
        self._meet("traverse_to_full", "pick", "to the charged pack", here, full, job.take_seat)
        self._actuate("pick", "close the grips", "grip", times.grip_close_s)
        self._take("pick", "pick", full, job.take_seat, times.slot_lock_open_s)
        self._traverse("traverse_to_truck", full, new, job.truck_seat, job.new_pack)
        self._set_down("insert", new, job.truck_seat, job.new_pack)
        self._actuate("lock", "close the locks", "lock", times.lock_close_s)
        self._pull(new)
        self._actuate("release", "open the grips", "grip", times.grip_open_s)
        return self._let_off("clear", new)

    # ------------------------------------------------------------------------------------------ what a bound fills in

    @abstractmethod
    def _meet(self, phase: str, land: str, what: str, here: np.ndarray, goal: np.ndarray, seat: int) -> None:
        """Bring the empty end effector to a pack; `land` is the phase of the landing."""

    @abstractmethod
    def _actuate(self, phase: str, what: str, actuator: str, seconds: float) -> None:
        """One stroke, until its switch makes."""

    @abstractmethod
    def _take(self, phase: str, unlock: str, start: np.ndarray, seat: int, lock_open_s: float) -> None:
        """Take a gripped pack off its seat and locks, up to crossing the clearance height; `unlock`: locks' phase."""

    @abstractmethod
    def _descent_s(self, goal: np.ndarray, seat: int, pack: int) -> float:
        """Shortest time from crossing the clearance height, at any speed, to contact with the seat."""

    @abstractmethod
    def _set_down(self, phase: str, goal: np.ndarray, seat: int, pack: int) -> None:
        """Bring a pack from crossing the clearance height into its seat."""

    @abstractmethod
    def _let_rest(self, phase: str) -> None:
        """Check that a slot's locks hold the pack."""

    @abstractmethod
    def _pull(self, seat_at: np.ndarray) -> None:
        """Pull-test the truck's locks and give the load back."""

    @abstractmethod
    def _let_off(self, phase: str, here: np.ndarray) -> np.ndarray:
        """Leave a pack that stays, empty; returns where the axes are then."""

    @abstractmethod
    def _clear(self, here: np.ndarray) -> None:
        """Free the truck's way, empty."""

    # ------------------------------------------------------------------------------------------------- what they share

    def _go_home(self, here: np.ndarray) -> None:
        """Return from a slot to where the robot waits, if robots share a rail."""
        if self.station.robots.count > 1:
            back_s = rest_to_rest_s(self.home[X] - here[X], self.empty[X])
            self._add("clear", f"to where it waits, {length(self.home[X] - here[X], X)}", AXES[X], back_s)

    def _traverse(self, phase: str, start: np.ndarray, goal: np.ndarray, seat: int, pack: int) -> None:
        """Move a pack sideways, from crossing the clearance height to crossing it again: x and y together.

        Yaw is free at any height, and so are sideways moves within the deadband: they may fill all of lift and descent.
        """
        descent_s = self._descent_s(goal, seat, pack)
        longest, by = 0.0, X
        for k in SIDEWAYS:
            deadband = 0.0 if k == YAW else self.deadband_m
            gap = goal[k] - start[k]
            window = 0.0 if k == YAW else window_s(gap, self.loaded[k], deadband)
            whole = rest_to_rest_s(max(abs(gap) - deadband, 0.0), self.loaded[k]) - self.take_s - descent_s
            if max(window, whole) > longest:
                longest, by = max(window, whole), k
        self._add(phase, f"traverse, {length(goal[by] - start[by], by)}", AXES[by], longest)

    def _add(self, phase: str, what: str, set_by: str, duration_s: float) -> None:
        if duration_s > 0.0:
            end_s = self.now_s + duration_s
            self.items.append(Item(self.robot, self.number, phase, what, set_by, self.now_s, end_s))
            self.now_s = end_s

    def _seat(self, seat: int, *, leaning: bool = False) -> np.ndarray:
        """Axis positions at a seat, for the truck's parked pose."""
        return seat_position(self.setup, self.robot, seat, self.setup.params["truck_park"], leaning=leaning)

    def _sink_m(self, force_n: float) -> float:
        """Travel of the job's seat on the truck under `force_n` at its pack: the axles share it by their stiffness."""
        p = self.setup.params[0]
        seat = p["seat_xyz_m"][self.job.truck_seat]
        rear, front = float(p["truck_axle_x_m"][1]), float(p["truck_axle_x_m"][0])
        share = (float(seat[0] + p["pack_com"][self.job.old_pack][0]) - rear) / (front - rear)
        at = (float(seat[0]) - rear) / (front - rear)
        rises = [force_n * s / float(k) for s, k in zip((share, 1.0 - share), p["truck_axle_stiffness"], strict=True)]
        return max(at * rises[0] + (1.0 - at) * rises[1], 0.0)

    def _rebound_m(self) -> float:
        """Extra height of the relieved truck's seat for a pack from above; 0 where that only lengthens the path."""
        if self.sign < 0.0:
            return 0.0
        p = self.setup.params[0]
        return self._sink_m(float(p["pack_mass_kg"][self.job.old_pack] * p["gravity_mps2"]))

    def _way_m(self, from_z: float, to_z: float) -> float:
        """Distance along the retracting direction from one height to another, or 0."""
        return max(float(self.sign * (to_z - from_z)), 0.0)


def bound_of(path: Callable[[SwapSetup, int, Start], Path], setup: SwapSetup, start: Start) -> Bound:
    """The longest of the robots' paths; waiting for each other can only add to it."""
    items: list[Item] = []
    for robot in range(setup.station.robots.count):
        if tasks := tasks_of(setup.jobs, robot):
            items += path(setup, robot, start).run(tasks)
    return Bound(max(item.end_s for item in items), tuple(items))


def length(gap: float, k: int) -> str:
    """A distance along axis `k`, for people."""
    return f"{np.degrees(abs(gap)):.2f} deg" if k == YAW else f"{abs(gap):.2f} m"
