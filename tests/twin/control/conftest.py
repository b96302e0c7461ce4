"""A fresh desk for each test: of either station, or of both in turn."""

from __future__ import annotations

import pytest

from tests.twin.control.desk import Desk
from twin.catalogue import load_pack, load_station, load_truck
from twin.setup.setup import SwapSetup, build_setup

SETUPS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}


@pytest.fixture(scope="session")
def setups() -> dict[str, SwapSetup]:
    return {
        kind: build_setup(load_station(kind), load_truck(truck), load_pack(pack), seed=1)
        for kind, (truck, pack) in SETUPS.items()
    }


@pytest.fixture
def top(setups) -> Desk:
    return Desk(setups["top_lift"])


@pytest.fixture
def chassis(setups) -> Desk:
    return Desk(setups["chassis"])


@pytest.fixture(params=list(SETUPS))
def desk(request, setups) -> Desk:
    return Desk(setups[request.param])
