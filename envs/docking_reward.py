"""Docking's episode record, reward and cost: functions of the truck's true pose, before and now."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from envs.shaping import tolerance
from twin.docking import CONTROL_S
from twin.motion.kernels import kernel

WITHIN_M, WITHIN_RAD = 0.050, math.radians(1.0)
"""Docked: x and y each, and yaw (design, section 9; stated by vendors, domain 3)."""
LINE_M, LINE_RAD = 0.025, math.radians(0.5)
"""Full reward for the line on the way within this: half the tolerance."""
PARKED_MARGIN_M, PARKED_MARGIN_RAD = 0.5, 0.1
"""Margin beyond the tolerance at which a tenth of the reward is left, for a near miss and for the line on the way."""
JACKKNIFE_RAD = math.radians(60.0)
"""Hitch angle at which the trailer meets the cab [estimate: a pack behind the cab leaves less room than usual]."""

REWARD_WEIGHTS = {
    "progress": 1.0,  # the whole approach is worth 1
    "alignment": 1.0,  # and as much again when driven straight
    "docked": 4.0,  # twice the sum of all terms on the way
    "parked": 2.0,  # at most, for a near miss
    "failed": -2.0,  # costs more than giving up
    "time": -2.4,  # for a minute: ten seconds are worth a tenth of docking
    "smoothness": -0.02,  # for full requests back and forth, each step: breaks ties
    "rail": -0.1,  # a second at the limit
    "overspeed": -1.0,  # a second at twice the limit: outweighs the time saved
    "shift": -0.1,  # a change of gear, beyond its time
}
"""Weights of the raw terms of `info["reward_terms"]`; the reward is their weighted sum."""

EPISODE = np.dtype(
    [
        # the lane: start of the drive, limits of speed and force
        ("start_m", np.float64),
        ("forward_limit_mps", np.float64),
        ("reverse_limit_mps", np.float64),
        ("rail_limit_n", np.float64),
        ("lane_m", np.float64),  # room to either side
        # drawn values
        ("direction", np.float64),  # 1 forwards into the bay, -1 in reverse
        ("guided", np.float64),
        ("driver", np.float64),
        ("wheelbase_m", np.float64),
        ("trailer_m", np.float64),  # kingpin to the middle of the trailer's axles; 0: none
        ("kingpin_x_m", np.float64),
        ("front_axle_x_m", np.float64),
        ("road_friction", np.float64),  # as announced
        ("speed_scale", np.float64),
        ("first_x_m", np.float64),
        # status
        ("steps", np.int64),
        ("end", np.int64),  # index into ENDS
        ("stood_s", np.float64),
        ("action", np.float64, 2),  # the last one, scaled, as clipped
        ("previous", np.float64, 2),  # the one before
        ("shifts", np.int64),
        ("shifts_before", np.int64),
        # the true pose, speed and contact forces
        ("x_m", np.float64),
        ("y_m", np.float64),
        ("yaw_rad", np.float64),
        ("hitch_rad", np.float64),
        ("front_y_m", np.float64),
        ("trailer_y_m", np.float64),
        ("speed_mps", np.float64),
        ("standing", np.int64),
        ("rail_force_n", np.float64),
        ("peak_rail_force_n", np.float64),
        ("peak_hitch_rad", np.float64),
        ("x_before_m", np.float64),
    ]
)
"""One episode."""
ENDS = (
    "running", "docked", "parked_outside", "time_limit", "rail_hit", "left_lane", "overshot", "jackknife",
)  # fmt: skip
RUNNING, DOCKED, PARKED_OUTSIDE, TIME_LIMIT, RAIL_HIT, LEFT_LANE, OVERSHOT, JACKKNIFE = range(len(ENDS))
COSTS = ("rail_force", "overspeed", "left_lane", "jackknife")


@kernel
def within(e: Any) -> bool:
    """True if the truck stands where packs can be swapped."""
    return abs(e.x_m) <= WITHIN_M and abs(e.y_m) <= WITHIN_M and abs(e.yaw_rad) <= WITHIN_RAD


@kernel
def overspeed(e: Any) -> float:
    """Speed beyond the limit of its direction, as a share of it."""
    limit = e.forward_limit_mps if e.speed_mps >= 0.0 else e.reverse_limit_mps
    return max(abs(e.speed_mps) / limit - 1.0, 0.0)


@kernel
def reward_terms(e: Any, out: Any) -> None:
    """Write the raw terms of one step, in the order of `REWARD_WEIGHTS`, into `out` (10,)."""
    progress = (abs(e.x_before_m) - abs(e.x_m)) / e.start_m
    line_y_m = e.front_y_m if e.direction > 0.0 else e.y_m
    on_line = tolerance(line_y_m, LINE_M, PARKED_MARGIN_M) * tolerance(e.yaw_rad, LINE_RAD, PARKED_MARGIN_RAD)
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
    out[8] = overspeed(e) * CONTROL_S
    out[9] = float(e.shifts - e.shifts_before)


@kernel
def costs(e: Any, out: Any) -> None:
    """Write the costs, as shares of their limits, in the order of `COSTS` into `out` (4,); a safe policy keeps 0."""
    out[0] = max(e.peak_rail_force_n / e.rail_limit_n - 1.0, 0.0)
    out[1] = overspeed(e)
    out[2] = 1.0 if e.end == LEFT_LANE else 0.0
    out[3] = 1.0 if e.end == JACKKNIFE else 0.0
