"""Sway damping by feedback: while a load comes down on ropes, its trolley moves so that it comes to hang still.

A load at s from below its trolley obeys s'' + w^2 s = -a under the trolley's acceleration a, with w^2 = g / rope
length (linear pendulum; in s, not in the angle, that holds while the hoist runs, too). An observer (Luenberger) gives
s and s' from the sway sensor. State feedback on them and on the trolley's distance e and speed v from its target,

    a = k1 s + k2 s' - k3 e - k4 v,

places two pairs of poles, of frequencies w and RETURN w with damping ratios zeta (the command's) and RETURN_ZETA
(Franklin, Powell, Emami-Naeini: Feedback Control of Dynamic Systems, ch. 7): in units of w,

    k3 = c0, k4 = c1, k2 = c3 - k4, k1 = c2 - 1 - k3    for    l^4 + c3 l^3 + c2 l^2 + c1 l + c0.

Time scales with w, which the hoist's encoder tells: on a rope that is 5 % longer than the controller believes it damps
all the same, where an input shaper leaves sway. Axes have little jerk: what a large swing would ask beyond it makes the
loop unstable, so zeta and RETURN go down in proportion until the axes can follow.
"""

from __future__ import annotations

import math

from twin.control.readings import target_of
from twin.control.velocity_motion import SCANS_AHEAD, bounded, braking_distance
from twin.geometry import planar
from twin.motion.drives import follow_profile
from twin.motion.kernels import kernel
from twin.motion.limits import speed_limit
from twin.motion.profile import plan_jerk, plan_stop, plan_to_rest
from twin.records import (
    CONTINUOUS_MOTION,
    DISCRETE_MOTION,
    FOUR_ROPE,
    STANDSTILL,
    Command,
    Control,
    Image,
    Params,
    Z,
)

RETURN, RETURN_ZETA = 1.75, 0.9
"""Frequency of the trolley's return to its target, over w zeta, and its damping ratio [chosen: least time until sway
and trolley are within 8 mm, in a simulation with ropes of 1.3 to 3.9 m, 20 to 100 mm of swing, rope 5 % wrong; 0.7 w at
the zeta of 0.4 which was best there]."""
REACH_SHARE = 0.9
"""Share of the traverse deadband within which the trolley stays about its target, whatever the sensor reads."""
OBSERVER_RAD_PER_S, OBSERVER_ZETA = 6.0, 0.7
"""Poles of the observer: twice the fastest pendulum's (rope of 1.1 m) [chosen: 2 mm of noise a scan become 3 mm/s]."""


@kernel
def hold_target(image: Image, control: Control, r: int, k: int) -> float:
    """Position in m or rad at which axis `k` of robot `r` is to stand: its motion's end, or that before damping."""
    if k < Z and control.damping[r] & (1 << k) != 0:
        return control.damping_at[r, k]
    if image.axis_state[r, k] == STANDSTILL:
        return image.reference[r, k, 0]
    return target_of(image, r, k)


@kernel
def damp_sway(image: Image, control: Control, p: Params, c: Command, r: int, free: bool, dt_s: float) -> None:
    """Run one scan of damping of command `c` of robot `r`: x and y move with the load, or back to their targets.

    An axis begins once its own move has ended; until then the load is only observed.

    Args:
        free: True while what hangs there touches nothing; guides and pins lead it afterwards
    """
    if c.sway_damping <= 0.0 or p.reeving != FOUR_ROPE:
        return
    omega = math.sqrt(p.gravity_mps2 / (p.sheave_height_m - image.axis_position[r, Z]))
    for k in range(Z):
        _observe(image, control, omega, r, k, dt_s)
        moves = control.damping[r] & (1 << k) != 0
        if free and (moves or image.axis_state[r, k] == STANDSTILL):
            if not moves:
                control.damping_at[r, k] = image.reference[r, k, 0]
                control.damping[r] |= 1 << k
            _move(image, control, p, c, omega, r, k, dt_s)
        elif moves:
            _return(image, control, c, r, k)
    control.observes_sway[r] = 1


@kernel
def _observe(image: Image, control: Control, omega: float, r: int, k: int, dt_s: float) -> None:
    """Bring the observer's sway (m) and its rate (m/s) of axis `k` up to this scan."""
    seen_m = image.sway_m[r, k]
    if control.observes_sway[r] == 0:
        control.observed_sway[r, k, 0], control.observed_sway[r, k, 1] = seen_m, 0.0
        return
    s, rate = control.observed_sway[r, k, 0], control.observed_sway[r, k, 1]
    off_m = seen_m - s
    control.observed_sway[r, k, 0] = s + (rate + 2.0 * OBSERVER_ZETA * OBSERVER_RAD_PER_S * off_m) * dt_s
    gains = OBSERVER_RAD_PER_S * OBSERVER_RAD_PER_S * off_m - omega * omega * s - image.reference[r, k, 2]
    control.observed_sway[r, k, 1] = rate + gains * dt_s


@kernel
def _wanted_acceleration(s: float, rate: float, e: float, v: float, zeta: float, omega: float) -> float:
    """State feedback, m/s2; see above."""
    back = RETURN * zeta
    c3, c2 = 2.0 * zeta + 2.0 * RETURN_ZETA * back, 1.0 + back * back + 4.0 * zeta * RETURN_ZETA * back
    c1, c0 = 2.0 * zeta * back * back + 2.0 * RETURN_ZETA * back, back * back
    return omega * (omega * ((c2 - 1.0 - c0) * s - c0 * e) + (c3 - c1) * rate - c1 * v)


@kernel
def _move(image: Image, control: Control, p: Params, c: Command, omega: float, r: int, k: int, dt_s: float) -> None:
    """Let axis `k` damp for a scan, and stop after it unless it is told anew."""
    s, rate = control.observed_sway[r, k, 0], control.observed_sway[r, k, 1]
    at, v, a = image.reference[r, k, 0], image.reference[r, k, 1], image.reference[r, k, 2]
    e = at - control.damping_at[r, k]
    a_most, j_most = c.acceleration[k], c.jerk[k]
    reach_m = planar(planar(s, rate / omega), planar(e, v / omega))
    asks = max(omega * omega * reach_m / a_most, omega * omega * omega * reach_m / j_most)
    wanted = _wanted_acceleration(s, rate, e, v, c.sway_damping / max(asks, 1.0), omega)
    wanted = min(max(wanted, -a_most), a_most)
    most = min(speed_limit(p, k, True), c.velocity[k])
    if abs(v) >= most and wanted * v > 0.0:
        wanted = 0.0
    towards = v if v != 0.0 else wanted
    sign = 1.0 if towards > 0.0 else -1.0
    left_m = REACH_SHARE * p.traverse_deadband_m - sign * e
    ends = braking_distance(sign * v, sign * a, 0.0, a_most, j_most, SCANS_AHEAD * dt_s) >= left_m
    if towards != 0.0 and (ends or bounded(image, control, p, c, r, k, towards, dt_s) == 0.0):
        plan_stop(image.profile[r, k], at, v, a, a_most, j_most)
    else:
        jerk = min(max((wanted - a) / dt_s, -j_most), j_most)
        plan_jerk(image.profile[r, k], at, v, a, jerk, 2.0 * dt_s, a_most, j_most)
    follow_profile(image, r, k, image.clock_s, CONTINUOUS_MOTION)


@kernel
def _return(image: Image, control: Control, c: Command, r: int, k: int) -> None:
    """Send axis `k` back to its target."""
    control.damping[r] &= ~(1 << k)
    if image.axis_state[r, k] != CONTINUOUS_MOTION:  # a stop has taken the axis
        return
    at, v, a = image.reference[r, k, 0], image.reference[r, k, 1], image.reference[r, k, 2]
    goal = control.damping_at[r, k]
    plan_to_rest(image.profile[r, k], at, v, a, goal, c.velocity[k], c.acceleration[k], c.jerk[k])
    follow_profile(image, r, k, image.clock_s, DISCRETE_MOTION)
