"""Known points of the station, projected by hand, are found on the picture where they must be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda3d.core import NodePath

from tests.twin.viewer.pinhole import pixel
from twin.viewer.graphics.camera import View
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.graphics.stage import SKY
from twin.viewer.snapshot import Snapshot
from twin.viewer.source import Source
from twin.viewer.studio import Studio

SIZE_PX = (640, 480)
AT_S = 7.0


@pytest.fixture(scope="module", params=["top_lift_swap", "chassis_swap"])
def shown(request: pytest.FixtureRequest) -> Iterator[tuple[Studio, Snapshot]]:
    path: Path = request.getfixturevalue(request.param)
    with Source(path) as source, Studio(source.layout, source.names, SIZE_PX, "low") as studio:
        yield studio, source.snapshot(AT_S)


def mask_of(studio: Studio, snapshot: Snapshot, node: NodePath, view: View) -> np.ndarray:
    """(height, width) True where `node` alone is drawn before the sky."""
    studio.view = view
    hidden = [child for child in studio.scene.root.get_children() if not child.is_hidden()]
    parents = [p for p in (node.get_parent(), node.get_parent().get_parent()) if p != studio.scene.root]
    try:
        studio.scene.root.hide()
        node.show_through()
        picture = studio.picture(snapshot).astype(int)
    finally:
        node.show()
        studio.scene.root.show()
        for child in (*hidden, *parents):
            child.show()
    sky = np.round(np.array(SKY) * 255.0)
    return np.abs(picture - sky).max(axis=2) > 2


def near(mask: np.ndarray, at: np.ndarray, radius_px: float) -> bool:
    """Whether anything is drawn within a radius of a pixel."""
    ys, xs = np.nonzero(mask)
    return bool(len(xs)) and float(np.hypot(xs + 0.5 - at[0], ys + 0.5 - at[1]).min()) <= radius_px


def look_at(point_m: np.ndarray, away_m: float, height_m: float) -> View:
    """From ahead on the right of the lane."""
    x, y, z = (float(c) for c in point_m)
    return View((x + 0.62 * away_m, y - 0.78 * away_m, z + height_m), (x, y, z), 40.0)


def test_pack_corners_are_where_the_recorded_pose_puts_them(shown: tuple[Studio, Snapshot]) -> None:
    studio, snapshot = shown
    layout = studio.layout
    studio.scene.update(snapshot)
    x, y, z = (s / 2.0 for s in layout.pack.size_m)
    for k in (layout.jobs[0].old_pack, layout.jobs[0].new_pack):
        name = f"pack{k}"
        middle = snapshot.world_point(name, (0.0, 0.0, -layout.retract * z))
        view = look_at(middle, 4.5, 1.6)
        mask = mask_of(studio, snapshot, studio.scene.frames[name], view)
        corners = [
            snapshot.world_point(name, (sx * x, sy * y, -layout.retract * z + sz * z))
            for sx, sy, sz in product((-1, 1), repeat=3)
        ]
        pixels = np.array([pixel(view, SIZE_PX, corner) for corner in corners])
        ys, xs = np.nonzero(mask)
        found = np.array([xs.min(), xs.max() + 1.0, ys.min(), ys.max() + 1.0])
        wanted = np.array(
            [*pixels[:, 0][[pixels[:, 0].argmin(), pixels[:, 0].argmax()]], *np.sort(pixels[:, 1])[[0, -1]]]
        )
        # 4.5 m away a pixel is about 7 mm; fittings stand out by some centimetres
        assert np.abs(found - wanted).max() < 12.0, (name, found, wanted)
        extremes = {int(i) for i in (*pixels.argmin(axis=0), *pixels.argmax(axis=0))}
        for i in extremes:
            assert near(mask, pixels[i], 5.0), f"{name}: nothing drawn at its corner {pixels[i]}"


def test_pin_tips_end_where_the_seat_has_them(shown: tuple[Studio, Snapshot]) -> None:
    studio, snapshot = shown
    layout = studio.layout
    studio.scene.update(snapshot)
    guides = layout.pack.guides
    for seat in layout.seats[:2]:
        for x, y in (guides.round_xy_m, guides.slotted_xy_m):
            tip = snapshot.world_point(seat.name, (x, y, layout.retract * guides.pin_length_m))
            beyond = snapshot.world_point(seat.name, (x, y, layout.retract * (guides.pin_length_m + 0.02)))
            view = look_at(tip, 1.2, 0.35 * layout.retract)
            mask = mask_of(studio, snapshot, studio.scene.frames[seat.name], view)
            assert near(mask, pixel(view, SIZE_PX, tip), 3.0), f"{seat.name}: no pin at its tip"
            assert not near(mask, pixel(view, SIZE_PX, beyond), 4.0), f"{seat.name}: the pin is longer than it is"


def test_wheels_stand_on_the_ground_at_their_axles(shown: tuple[Studio, Snapshot]) -> None:
    studio, snapshot = shown
    truck = studio.layout.truck
    studio.scene.update(snapshot)
    body = studio.scene.frames["truck_body"]
    side_m = -truck.outline.width_m / 2.0 + 0.06  # the outer wheel face of the right-hand side, a little inside
    contact = snapshot.world_point("truck", (truck.front_axle.x_m, side_m, 0.0))
    view = look_at(contact, 3.5, 0.4)
    body.stash()
    mask = mask_of(studio, snapshot, studio.scene.frames["truck"], view)
    body.unstash()
    rows = np.nonzero(mask[:, int(pixel(view, SIZE_PX, contact)[0])])[0]
    assert len(rows), "no wheel above the front axle's contact point"
    below = snapshot.world_point("truck", (truck.front_axle.x_m, side_m, -0.03))
    assert near(mask, pixel(view, SIZE_PX, contact), 5.0)
    assert not near(mask, pixel(view, SIZE_PX, below), 2.0), "the wheel stands in the ground"
    hub = snapshot.world_point("truck", (truck.front_axle.x_m, side_m, 0.5))
    assert near(mask, pixel(view, SIZE_PX, hub), 1.5)


coordinate = st.floats(-8.0, 8.0)


@given(eye=st.tuples(coordinate, coordinate, st.floats(0.5, 8.0)), point=st.tuples(coordinate, coordinate, coordinate))
def test_stage_projects_as_a_pinhole_camera(
    offscreen: Offscreen, eye: tuple[float, float, float], point: tuple[float, float, float]
) -> None:
    view = View(eye, (9.0, 9.0, -1.0), 35.0)
    ahead = np.subtract(view.target_m, view.eye_m)
    offscreen.stage.look(view)
    got = offscreen.stage.project(point)
    depth = np.dot(np.subtract(point, eye), ahead) / np.linalg.norm(ahead)
    if depth < 0.2:
        assert got is None or depth > 0.05
        return
    assert got == pytest.approx(pixel(view, SIZE_PX, np.array(point)), abs=0.05 + 1e-4 / depth, rel=1e-4)


@pytest.fixture(scope="module")
def offscreen() -> Iterator[Offscreen]:
    with Offscreen(SIZE_PX, QUALITIES["low"]) as made:
        yield made


def test_orbit_gives_back_its_view() -> None:
    from twin.viewer.graphics.camera import Orbit

    view = View((3.0, -4.0, 5.0), (1.0, 0.5, 0.2), 33.0)
    again = Orbit.of(view).view
    assert np.allclose(again.eye_m, view.eye_m)
    assert again.fov_deg == view.fov_deg
    right = Orbit.of(view).shifted(1.0, 0.0).view
    moved = pixel(view, SIZE_PX, np.array(right.target_m)) - pixel(view, SIZE_PX, np.array(view.target_m))
    assert moved[0] > 50.0
    assert abs(moved[1]) < 1e-6
    up = Orbit.of(view).shifted(0.0, 1.0).view
    assert pixel(view, SIZE_PX, np.array(up.target_m))[1] < SIZE_PX[1] / 2 - 50.0
