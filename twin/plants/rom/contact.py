"""Contact of the reduced-order model: pins in sockets, pads, and an end effector that comes down on a pack.

Each contact point is a spring and damper that only pushes, as stiff as the reference plant's. Friction is Coulomb's,
for the body as a whole: what would stop it within the step, up to what its normal forces allow.

Forces add up in `out` (6,): force in W and torque about E, on the end effector with what it holds. What they press on,
if it is the truck, gets the opposite in `truck` (8,).
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import back, cross, from_angles, times
from twin.plants.rom.model import EMPTY
from twin.plants.state import EX, EY, EZ, TPITCH, TROLL, TYAW, YAW
from twin.plants.suspension import FLOATING_TABLE
from twin.plants.truck import JOINT_HEIGHT_M

World = Any
Params = Any
Model = Any
MOVED = 0.4
"""Share of a body's mass that a force at its foot moves, the rest turns away [estimate: a box pushed at its foot]."""
FAR_M = 1.0
"""Gap where there is nothing to touch."""
NEAR_RIM_M = 0.03
"""A tip that misses the lead-in by no more stands on the socket's rim: the reference plant's walls are so thick."""


@inlined_kernel
def _add(out: Any, x: float, y: float, z: float, fx: float, fy: float, fz: float) -> None:
    """A force at (x, y, z) from E."""
    tx, ty, tz = cross(x, y, z, fx, fy, fz)
    out[0] += fx
    out[1] += fy
    out[2] += fz
    out[3] += tx
    out[4] += ty
    out[5] += tz


@inlined_kernel
def _spring(gap: float, closing: float, stiffness: float, damping: float, give: float, dt_s: float) -> float:
    """Force of one contact point; never pulls.

    The spring is that of the gap at the end of the step, the damper implicit, as the engine's: what it takes of the
    closing speed it no longer meets. `give` is the speed that a unit of impulse makes there (1/kg).
    """
    if gap >= 0.0:
        return 0.0
    resistance = damping + stiffness * dt_s
    return max(-stiffness * gap + resistance / (1.0 + dt_s * resistance * give) * closing, 0.0)


@inlined_kernel
def _give(m: Model, k: int, turn: Any, e: Any, x: float, y: float, z: float, nx: float, ny: float, nz: float) -> float:
    """Speed along n (unit) at a world point per impulse there, 1/kg: of body `k` with rotation `turn`, E at `e`."""
    com = m.body_com_m[k]
    cx, cy, cz = times(turn, com[0], com[1], com[2])
    ax, ay, az = cross(x - e[0] - cx, y - e[1] - cy, z - e[2] - cz, nx, ny, nz)
    ax, ay, az = back(turn, ax, ay, az)
    bx, by, bz = times(m.body_inverse[k], ax, ay, az)
    return 1.0 / m.body_kg[k] + ax * bx + ay * by + az * bz


@kernel
def seat_frame(w: World, p: Params, s: int, truck_at: Any, truck_turn: Any, at: Any, turn: Any) -> None:
    """Middle (3,) and rotation (3, 3) of seat `s` in W; of one on the truck, from the truck's frame."""
    x, y, z = p.seat_xyz_m[s, 0], p.seat_xyz_m[s, 1], p.seat_xyz_m[s, 2]
    if p.seat_on_truck[s] == 0:
        at[0], at[1], at[2] = x, y, z
        from_angles(p.seat_yaw_rad[s], 0.0, 0.0, turn)
        return
    x, y, z = times(truck_turn, x, y, z - JOINT_HEIGHT_M)
    at[0], at[1], at[2] = truck_at[0] + x, truck_at[1] + y, truck_at[2] + z
    if p.seat_yaw_rad[s] == 0.0:
        for i in range(3):
            for j in range(3):
                turn[i, j] = truck_turn[i, j]
    else:
        q = w.truck_q
        from_angles(q[TYAW] + p.seat_yaw_rad[s], q[TPITCH], q[TROLL], turn)


@kernel
def seat_contact(
    w: World, p: Params, m: Model, r: int, k: int, e: Any, pack: Any, turn: Any, motion: Any, seat_at: Any, seat: Any,
    dt_s: float, out: Any, truck: Any, gaps: Any,
) -> None:  # fmt: skip
    """What the nearest seat of pack `k`, which robot `r` holds, does to it.

    `gaps` (2,) gets how far it is from touching: sideways within the bores, and any other way.

    Args:
        e: (3,) of E in W; pack: (3,) of its grip face in W; turn: (3, 3) its rotation; motion: (6,) velocity of E and
            angular velocity in W; seat_at, seat: what `seat_frame` gave.
    """
    s, up = w.pack_seat[k], p.retract
    sx, sy, sz = seat_at[0], seat_at[1], seat_at[2]
    nx, ny, nz = seat[0, 2], seat[1, 2], seat[2, 2]  # the seat's normal, upwards
    hx, hy, hz = times(turn, 0.0, 0.0, -up * p.pack_height_m)
    mx, my, mz = pack[0] + hx, pack[1] + hy, pack[2] + hz  # middle of the mating face
    on_truck = p.seat_on_truck[s] == 1
    pads_n = pins_n = 0.0
    wall_m = face_m = FAR_M
    # pads: feet of the pack on the seat's spheres, if it is over them at all
    over = abs(w.pack_offset_m[k, 0]) < m.pack_half_m[0] and abs(w.pack_offset_m[k, 1]) < m.pack_half_m[1]
    for i in range(4 if over else 0):
        fx, fy, fz = times(turn, p.pad_xy_m[i, 0], p.pad_xy_m[i, 1], 0.0)
        x, y, z = mx + fx, my + fy, mz + fz
        gap = up * (nx * (x - sx) + ny * (y - sy) + nz * (z - sz))
        face_m = min(face_m, gap)
        if gap >= 0.0:
            continue
        vx, vy, vz = _speed(w, e, motion, truck, on_truck, x, y, z)
        give = _give(m, k, turn, e, x, y, z, nx, ny, nz)
        force = _spring(gap, -up * (nx * vx + ny * vy + nz * vz), m.pad_stiffness, m.pad_damping, give, dt_s)
        pads_n += force
        _press(w, e, on_truck, x, y, z, up * force * nx, up * force * ny, up * force * nz, out, truck)
    # pins: tip and body of each against four planes of its socket, as seen from the pack
    lead, bore_to = m.lead_in_m, m.pin_radius_m
    slope = m.capture_m / lead
    along = 1.0 / math.sqrt(1.0 + slope * slope)
    dx, dy, dz = back(turn, up * nx, up * ny, up * nz)  # of the pins, towards the pack
    for i in range(2):
        tip = m.pin_length_m - m.pin_radius_m
        px, py, pz = times(seat, m.pin_xy_m[i, 0], m.pin_xy_m[i, 1], up * tip)
        tx, ty, tz = sx + px - mx, sy + py - my, sz + pz - mz
        qx, qy, qz = back(turn, tx, ty, tz)
        depth = up * qz
        if depth <= -bore_to:
            face_m = min(face_m, -depth - bore_to)
            continue
        for axis in range(2):
            off = (qx if axis == 0 else qy) - m.pin_xy_m[i, axis]
            lean = dx if axis == 0 else dy
            side = 1.0 if off > 0.0 else -1.0
            play, beside = m.pin_play_m[i, axis], abs(off)
            outside = beside - play - bore_to - m.capture_m - NEAR_RIM_M
            if outside >= 0.0:
                face_m = min(face_m, outside)
                continue  # beside the socket: it slides past
            wx, wy, wz = times(turn, side if axis == 0 else 0.0, side if axis == 1 else 0.0, 0.0)
            if depth > lead:
                # the straight bore: at the tip
                gap = play - beside
                wall_m = min(wall_m, gap)
                if gap < 0.0:
                    x, y, z = mx + tx, my + ty, mz + tz
                    pins_n += _pin(w, m, k, turn, e, motion, on_truck, x, y, z, wx, wy, wz, gap, dt_s, out, truck)
                # and where it begins, at the body of the pin
                level = off - (depth - lead) * lean / max(abs(up * dz), 0.5)
                if level * side < 0.0:
                    wx, wy, wz = -wx, -wy, -wz
                gap = play - abs(level)
                wall_m = min(wall_m, gap)
                if gap < 0.0:
                    ox = level + m.pin_xy_m[i, axis] if axis == 0 else qx - (depth - lead) * dx
                    oy = level + m.pin_xy_m[i, axis] if axis == 1 else qy - (depth - lead) * dy
                    cx, cy, cz = times(turn, ox, oy, up * lead)
                    x, y, z = mx + cx, my + cy, mz + cz
                    pins_n += _pin(w, m, k, turn, e, motion, on_truck, x, y, z, wx, wy, wz, gap, dt_s, out, truck)
                continue
            x, y, z = mx + tx, my + ty, mz + tz
            bore, mouth = play + bore_to, play + bore_to + m.capture_m
            # the tip's ball against rim, mouth, lead-in and the edge where the bore begins: whichever is nearest
            if beside >= mouth:
                across, deeper, gap = 0.0, 1.0, -depth - bore_to
            else:
                gap = (bore + slope * (lead - depth) - beside) * along
                foot = depth + gap * along * slope
                if 0.0 <= foot <= lead:
                    across, deeper, gap = along, along * slope, gap - bore_to
                else:
                    across = (bore if foot > lead else mouth) - beside
                    deeper = (lead if foot > lead else 0.0) - depth
                    gap = math.sqrt(across * across + deeper * deeper)
                    across, deeper, gap = across / gap, deeper / gap, gap - bore_to
            face_m = min(face_m, gap)
            if gap < 0.0:
                ax, ay, az = times(turn, 0.0, 0.0, up)
                lx, ly, lz = across * wx + deeper * ax, across * wy + deeper * ay, across * wz + deeper * az
                pins_n += _pin(w, m, k, turn, e, motion, on_truck, x, y, z, lx, ly, lz, gap, dt_s, out, truck)
    gaps[0], gaps[1] = wall_m, face_m
    if pads_n > 0.0:
        _rub_plane(
            w, p, m, r, k, e, motion, on_truck, mx, my, mz, nx, ny, nz, pads_n, m.guide_friction, dt_s, out, truck
        )
    if pins_n > 0.0:
        _rub_along(
            w, p, m, r, k, e, motion, on_truck, mx, my, mz, nx, ny, nz, pins_n, m.guide_friction, dt_s, out, truck
        )


@inlined_kernel
def _applied(w: World, p: Params, m: Model, r: int, k: int, out: Any) -> tuple[float, float, float]:
    """Force in W of suspension, weight and the contacts so far on the end effector with what it holds."""
    tau = w.tau[r]
    fx, fy = tau[EX], tau[EY]
    if p.reeving == FLOATING_TABLE:
        c, s = math.cos(w.q[r, YAW]), math.sin(w.q[r, YAW])
        fx, fy = c * tau[EX] - s * tau[EY], s * tau[EX] + c * tau[EY]
    return fx + out[0], fy + out[1], tau[EZ] + out[2] - m.body_kg[k] * p.gravity_mps2


@kernel
def _rub_plane(
    w: World, p: Params, m: Model, r: int, k: int, e: Any, motion: Any, on_truck: bool, x: float, y: float, z: float,
    nx: float, ny: float, nz: float, normal_n: float, friction: float, dt_s: float, out: Any, truck: Any,
) -> None:  # fmt: skip
    """Coulomb friction in the plane of normal n: what holds the body still, up to `friction` times the normal force."""
    vx, vy, vz = _speed(w, e, motion, truck, on_truck, x, y, z)
    fx, fy, fz = _applied(w, p, m, r, k, out)
    share = MOVED * m.body_kg[k] / dt_s
    fx, fy, fz = fx + share * vx, fy + share * vy, fz + share * vz
    along = fx * nx + fy * ny + fz * nz
    fx, fy, fz = fx - along * nx, fy - along * ny, fz - along * nz
    wanted = math.sqrt(fx * fx + fy * fy + fz * fz)
    if wanted > 0.0:
        held = -min(friction * normal_n / wanted, 1.0)
        _press(w, e, on_truck, x, y, z, held * fx, held * fy, held * fz, out, truck)


@kernel
def _rub_along(
    w: World, p: Params, m: Model, r: int, k: int, e: Any, motion: Any, on_truck: bool, x: float, y: float, z: float,
    nx: float, ny: float, nz: float, normal_n: float, friction: float, dt_s: float, out: Any, truck: Any,
) -> None:  # fmt: skip
    """The same along n, of pins in their sockets."""
    vx, vy, vz = _speed(w, e, motion, truck, on_truck, x, y, z)
    fx, fy, fz = _applied(w, p, m, r, k, out)
    wanted = fx * nx + fy * ny + fz * nz + m.body_kg[k] / dt_s * (vx * nx + vy * ny + vz * nz)
    held = -min(max(wanted, -friction * normal_n), friction * normal_n)
    _press(w, e, on_truck, x, y, z, held * nx, held * ny, held * nz, out, truck)


@inlined_kernel
def _speed(
    w: World, e: Any, motion: Any, truck: Any, on_truck: bool, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Of the carried body at a world point, over what is under it."""
    vx, vy, vz = cross(motion[3], motion[4], motion[5], x - e[0], y - e[1], z - e[2])
    vx, vy, vz = vx + motion[0], vy + motion[1], vz + motion[2]
    if on_truck:
        tx, ty, tz = truck_body.velocity(w, truck, x, y, z)
        vx, vy, vz = vx - tx, vy - ty, vz - tz
    return vx, vy, vz


@inlined_kernel
def _press(
    w: World, e: Any, on_truck: bool, x: float, y: float, z: float, fx: float, fy: float, fz: float, out: Any,
    truck: Any,
) -> None:  # fmt: skip
    _add(out, x - e[0], y - e[1], z - e[2], fx, fy, fz)
    if on_truck:
        truck_body.push(w, truck, x, y, z, -fx, -fy, -fz)


@kernel
def _pin(
    w: World, m: Model, k: int, turn: Any, e: Any, motion: Any, on_truck: bool, x: float, y: float, z: float,
    nx: float, ny: float, nz: float, gap: float, dt_s: float, out: Any, truck: Any,
) -> float:  # fmt: skip
    """A pin pushes a wall along (nx, ny, nz), its outward normal in W; the force in N."""
    give = _give(m, k, turn, e, x, y, z, nx, ny, nz)
    vx, vy, vz = _speed(w, e, motion, truck, on_truck, x, y, z)
    force = _spring(gap, -(nx * vx + ny * vy + nz * vz), m.pin_stiffness, m.pin_damping, give, dt_s)
    if force > 0.0:
        _press(w, e, on_truck, x, y, z, force * nx, force * ny, force * nz, out, truck)
    return force


@kernel
def grip_contact(
    w: World, p: Params, m: Model, r: int, e: Any, turn: Any, motion: Any, k: int, face: Any, dt_s: float, out: Any,
    truck: Any, on_truck: bool, gaps: Any,
) -> None:  # fmt: skip
    """The empty end effector on the grip face of pack `k`, which stands: four pads, and flippers about its edges.

    `gaps` (2,) gets how far it is from touching, any way.

    Args:
        turn: (3, 3) of the end effector; face: (3, 3) of the pack.
    """
    up, pose, face_m = p.retract, w.pack_pose[k], FAR_M
    nx, ny, nz = up * face[0, 2], up * face[1, 2], up * face[2, 2]
    pads_n = 0.0
    for i in range(4):
        rx, ry, rz = times(turn, m.e_pad_xy_m[i, 0], m.e_pad_xy_m[i, 1], 0.0)
        x, y, z = e[0] + rx, e[1] + ry, e[2] + rz
        gap = nx * (x - pose[0]) + ny * (y - pose[1]) + nz * (z - pose[2])
        face_m = min(face_m, gap)
        if gap >= 0.0:
            continue
        vx, vy, vz = _speed(w, e, motion, truck, on_truck, x, y, z)
        give = _give(m, EMPTY, turn, e, x, y, z, nx, ny, nz)
        force = _spring(gap, -(nx * vx + ny * vy + nz * vz), m.pad_stiffness, m.e_damping, give, dt_s)
        pads_n += force
        _press(w, e, on_truck, x, y, z, force * nx, force * ny, force * nz, out, truck)
    slope = m.flipper_capture_m / m.flipper_depth_m
    along = 1.0 / math.sqrt(1.0 + slope * slope)
    walls_n = 0.0
    for axis in range(2):
        half, across = m.pack_half_m[axis], 0.5 * m.pack_half_m[1 - axis]
        for which in range(4):
            side, end = 1.0 if which < 2 else -1.0, 1.0 if which % 2 == 0 else -1.0
            # a point of the pack's upper edge, as seen from the end effector
            ex, ey = (side * half, end * across) if axis == 0 else (end * across, side * half)
            rx, ry, rz = times(face, ex, ey, 0.0)
            x, y, z = pose[0] + rx, pose[1] + ry, pose[2] + rz
            qx, qy, qz = back(turn, x - e[0], y - e[1], z - e[2])
            below = -up * qz
            if below > m.flipper_depth_m:
                face_m = min(face_m, below - m.flipper_depth_m)
                continue
            spread = slope * max(below, 0.0)
            gap = m.flipper_clearance_m + spread - side * ((qx if axis == 0 else qy) - side * half)
            lean = slope if below > 0.0 else 0.0
            norm = along if below > 0.0 else 1.0
            gap *= norm
            face_m = min(face_m, gap)
            if gap >= 0.0:
                continue
            # the wall is pushed outwards and, where it flares, up
            bx, by = (side * norm, 0.0) if axis == 0 else (0.0, side * norm)
            lx, ly, lz = times(turn, bx, by, up * norm * lean)
            vx, vy, vz = _speed(w, e, motion, truck, on_truck, x, y, z)
            give = _give(m, EMPTY, turn, e, x, y, z, lx, ly, lz)
            force = _spring(gap, -(lx * vx + ly * vy + lz * vz), m.pad_stiffness, m.e_damping, give, dt_s)
            walls_n += force
            _press(w, e, on_truck, x, y, z, force * lx, force * ly, force * lz, out, truck)
    gaps[0] = gaps[1] = face_m
    if pads_n + walls_n > 0.0:
        _rub_plane(
            w, p, m, r, EMPTY, e, motion, on_truck, e[0], e[1], e[2], nx, ny, nz, pads_n + walls_n, m.e_friction, dt_s,
            out, truck,
        )  # fmt: skip
