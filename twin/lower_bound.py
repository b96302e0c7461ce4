"""The lower bound of a swap: the reference for mechanical time.

The critical path of the mechanical phases with every axis at its own limits, overlap wherever the interlocks allow it,
no settling, no creep, and the actuators' times. No timing set can beat it; docs/lower_bound.md gives the reason for
each item.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, sin, sqrt
from typing import NamedTuple

import numpy as np

from twin.catalogue.schema import MECHANICAL, LinearAxis, RotaryAxis, Station
from twin.control.actuators import HOLDS_FROM
from twin.control.readings import HEIGHT_TOLERANCE_M
from twin.control.sensors import CLOSED_FROM
from twin.control.targets import targets
from twin.motion.profile import rest_to_rest_duration, rest_to_rest_peak_speed
from twin.records import AXES, YAW, X, Y, Z
from twin.setup.jobs import Job
from twin.setup.setup import SwapSetup


class Limits(NamedTuple):
    """Velocity, acceleration and jerk of one axis, in u/s, u/s2, u/s3 (u: m or rad)."""

    v: float
    a: float
    j: float


@dataclass(frozen=True)
class Item:
    """One item of a robot's path: none can take less, and the next cannot begin before it ends."""

    robot: int
    job: int
    phase: str
    what: str
    set_by: str
    """The axis or actuator that determines its duration."""
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class LowerBound:
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

    def table(self) -> str:
        """The critical path as a Markdown table that also reads well as plain text."""
        head = ("job", "phase", "what", "set by", "start s", "end s", "takes s")
        rows = [
            (str(i.job + 1), i.phase, i.what, i.set_by, f"{i.start_s:.2f}", f"{i.end_s:.2f}", f"{i.duration_s:.2f}")
            for i in self.critical_path
        ]
        rows.append(("", "total", "", "", "", "", f"{self.total_s:.2f}"))
        widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]

        def line(row: Iterable[str]) -> str:
            cells = (c.rjust(w) if k >= 4 else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True)))
            return f"| {' | '.join(cells)} |"

        rule = (("-" * (w - 1) + ":") if k >= 4 else "-" * w for k, w in enumerate(widths))
        return "\n".join([line(head), line(rule), *(line(row) for row in rows)])


def lower_bound_s(setup: SwapSetup) -> float:
    """Least mechanical time of one swap, in s."""
    return lower_bound(setup).total_s


def lower_bound(setup: SwapSetup) -> LowerBound:
    """The longest of the robots' paths; waiting for each other can only add to it."""
    items: list[Item] = []
    for robot in range(setup.station.robots.count):
        jobs = [(number, job) for number, job in enumerate(setup.jobs) if job.robot == robot]
        if jobs:
            items += _Path(setup, robot).run(jobs)
    return LowerBound(max(item.end_s for item in items), tuple(items))


# ------------------------------------------------------------------------------------------------- times of motion


def reach_s(distance: float, limits: Limits) -> float:
    """Shortest time in which an axis from rest covers `distance` >= 0, at any final speed.

    The axis only accelerates: jerk up, full acceleration, jerk down to full speed, cruise. By symmetry in time it is
    also the shortest time in which it covers its last `distance` before a stop.
    """
    v, a, j = limits
    if distance <= 0.0:
        return 0.0
    peak = min(a, sqrt(j * v))  # acceleration that it reaches
    ramp_s = peak / j
    first = peak * ramp_s * ramp_s / 6.0  # jerk up
    if distance <= first:
        return (6.0 * distance / j) ** (1.0 / 3.0)
    hold_s = max(v / peak - ramp_s, 0.0)
    ramped = 0.5 * peak * ramp_s  # speed after it, and short of full speed before jerk down
    held = hold_s * (ramped + 0.5 * peak * hold_s)
    if distance <= first + held:
        return ramp_s + (sqrt(ramped * ramped + 2.0 * peak * (distance - first)) - ramped) / peak
    rise_s = 2.0 * ramp_s + hold_s
    left = 0.5 * v * rise_s - distance
    if left <= 0.0:
        return rise_s - left / v
    # Jerk down, seen from its end: left = v s - j s^3 / 6, the smallest root by the trigonometric form of the cubic.
    root = sqrt(2.0 * v / j)
    return rise_s - 2.0 * root * sin(asin(min(3.0 * left / (j * root**3), 1.0)) / 3.0)


def rest_to_rest_s(distance: float, limits: Limits) -> float:
    """Shortest time from rest to rest over `distance` of either sign."""
    return float(rest_to_rest_duration(abs(distance), *limits))


def window_s(distance: float, limits: Limits, deadband: float) -> float:
    """Least time a carried pack spends at clearance height for a sideways move over `distance` of either sign.

    The first `deadband` may be covered before (the axis then rests again: permissives refuse a longer move down there),
    and the pack may come down again once only `deadband` is left.
    """
    move = abs(distance) - deadband
    rest = move - deadband
    if rest <= 0.0:
        return 0.0
    fastest = limits._replace(v=min(limits.v, float(rest_to_rest_peak_speed(move, limits.a, limits.j))))
    if rest <= 0.5 * move:
        return reach_s(rest, fastest)
    return rest_to_rest_s(move, limits) - reach_s(deadband, fastest)


def axis_limits(station: Station, k: int, *, loaded: bool) -> Limits:
    """Limits of axis `k` with or without a pack."""
    axis: LinearAxis | RotaryAxis = getattr(station.axes, AXES[k])
    suffix = "" if loaded else "_empty"
    units = ("radps", "radps2", "radps3") if k == YAW else ("mps", "mps2", "mps3")
    names = (f"velocity{suffix}_{units[0]}", f"acceleration{suffix}_{units[1]}", f"jerk_{units[2]}")
    return Limits(*(float(getattr(axis, name)) for name in names))


# --------------------------------------------------------------------------------------------------- a robot's path


class _Path:
    """Adds up one robot's items; positions are those of its axes (x, y, z, yaw) when its grips meet a pack."""

    def __init__(self, setup: SwapSetup, robot: int) -> None:
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
        self.now_s, self.job = 0.0, 0
        axes = station.axes
        shared = station.kind == "chassis" or station.robots.count > 1
        home_x = station.robots.home_x_m[robot] if shared else axes.x.home_m
        self.home = np.array([home_x, axes.y.home_m, axes.z.home_m, axes.yaw.home_rad])

    def run(self, jobs: list[tuple[int, Job]]) -> list[Item]:
        meet, out = self.phases[0], self.phases[3]
        times = self.station.actuators
        here = self.home
        for number, job in jobs:
            self.job = number
            old = self._seat(job.truck_seat, leaning=True)
            slot, full = self._seat(job.put_seat), self._seat(job.take_seat)
            new = self._seat(job.truck_seat)
            new[Z] += self._rebound_m(job)
            # old pack out of the truck, into its slot
            self._move_empty(meet, "to the truck's pack", here, old)
            self._actuate("grip", "close the grips", "grip", times.grip_close_s)
            self._lift(out, "unlock", old, times.lock_open_s)
            self._traverse("traverse_to_slot", old, slot)
            self._descend("store", slot)
            self._actuate("store", "close the slot locks", "slot lock", times.slot_lock_close_s)
            self._actuate("store", "open the grips", "grip", times.grip_open_s)
            # new pack out of its slot, into the truck
            self._move_empty("traverse_to_full", "to the charged pack", slot, full)
            self._actuate("pick", "close the grips", "grip", times.grip_close_s)
            self._lift("pick", "pick", full, times.slot_lock_open_s)
            self._traverse("traverse_to_truck", full, new)
            self._descend("insert", new)
            self._actuate("lock", "close the locks", "lock", times.lock_close_s)
            self._actuate("release", "open the grips", "grip", times.grip_open_s)
            here = new
        self._clear(here)
        return self.items

    def _seat(self, seat: int, *, leaning: bool = False) -> np.ndarray:
        """Axis positions at a seat, for the truck's parked pose."""
        pose = self.setup.params["truck_park"]
        goal = targets(self.setup.params, np.zeros(1, np.int64), np.array([seat]), pose, leaning=leaning)[0]
        return np.clip(goal, self.setup.params["axis_min"][0, self.robot], self.setup.params["axis_max"][0, self.robot])

    def _rebound_m(self, job: Job) -> float:
        """Extra height of the relieved truck's seat for a pack from above; 0 where that only lengthens the path.

        The old pack's weight by the stiffness of the axles, as they share it.
        """
        if self.sign < 0.0:
            return 0.0
        p = self.setup.params[0]
        seat = p["seat_xyz_m"][job.truck_seat]
        rear, front = float(p["truck_axle_x_m"][1]), float(p["truck_axle_x_m"][0])
        share = (float(seat[0] + p["pack_com"][job.old_pack][0]) - rear) / (front - rear)
        at = (float(seat[0]) - rear) / (front - rear)
        weight_n = float(p["pack_mass_kg"][job.old_pack] * p["gravity_mps2"])
        rises = [weight_n * s / float(k) for s, k in zip((share, 1.0 - share), p["truck_axle_stiffness"], strict=True)]
        return max(at * rises[0] + (1.0 - at) * rises[1], 0.0)

    def _add(self, phase: str, what: str, set_by: str, duration_s: float) -> None:
        if duration_s > 0.0:
            end_s = self.now_s + duration_s
            self.items.append(Item(self.robot, self.job, phase, what, set_by, self.now_s, end_s))
            self.now_s = end_s

    def _actuate(self, phase: str, what: str, actuator: str, seconds: float) -> None:
        """One stroke, until its switch makes, just before its end."""
        self._add(phase, what, actuator, CLOSED_FROM * seconds)

    def _move_empty(self, phase: str, what: str, start: np.ndarray, goal: np.ndarray) -> None:
        """All axes in parallel: only obstacles could delay an empty end effector, and those are not counted."""
        times = [rest_to_rest_s(goal[k] - start[k], self.empty[k]) for k in range(4)]
        k = int(np.argmax(times))
        self._add(phase, f"{what}, {_length(goal[k] - start[k], k)}", AXES[k], times[k])

    def _clear(self, here: np.ndarray) -> None:
        """Pass the clearance height, empty; robots on one rail also return to their waiting position."""
        way = max(float(self.sign * (self.station.limits.clearance_height_m - here[Z])), 0.0)
        up_s, back_s = reach_s(way, self.empty[Z]), 0.0
        if self.station.robots.count > 1:
            back_s = rest_to_rest_s(self.home[X] - here[X], self.empty[X])
        if back_s > up_s:
            self._add("clear", f"to where it waits, {_length(self.home[X] - here[X], X)}", AXES[X], back_s)
        else:
            self._add("clear", f"past the clearance height, {way:.2f} m", AXES[Z], up_s)

    def _lift(self, phase: str, unlock_phase: str, start: np.ndarray, lock_open_s: float) -> None:
        """Lift off the seat until the clearance height is crossed, at any speed.

        With locks: they release half way and must all report open before the creep-out height is passed.
        """
        way = max(float(self.sign * (self.clear_z - start[Z])), 0.0)
        crossing_s = reach_s(way, self.loaded[Z])
        verb = "lift" if self.sign > 0.0 else "lower"
        if lock_open_s > 0.0:
            opening_s = CLOSED_FROM * lock_open_s
            creep = min(self.station.limits.creep_out_height_m, way)
            beyond_s = crossing_s - reach_s(creep, self.loaded[Z])
            slow_s = HOLDS_FROM * lock_open_s + crossing_s - opening_s
            lock = "slot lock" if unlock_phase == "pick" else "lock"
            self._add(unlock_phase, f"open the {lock}s", lock, opening_s)
            done = f"{creep:.2f} m of it" if beyond_s >= slow_s else "part of it"
            what = f"{verb} to clearance, {way:.2f} m, {done} while they open"
            self._add(phase, what, AXES[Z], max(beyond_s, slow_s))
        else:
            self._add(phase, f"{verb} to clearance, {way:.2f} m", AXES[Z], crossing_s)
        self._lift_s = crossing_s

    def _traverse(self, phase: str, start: np.ndarray, goal: np.ndarray) -> None:
        """Move from crossing the clearance height to crossing it again, x and y together.

        Yaw is free at any height, and so are sideways moves within the deadband: they may fill all of lift and descent.
        """
        descent_s = reach_s(self._descent_m(goal), self.loaded[Z])
        longest, by = 0.0, X
        for k in (X, Y, YAW):
            deadband = 0.0 if k == YAW else self.deadband_m
            gap = goal[k] - start[k]
            window = 0.0 if k == YAW else window_s(gap, self.loaded[k], deadband)
            whole = rest_to_rest_s(max(abs(gap) - deadband, 0.0), self.loaded[k]) - self._lift_s - descent_s
            if max(window, whole) > longest:
                longest, by = max(window, whole), k
        self._add(phase, f"traverse, {_length(goal[by] - start[by], by)}", AXES[by], longest)

    def _descent_m(self, goal: np.ndarray) -> float:
        return max(float(self.sign * (self.clear_z - goal[Z])), 0.0)

    def _descend(self, phase: str, goal: np.ndarray) -> None:
        """Descend from crossing the clearance height at any speed to rest on the seat."""
        way = self._descent_m(goal)
        verb = "lower" if self.sign > 0.0 else "raise"
        self._add(phase, f"{verb} into the seat, {way:.2f} m", AXES[Z], reach_s(way, self.loaded[Z]))


def _length(gap: float, k: int) -> str:
    return f"{np.degrees(abs(gap)):.2f} deg" if k == YAW else f"{abs(gap):.2f} m"
