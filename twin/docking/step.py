"""One inner step of a docking world: lags of the commands, equations of motion, standing still, and the lidar."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from twin.docking.lidar import scan
from twin.docking.motion import body_acceleration, derivative, downhill
from twin.docking.state import (
    BRAKE,
    DRIVE,
    QD,
    RING,
    STATES,
    STEER,
    TRAILER,
    TRAILER_BRAKE,
    YAW,
    X,
    Y,
)
from twin.docking.tyres import wound_up
from twin.motion.kernels import kernel

STANDING_MPS = 2e-4
"""Speed (m/s), and yaw rate in rad/s, below which a braked truck stands after `STANDING_S`."""
STANDING_S = 0.3

Worlds = Any
World = Any
Params = Any
Array = Any


@kernel
def actuate(w: World, p: Params, s: Array, ds: Array, brake: float, trailer_brake: float) -> None:
    """Rates of steering (rad/s), drive force (N/s) and brakes (m/s3) into `ds`: first-order lags."""
    ds[STEER] = (w.steer_command_rad - s[STEER]) / p.steering_lag_s
    force = 0.0
    if w.acceleration_mps2 > 0.0:
        speed = abs(s[QD + X]) + abs(s[QD + Y])
        force = min(w.acceleration_mps2 * p.total_kg, p.drive_force_limit_n)
        if force * speed > p.drive_power_limit_w:
            force = p.drive_power_limit_w / speed
    ds[DRIVE] = (w.gear * force - s[DRIVE]) / p.drive_lag_s
    ds[BRAKE] = (brake - s[BRAKE]) / p.brake_lag_s
    ds[TRAILER_BRAKE] = (trailer_brake - s[TRAILER_BRAKE]) / p.brake_lag_s


@kernel
def rates(w: World, p: Params, s: Array, z: Array, ds: Array, v: Array, brake: float, trailer_brake: float) -> None:
    """Rates of the whole state; a standing truck has only those of its body and actuators."""
    if w.parked == 1:
        for i in range(len(ds)):
            ds[i] = 0.0
        w.acceleration_body_mps2[0] = w.acceleration_body_mps2[1] = 0.0
        along_mps2, across_mps2 = downhill(p, s)
        body_acceleration(p, s, 0.0 - along_mps2, 0.0 - across_mps2, ds)
    else:
        derivative(w, p, s, z, ds, v)
    actuate(w, p, s, ds, brake, trailer_brake)


@kernel
def stand(w: World, p: Params) -> None:
    """Decide if the truck stands: it is at rest to the last bit from then on, until it is driven again."""
    s = w.s
    slow = (
        w.acceleration_mps2 <= 0.0
        and abs(s[QD + X]) < STANDING_MPS
        and abs(s[QD + Y]) < STANDING_MPS
        and abs(s[QD + YAW]) < STANDING_MPS
        and abs(s[QD + TRAILER]) < STANDING_MPS
    )
    w.standing_ticks = w.standing_ticks + 1 if slow else 0
    w.parked = 1 if w.standing_ticks * p.dt_s >= STANDING_S else 0
    if w.parked == 1:
        for i in range(4):
            s[QD + i] = 0.0


@kernel
def step(w: World, p: Params, room: Array) -> None:
    """Advance one world by `p.dt_s` with the explicit midpoint rule; the stiff wind-up of the wheels is solved exactly.

    `room` (5, STATES) is scratch.
    """
    dt = p.dt_s
    s, ds, middle, v, z = w.s, room[0], room[1], room[2], room[3]
    slot = w.tick % RING
    w.brake_ring_mps2[slot] = min(max(-w.acceleration_mps2, 0.0), p.brake_limit_mps2)
    brake = w.brake_ring_mps2[(slot - p.brake_delay_steps) % RING]
    trailer_brake = w.brake_ring_mps2[(slot - p.trailer_delay_steps) % RING]
    if w.acceleration_mps2 > 0.0:
        w.parked, w.standing_ticks = 0, 0
    turned, limit = w.steer_command_rad, p.steering_limit_rad
    # the command of the midpoint of the step, as the rule requires
    w.steer_command_rad = min(max(turned + 0.5 * dt * w.steering_rate_radps, -limit), limit)
    rates(w, p, s, w.bristle_m, ds, v, brake, trailer_brake)
    for i in range(len(s)):
        middle[i] = s[i] + 0.5 * dt * ds[i]
    for i in range(p.axles):
        z[i] = w.bristle_m[i] if w.parked == 1 else wound_up(w.bristle_m[i], v[i], 0.5 * dt)
    rates(w, p, middle, z, ds, v, brake, trailer_brake)
    for i in range(len(s)):
        s[i] += dt * ds[i]
    for i in range(p.axles):
        if w.parked == 0:
            w.bristle_m[i] = wound_up(w.bristle_m[i], v[i], dt)
        for side in range(2):
            w.peak_rail_force_n = max(w.peak_rail_force_n, w.rail_force_n[i, side])
    w.peak_stop_force_n = max(w.peak_stop_force_n, max(w.stop_force_n[0], w.stop_force_n[1]))
    w.steer_command_rad = min(max(turned + dt * w.steering_rate_radps, -limit), limit)
    w.tick += 1
    stand(w, p)
    scan(w, p)


@kernel
def advance(worlds: Worlds, params: Params, steps: int, room: Array) -> None:
    """Advance every world by `steps` inner steps, each on its own."""
    for n in range(len(worlds)):
        for _ in range(steps):
            step(worlds[n], params[n], room)


@njit(cache=True, parallel=True, error_model="numpy")
def advance_in_threads(worlds: Worlds, params: Params, steps: int) -> None:
    """Run `advance` with the worlds shared among threads; the same bits."""
    for n in prange(len(worlds)):
        room = np.zeros((5, STATES))
        for _ in range(steps):
            step(worlds[n], params[n], room)
