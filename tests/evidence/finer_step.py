"""Evidence: figures in which the plants differ, of both at their own physics rate and at finer ones: whose are
still on their way where they differ.

    .venv/bin/python -m tests.evidence finer_step    # a minute of processor time a seed

`claims` is what docs/agreement.md says of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agents import swap_rows
from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence import campaign
from tests.evidence.part import HERE, Claim, Key, Part, Played, seeds_in_words

TABLE = "finer_step"
OWN_HZ = 500
DECIMALS = {"peak_lateral_force_n": 1, "peak_sway_rad": 6, "residual_sway_rad": 6, "traverse_to_slot": 2}


@dataclass(frozen=True)
class Figure:
    """A key figure, or a phase's duration, of swaps under factory timing, and where it was looked at."""

    station: str
    parking: str
    kpi: str
    seeds: tuple[int, ...]
    rates_hz: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.station} {self.parking} {self.kpi}"

    def of(self, kpis: Mapping[str, float], phases_s: Mapping[str, float]) -> float:
        return round(float({**phases_s, **kpis}[self.kpi]), DECIMALS[self.kpi])


CHASSIS_FORCE = Figure("chassis", "guided", "peak_lateral_force_n", tuple(range(14)), (OWN_HZ, 1000))
TOP_LIFT_SWAY = Figure("top_lift", "unguided", "residual_sway_rad", (0, 126), (OWN_HZ, 1000, 2000))
GUIDED_SWAY = Figure("top_lift", "guided", "residual_sway_rad", (30,), (OWN_HZ, 1000, 2000))
"""Seeds outside the target, or close to it, although both plants waited alike."""
CHASSIS_SWAY = Figure("chassis", "guided", "peak_sway_rad", (128, 173), (OWN_HZ, 1000))
"""The two that differ most."""
WAITING = Figure(
    *("top_lift", "unguided", "traverse_to_slot", (13, 19, 53, 64, 82, 96, 153, 173, 174)), rates_hz=(OWN_HZ, 1000)
)
"""Those in which one plant waits for another half swing."""
FIGURES = (CHASSIS_FORCE, CHASSIS_SWAY, TOP_LIFT_SWAY, GUIDED_SWAY, WAITING)
BY_NAME = {figure.name: figure for figure in FIGURES}

Found = dict[str, dict[str, dict[int, float]]]
"""By a figure's name, plant and rate ("bullet 1000"), and seed."""


def play(name: str, plant: str, physics_hz: int, seed: int) -> float:
    """The figure of one swap."""
    from twin.catalogue import with_overrides

    figure = BY_NAME[name]
    series = campaign.series_of(figure.station, figure.parking)
    station = with_overrides(series.station, {"rates.physics_hz": physics_hz})
    (row,) = swap_rows.play(replace(series, station=station), plant, [seed])
    assert row.outcome == "completed"
    return figure.of(row.kpis, row.phases_s)


def read(folder: Path = HERE) -> Found:
    stored = json.loads((folder / f"{TABLE}.json").read_text())
    return {
        name: {column: {int(seed): value for seed, value in values.items()} for column, values in columns.items()}
        for name, columns in stored.items()
    }


def columns(figure: Figure, folder: Path = HERE) -> dict[str, np.ndarray]:
    """Values of the seeds that have all been played, by plant and rate."""
    stored = read(folder)[figure.name]
    seeds = sorted(set.intersection(*(set(values) for values in stored.values())))
    return {name: np.array([values[seed] for seed in seeds]) for name, values in stored.items()}


def keys(_seeds: int) -> list[Key]:
    found: list[Key] = [
        (figure.name, plant, hz, seed)
        for figure in FIGURES
        for plant in (REFERENCE, REDUCED)
        for hz in figure.rates_hz
        for seed in figure.seeds
    ]
    return sorted(found, key=lambda key: (key[1] != REFERENCE, -int(key[2])))


def store(folder: Path, played: Played) -> None:
    found: Found = {}
    for (name, plant, hz, seed), value in sorted(played.items()):
        found.setdefault(str(name), {}).setdefault(f"{plant} {hz}", {})[int(seed)] = value
    (folder / f"{TABLE}.json").write_text(json.dumps(found, indent=1) + "\n")


def claims(folder: Path = HERE) -> list[Claim]:
    forces = {name: np.log(column) for name, column in columns(CHASSIS_FORCE, folder).items()}
    between, own = (
        np.abs(forces["rom 500"] - forces["bullet 500"]),
        np.abs(forces["bullet 500"] - forces["bullet 1000"]),
    )
    nearer = bool(np.median(between) <= 1.1 * np.median(own) and between.max() <= own.max())
    found = [Claim("chassis: peak lateral forces differ by no more than the step makes", nearer)]
    for figure in (TOP_LIFT_SWAY, GUIDED_SWAY):
        sways, finest = columns(figure, folder), figure.rates_hz[-1]
        goes = sways[f"bullet {finest}"] - sways[f"bullet {OWN_HZ}"]
        differs = sways[f"rom {finest}"] - sways[f"bullet {OWN_HZ}"]
        less = np.abs(goes) > np.abs(sways[f"rom {finest}"] - sways[f"rom {OWN_HZ}"])
        holds = bool((goes * differs > 0.0).all() and less.all())
        found.append(
            Claim(f"{figure.name}: with finer steps the reference goes to the other plant, which moves less", holds)
        )
    sways = columns(CHASSIS_SWAY, folder)
    apart = np.abs(sways["rom 500"] - sways["bullet 500"])
    stay = all((np.abs(sways[f"{p} 1000"] - sways[f"{p} 500"]) < 0.3 * apart).all() for p in (REDUCED, REFERENCE))
    found.append(Claim("chassis: the peak sways that differ most do so at a finer step too", bool(stay)))
    waits_s, half_a_swing_s = columns(WAITING, folder), 1.0
    differ = {hz: np.abs(waits_s[f"rom {hz}"] - waits_s[f"bullet {hz}"]) for hz in WAITING.rates_hz}
    changed = np.abs(waits_s["bullet 1000"] - waits_s["bullet 500"]) > half_a_swing_s
    holds = (differ[OWN_HZ] > half_a_swing_s).all() and (differ[1000] < 0.05).sum() >= 4 and changed.sum() >= 4
    found.append(Claim("top_lift, unguided: how long a swing is waited for hangs on the step", bool(holds)))
    return found


def seeds_of(_played: Played) -> dict[str, str]:
    return {TABLE: "; ".join(f"{seeds_in_words(figure.seeds)} ({figure.name})" for figure in FIGURES)}


PART = Part(TABLE, keys, play, store, seeds_of, claims)
