"""Where the seconds of a swap go: phase by phase, with factory and with the chosen set, beside the procedure bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.experiments.trial import Figures
from agents.tune.scenarios import Scenario
from twin.bounds import played_bound
from twin.catalogue import Station, TimingSet
from twin.catalogue.schema import MECHANICAL
from twin.setup.setup import build_setup

COMPARED = 16
"""Most scenarios that the means are of."""


@dataclass(frozen=True)
class PhaseTimes:
    """Means of one phase, s, of all robots together; `bound_s` is None where several robots share the swap."""

    phase: str
    factory_s: float
    best_s: float
    bound_s: float | None


def phase_times(
    station: Station,
    timing: TimingSet,
    scenarios: Sequence[Scenario],
    factory: Sequence[Figures],
    own: Sequence[Figures],
) -> tuple[int, list[PhaseTimes]]:
    """Return the number of scenarios, and each phase's mean times over the first ones that both sets complete.

    The bound is of the plan that was played with `timing`, as in the swaps' own results.
    """
    both = [k for k, (a, b) in enumerate(zip(factory, own, strict=True)) if a.completed and b.completed][:COMPARED]
    if not both:
        return 0, []
    bounds = [_bound(station, timing, scenarios[k], own[k]) for k in both]
    found = []
    for phase in MECHANICAL[station.kind]:
        of = [[figures[k].phases_s.get(phase, 0.0) for k in both] for figures in (factory, own)]
        least = [one.get(phase, 0.0) for one in bounds if one is not None]
        bound_s = sum(least) / len(both) if len(least) == len(both) else None
        found.append(PhaseTimes(phase, sum(of[0]) / len(both), sum(of[1]) / len(both), bound_s))
    return len(both), found


def _bound(station: Station, timing: TimingSet, at: Scenario, own: Figures) -> Mapping[str, float] | None:
    """Procedure bound by phase of one swap; None where more than one robot works, or it is not the swap's own."""
    if not own.procedure_bound_s:
        return None
    setup = build_setup(
        station,
        at.truck,
        at.pack,
        seed=at.seed,
        parking=at.parking,
        variation=at.variation,
        planning=timing.planning,
    )
    bound = played_bound(setup, own.procedure_bound_s)
    alone = bound is not None and len({item.robot for item in bound.items}) == 1
    return bound.by_phase() if bound is not None and alone else None
