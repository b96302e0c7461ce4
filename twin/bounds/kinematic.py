"""The kinematic bound of a swap: the axes at their limits, and the actuators' times.

The critical path of the mechanical phases with every axis at its own limits, overlap wherever the interlocks allow it,
no settling, no creep, and the actuators' times. No procedure reaches it; docs/bounds.md gives the reason for each item.
"""

from __future__ import annotations

import numpy as np

from twin.bounds.motion import reach_s, rest_to_rest_s
from twin.bounds.path import Bound, Path, Start, bound_of, home, length
from twin.control.actuators import HOLDS_FROM
from twin.control.sensors import CLOSED_FROM
from twin.records import AXES, X, Z
from twin.setup.setup import SwapSetup


def lower_bound_s(setup: SwapSetup, start: Start = home) -> float:
    """The kinematic bound of one swap's mechanical time, in s."""
    return kinematic_bound(setup, start).total_s


def kinematic_bound(setup: SwapSetup, start: Start = home) -> Bound:
    """The kinematic bound and its items; `start`: where a robot waits as the mechanical time begins."""
    return bound_of(KinematicPath, setup, start)


class KinematicPath(Path):
    """The least of each item that limits of axes, interlocks and actuators leave."""

    def _meet(self, phase: str, land: str, what: str, here: np.ndarray, goal: np.ndarray, seat: int) -> None:
        """All axes in parallel: only obstacles could delay an empty end effector, and those are not counted."""
        times = [rest_to_rest_s(goal[k] - here[k], self.empty[k]) for k in range(4)]
        k = int(np.argmax(times))
        self._add(phase, f"{what}, {length(goal[k] - here[k], k)}", AXES[k], times[k])

    def _actuate(self, phase: str, what: str, actuator: str, seconds: float) -> None:
        """The switch makes just before the stroke's end."""
        self._add(phase, what, actuator, CLOSED_FROM * seconds)

    def _take(self, phase: str, unlock: str, start: np.ndarray, seat: int, lock_open_s: float) -> None:
        """Lift off the seat until the clearance height is crossed, at any speed.

        With locks: they release half way and must all report open before the creep-out height is passed.
        """
        way = self._way_m(start[Z], self.clear_z)
        crossing_s = reach_s(way, self.loaded[Z])
        verb = "lift" if self.sign > 0.0 else "lower"
        if lock_open_s > 0.0:
            opening_s = CLOSED_FROM * lock_open_s
            creep = min(self.station.limits.creep_out_height_m, way)
            beyond_s = crossing_s - reach_s(creep, self.loaded[Z])
            slow_s = HOLDS_FROM * lock_open_s + crossing_s - opening_s
            lock = "slot lock" if unlock == "pick" else "lock"
            self._add(unlock, f"open the {lock}s", lock, opening_s)
            done = f"{creep:.2f} m of it" if beyond_s >= slow_s else "part of it"
            what = f"{verb} to clearance, {way:.2f} m, {done} while they open"
            self._add(phase, what, AXES[Z], max(beyond_s, slow_s))
        else:
            self._add(phase, f"{verb} to clearance, {way:.2f} m", AXES[Z], crossing_s)
        self.take_s = crossing_s

    def _descent_s(self, goal: np.ndarray, seat: int, pack: int) -> float:
        """Shortest time from crossing the clearance height, at any speed, to rest on the seat."""
        return reach_s(self._way_m(goal[Z], self.clear_z), self.loaded[Z])

    def _set_down(self, phase: str, goal: np.ndarray, seat: int, pack: int) -> None:
        verb = "lower" if self.sign > 0.0 else "raise"
        way = self._way_m(goal[Z], self.clear_z)
        self._add(phase, f"{verb} into the seat, {way:.2f} m", AXES[Z], self._descent_s(goal, seat, pack))

    def _let_rest(self, phase: str) -> None:
        """Not counted."""

    def _pull(self, seat_at: np.ndarray) -> None:
        """Not counted."""

    def _let_off(self, phase: str, here: np.ndarray) -> np.ndarray:
        """Not counted: it is part of the next move."""
        return here

    def _clear(self, here: np.ndarray) -> None:
        """Pass the clearance height; robots on one rail also return to their waiting position."""
        way = self._way_m(here[Z], self.station.limits.clearance_height_m)
        up_s, back_s = reach_s(way, self.empty[Z]), 0.0
        if self.station.robots.count > 1:
            back_s = rest_to_rest_s(self.home[X] - here[X], self.empty[X])
        if back_s > up_s:
            self._add("clear", f"to where it waits, {length(self.home[X] - here[X], X)}", AXES[X], back_s)
        else:
            self._add("clear", f"past the clearance height, {way:.2f} m", AXES[Z], up_s)
