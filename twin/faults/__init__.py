"""Faults: seeded, scripted, replayable. `kinds` has the kinds and their notation, `player` their effects."""

from __future__ import annotations

from twin.faults.draws import RATES_PER_1000, random_faults
from twin.faults.kinds import KINDS, Fault, parse_fault
from twin.faults.player import FaultPlayer, faulty_setup

__all__ = ["KINDS", "RATES_PER_1000", "Fault", "FaultPlayer", "faulty_setup", "parse_fault", "random_faults"]
