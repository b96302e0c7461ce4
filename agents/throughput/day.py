"""One day of a station as a discrete-event simulation (SimPy): trucks, bays, robots, packs, faults; who waits why."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import simpy

from agents.throughput.arrivals import DAY_S, Arrivals, Saturated, arrival_times
from agents.throughput.charging import ChargingPack, Hall
from agents.throughput.draws import Uniforms, exponential, triangular
from agents.throughput.swaps import Swap, Swaps
from twin.catalogue.schema.site import Fault, Site

ROBOT, BAY, REPARK, FAULTS, PACKS, CHARGERS, GRID = CAUSES = (
    *("robot", "bay", "repark", "faults", "packs", "chargers", "grid"),
)
"""What a truck waits for.

robot: a robot at work. bay: another truck that enters, is checked or leaves. repark: another truck that parks again.
faults: a repair, or the recovery of a swap that failed. packs: no pack is ready, and every other one is charged at its
charger's own power. chargers: a pack that is not ready waits for a charger. grid: the connection gives less than the
packs would take.
"""
NOBODY = ""
PATIENCE_S = 7 * DAY_S
"""Longest time after the measured window in which trucks that came in it are still served."""
Process = Generator[simpy.Event, Any, Any]


@dataclass(frozen=True)
class Inputs:
    """What a day depends on, but the seed.

    Attributes:
        pack_energy_j: of one full pack.
        warm_up_s: time from the beginning, with all packs ready and no truck, to the measured window.
        window_s: length of the measured window.
    """

    site: Site
    pack_energy_j: float
    swaps: Swaps
    arrivals: Arrivals
    warm_up_s: float = DAY_S
    window_s: float = DAY_S


@dataclass
class Recorder:
    """What a picture of the day shows; times from the beginning of the simulation.

    Attributes:
        spans: (row, what, start, end, truck) of bays, robots and chargers.
        levels: (time, trucks that wait outside, ready packs, power from the grid) after each change.
    """

    spans: list[tuple[str, str, float, float, int]] = field(default_factory=list)
    levels: list[tuple[float, int, int, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Day:
    """What the measured window had.

    Attributes:
        arrived: trucks that came in it.
        swaps: swaps that ended in it, by hand ones too.
        by_hand: swaps that failed and were finished by hand.
        reparks: times that a truck parked again.
        packs_changed: packs of the swaps.
        waits_s, stays_s: of the trucks that came in it, in their order: time that something kept a truck from its
            swap, and time from arrival to leaving the bay.
        unserved: trucks that came in it and were not served within `PATIENCE_S` after it.
        queue_growth: trucks that waited at its end, less those at its beginning.
        waiting_time_s: time in which at least one truck waited, by cause.
        truck_waiting_s: the same times the number of trucks that waited.
        robot_busy_s, robot_down_s, bay_busy_s, charger_busy_s: of all robots, bays, chargers together.
        ready_pack_s: pack-seconds of ready packs.
        packs_energy_j: energy into the packs.
        peak_power_w: highest power from the grid, of the whole simulation.
    """

    arrived: int
    swaps: int
    by_hand: int
    reparks: int
    packs_changed: int
    waits_s: list[float]
    stays_s: list[float]
    unserved: int
    queue_growth: int
    waiting_time_s: dict[str, float]
    truck_waiting_s: dict[str, float]
    robot_busy_s: float
    robot_down_s: float
    bay_busy_s: float
    charger_busy_s: float
    ready_pack_s: float
    packs_energy_j: float
    peak_power_w: float


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


class StationDay:
    """The simulation. All state changes go through `_settle` first, which books the time since the last one."""

    def __init__(self, inputs: Inputs, seed: int, recorder: Recorder | None = None) -> None:
        self.env = simpy.Environment()
        self.inputs, self.site, self.recorder = inputs, inputs.site, recorder
        self._seed = seed
        self._draws = {name: Uniforms(seed, f"throughput {name}") for name in ("enter", "leave", "soc")}
        self._by_attempt: list[dict[str, Uniforms]] = []
        site = inputs.site
        self.queue: deque[Truck] = deque()
        self.requests: deque[Request] = deque()
        self.free_bays = list(range(site.bays))
        self.bay_state = [NOBODY] * site.bays
        """Cause for which the next truck waits at a bay; `NOBODY` at a free one."""
        self.robots = [Robot(k) for k in range(site.robots)]
        self.free_robots = list(self.robots)
        self.ready, self.in_exchange = site.packs, 0
        self.hall = Hall(
            self.env,
            site.charging,
            inputs.pack_energy_j,
            self._settle,
            self._packs_ready,
            self._charged if recorder is not None else None,
            self._power_changed,
        )
        self.saturated = isinstance(inputs.arrivals, Saturated)
        self._trucks = 0
        self._last_s = 0.0
        self._waiting_s = dict.fromkeys(CAUSES, 0.0)
        self._truck_s = dict.fromkeys(CAUSES, 0.0)
        self._busy_s = {"robot": 0.0, "down": 0.0, "bay": 0.0, "ready": 0.0}
        self._swaps = self._by_hand = self._reparks = self._packs_changed = 0
        self._peak_w = 0.0
        self._measuring = False
        self._waits_s: list[float] = []
        self._stays_s: list[float] = []
        self._in_window: dict[int, int] = {}
        self._all_left: simpy.Event | None = None

    # ------------------------------------------------------------------------------------------------------ accounting

    def _settle(self) -> None:
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

    def _power_changed(self, packs_w: float) -> None:
        charging = self.site.charging
        grid_w = packs_w / charging.efficiency + charging.auxiliary_w
        self._peak_w = max(self._peak_w, grid_w)
        self._level(grid_w)

    def _level(self, grid_w: float | None = None) -> None:
        if self.recorder is None:
            return
        levels = self.recorder.levels
        power_w = grid_w if grid_w is not None else (levels[-1][3] if levels else self.site.charging.auxiliary_w)
        levels.append((self.env.now, len(self.queue), self.ready, power_w))

    def _span(self, row: str, what: str, start_s: float, truck: int) -> None:
        if self.recorder is not None and self.env.now > start_s:
            self.recorder.spans.append((row, what, start_s, self.env.now, truck))

    def _charged(self, pack: ChargingPack, now_s: float) -> None:
        self._span(f"charger {pack.charger + 1}", "charging", pack.since_s, -1)

    # ---------------------------------------------------------------------------------------------------------- trucks

    def _draw(self, attempt: int, name: str, truck: Truck) -> float:
        """Number of a truck's attempt, such as its second parking."""
        while len(self._by_attempt) <= attempt:
            number = len(self._by_attempt)
            names = ("swap", "repark", "recovery")
            self._by_attempt.append({of: Uniforms(self._seed, f"throughput {of} {number}") for of in names})
        return self._by_attempt[attempt][name][truck.number]

    def _arrivals(self, times_s: list[float]) -> Process:
        env = self.env
        for time_s in times_s:
            if time_s > env.now:
                yield env.timeout(time_s - env.now)
            self._settle()
            self._come()
            self._let_in()

    def _come(self) -> None:
        truck = Truck(self._trucks, self.env.now)
        self._trucks += 1
        if self._measuring:
            self._in_window[truck.number] = len(self._waits_s)
            self._waits_s.append(0.0)
            self._stays_s.append(0.0)
        self.queue.append(truck)
        self._level()

    def _let_in(self) -> None:
        """Send waiting trucks to free bays."""
        while self.free_bays:
            if not self.queue:
                if not self.saturated:
                    return
                self._come()
            bay = self.free_bays.pop(0)
            truck = self.queue.popleft()
            self.bay_state[bay] = BAY
            self._level()
            self.env.process(self._visit(truck, bay))

    def _visit(self, truck: Truck, bay: int) -> Process:
        """Everything that a truck does from the head of the queue on."""
        env, handling, number, row = self.env, self.site.handling, truck.number, f"bay {bay + 1}"
        truck.waited_s = env.now - truck.arrived_s
        for attempt in count():
            swap = self.inputs.swaps.draw(self._draw(attempt, "swap", truck))
            began_s = env.now
            if attempt == 0:
                driven_s = swap.enter_s
                enter_s = triangular(self._draws["enter"][number], handling.enter_s) if driven_s is None else driven_s
                if enter_s > 0.0:
                    yield env.timeout(enter_s)
                self._span(row, "enter", began_s, number)
                began_s = env.now
            if swap.before_s > 0.0:
                yield env.timeout(swap.before_s)
            self._span(row, "check", began_s, number)
            if not swap.repark:
                break
            began_s = env.now
            self._settle()
            self.bay_state[bay] = REPARK
            self._reparks += 1
            yield env.timeout(triangular(self._draw(attempt, "repark", truck), handling.repark_s))
            self._settle()
            self.bay_state[bay] = BAY
            self._span(row, "park again", began_s, number)
        yield from self._swap(truck, bay, swap, attempt)
        began_s = env.now
        if swap.after_s > 0.0:
            yield env.timeout(swap.after_s)
        leave_s = triangular(self._draws["leave"][number], handling.leave_s)
        if leave_s > 0.0:
            yield env.timeout(leave_s)
        self._settle()
        self._span(row, "leave", began_s, number)
        self.bay_state[bay] = NOBODY
        self.free_bays.append(bay)
        self.free_bays.sort()
        self._leave(truck)
        self._let_in()

    def _leave(self, truck: Truck) -> None:
        place = self._in_window.pop(truck.number, None)
        if place is None:
            return
        self._waits_s[place] = truck.waited_s
        self._stays_s[place] = self.env.now - truck.arrived_s
        if self._all_left is not None and not self._in_window and not self._all_left.triggered:
            self._all_left.succeed()

    def _swap(self, truck: Truck, bay: int, swap: Swap, attempt: int) -> Process:
        """Wait for a robot and packs, then change the packs one by one."""
        env, number, row = self.env, truck.number, f"bay {bay + 1}"
        asked_s = env.now
        self._settle()
        self.bay_state[bay] = NOBODY
        request = Request(truck, bay, swap.packs, env.event())
        self.requests.append(request)
        self._grant()
        robot: Robot = yield request.granted
        truck.waited_s += env.now - asked_s
        self._span(row, "wait for packs or robot", asked_s, number)
        began_s = env.now
        soc = triangular(self._draws["soc"][number], self.site.demand.arrival_soc)
        part_s = swap.work_s / swap.packs
        for _ in range(swap.packs):
            yield from self._work(robot, truck, bay, part_s * swap.stored_share)
            self.in_exchange -= 1
            self.hall.plug(soc * self.inputs.pack_energy_j)
            yield from self._work(robot, truck, bay, part_s * (1.0 - swap.stored_share))
        self._span(row, "swap", began_s, number)
        self._span(f"robot {robot.number + 1}", "swap", began_s, number)
        if not swap.completed:
            yield from self._recover(robot, truck, bay, attempt)
        self._settle()
        robot.busy = False
        self._swaps += 1
        self._packs_changed += swap.packs
        self.bay_state[bay] = BAY
        if not robot.down:
            self._free(robot)
        self._grant()

    def _recover(self, robot: Robot, truck: Truck, bay: int, attempt: int) -> Process:
        """An operator finishes by hand a swap that failed."""
        began_s = self.env.now
        self._settle()
        self.bay_state[bay], robot.recovering = FAULTS, True
        self._by_hand += 1
        yield self.env.timeout(triangular(self._draw(attempt, "recovery", truck), self.site.handling.recovery_s))
        self._settle()
        robot.recovering = False
        self._span(f"bay {bay + 1}", "finish by hand", began_s, truck.number)
        self._span(f"robot {robot.number + 1}", "finish by hand", began_s, truck.number)

    def _grant(self) -> None:
        """Give robot and packs to the trucks that ask, in their order."""
        while self.requests and self.free_robots and self.ready >= self.requests[0].packs:
            request = self.requests.popleft()
            robot = self.free_robots.pop(0)
            robot.busy = True
            self.ready -= request.packs
            self.in_exchange += request.packs
            self.bay_state[request.bay] = ROBOT
            self._level()
            request.granted.succeed(robot)

    def _free(self, robot: Robot) -> None:
        self.free_robots.append(robot)
        self.free_robots.sort(key=lambda one: one.number)

    def _packs_ready(self, packs: int) -> None:
        self.ready += packs
        self._level()
        self._grant()

    # ---------------------------------------------------------------------------------------------------------- faults

    def _work(self, robot: Robot, truck: Truck, bay: int, left_s: float) -> Process:
        """Let the robot work; a fault stops it, and after the repair it goes on."""
        env = self.env
        while left_s > 0.0:
            if robot.down:
                stopped_s = env.now
                self._settle()
                self.bay_state[bay] = FAULTS
                robot.repaired = env.event()
                yield robot.repaired
                self._settle()
                robot.repaired = None
                self.bay_state[bay] = ROBOT
                self._span(f"robot {robot.number + 1}", "repair", stopped_s, truck.number)
                self._span(f"bay {bay + 1}", "repair", stopped_s, truck.number)
            began_s = env.now
            robot.work = env.active_process
            try:
                yield env.timeout(left_s)
                return
            except simpy.Interrupt:
                left_s -= env.now - began_s
            finally:
                robot.work = None

    def _robot_faults(self, robot: Robot, fault: Fault, name: str) -> Process:
        env, draws = self.env, Uniforms(self._seed, name)
        for k in count():
            yield env.timeout(exponential(draws[2 * k], fault.between_s))
            self._settle()
            robot.down += 1
            began_s, idle = env.now, robot in self.free_robots
            if idle:
                self.free_robots.remove(robot)
            elif robot.work is not None:
                robot.work.interrupt()
                robot.work = None
            yield env.timeout(triangular(draws[2 * k + 1], fault.repair_s))
            self._settle()
            robot.down -= 1
            if idle:
                self._span(f"robot {robot.number + 1}", "repair", began_s, -1)
            if robot.down:
                continue
            if robot.repaired is not None:
                robot.repaired.succeed()
            elif not robot.busy:
                self._free(robot)
                self._grant()

    def _charger_faults(self, charger: int, fault: Fault, name: str) -> Process:
        env, draws = self.env, Uniforms(self._seed, name)
        for k in count():
            yield env.timeout(exponential(draws[2 * k], fault.between_s))
            began_s = env.now
            self.hall.break_down(charger)
            yield env.timeout(triangular(draws[2 * k + 1], fault.repair_s))
            self.hall.repair(charger)
            self._span(f"charger {charger + 1}", "repair", began_s, -1)

    # --------------------------------------------------------------------------------------------------------- the run

    def run(self) -> Day:
        """Simulate; can be called once."""
        window = self.start()
        self.env.run(until=window)
        assert isinstance(window.value, Day)
        return window.value

    def start(self) -> simpy.Process:
        """Begin all processes; return the one whose value is the day."""
        env, inputs = self.env, self.inputs
        window = env.process(self._window())
        if self.saturated:
            env.process(self._open())
        else:
            horizon_s = inputs.warm_up_s + inputs.window_s
            times = arrival_times(inputs.arrivals, horizon_s, self._seed)  # type: ignore[arg-type]
            env.process(self._arrivals(times.tolist()))
        for number, fault in enumerate(self.site.faults):
            name = f"throughput fault {number} of {fault.part}"
            if fault.part == "robot":
                for robot in self.robots:
                    env.process(self._robot_faults(robot, fault, f"{name} {robot.number}"))
            else:
                for charger in range(self.site.charging.chargers):
                    env.process(self._charger_faults(charger, fault, f"{name} {charger}"))
        self._power_changed(0.0)
        return window

    def _open(self) -> Process:
        yield self.env.timeout(0.0)
        self._let_in()

    def _window(self) -> Process:
        """Measure; then let the trucks that came leave, which later ones do not delay: the queue is in order."""
        env = self.env
        yield env.timeout(self.inputs.warm_up_s)
        before = self._state()
        self._measuring = True
        yield env.timeout(self.inputs.window_s)
        after = self._state()
        self._measuring = False
        if self._in_window and not self.saturated:
            self._all_left = env.event()
            yield self._all_left | env.timeout(PATIENCE_S)
        unserved = set(self._in_window.values())
        served = [k for k in range(len(self._waits_s)) if k not in unserved]

        def gained(name: str) -> Any:
            return after[name] - before[name]

        return Day(
            arrived=len(self._waits_s),
            swaps=gained("swaps"),
            by_hand=gained("by_hand"),
            reparks=gained("reparks"),
            packs_changed=gained("packs_changed"),
            waits_s=[self._waits_s[k] for k in served],
            stays_s=[self._stays_s[k] for k in served],
            unserved=len(unserved),
            queue_growth=gained("queue"),
            waiting_time_s={cause: gained(f"waiting {cause}") for cause in CAUSES},
            truck_waiting_s={cause: gained(f"trucks {cause}") for cause in CAUSES},
            robot_busy_s=gained("robot"),
            robot_down_s=gained("down"),
            bay_busy_s=gained("bay"),
            charger_busy_s=gained("charger"),
            ready_pack_s=gained("ready"),
            packs_energy_j=gained("energy"),
            peak_power_w=self._peak_w,
        )

    def _state(self) -> dict[str, float]:
        """Everything that is counted, at this moment."""
        self._settle()
        self.hall.advance()
        return {
            "swaps": self._swaps,
            "by_hand": self._by_hand,
            "reparks": self._reparks,
            "packs_changed": self._packs_changed,
            "queue": len(self.queue) + len(self.requests),
            "charger": self.hall.charger_s,
            "energy": self.hall.delivered_j,
            **self._busy_s,
            **{f"waiting {cause}": of for cause, of in self._waiting_s.items()},
            **{f"trucks {cause}": of for cause, of in self._truck_s.items()},
        }


def simulate(inputs: Inputs, seed: int, recorder: Recorder | None = None) -> Day:
    """Simulate one day; pure: the same inputs and seed give the same day."""
    return StationDay(inputs, seed, recorder).run()
