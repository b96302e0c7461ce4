"""The setups that the faults are tried in."""

from __future__ import annotations

import functools

from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.setup.setup import SwapSetup, build_setup

SETUPS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_rigid_1", "chassis_171")}
"""One pack each, which is enough for every fault and half the time of a swap of three."""
HASTE = {"times.identify_s": 0.2, "times.scan_s": 2.0, "scanner.scan_samples": 20, "actuators.lock_tries": 2}
"""Identification and scan take no part in most faults; a third try is as good as a second."""


@functools.cache
def setup_of(kind: str) -> SwapSetup:
    truck, pack = SETUPS[kind]
    return build_setup(with_overrides(load_station(kind), HASTE), load_truck(truck), load_pack(pack), seed=0)
