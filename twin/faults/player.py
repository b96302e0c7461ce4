"""Effects of faults on a swap: some change the setup before it is built, the others act before each PLC scan.

A fault is a function of time and of the swap's progress: the same swap meets it at the same tick again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.catalogue.schema import PHASES
from twin.errors import InputError
from twin.faults.kinds import FOREVER, KINDS, Fault
from twin.records import AXES, BUSY, IDLE, LOCKS, REFUSED, Z
from twin.runner.single import Runner
from twin.sequence.setpoint_steps import with_setpoints
from twin.sequence.tables import TABLES
from twin.setup.setup import SwapSetup

SETUP_FAULTS = ("wrong_pack", "guide_friction")
"""Faults of the setup itself, present before the swap begins."""
REPORTS_OPEN, REPORTS_CLOSED = 1, 2
SAME_S = 1e-9
"""Times closer than this are equal."""
BUTTONS = ("estop_button", "power_off")
"""Fields of truth that faults set, beside the whole record `faults`."""


def faulty_setup(setup: SwapSetup, faults: Sequence[Fault]) -> SwapSetup:
    """Apply the faults that are present from the beginning to the setup; returns the same setup if there are none.

    Raises:
        InputError: a fault that this setup cannot have (a seat, phase, robot or job that it lacks).
    """
    for fault in faults:
        _check(fault, setup)
    for fault in faults:
        if fault.kind == "guide_friction":
            setup = dataclasses.replace(setup, guide_friction=setup.guide_friction * fault["factor"])
        elif fault.kind in SETUP_FAULTS:
            params = setup.params.copy()
            job = setup.jobs[fault["job"] - 1]
            params["pack_mass_kg"][0, job.old_pack if fault["pack"] == "old" else job.new_pack] = _mass_kg(fault, setup)
            setup = dataclasses.replace(setup, params=params)
    return setup


def _mass_kg(fault: Fault, setup: SwapSetup) -> float:
    """Mass of a wrong pack."""
    return float(fault["kg"]) if fault["factor"] is None else setup.pack.mass_kg * float(fault["factor"])


def _held_kg(setup: SwapSetup) -> float:
    """Heaviest pack that the brake of axis z holds: a heavier one falls, and no plant has a floor for that."""
    p = setup.params[0]
    return float(p["axis_brake"][Z] / p["gravity_mps2"] - p["e_mass_kg"] - p["z_gravity_mass_kg"])


def _check(fault: Fault, setup: SwapSetup) -> None:
    """Refuse a fault on a part that this setup lacks."""
    given: dict[str, Any] = dict(fault.settings)
    key = f"--fault {fault.kind}"
    seats = [seat.name for seat in setup.seats if seat.locks]
    if given.get("seat", seats[0]) not in seats:
        raise InputError("no such seat with locks in this swap", key=key, value=given["seat"], allowed=", ".join(seats))
    phases = PHASES[setup.station.kind][1:]  # dock is over at clock zero
    if given.get("phase", phases[0]) not in phases:
        raise InputError("no such phase at this station", key=key, value=given["phase"], allowed=", ".join(phases))
    if given.get("robot", 1) > setup.station.robots.count:
        raise InputError("no such robot", key=key, value=given["robot"], allowed=f"1 to {setup.station.robots.count}")
    if given.get("job", 1) > len(setup.jobs):
        raise InputError("no such job", key=key, value=given["job"], allowed=f"1 to {len(setup.jobs)}")
    if fault.kind == "wrong_pack" and (mass_kg := _mass_kg(fault, setup)) > (held_kg := _held_kg(setup)):
        raise InputError(
            "heavier than the brake of axis z holds, in kg", key=key, value=mass_kg, allowed=f"up to {held_kg:.0f}"
        )


def check_added(fault: Fault, since_s: float, setup: SwapSetup) -> None:
    """Refuse a fault that cannot be added to a running swap at `since_s`.

    Raises:
        InputError: a fault of the setup itself, one with an earlier time, or one that this setup cannot have.
    """
    _check(fault, setup)
    key = f"--fault {fault.kind}"
    if fault.kind in SETUP_FAULTS:
        allowed = ", ".join(kind for kind in KINDS if kind not in SETUP_FAULTS)
        raise InputError("acts from the beginning of a swap: it cannot be added in a branch", key=key, allowed=allowed)
    at_s = dict(fault.settings).get("at_s")
    if at_s is not None and float(at_s) < since_s - SAME_S:
        raise InputError(
            "lies before the beginning of the branch",
            key=key,
            value=at_s,
            allowed=f"{since_s:.2f} s or later",
        )


@dataclass(frozen=True, eq=False)
class _Due:
    """A fault and its start; `orders` is the number of orders that each actuator had had by then."""

    fault: Fault
    since_s: float = 0.0
    orders: dict[tuple[str, int], int] = dataclasses.field(default_factory=dict)


class FaultPlayer:
    """Applies the faults of one swap: a runner calls `before_scan` before each PLC scan.

    Writes only plain fields of WORLD and PARAMS, so that every plant meets the same fault in the same way. One player
    serves one run: it keeps the phases that have begun and the number of orders to each lock.
    """

    def __init__(
        self, faults: Sequence[Fault], setup: SwapSetup, world: int = 0, added: Sequence[tuple[float, Fault]] = ()
    ) -> None:
        """`world` is the index of the plant's world that has the faults.

        `added`: faults that are added while it runs, each from its time (s) on: without a time of their own they act
        from then on, and they affect only the orders to locks and grips that are given from then on.
        """
        for fault in faults:
            _check(fault, setup)
        for since_s, fault in added:
            check_added(fault, since_s, setup)
        self._setup, self._world = setup, world
        self._faults = [_Due(fault) for fault in faults if fault.kind not in SETUP_FAULTS]
        self._setup_faults = len(self._faults) < len(faults)
        self._joining = sorted((_Due(fault, since_s) for since_s, fault in added), key=lambda due: due.since_s)
        self._phase = [step.phase for step in with_setpoints(TABLES[setup.station.kind]())]
        self._began_s: dict[tuple[int, str], float] = {}
        self._seats = {seat.name: i for i, seat in enumerate(setup.seats)}
        self._order_counts: dict[tuple[str, int], int] = {}  # number of orders to grips (by robot) or locks (by seat)
        self._order: dict[str, np.ndarray] = {}
        self._usual: list[np.ndarray] = []  # `_words` without faults
        self._left: list[np.ndarray] = []  # `_words` after the last scan's faults
        self._active: tuple[_Due, ...] = ()
        self._acted: set[Fault] = set()
        self.on_change: Callable[[Fault, bool], None] | None = None
        """Called when a fault begins (True) or ends (False) to act."""

    @property
    def not_acted(self) -> tuple[Fault, ...]:
        """Faults that have not acted so far, in the order in which they were given; those of the setup always do."""
        given = [due.fault for due in (*self._faults, *self._joining)]
        return tuple(fault for fault in dict.fromkeys(given) if fault not in self._acted)

    def acts_from(self, begin_s: float) -> bool:
        """True if `before_scan` is due at the first scan, that of `begin_s`; else `after_scan` starts it in time.

        A disturbed plant may be slower (the reduced-order one lets no part sleep), so a swap that is continued with
        faults is not disturbed before they begin.
        """
        return bool(self._faults) or self._setup_faults or self._joining[0].since_s <= begin_s + SAME_S

    def after_scan(self, runner: Runner) -> None:
        """Record the swap's progress; before the scan at which the first fault begins, start to disturb."""
        if runner.disturb is not None:
            return
        w = runner.worlds[self._world]
        t_s = float(w["truth"]["t_s"])
        started = [
            r for r in range(self._setup.station.robots.count) if w["control"]["status"][r] not in (IDLE, REFUSED)
        ]
        self._note_phases(started, runner.commands[self._world], t_s)
        self._note_orders(w)
        if self._joining[0].since_s <= t_s + 1.0 / self._setup.station.rates.plc_hz + SAME_S:
            runner.disturb = self.before_scan

    def before_scan(self, runner: Runner) -> None:
        """Set the world's faults for the next scan."""
        w, p = runner.worlds[self._world], runner.params[self._world]
        t_s = float(w["truth"]["t_s"])
        busy = [r for r in range(self._setup.station.robots.count) if w["control"]["status"][r] == BUSY]
        self._note_phases(busy, runner.commands[self._world], t_s)
        self._note_orders(w)
        while self._joining and self._joining[0].since_s <= t_s + SAME_S:
            self._join(self._joining.pop(0))
        words = self._words(runner)
        self._put_back(words)
        active = tuple(due for due in self._faults if self._acts(due, w, t_s))
        for due in active:
            self._act(due, w, p)
            self._acted.add(due.fault)
        if active != self._active and self.on_change is not None:
            for due in self._faults:
                if (due in active) != (due in self._active):
                    self.on_change(due.fault, due in active)
        self._active, self._left = active, [now.copy() for now in words]

    def _put_back(self, words: Sequence[np.ndarray]) -> None:
        """Undo what faults did in the last scan. What others have changed since then stays, beneath the faults."""
        if not self._usual:
            self._usual = [now.copy() for now in words]
            return
        for now, usual, left in zip(words, self._usual, self._left, strict=True):
            others = now != left
            if others.any():
                usual[others] = now[others]
            now[:] = usual

    def _words(self, runner: Runner) -> list[np.ndarray]:
        """What faults write, as arrays (W,) of whole numbers, bit for bit: PARAMS, `faults` and the buttons."""
        one = slice(self._world, self._world + 1)
        buttons = (runner.worlds["truth"][name][one] for name in BUTTONS)
        return [record.view(np.int64) for record in (runner.params[one], runner.worlds["faults"][one], *buttons)]

    # -------------------------------------------------------------------------------------------------- when

    def _join(self, due: _Due) -> None:
        due.orders.update(self._order_counts)
        given: dict[str, Any] = dict(due.fault.settings)
        start_s = self._start_s(due)
        if "phase" in given and start_s < due.since_s - SAME_S:
            raise InputError(
                f"its time, {start_s:.2f} s, lies before the beginning of the branch",
                key=f"--fault {due.fault.kind}",
                value=due.fault.text,
                allowed=f"{due.since_s:.2f} s or later",
            )
        self._faults.append(due)

    def _note_phases(self, robots: Sequence[int], commands: Any, t_s: float) -> None:
        """Robots that have carried out part of their present command by this scan."""
        for r in robots:
            self._began_s.setdefault((r, self._phase[int(commands["step"][r])]), t_s)

    def _note_orders(self, w: Any) -> None:
        """Count orders to open and to close, by robot or seat."""
        for name in ("lock_command", "grip_command"):
            now = w["image"][name].copy()
            before = self._order.get(name, now)
            for i in np.flatnonzero(now != before):
                order = f"{name} {now[i]}"
                self._order_counts[order, int(i)] = self._order_counts.get((order, int(i)), 0) + 1
            self._order[name] = now

    def _acts(self, due: _Due, w: Any, t_s: float) -> bool:
        fault = due.fault
        if fault.kind.startswith("lock_"):
            return self._fails(due, w, "lock_command", self._seat(fault))
        if fault.kind.startswith("grip_"):
            return any(self._fails(due, w, "grip_command", r) for r in self._robots(fault))
        start_s = self._start_s(due)
        return bool(start_s <= t_s + SAME_S and t_s < start_s + fault["for_s"] - SAME_S)

    def _start_s(self, due: _Due) -> float:
        """Start of a fault that has a time; infinite while its phase has not begun."""
        given: dict[str, Any] = dict(due.fault.settings)
        if "phase" in given:
            began = [self._began_s.get((r, given["phase"]), math.inf) for r in self._robots(due.fault)]
            return float(min(began) + due.fault["after_s"])
        return float(given.get("at_s", due.since_s))

    def _fails(self, due: _Due, w: Any, name: str, i: int) -> bool:
        """True if an actuator has the order that it does not obey, and has not yet failed the set number of times."""
        fault = due.fault
        order = 0 if fault.kind in ("lock_wont_open", "lock_snag", "grip_wont_open") else 1
        key = (f"{name} {order}", i)
        orders = self._order_counts.get(key, 0) - due.orders.get(key, 0)
        tries = FOREVER if fault.kind in ("lock_snag", "lock_false_closed") else fault["tries"]
        return bool(int(w["image"][name][i]) == order and 0 < orders <= tries)

    def _robots(self, fault: Fault) -> Sequence[int]:
        number = dict(fault.settings).get("robot")
        return range(self._setup.station.robots.count) if number is None else (int(number) - 1,)

    def _seat(self, fault: Fault) -> int:
        name = fault["seat"]
        return self._setup.jobs[0].truck_seat if name is None else self._seats[name]

    @staticmethod
    def _which(number: int | str) -> slice:
        return slice(0, LOCKS) if number == "all" else slice(int(number) - 1, int(number))

    # -------------------------------------------------------------------------------------------------- what

    def _act(self, due: _Due, w: Any, p: Any) -> None:
        grips = due.fault.kind.startswith("grip_")  # those of each robot count their own orders
        getattr(self, f"_{due.fault.kind}")(due if grips else due.fault, w, p)

    def _lock_wont_open(self, fault: Fault, w: Any, p: Any) -> None:
        w["faults"]["lock_stuck"][self._seat(fault), self._which(fault["lock"])] = 1

    _lock_wont_close = _lock_wont_open

    def _lock_snag(self, fault: Fault, w: Any, p: Any) -> None:
        self._lock_wont_open(fault, w, p)
        w["faults"]["lock_switch_fault"][self._seat(fault), self._which(fault["lock"])] = REPORTS_OPEN

    def _lock_false_closed(self, fault: Fault, w: Any, p: Any) -> None:
        self._lock_wont_open(fault, w, p)
        w["faults"]["lock_switch_fault"][self._seat(fault), self._which(fault["lock"])] = REPORTS_CLOSED

    def _grip_wont_close(self, due: _Due, w: Any, p: Any) -> None:
        for r in self._robots(due.fault):
            if self._fails(due, w, "grip_command", r):
                w["faults"]["grip_stuck"][r, self._which(due.fault["grip"])] = 1

    _grip_wont_open = _grip_wont_close

    def _scanner_blind(self, fault: Fault, w: Any, p: Any) -> None:
        w["faults"]["scan_blind"] = 1

    def _scanner_dropout(self, fault: Fault, w: Any, p: Any) -> None:
        p["scan_dropout"] = fault["share"]

    def _scanner_noise(self, fault: Fault, w: Any, p: Any) -> None:
        p["scan_sigma_m"] *= fault["factor"]
        p["scan_sigma_rad"] *= fault["factor"]

    def _load_cell_offset(self, fault: Fault, w: Any, p: Any) -> None:
        for r in self._robots(fault):
            w["faults"]["load_cell_offset_n"][r] += fault["offset_n"]

    def _load_cell_frozen(self, fault: Fault, w: Any, p: Any) -> None:
        for r in self._robots(fault):
            w["faults"]["load_cell_frozen"][r] = 1

    def _sway_offset(self, fault: Fault, w: Any, p: Any) -> None:
        for r in self._robots(fault):
            w["faults"]["sway_bias_m"][r, 0] += 1e-3 * fault["offset_mm"]

    def _axis_drag(self, fault: Fault, w: Any, p: Any) -> None:
        p["axis_coulomb"][AXES.index(fault["axis"])] *= fault["factor"]

    def _coupler_stiff(self, fault: Fault, w: Any, p: Any) -> None:
        p["coupler_force_n"] *= fault["factor"]

    def _estop(self, fault: Fault, w: Any, p: Any) -> None:
        w["truth"]["estop_button"] = 1

    def _power_loss(self, fault: Fault, w: Any, p: Any) -> None:
        w["truth"]["power_off"] = 1

    def _truck_shove(self, fault: Fault, w: Any, p: Any) -> None:
        angle = math.radians(fault["direction_deg"])
        w["faults"]["truck_push_n"][0] += fault["force_n"] * math.cos(angle)
        w["faults"]["truck_push_n"][1] += fault["force_n"] * math.sin(angle)

    def _brakes_released(self, fault: Fault, w: Any, p: Any) -> None:
        w["faults"]["truck_brake_off"] = 1
        weight_n = (p["truck_sprung_kg"] + p["truck_unsprung_kg"] + p["truck_trailer_kg"]) * p["gravity_mps2"]
        w["faults"]["truck_push_n"][0] += weight_n * math.sin(math.atan(0.01 * fault["grade_percent"]))
