"""Where the plants differ: what is a matter of the reference's step, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from agents.swap_rows import REDUCED
from tests.evidence.finer_step import (
    CHASSIS_FORCE,
    CHASSIS_SWAY,
    FIGURES,
    GUIDED_SWAY,
    OWN_HZ,
    TOP_LIFT_SWAY,
    WAITING,
    Figure,
    columns,
    play,
)


def test_chassis_forces_differ_by_no_more_than_the_step_makes() -> None:
    forces = {name: np.log(column) for name, column in columns(CHASSIS_FORCE).items()}
    assert len(forces["bullet 500"]) >= 14

    def apart(one: str, other: str) -> np.ndarray:
        return np.abs(forces[one] - forces[other])

    between, own = apart("rom 500", "bullet 500"), apart("bullet 500", "bullet 1000")
    assert np.median(between) <= 1.1 * np.median(own)
    assert between.max() <= own.max()


@pytest.mark.parametrize("figure", [TOP_LIFT_SWAY, GUIDED_SWAY], ids=lambda figure: figure.name)
def test_sways_of_the_reference_go_towards_the_other_plants(figure: Figure) -> None:
    sways = {name: np.array(column) for name, column in columns(figure).items()}
    finest = figure.rates_hz[-1]
    goes = sways[f"bullet {finest}"] - sways[f"bullet {OWN_HZ}"]
    differs = sways[f"rom {finest}"] - sways[f"bullet {OWN_HZ}"]
    assert len(goes) == len(figure.seeds)
    assert (goes * differs > 0.0).all()
    assert (np.abs(goes) > np.abs(sways[f"rom {finest}"] - sways[f"rom {OWN_HZ}"])).all(), "the other plant moves less"


def test_the_chassis_sways_that_differ_most_do_so_at_a_finer_step_too() -> None:
    sways = {name: np.array(column) for name, column in columns(CHASSIS_SWAY).items()}
    assert len(sways["bullet 500"]) >= 2
    between = np.abs(sways["rom 500"] - sways["bullet 500"])
    for plant in ("rom", "bullet"):
        assert (np.abs(sways[f"{plant} 1000"] - sways[f"{plant} 500"]) < 0.3 * between).all()


def test_how_long_a_swing_is_waited_for_hangs_on_the_step() -> None:
    """Half the time step, and four of the nine that waited differently wait alike; none did before."""
    waits_s = {name: np.array(column) for name, column in columns(WAITING).items()}
    half_a_swing_s = 1.0
    between = {hz: np.abs(waits_s[f"rom {hz}"] - waits_s[f"bullet {hz}"]) for hz in WAITING.rates_hz}
    assert (between[OWN_HZ] > half_a_swing_s).all()
    assert (between[1000] < 0.05).sum() >= 4
    assert (np.abs(waits_s["bullet 1000"] - waits_s["bullet 500"]) > half_a_swing_s).sum() >= 4


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_the_reduced_order_plant_does_as_stored(figure: Figure) -> None:
    stored = columns(figure)
    for hz in figure.rates_hz:
        assert play(figure, REDUCED, hz, figure.seeds[0]) == stored[f"{REDUCED} {hz}"][0]
