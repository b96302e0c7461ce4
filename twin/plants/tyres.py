"""Tyre friction of the parked truck: each axle is one contact at its middle with a Coulomb circle of its own load.

A braked axle takes up to mu N in any direction. An unbraked one takes up to mu N across, and its rolling resistance
along. A coupled trailer hangs on the kingpin and its mass rests on its axles. The kingpin load is part of the truck's
body; the ratio of the two splits the trailer's mass between its axles and the kingpin, to 1 % of its yaw inertia. So
the trailer moves with the truck along the lane, and across it gives no more than the scrub of its axles about their
middle allows, over the trailer's wheelbase. Its limits along and across are separate.

Forces and speeds are in the truck's axes: along, across, about z at the truck's origin. Coulomb's law as maximum of
dissipation, and its solution by projected Gauss-Seidel: Acary and Brogliato, Numerical Methods for Nonsmooth Dynamical
Systems (2008), chapter 13.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.records import Faults, Params, Truth

AXLES, TRAILER, CONTACTS = 2, 2, 3
ROLLING_RESISTANCE = 0.006
"""Rolling resistance of a truck with released brakes, as a share of its weight [estimate: truck tyres on asphalt]."""
PASSES, SAME_N = 200, 0.1
"""Maximum passes over the contacts, and the change of force in a pass below which they have converged."""

Planar = tuple[float, float, float]
Symmetric = tuple[float, float, float, float, float, float]


@kernel
def tyre_limits(w: Truth, faults: Faults, p: Params, axle: Any) -> None:
    """Limits of each contact along and across, N, into `w.truck_tyre_limit_n`; their sums into `w.truck_brake`.

    `axle` (2,): spring and damper force of the axles on the body.
    """
    limit, released = w.truck_tyre_limit_n, faults.truck_brake_off == 1
    middle = 0.5 * (p.truck_axle_x_m[0] + p.truck_axle_x_m[1])
    along = across = about = 0.0
    for i in range(AXLES):
        normal = max(axle[i] + p.truck_axle_unsprung_kg[i] * p.gravity_mps2, 0.0)
        braked = p.truck_friction * p.truck_axle_braked[i]
        limit[i, 0] = (ROLLING_RESISTANCE if released else braked) * normal
        limit[i, 1] = p.truck_friction * normal
        along += limit[i, 0]
        across += limit[i, 1]
        about += limit[i, 1] * abs(p.truck_axle_x_m[i] - middle)
    normal = p.truck_trailer_kg * p.gravity_mps2
    limit[TRAILER, 0] = (ROLLING_RESISTANCE if released else p.truck_friction * p.truck_trailer_braked) * normal
    limit[TRAILER, 1] = p.truck_friction * p.truck_trailer_scrub * normal
    w.truck_brake[0] = along + limit[TRAILER, 0]
    w.truck_brake[1] = across + limit[TRAILER, 1]
    w.truck_brake[2] = about + limit[TRAILER, 1] * abs(p.truck_kingpin_x_m - middle)


@inlined_kernel
def _on_circle(w: Truth, i: int) -> bool:
    """True if contact `i` is limited by one circle, not along and across separately."""
    return i < AXLES and w.truck_tyre_limit_n[i, 0] == w.truck_tyre_limit_n[i, 1]


@kernel
def hold(w: Truth, p: Params, along: float, across: float, about: float) -> bool:
    """True if the contacts can give this force and moment (N, N, N m) together, at rest.

    Force across and moment fix each axle's share across; the rest of the circles is available along.
    """
    limit, x0, x1, x2 = w.truck_tyre_limit_n, p.truck_axle_x_m[0], p.truck_axle_x_m[1], p.truck_kingpin_x_m
    for k in range(3 if limit[TRAILER, 1] > 0.0 else 1):
        scrub = limit[TRAILER, 1] if k == 1 else -limit[TRAILER, 1] if k == 2 else 0.0
        side, moment = across - scrub, about - scrub * x2
        front = (moment - side * x1) / (x0 - x1)
        rear = side - front
        if abs(front) > limit[0, 1] or abs(rear) > limit[1, 1]:
            continue
        most = limit[TRAILER, 0]
        for i in range(AXLES):
            given = front if i == 0 else rear
            share = given / limit[i, 1] if _on_circle(w, i) and limit[i, 1] > 0.0 else 0.0
            most += limit[i, 0] * math.sqrt(1.0 - share * share)
        if abs(along) <= most:
            return True
    return False


@kernel
def friction(
    w: Truth, p: Params, mass: Symmetric, inverse: Symmetric, vx: float, vy: float, yaw: float, dt_s: float
) -> Planar:
    """Force and moment of the contacts over a step, from the speeds that the truck would have after it without them.

    They stop the truck if they can; else each slipping contact is at its limit, against its own slip. The contacts'
    forces stay in `w.truck_tyre_n` as the start of the next step.

    Args:
        mass, inverse: of the truck in the plane, along, across and yaw, as xx, xy, xw, yy, yw, ww.
    """
    force, limit = w.truck_tyre_n, w.truck_tyre_limit_n
    fx = -(mass[0] * vx + mass[1] * vy + mass[2] * yaw) / dt_s
    fy = -(mass[1] * vx + mass[3] * vy + mass[4] * yaw) / dt_s
    fyaw = -(mass[2] * vx + mass[4] * vy + mass[5] * yaw) / dt_s
    if hold(w, p, fx, fy, fyaw):
        for i in range(CONTACTS):
            force[i, 0] = force[i, 1] = 0.0
        return fx, fy, fyaw
    ixx, ixy, ixw, iyy, iyw, iww = inverse
    fx = fy = fyaw = 0.0
    for i in range(CONTACTS):
        x = p.truck_axle_x_m[i] if i < AXLES else p.truck_kingpin_x_m
        fx, fy, fyaw = fx + force[i, 0], fy + force[i, 1], fyaw + x * force[i, 1]
    for _ in range(PASSES):
        change = 0.0
        for i in range(CONTACTS):
            x = p.truck_axle_x_m[i] if i < AXLES else p.truck_kingpin_x_m
            slip_x = vx + dt_s * (ixx * fx + ixy * fy + ixw * fyaw)
            slip_y = vy + dt_s * (ixy * fx + iyy * fy + iyw * fyaw)
            slip_y += x * (yaw + dt_s * (ixw * fx + iyw * fy + iww * fyaw))
            step = 1.0 / (dt_s * max(ixx, iyy + 2.0 * x * iyw + x * x * iww))
            ax, ay = force[i, 0] - step * slip_x, force[i, 1] - step * slip_y
            if _on_circle(w, i):
                size = math.sqrt(ax * ax + ay * ay)
                if size > limit[i, 0]:
                    ax, ay = ax * limit[i, 0] / size, ay * limit[i, 0] / size
            else:
                ax = min(max(ax, -limit[i, 0]), limit[i, 0])
                ay = min(max(ay, -limit[i, 1]), limit[i, 1])
            dx, dy = ax - force[i, 0], ay - force[i, 1]
            force[i, 0], force[i, 1] = ax, ay
            fx, fy, fyaw = fx + dx, fy + dy, fyaw + x * dy
            change = max(change, abs(dx) + abs(dy))
        if change < SAME_N:
            break
    return fx, fy, fyaw
