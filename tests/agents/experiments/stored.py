"""Results that nobody played, in a ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.experiments.ledger import Ledger
from agents.experiments.results import Results, results_of
from agents.experiments.run import _specification, study_key
from agents.experiments.spec import Spec
from agents.experiments.trial import Figures


@dataclass(frozen=True)
class Stored:
    """What a ledger takes in place of a trial."""

    key: str

    def as_plain(self) -> dict[str, Any]:
        return {"synthetic": self.key}


def store(
    ledger: Ledger, spec: Spec, settings: Sequence[Mapping[str, Any]], figures: Sequence[Mapping[int, Figures]]
) -> Results:
    """Write figures by setting and seed."""
    study = study_key(spec)
    ledger.begin_study(study, _specification(spec))
    ledger.put_candidates(study, dict(enumerate(settings)))
    runs = [(number, seed, one) for number, of in enumerate(figures) for seed, one in of.items()]
    ledger.put((Stored(f"{number} {seed}"), one) for number, seed, one in runs)  # type: ignore[misc]
    ledger.put_runs(study, [(number, seed, f"{number} {seed}") for number, seed, _ in runs])
    return results_of(ledger, study)


def in_memory(spec: Spec, settings: Sequence[Mapping[str, Any]], figures: Sequence[Mapping[int, Figures]]) -> Results:
    """Results in a ledger of their own."""
    return store(Ledger(None), spec, settings, figures)
