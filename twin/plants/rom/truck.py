"""The truck of the reduced-order model: one rigid body on two sprung axles, held in the plane by its brakes.

Angles are small (a parked truck tilts by a degree): a point (x, y, h) of the body, h over the joints, moves by
dz = z - x pitch + y roll, dx = h pitch, dy = -h roll.
"""

from __future__ import annotations

from typing import Any

from twin.geometry import JOINT_HEIGHT_M
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.frames import cosine_sine, from_angles, quaternion, symmetric_inverse, symmetric_times
from twin.plants.rom.long_step import body_of
from twin.plants.rom.model import TRUCK
from twin.plants.tyres import friction, hold
from twin.records import TPITCH, TROLL, TX, TY, TYAW, TZ, Faults, Params, Truth

Model = Any
State = Any
STOPPED = 1e-9
"""Speed (m/s and rad/s together) below which a truck stands."""
FX, FY, FYAW, FZ, FPITCH, FROLL, COSINE, SINE = range(8)
"""Indices into `force` (8,): generalised forces on the truck, then cosine and sine of its yaw."""


@inlined_kernel
def add_force(w: Truth, force: Any, x: float, y: float, z: float, fx: float, fy: float, fz: float) -> None:
    """Add a force (in W) at a world point to the generalised forces in `force` (8,) on the truck."""
    at, cy, sy = w.truck_q, force[COSINE], force[SINE]
    dx, dy = x - at[TX], y - at[TY]
    rx, ry, h = cy * dx + sy * dy, -sy * dx + cy * dy, z - at[TZ] - JOINT_HEIGHT_M
    bx, by = cy * fx + sy * fy, -sy * fx + cy * fy
    force[FX] += fx
    force[FY] += fy
    force[FYAW] += dx * fy - dy * fx
    force[FZ] += fz
    force[FPITCH] += -rx * fz + h * bx
    force[FROLL] += ry * fz - h * by


@inlined_kernel
def add_torque(force: Any, tx: float, ty: float, tz: float) -> None:
    """Add a torque (in W) to the generalised forces in `force` (8,)."""
    cy, sy = force[COSINE], force[SINE]
    force[FYAW] += tz
    force[FPITCH] += -sy * tx + cy * ty
    force[FROLL] += cy * tx + sy * ty


@inlined_kernel
def clear_forces(w: Truth, force: Any) -> None:
    """Clear `force` (8,): no generalised force."""
    for i in range(6):
        force[i] = 0.0
    force[COSINE], force[SINE] = cosine_sine(w.truck_q[TYAW])


@kernel
def begin(w: Truth, faults: Faults, p: Params, force: Any) -> None:
    """Begin a step with `force` (8,) from the outside push at the centre of mass of the truck's body."""
    clear_forces(w, force)
    f = faults.truck_push_n
    if f[0] == 0.0 and f[1] == 0.0 and f[2] == 0.0:
        return
    q, cy, sy, h = w.truck_q, force[COSINE], force[SINE], p.truck_com[2] - JOINT_HEIGHT_M
    rx, ry = p.truck_com[0] + h * q[TPITCH], p.truck_com[1] - h * q[TROLL]
    z = q[TZ] + p.truck_com[2] - p.truck_com[0] * q[TPITCH] + p.truck_com[1] * q[TROLL]
    add_force(w, force, q[TX] + cy * rx - sy * ry, q[TY] + sy * rx + cy * ry, z, f[0], f[1], f[2])


@inlined_kernel
def velocity(w: Truth, qd: Any, force: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Velocity of the point of the truck's body at (x, y, z), in W, at joint speeds `qd` (6,)."""
    q, cy, sy = w.truck_q, force[COSINE], force[SINE]
    dx, dy = x - q[TX], y - q[TY]
    rx, ry, h = cy * dx + sy * dy, -sy * dx + cy * dy, z - q[TZ] - JOINT_HEIGHT_M
    bx, by = h * qd[TPITCH], -h * qd[TROLL]
    return (
        qd[TX] + cy * bx - sy * by - qd[TYAW] * dy,
        qd[TY] + sy * bx + cy * by + qd[TYAW] * dx,
        qd[TZ] - rx * qd[TPITCH] + ry * qd[TROLL],
    )


@inlined_kernel
def angular_velocity(w: Truth, force: Any) -> tuple[float, float, float]:
    """Angular velocity of the truck's body in W; `force` (8,) has cosine and sine of its yaw."""
    cy, sy = force[COSINE], force[SINE]
    yaw, pitch, roll = w.truck_qd[TYAW], w.truck_qd[TPITCH], w.truck_qd[TROLL]
    return cy * roll - sy * pitch, sy * roll + cy * pitch, yaw


@kernel
def body_pose(w: Truth, out: Any) -> None:
    """Pose of the truck's sprung body, its origin at the pitch and roll centre, into `out` (7,)."""
    q = w.truck_q
    out[0], out[1], out[2] = q[TX], q[TY], q[TZ] + JOINT_HEIGHT_M
    quaternion(q[TYAW], q[TPITCH], q[TROLL], out)


@kernel
def frame(w: Truth, at: Any, turn: Any) -> None:
    """Origin (3,) and rotation (3, 3) in W of the truck's sprung body."""
    q = w.truck_q
    at[0], at[1], at[2] = q[TX], q[TY], q[TZ] + JOINT_HEIGHT_M
    from_angles(q[TYAW], q[TPITCH], q[TROLL], turn)


@kernel
def mass_matrix(w: Truth, p: Params, m: Model, x: State, out: Any) -> None:
    """Mass matrix of the truck with packs that stand on it or are locked to it, into `out` (12,).

    out: m, m x, m y, pitch, roll, x y, m h of the sprung mass; mass and yaw inertia in the plane, unsprung too; m x h
    and m y h; m x in the plane.
    """
    for i in range(12):
        out[i] = 0.0
    cx, cy, h = p.truck_com[0], p.truck_com[1], p.truck_com[2] - JOINT_HEIGHT_M
    _add_mass(out, p.truck_sprung_kg, cx, cy, h)
    out[3] += p.truck_inertia_kgm2[1]
    out[4] += p.truck_inertia_kgm2[0]
    out[8] += p.truck_inertia_kgm2[2]
    for k in range(p.packs):
        if x.carrier[k] == TRUCK:
            at, com = x.relative[k], p.pack_com[k]
            _add_mass(out, p.pack_mass_kg[k], at[0] + com[0], at[1] + com[1], at[2] + com[2])
    for r in range(p.robots):
        if x.fixed_to[r] == TRUCK:
            at = x.fixed_com_m[r]
            _add_mass(out, m.body_kg[body_of(w, r)], at[0], at[1], at[2])
    out[7], out[11] = out[0] + p.truck_unsprung_kg, out[1]
    for i in range(2):
        kg, at_x = p.truck_axle_unsprung_kg[i], p.truck_axle_x_m[i]
        out[8] += kg * at_x * at_x
        out[11] += kg * at_x


@kernel
def _add_mass(out: Any, kg: float, x: float, y: float, h: float) -> None:
    """Add a point mass at (x, y, h) of the truck's body, h over its joints."""
    out[0] += kg
    out[1] += kg * x
    out[2] += kg * y
    out[3] += kg * (x * x + h * h)
    out[4] += kg * (y * y + h * h)
    out[5] += kg * x * y
    out[6] += kg * h
    out[8] += kg * (x * x + y * y)
    out[9] += kg * x * h
    out[10] += kg * y * h


@inlined_kernel
def _heaving_mass(p: Params, mass: Any, dt_s: float) -> tuple[float, float, float, float, float, float]:
    """Mass of heave, pitch and roll, [m -mx my; -mx ipp -ixy; my -ixy irr], as the six of a symmetric matrix.

    Dampers act at the mean of the old and the new speeds: half of their compliance within the step counts as mass.
    """
    a, b, c, d, e, f = mass[0], -mass[1], mass[2], mass[3], -mass[5], mass[4]
    for i in range(2):
        x, damping = p.truck_axle_x_m[i], 0.5 * dt_s * p.truck_axle_damping[i]
        a += damping
        b -= damping * x
        d += damping * x * x
        f += 0.5 * dt_s * p.truck_axle_roll_damping[i]
    return a, b, c, d, e, f


@inlined_kernel
def _heaving_force(w: Truth, p: Params, mass: Any, force: Any) -> tuple[float, float, float]:
    """Force of springs, dampers, weight and `force` (8,) on heave, pitch and roll."""
    q, g, m, mx, my, mh = w.truck_q, p.gravity_mps2, mass[0], mass[1], mass[2], mass[6]
    return (
        w.truck_tau[0] + force[FZ] - m * g,
        w.truck_tau[1] + force[FPITCH] + g * (mx + mh * q[TPITCH]),
        w.truck_tau[2] + force[FROLL] - g * (my - mh * q[TROLL]),
    )


@inlined_kernel
def heaving(
    w: Truth, p: Params, mass: Any, force: Any, dt_s: float
) -> tuple[tuple[float, float, float, float, float, float], tuple[float, float, float]]:
    """C and f of heave, pitch and roll: C q = f gives their speeds after a step under `force` (8,)."""
    per_s, qd = 1.0 / dt_s, w.truck_qd
    a, b, c, d, e, f = _heaving_mass(p, mass, dt_s)
    a, b, c, d, e, f = per_s * a, per_s * b, per_s * c, per_s * d, per_s * e, per_s * f
    fz, fp, fr = _heaving_force(w, p, mass, force)
    vz, vp, vr = qd[TZ], qd[TPITCH], qd[TROLL]
    momentum = fz + a * vz + b * vp + c * vr, fp + b * vz + d * vp + e * vr, fr + c * vz + e * vp + f * vr
    return (a, b, c, d, e, f), momentum


@kernel
def planar(
    w: Truth, p: Params, mass: Any, force: Any, fx: float, fy: float, fyaw: float, dt_s: float
) -> tuple[float, float, float]:
    """Planar speeds and yaw rate after `dt_s` under `force` (8,), additional force, and the tyres; without heave."""
    c, s = force[COSINE], force[SINE]
    fx, fy, fyaw = force[FX] + fx, force[FY] + fy, force[FYAW] + fyaw
    along, across = c * fx + s * fy, -s * fx + c * fy
    qd = w.truck_qd
    if qd[TX] == 0.0 and qd[TY] == 0.0 and qd[TYAW] == 0.0 and hold(w, p, -along, -across, -fyaw):
        return 0.0, 0.0, 0.0
    vx, vy, yaw = _slide(w, p, _planar_mass(p, mass), along, across, fyaw, c, s, dt_s)
    return c * vx - s * vy, s * vx + c * vy, yaw


@inlined_kernel
def _planar_mass(p: Params, mass: Any) -> tuple[float, float, float, float, float, float]:
    """Mass along, across and in yaw about the truck's origin, as the six of a symmetric matrix."""
    return mass[7] + p.truck_trailer_kg, 0.0, -mass[2], mass[7], mass[11], mass[8]


@inlined_kernel
def _slide(
    w: Truth, p: Params, mass: Any, along: float, across: float, about: float, c: float, s: float, dt_s: float
) -> tuple[float, float, float]:
    """Speeds along, across and about z after a step under these forces and the tyres; `mass` is the inertia."""
    qd = w.truck_qd
    inverse = symmetric_inverse(mass[0], mass[1], mass[2], mass[3], mass[4], mass[5])
    ax, ay, aw = symmetric_times(inverse, along, across, about)
    vx, vy = c * qd[TX] + s * qd[TY] + dt_s * ax, -s * qd[TX] + c * qd[TY] + dt_s * ay
    yaw = qd[TYAW] + dt_s * aw
    tx, ty, tw = friction(w, p, mass, inverse, vx, vy, yaw, dt_s)
    ax, ay, aw = symmetric_times(inverse, tx, ty, tw)
    vx, vy, yaw = vx + dt_s * ax, vy + dt_s * ay, yaw + dt_s * aw
    if abs(vx) + abs(vy) + abs(yaw) < STOPPED:  # rounding remainder of a truck that friction has stopped
        return 0.0, 0.0, 0.0
    return vx, vy, yaw


@kernel
def move(w: Truth, p: Params, mass: Any, force: Any, dt_s: float, out: Any) -> None:
    """Speeds of the truck after `dt_s`, into `out` (6,), which may alias its input.

    It moves under the generalised forces `force` (8,) of others, its springs and its tyres. A body that rocks on its
    springs loads the tyres by more than the outside push: at the reversal of its rocking, by its inertia on its lever.
    """
    qd = w.truck_qd
    # [a b c; b d e; c e f] times the change of speed over the step
    a, b, c, d, e, f = _heaving_mass(p, mass, dt_s)
    inverse = symmetric_inverse(a, b, c, d, e, f)
    fz, fp, fr = _heaving_force(w, p, mass, force)
    lift, pitch, roll = symmetric_times(inverse, fz, fp, fr)
    cosine, sine, mh, mxh, myh = force[COSINE], force[SINE], mass[6], mass[9], mass[10]
    # of a standing truck: less the force that rocks its body
    along = cosine * force[FX] + sine * force[FY] - mh * pitch
    across = -sine * force[FX] + cosine * force[FY] + mh * roll
    about = force[FYAW] + myh * pitch + mxh * roll
    stands = qd[TX] == 0.0 and qd[TY] == 0.0 and qd[TYAW] == 0.0
    if stands and hold(w, p, -along, -across, -about):
        out[TX] = out[TY] = out[TYAW] = 0.0
    else:
        # rows of heave, pitch and roll in the planar motion: (0, 0, 0), (mh, 0, -myh), (0, -mh, -mxh)
        pp, pr, rr = inverse[3], inverse[4], inverse[5]
        xx, xy, xw, yy, yw, ww = _planar_mass(p, mass)
        xx, xy, yy = xx - mh * mh * pp, xy + mh * mh * pr, yy - mh * mh * rr
        xw += mh * (pp * myh + pr * mxh)
        yw -= mh * (pr * myh + rr * mxh)
        ww -= myh * (pp * myh + pr * mxh) + mxh * (pr * myh + rr * mxh)
        was_x, was_y, was_yaw = cosine * qd[TX] + sine * qd[TY], -sine * qd[TX] + cosine * qd[TY], qd[TYAW]
        vx, vy, yaw = _slide(w, p, (xx, xy, xw, yy, yw, ww), along, across, about, cosine, sine, dt_s)
        per_s = 1.0 / dt_s
        ax, ay, aw = per_s * (vx - was_x), per_s * (vy - was_y), per_s * (yaw - was_yaw)
        dz, dp, dr = symmetric_times(inverse, 0.0, mh * ax - myh * aw, -mh * ay - mxh * aw)
        lift, pitch, roll = lift - dz, pitch - dp, roll - dr
        out[TX], out[TY], out[TYAW] = cosine * vx - sine * vy, sine * vx + cosine * vy, yaw
    out[TZ] = qd[TZ] + dt_s * lift
    out[TPITCH] = qd[TPITCH] + dt_s * pitch
    out[TROLL] = qd[TROLL] + dt_s * roll


@inlined_kernel
def drift(w: Truth, dt_s: float) -> None:
    """Drift for `dt_s` at the present speeds."""
    for i in range(6):
        w.truck_q[i] += dt_s * w.truck_qd[i]
