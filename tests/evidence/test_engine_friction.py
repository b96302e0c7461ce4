"""With the engine's friction the reduced-order plant has the reference's peak sways: that is what they differ by."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.evidence.agreement import stored
from tests.evidence.engine_friction import beside_the_reference

SWAY, FORCE = "peak_sway_rad", "peak_lateral_force_n"


def apart(reference: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    return np.log(reduced / reference)


def as_it_is(parking: str, kpi: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the reference and of the reduced-order plant with its own friction: chassis swaps completed on both."""
    pairs = [(a.kpis[kpi], b.kpis[kpi]) for a, b in stored("chassis", parking).pairs if a.completed and b.completed]
    reference, reduced = np.array(pairs).T
    return reference, reduced


@pytest.mark.parametrize(("parking", "swaps", "still_outside"), [("guided", 200, 1), ("unguided", 103, 3)])
def test_chassis_sways_agree_with_the_engines_friction(parking: str, swaps: int, still_outside: int) -> None:
    own, engine = apart(*as_it_is(parking, SWAY)), apart(*beside_the_reference("chassis", parking, SWAY))
    assert len(own) == len(engine) == swaps
    outside = np.log(1.05)
    assert (np.abs(own) > outside).sum() >= max(5, 3 * still_outside)
    assert (np.abs(engine) > outside).sum() <= still_outside
    assert abs(np.median(engine)) < 0.001
    inner = [np.subtract(*np.percentile(column, [84.0, 16.0])) for column in (own, engine)]
    assert inner[1] < 0.6 * inner[0], "and the others come closer too"


def test_chassis_forces_come_closer_with_it_but_stay_a_matter_of_the_scan() -> None:
    own, engine = as_it_is("guided", FORCE), beside_the_reference("chassis", "guided", FORCE)
    assert spearmanr(*own)[0] + 0.02 < spearmanr(*engine)[0] < 0.9
    assert abs(np.median(apart(*engine))) < 0.005


def test_a_hanging_pack_does_not_mind() -> None:
    """top_lift: about as hard to move along as across."""
    engine = apart(*beside_the_reference("top_lift", "guided", SWAY))
    assert len(engine) == 200
    assert np.abs(engine).max() < 0.05
