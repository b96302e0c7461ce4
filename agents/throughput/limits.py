"""What limits a day: each resource is made larger by one, on the same random numbers, and the gain is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.throughput.arrivals import Demand, Saturated
from agents.throughput.estimates import DIGITS, Days, Estimate, Simulator, difference, with_demand
from agents.throughput.records import CAUSES, Inputs
from twin.catalogue import with_overrides
from twin.catalogue.schema.site import Site

MORE_DEMAND = 1.1
MORE_POWER = 1.1
LARGEST = 64
"""Largest count of a site file."""
DEMAND = "demand"


def relaxations(site: Site) -> dict[str, tuple[str, Site]]:
    """By resource: what is added, in words, and the site with it. A count that is at its limit is left out."""
    charging = site.charging
    charger_w = charging.power_w / charging.efficiency
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "robot": ("a robot and a bay", {"robots": site.robots + 1, "bays": site.bays + 1, "slots": site.slots + 1}),
        "bay": ("a bay", {"bays": site.bays + 1}),
        "packs": ("a pack and a slot", {"packs": site.packs + 1, "slots": site.slots + 1}),
        "chargers": ("a charger", {"charging.chargers": charging.chargers + 1}),
        "charger_power": ("10 % charger power", {
            "charging.power_w": charging.power_w * MORE_POWER,
            "charging.site_power_limit_w": max(charging.site_power_limit_w,
                                               charger_w * MORE_POWER + charging.auxiliary_w)}),
        "grid": ("grid for a charger", {
            "charging.site_power_limit_w": charging.site_power_limit_w + charger_w}),
    }  # fmt: skip
    found = {}
    for name, (words, changes) in wanted.items():
        if all(value <= LARGEST for value in changes.values() if isinstance(value, int)):
            found[name] = (words, with_overrides(site, changes))
    return found


@dataclass(frozen=True)
class Gain:
    """What more of a resource gives, day by day on the same random numbers.

    Attributes:
        swaps: more swaps a day, with the day's trucks.
        wait_s: change of the mean waiting time.
        capacity: more swaps a day when trucks always wait.
    """

    words: str
    swaps: Estimate | None
    wait_s: Estimate | None
    capacity: Estimate | None

    def as_plain(self) -> dict[str, Any]:
        plain = {"swaps_per_day": self.swaps, "wait_mean_s": self.wait_s, "capacity_per_day": self.capacity}
        return {"adds": self.words, **{key: of.as_plain() if of is not None else None for key, of in plain.items()}}


@dataclass(frozen=True)
class Limits:
    """What limits the station.

    Attributes:
        today: `demand` if the queue does not grow over the day (its 95 % interval reaches 0); else the resource that
            gives most swaps a day, None if none gives more.
        at_capacity: resource that gives most swaps a day when trucks always wait; None if none gives more.
        waiting: cause with most time in which trucks wait; None if none ever waits.
        waiting_share: of the day, by cause.
        gains: by resource.
    """

    today: str | None
    at_capacity: str | None
    waiting: str | None
    waiting_share: dict[str, Estimate]
    gains: dict[str, Gain]

    def as_plain(self) -> dict[str, Any]:
        return {
            "today": self.today,
            "at_capacity": self.at_capacity,
            "waiting": self.waiting,
            "waiting_share": {cause: of.as_plain() for cause, of in self.waiting_share.items()},
            "gains": {name: gain.as_plain() for name, gain in self.gains.items()},
        }


@dataclass(frozen=True)
class Answer:
    """A station's days: with the day's trucks, and when trucks always wait."""

    days: Days
    capacity: Days
    limits: Limits | None


def answer(
    simulator: Simulator,
    inputs: Inputs,
    seeds: Sequence[int],
    *,
    limits: bool = True,
    on_day: Callable[[int], None] | None = None,
) -> Answer:
    """Simulate the days, the capacity and, with `limits`, both with more of every resource."""
    relaxed = relaxations(inputs.site) if limits else {}
    with_trucks, saturated = [inputs], [replace(inputs, arrivals=Saturated())]
    for _, site in relaxed.values():
        with_trucks.append(replace(inputs, site=site))
        saturated.append(replace(inputs, site=site, arrivals=Saturated()))
    more = [replace(inputs, arrivals=demand) for demand in _more_demand(inputs, limits)]
    found = simulator.days([*with_trucks, *saturated, *more], seeds, on_day)
    days, full = found[: len(with_trucks)], found[len(with_trucks) : 2 * len(with_trucks)]
    if not limits:
        return Answer(days[0], full[0], None)
    gains = {
        name: Gain(words, *_gain(one, days[0]), _more(many, full[0], "swaps_per_day"))
        for (name, (words, _)), one, many in zip(relaxed.items(), days[1:], full[1:], strict=True)
    }
    if more:
        gains[DEMAND] = Gain("10 % more trucks", *_gain(found[-1], days[0]), None)
    return Answer(days[0], full[0], _limits(days[0], full[0], gains))


def cases(inputs: Inputs, limits: bool) -> int:
    """Number of cases that `answer` simulates."""
    return 2 * (1 + (len(relaxations(inputs.site)) if limits else 0)) + len(_more_demand(inputs, limits))


def _more_demand(inputs: Inputs, limits: bool) -> list[Demand]:
    """The demand with more trucks, where there is one that can be stretched."""
    arrivals = inputs.arrivals
    if not limits or not isinstance(arrivals, Demand) or arrivals.trucks_per_day <= 0.0:
        return []
    return [with_demand(arrivals, MORE_DEMAND)]


def _more(of: Days, to: Days, name: str) -> Estimate | None:
    return difference(of.values[name], to.values[name])


def _gain(of: Days, to: Days) -> tuple[Estimate | None, Estimate | None]:
    return _more(of, to, "swaps_per_day"), _more(of, to, "wait_mean_s")


def _limits(days: Days, full: Days, gains: dict[str, Gain]) -> Limits:
    always = isinstance(days.inputs.arrivals, Saturated)
    growth = days.estimate("queue_growth")
    grows = always or (growth is not None and (growth.mean if growth.ci95 is None else growth.ci95[0]) > 0.0)
    own = {name: gain for name, gain in gains.items() if name != DEMAND}
    today = _largest({name: gain.swaps for name, gain in own.items()}) if grows else DEMAND
    of = full if always else days
    shares = {cause: of.estimate(f"waiting_{cause}_share") for cause in CAUSES}
    known = {cause: share for cause, share in shares.items() if share is not None}
    waiting = max(known, key=lambda cause: known[cause].mean, default=None)
    if waiting is not None and known[waiting].mean <= 0.0:
        waiting = None
    return Limits(today, _largest({name: gain.capacity for name, gain in own.items()}), waiting, known, gains)


def _largest(of: dict[str, Estimate | None]) -> str | None:
    """Name of the largest estimate that is more than chance; None if there is none."""
    above = {
        name: one.mean
        for name, one in of.items()
        if one is not None and (one.mean if one.ci95 is None else one.ci95[0]) > 0.5 * 10.0**-DIGITS
    }
    return max(above, key=lambda name: above[name], default=None)


@dataclass(frozen=True)
class Point:
    """One point of a sensitivity: how many there are of a resource, and what the day then has."""

    count: int
    days: Days
    capacity: Days

    def as_plain(self) -> dict[str, Any]:
        found = {
            "swaps_per_day": self.days.estimate("swaps_per_day"),
            "wait_mean_s": self.days.estimate("wait_mean_s"),
            "wait_p95_s": self.days.estimate("wait_p95_s"),
            "capacity_per_day": self.capacity.estimate("swaps_per_day"),
        }
        return {"count": self.count, **{key: one.as_plain() if one else None for key, one in found.items()}}


STEPS = (-3, -2, -1, 0, 1, 2, 3)


def counts(site: Site, resource: str, least: int) -> list[int]:
    """Counts of a sensitivity around the site's own."""
    own = site.packs if resource == "packs" else site.charging.chargers
    step = max(1, own // 8)
    return sorted({min(max(own + step * k, least), LARGEST - site.robots) for k in STEPS})


def sensitivity_cases(inputs: Inputs) -> dict[str, list[tuple[int, Inputs]]]:
    """Inputs with other numbers of packs and of chargers; slots follow the packs."""
    found: dict[str, list[tuple[int, Inputs]]] = {}
    for resource, least in (("packs", inputs.swaps.max_packs), ("chargers", 1)):
        points = []
        for n in counts(inputs.site, resource, least):
            site = inputs.site
            if resource == "packs":
                changes = {"packs": n, "slots": max(site.slots, n + site.robots)}
                site = with_overrides(site, changes)
            else:
                site = with_overrides(site, {"charging.chargers": n})
            points.append((n, replace(inputs, site=site)))
        found[resource] = points
    return found


def sensitivity(
    simulator: Simulator, inputs: Inputs, seeds: Sequence[int], on_day: Callable[[int], None] | None = None
) -> dict[str, list[Point]]:
    """Swaps, waiting times and capacity with other numbers of packs and of chargers, on the same random numbers."""
    wanted = sensitivity_cases(inputs)
    flat = [one for points in wanted.values() for _, one in points]
    found = simulator.days([*flat, *(replace(one, arrivals=Saturated()) for one in flat)], seeds, on_day)
    days, full = iter(found[: len(flat)]), iter(found[len(flat) :])
    return {resource: [Point(n, next(days), next(full)) for n, _ in points] for resource, points in wanted.items()}
