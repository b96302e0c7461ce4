"""Rules of Alignment's safety filter (`agents.guard_alignment`): compiled functions of readings and limits.

A setpoint is kept as it is asked as long as the axis can still stop within its limit after the next decision. An axis
changes its speed within its acceleration and jerk, as in the reduced-order plant (`twin.motion.profile`): it follows a
setpoint for LATE_S, until the next decision can replace it, and from then on it can brake (`way_to_stop`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.alignment.sensed import DECISION_S
from twin.control.readings import JAM_HEIGHT_M, landing
from twin.motion.kernels import kernel
from twin.motion.profile import end_position, evaluate, plan_stop, plan_velocity
from twin.records.codes import PROFILE_SHAPE

CAUSES = ("entry", "beside", "side_force", "pressing", "landing")
ENTRY, BESIDE, SIDE_FORCE, PRESSING, LANDING = range(5)
NEEDED = (
    "axis_x", "axis_y", "yaw", "pack_x", "pack_y", "height", "guides", "sway_x", "sway_y", "sway_x_rate", "sway_y_rate",
    "axis_speed_x", "axis_speed_y", "axis_speed_in", "axis_speed_yaw", "load", "axial", "lateral_x", "lateral_y",
    "mass", "rope", "pad_front_left", "pad_front_right", "pad_rear_left", "pad_rear_right",
)  # fmt: skip
"""Elements of the observation that the rules read, in the order of the kernel's places."""
(
    _E, _P, _HEIGHT, _GUIDES, _SWAY, _RATE, _SPEED, _LOAD, _AXIAL, _LATERAL, _MASS, _ROPE, _PADS,
) = (0, 3, 5, 6, 7, 9, 11, 15, 16, 17, 19, 20, 21)  # fmt: skip
_IN = 2
"""Place of the speed towards the seat among the setpoints."""

LATE_S = DECISION_S + 0.02
"""From a decision until the axes follow the next one: the decision's period, a scan and the drive's lag [estimate]."""
LOOK_S = 0.10
"""Time over which readings are extrapolated at least [chosen: the reaction time of the force limits]."""
ARRIVAL_S = 0.8
"""Time to the tips over which a pack's way sideways is extrapolated at most: it corrects its course [chosen]."""
NEAR_S = 0.2
"""Time to the tips from which on it also has to be over the pins already [chosen]."""
OVER_TIPS_M = 0.004
"""Height over the tips at which a pack that may not enter stops [chosen]."""
CAPTURE_SHARE = 1.0
"""Share of the guides' capture within which a pack may enter, at the pin that is farther off [chosen: the servo enters
within 0.6 in 99 of 100 cases]."""
LEAVE_SHARE = 1.2
"""Share of it beyond which a pack between the pins leaves them [chosen]."""
BESIDE_M, BESIDE_RAD = 0.022, 0.016
"""Largest offset of the axes from the pins between them [chosen: the servo's spiral reaches 20 mm]."""
DOUBT_M = 0.012
"""Most by which a captured pack shows the pins elsewhere than the scanner does [chosen: with the above less than the
0.04 m to which the control software holds a pack]."""
RETURN_PER_S = 0.9
"""Speed per offset with which an axis comes back from beyond [chosen: the servo's]."""
RETREAT_MPS = 0.12
"""Highest speed out of the pins [chosen: half as much again as the servo's]: a pack that they hold askew comes free
with a jerk."""
EASE_MPS = 0.005
"""Least speed at which a pack backs off from a force [chosen: 0.5 mm in the reaction time of the limits]."""
JAM_SHARE, JAM_S, FREE_SHARE = 1.0, 0.15, 0.5
"""Share of a jam's force, and its time, after which a pack eases off until that share is left [chosen: half of the
0.3 s that end an insertion]."""
JAMMED_S = 0.3
"""Time that ends an insertion [given: three times the station's reaction time]."""
JAM_SOON = 1.7
"""Share that is eased off without waiting, extrapolated [chosen]."""
SIDE_SHARE, AGAINST_SHARE = 0.88, 0.7
"""Shares of the side force's limit: the pack backs off, an axis no longer goes on against it [chosen: nine tenths end
an insertion after 0.1 s, two decisions; 0.01 are noise]."""
PRESS_SHARE = 0.95
"""Share of the press limit, extrapolated, from which on a table backs off [chosen: docs/guard.md]."""
PRESS_FREE = 0.88
"""Share of it until which it does: at a standstill it would at once gain speed again [chosen]."""
ROUNDING_MPS = 1e-6
"""Difference of a setpoint that is none: the policy asked for the same [given: float32 of an action]."""
STEPS = 30
"""Halvings in which the largest setpoint that can still be stopped is found."""

BOUNDS = np.dtype(
    [
        ("residual", np.int64),
        ("scale", np.float64, 4),  # of setpoints x, y, in, yaw: their largest
        ("servo_scale", np.float64, 4),  # of the observed setpoints of the servo
        ("share", np.float64, 4),  # of an action that is added to the servo's setpoint
        ("acceleration", np.float64, 4),  # of axes x, y, in, yaw with a pack
        ("jerk", np.float64, 4),
        ("capture_m", np.float64),
        ("pins_m", np.float64, (2, 2)),  # x and y of the guide pins from the pack's middle
        ("pin_m", np.float64),  # length of the pins until it is observed
        ("lead_in_m", np.float64),  # depth of the pins' lead-in: a pack that is deeper is captured
        ("near_m", np.float64),  # height over the tips from which on the control software keeps to guide_mps
        ("guide_mps", np.float64),
        ("end_effector_kg", np.float64),
        ("press_kg", np.float64),  # load at the press limit; 0: ropes, which cannot press
    ]
)
"""Limits of one station."""
MEMORY = np.dtype(
    [
        ("begun", np.int64),
        ("pin_m", np.float64),
        ("axial", np.float64),  # of the last decision
        ("load", np.float64),
        ("pressed_s", np.float64),
        ("easing", np.int64),
        ("landing", np.int64),
        ("speed", np.float64, 4),
        ("profile", np.float64, PROFILE_SHAPE),  # scratch
    ]
)
"""What the filter remembers of an insertion."""


@kernel
def way_to_stop(setpoint: float, speed: float, gain: float, a_max: float, j_max: float, profile: Any) -> float:
    """Farthest way of an axis that follows `setpoint` until its next decision and then stops, in u.

    `speed` (u/s) and `gain` (u/s2) are its motion now; `profile` is scratch.
    """
    plan_velocity(profile, 0.0, speed, gain, setpoint, a_max, j_max)
    at, reached, gained = evaluate(profile, LATE_S)
    plan_stop(profile, at, reached, gained, a_max, j_max)
    return max(at, end_position(profile))


@kernel
def stoppable(asked: float, room: float, speed: float, gain: float, a_max: float, j_max: float, profile: Any) -> float:
    """Setpoint nearest to `asked` (u/s) with which an axis still stops within `room` (u) after its next decision.

    0, the hardest stop, where there is none. A setpoint that leads away from the limit is kept.
    """
    if asked <= 0.0 or way_to_stop(asked, speed, gain, a_max, j_max, profile) <= room:
        return asked
    low, high = 0.0, asked
    if way_to_stop(low, speed, gain, a_max, j_max, profile) > room:
        return 0.0
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if way_to_stop(middle, speed, gain, a_max, j_max, profile) <= room:
            low = middle
        else:
            high = middle
    return low


@kernel
def certify_one(seen: Any, b: Any, m: Any, speeds: Any, causes: Any) -> None:
    """Clamp `speeds` (4,) x, y, in, yaw in place, and set `causes[c]` to 1 where rule c has changed one.

    `seen` (len(NEEDED),) in SI units, `b` a BOUNDS, `m` a MEMORY.
    """
    for c in range(len(causes)):
        causes[c] = 0
    height, guides = seen[_HEIGHT], seen[_GUIDES]
    if m.begun == 0:
        m.begun, m.pin_m, m.axial, m.load = 1, b.pin_m, abs(seen[_AXIAL]), seen[_LOAD]
        m.pressed_s, m.easing, m.landing = 0.0, 0, 0
        for k in range(4):
            m.speed[k] = seen[_SPEED + k]
    if abs(guides) > 0.05 and -1.4 < guides < 5.9 and height / guides > 0.01:
        m.pin_m = height / guides
    over_tips = height - m.pin_m
    _enter(seen, b, m, over_tips, speeds, causes)
    if over_tips < OVER_TIPS_M:
        _stay_beside(seen, b, m, over_tips < -b.lead_in_m, speeds, causes)
        _retreat(speeds, causes)
        _relieve(seen, speeds, causes)
    _ease(seen, m, height, speeds, causes)
    if b.press_kg > 0.0:
        _land(seen, b, m, speeds, causes)
    m.axial, m.load = abs(seen[_AXIAL]), seen[_LOAD]
    for k in range(4):
        m.speed[k] = seen[_SPEED + k]


@kernel
def _gain(seen: Any, b: Any, m: Any, k: int, sign: float) -> float:
    """Highest acceleration that an axis may have now in a direction: its mean since the last decision, and its jerk."""
    mean = sign * (seen[_SPEED + k] - m.speed[k]) / DECISION_S
    return min(max(mean + 0.5 * DECISION_S * b.jerk[k], -b.acceleration[k]), b.acceleration[k])


@kernel
def _off_pins(b: Any, x: float, y: float, yaw: float) -> float:
    """Distance between the sockets of a pack and the guide pins, the larger of the two, m."""
    off = 0.0
    for i in range(2):
        off = max(off, math.hypot(x - yaw * b.pins_m[i, 1], y + yaw * b.pins_m[i, 0]))
    return off


@kernel
def _enter(seen: Any, b: Any, m: Any, over_tips: float, speeds: Any, causes: Any) -> None:
    if over_tips > b.near_m:  # the control software slows it down, and it can still stop from there
        return
    x, y, yaw = seen[_P], seen[_P + 1], seen[_E + 2]
    arrival_s = min(max(over_tips / max(seen[_SPEED + _IN], 0.01), LOOK_S), ARRIVAL_S)
    soon_x = x - arrival_s * seen[_SPEED] - LOOK_S * seen[_RATE]  # a swing turns round sooner
    soon_y = y - arrival_s * seen[_SPEED + 1] - LOOK_S * seen[_RATE + 1]
    off = _off_pins(b, soon_x, soon_y, yaw - arrival_s * seen[_SPEED + 3])
    if arrival_s < NEAR_S:
        off = max(off, _off_pins(b, x, y, yaw))
    asked = speeds[_IN]
    if over_tips > 0.0:
        if off <= CAPTURE_SHARE * b.capture_m:
            return
        towards = min(asked, b.guide_mps)
        kept = stoppable(
            towards, over_tips - OVER_TIPS_M, seen[_SPEED + _IN], _gain(seen, b, m, _IN, 1.0), b.acceleration[_IN],
            b.jerk[_IN], m.profile,
        )  # fmt: skip
        if kept == towards:  # its own speed, beyond what the control software lets through
            return
    elif over_tips > -b.lead_in_m and off > LEAVE_SHARE * b.capture_m:
        kept = -EASE_MPS
    else:
        return
    if asked > kept:
        speeds[_IN] = kept
        causes[ENTRY] = 1


@kernel
def _stay_beside(seen: Any, b: Any, m: Any, captured: bool, speeds: Any, causes: Any) -> None:
    for i in range(3):
        k = 3 if i == 2 else i
        widest = BESIDE_RAD if i == 2 else BESIDE_M
        left = seen[_E + i]  # towards the pins is positive
        for sign in (1.0, -1.0):
            room, asked = widest + sign * left, sign * speeds[k]
            if captured and i < 2:  # the pins are where the pack is: the scanner may be wrong
                room = max(room, min(widest + sign * seen[_SWAY + i], room + DOUBT_M))
            if room > 0.0:
                kept = stoppable(
                    asked, room, sign * seen[_SPEED + k], _gain(seen, b, m, k, sign), b.acceleration[k], b.jerk[k],
                    m.profile,
                )  # fmt: skip
            else:
                kept = max(RETURN_PER_S * room, -b.scale[k])
            if asked > kept:
                speeds[k] = sign * kept
                causes[BESIDE] = 1


@kernel
def _retreat(speeds: Any, causes: Any) -> None:
    if speeds[_IN] < -RETREAT_MPS - ROUNDING_MPS:
        speeds[_IN] = -RETREAT_MPS
        causes[BESIDE] = 1


@kernel
def _relieve(seen: Any, speeds: Any, causes: Any) -> None:
    fx, fy = seen[_LATERAL], seen[_LATERAL + 1]
    for k in range(2):
        force = seen[_LATERAL + k]  # the pins push the pack this way
        if abs(force) > AGAINST_SHARE and speeds[k] * force < 0.0:
            speeds[k] = 0.0
            causes[SIDE_FORCE] = 1
    if fx * fx + fy * fy > SIDE_SHARE * SIDE_SHARE and speeds[_IN] > -EASE_MPS + ROUNDING_MPS:
        speeds[_IN] = -EASE_MPS
        causes[SIDE_FORCE] = 1


@kernel
def _ease(seen: Any, m: Any, height: float, speeds: Any, causes: Any) -> None:
    if landing(height, seen[_PADS] + seen[_PADS + 1] + seen[_PADS + 2] + seen[_PADS + 3]):
        m.pressed_s, m.easing = 0.0, 0
        return
    force = abs(seen[_AXIAL])
    soon = force + max(force - m.axial, 0.0) * (LOOK_S / DECISION_S)
    m.pressed_s = m.pressed_s + DECISION_S if force > JAM_SHARE else 0.0
    # what comes down to its seat before a jam's time is up is no jam
    left_s = (height - JAM_HEIGHT_M) / max(seen[_SPEED + _IN], 1e-6)
    if m.pressed_s + left_s > JAMMED_S - DECISION_S and (m.pressed_s >= JAM_S or soon > JAM_SOON):
        m.easing = 1
    elif force < FREE_SHARE:
        m.easing = 0
    if m.easing == 1 and speeds[_IN] > -EASE_MPS + ROUNDING_MPS:
        speeds[_IN] = -EASE_MPS
        causes[PRESSING] = 1


@kernel
def _land(seen: Any, b: Any, m: Any, speeds: Any, causes: Any) -> None:
    mass = seen[_MASS]
    share = ((1.0 + seen[_LOAD]) * mass + b.end_effector_kg) / b.press_kg
    rise = max(seen[_LOAD] - m.load, 0.0) * mass / b.press_kg
    if share + rise * (LOOK_S / DECISION_S) > PRESS_SHARE:
        m.landing = 1
    elif share < PRESS_FREE:
        m.landing = 0
    if m.landing == 1 and speeds[_IN] > -EASE_MPS + ROUNDING_MPS:
        speeds[_IN] = -EASE_MPS
        causes[LANDING] = 1


@kernel
def certify_rows(
    which: Any, observations: Any, places: Any, scales: Any, servo: Any, bounds: Any, memories: Any, actions: Any,
    causes: Any, seen: Any, speeds: Any,
) -> None:  # fmt: skip
    """Clamp `actions[i]` (4,) for the rows `which`, in place, and note `causes[i]`; b is bounds[0].

    `seen` (len(NEEDED),) and `speeds` (4,) are scratch.
    """
    b = bounds[0]
    for n in range(len(which)):
        i = which[n]
        for k in range(len(places)):
            seen[k] = observations[i, places[k]] * scales[k]
        for k in range(4):
            speeds[k] = actions[i, k] * b.scale[k]
            if b.residual == 1:
                asked = observations[i, servo[k]] * b.servo_scale[k] + b.share[k] * speeds[k]
                speeds[k] = min(max(asked, -b.scale[k]), b.scale[k])
        wanted_x, wanted_y, wanted_in, wanted_yaw = speeds[0], speeds[1], speeds[2], speeds[3]
        certify_one(seen, b, memories[i], speeds, causes[i])
        wanted = (wanted_x, wanted_y, wanted_in, wanted_yaw)
        for k in range(4):
            if speeds[k] != wanted[k]:
                left = speeds[k]
                if b.residual == 1:
                    left = (left - observations[i, servo[k]] * b.servo_scale[k]) / b.share[k]
                actions[i, k] = min(max(left / b.scale[k], -1.0), 1.0)
