"""Contact of a held pack's sockets with the guide pins of a seat: the force is continuous on any path in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.evidence.campaign import SETUPS
from twin.alignment.hover import Hover, hover_world
from twin.catalogue import load_pack, load_station, load_truck
from twin.plants.rom import RomPlant
from twin.plants.rom.contact_points import DEEP_M, GAP, NX
from twin.plants.rom.contacts import _stays_clear
from twin.plants.rom.seat_contact import WALL_M
from twin.records import EZ, X, Y
from twin.setup.setup import build_setup

STEP_M = 0.001
FAR_M = 0.16


@pytest.mark.parametrize("depth_m", [0.005, 0.02, 0.04])
@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_a_pack_that_comes_from_the_side_is_pushed_back_gently(station: str, depth_m: float) -> None:
    """Sixteen horizontal directions from beside its seat, with pins as deep as `depth_m` over the mating face.

    From one millimetre to the next no point's penetration grows by much more than a millimetre, and the first contact
    of a pin below the inclined end face of the lead-in pushes the pack back.
    """
    truck, pack = SETUPS[station]
    setup = build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=1)
    plant = RomPlant(setup, worlds=hover_world(setup, Hover(height_m=0.3)))
    w, p, m, x, t = (of[0] for of in (plant.worlds, plant.params, plant.models, plant.states, plant._scratch))
    r = int(np.argmax(w["truth"]["held"] >= 0))
    over_m = float(w["truth"]["pack_offset_m"][w["truth"]["held"][r], 2])
    sunk = float(m["pin_length_m"]) - depth_m - over_m
    w["truth"]["q"][r, EZ] += setup.retract * sunk
    home = w["truth"]["q"][r].copy()
    met = 0
    for way in np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False):
        aside, before_m = np.array([math.cos(way), math.sin(way)]), 0.0
        for off_m in np.arange(FAR_M, 0.0, -STEP_M):
            w["truth"]["q"][r] = home
            w["truth"]["q"][r, [X, Y]] += off_m * aside
            t["points"][:, GAP] = 1.0
            _stays_clear(w["truth"], p, m, x, t, r)
            k = int(np.argmin(t["points"][:, GAP]))
            pressed_m = -float(t["points"][k, GAP])
            if pressed_m > 0.0:
                if before_m <= 0.0:
                    met += 1
                    outwards = t["points"][k, NX : NX + 2] @ aside > 0.0
                    assert outwards or depth_m < WALL_M, f"{station}: {off_m} m off, to {way:.1f} rad"
                assert pressed_m - max(before_m, 0.0) < 1.5 * STEP_M, f"{station}: {off_m} m off, to {way:.1f} rad"
            before_m = pressed_m
            if pressed_m > DEEP_M:
                break  # outside the model's domain
    assert met > 8
