"""Heights of axis z from which on its load touches nothing: `load_known_from` of commands. SI units.

They follow from where packs and seats stand and lean, never from an axis' earlier positions: one that has landed on a
rim stands lower than intended, and a load that leans on that rim is not released yet.
"""

from __future__ import annotations

import numpy as np

from twin.control.targets import targets
from twin.records import TPITCH, TROLL, Z
from twin.sequence.building import seat_targets_of
from twin.sequence.heights import APPROACH_M, LET_OFF_M, PARKING_HEIGHT_M, SURELY_OFF_M
from twin.sequence.program import Program, Selection


def lean_m(program: Program, selection: Selection) -> np.ndarray:
    """(K,) height of the edges of a pack over its middle on a seat that leans like the truck."""
    tilt_rad = np.abs(program.truck_pose[selection.world, selection.robot])
    length_m, width_m, _ = program.setup.pack.size_m
    return np.asarray(0.5 * (tilt_rad[:, TPITCH] * length_m + tilt_rad[:, TROLL] * width_m))


def empty_free_z(program: Program, selection: Selection, *, over_slots: bool = False) -> np.ndarray:
    """(K,) positions of axis z from which on an empty end effector touches no pack; `over_slots`: of those in slots."""
    s, height = program.setup.retract, program.setup.pack.size_m[2]
    faces = [np.full(len(selection), slot.z_m + s * height) for slot in program.setup.station.slots]
    if not over_slots:
        highest_m = height + PARKING_HEIGHT_M + lean_m(program, selection)
        faces += [seat.xyz_m[2] + s * highest_m for seat in program.setup.seats if seat.on_truck]
    return np.asarray(s * np.max(s * np.array(faces), axis=0) + s * (LET_OFF_M + APPROACH_M))


def empty_free_over_z(program: Program, selection: Selection, which: str) -> np.ndarray:
    """(K,) the same over the pack at `which` seat: its corner guides are clear of that pack's highest edge."""
    face_z = seat_targets_of(program, selection, which, leaning=True)[:, Z]
    leans_m = lean_m(program, selection) if which == "truck_seat" else 0.0
    return np.asarray(face_z + program.setup.retract * (LET_OFF_M + APPROACH_M + leans_m))


def between_packs_z(program: Program, selection: Selection) -> np.ndarray:
    """(K,) positions of axis z from which on an empty end effector passes the packs of the truck as it was measured.

    The truck's springs may follow another robot's load meanwhile.
    """
    s = program.setup.retract
    pose = program.truck_pose[selection.world, selection.robot]
    seats = [i for i, seat in enumerate(program.setup.seats) if seat.on_truck]
    faces = [
        targets(program.runner.params, selection.world, np.full(len(selection), i), pose, leaning=True)[:, Z]
        for i in seats
    ]
    past_m = LET_OFF_M + SURELY_OFF_M + lean_m(program, selection)
    return np.asarray(s * (np.max(s * np.array(faces), axis=0) + past_m))


def pack_free_z(program: Program) -> float:
    """Position of axis z from which on a carried pack touches nothing, wherever it is."""
    return program.setup.station.limits.clearance_height_m + program.setup.retract * program.setup.pack.size_m[2]


def pack_free_over_z(program: Program, selection: Selection, which: str) -> np.ndarray:
    """(K,) the same over `which` seat: level, the pack is clear of the tips of its guide pins."""
    seat_z = seat_targets_of(program, selection, which)[:, Z]
    leans_m = lean_m(program, selection) if which == "truck_seat" else 0.0
    return np.asarray(
        seat_z + program.setup.retract * (program.setup.pack.guides.pin_length_m + SURELY_OFF_M + leans_m)
    )


def pack_off_z(program: Program, selection: Selection, which: str) -> np.ndarray:
    """(K,) the same for a pack taken off `which` seat, from its grip height: a truck's springs follow it."""
    rest_z = program.runner.worlds["control"]["hold_height"][selection.world, selection.robot]
    follows_m = PARKING_HEIGHT_M + lean_m(program, selection) if which == "truck_seat" else 0.0
    off_m = program.setup.pack.guides.pin_length_m + SURELY_OFF_M + follows_m
    return np.asarray(rest_z + program.setup.retract * off_m)
