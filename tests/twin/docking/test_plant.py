"""The plant as a whole: bits, batches, step size, bad commands."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.docking import rig
from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.docking import DockingPlant, docking_params
from twin.errors import InputError


def arrive(plant, seconds=46.0):
    """A scripted drive in with steering to and fro, rails, stop and a halt."""
    for k in range(round(seconds / 0.1)):
        t = 0.1 * k
        swing = 0.02 * np.cos(0.7 * t) if t < 18.0 else 0.0
        speed = 1.2 if t < 24.0 else 0.4
        push = -1.0 if t > 38.0 else np.clip(4.0 * (speed - plant.speed_mps()), -0.8, 0.5) + 0.06
        plant.apply(swing, push)
        plant.advance()


def of(n, truck="tractor_6x4"):
    return DockingPlant.of(load_truck(truck), load_station("top_lift"), load_pack("cab_282"), n)


def test_same_seed_same_bits_alone_in_a_batch_and_again():
    batch = of(4)
    seeds = [3, 11, 5, 8]
    batch.reset(seeds)
    arrive(batch)
    first = batch.worlds.copy()
    batch.reset(seeds)
    arrive(batch)
    assert batch.worlds.tobytes() == first.tobytes()
    alone = of(1)
    for i in (1, 3):
        alone.reset(seeds[i])
        arrive(alone)
        assert alone.worlds[0].tobytes() == first[i].tobytes()
    assert len({row.tobytes() for row in batch.pose()}) == 4


@pytest.mark.parametrize("truck", ["tractor_6x4", "mixer_8x4"])
def test_halving_the_step_moves_the_final_pose_by_less_than_a_millimetre(truck):
    """The same commands, rails, stop and a halt included, at 2.5 and at 1.25 ms."""
    loaded, station, pack = load_truck(truck), load_station("top_lift"), load_pack("cab_282")
    commands, ends = [], []
    plant = DockingPlant.of(loaded, station, pack)
    start = np.array([[-30.0, 0.03, -0.0015]])
    plant.reset(2, start)
    original = plant.apply

    def note(rate, push):
        commands.append((float(np.ravel(rate)[0]), float(np.ravel(push)[0])))
        original(rate, push)

    plant.apply = note  # type: ignore[method-assign]
    arrive(plant)
    ends.append(plant.pose()[0])
    fine = DockingPlant(docking_params(loaded, station, pack, steps_per_control=80))
    fine.reset(2, start)
    for rate, push in commands:
        fine.apply(rate, push)
        fine.advance()
    ends.append(fine.pose()[0])
    assert plant.stopped()[0]
    assert fine.stopped()[0]
    assert plant.peak_rail_force_n()[0] > 0.0
    assert plant.peak_stop_force_n()[0] > 0.0
    np.testing.assert_allclose(ends[0][:2], ends[1][:2], atol=1e-3)
    assert ends[0][2] == pytest.approx(ends[1][2], abs=2e-4)


def test_starts_are_drawn_from_the_seed_and_differ():
    plant = of(400)
    plant.reset(range(400))
    pose = plant.pose()
    assert (pose[:, 0] == -30.0).all()
    np.testing.assert_allclose(pose[:, 1].std(), 0.30, rtol=0.12)
    np.testing.assert_allclose(pose[:, 2].std(), 0.035, rtol=0.12)
    assert len(np.unique(pose[:, 1])) > 390
    other = of(1)
    other.reset(17)
    assert other.pose()[0].tobytes() == pose[17].tobytes()


def test_worlds_are_apart_and_read_outs_are_copies():
    plant = of(2)
    plant.reset([1, 1])
    plant.apply(np.array([0.1, 0.0]), np.array([0.4, 0.0]))
    plant.advance(1.0)
    pose = plant.pose()
    assert pose[0, 0] > pose[1, 0]
    pose[:] = 9.0
    assert plant.pose().max() < 9.0


def test_bad_commands_and_data_are_refused_by_name():
    plant = of(2)
    with pytest.raises(InputError, match="steering_rate_radps"):
        plant.apply(np.nan, 0.0)
    with pytest.raises(InputError, match="acceleration_mps2"):
        plant.apply(0.0, np.zeros(3))
    with pytest.raises(InputError, match="seconds"):
        plant.advance(0.0012)
    with pytest.raises(InputError, match="seeds"):
        plant.reset([1])
    truck, station, pack = load_truck("tractor_6x4"), load_station("top_lift"), load_pack("cab_282")
    with pytest.raises(InputError, match="weather"):
        docking_params(truck, station, pack, weather="fog")
    with pytest.raises(InputError, match=r"approach"):
        docking_params(truck, with_overrides(station, {"approach": None}), pack)
    with pytest.raises(InputError, match=r"driving"):
        docking_params(with_overrides(truck, {"driving": None}), station, pack)
    with pytest.raises(InputError, match="guide rails"):
        docking_params(truck, with_overrides(station, {"approach.rails": []}), pack, guided=True)
    with pytest.raises(InputError, match="semi_trailer"):
        with_overrides(truck, {"outline.body": "none"})
    with pytest.raises(InputError, match="kingpin"):
        docking_params(with_overrides(truck, {"driving.trailer.kingpin_x_m": 1.5}), station, pack)


@pytest.mark.parametrize("truck", ["tractor_6x4", "chassis_tractor_3", "tractor_4x2", "chassis_tractor_2", "dump_8x4"])
def test_weights_add_up(truck):
    """Axle loads carry what there is, at most 49 t; the kingpin load counts once."""
    plant = rig.bench(truck)
    p = plant.params[0]
    assert p["axle_load_n"].sum() == pytest.approx(p["total_kg"] * rig.G, rel=1e-9)
    assert p["axle_brake_kg"].sum() == pytest.approx(p["total_kg"], rel=1e-9)
    assert 20000.0 < p["total_kg"] <= 49000.0
    assert p["axle_load_n"][: p["axles"]].min() > 2.0e4
