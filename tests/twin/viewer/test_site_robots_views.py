"""Site, robots, arrows, measured pose and camera presets of every station, held against the catalogue's numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from panda3d.core import LPoint3, NodePath

from envs.choosing import fitting
from twin.catalogue import load_pack, load_station, load_truck, names
from twin.catalogue.schema import FloatingTable
from twin.recording import Frame
from twin.setup.jobs import Job, Seat
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.layout import Layout
from twin.viewer.scene.arrows import FORCE_PER_SQUARE_METRE_N, MIN_N, Arrow, ForceArrows, length_of
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.measured import MeasuredSeats
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.proportions import COLUMN_M, Gantry, Pit
from twin.viewer.scene.robots import Robots
from twin.viewer.scene.robots.gantry import GantryRobot, bridge, mast_clamp, trolley
from twin.viewer.scene.robots.mast import HEAD_M
from twin.viewer.scene.robots.rgv import STAGES, Rgv
from twin.viewer.scene.robots.ropes import SAGS_M, Ropes, sag_of, upright_to
from twin.viewer.scene.scene import StationScene
from twin.viewer.scene.site import Site
from twin.viewer.scene.site.hall import column_places, rack
from twin.viewer.scene.site.lane import first_axle_x_m, rails
from twin.viewer.scene.views import PRESETS
from twin.viewer.scene.work import work_at
from twin.viewer.snapshot import Names, Snapshot

STATIONS = names("station")
TRIANGLES = 20_000  # of site and robots together
TRUCKS = {
    kind: [truck.name for truck, _ in fitting(load_station(kind), None, None)] for kind in ("top_lift", "chassis")
}
WIDE = (1280, 720)


@cache
def layout_of(station_name: str, truck_name: str | None = None) -> Layout:
    station = load_station(station_name)
    truck = load_truck(truck_name or TRUCKS[station.kind][-1])
    assert truck.default_pack is not None
    count = len(truck.seats_xyz_m)
    seats = tuple(Seat(f"truck{i + 1}", True, xyz_m, 0.0, 4) for i, xyz_m in enumerate(truck.seats_xyz_m))
    jobs = tuple(Job(min(i, station.robots.count - 1), i, i, i, 2 * i, 2 * i + 1, 0, 1) for i in range(count))
    return Layout(station, truck, load_pack(truck.default_pack), seats, jobs)


def snapshot_of(
    layout: Layout, values: dict[str, float] | None = None, e: tuple[float, float, float] | None = None
) -> Snapshot:
    """A truck that stands in its place, every robot at home or with E at `e`, old packs on the truck."""
    station = layout.station
    floating = isinstance(station.reeving, FloatingTable)
    poses: dict[str, tuple[str, tuple[float, float, float]]] = {
        "truck": ("world", (0.0, 0.0, 0.0)),
        "truck_body": ("truck", (0.0, 0.0, 0.0)),
        "truck_measured": ("world", (0.02, -0.01, 0.005)),
    }
    channels: dict[str, float] = {}
    for r in range(layout.robots):
        x, y, z = e or (station.robots.home_x_m[r], station.axes.y.home_m, station.axes.z.home_m)
        if floating:
            poses[f"robot{r}/rgv"] = ("world", (x, 0.0, 0.0))
            poses[f"robot{r}/cross"] = ("world", (x, y, 0.0))
            poses[f"robot{r}/lift"] = ("world", (x, y, z))
        else:
            sheave = station.reeving.sheave_height_m  # type: ignore[union-attr]
            poses[f"robot{r}/bridge"] = ("world", (x, 0.0, sheave))
            poses[f"robot{r}/trolley"] = ("world", (x, y, sheave))
            poses[f"robot{r}/hoist"] = ("world", (x, y, sheave))
        poses[f"robot{r}/end_effector"] = ("world", (x, y, z))
        channels |= {f"robot{r}/z/position_m": z, f"robot{r}/z/velocity_mps": 0.0, f"robot{r}/held": -1.0}
    high = layout.pack.size_m[2]
    for i, (seat, at) in enumerate(zip(layout.seats, layout.truck.seats_xyz_m, strict=True)):
        poses[seat.name] = ("truck_body", at)
        for k in (2 * i, 2 * i + 1):
            poses[f"pack{k}"] = ("world", (at[0], at[1], at[2] + layout.retract * high))
    channels |= values or {}
    frames = tuple(Frame(name, parent) for name, (parent, _) in poses.items())
    rows = np.array([(*at, 0.0, 0.0, 0.0, 1.0) for _, at in poses.values()])
    return Snapshot(Names(frames, tuple(channels)), 0.0, rows, np.array(list(channels.values())))


def built(layout: Layout, snapshot: Snapshot) -> tuple[FrameNodes, Site, Robots]:
    frames = FrameNodes(NodePath("test"), snapshot.names)
    site, robots = Site(layout, frames), Robots(layout, frames)
    frames.update(snapshot)
    robots.update(snapshot)
    return frames, site, robots


def world_point(node: NodePath, root: NodePath, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    return np.array(root.get_relative_point(node, LPoint3(x, y, z)))


# --- site -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STATIONS)
def test_a_station_is_built_within_its_triangles(name: str) -> None:
    layout = layout_of(name)
    _, site, robots = built(layout, snapshot_of(layout))
    assert 500 < site.triangles + robots.triangles < TRIANGLES


@pytest.mark.parametrize("name", [n for n in STATIONS if n.startswith("top_lift")])
def test_columns_stand_outside_truck_and_loads(name: str) -> None:
    layout = layout_of(name)
    gantry, axes = Gantry.of(layout), layout.station.axes
    load_x = max(layout.pack.size_m[0], layout.station.end_effector.size_m[0]) / 2
    load_y = max(layout.pack.size_m[1], layout.station.end_effector.size_m[1]) / 2
    truck_y = layout.truck.outline.width_m / 2 + layout.station.parking.clip.y_m
    for x, y in column_places(gantry):
        assert abs(y) - COLUMN_M / 2 > truck_y
        beyond_y = max(y - axes.y.position_max_m, axes.y.position_min_m - y) - COLUMN_M / 2
        beyond_x = max(x - axes.x.position_max_m, axes.x.position_min_m - x) - COLUMN_M / 2
        assert beyond_y > load_y or beyond_x > load_x
    # the runway is below the bridge and the highest load below the near runway beam's top, beside which it passes
    assert gantry.runway_z_m[1] < gantry.runway_rail_z_m < gantry.sheave_m
    for machine in (trolley(gantry), mast_clamp(), bridge(gantry)):
        assert gantry.sheave_m + machine.bounds()[1][2] < layout.station.size_m[2]


@pytest.mark.parametrize("name", [n for n in STATIONS if n.startswith("top_lift")])
def test_racks_carry_packs_at_the_slots(name: str) -> None:
    layout = layout_of(name)
    for number, slot in enumerate(layout.station.slots, start=1):
        mesh = Mesh()
        rack(mesh, layout, slot, str(number))
        low, high = mesh.bounds()
        assert (low[0] + high[0]) / 2 == pytest.approx(slot.x_m, abs=1e-6)
        assert abs((low[1] + high[1]) / 2 - slot.y_m) < 0.1  # its number sticks out in front
        assert low[2] >= 0.0
        assert 0.0 < slot.z_m - high[2] < 0.006  # the pads end just below the seat plane


@pytest.mark.parametrize("name", [n for n in STATIONS if n.startswith("chassis")])
def test_the_pit_is_as_the_title_says_and_deep_enough(name: str) -> None:
    layout = layout_of(name)
    pit, axes = Pit.of(layout), layout.station.axes
    assert "opening from x -1.3 to 1.3 m" in layout.station.title
    assert pit.opening_x_m == pytest.approx((-1.3, 1.3))
    assert pit.opening_y_m > layout.pack.size_m[1] / 2 + axes.y.position_max_m
    assert pit.floor_z_m < axes.z.position_min_m - layout.station.end_effector.size_m[2]
    assert pit.end_x_m[0] < axes.x.position_min_m - layout.station.robots.length_m / 2
    assert pit.end_x_m[1] > axes.x.position_max_m + layout.station.robots.length_m / 2


@pytest.mark.parametrize("truck", TRUCKS["chassis"])
def test_the_wheels_stand_on_the_deck(truck: str) -> None:
    layout = layout_of("chassis", truck)
    low, high = Pit.of(layout).opening_x_m
    assert layout.truck.front_axle.x_m > high
    assert layout.truck.rear_axle.x_m < low


@pytest.mark.parametrize("name", STATIONS)
def test_guide_rails_are_where_the_catalogue_has_them(name: str) -> None:
    layout = layout_of(name)
    approach = layout.station.approach
    if approach is not None:
        assert rails(layout) == approach.rails
    assert all(section.gap_m > 2.3 for section in rails(layout))
    assert first_axle_x_m(layout) >= layout.truck.front_axle.x_m


# --- robots ---------------------------------------------------------------------------------------------------------


def ropes_of(robots: Robots) -> Ropes:
    robot = robots.robots[0]
    assert isinstance(robot, GantryRobot)
    assert robot.ropes is not None
    return robot.ropes


def test_ropes_end_at_sheaves_and_spreader() -> None:
    layout = layout_of("top_lift")
    snapshot = snapshot_of(layout, e=(0.4, 1.1, 2.9))
    frames, _, robots = built(layout, snapshot)
    reeving = layout.station.reeving
    tops, bottoms = [], []
    for rope in ropes_of(robots).ropes:
        bottoms.append(world_point(rope, frames.root))
        tops.append(world_point(rope, frames.root, z=1.0))
    half = np.array([(x, y) for x in (0.5, -0.5) for y in (0.5, -0.5)]) * (reeving.spacing_x_m, reeving.spacing_y_m)  # type: ignore[union-attr]
    for k in range(4):
        assert tops[k] == pytest.approx([0.4 + half[k][0], 1.1 + half[k][1], reeving.sheave_height_m], abs=1e-5)  # type: ignore[union-attr]
        assert bottoms[k] == pytest.approx([0.4 + half[k][0], 1.1 + half[k][1], 2.9], abs=1e-5)


def test_ropes_follow_sway() -> None:
    layout = layout_of("top_lift")
    snapshot = snapshot_of(layout)
    i = snapshot.names.frame_index["robot0/end_effector"]
    snapshot.poses[i, :2] += (0.05, -0.03)
    frames, _, robots = built(layout, snapshot)
    for rope, (top, bottom) in zip(ropes_of(robots).ropes, ropes_of(robots).ends(snapshot), strict=True):
        assert world_point(rope, frames.root, z=1.0) == pytest.approx(top, abs=1e-5)
        assert world_point(rope, frames.root) == pytest.approx(bottom, abs=1e-5)
        assert (bottom - top)[:2] == pytest.approx((0.05, -0.03))


def test_a_rope_longer_than_its_way_sags() -> None:
    layout = layout_of("top_lift")
    snapshot = snapshot_of(layout, e=(0.0, 0.0, 2.7))
    _, _, robots = built(layout, snapshot)
    ropes = ropes_of(robots)
    assert ropes.excess_m(snapshot) == [0.0] * 4
    paid_out = replace(snapshot, values=snapshot.values.copy())
    paid_out.values[snapshot.names.column_index["robot0/z/position_m"]] = 2.7 - 0.02
    assert ropes.excess_m(paid_out) == pytest.approx([0.02] * 4)
    ropes.update(paid_out)
    for rope in ropes.ropes:
        low, high = rope.get_tight_bounds()
        assert high.x - low.x > min(SAGS_M)
    moving = replace(paid_out, values=paid_out.values.copy())
    moving.values[snapshot.names.column_index["robot0/z/velocity_mps"]] = 1.5
    assert ropes.excess_m(moving) == [0.0] * 4  # a sample's way of doubt: no slack that comes and goes


def test_sag_is_that_of_a_parabola() -> None:
    span, sag = 3.3, 0.12
    x = np.linspace(0.0, span, 20_001)
    y = 4.0 * sag * (x / span) * (1.0 - x / span)
    excess = float(np.hypot(np.diff(x), np.diff(y)).sum()) - span
    assert sag_of(excess, span) == pytest.approx(sag, rel=2e-3)
    assert sag_of(-0.001, span) == 0.0


def test_mast_reaches_from_clamping_to_spreader() -> None:
    layout = layout_of("top_lift_mast")
    z = layout.station.axes.z
    for height in (z.position_min_m, z.position_max_m):
        snapshot = snapshot_of(layout, e=(1.0, 2.0, height))
        frames, _, robots = built(layout, snapshot)
        gantry = robots.robots[0]
        assert isinstance(gantry, GantryRobot)
        sections = sorted(
            (np.array(node.get_tight_bounds(frames.root))[:, 2] for node in frames.root.find_all_matches("**/mast*")),
            key=lambda span: -span[0],
        )
        assert sections[-1][0] == pytest.approx(height + HEAD_M, abs=1e-4)
        assert all(b[1] > a[0] + 0.1 for a, b in zip(sections, sections[1:], strict=False)), "sections come apart"
        assert sections[0][1] < layout.station.size_m[2]


@pytest.mark.parametrize("name", [n for n in STATIONS if n.startswith("chassis")])
def test_scissors_reach_from_slide_to_table_over_the_whole_stroke(name: str) -> None:
    layout = layout_of(name)
    z = layout.station.axes.z
    pit = Pit.of(layout)
    for height in (z.position_min_m, 0.0, z.position_max_m):
        snapshot = snapshot_of(layout, e=(0.0, 0.0, height))
        frames, _, robots = built(layout, snapshot)
        rgv = robots.robots[0]
        assert isinstance(rgv, Rgv)
        low, high = rgv.lift_m(snapshot)
        assert pit.floor_z_m < low < high < height
        assert high - low < 0.9 * STAGES * rgv.arm_m, "arms nearly upright"
        for stage, arms in enumerate(rgv.arms):
            rise = (high - low) / STAGES
            for arm, sign in zip(arms, (1.0, -1.0), strict=True):
                end = world_point(arm, frames.root, y=rgv.arm_m / 2)
                assert end[2] == pytest.approx(low + (stage + 0.5 + 0.5 * sign) * rise, abs=1e-4)
        e = frames["robot0/end_effector"]
        bounds = np.array(frames["robot0/rgv"].get_tight_bounds(frames.root))
        assert bounds[0, 2] >= pit.floor_z_m - 1e-6
        assert world_point(e, frames.root)[2] == pytest.approx(height)


@pytest.mark.parametrize("name", STATIONS)
def test_grips_turn_and_take_the_colour_of_their_state(name: str) -> None:
    layout = layout_of(name)
    colours = []
    for position in (0.0, 0.5, 1.0):
        snapshot = snapshot_of(layout, {f"robot0/grip{k}": position for k in range(1, 5)})
        frames, _, _ = built(layout, snapshot)
        grip = frames["robot0/end_effector"].find("**/grip1")
        assert grip.get_h() == pytest.approx(90.0 * position)
        colours.append(tuple(grip.get_color_scale()))
    assert len(set(colours)) == 3


# --- arrows and measured pose ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [(0.0, 0.0, 40_000.0), (-1500.0, 2000.0, 0.0), (0.0, 0.0, -2500.0)])
def test_an_arrow_has_the_force_s_direction_and_the_root_of_its_size(force: tuple[float, float, float]) -> None:
    root = NodePath("test")
    arrow, at = Arrow(root, "a"), np.array([1.0, 2.0, 3.0])
    arrow.show(at, np.array(force))
    size = float(np.linalg.norm(force))
    long = math.sqrt(size / FORCE_PER_SQUARE_METRE_N)
    assert arrow.shown
    assert arrow.tip_m == pytest.approx(at)
    assert (arrow.tip_m - arrow.tail_m) / long == pytest.approx(np.array(force) / size)
    low, high = (np.array(p) for p in arrow.node.get_tight_bounds(root))
    reach = np.maximum(high - at, at - low).max()
    assert reach == pytest.approx(np.abs(arrow.tip_m - arrow.tail_m).max(), abs=0.07)  # and the head's radius
    arrow.show(at, np.array(force), pulls=True)
    assert arrow.tail_m == pytest.approx(at)


def test_small_forces_have_no_arrow() -> None:
    assert length_of(MIN_N - 1.0) == 0.0
    assert length_of(FORCE_PER_SQUARE_METRE_N) == pytest.approx(1.0)
    arrow = Arrow(NodePath("test"), "a")
    arrow.show(np.zeros(3), np.array([10.0, 0.0, 0.0]))
    assert not arrow.shown


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0), (0.6, -0.64, 0.48)])
def test_upright_to_brings_z_to_a_direction(direction: tuple[float, float, float]) -> None:
    assert np.array(upright_to(np.array(direction)).xform(LPoint3(0, 0, 1))) == pytest.approx(direction, abs=1e-6)


@pytest.mark.parametrize("name", STATIONS)
def test_forces_act_on_the_held_pack_where_it_meets_its_seat(name: str) -> None:
    layout = layout_of(name)
    forces = {"robot0/held": 0.0, "robot0/load_n": 20_000.0, "pack0/coupler_n": -1500.0}
    forces |= {"robot0/guide_force_x_n": 900.0, "robot0/guide_force_y_n": -1200.0, "robot0/guide_force_z_n": 5000.0}
    snapshot = snapshot_of(layout, forces)
    frames = FrameNodes(NodePath("test"), snapshot.names)
    arrows = ForceArrows(layout, frames)
    arrows.update(snapshot)
    seat = np.array(layout.truck.seats_xyz_m[0])
    across, upright = arrows.across[0], arrows.upright[0]
    assert across.tip_m == pytest.approx(seat)
    assert upright.tip_m == pytest.approx(seat)
    assert (across.tip_m - across.tail_m) == pytest.approx(length_of(1500.0) * np.array([0.6, -0.8, 0.0]))
    assert (upright.tip_m - upright.tail_m)[2] == pytest.approx(length_of(5000.0))
    assert arrows.load[0].tip_m[2] - arrows.load[0].tail_m[2] == pytest.approx(length_of(20_000.0))
    coupler = arrows.coupler[0]
    assert coupler.tip_m == pytest.approx(seat + (*layout.pack.coupler.xy_m, 0.0))
    assert coupler.tail_m[2] > seat[2]


@pytest.mark.parametrize("name", STATIONS)
def test_the_measured_outline_lies_at_the_measured_pose(name: str) -> None:
    layout = layout_of(name)
    snapshot = snapshot_of(layout, {"robot0/scan_frames_taken": 12.0})
    frames = FrameNodes(NodePath("test"), snapshot.names)
    measured = MeasuredSeats(layout, frames)
    assert not measured.shown
    frames.update(snapshot)
    measured.update(snapshot)
    assert measured.shown
    low, high = (np.array(p) for p in frames["truck_measured"].get_tight_bounds(frames.root))
    xs = [x for x, _, _ in layout.truck.seats_xyz_m]
    x, y, _ = layout.pack.size_m
    assert (low[0], high[0]) == pytest.approx((min(xs) - x / 2 + 0.02, max(xs) + x / 2 + 0.02), abs=0.005)
    assert (low[1], high[1]) == pytest.approx((-y / 2 - 0.01, y / 2 - 0.01), abs=0.01)
    measured.visible = False
    measured.update(snapshot)
    assert not measured.shown


def test_nothing_measured_before_the_first_scan() -> None:
    layout = layout_of("top_lift")
    snapshot = snapshot_of(layout, {"robot0/scan_frames_taken": 0.0})
    snapshot.poses[snapshot.names.frame_index["truck_measured"], :3] = 0.0
    measured = MeasuredSeats(layout, FrameNodes(NodePath("test"), snapshot.names))
    measured.update(snapshot)
    assert not measured.shown


# --- presets and the scene ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def offscreen() -> Iterator[Offscreen]:
    with Offscreen(WIDE, QUALITIES["low"]) as made:
        yield made


CASES = [(station, truck) for station in STATIONS for truck in TRUCKS[load_station(station).kind]]


@pytest.mark.parametrize(("name", "truck"), CASES)
def test_presets_show_the_seat_from_outside_of_everything(offscreen: Offscreen, name: str, truck: str) -> None:
    layout = layout_of(name, truck)
    snapshot = snapshot_of(layout)
    seat = snapshot.world_pose(work_at(layout, snapshot).seat)[:3]
    o = layout.truck.outline
    for preset in PRESETS.values():
        view = preset(layout, snapshot)
        offscreen.stage.look(view)
        at = offscreen.stage.project(seat)
        assert at is not None
        assert 0.05 * WIDE[0] < at[0] < 0.95 * WIDE[0]
        assert 0.05 * WIDE[1] < at[1] < 0.95 * WIDE[1]
        x, y, z = view.eye_m
        in_cab = o.cab_rear_x_m - 0.1 < x < o.cab_front_x_m + 0.1 and abs(y) < o.width_m / 2 + 0.2
        assert not (in_cab and z < o.cab_height_m + 0.5)
        assert z > 0.0
        if layout.station.kind == "top_lift":
            away = [max(abs(x - cx), abs(y - cy)) for cx, cy in column_places(Gantry.of(layout))]
            assert min(away) > COLUMN_M


def test_the_seat_preset_follows_the_pack_that_is_held() -> None:
    layout = layout_of("chassis_single", "chassis_tractor_3")
    for k, job in enumerate(layout.jobs):
        assert work_at(layout, snapshot_of(layout, {"robot0/held": float(job.old_pack)})).seat == f"truck{k + 1}"
    done = {"robot0/held": -1.0, "truck1/locked": 1.0, "truck2/locked": 2.0}
    assert work_at(layout, snapshot_of(layout, done)).seat == "truck2"


def test_forces_and_measured_pose_can_be_switched_off_and_a_ghost_has_neither() -> None:
    layout = layout_of("top_lift")
    snapshot = snapshot_of(layout, {"robot0/load_n": 4400.0, "robot0/scan_frames_taken": 3.0})
    scene = StationScene(layout, snapshot.names)
    scene.update(snapshot)
    assert scene.show_forces
    assert scene.show_measured
    assert scene.forces is not None
    assert scene.measured is not None
    assert scene.forces.load[0].shown
    assert scene.measured.shown
    scene.show_forces = scene.show_measured = False
    scene.update(snapshot)
    assert not scene.forces.visible
    assert not scene.measured.shown
    ghost = StationScene(layout, snapshot.names, ghost=True)
    ghost.show_forces = True
    assert not ghost.show_forces
    assert not ghost.show_measured
