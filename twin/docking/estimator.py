"""Pose of a truck from wheel speed, gyroscope and lidar: an extended Kalman filter, as guidance software has it.

State: x, y, yaw, relative error of the wheel speed, lasting errors of the lidar's heading and of the gyroscope. Between
frames the truck moves along its heading, its rear axle without slip; a frame is late, so it corrects the pose by its
difference from the pose that was estimated when it was taken. The lasting error of the lidar's x and y cannot be
observed and stays.

A second filter has the hitch angle and its sensor's offset: a trailer that is pulled or pushed turns by the angle,
phi' = omega - (v sin(phi) + a omega cos(phi)) / L_t, with the hitch a metres ahead of the rear axle.

Textbook: Thrun, Burgard, Fox, Probabilistic Robotics, 3.3 and 5.4.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.docking.params import CONTROL_S
from twin.motion.kernels import kernel

N = 6
KEPT = 64
"""Control steps of poses kept: older frames are not used."""
SLIP_M_PER_ROOT_M = 0.010
"""Random walk across the heading over a metre [estimate: cross-slope and wet ground]."""
ALONG_M_PER_ROOT_M = 0.003
GYRO_RAD_PER_ROOT_S = 0.0005
"""Random walk of the heading [estimate: noise of a gyroscope of a stability control]."""
STILL_M = 1e-5
"""Way in a control step below which the truck stands."""
BIAS_RAD_PER_ROOT_M = 0.0005
"""Random walk of the lidar's heading error."""
START_SIGMA = (1.5, 0.5, 0.06, 0.012)
GYRO_SIGMA_RADPS = 0.0004
"""Of the gyroscope's offset [as the scenarios]."""
"""Uncertainty of x, y (m), yaw (rad) and wheel speed before the first frame [chosen: beyond drawn starts]."""

HITCH_SIGMA_RAD = 0.006
"""Of the hitch angle's sensor offset [as the scenarios]."""
HITCH_RAD_PER_ROOT_M = 0.002
"""Random walk of the hitch angle [estimate: tyres that slip and scrub]."""
HITCH_NOISE_RAD = 0.002
"""Of one reading [chosen: weighs the sensor against the kinematics]."""

ESTIMATE = np.dtype(
    [
        ("mean", np.float64, N),
        ("covariance", np.float64, (N, N)),
        ("room", np.float64, (N, N)),
        ("past", np.float64, (KEPT, 3)),  # pose at each control step; step k at k modulo KEPT
        ("hitch", np.float64, 2),  # angle, offset of its sensor
        ("hitch_covariance", np.float64, 3),  # angle, both, offset
        ("step", np.int64),
        ("lidar_tick", np.int64),  # of the last frame used
        ("age_s", np.float64),
    ]
)
Record = Any


@kernel
def begin(e: Record, p: Record, x_m: float) -> None:
    """Begin at an assumed distance in the middle of the lane."""
    for i in range(N):
        e.mean[i] = 0.0
        for j in range(N):
            e.covariance[i, j] = 0.0
    e.mean[0] = x_m
    for i in range(4):
        e.covariance[i, i] = START_SIGMA[i] * START_SIGMA[i]
    e.covariance[4, 4] = p.lidar_bias_rad * p.lidar_bias_rad / 3.0 + 1e-8
    e.covariance[5, 5] = GYRO_SIGMA_RADPS * GYRO_SIGMA_RADPS
    e.hitch[0] = e.hitch[1] = 0.0
    e.hitch_covariance[0], e.hitch_covariance[1] = 1.0, 0.0
    e.hitch_covariance[2] = HITCH_SIGMA_RAD * HITCH_SIGMA_RAD
    e.step, e.lidar_tick, e.age_s = 0, -1, 0.0
    for i in range(3):
        e.past[0, i] = e.mean[i]


@kernel
def predict(e: Record, p: Record, speed_mps: float, yaw_rate_radps: float) -> None:
    """Advance by one control step of dead reckoning."""
    rear_m = -p.spring_x_m[1]
    way = speed_mps * CONTROL_S
    m, c, f = e.mean, e.covariance, e.room
    moves = abs(way) > STILL_M  # the gyroscope is zeroed at a standstill
    off = CONTROL_S if moves else 0.0
    after = m[2] + (yaw_rate_radps - (m[5] if moves else 0.0)) * CONTROL_S
    middle = 0.5 * (m[2] + after)
    step = way * (1.0 + m[3])
    dx = step * math.cos(middle) + rear_m * (math.cos(after) - math.cos(m[2]))
    dy = step * math.sin(middle) + rear_m * (math.sin(after) - math.sin(m[2]))
    m[0] += dx
    m[1] += dy
    m[2] = after
    # F = I but for x and y by yaw and by the wheel speed's error, and yaw by the gyroscope's offset
    xs, ys = way * math.cos(middle), way * math.sin(middle)
    for j in range(N):
        for i in range(N):
            f[i, j] = c[i, j]
        f[0, j] += -dy * c[2, j] + xs * c[3, j]
        f[1, j] += dx * c[2, j] + ys * c[3, j]
        f[2, j] -= off * c[5, j]
    for i in range(N):
        for j in range(N):
            c[i, j] = f[i, j]
        c[i, 0] += -dy * f[i, 2] + xs * f[i, 3]
        c[i, 1] += dx * f[i, 2] + ys * f[i, 3]
        c[i, 2] -= off * f[i, 5]
    d = abs(way)
    if moves:
        c[0, 0] += d * ALONG_M_PER_ROOT_M * ALONG_M_PER_ROOT_M
        c[1, 1] += d * SLIP_M_PER_ROOT_M * SLIP_M_PER_ROOT_M
        c[2, 2] += CONTROL_S * GYRO_RAD_PER_ROOT_S * GYRO_RAD_PER_ROOT_S
        c[4, 4] += d * BIAS_RAD_PER_ROOT_M * BIAS_RAD_PER_ROOT_M
    e.step += 1
    for i in range(3):
        e.past[e.step % KEPT, i] = m[i]


@kernel
def _correct(e: Record, row: int, off: float, variance: float) -> None:
    """Apply one scalar innovation of x, y or yaw; that of yaw holds the lidar's heading error too."""
    m, c, f = e.mean, e.covariance, e.room
    biased = row == 2
    for i in range(N):
        f[0, i] = c[i, row] + (c[i, 4] if biased else 0.0)
    total = f[0, row] + (f[0, 4] if biased else 0.0) + variance
    for i in range(N):
        m[i] += f[0, i] / total * off
    for i in range(N):
        for j in range(N):
            c[i, j] -= f[0, i] * f[0, j] / total


@kernel
def correct(e: Record, w: Record, p: Record) -> None:
    """Use the lidar's last frame if it is new; note its age."""
    if w.lidar_tick < 0:
        e.age_s = e.step * CONTROL_S
        return
    e.age_s = (w.tick - w.lidar_tick) * p.dt_s
    if w.lidar_tick == e.lidar_tick:
        return
    e.lidar_tick = w.lidar_tick
    ago = round(e.age_s / CONTROL_S)
    if ago > e.step or ago >= KEPT:
        return
    slot = (e.step - ago) % KEPT
    dx = e.past[slot, 0] + p.lidar_front_x_m - p.lidar_x_m
    distance = math.sqrt(dx * dx + e.past[slot, 1] * e.past[slot, 1])
    keep = p.lidar_wander_keep
    for i in range(3):
        unit = 1 if i == 2 else 0
        sigma = p.lidar_sigma[unit, 0] + p.lidar_sigma[unit, 1] * distance
        wander = p.lidar_wander[unit]
        # an error that wanders does not average out: as many frames as its correlation time spans count once
        variance = sigma * sigma + wander * wander * (1.0 + keep) / (1.0 - keep)
        off = w.lidar_pose[i] - e.past[slot, i] - (e.mean[4] if i == 2 else 0.0)
        off -= e.mean[i] - e.past[e.step % KEPT, i]  # what this frame has already corrected
        _correct(e, i, off, variance)
    for i in range(3):
        e.past[e.step % KEPT, i] = e.mean[i]


@kernel
def follow_hitch(
    e: Record, p: Record, length_m: float, speed_mps: float, yaw_rate_radps: float, angle_rad: float
) -> None:
    """Advance the hitch angle by one control step and correct it by the sensor's reading.

    `length_m`: kingpin to the middle of the trailer's axles.
    """
    h, c = e.hitch, e.hitch_covariance
    way = speed_mps * CONTROL_S
    ahead = p.kingpin_x_m - p.spring_x_m[1]
    turned = yaw_rate_radps * CONTROL_S
    h[0] += turned - (way * math.sin(h[0]) + ahead * turned * math.cos(h[0])) / length_m
    f = 1.0 - way * math.cos(h[0]) / length_m
    c[0] = f * f * c[0] + abs(way) * HITCH_RAD_PER_ROOT_M * HITCH_RAD_PER_ROOT_M
    c[1] *= f
    off = angle_rad - h[0] - h[1]
    a, b = c[0] + c[1], c[1] + c[2]
    total = a + b + HITCH_NOISE_RAD * HITCH_NOISE_RAD
    h[0] += a / total * off
    h[1] += b / total * off
    c[0] -= a * a / total
    c[1] -= a * b / total
    c[2] -= b * b / total
