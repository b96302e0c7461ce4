"""Sizes, indices and codes that the records share, with their names in words.

Sizes are fixed: at most `ROBOTS` robots, `PACKS` moving packs and `SEATS` seats take part in one swap; the unused ones
stay zero. A robot's coordinates `q` are the four axes x, y, z, yaw, then the end effector E relative to its carrier:
ex, ey, ez, eyaw, epitch, eroll (metres, radians; rotation Rz Ry Rx). For ropes E is measured from the trolley's
sheaves, for a table from the lift platform.
"""

from __future__ import annotations

import numpy as np

ROBOTS, PACKS, SEATS, LOCKS = 2, 6, 9, 4
SEGMENTS = 12
"""Nodes in a motion profile: the longest plan (creep, with every phase present) uses 11 segments and the end node."""
PROFILE_SHAPE = (5, SEGMENTS)
"""Rows time, position, velocity, acceleration and jerk (`twin.motion.profile`)."""
MAX_IMPULSES = 4
"""Impulses of an input shaper."""
AXES = ("x", "y", "z", "yaw")
X, Y, Z, YAW = range(4)
JOINTS = (*AXES, "ex", "ey", "ez", "eyaw", "epitch", "eroll")
EX, EY, EZ, EYAW, EPITCH, EROLL = range(4, 10)
TRUCK = ("x", "y", "yaw", "z", "pitch", "roll")
TX, TY, TYAW, TZ, TPITCH, TROLL = range(6)

# Reeving: suspension of an end effector
FOUR_ROPE, MAST, FLOATING_TABLE = range(3)

# PLCopen axis states
STANDSTILL, DISCRETE_MOTION, CONTINUOUS_MOTION, STOPPING, ERROR_STOP = range(5)
AXIS_STATES = ("Standstill", "DiscreteMotion", "ContinuousMotion", "Stopping", "ErrorStop")

# Hand-over of a pack to its seat, of a command that is still to come to it (1: now)
HANDED_OVER_STANDING, HANDED_OVER_LOW = 2, 3
"""As x and y stand and axis z moves; as the pack comes to the guides."""

# Condition that ends a command
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
    UNTIL_SEATED,  # every pad switch of the target seat is made and the load has left the ropes, or presses on the seat
    UNTIL_LOAD_ABOVE,  # load cell above threshold
    UNTIL_LOAD_BELOW,  # load cell below threshold
    UNTIL_CLEAR,  # axis z has passed `threshold` in the retracting direction (overlap)
    UNTIL_NEAR,  # the planned end of the slowest commanded axis is less than `threshold` seconds away (overlap)
    UNTIL_ACTUATED,  # commanded grips, locks and table lock report their new state
    UNTIL_DWELL,  # dwell_s has passed
    UNTIL_SCANNED,  # scan_samples frames of the target seat were taken
) = range(len(UNTIL))

# Velocity motion: effect of a command on the axes
FOLLOW_NOT, FOLLOW_START, FOLLOW_ON = range(3)  # a move; velocity motion begins; its setpoints change, nothing else

# Status of a command (PLCopen Busy, Done, CommandAborted, Error)
STATUS = ("idle", "busy", "done", "timeout", "force_abort", "jam", "trip", "refused", "outside_model")
IDLE, BUSY, DONE, TIMEOUT, FORCE_ABORT, JAM, TRIP, REFUSED, OUTSIDE = range(len(STATUS))

# Reason for a trip by the interlocks
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

# Free load of a robot as far as its control software knows (`load_kind`)
LOAD_UNKNOWN, LOAD_EMPTY, LOAD_PACK = range(3)

# Named streams of randomness. Append only: the order fixes nothing, the name does.
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
