"""Place of each pack of the setup at any time of the log: in a seat, or in a robot's grips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.log_import.carries import Carry
from twin.setup.jobs import Job
from twin.setup.setup import SwapSetup

Timeline = list[tuple[int, int]]
"""Start times (ns) and places: a robot's number, or -1 - seat, an index into the setup's seats."""


def timelines(setup: SwapSetup, carries: Sequence[Carry], start_ns: int) -> list[Timeline]:
    """Timeline of each pack of the setup. A log of several swaps reuses packs: a truck's old pack is the next one's.

    Between two swaps, half way from the last pack set down to the next one gripped, all packs are reset to a swap's
    start.
    """
    lines: list[Timeline] = [[] for _ in range(2 * len(setup.jobs))]
    for job in setup.jobs:
        lines[job.old_pack].append((start_ns, -1 - job.truck_seat))
        lines[job.new_pack].append((start_ns, -1 - job.take_seat))
    done: dict[int, int] = {}  # time at which each job's new pack was set down
    for carry in carries:
        mine = [j for j in setup.jobs if j.robot == carry.robot and _is_of(setup, j, carry)]
        if not mine:
            continue
        job = mine[0]
        old = carry.origin is not None and carry.origin.on_truck
        if old and job.truck_seat in done:
            middle = (done.pop(job.truck_seat) + carry.start_ns) // 2
            lines[job.old_pack].append((middle, -1 - job.truck_seat))
            lines[job.new_pack].append((middle, -1 - job.take_seat))
        pack, home = (job.old_pack, job.put_seat) if old else (job.new_pack, job.truck_seat)
        lines[pack].append((carry.start_ns, carry.robot))
        if carry.end_ns is not None:
            back = carry.target is not None and carry.target == carry.origin
            where = (job.truck_seat if old else job.take_seat) if back else home
            lines[pack].append((carry.end_ns, -1 - where))
            if not old and carry.target is not None and carry.target.on_truck:
                done[job.truck_seat] = carry.end_ns
    return lines


def _is_of(setup: SwapSetup, job: Job, carry: Carry) -> bool:
    """True if a carry belongs to this job: it begins or ends at its seat on the truck, or there is only one job."""
    if len(setup.jobs) == 1:
        return True
    seat = setup.seats[job.truck_seat].name
    places = [place for place in (carry.origin, carry.target) if place is not None]
    if any(place.on_truck and seat == f"truck{place.number + 1}" for place in places):
        return True
    slots = {place.number for place in places if not place.on_truck}
    return not any(place.on_truck for place in places) and bool(slots & {job.put_slot, job.take_slot})


def codes_at(lines: Sequence[Timeline], times_ns: np.ndarray) -> np.ndarray:
    """(K, P) int64: place of each pack at each time (K,), coded as in a `Timeline`."""
    out = np.zeros((len(times_ns), len(lines)), np.int64)
    for k, line in enumerate(lines):
        starts = np.array([t for t, _ in line], np.int64)
        codes = np.array([code for _, code in line], np.int64)
        order = np.argsort(starts, kind="stable")
        at = np.searchsorted(starts[order], times_ns, side="right") - 1
        out[:, k] = codes[order][np.maximum(at, 0)]
    return out
