"""Search space of a timing set: every number and word of every phase, as the catalogue's schema has them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from twin.catalogue import Station, TimingSet
from twin.catalogue.explain import field_annotation, unwrap
from twin.catalogue.schema import DAMPED, MECHANICAL, FourRope, PhaseTiming

Value = float | str | bool | None
"""A number, a word, a switch, or None: not given, and the phase's own value holds."""
Values = Mapping[str, Value]
"""Value of each parameter by name."""
DECIMALS = 3
"""A millimetre, a millisecond, a tenth of a per cent: finer numbers are noise to whoever commissions them."""
NOT_GIVEN = 0.25
"""Share of the range of a value that need not be given which means that it is not."""
WITHOUT_SWAY = ("z", "yaw")
"""Axes along which nothing sways: they take no shaper."""

AT_TRUCK = ("lower", "raise", "insert")
"""Phases that meet the truck where the scanner has measured it."""


@dataclass(frozen=True)
class Parameter:
    """One number, word or switch of one phase, or of the whole set.

    Attributes:
        phase: the phase, a block of the search; empty for a value of the whole set.
        field: path inside the phase's timing, or the set.
        choices: words or switches; empty for a number.
        low, high: range of a number.
        logarithmic: whether steps are by a factor.
        optional: whether it need not be given: the phase's value of the same name then holds.
    """

    phase: str
    field: str
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    choices: tuple[Value, ...] = ()
    optional: bool = False

    @property
    def name(self) -> str:
        return f"{self.phase}.{self.field}" if self.phase else self.field

    @property
    def block(self) -> str:
        """Name of the block that it belongs to: its phase, or itself."""
        return self.phase or self.field

    @property
    def general(self) -> str | None:
        """Name of the phase's parameter that holds where this one, an axis', is not given; None for a phase's own."""
        return f"{self.phase}.{self.field.rsplit('.', 1)[-1]}" if self.optional else None

    def value(self, share: float) -> Value:
        """Return the value at a share from 0 to 1 of the range, rounded."""
        share = min(max(share, 0.0), 1.0)
        if self.optional:
            if share < NOT_GIVEN:
                return None
            share = (share - NOT_GIVEN) / (1.0 - NOT_GIVEN)
        if self.choices:
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.logarithmic:
            found = self.low * (self.high / self.low) ** share
        else:
            found = self.low + share * (self.high - self.low)
        return min(max(round(found, DECIMALS), self.low), self.high)

    def share(self, value: Value) -> float:
        """Return the inverse of `value`; a word, a switch and None give the middle of their part."""
        if self.optional:
            if value is None:
                return 0.5 * NOT_GIVEN
            return NOT_GIVEN + (1.0 - NOT_GIVEN) * self._share(value)
        return self._share(value)

    def _share(self, value: Value) -> float:
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        assert isinstance(value, int | float)
        number = min(max(float(value), self.low), self.high)
        if self.logarithmic:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Space:
    """All parameters of a station's timing sets, and the set that a search starts from.

    A phase's value that may be null, such as a shaper's frequency, stays as the start has it.
    """

    station: Station
    start: TimingSet
    known: tuple[TimingSet, ...] = ()
    """Other sets that are known for such a station, for a sampler to draw on."""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        of_set = tuple(
            Parameter("", name, choices=get_args(unwrap(field_annotation(field))[0]))
            for name, field in TimingSet.model_fields.items()
            if name not in DESCRIBING and get_origin(unwrap(field_annotation(field))[0]) is Literal
        )
        return (*of_set, *(each for phase in self.phases for each in _parameters(self.station, phase)))

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
            value: Any = timing.of(each.phase) if each.phase else timing
            for part in each.field.split("."):
                value = getattr(value, part) if value is not None else None
            found[each.name] = value
        return found

    def timing(self, values: Values, name: str = "candidate", title: str = "candidate of a search") -> TimingSet:
        """Return the timing set with these values, checked; what is no parameter is as the start has it."""
        phases: dict[str, dict[str, Any]] = {phase: _plain(self.start.of(phase)) for phase in self.phases}
        of_set: dict[str, Value] = {}
        for each in self.parameters:
            place: dict[str, Any] = phases[each.phase] if each.phase else of_set
            *owners, last = each.field.split(".")
            for owner in owners:
                place[owner] = place.get(owner) or {}
                place = place[owner]
            place[last] = values[each.name]
        for of in phases.values():
            for axis in [key for key, own in of.items() if isinstance(own, dict)]:
                if of[axis].get("shaper") is None:  # a frequency without a shaper of its own
                    of[axis].pop("shaper_frequency_hz", None)
        return self.start.model_copy(
            update={
                "name": name,
                "title": title,
                "station": self.station.name,
                "phases": {phase: PhaseTiming.model_validate(of) for phase, of in phases.items()},
                **of_set,
            }
        )


DESCRIBING = ("name", "title", "station", "kind")
"""Fields of a set that say what it is."""


def _plain(of: PhaseTiming) -> dict[str, Any]:
    """Return a phase's timing with every field, set or not."""
    values: dict[str, Any] = {}
    for name in type(of).model_fields:
        value = getattr(of, name)
        values[name] = value.model_dump() if isinstance(value, BaseModel) else value
    return values


def _parameters(station: Station, phase: str) -> Iterator[Parameter]:
    for field, annotation, optional in _leaves(PhaseTiming):
        inner, constraints = unwrap(annotation)
        if field.endswith(".shaper") and field.split(".")[0] in WITHOUT_SWAY:
            continue
        if field == "creep_height_per_scatter" and phase not in AT_TRUCK:
            continue
        if field == "sway_damping" and not (phase in DAMPED and isinstance(station.reeving, FourRope)):
            continue
        if get_origin(inner) is Literal:
            yield Parameter(phase, field, choices=get_args(inner), optional=optional)
        elif inner is bool:
            yield Parameter(phase, field, choices=(False, True), optional=optional)
        elif inner is float:
            low, high, logarithmic = _range(station, field, constraints)
            yield Parameter(phase, field, low, high, logarithmic, optional=optional)


def _leaves(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Fields of a model and of the models in it, by dotted path, and whether they may be null.

    A value that may be null is left out, unless it is an axis' and the phase has one of the same name that then holds.
    """
    own = set(PhaseTiming.model_fields)
    for name, field in model.model_fields.items():
        annotation = field_annotation(field)
        inner, constraints = unwrap(annotation)
        optional = NoneType in get_args(inner)
        if optional:
            members = [one for one in get_args(inner) if one is not NoneType]
            inner = members[0] if len(members) == 1 else inner
        bare, more = unwrap(inner)
        if isinstance(bare, type) and issubclass(bare, BaseModel):
            yield from _leaves(bare, f"{path}{name}.")
        elif not optional:
            yield f"{path}{name}", annotation, False
        elif path and name in own and not _may_be_null(PhaseTiming, name):
            yield f"{path}{name}", inner, True


def _may_be_null(model: type[BaseModel], name: str) -> bool:
    return NoneType in get_args(unwrap(field_annotation(model.model_fields[name]))[0])


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
