"""The process image: the sensors' readings, and the controller's orders to drives and actuators."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import LOCKS, MAX_IMPULSES, PROFILE_SHAPE, ROBOTS, SEATS, f8, i8

Image = Any
"""A record of dtype `IMAGE` inside numba."""

IMAGE = np.dtype(
    [
        ("grip_command", i8, ROBOTS),
        ("lock_command", i8, SEATS),
        ("float_lock_command", i8, ROBOTS),
        # control
        ("profile", f8, (ROBOTS, 4, *PROFILE_SHAPE)),
        ("profile_start_s", f8, (ROBOTS, 4)),
        ("shaper_n", i8, (ROBOTS, 4)),
        ("shaper_amplitude", f8, (ROBOTS, 4, MAX_IMPULSES)),
        ("shaper_time_s", f8, (ROBOTS, 4, MAX_IMPULSES)),
        ("reference", f8, (ROBOTS, 4, 3)),  # position, velocity, acceleration
        ("axis_state", i8, (ROBOTS, 4)),
        ("brake", i8, (ROBOTS, 4)),
        # sensors: written by the PLC scan
        ("clock_s", f8),  # of the last scan
        ("clock_tick", i8),
        ("estop_seen", i8),
        ("power_off_seen", i8),
        ("truck_seen_m", f8, 3),  # x, y, yaw of the truck, by its displacement sensor
        ("axis_position", f8, (ROBOTS, 4)),
        ("axis_speed", f8, (ROBOTS, 4)),  # as the drives report: by their motors' encoders,
        ("axis_force_n", f8, (ROBOTS, 4)),  # and by their currents, N or N m
        ("table_lock", f8, ROBOTS),  # 0 free, 1 locked
        # orders to the drives besides references and brakes
        ("loaded", i8, ROBOTS),  # 1: a pack is gripped, its speed limits and mass apply
        ("feed_forward_kg", f8, ROBOTS),  # mass of the pack that moves with an axis
        ("feed_forward_n", f8, ROBOTS),  # weight on axis z
        ("integral_reset", i8, ROBOTS),
        ("scan_window", i8, ROBOTS),  # number of frames that the pose scanner averages; 0: it takes none
        ("scan_anew", i8, ROBOTS),  # 1: restart the mean with the next frame
        ("hand_over", i8, ROBOTS),  # 1: an insertion has begun in this scan; or HANDED_OVER_...: it will
        ("load_cell_n", f8, ROBOTS),
        ("load_raw_n", f8, ROBOTS),  # the load cell's fast channel, unfiltered
        ("load_zero_n", f8, ROBOTS),  # subtracted from every reading since the load cell was zeroed
        ("sway_m", f8, (ROBOTS, 2)),
        ("lateral_n", f8, (ROBOTS, 2)),
        ("axial_n", f8, ROBOTS),
        ("grip_closed", i8, (ROBOTS, 4)),
        ("grip_open", i8, (ROBOTS, 4)),
        ("lock_open", i8, (SEATS, LOCKS)),
        ("lock_closed", i8, (SEATS, LOCKS)),
        ("seat_present", i8, (SEATS, 4)),
        ("scan_pose", f8, (ROBOTS, 6)),  # measured pose of the truck: x, y, yaw, z, pitch, roll; mean of the frames
        ("scan_variance_m2", f8, ROBOTS),  # of the frames' x and y about that mean, averaged over both
        ("scan_count", i8, ROBOTS),
        ("truck_released", i8),
    ]
)
"""In SI units."""
