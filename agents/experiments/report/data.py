"""An experiment's trials as columns, which a report is made of."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from agents.experiments.report import estimates
from agents.experiments.report.estimates import Estimate
from agents.experiments.report.metrics import FAILED
from agents.experiments.resolving import FAULT, VARIATION
from agents.experiments.spec import SAMPLED, Spec
from agents.experiments.trial import COMPLETED

Array = np.ndarray
Setting = dict[str, Any]
PHASE = "phases_s."
CIRCUMSTANCES = ("station", "truck", "pack", "parking", "conditions", FAULT, *VARIATION)
"""Factors that are given rather than chosen: where others vary too, settings are compared over all of their levels."""


@dataclass(frozen=True)
class Trials:
    """Trials of one experiment.

    Attributes:
        source: name of the file.
        spec: None of a table, which has levels alone.
        version: of the program that played them; empty of a table.
        settings: levels by factor, by number.
        setting, seed: (n,) of each trial.
        outcome, violations, errors: n texts.
        columns: (n,) of each figure that was loaded; NaN where a trial has none.
        spans: phases of a trial, by its index: read from the file as it is asked for.
        not_loaded: other figures that some completed trial has.
        in_progress: True if a run of the experiment writes to the ledger.
        circumstances: levels that every setting was played in; none where settings are compared as they are.
        circumstance: (n,) number of each trial's.
    """

    source: str
    spec: Spec | None
    version: str
    settings: list[Setting]
    setting: Array
    seed: Array
    outcome: list[str]
    violations: list[str]
    errors: list[str]
    columns: dict[str, Array] = field(repr=False)
    spans: Callable[[int], str] = field(repr=False)
    not_loaded: tuple[str, ...] = ()
    in_progress: bool = False
    circumstances: list[Setting] = field(default_factory=list)
    circumstance: Array | None = None

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def planned(self) -> int:
        """Trials of the whole experiment; those that were played, of a table."""
        every = len(self.settings) * max(1, len(self.circumstances))
        return every * self.spec.swaps if self.spec is not None else len(self)

    @property
    def factors(self) -> list[str]:
        """Names of the factors, in the specification's order."""
        return list(self.settings[0]) if self.settings else []

    @cached_property
    def completed(self) -> Array:
        """(n,) True of each trial that completed."""
        return np.array([one == COMPLETED for one in self.outcome], dtype=bool)

    @cached_property
    def seeds(self) -> Array:
        """The seeds, in order."""
        return np.unique(self.seed)

    @cached_property
    def _column_of(self) -> Array:
        """(n,) column of each trial in a grid: its seed, and before that its circumstance."""
        column = np.searchsorted(self.seeds, self.seed)
        return column if self.circumstance is None else self.circumstance * len(self.seeds) + column

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.settings), max(1, len(self.circumstances)) * len(self.seeds)

    def by_seed(self, rows: Array) -> Array:
        """(..., seeds) mean over the circumstances of (..., columns), of those that have a value."""
        if not self.circumstances:
            return rows
        cells = rows.reshape(*rows.shape[:-1], len(self.circumstances), len(self.seeds))
        good = np.isfinite(cells)
        n = good.sum(axis=-2)
        return np.divide(np.where(good, cells, 0.0).sum(axis=-2), n, out=np.full(n.shape, math.nan), where=n > 0)

    def mean(self, row: Array, level: float = estimates.LEVEL) -> Estimate:
        """Mean of a row of a grid, over seeds, which are independent; circumstances of one seed are not."""
        return estimates.mean(self.by_seed(row), level)

    def median(self, row: Array) -> Estimate:
        """Median of a row of a grid; over circumstances without an interval."""
        found = estimates.median(row)
        return Estimate(found.value, None, None, found.n) if self.circumstances else found

    def column_words(self, column: int) -> str:
        """Seed and circumstance of a column."""
        circumstance, seed = divmod(column, len(self.seeds))
        levels = self.circumstances[circumstance].items() if self.circumstances else ()
        return ", ".join([f"seed {int(self.seeds[seed])}", *(f"{name} {level}" for name, level in levels)])

    @cached_property
    def done(self) -> Array:
        """(settings, seeds) True where a trial completed."""
        found = np.zeros(self._shape, dtype=bool)
        found[self.setting, self._column_of] = self.completed
        return found

    @cached_property
    def played(self) -> Array:
        """(settings, seeds) True where a trial has a result."""
        found = np.zeros(self._shape, dtype=bool)
        found[self.setting, self._column_of] = True
        return found

    def grid(self, name: str) -> Array:
        """(settings, seeds) of a figure; NaN where the trial did not complete, was not played or lacks the figure."""
        found = np.full(self._shape, math.nan)
        values = self.columns[name] if name == FAILED else np.where(self.completed, self.columns[name], math.nan)
        found[self.setting, self._column_of] = values
        return found

    def where(self, setting: int, column: int) -> int | None:
        """Index of a trial."""
        found = np.flatnonzero((self.setting == setting) & (self._column_of == column))
        return int(found[0]) if len(found) else None

    @property
    def phases(self) -> list[str]:
        """Names of the phases that any trial has, in the order of a swap."""
        from twin.catalogue.schema import PHASES

        order = {name: place for names in PHASES.values() for place, name in enumerate(names)}
        names = [name.removeprefix(PHASE) for name in self.columns if name.startswith(PHASE)]
        return sorted(names, key=lambda name: order.get(name, len(order)))

    @property
    def metrics(self) -> list[str]:
        """Figures that may be asked for: those that some completed trial has."""
        loaded = [
            name
            for name, values in self.columns.items()
            if not name.startswith(PHASE) and bool(np.isfinite(values[self.completed]).any())
        ]
        return [*loaded, *self.not_loaded]


def over_circumstances(trials: Trials, over: Sequence[str] | None = None) -> Trials:
    """Return the trials with settings of the chosen factors alone, played in every circumstance.

    Args:
        over: factors that make the circumstances; None: those of `CIRCUMSTANCES`.

    The same trials come back where no factor is one, where all are, or where settings were not all played in the same
    circumstances.
    """
    if trials.spec is not None and trials.spec.design.kind in SAMPLED:
        return trials
    several = [name for name in trials.factors if len({repr(one[name]) for one in trials.settings}) > 1]
    given = [name for name in several if name in (CIRCUMSTANCES if over is None else over)]
    if not given or len(given) == len(several):
        return trials
    options: dict[str, int] = {}
    cases: dict[str, int] = {}
    option_of, case_of = [], []
    settings: list[Setting] = []
    circumstances: list[Setting] = []
    for setting in trials.settings:
        chosen = {name: level for name, level in setting.items() if name not in given}
        case = {name: setting[name] for name in given}
        option_of.append(options.setdefault(repr(chosen), len(options)))
        case_of.append(cases.setdefault(repr(case), len(cases)))
        settings += [chosen] if len(options) > len(settings) else []
        circumstances += [case] if len(cases) > len(circumstances) else []
    if len(options) * len(cases) != len(trials.settings) or len(options) < 2:
        return trials
    return dataclasses.replace(
        trials,
        settings=settings,
        setting=np.array(option_of)[trials.setting],
        circumstances=circumstances,
        circumstance=np.array(case_of)[trials.setting],
    )
