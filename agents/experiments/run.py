"""Run an experiment: plays those of its trials that the ledger does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.resolving import Plan
from agents.experiments.spec import Spec
from agents.experiments.trial import digest, program_version

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
        # before they are played, so that a reader finds every result as soon as it is there
        ledger.put_runs(study, [(n, seed, trial.key) for (n, seed), trial in zip(part, trials, strict=True)])
        figures = campaign.play(trials)
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
