"""Candidates of a search, and what a sampler is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agents.experiments.trial import Figures
from agents.tune.score import Score
from agents.tune.space import Value
from twin import seeding

TIE_BREAK = 0.1
"""Weight of force and sway in a target of one objective: it keeps a search off its constraints, where most steps fail,
and among equally fast sets it takes the gentler one."""


@dataclass(frozen=True)
class Target:
    """A weighted sum of objectives that some of the candidates are made for."""

    name: str
    weights: tuple[tuple[str, float], ...]

    def value(self, score: Score) -> float:
        """Return the weighted sum, the better the lower; each per cent of scenarios lost to factory costs as much."""
        return score.shortfall + sum(weight * score.objectives[name] for name, weight in self.weights)

    def rank(self, score: Score) -> float:
        """Return the sort key: the value and the penalty of what is not met."""
        return self.value(score) + score.penalty


def targets_of(objectives: Sequence[str]) -> tuple[Target, ...]:
    """Return a target for each objective, and for several one that weighs them equally."""
    alone = []
    for name in objectives:
        each = dict.fromkeys((name, "force", "sway"))
        alone.append(Target(name, tuple((other, 1.0 if other == name else TIE_BREAK) for other in each)))
    if len(objectives) < 2:
        return tuple(alone)
    return (*alone, Target("balanced", tuple((name, 1.0 / len(objectives)) for name in objectives)))


@dataclass
class Candidate:
    """A point of the space, with the figures on the first scenarios and the scores at the rungs that it reached."""

    number: int
    values: dict[str, Value]
    target: int = 0
    figures: list[Figures] = field(default_factory=list)
    scores: dict[int, Score] = field(default_factory=dict)

    @property
    def deepest(self) -> int:
        """Number of scenarios of its last rung."""
        return max(self.scores, default=0)

    @property
    def score(self) -> Score:
        """Score at its last rung."""
        return self.scores[self.deepest]


@dataclass
class State:
    """What a sampler may know.

    Attributes:
        targets: the weighted sums that are searched for.
        records: best candidate of each target.
        played: all candidates whose rungs are over, by number.
        target: the target of the wave that is asked for.
    """

    targets: tuple[Target, ...]
    records: list[Candidate]
    played: list[Candidate] = field(default_factory=list)
    target: int = 0


class Sampler(Protocol):
    """Proposes candidates by waves."""

    def ask(self, numbers: Sequence[int], state: State) -> list[dict[str, Value]]:
        """Propose the values of the candidates with these numbers."""

    def tell(self, wave: Sequence[Candidate], state: State) -> None:
        """Take the candidates of a wave, after `state` has them."""


def candidate_seed(seed: int, number: int) -> int:
    """Seed of a candidate's own draws: a hash of the study's seed and its number."""
    return int(seeding.key(seed, f"tune candidate/{number}") >> 1)
