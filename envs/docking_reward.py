"""Docking-v0's reward and cost: plain functions of where the truck really was and is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from envs.shaping import tolerance
from twin.docking import CONTROL_S
from twin.motion.kernels import kernel

WITHIN_M, WITHIN_RAD = 0.050, math.radians(1.0)
"""Docked: x and y each, and yaw (design, section 9; stated by vendors, domain 3)."""

REWARD_WEIGHTS = {
    "progress": 1.0,  # the whole approach is worth 1
    "alignment": 1.0,  # and as much again driven straight
    "docked": 4.0,  # twice all that can be had on the way
    "parked": 2.0,  # what a near miss can earn
    "failed": -2.0,  # more than giving up costs
    "time": -0.3,  # for a minute: never worth ending early for
    "smoothness": -0.02,  # for full commands back and forth, each step: breaks ties
    "rail": -0.1,  # a second at the limit
    "overspeed": -1.0,  # a second at twice the limit: undoes what haste wins
}
"""Reward is the sum of the raw terms of `info["reward_terms"]` times these."""
LINE_M, LINE_RAD = 0.025, math.radians(0.5)
"""Half the tolerance: no better line is asked for on the way."""
PARKED_MARGIN_M, PARKED_MARGIN_RAD = 0.5, 0.1
"""Beyond the tolerance by this, a tenth of what a near miss can earn is left; on the way the same of the line."""


KEPT = 256
"""Steps of which the way driven is kept: no pose of the lidar is older than that (25.6 s)."""
EPISODE = np.dtype(
    [
        # what the station says of its lane: where drives begin, how fast and how hard they may be
        ("start_m", np.float64),
        ("speed_limit_mps", np.float64),
        ("rail_limit_n", np.float64),
        # what was drawn
        ("guided", np.float64),
        ("wheelbase_m", np.float64),
        ("front_axle_x_m", np.float64),
        ("speed_scale", np.float64),
        ("first_x_m", np.float64),
        # how it stands
        ("steps", np.int64),
        ("end", np.int64),  # index into ENDS
        ("stood_s", np.float64),
        ("action", np.float64, 2),  # the last one, scaled, as clipped
        ("previous", np.float64, 2),  # the one before
        ("driven_m", np.float64, KEPT),  # by the wheels, at each step; step k at k modulo KEPT
        ("seen_s", np.float64),  # when the truck was as the lidar's last pose has it
        # where the truck really is, and what it pressed on
        ("x_m", np.float64),
        ("y_m", np.float64),
        ("yaw_rad", np.float64),
        ("front_y_m", np.float64),
        ("speed_mps", np.float64),
        ("standing", np.int64),
        ("rail_force_n", np.float64),
        ("peak_rail_force_n", np.float64),
        ("x_before_m", np.float64),
    ]
)
"""One episode."""
ENDS = ("running", "docked", "parked_outside", "time_limit", "rail_hit", "left_lane", "overshot")
RUNNING, DOCKED, PARKED_OUTSIDE, TIME_LIMIT, RAIL_HIT, LEFT_LANE, OVERSHOT = range(len(ENDS))
COSTS = ("rail_force", "overspeed", "left_lane")


@kernel
def within(e: Any) -> bool:
    """Whether the truck is where it may be changed."""
    return abs(e.x_m) <= WITHIN_M and abs(e.y_m) <= WITHIN_M and abs(e.yaw_rad) <= WITHIN_RAD


@kernel
def reward_terms(e: Any, out: Any) -> None:
    """Raw terms of one step, in the order of `REWARD_WEIGHTS`, into `out` (9,)."""
    progress = (abs(e.x_before_m) - abs(e.x_m)) / e.start_m
    on_line = tolerance(e.front_y_m, LINE_M, PARKED_MARGIN_M) * tolerance(e.yaw_rad, LINE_RAD, PARKED_MARGIN_RAD)
    change = 0.0
    for i in range(2):
        change += (e.action[i] - e.previous[i]) ** 2
    away_m = max(abs(e.x_m), abs(e.y_m))
    near = tolerance(away_m, WITHIN_M, PARKED_MARGIN_M) * tolerance(e.yaw_rad, WITHIN_RAD, PARKED_MARGIN_RAD)
    out[0], out[1] = progress, progress * on_line
    out[2] = 1.0 if e.end == DOCKED else 0.0
    out[3] = near if e.end == DOCKED or e.end == PARKED_OUTSIDE else 0.0
    out[4] = 1.0 if e.end > TIME_LIMIT else 0.0
    out[5] = CONTROL_S / 60.0
    out[6] = change / 2 / 4.0
    out[7] = e.rail_force_n / e.rail_limit_n * CONTROL_S
    out[8] = max(e.speed_mps / e.speed_limit_mps - 1.0, 0.0) * CONTROL_S


@kernel
def costs(e: Any, out: Any) -> None:
    """What a safe policy keeps at zero, each as a share of its limit, in the order of `COSTS`, into `out` (3,)."""
    out[0] = max(e.peak_rail_force_n / e.rail_limit_n - 1.0, 0.0)
    out[1] = max(e.speed_mps / e.speed_limit_mps - 1.0, 0.0)
    out[2] = 1.0 if e.end == LEFT_LANE else 0.0
