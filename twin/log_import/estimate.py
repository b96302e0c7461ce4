"""Estimates the load's sway, which a log does not measure, from the logged motion of the axes.

The pendulum is integrated in absolute coordinates, so the axes' positions are enough: no noisy measurement is
differentiated twice. For a load at (X, Y) under sheaves at (x, y) on ropes of length L,

    X'' = -(T/m) (X - x) / L - 2 zeta sqrt(g / L) (X' - x'),    T/m = g h / L + (v^2 - L'^2) / L - L''

with h the height of the sheaves over it and v its speed relative to them: the four-rope suspension of
`twin.plants.suspension` with inextensible ropes. Under a mast, or on a floating table, a spring replaces the pendulum:
X'' = -w^2 (X - x) - 2 zeta w (X' - x').
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.motion.kernels import kernel

Array = Any
STEP_S = 0.002
"""Longest integration step, that of the plants."""
FASTEST_MPS = 5.0
"""A faster motion between two samples is no motion: the position was unknown before."""
SMOOTH_S = 0.1
"""Time constant of the filter for the hoist's speed, which is slow."""


X, Y, VX, VY, RATE, BEFORE_X, BEFORE_Y, BEFORE_L = range(8)
"""Indices in the state of a swing: the load in W, its speed, the filtered rate of the rope's length, and the axes at
the last sample."""


def begin(robots: int) -> np.ndarray:
    """State (R, 8) before the first sample; NaN: unknown, at rest straight below."""
    return np.full((robots, 8), np.nan)


@kernel
def swing(
    dt_s: float,
    axes: Array,
    loose: Array,
    aside: Array,
    omega: float,
    zeta: float,
    gravity: float,
    state: Array,
    out: Array,
) -> None:
    """Integrate one robot's sway over a stretch of samples, `dt_s` apart.

    Args:
        axes: (K, 3) x, y of the sheaves (or the mast) and the rope length.
        loose: (K,) 1 if the load hangs free, 0 if it stands.
        aside: (K, 2) offset of a standing load from the sheaves; NaN: straight below.
        omega: natural frequency of a mast or table, rad/s; 0 for ropes.
        state: (8,) from `begin` or from the previous stretch.
        out: (K, 2) the offset of the load from the sheaves, m.
    """
    steps = max(1, int(math.ceil(dt_s / STEP_S - 1e-9)))
    h = dt_s / steps
    for k in range(len(axes)):
        x, y, length = axes[k, 0], axes[k, 1], axes[k, 2]
        if math.isnan(state[X]) or loose[k] == 0:
            stands = loose[k] == 0 and not math.isnan(aside[k, 0])
            out[k, 0], out[k, 1] = (aside[k, 0], aside[k, 1]) if stands else (0.0, 0.0)
            state[X], state[Y], state[VX], state[VY], state[RATE] = x + out[k, 0], y + out[k, 1], 0.0, 0.0, 0.0
        else:
            vx, vy = (x - state[BEFORE_X]) / dt_s, (y - state[BEFORE_Y]) / dt_s
            raw = (length - state[BEFORE_L]) / dt_s
            if vx * vx + vy * vy + raw * raw > FASTEST_MPS * FASTEST_MPS:  # no motion: the end of a gap
                state[X], state[Y] = state[X] + x - state[BEFORE_X], state[Y] + y - state[BEFORE_Y]
                state[BEFORE_X], state[BEFORE_Y], state[BEFORE_L] = x, y, length
                vx, vy, raw = 0.0, 0.0, 0.0
            for i in range(steps):
                share = (i + 0.5) / steps
                at_x, at_y = state[BEFORE_X] + share * dt_s * vx, state[BEFORE_Y] + share * dt_s * vy
                rope = state[BEFORE_L] + share * dt_s * raw
                change = (raw - state[RATE]) / SMOOTH_S
                ax, ay = _pull(
                    state[X] - at_x, state[Y] - at_y, state[VX] - vx, state[VY] - vy,
                    rope, state[RATE], change, omega, zeta, gravity,
                )  # fmt: skip
                state[RATE] += h * change
                state[VX] += h * ax
                state[VY] += h * ay
                state[X] += h * state[VX]
                state[Y] += h * state[VY]
            out[k, 0], out[k, 1] = state[X] - x, state[Y] - y
        state[BEFORE_X], state[BEFORE_Y], state[BEFORE_L] = x, y, length


@kernel
def _pull(
    x: float,
    y: float,
    vx: float,
    vy: float,
    rope: float,
    rate: float,
    change: float,
    omega: float,
    zeta: float,
    gravity: float,
) -> tuple[float, float]:
    """Acceleration of the load along x and y."""
    if omega > 0.0:
        return -omega * omega * x - 2.0 * zeta * omega * vx, -omega * omega * y - 2.0 * zeta * omega * vy
    high = math.sqrt(max(rope * rope - x * x - y * y, 1e-6))
    fall = (rope * rate - x * vx - y * vy) / high
    tension = max(gravity * high / rope + (vx * vx + vy * vy + fall * fall - rate * rate) / rope - change, 0.0)
    damping = 2.0 * zeta * math.sqrt(gravity / rope)
    return -tension * x / rope - damping * vx, -tension * y / rope - damping * vy
