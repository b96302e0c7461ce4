"""How close to the monitor's limits a world is: the largest measured value over its limit, by limit."""

from __future__ import annotations

import numpy as np

from twin import monitor

Array = np.ndarray

LIMITS = (
    "speed_x",
    "speed_y",
    "speed_z",
    "speed_yaw",
    "stroke",
    "lateral_peak",
    "axial_peak",
    "lateral_time",
    "load_time",
    "low_traverse",
    "stop",
)
"""Axis speed; way beyond the stroke over its tolerance; contact forces over the structure's ceiling; how long a force
or load over its limit has lasted, over what is allowed; way sideways with a low pack; way after a trip."""


def closeness(worlds: Array, params: Array, robots: Array) -> Array:
    """(N, len(LIMITS)) of the robots `robots` (N,), each in its world; 1 is the limit."""
    w, p, n = worlds, params, np.arange(len(worlds))
    out = np.zeros((len(worlds), len(LIMITS)))
    q, qd = w["truth"]["q"][n, robots, :4], np.abs(w["truth"]["qd"][n, robots, :4])
    holds = (w["truth"]["held"][n, robots] >= 0)[:, None]
    most = np.where(holds, p["axis_velocity_loaded"], p["axis_velocity"])
    out[:, :4] = qd / (monitor._SPEED_TOLERANCE * most + monitor._SPEED_MARGIN)
    beyond = np.maximum(p["axis_min"][n, robots] - q, q - p["axis_max"][n, robots])
    out[:, 4] = np.maximum(beyond / monitor._AXIS_TOLERANCE, 0.0).max(axis=1)
    out[:, 5] = w["kpis"]["peak_lateral_n"] / p["structure_lateral_n"]
    out[:, 6] = np.abs(w["truth"]["guide_force_n"][n, robots, 2]) / p["structure_axial_n"]
    late_s = 2.0 * p["reaction_time_s"] + monitor._STOP_S
    out[:, 7], out[:, 8] = (
        w["monitor"]["overforce_s"][n, robots] / late_s,
        w["monitor"]["overload_s"][n, robots] / late_s,
    )
    gone = np.abs(w["truth"]["q"][n, robots, :2] - w["monitor"]["watch_xy"][n, robots]).max(axis=1)
    out[:, 9] = np.where(holds[:, 0], gone / (p["traverse_deadband_m"] + monitor._TRAVERSE_SPARE_M), 0.0)
    stopping = w["monitor"]["monitor_trip"] > 0
    after = (np.abs(q - w["monitor"]["stop_q"][n, robots]) / p["axis_stopping_distance"]).max(axis=1)
    out[:, 10] = np.where(stopping, after, 0.0)
    return out
