"""The search: waves of candidates, each raced over a growing number of scenarios (successive halving)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agents.tune.problem import Problem
from agents.tune.samplers.base import Candidate, Sampler, State, Target, targets_of
from agents.tune.space import Value

WAVE = 32
"""Candidates proposed together. Fixed, so that a study does not depend on the machine's cores."""
RUNGS = (2, 8, 32, 128, 512)
"""Scenarios of each rung of a race."""
FIRST_TOP = 2
"""Index of the top rung at first; later ones are opened when nothing improves any more."""
PROMOTED = 1.0 / 3.0
"""Largest share of a rung's candidates that goes on to the next."""
STAGNANT = 4
"""Waves without a new record after which the next rung is opened."""
REVIEWED = 6
"""Best candidates of a target that are played on a newly opened rung."""
MOST_WAVES = 24
"""Waves after which it is opened whatever they brought: small gains on few scenarios are luck."""
STRICT_FROM = 32
"""Scenarios from which a candidate must have less force than factory. On fewer the percentile is a single swap's."""
SLACK = 0.5
"""Force over factory's that is allowed on n scenarios fewer than that, times the square root of n."""
STANDARD_ERROR = 0.38
"""Standard deviation of the ratio of two sets' 95th percentiles, times the square root of n [factory and tuned at
top_lift: 3.2 % on 128 scenarios, 6.4 % on 32]. A set that is the best of many is so by luck too: by about one of it."""

Stop = Callable[["Search"], bool]


def margin(n: int) -> float:
    """Factor of factory's force that is allowed on n scenarios of the search."""
    return 1.0 + (SLACK if n < STRICT_FROM else -STANDARD_ERROR) / math.sqrt(n)


@dataclass
class Search:
    """One search. `run` goes on until all candidates are played or `stop` says so, which it is asked after each wave.

    Attributes:
        keep: called with the candidates of a wave before they are played: numbers and values.
        on_wave: called after each wave.
        swaps: swaps asked for so far, factory's included.
    """

    problem: Problem
    sampler: Sampler
    objectives: tuple[str, ...] = ("time",)
    rungs: tuple[int, ...] = RUNGS
    wave: int = WAVE
    keep: Callable[[dict[int, dict[str, Value]]], None] | None = None
    on_wave: Callable[[Search], None] | None = None
    top: int = FIRST_TOP
    swaps: int = 0
    state: State = field(init=False)
    _stagnant: int = 0
    _waves: int = 0
    _on_rung: int = 0

    def __post_init__(self) -> None:
        self.top = min(self.top, len(self.rungs) - 1)
        self.state = State(targets_of(self.objectives), [])

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.state.targets

    @property
    def best(self) -> Candidate:
        """The record of the first objective."""
        return self.state.records[0]

    @property
    def candidate_count(self) -> int:
        """Number of candidates that have been played."""
        return len(self.state.played)

    def run(self, trials: int | None = None, stop: Stop | None = None) -> None:
        """Search until `trials` candidates are played, or `stop`; candidate 0 is the start."""
        if not self.state.records:
            self._begin()
        while (trials is None or self.candidate_count < trials) and not (stop is not None and stop(self)):
            count = self.wave if trials is None else min(self.wave, trials - self.candidate_count)
            self._run_wave(range(self.candidate_count, self.candidate_count + count))
            if self.on_wave is not None:
                self.on_wave(self)

    def _begin(self) -> None:
        """Play the start on all rungs up to the top; it is the first record of every target."""
        values = self.problem.space.values_of(self.problem.space.start)
        start = Candidate(0, values)
        if self.keep is not None:
            self.keep({0: values})
        for n in self.rungs[: self.top + 1]:
            self._play([start], n)
        self.state.played.append(start)
        self.state.records = [start] * len(self.targets)

    def _run_wave(self, numbers: Sequence[int]) -> None:
        state = self.state
        # every second wave is the first target's, the others take turns
        others = len(self.targets) - 1
        state.target = 0 if not others or self._waves % 2 == 0 else 1 + (self._waves // 2) % others
        self._waves += 1
        proposed = self.sampler.ask(numbers, state)
        if self.keep is not None:
            self.keep(dict(zip(numbers, proposed, strict=True)))
        wave = [Candidate(number, values, state.target) for number, values in zip(numbers, proposed, strict=True)]
        alive = wave
        for n in self.rungs[: self.top + 1]:
            if n > self.rungs[0]:
                alive = self._promoted(alive)
            if not alive:
                break
            self._play(alive, n)
        state.played += wave
        self._stagnant = 0 if self._take_records(wave) else self._stagnant + 1
        self.sampler.tell(wave, state)
        self._on_rung += 1
        stagnant = self._stagnant >= STAGNANT * len(self.targets) or self._on_rung >= MOST_WAVES * len(self.targets)
        if stagnant and self.top < len(self.rungs) - 1:
            self._open_rung()

    def _promoted(self, alive: list[Candidate]) -> list[Candidate]:
        """Candidates that are better than the record of their target on the same scenarios, the best of them."""
        target, record = self.targets[self.state.target], self.state.records[self.state.target]
        n = alive[0].deepest
        better = [one for one in alive if target.rank(one.score) < target.rank(record.scores[n])]
        better.sort(key=lambda one: (target.rank(one.score), one.number))
        return better[: max(1, math.ceil(PROMOTED * len(alive)))]

    def _play(self, candidates: Sequence[Candidate], n: int) -> None:
        """Play candidates on the scenarios up to `n` that they have not been played on, and score them."""
        by_length: dict[int, list[Candidate]] = {}
        for one in candidates:
            by_length.setdefault(len(one.figures), []).append(one)
        for length, some in by_length.items():
            if length < n:
                sets = [self.problem.space.timing(one.values) for one in some]
                for one, figures in zip(some, self.problem.figures(sets, range(length, n)), strict=True):
                    one.figures += figures
                self.swaps += len(some) * (n - length)
        for one in candidates:
            one.scores[n] = self.problem.score(one.figures[:n], range(n), force_margin=margin(n))

    def _take_records(self, candidates: Sequence[Candidate]) -> bool:
        """Replace records by better candidates of the top rung. True if the wave's own target has a new one."""
        n, found = self.rungs[self.top], False
        for k, target in enumerate(self.targets):
            for one in candidates:
                if n in one.scores and target.rank(one.scores[n]) < target.rank(self.state.records[k].scores[n]):
                    self.state.records[k] = one
                    found |= k == self.state.target
        return found

    def _open_rung(self) -> None:
        """Play the best candidates on more scenarios, and choose the records anew.

        Not the start, where there is another: a set that breaks a constraint a little on the new scenarios is repaired
        sooner than one is found from the start again.
        """
        before = self.rungs[self.top]
        self.top += 1
        n = self.rungs[self.top]
        for k, target in enumerate(self.targets):
            reviewed = self.leaders(target, before)[:REVIEWED]
            numbers = dict.fromkeys([0, self.state.records[k].number, *(one.number for one in reviewed)])
            some = [self.state.played[number] for number in numbers]
            self._play(some, n)
            others = [one for one in some if one.number > 0] or some
            self.state.records[k] = min(others, key=lambda one: (target.rank(one.scores[n]), one.number))
        self._stagnant = self._on_rung = 0

    def leaders(self, target: Target, n: int) -> list[Candidate]:
        """Return the candidates that were played on `n` scenarios or more, the best first, of equal values one."""
        played = [one for one in self.state.played if n in one.scores]
        played.sort(key=lambda one: (target.rank(one.score), one.number))
        seen: dict[tuple[tuple[str, Value], ...], Candidate] = {}
        for one in played:
            seen.setdefault(tuple(sorted(one.values.items())), one)
        return list(seen.values())
