"""CMA-ES over the unit cube (Hansen 2016), from the start; words are parts of a coordinate, constraints a penalty."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.tune.samplers.base import Candidate, State, candidate_seed
from agents.tune.space import Space, Value

FIRST_SIGMA = 0.15


class CmaEs:
    """One generation a wave. Its normal draws come from the seed and the candidate's number."""

    def __init__(self, space: Space, seed: int, objectives: tuple[str, ...]) -> None:
        self.space, self.seed = space, seed
        self._strategy: Any = None
        self._first = 0
        self._asked: dict[int, np.ndarray] = {}

    def ask(self, numbers: Sequence[int], state: State) -> list[dict[str, Value]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it would plot with matplotlib
            import cma
        if self._strategy is None:
            start = state.records[0].values
            middle = [one.share(start[one.name]) for one in self.space.parameters]
            options = {"bounds": [0.0, 1.0], "popsize": len(numbers), "verbose": -9, "seed": 1, "CMA_diagonal": True}
            options["randn"] = self._normal
            self._strategy = cma.CMAEvolutionStrategy(middle, FIRST_SIGMA, options)
        self._first = numbers[0]
        points = self._strategy.ask(len(numbers))
        self._asked = dict(zip(numbers, points, strict=True))
        return [
            {one.name: one.value(float(x)) for one, x in zip(self.space.parameters, point, strict=True)}
            for point in points
        ]

    def _normal(self, *shape: int) -> np.ndarray:
        draw = np.random.Generator(np.random.PCG64(candidate_seed(self.seed, self._first)))
        return draw.standard_normal(shape)

    def tell(self, wave: Sequence[Candidate], state: State) -> None:
        points = [self._asked[one.number] for one in wave]
        if len(points) < 2 * self._strategy.sp.weights.mu // 2 + 1:  # a last, shorter wave
            return
        values = [state.targets[0].rank(one.score) for one in wave]
        self._strategy.tell(points, values)
