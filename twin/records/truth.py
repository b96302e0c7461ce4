"""The true state of one world, written by the plant: positions, speeds, forces, holds of grips and locks."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import LOCKS, PACKS, ROBOTS, SEATS, f8, i8

Truth = Any
"""A record of dtype `TRUTH` inside numba."""

TRUTH = np.dtype(
    [
        ("tick", i8),
        ("t_s", f8),
        # plant: written by the plant each tick
        ("q", f8, (ROBOTS, 10)),
        ("qd", f8, (ROBOTS, 10)),
        ("tau", f8, (ROBOTS, 10)),
        ("drive_n", f8, (ROBOTS, 4)),  # force of the drive itself, N or N m; none while its brake is set
        ("net_n", f8, (ROBOTS, 4)),  # force that accelerates the axis: after friction, brake and load
        ("truck_q", f8, 6),
        ("truck_qd", f8, 6),
        ("truck_tau", f8, 3),
        ("truck_brake", f8, 3),  # largest force of the tyres along x, across, and moment about z, each alone
        (
            "truck_tyre_limit_n",
            f8,
            (3, 2),
        ),  # friction limit of axles and kingpin, along and across
        ("truck_tyre_n", f8, (3, 2)),  # their forces while the truck slides
        ("pack_pose", f8, (PACKS, 7)),  # of P in W: position, quaternion xyzw
        ("pack_twist", f8, (PACKS, 6)),
        ("e_pose", f8, (ROBOTS, 7)),  # of E in W
        ("load_n", f8, ROBOTS),  # true force in the ropes or under the table
        ("guide_force_n", f8, (ROBOTS, 3)),  # contact force on the held pack (or empty E) in W
        ("guide_peak_n", f8, (ROBOTS, 2)),  # largest since the last scan, of every tick: lateral, axial
        ("coupler_n", f8, PACKS),
        ("coupler_at", f8, (PACKS, 3)),
        ("grip_position", f8, (ROBOTS, 4)),  # 0 open, 1 closed
        ("held", i8, ROBOTS),  # index of the pack that the grips really hold, -1 none
        ("lock_position", f8, (SEATS, LOCKS)),
        ("locked", i8, SEATS),  # index of the pack that this seat's locks really hold, -1 none
        ("letting_go", i8, ROBOTS),  # 1 + the seat whose opening locks still carry part of its held pack, 0 none
        ("lock_load_n", f8, (ROBOTS, 6)),  # what they carried as they let go: force and moment about E, in W
        ("float_lock", f8, ROBOTS),
        ("pack_seat", i8, PACKS),  # nearest seat of each pack
        ("pad_gap_m", f8, (PACKS, 4)),  # height of each pad over that seat's plane, along the insert direction
        ("pack_offset_m", f8, (PACKS, 3)),  # of the pack's mating face from that seat, in the seat's frame
        ("pack_yaw_error_rad", f8, PACKS),
        ("integral", f8, (ROBOTS, 4)),
        (
            "outside_cause",
            i8,
        ),  # the quantity with which a world left its plant's domain of validity (`records.causes`)
        ("outside_robot", i8),  # -1: the truck, or the whole state
        ("outside_index", i8),
        ("outside_value", f8),
        ("outside_limit", f8),
        ("outside_t_s", f8),
        ("estop_button", i8),
        ("power_off", i8),
        ("energy_j", f8),
        # of each drive so far, beside its motoring (index 0) and its braking (index 1), and all not negative
        ("drive_work_j", f8, (ROBOTS, 4, 2)),
        ("drive_way", f8, (ROBOTS, 4, 2)),  # m or rad
        ("drive_braking_square_s", f8, (ROBOTS, 4)),  # integral of its squared force while it brakes, N2 s or (N m)2 s
        ("peak_sway_m", f8),  # largest of a held pack so far, of every tick
        ("peak_sway_rad", f8),
    ]
)
"""In SI units."""
