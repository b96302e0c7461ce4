"""The station of a drive as boxes in their frames, with guide rails and semi-trailer, for Foxglove."""

from __future__ import annotations

import math

from twin.catalogue.schema import RailSection
from twin.docking.params import approach_of, axle_offsets
from twin.recording import Cube, Cylinder, SceneEntity
from twin.recording.docking.sampling import TRAILER_FRAME
from twin.recording.mcap.scene import Rgba
from twin.recording.swap.scene import FRAME, STEEL, WHEEL_RADIUS_M, WHEEL_WIDTH_M
from twin.recording.swap.scene import entities_of as swap_entities
from twin.setup.setup import SwapSetup

RAIL: Rgba = (0.92, 0.76, 0.10, 1.0)
BODY: Rgba = (0.86, 0.87, 0.88, 1.0)
RAIL_HIGH_M, RAIL_WIDE_M = 0.2, 0.08
OVERHANG_M, TAIL_M = 1.0, 2.0
"""Overhang of the trailer's body ahead of the kingpin, and behind the middle of its axles."""
FLOOR_M, TOP_M, WIDE_M = 1.3, 3.0, 2.5


def entities_of(setup: SwapSetup, guided: bool) -> list[SceneEntity]:
    """All entities, in the frames of `DockingSampler`."""
    return [*swap_entities(setup), *(_guides(setup) if guided else []), *_trailer(setup)]


def _guides(setup: SwapSetup) -> list[SceneEntity]:
    approach = approach_of(setup.station)
    cubes = [cube for rail in approach.rails for sign in (1.0, -1.0) for cube in _rail(rail, sign)]
    if approach.wheel_stop is not None:
        high = approach.wheel_stop.height_m
        driving = setup.truck.driving
        ahead = axle_offsets(driving.front)[0] if driving is not None else 0.0
        x = setup.truck.front_axle.x_m + ahead + WHEEL_RADIUS_M * 0.7
        cubes.append(Cube((0.2, setup.truck.outline.width_m, high), (x, 0.0, high / 2), rgba=RAIL))
    return [SceneEntity("guides", "lane", cubes=tuple(cubes))] if cubes else []


def _rail(rail: RailSection, sign: float) -> list[Cube]:
    """The straight part of one rail and its flare."""
    start, z = rail.from_x_m + rail.flare_length_m, RAIL_HIGH_M / 2
    y = sign * (rail.gap_m / 2 + RAIL_WIDE_M / 2)
    cubes = [Cube((rail.to_x_m - start, RAIL_WIDE_M, RAIL_HIGH_M), ((start + rail.to_x_m) / 2, y, z), rgba=RAIL)]
    if rail.flare_length_m > 0.0:
        long, half = (
            math.hypot(rail.flare_length_m, rail.flare_width_m),
            -0.5 * sign * math.atan2(rail.flare_width_m, rail.flare_length_m),
        )
        middle = (rail.from_x_m + rail.flare_length_m / 2, y + sign * rail.flare_width_m / 2, z)
        turn = (0.0, 0.0, math.sin(half), math.cos(half))
        cubes.append(Cube((long, RAIL_WIDE_M, RAIL_HIGH_M), middle, turn, RAIL))
    return cubes


def _trailer(setup: SwapSetup) -> list[SceneEntity]:
    driving = setup.truck.driving
    trailer = driving.trailer if driving is not None else None
    if trailer is None:
        return []
    rear = -trailer.wheelbase_m - TAIL_M
    body = Cube(
        (OVERHANG_M - rear, WIDE_M, TOP_M - FLOOR_M), ((OVERHANG_M + rear) / 2, 0.0, (TOP_M + FLOOR_M) / 2), rgba=BODY
    )
    deck = Cube((OVERHANG_M - rear, 0.9, 0.2), ((OVERHANG_M + rear) / 2, 0.0, FLOOR_M - 0.1), rgba=STEEL)
    lying = (math.sin(math.pi / 4), 0.0, 0.0, math.cos(math.pi / 4))  # turns a cylinder's axis from z to y
    side = (WIDE_M - WHEEL_WIDTH_M) / 2
    wheels = tuple(
        Cylinder(WHEEL_RADIUS_M, WHEEL_WIDTH_M, (-trailer.wheelbase_m + x, sign * side, WHEEL_RADIUS_M), lying, FRAME)
        for x in axle_offsets(trailer.group)
        for sign in (1.0, -1.0)
    )
    return [SceneEntity("trailer", TRAILER_FRAME, cubes=(body, deck), cylinders=wheels)]
