"""Scope `seat`: the same insertions as in a whole world, with less than half of the engine's work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pybullet as pb
import pytest

from tests.evidence.campaign import SETUPS
from tests.physics.rig import BulletBench
from twin.alignment.episode import AlignmentTwin
from twin.alignment.hover import Hover, hover_world
from twin.alignment.servo import VisualServo
from twin.catalogue import load_pack, load_station, load_truck
from twin.geometry import rotate
from twin.plants.bullet.building import Scope
from twin.plants.geometry import carried_lift_mps
from twin.records import EZ
from twin.setup.setup import SwapSetup, build_setup

HOVERS = [
    ("top_lift", 1, Hover(height_m=0.3, off_x_m=0.01, off_y_m=-0.008, sway_x_m=0.008)),
    ("top_lift", 2, Hover(height_m=0.4, off_x_m=-0.015, off_yaw_rad=0.004, sway_y_mps=0.03)),
    ("chassis", 1, Hover(height_m=0.15, off_x_m=0.01, off_y_m=-0.008)),
    ("chassis", 2, Hover(height_m=0.2, off_y_m=0.02, off_yaw_rad=-0.004, job=2)),
]


def setup_of(station: str, seed: int = 1) -> SwapSetup:
    truck, pack = SETUPS[station]
    return build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=seed)


@contextmanager
def standing(station: str, scope: Scope) -> Iterator[BulletBench]:
    setup = setup_of(station)
    plant = BulletBench(setup, worlds=hover_world(setup, Hover()), scope=scope)
    try:
        yield plant
    finally:
        plant.close()


def seated(station: str, seed: int, hover: Hover, scope: Scope) -> tuple[Any, np.void]:
    """Result and last state of an insertion by the station's own servo."""
    twin = AlignmentTwin(setup_of(station, seed), hover, make_runner=partial(BulletBench, scope=scope))
    try:
        servo = VisualServo()
        twin.begin()
        while twin.running:
            twin.advance(servo.speeds(twin.look()))
        return twin.result(), twin.runner.worlds[0].copy()
    finally:
        twin.close()


@pytest.mark.parametrize(("station", "seed", "hover"), HOVERS)
def test_an_insertion_is_the_same(station: str, seed: int, hover: Hover) -> None:
    """Equal except in bits. Peak forces differ by more: of a hit, the monitor sees one tick in five."""
    whole, w = seated(station, seed, hover, "swap")
    less, v = seated(station, seed, hover, "seat")
    assert (less.outcome, less.violations) == (whole.outcome, whole.violations) == ("seated", ())
    assert less.time_s == pytest.approx(whole.time_s, abs=0.25)
    assert less.kpis["seat_error_m"] == pytest.approx(whole.kpis["seat_error_m"], abs=0.001)
    assert less.kpis["energy_j"] == pytest.approx(whole.kpis["energy_j"], rel=0.05, abs=2.0)
    assert less.kpis["peak_lateral_force_n"] == pytest.approx(whole.kpis["peak_lateral_force_n"], rel=0.5, abs=300.0)
    np.testing.assert_allclose(v["truth"]["truck_q"], w["truth"]["truck_q"], atol=1e-4)
    np.testing.assert_allclose(v["truth"]["q"], w["truth"]["q"], atol=5e-3)


@pytest.mark.parametrize("station", SETUPS)
def test_packs_that_wait_stay_where_they_were(station: str) -> None:
    """In slots they stay to the last bit but one; on the truck they move with it, and stay in their seats."""
    with standing(station, "seat") as plant:
        before = plant.worlds["truth"]["pack_pose"][0].copy()
        plant.run_ticks(600)
        held, w = int(plant.worlds["truth"]["held"][0].max()), plant.worlds[0]
        for k in range(int(plant.params["packs"][0])):
            if plant.setup.seats[int(w["truth"]["pack_seat"][k])].on_truck and k != held:
                assert np.abs(w["truth"]["pad_gap_m"][k]).max() < 1e-5
                assert np.abs(w["truth"]["pack_offset_m"][k]).max() < 1e-5
            elif k != held:
                np.testing.assert_allclose(w["truth"]["pack_pose"][k], before[k], rtol=0.0, atol=1e-14)
                assert not w["truth"]["pack_twist"][k].any()
        assert not w["monitor"]["violation"].any()


@pytest.mark.parametrize("station", SETUPS)
def test_what_stands_on_the_truck_loads_its_springs(station: str) -> None:
    with standing(station, "seat") as seat, standing(station, "swap") as swap:
        for plant in (seat, swap):
            plant.run_ticks(1000)
        np.testing.assert_allclose(seat.worlds["truth"]["truck_q"], swap.worlds["truth"]["truck_q"], atol=2e-5)
        np.testing.assert_allclose(
            seat.worlds["truth"]["pack_pose"], swap.worlds["truth"]["pack_pose"], atol=2e-3
        )  # compliance of the pads


@pytest.mark.parametrize("station", SETUPS)
def test_stored_packs_are_in_the_way(station: str) -> None:
    """A ray through the middle of each slot with a pack ends on its grip face."""
    with standing(station, "seat") as plant:
        w, s, found = plant.worlds[0], plant.setup.retract, 0
        for k in range(int(plant.params["packs"][0])):
            if plant.setup.seats[int(w["truth"]["pack_seat"][k])].on_truck:
                continue
            x, y, z = w["truth"]["pack_pose"][k, :3].tolist()
            [hit] = pb.rayTest([x, y, z + s * 0.1], [x, y, z - s * 0.1], physicsClientId=plant._client)
            assert hit[0] >= 0
            assert hit[3][2] == pytest.approx(z, abs=1e-4)
            found += 1
        assert found


@pytest.mark.parametrize("scope", ["swap", "seat"])
def test_forces_that_are_read_are_those_that_act(scope: Scope) -> None:
    """Mass times acceleration = ropes + guides + coupler - weight, in every tick of an insertion."""
    setup = setup_of("top_lift", 2)
    hover = Hover(height_m=0.15, off_x_m=0.012)
    twin = AlignmentTwin(setup, hover, make_runner=partial(BulletBench, scope=scope))
    plant, k = twin.runner, twin.job.new_pack
    w, p = plant.worlds[0], plant.params[0]
    kg = float(p["e_mass_kg"] + p["pack_mass_kg"][k])
    take_step, left_n, guide_n = plant.plant.step, [], []

    def balance(ticks: int = 1) -> None:
        for i in range(ticks):
            if i:
                plant._read_between_scans()
            plant._read_packs()
            before_mps = float(w["truth"]["pack_twist"][k, 2])
            take_step()
            plant._read_packs()
            plant._guides.read()
            hung_n = float(w["truth"]["tau"][0, EZ] + w["truth"]["guide_force_n"][0, 2] + w["truth"]["coupler_n"][k])
            acts_n = hung_n - kg * float(p["gravity_mps2"])
            left_n.append(kg * (float(w["truth"]["pack_twist"][k, 2]) - before_mps) * plant._physics_hz - acts_n)
            guide_n.append(float(w["truth"]["guide_force_n"][0, 2]))

    try:
        twin.begin()
        plant.plant.step = balance
        for _ in range(120):
            twin.advance(np.array([0.0, 0.0, 0.07, 0.0]))
    finally:
        twin.close()
    assert max(guide_n) > 5_000.0, "it must have met its seat"
    assert np.abs(left_n).max() < 20.0


def test_grips_and_locks_stay_as_they_are() -> None:
    with standing("top_lift", "seat") as plant:
        plant.worlds["image"]["grip_command"][0, 0] = 0
        with pytest.raises(NotImplementedError, match="grips and locks stay"):
            plant.run_ticks(5000)


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_the_joints_say_how_fast_a_carried_pack_rises(station: str) -> None:
    twin = AlignmentTwin(setup_of(station, 3), Hover(height_m=0.25, off_x_m=0.02, sway_x_mps=0.05))
    plant, k, r = twin.runner.plant, twin.job.new_pack, twin.job.robot
    try:
        twin.begin()
        for vertical in (0.08, -0.05, 0.03, 0.08):
            twin.advance(np.array([0.03, -0.02, -twin.setup.retract * vertical, 0.01]))
            plant._read_joints()
            plant._read_packs()
            said = carried_lift_mps(plant.worlds, plant.params, 0, r, k)
            w, com = plant.worlds[0], plant.params["pack_com"][0, k].tolist()
            arm_m = (
                w["truth"]["coupler_at"][k] - w["truth"]["pack_pose"][k, :3] - rotate(w["truth"]["pack_pose"][k], *com)
            )
            vertical_mps = w["truth"]["pack_twist"][k, 2] + np.cross(w["truth"]["pack_twist"][k, 3:], arm_m)[2]
            assert said == pytest.approx(vertical_mps, abs=2e-6)
    finally:
        twin.close()
