"""Parameters of one world, constant during a swap."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import KERNEL_STREAMS, PACKS, ROBOTS, SEATS, TRIPS, f8, i8

Params = Any
"""A record of dtype `PARAMS` inside numba."""

PARAMS = np.dtype(
    [
        ("dt_s", f8),
        ("scan_ticks", i8),
        ("robots", i8),
        ("packs", i8),
        ("seats", i8),
        ("retract", f8),  # +1: the robot retracts upwards (top_lift), -1: downwards (chassis)
        # axes, per robot: limits, mechanics, servo
        ("axis_min", f8, (ROBOTS, 4)),
        ("axis_max", f8, (ROBOTS, 4)),
        ("axis_velocity", f8, 4),  # the highest: empty
        ("axis_velocity_loaded", f8, 4),
        ("axis_acceleration", f8, 4),  # loaded; every stop uses it
        ("axis_acceleration_empty", f8, 4),
        ("axis_jerk", f8, 4),
        ("axis_mass", f8, 4),  # of the axis itself, the smallest that its force moves (kg, kg m2)
        ("axis_drive_mass", f8, 4),  # mass that the drive accelerates without a pack
        ("axis_carries", f8, 4),  # 1 where a carried pack moves rigidly with the axis
        ("axis_force_limit", f8, 4),
        ("axis_coulomb", f8, 4),
        ("axis_viscous", f8, 4),
        ("axis_brake", f8, 4),
        ("axis_encoder", f8, 4),
        ("axis_repeatability", f8, 4),
        ("axis_position_gain", f8, 4),
        ("axis_velocity_gain", f8, 4),
        ("axis_integral_time_s", f8, 4),
        ("axis_stopping_distance", f8, 4),
        ("axis_following_limit", f8, 4),
        ("gravity_mps2", f8),
        ("z_gravity_mass_kg", f8),  # mass that the z drive carries besides the measured load
        ("z_own_mass_kg", f8),  # mass that the z drive accelerates besides the measured load
        ("z_coulomb_n", f8),  # dry friction of axis z as designed, known to the control software
        # reeving
        ("reeving", i8),  # 0 four_rope, 1 mast, 2 floating_table
        ("sheave_height_m", f8),
        ("rope_ea_n", f8),
        ("rope_damping", f8),  # axial, per rope, N s (divided by the length: N s/m)
        ("rope_half_x_m", f8),
        ("rope_half_y_m", f8),
        ("sway_zeta", f8),
        ("e_stiffness", f8, 6),  # linear springs of E about its carrier: x, y, z, yaw, pitch, roll
        ("e_damping", f8, 6),
        ("e_travel_m", f8),
        ("e_travel_rad", f8),
        ("e_stop_stiffness", f8, 2),
        ("e_stop_damping", f8, 2),
        ("e_lock_stiffness", f8, 6),  # added by a closed float lock
        ("e_lock_damping", f8, 6),
        ("e_mass_kg", f8),
        ("float_lock_rate", f8),
        # packs and seats
        ("pack_mass_kg", f8, PACKS),
        ("pack_height_m", f8),
        ("pack_com", f8, (PACKS, 3)),  # of the centre of mass in P (origin: middle of the grip face)
        ("pad_xy_m", f8, (4, 2)),
        ("pad_stiffness_n_per_m", f8),  # each of a seat's four
        ("seat_xyz_m", f8, (SEATS, 3)),  # of the seat plane's middle; truck seats in T, slots in W
        ("seat_yaw_rad", f8, SEATS),
        ("seat_on_truck", i8, SEATS),
        ("seat_locks", i8, SEATS),  # number of locks, 0 = the seat only guides
        ("lock_rate", f8, (SEATS, 2)),  # 1/s: opening, closing
        ("grip_rate", f8, 2),
        ("grip_capture_m", f8),
        ("flipper_capture_m", f8),  # largest offset between an end effector and a pack that its guides capture
        ("lock_capture_m", f8),
        ("coupler_xy_m", f8, 2),
        ("coupler_engage_m", f8),
        ("coupler_force_n", f8),
        ("guide_length_m", f8),
        # truck
        ("truck_sprung_kg", f8),
        ("truck_com", f8, 3),
        ("truck_inertia_kgm2", f8, 3),  # roll, pitch, yaw of the sprung mass
        ("truck_unsprung_kg", f8),
        ("truck_axle_x_m", f8, 2),
        ("truck_axle_stiffness", f8, 2),
        ("truck_axle_damping", f8, 2),
        ("truck_axle_roll_stiffness", f8, 2),
        ("truck_axle_roll_damping", f8, 2),
        ("truck_axle_preload_n", f8, 2),
        ("truck_roll_preload_nm", f8),
        ("truck_axle_unsprung_kg", f8, 2),
        ("truck_axle_braked", f8, 2),
        ("truck_friction", f8),
        ("truck_trailer_kg", f8),  # on the axles of a coupled trailer; 0: there is none
        ("truck_trailer_braked", f8),
        ("truck_trailer_scrub", f8),  # friction across at the kingpin, as a share of that of its axles along
        ("truck_kingpin_x_m", f8),
        ("truck_park", f8, 6),  # parked pose: x, y, yaw, z, pitch, roll
        # limits
        ("rated_load_kg", f8),
        ("overload_fraction", f8),
        ("creep_out_height_m", f8),
        ("clearance_height_m", f8),
        ("lateral_warn_n", f8),
        ("lateral_abort_n", f8),
        ("structure_lateral_n", f8),
        ("structure_axial_n", f8),
        ("axial_jam_ratio", f8),
        ("reaction_time_s", f8),
        ("sway_limit_m", f8),
        ("truck_moved_m", f8),
        ("seated_m", f8),
        ("traverse_deadband_m", f8),
        ("robot_length_m", f8),
        ("contact_speed_mps", f8),
        ("contact_zone_m", f8),
        # for tests only: switch an interlock off, [TRIP_NONE] being the permissives and drives' limits on speeds; else
        # 0
        ("interlock_off", i8, len(TRIPS)),
        # for tests only: loosen its threshold by this factor; else 1
        ("interlock_scale", f8, len(TRIPS)),
        # sensors
        ("scan_sigma_m", f8),
        ("scan_sigma_rad", f8),
        ("scan_bias", f8, 6),
        ("scan_period_ticks", i8),
        ("scan_delay_scans", i8),
        ("scan_dropout", f8),
        ("load_sigma_n", f8),
        ("load_filter_s", f8),
        ("load_zero_window_n", f8),
        ("load_zero_noise_n", f8),  # largest noise of the mean by which a load cell is zeroed
        ("load_weighing_s", f8),
        ("load_tolerance_n", f8),
        ("load_drive_tolerance_n", f8),
        ("sway_sigma_m", f8),
        ("force_sigma_n", f8),
        ("stream", np.uint64, len(KERNEL_STREAMS)),
    ]
)
"""Parameters of one world, constant during a swap, in SI units."""
