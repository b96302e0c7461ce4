"""Ledgers of swaps that nobody played: figures as a plain function of setting and seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agents.experiments.design import settings
from agents.experiments.ledger import Ledger
from agents.experiments.report.data import Trials
from agents.experiments.report.reading import load
from agents.experiments.spec import Spec
from agents.experiments.trial import Figures
from tests.agents.experiments.stored import store

Play = Callable[[dict[str, Any], int], Figures]


def swap(time_s: float, **more: Any) -> Figures:
    """Figures of a completed swap."""
    phases = {"lower": 0.4 * time_s, "insert": 0.6 * time_s, "dock": 45.0}
    spans = f"dock 0 -45 0; lower 0 0 {0.4 * time_s:.6g}; insert 0 {0.4 * time_s:.6g} {time_s:.6g}"
    plain: dict[str, Any] = {
        "outcome": "completed",
        "mechanical_time_s": time_s,
        "cycle_time_s": time_s + 60.0,
        "lower_bound_s": 80.0,
        "procedure_bound_s": 90.0,
        "peak_lateral_force_n": 3000.0 - time_s,
        "insert_attempts": (1,),
        "phases_s": phases,
        "phase_spans": spans,
        **more,
    }
    return Figures(**plain)


def write(path: Path, spec: dict[str, Any], play: Play, chosen: Sequence[dict[str, Any]] | None = None) -> Path:
    """Write a ledger of a specification, or of these settings of it."""
    of = Spec.model_validate(spec)
    every = list(chosen) if chosen is not None else list(settings(of))
    seeds = range(of.first_seed, of.first_seed + of.seeds)
    with Ledger(path) as ledger:
        store(ledger, of, every, [{seed: play(setting, seed) for seed in seeds} for setting in every])
    return path


def trials(tmp_path: Path, spec: dict[str, Any], play: Play) -> Trials:
    """The trials of a ledger of a specification."""
    return load(str(write(tmp_path / "synthetic.sqlite", spec, play)), "LEDGER")
