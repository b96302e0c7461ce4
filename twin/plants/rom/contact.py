"""Contact of a held pack with its seat: pins in sockets, and pads.

Here are the contact points, with the stiffness and damping that the reference plant's have. Their forces are found by
`twin.plants.rom.points`; an empty end effector's are in `twin.plants.rom.grip_contact`.
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
"""A tip that misses the lead-in by no more stands on the socket's rim: the reference plant's walls are so thick. One
that misses it by more meets their outer sides."""
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
def seat_points(w: World, p: Params, m: Model, t: Any, r: int, k: int, dt_s: float) -> int:
    """Where pack `k`, which robot `r` holds, meets its nearest seat: into `t.points`, and how many there are.

    `t.gaps` (2,) gets how far it is from touching: sideways within the bores, and any other way. `t.at` is E in W,
    `t.pack` the grip face, `t.pack_turn` its rotation, `t.seat_at[r]` and `t.seat[r]` are what `seat_frame` gave.
    """
    points, turn, seat, up = t.points, t.pack_turn, t.seat[r], p.retract
    high = up * p.pack_height_m
    # middle of the mating face, from E
    mx = t.pack[0] - t.at[0] - high * turn[0, 2]
    my = t.pack[1] - t.at[1] - high * turn[1, 2]
    mz = t.pack[2] - t.at[2] - high * turn[2, 2]
    # and the seat from there
    sx, sy, sz = t.seat_at[r, 0] - t.at[0] - mx, t.seat_at[r, 1] - t.at[1] - my, t.seat_at[r, 2] - t.at[2] - mz
    nx, ny, nz = up * seat[0, 2], up * seat[1, 2], up * seat[2, 2]  # the seat's normal, towards the pack
    dx, dy, dz = back(turn, nx, ny, nz)  # as seen from the pack
    wall_m = face_m = FAR_M
    n, friction = 0, m.guide_friction
    # pads: feet of the pack on the seat's spheres, if it is over them at all
    if abs(w.pack_offset_m[k, 0]) < m.pack_half_m[0] and abs(w.pack_offset_m[k, 1]) < m.pack_half_m[1]:
        middle = -(nx * sx + ny * sy + nz * sz)
        for i in range(4):
            x, y = p.pad_xy_m[i, 0], p.pad_xy_m[i, 1]
            gap = middle + dx * x + dy * y
            face_m = min(face_m, gap)
            if gap < NEAR_M:
                fx, fy, fz = times(turn, x, y, 0.0)
                n = add(
                    points, n, mx + fx, my + fy, mz + fz, nx, ny, nz, gap, m.pad_stiffness, m.pad_damping, friction,
                    dt_s,
                )  # fmt: skip
    # pins: tip and body of each against the walls of its socket, as seen from the pack
    lead, radius, stiffness, damping = m.lead_in_m, m.pin_radius_m, m.pin_stiffness, m.pin_damping
    slope, along = m.lead_in_slope, m.lead_in_along
    inward = along * slope
    bore_from = lead + ROUND_M  # depth of the bore's upper edge
    lead_to = lead + ROUND_M * (inward - along)  # and of the lead-in's lower one
    lead_aside = ROUND_M * (inward + along)
    upright = 1.0 / max(abs(dz), 0.5)
    ax, ay, az = up * turn[0, 2], up * turn[1, 2], up * turn[2, 2]
    for i in range(2):
        px, py, pz = times(seat, m.pin_xy_m[i, 0], m.pin_xy_m[i, 1], up * (m.pin_length_m - radius))
        tx, ty, tz = sx + px, sy + py, sz + pz
        qx, qy, qz = back(turn, tx, ty, tz)
        depth = up * qz
        if depth <= -radius - NEAR_M:
            face_m = min(face_m, -depth - radius)
            continue
        tx, ty, tz = mx + tx, my + ty, mz + tz
        offs = qx - m.pin_xy_m[i, 0], qy - m.pin_xy_m[i, 1]
        # beside the socket: the tip against the rim's outer edge, or the walls' outer sides
        rim_m = radius + m.capture_m + NEAR_RIM_M
        past_x = max(abs(offs[0]) - m.pin_play_m[i, 0] - rim_m, 0.0)
        past_y = max(abs(offs[1]) - m.pin_play_m[i, 1] - rim_m, 0.0)
        if past_x + past_y > 0.0:
            over = max(-depth, 0.0)
            far = math.sqrt(past_x * past_x + past_y * past_y + over * over)
            gap = far - radius
            face_m = min(face_m, gap)
            if gap < NEAR_M:
                aside_x, aside_y = math.copysign(past_x, offs[0]), math.copysign(past_y, offs[1])
                ux, uy, uz = times(turn, -aside_x / far, -aside_y / far, up * over / far)
                n = add(points, n, tx, ty, tz, ux, uy, uz, gap, stiffness, damping, friction, dt_s)
            continue
        for axis in range(2):
            off = offs[axis]
            lean = (dx if axis == 0 else dy) * upright
            side = 1.0 if off > 0.0 else -1.0
            play, beside = m.pin_play_m[i, axis], abs(off)
            mouth = play + radius + m.capture_m
            wx, wy, wz = turn[0, axis], turn[1, axis], turn[2, axis]
            # the tip, in the bore or on the lead-in's lower edge
            across, deeper, gap, on_edge = side, 0.0, FAR_M, True
            if depth > bore_from:
                # a pin lies on each wall where it is deepest in it, at its tip or where the bore begins
                level = off - (depth - bore_from) * lean
                gap, above, apart = play - beside, play - abs(level), level * side < 0.0
                wall_m = min(wall_m, gap, above)
                on_edge = apart or above < gap
                if not apart and above < gap:
                    gap = FAR_M
            elif beside < mouth:
                across, deeper = play + radius + ROUND_M - beside, bore_from - depth
                far = math.sqrt(across * across + deeper * deeper)
                gap = far - radius - ROUND_M
                face_m = min(face_m, gap)
                across, deeper = side * across / far, deeper / far
            if gap < NEAR_M:
                n = add(
                    points, n, tx, ty, tz, across * wx + deeper * ax, across * wy + deeper * ay,
                    across * wz + deeper * az, gap, stiffness, damping, friction, dt_s,
                )  # fmt: skip
            # the pin's body on the upper edge of the bore and on the lower one of the lead-in
            for edge in range(2):
                down = depth - (bore_from if edge == 0 else lead_to)
                if down <= 0.0 or (edge == 0 and not on_edge):
                    continue
                aside = lean * down
                level = off - aside
                gap = play - abs(level) + (0.0 if edge == 0 else lead_aside - ROUND_M)
                wall_m = min(wall_m, gap)
                if gap < NEAR_M:
                    other = 1.0 if level > 0.0 else -1.0
                    n = add(
                        points, n, tx - down * ax - aside * wx, ty - down * ay - aside * wy,
                        tz - down * az - aside * wz, other * wx, other * wy, other * wz, gap, stiffness, damping,
                        friction, dt_s,
                    )  # fmt: skip
            if depth > lead_to:
                continue
            # over the lead-in: the tip's ball against the slope, its edges, or the rim
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
    t.gaps[0], t.gaps[1] = wall_m, face_m
    return n
