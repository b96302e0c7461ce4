"""A load that hangs free on four ropes, in long steps: the pendulum without the stiff modes of its ropes.

Without contact the ropes keep their length but for their static stretch, and the load tilts only by their elasticity.
The remaining swing and twist have periods of seconds, so a step of a whole PLC scan is short. Three unknowns hold the
ropes' tension T together: trolley, drum and load accelerate so that the distance from sheaves to spreader stays the
rope length L. With r from the sheaves to the spreader, r . r = L^2 gives r . r'' + r' . r' = L L'' + L'^2, where r'' =
-(T / m) r / L - g - a_trolley and L'' = -a_drum.

The load drifts half a step, gets its speeds from the forces there, and drifts the other half (leapfrog): it neither
gains nor loses energy in a hundred swings. Terms that depend on its speed use its speed there.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.drives import drive_forces, update_reference
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.frames import cosine_sine
from twin.plants.rom.model import EMPTY
from twin.records import EPITCH, EROLL, EX, EY, EYAW, EZ, YAW, Image, Params, Truth, X, Y, Z

Model = Any

STEADY = 0.15
"""Share of its weight by which the force in a load's ropes may differ from it. Beyond, it bounces or comes to rest on
something within a step, and needs the full-rate model."""
BRAKED_MPS = 1e-4
"""Drum speed with a set brake beyond which it stops within ticks, and its load bounces on the ropes."""
BOUNCE_MPS, ROCK_RADPS = 0.004, 0.004
"""Speed of bounce or rocking on the ropes beyond which a load needs the full-rate model."""


@inlined_kernel
def body_of(w: Truth, r: int) -> int:
    """Row of the body arrays: the end effector alone or with its load."""
    return w.held[r] if w.held[r] >= 0 else EMPTY


@inlined_kernel
def is_valid(w: Truth, image: Image, p: Params, m: Model, r: int) -> bool:
    """True if robot `r`'s load hangs in taut ropes and neither bounces nor rocks on them."""
    q, qd = w.q[r], w.qd[r]
    weight_n = m.body_kg[body_of(w, r)] * p.gravity_mps2
    if abs(w.load_n[r] - weight_n) > STEADY * weight_n or q[EZ] > -0.1:
        return False
    if (image.brake[r, Z] == 1 or w.power_off == 1) and abs(qd[Z]) > BRAKED_MPS:
        return False
    sinks = ((p.sheave_height_m - q[Z]) * -qd[Z] - q[EX] * qd[EX] - q[EY] * qd[EY]) / q[EZ]
    return abs(qd[EZ] - sinks) < BOUNCE_MPS and abs(qd[EPITCH]) + abs(qd[EROLL]) < ROCK_RADPS


@kernel
def enter(w: Truth, p: Params, m: Model, r: int) -> None:
    """Enter the long step with robot `r`'s load: drop its residual rocking, keep the motion of its centre of mass.

    The end effector swings to and fro over a rocking load: its own momentary speed says little of the swing.
    """
    q, qd, k = w.q[r], w.qd[r], body_of(w, r)
    com, tension = m.body_com_m[k], w.load_n[r]
    per_length = 1.0 / (p.sheave_height_m - q[Z])
    c, s = cosine_sine(q[EYAW])
    per_pitch_nm, per_roll_nm = _tilt_compliance(p, com, tension, per_length)
    share_x, share_y = _shares(com, tension * per_length, per_pitch_nm, per_roll_nm, c, s)
    # of the centre of mass over the end effector, beyond its lean without a sideways pull
    along = com[2] * (q[EPITCH] - com[0] * tension * per_pitch_nm)
    across = -com[2] * (q[EROLL] + com[1] * tension * per_roll_nm)
    going, passing = com[2] * qd[EPITCH], -com[2] * qd[EROLL]
    q[EX] = share_x * (q[EX] + c * along - s * across)
    q[EY] = share_y * (q[EY] + s * along + c * across)
    qd[EX] = share_x * (qd[EX] + c * going - s * passing)
    qd[EY] = share_y * (qd[EY] + s * going + c * passing)


@inlined_kernel
def _tilt_compliance(p: Params, com: Any, tension: float, per_length: float) -> tuple[float, float]:
    """Compliance of a load that hangs on its ropes, rad per N m: pitch and roll."""
    stiff, hanging = 4.0 * p.rope_ea_n * per_length, -com[2] * tension
    return (
        1.0 / (stiff * p.rope_half_x_m * p.rope_half_x_m + hanging),
        1.0 / (stiff * p.rope_half_y_m * p.rope_half_y_m + hanging),
    )


@inlined_kernel
def _shares(com: Any, per_m: float, per_pitch_nm: float, per_roll_nm: float, c: float, s: float) -> tuple[float, float]:
    """Swing of the end effector per 1 m of its load's centre of mass along x and y: the load leans into it."""
    lean, c2, s2 = per_m * com[2] * com[2], c * c, s * s
    return (
        1.0 / (1.0 + lean * (c2 * per_pitch_nm + s2 * per_roll_nm)),
        1.0 / (1.0 + lean * (s2 * per_pitch_nm + c2 * per_roll_nm)),
    )


@inlined_kernel
def advance(w: Truth, image: Image, p: Params, m: Model, t: Any, r: int, t_s: float, dt_s: float) -> None:
    """Advance robot `r` and the load on its ropes by one step; `t_s` is the world's time at its beginning."""
    q, qd, tau, reaction, last = w.q[r], w.qd[r], w.tau[r], t.reaction, t.last
    g, own, k = p.gravity_mps2, m.axis_own_kg, body_of(w, r)
    kg = m.body_kg[k]
    # a division takes five times as long as a product: one for each mass
    per_kg, per_x, per_y, per_drum, per_block = 1.0 / kg, 1.0 / own[X], 1.0 / own[Y], 1.0 / own[Z], 1.0 / own[YAW]
    per_about, per_rope_n = 1.0 / t.inertia[r, 5], 0.25 / p.rope_ea_n
    mean_reference(image, p, r, t_s, dt_s, last)
    # the load at the midpoint of the step
    half_s = 0.5 * dt_s
    ex, ey = q[EX] + half_s * qd[EX], q[EY] + half_s * qd[EY]
    turn = q[EYAW] - q[YAW] + half_s * (qd[EYAW] - qd[YAW])
    length = p.sheave_height_m - q[Z] - half_s * qd[Z]
    longer = 1.0 + w.load_n[r] * per_rope_n
    stretched = longer * length
    half2 = p.rope_half_x_m * p.rope_half_x_m + p.rope_half_y_m * p.rope_half_y_m
    ez = -math.sqrt(stretched * stretched - ex * ex - ey * ey - half2 * turn * turn)
    per_m = w.load_n[r] / stretched
    slower = 1.0 - per_m * per_kg * dt_s * dt_s * (1 / 12)  # half the excess swing frequency of such long steps
    # the load leans into its swing by the ropes' compliance, so its centre of mass moves that much farther than E
    yaw = q[EYAW] + half_s * qd[EYAW]
    c, s = cosine_sine(yaw)
    com = m.body_com_m[k]
    per_length = 1.0 / length
    per_pitch_nm, per_roll_nm = _tilt_compliance(p, com, w.load_n[r], per_length)
    share_x, share_y = _shares(com, per_m, per_pitch_nm, per_roll_nm, c, s)
    # pull at axes that stand: friction needs it to hold them exactly
    swing = 2.0 * p.sway_zeta * math.sqrt(g * per_length) * w.load_n[r] / g
    vx = qd[EX] - half_s * share_x * (per_m * ex + swing * qd[EX]) * per_kg
    vy = qd[EY] - half_s * share_y * (per_m * ey + swing * qd[EY]) * per_kg
    load_x, load_y = -swing * vx * per_kg, -swing * vy * per_kg
    rate = -longer * qd[Z]
    fall = (stretched * rate - ex * vx - ey * vy) / ez
    pulls = -g * ez + ex * share_x * load_x + ey * share_y * load_y + vx * vx + vy * vy + fall * fall - rate * rate
    across_x, across_y = slower * share_x * ex * ex, slower * share_y * ey * ey
    mobility = (across_x + across_y + ez * ez) * per_kg
    per_m = pulls / mobility
    tension = per_m * stretched
    _, sine = cosine_sine(turn)
    spring, damper, turns = p.e_stiffness[3] * turn, p.e_damping[3], qd[EYAW] - qd[YAW]
    turns -= half_s * (per_m * half2 * sine + spring + damper * turns) * per_about
    untwist = per_m * half2 * sine + spring + damper * turns
    reaction[X], reaction[Y] = slower * per_m * ex + swing * vx, slower * per_m * ey + swing * vy
    reaction[Z], reaction[YAW] = -tension, untwist
    drive_forces(w, image, p, r, reaction, dt_s)
    for axis in range(4):
        for i in range(3):
            image.reference[r, axis, i] = last[axis, i]
    hoist_n = tau[Z] + tension
    drive_x, drive_y = tau[X] + swing * vx, tau[Y] + swing * vy
    # tension from the constraint
    pulls += longer * stretched * hoist_n * per_drum - share_x * ex * drive_x * per_x - share_y * ey * drive_y * per_y
    mobility += longer * stretched * stretched * per_drum + across_x * per_x + across_y * per_y
    per_m = pulls / mobility
    tension = per_m * stretched
    # axes
    for i in range(4):
        q[i] += half_s * qd[i]
    pull_x, pull_y = slower * per_m * ex, slower * per_m * ey
    ax, ay = (drive_x + pull_x) * per_x, (drive_y + pull_y) * per_y
    qd[X] += dt_s * ax
    qd[Y] += dt_s * ay
    tau[Z] = hoist_n - tension
    w.net_n[r, X], w.net_n[r, Y], w.net_n[r, Z] = drive_x + pull_x, drive_y + pull_y, tau[Z]
    qd[Z] += dt_s * tau[Z] * per_drum
    qd[YAW] += dt_s * tau[YAW] * per_block
    # the load: a force at E turns it about its centre of mass
    fx, fy = kg * load_x - pull_x, kg * load_y - pull_y
    cx, cy = c * com[0] - s * com[1], s * com[0] + c * com[1]
    spin = qd[EYAW]
    turning = (-untwist - (cx * fy - cy * fx)) * per_about
    q[EX] += half_s * qd[EX]
    q[EY] += half_s * qd[EY]
    q[EYAW] += half_s * qd[EYAW]
    qd[EX] += dt_s * share_x * (fx * per_kg + turning * cy + spin * spin * cx - ax)
    qd[EY] += dt_s * share_y * (fy * per_kg - turning * cx + spin * spin * cy - ay)
    qd[EYAW] += dt_s * turning
    for i in range(4):
        q[i] += half_s * qd[i]
    q[EX] += half_s * qd[EX]
    q[EY] += half_s * qd[EY]
    q[EYAW] += half_s * qd[EYAW]
    # height and tilt follow from the ropes
    longer = 1.0 + tension * per_rope_n
    stretched = longer * (p.sheave_height_m - q[Z])
    turn = q[EYAW] - q[YAW]
    q[EZ] = -math.sqrt(stretched * stretched - q[EX] * q[EX] - q[EY] * q[EY] - half2 * turn * turn)
    qd[EZ] = (-longer * stretched * qd[Z] - q[EX] * qd[EX] - q[EY] * qd[EY]) / q[EZ]
    along, across = c * fx + s * fy, -s * fx + c * fy
    q[EPITCH] = (com[0] * tension - com[2] * along) * per_pitch_nm
    q[EROLL] = (com[2] * across - com[1] * tension) * per_roll_nm
    qd[EPITCH] = qd[EROLL] = 0.0
    w.load_n[r] = tension


@kernel
def mean_reference(image: Image, p: Params, r: int, t_s: float, dt_s: float, last: Any) -> None:
    """References for one step of `dt_s` from `t_s` in place of one a tick; those of its last tick into `last` (4, 3).

    Position at the beginning, where the axis is read; speed and acceleration are averages over the ticks.
    """
    tick_s = p.dt_s
    for k in range(4):
        last[k, 0] = image.reference[r, k, 0] + tick_s * (
            image.reference[r, k, 1] + 0.5 * tick_s * image.reference[r, k, 2]
        )
        last[k, 1], last[k, 2] = image.reference[r, k, 1], image.reference[r, k, 2]
    update_reference(image, r, t_s + dt_s - tick_s)
    share = 0.5 * (dt_s + tick_s) / dt_s
    for k in range(4):
        at, speed, acceleration = last[k, 0], last[k, 1], last[k, 2]
        for i in range(3):
            last[k, i] = image.reference[r, k, i]
        image.reference[r, k, 0] = at
        image.reference[r, k, 1] = speed + share * (last[k, 1] - speed)
        image.reference[r, k, 2] = acceleration + share * (last[k, 2] - acceleration)
