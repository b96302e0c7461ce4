"""The first half of a swap with short fixed times: seconds instead of a minute. Also a program: `STATION SEED`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from twin.catalogue import TimingSet, load_station, with_overrides
from twin.commands.swap import default_truck
from twin.faults import parse_fault
from twin.recording.swap import SwapRecorder
from twin.result import SwapResult
from twin.setup.setup import SwapSetup, build_setup
from twin.swap import SwapTwin

UNTIL_S = {"top_lift": 29.0, "chassis": 18.0}
"""Long enough that packs are gripped, unlocked and lifted, under contact."""


def setup_and_timing(station: str = "top_lift", seed: int = 1) -> tuple[SwapSetup, TimingSet]:
    from twin.catalogue import default_pack, load_timing

    quick = {"times.identify_s": 0.2, "times.scan_s": 1.0, "scanner.scan_samples": 5, "scanner.rescan_samples": 5}
    quick |= {"sensors.load_cell_weighing_s": 1.0}  # the start waits for load cells that are zeroed
    at = with_overrides(load_station(station), quick)
    truck = default_truck(at, None)
    return build_setup(at, truck, default_pack(at, truck), seed=seed), load_timing("factory", at)


def stop_at(twin: SwapTwin, t_s: float) -> SwapResult:
    """Run until the first decision after `t_s`, end the swap there."""
    while twin.program.time_s(0) < t_s and twin.program.advance():
        pass
    twin.program.end(0, "timeout", "stopped by a test")
    return twin.result()


def short_swap(
    station: str = "top_lift",
    seed: int = 1,
    *,
    record: Path | None = None,
    until_s: float | None = None,
    faults: tuple[str, ...] = (),
) -> SwapResult:
    twin = SwapTwin(*setup_and_timing(station, seed), [parse_fault(text) for text in faults])
    stop_s = UNTIL_S[station] if until_s is None else until_s
    try:
        if record is None:
            return stop_at(twin, stop_s)
        with SwapRecorder(record, twin) as recorder:
            result = dataclasses.replace(stop_at(twin, stop_s), recording=str(record))
            recorder.finish(result)
            return result
    finally:
        twin.close()


if __name__ == "__main__":
    print(short_swap(sys.argv[1], int(sys.argv[2])).end_state_sha256)
