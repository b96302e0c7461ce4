"""The records that plants, control kernels and sequence share, and the words for their codes.

One world is one `WORLD` record (what changes) and one `PARAMS` record (what does not), both plain float64 and int64, so
that a batch of N swaps is an array of N records and every kernel works on `worlds[i]`. Sizes are fixed: at most
`ROBOTS` robots, `PACKS` moving packs and `SEATS` seats take part in one swap; the unused ones stay zero.

A robot's coordinates `q` are the four axes x, y, z, yaw, then the end effector E relative to what carries it:
ex, ey, ez, eyaw, epitch, eroll (metres, radians; rotation Rz Ry Rx). For ropes E is measured from the trolley's
sheaves, for a table from the lift platform.
"""

from __future__ import annotations

import numpy as np

from twin.motion.profile import PROFILE_SHAPE
from twin.motion.shaper import MAX_IMPULSES

ROBOTS, PACKS, SEATS, LOCKS = 2, 6, 9, 4
AXES = ("x", "y", "z", "yaw")
X, Y, Z, YAW = range(4)
JOINTS = (*AXES, "ex", "ey", "ez", "eyaw", "epitch", "eroll")
EX, EY, EZ, EYAW, EPITCH, EROLL = range(4, 10)
TRUCK = ("x", "y", "yaw", "z", "pitch", "roll")
TX, TY, TYAW, TZ, TPITCH, TROLL = range(6)

# PLCopen axis states
STANDSTILL, DISCRETE_MOTION, CONTINUOUS_MOTION, STOPPING, ERROR_STOP = range(5)
AXIS_STATES = ("Standstill", "DiscreteMotion", "ContinuousMotion", "Stopping", "ErrorStop")

# What a command waits for
UNTIL = (
    "done",
    "settled",
    "landed",
    "seated",
    "load_above",
    "load_below",
    "clear",
    "near",
    "actuated",
    "dwell",
    "scanned",
)
(
    UNTIL_DONE,  # every commanded axis has arrived
    UNTIL_SETTLED,  # arrived, and sway stayed below threshold_m for dwell_s
    UNTIL_LANDED,  # the end effector rests on a pack (ropes) or carries threshold_n more than itself (table)
    UNTIL_SEATED,  # every pad switch of the target seat is made and the load has left the ropes, or pushes home
    UNTIL_LOAD_ABOVE,  # load cell above threshold
    UNTIL_LOAD_BELOW,  # load cell below threshold
    UNTIL_CLEAR,  # axis z has passed `threshold` in the retracting direction (overlap)
    UNTIL_NEAR,  # the planned end of the slowest commanded axis is less than `threshold` seconds away (overlap)
    UNTIL_ACTUATED,  # commanded grips, locks and table lock report their new state
    UNTIL_DWELL,  # dwell_s has passed
    UNTIL_SCANNED,  # scan_samples frames of the target seat were taken
) = range(len(UNTIL))

# Velocity motion: what a command is to the axes
FOLLOW_NOT, FOLLOW_START, FOLLOW_ON = range(3)  # a move; velocity motion begins; its setpoints change, nothing else

# How a command stands (PLCopen Busy, Done, CommandAborted, Error)
STATUS = ("idle", "busy", "done", "timeout", "force_abort", "jam", "trip", "refused", "outside_model")
IDLE, BUSY, DONE, TIMEOUT, FORCE_ABORT, JAM, TRIP, REFUSED, OUTSIDE = range(len(STATUS))

# Why the interlocks tripped
TRIPS = (
    "none",
    "estop",
    "overload",
    "lateral_force",
    "lock_not_open",
    "low_traverse",
    "sway_limit",
    "truck_moved",
    "following_error",
    "robot_distance",
    "power_loss",
    "load_implausible",
)
(
    TRIP_NONE,
    TRIP_ESTOP,
    TRIP_OVERLOAD,
    TRIP_LATERAL,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_SWAY,
    TRIP_TRUCK_MOVED,
    TRIP_FOLLOWING,
    TRIP_DISTANCE,
    TRIP_POWER,
    TRIP_LOAD_IMPLAUSIBLE,
) = range(len(TRIPS))

# What hangs free on a robot, for all that its control software knows (`load_kind`)
LOAD_UNKNOWN, LOAD_EMPTY, LOAD_PACK = range(3)

# Named streams of randomness (design, section 6). Append only: the order fixes nothing, the name does.
STREAMS = (
    "parking",
    "pack",
    "friction",
    "scanner",
    "load_cell",
    "sway_sensor",
    "force_sensor",
    "repeatability",
    "faults",
    "policy",
)
KERNEL_STREAMS = ("scanner", "load_cell", "sway_sensor", "force_sensor", "repeatability")
S_SCANNER, S_LOAD, S_SWAY, S_FORCE, S_REPEAT = range(len(KERNEL_STREAMS))

f8, i8 = np.float64, np.int64

COMMAND = np.dtype(
    [
        ("step", i8),  # index of the step in the sequence's table, for the record
        ("target", f8, 4),  # axis targets; NaN leaves an axis as it is
        ("velocity", f8, 4),
        ("acceleration", f8, 4),
        ("jerk", f8, 4),
        ("delay_s", f8, 4),
        ("creep_at", f8),  # axis z slows to creep_speed_mps from here on; NaN: no creep
        ("creep_speed_mps", f8),
        ("shaper", i8, 4),
        ("shaper_hz", f8, 4),
        ("shaper_zeta", f8),
        ("until", i8),
        ("threshold", f8),
        ("dwell_s", f8),
        ("timeout_s", f8),
        ("seat", i8),  # index of the seat it is about, -1 none
        ("grip", i8),  # -1 leave, 0 open, 1 close
        ("lock", i8),  # -1 leave, 0 open, 1 close the locks of `seat`
        ("float_lock", i8),  # -1 leave, 0 free, 1 lock the floating table or head
        ("scan_samples", i8),
        ("carrying", i8),  # -1, or the index of the pack that the sequence believes to be held
        ("seat_z", f8),  # expected position of axis z with the pack seated, or landed on; NaN unknown
        ("jam_below_n", f8),  # axial force that counts as a jam while inserting
        ("inserting", i8),  # 1: guide forces are expected; jam and abort limits end the command instead of tripping
        ("acknowledge", i8),  # 1: clear a trip and let the axes leave ErrorStop
        ("pull_passed", i8),  # 1: the pull test of `seat` has passed; on record from here on
        ("release_truck", i8),  # 1: the truck may go from here on
        (
            "load_known_from",
            f8,
        ),  # axis z, from which on in the retracting direction nothing but its own load hangs there
        ("zero_load", i8),  # 1: load cells are zeroed meanwhile, 2: and the command waits until they are
        ("follow", i8),  # velocity motion: `velocity` is a signed setpoint for every axis, targets are left out
    ]
)
"""One command to one robot: moves, actuators and the condition that ends it. SI units; yaw entries in radians."""

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
        ("axis_mass", f8, 4),  # of the axis itself, the least that its force can move (kg, kg m2)
        ("axis_drive_mass", f8, 4),  # what the drive accelerates without a pack
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
        ("z_coulomb_n", f8),  # dry friction of axis z as designed: what the control software knows of it
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
        ("e_lock_stiffness", f8, 6),  # what a closed float lock adds
        ("e_lock_damping", f8, 6),
        ("e_mass_kg", f8),
        ("float_lock_rate", f8),
        # packs and seats
        ("pack_mass_kg", f8, PACKS),
        ("pack_height_m", f8),
        ("pack_com", f8, (PACKS, 3)),  # of the centre of mass in P (origin: middle of the grip face)
        ("pad_xy_m", f8, (4, 2)),
        ("seat_xyz_m", f8, (SEATS, 3)),  # of the seat plane's middle; truck seats in T, slots in W
        ("seat_yaw_rad", f8, SEATS),
        ("seat_on_truck", i8, SEATS),
        ("seat_locks", i8, SEATS),  # number of locks, 0 = the seat only guides
        ("lock_rate", f8, (SEATS, 2)),  # 1/s: opening, closing
        ("grip_rate", f8, 2),
        ("grip_capture_m", f8),
        ("flipper_capture_m", f8),  # how far an end effector may be off a pack that it meets
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
        ("truck_park", f8, 6),  # where it stands: x, y, yaw, z, pitch, roll
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
        # tests break an interlock on purpose, [TRIP_NONE] being the permissives and drives' limits on speeds; always 0
        ("interlock_off", i8, len(TRIPS)),
        # otherwise; or loosen its threshold by this factor, else always 1
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
        ("load_zero_noise_n", f8),  # what noise may leave on the mean by which a load cell is zeroed
        ("load_weighing_s", f8),
        ("load_tolerance_n", f8),
        ("load_drive_tolerance_n", f8),
        ("sway_sigma_m", f8),
        ("force_sigma_n", f8),
        ("stream", np.uint64, len(KERNEL_STREAMS)),
    ]
)
"""What stays the same for one world during a swap, in SI units."""

DELAY_SCANS = 32
"""PLC scans of the truck's pose history: the scanner's delay has to be shorter. 0.32 s at 100 Hz."""

WORLD = np.dtype(
    [
        ("tick", i8),
        ("t_s", f8),
        # plant: written by the plant each tick
        ("q", f8, (ROBOTS, 10)),
        ("qd", f8, (ROBOTS, 10)),
        ("tau", f8, (ROBOTS, 10)),
        ("drive_n", f8, (ROBOTS, 4)),  # what the drive itself gives, N or N m; none while its brake is set
        ("net_n", f8, (ROBOTS, 4)),  # what is left to accelerate the axis, beside friction, brake and load
        ("truck_q", f8, 6),
        ("truck_qd", f8, 6),
        ("truck_tau", f8, 3),
        ("truck_brake", f8, 3),  # the most that the tyres can hold along x, across, and about z, each alone
        (
            "truck_tyre_limit_n",
            f8,
            (3, 2),
        ),  # friction that axles and kingpin can take, along and across
        ("truck_tyre_n", f8, (3, 2)),  # what they give while the truck slides
        ("truck_brake_off", i8),  # fault: the parking brake is released
        ("truck_push_n", f8, 3),  # fault: force of something outside on the truck's body, in W
        ("pack_pose", f8, (PACKS, 7)),  # of P in W: position, quaternion xyzw
        ("pack_twist", f8, (PACKS, 6)),
        ("e_pose", f8, (ROBOTS, 7)),  # of E in W
        ("load_n", f8, ROBOTS),  # true force in the ropes or under the table
        ("guide_force_n", f8, (ROBOTS, 3)),  # contact force on the held pack (or empty E) in W
        ("guide_peak_n", f8, (ROBOTS, 2)),  # the largest since the last scan, of every tick: lateral, axial
        ("coupler_n", f8, PACKS),
        ("coupler_at", f8, (PACKS, 3)),
        ("grip_position", f8, (ROBOTS, 4)),  # 0 open, 1 closed
        ("grip_command", i8, ROBOTS),
        ("grip_stuck", i8, (ROBOTS, 4)),
        ("held", i8, ROBOTS),  # index of the pack that the grips really hold, -1 none
        ("lock_position", f8, (SEATS, LOCKS)),
        ("lock_command", i8, SEATS),
        ("lock_stuck", i8, (SEATS, LOCKS)),
        ("lock_switch_fault", i8, (SEATS, LOCKS)),  # fault: 1 always reports open, 2 always closed
        ("locked", i8, SEATS),  # index of the pack that this seat's locks really hold, -1 none
        ("float_lock", f8, ROBOTS),
        ("float_lock_command", i8, ROBOTS),
        ("pack_seat", i8, PACKS),  # nearest seat of each pack
        ("pad_gap_m", f8, (PACKS, 4)),  # height of each pad over that seat's plane, along the insert direction
        ("pack_offset_m", f8, (PACKS, 3)),  # of the pack's mating face from that seat, in the seat's frame
        ("pack_yaw_error_rad", f8, PACKS),
        # control
        ("profile", f8, (ROBOTS, 4, *PROFILE_SHAPE)),
        ("profile_start_s", f8, (ROBOTS, 4)),
        ("shaper_n", i8, (ROBOTS, 4)),
        ("shaper_amplitude", f8, (ROBOTS, 4, MAX_IMPULSES)),
        ("shaper_time_s", f8, (ROBOTS, 4, MAX_IMPULSES)),
        ("reference", f8, (ROBOTS, 4, 3)),  # position, velocity, acceleration
        ("integral", f8, (ROBOTS, 4)),
        ("axis_state", i8, (ROBOTS, 4)),
        ("brake", i8, (ROBOTS, 4)),
        ("status", i8, ROBOTS),
        ("buffered", i8, ROBOTS),  # 1: the command waits until the axes that it moves have ended an earlier motion
        ("pending", i8, ROBOTS),  # result that a command will have once its axes stand; IDLE: none yet
        ("command_start_s", f8, ROBOTS),
        ("setpoint_s", f8, ROBOTS),  # when the last setpoints of velocity motion came
        ("hold_s", f8, ROBOTS),  # how long the condition has held
        ("swayed_s", f8, ROBOTS),  # when a load under setpoints last swung too far for any but damping ones
        ("swing_m", f8, ROBOTS),  # the largest sway of the last swing beyond the settle threshold, once arrived
        ("force_s", f8, ROBOTS),  # how long the lateral force has been over the abort limit
        ("load_s", f8, ROBOTS),  # how long the load has been over its limit
        ("axial_s", f8, ROBOTS),  # how long the axial force has been over the jam limit
        ("settle_reached_s", f8, ROBOTS),
        ("repeat_count", i8, ROBOTS),
        ("carried_kg", f8, ROBOTS),  # weighed by the load cell while the pack hung still
        ("hold_height", f8, ROBOTS),  # position of axis z when its pack was last at rest on a seat
        ("hold_deepest", f8, ROBOTS),  # the deepest that axis z has been in that seat since
        ("hold_seat", i8, ROBOTS),  # the seat whose locks may still hold the gripped pack, -1 none
        ("low_xy", f8, (ROBOTS, 2)),  # where x and y stood when the carried pack came below the clearance height
        ("trip", i8),
        ("trip_t_s", f8),
        ("trip_q", f8, (ROBOTS, 4)),
        ("trip_cause", i8),  # what tripped, in numbers (twin.causes): what was measured, of which robot and part
        ("trip_robot", i8),
        ("trip_index", i8),
        ("trip_value", f8),
        ("trip_limit", f8),
        ("end_cause", i8, ROBOTS),  # the same of each robot's last command that ended otherwise than done
        ("end_index", i8, ROBOTS),
        ("end_value", f8, ROBOTS),
        ("end_limit", f8, ROBOTS),
        ("end_t_s", f8, ROBOTS),
        ("outside_cause", i8),  # the quantity with which a world left its plant's domain of validity (twin.causes)
        ("outside_robot", i8),  # -1: the truck, or the whole state
        ("outside_index", i8),
        ("outside_value", f8),
        ("outside_limit", f8),
        ("outside_t_s", f8),
        ("acknowledgements", i8),  # trips that an operator has cleared
        ("estop_button", i8),
        ("power_off", i8),
        # sensors: written by the PLC scan
        ("clock_s", f8),  # of the last scan
        ("clock_tick", i8),
        ("estop_seen", i8),
        ("power_off_seen", i8),
        ("truck_seen_m", f8, 3),  # x, y, yaw of the truck, by its displacement sensor
        ("axis_position", f8, (ROBOTS, 4)),
        ("axis_speed", f8, (ROBOTS, 4)),  # what the drives report: of their motors' encoders,
        ("axis_force_n", f8, (ROBOTS, 4)),  # and by their currents, N or N m
        ("table_lock", f8, ROBOTS),  # 0 free, 1 locked
        # orders to the drives besides references and brakes
        ("loaded", i8, ROBOTS),  # 1: a pack is gripped, its speed limits and mass apply
        ("feed_forward_kg", f8, ROBOTS),  # mass of the pack that moves with an axis
        ("feed_forward_n", f8, ROBOTS),  # weight on axis z
        ("integral_reset", i8, (ROBOTS, 4)),
        ("scan_window", i8, ROBOTS),  # over so many frames the pose scanner averages; 0: it takes none
        ("scan_anew", i8, ROBOTS),  # 1: from the next one on
        ("hand_over", i8, ROBOTS),  # 1: an insertion has begun in this scan
        ("load_cell_n", f8, ROBOTS),
        ("load_raw_n", f8, ROBOTS),  # the load cell's fast channel, unfiltered
        ("load_zero_n", f8, ROBOTS),  # taken off every reading since the load cell was zeroed
        ("load_zeroed", i8, ROBOTS),
        ("load_zero_found_n", f8, ROBOTS),  # offset that was found then
        # plausibility of the load cell (twin.load_plausibility): the window of readings that is being filled
        ("load_kind", i8, ROBOTS),
        ("load_count", i8, ROBOTS),
        ("load_first_n", f8, ROBOTS),
        ("load_sum_n", f8, ROBOTS),
        ("load_square_n2", f8, ROBOTS),
        ("load_mean_n", f8, ROBOTS),  # of the last full one
        ("load_weighed_n", f8, ROBOTS),  # load of the pack that the grips hold, as it was weighed hanging; 0: not yet
        ("load_closest", f8, (ROBOTS, 3)),  # largest share of its limit so far: known weight, drive force, after a jump
        ("load_last_n", f8, ROBOTS),
        ("load_cell_last_n", f8, ROBOTS),
        ("ahead_held", i8, ROBOTS),  # 1: the torque feed-forward is `ahead_n`, the reading less a jump
        ("ahead_n", f8, ROBOTS),
        ("ahead_jump_n", f8, ROBOTS),
        ("load_same_s", f8, ROBOTS),  # how long the reading has been the same to the last bit
        ("load_pushes_s", f8, ROBOTS),  # how long ropes have read as pushing
        ("jump_s", f8, ROBOTS),  # since the reading has jumped; 0: it has not
        ("jump_count", i8, ROBOTS),
        ("jump_sum_n", f8, ROBOTS),
        ("drive_way", i8, ROBOTS),  # the way in which axis z moves while its drive's force is averaged
        ("drive_count", i8, ROBOTS),
        ("drive_sum_n", f8, ROBOTS),
        ("z_speed_mps", f8, ROBOTS),  # of axis z in the last scan, by its encoder
        ("z_gain_mps2", f8, ROBOTS),
        ("load_cell_offset_n", f8, ROBOTS),  # fault
        ("load_cell_frozen", i8, ROBOTS),  # fault
        ("sway_m", f8, (ROBOTS, 2)),
        ("sway_bias_m", f8, (ROBOTS, 2)),  # fault
        ("lateral_n", f8, (ROBOTS, 2)),
        ("axial_n", f8, ROBOTS),
        ("grip_closed", i8, (ROBOTS, 4)),
        ("grip_open", i8, (ROBOTS, 4)),
        ("lock_open", i8, (SEATS, LOCKS)),
        ("lock_closed", i8, (SEATS, LOCKS)),
        ("seat_present", i8, (SEATS, 4)),
        ("scan_pose", f8, (ROBOTS, 6)),  # measured pose of the truck: x, y, yaw, z, pitch, roll; mean of the frames
        ("scan_count", i8, ROBOTS),
        ("scan_next_tick", i8, ROBOTS),
        ("scan_frames", i8, ROBOTS),
        ("scan_blind", i8),  # fault: the scanner sees nothing
        ("truck_history", f8, (DELAY_SCANS, 6)),
        ("truck_reference", f8, 3),  # x, y, yaw at the first scan, for the truck_moved interlock
        ("scans", i8),
        # independent monitor
        ("violation", i8, 8),  # scans in violation of invariants 1 to 6 ([0] unused)
        ("violation_t_s", f8, 8),
        ("violation_value", f8, 8),
        ("violation_limit", f8, 8),  # the limit that the worst value is beyond, and what it is (twin.monitor.MEASURED)
        ("violation_measured", i8, 8),
        ("watch_seat", i8, ROBOTS),  # the seat that the held pack has not yet left, -1 none
        ("watch_rest_m", f8, ROBOTS),  # height of the held pack when it stood deepest in that seat
        ("watch_xy", f8, (ROBOTS, 2)),  # axes x and y when the held pack was last above the clearance height
        ("watch_pulled", i8, SEATS),  # a robot has pulled on the pack in these closed locks
        ("watch_stop_s", f8),
        ("watch_stop_q", f8, (ROBOTS, 4)),  # where the axes stood after their stop
        ("watch_acknowledgements", i8),
        ("overforce_s", f8, ROBOTS),
        ("overload_s", f8, ROBOTS),
        ("stop_q", f8, (ROBOTS, 4)),
        ("monitor_trip", i8),  # 0 free, 1 stopping, 2 has to stand
        ("previous_held", i8, ROBOTS),
        ("truck_released", i8),
        ("pull_tested", i8, SEATS),
        # key figures, updated every tick or scan
        ("peak_sway_m", f8),
        ("peak_sway_rad", f8),
        ("peak_lateral_n", f8),
        ("peak_axial_n", f8),
        ("residual_sway_m", f8),
        ("residual_sway_rad", f8),
        ("energy_j", f8),
        ("truck_displacement_m", f8),
    ]
)
"""What changes in one world during a swap, in SI units."""


def _idle_command() -> np.ndarray:
    command = np.zeros(1, COMMAND)
    for field in ("target", "creep_at", "seat_z", "load_known_from"):
        command[field] = np.nan
    for field in ("seat", "grip", "lock", "float_lock", "carrying"):
        command[field] = -1
    return command


_IDLE_COMMAND = _idle_command()


def new_command(n: int = 1) -> np.ndarray:
    """(n,) commands that do nothing and are done at once."""
    return np.repeat(_IDLE_COMMAND, n)
