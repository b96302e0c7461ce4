"""The procedure bound of a swap: the kinematic path, and what the procedure must contain whatever the timing.

Contacts are met at contact speed; loads are taken and given back at the speed of force-controlled moves, over what
ropes, mounts and the truck's springs give; a pack creeps off its seat once its locks report open; an empty end effector
passes its guides slowly; locks are pull-tested. All of it follows from station, truck and pack; docs/bounds.md gives
the reason for each item.
"""

from __future__ import annotations

from math import ceil, inf, log, pi, sqrt

import numpy as np

from twin.bounds.motion import approach_s, go_on_s, leave_s, reach_s, rest_to_rest_s
from twin.bounds.path import SIDEWAYS, Bound, Path, Start, bound_of, home, length, ready
from twin.catalogue.schema import FourRope
from twin.control.landing import (
    ASKEW_RAD,
    CALM_S,
    CALM_SHARE,
    CAUGHT_SHARE,
    LET_OFF_CAPTURES,
    LET_OFF_M,
)
from twin.control.sensors import CLOSED_FROM
from twin.motion.drives import STOP_JERK
from twin.motion.profile import speed_change_distance
from twin.records import AXES, YAW, X, Z
from twin.sequence.actions import LEAVING
from twin.sequence.heights import (
    CREEP_OUT_SHARE,
    contact_threshold_of,
    has_table,
    pull_load_of,
    relaxed_load_of,
    seated_load_of,
    taken_load_of,
    weight_of,
)
from twin.sequence.load_actions import FORCE_SPEED, HANGS_SHARE, NEAR_SHARE, RESTS_SHARE
from twin.setup.setup import SwapSetup

SAME_S = 1e-6
"""A bound calculated again is the same within this."""
SAME = 1e-9
"""Part of a scan by which a stroke may exceed a whole number of them and still end with it: rounding."""


def procedure_bound_s(setup: SwapSetup, start: Start = home) -> float:
    """The procedure bound of one swap's mechanical time, in s."""
    return procedure_bound(setup, start).total_s


def procedure_bound(setup: SwapSetup, start: Start = home) -> Bound:
    """The procedure bound and its items; `start`: where a robot waits as the mechanical time begins."""
    return bound_of(ProcedurePath, setup, start)


def played_bound(setup: SwapSetup, total_s: float) -> Bound | None:
    """The procedure bound of a swap by what its result tells of it, in s; None if it is of no start known here."""
    bounds = (procedure_bound(setup, start) for start in (ready, home))
    return next((bound for bound in bounds if abs(bound.total_s - total_s) < SAME_S), None)


class ProcedurePath(Path):
    """The least of each item that the procedure leaves."""

    def __init__(self, setup: SwapSetup, robot: int, start: Start) -> None:
        super().__init__(setup, robot, start)
        limits = self.station.limits
        robots = {robot for job in setup.jobs for robot in (job.robot, job.in_robot)}
        self.table, self.shares_truck = has_table(setup), len(robots) > 1
        self.contact_mps = limits.contact_speed_mps
        self.leaving_mps = LEAVING * self.contact_mps
        self.force_mps = FORCE_SPEED * self.contact_mps
        self.creep_out_m = CREEP_OUT_SHARE * limits.creep_out_height_m
        self.scan_s = 1.0 / self.station.rates.plc_hz
        self.filter_s = self.station.sensors.load_cell_filter_s

    # ------------------------------------------------------------------------------------------------------- springs

    def _give(self, z: float) -> float:
        """Travel of axis z per newton of load on ropes, mast or mounts, m/N."""
        reeving = self.station.reeving
        if isinstance(reeving, FourRope):
            return (reeving.sheave_height_m - z) / (4.0 * reeving.rope_ea_n)
        return 1.0 / float(self.setup.params["e_stiffness"][0, 2])

    def _travel_m(self, load_n: float, z: float, seat: int) -> float:
        """Travel of axis z at a seat that changes the load by `load_n` >= 0: of its own springs, and of the truck's.

        A second robot on the same truck can move its springs meanwhile, so they are not counted then.
        """
        yields = bool(self.setup.params["seat_on_truck"][0, seat]) and not self.shares_truck
        return load_n * self._give(z) + (self._sink_m(load_n) if yields else 0.0)

    def _ramp_s(self, load_n: float, z: float, seat: int, near_n: float) -> float:
        """Shortest time from rest in which a load changes by `load_n`, the last `near_n` of it at the force speed.

        Up to there axis z moves at contact speed at most; it slows down within the last part.
        """
        load_n = max(load_n, 0.0)
        limits, whole_m = self.loaded[Z], self._travel_m(load_n, z, seat)
        if near_n >= load_n:
            return reach_s(whole_m, limits.up_to(self.force_mps))
        fast_m = self._travel_m(load_n - near_n, z, seat)
        slowing_m = speed_change_distance(self.contact_mps, self.force_mps, limits.a, limits.j)
        slow_m = max(whole_m - fast_m - slowing_m, 0.0)
        return reach_s(whole_m - slow_m, limits.up_to(self.contact_mps)) + slow_m / self.force_mps

    def _hang_m(self, load_n: float, z: float) -> float:
        """Part of the contact zone that the load's own stretch covers; negative for a table, which it presses down."""
        return self.sign * load_n * self._give(z)

    def _zone_m(self, load_n: float, z: float, seat: int) -> float:
        """Least way at contact speed before contact: the scanner may see the truck nearer than it is."""
        off = self.station.scanner.bias_m if self.setup.params["seat_on_truck"][0, seat] else 0.0
        return max(self.station.limits.contact_zone_m - off - self._hang_m(load_n, z), 0.0)

    # --------------------------------------------------------------------------------------------------- empty moves

    def _meet(self, phase: str, land: str, what: str, here: np.ndarray, goal: np.ndarray, seat: int) -> None:
        """All axes in parallel down to the contact zone, then contact speed until the load cell shows the contact.

        Below the guides' reach the end effector must have been over the pack, within their capture, until it is calm.
        """
        z = float(goal[Z])
        own_n = weight_of(self.setup)
        zone = self._zone_m(own_n, z, seat)
        fast = self._way_m(z, here[Z]) - zone - self._hang_m(own_n, z)
        creep_s = max(zone + min(fast, 0.0), 0.0) / self.contact_mps
        longest, by = approach_s(max(fast, 0.0), self.contact_mps, self.empty[Z]), Z
        for k in SIDEWAYS:
            gap = abs(goal[k] - here[k])
            there_s = rest_to_rest_s(gap, self.empty[k])
            near_s = max(there_s - reach_s(self._caught(k), self.empty[k]), 0.0)
            takes_s = max(there_s - creep_s, near_s + self._calm_s(z) if gap > 0.0 else 0.0)
            if takes_s > longest:
                longest, by = takes_s, k
        self._add(phase, f"{what}, {length(goal[by] - here[by], by)}", AXES[by], longest)
        self._add(land, f"the last {zone * 1e3:.0f} mm at contact speed", AXES[Z], creep_s)
        self._add(land, "until the load cell shows the contact", "load cell", self._contact_s(z) + self.scan_s)

    def _caught(self, k: int) -> float:
        """Offset along axis `k` at which the guides capture a landing end effector, m or rad."""
        return ASKEW_RAD if k == YAW else CAUGHT_SHARE * self.station.end_effector.flipper_capture_m

    def _calm_s(self, z: float) -> float:
        """Least time within the guides' capture before an end effector comes into their reach.

        On ropes most of half a swing, at the highest that the hoist may have to stop for it.
        """
        reeving, z_axis = self.station.reeving, self.station.axes.z
        if not isinstance(reeving, FourRope):
            return CALM_S
        reach_m = max(LET_OFF_M, LET_OFF_CAPTURES * self.station.end_effector.flipper_capture_m)
        rope_m = max(reeving.sheave_height_m - (z + reach_m + z_axis.stopping_distance_m), 0.0)
        return CALM_SHARE * pi * sqrt(rope_m / float(self.setup.params["gravity_mps2"][0]))

    def _contact_s(self, z: float) -> float:
        """Least time from contact until the load cell shows it: ropes unload, or a table loads, and its filter lags."""
        own_n, shown_n = weight_of(self.setup), contact_threshold_of(self.setup)
        ramp_s = abs(own_n - shown_n) * self._give(z) / self.contact_mps
        return ramp_s if self.table else max(ramp_s, self.filter_s * log(own_n / shown_n))

    def _let_off(self, phase: str, here: np.ndarray) -> np.ndarray:
        """Creep past the guides; sideways moves begin there, from rest."""
        self._add(phase, f"past the guides, {LET_OFF_M:.2f} m", AXES[Z], self._let_off_s)
        there = here.copy()
        there[Z] += self.sign * LET_OFF_M
        return there

    @property
    def _let_off_s(self) -> float:
        return reach_s(LET_OFF_M, self.empty[Z].up_to(self.leaving_mps))

    def _clear(self, here: np.ndarray) -> None:
        """Pass the clearance height without a stop; robots on one rail also return to their waiting position."""
        way = self._way_m(here[Z], self.station.limits.clearance_height_m)
        _, up_s = leave_s(LET_OFF_M, LET_OFF_M + way, self.leaving_mps, self.empty[Z])
        up_s, back_s = up_s - self._let_off_s, 0.0
        if self.station.robots.count > 1:
            back_s = rest_to_rest_s(self.home[X] - here[X], self.empty[X])
        if back_s > up_s:
            self._add("clear", f"to where it waits, {length(self.home[X] - here[X], X)}", AXES[X], back_s)
        else:
            self._add("clear", f"past the clearance height, {way:.2f} m", AXES[Z], up_s)

    # ------------------------------------------------------------------------------------------------- with a pack

    def _actuate(self, phase: str, what: str, actuator: str, seconds: float) -> None:
        """The switch makes just before the stroke's end, and is read once a scan."""
        scans = ceil(CLOSED_FROM * seconds / self.scan_s - SAME)
        self._add(phase, what, actuator, scans * self.scan_s)

    def _take(self, phase: str, unlock: str, start: np.ndarray, seat: int, lock_open_s: float) -> None:
        """Take the weight off the locks, open them, creep off the seat, cross the clearance height at any speed."""
        z, taken_m = float(start[Z]), 0.0
        if lock_open_s > 0.0:
            load_n = max(taken_load_of(self.setup) - self._landed_n(z), 0.0)
            slow_n = load_n - self._slack_n(z)
            if self.table:  # from a slot all of it slowly
                slow_n = inf if unlock == "pick" else self._near_n
            self._add(
                unlock,
                f"take the weight off the locks, {self._travel_m(load_n, z, seat) * 1e3:.1f} mm",
                "load cell",
                self._ramp_s(load_n, z, seat, slow_n) + self.scan_s,
            )
            lock = "slot lock" if unlock == "pick" else "lock"
            self._actuate(unlock, f"open the {lock}s", lock, lock_open_s)
            taken_m = 0.0 if self.table else self._travel_m(load_n, z, seat)
        verb = "lift" if self.sign > 0.0 else "lower"
        way = max(self._way_m(z, self.clear_z) - taken_m, 0.0)
        creep = min(max(self.creep_out_m - taken_m, 0.0), way)
        off_s, self.take_s = leave_s(creep, way, self.leaving_mps, self.loaded[Z])
        self._add(phase, f"creep off the seat, {creep:.2f} m", AXES[Z], off_s)
        self._add(phase, f"{verb} to clearance, {way - creep:.2f} m", AXES[Z], self.take_s - off_s)

    def _slack_n(self, z: float) -> float:
        """Load up to which ropes may be pulled straight at contact speed."""
        return max(HANGS_SHARE * weight_of(self.setup) - self._landed_n(z), 0.0)

    def _landed_n(self, z: float) -> float:
        """Load that a landing leaves at most on ropes, or at least presses a table with: it runs on as it stops."""
        shown_n = contact_threshold_of(self.setup)
        if not self.table:
            return shown_n
        limits = self.loaded[Z]
        stop_m = float(speed_change_distance(self.contact_mps, 0.0, limits.a, STOP_JERK * limits.j))
        return shown_n + (self.contact_mps * (self.filter_s + self.scan_s) + stop_m) / self._give(z)

    def _descent_s(self, goal: np.ndarray, seat: int, pack: int) -> float:
        return sum(self._descent_parts_s(goal, seat, pack))

    def _descent_parts_s(self, goal: np.ndarray, seat: int, pack: int) -> tuple[float, float]:
        """Shortest times from crossing the clearance height at any speed to the contact zone, and through it."""
        z, load_n = float(goal[Z]), self._carried_n(pack)
        zone = self._zone_m(load_n, z, seat)
        fast = self._way_m(z, self.clear_z) - zone - self._hang_m(load_n, z)
        return go_on_s(fast, self.contact_mps, self.loaded[Z]), max(zone + min(fast, 0.0), 0.0) / self.contact_mps

    def _carried_n(self, pack: int) -> float:
        p = self.setup.params[0]
        return weight_of(self.setup) + float(p["pack_mass_kg"][pack] * p["gravity_mps2"])

    def _set_down(self, phase: str, goal: np.ndarray, seat: int, pack: int) -> None:
        """Down to the contact zone, through it at contact speed, and on until the load has left, or is pressed home."""
        z, load_n = float(goal[Z]), self._carried_n(pack)
        fast_s, creep_s = self._descent_parts_s(goal, seat, pack)
        zone = self._zone_m(load_n, z, seat)
        verb = "lower" if self.sign > 0.0 else "raise"
        self._add(phase, f"{verb} to the contact zone", AXES[Z], fast_s)
        self._add(phase, f"the last {zone * 1e3:.0f} mm at contact speed", AXES[Z], creep_s)
        # a seat on the truck does not yield at once: its inertia may bear the load before its springs do
        seated_n = seated_load_of(self.setup)
        if self.table:
            transfer_s = max(seated_n - load_n, 0.0) * self._give(z) / self.contact_mps
        else:
            ramp_s = (load_n - seated_n) * self._give(z) / self.contact_mps
            transfer_s = max(ramp_s, self.filter_s * log(load_n / seated_n))
        self._add(phase, "until the load has passed to the seat", "load cell", transfer_s + self.scan_s)

    def _let_rest(self, phase: str) -> None:
        """Lower a table from a locked pack until its weight hangs in the slot's locks."""
        if self.station.actuators.slot_lock_close_s <= 0.0:
            return
        z, seat = float(self._seat(self.job.put_seat)[Z]), self.job.put_seat
        load_n = seated_load_of(self.setup) - weight_of(self.setup, pack=RESTS_SHARE)
        takes_s = self._ramp_s(load_n, z, seat, 0.0) + self.scan_s
        self._add(phase, "until the pack hangs in the slot's locks", "load cell", takes_s)

    @property
    def _near_n(self) -> float:
        """Load short of its end at which a fast change of load slows down, N."""
        return weight_of(self.setup, pack=NEAR_SHARE[self.station.kind]) - weight_of(self.setup)

    def _pull(self, seat_at: np.ndarray) -> None:
        """From the load of a seated pack to that of the pull test, and back until the seat bears the pack again."""
        z, seat = float(seat_at[Z]), self.job.truck_seat
        pull_n = pull_load_of(self.setup)
        near_n = self._near_n
        for phase, what, other_n, slow_n in (
            # a hoist pulls slowly all the way: it gains too much load while it slows down
            ("pull_test", "pull on the locks", seated_load_of(self.setup), near_n if self.table else inf),
            ("release", "give the load back", relaxed_load_of(self.setup), near_n),
        ):
            load_n = abs(pull_n - other_n)
            way_mm = self._travel_m(load_n, z, seat) * 1e3
            takes_s = self._ramp_s(load_n, z, seat, slow_n) + self.scan_s
            self._add(phase, f"{what}, {way_mm:.1f} mm", "load cell", takes_s)
