"""Peak forces at a chassis station: the plants differ by no more than the reference does from its own finer step."""

from __future__ import annotations

import numpy as np

from tests.evidence.finer_step import columns


def test_the_plants_differ_by_no_more_than_their_step_makes() -> None:
    forces = {name: np.log(column) for name, column in columns().items()}
    assert len(forces["bullet 500"]) >= 14

    def apart(one: str, other: str) -> np.ndarray:
        return np.abs(forces[one] - forces[other])

    between, own = apart("rom 500", "bullet 500"), apart("bullet 500", "bullet 1000")
    assert np.median(between) <= 1.1 * np.median(own)
    assert between.max() <= own.max()
