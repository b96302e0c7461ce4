"""Free fall of a pack."""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics import rig


@pytest.mark.parametrize("physics_hz", [500, 1000])
def test_free_fall_of_a_pack(bench, physics_hz):
    """z = g t^2 / 2 (Galilei). The engine steps speed first, then position (symplectic Euler), which after n steps of h
    gives g h^2 n (n + 1) / 2: the closed form plus g t h / 2, first order in the step. No damping, no spin, no drift.
    """
    plant = bench(station_with={"rates.physics_hz": physics_hz})
    rig.place_pack(plant, rig.OLD, (2.25, rig.FREE_Y_M, 5.0))
    start, _ = rig.pack_state(plant, rig.OLD)
    seconds, h = 0.5, 1.0 / physics_hz
    rig.run(plant, seconds)
    end, velocity = rig.pack_state(plant, rig.OLD)
    by_closed_form = 0.5 * rig.GRAVITY_MPS2 * seconds**2
    correction = 0.5 * rig.GRAVITY_MPS2 * seconds * h
    np.testing.assert_allclose(end - start, [0.0, 0.0, -(by_closed_form + correction)], atol=1e-9)
    np.testing.assert_allclose(velocity, [0.0, 0.0, -rig.GRAVITY_MPS2 * seconds], atol=1e-9)
    assert correction < 0.005 * by_closed_form * 500 / physics_hz
