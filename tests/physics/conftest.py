"""`bench`: `rig.bench` for tests; the plants are closed afterwards."""

from __future__ import annotations

import pytest

from tests.physics import rig


@pytest.fixture
def bench():
    plants = []

    def make(*args, **kwargs):
        plants.append(rig.bench(*args, **kwargs))
        return plants[-1]

    yield make
    for plant in plants:
        plant.close()
