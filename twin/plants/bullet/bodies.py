"""The bodies of a setup, from its data: robots, truck, packs, slot racks. Primitive shapes only.

The sign s is +1 where the robot retracts upwards (top_lift) and -1 where downwards (chassis): seats point their pins
along +s z, packs carry their sockets on the -s side and their grip face on the +s side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.catalogue.schema import FloatingTable, Pack, Station
from twin.geometry import JOINT_HEIGHT_M
from twin.plants.bullet.urdf import FAR_M, Body, Shape, box_inertia, moved, wall
from twin.plants.truck_outline import truck_boxes
from twin.records import JOINTS
from twin.setup.setup import SwapSetup, pad_positions

AXIS_X, AXIS_Y, AXIS_Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
WALL_M = 0.03
PAD_RADIUS_M = 0.05
FOOT_M = 0.16
SOCKET_SPARE_M = 0.02
"""Depth of a socket beyond the pin's tip."""
NO_MASS_COLLISION_GAP_M = 0.02


def socket_depth_m(pack: Pack) -> float:
    """Height of the layer with feet and sockets between a pack's mating face and its box."""
    return pack.guides.pin_length_m + SOCKET_SPARE_M


def robots(setup: SwapSetup, packs: Sequence[tuple[int, float]] = (), limit_m: float = FAR_M) -> Body:
    """All robots of the station in one multibody on a fixed base; joints in the order of `JOINTS`, robot by robot.

    Packs (robot, kg) that are held throughout are the last links.
    """
    station, p = setup.station, setup.params[0]
    body = Body("station", limit_m)
    body.link("base", 0.0)
    axes, e = station.axes, station.end_effector
    table = isinstance(station.reeving, FloatingTable)
    for r in range(station.robots.count):
        n = f"r{r}_"
        turning = axes.yaw.moving_inertia_kgm2
        body.link(n + "x", axes.x.moving_mass_kg)
        body.joint(n + "x", "prismatic", "base", n + "x", AXIS_X, (0.0, 0.0, 0.0 if table else p["sheave_height_m"]))
        body.link(n + "y", axes.y.moving_mass_kg)
        body.joint(n + "y", "prismatic", n + "x", n + "y", AXIS_Y)
        # Table: one chain. Ropes: E hangs from the trolley; the drum is a side branch of it, a wheel of radius 1 m
        # whose angle is the hoist's height and whose inertia is the mass that the hoist's drive accelerates.
        if table:
            body.link(n + "z", axes.z.moving_mass_kg)
            body.joint(n + "z", "prismatic", n + "y", n + "z", AXIS_Z)
        else:
            body.link(n + "z", 1.0, (axes.z.moving_mass_kg,) * 3)
            body.joint(n + "z", "continuous", n + "y", n + "z", AXIS_Y)
        body.link(n + "yaw", 1.0, (turning, turning, turning))
        body.joint(n + "yaw", "continuous", n + "z" if table else n + "y", n + "yaw", AXIS_Z)
        parent = n + "yaw" if table else n + "y"
        for joint in JOINTS[4:]:
            kind = "prismatic" if joint in ("ex", "ey", "ez") else "continuous"
            axis = {"ex": AXIS_X, "ey": AXIS_Y, "ez": AXIS_Z, "eyaw": AXIS_Z, "epitch": AXIS_Y, "eroll": AXIS_X}[joint]
            if joint == "eroll":
                s = setup.retract
                com = (0.0, 0.0, s * (e.size_m[2] / 2 + NO_MASS_COLLISION_GAP_M))
                body.link(n + joint, e.mass_kg, box_inertia(e.mass_kg, e.size_m), com, end_effector_shapes(setup))
            else:
                body.link(n + joint)
            body.joint(n + joint, kind, parent, n + joint, axis)
            parent = n + joint
    for r, mass_kg in packs:
        _pack_link(body, f"pack{r}", setup, mass_kg, f"r{r}_eroll", (0.0, 0.0, 0.0))
    return body


def end_effector_shapes(setup: SwapSetup) -> list[Shape]:
    """Plate, four pads that meet the pack's grip face, and flared corner guides around the pack's outline."""
    station, pack, s = setup.station, setup.pack, setup.retract
    e = station.end_effector
    x, y, z = e.size_m
    shapes = [Shape("box", (x, y, z), (0.0, 0.0, s * (z / 2 + NO_MASS_COLLISION_GAP_M)))]
    px, py = min(x, pack.size_m[0]) / 2 - 0.08, min(y, pack.size_m[1]) / 2 - 0.08
    for ix in (px, -px):
        for iy in (py, -py):
            shapes.append(Shape("sphere", (0.03,), (ix, iy, s * 0.03)))
    depth = e.flipper_capture_m / math.tan(math.radians(35.0))
    for axis, half, width in (
        (0, pack.size_m[0] / 2, 0.5 * pack.size_m[1]),
        (1, pack.size_m[1] / 2, 0.5 * pack.size_m[0]),
    ):
        inner = half + e.flipper_clearance_m
        for sign in (1.0, -1.0):
            shapes.append(
                wall(
                    axis, sign, (inner + e.flipper_capture_m, -s * depth), (inner, 0.0), width, NO_MASS_COLLISION_GAP_M
                )
            )
    return shapes


def socket_shapes(pack: Pack, s: float) -> list[Shape]:
    """Both sockets about the pack's mating face at z = 0, opening towards -s: lead-in walls, then a straight bore.

    Four planes a socket: a round pin in a square bore has the same play in x and y, and corners do not matter.
    """
    g = pack.guides
    depth, lead = socket_depth_m(pack), g.capture_m / math.tan(g.lead_in_angle_rad)
    line = 0 if abs(g.round_xy_m[0] - g.slotted_xy_m[0]) > abs(g.round_xy_m[1] - g.slotted_xy_m[1]) else 1
    shapes: list[Shape] = []
    for (x, y), slotted in ((g.round_xy_m, False), (g.slotted_xy_m, True)):
        for axis in (0, 1):
            bore = (g.pin_diameter_m + g.final_clearance_m) / 2
            if slotted and axis == line:
                bore += g.slot_length_m / 2
            width = 2 * (bore + g.capture_m + WALL_M)
            for sign in (1.0, -1.0):
                lead_in = wall(axis, sign, (bore + g.capture_m, 0.0), (bore, s * lead), width, WALL_M)
                straight = wall(axis, sign, (bore, s * lead), (bore, s * depth), width, WALL_M)
                shapes += moved((lead_in, straight), x, y)
    return shapes


def pack_body(setup: SwapSetup, mass_kg: float) -> Body:
    """Body of a free pack."""
    body = Body("pack")
    _pack_link(body, "pack", setup, mass_kg)
    return body


def _pack_link(
    body: Body,
    name: str,
    setup: SwapSetup,
    mass_kg: float,
    parent: str = "",
    at: tuple[float, float, float] = (0, 0, 0),
) -> None:
    """Link of a pack with its origin in the middle of the grip face; fixed to a parent link if there is one."""
    pack, s = setup.pack, setup.retract
    x, y, z = pack.size_m
    depth = socket_depth_m(pack)
    shapes = [Shape("box", (x, y, z - depth), (0.0, 0.0, -s * (z - depth) / 2))]
    for fx, fy in pad_positions(pack):
        shapes.append(Shape("box", (FOOT_M, FOOT_M, depth), (float(fx), float(fy), -s * (z - depth / 2))))
    shapes += moved(socket_shapes(pack, s), 0.0, 0.0, -s * z)
    cx, cy, cz = pack.com_m
    body.link(name, mass_kg, box_inertia(mass_kg, pack.size_m), (cx, cy, cz - s * z / 2), shapes)
    if parent:
        body.joint(name, "fixed", parent, name, xyz=at)


def seat_shapes(pack: Pack, s: float) -> tuple[list[Shape], list[Shape]]:
    """(pads, pins) of a seat whose plane is z = 0: spheres under the feet, capsules as guide pins with round tips."""
    g = pack.guides
    pads = [Shape("sphere", (PAD_RADIUS_M,), (float(x), float(y), -s * PAD_RADIUS_M)) for x, y in pad_positions(pack)]
    radius = g.pin_diameter_m / 2
    length = g.pin_length_m - radius  # from the seat plane to the centre of the tip
    pins = [Shape("capsule", (radius, length), (x, y, s * length / 2)) for x, y in (g.round_xy_m, g.slotted_xy_m)]
    return pads, pins


def rack_body(setup: SwapSetup, seat: int) -> Body:
    """A slot's seat, fixed to the ground."""
    pads, pins = seat_shapes(setup.pack, setup.retract)
    body = Body(f"rack{seat}")
    body.link("base", 0.0)
    body.link("pads", 0.0, shapes=pads)
    body.joint("pads", "fixed", "base", "pads")
    body.link("pins", 0.0, shapes=pins)
    body.joint("pins", "fixed", "base", "pins")
    return body


def truck_body(setup: SwapSetup, packs: Sequence[tuple[int, float]] = (), limit_m: float = FAR_M) -> Body:
    """The truck: planar joints x, y, yaw (brakes), then heave, pitch, roll (springs); seats fixed to its body.

    Packs (seat, kg) that stand on it throughout are its last links.
    """
    truck, p = setup.truck, setup.params[0]
    body = Body("truck", limit_m)
    body.link("base", 0.0)
    trailer_kg = float(p["truck_trailer_kg"])  # moves with the truck along the lane, not across (twin.plants.tyres)
    body.link("tx", *((trailer_kg, (trailer_kg,) * 3) if trailer_kg else ()))
    body.joint("x", "prismatic", "base", "tx", AXIS_X)
    body.link("ty")
    body.joint("y", "prismatic", "tx", "ty", AXIS_Y)
    unsprung, at_m = p["truck_axle_unsprung_kg"], p["truck_axle_x_m"]
    unsprung_kg = float(unsprung.sum())
    middle_m = float(unsprung @ at_m) / unsprung_kg
    turning = float(unsprung @ (at_m - middle_m) ** 2)
    body.link("tyaw", unsprung_kg, (unsprung_kg, turning, turning), (middle_m, 0.0, 0.0))
    body.joint("yaw", "continuous", "ty", "tyaw", AXIS_Z)
    body.link("tz")
    body.joint("z", "prismatic", "tyaw", "tz", AXIS_Z, (0.0, 0.0, JOINT_HEIGHT_M))
    body.link("tpitch")
    body.joint("pitch", "continuous", "tz", "tpitch", AXIS_Y)
    cx, cy, cz = truck.sprung_com_m
    shapes = [Shape("box", size, (x, y, z - JOINT_HEIGHT_M)) for size, (x, y, z) in truck_boxes(setup)]
    body.link("body", truck.sprung_mass_kg, truck.sprung_inertia_kgm2, (cx, cy, cz - JOINT_HEIGHT_M), shapes)
    body.joint("roll", "continuous", "tpitch", "body", AXIS_X)
    all_pads: list[Shape] = []
    all_pins: list[Shape] = []
    pads, pins = seat_shapes(setup.pack, setup.retract)
    for i, seat in enumerate(setup.seats):
        if seat.on_truck:
            x, y, z = (float(v) for v in p["seat_xyz_m"][i])
            all_pads += moved(pads, x, y, z - JOINT_HEIGHT_M)
            all_pins += moved(pins, x, y, z - JOINT_HEIGHT_M)
    body.link("pads", shapes=all_pads)
    body.joint("pads", "fixed", "body", "pads")
    body.link("pins", shapes=all_pins)
    body.joint("pins", "fixed", "body", "pins")
    for i, mass_kg in packs:
        x, y, z = (float(v) for v in p["seat_xyz_m"][i])
        over_m = setup.retract * setup.pack.size_m[2] - JOINT_HEIGHT_M
        _pack_link(body, f"pack{i}", setup, mass_kg, "body", (x, y, z + over_m))
    return body


def idle_packs(station: Station, used: set[int]) -> list[int]:
    """Indices of filled slots whose packs do not move: obstacles only."""
    return [i for i, slot in enumerate(station.slots) if slot.filled and i not in used]
