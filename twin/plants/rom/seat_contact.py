"""Contact of a held pack with its seat: pins in sockets, and pads.

This module finds the contact points, with stiffness and damping of the reference plant's.
`twin.plants.rom.contact_points` computes their forces; `twin.plants.rom.grip_contact` has those of an empty end
effector.
"""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import JOINT_HEIGHT_M
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.contact_points import NEAR_M, add
from twin.plants.rom.frames import back, from_angles, times
from twin.records import TPITCH, TROLL, TYAW, Params, Truth

Model = Any
FAR_M = 1.0
"""Gap where there is nothing to touch."""
WALL_M = 0.03
"""Thickness of the sockets' walls, as on the reference plant. A tip that misses the lead-in slides off their end faces,
one that misses those meets their outer edges."""
ROUND_M = 0.001
"""Radius of the sockets' edges, as of the reference plant's boxes."""


@inlined_kernel
def seat_frame(w: Truth, p: Params, s: int, truck_at: Any, truck_turn: Any, at: Any, turn: Any) -> None:
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


@inlined_kernel
def past_end(gap: float, radius: float, past: float) -> tuple[float, float, float]:
    """Gap of a tip that is `past` the end of a wall and would have `gap` beside it, and the components of its normal.

    The components are along the wall's normal and along the wall, both positive.
    """
    if past <= 0.0:
        return gap, 1.0, 0.0
    beside = max(gap + radius, 0.0)
    far = math.sqrt(beside * beside + past * past)
    return far - radius, beside / far, past / far


@kernel
def seat_points(w: Truth, p: Params, m: Model, t: Any, r: int, k: int, dt_s: float) -> int:
    """Write contact points of pack `k`, held by robot `r`, with its nearest seat into `t.points`; their number.

    `t.gaps` (2,) gets its distance from touching: sideways within the bores, and any other way. `t.at` is E in W,
    `t.pack` the grip face, `t.pack_turn` its rotation, `t.seat_at[r]` and `t.seat[r]` come from `seat_frame`.
    """
    points, turn, seat, up = t.points, t.pack_turn, t.seat[r], p.retract
    high = up * p.pack_height_m
    # middle of the mating face, from E
    mx = t.pack[0] - t.at[0] - high * turn[0, 2]
    my = t.pack[1] - t.at[1] - high * turn[1, 2]
    mz = t.pack[2] - t.at[2] - high * turn[2, 2]
    # and the seat from E
    sx, sy, sz = t.seat_at[r, 0] - t.at[0] - mx, t.seat_at[r, 1] - t.at[1] - my, t.seat_at[r, 2] - t.at[2] - mz
    nx, ny, nz = up * seat[0, 2], up * seat[1, 2], up * seat[2, 2]  # the seat's normal, towards the pack
    dx, dy, dz = back(turn, nx, ny, nz)  # as seen from the pack
    wall_m = face_m = FAR_M
    n, friction = 0, m.guide_friction
    # pads: feet of the pack on the seat's spheres, if it is over them
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
    # from the bore's edge to the outer edge of the lead-in's wall, whose end face leans like the lead-in; its depth
    rim_m = m.capture_m + (WALL_M - ROUND_M) * along - ROUND_M * inward + ROUND_M
    rim_from = (WALL_M - ROUND_M) * inward + ROUND_M * along
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
        for axis in range(2):
            # past the ends of these walls, which meet the outer edges of the other two
            past = max(abs(offs[1 - axis]) - m.pin_play_m[i, 1 - axis] - radius - rim_m, 0.0)
            if past >= radius + NEAR_M:
                face_m = min(face_m, past - radius)
                continue
            off = offs[axis]
            lean = (dx if axis == 0 else dy) * upright
            side = 1.0 if off > 0.0 else -1.0
            play, beside = m.pin_play_m[i, axis], abs(off)
            bore = play + radius
            mouth = bore + m.capture_m
            wx, wy, wz = turn[0, axis], turn[1, axis], turn[2, axis]
            ex, ey, ez = turn[0, 1 - axis], turn[1, 1 - axis], turn[2, 1 - axis]
            inner = -1.0 if offs[1 - axis] > 0.0 else 1.0
            down = depth - rim_from
            if down > 0.0 and (past > 0.0 or 2.0 * (beside - bore) > rim_m):
                # it has gone down beside the socket: its body against that outer edge
                aside, facing = lean * down, -side
                gap, within = abs(off - aside) - bore - rim_m, bore + slope * max(lead - depth, 0.0) - beside
                if within > gap:
                    gap, facing = within, side
                gap, share, end = past_end(gap - radius, radius, past)
                face_m = min(face_m, gap)
                if gap < NEAR_M:
                    across, end = facing * share, inner * end
                    n = add(
                        points, n, tx - down * ax - aside * wx, ty - down * ay - aside * wy,
                        tz - down * az - aside * wz, across * wx + end * ex, across * wy + end * ey,
                        across * wz + end * ez, gap, stiffness, damping, friction, dt_s,
                    )  # fmt: skip
                continue
            # the tip, in the bore or on the lead-in's lower edge
            across, deeper, end, gap, on_edge = side, 0.0, 0.0, FAR_M, True
            into = (beside - mouth) * along + depth * inward
            if depth > bore_from:
                # a pin touches each wall where it is deepest in it, at its tip or where the bore begins
                level = off - (depth - bore_from) * lean
                gap, above, apart = play - beside, play - abs(level), level * side < 0.0
                wall_m = min(wall_m, gap, above)
                on_edge = apart or above < gap
                if not apart and above < gap:
                    gap = FAR_M
            elif into < ROUND_M:
                across, deeper = play + radius + ROUND_M - beside, bore_from - depth
                far = math.sqrt(across * across + deeper * deeper)
                gap, share, end = past_end(far - radius - ROUND_M, radius, past)
                face_m = min(face_m, gap)
                across, deeper, end = side * across / far * share, deeper / far * share, inner * end
            if gap < NEAR_M:
                n = add(
                    points, n, tx, ty, tz, across * wx + end * ex + deeper * ax, across * wy + end * ey + deeper * ay,
                    across * wz + end * ez + deeper * az, gap, stiffness, damping, friction, dt_s,
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
            # over the lead-in: the tip's ball against the slope, its edges, or the end face of its wall
            if into > WALL_M - ROUND_M:
                across, deeper = beside - bore - (rim_m - ROUND_M), rim_from - depth
                far = math.sqrt(across * across + deeper * deeper)
                across, deeper, gap = -across / far, deeper / far, far - radius - ROUND_M
            elif into > ROUND_M:
                across, deeper, gap = -inward, along, (beside - mouth) * inward - depth * along - radius
            else:
                gap = -into
                foot = depth + gap * inward
                if ROUND_M * along <= foot <= lead - ROUND_M * along:
                    across, deeper, gap = along, inward, gap - radius
                else:
                    last = foot > 0.5 * lead
                    across = (bore + lead_aside if last else mouth + ROUND_M * (along - inward)) - beside
                    deeper = (lead_to if last else ROUND_M * (along + inward)) - depth
                    far = math.sqrt(across * across + deeper * deeper)
                    across, deeper, gap = across / far, deeper / far, far - radius - ROUND_M
            gap, share, end = past_end(gap, radius, past)
            face_m = min(face_m, gap)
            if gap < NEAR_M:
                across, deeper, end = side * across * share, deeper * share, inner * end
                n = add(
                    points, n, tx, ty, tz, across * wx + end * ex + deeper * ax, across * wy + end * ey + deeper * ay,
                    across * wz + end * ez + deeper * az, gap, stiffness, damping, friction, dt_s,
                )  # fmt: skip
    t.gaps[0], t.gaps[1] = wall_m, face_m
    return n
