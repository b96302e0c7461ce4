"""Pose of the truck as guidance has it, for N worlds: odometry, lidar and steering in an extended Kalman filter.

State: x, y, yaw; relative error of the wheel speed; lasting errors of the lidar's heading and of the gyroscope; drift,
the sideways slip by which a truck crabs on a cross-slope; the wandering errors of the lidar's x, y and heading, each an
Ornstein-Uhlenbeck process. Between frames the middle of the rear axles moves along the heading and drifts down the
slope; speed and yaw rate are integrated by the trapezoidal rule. A frame is late: it corrects the pose by its
difference from the pose that was estimated when it was taken. A lasting error of the lidar's x and y cannot be observed
and stays.

A second, scalar filter has the offset of the steering angle's sensor, from the way in which the truck turns; a third
one, of first order, how far the operator holds the wheels from the angle that was asked.

Textbook: Thrun, Burgard, Fox, Probabilistic Robotics, 3.3 and 5.4; coloured measurement noise: Bar-Shalom, Li,
Kirubarajan, Estimation with Applications to Tracking and Navigation, 8.2.
"""

from __future__ import annotations

import numpy as np

from twin.docking.estimator import (
    ALONG_M_PER_ROOT_M,
    GYRO_RAD_PER_ROOT_S,
    GYRO_SIGMA_RADPS,
    SLIP_M_PER_ROOT_M,
    START_SIGMA,
    STILL_M,
)
from twin.docking.params import CONTROL_S
from twin.docking.state import QD, STEER, YAW

Array = np.ndarray
X_M, Y_M, YAW_RAD, SCALE, BIAS_RAD, GYRO_RADPS, DRIFT = range(7)
WANDER = 7
"""First of the three wandering errors: x, y, heading."""
N = 10
KEPT = 8
"""Control steps of poses kept: older frames are not used."""
DRIFT_PER_CAMBER, DRIFT_SIGMA = 0.14, 0.001
"""Slip of an axle by the surveyed cross-slope [derived: 1 over the tyres' cornering stiffness of 7 per rad and load],
and what is left uncertain beside a third of it [estimate: combined slip, grip]."""
DRIFT_PER_ROOT_M = 0.0002
"""Random walk of the drift [estimate: driving and braking change the slip by half within metres]."""
BIAS_RAD_PER_ROOT_M = 0.0002
STEER_SIGMA_RAD = 0.006
"""Of the steering sensor's offset [as the scenarios]."""
STEER_NOISE_RAD, STEER_RAD_PER_STEP = 0.02, 0.0005
"""Of one comparison with the turning, and its random walk [chosen: about 4 s in the end; slip comes and goes]."""
ROLLS_MPS = 0.3
"""Speed from which the turning says where the wheels point."""

ASKED_S, HELD_S = 0.8, 3.0
"""Time constants: of the operator's following, and of the average of what is left [chosen: a driver's hand wanders]."""


class Guidance:
    """N filters. Call `begin`, then `advance` once a control step.

    Attributes:
        mean: (N, 10) state; covariance: (N, 10, 10).
        steering_offset_rad: (N,) reading over true angle.
        held_rad: (N,) reading over the angle that was asked, in the long run.
        age_s: (N,) of the last frame, or time since the start.
        stood_s: (N,) time at a standstill by the wheels.
    """

    def __init__(self, n: int) -> None:
        self.mean, self.covariance = np.zeros((n, N)), np.zeros((n, N, N))
        self.steering_offset_rad, self._steer_var = np.zeros(n), np.zeros(n)
        self.held_rad, self._asked_rad = np.zeros(n), np.zeros(n)
        self.age_s, self.stood_s = np.zeros(n), np.zeros(n)
        self._past = np.zeros((n, KEPT, 3))
        self._step, self._tick = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._speed, self._rate = np.zeros(n), np.zeros(n)

    def begin(self, which: Array, params: Array, x_m: Array) -> None:
        """Begin drives `which` (K,) at assumed distances (K,) in the middle of the lane."""
        p = params[which]
        mean, variance = np.zeros((len(which), N)), np.zeros((len(which), N))
        mean[:, X_M] = x_m
        mean[:, DRIFT] = -DRIFT_PER_CAMBER * p["camber"]
        variance[:, :4] = np.square(START_SIGMA)
        variance[:, BIAS_RAD] = p["lidar_bias_rad"] ** 2 / 3.0 + 1e-8
        variance[:, GYRO_RADPS] = GYRO_SIGMA_RADPS**2
        variance[:, DRIFT] = DRIFT_SIGMA**2 + np.square(mean[:, DRIFT] / 3.0)
        variance[:, WANDER:] = np.square(p["lidar_wander"][:, [0, 0, 1]])
        self.mean[which] = mean
        self.covariance[which] = variance[:, :, None] * np.eye(N)
        self.steering_offset_rad[which], self._steer_var[which] = 0.0, STEER_SIGMA_RAD**2
        self.held_rad[which] = self._asked_rad[which] = 0.0
        self.age_s[which] = self.stood_s[which] = 0.0
        self._past[which] = mean[:, None, :3]
        self._step[which], self._tick[which] = 0, -1
        self._speed[which] = self._rate[which] = 0.0

    def advance(self, which: Array, worlds: Array, params: Array, speed_mps: Array, asked_rad: Array) -> None:
        """Advance drives `which` (K,) by one control step and use their frames.

        `speed_mps` (N,): by the wheels; `asked_rad` (N,): steering angle of the last request.
        """
        p, speed, state = params[which], speed_mps[which], worlds["s"]
        rate = np.where(worlds["parked"][which] == 0, state[which, QD + YAW] + p["yaw_rate_offset_radps"], 0.0)
        self._predict(which, p, speed, rate)
        angle = state[which, STEER] + p["steering_offset_rad"]
        self._steer(which, p, speed, rate, angle)
        self._asked_rad[which] += CONTROL_S / ASKED_S * (asked_rad[which] - self._asked_rad[which])
        self.held_rad[which] += CONTROL_S / HELD_S * (angle - self._asked_rad[which] - self.held_rad[which])
        self._speed[which], self._rate[which] = speed, rate
        still = np.abs(speed) < 1e-3
        self.stood_s[which] = np.where(still, self.stood_s[which] + CONTROL_S, 0.0)
        self.look(which, worlds, params)

    def _predict(self, which: Array, p: Array, speed: Array, rate: Array) -> None:
        m, c = self.mean[which], self.covariance[which]
        rear_m = -p["spring_x_m"][:, 1]
        way = 0.5 * (speed + self._speed[which]) * CONTROL_S
        moves = np.abs(way) > STILL_M  # the gyroscope is zeroed at a standstill
        off = np.where(moves, CONTROL_S, 0.0)
        after = m[:, YAW_RAD] + 0.5 * (rate + self._rate[which]) * CONTROL_S - off * m[:, GYRO_RADPS]
        middle = 0.5 * (m[:, YAW_RAD] + after)
        cos, sin = np.cos(middle), np.sin(middle)
        step, slide = way * (1.0 + m[:, SCALE]), np.abs(way) * m[:, DRIFT]
        turn_x, turn_y = np.cos(after) - np.cos(m[:, YAW_RAD]), np.sin(after) - np.sin(m[:, YAW_RAD])
        dx, dy = step * cos - slide * sin + rear_m * turn_x, step * sin + slide * cos + rear_m * turn_y
        m[:, X_M] += dx
        m[:, Y_M] += dy
        m[:, YAW_RAD] = after
        wanders = p["lidar_wander"][:, [0, 0, 1]]
        keep = p["lidar_wander_keep"][:, None]
        m[:, WANDER:] *= keep
        # F = I but for x and y by yaw, wheel speed's error and drift, yaw by the gyroscope's offset, fading errors
        d, part = np.abs(way), np.zeros((3, len(which), 1))
        rows = ((-dy, way * cos, -d * sin), (dx, way * sin, d * cos))
        for _ in range(2):  # rows, then columns
            for i, row in enumerate(rows):
                part[:, :, 0] = row
                c[:, i] += part[0] * c[:, YAW_RAD] + part[1] * c[:, SCALE] + part[2] * c[:, DRIFT]
            c[:, YAW_RAD] -= off[:, None] * c[:, GYRO_RADPS]
            c[:, WANDER:] *= keep[:, :, None]
            c = c.transpose(0, 2, 1)
        c[:, X_M, X_M] += d * ALONG_M_PER_ROOT_M**2
        c[:, Y_M, Y_M] += d * SLIP_M_PER_ROOT_M**2
        c[:, YAW_RAD, YAW_RAD] += np.where(moves, CONTROL_S * GYRO_RAD_PER_ROOT_S**2, 0.0)
        c[:, BIAS_RAD, BIAS_RAD] += d * BIAS_RAD_PER_ROOT_M**2
        c[:, DRIFT, DRIFT] += d * DRIFT_PER_ROOT_M**2
        fresh = np.square(wanders) * (1.0 - np.square(keep))
        for i in range(3):
            c[:, WANDER + i, WANDER + i] += fresh[:, i]
        self.mean[which], self.covariance[which] = m, c
        self._step[which] += 1
        self._past[which, self._step[which] % KEPT] = m[:, :3]

    def _steer(self, which: Array, p: Array, speed: Array, rate: Array, angle: Array) -> None:
        """Compare the steering angle with the turning while the truck rolls."""
        rolls = np.abs(speed) > ROLLS_MPS
        length = p["spring_x_m"][:, 0] - p["spring_x_m"][:, 1]
        turning = np.arctan(length * (rate - self.mean[which, GYRO_RADPS]) / np.where(rolls, speed, 1.0))
        variance = self._steer_var[which] + STEER_RAD_PER_STEP**2
        gain = np.where(rolls, variance / (variance + STEER_NOISE_RAD**2), 0.0)
        limit = 3.0 * STEER_NOISE_RAD
        off = np.clip(angle - turning - self.steering_offset_rad[which], -limit, limit)
        self.steering_offset_rad[which] += gain * off
        self._steer_var[which] = np.where(rolls, (1.0 - gain) * variance, self._steer_var[which])

    def look(self, which: Array, worlds: Array, params: Array) -> None:
        """Use the lidar's last frames where they are new; note their age."""
        tick = worlds["lidar_tick"][which]
        none = tick < 0
        age = np.where(none, self._step[which] * CONTROL_S, (worlds["tick"][which] - tick) * params["dt_s"][which])
        self.age_s[which] = age
        ago = np.rint(age / CONTROL_S).astype(np.int64)
        new = ~none & (tick != self._tick[which]) & (ago <= self._step[which]) & (ago < KEPT)
        self._tick[which] = tick
        if new.any():
            self._correct(which[new], worlds["lidar_pose"][which[new]], params[which[new]], ago[new])

    def _correct(self, which: Array, pose: Array, p: Array, ago: Array) -> None:
        m, c = self.mean[which], self.covariance[which]
        then = self._past[which, (self._step[which] - ago) % KEPT]
        before = m[:, :3].copy()
        dx = then[:, 0] + p["lidar_front_x_m"] - p["lidar_x_m"]
        distance = np.sqrt(dx * dx + then[:, 1] * then[:, 1])
        for i in range(3):
            unit = 1 if i == 2 else 0
            h = np.zeros(N)
            h[[i, WANDER + i]] = 1.0
            sigma = p["lidar_sigma"][:, unit, 0] + p["lidar_sigma"][:, unit, 1] * distance
            known = m[:, WANDER + i]
            if i == 2:
                h[BIAS_RAD] = 1.0
                known = known + m[:, BIAS_RAD]
            off = pose[:, i] - then[:, i] - known - (m[:, i] - before[:, i])
            column = c[:, :, i] + c[:, :, WANDER + i] + (c[:, :, BIAS_RAD] if i == 2 else 0.0)
            total = column[:, i] + column[:, WANDER + i] + (column[:, BIAS_RAD] if i == 2 else 0.0) + sigma * sigma
            gain = column / total[:, None]
            m += gain * off[:, None]
            c -= gain[:, :, None] * column[:, None, :]
        self.mean[which], self.covariance[which] = m, c
        self._past[which] += (m[:, :3] - before)[:, None, :]
