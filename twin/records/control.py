"""The controller's memory: commands, trips, weighing, timers."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import ROBOTS, SEATS, f8, i8

Control = Any
"""A record of dtype `CONTROL` inside numba."""

CONTROL = np.dtype(
    [
        ("status", i8, ROBOTS),
        ("buffered", i8, ROBOTS),  # 1: the command waits until the axes that it moves have ended an earlier motion
        ("pending", i8, ROBOTS),  # result that a command will have once its axes stand; IDLE: none yet
        ("command_start_s", f8, ROBOTS),
        ("setpoint_s", f8, ROBOTS),  # time of the last setpoints of velocity motion
        ("hold_s", f8, ROBOTS),  # time for which the condition has held
        (
            "swayed_s",
            f8,
            ROBOTS,
        ),  # last swing of a load under setpoints that was too large for any but damping ones
        ("damping", i8, ROBOTS),  # a bit for each of axes x and y that follows its load (`twin.control.sway_damping`)
        ("damping_at", f8, (ROBOTS, 2)),  # where they are to stand
        ("observes_sway", i8, ROBOTS),  # 1: `observed_sway` is up to date
        ("observed_sway", f8, (ROBOTS, 2, 2)),  # sway of x and y in m, and its rate in m/s
        ("swing_m", f8, ROBOTS),  # largest sway of the last swing beyond the settle threshold, once arrived
        ("force_s", f8, ROBOTS),  # time for which the lateral force has been over the abort limit
        ("load_s", f8, ROBOTS),  # time for which the load has been over its limit
        ("axial_s", f8, ROBOTS),  # time for which the axial force has been over the jam limit
        ("settle_reached_s", f8, ROBOTS),
        ("repeat_count", i8, ROBOTS),
        ("carried_kg", f8, ROBOTS),  # weighed by the load cell while the pack hung still
        ("hold_height", f8, ROBOTS),  # position of axis z when its pack was last at rest on a seat
        ("hold_deepest", f8, ROBOTS),  # deepest position of axis z in that seat since
        ("hold_seat", i8, ROBOTS),  # the seat whose locks may still hold the gripped pack, -1 none
        ("low_xy", f8, (ROBOTS, 2)),  # x and y where the carried pack came below the clearance height
        ("trip", i8),
        ("trip_t_s", f8),
        ("trip_q", f8, (ROBOTS, 4)),
        ("trip_cause", i8),  # cause of the trip (`twin.records.causes`): quantity, robot and part
        ("trip_robot", i8),
        ("trip_index", i8),
        ("trip_value", f8),
        ("trip_limit", f8),
        ("end_cause", i8, ROBOTS),  # the same of each robot's last command that did not end as done
        ("end_index", i8, ROBOTS),
        ("end_value", f8, ROBOTS),
        ("end_limit", f8, ROBOTS),
        ("end_t_s", f8, ROBOTS),
        ("acknowledgements", i8),  # trips that an operator has cleared
        ("load_zeroed", i8, ROBOTS),
        ("load_zero_found_n", f8, ROBOTS),  # offset at the last zeroing
        # plausibility of the load cell (twin.control.load_plausibility): the window of readings being filled
        ("load_kind", i8, ROBOTS),
        ("load_count", i8, ROBOTS),
        ("load_first_n", f8, ROBOTS),
        ("load_sum_n", f8, ROBOTS),
        ("load_square_n2", f8, ROBOTS),
        ("load_mean_n", f8, ROBOTS),  # of the last full one
        ("load_weighed_n", f8, ROBOTS),  # load of the gripped pack, as it was weighed hanging; 0: not yet
        ("load_closest", f8, (ROBOTS, 3)),  # largest share of its limit so far: known weight, drive force, after a jump
        ("load_last_n", f8, ROBOTS),
        ("load_cell_last_n", f8, ROBOTS),
        ("ahead_held", i8, ROBOTS),  # 1: the torque feed-forward is `ahead_n`, the reading less a jump
        ("ahead_n", f8, ROBOTS),
        ("ahead_jump_n", f8, ROBOTS),
        ("load_same_s", f8, ROBOTS),  # time for which the reading has been the same to the last bit
        ("load_pushes_s", f8, ROBOTS),  # time for which ropes have read as pushing
        ("jump_s", f8, ROBOTS),  # time since a jump of the reading; 0: none
        ("jump_count", i8, ROBOTS),
        ("jump_sum_n", f8, ROBOTS),
        ("drive_way", i8, ROBOTS),  # direction of axis z while its drive's force is averaged
        ("drive_count", i8, ROBOTS),
        ("drive_sum_n", f8, ROBOTS),
        ("z_speed_mps", f8, ROBOTS),  # of axis z in the last scan, by its encoder
        ("z_gain_mps2", f8, ROBOTS),
        ("truck_reference", f8, 3),  # x, y, yaw at the first scan, for the truck_moved interlock
        ("pull_tested", i8, SEATS),
    ]
)
"""In SI units."""
