"""Contact of the reduced-order model: pins in sockets, pads, and an end effector that comes down on a pack.

Here is where they meet: the contact points, with the stiffness and damping that the reference plant's have. What they
press is found by `twin.plants.rom.points`.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.plants.rom.frames import back, from_angles, times
from twin.plants.rom.points import NEAR_M, add
from twin.plants.state import TPITCH, TROLL, TYAW
from twin.plants.truck import JOINT_HEIGHT_M

World = Any
Params = Any
Model = Any
FAR_M = 1.0
"""Gap where there is nothing to touch."""
NEAR_RIM_M = 0.03
"""A tip that misses the lead-in by no more stands on the socket's rim: the reference plant's walls are so thick."""
ROUND_M = 0.001
"""The sockets' edges are as round as those of the reference plant's boxes."""


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
def seat_points(
    w: World, p: Params, m: Model, k: int, e: Any, pack: Any, turn: Any, seat_at: Any, seat: Any, dt_s: float,
    points: Any, gaps: Any,
) -> int:  # fmt: skip
    """Where pack `k`, which is held, meets its nearest seat: into `points`, and how many there are.

    `gaps` (2,) gets how far it is from touching: sideways within the bores, and any other way.

    Args:
        e: (3,) of E in W; pack: (3,) of its grip face in W; turn: (3, 3) its rotation; seat_at, seat: what `seat_frame`
            gave.
    """
    up = p.retract
    sx, sy, sz = seat_at[0], seat_at[1], seat_at[2]
    nx, ny, nz = seat[0, 2], seat[1, 2], seat[2, 2]  # the seat's normal, upwards
    hx, hy, hz = times(turn, 0.0, 0.0, -up * p.pack_height_m)
    mx, my, mz = pack[0] + hx, pack[1] + hy, pack[2] + hz  # middle of the mating face
    wall_m = face_m = FAR_M
    n, friction = 0, m.guide_friction
    # pads: feet of the pack on the seat's spheres, if it is over them at all
    over = abs(w.pack_offset_m[k, 0]) < m.pack_half_m[0] and abs(w.pack_offset_m[k, 1]) < m.pack_half_m[1]
    for i in range(4 if over else 0):
        fx, fy, fz = times(turn, p.pad_xy_m[i, 0], p.pad_xy_m[i, 1], 0.0)
        x, y, z = mx + fx, my + fy, mz + fz
        gap = up * (nx * (x - sx) + ny * (y - sy) + nz * (z - sz))
        face_m = min(face_m, gap)
        n = add(
            points, n, x - e[0], y - e[1], z - e[2], up * nx, up * ny, up * nz, gap, m.pad_stiffness, m.pad_damping,
            friction, dt_s,
        )  # fmt: skip
    # pins: tip and body of each against the walls of its socket, as seen from the pack
    lead, radius, stiffness, damping = m.lead_in_m, m.pin_radius_m, m.pin_stiffness, m.pin_damping
    slope = m.capture_m / lead
    along = 1.0 / math.sqrt(1.0 + slope * slope)
    inward = along * slope
    bore_from = lead + ROUND_M  # depth of the bore's upper edge
    lead_to = lead + ROUND_M * (inward - along)  # and of the lead-in's lower one
    lead_aside = ROUND_M * (inward + along)
    dx, dy, dz = back(turn, up * nx, up * ny, up * nz)  # of the pins, towards the pack
    ax, ay, az = times(turn, 0.0, 0.0, up)
    for i in range(2):
        tip = m.pin_length_m - radius
        px, py, pz = times(seat, m.pin_xy_m[i, 0], m.pin_xy_m[i, 1], up * tip)
        tx, ty, tz = sx + px - mx, sy + py - my, sz + pz - mz
        qx, qy, qz = back(turn, tx, ty, tz)
        depth = up * qz
        if depth <= -radius - NEAR_M:
            face_m = min(face_m, -depth - radius)
            continue
        tx, ty, tz = mx + tx - e[0], my + ty - e[1], mz + tz - e[2]
        for axis in range(2):
            off = (qx if axis == 0 else qy) - m.pin_xy_m[i, axis]
            lean = (dx if axis == 0 else dy) / max(abs(up * dz), 0.5)
            side = 1.0 if off > 0.0 else -1.0
            play, beside = m.pin_play_m[i, axis], abs(off)
            mouth = play + radius + m.capture_m
            outside = beside - mouth - NEAR_RIM_M
            if outside >= 0.0:
                face_m = min(face_m, outside)
                continue  # beside the socket: it slides past
            wx, wy, wz = turn[0, axis], turn[1, axis], turn[2, axis]
            if depth > bore_from:
                # the bore: a pin lies on each wall where it is deepest in it, at its tip or where the bore begins
                level = off - (depth - bore_from) * lean
                gap, above = play - beside, play - abs(level)
                wall_m = min(wall_m, gap, above)
                apart = level * side < 0.0
                if apart or gap <= above:
                    n = add(
                        points, n, tx, ty, tz, side * wx, side * wy, side * wz, gap, stiffness, damping, friction, dt_s
                    )
                if apart or above < gap:
                    other = 1.0 if level > 0.0 else -1.0
                    down, aside = depth - bore_from, lean * (depth - bore_from)
                    n = add(
                        points, n, tx - down * ax - aside * wx, ty - down * ay - aside * wy,
                        tz - down * az - aside * wz, other * wx, other * wy, other * wz, above, stiffness, damping,
                        friction, dt_s,
                    )  # fmt: skip
            elif beside < mouth:
                across, deeper = play + radius + ROUND_M - beside, bore_from - depth
                far = math.sqrt(across * across + deeper * deeper)
                gap = far - radius - ROUND_M
                face_m = min(face_m, gap)
                if gap < NEAR_M:
                    across, deeper = side * across / far, deeper / far
                    n = add(
                        points, n, tx, ty, tz, across * wx + deeper * ax, across * wy + deeper * ay,
                        across * wz + deeper * az, gap, stiffness, damping, friction, dt_s,
                    )  # fmt: skip
            # the lead-in: its edge on the pin's body, or the tip's ball against that edge, the slope, mouth or rim
            if depth > lead_to:
                level = off - (depth - lead_to) * lean
                gap = play + lead_aside - ROUND_M - abs(level)
                wall_m = min(wall_m, gap)
                if gap < NEAR_M:
                    other = 1.0 if level > 0.0 else -1.0
                    down, aside = depth - lead_to, lean * (depth - lead_to)
                    n = add(
                        points, n, tx - down * ax - aside * wx, ty - down * ay - aside * wy,
                        tz - down * az - aside * wz, other * wx, other * wy, other * wz, gap, stiffness, damping,
                        friction, dt_s,
                    )  # fmt: skip
                continue
            if beside >= mouth:
                across, deeper, gap = 0.0, 1.0, -depth - radius
            else:
                bore = play + radius
                gap = (bore + slope * (lead - depth) - beside) * along
                foot = depth + gap * inward
                if ROUND_M * along <= foot <= lead - ROUND_M * along:
                    across, deeper, gap = along, inward, gap - radius
                else:
                    last = foot > 0.5 * lead
                    across = (bore + lead_aside if last else mouth + ROUND_M * (along - inward)) - beside
                    deeper = (lead_to if last else ROUND_M * (along + inward)) - depth
                    far = math.sqrt(across * across + deeper * deeper)
                    across, deeper, gap = across / far, deeper / far, far - radius - ROUND_M
            face_m = min(face_m, gap)
            if gap < NEAR_M:
                across = side * across
                n = add(
                    points, n, tx, ty, tz, across * wx + deeper * ax, across * wy + deeper * ay,
                    across * wz + deeper * az, gap, stiffness, damping, friction, dt_s,
                )  # fmt: skip
    gaps[0], gaps[1] = wall_m, face_m
    return n


@kernel
def grip_points(
    w: World, p: Params, m: Model, e: Any, turn: Any, k: int, face: Any, dt_s: float, points: Any, gaps: Any
) -> int:
    """The empty end effector on the grip face of pack `k`, which stands: four pads, and flippers about its edges.

    `gaps` (2,) gets how far it is from touching, any way.

    Args:
        turn: (3, 3) of the end effector; face: (3, 3) of the pack.
    """
    up, pose, face_m = p.retract, w.pack_pose[k], FAR_M
    nx, ny, nz = up * face[0, 2], up * face[1, 2], up * face[2, 2]
    n, friction = 0, m.e_friction
    for i in range(4):
        rx, ry, rz = times(turn, m.e_pad_xy_m[i, 0], m.e_pad_xy_m[i, 1], 0.0)
        x, y, z = e[0] + rx, e[1] + ry, e[2] + rz
        gap = nx * (x - pose[0]) + ny * (y - pose[1]) + nz * (z - pose[2])
        face_m = min(face_m, gap)
        n = add(points, n, rx, ry, rz, nx, ny, nz, gap, m.pad_stiffness, m.e_damping, friction, dt_s)
    slope = m.flipper_capture_m / m.flipper_depth_m
    along = 1.0 / math.sqrt(1.0 + slope * slope)
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
            if gap >= NEAR_M:
                continue
            # the wall is pushed outwards and, where it flares, up
            bx, by = (side * norm, 0.0) if axis == 0 else (0.0, side * norm)
            lx, ly, lz = times(turn, bx, by, up * norm * lean)
            n = add(
                points, n, x - e[0], y - e[1], z - e[2], lx, ly, lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s
            )
    gaps[0] = gaps[1] = face_m
    return n
