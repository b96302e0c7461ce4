"""A day of the station for each setting of an experiment, with the setting's own swaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.experiments.resolving import Plan, Resolved
from agents.experiments.results import Results
from agents.experiments.spec import Throughput
from agents.experiments.trial import Figures
from agents.throughput.arrivals import Saturated
from agents.throughput.draws import Uniforms
from agents.throughput.estimates import Days, Estimate, Simulator, difference, with_demand
from agents.throughput.records import CAUSES, Inputs
from agents.throughput.source import J_PER_KWH
from agents.throughput.swaps import sample_of
from twin.errors import InputError

FIGURES = ("swaps_per_day", "arrivals_per_day", "wait_mean_s", "wait_p95_s")
CAPACITY = "capacity_per_day"
COLUMN = "throughput."
"""Beginning of a column's name in the table of an experiment."""
STATION = "throughput.station"
"""Column with the number of the station of a fleet, from 0."""


@dataclass(frozen=True)
class SettingDays:
    """The days of one station of a setting.

    Attributes:
        number, station: of the setting and of the station, from 0.
        figures: by name, `FIGURES` and `CAPACITY`; empty if there is no day.
        against_first: the same less those of the first setting, day by day on the same random numbers.
        waiting: cause for which trucks wait most of the time; None if none waits.
        why: reason that there is no day.
    """

    number: int
    station: int
    setting: dict[str, Any]
    figures: dict[str, Estimate]
    against_first: dict[str, Estimate]
    waiting: str | None
    why: str = ""

    def as_plain(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "setting": self.setting,
            "station": self.station,
            **{name: self.figures[name].as_plain() if name in self.figures else None for name in (*FIGURES, CAPACITY)},
            "waiting": self.waiting,
            "against_first": {name: of.as_plain() for name, of in self.against_first.items()},
            "why": self.why,
        }

    def columns(self) -> dict[str, float | None]:
        """Return means as columns of the experiment's table."""
        return {
            f"{COLUMN}{name}": self.figures[name].mean if name in self.figures else None
            for name in (*FIGURES, CAPACITY)
        }


def days_of_settings(
    plan: Plan, results: Results, simulator: Simulator, on_day: Callable[[int], None] | None = None
) -> list[SettingDays]:
    """Simulate the days of every station of every setting, and their capacity.

    Stations of the same number have the same random numbers in all settings.
    """
    wanted, spec = plan.spec.throughput, plan.spec
    assert wanted is not None
    found: list[Inputs | str] = []
    cases: list[tuple[Inputs, range]] = []
    places = [(number, station) for number in range(len(plan.settings)) for station in range(spec.stations)]
    for number, station in places:
        first = spec.first_seed + station * spec.seeds
        own = (figures for _, figures in results.figures(number, range(first, first + spec.seeds)))
        inputs = _inputs(plan.settings[number], own, wanted, station)
        found.append(inputs)
        if isinstance(inputs, Inputs):
            day = wanted.first_day + station * wanted.days
            cases.append((inputs, range(day, day + wanted.days)))
    full = [(replace(inputs, arrivals=Saturated()), seeds) for inputs, seeds in cases]
    simulated = simulator.each([*cases, *full], on_day)
    pairs = iter(zip(simulated[: len(cases)], simulated[len(cases) :], strict=True))
    answers: list[SettingDays] = []
    firsts: dict[int, dict[str, list[float | None]]] = {}
    for (number, station), one in zip(places, found, strict=True):
        setting = plan.settings[number].setting
        if isinstance(one, str):
            answers.append(SettingDays(number, station, setting, {}, {}, None, one))
            continue
        days, of_full = next(pairs)
        values = _values(days, of_full)
        answers.append(_setting_days(number, station, setting, days, values, firsts.setdefault(station, values)))
    return answers


def days_to_simulate(plan: Plan) -> int:
    """Number of days of all stations of all settings."""
    wanted = plan.spec.throughput
    return 0 if wanted is None else 2 * wanted.days * len(plan.settings) * plan.spec.stations


def ranked(days: Sequence[SettingDays]) -> list[SettingDays]:
    """Return the stations in the order of their mean waiting time, the longest first; those without a day last."""

    def place(one: SettingDays) -> tuple[bool, float]:
        wait = one.figures.get("wait_mean_s")
        return not one.figures, -(wait.mean if wait is not None else 0.0)

    return sorted(days, key=place)


def columns_of(days: Sequence[SettingDays], plan: Plan) -> Callable[[int, int], dict[str, float | int | None]]:
    """Return a function of a trial's setting and seed that gives the columns of its station's days."""
    by_place = {(one.number, one.station): one for one in days}
    spec = plan.spec

    def columns(number: int, seed: int) -> dict[str, float | int | None]:
        station = (seed - spec.first_seed) // spec.seeds
        name = {STATION: station} if spec.stations > 1 else {}
        return {**name, **by_place[number, station].columns()}

    return columns


def _inputs(resolved: Resolved, figures: Iterable[Figures], wanted: Throughput, station: int) -> Inputs | str:
    """Inputs of a station's days; why it has none."""
    assert resolved.site is not None
    try:
        sample = sample_of(figures, resolved.station.kind)
    except InputError as error:
        return error.problem
    site = resolved.site
    if sample.max_packs > site.packs:
        return f"a truck takes {sample.max_packs} packs, the site has {site.packs}"
    u = Uniforms(wanted.first_day, "throughput fleet")[station]
    demand = with_demand(site.demand, 1.0 + wanted.trucks_spread * (2.0 * u - 1.0))
    return Inputs(site, resolved.pack.energy_kwh * J_PER_KWH, sample, demand)


def _values(days: Days, full: Days) -> dict[str, list[float | None]]:
    return {**{name: days.values[name] for name in FIGURES}, CAPACITY: full.values["swaps_per_day"]}


def _setting_days(
    number: int,
    station: int,
    setting: dict[str, Any],
    days: Days,
    values: dict[str, list[float | None]],
    first: dict[str, list[float | None]],
) -> SettingDays:
    figures = {name: days.estimate(name) for name in FIGURES}
    figures[CAPACITY] = difference(values[CAPACITY], [0.0] * len(values[CAPACITY]))
    against = {name: difference(values[name], first[name]) for name in values}
    waits = {cause: days.estimate(f"waiting_{cause}_share") for cause in CAUSES}
    most = max(CAUSES, key=lambda cause: waits[cause].mean if waits[cause] else 0.0)  # type: ignore[union-attr]
    of_most = waits[most]
    return SettingDays(
        number,
        station,
        setting,
        {name: of for name, of in figures.items() if of is not None},
        {name: of for name, of in against.items() if of is not None},
        most if of_most is not None and of_most.mean > 0.0 else None,
    )
