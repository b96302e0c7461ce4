"""`--parking driven`: the pose of a drive with that seed, its time, and nothing else of the swap changed."""

from __future__ import annotations

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_truck, with_overrides
from twin.docking.drive import drive_in
from twin.errors import InputError
from twin.setup.parking import draw_parking, park
from twin.setup.setup import build_setup

SETUPS = [("top_lift", "tractor_6x4", "cab_282"), ("chassis", "chassis_rigid_1", "chassis_171")]


@pytest.mark.parametrize("names", SETUPS, ids=lambda n: n[0])
def test_a_driven_truck_stands_where_its_drive_ended(names):
    station, truck, pack = load_station(names[0]), load_truck(names[1]), load_pack(names[2])
    driven = build_setup(station, truck, pack, seed=5, parking="driven")
    ends = drive_in(truck, station, pack, [5])
    pose = driven.params["truck_park"][0]
    assert pose[:3].tobytes() == ends.pose[0].tobytes()
    # height, pitch and roll do not come from driving
    np.testing.assert_array_equal(pose[3:], draw_parking(station, "guided", 5)[3:])
    assert driven.docking is not None
    assert driven.dock_s == driven.docking.time_s == ends.time_s[0]
    reported = driven.docking.as_json()
    assert (reported["x_m"], reported["y_m"], reported["yaw_rad"]) == tuple(ends.pose[0])
    assert reported["guided"]
    assert reported["arrived"]
    # no other draw is shifted
    guided = build_setup(station, truck, pack, seed=5, parking="guided")
    assert guided.docking is None
    assert guided.dock_s == station.times.dock_s
    for name in guided.params.dtype.names:
        if name != "truck_park":
            assert guided.params[name].tobytes() == driven.params[name].tobytes(), name
    assert guided.guide_friction == driven.guide_friction


def test_without_rails_the_drive_is_unguided():
    station = with_overrides(load_station("top_lift"), {"approach.rails": [], "approach.wheel_stop": None})
    pose, docking = park(station, load_truck("tractor_6x4"), load_pack("cab_282"), "driven", 2)
    assert docking is not None
    assert not docking.guided
    assert docking.peak_rail_force_n == docking.peak_stop_force_n == 0.0
    np.testing.assert_array_equal(pose[3:], draw_parking(station, "unguided", 2)[3:])


def test_bad_input():
    station, truck, pack = load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282")
    with pytest.raises(InputError, match=r"--parking.*guided, unguided, driven"):
        park(station, truck, pack, "valet", 1)
    with pytest.raises(InputError, match="approach"):
        park(with_overrides(station, {"approach": None}), truck, pack, "driven", 1)
    with pytest.raises(InputError, match="driving"):
        park(station, with_overrides(truck, {"driving": None}), pack, "driven", 1)
