"""A day of the station for each setting of an experiment, with the setting's own swaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.experiments.resolving import Plan, Resolved
from agents.experiments.run import Results
from agents.experiments.trial import Figures
from agents.throughput.arrivals import Saturated
from agents.throughput.day import CAUSES, Inputs
from agents.throughput.estimates import Days, Estimate, Simulator, difference
from agents.throughput.source import J_PER_KWH
from agents.throughput.swaps import sample_of
from twin.errors import InputError

FIGURES = ("swaps_per_day", "wait_mean_s", "wait_p95_s")
CAPACITY = "capacity_per_day"
COLUMN = "throughput."
"""Beginning of a column's name in the table of an experiment."""


@dataclass(frozen=True)
class SettingDays:
    """The days of one setting.

    Attributes:
        figures: by name, `FIGURES` and `CAPACITY`; empty if there is no day.
        against_first: the same less those of the first setting, day by day on the same random numbers.
        waiting: cause for which trucks wait most of the time; None if none waits.
        why: reason that there is no day.
    """

    setting: dict[str, Any]
    figures: dict[str, Estimate]
    against_first: dict[str, Estimate]
    waiting: str | None
    why: str = ""

    def as_plain(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "setting": self.setting,
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
    """Simulate the days of every setting, all on the same random numbers, and their capacity."""
    wanted = plan.spec.throughput
    assert wanted is not None
    seeds = range(wanted.first_day, wanted.first_day + wanted.days)
    found: list[Inputs | str] = []
    for resolved, by_seed in zip(plan.settings, results.figures, strict=True):
        found.append(_inputs(resolved, [figures for _, figures in sorted(by_seed.items())]))
    inputs = [one for one in found if isinstance(one, Inputs)]
    cases = [*inputs, *(replace(one, arrivals=Saturated()) for one in inputs)]
    simulated = simulator.days(cases, seeds, on_day)
    pairs = iter(zip(simulated[: len(inputs)], simulated[len(inputs) :], strict=True))
    answers, first = [], None
    for resolved, one in zip(plan.settings, found, strict=True):
        if isinstance(one, str):
            answers.append(SettingDays(resolved.setting, {}, {}, None, one))
            continue
        values = _values(*(pair := next(pairs)))
        first = values if first is None else first
        answers.append(_setting_days(resolved, pair[0], values, first))
    return answers


def days_to_simulate(plan: Plan) -> int:
    """Number of days of all settings."""
    return 0 if plan.spec.throughput is None else 2 * plan.spec.throughput.days * len(plan.settings)


def _inputs(resolved: Resolved, figures: Sequence[Figures]) -> Inputs | str:
    """Inputs of a setting's days; why it has none."""
    assert resolved.site is not None
    try:
        sample = sample_of(figures, resolved.station.kind)
    except InputError as error:
        return error.problem
    if sample.max_packs > resolved.site.packs:
        return f"a truck takes {sample.max_packs} packs, the site has {resolved.site.packs}"
    return Inputs(resolved.site, resolved.pack.energy_kwh * J_PER_KWH, sample, resolved.site.demand)


def _values(days: Days, full: Days) -> dict[str, list[float | None]]:
    return {**{name: days.values[name] for name in FIGURES}, CAPACITY: full.values["swaps_per_day"]}


def _setting_days(
    resolved: Resolved, days: Days, values: dict[str, list[float | None]], first: dict[str, list[float | None]]
) -> SettingDays:
    figures = {name: days.estimate(name) for name in FIGURES}
    figures[CAPACITY] = difference(values[CAPACITY], [0.0] * len(values[CAPACITY]))
    against = {name: difference(values[name], first[name]) for name in values}
    waits = {cause: days.estimate(f"waiting_{cause}_share") for cause in CAUSES}
    most = max(CAUSES, key=lambda cause: waits[cause].mean if waits[cause] else 0.0)  # type: ignore[union-attr]
    of_most = waits[most]
    return SettingDays(
        resolved.setting,
        {name: of for name, of in figures.items() if of is not None},
        {name: of for name, of in against.items() if of is not None},
        most if of_most is not None and of_most.mean > 0.0 else None,
    )
