"""Docking by a classical controller: Stanley steering, a jerk-limited speed profile, both on the measured pose.

Stanley's law (Hoffmann, Tomlin, Montemerlo, Thrun 2007) steers the front axle to the middle of the lane,

    delta = -(psi + atan(k e / (v + v_0))),

on the lidar's pose, extrapolated by speed and yaw rate over its age and the actuators' lags: dead reckoning between
frames, corrected by a fixed share of each new frame. The speed follows the remaining distance, v(d): constant
deceleration, then proportional to d, so that the truck stops at its place; the acceleration command is rate-limited.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray
CONTROL_S = 0.1
"""Period of a command (docs of the environment)."""
FRONT_SHARE = 0.35
"""Distance of the front axle ahead of the truck's middle, in wheelbases [middle of the shipped trucks]."""


@dataclass(frozen=True)
class Gains:
    """Tuned parameters, in SI, found by hand on seeds that no stored evaluation uses."""

    cross_track_per_s: float = 0.65
    """k: at the approach speed a lateral error fades within v / k, about two metres."""
    soft_mps: float = 0.35
    """v_0: limits the steering gain at low speed."""
    steer_most_rad: float = 0.30
    steer_s: float = 0.20
    """Time constant of the steering angle."""
    steer_lead_s: float = 0.25
    """Steering lag and half a step: the pose is extrapolated by this beyond its age."""
    cruise_mps: float = 1.48
    slowing_mps2: float = 0.5
    settle_s: float = 1.0
    """Near its place the truck's speed is the remaining distance over this."""
    pedal_lead_s: float = 0.3
    """Dead time and rise of the brakes."""
    speed_per_s: float = 1.5
    push_per_s2: float = 0.5
    """Integral gain: rails and rolling resistance slow the truck."""
    push_most_mps2: float = 0.6
    push_within_mps: float = 0.2
    held_up_mps: float = 0.05
    """The integrator is held while the truck pulls away, unless the truck is held up."""
    jerk_mps3: float = 1.5
    most_mps2: float = 0.8
    creep_mps: float = 0.06
    """Slowest approach speed: bounds the time for the last centimetres."""
    aim_m: float = -0.004
    """Target position: short of the ideal place, as a truck cannot reverse."""
    halt_mps2: float = 1.0
    pose_share: float = 0.15
    """Share of a new frame's correction of x and y that is applied: lidar noise against drift of dead reckoning."""
    yaw_share: float = 0.02
    yaw_rad_per_m: float = 0.08
    """The lidar's heading may be biased by a third of a degree for the whole run; the truck's path is not. So the
    heading follows the corrections of y while the truck rolls, and the measured heading only weakly."""
    blocked_mps: float = 0.008
    blocked_m: float = 0.045
    blocked_s: float = 1.2
    """Speed, time and distance at which a truck near its place is taken to lean on the wheel stop."""
    rolling_mps2: float = 0.06
    stood_s: float = 1.0
    nearer_m: float = 0.015
    """After standing this long outside the tolerance the truck tries again, at least this much further."""


@dataclass
class Sensed:
    """Inputs of the controller, in SI: the pose `age_s` and `driven_m` ago, the rest now.

    `new`: 1 if the pose is new in this step, 0 if kept, -1 before the first one (then it is a guess).
    """

    x_m: float
    y_m: float
    yaw_rad: float
    age_s: float
    driven_m: float
    new: int
    speed_mps: float
    yaw_rate_radps: float
    steer_rad: float


class Stanley:
    """The controller on physical quantities; `drive` gives steering rate (rad/s) and acceleration (m/s2)."""

    def __init__(self, gains: Gains | None = None) -> None:
        self.gains = gains or Gains()
        self.begin()

    def begin(self) -> None:
        """Begin a new drive."""
        self.pose: Array | None = None
        self.push_mps2 = self.pedal_mps2 = self.blocked_s = self.stood_s = 0.0
        self.nearer_m = 0.0
        self.halting = False

    def drive(self, seen: Sensed, wheelbase_m: float) -> tuple[float, float]:
        """Compute one control step; call once per step."""
        front_x_m = FRONT_SHARE * wheelbase_m
        x, y, yaw = self._estimate(seen, wheelbase_m - front_x_m)
        return self._steer(seen, y + front_x_m * math.sin(yaw), yaw, front_x_m), self._pedal(seen, x)

    def _estimate(self, seen: Sensed, rear_m: float) -> Array:
        """Estimate the current pose: dead reckoning, corrected by a share of each extrapolated new frame."""
        measured = np.array([seen.x_m, seen.y_m, seen.yaw_rad])
        if seen.new < 0:
            return measured
        now = _ahead(measured, seen.driven_m, seen.yaw_rate_radps * seen.age_s, rear_m)
        if self.pose is None:
            self.pose = now
            return now
        self.pose = _ahead(self.pose, seen.speed_mps * CONTROL_S, seen.yaw_rate_radps * CONTROL_S, rear_m)
        if seen.new > 0:
            g, off = self.gains, now - self.pose
            off[2] = g.yaw_share * off[2] + g.yaw_rad_per_m * min(max(seen.speed_mps, 0.0), 1.0) * off[1]
            off[:2] *= g.pose_share
            self.pose = self.pose + off
        return self.pose

    def _steer(self, seen: Sensed, front_y: float, yaw: float, front_x_m: float) -> float:
        if self.halting:
            return 0.0
        g, v = self.gains, max(seen.speed_mps, 0.0)
        yaw_soon = yaw + g.steer_lead_s * seen.yaw_rate_radps
        error = front_y + g.steer_lead_s * (v * math.sin(0.5 * (yaw + yaw_soon)) + front_x_m * seen.yaw_rate_radps)
        wanted = -(yaw_soon + math.atan(g.cross_track_per_s * error / (v + g.soft_mps)))
        wanted = min(max(wanted, -g.steer_most_rad), g.steer_most_rad)
        return (wanted - seen.steer_rad) / g.steer_s

    def _profile(self, left_m: float) -> tuple[float, float]:
        """Return the desired (speed, acceleration) at this distance from the target position."""
        g = self.gains
        joint_m = g.slowing_mps2 * g.settle_s**2  # there sqrt(2 a (d - joint / 2)) and d / settle meet with equal slope
        if left_m <= joint_m:
            speed = left_m / g.settle_s
            if speed <= g.creep_mps:
                return g.creep_mps, 0.0
            return speed, -speed / g.settle_s
        speed = math.sqrt(2.0 * g.slowing_mps2 * (left_m - 0.5 * joint_m))
        return (speed, -g.slowing_mps2) if speed < g.cruise_mps else (g.cruise_mps, 0.0)

    def _pedal(self, seen: Sensed, x: float) -> float:
        g, v = self.gains, seen.speed_mps
        left = g.aim_m + self.nearer_m - x
        if self.halting:
            self._stand(v, left)
        slow = v < g.blocked_mps and left < g.blocked_m
        self.blocked_s = self.blocked_s + CONTROL_S if slow else 0.0
        there = left <= v * g.pedal_lead_s + 0.5 * v * v / g.halt_mps2
        if self.halting or there or self.blocked_s > g.blocked_s:
            self.halting = True
            self.pedal_mps2 = -g.halt_mps2
            return self.pedal_mps2
        speed, _ = self._profile(left)
        _, acceleration = self._profile(max(left - g.pedal_lead_s * v, 0.0))
        error = speed - v
        if abs(error) < g.push_within_mps or abs(v) < g.held_up_mps:
            short = min(error, g.push_within_mps)
            self.push_mps2 = min(max(self.push_mps2 + g.push_per_s2 * short * CONTROL_S, -0.1), g.push_most_mps2)
        wanted = acceleration + g.speed_per_s * error + self.push_mps2 + g.rolling_mps2
        wanted = min(max(wanted, -g.most_mps2), g.most_mps2)
        most = g.jerk_mps3 * CONTROL_S
        self.pedal_mps2 += min(max(wanted - self.pedal_mps2, -most), most)
        return self.pedal_mps2

    def _stand(self, speed_mps: float, left_m: float) -> None:
        """Handle a standstill outside the tolerance: try the rest again, a little nearer each time."""
        g = self.gains
        self.stood_s = self.stood_s + CONTROL_S if abs(speed_mps) < g.blocked_mps else 0.0
        if self.stood_s > g.stood_s:
            self.halting, self.stood_s, self.push_mps2, self.pedal_mps2 = False, 0.0, 0.0, 0.0
            self.nearer_m += max(g.nearer_m - left_m, 0.0)


class StanleyDriver:
    """`Stanley` on the observation of `swaptwin/Docking-v0`, as a policy."""

    def __init__(self, environment: Any = None, gains: Gains | None = None) -> None:
        from envs.docking import ACTION, OBSERVATION

        self.controller = Stanley(gains)
        self._index = {q.name: i for i, q in enumerate(OBSERVATION)}
        self._scales = np.array([q.scale for q in OBSERVATION])
        self._per_unit = 1.0 / np.array([q.scale for q in ACTION])

    def begin(self, seed: int) -> None:
        """Begin a new drive; nothing is drawn."""
        self.controller.begin()

    def act(self, observation: Array) -> Array:
        """Return the scaled action for a scaled observation."""
        values = dict(zip(self._index, (observation * self._scales).tolist(), strict=True))
        seen = Sensed(
            x_m=values["measured_x"],
            y_m=values["measured_y"],
            yaw_rad=values["measured_yaw"],
            age_s=values["measured_age"],
            driven_m=values["driven_since"],
            new=round(values["measured_new"]),
            speed_mps=values["speed"],
            yaw_rate_radps=values["yaw_rate"],
            steer_rad=values["steering_angle"],
        )
        command = self.controller.drive(seen, values["wheelbase"])
        return np.clip(np.array(command) * self._per_unit, -1.0, 1.0).astype(np.float32)


def _ahead(pose: Array, distance_m: float, turned_rad: float, rear_m: float) -> Array:
    """Return the pose after an arc; the middle of the rear axles, `rear_m` behind, follows its own heading."""
    x, y, yaw = pose
    middle, after = yaw + 0.5 * turned_rad, yaw + turned_rad
    x += distance_m * math.cos(middle) + rear_m * (math.cos(after) - math.cos(yaw))
    y += distance_m * math.sin(middle) + rear_m * (math.sin(after) - math.sin(yaw))
    return np.array([x, y, after])
