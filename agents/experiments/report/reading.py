"""An experiment's trials for a report, from a ledger or from a table that `experiment run --table` wrote.

Trials are read one at a time. In memory stay the columns that a report uses: 8 bytes a trial and figure, and 40 bytes a
trial for setting, seed and outcome.
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.ledger import Ledger
from agents.experiments.report.data import PHASE, Setting, Trials
from agents.experiments.report.metrics import FAILED, KNOWN, RETRIES
from agents.experiments.results import results_of
from agents.experiments.spec import Spec
from agents.experiments.tables import ENDINGS, OUTCOME, read_rows
from agents.experiments.trial import COMPLETED
from twin.errors import InputError

OF_SETTING = "throughput."
"""Columns of a day of the station: a setting has one, whatever the seed."""
ATTEMPTS, VIOLATIONS, SPANS, ERROR = "insert_attempts", "violations", "phase_spans", "error"
NOT_METRICS = (ERROR, SPANS, ATTEMPTS, VIOLATIONS, OUTCOME, "setting", "seed")
BOUNDS = ("lower_bound_s", "procedure_bound_s")
NEEDED = ("seed", OUTCOME, "mechanical_time_s")
"""Columns without which a table is none."""


def load(path: str, key: str, spec: str | None = None, metric: str | None = None) -> Trials:
    """Load a ledger or a table.

    Args:
        path: of the file.
        key: the argument's name, for messages.
        spec: file of the specification, where the ledger has several experiments.
        metric: a figure beyond those that every report uses; None: none.

    Raises:
        InputError: the file is missing or is neither, has no experiment or several, or has no trial.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no such file", key=key, value=path)
    columns = _Columns(metric, file)
    if file.suffix in ENDINGS:
        return _from_table(file, key, columns)
    study = _study(spec) if spec is not None else None
    with Ledger(file, key, read_only=True) as ledger:
        results = results_of(ledger, study)
        for number, seed, figures in results.trials():
            columns.add(number, seed, figures)
        in_progress = ledger.in_use
    if not len(columns):
        raise InputError(f"has no trial yet{': a run is in progress' if in_progress else ''}", key=key, value=path)
    found = columns.trials(file.name, results.spec, results.version, results.settings)
    numbers, seeds, study = found.setting, found.seed, results.study

    def spans(index: int) -> str:
        seed = int(seeds[index])
        with Ledger(file, key, read_only=True) as again:
            [(_, _, plain)] = again.runs(study, int(numbers[index]), range(seed, seed + 1))
        return str(plain.get(SPANS) or "")

    return replace(found, spans=spans, in_progress=in_progress)


def _study(spec: str) -> str:
    from agents.experiments.run import study_key
    from agents.experiments.spec import load_spec

    return study_key(load_spec(spec))


def _from_table(file: Path, key: str, columns: _Columns) -> Trials:
    settings: list[Setting] = []
    for number, levels, row in _with_settings(read_rows(file, key), file):
        if number == len(settings):
            settings.append(levels)
        columns.add(number, row["seed"], {name: value for name, value in row.items() if name not in levels})
    if not len(columns):
        raise InputError("has no trial", key=key, value=str(file))

    def spans(index: int) -> str:
        [row] = itertools.islice(read_rows(file, key), index, index + 1)
        return str(row.get(SPANS) or "")

    return replace(columns.trials(file.name, None, "", settings), spans=spans)


def _with_settings(rows: Iterable[Mapping[str, Any]], file: Path) -> Iterator[tuple[int, Setting, Mapping[str, Any]]]:
    """Rows of a table with number and levels of their setting, in the order of the settings' numbers or of the rows."""
    names: list[str] | None = None
    known: dict[tuple[Any, ...], int] = {}
    for row in rows:
        if names is None:
            for needed in NEEDED:
                if needed not in row:
                    allowed = "a table that experiment run --table wrote"
                    raise InputError("no such column", file=str(file), key=needed, allowed=allowed)
            before = itertools.takewhile(lambda name: name != OUTCOME, row)
            names = [name for name in before if name not in ("setting", "seed")]
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


class _Columns:
    """Takes trials apart as they come."""

    def __init__(self, metric: str | None, file: Path) -> None:
        self._file = file
        self._kept = {*KNOWN, *BOUNDS, *([metric] if metric is not None else [])}
        self._setting, self._seed = array("q"), array("q")
        self._outcome: list[str] = []
        self._violations: list[str] = []
        self._errors: list[str] = []
        self._columns: dict[str, array[float]] = {}
        self._others: dict[str, bool] = {}
        """Figures that are not kept: True if a completed trial has it."""
        self._texts: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._outcome)

    def add(self, number: int, seed: Any, figures: Mapping[str, Any]) -> None:
        """Add a trial: its setting's number, seed and figures by column.

        Raises:
            InputError: a value that is no number.
        """
        count, name, value = len(self._outcome), "seed", seed
        try:
            outcome = self._text(figures[OUTCOME])
            for name, value in figures.items():
                if name in NOT_METRICS or value is None or value == "":
                    continue
                if name in self._kept or name.startswith(PHASE):
                    self._put(name, count, float(value))
                elif not self._others.get(name) and not name.startswith(OF_SETTING):
                    self._others[name] = outcome == COMPLETED and math.isfinite(float(value))
            attempts = [int(one) for one in str(figures.get(ATTEMPTS) or "").split()]
            if attempts:
                self._put(RETRIES, count, float(sum(attempts) - len(attempts)))
            name, value = "seed", seed
            self._seed.append(int(seed))
        except (TypeError, ValueError):
            problem = f"row {count + 1} has a value that is no number"
            raise InputError(problem, file=self._file, key=name, value=value) from None
        self._setting.append(number)
        self._outcome.append(outcome)
        self._violations.append(self._text(figures.get(VIOLATIONS) or ""))
        self._errors.append(self._text(figures.get(ERROR) or ""))

    def _put(self, name: str, count: int, value: float) -> None:
        values = self._columns.setdefault(name, array("d"))
        if len(values) < count:  # trials that lack the figure
            values.extend(itertools.repeat(math.nan, count - len(values)))
        values.append(value)

    def _text(self, value: Any) -> str:
        """One object for equal texts."""
        text = str(value)
        return self._texts.setdefault(text, text)

    def trials(self, source: str, spec: Spec | None, version: str, settings: list[Setting]) -> Trials:
        """Return the trials; their spans are not known yet."""
        count = len(self._outcome)
        for values in self._columns.values():
            values.extend(itertools.repeat(math.nan, count - len(values)))
        columns = {name: np.frombuffer(values) for name, values in self._columns.items()}
        columns[FAILED] = np.array([float(one != COMPLETED) for one in self._outcome])
        return Trials(
            source,
            spec,
            version,
            settings,
            np.frombuffer(self._setting, dtype=np.int64),
            np.frombuffer(self._seed, dtype=np.int64),
            self._outcome,
            self._violations,
            self._errors,
            columns,
            lambda _: "",
            tuple(name for name, present in self._others.items() if present),
        )
