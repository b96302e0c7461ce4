"""Run an experiment: its trials by the ledger, then its table of results."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.resolving import Plan
from agents.experiments.spec import Spec, spec_from_plain
from agents.experiments.trial import Figures, digest, program_version
from twin.console import atomic_write
from twin.errors import InputError

CHUNK = 1024
"""Trials that are handed to the processes at once: what memory grows by."""
CLUSTER_CHUNK = 16 * CHUNK
"""The same for a cluster, where at the end of each chunk more processes wait for the last one."""


@dataclass
class Progress:
    """Trials of the experiment that have a result, of all; and how many of them were there before this run."""

    trials: int
    done: int = 0
    resumed: int = 0
    failed: int = 0


def study_key(spec: Spec) -> str:
    """Key of an experiment in a ledger: what it asks, the order of its factors and the program's version.

    A day of the station is made of its swaps and adds none: the same trials serve another one.
    """
    return digest(_specification(spec.model_copy(update={"throughput": None})))


def _specification(spec: Spec) -> dict[str, Any]:
    """What the ledger keeps. The order of factors numbers the settings, and canonical JSON sorts keys."""
    return {"experiment": spec.as_plain(), "factors": list(spec.factors), "version": program_version()}


def run(
    plan: Plan,
    ledger: Ledger,
    campaign: Campaign,
    on_chunk: Callable[[Progress], None] | None = None,
    chunk: int | None = None,
) -> Progress:
    """Play what the ledger does not have, `chunk` trials at once (None: `CHUNK`).

    A trial that did not complete is a result too.
    """
    study = study_key(plan.spec)
    ledger.begin_study(study, _specification(plan.spec))
    ledger.put_candidates(study, {n: resolved.setting for n, resolved in enumerate(plan.settings)})
    progress = Progress(plan.trials)
    for part in _parts(plan, CHUNK if chunk is None else chunk):
        trials = [plan.settings[number].trial(seed) for number, seed in part]
        before = campaign.counts.found
        figures = campaign.play(trials)
        ledger.put_runs(study, [(n, seed, trial.key) for (n, seed), trial in zip(part, trials, strict=True)])
        progress.done += len(part)
        progress.resumed += campaign.counts.found - before
        progress.failed += sum(not one.completed for one in figures)
        if on_chunk is not None:
            on_chunk(progress)
    return progress


def _parts(plan: Plan, chunk: int) -> Iterator[list[tuple[int, int]]]:
    """Trials as (setting, seed), seed by seed: a run that is stopped early has all settings on the same seeds."""
    part: list[tuple[int, int]] = []
    for seed in plan.seeds:
        for number in range(len(plan.settings)):
            part.append((number, seed))
            if len(part) == chunk:
                yield part
                part = []
    if part:
        yield part


@dataclass(frozen=True)
class Experiment:
    """An experiment in a ledger.

    Attributes:
        study: its key.
        version: of the program that played it.
        settings: levels by factor, in the order of their numbers.
    """

    study: str
    spec: Spec
    version: str
    settings: list[dict[str, Any]]


@dataclass(frozen=True)
class Results:
    """An experiment's results as the ledger has them.

    Attributes:
        settings: levels by factor, in the order of their numbers.
        figures: of each setting, by seed.
    """

    spec: Spec
    settings: list[dict[str, Any]]
    figures: list[dict[int, Figures]]


def experiment_of(ledger: Ledger, study: str | None = None) -> Experiment:
    """Return the ledger's experiment of that key; None: the only one that it has.

    Raises:
        InputError: the ledger has no experiment, or several and `study` names none of them.
    """
    found = {key: of for key, of in ledger.specifications().items() if "experiment" in of}
    if study is None:
        if len(found) != 1:
            problem = "has no experiment" if not found else f"has {len(found)} experiments"
            raise InputError(f"the ledger {problem}", key="LEDGER", value=str(ledger.path))
        study = next(iter(found))
    if study not in found:
        problem = "the ledger has no trial of this specification, as this version of the program plays it"
        raise InputError(problem, key="LEDGER", value=str(ledger.path))
    plain: dict[str, Any] = dict(found[study]["experiment"])
    factors: dict[str, Any] = plain.get("factors", {})
    order: list[str] = found[study].get("factors") or list(factors)
    plain["factors"] = {name: factors[name] for name in order}
    spec = spec_from_plain(plain)
    candidates = ledger.candidates(study)
    settings = [{name: candidates[number][name] for name in spec.factors or candidates[number]}
                for number in sorted(candidates)]  # fmt: skip
    return Experiment(study, spec, str(found[study]["version"]), settings)


def results_of(ledger: Ledger, study: str | None = None) -> Results:
    """Read the results of a ledger's experiment, as `experiment_of` finds it.

    Raises:
        InputError: as there.
    """
    found = experiment_of(ledger, study)
    figures: list[dict[int, Figures]] = [{} for _ in found.settings]
    for number, seed, one in ledger.runs(found.study):
        figures[number][seed] = one
    return Results(found.spec, found.settings, figures)


def results_rows(ledger: Ledger, experiment: Experiment) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Yield number and levels of the setting, and the row, of each trial: as `rows_of`, in memory one at a time."""
    for number, seed, figures in ledger.runs(experiment.study):
        setting = experiment.settings[number]
        yield number, setting, {"setting": number, **setting, "seed": seed, **_columns(figures)}


def rows_of(results: Results) -> Iterator[dict[str, Any]]:
    """Yield one row a trial: levels by factor, seed, key figures; tuples as text, figures by name in columns."""
    for number, (setting, by_seed) in enumerate(zip(results.settings, results.figures, strict=True)):
        for seed, figures in by_seed.items():
            yield {"setting": number, **setting, "seed": seed, **_columns(figures)}


def _columns(figures: Figures) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in asdict(figures).items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        elif isinstance(value, tuple | list):
            found[name] = " ".join(str(one) for one in value)
        else:
            found[name] = value
    return found


def write_table(results: Results, path: Path, more: Callable[[int, int], Mapping[str, Any]] | None = None) -> None:
    """Write the rows as CSV or, by the name's ending, Parquet; `more` gives further columns of a setting and seed."""
    rows = list(rows_of(results))
    if more is not None:
        rows = [{**row, **more(row["setting"], row["seed"])} for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with atomic_write(path) as file:
        if path.suffix == ".parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            pq.write_table(pa.table({name: _column([row.get(name) for row in rows]) for name in names}), file)
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        file.write(text.getvalue().encode())


def _column(values: Sequence[Any]) -> list[Any]:
    """Values of one type: a factor whose levels are numbers and words becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        return [None if value is None else str(value) for value in values]
    return [float(value) if kinds == {int, float} and value is not None else value for value in values]
