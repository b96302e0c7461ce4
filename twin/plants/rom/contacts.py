"""Contact candidates of the robots before the next scan, and their contact forces."""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.plants import lock_release
from twin.plants.geometry import COUPLER_SPEED_MPS, seat_rise_mps
from twin.plants.rom import carried_body, contact_points, seat_contact, step_mode
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import from_quaternion, matrix_product, times
from twin.plants.rom.grip_contact import grip_points
from twin.plants.rom.model import COUPLED, FREE, TRUCK
from twin.records import FLOATING_TABLE, PACKS, ROBOTS, Image, Params, Truth

Model = Any
State = Any

SPARE_M, SPARE = 0.0002, 1.3
"""Margin of the travel until the next scan at the present speed beyond which a gap stays open: this share and a
constant.
"""
RUBS = 2.0
"""Multiple of the speed of full friction above which a coupler keeps its direction until the next scan."""
REACH_M = 2.0
"""Distance from the middle of a pack to its farthest point."""


@kernel
def find_candidates(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any, anything: bool) -> None:
    """Find the robots that may touch something before the next scan, into `x.near`; COUPLED: only its coupler does.

    Unless `anything` may have changed since the last search, parts that have slept since are not searched again.
    """
    if not anything and _all_asleep(p, x):
        return
    step_mode.find_candidates(w, p, m, x, t.high)
    for r in range(p.robots):
        if x.near[r] != 0 and step_mode.can_take_long_step(w, image, p, m, r) and _stays_clear(w, p, m, x, t, r):
            x.near[r] = COUPLED if _is_coupled(w, p, w.held[r]) else 0


@kernel
def _all_asleep(p: Params, x: State) -> bool:
    """True if the truck and every robot have slept since the last scan."""
    rest = x.mode[ROBOTS] == step_mode.SLEEPING
    for r in range(p.robots):
        rest = rest and x.mode[r] == step_mode.SLEEPING
    return rest


@kernel
def _stays_clear(w: Truth, p: Params, m: Model, x: State, t: Any, r: int) -> bool:
    """True if robot `r`, which is near a seat or a pack, cannot touch it before the next scan."""
    if x.fixed_to[r] != FREE or w.letting_go[r] != 0:
        return False
    k, scan_s = w.held[r], p.dt_s * p.scan_ticks
    carried_body.angles_of(w, p, r, t.angles)
    carried_body.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    if k < 0:
        _find_grips(w, p, m, x, t, r, p.dt_s)
    else:
        if _is_coupled(w, p, k):
            over_mps = t.motion[2] - seat_rise_mps(w, p, w.pack_seat[k])
            if p.reeving != FLOATING_TABLE or abs(over_mps) < RUBS * COUPLER_SPEED_MPS:
                return False
        _place_held(x, t, r, k)
        s = w.pack_seat[k]
        seat_contact.seat_frame(w, p, s, t.truck_at, t.truck_turn, t.seat_at[r], t.seat[r])
        seat_contact.seat_points(w, p, m, t, r, k, p.dt_s)
    turning = REACH_M * (abs(t.motion[3]) + abs(t.motion[4]) + abs(t.motion[5]))
    sideways = abs(t.motion[0]) + abs(t.motion[1]) + turning
    for i in range(6):
        sideways += abs(w.truck_qd[i])
    spare = SPARE_M + SPARE * scan_s * sideways
    return t.gaps[0] > spare and t.gaps[1] > spare + SPARE * scan_s * abs(t.motion[2])


@kernel
def _is_coupled(w: Truth, p: Params, k: int) -> bool:
    """True if the halves of pack `k`'s coupler may meet; False for no pack (-1)."""
    return k >= 0 and w.pack_offset_m[k, 2] < p.coupler_engage_m


@kernel
def contact_forces(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """Contact forces on robot `r`'s end effector or pack into `t.out`, on the truck into `t.truck`."""
    k = w.held[r]
    if k < 0:
        other = x.near[r] - 2
        n = _find_grips(w, p, m, x, t, r, dt_s)
        on_truck = other < PACKS and x.carrier[other] == TRUCK
    else:
        _place_held(x, t, r, k)
        n = seat_contact.seat_points(w, p, m, t, r, k, dt_s)
        on_truck = p.seat_on_truck[w.pack_seat[k]] == 1
        carried_body.add_coupler_friction(w, p, t, k)
        add_coupler_friction(w, p, t, k)
        if w.letting_go[r] != 0:
            _add_lock_load(w, p, t, r, on_truck)
    cx, cy, cz = t.out[0], t.out[1], t.out[2]
    if n > 0:
        x.depth_m[r] = max(x.depth_m[r], contact_points.deepest_m(t.points, n))
        pull = t.pull
        pull[0], pull[1], pull[2], pull[3], pull[4], pull[5] = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
        contact_points.add_forces(w, p, m, t, r, n, on_truck, dt_s)
    gx, gy, gz = t.out[0] - cx, t.out[1] - cy, t.out[2] - cz
    w.guide_force_n[r, 0], w.guide_force_n[r, 1], w.guide_force_n[r, 2] = gx, gy, gz
    if n > 0:
        w.guide_peak_n[r, 0] = max(w.guide_peak_n[r, 0], math.sqrt(gx * gx + gy * gy))
        w.guide_peak_n[r, 1] = max(w.guide_peak_n[r, 1], abs(gz))


@kernel
def _add_lock_load(w: Truth, p: Params, t: Any, r: int, on_truck: bool) -> None:
    """Add what opening locks still carry of robot `r`'s pack to `t.out`, and the opposite to the truck if on it."""
    left, load, out = lock_release.share(w, p, r), w.lock_load_n[r], t.out
    for i in range(6):
        out[i] += left * load[i]
    if on_truck:
        truck_body.add_force(w, t.truck, t.at[0], t.at[1], t.at[2], -left * load[0], -left * load[1], -left * load[2])
        truck_body.add_torque(t.truck, -left * load[3], -left * load[4], -left * load[5])


@kernel
def _place_held(x: State, t: Any, r: int, k: int) -> None:
    """Grip face and rotation of pack `k` in the grips of robot `r`, whose end effector is at `t.at`, `t.turn`."""
    rx, ry, rz = times(t.turn, x.relative[k, 0], x.relative[k, 1], x.relative[k, 2])
    t.pack[0], t.pack[1], t.pack[2] = t.at[0] + rx, t.at[1] + ry, t.at[2] + rz
    matrix_product(t.turn, t.held_turn[r], t.pack_turn)


@kernel
def _find_grips(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> int:
    """Contact points of an empty end effector with the nearest pack and the next one into `t.points`; their number.

    `t.gaps` gets the distance from touching either.
    """
    x.off_pads[r] = 0
    n = _find_grip(w, p, m, x, t, r, x.near[r] - 2, 0, dt_s)
    if x.second_near[r] > 0:
        gap, first = t.gaps[0], n
        n = _find_grip(w, p, m, x, t, r, x.second_near[r] - 2, n, dt_s)
        t.gaps[0] = t.gaps[1] = min(gap, t.gaps[0])
        x.off_pads[r] += n - first
    return n


@kernel
def _find_grip(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, k: int, n: int, dt_s: float) -> int:
    """Contact points of an empty end effector with pack `k`, idle from PACKS on, after `n` others; their number."""
    if k >= PACKS:
        pose = m.idle_pose[k - PACKS]
        from_quaternion(pose, t.pack_turn)
        return grip_points(p, m, x, t, r, pose, n, m.e_friction, dt_s)
    pose = w.pack_pose[k]
    if x.carrier[k] == TRUCK:
        rx, ry, rz = times(t.truck_turn, x.relative[k, 0], x.relative[k, 1], x.relative[k, 2])
        pose[0], pose[1], pose[2] = t.truck_at[0] + rx, t.truck_at[1] + ry, t.truck_at[2] + rz
        from_quaternion(x.relative[k], t.fixed_turn)
        matrix_product(t.truck_turn, t.fixed_turn, t.pack_turn)
    else:
        from_quaternion(pose, t.pack_turn)
    return grip_points(p, m, x, t, r, pose, n, m.e_friction, dt_s)


@kernel
def add_coupler_friction(w: Truth, p: Params, t: Any, k: int) -> None:
    """Add the coupler friction of pack `k` to the truck, if its seat is there."""
    if p.seat_on_truck[w.pack_seat[k]] == 1 and w.coupler_n[k] != 0.0:
        at = w.coupler_at[k]
        truck_body.add_force(w, t.truck, at[0], at[1], at[2], 0.0, 0.0, -w.coupler_n[k])
