"""One study: the search, the check of its best sets on scenarios and a plant that it has not used, the choice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.experiments.ledger import Ledger
from agents.experiments.trial import REDUCED, REFERENCE, Figures, digest, program_version, timing_digest
from agents.tune.problem import UNSEEN, Play, Problem
from agents.tune.samplers import make_sampler
from agents.tune.samplers.base import Candidate
from agents.tune.scenarios import Pairs
from agents.tune.score import AGAINST_FACTORY, CONSTRAINTS, Score
from agents.tune.search import RUNGS, STRICT_FROM, WAVE, Search, margin
from agents.tune.space import Space, Value
from twin.catalogue import Station, TimingSet

UNSEEN_SWAPS = 512
"""Scenarios of the check on the reduced-order plant."""
LEAST_UNSEEN = 128
"""Fewest of them where a time budget runs out."""
REFERENCE_SWAPS = 8
"""Scenarios of the check on the reference plant."""
SHORTLIST = 16
"""Most sets that are checked until one passes."""
CHECK_SHARE, CHECK_MOST = 0.1, 0.4
"""Shares of a time budget: for factory's swaps on the reference plant; most that is kept for the checks."""
LEAST_REFERENCE = 2
WORTH_SWAPS = 8
"""Scenarios on which the worth of each phase is measured."""


@dataclass(frozen=True)
class Settings:
    """What a study is of. Two studies with the same settings have the same candidates.

    Attributes:
        factory: the set that constraints refer to.
        start: the set that the search starts from.
        known: other sets whose values it may try.
    """

    station: Station
    pairs: Pairs
    factory: TimingSet
    start: TimingSet
    known: tuple[TimingSet, ...] = ()
    objectives: tuple[str, ...] = ("time",)
    sampler: str = "blocks"
    seed: int = 0
    rungs: tuple[int, ...] = RUNGS
    wave: int = WAVE

    def as_plain(self) -> dict[str, Any]:
        """Return plain data, for the study's key."""
        return {
            "station": digest(self.station.model_dump()),
            "pairs": [[digest(truck.model_dump()), digest(pack.model_dump())] for truck, pack in self.pairs],
            "factory": timing_digest(self.factory),
            "start": timing_digest(self.start),
            "known": [timing_digest(one) for one in self.known],
            "objectives": self.objectives,
            "sampler": self.sampler,
            "seed": self.seed,
            "rungs": self.rungs,
            "wave": self.wave,
            "version": program_version(),
        }


@dataclass(frozen=True)
class Refused:
    """A set that failed a check."""

    number: int
    plant: str
    why: str


@dataclass(frozen=True)
class Worth:
    """Median of the time that the chosen set loses if one phase goes back to the start's values, s, and the changes."""

    phase: str
    s: float
    changed: dict[str, Value]


@dataclass
class Checked:
    """A set with its figures on the checks' scenarios."""

    candidate: Candidate
    timing: TimingSet
    unseen: list[Figures]
    reference: list[Figures]


@dataclass
class Outcome:
    """What a study found; `best` is None if no set passed the checks."""

    search: Search
    best: Checked | None
    refused: list[Refused]
    factory_unseen: list[Figures]
    factory_reference: list[Figures]
    front: list[Candidate] = field(default_factory=list)
    worth: list[Worth] = field(default_factory=list)


def fitting(left_s: float, swap_s: float) -> int:
    """Return how many unseen scenarios fit into the time left, at `swap_s` a swap: factory and one set play them."""
    return max(int(left_s / (2.0 * max(swap_s, 1e-6))), LEAST_UNSEEN)


class Study:
    """Runs a study on a ledger; what the ledger has is not played again.

    >>> Study(settings, ledger, campaign.play).run(trials=500)
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, play: Play, on_wave: Callable[[Search], None] | None = None
    ) -> None:
        space = Space(settings.station, settings.start, settings.known)
        self.settings, self.ledger = settings, ledger
        self.problem = Problem(settings.station, settings.pairs, settings.factory, space, settings.seed, play)
        self.key = digest(settings.as_plain())
        ledger.begin_study(self.key, settings.as_plain())
        self._in_ledger = ledger.candidates(self.key)
        sampler = make_sampler(settings.sampler, space, settings.seed, settings.objectives)
        self.search = Search(
            self.problem, sampler, settings.objectives, settings.rungs, settings.wave, self._keep, on_wave
        )
        self.checking: Callable[[str], None] = lambda words: None

    @property
    def stored(self) -> int:
        """Number of candidates that the ledger had of this study when it was opened."""
        return len(self._in_ledger)

    def _keep(self, proposed: dict[int, dict[str, Value]]) -> None:
        """Store candidates; those of a study that goes on have to be the same again."""
        for number, values in proposed.items():
            if number in self._in_ledger and self._in_ledger[number] != values:
                raise RuntimeError(
                    f"candidate {number} of the study in the ledger differs: a sampler that does not repeat"
                )
        self.ledger.put_candidates(self.key, {n: v for n, v in proposed.items() if n not in self._in_ledger})

    def run(
        self,
        trials: int | None = None,
        budget_s: float | None = None,
        *,
        reference_swaps: int = REFERENCE_SWAPS,
        unseen_swaps: int = UNSEEN_SWAPS,
        stop: Callable[[Search], bool] | None = None,
    ) -> Outcome:
        """Search until `trials` candidates or `budget_s` seconds, checks included, or `stop`; then check and choose.

        A budget that is short still plays one wave of candidates, and makes the checks smaller.
        """
        began_s = time.monotonic()
        ends: list[Callable[[Search], bool]] = [stop] if stop is not None else []
        if budget_s is not None:
            reference_swaps, reserve_s = self._reserve(budget_s, reference_swaps)
            until_s = began_s + budget_s - reserve_s
            ends.append(lambda search: search.candidate_count > 1 and time.monotonic() >= until_s)
        searching_s = time.monotonic()
        self.search.run(trials, lambda search: any(end(search) for end in ends))
        if budget_s is not None:
            now_s = time.monotonic()
            left_s = began_s + budget_s - now_s
            unseen_swaps = min(unseen_swaps, fitting(left_s, (now_s - searching_s) / max(self.search.swaps, 1)))
        return self._choose(range(UNSEEN, UNSEEN + unseen_swaps), range(UNSEEN, UNSEEN + reference_swaps))

    def _reserve(self, budget_s: float, swaps: int) -> tuple[int, float]:
        """Play factory on the reference plant within its share of the budget; (swaps, s to keep for the checks)."""
        began_s, n = time.monotonic(), 0
        while n < swaps and (n < LEAST_REFERENCE or time.monotonic() - began_s < CHECK_SHARE * budget_s):
            n = min(n + LEAST_REFERENCE, swaps)
            self.checking(f"factory on the reference plant, {n} of at most {swaps} swaps")
            self.problem.reference(range(UNSEEN, UNSEEN + n), REFERENCE)
        spent_s = time.monotonic() - began_s
        return n, min(2.0 * spent_s + 0.05 * budget_s, CHECK_MOST * budget_s)

    def _choose(self, unseen: Sequence[int], reference: Sequence[int]) -> Outcome:
        """Check the leaders until one passes."""
        search, problem = self.search, self.problem
        refused: list[Refused] = []
        best = None
        self.checking(f"factory on {len(unseen)} unseen scenarios")
        problem.scenarios(unseen)
        for one in self.shortlist():
            self.checking(f"candidate {one.number} on {len(unseen)} unseen scenarios")
            timing = problem.space.timing(one.values, f"candidate_{one.number}")
            own = problem.figures([timing], unseen)[0]
            why = self.why_not(problem.score(own, unseen, force_margin=max(margin(len(unseen)), 1.0)), REDUCED)
            if why:
                refused.append(Refused(one.number, REDUCED, why))
                continue
            self.checking(f"candidate {one.number} on the reference plant, {len(reference)} swaps")
            again = problem.figures([timing], reference, REFERENCE)[0]
            score = problem.score(again, reference, REFERENCE, max(margin(len(reference)), 1.0)) if reference else None
            why = self.why_not(score, REFERENCE) if score is not None else ""
            if why:
                refused.append(Refused(one.number, REFERENCE, why))
                continue
            best = Checked(one, timing, own, again)
            break
        return Outcome(
            search,
            best,
            refused,
            problem.reference(unseen),
            problem.reference(reference, REFERENCE),
            self.front(),
            self.worth(best.candidate) if best is not None else [],
        )

    def worth(self, chosen: Candidate) -> list[Worth]:
        """Return what each changed phase is worth, most first: the search's own first scenarios, without that phase."""
        space, start = self.problem.space, self.search.state.played[0]
        numbers = range(WORTH_SWAPS)
        blocks: dict[str, dict[str, Value]] = {}
        for one in space.parameters:
            if chosen.values[one.name] != start.values[one.name]:
                blocks.setdefault(one.block, {})[one.name] = chosen.values[one.name]
        without = [
            space.timing({**chosen.values, **{name: start.values[name] for name in of}}) for of in blocks.values()
        ]
        self.checking(f"what each of {len(blocks)} changes is worth")
        found = []
        for (block, changed), own in zip(blocks.items(), self.problem.figures(without, numbers), strict=True):
            pairs = zip(own, chosen.figures, strict=False)
            lost = [a.mechanical_time_s - b.mechanical_time_s for a, b in pairs if a.completed and b.completed]
            if lost and own != chosen.figures[: len(own)]:
                found.append(Worth(block, round(float(np.median(lost)), 3), changed))
        return sorted(found, key=lambda one: (-one.s, one.phase))

    def shortlist(self) -> list[Candidate]:
        """Return the sets to check: of the least penalised ones on the most scenarios the fastest first.

        Those played on more scenarios come first, of those the ones that hold against factory without the margin. A
        start other than factory is among them: a search that finds nothing better has it for its answer.
        """
        search, target = self.search, self.search.targets[0]
        start = search.state.played[0]
        found: list[Candidate] = []
        for n in reversed(search.rungs[: search.top + 1]):
            for one in search.leaders(target, n):
                better = target.value(one.score) < target.value(start.scores[n]) or (one is start and not self._factory)
                if better and one not in found and len(found) < SHORTLIST:
                    found.append(one)
        return sorted(found, key=lambda one: (-one.deepest, not self._holds(one), target.value(one.score), one.number))

    @property
    def _factory(self) -> bool:
        """True for a study that starts from factory."""
        return timing_digest(self.settings.start) == timing_digest(self.settings.factory)

    def _holds(self, one: Candidate) -> bool:
        return one.score.feasible or self.problem.score(one.figures, range(one.deepest)).feasible

    def why_not(self, score: Score, plant: str) -> str:
        """Return why a score fails a check, or nothing."""
        if score.broken:
            return "; ".join(f"{name} {CONSTRAINTS[name]} by {value:.3g}" for name, value in score.broken.items())
        name = self.settings.objectives[0]
        if name in AGAINST_FACTORY and score.objectives[name] >= 1.0:
            return f"{name} no better than factory's: {score.objectives[name]:.4f} of it"
        return ""

    def front(self) -> list[Candidate]:
        """Return the feasible sets that no other one beats in time, force and sway at once, fastest first.

        Feasible against factory itself, without the search's margin.
        """
        played = [one for one in self.search.state.played if one.deepest >= STRICT_FROM and self._holds(one)]
        axes = ("time", "force", "sway")
        points = [tuple(one.score.objectives[name] for name in axes) for one in played]
        kept: dict[tuple[float, ...], Candidate] = {}
        for one, point in zip(played, points, strict=True):
            if not any(all(a <= b for a, b in zip(p, point, strict=True)) and p != point for p in points):
                kept.setdefault(point, one)
        return [kept[point] for point in sorted(kept)]
