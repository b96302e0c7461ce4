"""The lidar that watches a truck drive in: x, y and yaw in the bay, with delay, noise and dropouts.

Noise is white, its standard deviation grows with the range; the bias is one draw a run. A frame beyond the range limits
or a dropout gives nothing; the last good one stays. A scenario adds outages and an error that wanders. Noise comes from
counter-based streams (`twin.noise`): it depends on seed and frame number only.
"""

from __future__ import annotations

import math
from typing import Any

from twin.docking.state import FRAMES, YAW, X, Y
from twin.motion.kernels import kernel
from twin.noise import normal, uniform

World = Any
Params = Any
BIAS_FRAME = 1 << 40
"""Frame number that no frame of a run has."""
DROPOUT_LANE = 15
OUTAGE_LANE = 16
WANDER_LANE = 10
"""First lane of the wandering error's normal numbers; each takes two uniform ones, 20 to 25."""


@kernel
def draw_bias(w: World, p: Params) -> None:
    """Draw this run's bias: uniform up to the stated one either way."""
    for i in range(3):
        largest = p.lidar_bias_rad if i == 2 else p.lidar_bias_m
        w.lidar_bias[i] = largest * (2.0 * uniform(w.lidar_key, BIAS_FRAME, i) - 1.0)


@kernel
def range_of(w: World, p: Params) -> float:
    """Distance (m) from the lidar to the middle of the cab front."""
    dx = w.s[X] + p.lidar_front_x_m * math.cos(w.s[YAW]) - p.lidar_x_m
    dy = w.s[Y] + p.lidar_front_x_m * math.sin(w.s[YAW])
    return math.sqrt(dx * dx + dy * dy)


@kernel
def fail(w: World, p: Params, frame: int) -> None:
    """Begin or end an outage, and advance the wandering error: an Ornstein-Uhlenbeck process sampled each frame."""
    if p.lidar_outage_begin > 0.0:
        u = uniform(w.lidar_key, frame, OUTAGE_LANE)
        if w.lidar_out == 1:
            w.lidar_out = 0 if u < p.lidar_outage_end else 1
        else:
            w.lidar_out = 1 if u < p.lidar_outage_begin else 0
    if p.lidar_wander[0] > 0.0:
        keep = p.lidar_wander_keep
        fresh = math.sqrt(1.0 - keep * keep)
        for i in range(3):
            drawn = p.lidar_wander[1 if i == 2 else 0] * normal(w.lidar_key, frame, WANDER_LANE + i)
            w.lidar_wander[i] = drawn if frame == 0 else keep * w.lidar_wander[i] + fresh * drawn


@kernel
def scan(w: World, p: Params) -> None:
    """Take a frame if one is due, and deliver those whose delay is over."""
    if w.tick % p.lidar_period_steps == 0:
        frame = w.lidar_frame
        w.lidar_frame += 1
        fail(w, p, frame)
        distance = range_of(w, p)
        seen = w.lidar_out == 0 and p.lidar_range_min_m <= distance <= p.lidar_range_max_m
        if seen and uniform(w.lidar_key, frame, DROPOUT_LANE) >= p.lidar_dropout:
            slot = w.lidar_head % FRAMES
            w.lidar_due_tick[slot] = w.tick + p.lidar_delay_steps
            for i in range(3):
                unit = 1 if i == 2 else 0
                sigma = p.lidar_sigma[unit, 0] + p.lidar_sigma[unit, 1] * distance
                true = w.s[X] if i == 0 else w.s[Y] if i == 1 else w.s[YAW]
                bias = w.lidar_bias[i] + w.lidar_wander[i]
                w.lidar_pending[slot, i] = true + bias + sigma * normal(w.lidar_key, frame, i)
            w.lidar_head += 1
    while w.lidar_tail < w.lidar_head and w.lidar_due_tick[w.lidar_tail % FRAMES] <= w.tick:
        slot = w.lidar_tail % FRAMES
        for i in range(3):
            w.lidar_pose[i] = w.lidar_pending[slot, i]
        w.lidar_tick = w.lidar_due_tick[slot] - p.lidar_delay_steps
        w.lidar_tail += 1
