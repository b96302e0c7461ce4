"""An experiment's specification, from one YAML file; unknown keys and values out of range are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from agents.experiments.shipped import find
from twin.catalogue.explain import to_input_error
from twin.catalogue.safe_yaml import parse, read_bytes

ALL = "all"
"""A level of `truck`, `pack` or `timing` that stands for all that fit the station."""
SAMPLED = ("lhs", "sobol", "saltelli")
"""Kinds of design that sample their factors."""
MAX_SEEDS = 1_000_000
MAX_POINTS = 1_000_000

Level = bool | int | float | str
FactorName = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """Frozen; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Range(Strict):
    """A number from `low` to `high`, for designs that sample; `logarithmic` samples its logarithm."""

    low: float
    high: float
    logarithmic: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.logarithmic and self.low <= 0.0:
            raise ValueError(f"low {self.low:g} has no logarithm")
        return self


Levels = Annotated[list[Level], Field(min_length=1, max_length=10_000)]


class Linked(Strict):
    """Levels that several values take together, under the factor's own name: `hoist speed`."""

    paths: Annotated[list[FactorName], Field(min_length=1, max_length=100)]
    levels: Levels


class Design(Strict):
    """How levels are put together.

    Attributes:
        kind: `full`: every combination; `list`: the rows given; `lhs`: a Latin hypercube; `sobol`: a scrambled Sobol
            sequence; `saltelli`: blocks of such points for Sobol indices (Saltelli 2010).
        points: of `lhs` and `sobol`; blocks of `saltelli`, with two settings more than factors each.
        rows: of `list`: levels by factor.
    """

    kind: Literal["full", "list", "lhs", "sobol", "saltelli"]
    points: Annotated[int, Field(ge=1, le=MAX_POINTS)] | None = None
    rows: Annotated[list[dict[FactorName, Level]], Field(min_length=1, max_length=100_000)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.points is None) == (self.kind in SAMPLED):
            raise ValueError(f"points go with {', '.join(SAMPLED)}; kind is {self.kind}")
        if (self.rows is None) == (self.kind == "list"):
            raise ValueError(f"rows go with list, kind is {self.kind}")
        return self


def _kind_of(given: Any) -> str:
    if isinstance(given, Linked) or (isinstance(given, Mapping) and "paths" in given):
        return "linked"
    return "range" if isinstance(given, Mapping | Range) else "levels"


def _as_design(given: Any) -> Any:
    return {"kind": given} if isinstance(given, str) else given


Factor = Annotated[
    Annotated[Levels, Tag("levels")] | Annotated[Range, Tag("range")] | Annotated[Linked, Tag("linked")],
    Discriminator(_kind_of),
]
FULL = Design(kind="full")


class Throughput(Strict):
    """A day of the station for every setting, with that setting's own swaps (docs/throughput.md).

    Attributes:
        site: packs, chargers, grid and demand: a name or a file; None: `KIND_site`.
        trucks_per_day: in place of the site's.
        trucks_spread: of the stations of a fleet: each has up to this share more or less trucks, drawn evenly.
        days, first_day: days to simulate, and the seed of the first.
    """

    site: str | None = None
    trucks_per_day: Annotated[float, Field(ge=0.0, le=20_000.0)] | None = None
    trucks_spread: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    days: Annotated[int, Field(ge=1, le=10_000)] = 20
    first_day: Annotated[int, Field(ge=0, lt=2**62)] = 0


class Spec(Strict):
    """One experiment: settings of factors, each played on the same seeds.

    Attributes:
        question: what is asked, for the report.
        station, plant: of every setting, unless they are factors.
        constants: value by option of `swap` or dotted path, in every setting.
        factors: levels, or a range, by option of `swap`, field of the variation or dotted path; or by a name of one's
            own, linked to paths.
        design: a kind alone, or with its numbers.
        seeds: swaps of each setting; the same ones for all.
        first_seed: the first of them.
        throughput: simulate a day of the station for each setting; factors and constants may then be values of the
            site, such as `site.packs`, which change no swap.
        stations: a fleet: so many stations of each setting, each with its own `seeds` swaps and days.
    """

    question: Annotated[str, Field(max_length=500)] = ""
    station: str = "top_lift"
    plant: Literal["rom", "bullet"] = "rom"
    constants: dict[FactorName, Level] = {}
    factors: Annotated[dict[FactorName, Factor], Field(max_length=100)] = {}
    design: Annotated[Design, BeforeValidator(_as_design)] = FULL
    seeds: Annotated[int, Field(ge=1, le=MAX_SEEDS)]
    first_seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    throughput: Throughput | None = None
    stations: Annotated[int, Field(ge=1, le=100_000)] = 1

    @field_validator("seeds", "first_seed", "stations", mode="before")
    @classmethod
    def _whole_numbers(cls, value: Any) -> Any:
        if isinstance(value, bool | str):
            raise ValueError("a whole number is wanted, not a text or a switch")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.stations > 1 and self.throughput is None:
            raise ValueError("stations go with throughput")
        twice = sorted(set(self.constants) & set(self.factors))
        if twice:
            raise ValueError(f"{twice[0]} is a constant and a factor")
        for name, levels in self.factors.items():
            several = levels.levels if isinstance(levels, Linked) else levels
            counts = Counter(() if isinstance(several, Range) else ((type(one) is bool, one) for one in several))
            for (_, level), count in counts.items():
                if count > 1:
                    raise ValueError(f"{name} has the level {level} more than once")
        ranges = [name for name, levels in self.factors.items() if isinstance(levels, Range)]
        if ranges and self.design.kind == "full":
            raise ValueError(f"{ranges[0]} has a range: give levels, or a design of {', '.join(SAMPLED)} with points")
        if self.design.kind == "saltelli" and not self.factors:
            raise ValueError("design saltelli has factors")
        if self.design.rows is not None:
            if self.factors:
                raise ValueError("a list has its factors in its rows")
            if len({tuple(sorted(row)) for row in self.design.rows}) > 1:
                raise ValueError("all rows of a list have the same factors")
        return self

    def values(self, setting: Mapping[str, Level]) -> dict[str, Level]:
        """Return the values that a setting's swaps have, by option, field of the variation or dotted path."""
        found: dict[str, Level] = {"station": self.station, "plant": self.plant, **self.constants}
        for name, level in setting.items():
            of = self.factors.get(name)
            found |= dict.fromkeys(of.paths, level) if isinstance(of, Linked) else {name: level}
        return found

    @property
    def swaps(self) -> int:
        """Swaps of each setting, of all its stations."""
        return self.seeds * self.stations

    def as_plain(self) -> dict[str, Any]:
        """Return plain data, as the file could have them."""
        return self.model_dump(mode="json")


def load_spec(file: str | Path) -> Spec:
    """Load a specification: a path, or the name of one that ships.

    Raises:
        InputError: the file is missing or invalid; names line, key, value and what is allowed.
    """
    path = find(str(file))
    raw, lines = parse(read_bytes(path), path)
    try:
        return Spec.model_validate(raw)
    except ValidationError as error:
        raise to_input_error(error, Spec, path, lines) from None


def spec_from_plain(plain: dict[str, Any]) -> Spec:
    """Return the specification that `as_plain` was made from.

    Raises:
        InputError: it is of another version.
    """
    try:
        return Spec.model_validate(plain)
    except ValidationError as error:
        raise to_input_error(error, Spec, "the ledger's specification") from None
