"""Inputs of the reduced-order model besides PARAMS: rigid bodies, guides and contacts of one world, as numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.catalogue.schema import FloatingTable
from twin.plants.truck_outline import truck_boxes
from twin.records import PACKS, ROBOTS, f8, i8
from twin.setup.setup import SwapSetup

EMPTY = PACKS
"""Row of the end effector alone in the body arrays; row k is the end effector with pack k in its grip."""
PAD_RADIUS_M, E_PAD_RADIUS_M, E_PAD_INSET_M = 0.05, 0.03, 0.08
IDLE = 16
"""Maximum number of idle packs: those that a swap does not touch."""
CLEAR_M = 0.1
"""More than the heave and tilt of a truck."""
E_GAP_M = 0.02
"""Gap between grip face and the end effector's plate, as in the reference plant's bodies."""
MODEL = np.dtype(
    [
        # the end effector with its load, about the end effector's origin E, in its axes
        ("body_kg", f8, PACKS + 1),
        ("body_com_m", f8, (PACKS + 1, 3)),
        ("e_inertia_kgm2", f8, 3),  # of the end effector alone, about its centre of mass
        ("axis_own_kg", f8, 4),  # mass that an axis moves besides the end effector: kg, kg, kg, kg m2
        # guides: pins on seats, sockets in packs
        ("pin_xy_m", f8, (2, 2)),
        ("pin_play_m", f8, (2, 2)),  # of pin i along x and y, each way
        ("pin_radius_m", f8),
        ("pin_length_m", f8),
        ("capture_m", f8),
        ("lead_in_m", f8),  # depth of the lead-in
        ("lead_in_slope", f8),  # increase of its width by depth, and the cosine of that angle
        ("lead_in_along", f8),
        ("pin_stiffness", f8),
        ("pin_damping", f8),
        ("guide_friction", f8),
        ("pad_stiffness", f8),  # each of a seat's four
        ("pad_damping", f8),
        # the end effector on a pack's grip face
        ("e_pad_xy_m", f8, (4, 2)),
        ("e_half_m", f8, 2),  # of its plate
        ("e_damping", f8),
        ("e_friction", f8),
        ("pack_half_m", f8, 2),
        ("flipper_clearance_m", f8),
        ("flipper_capture_m", f8),
        ("flipper_depth_m", f8),
        ("flipper_slope", f8),  # as of the lead-in
        ("flipper_along", f8),
        ("flipper_wall_m", f8),  # thickness of a flared guide at its rim, sideways
        # obstacles: the truck's body, and idle packs, which an empty end effector may come down on
        ("boxes", i8),  # of the truck's body: lower and upper corners in its frame, heights over the ground
        ("box_m", f8, (2, 6)),
        ("highest_m", f8),  # along the retracting direction: above, a load is clear of every pack and of the truck
        ("idle", i8),
        ("idle_pose", f8, (IDLE, 7)),
    ]
)
"""SI units."""

GROUND, TRUCK = -2, -1
COUPLED = -1
"""Value of `near` in STATE: a pack whose coupler rubs, without contact of its pins and pads."""
STATE = np.dtype(
    [
        ("carrier", i8, PACKS),  # body that a pack moves with: a robot, TRUCK or GROUND
        ("relative", f8, (PACKS, 7)),  # pose of the pack there: in E, in the truck's body or in W
        ("fixed", f8, (ROBOTS, 7)),  # pose of an E that follows the truck or stands: in the truck's body or W
        ("fixed_to", i8, ROBOTS),  # TRUCK or GROUND while its load is locked there or held by pad stiction, else FREE
        ("fixed_com_m", f8, (ROBOTS, 3)),  # where its body's centre of mass was there when it was fixed
        ("stiction_row", i8, ROBOTS),  # 1 + the row of its body while pad stiction holds it, else 0
        ("stiction_scans", i8, ROBOTS),  # scans for which it has met the conditions of pad stiction
        ("pads", f8, (ROBOTS, 3)),  # load of its pads' springs, in its axes: force z, moments about x and y
        ("inertia_n", f8, (ROBOTS, 3)),  # force that accelerates it with the truck, in W
        ("still", i8, ROBOTS + 1),  # scans since a robot, and at the end the truck, last moved
        ("moved", i8, ROBOTS + 1),  # since packs were last placed
        ("in_long_step", i8, ROBOTS),  # 1: a robot's load was in a long step last (`twin.plants.rom.long_step`)
        ("near", i8, ROBOTS),  # contact candidate before the next scan (`twin.plants.rom.step_mode.find_candidates`)
        ("second_near", i8, ROBOTS),  # next nearest pack that an empty end effector may touch, as `near`, or 0
        ("off_pads", i8, ROBOTS),  # contacts in the last tick other than those of pads and flares
        ("depth_m", f8, ROBOTS),  # depth of the deepest contact point since the last scan
        ("last_q", f8, (ROBOTS, 10)),  # at the last scan, as are the truck's, the energy and the largest sway
        ("last_truck_q", f8, 6),
        ("last_figures", f8, 3),
        ("last_meters", f8, (ROBOTS, 4, 5)),  # of the drives: work, way and squared force
        ("mode", i8, ROBOTS + 1),  # of the last step (`twin.plants.rom.step_mode`), the truck's at the end
    ]
)
"""State of a reduced-order world besides WORLD."""
FREE = -3

POINTS, COLUMNS = 64, 12
"""Maximum number of contact points of one body (an end effector on two packs: twenty-four each), and the number of
columns of each in `twin.plants.rom.contact_points`."""

SCRATCH = np.dtype(
    [
        ("at", f8, 3),
        ("turn", f8, (3, 3)),
        ("motion", f8, 6),
        ("pack", f8, 3),
        ("pack_turn", f8, (3, 3)),
        ("fixed_turn", f8, (3, 3)),
        ("body", f8, 7),
        ("out", f8, 6),
        ("pull", f8, 6),
        ("points", f8, (POINTS, COLUMNS)),
        ("truck", f8, 8),
        ("e_at", f8, (ROBOTS, 3)),
        ("e_turn", f8, (ROBOTS, 3, 3)),
        ("mass", f8, 12),
        ("reaction", f8, 4),
        ("axle", f8, 2),
        ("last", f8, (4, 3)),
        ("angles", f8, 8),
        ("axis_n", f8, 4),  # these eight: `twin.plants.rom.axes`
        ("begun", f8, 4),
        ("speeding", f8, 4),
        ("stuck", i8, 4),
        ("gain", f8, 4),
        ("spring", f8, 4),
        ("carry", f8, 4),
        ("hold", f8, 6),
        ("gaps", f8, 2),
        ("com_at", f8, (ROBOTS, 3)),  # in W, of a body held by pad stiction
        ("give", f8, (2, 7)),
        ("held_turn", f8, (ROBOTS, 3, 3)),  # of the held pack in its end effector
        ("inertia", f8, (ROBOTS, 6)),  # of both as one body about its centre of mass: xx, xy, xz, yy, yz, zz
        ("inverse", f8, (ROBOTS, 6)),
        ("seat_at", f8, (ROBOTS, 3)),
        ("seat", f8, (ROBOTS, 3, 3)),
        ("truck_at", f8, 3),
        ("truck_turn", f8, (3, 3)),
        ("anew", i8),  # parts that the next scan has to update, moved or not (`twin.runner.skipping`)
        ("high", i8, ROBOTS),  # 1: far above everything when last placed, and since
        ("left", i8, ROBOTS),  # 1: not placed in this scan because it is high
        ("high_from", f8, ROBOTS),  # height of the end effector, along the retracting direction, from which it is high
        ("hangs_m", f8, ROBOTS),  # from the end effector to the mating face of its load, if level
        ("about_m", f8, ROBOTS),  # error of that with a tilt
    ]
)
"""Scratch in which a thread advances its worlds in sequence: every kernel call finds its working arrays here.

`twin.plants.rom.placing.load_scratch` derives the contents from a world's records at the beginning of the call.
"""


def fill_model(setup: SwapSetup) -> np.ndarray:
    """Make a (1,) MODEL of a setup."""
    models = np.zeros(1, MODEL)
    m, p = models[0], setup.params[0]
    _fill_bodies(m, setup, p)
    pack, e, g = setup.pack, setup.station.end_effector, setup.pack.guides
    table = isinstance(setup.station.reeving, FloatingTable)
    own = p["axis_mass"].copy()
    if table:  # PARAMS counts the end effector in the axes that carry it
        sx, sy, _ = e.size_m
        own -= np.array([e.mass_kg, e.mass_kg, e.mass_kg, e.mass_kg * (sx * sx + sy * sy) / 12.0])
    m["axis_own_kg"] = own
    line = 0 if abs(g.round_xy_m[0] - g.slotted_xy_m[0]) > abs(g.round_xy_m[1] - g.slotted_xy_m[1]) else 1
    m["pin_xy_m"] = (g.round_xy_m, g.slotted_xy_m)
    m["pin_play_m"] = g.final_clearance_m / 2
    m["pin_play_m"][1, line] += g.slot_length_m / 2
    m["pin_radius_m"], m["pin_length_m"] = g.pin_diameter_m / 2, g.pin_length_m
    m["capture_m"], m["lead_in_m"] = g.capture_m, g.capture_m / math.tan(g.lead_in_angle_rad)
    m["lead_in_slope"] = m["capture_m"] / m["lead_in_m"]
    m["lead_in_along"] = 1.0 / math.hypot(1.0, m["lead_in_slope"])
    m["pin_stiffness"], m["pin_damping"] = g.stiffness_n_per_m, g.damping_ns_per_m
    m["guide_friction"] = setup.guide_friction
    m["pad_stiffness"], m["pad_damping"] = e.contact_stiffness_n_per_m, e.contact_damping_ns_per_m
    x, y = (min(e.size_m[i], pack.size_m[i]) / 2 - E_PAD_INSET_M for i in range(2))
    m["e_pad_xy_m"] = [[x, y], [x, -y], [-x, y], [-x, -y]]
    m["e_half_m"] = e.size_m[0] / 2, e.size_m[1] / 2
    m["e_damping"] = e.contact_damping_ns_per_m
    m["e_friction"] = e.friction
    m["pack_half_m"] = (pack.size_m[0] / 2, pack.size_m[1] / 2)
    m["flipper_clearance_m"], m["flipper_capture_m"] = e.flipper_clearance_m, e.flipper_capture_m
    m["flipper_depth_m"] = e.flipper_capture_m / math.tan(math.radians(35.0))
    m["flipper_slope"] = m["flipper_capture_m"] / m["flipper_depth_m"]
    m["flipper_along"] = 1.0 / math.hypot(1.0, m["flipper_slope"])
    m["flipper_wall_m"] = E_GAP_M * m["flipper_along"]
    used = {i for job in setup.jobs for i in (job.put_slot, job.take_slot)}
    for i, slot in enumerate(setup.station.slots):
        if slot.filled and i not in used:
            pose = m["idle_pose"][int(m["idle"])]
            pose[:3] = slot.x_m, slot.y_m, slot.z_m + setup.retract * pack.size_m[2]
            pose[5], pose[6] = math.sin(0.5 * slot.yaw_rad), math.cos(0.5 * slot.yaw_rad)
            m["idle"] += 1
    tops = [setup.retract * seat.xyz_m[2] + pack.size_m[2] for seat in setup.seats]
    tops += [setup.retract * slot.z_m + pack.size_m[2] for slot in setup.station.slots]
    for size, middle in truck_boxes(setup):
        box = m["box_m"][int(m["boxes"])]
        box[:3], box[3:] = np.subtract(middle, np.divide(size, 2.0)), np.add(middle, np.divide(size, 2.0))
        tops.append(float(max(setup.retract * box[2], setup.retract * box[5])))
        m["boxes"] += 1
    m["highest_m"] = max(tops) + CLEAR_M
    return models


def _fill_bodies(m: Any, setup: SwapSetup, p: Any) -> None:
    """Write the bodies as two solid boxes, as on the reference plant; a pack lies in the grips' middle until held."""
    e, s = setup.station.end_effector, setup.retract
    e_com = np.array([0.0, 0.0, s * (e.size_m[2] / 2 + E_GAP_M)])
    m["e_inertia_kgm2"] = _box(e.mass_kg, e.size_m)
    for k in range(PACKS + 1):
        parts = [(e.mass_kg, e_com)]
        if k < int(p["packs"]):
            parts.append((float(p["pack_mass_kg"][k]), np.array(p["pack_com"][k])))
        elif k < PACKS:
            continue
        total = sum(kg for kg, _ in parts)
        m["body_kg"][k], m["body_com_m"][k] = total, sum(kg * at for kg, at in parts) / total


def _box(kg: float, size: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = size
    return kg * (y * y + z * z) / 12.0, kg * (x * x + z * z) / 12.0, kg * (x * x + y * y) / 12.0
