"""The controller knows no truth: with every field of truth made nonsense before it runs, a swap is the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evidence.campaign import SETUPS
from tests.tiers import slow
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.control.actuators import actuate
from twin.control.logic import COMMAND_ENDED, run_logic
from twin.control.sensors import read_sensors
from twin.faults import parse_fault
from twin.key_figures import note_scan
from twin.monitor import monitor
from twin.motion.drives import apply_integral_resets
from twin.plants.rom import RomPlant
from twin.records.scan_parts import ALL_ANEW
from twin.records.truth import TRUTH
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
NONSENSE = -77
"""In place of NaN where a field is of integers."""


def poison(truth: np.void, names: tuple[str, ...]) -> None:
    for name in names:
        truth[name] = np.nan if TRUTH[name].base.kind == "f" else NONSENSE


class Poisoned(Runner):
    """A scan in its parts: what no sensor carries is nonsense while sensors read, and all of truth while logic runs."""

    scans = 0

    def scan(self) -> bool:
        tick = self._tick.item(0)
        if tick % self._scan_ticks or tick == self._scanned.item(0):
            return False
        self.plant.read()
        if self.disturb is not None:
            self.plant.wake()
            self.disturb(self)
        world, p, dt_s = self.worlds[0], self.params[0], self._scan_s
        truth, image, control = world["truth"], world["image"], world["control"]
        self._scanned[0] = tick
        changed = actuate(truth, image, world["faults"], p, dt_s)
        kept = truth.copy()
        poison(truth, tuple(name for name in TRUTH.names or () if name not in SENSED))
        read_sensors(truth, image, world["sensors"], world["faults"], p, dt_s)
        poison(truth, TRUTH.names or ())
        world["sensors"]["scans"] += 1
        code = run_logic(image, control, p, self.commands[0], dt_s, ALL_ANEW)
        self.worlds["truth"][0] = kept
        apply_integral_resets(truth, image, p)
        note_scan(truth, image, control, world["kpis"], p, self.commands[0])
        trip, acknowledged = int(control["trip"]), int(control["acknowledgements"])
        monitor(truth, world["monitor"], p, dt_s, trip, acknowledged, int(image["truck_released"]))
        truth["guide_peak_n"] = 0.0
        self.plant.hold(bool(changed))
        self.scans += 1
        return bool(code & COMMAND_ENDED)


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
def test_no_output_of_the_controller_hangs_on_truth(station: str, fault: str | None) -> None:
    setup = setup_of(station)
    faults = [parse_fault(fault)] if fault else []
    results, images, runners = [], [], []
    for kind in (Runner, Poisoned):
        runner = kind(RomPlant(setup))
        twin = SwapTwin(setup, load_timing("factory", station), faults, make_runner=existing_runner(runner))
        results.append(twin.run())
        images.append(runner.worlds[["image", "control", "kpis", "monitor"]].tobytes())
        runners.append(runner)
    plain, poisoned = results
    assert runners[1].scans > 1000
    assert poisoned.outcome == plain.outcome
    assert poisoned.end_state_sha256 == plain.end_state_sha256
    assert images[0] == images[1]
    assert poisoned.events == plain.events
