"""One day of a station as a discrete-event simulation (SimPy): trucks, robots and faults."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any

import simpy

from agents.throughput.arrivals import DAY_S, arrival_times
from agents.throughput.charging import ChargingPack, Hall
from agents.throughput.draws import Uniforms, exponential, triangular
from agents.throughput.records import BAY, CAUSES, FAULTS, REPARK, ROBOT, Day, Inputs, Recorder
from agents.throughput.state import NOBODY, Request, Robot, StationState, Truck
from agents.throughput.swaps import Swap
from twin.catalogue.schema.site import Fault

PATIENCE_S = 7 * DAY_S
"""Longest time after the measured window in which trucks that came in it are still served."""
Process = Generator[simpy.Event, Any, Any]


class StationDay(StationState):
    """The simulation: processes of trucks, robots, chargers and faults that change the station's state."""

    def __init__(self, inputs: Inputs, seed: int, recorder: Recorder | None = None) -> None:
        super().__init__(inputs, recorder)
        self._seed = seed
        self._draws = {name: Uniforms(seed, f"throughput {name}") for name in ("enter", "leave", "soc")}
        self._by_attempt: list[dict[str, Uniforms]] = []
        self.hall = Hall(
            self.env,
            inputs.site.charging,
            inputs.pack_energy_j,
            self.settle,
            self._packs_ready,
            self._charged if recorder is not None else None,
            self.power_changed,
        )
        self._trucks = 0
        self._measuring = False
        self._waits_s: list[float] = []
        self._stays_s: list[float] = []
        self._in_window: dict[int, int] = {}
        self._all_left: simpy.Event | None = None

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
            self.settle()
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
        self.level()

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
            self.level()
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
                self.span(row, "enter", began_s, number)
                began_s = env.now
            if swap.before_s > 0.0:
                yield env.timeout(swap.before_s)
            self.span(row, "check", began_s, number)
            if not swap.repark:
                break
            began_s = env.now
            self.settle()
            self.bay_state[bay] = REPARK
            self.counts["reparks"] += 1
            yield env.timeout(triangular(self._draw(attempt, "repark", truck), handling.repark_s))
            self.settle()
            self.bay_state[bay] = BAY
            self.span(row, "park again", began_s, number)
        yield from self._swap(truck, bay, swap, attempt)
        began_s = env.now
        if swap.after_s > 0.0:
            yield env.timeout(swap.after_s)
        leave_s = triangular(self._draws["leave"][number], handling.leave_s)
        if leave_s > 0.0:
            yield env.timeout(leave_s)
        self.settle()
        self.span(row, "leave", began_s, number)
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
        self.settle()
        self.bay_state[bay] = NOBODY
        request = Request(truck, bay, swap.packs, env.event())
        self.requests.append(request)
        self._grant()
        robot: Robot = yield request.granted
        truck.waited_s += env.now - asked_s
        self.span(row, "wait for packs or robot", asked_s, number)
        began_s = env.now
        soc = triangular(self._draws["soc"][number], self.site.demand.arrival_soc)
        part_s = swap.work_s / swap.packs
        for _ in range(swap.packs):
            yield from self._work(robot, truck, bay, part_s * swap.stored_share)
            self.in_exchange -= 1
            self.hall.plug(soc * self.inputs.pack_energy_j)
            yield from self._work(robot, truck, bay, part_s * (1.0 - swap.stored_share))
        self.span(row, "swap", began_s, number)
        self.span(f"robot {robot.number + 1}", "swap", began_s, number)
        if not swap.completed:
            yield from self._recover(robot, truck, bay, attempt)
        self.settle()
        robot.busy = False
        self.counts["swaps"] += 1
        self.counts["packs_changed"] += swap.packs
        self.bay_state[bay] = BAY
        if not robot.down:
            self._free(robot)
        self._grant()

    def _recover(self, robot: Robot, truck: Truck, bay: int, attempt: int) -> Process:
        """An operator finishes by hand a swap that failed."""
        began_s = self.env.now
        self.settle()
        self.bay_state[bay], robot.recovering = FAULTS, True
        self.counts["by_hand"] += 1
        yield self.env.timeout(triangular(self._draw(attempt, "recovery", truck), self.site.handling.recovery_s))
        self.settle()
        robot.recovering = False
        self.span(f"bay {bay + 1}", "finish by hand", began_s, truck.number)
        self.span(f"robot {robot.number + 1}", "finish by hand", began_s, truck.number)

    def _grant(self) -> None:
        """Give robot and packs to the trucks that ask, in their order."""
        while self.requests and self.free_robots and self.ready >= self.requests[0].packs:
            request = self.requests.popleft()
            robot = self.free_robots.pop(0)
            robot.busy = True
            self.ready -= request.packs
            self.in_exchange += request.packs
            self.bay_state[request.bay] = ROBOT
            self.level()
            request.granted.succeed(robot)

    def _free(self, robot: Robot) -> None:
        self.free_robots.append(robot)
        self.free_robots.sort(key=lambda one: one.number)

    def _packs_ready(self, packs: int) -> None:
        self.ready += packs
        self.level()
        self._grant()

    # ---------------------------------------------------------------------------------------------------------- faults

    def _work(self, robot: Robot, truck: Truck, bay: int, left_s: float) -> Process:
        """Let the robot work; a fault stops it, and after the repair it goes on."""
        env = self.env
        while left_s > 0.0:
            if robot.down:
                stopped_s = env.now
                self.settle()
                self.bay_state[bay] = FAULTS
                robot.repaired = env.event()
                yield robot.repaired
                self.settle()
                robot.repaired = None
                self.bay_state[bay] = ROBOT
                self.span(f"robot {robot.number + 1}", "repair", stopped_s, truck.number)
                self.span(f"bay {bay + 1}", "repair", stopped_s, truck.number)
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
            self.settle()
            robot.down += 1
            began_s, idle = env.now, robot in self.free_robots
            if idle:
                self.free_robots.remove(robot)
            elif robot.work is not None:
                robot.work.interrupt()
                robot.work = None
            yield env.timeout(triangular(draws[2 * k + 1], fault.repair_s))
            self.settle()
            robot.down -= 1
            if idle:
                self.span(f"robot {robot.number + 1}", "repair", began_s, -1)
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
            self.span(f"charger {charger + 1}", "repair", began_s, -1)

    def _charged(self, pack: ChargingPack, now_s: float) -> None:
        self.span(f"charger {pack.charger + 1}", "charging", pack.since_s, -1)

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
        self.power_changed(0.0)
        return window

    def _open(self) -> Process:
        yield self.env.timeout(0.0)
        self._let_in()

    def _window(self) -> Process:
        """Measure; then let the trucks that came leave, which later ones do not delay: the queue is in order."""
        env = self.env
        yield env.timeout(self.inputs.warm_up_s)
        before = self.totals()
        self._measuring = True
        yield env.timeout(self.inputs.window_s)
        after = self.totals()
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
            peak_power_w=self.peak_w,
        )


def simulate(inputs: Inputs, seed: int, recorder: Recorder | None = None) -> Day:
    """Simulate one day; pure: the same inputs and seed give the same day."""
    return StationDay(inputs, seed, recorder).run()
