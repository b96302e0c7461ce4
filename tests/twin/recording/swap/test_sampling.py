"""What a recording holds of an instant: the frames stand where the coordinates put them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.determinism.short_swap import setup_and_timing
from twin.recording.swap.sampling import fill_frames, frames_of
from twin.records import TPITCH, TROLL, TX, TY, TYAW, TZ, WORLD
from twin.setup.setup import SwapSetup
from twin.viewer.snapshot import Names, Snapshot

small = st.floats(-0.05, 0.05)


@pytest.fixture(scope="module")
def setup() -> SwapSetup:
    return setup_and_timing()[0]


@given(pose=st.tuples(small, small, small, small, small, small))
def test_an_exact_scan_shows_the_truck_where_it_is(setup: SwapSetup, pose: tuple[float, ...]) -> None:
    worlds = np.zeros(1, WORLD)
    worlds["truth"]["truck_q"][0][[TX, TY, TYAW, TZ, TPITCH, TROLL]] = pose
    worlds["image"]["scan_pose"][0, 0] = worlds["truth"]["truck_q"][0]
    frames = frames_of(setup)
    poses = np.zeros((len(frames), 7))
    fill_frames(worlds, setup.params, 0, poses)
    now = Snapshot(Names(frames), 0.0, poses)
    assert now.world_pose("truck_measured") == pytest.approx(now.world_pose("truck_body"), abs=1e-12)
