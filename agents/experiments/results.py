"""An experiment's results, read from the ledger as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from agents.experiments.ledger import Ledger
from agents.experiments.spec import Spec, spec_from_plain
from agents.experiments.trial import Figures
from twin.errors import InputError

ORDER = tuple(one.name for one in fields(Figures))
"""Figures in the order of a table's columns; the ledger's JSON is sorted by name."""


@dataclass(frozen=True)
class Results:
    """An experiment in a ledger, which stays open while results are read: one trial is in memory at a time.

    Attributes:
        study: its key.
        version: of the program that played it.
        settings: levels by factor, in the order of their numbers.
    """

    ledger: Ledger
    study: str
    spec: Spec
    version: str
    settings: list[dict[str, Any]]

    def figures(self, number: int, seeds: range | None = None) -> Iterator[tuple[int, Figures]]:
        """Yield (seed, figures) of a setting's trials, by rising seed; `seeds`: of these alone."""
        for _, seed, plain in self.ledger.runs(self.study, number, seeds):
            yield seed, Figures.from_plain(plain)

    def trials(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Yield (setting's number, seed, figures by column of the table) of every trial, setting by setting."""
        for number, seed, plain in self.ledger.runs(self.study):
            yield number, seed, columns(plain)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a trial: number and levels of the setting, seed, figures."""
        for number, seed, figures in self.trials():
            yield {"setting": number, **self.settings[number], "seed": seed, **figures}


def results_of(ledger: Ledger, study: str | None = None) -> Results:
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
    return Results(ledger, study, spec, str(found[study]["version"]), settings)


def columns(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Figures as the columns of a table: tuples as text, figures by name in a column each."""
    found: dict[str, Any] = {}
    for name in ORDER:
        value = plain.get(name)
        if isinstance(value, dict):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        elif isinstance(value, list):
            found[name] = " ".join(str(one) for one in value)
        else:
            found[name] = value
    return found
