"""Optuna's samplers by ask and tell, in memory: the ledger is the truth. Each ask has its own sampler seed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import optuna

from agents.tune.samplers.base import Candidate, State, candidate_seed
from agents.tune.score import CONSTRAINTS
from agents.tune.space import Space, Value

NSGA_POPULATION = 32


class _ByOptuna:
    """A study of Optuna, in memory."""

    def __init__(self, space: Space, seed: int, objectives: tuple[str, ...]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self.space, self.seed, self.objectives = space, seed, objectives
        self.study = optuna.create_study(directions=["minimize"] * len(self._values_names))
        self._running: dict[int, optuna.Trial] = {}
        self._distributions: dict[str, Any] = {
            one.name: optuna.distributions.CategoricalDistribution(one.choices)
            if one.choices and not one.optional
            else optuna.distributions.FloatDistribution(0.0, 1.0)
            for one in space.parameters
        }

    @property
    def _values_names(self) -> tuple[str, ...]:
        return ("target",)

    def _sampler(self, seed: int) -> Any:
        raise NotImplementedError

    def ask(self, numbers: Sequence[int], state: State) -> list[dict[str, Value]]:
        if not self.study.trials:  # the start, so that no sampler begins without it
            start = state.records[0]
            self._add(start, state)
        found = []
        for number in numbers:
            self.study.sampler = self._sampler(candidate_seed(self.seed, number) % 2**32)
            trial = self.study.ask(fixed_distributions=self._distributions)
            self._running[number] = trial
            found.append(
                {
                    one.name: trial.params[one.name]
                    if one.choices and not one.optional
                    else one.value(trial.params[one.name])
                    for one in self.space.parameters
                }
            )
        return found

    def _add(self, candidate: Candidate, state: State) -> None:
        shares: dict[str, Any] = {
            one.name: candidate.values[one.name]
            if one.choices and not one.optional
            else one.share(candidate.values[one.name])
            for one in self.space.parameters
        }
        trial = optuna.create_trial(
            params=shares, distributions=self._distributions, values=self._values(candidate, state)
        )
        self.study.add_trial(trial)

    def _values(self, candidate: Candidate, state: State) -> list[float]:
        return [state.targets[0].value(candidate.score)]

    def tell(self, wave: Sequence[Candidate], state: State) -> None:
        for candidate in wave:
            trial = self._running.pop(candidate.number)
            for name in CONSTRAINTS:
                trial.set_constraint(name, candidate.score.broken.get(name, 0.0))
            self.study.tell(trial, self._values(candidate, state))


class Tpe(_ByOptuna):
    """Tree-structured Parzen estimator with constraints (Watanabe and Hutter 2023)."""

    def _sampler(self, seed: int) -> Any:
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True, n_startup_trials=32)


class Nsga2(_ByOptuna):
    """NSGA-II over the objectives, at least time and force (Deb et al. 2002)."""

    @property
    def _values_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.objectives, "time", "force")))

    def _values(self, candidate: Candidate, state: State) -> list[float]:
        return [candidate.score.objectives[name] for name in self._values_names]

    def _sampler(self, seed: int) -> Any:
        return optuna.samplers.NSGAIISampler(seed=seed, population_size=NSGA_POPULATION)
