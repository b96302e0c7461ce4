"""Limits of the axes on what a command, a setpoint or a drive may ask of them, with a pack and without one."""

from __future__ import annotations

from twin.motion.kernels import inlined_kernel, kernel
from twin.records import Params


@inlined_kernel
def speed_limit(p: Params, k: int, loaded: bool) -> float:
    """Highest speed of axis `k`, m/s or rad/s, whether it moves a pack or not."""
    return p.axis_velocity_loaded[k] if loaded else p.axis_velocity[k]


@kernel
def axis_limits(p: Params, k: int, loaded: bool) -> tuple[float, float, float]:
    """Highest speed, acceleration and jerk of axis `k`, whether it moves a pack or not."""
    acceleration = p.axis_acceleration[k] if loaded else p.axis_acceleration_empty[k]
    return speed_limit(p, k, loaded), acceleration, p.axis_jerk[k]
