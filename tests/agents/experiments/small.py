"""A cheap trial function: a swap's figures as a plain function of timing set and scenario."""

from __future__ import annotations

from collections.abc import Sequence

from agents.experiments.trial import Figures, Trial
from twin import seeding
from twin.catalogue.schema import MECHANICAL

USED = ("lower", "store", "insert", "traverse_to_slot", "raise")
"""Phases that the cheap swap has; the parameters of all others are without effect."""


def cheap(trial: Trial) -> Figures:
    """Time falls with acceleration and overlap, and rises with dwell; fast creep before a seat presses."""
    draw = seeding.stream(trial.seed, "cheap")
    time_s, force_n = 100.0 + float(draw.normal(0.0, 1.0)), 2000.0 + 300.0 * float(draw.uniform())
    for phase in MECHANICAL[trial.station.kind]:
        if phase not in USED:
            continue
        of = trial.timing.of(phase)
        time_s += 4.0 / of.acceleration_fraction + 2.0 / of.velocity_fraction + 3.0 * of.settle_dwell_s
        time_s -= min(of.overlap_s, 2.0) - 0.02 / of.creep_speed_mps
        force_n += 2e4 * max(of.creep_speed_mps - 0.04, 0.0) + 300.0 * max(of.overlap_s - 3.0, 0.0)
    if trial.timing.of("insert").creep_height_m < 0.06:
        return Figures("jam", time_s, peak_lateral_force_n=7000.0, insert_attempts=(3,))
    return Figures(
        "completed",
        round(time_s, 6),
        round(time_s + 60.0, 6),
        80.0,
        peak_lateral_force_n=round(force_n, 3),
        residual_sway_m=0.005,
        insert_attempts=(1,),
    )


def play(trials: Sequence[Trial]) -> list[Figures]:
    """Figures of trials, in their order."""
    return [cheap(trial) for trial in trials]
