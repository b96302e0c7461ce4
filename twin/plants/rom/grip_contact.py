"""Contact of an empty end effector with a pack: pads, flared guides, the guides' rims, and the plate above them.

The shapes are those of the reference plant (`twin.plants.bullet.bodies.end_effector_shapes`). Each guide is a wall
along half of its pack's edge that flares outwards to its rim. A guide whose rim is outside of the edge has captured it:
the edge slides along the flare. A guide whose rim is inside stands on the grip face, or, over the next pack of a row,
meets that pack's opposite edge with its rim. A guide that is yawed may do both, and rests with its rim across the edge.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.frames import back, times
from twin.plants.rom.model import E_GAP_M, E_PAD_RADIUS_M
from twin.plants.rom.points import NEAR_M, add

Params = Any
Model = Any
State = Any

FAR_M = 1.0
"""Gap where there is nothing to touch."""


@inlined_kernel
def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@kernel
def grip_points(p: Params, m: Model, x: State, t: Any, r: int, pose: Any, n: int, friction: float, dt_s: float) -> int:
    """Contact points of robot `r`'s empty end effector with a pack whose grip face is at `pose`.

    They go into `t.points` after `n` others; how many there are then. `t.gaps` (2,) gets the distance from any contact.
    `x.off_pads[r]` counts contacts other than those of pads and flares. `t.at` and `t.turn` are the end effector's,
    `t.pack_turn` is the pack's rotation.
    """
    points, turn, face, up, face_m = t.points, t.turn, t.pack_turn, p.retract, FAR_M
    nx, ny, nz = up * face[0, 2], up * face[1, 2], up * face[2, 2]  # out of the grip face
    sx, sy, sz = pose[0] - t.at[0], pose[1] - t.at[1], pose[2] - t.at[2]  # middle of the face, from E
    dx, dy, _ = back(turn, nx, ny, nz)
    middle = -(nx * sx + ny * sy + nz * sz)
    for i in range(4):
        px, py = m.e_pad_xy_m[i, 0], m.e_pad_xy_m[i, 1]
        gap = middle + dx * px + dy * py
        rx, ry, rz = times(turn, px, py, 0.0)
        u, v, _ = back(face, rx - sx, ry - sy, rz - sz)
        off_u, off_v = abs(u) - m.pack_half_m[0], abs(v) - m.pack_half_m[1]
        beside = max(off_u, off_v)
        lx, ly, lz = nx, ny, nz
        if beside > 0.0:  # the ball over the edge
            axis = 0 if off_u > off_v else 1
            rise, side = max(gap + E_PAD_RADIUS_M, 0.0), 1.0 if (u if axis == 0 else v) > 0.0 else -1.0
            far = math.sqrt(beside * beside + rise * rise)
            gap = far - E_PAD_RADIUS_M
            out, rise = side * beside / far, rise / far
            lx = out * face[0, axis] + rise * nx
            ly = out * face[1, axis] + rise * ny
            lz = out * face[2, axis] + rise * nz
        face_m = min(face_m, gap)
        if gap < NEAR_M:
            x.off_pads[r] += 1 if beside > 0.0 else 0
            n = add(points, n, rx, ry, rz, lx, ly, lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s)
    # the pack from the end effector: middle of its face, and its axes
    qx, qy, qz = back(turn, sx, sy, sz)
    xx, xy, xz = back(turn, face[0, 0], face[1, 0], face[2, 0])
    yx, yy, yz = back(turn, face[0, 1], face[1, 1], face[2, 1])
    # and the end effector from the pack
    eu, ev, _ = back(face, -sx, -sy, -sz)
    slope, along, mouth = m.flipper_slope, m.flipper_along, m.flipper_clearance_m + m.flipper_capture_m
    first_reach = first_high = first_x = first_y = first_z = 0.0
    for axis in range(2):
        half, across, other = m.pack_half_m[axis], 0.5 * m.pack_half_m[1 - axis], m.pack_half_m[1 - axis]
        shift = ev if axis == 0 else eu  # of the end effector along these edges
        if abs(shift) > across + other:
            continue  # past the ends of the pack
        for which in range(4):
            side, end = 1.0 if which < 2 else -1.0, 1.0 if which % 2 == 0 else -1.0
            # a guide's rim at one of its ends, or where the pack ends, as seen from the pack
            place = _within(end * across, -other - shift, other - shift)
            bx, by = (side * (half + mouth), place) if axis == 0 else (place, side * (half + mouth))
            rx, ry, rz = times(turn, bx, by, -up * m.flipper_depth_m)
            u, v, high = back(face, rx - sx, ry - sy, rz - sz)
            high *= up
            reach = side * (u if axis == 0 else v)
            if which % 2 == 0:
                first_reach, first_high, first_x, first_y, first_z = reach, high, rx, ry, rz
            elif (reach < half) != (first_reach < half):
                # the rim crosses the edge in plan: two edges, which press along the normal of both
                out, rise = reach - first_reach, high - first_high
                share = (half - first_reach) / out
                steep = math.sqrt(out * out + rise * rise)
                upright, aside = abs(out) / steep, side * (-rise if out > 0.0 else rise) / steep
                gap = upright * (first_high + share * rise)
                face_m = min(face_m, gap)
                if gap < NEAR_M:
                    x.off_pads[r] += 1
                    n = add(
                        points, n, first_x + share * (rx - first_x), first_y + share * (ry - first_y),
                        first_z + share * (rz - first_z), aside * face[0, axis] + upright * nx,
                        aside * face[1, axis] + upright * ny, aside * face[2, axis] + upright * nz, gap,
                        m.pad_stiffness, m.e_damping, friction, dt_s,
                    )  # fmt: skip
            if reach < half:
                # over the face, or short of the opposite edge, which may lie under the end of the guide's wall
                under = along * (high - slope * (half + reach))
                gap = max(max(high, under), -half - reach - m.flipper_wall_m)
                face_m = min(face_m, gap)
                if gap >= NEAR_M or reach - half > gap:
                    continue
                x.off_pads[r] += 1
                if gap == high:
                    lx, ly, lz = nx, ny, nz
                else:
                    rise, aside = (along, -side * slope * along) if gap == under else (0.0, -side)
                    lx, ly, lz = (
                        aside * face[0, axis] + rise * nx,
                        aside * face[1, axis] + rise * ny,
                        aside * face[2, axis] + rise * nz,
                    )
                n = add(points, n, rx, ry, rz, lx, ly, lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s)
                continue
            # the edge that it has captured, as seen from the end effector
            place = _within(end * across, shift - across - mouth, shift + across + mouth)
            ex, ey = (side * half, place) if axis == 0 else (place, side * half)
            below = -up * (qz + ex * xz + ey * yz)
            if below > m.flipper_depth_m:
                face_m = min(face_m, below - m.flipper_depth_m)
                continue
            out = qx + ex * xx + ey * yx if axis == 0 else qy + ex * xy + ey * yy
            lean, norm = (slope, along) if below > 0.0 else (0.0, 1.0)
            gap = norm * (m.flipper_clearance_m + lean * below - side * (out - side * half))
            face_m = min(face_m, gap)
            if gap >= NEAR_M:
                continue
            # the wall is pushed outwards and, where it flares, up; its upper end by the pack's side
            fx, fy, fz = times(face, ex, ey, 0.0)
            if below > 0.0:
                bx, by = (side * norm, 0.0) if axis == 0 else (0.0, side * norm)
                lx, ly, lz = times(turn, bx, by, up * norm * lean)
            else:
                lx, ly, lz = side * face[0, axis], side * face[1, axis], side * face[2, axis]
            n = add(points, n, sx + fx, sy + fy, sz + fz, lx, ly, lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s)
    # tilted on a rim, the plate comes down on the pack's edge: corners of where both outlines overlap
    lx, ly, lz = up * turn[0, 2], up * turn[1, 2], up * turn[2, 2]
    for i in range(4):
        ex = m.pack_half_m[0] if i < 2 else -m.pack_half_m[0]
        ey = m.pack_half_m[1] if i % 2 == 0 else -m.pack_half_m[1]
        ex = _within(ex, eu - m.e_half_m[0], eu + m.e_half_m[0])
        ey = _within(ey, ev - m.e_half_m[1], ev + m.e_half_m[1])
        beside = max(abs(ex) - m.pack_half_m[0], abs(ey) - m.pack_half_m[1])
        gap = E_GAP_M - up * (qz + ex * xz + ey * yz)
        face_m = min(face_m, max(gap, beside))
        if gap < NEAR_M and beside <= 0.0:
            x.off_pads[r] += 1
            fx, fy, fz = times(face, ex, ey, 0.0)
            n = add(points, n, sx + fx, sy + fy, sz + fz, lx, ly, lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s)
    t.gaps[0] = t.gaps[1] = face_m
    return n
