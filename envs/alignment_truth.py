"""True pose of the pack of an insertion: the basis of reward and outcome, hidden from policies."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.records import Truth, Watch

PAD_TOUCHES_M = 0.001
"""A pad closer to its seat than this may be in contact."""
IN_GUIDES, OUT_OF_GUIDES = 0.9, 1.0
"""Heights at which an attempt begins and is given up, in pin lengths. They differ because a pack that waits just over
the pins bobs on its ropes."""


@kernel
def read_truth(w: Truth, monitor: Watch, watch: Any, e: Any) -> None:
    """Write the true state into an EPISODE; its former state becomes that of the previous step."""
    r, k = watch.robot, watch.pack
    e.height_before_m, e.violations_before = e.height_m, e.violations
    e.height_m = w.pack_offset_m[k, 2]
    e.aside_m = math.hypot(w.pack_offset_m[k, 0], w.pack_offset_m[k, 1])
    e.yaw_rad = w.pack_yaw_error_rad[k]
    e.lateral_n = math.hypot(w.guide_force_n[r, 0], w.guide_force_n[r, 1])
    e.axial_n = abs(w.guide_force_n[r, 2] + w.coupler_n[k])
    gap = w.pad_gap_m[k, 0]
    for i in range(1, 4):
        gap = min(gap, w.pad_gap_m[k, i])
    e.free = 1 if gap > PAD_TOUCHES_M else 0
    broken = 0
    for i in range(1, len(monitor.violation)):
        if monitor.violation[i] > 0:
            broken += 1
    e.violations = broken
    height = e.height_m / watch.pin_m
    if e.inside == 0 and height < IN_GUIDES:
        e.attempts, e.inside = e.attempts + 1, 1
    elif e.inside == 1 and height > OUT_OF_GUIDES:
        e.inside = 0
