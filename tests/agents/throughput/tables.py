"""Tables of experiments as `experiment run --table` writes them, without playing a swap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.experiments.spec import Spec
from agents.experiments.tables import write_table
from agents.experiments.trial import Figures
from tests.agents.experiments.stored import in_memory

PHASES = {
    **{"dock": 45.0, "identify": 20.0, "scan": 9.0, "lower": 20.0, "store": 30.0, "traverse_to_full": 5.0},
    **{"insert": 45.0, "verify": 15.0, "exit": 25.0},
}


def completed(more_s: float = 0.0, packs: int = 1) -> Figures:
    """A swap whose robot works for 100 s and `more_s`."""
    phases = {**PHASES, "insert": PHASES["insert"] + more_s}
    return Figures("completed", 100.0 + more_s, sum(phases.values()), insert_attempts=(1,) * packs, phases_s=phases)


def repark() -> Figures:
    phases = {name: PHASES[name] for name in ("dock", "identify", "scan")}
    return Figures("repark_required", 0.0, sum(phases.values()), insert_attempts=(0,), phases_s=phases)


def jam() -> Figures:
    phases = {name: PHASES[name] for name in ("dock", "identify", "scan", "lower")}
    return Figures("jam", 20.0, sum(phases.values()), insert_attempts=(0,), phases_s=phases)


def write(path: Path, settings: list[dict[str, Any]], figures: list[list[Figures]]) -> Path:
    factors = {name: sorted({str(setting[name]) for setting in settings}) for name in settings[0]}
    spec = Spec.model_validate({"factors": factors, "seeds": len(figures[0])})
    write_table(in_memory(spec, settings, [dict(enumerate(of)) for of in figures]), path)
    return path
