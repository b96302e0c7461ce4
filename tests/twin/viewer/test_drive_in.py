"""A drive into the bay in the viewer: where the camera stands, what turns and steers, what is charted."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from panda3d.core import NodePath

from swaptwin import run
from twin.catalogue import load_pack, load_station, load_truck
from twin.recording.docking import DockingConfiguration, DockingRecorder
from twin.recording.docking.configuration import Start
from twin.viewer.director import cuts
from twin.viewer.graphics.camera import View
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.hud.model import title_of
from twin.viewer.scene.approach import DOCKING_PRESETS
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.guide_forces import GuideForces
from twin.viewer.scene.measured import MeasuredSeats
from twin.viewer.scene.presets import usual_view, views_of
from twin.viewer.scene.site.lane import lane_ends_m, rails
from twin.viewer.scene.truck import TruckModel
from twin.viewer.scene.views import PRESETS
from twin.viewer.signals import CHART_KEYS, chart_sets
from twin.viewer.snapshot import Snapshot
from twin.viewer.source import Source
from twin.viewer.studio import Studio

Run = Callable[..., subprocess.CompletedProcess[str]]
STEERED_RAD, HITCH_RAD = 0.4, 0.3
WIDE = (320, 180)


def drive(path: Path, station: str, truck: str, pack: str, guided: bool, yaw_rad: float = 0.05) -> Path:
    """Some seconds from a start with the trailer at an angle."""
    config = DockingConfiguration(
        seed=3,
        station=load_station(station),
        truck=load_truck(truck),
        pack=load_pack(pack),
        conditions="rain",
        guided=guided,
        start=Start(-30.0, 0.3, yaw_rad, HITCH_RAD),
        policies={"dock": "somebody"},
    )
    plant = config.new_plant()
    with DockingRecorder(path, plant, config) as recorder:
        for k in range(60):
            recorder.drive(0.05, 0.6 if k < 30 else 0.1)
        recorder.finish("docked", True, {})
    return path


@pytest.fixture(scope="session")
def top_lift_drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tractor with its semi-trailer, without guides."""
    path = tmp_path_factory.mktemp("drive") / "top_lift.mcap"
    return drive(path, "top_lift", "tractor_6x4", "cab_282", guided=False)


@pytest.fixture(scope="session")
def chassis_drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Between rails, into the pit's station."""
    path = tmp_path_factory.mktemp("drive") / "chassis.mcap"
    return drive(path, "chassis", "chassis_tractor_3", "chassis_171", guided=True)


def with_values(snapshot: Snapshot, **values: float) -> Snapshot:
    """The same with other channels; their names are written with __ for the slash."""
    row = snapshot.values.copy()
    for name, value in values.items():
        row[snapshot.names.column_index[name.replace("__", "/")]] = value
    return Snapshot(snapshot.names, snapshot.t_s, snapshot.poses, row, snapshot.sensors)


# -------------------------------------------------------------------------------------------------- what is drawn


@pytest.mark.slow
def test_start_and_end_differ_in_every_view(run_swaptwin: Run, top_lift_drive: Path, tmp_path: Path) -> None:
    said = run_swaptwin("replay", str(top_lift_drive), "--screenshot", "a.png", "--size", "640x360", "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["screenshot"]["view"] == "approach"
    small = ("replay", str(top_lift_drive), "--size", "320x180", "--quality", "low", "--no-display", "--screenshot")
    for view in ("approach", "top"):
        for at in ("0", "6"):
            assert run([*small, str(tmp_path / f"{view}{at}.png"), "--at", at, "--view", view]) == 0
        assert (tmp_path / f"{view}0.png").read_bytes() != (tmp_path / f"{view}6.png").read_bytes()


def test_a_video_follows_the_truck(top_lift_drive: Path, tmp_path: Path) -> None:
    words = ["--size", "320x180", "--quality", "low", "--fps", "2", "--duration", "2", "--video"]
    assert run(["replay", str(top_lift_drive), *words, str(tmp_path / "a.mp4")]) == 0
    assert (tmp_path / "a.mp4").stat().st_size > 2_000


@pytest.mark.parametrize("which", ["top_lift_drive", "chassis_drive"])
def test_the_truck_is_in_the_picture_all_the_way(which: str, request: pytest.FixtureRequest) -> None:
    with Source(request.getfixturevalue(which)) as source, Offscreen(WIDE, QUALITIES["low"]) as offscreen:
        o = source.layout.truck.outline
        assert tuple(views_of(source.layout)) == ("approach", *PRESETS)
        for t_s in (0.0, source.end_s):
            now = source.snapshot(t_s)
            for name, preset in DOCKING_PRESETS.items():
                view = preset(source.layout, now)
                offscreen.stage.look(view)
                if name == "driver":
                    ahead = offscreen.stage.project(np.array([4.0, 0.0, 2.0]))
                    assert ahead is not None, "the bay"
                    continue
                at = offscreen.stage.project(now.world_point("truck", (o.cab_front_x_m, 0.0, 1.0)))
                assert at is not None
                assert 0.0 < at[0] < WIDE[0]
                assert 0.0 < at[1] < WIDE[1]


def test_a_truck_far_from_the_bay_casts_a_shadow(top_lift_drive: Path) -> None:
    with Source(top_lift_drive) as source:
        now = source.snapshot(0.0)
        x, y, _ = now.world_point("truck", (source.layout.truck.outline.cab_front_x_m - 2.0, 2.5, 0.0)).tolist()
        brightness = {}
        for quality in ("low", "medium"):
            with Studio(
                source.layout, source.names, WIDE, quality, View((x, y, 1.2), (x + 0.1, y, 0.0), 15.0)
            ) as studio:
                brightness[quality] = studio.picture(now).mean()
    assert brightness["medium"] < 0.8 * brightness["low"], "the ground on its left, away from the sun"


def test_front_wheels_steer_and_the_trailer_turns_about_its_kingpin(top_lift_drive: Path) -> None:
    with Source(top_lift_drive) as source:
        start = with_values(source.snapshot(0.0), truck__steering_angle_rad=STEERED_RAD)
        frames = FrameNodes(NodePath("root"), source.names)
        frames.update(start)
        model = TruckModel(source.layout, frames)
        model.update(start)
    truck = frames["truck"]
    turned = [math.radians(node.get_h(truck)) for node in model.wheels]
    assert turned == pytest.approx([STEERED_RAD] * 2 + [0.0] * 2 + [-HITCH_RAD] * 3, abs=1e-5)
    assert math.hypot(*model.wheels[0].get_pos(truck).xy) == pytest.approx(
        math.hypot(*model.wheels[1].get_pos(truck).xy)
    )
    middle = model.wheels[-1].get_pos(truck)
    back_m = model.plan.kingpin_x_m - middle.x
    assert middle.y / back_m == pytest.approx(math.tan(HITCH_RAD), rel=1e-4), "turned right, its tail is on the left"


def test_the_second_steered_axle_turns_less(tmp_path: Path) -> None:
    with Source(drive(tmp_path / "a.mcap", "top_lift", "mixer_8x4", "cab_282", guided=False)) as source:
        start = with_values(source.snapshot(0.0), truck__steering_angle_rad=STEERED_RAD)
        frames = FrameNodes(NodePath("root"), source.names)
        model = TruckModel(source.layout, frames)
        model.update(start)
    turned = [math.radians(node.get_h()) for node in model.wheels]
    assert turned[0] == turned[1] > STEERED_RAD > turned[2] == turned[3] > 0.5 * STEERED_RAD
    assert turned[4:] == [0.0, 0.0]


def test_guides_are_drawn_where_there_are_some(top_lift_drive: Path, chassis_drive: Path) -> None:
    with Source(top_lift_drive) as bare, Source(chassis_drive) as guided:
        assert rails(bare.layout) == ()
        assert len(rails(guided.layout)) > 0
        assert lane_ends_m(bare.layout)[0] < -45.0, "marked to behind the trailer"


def test_the_measured_pose_is_hidden_until_the_lidar_has_seen_the_truck(top_lift_drive: Path) -> None:
    with Source(top_lift_drive) as source:
        measured = MeasuredSeats(source.layout, FrameNodes(NodePath("root"), source.names))
        shown = []
        for t_s in (0.0, source.end_s):
            measured.update(source.snapshot(t_s))
            shown.append(measured.shown)
    assert shown == [False, True]


def test_what_presses_on_a_wheel_is_an_arrow_to_it(chassis_drive: Path) -> None:
    with Source(chassis_drive) as source:
        now = with_values(source.snapshot(0.0), axle1__rail_left_n=10_000.0)
        forces = GuideForces(source.layout, FrameNodes(NodePath("root"), source.names))
        forces.update(now)
        truck = now.world_pose("truck")
    shown = {wheel.channel: arrow for wheel, arrow in zip(forces.pressed, forces.arrows, strict=True) if arrow.shown}
    assert list(shown) == ["axle1/rail_left_n"]
    arrow = shown["axle1/rail_left_n"]
    assert np.linalg.norm(arrow.tip_m - arrow.tail_m) == pytest.approx(1.0)
    yaw = 2.0 * math.atan2(truck[5], truck[6])
    np.testing.assert_allclose(arrow.tip_m - arrow.tail_m, [math.sin(yaw), -math.cos(yaw), 0.0], atol=1e-9)
    assert {wheel.channel for wheel in forces.pressed} <= set(now.names.channels)


# ---------------------------------------------------------------------------------------------------- what is told


def test_title_charts_and_cuts(top_lift_drive: Path) -> None:
    with Source(top_lift_drive) as source:
        title = title_of(source)
        sets = chart_sets(source.layout, source.names)
        assert cuts(source.phases, 0.0, source.end_s, 1.0, usual_view(source.layout)) == [(0.0, "approach")]
        assert source.layout.charted_robots == 1
        assert {name for chart in sets for s in chart.signals for name in s.names} <= set(source.names.column_index)
    assert {("weather", "rain"), ("guides", "none"), ("dock policy", "somebody")} <= set(title.fields)
    assert [(badge.text, badge.look) for badge in title.badges] == [("DOCKED", "good")]
    assert [chart.key for chart in sets] == [key for key in CHART_KEYS if key != "residual"]
    assert all(chart.signals for chart in sets)


def test_a_swap_has_no_approach(top_lift_swap: Path, top_lift_drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(top_lift_swap), "--screenshot", "a.png", "--view", "approach"]) == 2
    said = capsys.readouterr().err
    assert said == "error: --view: unknown, got 'approach' (allowed: overview, seat, top, driver, auto)\n"
