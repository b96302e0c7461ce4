"""Scans of the reduced-order plant that nobody observes: what the safety monitor makes of truth that is out of date.

A robot that flies high above everything is not placed in such a scan: where it and its pack are then stands in the
world's record as of some scans ago (`twin.runner.skipping`). The monitor reads that record in every scan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.evidence.campaign import SETUPS
from tests.tiers import slow
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.control.logic import COMMAND_ENDED
from twin.monitor import monitor
from twin.plants.rom.advance import advance
from twin.plants.rom.contacts import find_candidates
from twin.plants.rom.placing import load_scratch, place_packs
from twin.records import BUSY, WORLD
from twin.result import SwapResult
from twin.runner import rom_worlds, skipping
from twin.runner.batch import BatchRunner
from twin.runner.kinds import rom_runner
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

_RECORD, _OFFSET, *_ = WORLD.fields["monitor"]  # type: ignore[index]
MEMORY = slice(_OFFSET, _OFFSET + _RECORD.itemsize)
"""Bytes of a world's record that the monitor writes: verdicts, worst values, and what it remembers between scans."""
NONSENSE_M = 1e6


def strict(params: np.ndarray) -> np.ndarray:
    """Limits that every swap is beyond, so that each invariant has a worst value in nearly every scan."""
    tight = params.copy()
    for limit in ("traverse_deadband_m", "creep_out_height_m", "lateral_abort_n", "overload_fraction"):
        tight[limit] = 0.0
    for limit in ("structure_lateral_n", "structure_axial_n", "seated_m"):
        tight[limit] = -1.0
    tight["clearance_height_m"] = params["retract"] * NONSENSE_M
    tight["robot_length_m"] = NONSENSE_M
    for limit in ("axis_min", "axis_max", "axis_velocity", "axis_velocity_loaded", "axis_stopping_distance"):
        tight[limit] = 1e-3 * params[limit]
    return tight


@dataclass
class Watch:
    """The monitor with strict limits beside the plant's own, and what both remember after each scan.

    Attributes:
        window_ticks: from here up to there; the strict one forgets between windows.
    """

    tight: np.ndarray
    scan_s: float
    window_ticks: tuple[int, int]
    after: list[bytes] = field(default_factory=list)
    left: int = 0
    beside: np.ndarray = field(default_factory=lambda: np.zeros(1, WORLD))

    def scan(self, worlds: np.ndarray, left: int) -> None:
        raw, strict_raw = worlds.view(np.uint8), self.beside.view(np.uint8)
        remembered = strict_raw[MEMORY].copy()
        self.beside[:] = worlds
        strict_raw[MEMORY] = remembered if self.after else raw[MEMORY]
        self.beside["truth"]["estop_button"] = self.beside["image"]["truck_released"] = 1
        w = self.beside[0]
        monitor(
            w["truth"],
            w["monitor"],
            self.tight[0],
            self.scan_s,
            int(w["control"]["trip"]),
            int(w["control"]["acknowledgements"]),
            int(w["image"]["truck_released"]),
        )
        self.left += left > 0
        self.after.append(raw[MEMORY].tobytes() + strict_raw[MEMORY].tobytes())


class ScanByScan(BatchRunner):
    """`rom_worlds.run_world` from Python for one world, so that a test can interfere between its unobserved scans.

    Args:
        current: place every robot in every scan; otherwise what is left where it was last placed becomes nonsense.
        watch: called after each scan; outside its window the plant runs as always.
    """

    def __init__(self, setup: SwapSetup, *, current: bool, watch: Watch) -> None:
        self.current, self.watch = current, watch
        super().__init__(setup)

    def run_to(self, which: np.ndarray, until: np.ndarray) -> None:
        busy, last = self._busy, int(until[0])
        for stop, by_scans in zip((*self.watch.window_ticks, last), (False, True, False), strict=True):
            stop = min(stop, last)
            if self._now < stop and (self._busy == busy).all():  # else somebody waits for a command
                if by_scans:
                    self._run_by_scans(stop)
                else:
                    super().run_to(which, np.array([stop]))

    @property
    def _now(self) -> int:
        return int(self.worlds["truth"]["tick"][0])

    @property
    def _busy(self) -> np.ndarray:
        """(ROBOTS,) who has a command."""
        return self.worlds["control"]["status"][0] == BUSY

    def _run_by_scans(self, until: int) -> None:
        plant = self.plant
        w, p, m, x, t = self.worlds[0], self.params[0], plant.models[0], plant.states[0], self._scratch[0]
        load_scratch(w["truth"], p, m, x, t)
        skipping.read_all_at_next_scan(w["truth"], p, m, x, t)
        place_packs(w["truth"], p, m, x, t)
        find_candidates(w["truth"], w["image"], p, m, x, t, True)
        while self._now < until:
            ticks = min(self._scan_ticks - self._now % self._scan_ticks, until - self._now)
            if ticks == self._scan_ticks and int(w["clock"]["scanned_tick"]) != self._now:
                observed = self._now + ticks >= until
                if self.current:
                    t["high"] = 0
                code = rom_worlds.scan(w, p, m, x, self.commands[0], t, observed)
                self.watch.scan(self.worlds, int(t["left"][: p["robots"]].sum()))
                if not self.current:
                    self._spoil(w, p, t)
                if code & COMMAND_ENDED:
                    if not observed:
                        skipping.find_unplaced(w, p, x, t, True)
                        place_packs(w["truth"], p, m, x, t)
                        skipping.read_skipped_sensors(w["truth"], w["image"], w["sensors"], w["faults"], p)
                    return
            if not (w["control"]["status"][: p["robots"]] == BUSY).any():
                return
            advance(w["truth"], w["image"], w["faults"], p, m, x, t, ticks)

    def _spoil(self, w: np.void, p: np.void, t: np.void) -> None:
        """Whatever is out of date now: only that it is high is still known of it."""
        for r in np.flatnonzero(t["left"][: p["robots"]]):
            w["truth"]["e_pose"][r] = NONSENSE_M
            k = w["truth"]["held"][r]
            if k >= 0:
                w["truth"]["pack_pose"][k, :2] = w["truth"]["pack_pose"][k, 3:] = w["truth"]["coupler_at"][k] = (
                    NONSENSE_M
                )
                w["truth"]["pack_offset_m"][k, :2] = 0.0  # right over a seat's axis
                w["truth"]["pad_gap_m"][k] = NONSENSE_M


def play(setup: SwapSetup, make_runner: Any) -> SwapResult:
    return SwapTwin(setup, load_timing("factory", setup.station), make_runner=make_runner).run()


@pytest.mark.parametrize("whole", [False, slow(True)], ids=["traverse", "whole_swap"])
@pytest.mark.parametrize("station", sorted(SETUPS))
def test_no_verdict_hangs_on_truth_that_is_out_of_date(station: str, whole: bool) -> None:
    """In every scan, to the last bit: verdicts and worst values as if every robot were placed in every scan, with the
    station's limits and with some that are broken all the time. Around the first traverse, or in a whole swap.
    """
    truck, pack = SETUPS[station]
    setup = build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=3)
    rates, plain = setup.station.rates, play(setup, rom_runner)
    span = next(span for span in plain.phases if span.name == "traverse_to_slot")
    begin_s, end_s = (0.0, plain.cycle_time_s) if whole else (span.start_s - 1.0, span.end_s + 1.0)
    watches, results = [], [plain]
    for current in (True, False):
        window = round(begin_s * rates.physics_hz), round(end_s * rates.physics_hz)
        watches.append(Watch(strict(setup.params), 1.0 / rates.plc_hz, window))
        results.append(play(setup, partial(ScanByScan, current=current, watch=watches[-1])))
    placed, spoilt = watches
    assert placed.left == 0
    assert spoilt.left > 0.2 * len(spoilt.after), "or nothing was out of date"
    differ = [i for i, (a, b) in enumerate(zip(placed.after, spoilt.after, strict=True)) if a != b]
    assert not differ, f"{len(differ)} of {len(placed.after)} scans, first at scan {differ[0]}"
    assert len({result.end_state_sha256 for result in results}) == 1
    assert (placed.beside["monitor"]["violation"][0, 1:7] > 0).sum() >= 4, "limits that are beyond what a swap does"
