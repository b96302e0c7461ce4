"""Observation before each decision of an insertion, and the setpoints that an action means.

`swaptwin/Alignment-v1` and a swap whose insertions follow a policy share this code, so a policy sees and does the same
in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from envs.scaling import Quantity
from twin.alignment.sensed import DECISION_S, SENSED, Sensed, as_record
from twin.alignment.servo import MAX_SETPOINT, Gains, gains_record, new_servo, servo_speeds
from twin.catalogue import Station
from twin.catalogue.schema import FourRope
from twin.gravity import GRAVITY_MPS2
from twin.motion.kernels import kernel
from twin.records import YAW, X, Y, Z

Array = np.ndarray

ACTION_MODES = ("direct", "residual")
MAX_IN_MPS = 0.25
"""Largest setpoint towards the seat: the gantry's hoist with a pack. A slower axis has its own limit
(`twin.motion.limits`)."""
RESIDUAL_SHARES = np.array([0.25, 0.25, MAX_SETPOINT[Z] / MAX_IN_MPS, 0.25])
"""Share of the direct range of x, y, in and yaw that a residual may add to the servo: inwards the servo's own largest
setpoint. Sideways it only corrects; the insertion speed, and whether to wait over the pins, are the policy's decision
[chosen]."""
RESIDUAL_ON = ("servo_x", "servo_y", "servo_in", "servo_yaw")
"""Observed quantities that it is added to."""

ACTION = (
    Quantity("speed_x", "m/s", MAX_SETPOINT[X], -1.0, 1.0, "of axis x"),
    Quantity("speed_y", "m/s", MAX_SETPOINT[Y], -1.0, 1.0, "of axis y"),
    Quantity("speed_in", "m/s", MAX_IN_MPS, -1.0, 1.0, "of the hoist or lift, towards the seat"),
    Quantity("speed_yaw", "rad/s", MAX_SETPOINT[YAW], -1.0, 1.0, "of the yaw axis, left positive"),
)
OBSERVATION = (
    Quantity("axis_x", "m", 0.05, -2.0, 2.0, "guide pins at this height, by the scanner, less axis x"),
    Quantity("axis_y", "m", 0.05, -2.0, 2.0, "guide pins at this height, by the scanner, less axis y"),
    Quantity("pack_x", "m", 0.05, -2.0, 2.0, "the same less the sway: where the pack itself is"),
    Quantity("pack_y", "m", 0.05, -2.0, 2.0, "the same less the sway: where the pack itself is"),
    Quantity("yaw", "rad", 0.02, -2.0, 2.0, "seat by the scanner less the yaw axis"),
    Quantity("tilt_x", "m/m", 0.02, -2.0, 2.0, "how far the guide pins lean to x, by the scanner"),
    Quantity("tilt_y", "m/m", 0.02, -2.0, 2.0, "how far the guide pins lean to y, by the scanner"),
    Quantity("height", "m", 0.5, -1.0, 2.0, "of the pack over its seat, along the insert direction"),
    Quantity("guides", "pins", 3.0, -0.5, 2.0, "the same in lengths of the guide pins"),
    Quantity("sway_x", "m", 0.03, -2.0, 2.0, "of the load from its trolley, or of the table from its centre"),
    Quantity("sway_y", "m", 0.03, -2.0, 2.0, "of the load from its trolley, or of the table from its centre"),
    Quantity("sway_x_rate", "m/s", 0.06, -2.0, 2.0, "filtered over 0.1 s"),
    Quantity("sway_y_rate", "m/s", 0.06, -2.0, 2.0, "filtered over 0.1 s"),
    Quantity("axis_speed_x", "m/s", MAX_SETPOINT[X], -2.0, 2.0, "by its encoder"),
    Quantity("axis_speed_y", "m/s", MAX_SETPOINT[Y], -2.0, 2.0, "by its encoder"),
    Quantity("axis_speed_in", "m/s", MAX_SETPOINT[Z], -2.0, 2.0, "by its encoder, towards the seat"),
    Quantity("axis_speed_yaw", "rad/s", MAX_SETPOINT[YAW], -2.0, 2.0, "by its encoder"),
    Quantity("load", "-", 1.0, -1.5, 1.5, "load cell less what hangs there, over the pack's weight"),
    Quantity("axial", "-", 1.0, -2.0, 2.0, "the same over the force that counts as a jam, close up"),
    Quantity("lateral_x", "-", 1.0, -2.0, 2.0, "guide force over the limit that ends an insertion"),
    Quantity("lateral_y", "-", 1.0, -2.0, 2.0, "guide force over the limit that ends an insertion"),
    Quantity("pad_front_left", "-", 1.0, 0.0, 1.0, "1 with this seat switch made"),
    Quantity("pad_front_right", "-", 1.0, 0.0, 1.0, "1 with this seat switch made"),
    Quantity("pad_rear_left", "-", 1.0, 0.0, 1.0, "1 with this seat switch made"),
    Quantity("pad_rear_right", "-", 1.0, 0.0, 1.0, "1 with this seat switch made"),
    Quantity("frames", "-", 100.0, 0.0, 2.0, "of the truck's pose that were taken since hover"),
    Quantity("elapsed", "s", 20.0, 0.0, 3.0, "since hover"),
    Quantity("mass", "kg", 4000.0, 0.0, 2.0, "of the pack, as weighed"),
    Quantity("rope", "m", 4.0, 0.0, 2.0, "length of the ropes; 0 where none swing"),
    Quantity("previous_x", "m/s", MAX_SETPOINT[X], -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("previous_y", "m/s", MAX_SETPOINT[Y], -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("previous_in", "m/s", MAX_SETPOINT[Z], -2.0, 2.0, "the last setpoint, as sent"),
    Quantity("previous_yaw", "rad/s", MAX_SETPOINT[YAW], -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("servo_x", "m/s", MAX_SETPOINT[X], -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_y", "m/s", MAX_SETPOINT[Y], -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_in", "m/s", MAX_SETPOINT[Z], -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_yaw", "rad/s", MAX_SETPOINT[YAW], -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_passed", "-", 1.0, 0.0, 1.0, "1 once the servo has passed its gate over the pins"),
    Quantity("servo_waiting", "s", 8.0, 0.0, 2.0, "time for which the servo has waited at its gate"),
    Quantity("servo_stuck", "s", 2.0, 0.0, 2.0, "time without progress in depth; at 2 s the servo backs off"),
    Quantity("servo_easing", "-", 1.0, 0.0, 1.0, "1 while the servo eases off resistance"),
    Quantity("servo_retreating", "-", 1.0, 0.0, 1.0, "1 while the servo backs off over its gate"),
    Quantity("servo_tries", "-", 4.0, 0.0, 2.0, "how often the servo has backed off: its place on the spiral"),
    Quantity("swing_x", "m", 0.03, -2.0, 2.0, "sway by an observer: a pendulum's model and the sensor"),
    Quantity("swing_y", "m", 0.03, -2.0, 2.0, "sway by an observer: a pendulum's model and the sensor"),
    Quantity("swing_x_rate", "m/s", 0.06, -2.0, 2.0, "its rate by the observer"),
    Quantity("swing_y_rate", "m/s", 0.06, -2.0, 2.0, "its rate by the observer"),
    Quantity("peak_lateral", "-", 1.0, 0.0, 2.0, "largest guide force seen so far over that limit"),
    Quantity("care", "-", 1.0, 0.0, 1.0, "what force weighs in the reward: 0 fast, 1 careful"),
    Quantity("tips", "pins", 0.35, -2.0, 2.0, "height of the pack over the tips of the guide pins, close up"),
)
EARLIER: dict[int, tuple[tuple[Quantity, ...], tuple[Quantity, ...]]] = {
    0: (
        OBSERVATION[:37],
        tuple(replace(quantity, scale=most) for quantity, most in zip(ACTION, MAX_SETPOINT, strict=True)),
    )
}
"""Observation and action of earlier versions: each observation is the beginning of this one."""
EARLIER_SHARES = {0: np.array([0.25, 0.25, 1.0, 0.25])}
"""RESIDUAL_SHARES of earlier versions."""


MEMORY = 20
"""Decisions that the observer of the sway averages over: a second, half a swing of the shortest rope [chosen]."""
MEMORY_ON_PINS = 4
"""The same where no model of a pendulum holds: on the pins, on a mast, on a table [chosen]."""
ON_PINS = 1.0
"""Height in lengths of the guide pins below which a pack has passed the servo's gate, calm or not."""

CONTROL = np.dtype(
    [
        ("residual", np.int64),  # 1: an action is added to the servo's setpoints
        ("ropes", np.int64),  # 1: the load hangs on ropes, as a pendulum
        ("care", np.float64),
        ("servo_setpoint", np.float64, 4),  # the servo's setpoints now: x, y, towards the seat (m/s), yaw (rad/s)
        ("setpoint", np.float64, 4),  # the last setpoints
        ("looks", np.int64),  # in the observer's memory
        ("swing_m", np.float64, 2),  # sway by the observer
        ("swing_mps", np.float64, 2),
        ("speed_mps", np.float64, 2),  # of axes x and y at the last look
        ("peak_lateral", np.float64),
        # state of the servo
        ("passed", np.int64),
        ("waiting_s", np.float64),
        ("stuck_s", np.float64),
        ("easing", np.int64),
        ("retreating", np.int64),
        ("tries", np.int64),
    ]
)
"""One insertion's side of the decider."""
_SERVO_SCALES = np.array(MAX_SETPOINT)
_SCALES = np.array([q.scale for q in ACTION])
_PER_UNIT = 1.0 / np.array([q.scale for q in OBSERVATION])
_LOW, _HIGH = np.array([q.low for q in OBSERVATION]), np.array([q.high for q in OBSERVATION])


def new_control(mode: str, station: Station, care: float = 0.0) -> np.ndarray:
    """Make (1,) CONTROL at the beginning of an insertion."""
    control = np.zeros(1, CONTROL)
    control["residual"], control["ropes"] = mode == "residual", isinstance(station.reeving, FourRope)
    control["care"] = care
    return control


@kernel
def follow_servo(seen: Any, servo: Any, gains: Any, control: Any) -> None:
    """Update the servo and the observer with the sensed values, even where a policy decides alone.

    A pack that a policy has brought onto the pins has passed the gate: the servo leads it on, rather than back to wait.
    """
    if servo.passed == 0 and servo.retreating == 0 and seen.guides < ON_PINS:
        servo.passed = 1
    servo_speeds(seen, servo, gains, control.servo_setpoint)
    for i in range(4):
        control.servo_setpoint[i] = min(max(control.servo_setpoint[i], -_SERVO_SCALES[i]), _SERVO_SCALES[i])
    waits = servo.waits == 1 and servo.passed == 0 and servo.retreating == 0
    control.waiting_s = seen.elapsed_s - servo.since_s if waits else 0.0
    control.stuck_s = seen.elapsed_s - servo.deepest_s if servo.passed == 1 and servo.retreating == 0 else 0.0
    control.passed, control.easing = servo.passed, servo.easing
    control.retreating, control.tries = servo.retreating, servo.tries
    control.peak_lateral = max(control.peak_lateral, math.hypot(seen.lateral_x, seen.lateral_y))
    observe_swing(seen, control)


@kernel
def observe_swing(seen: Any, control: Any) -> None:
    """Estimate the sway and its rate: predict by s'' = -g s / L - a, correct by the sensor.

    The gains are those of a growing-memory filter of first order (Brookner 1998, ch. 6) up to a number of looks, and
    fixed from there on. Off the ropes there is no model: the rate is taken as constant.
    """
    hangs = control.ropes == 1 and seen.guides > ON_PINS and seen.rope_m > 0.0
    control.looks = min(control.looks + 1, MEMORY if hangs else MEMORY_ON_PINS)
    n = control.looks
    keep, rate = 2.0 * (2.0 * n - 1.0) / (n * (n + 1.0)), 6.0 / (n * (n + 1.0))
    turn, omega = 0.0, 1.0
    if hangs:
        omega = math.sqrt(GRAVITY_MPS2 / seen.rope_m)
        turn = omega * DECISION_S
    c, s = math.cos(turn), math.sin(turn) / omega if hangs else DECISION_S
    for i in range(2):
        at, measured = (seen.speed_x_mps, seen.sway_x_m) if i == 0 else (seen.speed_y_mps, seen.sway_y_m)
        was_m, was_mps = control.swing_m[i], control.swing_mps[i]
        swing_m, swing_mps = c * was_m + s * was_mps, c * was_mps
        if hangs:
            gained = at - control.speed_mps[i]  # of the trolley, evenly over the step
            swing_m -= 0.5 * DECISION_S * gained
            swing_mps -= omega * omega * s * was_m + gained
        control.speed_mps[i] = at
        off = measured - swing_m
        control.swing_m[i] = swing_m + keep * off
        control.swing_mps[i] = swing_mps + (rate * off / DECISION_S if n > 1 else 0.0)


@kernel
def scaled_setpoints(control: Any, action: Any) -> None:
    """Write the setpoints of a scaled action (4,) within its bounds into `control.setpoint`."""
    for i in range(4):
        if control.residual == 0:
            control.setpoint[i] = action[i] * _SCALES[i]
        else:
            summed = control.servo_setpoint[i] + RESIDUAL_SHARES[i] * action[i] * _SCALES[i]
            control.setpoint[i] = min(max(summed, -_SCALES[i]), _SCALES[i])


@kernel
def observe(seen: Any, control: Any, out: Any) -> None:
    """Write OBSERVATION, scaled and clipped, into `out` (50,) float32."""
    values = (
        seen.axis_x_m, seen.axis_y_m, seen.pack_x_m, seen.pack_y_m, seen.yaw_rad, seen.tilt_x, seen.tilt_y,
        seen.height_m, seen.guides, seen.sway_x_m, seen.sway_y_m, seen.sway_x_mps, seen.sway_y_mps, seen.speed_x_mps,
        seen.speed_y_mps, seen.speed_in_mps, seen.speed_yaw_radps, seen.load, seen.axial, seen.lateral_x,
        seen.lateral_y, float(seen.pads[0]), float(seen.pads[1]), float(seen.pads[2]), float(seen.pads[3]),
        float(seen.frames), seen.elapsed_s, seen.carried_kg, seen.rope_m,
        control.setpoint[0], control.setpoint[1], control.setpoint[2], control.setpoint[3],
        control.servo_setpoint[0], control.servo_setpoint[1], control.servo_setpoint[2], control.servo_setpoint[3],
        float(control.passed), control.waiting_s, control.stuck_s, float(control.easing), float(control.retreating),
        float(control.tries), control.swing_m[0], control.swing_m[1], control.swing_mps[0], control.swing_mps[1],
        control.peak_lateral, control.care, seen.guides - 1.0,
    )  # fmt: skip
    for i in range(len(values)):
        out[i] = min(max(values[i] * _PER_UNIT[i], _LOW[i]), _HIGH[i])


@kernel
def follow_servo_one(seen: Any, servo: Any, gains: Any, control: Any) -> None:
    """Call `follow_servo` with one record each."""
    follow_servo(seen[0], servo[0], gains[0], control[0])


@kernel
def observe_one(seen: Any, control: Any, out: Any) -> None:
    """Call `observe` with one record each."""
    observe(seen[0], control[0], out)


@kernel
def setpoints_one(control: Any, action: Any) -> None:
    """Call `scaled_setpoints` with one record."""
    scaled_setpoints(control[0], action)


class Control:
    """Observations and setpoints of one insertion: call `look` before each action, `setpoints` with it, at 20 Hz.

    Attributes:
        mode: one of ACTION_MODES.
    """

    def __init__(self, mode: str, station: Station, care: float = 0.0) -> None:
        """`care`: from 0, fast, to 1; observed."""
        self.mode, self._station, self._care = mode, station, care
        self._gains, self._seen = gains_record(Gains()), np.zeros(1, SENSED)
        self.begin()

    def begin(self) -> None:
        """Begin a new insertion."""
        self._servo, self._record = new_servo(), new_control(self.mode, self._station, self._care)

    def look(self, seen: Sensed) -> None:
        """Take the sensed values and update the servo, even where a policy decides alone."""
        as_record(seen, self._seen)
        follow_servo_one(self._seen, self._servo, self._gains, self._record)

    def observation(self) -> Array:
        """Return the observation of the last look as a new (O,) float32 array, in the order of OBSERVATION."""
        out = np.empty(len(OBSERVATION), np.float32)
        observe_one(self._seen, self._record, out)
        return out

    def setpoints(self, scaled: Sequence[float]) -> Array:
        """Return the setpoints (4,) of a scaled action: x, y, towards the seat (m/s) and yaw (rad/s)."""
        setpoints_one(self._record, np.array(scaled))
        sent: Array = self._record["setpoint"][0].copy()
        return sent
