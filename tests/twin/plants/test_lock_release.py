"""Locks let go of a held pack gradually: nothing jumps, and what they carried is what the balance leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.gravity import GRAVITY_MPS2
from twin.plants.geometry import HOLDS_FROM
from twin.plants.lock_release import FREE_FROM
from twin.runner.kinds import bullet_runner, rom_runner
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

CASES = {"top_lift": ("tractor_6x4", "cab_350"), "chassis": ("chassis_tractor_3", "chassis_171")}
RUNNERS = {"rom": rom_runner, "bullet": bullet_runner}


class ReleasedError(Exception):
    """The first locks are out of the way."""


def released(station: str, plant: str, seed: int) -> tuple[SwapTwin, list[dict[str, Any]]]:
    """Play a swap of an unguided truck until robot 0's first locks are open; scans while they let go."""
    truck, pack = CASES[station]
    setup = build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=seed, parking="unguided")
    twin = SwapTwin(setup, load_timing("factory", setup.station), make_runner=RUNNERS[plant])
    seen: list[dict[str, Any]] = []

    def note(runner: Any) -> None:
        w = runner.worlds["truth"][0]
        going = int(w["letting_go"][0])
        if going:
            names = ("lock_load_n", "load_n", "guide_force_n", "guide_peak_n", "pad_gap_m", "lock_position")
            seen.append({name: w[name].copy() for name in names} | {"seat": going - 1, "pack": int(w["held"][0])})
        elif seen:
            raise ReleasedError

    twin.watch(note)
    with pytest.raises(ReleasedError):
        twin.run()
    return twin, seen


@pytest.mark.parametrize("plant", RUNNERS)
@pytest.mark.parametrize("station", CASES)
def test_nothing_jumps_while_locks_let_go(station: str, plant: str) -> None:
    """The lateral force stays a small share of what the friction of the whole weight would allow, 0.15 of it."""
    twin, seen = released(station, plant, seed=4)
    kg = float(twin.setup.params["pack_mass_kg"][0, seen[0]["pack"]])
    lateral_n = max(float(row["guide_peak_n"][0, 0]) for row in seen)
    assert lateral_n < 0.025 * kg * GRAVITY_MPS2
    weighed = np.array([row["load_n"][0] for row in seen])
    assert np.abs(np.diff(weighed)).max() < 0.02 * kg * GRAVITY_MPS2  # of the load, from scan to scan


@pytest.mark.parametrize("plant", RUNNERS)
def test_locks_carry_what_robot_and_pads_leave(plant: str) -> None:
    """At release: weight of pack and end effector = suspension + locks + pads, as far as those are pressed.

    Vertically the ropes' force is the load cell's to a thousandth at these angles.
    """
    twin, seen = released("top_lift", plant, seed=4)
    p, first = twin.setup.params[0], seen[0]
    kg = float(p["pack_mass_kg"][first["pack"]] + p["e_mass_kg"])
    carried_n = float(first["lock_load_n"][0, 2])
    pressed_m = np.maximum(-first["pad_gap_m"][first["pack"]], 0.0)  # the engine's weld gives by some hundredths of mm
    carried_n += float(p["pad_stiffness_n_per_m"] * pressed_m.sum())
    assert carried_n + float(first["load_n"][0]) == pytest.approx(kg * GRAVITY_MPS2, rel=5e-3)
    last = seen[-1]  # and at the end the pads have it
    pads_n = float(last["guide_force_n"][0, 2])
    assert pads_n + float(last["load_n"][0]) == pytest.approx(kg * GRAVITY_MPS2, rel=2e-2)


def test_they_let_go_over_half_of_their_way() -> None:
    twin, seen = released("top_lift", "rom", seed=4)
    positions = np.array([row["lock_position"][row["seat"], 0] for row in seen])
    assert positions.min() > FREE_FROM
    assert positions.max() < HOLDS_FROM
    rate = float(twin.setup.params["lock_rate"][0, seen[0]["seat"], 0])
    scan_s = float(twin.setup.params["dt_s"][0] * twin.setup.params["scan_ticks"][0])
    assert len(seen) * scan_s == pytest.approx((HOLDS_FROM - FREE_FROM) / rate, abs=2 * scan_s)
