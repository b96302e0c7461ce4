"""Guide rails and wheel stop as compliant contact with friction, wheel by wheel.

Rails run along the lane on both sides of the wheels. Behind its flare a pair has a constant gap; in the flare it opens
evenly. A wheel that is pushed against a rail beyond its climbing limit climbs: there the force stays constant.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel

RUBBING_MPS = 0.005
"""Sliding speed at which friction on steel reaches three quarters of its full force: smooth through zero."""

OVER_M = 0.35
"""Distance past a rail's face at which a wheel is over it and free again [estimate: about the width of a tyre]."""

World = Any
Params = Any


@kernel
def half_gap(p: Params, x_m: float) -> tuple[float, float]:
    """(half the gap between the rails at x, its slope dg/dx); a gap of -1 where no rails are."""
    for k in range(p.sections):
        into = x_m - p.rail_from_m[k]
        if into < 0.0 or x_m > p.rail_to_m[k]:
            continue
        length = p.rail_flare_length_m[k]
        if into < length:
            slope = -p.rail_flare_width_m[k] / length
            return p.rail_half_gap_m[k] + p.rail_flare_width_m[k] + slope * into, slope
        return p.rail_half_gap_m[k], 0.0
    return -1.0, 0.0


@kernel
def rail_force(p: Params, i: int, side: int, x: float, y: float, vx: float, vy: float) -> tuple[float, float, float]:
    """(fx, fy, normal force) in W (N) on the outer face at (x, y) of a wheel of axle `i`.

    `side` is 0 for the right wheel (rail at -gap), 1 for the left one. The normal of a flare leans against the drive.
    """
    gap, slope = half_gap(p, x)
    if gap < 0.0:
        return 0.0, 0.0, 0.0
    sign = 1.0 if side == 1 else -1.0
    depth = sign * y - gap
    if depth <= 0.0 or depth > OVER_M:
        return 0.0, 0.0, 0.0
    length = math.sqrt(1.0 + slope * slope)
    nx, ny = slope / length, -sign / length  # out of the rail, onto the wheel
    closing = -(vx * nx + vy * ny)
    normal = p.rail_n_per_m * depth / length + p.rail_ns_per_m * closing
    normal = min(max(normal, 0.0), p.axle_climb_n[i])
    tx, ty = -ny, nx
    rubbing = p.rail_friction * normal * math.tanh((vx * tx + vy * ty) / RUBBING_MPS)
    return normal * nx - rubbing * tx, normal * ny - rubbing * ty, normal


@kernel
def stop_force(p: Params, stop_x: float, x: float, vx: float, vy: float) -> tuple[float, float, float]:
    """(fx, fy, normal force) in W (N) of the stop at `stop_x` on a front wheel with its hub at x."""
    depth = x - stop_x
    if p.stop == 0 or depth <= 0.0:
        return 0.0, 0.0, 0.0
    normal = min(max(p.stop_n_per_m * depth + p.stop_ns_per_m * vx, 0.0), p.stop_climb_n)
    return -normal, -p.stop_friction * normal * math.tanh(vy / RUBBING_MPS), normal
