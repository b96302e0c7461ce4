"""Swaps at the edges of what may be asked: drawn once, each reproducible from the draw's seed and its identifier."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from envs.choosing import fitting
from envs.swap_case import SERVO_GAIN_SPREAD
from tests.evidence.fault_draws import draw_faults
from tests.evidence.timing_draws import policy_set
from twin import seeding
from twin.catalogue import Pack, Station, TimingSet, Truck, load_station
from twin.conditions import ALLOWED
from twin.errors import InputError
from twin.faults import Fault
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import Variation

PARKING_SHARES = {"guided": 0.45, "unguided": 0.45, "driven": 0.10}


@dataclass(frozen=True)
class EdgeCase:
    """One drawn swap; `setup()` builds it, on either plant."""

    identifier: str
    station: Station
    truck: Truck
    pack: Pack
    seed: int
    parking: str
    conditions: str
    timing: TimingSet
    faults: tuple[Fault, ...]

    def setup(self) -> SwapSetup:
        """The resolved swap, its servo gains as far from the designed ones as Timing-v0 draws them."""
        variation = Variation.of(conditions=self.conditions, servo_gain_spread=SERVO_GAIN_SPREAD)
        return build_setup(
            self.station, self.truck, self.pack, seed=self.seed, parking=self.parking, variation=variation
        )  # fmt: skip

    @property
    def words(self) -> str:
        """One line that tells the case."""
        faults = "; ".join(fault.text for fault in self.faults) or "no fault"
        return (
            f"{self.truck.name}, {self.pack.name}, seed {self.seed}, {self.parking}, {self.conditions}, "
            f"{self.timing.title}, {faults}"
        )

    def as_plain(self) -> dict[str, Any]:
        """The case as data."""
        return {
            "id": self.identifier,
            "station": self.station.name,
            "truck": self.truck.name,
            "pack": self.pack.name,
            "seed": self.seed,
            "parking": self.parking,
            "conditions": self.conditions,
            "timing": self.timing.title,
            "faults": [fault.text for fault in self.faults],
        }


def draw_case(station_name: str, number: int, draw_seed: int = 0) -> EdgeCase:
    """Case `number` of a station: the first 60 are the same whether 60 are drawn or 300."""
    station = _station(station_name)
    draw = seeding.stream(draw_seed, f"edges/{station_name}/{number}")
    parking = str(draw.choice(list(PARKING_SHARES), p=list(PARKING_SHARES.values())))
    pairs = fitting(station, None, None, driving=parking == "driven")
    truck, packs = pairs[int(draw.integers(len(pairs)))]
    pack = packs[int(draw.integers(len(packs)))]
    conditions = ALLOWED[int(draw.integers(len(ALLOWED)))]
    seed = int(draw.integers(2**31))
    timing = policy_set(station, draw, f"edge_{number}")
    setup = build_setup(station, truck, pack, seed=seed, parking="guided" if parking == "driven" else parking)
    identifier = f"{station_name}-{number}"
    return EdgeCase(identifier, station, truck, pack, seed, parking, conditions, timing, draw_faults(draw, setup))


def case_of(identifier: str, draw_seed: int = 0) -> EdgeCase:
    """The case of an identifier as `top_lift-17`."""
    station, _, number = identifier.rpartition("-")
    if not station or not number.isascii() or not number.isdigit():
        raise InputError("unknown case", key="ID", value=identifier, allowed="STATION-NUMBER, as top_lift-17")
    return draw_case(station, int(number), draw_seed)


def spread(cases: list[EdgeCase]) -> dict[str, dict[str, int]]:
    """How often each truck, pack, parking, condition, kind of timing set and kind of fault was drawn."""
    kinds = [fault.kind for case in cases for fault in case.faults]
    return {
        "trucks": dict(Counter(case.truck.name for case in cases)),
        "packs": dict(Counter(case.pack.name for case in cases)),
        "parking": dict(Counter(case.parking for case in cases)),
        "conditions": dict(Counter(case.conditions for case in cases)),
        "timing": dict(Counter(case.timing.title.split(" but ")[0] for case in cases)),
        "faults": dict(Counter(kinds)),
    }


@cache
def _station(name: str) -> Station:
    return load_station(name)
