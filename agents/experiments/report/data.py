"""An experiment's trials as columns, from a ledger or from a table that `experiment run --table` wrote."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.compare import NOT_LEVELS
from agents.experiments.ledger import Ledger
from agents.experiments.report import estimates
from agents.experiments.report.estimates import Estimate
from agents.experiments.report.metrics import FAILED, RETRIES
from agents.experiments.resolving import FAULT, VARIATION
from agents.experiments.run import experiment_of, results_rows
from agents.experiments.spec import SAMPLED, Spec
from agents.experiments.trial import COMPLETED
from twin.errors import InputError

Array = np.ndarray
Setting = dict[str, Any]
PHASE = "phases_s."
CIRCUMSTANCES = ("station", "truck", "pack", "parking", "conditions", FAULT, *VARIATION)
"""Factors that are given rather than chosen: where others vary too, settings are compared over all of their levels."""
OF_SETTING = "throughput."
"""Columns of a day of the station: a setting has one, whatever the seed."""
NOT_METRICS = ("error", "phase_spans", "insert_attempts", "violations", NOT_LEVELS)


@dataclass(frozen=True)
class Trials:
    """Trials of one experiment.

    Attributes:
        source: name of the file.
        spec: None of a table, which has levels alone.
        version: of the program that played them; empty of a table.
        settings: levels by factor, by number.
        setting, seed: (n,) of each trial.
        outcome, violations, spans, errors: n texts.
        columns: (n,) of each figure; NaN where a trial has none.
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
    spans: list[str]
    errors: list[str]
    columns: dict[str, Array] = field(repr=False)
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
        return [
            name
            for name, values in self.columns.items()
            if not name.startswith(PHASE) and bool(np.isfinite(values[self.completed]).any())
        ]


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


def load(path: str, key: str, spec: str | None = None) -> Trials:
    """Load a ledger or a table.

    Args:
        path: of the file.
        key: the argument's name, for messages.
        spec: file of the specification, where the ledger has several experiments.

    Raises:
        InputError: the file is missing or is neither, has no experiment or several, or has no trial.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no such file", key=key, value=path)
    if file.suffix in (".csv", ".parquet"):
        return _from_table(file, path, key)
    with Ledger(file, key) as ledger:
        experiment = experiment_of(ledger, _study(spec) if spec is not None else None)
        settings = experiment.settings
        reader = _Reader(results_rows(ledger, experiment))
    if not reader.outcome:
        raise InputError("has no trial yet", key=key, value=path)
    return reader.trials(file.name, experiment.spec, experiment.version, settings)


def _study(spec: str) -> str:
    from agents.experiments.run import study_key
    from agents.experiments.spec import load_spec

    return study_key(load_spec(spec))


def _from_table(file: Path, path: str, key: str) -> Trials:
    rows: Iterable[Mapping[str, Any]]
    try:
        if file.suffix == ".csv":
            with file.open(newline="", encoding="utf-8") as stream:
                reader = _Reader(_with_settings(csv.DictReader(stream), path))
        else:
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                rows = pq.read_table(file).to_pylist()
            except pa.ArrowInvalid:
                raise InputError("is no Parquet file", key=key, value=path) from None
            reader = _Reader(_with_settings(rows, path))
    except (UnicodeDecodeError, csv.Error):
        raise InputError("is no table of experiment run", key=key, value=path) from None
    if not reader.outcome:
        raise InputError("has no trial", key=key, value=path)
    numbers = sorted(reader.levels)
    renumbered = {number: k for k, number in enumerate(numbers)}
    reader.setting = [renumbered[number] for number in reader.setting]
    return reader.trials(file.name, None, "", [reader.levels[number] for number in numbers])


def _with_settings(rows: Iterable[Mapping[str, Any]], path: str) -> Iterator[tuple[int, Setting, Mapping[str, Any]]]:
    """Rows of a table with number and levels of their setting."""
    names: list[str] | None = None
    known: dict[tuple[Any, ...], int] = {}
    for row in rows:
        if names is None:
            for needed in ("seed", NOT_LEVELS, "mechanical_time_s"):
                if needed not in row:
                    allowed = "a table that experiment run --table wrote"
                    raise InputError("no such column", file=path, key=needed, allowed=allowed)
            columns = list(row)
            names = [name for name in columns[: columns.index(NOT_LEVELS)] if name not in ("setting", "seed")]
        levels = {name: _level(row[name]) for name in names}
        number = known.setdefault(tuple(levels.values()), len(known))
        yield number, levels, row


def _level(text: Any) -> Any:
    """A level as it was before it was written: a number where it is one."""
    if not isinstance(text, str):
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False}.get(text, text)


class _Reader:
    """Takes rows apart as they come: memory grows by 8 bytes a figure."""

    def __init__(self, rows: Iterable[tuple[int, Setting, Mapping[str, Any]]]) -> None:
        self.levels: dict[int, Setting] = {}
        self.setting: list[int] = []
        self.seed: list[int] = []
        self.outcome: list[str] = []
        self.violations: list[str] = []
        self.spans: list[str] = []
        self.errors: list[str] = []
        self.columns: dict[str, list[float]] = {}
        for number, levels, row in rows:
            self.levels.setdefault(number, levels)
            self._add(number, levels, row)

    def _add(self, number: int, levels: Setting, row: Mapping[str, Any]) -> None:
        count = len(self.outcome)
        try:
            self.setting.append(number)
            self.seed.append(int(row["seed"]))
            self.outcome.append(str(row[NOT_LEVELS]))
            for name, text in row.items():
                if name in levels or name in NOT_METRICS or name in ("setting", "seed") or name.startswith(OF_SETTING):
                    continue
                values = self.columns.get(name)
                if values is None:
                    values = self.columns[name] = [math.nan] * count
                values.append(math.nan if text is None or text == "" else float(text))
            attempts = [int(one) for one in str(row.get("insert_attempts") or "").split()]
        except (TypeError, ValueError):
            raise InputError(f"row {count + 1} has a value that is no number", key="TABLE") from None
        self.columns.setdefault(RETRIES, [math.nan] * count).append(
            float(sum(attempts) - len(attempts)) if attempts else math.nan
        )
        for values in self.columns.values():
            if len(values) == count:
                values.append(math.nan)
        self.violations.append(str(row.get("violations") or ""))
        self.spans.append(str(row.get("phase_spans") or ""))
        self.errors.append(str(row.get("error") or ""))

    def trials(self, source: str, spec: Spec | None, version: str, settings: list[Setting]) -> Trials:
        columns = {name: np.array(values) for name, values in self.columns.items()}
        columns[FAILED] = np.array([float(one != COMPLETED) for one in self.outcome])
        return Trials(
            source,
            spec,
            version,
            settings,
            np.array(self.setting, dtype=int),
            np.array(self.seed, dtype=np.int64),
            self.outcome,
            self.violations,
            self.spans,
            self.errors,
            columns,
        )
