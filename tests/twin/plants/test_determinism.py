"""The same seed gives the same state to the last bit: in one process, in a fresh one, and after other plants."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from twin.catalogue import load_pack, load_station, load_truck
from twin.records import new_command
from twin.runner.kinds import bullet_runner
from twin.setup.setup import build_setup

ROOT = Path(__file__).resolve().parents[3]
TICKS = 2000
SETUPS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}


def run_once(kind: str, seed: int = 3) -> str:
    """A move of x and z with sensor noise, 4 s; the hash of the state at its end."""
    truck, pack = SETUPS[kind]
    plant = bullet_runner(build_setup(load_station(kind), load_truck(truck), load_pack(pack), seed=seed))
    try:
        command = new_command()
        c, p, w = command[0], plant.params[0], plant.worlds[0]
        c["target"][0], c["target"][2] = (
            w["truth"]["q"][0, 0] + 0.3,
            w["truth"]["q"][0, 2] + (-0.4 if kind == "top_lift" else 0.15),
        )
        c["velocity"], c["acceleration"] = 0.9 * p["axis_velocity"], p["axis_acceleration"]
        c["jerk"], c["timeout_s"] = p["axis_jerk"], 60.0
        plant.issue(np.zeros(1, np.int64), np.zeros(1, np.int64), command)
        plant.run_ticks(TICKS)
        assert abs(w["truth"]["q"][0, 0] - c["target"][0]) < 0.01, "the move must have happened"
        return plant.state_sha256()
    finally:
        plant.close()


def test_same_seed_same_state_in_one_process_after_other_plants():
    """The third run follows a run of a plant of the other kind, with other draws."""
    first = {kind: run_once(kind) for kind in SETUPS}
    run_once("chassis", seed=11)
    assert {kind: run_once(kind) for kind in reversed(SETUPS)} == first


def test_two_plants_side_by_side_do_not_meet():
    """Plants are independent: stepping them alternately changes neither."""
    plants = []
    for _ in range(2):
        truck, pack = SETUPS["top_lift"]
        setup = build_setup(load_station("top_lift"), load_truck(truck), load_pack(pack), seed=5)
        plants.append(bullet_runner(setup))
    try:
        plants[0].run_ticks(200)
        for _ in range(20):
            plants[1].run_ticks(10)
            plants[0].run_ticks(10)
        plants[1].run_ticks(200)
        assert plants[0].state_sha256() == plants[1].state_sha256()
    finally:
        for plant in plants:
            plant.close()


def test_other_seed_other_state():
    assert run_once("top_lift", seed=3) != run_once("top_lift", seed=4)


def test_reading_the_hash_changes_nothing():
    truck, pack = SETUPS["top_lift"]
    hashes = []
    for often in (False, True):
        plant = bullet_runner(build_setup(load_station("top_lift"), load_truck(truck), load_pack(pack), seed=5))
        try:
            for _ in range(20):
                plant.run_ticks(20)
                if often:
                    plant.state_sha256()
            hashes.append(plant.state_sha256())
        finally:
            plant.close()
    assert hashes[0] == hashes[1]


def test_same_seed_same_state_in_a_fresh_process():
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.twin.plants.test_determinism import SETUPS, run_once
print(*(run_once(kind) for kind in SETUPS))
"""
    fresh = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "17"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert fresh.stdout.split()[-len(SETUPS) :] == [run_once(kind) for kind in SETUPS]
