"""What a day of the station depends on, what it had, and what a picture of it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.throughput.arrivals import DAY_S, Arrivals
from agents.throughput.swaps import Swaps
from twin.catalogue.schema.site import Site

ROBOT, BAY, REPARK, FAULTS, PACKS, CHARGERS, GRID = CAUSES = (
    *("robot", "bay", "repark", "faults", "packs", "chargers", "grid"),
)
"""What a truck waits for.

robot: a robot at work. bay: another truck that enters, is checked or leaves. repark: another truck that parks again.
faults: a repair, or the recovery of a swap that failed. packs: no pack is ready, and every other one is charged at its
charger's own power. chargers: a pack that is not ready waits for a charger. grid: the connection gives less than the
packs would take.
"""


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
