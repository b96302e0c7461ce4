"""The reduced-order plant's domain of validity: a swap that leaves it ends there, and names the quantity."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiers import slow
from tests.twin.plants.test_rom import setup_of
from twin.catalogue import load_timing
from twin.faults import parse_fault
from twin.recording.swap import SwapRecorder
from twin.recording.verify import verify
from twin.runner.kinds import batch_maker, rom_runner
from twin.swap import SwapTwin

LOWERING_S = 35.0
"""Time at which the empty spreader moves down to the truck's pack."""


def swap(n: int = 1, fault: str | None = None) -> SwapTwin:
    setups = [setup_of("top_lift", seed) for seed in range(3, 3 + n)]
    timing = load_timing("factory", setups[0].station)
    faults = [parse_fault(fault)] if fault is not None else []
    return SwapTwin(setups[0], timing, faults, make_runner=batch_maker(setups))


def once_at(at_s: float, change: Callable[[Any], None]) -> Callable[[Any], None]:
    """A watcher that changes the world once."""
    done = []

    def watch(plant: Any) -> None:
        if not done and plant.worlds["truth"]["t_s"][0] >= at_s:
            change(plant.worlds[0])
            done.append(True)

    return watch


def put(field: str, index: tuple[int, ...], value: float) -> Callable[[Any], None]:
    def change(world: Any) -> None:
        world["truth"][field][index] = value

    return change


@pytest.mark.parametrize(
    ("change", "quantity", "unit", "limit", "least"),
    [
        (put("qd", (0, 4), math.nan), "lost_coordinates", "", 0.0, 1.0),
        slow(put("q", (0, 0), math.inf), "lost_coordinates", "", 0.0, 1.0),
        slow(put("truck_q", (4,), 1e35), "lost_coordinates", "", 0.0, 1.0),
        (put("qd", (0, 4), 3.0), "end_effector_speed", "m/s", 2.0, 2.0),
        slow(put("truck_q", (4,), 0.4), "tilt", "rad", 0.2, 0.2),
        slow(put("qd", (0, 0), 9.0), "velocity", "m/s", 2.0, 2.0),
        slow(put("truck_qd", (0,), 5.0), "truck_speed", "m/s", 2.0, 2.0),
    ],
)
def test_a_state_outside_ends_the_swap(
    change: Callable[[Any], None], quantity: str, unit: str, limit: float, least: float
) -> None:
    """The result has the quantity, its value and its limit; the state is finite and no invariant was judged by it."""
    twin = swap()
    twin.watch(once_at(LOWERING_S, change))
    result = twin.run()
    assert result.outcome == "outside_model"
    end = result.events[-1]
    assert (end["name"], end["quantity"], end["unit"]) == ("outcome", quantity, unit)
    assert end.get("limit", math.inf) == pytest.approx(limit)
    assert end["value"] > least or end["value"] == least == 1.0
    assert end["message"].startswith(f"outside_model at {end['at_s']:.1f} s")
    assert end["at_s"] == pytest.approx(LOWERING_S, abs=0.021)
    assert not result.violations
    json.dumps(result.as_json(), allow_nan=False)
    world = twin.runner.worlds[0]
    assert all(
        np.isfinite(world["truth"][name]).all()
        for name in ("q", "qd", "truck_q", "truck_qd", "pack_pose", "e_pose", "tau")
    )


def test_nothing_moves_after_it_has_left() -> None:
    twin = swap()
    twin.watch(once_at(LOWERING_S, put("qd", (0, 4), math.nan)))
    twin.run()
    before = twin.runner.state_sha256()
    twin.runner.stand(0, 1.0)
    twin.runner.run()
    assert twin.runner.state_sha256() == before


def test_only_that_world_of_a_batch_ends() -> None:
    """Unobserved scans check as observed ones do, and the other worlds are unaffected."""
    alone = swap()
    expected = alone.run().end_state_sha256
    twin = swap(2)
    both, until = np.arange(2), np.full(2, round(LOWERING_S * 500))
    while twin.program.start() and (twin.runner.worlds["truth"]["tick"] < until).any():
        twin.runner.run_to(both, until)
        twin.program.collect()
    twin.runner.worlds["truth"]["qd"][1, 0, 4] = math.nan
    twin.program.run()
    first, second = twin.results()
    assert (first.outcome, second.outcome) == ("completed", "outside_model")
    assert first.end_state_sha256 == expected


def test_a_recording_of_it_verifies(tmp_path: Path) -> None:
    """The recording has finite numbers only, up to the last scan, which is the same when its commands are rerun."""
    twin = swap(fault="truck_shove:force_n=5000000,phase=lower,after_s=3")
    with SwapRecorder(tmp_path / "left.mcap", twin) as recorder:
        result = twin.run()
        recorder.finish(result)
    assert result.outcome == "outside_model"
    assert result.events[-1]["quantity"] == "truck_speed"
    assert verify(tmp_path / "left.mcap").verified


def test_a_pack_that_hangs_past_a_seat_is_not_beside_its_pins() -> None:
    """A truck that rolls under a held block brings another seat nearest, which does not end the swap."""
    setup = setup_of("chassis", 5)
    fault = parse_fault("brakes_released:grade_percent=3,phase=insert,after_s=4")
    result = SwapTwin(setup, load_timing("factory", setup.station), [fault], make_runner=rom_runner).run()
    assert result.outcome == "truck_moved"
    assert not result.violations


def test_a_trip_before_it_left_is_reported() -> None:
    """The truck's brakes are released on a slope: the station trips, and the truck rolls out of the domain during the
    stop."""
    result = swap(fault="brakes_released:grade_percent=20,phase=lower,after_s=4").run()
    trip, end = (next(e for e in reversed(result.events) if e["name"] == name) for name in ("trip", "outcome"))
    assert (result.outcome, trip["reason"], end["after_trip"]) == ("outside_model", "truck_moved", "truck_moved")
    assert end["message"].endswith(f", after the trip truck_moved at {trip['at_s']:.1f} s")


@pytest.mark.slow
def test_a_hard_but_real_fault_stays_inside() -> None:
    """A shove of 180 kN, about the truck's weight with its pack, stays within the domain."""
    result = swap(fault="truck_shove:force_n=180000,direction_deg=90,phase=lower,after_s=3").run()
    assert result.outcome == "completed"
