"""`bench` of this folder: `rig.bench` with the reduced-order plant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.physics import rig
from tests.physics.rom_bench import RomBench

Bench = Callable[..., RomBench]


@pytest.fixture
def bench() -> Bench:
    return partial(rig.bench, plant=RomBench)
