"""Random search, the lower reference: over the whole space, or over one to three phases of the start."""

from __future__ import annotations

from collections.abc import Sequence

from agents.tune.samplers.base import Candidate, State, candidate_seed
from agents.tune.space import Space, Value
from twin import seeding

MAX_PHASES = 3


class Uniform:
    """Every parameter uniform over its range."""

    def __init__(self, space: Space, seed: int, objectives: tuple[str, ...]) -> None:
        self.space, self.seed = space, seed

    def ask(self, numbers: Sequence[int], state: State) -> list[dict[str, Value]]:
        return [self._drawn(number) for number in numbers]

    def _drawn(self, number: int) -> dict[str, Value]:
        draw = seeding.stream(candidate_seed(self.seed, number), "tune uniform")
        return {one.name: one.value(draw.uniform()) for one in self.space.parameters}

    def tell(self, wave: Sequence[Candidate], state: State) -> None:
        """Learn nothing."""


class Phases(Uniform):
    """The best candidate so far with one to three phases drawn anew."""

    def ask(self, numbers: Sequence[int], state: State) -> list[dict[str, Value]]:
        base = state.records[state.target].values
        found = []
        for number in numbers:
            draw = seeding.stream(candidate_seed(self.seed, number), "tune phases")
            blocks = list(dict.fromkeys(one.block for one in self.space.parameters))
            count = int(draw.integers(1, MAX_PHASES + 1))
            chosen = set(draw.choice(blocks, count, replace=False).tolist())
            drawn = self._drawn(number)
            found.append(
                {one.name: drawn[one.name] if one.block in chosen else base[one.name] for one in self.space.parameters}
            )
        return found
