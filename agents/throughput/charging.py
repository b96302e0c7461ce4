"""Chargers, their packs and the connection to the grid. Powers are constant between events, so energies are exact."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import simpy

from twin.catalogue.schema.site import Charging

SAME_TIME_S = 1e-9
"""Packs that are due within this are due at the same event."""
ROUNDING = 1e-9
"""Relative shortage of power that rounding makes."""


class ChargingPack:
    """A pack on a charger: its energy, and the stage of the charging curve that it is in."""

    __slots__ = ("charger", "energy_j", "power_w", "since_s", "stage")

    def __init__(self, charger: int, energy_j: float, stage: int, since_s: float) -> None:
        self.charger, self.energy_j, self.stage, self.since_s = charger, energy_j, stage, since_s
        self.power_w = 0.0


class Hall:
    """All chargers. Packs without one wait in the order in which they came.

    Attributes:
        charging, waiting: packs on chargers, and energies of packs that wait for one.
        taken, taken_j: packs that came, and the energy in them.
        given: packs that became ready; each left with `ready_j`.
        delivered_j: energy that has gone into packs.
        charger_s: charger-seconds in which a pack was charged.
        power_w: into all packs, now.
    """

    def __init__(
        self,
        env: simpy.Environment,
        charging: Charging,
        pack_energy_j: float,
        before_change: Callable[[], None],
        on_ready: Callable[[int], None],
        on_charged: Callable[[ChargingPack, float], None] | None = None,
        on_power: Callable[[float], None] | None = None,
    ) -> None:
        """
        Args:
            before_change: called before anything changes.
            on_ready: called with the number of packs that have become ready.
            on_charged: called with a pack that leaves its charger, and the time.
            on_power: called with the power into all packs, after it has changed.
        """
        self._env, self._before_change, self._on_ready = env, before_change, on_ready
        self._on_charged, self._on_power = on_charged, on_power
        self.ready_j = charging.ready_soc * pack_energy_j
        steps = [(0.0, 1.0), *((step.from_soc, step.power_fraction) for step in charging.taper)]
        steps = [step for step in steps if step[0] < charging.ready_soc]
        self._powers_w = [charging.power_w * fraction for _, fraction in steps]
        self._ends_j = [*(pack_energy_j * soc for soc, _ in steps[1:]), self.ready_j]
        self._limit_w = charging.pack_power_limit_w
        self._fullest_first = charging.sharing == "fullest_first"
        self._free = list(range(charging.chargers))
        self._broken: set[int] = set()
        self.charging: list[ChargingPack] = []
        self.waiting: deque[float] = deque()
        self.delivered_j = self.charger_s = self.power_w = 0.0
        self.wanted_w = self.taken_j = 0.0
        self.taken = self.given = 0
        self._last_s, self._plan_number = env.now, 0

    @property
    def curtailed(self) -> bool:
        """True while the connection gives less than the packs would take."""
        return self.power_w < self.wanted_w * (1.0 - ROUNDING)

    @property
    def stored_j(self) -> float:
        """Energy in all packs that are not ready, now."""
        return sum(self.waiting) + sum(pack.energy_j for pack in self.charging)

    def plug(self, energy_j: float) -> None:
        """Take a pack with this energy; it charges as soon as a charger is free."""
        self._before_change()
        self.advance()
        self.taken += 1
        self.taken_j += energy_j
        self.waiting.append(energy_j)
        self._start_waiting()
        self._plan()

    def break_down(self, charger: int) -> None:
        """A charger fails: its pack goes to the head of those that wait."""
        self._before_change()
        self.advance()
        self._broken.add(charger)
        if charger in self._free:
            self._free.remove(charger)
        for pack in self.charging:
            if pack.charger == charger:
                self.charging.remove(pack)
                self.waiting.appendleft(pack.energy_j)
                if self._on_charged is not None:
                    self._on_charged(pack, self._env.now)
                break
        self._start_waiting()
        self._plan()

    def repair(self, charger: int) -> None:
        """A failed charger works again."""
        self._before_change()
        self.advance()
        self._broken.discard(charger)
        self._release(charger)
        self._start_waiting()
        self._plan()

    def advance(self) -> None:
        """Bring energies to the present time."""
        now_s = self._env.now
        step_s = now_s - self._last_s
        if step_s <= 0.0:
            return
        for pack in self.charging:
            pack.energy_j += pack.power_w * step_s
        self.delivered_j += self.power_w * step_s
        self.charger_s += len(self.charging) * step_s
        self._last_s = now_s

    def _release(self, charger: int) -> None:
        self._free.append(charger)
        self._free.sort()

    def _start_waiting(self) -> None:
        while self.waiting and self._free:
            energy_j = self.waiting.popleft()
            stage = next(k for k, end_j in enumerate(self._ends_j) if energy_j < end_j)
            self.charging.append(ChargingPack(self._free.pop(0), energy_j, stage, self._env.now))

    def _plan(self) -> None:
        """Share the power, and schedule the next moment at which a pack reaches the end of its stage."""
        self._share()
        if self._on_power is not None:
            self._on_power(self.power_w)
        self._plan_number += 1
        number = self._plan_number
        if not self.charging:
            return
        next_s = min(self._left_s(pack) for pack in self.charging)
        self._env.timeout(next_s).callbacks.append(lambda _: self._stage_ends(number))

    def _left_s(self, pack: ChargingPack) -> float:
        left_j = self._ends_j[pack.stage] - pack.energy_j
        if left_j <= 0.0:
            return 0.0
        return left_j / pack.power_w if pack.power_w > 0.0 else float("inf")

    def _share(self) -> None:
        wants = [self._powers_w[pack.stage] for pack in self.charging]
        self.wanted_w = sum(wants)
        if self.wanted_w <= self._limit_w:
            given = wants
        elif self._fullest_first:
            given = self._by_energy(wants)
        else:
            given = self._equal(wants)
        for pack, power_w in zip(self.charging, given, strict=True):
            pack.power_w = power_w
        self.power_w = sum(given)

    def _by_energy(self, wants: list[float]) -> list[float]:
        """Everything to the fullest pack first."""
        left_w, given = self._limit_w, [0.0] * len(wants)
        for k in sorted(range(len(wants)), key=lambda k: -self.charging[k].energy_j):
            given[k] = min(wants[k], left_w)
            left_w -= given[k]
        return given

    def _equal(self, wants: list[float]) -> list[float]:
        """The same to all; what one cannot take goes to the others (water filling)."""
        left_w, given = self._limit_w, [0.0] * len(wants)
        order = sorted(range(len(wants)), key=lambda k: wants[k])
        for place, k in enumerate(order):
            given[k] = min(wants[k], left_w / (len(order) - place))
            left_w -= given[k]
        return given

    def _stage_ends(self, number: int) -> None:
        if number != self._plan_number:  # another plan has been made since
            return
        self._before_change()
        self.advance()
        ready = 0
        for pack in list(self.charging):
            if pack.power_w <= 0.0 or self._left_s(pack) > SAME_TIME_S:
                continue
            end_j = self._ends_j[pack.stage]
            self.delivered_j += end_j - pack.energy_j
            pack.energy_j = end_j
            pack.stage += 1
            if pack.stage == len(self._ends_j):
                ready += 1
                self.given += 1
                self.charging.remove(pack)
                self._release(pack.charger)
                if self._on_charged is not None:
                    self._on_charged(pack, self._env.now)
        self._start_waiting()
        self._plan()
        if ready:
            self._on_ready(ready)


def charge_time_s(charging: Charging, pack_energy_j: float, soc: float) -> float:
    """Time from a state of charge to ready, with the connection's power not short."""
    env = simpy.Environment()
    ended: list[float] = []
    hall = Hall(env, charging, pack_energy_j, lambda: None, lambda _: ended.append(env.now))
    hall.plug(soc * pack_energy_j)
    env.run()
    return ended[0]
