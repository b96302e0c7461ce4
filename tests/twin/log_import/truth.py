"""A swap of the twin itself, fifty samples a second: what an import of its log has to agree with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
from twin.recording.swap.sampling import Sampler
from twin.runner.kinds import rom_runner
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

SETUPS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
QUICK = {"times.identify_s": 0.5, "times.verify_s": 2.0, "times.scan_s": 1.0, "sensors.load_cell_weighing_s": 1.0}
QUICK |= {"scanner.scan_samples": 5, "scanner.rescan_samples": 5}
ALARMS = ((2107, 0, 50.0, 55.0), (2210, 1, 52.0, 54.0), (2211, 0, 90.02, 90.1))
"""Code, register, from when to when, s: no part of the swap, but of every log of it."""
AXES = ("x", "y", "z", "yaw")


@dataclass(frozen=True)
class Span:
    """A phase of a robot."""

    robot: int
    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Truth:
    """What happened: `values` (K,) by the names that a mapping has for signals, in SI; phases in order of time."""

    setup: SwapSetup
    t_s: np.ndarray
    values: dict[str, np.ndarray]
    phases: tuple[Span, ...]

    @property
    def robots(self) -> int:
        return int(self.setup.station.robots.count)

    @property
    def seats(self) -> int:
        return len(self.setup.truck.seats_xyz_m)

    def step(self, robot: int) -> np.ndarray:
        """(K,) number from 1 of the phase's name in `phase_names`, 0 between phases."""
        out, names = np.zeros(len(self.t_s), int), self.phase_names
        for span in self.phases:
            if span.robot == robot:
                out[(self.t_s >= span.start_s - 1e-6) & (self.t_s < span.end_s - 1e-6)] = names.index(span.name) + 1
        return out

    @property
    def phase_names(self) -> list[str]:
        return list(dict.fromkeys(span.name for span in self.phases))

    def alarm(self, register: int) -> np.ndarray:
        """(K,) what stands in an alarm register."""
        out = np.zeros(len(self.t_s), int)
        for code, place, start_s, end_s in ALARMS:
            if place == register:
                out[(self.t_s >= start_s) & (self.t_s < end_s)] = code
        return out

    def at(self, name: str, t_s: np.ndarray) -> np.ndarray:
        """A signal at any times."""
        return np.interp(t_s, self.t_s, self.values[name])

    def events(self) -> list[tuple[float, str, int]]:
        """When all four grips or locks came to report a state: time, event, robot or seat; in order of time."""
        found: list[tuple[float, str, int]] = []
        for stem, count, words in (
            ("robot{}/grip", self.robots, {"closed": "gripped", "open": "grips_open"}),
            ("truck{}/lock", self.seats, {"closed": "locks_closed", "open": "locks_open"}),
        ):
            for k in range(count):
                for word, event in words.items():
                    who = stem.format(k + (stem[0] == "t"))
                    made = np.all([self.values[f"{who}{i + 1}_{word}"] > 0.5 for i in range(4)], axis=0)
                    found += [(float(self.t_s[i + 1]), event, k) for i in np.flatnonzero(made[1:] & ~made[:-1])]
        return sorted(found)


@cache
def truth_of(station_name: str) -> Truth:
    """One swap on the reduced-order plant; made once in a process, under a second once its kernels are compiled."""
    truck, pack = SETUPS[station_name]
    station = with_overrides(load_station(station_name), QUICK)
    setup = build_setup(station, load_truck(truck), load_pack(pack), seed=1)
    twin = SwapTwin(setup, load_timing("factory", station), make_runner=rom_runner)
    sampler = Sampler(setup, twin.runner.worlds, twin.runner.params)
    rows: list[tuple[float, np.ndarray, np.ndarray]] = []

    def observe(runner: Runner) -> None:
        _, channels, sensors = sampler.read()
        rows.append((float(runner.worlds["truth"]["t_s"][0]), channels.copy(), sensors.copy()))

    twin.runner.observer = observe
    try:
        result = twin.run()
    finally:
        twin.close()
    assert result.outcome == "completed"
    t_s = np.array([t for t, _, _ in rows])
    assert np.allclose(np.diff(t_s), 0.02)
    states, sensors = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    values = dict(zip(sampler.sensor_names, sensors.T, strict=True))
    values |= dict(zip(sampler.channel_names, states.T, strict=True))
    spans = [Span(p.robot, p.name, p.start_s, p.end_s) for p in result.phases if p.name != "dock"]
    return Truth(setup, t_s, values, tuple(sorted(spans, key=lambda p: (p.start_s, p.robot))))
