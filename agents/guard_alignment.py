"""Safety filter of Alignment's actions: the smallest change that keeps the margin of every limit over a stop.

It knows what a policy knows, the observation, and the station's own limits; never the truth. Every rule is an interval
for one setpoint, so the smallest change is to clamp each setpoint to the intersection of its intervals. How far an axis
runs on follows from the model of its drive: setpoints are ramped within its acceleration and jerk,
a decision late, and an axis that still gains speed first ends that (`braking_distance`). Rules, by what they count as:

| rule | setpoint | holds it so that |
|---|---|---|
| `entry` | in | the pack stops over the tips of the pins unless the guides capture it: pack, its swing and yaw |
| `beside` | x, y, yaw, in | between the pins an axis stops within the guides' reach, and the pack leaves slowly |
| `side_force` | x, y, in | a side force near its limit is relieved: nothing goes on against it, the pack backs off |
| `pressing` | in | axial force that counts as a jam is eased off before its time is up |
| `landing` | in | a table that presses its pack against the seat backs off before the press limit |

The interlocks and the bounds of the control software stay as they are (docs/interlocks.md): this filter keeps a policy
from meeting them.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import Any

import numpy as np

from envs.alignment_control import ACTION, OBSERVATION, RESIDUAL_SHARES
from twin.alignment.sensed import DECISION_S
from twin.catalogue import Station, load_pack, names
from twin.catalogue.schema import FloatingTable
from twin.catalogue.schema.pack import Guides
from twin.control.logic import JAM_HEIGHT_M, PRESS_LIMIT
from twin.control.velocity_motion import braking_distance
from twin.motion.kernels import kernel

Array = np.ndarray

CAUSES = ("entry", "beside", "side_force", "pressing", "landing")
ENTRY, BESIDE, SIDE_FORCE, PRESSING, LANDING = range(5)
NEEDED = (
    "axis_x", "axis_y", "yaw", "pack_x", "pack_y", "height", "guides", "sway_x", "sway_y", "sway_x_rate", "sway_y_rate",
    "axis_speed_x", "axis_speed_y", "axis_speed_in", "axis_speed_yaw", "load", "axial", "lateral_x", "lateral_y",
    "mass", "rope",
)  # fmt: skip
"""Elements of the observation that the rules read, in the order of the kernel's places."""
(
    _E, _P, _HEIGHT, _GUIDES, _SWAY, _RATE, _SPEED, _LOAD, _AXIAL, _LATERAL, _MASS, _ROPE,
) = (0, 3, 5, 6, 7, 9, 11, 15, 16, 17, 19, 20)  # fmt: skip
SERVO = ("servo_x", "servo_y", "servo_in", "servo_yaw")
SPEED_IN = 2
"""Place of the speed towards the seat among the setpoints."""

LATE_S = DECISION_S + 0.02
"""From a decision until the axes follow it: the decision's period, a scan and the drive's lag [estimate]."""
LOOK_S = 0.10
"""Time over which readings are extrapolated at least [chosen: the reaction time of the force limits]."""
ARRIVAL_S = 0.8
"""Time to the tips over which a pack's way sideways is extrapolated at most: it corrects its course [chosen]."""
NEAR_S = 0.2
"""Time to the tips from which on it also has to be over the pins already [chosen]."""
OVER_TIPS_M = 0.004
"""Height over the tips at which a pack that may not enter stops [chosen]."""
CAPTURE_SHARE = 0.9
"""Share of the guides' capture within which a pack may enter, at the pin that is farther off [chosen: the servo enters
within 0.6 in 99 of 100 cases]."""
LEAVE_SHARE = 1.2
"""Share of it beyond which a pack between the pins leaves them [chosen]."""
BESIDE_M, BESIDE_RAD = 0.022, 0.016
"""Largest offset of the axes from the pins between them [chosen: the servo's spiral reaches 20 mm]."""
RETURN_PER_S = 0.9
"""Speed per offset with which an axis comes back from beyond [chosen: the servo's]."""
RETREAT_MPS = 0.0801
"""Highest speed out of the pins [chosen: the servo's, and rounding]: a pack that they hold askew comes free with a
jerk."""
EASE_MPS = 0.02
"""Speed at which a pack backs off from a force [chosen: the servo's]."""
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
PRESS_SHARE, PRESS_FREE = 0.90, 0.80
"""Shares of the press limit at which a table backs off, and until which [chosen: its stop adds up to a tenth]."""
LANDED = 0.15
"""Share of the pins' length below which the seat itself gives resistance [chosen: the servo's]."""
STEPS = 14
"""Halvings in which the highest speed that can still be stopped is found."""

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
    ]
)
"""What the filter remembers of an insertion."""


@kernel
def stopping_distance(speed: float, gain: float, acceleration: float, jerk: float) -> float:
    """Way until an axis stands that gets the order to stop at its next decision, in u; `gain` of speed now, in u/s2."""
    return braking_distance(max(speed, 0.0), gain, 0.0, acceleration, jerk, LATE_S)


@kernel
def speed_within(room: float, highest: float, acceleration: float, jerk: float) -> float:
    """Highest speed up to `highest` at which an axis still stops within `room`; 0 without room."""
    if room <= 0.0:
        return 0.0
    if stopping_distance(highest, 0.0, acceleration, jerk) <= room:
        return highest
    low, high = 0.0, highest
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if stopping_distance(middle, 0.0, acceleration, jerk) <= room:
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
        _stay_beside(seen, b, m, speeds, causes)
        _retreat(speeds, causes)
        _relieve(seen, b, speeds, causes)
    _ease(seen, m, height, speeds, causes)
    if b.press_kg > 0.0:
        _land(seen, b, m, speeds, causes)
    m.axial, m.load = abs(seen[_AXIAL]), seen[_LOAD]
    for k in range(4):
        m.speed[k] = seen[_SPEED + k]


@kernel
def _gain(seen: Any, b: Any, m: Any, k: int, sign: float) -> float:
    """Acceleration of an axis in a direction, by its encoder, within what the axis may; 0 while it slows down."""
    gain = sign * (seen[_SPEED + k] - m.speed[k]) / DECISION_S
    return min(max(gain, 0.0), b.acceleration[k])


@kernel
def _off_pins(b: Any, x: float, y: float, yaw: float) -> float:
    """Distance between the sockets of a pack and the guide pins, the larger of the two, m."""
    off = 0.0
    for i in range(2):
        off = max(off, math.hypot(x - yaw * b.pins_m[i, 1], y + yaw * b.pins_m[i, 0]))
    return off


@kernel
def _enter(seen: Any, b: Any, m: Any, over_tips: float, speeds: Any, causes: Any) -> None:
    x, y, yaw = seen[_P], seen[_P + 1], seen[_E + 2]
    arrival_s = min(max(over_tips / max(seen[_SPEED + SPEED_IN], 0.01), LOOK_S), ARRIVAL_S)
    soon_x = x - arrival_s * seen[_SPEED] - LOOK_S * seen[_RATE]  # a swing turns round sooner
    soon_y = y - arrival_s * seen[_SPEED + 1] - LOOK_S * seen[_RATE + 1]
    off = _off_pins(b, soon_x, soon_y, yaw - arrival_s * seen[_SPEED + 3])
    if arrival_s < NEAR_S:
        off = max(off, _off_pins(b, x, y, yaw))
    if over_tips > 0.0:
        if off <= CAPTURE_SHARE * b.capture_m:
            return
        a, j = b.acceleration[SPEED_IN], b.jerk[SPEED_IN]
        room = over_tips - OVER_TIPS_M
        most = speed_within(room, b.scale[SPEED_IN], a, j)
        if stopping_distance(seen[_SPEED + SPEED_IN], _gain(seen, b, m, SPEED_IN, 1.0), a, j) > room:
            most = 0.0
    elif seen[_GUIDES] > LANDED and off > LEAVE_SHARE * b.capture_m:
        most = -EASE_MPS
    else:
        return
    if speeds[SPEED_IN] > most:
        speeds[SPEED_IN] = most
        causes[ENTRY] = 1


@kernel
def _stay_beside(seen: Any, b: Any, m: Any, speeds: Any, causes: Any) -> None:
    for i in range(3):
        k = 3 if i == 2 else i
        widest = BESIDE_RAD if i == 2 else BESIDE_M
        left, a, j = seen[_E + i], b.acceleration[k], b.jerk[k]  # towards the pins is positive
        speed = seen[_SPEED + k]
        for sign in (1.0, -1.0):
            room = widest + sign * left
            most = speed_within(room, b.scale[k], a, j) if room > 0.0 else RETURN_PER_S * room
            if room > 0.0 and stopping_distance(sign * speed, _gain(seen, b, m, k, sign), a, j) > room:
                most = 0.0
            if sign * speeds[k] > most:
                speeds[k] = sign * max(most, -b.scale[k])
                causes[BESIDE] = 1


@kernel
def _retreat(speeds: Any, causes: Any) -> None:
    if speeds[SPEED_IN] < -RETREAT_MPS:
        speeds[SPEED_IN] = -RETREAT_MPS
        causes[BESIDE] = 1


@kernel
def _relieve(seen: Any, b: Any, speeds: Any, causes: Any) -> None:
    fx, fy = seen[_LATERAL], seen[_LATERAL + 1]
    for k in range(2):
        force = seen[_LATERAL + k]  # the pins push the pack this way
        if abs(force) > AGAINST_SHARE and speeds[k] * force < 0.0:
            speeds[k] = 0.0
            causes[SIDE_FORCE] = 1
    if fx * fx + fy * fy > SIDE_SHARE * SIDE_SHARE and speeds[SPEED_IN] > -EASE_MPS:
        speeds[SPEED_IN] = -EASE_MPS
        causes[SIDE_FORCE] = 1


@kernel
def _ease(seen: Any, m: Any, height: float, speeds: Any, causes: Any) -> None:
    if height <= JAM_HEIGHT_M:
        m.pressed_s, m.easing = 0.0, 0
        return
    force = abs(seen[_AXIAL])
    soon = force + max(force - m.axial, 0.0) * (LOOK_S / DECISION_S)
    m.pressed_s = m.pressed_s + DECISION_S if force > JAM_SHARE else 0.0
    # what comes down to its seat before a jam's time is up is no jam
    left_s = (height - JAM_HEIGHT_M) / max(seen[_SPEED + SPEED_IN], 1e-6)
    if m.pressed_s + left_s > JAMMED_S - DECISION_S and (m.pressed_s >= JAM_S or soon > JAM_SOON):
        m.easing = 1
    elif force < FREE_SHARE:
        m.easing = 0
    if m.easing == 1 and speeds[SPEED_IN] > -EASE_MPS:
        speeds[SPEED_IN] = -EASE_MPS
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
    if m.landing == 1 and speeds[SPEED_IN] > -EASE_MPS:
        speeds[SPEED_IN] = -EASE_MPS
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


@cache
def _guides_of(interfaces: tuple[str, ...]) -> tuple[Guides, ...]:
    """Guides of the shipped packs with one of these interfaces; where none has, of all."""
    packs = [load_pack(name) for name in names("pack")]
    fitting = [pack for pack in packs if pack.interface in interfaces]
    return tuple(pack.guides for pack in fitting or packs)


def bounds_of(station: Station, residual: bool) -> Array:
    """Make (1,) BOUNDS of a station; of its packs the strictest counts."""
    bounds = np.zeros(1, BOUNDS)
    b, axes = bounds[0], station.axes
    guides = _guides_of(station.interfaces)
    b["residual"], b["share"] = residual, RESIDUAL_SHARES
    b["acceleration"] = [axes.x.acceleration_mps2, axes.y.acceleration_mps2, axes.z.acceleration_mps2,
                         axes.yaw.acceleration_radps2]  # fmt: skip
    b["jerk"] = [axes.x.jerk_mps3, axes.y.jerk_mps3, axes.z.jerk_mps3, axes.yaw.jerk_radps3]
    b["capture_m"] = min(one.capture_m for one in guides)
    b["pins_m"] = max(([one.round_xy_m, one.slotted_xy_m] for one in guides), key=lambda pins: math.dist(*pins))
    b["pin_m"] = max(one.pin_length_m for one in guides)
    b["end_effector_kg"] = station.end_effector.mass_kg
    if isinstance(station.reeving, FloatingTable):
        b["press_kg"] = PRESS_LIMIT * station.limits.rated_load_kg
    return bounds


class AlignmentFilter:
    """The safety filter of N insertions at one station, in one action mode.

    Attributes:
        causes: (N, len(CAUSES)) 1 where a rule changed the last action.
    """

    def __init__(self, station: Station, action_mode: str, n: int = 1) -> None:
        """`action_mode`: "direct" or "residual"."""
        places = {quantity.name: i for i, quantity in enumerate(OBSERVATION)}
        self._places = np.array([places[name] for name in NEEDED])
        self._scales = np.array([OBSERVATION[i].scale for i in self._places])
        self._servo = np.array([places[name] for name in SERVO])
        self._bounds = bounds_of(station, action_mode == "residual")
        self._bounds["scale"] = [quantity.scale for quantity in ACTION]
        self._bounds["servo_scale"] = [OBSERVATION[i].scale for i in self._servo]
        self._memories = np.zeros(n, MEMORY)
        self._one = np.zeros(1, np.int64)
        self._seen, self._speeds = np.zeros(len(NEEDED)), np.zeros(4)
        self.causes = np.zeros((n, len(CAUSES)), np.int64)

    def begin(self, which: Array | None = None) -> None:
        """Begin new insertions: all, or those of `which` (K,)."""
        self._memories["begun"][slice(None) if which is None else which] = 0

    def certify(self, action: Array, state: Array) -> Array:
        """Return the allowed action (4,) nearest to a finite one within its limits; `state` is the observation."""
        kept = np.array(action, np.float64)
        self.certify_rows(self._one, kept[None], np.asarray(state)[None])
        return kept

    def certify_rows(self, which: Array, actions: Array, observations: Array) -> None:
        """The same for rows `which` (K,) of actions (N, 4) float64, in place; each once a decision."""
        certify_rows(
            which, observations, self._places, self._scales, self._servo, self._bounds, self._memories, actions,
            self.causes, self._seen, self._speeds,
        )  # fmt: skip

    def try_rows(self, which: Array, actions: Array, observations: Array) -> None:
        """The same without remembering it: what `certify_rows` would make of other actions now."""
        memories = self._memories[which]
        self.certify_rows(which, actions, observations)
        self._memories[which] = memories

    def counted(self) -> Counter[str]:
        """Rules that changed the last action of the only insertion."""
        return Counter({name: 1 for name, one in zip(CAUSES, self.causes[0].tolist(), strict=True) if one})
