"""Where the pack of an insertion really is: what reward and outcome are judged on, and no policy sees."""

from __future__ import annotations

import math

import numpy as np

from envs.alignment_reward import Truth
from twin.alignment.episode import AlignmentTwin

PAD_TOUCHES_M = 0.001
"""A pad nearer to its seat than this may touch."""


def truth_of(twin: AlignmentTwin) -> Truth:
    """The true state now."""
    w, r, k = twin.plant.worlds[0], twin.job.robot, twin.job.new_pack
    x, y, height = w["pack_offset_m"][k].tolist()
    fx, fy, fz = w["guide_force_n"][r].tolist()
    return Truth(
        height_m=height,
        aside_m=math.hypot(x, y),
        yaw_rad=float(w["pack_yaw_error_rad"][k]),
        lateral_n=math.hypot(fx, fy),
        axial_n=abs(fz + float(w["coupler_n"][k])),
        free=min(w["pad_gap_m"][k].tolist()) > PAD_TOUCHES_M,
        violations=int(np.count_nonzero(w["violation"][1:] > 0)),
    )
