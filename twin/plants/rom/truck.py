"""The truck of the reduced-order model: one rigid body on two sprung axles, held in the plane by its brakes.

Angles are small (a parked truck tilts by a degree): a point (x, y, h) of the body, h over the joints, moves by
dz = z - x pitch + y roll, dx = h pitch, dy = -h roll.
"""

from __future__ import annotations

from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.flight import body_of
from twin.plants.rom.frames import cosine_sine, from_angles, quaternion
from twin.plants.rom.model import TRUCK
from twin.plants.state import TPITCH, TROLL, TX, TY, TYAW, TZ
from twin.plants.truck import JOINT_HEIGHT_M

World = Any
Params = Any
Model = Any
State = Any
FX, FY, FYAW, FZ, FPITCH, FROLL, COSINE, SINE = range(8)
"""Places in `force` (8,): generalised forces on the truck, and behind them cosine and sine of its yaw."""


@inlined_kernel
def push(w: World, force: Any, x: float, y: float, z: float, fx: float, fy: float, fz: float) -> None:
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
def twist(force: Any, tx: float, ty: float, tz: float) -> None:
    """Add a torque (in W) to the generalised forces in `force` (8,)."""
    cy, sy = force[COSINE], force[SINE]
    force[FYAW] += tz
    force[FPITCH] += -sy * tx + cy * ty
    force[FROLL] += cy * tx + sy * ty


@inlined_kernel
def no_force(w: World, force: Any) -> None:
    """Begin with `force` (8,): nothing pushes."""
    for i in range(6):
        force[i] = 0.0
    force[COSINE], force[SINE] = cosine_sine(w.truck_q[TYAW])


@kernel
def begin(w: World, p: Params, force: Any) -> None:
    """Begin a step with `force` (8,): what something outside pushes, at the centre of mass of the truck's body."""
    no_force(w, force)
    f = w.truck_push_n
    if f[0] == 0.0 and f[1] == 0.0 and f[2] == 0.0:
        return
    q, cy, sy, h = w.truck_q, force[COSINE], force[SINE], p.truck_com[2] - JOINT_HEIGHT_M
    rx, ry = p.truck_com[0] + h * q[TPITCH], p.truck_com[1] - h * q[TROLL]
    z = q[TZ] + p.truck_com[2] - p.truck_com[0] * q[TPITCH] + p.truck_com[1] * q[TROLL]
    push(w, force, q[TX] + cy * rx - sy * ry, q[TY] + sy * rx + cy * ry, z, f[0], f[1], f[2])


@inlined_kernel
def velocity(w: World, qd: Any, force: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Of the point of the truck's body that is at (x, y, z) now, in W, at joint speeds `qd` (6,)."""
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
def turning(w: World, force: Any) -> tuple[float, float, float]:
    """Angular velocity of the truck's body in W; `force` (8,) has cosine and sine of its yaw."""
    cy, sy = force[COSINE], force[SINE]
    yaw, pitch, roll = w.truck_qd[TYAW], w.truck_qd[TPITCH], w.truck_qd[TROLL]
    return cy * roll - sy * pitch, sy * roll + cy * pitch, yaw


@kernel
def body_pose(w: World, out: Any) -> None:
    """Of the truck's sprung body, its origin at the pitch and roll centre: into `out` (7,)."""
    q = w.truck_q
    out[0], out[1], out[2] = q[TX], q[TY], q[TZ] + JOINT_HEIGHT_M
    quaternion(q[TYAW], q[TPITCH], q[TROLL], out)


@kernel
def frame(w: World, at: Any, turn: Any) -> None:
    """Origin (3,) and rotation (3, 3) in W of the truck's sprung body."""
    q = w.truck_q
    at[0], at[1], at[2] = q[TX], q[TY], q[TZ] + JOINT_HEIGHT_M
    from_angles(q[TYAW], q[TPITCH], q[TROLL], turn)


@kernel
def mass_matrix(w: World, p: Params, m: Model, x: State, out: Any) -> None:
    """Of heave, pitch and roll with what stands on the truck or is clamped to it, into `out` (9,).

    out: m, m x, m y, pitch, roll, x y, m h, planar mass, yaw inertia.
    """
    for i in range(9):
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
    out[7] = out[0] + p.truck_unsprung_kg


@kernel
def _add_mass(out: Any, kg: float, x: float, y: float, h: float) -> None:
    """A point mass at (x, y, h) of the truck's body, h over its joints."""
    out[0] += kg
    out[1] += kg * x
    out[2] += kg * y
    out[3] += kg * (x * x + h * h)
    out[4] += kg * (y * y + h * h)
    out[5] += kg * x * y
    out[6] += kg * h
    out[8] += kg * (x * x + y * y)


@inlined_kernel
def _heaving_mass(p: Params, mass: Any, dt_s: float) -> tuple[float, float, float, float, float, float]:
    """Of heave, pitch and roll, [m -mx my; -mx ipp -ixy; my -ixy irr], as the six of a symmetric matrix.

    Dampers act at the mean of the old and the new speeds: half of what they give way in the step counts as mass.
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
def _heaving_force(w: World, p: Params, mass: Any, force: Any) -> tuple[float, float, float]:
    """Of springs, dampers, weight and `force` (8,) on heave, pitch and roll."""
    q, g, m, mx, my, mh = w.truck_q, p.gravity_mps2, mass[0], mass[1], mass[2], mass[6]
    return (
        w.truck_tau[0] + force[FZ] - m * g,
        w.truck_tau[1] + force[FPITCH] + g * (mx + mh * q[TPITCH]),
        w.truck_tau[2] + force[FROLL] - g * (my - mh * q[TROLL]),
    )


@inlined_kernel
def heaving(
    w: World, p: Params, mass: Any, force: Any, dt_s: float
) -> tuple[tuple[float, float, float, float, float, float], tuple[float, float, float]]:
    """C and f of heave, pitch and roll: C q = f gives their speeds after a step under `force` (8,)."""
    per_s, qd = 1.0 / dt_s, w.truck_qd
    a, b, c, d, e, f = _heaving_mass(p, mass, dt_s)
    a, b, c, d, e, f = per_s * a, per_s * b, per_s * c, per_s * d, per_s * e, per_s * f
    fz, fp, fr = _heaving_force(w, p, mass, force)
    vz, vp, vr = qd[TZ], qd[TPITCH], qd[TROLL]
    momentum = fz + a * vz + b * vp + c * vr, fp + b * vz + d * vp + e * vr, fr + c * vz + e * vp + f * vr
    return (a, b, c, d, e, f), momentum


@inlined_kernel
def planar(
    w: World, mass: Any, force: Any, fx: float, fy: float, fyaw: float, dt_s: float
) -> tuple[float, float, float]:
    """Speeds in the plane and yaw rate after `dt_s` under `force` (8,), more of it, and the brakes."""
    qd, brake, per_s = w.truck_qd, w.truck_brake, 1.0 / dt_s
    kg, turning = per_s * mass[7], per_s * mass[8]
    return (
        _braked(qd[TX], force[FX] + fx, kg, brake[0]),
        _braked(qd[TY], force[FY] + fy, kg, brake[1]),
        _braked(qd[TYAW], force[FYAW] + fyaw, turning, brake[2]),
    )


@inlined_kernel
def _braked(speed: float, force: float, kept: float, brake: float) -> float:
    """A speed after a step in which `force` and at most `brake` act; `kept` is mass over step."""
    momentum = kept * speed + force
    left = momentum - min(max(momentum, -brake), brake)
    return 0.0 if left == 0.0 else left / kept


@kernel
def move(w: World, p: Params, mass: Any, force: Any, dt_s: float, out: Any) -> None:
    """Speeds of the truck after `dt_s`, into `out` (6,), which may be its own.

    It moves under the generalised forces `force` (8,) of others, its springs and its brakes.
    """
    qd = w.truck_qd
    # [a b c; b d e; c e f] times the change of speed over the step
    a, b, c, d, e, f = _heaving_mass(p, mass, dt_s)
    fz, fp, fr = _heaving_force(w, p, mass, force)
    c00, c01, c02 = d * f - e * e, c * e - b * f, b * e - c * d
    c11, c12, c22 = a * f - c * c, b * c - a * e, a * d - b * b
    inverse = 1.0 / (a * c00 + b * c01 + c * c02)
    vx, vy, yaw = planar(w, mass, force, 0.0, 0.0, 0.0, dt_s)
    out[TZ] = qd[TZ] + dt_s * inverse * (c00 * fz + c01 * fp + c02 * fr)
    out[TPITCH] = qd[TPITCH] + dt_s * inverse * (c01 * fz + c11 * fp + c12 * fr)
    out[TROLL] = qd[TROLL] + dt_s * inverse * (c02 * fz + c12 * fp + c22 * fr)
    out[TX], out[TY], out[TYAW] = vx, vy, yaw


@inlined_kernel
def drift(w: World, dt_s: float) -> None:
    """Go on for `dt_s` at the present speeds."""
    for i in range(6):
        w.truck_q[i] += dt_s * w.truck_qd[i]
