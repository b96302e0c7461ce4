"""Parts that an unobserved PLC scan may leave out, as bits: the rest is as it was in the last scan.

A plant passes the parts that have not moved since to `plc_scan_unobserved`; the results are the same. The safety
monitor takes no part in this: it checks everything in every scan.
"""

ACTUATORS, PADS, TRUCK_MOVED, ROBOT_MOVED = 1, 2, 4, 8
"""Grips, locks and their switches; pad switches; the truck's position; robot r's axes and load, as ROBOT_MOVED << r."""
ALL_ROBOTS = ROBOT_MOVED * 3
ALL_ANEW = ACTUATORS + PADS + TRUCK_MOVED + ALL_ROBOTS
