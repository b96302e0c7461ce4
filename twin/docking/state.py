"""Parameters and state of one docking world, as NumPy records that kernels take one per world.

Planar coordinates: x, y, yaw of the truck's frame T in W (T on the ground below the middle of the seats) and the
trailer's own yaw. The body over the axles: heave (up), pitch (nose down), roll (left side up), as departures from rest.
"""

from __future__ import annotations

import numpy as np

AXLES = 8
"""Maximum number of real axles of a truck and its trailer together."""
SECTIONS = 4
"""Maximum number of pairs of rails, one after another."""
RING = 1024
"""Maximum delay of a command in the brake line, in steps."""
FRAMES = 32
"""Maximum number of lidar frames in transit."""

X, Y, YAW, TRAILER = range(4)
HEAVE, PITCH, ROLL = range(3)
# The integrated state: planar coordinates, their rates, tyre deflections (m, sideways), the body and its rates, and the
# actuator states between pedals and wheels.
Q, QD, DEFLECTION, BODY, BODY_RATE = 0, 4, 8, 8 + AXLES, 11 + AXLES
STEER, DRIVE, BRAKE, TRAILER_BRAKE = 14 + AXLES, 15 + AXLES, 16 + AXLES, 17 + AXLES
STATES = 18 + AXLES

FRONT, REAR, TOWED = range(3)
"""Groups of axles."""
LIDAR_STREAM = "docking lidar"
START_STREAM = "docking start"
STOP_STREAM = "docking stop"

_F, _I = np.float64, np.int64

PARAMS = np.dtype(
    [
        ("dt_s", _F),
        ("gravity_mps2", _F),
        # the ground: rise over length of the lane, and over its width to the left
        ("grade", _F),
        ("camber", _F),
        # planar bodies
        ("truck_kg", _F),
        ("truck_com_x_m", _F),
        ("truck_inertia_kgm2", _F),
        ("trailer_kg", _F),  # 0: none
        ("trailer_com_m", _F),  # behind the kingpin
        ("trailer_inertia_kgm2", _F),
        ("kingpin_x_m", _F),
        ("total_kg", _F),
        # axles
        ("axles", _I),
        ("axle_group", _I, AXLES),
        ("axle_x_m", _F, AXLES),  # in T, or behind the kingpin (positive) for the trailer's
        ("axle_load_n", _F, AXLES),  # at rest
        ("axle_share", _F, AXLES),  # of its group
        ("axle_cornering_per_rad", _F, AXLES),
        ("axle_brake_kg", _F, AXLES),  # brake force per unit of demanded deceleration
        ("axle_drive_share", _F, AXLES),
        ("axle_half_width_m", _F, AXLES),
        ("axle_climb_n", _F, AXLES),  # of one wheel over a rail
        ("friction", _F),
        ("anti_lock", _F),  # share of the friction circle for brakes and drive; 1: wheels lock
        ("relaxation_m", _F),
        ("rolling_resistance", _F),
        # steering, drive line, brakes
        ("steering_limit_rad", _F),
        ("steering_rate_limit_radps", _F),
        ("steering_lag_s", _F),
        ("steering_offset_rad", _F),  # sensor readings over true angles and rate
        ("hitch_offset_rad", _F),
        ("yaw_rate_offset_radps", _F),
        ("drive_force_limit_n", _F),
        ("drive_power_limit_w", _F),
        ("drive_lag_s", _F),
        ("brake_delay_steps", _I),
        ("trailer_delay_steps", _I),
        ("brake_lag_s", _F),
        ("brake_limit_mps2", _F),
        # body on its springs: front and rear
        ("sprung_kg", _F),
        ("sprung_x_m", _F),
        ("sprung_moment_kgm", _F),  # sum of mass times height over the ground
        ("sprung_rise_kgm", _F),  # sum of mass times height over the pitch and roll centre
        ("sprung_pitch_kgm2", _F),  # about T's vertical, at the height of the pitch centre
        ("sprung_roll_kgm2", _F),
        ("spring_x_m", _F, 2),
        ("spring_n_per_m", _F, 2),
        ("spring_ns_per_m", _F, 2),
        ("spring_preload_n", _F, 2),
        ("unsprung_n", _F, 2),
        ("roll_nm_per_rad", _F),
        ("roll_nms_per_rad", _F),
        # site
        ("sections", _I),
        ("rail_from_m", _F, SECTIONS),
        ("rail_to_m", _F, SECTIONS),
        ("rail_half_gap_m", _F, SECTIONS),
        ("rail_flare_length_m", _F, SECTIONS),
        ("rail_flare_width_m", _F, SECTIONS),
        ("rail_n_per_m", _F),
        ("rail_ns_per_m", _F),
        ("rail_friction", _F),
        ("stop", _I),  # 1: there is a wheel stop
        ("stop_x_m", _F),
        ("stop_setting_m", _F),
        ("stop_climb_n", _F),
        ("stop_n_per_m", _F),
        ("stop_ns_per_m", _F),
        ("stop_friction", _F),
        # lidar
        ("lidar_x_m", _F),
        ("lidar_front_x_m", _F),  # of the cab in T
        ("lidar_range_min_m", _F),
        ("lidar_range_max_m", _F),
        ("lidar_period_steps", _I),
        ("lidar_delay_steps", _I),
        ("lidar_sigma", _F, (2, 2)),  # (m, rad) by (at no distance, a metre)
        ("lidar_dropout", _F),
        ("lidar_bias_m", _F),
        ("lidar_bias_rad", _F),
        ("lidar_outage_begin", _F),  # probability a frame
        ("lidar_outage_end", _F),
        ("lidar_wander", _F, 2),  # standard deviation (m, rad)
        ("lidar_wander_keep", _F),  # correlation of successive frames
    ]
)

WORLD = np.dtype(
    [
        ("tick", _I),
        ("s", _F, STATES),
        ("bristle_m", _F, AXLES),  # deflection along the wheel, of brakes and rolling resistance
        ("steer_command_rad", _F),
        ("steering_rate_radps", _F),
        ("acceleration_mps2", _F),
        ("gear", _F),  # 1 forwards, -1 reverse
        ("brake_ring_mps2", _F, RING),
        ("standing_ticks", _I),
        ("parked", _I),
        ("stop_shift_m", _F),  # offset of this run's wheel stop from its nominal place
        # read-outs of the last step
        ("acceleration_body_mps2", _F, 2),
        ("axle_load_n", _F, AXLES),
        ("axle_force_n", _F, (AXLES, 2)),  # along and across the wheel
        ("rail_force_n", _F, (AXLES, 2)),  # right and left wheel
        ("stop_force_n", _F, 2),
        ("peak_rail_force_n", _F),
        ("peak_stop_force_n", _F),
        ("hitch_force_n", _F, 2),
        # lidar
        ("lidar_key", np.uint64),
        ("lidar_bias", _F, 3),
        ("lidar_frame", _I),
        ("lidar_out", _I),  # 1 during an outage
        ("lidar_wander", _F, 3),
        ("lidar_due_tick", _I, FRAMES),
        ("lidar_pending", _F, (FRAMES, 3)),
        ("lidar_head", _I),
        ("lidar_tail", _I),
        ("lidar_pose", _F, 3),
        ("lidar_tick", _I),  # tick of `lidar_pose`; -1: never seen
    ]
)
