"""Contact of an empty end effector with a pack: the force is continuous from one short step to the next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.evidence.campaign import SETUPS
from twin.alignment.hover import Hover, hover_world
from twin.catalogue import load_pack, load_station, load_truck
from twin.plants.rom import RomPlant
from twin.plants.rom.contact_points import GAP, NX, NZ
from twin.plants.rom.contacts import _stays_clear
from twin.plants.rom.model import FREE
from twin.records import EPITCH, EROLL, EYAW, EZ, X, Y
from twin.setup.setup import build_setup

STEP_M, TURNS_RAD_PER_M = 0.0003, 0.2
DEEP_M = 0.008
"""Length of the path in: twice the penetration of a hit at creep speed, and within half of the guides' thickness."""
DEEPER, MORE = 2.0, 12.0
"""Limits per step of the change of the deepest point, and of the sum over all points (a dozen of them at most), in
steps."""


class Empty:
    """An end effector beside the pack it has released, which is fixed in the air."""

    def __init__(self, station: str) -> None:
        truck, pack = SETUPS[station]
        self.setup = build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=1)
        self.plant = RomPlant(self.setup, worlds=hover_world(self.setup, Hover(height_m=0.5)))
        self.parts = [
            of[0]
            for of in (
                self.plant.worlds, self.plant.params, self.plant.models, self.plant.states, self.plant._scratch
            )
        ]  # fmt: skip
        w, _, m, x, self.scratch = self.parts
        self.robot = r = int(np.argmax(w["truth"]["held"] >= 0))
        x["near"][r], x["second_near"][r], x["fixed_to"][r] = 2 + int(w["truth"]["held"][r]), 0, FREE
        w["truth"]["held"][r] = -1
        self.home, self.half_m = w["truth"]["q"][r].copy(), m["pack_half_m"].copy()

    def look(self, off: np.ndarray) -> tuple[float, np.ndarray]:
        """Depth of the deepest point (m), and the sum of depth times normal; `off` in m and rad, z in retract
        direction."""
        q, points = self.parts[0]["truth"]["q"][self.robot], self.scratch["points"]
        q[:] = self.home
        q[[X, Y, EZ, EYAW, EPITCH, EROLL]] += off * (1.0, 1.0, self.setup.retract, 1.0, 1.0, 1.0)
        points[:, GAP] = 1.0
        _stays_clear(self.parts[0]["truth"], *self.parts[1:], self.robot)
        depths = np.maximum(-points[:, GAP], 0.0)
        return float(depths.max()), depths @ points[:, NX : NZ + 1]


@pytest.fixture(scope="module", params=["top_lift", "chassis"])
def empty(request: pytest.FixtureRequest) -> Any:
    end_effector = Empty(request.param)
    yield end_effector
    end_effector.plant.close()


near = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.just(0.0), st.just(0.0))
captured = st.tuples(st.floats(-0.06, 0.06), st.floats(-0.06, 0.06), st.just(0.0), st.just(0.0))
next_pack = st.tuples(st.just(0.0), st.just(0.0), st.floats(-2.1, 2.1), st.floats(-2.1, 2.1))
shares = st.floats(-1.0, 1.0)


@settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    st.one_of(captured, near, next_pack), shares, shares, shares, st.floats(0.0, math.pi), st.floats(0.0, 2.0 * math.pi)
)
def test_no_point_appears_pressed_in(
    empty: Empty, place: tuple[float, float, float, float], yaw: float, pitch: float, roll: float, dive: float,
    way: float,
) -> None:  # fmt: skip
    """A straight path in from clear of the pack, with a small rotation."""
    off = np.zeros(6)
    off[:2] = np.add(place[:2], np.multiply(place[2:], empty.half_m))
    off[3:] = yaw * math.radians(4.0), pitch * math.radians(2.0), roll * math.radians(2.0)
    while empty.look(off)[0] > 0.0:
        off[2] += 0.005
    down = math.sin(dive)
    aside = math.sqrt(1.0 - down * down)
    turns = TURNS_RAD_PER_M * np.array([math.cos(dive), pitch, roll]) / math.sqrt(3.0)
    step = STEP_M * np.array([aside * math.cos(way), aside * math.sin(way), -down, *turns])
    was_m, was = 0.0, np.zeros(3)
    for _ in range(400):
        off += step
        pressed_m, pressed = empty.look(off)
        assert abs(pressed_m - was_m) < DEEPER * STEP_M, off
        assert float(np.linalg.norm(pressed - was)) < MORE * STEP_M, off
        if pressed_m > DEEP_M:
            break
        was_m, was = pressed_m, pressed
