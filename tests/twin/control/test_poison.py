"""The controller knows no truth: with every field of truth made nonsense before it runs, a swap is the same bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from tests.evidence.campaign import SETUPS
from tests.tiers import slow
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.faults import parse_fault
from twin.plants.rom import RomPlant
from twin.records.truth import TRUTH
from twin.runner import scan as scanning
from twin.runner.kinds import existing_runner
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

SENSED = {
    # clock and station
    "tick", "t_s", "estop_button", "power_off",
    # encoders, drives' currents, load cell, sway sensor (a share of `q`), force sensors
    "q", "qd", "drive_n", "load_n", "guide_force_n",
    # switches of grips, locks, pads and the table's lock, which see what is there
    "grip_position", "held", "lock_position", "locked", "pack_seat", "pack_offset_m", "pad_gap_m", "float_lock",
    # the scanner
    "truck_q",
}  # fmt: skip
"""Fields of truth that a sensor carries."""
ALL = TRUTH.names or ()
UNSENSED = tuple(name for name in ALL if name not in SENSED)

NONSENSE = np.array([tuple(np.nan if TRUTH[name].base.kind == "f" else -77 for name in ALL)], TRUTH).view(np.int64)
"""NaN, or where a field is of integers a number that none has; word by word."""


@cache
def words_of(names: tuple[str, ...]) -> np.ndarray:
    """Which words of a TRUTH record belong to these fields, as a mask."""
    record = np.zeros(1, TRUTH)
    for name in names:
        record[name] = -1
    mask: np.ndarray = record.view(np.int64) != 0
    return mask


def hidden_from(function: Any) -> tuple[str, ...]:
    """Fields of truth that a part of the scan must not read: sensors those that none carries, other control all."""
    room = function.__module__
    if room == "twin.control.sensors":
        return UNSENSED
    return ALL if room.startswith("twin.control.") and room != "twin.control.actuators" else ()


class Fields:
    """A record whose fields are attributes in Python too, as they are in kernels."""

    def __init__(self, record: np.void) -> None:
        parts = {name: Fields(record[name]) for name in record.dtype.names if record.dtype[name].names}
        self.__dict__.update(record=record, **parts)

    def __getattr__(self, name: str) -> Any:
        return self.record[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self.record[name] = value


def compiled(part: Any) -> Callable[..., Any]:
    """Make a kernel take Fields for records."""
    return lambda *arguments: part(*(each.record if isinstance(each, Fields) else each for each in arguments))


class Poisoned(Runner):
    """The scan of the product, run in Python part by part: what a part must not read is nonsense while it runs."""

    def __init__(self, setup: SwapSetup, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(RomPlant(setup))
        self.hid: Counter[str] = Counter()
        for name, part in list(vars(scanning).items()):
            if not hasattr(part, "py_func"):
                continue
            own, hidden = part.__module__ == scanning.__name__, hidden_from(part)
            plain = part.py_func if own else compiled(part)
            monkeypatch.setattr(scanning, name, partial(self._blind, name, plain, hidden) if hidden else plain)
        worlds, params = ([Fields(record[0])] for record in (self.worlds, self.params))
        for entry in ("scan_world", "issue_commands"):
            in_python = getattr(scanning, entry)
            monkeypatch.setattr(scanning, entry, lambda _, __, *rest, to=in_python: to(worlds, params, *rest))

    def _blind(self, name: str, part: Callable[..., Any], hidden: tuple[str, ...], *arguments: Any) -> Any:
        truth = self.worlds["truth"].view(np.int64)
        kept, of = truth.copy(), words_of(hidden)
        truth[of] = NONSENSE[of]
        nonsense = truth.copy()
        result = part(*arguments)
        assert (truth == nonsense).all(), f"{name} writes truth"
        truth[:] = kept
        self.hid[name] += 1
        return result


def setup_of(station: str) -> SwapSetup:
    truck, pack = SETUPS[station]
    return build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=7)


@pytest.mark.parametrize(
    ("station", "fault"),
    [
        ("top_lift", None),
        ("chassis", None),
        slow("top_lift", "scanner_noise:factor=20"),
        slow("chassis", "lock_snag:lock=2"),
        ("top_lift", "power_loss:phase=traverse_to_slot"),
    ],
)
def test_no_output_of_the_controller_hangs_on_truth(
    station: str, fault: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = setup_of(station)
    faults = [parse_fault(fault)] if fault else []
    results, images = [], []
    poisoned = Poisoned(setup, monkeypatch)
    for runner in (poisoned, Runner(RomPlant(setup))):
        twin = SwapTwin(setup, load_timing("factory", station), faults, make_runner=existing_runner(runner))
        results.append(twin.run())
        images.append(runner.worlds[["image", "control", "kpis", "monitor"]].tobytes())
        monkeypatch.undo()
    assert poisoned.hid["read_sensors"] == poisoned.hid["run_logic"] > 1000
    assert poisoned.hid["start_command"] > 10
    assert results[0].outcome == results[1].outcome
    assert results[0].end_state_sha256 == results[1].end_state_sha256
    assert images[0] == images[1]
    assert results[0].events == results[1].events
