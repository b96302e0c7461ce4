"""The station's own insertion by setpoints: visual servo, creep, easing, back-off and spiral search.

Sideways the axes move to the scanner's position of the seat, and lean against the sway: a trolley that follows its load
with v = 2 zeta omega s damps a pendulum of offset s by zeta (s'' = -omega^2 s - v'). Downwards the pack moves fast to a
gate just over the guide pins, passes it once it hangs calm, and creeps in. Resistance above the seat makes it back off
over the pins and try beside, on an Archimedean spiral.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np

from twin.alignment.sensed import DECISION_S, SENSED, Sensed, as_record
from twin.control.readings import LANDING_HEIGHT_M
from twin.gravity import GRAVITY_MPS2
from twin.motion.kernels import kernel
from twin.records import YAW, X, Z

Array = np.ndarray


MAX_SETPOINT = (0.06, 0.06, 0.15, 0.03)
"""Largest setpoints of servo and policies along x, y, towards the seat (m/s), and yaw (rad/s) [chosen]. An axis that is
slower with a pack has its own limit (`twin.motion.limits`)."""


@dataclass(frozen=True)
class Gains:
    """All tuned values, SI units; tuned by hand, on seeds that no stored evaluation uses."""

    approach_per_s: float = 0.9
    """Sideways speed per metre of error."""
    most_mps: float = MAX_SETPOINT[X]
    damping: float = 0.35
    """Damping ratio zeta that the trolley adds to the sway."""
    yaw_per_s: float = 1.0
    most_radps: float = MAX_SETPOINT[YAW]
    fast_mps: float = MAX_SETPOINT[Z]
    slowing_per_s: float = 1.2
    creep_mps: float = 0.07
    gate: float = 1.15
    """Height of the gate, in lengths of the guide pins, where it waits until calm."""
    calm_m: float = 0.008
    """Amplitude of the sway and offset of the pack that may pass the gate."""
    calm_rad: float = 0.006
    patience_s: float = 8.0
    """Time of a wait at the gate after which its limit is doubled, and so on: noise may never be calm."""
    blocked: float = 1.0
    """Share of the force that counts as a jam, or of the side force at which an insertion is given up."""
    blocked_s: float = 0.15
    """Time for which it presses on against that: pins that lean with the truck let a moving pack pass, and hold one
    that slows down. An insertion is given up at 0.3 s."""
    free: float = 0.5
    """Share of it to which the pack then eases back before it goes on."""
    ease_mps: float = 0.02
    stuck_s: float = 2.0
    """Time without progress in depth after which it backs off."""
    deeper_m: float = 0.002
    landed: float = 0.15
    """Share of the pins' length below which the seat itself gives the resistance, as once a pad switch is made."""
    retreat_mps: float = 0.08
    spiral_step_m: float = 0.006
    """Pitch of the spiral."""
    spiral_most_m: float = 0.020
    overrun: float = -0.45
    """Depth below which a pack that is not seated lies on something else: back off."""
    table_overrun: float = -1.6
    """The same on a table, in shorter pins: by night and in rain the scanner's height is off by more than 0.45 of those
    (its bias, and the pitch's error times the seat's distance)."""


GAINS = np.dtype([(gain.name, np.float64) for gain in fields(Gains)])
"""`Gains` as a record, for kernels."""
SERVO = np.dtype(
    [
        ("retreating", np.int64),
        ("passed", np.int64),  # the gate
        ("tries", np.int64),
        ("waits", np.int64),  # 1: at the gate, since since_s
        ("since_s", np.float64),
        ("deepest_m", np.float64),
        ("deepest_s", np.float64),  # time of that depth
        ("over_s", np.float64),  # time for which it has pressed too hard
        ("easing", np.int64),
    ]
)
"""The servo's memory of an insertion."""


def gains_record(gains: Gains) -> np.ndarray:
    """Make (1,) GAINS."""
    return np.array([astuple(gains)], GAINS)


def new_servo(n: int = 1) -> np.ndarray:
    """Make (n,) SERVO at the beginning of an insertion."""
    servo = np.zeros(n, SERVO)
    servo["deepest_m"] = np.inf
    return servo


@kernel
def servo_speeds(seen: Any, servo: Any, g: Any, out: Any) -> None:
    """Speeds along x, y (m/s), towards the seat (m/s), yaw (rad/s) into `out` (4,); once each decision."""
    _decide(seen, servo, g)
    dx, dy = _beside(servo, g)
    vx = g.approach_per_s * (seen.axis_x_m + dx)
    vy = g.approach_per_s * (seen.axis_y_m + dy)
    if seen.rope_m > 0.0 and seen.guides > 1.0:
        lean = 2.0 * g.damping * math.sqrt(GRAVITY_MPS2 / seen.rope_m)
        vx, vy = vx + lean * seen.sway_x_m, vy + lean * seen.sway_y_m
    out[0], out[1] = _within(vx, g.most_mps), _within(vy, g.most_mps)
    out[2] = _inwards(seen, servo, g)
    out[3] = _within(g.yaw_per_s * seen.yaw_rad, g.most_radps)


@kernel
def _beside(servo: Any, g: Any) -> tuple[float, float]:
    """Offset of the present try from the estimated seat position: 0, then along the spiral."""
    if servo.tries == 0:
        return 0.0, 0.0
    # r = step * angle / 2 pi with points a step apart along the curve: angle^2 = 4 pi n
    angle = math.sqrt(4.0 * math.pi * servo.tries)
    r = min(g.spiral_step_m * angle / (2.0 * math.pi), g.spiral_most_m)
    return r * math.cos(angle), r * math.sin(angle)


@kernel
def _decide(seen: Any, servo: Any, g: Any) -> None:
    """Choose between retreat, wait at the gate, and insertion."""
    if servo.retreating == 1:
        if seen.guides >= g.gate:
            servo.retreating, servo.passed, servo.waits = 0, 0, 0
            servo.easing, servo.over_s = 0, 0.0
            servo.deepest_m = math.inf
        return
    if servo.passed == 0 and seen.guides < g.gate + 0.35:
        if servo.waits == 0:
            servo.waits, servo.since_s = 1, seen.elapsed_s
        servo.passed = 1 if _calm(seen, servo, g, seen.elapsed_s - servo.since_s) else 0
    if servo.passed == 0 or seen.height_m < servo.deepest_m - g.deeper_m:
        servo.deepest_m, servo.deepest_s = seen.height_m, seen.elapsed_s
    stuck = seen.elapsed_s - servo.deepest_s > g.stuck_s
    stuck = stuck and not _lands(seen, g)
    if stuck or seen.guides < (g.overrun if seen.rope_m > 0.0 else g.table_overrun):
        servo.retreating = 1
        servo.tries += 1


@kernel
def _calm(seen: Any, servo: Any, g: Any, waited_s: float) -> bool:
    wider = 2.0 ** math.floor(waited_s / g.patience_s)
    dx, dy = _beside(servo, g)
    x, y = seen.axis_x_m + dx, seen.axis_y_m + dy
    swing = 0.0
    if seen.rope_m > 0.0:
        per_omega2 = seen.rope_m / GRAVITY_MPS2
        speed2 = seen.sway_x_mps * seen.sway_x_mps + seen.sway_y_mps * seen.sway_y_mps
        swing = math.sqrt(seen.sway_x_m * seen.sway_x_m + seen.sway_y_m * seen.sway_y_m + per_omega2 * speed2)
    return max(swing, math.hypot(x, y)) < wider * g.calm_m and abs(seen.yaw_rad) < wider * g.calm_rad


@kernel
def _inwards(seen: Any, servo: Any, g: Any) -> float:
    if servo.retreating == 1:
        return -g.retreat_mps
    if servo.passed == 0:
        left = seen.guides - g.gate
        return _within(g.slowing_per_s * left * seen.height_m / max(seen.guides, 0.1), g.fast_mps)
    if seen.guides > g.gate:
        way = (seen.guides - g.gate) * seen.height_m / seen.guides
        return min(g.fast_mps, g.creep_mps + g.slowing_per_s * way)
    if _lands(seen, g):
        servo.easing, servo.over_s = 0, 0.0
        return g.creep_mps
    force = max(abs(seen.axial), math.hypot(seen.lateral_x, seen.lateral_y))
    servo.over_s = servo.over_s + DECISION_S if force > g.blocked else 0.0
    if servo.over_s >= g.blocked_s or (servo.easing == 1 and force > g.free):
        servo.easing = 1
        return -g.ease_mps
    servo.easing = 0
    return g.creep_mps


@kernel
def _lands(seen: Any, g: Any) -> bool:
    """True if the seat itself gives the resistance."""
    made = seen.pads[0] + seen.pads[1] + seen.pads[2] + seen.pads[3]
    return seen.guides < g.landed or (made > 0 and seen.height_m < LANDING_HEIGHT_M)


@kernel
def _within(value: float, most: float) -> float:
    return min(max(value, -most), most)


@kernel
def speeds_one(seen: Any, servo: Any, gains: Any, out: Any) -> None:
    """Run `servo_speeds` on one record each."""
    servo_speeds(seen[0], servo[0], gains[0], out)


class VisualServo:
    """Setpoints from the readings; call `speeds` once each decision."""

    def __init__(self, gains: Gains | None = None) -> None:
        self.gains = gains or Gains()
        self._gains, self._seen = gains_record(self.gains), np.zeros(1, SENSED)
        self.begin()

    def begin(self) -> None:
        """Begin a new insertion."""
        self._servo = new_servo()

    def speeds(self, seen: Sensed) -> Array:
        """(4,) along x, y (m/s), towards the seat (m/s), yaw (rad/s)."""
        as_record(seen, self._seen)
        out = np.zeros(4)
        speeds_one(self._seen, self._servo, self._gains, out)
        return out
