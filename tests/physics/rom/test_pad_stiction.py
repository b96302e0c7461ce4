"""Pads under stiction on the reduced-order plant (pad stiction): same result as at full rate, and only while at
rest."""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom.loads import HUNG_KG
from tests.physics.rom_bench import ATTACHED, FULL_RATE, SLEEPING
from twin.records import TPITCH, TROLL, TZ

G = rig.GRAVITY_MPS2
WEIGHT_N = HUNG_KG[rig.OLD] * G
STANDS_S = 0.1
"""Longer than the time at rest before pad stiction begins."""


def press_on_truck(plant, load_n):
    """Grip pack OLD on the truck with this force in the ropes, its locks open; settled."""
    w = plant.worlds[0]
    x, y, z = (float(v) for v in w["truth"]["pack_pose"][rig.OLD, :3])
    rope_m = 6.0 - z
    rig.hang(plant, None, rope_m - rig.stretch_m(plant, load_n / G, rope_m), x=x, y=y)
    rig.place_axes(plant, ez=z - 6.0)
    rig.grip(plant, rig.OLD)
    rig.unlock(plant, rig.OLD)
    w["image"]["load_cell_n"][0] = w["truth"]["load_n"][0] = load_n
    rig.run(plant, 4.0)


@pytest.mark.parametrize("load_n", [0.0, 2000.0, 8000.0])
@pytest.mark.parametrize("joint", [TZ, TPITCH, TROLL], ids=["heave", "pitch", "roll"])
def test_a_pack_on_a_rocking_truck(bench, joint, load_n):
    """As after a pack was set down: the truck heaves, pitches or rolls at 3 mm/s or mrad/s, and comes to rest as with
    contact at every tick: truck to 0.05 mm or mrad, forces to 1 % of the weight. The coupler is engaged and at rest.
    """
    seen = []
    for chosen in (None, FULL_RATE):
        plant = bench()
        press_on_truck(plant, load_n)
        rig.brake(plant)
        plant.worlds["truth"]["truck_qd"][0, joint] = 0.003
        plant.refresh()
        plant.step_mode = FULL_RATE
        rig.run(plant, STANDS_S)
        plant.step_mode = chosen
        plant.states["stiction_scans"] = 3
        rig.run(plant, 0.02)
        assert plant.chosen() == (FULL_RATE if chosen == FULL_RATE else ATTACHED)
        seen.append(rig.record(plant, 1.5, "truck_q", "load_n", "guide_force_n"))
    attached, full_rate = seen
    for name, most in (("truck_q", 5e-5), ("load_n", 0.01 * WEIGHT_N), ("guide_force_n", 0.01 * WEIGHT_N)):
        assert np.abs(attached[name] - full_rate[name]).max() < most, name
    steps, tenth = np.abs(np.diff(attached["truck_q"][:, joint])), len(attached["truck_q"]) // 10
    assert steps[-tenth:].max() < 0.5 * steps[:tenth].max(), "it comes to rest"


def test_pads_and_ropes_share_the_weight(bench):
    """Newton: at rest the contact force is the weight minus the ropes' share."""
    plant = bench()
    press_on_truck(plant, 8000.0)
    w = plant.worlds[0]
    assert plant.chosen() in (ATTACHED, SLEEPING)
    assert w["truth"]["guide_force_n"][0, 2] + w["truth"]["load_n"][0] == pytest.approx(WEIGHT_N, abs=5.0)
    assert 2000.0 < w["truth"]["load_n"][0] < 12000.0


def test_it_ticks_while_an_axis_moves(bench):
    """A pack lifted off by the hoist is stepped by its contacts, and finally hangs with all its weight."""
    plant = bench()
    press_on_truck(plant, 8000.0)
    w = plant.worlds[0]
    rig.move(plant, z=float(w["truth"]["q"][0, 2]) + 0.05, velocity=0.02, acceleration=0.05, jerk=0.5)
    rig.run(plant, 0.05)
    assert plant.chosen() == FULL_RATE
    for _ in range(40):
        rig.run(plant, 0.05)
        assert plant.chosen() != ATTACHED
    rig.run(plant, 3.0)
    assert w["truth"]["load_n"][0] == pytest.approx(WEIGHT_N, rel=0.02)
    assert w["monitor"]["violation"].sum() == 0
