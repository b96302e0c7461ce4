"""What the camera's presets show of a swap: the work, and nothing large before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.twin.viewer.pinhole import pixel
from twin.viewer.graphics.camera import View
from twin.viewer.layout import Layout
from twin.viewer.scene.proportions import Pit
from twin.viewer.scene.views import PRESETS
from twin.viewer.scene.work import work_at
from twin.viewer.snapshot import Snapshot
from twin.viewer.source import Source
from twin.viewer.studio import Studio

SIZE_PX = (640, 360)
STATION_BLUE = (60, 120, 185)


def moved(snapshot: Snapshot, values: dict[str, float], at: dict[str, np.ndarray]) -> Snapshot:
    """The same instant with other values of channels, and frames of the world at other places."""
    changed, poses = np.array(snapshot.values), np.array(snapshot.poses)
    for name, value in values.items():
        changed[snapshot.names.column_index[name]] = value
    for name, xyz_m in at.items():
        poses[snapshot.names.frame_index[name], :3] = xyz_m
    return replace(snapshot, values=changed, poses=poses)


def differs(a: np.ndarray, b: np.ndarray) -> float:
    """Share of pixels that are clearly not the same."""
    return float((np.abs(a.astype(int) - b).max(axis=2) > 12).mean())


def middle_px(layout: Layout, snapshot: Snapshot, view: View, frame: str) -> np.ndarray:
    """Where a frame is seen, as shares of the picture's size."""
    return np.array(pixel(view, SIZE_PX, snapshot.world_pose(frame)[:3])) / SIZE_PX


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_the_seat_view_goes_with_the_robot(station: str, request: pytest.FixtureRequest) -> None:
    with Source(request.getfixturevalue(f"{station}_swap")) as source:
        layout, start = source.layout, source.snapshot(source.start_s)
        job = layout.jobs[0]
        truck, put, take = (layout.seats[k].name for k in (job.truck_seat, job.put_seat, job.take_seat))
        tool, old, new = f"robot{job.robot}/end_effector", f"pack{job.old_pack}", f"pack{job.new_pack}"
        up = np.array([0.0, 0.0, layout.retract * layout.pack.size_m[2]])
        over = {name: start.world_pose(name)[:3] + up for name in (truck, put, take)}
        held, locked = f"robot{job.robot}/held", f"{truck}/locked"
        stages = [
            (truck, {}, {tool: over[truck]}),
            (truck, {held: job.old_pack, locked: -1.0}, {tool: over[truck]}),
            (put, {held: job.old_pack, locked: -1.0}, {tool: over[put], old: over[put]}),
            (put, {held: -1.0, locked: -1.0}, {tool: over[put], old: over[put]}),
            (take, {held: -1.0, locked: -1.0}, {tool: over[take], old: over[put]}),
            (take, {held: job.new_pack, locked: -1.0}, {tool: over[take], old: over[put]}),
            (truck, {held: job.new_pack, locked: job.new_pack}, {tool: over[truck], old: over[put], new: over[truck]}),
            (truck, {held: -1.0, locked: job.new_pack}, {tool: over[truck], old: over[put], new: over[truck]}),
        ]
        for seat, values, at in stages:
            now = moved(start, values, at)
            assert work_at(layout, now).seat == seat
            x, y = middle_px(layout, now, PRESETS["seat"](layout, now), tool)
            assert 0.25 < x < 0.75, f"{tool} at {seat} is at the edge of the picture"
            assert 0.0 < y < 0.9


def test_the_seat_view_stays_with_the_last_robot_that_works(chassis_swap: Path) -> None:
    with Source(chassis_swap) as source:
        layout, start = source.layout, source.snapshot(source.start_s)
        first = layout.jobs[0].robot
        done = {f"{layout.seats[job.truck_seat].name}/locked": job.new_pack for job in layout.jobs}
        other = next(job for job in layout.jobs if job.robot != first)
        seat = layout.seats[other.truck_seat].name
        held = {f"robot{other.robot}/held": other.new_pack, f"{seat}/locked": -1.0}
        at = {f"robot{other.robot}/end_effector": start.world_pose(seat)[:3]}
        assert work_at(layout, moved(start, done | held, at)).seat == seat
        last = [job for job in layout.jobs if job.robot == first][-1]
        assert work_at(layout, moved(start, done, {})).seat == layout.seats[last.truck_seat].name


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_the_cab_leaves_the_driver_the_seats_in_sight(station: str, request: pytest.FixtureRequest) -> None:
    with Source(request.getfixturevalue(f"{station}_swap")) as source:
        layout, now = source.layout, source.snapshot(source.start_s)
        with Studio(layout, source.names, SIZE_PX, "low", "driver") as studio:
            picture = studio.picture(now).astype(int)
        cab = (picture[..., 2] - picture[..., 0] > 60) & (picture[..., 0] < 60)
        assert cab.mean() < 0.22
        for job in layout.jobs:  # the old packs on the truck have orange frames
            x, y = middle_px(layout, now, PRESETS["driver"](layout, now), f"pack{job.old_pack}")
            assert 0.1 < x < 0.7
            assert 0.05 < y < 0.8
        orange = (picture[..., 0] - picture[..., 2] > 80) & (picture[..., 0] - picture[..., 1] > 60)
        assert orange.mean() > 0.025


def test_from_above_one_sees_into_the_pit(chassis_swap: Path) -> None:
    """No roof, a deck like glass: the vehicle under it and the stored blocks show; elsewhere both are solid again."""
    with Source(chassis_swap) as source, Studio(source.layout, source.names, SIZE_PX, "low", "top") as studio:
        layout, now = source.layout, source.snapshot(source.start_s)
        view = PRESETS["top"](layout, now)
        picture = studio.picture(now).astype(int)
        assert (np.abs(picture - STATION_BLUE).max(axis=2) < 40).mean() < 0.01, "a roof"
        found = [studio.stage.project(np.array([x, 0.0, 0.0])) for x in Pit.of(layout).end_x_m]
        (low, _), (high, _) = (at for at in found if at is not None)
        assert 0.6 < (high - low) / SIZE_PX[0] < 0.95, "the pit fills the picture"
        gone = moved(now, {}, {name: np.array([0.0, 0.0, -50.0]) for name in now.names.frame_index if "robot1" in name})
        seen = differs(picture, studio.picture(gone))
        assert seen > 0.01, "the vehicle under the deck"
        studio.view = View(view.eye_m, view.target_m, view.fov_deg)  # the same place, but no view from above by name
        solid = [studio.picture(each).astype(int) for each in (now, gone)]
        assert differs(*solid) < 0.3 * seen
