"""Records that kernels take in every scan have the dtype that numba knows, not one that is only equal to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.determinism.short_swap import setup_and_timing
from twin.plants.rom.model import MODEL, STATE
from twin.records import COMMAND, PARAMS, WORLD, joined
from twin.runner.kinds import bullet_runner, rom_runner
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup


@pytest.mark.parametrize("make", [bullet_runner, rom_runner, lambda setup: rom_runner([setup, setup])])
def test_arrays_of_a_runner(make: Callable[[SwapSetup], Runner]) -> None:
    runner = make(setup_and_timing()[0])
    try:
        arrays = [(runner.worlds, WORLD), (runner.params, PARAMS), (runner.commands, COMMAND)]
        if runner.name == "rom":
            arrays += [(runner.plant.models, MODEL), (runner.plant.states, STATE)]  # type: ignore[attr-defined]
        assert [array.dtype is dtype for array, dtype in arrays] == [True] * len(arrays)
    finally:
        runner.close()


def test_joined() -> None:
    record = np.dtype([("a", np.float64), ("b", np.int64, 2)])
    parts = [np.ones(2, record), np.zeros(1, record)]
    both = joined(parts)
    assert both.dtype is record
    assert both.tobytes() == np.concatenate(parts).tobytes()
    assert joined([part[:, None] for part in parts]).shape == (3, 1)
