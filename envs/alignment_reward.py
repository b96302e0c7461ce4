"""Alignment-v1's reward and cost: functions of the true poses of pack and seat, before and now."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from envs.shaping import tolerance
from twin.alignment.sensed import DECISION_S
from twin.motion.kernels import kernel
from twin.records import TRIPS

REWARD_WEIGHTS = {
    "progress": 1.0,  # the whole way down is worth 1
    "alignment": 1.0,  # and as much again over the pins
    "seated": 5.0,  # more than twice the sum of all terms on the way
    "failed": -20.0,  # more than a minute of standing still costs
    "time": -8.0,  # for half a minute: a second costs a quarter of one at the side force that ends it
    "smoothness": -0.01,  # for full setpoints back and forth, each step: breaks ties
    "lateral": -1.0,  # a second at the side force that ends an insertion; squared, as hits are worse than rubbing
    "axial": -0.2,  # a second at the force that counts as a jam, over the pads
    "violations": -20.0,  # for each safety invariant broken: as bad as failing
    "peak": -2.0,  # limits are of peaks: 0.8 s for each 10 % of the abort limit; the integrals above hardly see a spike
}
"""Weights of the raw terms of `info["reward_terms"]`; the reward is their weighted sum."""
HALF_MINUTE_S = 30.0
OVER_PINS_M, OVER_PINS_RAD = 0.005, math.radians(0.3)
"""Full reward within these: well inside the guides' capture range (25 mm, 2 deg)."""
MARGIN_M, MARGIN_RAD = 0.025, math.radians(1.5)
"""Margin beyond them at which a tenth of the alignment reward is left: about the end of the capture range."""


EPISODE = np.dtype(
    [
        # load cell
        ("start_height_m", np.float64),
        ("lateral_warn_n", np.float64),
        ("lateral_abort_n", np.float64),
        ("peak_free_n", np.float64),  # peak side force that costs nothing
        ("jam_n", np.float64),
        # status
        ("steps", np.int64),
        ("end", np.int64),  # index into ENDS
        ("attempts", np.int64),  # entries of the pack into the guides
        ("inside", np.int64),  # 1: it is there now
        ("action", np.float64, 4),  # the last one, scaled, as clipped
        ("previous", np.float64, 4),  # the one before
        # true pose of the pack over its seat, and the forces on it
        ("height_m", np.float64),
        ("aside_m", np.float64),
        ("yaw_rad", np.float64),
        ("lateral_n", np.float64),
        ("axial_n", np.float64),
        ("free", np.int64),  # 1: no pad touches yet
        ("violations", np.int64),
        ("peak_lateral_n", np.float64),  # of the episode so far, over all ticks
        # one step earlier
        ("height_before_m", np.float64),
        ("violations_before", np.int64),
        ("peak_lateral_before_n", np.float64),
    ]
)
"""Quantities that one episode is judged on; no policy sees them."""
ENDS = ("running", "seated", "time_limit", "jam", "force_abort", "timeout", "refused", *TRIPS[1:], "outside_model")
"""States and ends of an insertion, among them the sequence's own and the trips."""
RUNNING, SEATED, TIME_LIMIT = range(3)
COSTS = ("lateral_force", "axial_force", "violations", "stopped")


@kernel
def over_free(e: Any, peak_n: float) -> float:
    """Part of a peak force beyond what costs nothing, N."""
    return max(peak_n - e.peak_free_n, 0.0)


@kernel
def reward_terms(e: Any, out: Any) -> None:
    """Write the raw terms of one step, in the order of `REWARD_WEIGHTS`, into `out` (10,)."""
    progress = (max(e.height_before_m, 0.0) - max(e.height_m, 0.0)) / e.start_height_m
    over = tolerance(e.aside_m, OVER_PINS_M, MARGIN_M) * tolerance(e.yaw_rad, OVER_PINS_RAD, MARGIN_RAD)
    change = 0.0
    for i in range(4):
        change += (e.action[i] - e.previous[i]) ** 2
    out[0], out[1] = progress, progress * over
    within = e.violations == 0 and e.peak_lateral_n <= e.lateral_abort_n
    out[2] = 1.0 if e.end == SEATED and within else 0.0
    out[3] = 1.0 if e.end > TIME_LIMIT else 0.0
    out[4] = DECISION_S / HALF_MINUTE_S
    out[5] = change / 4 / 4.0
    out[6] = (e.lateral_n / e.lateral_abort_n) ** 2 * DECISION_S
    out[7] = e.axial_n / e.jam_n * DECISION_S if e.free == 1 else 0.0
    out[8] = float(e.violations - e.violations_before)
    out[9] = (over_free(e, e.peak_lateral_n) - over_free(e, e.peak_lateral_before_n)) / e.lateral_abort_n


@kernel
def costs(e: Any, out: Any) -> None:
    """Write the costs, which a safe policy keeps at zero, in the order of `COSTS` into `out` (4,).

    Forces beyond their limits, as a share of those; violations; failed ends.
    """
    out[0] = max(e.lateral_n / e.lateral_warn_n - 1.0, 0.0)
    out[1] = max(e.axial_n / e.jam_n - 1.0, 0.0) if e.free == 1 else 0.0
    out[2] = float(e.violations - e.violations_before)
    out[3] = 1.0 if e.end > TIME_LIMIT else 0.0
