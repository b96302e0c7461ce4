"""Schema of a site: what stands around the robots of a station, and the trucks that come to it in a day."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from twin.catalogue.schema.base import Count, Fraction, Name, NonNegative, Positive, Ratio, Strict

HOURS = 24


def _ordered(of: tuple[float, float, float]) -> tuple[float, float, float]:
    low, mode, high = of
    if not low <= mode <= high:
        raise ValueError(f"least {low:g}, most likely {mode:g} and greatest {high:g} must be in that order")
    return of


def _some(hourly: tuple[float, ...]) -> tuple[float, ...]:
    if len(hourly) != HOURS:
        raise ValueError(f"has {len(hourly)} values, one an hour is {HOURS}")
    if not sum(hourly) > 0.0:
        raise ValueError("no hour has a truck")
    return hourly


Duration = Annotated[float, Field(ge=0.0, le=604800.0)]
Spread = Annotated[tuple[Duration, Duration, Duration], AfterValidator(_ordered)]
"""Least, most likely and greatest value of a triangular distribution."""
SocSpread = Annotated[tuple[Ratio, Ratio, Ratio], AfterValidator(_ordered)]
Rate = Annotated[float, Field(ge=0.0, le=20000.0)]


class TaperStep(Strict):
    """Power that a pack takes from a state of charge on, as a fraction of the charger's."""

    from_soc: Fraction
    power_fraction: Fraction


class Charging(Strict):
    """Chargers and the connection to the grid. Any charger can charge any slot's pack."""

    chargers: Count = Field(description="packs that can charge at the same time")
    power_w: Positive = Field(description="of one charger, into the pack, until the taper begins")
    taper: Annotated[tuple[TaperStep, ...], Field(max_length=32)] = Field(
        description="in ascending order; may be empty"
    )
    ready_soc: Fraction = Field(description="state of charge at which a pack is given to a truck")
    efficiency: Fraction = Field(description="from the grid into the pack")
    site_power_limit_w: Positive = Field(description="of the connection to the grid")
    auxiliary_w: NonNegative = Field(description="robots, cooling, lights: taken from the same connection")
    sharing: Literal["equal", "fullest_first"] = Field(
        default="equal", description="how chargers share what the connection gives when it is short"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        steps = [step.from_soc for step in self.taper]
        if any(a >= b for a, b in zip(steps, steps[1:], strict=False)):
            raise ValueError("taper: from_soc must ascend")
        needed_w = self.power_w / self.efficiency + self.auxiliary_w
        if self.site_power_limit_w < needed_w:
            raise ValueError(
                f"site_power_limit_w {self.site_power_limit_w:g} is below the {needed_w:g} of one charger "
                "(power_w / efficiency + auxiliary_w)"
            )
        return self

    @property
    def pack_power_limit_w(self) -> float:
        """Power that the connection leaves for all packs together."""
        return (self.site_power_limit_w - self.auxiliary_w) * self.efficiency


class Demand(Strict):
    """Trucks that come: a Poisson process whose rate follows the hours of the day."""

    trucks_per_day: Rate = Field(description="expected number")
    hourly: Annotated[tuple[NonNegative, ...], AfterValidator(_some)] = Field(
        description="relative rates of the 24 hours, from midnight"
    )
    arrival_soc: SocSpread = Field(description="left in the packs: least, most likely, greatest")


class Handling(Strict):
    """Times around a swap that people and vehicles take: least, most likely, greatest."""

    enter_s: Spread = Field(description="from the head of the queue into the bay, parked; not with measured driving")
    leave_s: Spread = Field(description="out of the bay")
    repark_s: Spread = Field(description="out and in again, when the truck stands out of reach")
    recovery_s: Spread = Field(description="after a swap that failed, until it is finished by hand")


class Fault(Strict):
    """Equipment that fails from time to time: intervals between failures are exponential."""

    part: Literal["robot", "charger"]
    between_s: Positive = Field(description="mean time from a repair to the next failure, of each one")
    repair_s: Spread = Field(description="least, most likely, greatest")


class Site(Strict):
    """Bays, packs, chargers and demand around a station of one kind."""

    name: Name
    title: str
    kind: Literal["top_lift", "chassis"]
    bays: Count
    robots: Count = Field(
        description="swaps that can go on at the same time; robots that serve one truck together are one"
    )
    slots: Count
    packs: Count = Field(description="in the station, without those on trucks")
    charging: Charging
    handling: Handling
    demand: Demand
    faults: Annotated[tuple[Fault, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.robots > self.bays:
            raise ValueError(f"robots {self.robots} must be at most bays {self.bays}")
        if self.packs + self.robots > self.slots:
            raise ValueError(f"packs {self.packs} and an empty slot for each robot need more than slots {self.slots}")
        high = self.demand.arrival_soc[2]
        if high >= self.charging.ready_soc:
            raise ValueError(
                f"demand.arrival_soc {high:g} must be below charging.ready_soc {self.charging.ready_soc:g}"
            )
        return self
