"""Shadows at medium and high, in the first picture too; none at low."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.tiers import slow
from twin.viewer.graphics.camera import View
from twin.viewer.scene.scene import StationScene
from twin.viewer.snapshot import Snapshot
from twin.viewer.source import Source
from twin.viewer.studio import Studio

SIZE_PX = (160, 90)
BEHIND_FRONT_M, ASIDE_M = 12.0, 2.5
"""A spot on the ground beside the trailer: the sun comes from ahead on the right, so the left is in the shade."""
MAX_IN_SHADE = 0.8
"""Brightness in the shade as a share of that in the sun: it is 0.67 on concrete."""


def spot(source: Source, aside_m: float) -> View:
    """Nothing but a hand's breadth of ground beside the trailer, from so near that nothing stands between."""
    x = source.layout.truck.outline.cab_front_x_m - BEHIND_FRONT_M
    return View((x, aside_m, 1.2), (x + 0.1, aside_m, 0.0), 15.0)


def first_pictures(source: Source, quality: str, *views: str | View) -> list[np.ndarray]:
    """Each from a studio of its own, which has drawn nothing before."""
    pictures = []
    for view in views:
        with Studio(source.layout, source.names, SIZE_PX, quality, view) as studio:
            pictures.append(studio.picture(source.snapshot(2.0)))
    return pictures


def moved_away(snapshot: Snapshot) -> Snapshot:
    """The truck 60 m further: its shadow goes with it."""
    poses = snapshot.poses.copy()
    poses[snapshot.names.frame_index["truck"], 0] += 60.0
    return Snapshot(snapshot.names, snapshot.t_s, poses, snapshot.values, snapshot.sensors)


@pytest.fixture(params=["top_lift_swap", "chassis_swap"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    path: Path = request.getfixturevalue(request.param)
    with Source(path) as source:
        yield source


@pytest.mark.parametrize("quality", [slow("medium"), "high"])
def test_the_first_picture_has_the_shadow_of_the_trailer(source, quality):
    shade, sun = spot(source, ASIDE_M), spot(source, -ASIDE_M)
    no_shade, no_sun = first_pictures(source, "low", shade, sun)
    in_shade, in_sun = first_pictures(source, quality, shade, sun)
    assert in_shade.mean() < MAX_IN_SHADE * no_shade.mean()
    assert in_sun.mean() == pytest.approx(no_sun.mean(), abs=1.0)


def test_shadows_are_a_good_part_of_the_first_picture(source):
    (low,), (medium,) = (first_pictures(source, quality, "overview") for quality in ("low", "medium"))
    darker = (low.astype(int) - medium).min(axis=2) > 20
    assert darker.mean() > 0.04


def test_the_first_picture_is_like_the_next(source):
    with Studio(source.layout, source.names, SIZE_PX, "medium") as studio:
        now = source.snapshot(2.0)
        assert (studio.picture(now) == studio.picture(now)).all()


def test_in_motion_a_shadow_is_at_most_one_picture_late(source):
    now = source.snapshot(2.0)
    with Studio(source.layout, source.names, SIZE_PX, "medium", spot(source, ASIDE_M)) as studio:
        shade = studio.picture(now).mean()
        sun = studio.picture(moved_away(now)).mean()
        assert shade < MAX_IN_SHADE * sun
        for snapshot, expected in ((now, shade), (moved_away(now), sun), (now, shade)):
            for _ in range(2):
                studio.stage.next_picture(still=False)
                last = studio.picture(snapshot)
            assert last.mean() == pytest.approx(expected, abs=0.5)


def test_a_ghost_casts_no_shadow(source):
    now = source.snapshot(2.0)
    with Studio(source.layout, source.names, SIZE_PX, "medium", spot(source, ASIDE_M)) as studio:
        sun = studio.picture(moved_away(now))
        ghost = StationScene(source.layout, source.names, ghost=True)
        ghost.root.reparent_to(studio.stage.world)
        ghost.update(now)
        assert (studio.picture(moved_away(now)) == sun).all()
        ghost.root.remove_node()
