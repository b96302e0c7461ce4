"""Shaping function of the rewards."""

from __future__ import annotations

import math

from twin.motion.kernels import kernel

VALUE_AT_MARGIN = 0.1
"""Reward one margin outside the bounds (as in dm_control's `rewards.tolerance`)."""
STEEPNESS = math.sqrt(-2.0 * math.log(VALUE_AT_MARGIN))


@kernel
def tolerance(error: float, bound: float, margin: float) -> float:
    """Return 1 where |error| is at most `bound`; beyond it a Gaussian that falls to 0.1 at `bound + margin`.

    All three in the same unit; `margin` must be positive.
    """
    beyond = (abs(error) - bound) / margin
    return 1.0 if beyond <= 0.0 else math.exp(-0.5 * (beyond * STEEPNESS) ** 2)
