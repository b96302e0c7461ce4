"""The state of a station on a day, and the time that is booked under it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import simpy

from agents.throughput.arrivals import Saturated
from agents.throughput.charging import Hall
from agents.throughput.records import CAUSES, CHARGERS, FAULTS, GRID, PACKS, ROBOT, Inputs, Recorder

NOBODY = ""
COUNTED = ("swaps", "by_hand", "reparks", "packs_changed")


@dataclass(slots=True)
class Truck:
    number: int
    arrived_s: float
    waited_s: float = 0.0


@dataclass(slots=True)
class Request:
    """A truck in a bay that asks for a robot and ready packs."""

    truck: Truck
    bay: int
    packs: int
    granted: simpy.Event


class Robot:
    """A robot: granted to a truck or free, at work or stopped.

    Attributes:
        down: faults that hold it.
        busy: granted to a truck.
        recovering: waits for an operator to finish a swap by hand.
        work: the truck's process while it lets the robot move; a fault interrupts it.
        repaired: succeeds when the robot that a truck waits for works again.
    """

    __slots__ = ("busy", "down", "number", "recovering", "repaired", "work")

    def __init__(self, number: int) -> None:
        self.number, self.down, self.busy, self.recovering = number, 0, False, False
        self.work: simpy.Process | None = None
        self.repaired: simpy.Event | None = None


class StationState:
    """Trucks, bays, robots and packs. Every change calls `settle` first: it books the time since the last one."""

    hall: Hall

    def __init__(self, inputs: Inputs, recorder: Recorder | None = None) -> None:
        self.env = simpy.Environment()
        self.inputs, self.site, self.recorder = inputs, inputs.site, recorder
        site = inputs.site
        self.queue: deque[Truck] = deque()
        self.requests: deque[Request] = deque()
        self.free_bays = list(range(site.bays))
        self.bay_state = [NOBODY] * site.bays
        """Cause for which the next truck waits at a bay; `NOBODY` at a free one."""
        self.robots = [Robot(k) for k in range(site.robots)]
        self.free_robots = list(self.robots)
        self.ready, self.in_exchange = site.packs, 0
        self.saturated = isinstance(inputs.arrivals, Saturated)
        self.counts = dict.fromkeys(COUNTED, 0)
        self.peak_w = 0.0
        self._last_s = 0.0
        self._waiting_s = dict.fromkeys(CAUSES, 0.0)
        self._truck_s = dict.fromkeys(CAUSES, 0.0)
        self._busy_s = {"robot": 0.0, "down": 0.0, "bay": 0.0, "ready": 0.0}

    def settle(self) -> None:
        """Book the time since the last change under the state that held since."""
        step_s = self.env.now - self._last_s
        if step_s <= 0.0:
            return
        self._last_s = self.env.now
        busy = self._busy_s
        for robot in self.robots:
            if robot.down or robot.recovering:
                busy["down"] += step_s
            elif robot.busy:
                busy["robot"] += step_s
        busy["bay"] += (len(self.bay_state) - len(self.free_bays)) * step_s
        busy["ready"] += self.ready * step_s
        outside = len(self.queue) + self.saturated
        if not outside and not self.requests:
            return
        causes = self._causes(outside)
        total = sum(causes.values())
        for cause, trucks in causes.items():
            self._truck_s[cause] += trucks * step_s
            self._waiting_s[cause] += trucks / total * step_s

    def _causes(self, outside: int) -> dict[str, float]:
        """Waiting trucks by cause: those in bays by what they ask for, those outside by what occupies the bays."""
        causes: dict[str, float] = {}
        inside = self._cause_of_requests() if self.requests else NOBODY
        if self.requests:
            causes[inside] = float(len(self.requests))
        if outside:
            share = outside / len(self.bay_state)
            for state in self.bay_state:
                cause = inside if state == NOBODY else state
                causes[cause] = causes.get(cause, 0.0) + share
        return causes

    def _cause_of_requests(self) -> str:
        if not self.free_robots:
            return FAULTS if any(robot.down for robot in self.robots) else ROBOT
        if self.hall.curtailed:
            return GRID
        return CHARGERS if self.hall.waiting else PACKS

    def power_changed(self, packs_w: float) -> None:
        """Note the power into the packs from now on."""
        charging = self.site.charging
        grid_w = packs_w / charging.efficiency + charging.auxiliary_w
        self.peak_w = max(self.peak_w, grid_w)
        self.level(grid_w)

    def level(self, grid_w: float | None = None) -> None:
        """Record queue, ready packs and power from the grid (None: as before)."""
        if self.recorder is None:
            return
        levels = self.recorder.levels
        power_w = grid_w if grid_w is not None else (levels[-1][3] if levels else self.site.charging.auxiliary_w)
        levels.append((self.env.now, len(self.queue), self.ready, power_w))

    def span(self, row: str, what: str, start_s: float, truck: int) -> None:
        """Record what a bay, robot or charger did from `start_s` until now; `truck` -1: for none."""
        if self.recorder is not None and self.env.now > start_s:
            self.recorder.spans.append((row, what, start_s, self.env.now, truck))

    def totals(self) -> dict[str, float]:
        """Everything that is counted, at this moment."""
        self.settle()
        self.hall.advance()
        return {
            **self.counts,
            "queue": len(self.queue) + len(self.requests),
            "charger": self.hall.charger_s,
            "energy": self.hall.delivered_j,
            **self._busy_s,
            **{f"waiting {cause}": of for cause, of in self._waiting_s.items()},
            **{f"trucks {cause}": of for cause, of in self._truck_s.items()},
        }
