"""The station, truck and packs as boxes in their frames, for Foxglove."""

from __future__ import annotations

import math

from twin.catalogue.schema import FloatingTable
from twin.recording import Cube, Cylinder, SceneEntity
from twin.recording.mcap.scene import Rgba
from twin.setup.setup import SwapSetup

GROUND: Rgba = (0.32, 0.33, 0.35, 1.0)
STEEL: Rgba = (0.62, 0.64, 0.68, 1.0)
ROBOT: Rgba = (0.93, 0.62, 0.12, 1.0)
CAB: Rgba = (0.20, 0.38, 0.66, 1.0)
FRAME: Rgba = (0.15, 0.16, 0.18, 1.0)
EMPTY: Rgba = (0.70, 0.32, 0.28, 1.0)
CHARGED: Rgba = (0.30, 0.62, 0.36, 1.0)
IDLE: Rgba = (0.42, 0.52, 0.44, 1.0)
WHEEL_RADIUS_M, WHEEL_WIDTH_M = 0.5, 0.3
BEAM_M = 0.3


def entities_of(setup: SwapSetup) -> list[SceneEntity]:
    """All entities, in the frames of `sampling.frames_of`."""
    return [_ground(setup), *_idle_packs(setup), *_robots(setup), *_truck(setup), *_packs(setup), *_seats(setup)]


def _ground(setup: SwapSetup) -> SceneEntity:
    long, wide, _ = setup.station.size_m
    lane = Cube((max(long, 16.0), 4.0, 0.02), (0.0, 0.0, -0.01), rgba=GROUND)
    farthest = max(abs(slot.y_m) for slot in setup.station.slots)
    bay = Cube((long, wide, 0.02), (0.0, farthest, -0.012), rgba=STEEL)
    return SceneEntity("ground", "lane", cubes=(lane, bay) if farthest > 1.0 else (lane,))


def _box_of_pack(
    setup: SwapSetup, rgba: Rgba, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0
) -> Cube:
    """A pack whose grip face is at z or, for a slot's seat plane, whose other end is: the caller shifts it."""
    turn = (0.0, 0.0, math.sin(0.5 * yaw), math.cos(0.5 * yaw))
    return Cube(setup.pack.size_m, (x, y, z), turn, rgba)


def _idle_packs(setup: SwapSetup) -> list[SceneEntity]:
    used = {i for job in setup.jobs for i in (job.put_slot, job.take_slot)}
    high = setup.retract * setup.pack.size_m[2] / 2
    cubes = tuple(
        _box_of_pack(setup, IDLE, slot.x_m, slot.y_m, slot.z_m + high, slot.yaw_rad)
        for i, slot in enumerate(setup.station.slots)
        if slot.filled and i not in used
    )
    return [SceneEntity("idle_packs", "station", cubes=cubes)] if cubes else []


def _robots(setup: SwapSetup) -> list[SceneEntity]:
    station = setup.station
    y = station.axes.y
    entities = []
    size = station.end_effector.size_m
    middle = (0.0, 0.0, setup.retract * size[2] / 2)
    for r in range(station.robots.count):
        robot = f"robot{r}"
        tool = SceneEntity(f"{robot}/end_effector", f"{robot}/end_effector", cubes=(Cube(size, middle, rgba=ROBOT),))
        if isinstance(station.reeving, FloatingTable):
            body = Cube((station.robots.length_m, 1.2, 0.25), (0.0, 0.0, 0.13), rgba=STEEL)
            entities += [SceneEntity(f"{robot}/rgv", f"{robot}/rgv", cubes=(body,)), tool]
            continue
        span, at = y.position_max_m - y.position_min_m + 1.0, (y.position_max_m + y.position_min_m) / 2
        beam = Cube((BEAM_M, span, BEAM_M), (0.0, at, BEAM_M), rgba=STEEL)
        trolley = Cube((1.2, 1.0, 0.3), (0.0, 0.0, 0.15), rgba=ROBOT)
        entities += [
            SceneEntity(f"{robot}/bridge", f"{robot}/bridge", cubes=(beam,)),
            SceneEntity(f"{robot}/trolley", f"{robot}/trolley", cubes=(trolley,)),
            tool,
        ]
    return entities


def _truck(setup: SwapSetup) -> list[SceneEntity]:
    truck = setup.truck
    o = truck.outline
    low = 0.75
    cab = Cube(
        (o.cab_front_x_m - o.cab_rear_x_m, o.width_m, o.cab_height_m - low),
        ((o.cab_front_x_m + o.cab_rear_x_m) / 2, 0.0, (o.cab_height_m + low) / 2),
        rgba=CAB,
    )
    frame = Cube(
        (o.cab_front_x_m - o.frame_rear_x_m, 0.9, 0.25),
        ((o.cab_front_x_m + o.frame_rear_x_m) / 2, 0.0, o.frame_height_m - 0.125),
        rgba=FRAME,
    )
    lying = (math.sin(math.pi / 4), 0.0, 0.0, math.cos(math.pi / 4))  # turns a cylinder's axis from z to y
    side = o.width_m / 2 - WHEEL_WIDTH_M / 2
    wheels = tuple(
        Cylinder(WHEEL_RADIUS_M, WHEEL_WIDTH_M, (axle.x_m, sign * side, WHEEL_RADIUS_M), lying, FRAME)
        for axle in (truck.front_axle, truck.rear_axle)
        for sign in (1.0, -1.0)
    )
    return [
        SceneEntity("truck/body", "truck_body", cubes=(cab, frame)),
        SceneEntity("truck/wheels", "truck", cylinders=wheels),
    ]


def _packs(setup: SwapSetup) -> list[SceneEntity]:
    """The packs that the swap moves; P is in the middle of the grip face, the box behind it."""
    behind = -setup.retract * setup.pack.size_m[2] / 2
    colours = {job.old_pack: EMPTY for job in setup.jobs} | {job.new_pack: CHARGED for job in setup.jobs}
    return [
        SceneEntity(f"pack{k}", f"pack{k}", cubes=(_box_of_pack(setup, colour, z=behind),))
        for k, colour in sorted(colours.items())
    ]


def _seats(setup: SwapSetup) -> list[SceneEntity]:
    g, s = setup.pack.guides, setup.retract
    pins = tuple(
        Cylinder(g.pin_diameter_m / 2, g.pin_length_m, (x, y, s * g.pin_length_m / 2), rgba=STEEL)
        for x, y in (g.round_xy_m, g.slotted_xy_m)
    )
    return [SceneEntity(f"{seat.name}/pins", seat.name, cylinders=pins) for seat in setup.seats]
