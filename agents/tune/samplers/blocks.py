"""Search by blocks: one phase (or one field of all phases) at a time, and what helped alone is put together.

The phases of a swap follow one another, so their gains nearly add up, and a change to one phase shows in the mechanical
time of two scenarios with common random numbers without noise. The moves, in the order in which they come:

1. graft: all phases, then each phase alone, as a set of the catalogue has it;
2. sweep: one field takes one value in all phases;
3. probe: one parameter takes a new value. One that changes no figure at all is dead: the control program does not use
   it in that phase, and it is left out from then on;
4. step: one to three live parameters of one phase, near by or anywhere; phases that gained more are chosen more often,
   and a phase's step widens when it succeeds and narrows when it fails (Rechenberg's 1/5 rule);
5. merge: the best change of several phases at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.tune.samplers.base import Candidate, State, candidate_seed
from agents.tune.space import Parameter, Space, Value
from twin import seeding

SWEEPS = 3
"""Values of each field that the first sweep tries in all phases."""
VOTES = 2
"""Different values without any effect after which a parameter is dead."""
APART = 0.15
"""Smallest distance of a probe from the present value, as a share of the range."""
FIRST_STEP, LEAST_STEP, MOST_STEP = 0.2, 0.02, 0.5
"""Standard deviation of a step near by, as a share of the range."""
WIDEN, NARROW = 1.3, 0.93
"""They balance at one success in five."""
NEAR_SHARE = 0.6
"""Share of steps near by; the others go anywhere."""
MAX_PARAMETERS = 3
SWEEP_SHARE = 0.05
"""Share of later candidates that sweep a field."""
KEPT_FROM = 8
"""Scenarios from which a change that helped is kept for merging."""
FORGET, LEAST_WEIGHT = 0.9, 0.05
MERGES = 4
"""Most candidates of a wave that put changes together."""


@dataclass
class Move:
    """How a candidate was made: from which one, by what, and the parameters that it changed."""

    base: Candidate
    kind: str
    changed: dict[str, Value]


@dataclass
class Blocks:
    """The sampler; see the module."""

    space: Space
    seed: int
    objectives: tuple[str, ...] = ("time",)
    dead: set[str] = field(default_factory=set)
    _votes: dict[str, set[Value]] = field(default_factory=dict)
    _steps: dict[str, float] = field(default_factory=dict)
    _gains: dict[str, float] = field(default_factory=dict)
    _moves: dict[int, Move] = field(default_factory=dict)
    _ideas: dict[int, dict[str, tuple[float, dict[str, Value]]]] = field(default_factory=dict)
    _queue: list[tuple[str, str, float]] | None = None

    # ------------------------------------------------------------------------------------------------------ proposals

    def ask(self, numbers: Sequence[int], state: State) -> list[dict[str, Value]]:
        if self._queue is None:
            self._queue = self._first_moves()
        merges = self._merges(state, len(numbers))
        return [self._made(number, state, merges) for number in numbers]

    def _first_moves(self) -> list[tuple[str, str, float]]:
        """(kind, what, share) of known sets, of the sweeps, then of grafts and of a probe of every parameter, mixed.

        What is: the number of a set and a phase or nothing; a field; a parameter. The share is of its range.
        """
        draw = seeding.stream(self.seed, "tune first moves")
        phases_own = [one for one in self.space.parameters if not one.optional]  # an axis' own come with the steps
        fields = list(dict.fromkeys(one.field for one in phases_own))
        sweeps = []
        for name in fields:
            some = next(one for one in self.space.parameters if one.field == name)
            count = len(some.choices) or SWEEPS
            sweeps += [("sweep", name, (k + 0.5) / count if some.choices else k / (count - 1)) for k in range(count)]
        probes = [("probe", one.name, float(draw.uniform())) for one in phases_own if one.phase]
        sets = [("graft", f"{k}", 0.0) for k in range(len(self.space.known))]
        probes += [("graft", f"{k}.{phase}", 0.0) for k in range(len(self.space.known)) for phase in self.space.phases]
        return [
            *sets,
            *(sweeps[i] for i in draw.permutation(len(sweeps))),
            *(probes[i] for i in draw.permutation(len(probes))),
        ]

    def _made(self, number: int, state: State, merges: list[dict[str, Value]]) -> dict[str, Value]:
        assert self._queue is not None
        base = state.records[state.target]
        draw = seeding.stream(candidate_seed(self.seed, number), "tune blocks")
        if merges:
            kind, changed = "merge", merges.pop(0)
        elif self._queue:
            kind, name, share = self._queue.pop(0)
            if kind == "graft":
                changed = self._grafted(name)
            else:
                changed = self._swept(name, share) if kind == "sweep" else self._probed(name, share, base)
        elif draw.uniform() < SWEEP_SHARE:
            fields = sorted({self.space.by_name[name].field for name in self._live()})
            kind, changed = "sweep", self._swept(str(draw.choice(fields)), float(draw.uniform()))
        else:
            kind, changed = "step", self._stepped(draw, base)
        changed = {name: value for name, value in changed.items() if value != base.values[name]}
        self._moves[number] = Move(base, kind, changed)
        return {**base.values, **changed}

    def _live(self) -> list[str]:
        """Parameters that are not dead, and not the axes' own of one that is."""
        live = [one for one in self.space.parameters if one.name not in self.dead and one.general not in self.dead]
        return [one.name for one in live] or list(self.space.by_name)

    def _grafted(self, name: str) -> dict[str, Value]:
        """Values of a known set, `NUMBER` or `NUMBER.PHASE`."""
        number, _, phase = name.partition(".")
        values = self.space.values_of(self.space.known[int(number)])
        return {one.name: values[one.name] for one in self.space.parameters if one.phase == phase or not phase}

    def _swept(self, name: str, share: float) -> dict[str, Value]:
        return {one.name: one.value(share) for one in self.space.parameters if one.field == name}

    def _probed(self, name: str, share: float, base: Candidate) -> dict[str, Value]:
        """A new value at least `APART` from the present one."""
        parameter = self.space.by_name[name]
        present = parameter.share(base.values[name])
        return {name: _other(parameter, present, share)}

    def _stepped(self, draw: np.random.Generator, base: Candidate) -> dict[str, Value]:
        """New values of some live parameters of one phase."""
        live: dict[str, list[Parameter]] = {}
        for name in self._live():
            live.setdefault(self.space.by_name[name].block, []).append(self.space.by_name[name])
        weights = np.array([self._gains.get(phase, 0.0) for phase in live])
        weights = weights / weights.sum() if weights.sum() > 0.0 else weights
        weights = weights + max(LEAST_WEIGHT, 1.0 / (2.0 * len(live)))
        phase = str(draw.choice(list(live), p=weights / weights.sum()))
        count = min(int(draw.integers(1, MAX_PARAMETERS + 1)), len(live[phase]))
        chosen = [live[phase][i] for i in sorted(draw.choice(len(live[phase]), count, replace=False).tolist())]
        near = draw.uniform() < NEAR_SHARE
        changed = {}
        for one in chosen:
            present = one.share(base.values[one.name])
            if near and not one.choices:
                share = present + self._steps.get(phase, FIRST_STEP) * float(draw.standard_normal())
                changed[one.name] = one.value(share)
            else:
                changed[one.name] = _other(one, present, float(draw.uniform()))
        return changed

    def _merges(self, state: State, wave: int) -> list[dict[str, Value]]:
        """Changes of several phases that helped alone: all of them, the better half, and the best pair."""
        ideas = self._ideas.pop(state.target, {})
        if not ideas:
            return []
        best = sorted(ideas, key=lambda phase: (-ideas[phase][0], phase))
        counts = dict.fromkeys((len(best), math.ceil(len(best) / 2), min(2, len(best)), 1))
        found = [{k: v for phase in best[:count] for k, v in ideas[phase][1].items()} for count in counts]
        return found[: min(MERGES, wave)]

    # ------------------------------------------------------------------------------------------------------- feedback

    def tell(self, wave: Sequence[Candidate], state: State) -> None:
        for candidate in wave:
            move = self._moves.pop(candidate.number, None)
            if move is not None:
                self._learn(candidate, move, state)

    def _learn(self, candidate: Candidate, move: Move, state: State) -> None:
        if not move.changed:
            return
        n = max(rung for rung in candidate.scores if rung in move.base.scores)
        target = state.targets[candidate.target]
        before, after = target.rank(move.base.scores[n]), target.rank(candidate.scores[n])
        better = after < before
        phases = {self.space.by_name[name].block for name in move.changed}
        if len(move.changed) == 1:
            self._vote(next(iter(move.changed.items())), candidate.figures[:n] == move.base.figures[:n])
        if move.kind == "step":
            (phase,) = phases
            step = self._steps.get(phase, FIRST_STEP) * (WIDEN if better else NARROW)
            self._steps[phase] = min(max(step, LEAST_STEP), MOST_STEP)
        gain = before - after
        for phase in phases:
            self._gains[phase] = FORGET * self._gains.get(phase, 0.0) + (1.0 - FORGET) * max(gain, 0.0) / len(phases)
        if better and candidate is not state.records[candidate.target] and n >= KEPT_FROM and move.kind != "merge":
            ideas = self._ideas.setdefault(candidate.target, {})
            key = "+".join(sorted(phases)) if len(phases) == 1 else self.space.by_name[next(iter(move.changed))].field
            if key not in ideas or ideas[key][0] < gain:
                ideas[key] = (gain, dict(move.changed))

    def _vote(self, change: tuple[str, Value], same: bool) -> None:
        """Count a value of one parameter that had no effect; any effect shows that the parameter lives."""
        name, value = change
        if not same:
            self._votes.pop(name, None)
            self.dead.discard(name)
            return
        votes = self._votes.setdefault(name, set())
        votes.add(value)
        if len(votes) >= VOTES:
            self.dead.add(name)


def _other(parameter: Parameter, present: float, share: float) -> Value:
    """Value at a share of the range without what lies within `APART` of the present one; of words another one."""
    if parameter.choices:
        words: list[Value] = [*parameter.choices, *([None] if parameter.optional else [])]
        others = [word for word in words if word != parameter.value(present)]
        return others[min(int(share * len(others)), len(others) - 1)]
    low, high = max(present - APART, 0.0), min(present + APART, 1.0)
    room = low + 1.0 - high
    found = share * room
    return parameter.value(found if found < low else found + high - low)
