"""The mast's floating head: its compliance, and a pack lifted off a tilted truck."""

from __future__ import annotations

import dataclasses
from math import radians

import numpy as np
import pytest

from tests.physics import rig
from tests.tiers import slow
from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
from twin.records import EPITCH, EROLL, EX, EY, TPITCH, TROLL
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

G = rig.GRAVITY_MPS2
QUICK = {"times.identify_s": 0.2, "times.scan_s": 1.0, "scanner.scan_samples": 20}


@pytest.mark.parametrize("locked", [False, True], ids=["free", "locked"])
@pytest.mark.parametrize(("axis", "tilt"), [(EX, EPITCH), (EY, EROLL)], ids=["x", "y"])
def test_what_a_steady_push_does_to_a_hanging_pack(bench, axis, tilt, locked):
    """A force F at the pack's centre of mass, h below the grip plane: F / k sideways and F h / (c + m g h') in tilt,
    m h' the first moment of pack and spreader. Free, k and c are column and head in series; locked, the column's own.
    """
    plant = bench("top_lift_mast", station_with={"reeving.damping_ratio": 0.3})  # settles in time
    rig.hang(plant, rig.OLD, 2.0)
    rig.brake(plant)
    w, p, reeving = plant.worlds[0], plant.params[0], plant.setup.station.reeving
    w["truth"]["float_lock"][0] = w["image"]["float_lock_command"][0] = int(locked)
    column = p["e_stiffness"] + p["e_lock_stiffness"]  # determines its frequency: test_statics
    k, c = column[axis - EX], reeving.tilt_stiffness_nm_per_rad
    if not locked:
        k = 1.0 / (1.0 / k + 1.0 / reeving.head.centring_stiffness_n_per_m)
        c = 1.0 / (1.0 / c + 1.0 / reeving.head.tilt_stiffness_nm_per_rad)
    force_n = 1000.0
    for _ in range(12 * plant._physics_hz):
        rig.push_pack(plant, rig.OLD, [force_n, 0.0, 0.0] if axis == EX else [0.0, force_n, 0.0])
        plant.scan()
        plant.step()
    moment_kgm = 3000.0 * 0.9 - 450.0 * 0.07
    turned = force_n * 0.9 / (c + moment_kgm * G)
    assert w["truth"]["q"][0, axis] == pytest.approx(force_n / k, rel=0.01)
    assert abs(w["truth"]["q"][0, tilt]) == pytest.approx(turned, rel=0.01)


@pytest.mark.parametrize(("pitch_deg", "roll_deg"), [slow(1.5, 1.5), slow(-1.5, 1.5)])
def test_a_pack_off_a_leaning_truck_goes_level_into_its_slot(pitch_deg, roll_deg):
    """The heaviest pack from a truck with the largest permitted tilt: 1.60 m x 1.5 deg is 42 mm at its feet and 23 mm
    across them. The free head lies flat on the pack, the pack hangs level once it is off the truck, and goes into its
    slot at the first attempt. A rigid head would keep the tilt: 17 mm beyond the guides' capture.
    """
    station = with_overrides(load_station("top_lift_mast"), QUICK)
    setup = build_setup(station, load_truck("tractor_6x4"), load_pack("cab_423"), seed=2)
    params = setup.params.copy()
    params["truck_park"][0, [TPITCH, TROLL]] = radians(pitch_deg), radians(roll_deg)
    twin = SwapTwin(dataclasses.replace(setup, params=params), load_timing("factory", station))
    try:
        w, program = twin.runner.worlds[0], twin.program
        lean = []

        def note(runner):
            if w["truth"]["held"][0] == rig.OLD:
                lean.append(rig.pack_in_end_effector_m(runner.plant, rig.OLD)[3:5])

        twin.runner.disturb = note
        while program.step[0, 0] < program.index["store_release"] and program.advance():
            pass
        assert {event["name"] for event in program.events[0]} <= {"load_cell_zeroed"}, "no try has failed"
        assert np.abs(lean).max() < radians(0.1)
        assert w["truth"]["pad_gap_m"][rig.OLD].max() < station.limits.seated_m
        assert np.hypot(*w["truth"]["pack_offset_m"][rig.OLD, :2]) < station.actuators.lock_capture_m
        assert w["kpis"]["peak_lateral_n"] < station.limits.lateral_abort_n
        assert not w["monitor"]["violation"].any()
    finally:
        twin.close()
