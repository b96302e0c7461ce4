"""Motion profiles and shapers by name, for tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from twin.motion import profile as profiles
from twin.motion import shaper as shapers
from twin.motion.kernels import kernel
from twin.motion.profile import Array
from twin.records import MAX_IMPULSES


@dataclass(frozen=True)
class Move:
    """A planned move and its shaper, ready to be looked up at any time. Positions in m, or rad for a turning axis."""

    profile: Array
    """The unshaped move, see `twin.motion.profile`."""
    amplitudes: Array
    """The shaper's impulses; exactly one of 1 when unshaped."""
    times_s: Array

    @property
    def duration_s(self) -> float:
        """Time until the axis stands still at the target, shaper included."""
        return shapers.shaped_duration_s(self.profile, self.times_s, self.times_s.size)

    def at(self, t_s: ArrayLike) -> tuple[Array, Array, Array]:
        """(position, velocity, acceleration) at the times `t_s`, each of that shape."""
        t_s = np.asarray(t_s, dtype=np.float64)
        state = np.empty((3, t_s.size))
        _sample(self.profile, self.amplitudes, self.times_s, np.ascontiguousarray(t_s).reshape(-1), state)
        p, v, a = (row.reshape(t_s.shape) for row in state)
        return p, v, a


def plan_move(
    p0: float,
    p1: float,
    *,
    v_max: float,
    a_max: float,
    j_max: float,
    p_creep: float | None = None,
    v_creep: float | None = None,
    shaper: str = "none",
    frequency_hz: float | None = None,
    damping_ratio: float = 0.0,
) -> Move:
    """Fastest move from rest at `p0` to rest at `p1`, with a creep part from `p_creep` on and a shaper if asked for.

    Args:
        p0, p1: start and target in u (m, or rad for a turning axis).
        v_max, a_max, j_max: limits in u/s, u/s2, u/s3.
        p_creep, v_creep: where the speed has come down to `v_creep`, and that speed in u/s; both or neither.
        shaper: a name in `twin.motion.shaper.KINDS`.
        frequency_hz, damping_ratio: the sway mode to shape for; the undamped natural frequency.

    """
    profile = profiles.new_profile()
    if p_creep is None and v_creep is None:
        profiles.plan_rest_to_rest(profile, float(p0), float(p1), float(v_max), float(a_max), float(j_max))
    else:
        assert p_creep is not None
        assert v_creep is not None
        profiles.plan_with_creep(
            profile, float(p0), float(p_creep), float(p1), float(v_max), float(v_creep), float(a_max), float(j_max)
        )
    return Move(profile, *shaper_impulses(shaper, frequency_hz, damping_ratio))


def shaper_impulses(shaper: str, frequency_hz: float | None = None, damping_ratio: float = 0.0) -> tuple[Array, Array]:
    """(amplitudes, times in s) of the shaper called `shaper`, for a mode of natural frequency `frequency_hz`."""
    amplitudes, times_s = np.zeros(MAX_IMPULSES), np.zeros(MAX_IMPULSES)
    n = shapers.impulses(shapers.KINDS[shaper], float(frequency_hz or 0.0), float(damping_ratio), amplitudes, times_s)
    return amplitudes[:n].copy(), times_s[:n].copy()


@kernel
def _sample(profile: Array, amplitudes: Array, times_s: Array, t_s: Array, state: Array) -> None:
    for i in range(t_s.size):
        state[:, i] = shapers.evaluate_shaped(profile, amplitudes, times_s, amplitudes.size, t_s[i])
