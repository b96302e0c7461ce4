"""The human driver: late, led, halting at the mark or leaning on the stop; one drive depends on its own seed only."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.docking import rig
from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.docking import DockingPlant
from twin.docking.drive import drive_in
from twin.docking.driver import PRESSING, REACTION_S, HumanDriver
from twin.errors import InputError

TRUCK, STATION, PACK = load_truck("tractor_6x4"), load_station("top_lift"), load_pack("cab_282")


def sharp_eyed(plant, seeds, **options):
    """A driver who sees everything as it is, though late."""
    driver = HumanDriver(plant, seeds, **options)
    driver._task["sight"] = 0.0
    return driver


def go(plant, driver, seconds=60.0):
    for _ in range(round(seconds / 0.1)):
        plant.apply(*driver.act())
        plant.advance()
        if (plant.stopped() & driver.halting()).all():
            return


def test_without_perception_errors_the_driver_parks_in_the_middle_and_at_the_mark():
    """What remains is his reaction time: even over 0.4 s at a creep of 0.2 m/s, 23 mm of standard deviation."""
    n = 100
    plant = DockingPlant.of(TRUCK, STATION, PACK, n, guided=False)
    plant.reset(range(n))
    go(plant, sharp_eyed(plant, range(n), marks=False))
    pose = plant.pose()
    assert plant.stopped().all()
    assert np.abs(pose[:, 1]).max() < 0.02
    assert np.abs(pose[:, 2]).max() < np.radians(0.3)
    expected = 0.2 * (REACTION_S[1] - REACTION_S[0]) / np.sqrt(12.0)
    assert pose[:, 0].std() == pytest.approx(expected, rel=0.35)


def test_the_driver_holds_the_truck_against_the_wheel_stop():
    """The truck rests against the stop, wherever that stands, and is not thrown back."""
    n = 20
    plant = DockingPlant.of(TRUCK, STATION, PACK, n)
    plant.reset(range(n))
    driver = sharp_eyed(plant, range(n))
    pressed = np.zeros(n, bool)
    for _ in range(700):
        plant.apply(*driver.act())
        plant.advance()
        pressed |= driver.drivers["phase"] == PRESSING
        if (plant.stopped() & driver.halting()).all():
            break
    assert pressed.all()
    depth = plant.longitudinal_error_m() - plant.worlds["stop_shift_m"]
    assert (depth > -0.005).all()
    assert (depth < 0.02).all()


def test_the_driver_acts_on_the_state_a_reaction_time_ago():
    """A step aside is answered after his reaction time, within a control step, and not before."""
    plant = rig.bench()
    rig.roll_at(plant, 1.0, (-25.0, 0.0, 0.0))
    driver = sharp_eyed(plant, [5])
    for _ in range(20):
        rate, _ = driver.act()
        plant.apply(0.0, 0.06)
        plant.advance()
    assert rate[0] == pytest.approx(0.0, abs=1e-6)
    plant.worlds["s"][0, 1] += 0.2
    waited = 0.0
    while abs(driver.act()[0][0]) < 1e-3:
        plant.apply(0.0, 0.06)
        plant.advance()
        waited += 0.1
    assert waited == pytest.approx(driver.drivers["reaction_s"][0], abs=0.1)
    assert driver.act()[0][0] < 0.0  # the truck is left of the lane: he steers right


def test_drives_are_the_same_alone_in_a_batch_and_again():
    batch = drive_in(TRUCK, STATION, PACK, range(6), weather="rain")
    again = drive_in(TRUCK, STATION, PACK, range(6), weather="rain")
    assert batch.pose.tobytes() == again.pose.tobytes()
    alone = drive_in(TRUCK, STATION, PACK, [4], weather="rain")
    assert alone.pose[0].tobytes() == batch.pose[4].tobytes()
    assert alone.time_s[0] == batch.time_s[4]
    assert alone.peak_rail_force_n[0] == batch.peak_rail_force_n[4]
    np.testing.assert_array_equal(alone.track[:, 0], batch.track[: len(alone.track), 4])
    assert len(np.unique(batch.pose[:, 0])) == 6
    assert batch.arrived.all()
    assert (batch.time_s > 20.0).all()


def test_a_new_source_shifts_no_other():
    """The driver's draws do not depend on the lidar, nor the start on the wheel stop."""
    blind = with_overrides(STATION, {"approach.lidar.clear.dropout": 0.9, "approach.lidar.rate_hz": 5.0})
    one, other = drive_in(TRUCK, STATION, PACK, [3]), drive_in(TRUCK, blind, PACK, [3])
    assert one.pose.tobytes() == other.pose.tobytes()
    moved = with_overrides(STATION, {"approach.wheel_stop.setting_m": 0.0})
    assert drive_in(TRUCK, moved, PACK, [3]).track[0].tobytes() == one.track[0].tobytes()


def test_bad_input():
    plant = rig.bench(n=2)
    with pytest.raises(InputError, match="seeds"):
        HumanDriver(plant, [1])
    with pytest.raises(InputError, match="weather"):
        HumanDriver(plant, [1, 2], weather="snow")
