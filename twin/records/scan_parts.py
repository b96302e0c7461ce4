"""What an unobserved PLC scan may leave out, as bits: the rest is as it was in the last scan.

A plant that knows what has not moved since tells `plc_scan_unobserved` so; nothing comes out differently. The
safety monitor is no part of this: it looks at everything in every scan.
"""

ACTUATORS, PADS, TRUCK_MOVED, ROBOT_MOVED = 1, 2, 4, 8
"""Grips, locks and their switches; pad switches; where the truck stands; robot r's axes and what it holds, as
ROBOT_MOVED << r."""
ALL_ROBOTS = ROBOT_MOVED * 3
ALL_ANEW = ACTUATORS + PADS + TRUCK_MOVED + ALL_ROBOTS
