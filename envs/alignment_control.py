"""The setpoints of one insertion: what is observed before each decision, and what an action comes to.

`swaptwin/Alignment-v0` and a swap whose insertions follow a policy both go through this, so that a policy sees and does
the same in both.
"""

from __future__ import annotations

import numpy as np

from envs.scaling import Quantity, Scaler
from twin.alignment.sensed import Sensed
from twin.alignment.servo import VisualServo

Array = np.ndarray

ACTION_MODES = ("direct", "residual")
RESIDUAL_SHARES = np.array([0.25, 0.25, 1.0, 0.25])
"""Of the direct range of x, y, in and yaw, that a residual may add to the servo. Sideways it corrects and the servo
leads; how fast to go in, and whether to wait over the pins, is its to say [chosen]."""

ACTION = (
    Quantity("speed_x", "m/s", 0.06, -1.0, 1.0, "of axis x"),
    Quantity("speed_y", "m/s", 0.06, -1.0, 1.0, "of axis y"),
    Quantity("speed_in", "m/s", 0.15, -1.0, 1.0, "of the hoist or lift, towards the seat"),
    Quantity("speed_yaw", "rad/s", 0.03, -1.0, 1.0, "of the yaw axis, left positive"),
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
    Quantity("axis_speed_x", "m/s", 0.06, -2.0, 2.0, "by its encoder"),
    Quantity("axis_speed_y", "m/s", 0.06, -2.0, 2.0, "by its encoder"),
    Quantity("axis_speed_in", "m/s", 0.15, -2.0, 2.0, "by its encoder, towards the seat"),
    Quantity("axis_speed_yaw", "rad/s", 0.03, -2.0, 2.0, "by its encoder"),
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
    Quantity("previous_x", "m/s", 0.06, -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("previous_y", "m/s", 0.06, -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("previous_in", "m/s", 0.15, -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("previous_yaw", "rad/s", 0.03, -1.0, 1.0, "the last setpoint, as sent"),
    Quantity("servo_x", "m/s", 0.06, -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_y", "m/s", 0.06, -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_in", "m/s", 0.15, -1.0, 1.0, "what the station's own servo would send now"),
    Quantity("servo_yaw", "rad/s", 0.03, -1.0, 1.0, "what the station's own servo would send now"),
)


class Control:
    """One insertion's side of the decider: call `look` before and `setpoints` with each action, 20 times a second.

    Attributes:
        mode: one of ACTION_MODES.
        led: (4,) what the station's own servo would send now, along x, y, towards the seat (m/s) and yaw (rad/s).
        sent: (4,) the last setpoints.
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._scaler = Scaler(OBSERVATION)
        self._scales = np.array([q.scale for q in ACTION])
        self.begin()

    def begin(self) -> None:
        """A new insertion."""
        self._servo = VisualServo()
        self.led, self.sent = np.zeros(len(ACTION)), np.zeros(len(ACTION))

    def look(self, seen: Sensed) -> None:
        """Take what is sensed now; the servo sees every look, whoever decides."""
        self._seen = seen
        self.led = np.clip(self._servo.speeds(seen), -self._scales, self._scales)

    def observation(self) -> Array:
        """(O,) float32 in the order of OBSERVATION, of the last look; always a new array."""
        s = self._seen
        values = [s.axis_x_m, s.axis_y_m, s.pack_x_m, s.pack_y_m, s.yaw_rad, s.tilt_x, s.tilt_y]
        values += [s.height_m, s.guides]
        values += [s.sway_x_m, s.sway_y_m, s.sway_x_mps, s.sway_y_mps]
        values += [s.speed_x_mps, s.speed_y_mps, s.speed_in_mps, s.speed_yaw_radps]
        values += [s.load, s.axial, s.lateral_x, s.lateral_y, *s.pads]
        values += [float(s.frames), s.elapsed_s, s.carried_kg, s.rope_m, *self.sent.tolist(), *self.led.tolist()]
        return self._scaler.scaled(values)

    def setpoints(self, scaled: list[float]) -> Array:
        """(4,) along x, y, towards the seat and yaw, in m/s and rad/s, that a scaled action within its bounds means."""
        if self.mode == "direct":
            self.sent = np.array(scaled) * self._scales
        else:
            led = self.led + RESIDUAL_SHARES * np.array(scaled) * self._scales
            self.sent = np.clip(led, -self._scales, self._scales)
        return self.sent
