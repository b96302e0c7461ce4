"""Where the plants differ: what is a matter of the reference's step, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from agents.swap_rows import REDUCED
from tests.evidence.finer_step import CHASSIS_FORCE, CHASSIS_SWAY, FIGURES, OWN_HZ, TOP_LIFT_SWAY, Figure, columns, play


def test_chassis_forces_differ_by_no_more_than_the_step_makes() -> None:
    forces = {name: np.log(column) for name, column in columns(CHASSIS_FORCE).items()}
    assert len(forces["bullet 500"]) >= 14

    def apart(one: str, other: str) -> np.ndarray:
        return np.abs(forces[one] - forces[other])

    between, own = apart("rom 500", "bullet 500"), apart("bullet 500", "bullet 1000")
    assert np.median(between) <= 1.1 * np.median(own)
    assert between.max() <= own.max()


def test_sways_of_the_reference_go_towards_the_other_plants() -> None:
    sways = {name: np.array(column) for name, column in columns(TOP_LIFT_SWAY).items()}
    finest = TOP_LIFT_SWAY.rates_hz[-1]
    goes = sways[f"bullet {finest}"] - sways[f"bullet {OWN_HZ}"]
    differs = sways[f"rom {finest}"] - sways[f"bullet {OWN_HZ}"]
    assert len(goes) >= 2
    assert (goes * differs > 0.0).all()
    assert (np.abs(goes) > np.abs(sways[f"rom {finest}"] - sways[f"rom {OWN_HZ}"])).all(), "the other plant moves less"


def test_the_chassis_sways_that_differ_most_do_so_at_a_finer_step_too() -> None:
    sways = {name: np.array(column) for name, column in columns(CHASSIS_SWAY).items()}
    assert len(sways["bullet 500"]) >= 2
    between = np.abs(sways["rom 500"] - sways["bullet 500"])
    for plant in ("rom", "bullet"):
        assert (np.abs(sways[f"{plant} 1000"] - sways[f"{plant} 500"]) < 0.3 * between).all()


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_the_reduced_order_plant_does_as_stored(figure: Figure) -> None:
    stored = columns(figure)
    for hz in figure.rates_hz:
        assert play(figure, REDUCED, hz, figure.seeds[0]) == stored[f"{REDUCED} {hz}"][0]
