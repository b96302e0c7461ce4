"""Search space of a timing set: every number and word of every phase, as the catalogue's schema has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from twin.catalogue import Station, TimingSet
from twin.catalogue.explain import field_annotation, unwrap
from twin.catalogue.schema import MECHANICAL, PhaseTiming

Value = float | str
Values = Mapping[str, Value]
"""Value of each parameter by name."""
DECIMALS = 3
"""A millimetre, a millisecond, a tenth of a per cent: finer numbers are noise to whoever commissions them."""


@dataclass(frozen=True)
class Parameter:
    """One number or word of one phase.

    Attributes:
        phase: the phase, a block of the search.
        field: path inside the phase's timing.
        choices: the words; empty for a number.
        low, high: range of a number.
        logarithmic: whether steps are by a factor.
    """

    phase: str
    field: str
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.phase}.{self.field}"

    def value(self, share: float) -> Value:
        """Return the value at a share from 0 to 1 of the range, rounded."""
        share = min(max(share, 0.0), 1.0)
        if self.choices:
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.logarithmic:
            found = self.low * (self.high / self.low) ** share
        else:
            found = self.low + share * (self.high - self.low)
        return min(max(round(found, DECIMALS), self.low), self.high)

    def share(self, value: Value) -> float:
        """Return the inverse of `value`; a word gives the middle of its part."""
        if self.choices:
            return (self.choices.index(str(value)) + 0.5) / len(self.choices)
        number = min(max(float(value), self.low), self.high)
        if self.logarithmic:
            import math

            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Space:
    """All parameters of a station's timing sets, and the set that a search starts from.

    A value that may be null, such as a shaper's frequency, stays as the start has it.
    """

    station: Station
    start: TimingSet

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(each for phase in self.phases for each in _parameters(self.station, phase))

    @cached_property
    def by_name(self) -> dict[str, Parameter]:
        return {each.name: each for each in self.parameters}

    @property
    def phases(self) -> tuple[str, ...]:
        return MECHANICAL[self.station.kind]

    def values_of(self, timing: TimingSet) -> dict[str, Value]:
        """Return the parameters' values in a timing set."""
        found: dict[str, Value] = {}
        for each in self.parameters:
            value: Any = timing.of(each.phase)
            for part in each.field.split("."):
                value = getattr(value, part)
            found[each.name] = value
        return found

    def timing(self, values: Values, name: str = "candidate", title: str = "candidate of a search") -> TimingSet:
        """Return the timing set with these values, checked; what is no parameter is as the start has it."""
        phases = {phase: self.start.of(phase).model_dump() for phase in self.phases}
        for each in self.parameters:
            *owners, last = each.field.split(".")
            place = phases[each.phase]
            for owner in owners:
                place = place[owner]
            place[last] = values[each.name]
        return TimingSet(
            name=name,
            title=title,
            station=self.station.name,
            kind=self.station.kind,
            default=self.start.default,
            phases={phase: PhaseTiming.model_validate(of) for phase, of in phases.items()},
        )


def _parameters(station: Station, phase: str) -> Iterator[Parameter]:
    for field, annotation in _leaves(PhaseTiming):
        inner, constraints = unwrap(annotation)
        if get_origin(inner) is Literal:
            yield Parameter(phase, field, choices=tuple(map(str, get_args(inner))))
        elif inner is float:
            low, high, logarithmic = _range(station, field, constraints)
            yield Parameter(phase, field, low, high, logarithmic)


def _leaves(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Fields of a model and of the models in it, by dotted path; those that may be null are left out."""
    for name, field in model.model_fields.items():
        annotation = field_annotation(field)
        inner, _ = unwrap(annotation)
        if NoneType in get_args(inner):
            continue
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _leaves(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", annotation


def _range(station: Station, field: str, constraints: list[Any]) -> tuple[float, float, bool]:
    """Range of a number: Timing-v0's, within the station's limits; for a field that it lacks, the schema's.

    Raises:
        ValueError: a field without a range in either.
    """
    from envs.timing_action import RANGES

    name, limits = field.rsplit(".", 1)[-1], station.limits
    known = RANGES.get(name)
    if known is None:
        ends = {key: getattr(one, key) for one in constraints for key in ("gt", "ge", "lt", "le") if hasattr(one, key)}
        low, high = ends.get("ge", ends.get("gt")), ends.get("le", ends.get("lt"))
        if low is None or high is None:
            raise ValueError(f"{field} has no range to search: neither the schema nor Timing-v0's action has one")
        return float(low) if "ge" in ends else float(low) + 1e-3, float(high), False
    low, high = known.low, known.high
    if name == "creep_height_m":  # below, the control program uses the contact zone
        low = min(max(low, limits.contact_zone_m), high)
    if name == "creep_speed_mps":
        high = max(min(high, limits.contact_speed_mps), low)
    return low, high, known.logarithmic
