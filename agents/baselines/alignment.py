"""Alignment by the station's own servo: visual servo, creep, spiral search and back-off (`twin.alignment.servo`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.alignment.sensed import Sensed
from twin.alignment.servo import VisualServo

Array = np.ndarray
PADS = ("front_left", "front_right", "rear_left", "rear_right")


class ServoPolicy:
    """`VisualServo` on the observation of `swaptwin/Alignment-v0`, as a policy.

    In residual mode the environment already applies the servo: this policy then adds nothing to it.
    """

    def __init__(self, environment: Any = None) -> None:
        from envs.alignment import ACTION, OBSERVATION

        self.residual = getattr(environment, "action_mode", "direct") == "residual"
        self.servo = VisualServo()
        self._names = [q.name for q in OBSERVATION]
        self._scales = np.array([q.scale for q in OBSERVATION])
        self._per_unit = 1.0 / np.array([q.scale for q in ACTION])

    def begin(self, seed: int) -> None:
        """Begin a new insertion; nothing is drawn."""
        self.servo.begin()

    def act(self, observation: Array) -> Array:
        """Return the scaled action for a scaled observation."""
        if self.residual:
            return np.zeros(len(self._per_unit), np.float32)
        speeds = self.servo.speeds(self._sensed(observation))
        return np.clip(speeds * self._per_unit, -1.0, 1.0).astype(np.float32)

    def _sensed(self, observation: Array) -> Sensed:
        v = dict(zip(self._names, (observation * self._scales).tolist(), strict=True))
        return Sensed(
            axis_x_m=v["axis_x"],
            axis_y_m=v["axis_y"],
            pack_x_m=v["pack_x"],
            pack_y_m=v["pack_y"],
            yaw_rad=v["yaw"],
            tilt_x=v["tilt_x"],
            tilt_y=v["tilt_y"],
            height_m=v["height"],
            guides=v["guides"],
            sway_x_m=v["sway_x"],
            sway_y_m=v["sway_y"],
            sway_x_mps=v["sway_x_rate"],
            sway_y_mps=v["sway_y_rate"],
            speed_x_mps=v["axis_speed_x"],
            speed_y_mps=v["axis_speed_y"],
            speed_in_mps=v["axis_speed_in"],
            speed_yaw_radps=v["axis_speed_yaw"],
            load=v["load"],
            axial=v["axial"],
            lateral_x=v["lateral_x"],
            lateral_y=v["lateral_y"],
            pads=tuple(round(v[f"pad_{place}"]) for place in PADS),
            frames=round(v["frames"]),
            elapsed_s=v["elapsed"],
            carried_kg=v["mass"],
            rope_m=v["rope"],
        )
