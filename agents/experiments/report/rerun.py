"""The worst trials, and the command that plays one again and records it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from agents.experiments.report.data import Trials
from agents.experiments.report.metrics import Metric
from agents.experiments.resolving import FAULT, NONE, OPTIONS, SITE, VARIATION, as_yaml, faults_of
from agents.experiments.trial import RAISED

UNCHANGED = "100 %"
WORST = 10
MAX_FAILED = 7
"""Failed trials among the worst, while there are completed ones to show."""


def command(trials: Trials, index: int) -> str | None:
    """Command line that plays a trial again and records it; None of a table, which has no constants."""
    if trials.spec is None:
        return None
    number, seed = int(trials.setting[index]), int(trials.seed[index])
    values = trials.spec.values(trials.settings[number])
    return shlex.join(["swaptwin", "swap", *options(values), "--seed", str(seed),
                       "--record", f"setting_{number}_seed_{seed}.mcap"])  # fmt: skip


def options(values: Mapping[str, Any]) -> list[str]:
    """Options of `swap` for levels and constants by name."""
    found: list[str] = []
    for name in OPTIONS:
        if name == FAULT:
            found += [word for text in faults_of(values.get(FAULT, NONE)) for word in ("--fault", text)]
        elif name in values and values[name] != NONE:
            found += [f"--{name.replace('_', '-')}", str(values[name])]
    for name, value in values.items():
        if name not in OPTIONS and value != UNCHANGED and not name.startswith(SITE):
            path = f"variation.{name}" if name in VARIATION else name
            found += ["--set", f"{path}={as_yaml(value).replace(' %', '%')}"]
    return found


def worst(trials: Trials, metric: Metric, at_most: int = WORST) -> list[tuple[int, str]]:
    """Indices of the worst trials, with the reason that each is among them.

    Violations of a safety invariant first, then failures with each reason in turn, then the highest values.
    """
    found: dict[int, str] = {}
    for index, text in enumerate(trials.violations):
        if text and len(found) < at_most:
            found[index] = f"violates invariant {text}"
    by_reason: dict[str, list[int]] = {}
    for index in (int(k) for k in np.flatnonzero(~trials.completed)):
        if index not in found:
            by_reason.setdefault(trials.outcome[index], []).append(index)
    for reason, some in by_reason.items():
        some.sort(key=lambda index: (trials.seed[index], trials.setting[index]))
        by_reason[reason] = _seeds_in_turn(trials, some)
    reasons = sorted(by_reason, key=lambda reason: (reason != RAISED, len(by_reason[reason]), reason))
    values = np.where(trials.completed, trials.columns[metric.name], -np.inf)
    slow = [int(k) for k in np.argsort(-values, kind="stable") if np.isfinite(values[k]) and int(k) not in found]
    room = at_most if not slow else min(at_most, MAX_FAILED)
    while any(by_reason.values()) and len(found) < room:
        for reason in reasons:
            if by_reason[reason] and len(found) < room:
                found[by_reason[reason].pop(0)] = reason
    for index in slow[: at_most - len(found)]:
        found[index] = f"{metric.words} {metric.value(values[index])} {metric.unit}".rstrip()
    return list(found.items())


def _seeds_in_turn(trials: Trials, indices: list[int]) -> list[int]:
    """The first trial of each seed, then the others: one seed often fails in all settings."""
    first: dict[int, int] = {}
    for index in indices:
        first.setdefault(int(trials.seed[index]), index)
    taken = set(first.values())
    return [*first.values(), *(index for index in indices if index not in taken)]
