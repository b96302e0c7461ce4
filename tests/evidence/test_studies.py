"""One result of each study that docs/agreement.md draws on comes out as stored.

Slow, as studies are played anew for a release only.
"""

from __future__ import annotations

import pytest

from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence import finer_step, hits, time_step
from tests.evidence.campaign import SETUPS
from tests.evidence.finer_step import FIGURES, Figure
from tests.evidence.replay import RELATIVE, assert_as_stored, kpi_differences, near

FINER = [(figure, hz) for figure in FIGURES for hz in figure.rates_hz]
FINER_SLOW = [(figure, figure.rates_hz[1]) for figure in FIGURES]
PLANTS = [REDUCED, REFERENCE]


def finer_comes_out(figure: Figure, plant: str, hz: int, relative: float) -> None:
    seed = figure.seeds[0]
    stored = finer_step.read()[figure.name][f"{plant} {hz}"][seed]
    again = finer_step.play(figure.name, plant, hz, seed)
    differences = [] if near(stored, again, relative, 1e-4) else [f"{stored}, now {again}"]
    assert_as_stored(finer_step.TABLE, f"{figure.name}, {plant}, {hz} Hz, seed {seed}", differences)


@pytest.mark.slow
@pytest.mark.parametrize(("figure", "hz"), FINER, ids=lambda value: getattr(value, "name", value))
def test_finer_steps_of_the_reduced_order_plant(figure: Figure, hz: int) -> None:
    finer_comes_out(figure, REDUCED, hz, RELATIVE["reduced"])


@pytest.mark.slow
@pytest.mark.parametrize(("figure", "hz"), FINER_SLOW, ids=lambda value: getattr(value, "name", value))
def test_finer_steps_of_the_reference(figure: Figure, hz: int) -> None:
    finer_comes_out(figure, REFERENCE, hz, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS)
def test_hits(plant: str) -> None:
    seed = hits.SEEDS[0]
    stored, again = hits.read()[plant][seed], hits.play(plant, seed)
    differences = [f"{k} {stored[k]} N, now {again[k]} N" for k in stored if not near(stored[k], again[k], 0.05, 1.0)]
    assert_as_stored(hits.TABLE, f"{plant}, seed {seed}", differences)


@pytest.mark.slow
@pytest.mark.parametrize("station", sorted(SETUPS))
def test_twice_the_physics_rate(station: str) -> None:
    rate_hz = time_step.RATES_HZ[1]
    (stored,) = (row for row in time_step.read() if (row["station"], row["physics_hz"]) == (station, rate_hz))
    again = time_step.play(station, rate_hz)
    figures = [{name: row[name] for name in row if name.endswith(("_s", "_m", "_n"))} for row in (stored, again)]
    differences = list(kpi_differences(*figures, RELATIVE["reference"]))
    assert_as_stored(time_step.TABLE, f"{station}, {rate_hz} Hz", differences)
    assert again["outcome"] == stored["outcome"]
