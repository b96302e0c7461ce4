"""Trucks, packs and seats as they are drawn: every one of the catalogue, held against its own numbers."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from panda3d.core import NodePath

from twin.catalogue import Pack, load_pack, load_station, load_truck, names
from twin.recording import Frame
from twin.setup.jobs import Job, Seat
from twin.setup.setup import pad_positions
from twin.viewer.layout import Layout
from twin.viewer.scene import palette, seats
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.scene.packs import EMPTY, FULL, IDLE, Packs, pack_mesh
from twin.viewer.scene.seats import Seats, lamp_position, lock_colour, seat_mesh
from twin.viewer.scene.truck import TruckModel, own_axles, own_wheel_pairs, sprung, towed_axles, towed_wheel_pairs
from twin.viewer.scene.truck.bodies import TALLEST_M, body, trailer, trailer_axles, trailer_rear_x_m
from twin.viewer.scene.truck.cab import cab
from twin.viewer.scene.truck.chassis import chassis
from twin.viewer.scene.truck.plan import ARCH_RADIUS_M, WHEEL_RADIUS_M, TruckPlan, axle_counts
from twin.viewer.snapshot import Names, Snapshot

TRUCKS, PACKS = names("truck"), names("pack")
AXLES = {
    "tractor_4x2": (1, 1), "tractor_6x4": (1, 2), "mixer_8x4": (2, 2), "dump_8x4": (2, 2),
    "chassis_rigid_1": (1, 1), "chassis_tractor_2": (1, 1), "chassis_tractor_3": (1, 2),
}  # fmt: skip
TRUCK_TRIANGLES, PACK_TRIANGLES = 15_000, 1_500


@cache
def plan_of(name: str) -> TruckPlan:
    truck = load_truck(name)
    assert truck.default_pack is not None
    return TruckPlan(truck, load_pack(truck.default_pack))


def unsprung(plan: TruckPlan) -> Mesh:
    mesh = own_axles(plan).add(towed_axles(plan))
    for x, pair in (*own_wheel_pairs(plan), *towed_wheel_pairs(plan)):
        mesh.add(pair, (x, 0.0, WHEEL_RADIUS_M))
    return mesh


def retract_of(pack: Pack) -> float:
    return -1.0 if pack.interface.startswith("chassis") else 1.0


def grips_of(pack: Pack) -> list[tuple[float, float]]:
    x, y = 0.3 * pack.size_m[0], 0.4 * pack.size_m[1]
    return [(x, y), (x, -y), (-x, y), (-x, -y)]


@cache
def layout_of(name: str) -> Layout:
    truck = load_truck(name)
    assert truck.default_pack is not None
    station = load_station("top_lift" if truck.mount == "back_of_cab" else "chassis")
    count = len(truck.seats_xyz_m)
    on_truck = tuple(Seat(f"truck{i + 1}", True, xyz_m, 0.0, 4) for i, xyz_m in enumerate(truck.seats_xyz_m))
    jobs = tuple(Job(0, i, i, i, 2 * i, 2 * i + 1, 0, 1) for i in range(count))
    return Layout(station, truck, load_pack(truck.default_pack), on_truck, jobs)


def snapshot_of(layout: Layout, **values: float) -> Snapshot:
    frames = [Frame("truck"), Frame("truck_body", "truck")]
    frames += [Frame(f"pack{k}") for job in layout.jobs for k in (job.old_pack, job.new_pack)]
    frames += [Frame(seat.name, "truck_body") for seat in layout.seats]
    poses = np.tile([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], (len(frames), 1))
    channels = tuple(name.replace("_", "/", 1) for name in values)
    return Snapshot(Names(tuple(frames), channels), 0.0, poses, np.array(list(values.values())))


def points(mesh: Mesh) -> np.ndarray:
    return np.concatenate([rows[:, 0:3] for rows in mesh._rows])


def volume_m3(mesh: Mesh) -> float:
    """Enclosed volume: negative where a closed surface shows its inside."""
    corners = points(mesh)[np.concatenate(mesh._triangles)]
    return float(np.sum(np.cross(corners[:, 0], corners[:, 1]) * corners[:, 2]) / 6.0)


def agrees_with_winding(mesh: Mesh) -> float:
    """Share of triangles whose normals point to the side they are seen from."""
    rows, triangles = np.concatenate(mesh._rows), np.concatenate(mesh._triangles)
    corners = rows[triangles]
    across = np.cross(corners[:, 1, 0:3] - corners[:, 0, 0:3], corners[:, 2, 0:3] - corners[:, 0, 0:3])
    seen = np.linalg.norm(across, axis=1) > 1e-10
    return float(np.mean(np.einsum("ij,ij->i", across, corners[:, :, 3:6].mean(axis=1))[seen] > 0.0))


# --- trucks -----------------------------------------------------------------------------------------------------------


def test_the_trucks_with_known_axles_are_shipped() -> None:
    assert set(AXLES) <= set(TRUCKS)


@pytest.mark.parametrize("name", TRUCKS)
def test_cab_fills_the_outline(name: str) -> None:
    plan = plan_of(name)
    o = plan.truck.outline
    low, high = cab(plan).bounds()
    assert high[0] == pytest.approx(o.cab_front_x_m, abs=0.02)
    assert low[0] >= min(o.cab_rear_x_m, plan.axles[0].x_m - ARCH_RADIUS_M - 0.02) - 0.001
    assert high[2] == pytest.approx(o.cab_height_m, abs=0.001)
    assert high[1] == pytest.approx(o.width_m / 2, abs=0.02)
    assert low[1] == pytest.approx(-high[1])
    shell = points(cab(plan))
    above_wheels = shell[shell[:, 2] > 1.2]
    assert above_wheels[:, 0].min() == pytest.approx(o.cab_rear_x_m, abs=0.01)


@pytest.mark.parametrize("name", AXLES)
def test_wheels_stand_on_the_ground_at_the_axles(name: str) -> None:
    plan = plan_of(name)
    truck = plan.truck
    assert axle_counts(truck) == AXLES[name]
    front, rear = AXLES[name]
    at = [wheels.x_m for wheels in plan.axles]
    assert at == sorted(at, reverse=True)
    assert np.mean(at[:front]) == pytest.approx(truck.front_axle.x_m)
    assert np.mean(at[front:]) == pytest.approx(truck.rear_axle.x_m)
    mesh = unsprung(plan)
    low, high = mesh.bounds()
    assert low[2] == pytest.approx(0.0, abs=1e-6)
    assert high[2] == pytest.approx(2 * WHEEL_RADIUS_M, abs=1e-6)
    assert high[1] - low[1] == pytest.approx(truck.outline.width_m, abs=0.01)
    touching = points(mesh)
    touching = touching[touching[:, 2] < 1e-6][:, 0]
    for x in (*at, *(wheels.x_m for wheels in trailer_axles(plan))):
        assert np.min(np.abs(touching - x)) < 1e-6


@pytest.mark.parametrize("name", TRUCKS)
def test_nothing_stands_where_packs_are_moved(name: str) -> None:
    """The packs' own space, and the way in and out of it, hold nothing but wheels."""
    plan = plan_of(name)
    truck, size = plan.truck, plan.pack.size_m
    solid = points(Mesh().add(cab(plan)).add(chassis(plan)).add(body(plan)))
    if trailer_axles(plan):
        solid = np.concatenate([solid, points(trailer(plan))])
    for x, y, z in truck.seats_xyz_m:
        beside = (np.abs(solid[:, 0] - x) < size[0] / 2 - 0.01) & (np.abs(solid[:, 1] - y) < size[1] / 2 - 0.01)
        if truck.mount == "back_of_cab":
            assert solid[beside][:, 2].max() < z
        else:
            assert solid[beside][:, 2].min() > z


@pytest.mark.parametrize("name", TRUCKS)
def test_what_it_carries_stays_behind_the_pack_and_below_the_gantry(name: str) -> None:
    plan = plan_of(name)
    truck = plan.truck
    if truck.outline.body == "none":
        assert body(plan).triangles == 0
        return
    pulled = truck.outline.body == "semi_trailer"
    low, high = (trailer(plan) if pulled else body(plan)).bounds()
    pack_rear = min(x for x, _, _ in truck.seats_xyz_m) - plan.pack.size_m[0] / 2
    obstacle = pack_rear if truck.mount == "back_of_cab" else truck.outline.cab_rear_x_m
    assert high[0] < obstacle - 0.2
    assert high[1] <= truck.outline.width_m / 2 + 0.03
    if truck.mount == "back_of_cab":
        assert high[2] <= TALLEST_M + 0.05
    if pulled:  # its front corners clear the obstacle at any angle about the kingpin
        corner = math.hypot(high[0] - plan.kingpin_x_m, 1.25)
        assert plan.kingpin_x_m + corner < obstacle
        assert low[0] == pytest.approx(trailer_rear_x_m(plan), abs=0.05)


@pytest.mark.parametrize("name", TRUCKS)
def test_truck_is_cheap_and_right_side_out(name: str) -> None:
    plan = plan_of(name)
    parts = [sprung(plan), unsprung(plan)]
    if trailer_axles(plan):
        parts.append(trailer(plan))
    assert sum(part.triangles for part in parts) <= TRUCK_TRIANGLES
    for part in parts:
        assert agrees_with_winding(part) > 0.999
        assert volume_m3(part) > 0.0
        assert np.isfinite(points(part)).all()


def test_axles_without_a_title_come_from_the_load() -> None:
    plain = {"title": "a truck", "name": "truck"}
    assert axle_counts(load_truck("tractor_6x4").model_copy(update=plain)) == (1, 2)
    assert axle_counts(load_truck("tractor_4x2").model_copy(update=plain)) == (1, 1)


def test_trailer_front_follows_the_saddle() -> None:
    layout = layout_of("tractor_6x4")
    still = snapshot_of(layout)
    root = NodePath("root")
    frames = FrameNodes(root, still.names)
    model = TruckModel(layout, frames)
    frames["truck_body"].set_z(0.05)
    model.update(still)
    node = root.find("**/trailer")
    x = model.plan.kingpin_x_m - node.get_x(frames["truck"])
    assert root.get_relative_point(node, (x, 0.0, 0.0)).z == pytest.approx(0.05, abs=1e-4)


def test_wheels_roll_with_the_way() -> None:
    layout = layout_of("tractor_6x4")
    still = snapshot_of(layout)
    frames = FrameNodes(NodePath("root"), still.names)
    model = TruckModel(layout, frames)
    assert len(model.wheels) == 6
    frames["truck"].set_x(0.25 * math.pi * WHEEL_RADIUS_M)  # forward by an eighth of a turn
    model.update(still)
    for node in model.wheels:
        top = node.get_mat().xform_vec((0.0, 0.0, 1.0))
        assert tuple(top) == pytest.approx((math.sqrt(0.5), 0.0, math.sqrt(0.5)), abs=1e-4)


# --- packs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("role", [EMPTY, FULL, IDLE], ids=["empty", "full", "idle"])
def test_pack_fills_its_box(name: str, role: object) -> None:
    pack = load_pack(name)
    mesh = pack_mesh(pack, retract_of(pack), role, grips_of(pack))  # type: ignore[arg-type]
    low, high = mesh.bounds()
    assert high - low == pytest.approx(np.asarray(pack.size_m), abs=1e-3)
    assert high + low == pytest.approx(np.zeros(3), abs=1e-3)
    assert mesh.triangles <= PACK_TRIANGLES
    assert agrees_with_winding(mesh) > 0.999


@pytest.mark.parametrize("name", ["tractor_6x4", "chassis_tractor_3"])
def test_moving_packs_hang_from_their_grip_face(name: str) -> None:
    layout = layout_of(name)
    root = NodePath("root")
    frames = FrameNodes(root, snapshot_of(layout).names)
    Packs(layout, frames)
    for job in layout.jobs:
        for k in (job.old_pack, job.new_pack):
            low, high = frames[f"pack{k}"].get_tight_bounds()
            near, far = (high.z, low.z) if layout.retract > 0 else (low.z, high.z)
            assert near == pytest.approx(0.0, abs=2e-3)
            assert abs(far) == pytest.approx(layout.pack.size_m[2], abs=2e-3)


def test_idle_packs_stand_in_their_slots() -> None:
    layout = layout_of("tractor_6x4")
    root = NodePath("root")
    Packs(layout, FrameNodes(root, snapshot_of(layout).names))
    low, high = root.find("**/idle_packs").get_tight_bounds()
    slots = [layout.station.slots[i] for i in layout.idle_slots]
    assert low.z == pytest.approx(slots[0].z_m, abs=2e-3)
    assert high.z == pytest.approx(slots[0].z_m + layout.pack.size_m[2], abs=2e-3)
    assert low.x == pytest.approx(min(slot.x_m for slot in slots) - layout.pack.size_m[0] / 2, abs=2e-3)


# --- seats ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKS)
def test_pins_and_pads_are_where_the_pack_has_them(name: str) -> None:
    pack = load_pack(name)
    s, g = retract_of(pack), pack.guides
    at = points(seat_mesh(pack, s, locks=True))
    for x, y in (g.round_xy_m, g.slotted_xy_m):
        around = at[np.hypot(at[:, 0] - x, at[:, 1] - y) < g.pin_diameter_m / 2 + 1e-6]
        assert (s * around[:, 2]).max() == pytest.approx(g.pin_length_m, abs=1e-6)
        assert around[:, 0].max() - x == pytest.approx(g.pin_diameter_m / 2, abs=1e-6)
    insets = pack.size_m[0] / 2 - seats.PAD_INSET_M[0], pack.size_m[1] / 2 - seats.PAD_INSET_M[1]
    assert pad_positions(pack)[0] == pytest.approx(insets)
    tallest = max(g.pin_length_m, pack.coupler.engage_m + 0.02, 0.045)
    assert (s * at[:, 2]).max() <= tallest + 1e-6  # over the plane: nothing but what the pack takes in
    assert agrees_with_winding(seat_mesh(pack, s, locks=True)) > 0.999


@pytest.mark.parametrize("name", PACKS)
def test_lamps_stay_in_sight_of_a_seated_pack(name: str) -> None:
    pack = load_pack(name)
    for i, (x, y) in enumerate(pack.locks.xy_m):
        lamp = lamp_position(pack, retract_of(pack), i)
        assert lamp[0] == x
        assert abs(lamp[1]) > pack.size_m[1] / 2
        assert lamp[1] * y > 0


def test_lamps_take_the_colour_of_their_lock() -> None:
    layout = layout_of("tractor_6x4")
    shown = snapshot_of(layout, truck1_lock1=0.0, truck1_lock2=1.0, truck1_lock3=0.4)
    made = Seats(layout, FrameNodes(NodePath("root"), shown.names))
    colours = (palette.STATE_OPEN, palette.STATE_OK, palette.STATE_MOVING, palette.STATE_UNKNOWN)
    made.update(shown)
    for i, colour in enumerate(colours):
        assert tuple(made.lamps[f"truck1/lock{i + 1}"].get_color_scale())[:3] == pytest.approx(colour, abs=0.002)
    made.update(snapshot_of(layout, truck1_lock1=1.0, truck1_lock2=0.5, truck1_lock3=0.0))
    assert tuple(made.lamps["truck1/lock1"].get_color_scale())[:3] == pytest.approx(palette.STATE_OK, abs=0.002)


def test_without_lock_channels_the_seat_tells() -> None:
    layout = layout_of("tractor_6x4")
    for locked, colour in ((0.0, palette.STATE_OK), (-1.0, palette.STATE_OPEN)):
        shown = snapshot_of(layout, truck1_locked=locked)
        made = Seats(layout, FrameNodes(NodePath("root"), shown.names))
        made.update(shown)
        assert tuple(made.lamps["truck1/lock3"].get_color_scale())[:3] == pytest.approx(colour, abs=0.002)


def test_lock_colours() -> None:
    assert lock_colour(1.0) == palette.STATE_OK
    assert lock_colour(0.0) == palette.STATE_OPEN
    assert lock_colour(0.5) == palette.STATE_MOVING
    assert lock_colour(float("nan")) == palette.STATE_UNKNOWN
