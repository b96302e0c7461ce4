"""Contact of an empty end effector with a pack: pads, flared guides, the guides' rims, and the plate above them.

The shapes are those of the reference plant (`twin.plants.bullet.bodies.end_effector_shapes`). Each guide is a wall
along half of its pack's edge that flares outwards to its rim. A guide whose rim is outside of the edge has captured it:
the edge slides along the flare. A guide whose rim is inside stands on the grip face, or, over the next pack of a row,
meets that pack's opposite edge with its rim. A guide that is yawed may do both, and rests with its rim across the edge.

Convex shapes separate along the face normal of least penetration. That depth has no jumps. Near an edge, where two
faces are about as deep, the normal turns gradually from one to the other.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom.contact_points import NEAR_M, add
from twin.plants.rom.frames import back, times
from twin.plants.rom.model import E_GAP_M, E_PAD_RADIUS_M
from twin.records import Params

Model = Any
State = Any
Rim = tuple[float, float, float, float, float, float]

FAR_M = 1.0
"""Gap where there is nothing to touch."""
TINY = 1e-9


@inlined_kernel
def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@inlined_kernel
def _share(own: float, gap: float) -> float:
    """Weight in a contact's normal of a face with gap `own`, where the least pressed one has `gap`: 1 for that one.

    It falls to 0 for a face that is pressed in twice as deep, so normals do not jump where another face becomes the
    least.
    """
    return max(1.0 + (own - gap) / max(-gap, TINY), 0.0)


@kernel
def grip_points(p: Params, m: Model, x: State, t: Any, r: int, pose: Any, n: int, friction: float, dt_s: float) -> int:
    """Contact points of robot `r`'s empty end effector with a pack whose grip face is at `pose`.

    They go into `t.points` after `n` others; returns the new number. `t.gaps` (2,) gets the distance from any contact.
    `x.off_pads[r]` counts contacts other than those of pads and flares. `t.at` and `t.turn` are the end effector's,
    `t.pack_turn` is the pack's rotation.
    """
    sx, sy, sz = pose[0] - t.at[0], pose[1] - t.at[1], pose[2] - t.at[2]  # middle of the face, from E
    n, face_m = _pads(p, m, x, t, r, sx, sy, sz, n, friction, dt_s)
    for axis in range(2):
        for which in range(2):
            n, gap = _guide(p, m, x, t, r, sx, sy, sz, axis, 1.0 - 2.0 * which, n, friction, dt_s)
            face_m = min(face_m, gap)
    n, gap = _plate(p, m, x, t, r, sx, sy, sz, n, friction, dt_s)
    t.gaps[0] = t.gaps[1] = min(face_m, gap)
    return n


@kernel
def _pads(
    p: Params, m: Model, x: State, t: Any, r: int, sx: float, sy: float, sz: float, n: int, friction: float, dt_s: float
) -> tuple[int, float]:
    """Contact points of balls with the pack's box. Returns their number and the least gap."""
    turn, face, up, face_m = t.turn, t.pack_turn, p.retract, FAR_M
    for i in range(4):
        rx, ry, rz = times(turn, m.e_pad_xy_m[i, 0], m.e_pad_xy_m[i, 1], 0.0)
        u, v, high = back(face, rx - sx, ry - sy, rz - sz)
        off_u, off_v, rise = abs(u) - m.pack_half_m[0], abs(v) - m.pack_half_m[1], up * high + E_PAD_RADIUS_M
        beside = max(off_u, off_v)
        if max(beside, rise) > 0.0:  # the ball's middle is outside of the pack
            off_u, off_v, rise = max(off_u, 0.0), max(off_v, 0.0), max(rise, 0.0)
            far = math.sqrt(off_u * off_u + off_v * off_v + rise * rise)
            off_u, off_v, rise = off_u / far, off_v / far, rise / far
        else:
            far = max(rise, beside)
            off_u, off_v, rise = _share(off_u, far), _share(off_v, far), _share(rise, far)
            whole = math.sqrt(off_u * off_u + off_v * off_v + rise * rise)
            off_u, off_v, rise = off_u / whole, off_v / whole, rise / whole
        gap = far - E_PAD_RADIUS_M
        face_m = min(face_m, gap)
        if gap < NEAR_M:
            x.off_pads[r] += 1 if beside > 0.0 else 0
            off_u, off_v, rise = math.copysign(off_u, u), math.copysign(off_v, v), up * rise
            lx, ly, lz = times(face, off_u, off_v, rise)
            n = add(t.points, n, rx, ry, rz, lx, ly, lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s)
    return n, face_m


@inlined_kernel
def _rim(p: Params, m: Model, t: Any, sx: float, sy: float, sz: float, axis: int, side: float, place: float) -> Rim:
    """A guide's rim at `place` along it, as seen from the pack and from the end effector.

    Returns its distance from the pack's middle, its place along the pack's edge, its height over the grip face; and its
    position from E, in W.
    """
    out = side * (m.pack_half_m[axis] + m.flipper_clearance_m + m.flipper_capture_m)
    bx, by = (out, place) if axis == 0 else (place, out)
    rx, ry, rz = times(t.turn, bx, by, -p.retract * m.flipper_depth_m)
    u, v, high = back(t.pack_turn, rx - sx, ry - sy, rz - sz)
    if axis == 0:
        return side * u, v, p.retract * high, rx, ry, rz
    return side * v, u, p.retract * high, rx, ry, rz


@inlined_kernel
def _between(a: Rim, b: Rim, share: float) -> Rim:
    """Interpolate from `a` to `b` by `share`."""
    return (
        a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2]),
        a[3] + share * (b[3] - a[3]), a[4] + share * (b[4] - a[4]), a[5] + share * (b[5] - a[5]),
    )  # fmt: skip


@kernel
def _guide(
    p: Params, m: Model, x: State, t: Any, r: int, sx: float, sy: float, sz: float, axis: int, side: float, n: int,
    friction: float, dt_s: float,
) -> tuple[int, float]:  # fmt: skip
    """Contact points of one guide's wall with the pack's box. Returns their number and the least gap.

    They lie at both ends of the wall's overlap with the pack's edge, as long as that is not passed, and where the rim
    crosses the edge.
    """
    turn, face, up, face_m = t.turn, t.pack_turn, p.retract, FAR_M
    nx, ny, nz = up * face[0, 2], up * face[1, 2], up * face[2, 2]  # out of the grip face
    half, other = m.pack_half_m[axis], m.pack_half_m[1 - axis]
    slope, along = m.flipper_slope, m.flipper_along
    first = _rim(p, m, t, sx, sy, sz, axis, side, -0.5 * other)
    last = _rim(p, m, t, sx, sy, sz, axis, side, 0.5 * other)
    # past an end of the pack, its side keeps out the wall's ends
    past_low, past_high = -other - last[1], first[1] - other
    past = max(past_low, past_high)
    if past >= NEAR_M:
        return n, past
    long = last[1] - first[1]
    begins, ends = _within((-other - first[1]) / long, 0.0, 1.0), _within((other - first[1]) / long, 0.0, 1.0)
    first, last = _between(first, last, begins), _between(first, last, ends)
    for i in range(2):
        reach, place, high, rx, ry, rz = first if i == 0 else last
        # the pack's edge here, as seen from the end effector
        ex, ey = (side * half, place) if axis == 0 else (place, side * half)
        fx, fy, fz = times(face, ex, ey, 0.0)
        fx, fy, fz = fx + sx, fy + sy, fz + sz
        bx, by, below = back(turn, fx, fy, fz)
        off = m.flipper_clearance_m - (side * (bx if axis == 0 else by) - half)
        # the edge on the flare, the upper end of which meets the pack's side; and the rim on the grip face, short of
        # the opposite edge, which may lie under the end of the wall or beside it
        flare = along * (off - slope * up * below)
        under = along * (high - slope * (half + reach))
        beyond = -half - reach - m.flipper_wall_m
        gap = max(max(max(flare, off), max(high, under)), max(beyond, past))
        face_m = min(face_m, gap)
        if gap >= NEAR_M:
            continue
        of_flare, of_side, of_face = _share(flare, gap), _share(off, gap), _share(high, gap)
        of_under, of_beyond = _share(under, gap), _share(beyond, gap)
        of_low, of_high = _share(past_low, gap), _share(past_high, gap)
        on_edge = of_flare + of_side
        on_rim = of_face + of_under + of_beyond + of_low + of_high
        if on_rim > 0.0:
            x.off_pads[r] += 1
        out = of_flare * along
        bx, by = (side * out, 0.0) if axis == 0 else (0.0, side * out)
        lx, ly, lz = times(turn, bx, by, up * out * slope)
        aside, rise = side * (of_side - of_beyond - slope * along * of_under), of_face + along * of_under
        end = of_high - of_low
        lx += aside * face[0, axis] + end * face[0, 1 - axis] + rise * nx
        ly += aside * face[1, axis] + end * face[1, 1 - axis] + rise * ny
        lz += aside * face[2, axis] + end * face[2, 1 - axis] + rise * nz
        whole = 1.0 / max(math.sqrt(lx * lx + ly * ly + lz * lz), TINY)
        share = on_edge / (on_edge + on_rim)
        n = add(
            t.points, n, rx + share * (fx - rx), ry + share * (fy - ry), rz + share * (fz - rz), whole * lx,
            whole * ly, whole * lz, gap, m.pad_stiffness, m.e_damping, friction, dt_s,
        )  # fmt: skip
    for i in range(2):
        # the rim crosses this edge or the opposite one in plan: two edges, which press along the normal of both
        edge = half if i == 0 else -half
        if (last[0] < edge) == (first[0] < edge):
            continue
        out, rise = last[0] - first[0], last[2] - first[2]
        _, _, high, rx, ry, rz = _between(first, last, (edge - first[0]) / out)
        steep = math.sqrt(out * out + rise * rise)
        upright, aside = abs(out) / steep, side * (-rise if out > 0.0 else rise) / steep
        # no deeper than the rim is past the edge at either end: there it stands or slides already
        gap = max(upright * high, -min(abs(first[0] - edge), abs(last[0] - edge)))
        face_m = min(face_m, gap)
        if gap < NEAR_M:
            x.off_pads[r] += 1
            n = add(
                t.points, n, rx, ry, rz, aside * face[0, axis] + upright * nx, aside * face[1, axis] + upright * ny,
                aside * face[2, axis] + upright * nz, gap, m.pad_stiffness, m.e_damping, friction, dt_s,
            )  # fmt: skip
    return n, face_m


@kernel
def _plate(
    p: Params, m: Model, x: State, t: Any, r: int, sx: float, sy: float, sz: float, n: int, friction: float, dt_s: float
) -> tuple[int, float]:
    """Contact of the tilted plate with the pack's edge: corners of the overlap of both outlines.

    Returns the number of points and the least gap.
    """
    turn, face, up, face_m = t.turn, t.pack_turn, p.retract, FAR_M
    eu, ev, _ = back(face, -sx, -sy, -sz)  # the end effector from the pack
    past_u, past_v = abs(eu) - m.pack_half_m[0] - m.e_half_m[0], abs(ev) - m.pack_half_m[1] - m.e_half_m[1]
    past = max(past_u, past_v)
    if past >= NEAR_M:
        return n, past
    for i in range(4):
        ex = m.pack_half_m[0] if i < 2 else -m.pack_half_m[0]
        ey = m.pack_half_m[1] if i % 2 == 0 else -m.pack_half_m[1]
        ex = _within(ex, eu - m.e_half_m[0], eu + m.e_half_m[0])
        ey = _within(ey, ev - m.e_half_m[1], ev + m.e_half_m[1])
        fx, fy, fz = times(face, ex, ey, 0.0)
        fx, fy, fz = fx + sx, fy + sy, fz + sz
        _, _, high = back(turn, fx, fy, fz)
        level = E_GAP_M - up * high
        gap = max(level, past)
        face_m = min(face_m, gap)
        if gap < NEAR_M:
            x.off_pads[r] += 1
            rise, u, v = up * _share(level, gap), _share(past_u, gap), _share(past_v, gap)
            u, v = math.copysign(u, eu), math.copysign(v, ev)
            lx = rise * turn[0, 2] + u * face[0, 0] + v * face[0, 1]
            ly = rise * turn[1, 2] + u * face[1, 0] + v * face[1, 1]
            lz = rise * turn[2, 2] + u * face[2, 0] + v * face[2, 1]
            whole = 1.0 / math.sqrt(lx * lx + ly * ly + lz * lz)
            n = add(
                t.points, n, fx, fy, fz, whole * lx, whole * ly, whole * lz, gap, m.pad_stiffness, m.e_damping,
                friction, dt_s,
            )  # fmt: skip
    return n, face_m
