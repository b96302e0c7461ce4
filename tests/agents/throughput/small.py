"""Small sites and plain distributions of swaps, for which queueing theory has closed forms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agents.throughput.arrivals import DAY_S
from agents.throughput.records import Inputs
from agents.throughput.swaps import Swap
from twin.catalogue.schema import Site

NONE = (0.0, 0.0, 0.0)
FLAT = (1.0,) * 24
KWH_J = 3.6e6


def site(**changes: Any) -> Site:
    """A site where nothing but the robots takes time and packs never run out; `changes` by field."""
    charging = {
        "chargers": 64,
        "power_w": 1e9,
        "taper": (),
        "ready_soc": 1.0,
        "efficiency": 1.0,
        "site_power_limit_w": 1e12,
        "auxiliary_w": 0.0,
        **changes.pop("charging", {}),
    }
    demand = {
        "trucks_per_day": 20000.0,
        "hourly": FLAT,
        "arrival_soc": (0.2, 0.2, 0.2),
        **changes.pop("demand", {}),
    }
    handling = dict.fromkeys(("enter_s", "leave_s", "repark_s", "recovery_s"), NONE) | changes.pop("handling", {})
    fields = {"name": "small", "title": "small", "kind": "top_lift", "bays": 1, "robots": 1, "slots": 64, "packs": 60}
    return Site.model_validate({**fields, "charging": charging, "demand": demand, "handling": handling, **changes})


def swap(work_s: float, packs: int = 1, outcome: str = "completed", stored_share: float = 1.0) -> Swap:
    return Swap(outcome, packs, None, 0.0, work_s, 0.0, stored_share)


@dataclass(frozen=True)
class Constant:
    """Every swap takes the same time."""

    work_s: float
    max_packs: int = 1

    def draw(self, u: float) -> Swap:
        return swap(self.work_s, self.max_packs)


@dataclass(frozen=True)
class Exponential:
    """Exponential times."""

    mean_s: float
    max_packs: int = 1

    def draw(self, u: float) -> Swap:
        return swap(-self.mean_s * math.log1p(-u))


def queue(swaps: Any, customers: float, **changes: Any) -> Inputs:
    """A queue before robots, for about so many customers, after a short warm-up."""
    of = site(**changes)
    return Inputs(of, 1.0, swaps, of.demand, 0.01 * DAY_S, customers / of.demand.trucks_per_day * DAY_S)


def erlang_c_wait_s(servers: int, load: float, mean_s: float) -> float:
    """Mean waiting time of M/M/c (Kleinrock 1975, section 3.5); `load` is of each server."""
    offered = servers * load
    last = offered**servers / (math.factorial(servers) * (1.0 - load))
    probability = last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)
    return probability * mean_s / (servers * (1.0 - load))
