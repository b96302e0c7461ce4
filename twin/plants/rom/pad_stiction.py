"""Stiction of pads: a pack on its seat's pads, or an end effector on a pack, while its robot's axes stand.

Friction holds it, so it is attached to its support, like a load that is gripped and locked
(`twin.plants.rom.rigid_attachment`). Only its pads still give; they are damped so well that they follow their load.
Contact balances suspension and weight, and accelerates it with the truck.
"""

from __future__ import annotations

import math
from typing import Any

from twin.motion.kernels import kernel
from twin.plants.rom import carried_body, rigid_attachment
from twin.plants.rom import truck as truck_body
from twin.plants.rom.frames import back, compose, cross, times
from twin.plants.rom.long_step import body_of
from twin.plants.rom.model import EMPTY, FREE, GROUND, TRUCK
from twin.plants.rom.placing import attach
from twin.plants.rom.step_mode import FULL_RATE, SLEEPING
from twin.plants.suspension import suspend
from twin.records import FOUR_ROPE, PACKS, STANDSTILL, Image, Params, Truth, Z

Model = Any
State = Any

SLIDES_MPS, ROCKS_MPS = 1e-4, 2e-3
"""Speed along its pads, and at their corners normal to them, below which a body may be coming to stand."""
STOOD_SCANS = 3
"""Number of such scans after which it stands."""
ENGAGE_FRICTION, RELEASE_FRICTION = 0.8, 0.95
"""Shares of the Coulomb limit up to which pad stiction may begin, and may go on."""
ENGAGE_PRESS, RELEASE_PRESS = 0.3, 0.1
"""Shares of the mean pad's load that the least loaded pad must carry for it to begin, and to go on."""
LIGHT = 0.02
"""Contact force, as a share of its own weight, below which it does not stand firmly."""


@kernel
def update(w: Truth, image: Image, p: Params, m: Model, x: State, t: Any) -> None:
    """After a scan, find the robots for which pad stiction begins or ends."""
    changed = False
    for r in range(p.robots):
        if x.fixed_to[r] != FREE:
            if x.stiction_row[r] == 0:
                continue
            if (
                x.near[r] <= 0
                or not _axes_stand(image, r)
                or not _holds(w, p, m, x, t, r, RELEASE_PRESS, RELEASE_FRICTION)
            ):
                release(x, r)
                changed = True
            continue
        on = _support(w, p, x, r) if w.letting_go[r] == 0 else FREE
        if x.mode[r] != FULL_RATE or on == FREE or not _axes_stand(image, r) or not _stands(w, p, m, x, t, r, on):
            x.stiction_scans[r] = 0
            continue
        x.stiction_scans[r] += 1
        if x.stiction_scans[r] >= STOOD_SCANS:
            _begin(w, p, m, x, t, r, on)
            changed = True
    if changed:
        truck_body.mass_matrix(w, p, m, x, t.mass)


@kernel
def release(x: State, r: int) -> None:
    """End pad stiction of robot `r`: its contacts are stepped again."""
    x.stiction_scans[r] = 0
    if x.stiction_row[r] != 0:
        x.fixed_to[r], x.stiction_row[r] = FREE, 0


@kernel
def _axes_stand(image: Image, r: int) -> bool:
    """True if no axis of robot `r` has a motion command."""
    stand = True
    for i in range(4):
        stand = stand and image.axis_state[r, i] == STANDSTILL
    return stand


@kernel
def _support(w: Truth, p: Params, x: State, r: int) -> int:
    """Support of robot `r`'s pads: TRUCK, GROUND, or FREE where nothing stands."""
    if x.near[r] <= 0:
        return FREE
    if x.near[r] == 1:
        return TRUCK if p.seat_on_truck[w.pack_seat[w.held[r]]] == 1 else GROUND
    if x.off_pads[r] > 0 or x.near[r] - 2 >= PACKS:
        return FREE
    on = x.carrier[x.near[r] - 2]
    return on if on < 0 else FREE


@kernel
def _stands(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, on: int) -> bool:
    """True if robot `r`'s body neither slides nor rocks on its pads, and will not."""
    if not _holds(w, p, m, x, t, r, ENGAGE_PRESS, ENGAGE_FRICTION):
        return False
    cx, cy, cz, half_x, half_y = _pads_middle(w, p, m, x, t, r)
    ux, uy, uz, wx, wy, wz = t.motion[0], t.motion[1], t.motion[2], t.motion[3], t.motion[4], t.motion[5]
    vx, vy, vz = cross(wx, wy, wz, cx, cy, cz)
    vx, vy, vz = vx + ux, vy + uy, vz + uz
    if on == TRUCK:
        truck_body.clear_forces(w, t.truck)
        sx, sy, sz = truck_body.velocity(w, w.truck_qd, t.truck, t.at[0] + cx, t.at[1] + cy, t.at[2] + cz)
        vx, vy, vz = vx - sx, vy - sy, vz - sz
        sx, sy, sz = truck_body.angular_velocity(w, t.truck)
        wx, wy, wz = wx - sx, wy - sy, wz - sz
    vx, vy, vz = back(t.turn, vx, vy, vz)
    wx, wy, wz = back(t.turn, wx, wy, wz)
    slides = abs(vx) + abs(vy) + abs(wz) * (half_x + half_y)
    return slides < SLIDES_MPS and abs(vz) + abs(wx) * half_y + abs(wy) * half_x < ROCKS_MPS


@kernel
def _pads_middle(w: Truth, p: Params, m: Model, x: State, t: Any, r: int) -> tuple[float, float, float, float, float]:
    """Middle of the pads from E, in W, with E at `t.turn`; their distance from it along its x and y."""
    k = w.held[r]
    if k < 0:
        return 0.0, 0.0, 0.0, abs(m.e_pad_xy_m[0, 0]), abs(m.e_pad_xy_m[0, 1])
    cx, cy, cz = times(t.turn, x.relative[k, 0], x.relative[k, 1], x.relative[k, 2] - p.retract * p.pack_height_m)
    return cx, cy, cz, abs(p.pad_xy_m[0, 0]), abs(p.pad_xy_m[0, 1])


@kernel
def _holds(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, least: float, most: float) -> bool:
    """True if friction with a share of `most` holds robot `r`, and its least loaded pad carries a share of `least`.

    Uses `w.guide_force_n` and the suspension's force; `t.at`, `t.turn`, `t.motion` get the pose and motion of E.
    """
    carried_body.angles_of(w, p, r, t.angles)
    carried_body.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    k, force = body_of(w, r), w.guide_force_n[r]
    fx, fy, fz = back(t.turn, force[0], force[1], force[2])
    normal_n = p.retract * fz
    if normal_n < LIGHT * m.body_kg[k] * p.gravity_mps2:
        return False
    _, _, _, half_x, half_y = _pads_middle(w, p, m, x, t, r)
    tx, ty, tz = _pad_moments(w, p, m, x, t, r, force[0], force[1], force[2])
    friction = m.e_friction if k == EMPTY else m.guide_friction
    half = math.sqrt(half_x * half_x + half_y * half_y)
    if math.sqrt(fx * fx + fy * fy) + abs(tz) / half > most * friction * normal_n:
        return False
    return normal_n - abs(tx) / half_y - abs(ty) / half_x > least * normal_n


@kernel
def _pad_moments(
    w: Truth, p: Params, m: Model, x: State, t: Any, r: int, fx: float, fy: float, fz: float
) -> tuple[float, float, float]:
    """Moments of robot `r`'s pads about their middle that keep its body from turning, in the axes of E.

    f is the contact force there, in W; suspension and coupler give the rest. E is at `t.at`, `t.turn`.
    """
    k = body_of(w, r)
    com = m.body_com_m[k]
    dx, dy, dz = times(t.turn, com[0], com[1], com[2])
    cx, cy, cz, _, _ = _pads_middle(w, p, m, x, t, r)
    px, py, pz, tx, ty, tz = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
    # about the centre of mass
    ax, ay, az = cross(dx, dy, dz, px, py, pz)
    bx, by, bz = cross(dx - cx, dy - cy, dz - cz, fx, fy, fz)
    ax, ay, az = ax + bx - tx, ay + by - ty, az + bz - tz
    if k != EMPTY:
        at, coupler_n = w.coupler_at[k], w.coupler_n[k]
        ax -= (at[1] - t.at[1] - dy) * coupler_n
        ay += (at[0] - t.at[0] - dx) * coupler_n
    return back(t.turn, ax, ay, az)


@kernel
def _begin(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, on: int) -> None:
    """Begin pad stiction of robot `r` on truck or ground, with its pads compressed as they are, after `_holds`."""
    truck_body.body_pose(w, t.body)
    attach(w, m, x, t, r, on)
    x.stiction_row[r] = 1 + body_of(w, r)
    force, pads, along = w.guide_force_n[r], x.pads[r], x.inertia_n[r]
    _, _, pads[0] = back(t.turn, force[0], force[1], force[2])
    pads[1], pads[2], _ = _pad_moments(w, p, m, x, t, r, force[0], force[1], force[2])
    px, py, pz, _, _, _ = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
    along[0], along[1] = force[0] + px, force[1] + py
    along[2] = force[2] + pz - m.body_kg[body_of(w, r)] * p.gravity_mps2


@kernel
def deflect_pads(w: Truth, p: Params, m: Model, x: State, t: Any, r: int) -> None:
    """Deflect robot `r`'s pads under the force and tilting moments of their load; its end effector moves with them.

    The deflection unloads the suspension: both springs are solved together.
    """
    carried_body.angles_of(w, p, r, t.angles)
    suspend(w, p, r, t.angles, t.reaction)
    carried_body.end_effector_motion(w, p, r, t.angles, t.at, t.turn, t.motion)
    px, py, pz, _, _, _ = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
    along, pads = x.inertia_n[r], x.pads[r]
    fx, fy = along[0] - px, along[1] - py
    fz = along[2] - pz + m.body_kg[body_of(w, r)] * p.gravity_mps2
    if w.held[r] >= 0:  # no friction in a coupler whose halves move together
        w.coupler_n[w.held[r]] = 0.0
    tx, ty, _ = _pad_moments(w, p, m, x, t, r, fx, fy, fz)
    _, _, fz = back(t.turn, fx, fy, fz)
    cx, cy, cz, half_x, half_y = _pads_middle(w, p, m, x, t, r)
    cx, cy, cz = back(t.turn, cx, cy, cz)
    stiffness = 4.0 * m.pad_stiffness
    roll, pitch = stiffness * half_y * half_y, stiffness * half_x * half_x
    lifts, rolls, pitches = _suspension(w, p, r, cz)
    up_m = (pads[0] - fz) / (stiffness + lifts)
    about_x, about_y = (pads[1] - tx) / (roll + rolls), (pads[2] - ty) / (pitch + pitches)
    pads[0] -= stiffness * up_m
    pads[1] -= roll * about_x
    pads[2] -= pitch * about_y
    # about the middle of its pads
    by, turned = t.give[0], t.give[1]
    by[0], by[1], by[2] = -about_y * cz, about_x * cz, up_m + about_y * cx - about_x * cy
    by[3], by[4], by[5], by[6] = 0.5 * about_x, 0.5 * about_y, 0.0, 1.0
    compose(x.fixed[r], by, turned)
    for i in range(7):
        x.fixed[r, i] = turned[i]
    rigid_attachment.follow(w, p, x, t, r)


@kernel
def _suspension(w: Truth, p: Params, r: int, below_m: float) -> tuple[float, float, float]:
    """Stiffness of robot `r`'s suspension in heave, roll and pitch about a point at that depth below E."""
    if p.reeving == FOUR_ROPE:
        ropes = 4.0 * p.rope_ea_n / (p.sheave_height_m - w.q[r, Z]) if w.load_n[r] > 0.0 else 0.0
        return ropes, ropes * p.rope_half_y_m * p.rope_half_y_m, ropes * p.rope_half_x_m * p.rope_half_x_m
    spring, lock, far = p.e_stiffness, w.float_lock[r], below_m * below_m
    along_x, along_y = spring[0] + lock * p.e_lock_stiffness[0], spring[1] + lock * p.e_lock_stiffness[1]
    roll, pitch = spring[5] + lock * p.e_lock_stiffness[5], spring[4] + lock * p.e_lock_stiffness[4]
    return spring[2], roll + along_y * far, pitch + along_x * far


@kernel
def begin_contact_force(w: Truth, p: Params, m: Model, x: State, t: Any, r: int, dt_s: float) -> None:
    """Begin robot `r`'s contact force over a step: against suspension and weight, and the force that would stop it.

    E is at `t.at`, `t.turn` and moves by `t.motion`; `w.tau` is its suspension's.
    """
    k, force, at, along = body_of(w, r), w.guide_force_n[r], t.com_at[r], x.inertia_n[r]
    fx, fy, fz, _, _, _ = carried_body.suspension_wrench(w, p, r, t.angles, t.turn)
    com = m.body_com_m[k]
    dx, dy, dz = times(t.turn, com[0], com[1], com[2])
    at[0], at[1], at[2] = t.at[0] + dx, t.at[1] + dy, t.at[2] + dz
    force[0], force[1] = -fx, -fy
    force[2] = m.body_kg[k] * p.gravity_mps2 - fz
    for i in range(3):
        along[i] = 0.0
    _add_momentum(w, m, x, t, r, -1.0 / dt_s)


@kernel
def complete_contact_forces(w: Truth, p: Params, m: Model, x: State, t: Any, dt_s: float) -> None:
    """Complete the contact forces of all bodies held by pad stiction on the truck, once its speeds are known."""
    for r in range(p.robots):
        if x.stiction_row[r] != 0 and x.mode[r] != SLEEPING:  # the force of a sleeping robot has not been begun
            _add_momentum(w, m, x, t, r, 1.0 / dt_s)


@kernel
def _add_momentum(w: Truth, m: Model, x: State, t: Any, r: int, per_s: float) -> None:
    """Add the momentum of robot `r`'s body moving with the truck, times `per_s`, to its contact force."""
    if x.fixed_to[r] != TRUCK:
        return
    force, along, at, mass = w.guide_force_n[r], x.inertia_n[r], t.com_at[r], m.body_kg[body_of(w, r)] * per_s
    vx, vy, vz = truck_body.velocity(w, w.truck_qd, t.truck, at[0], at[1], at[2])
    vx, vy, vz = mass * vx, mass * vy, mass * vz
    force[0], force[1], force[2] = force[0] + vx, force[1] + vy, force[2] + vz
    along[0], along[1], along[2] = along[0] + vx, along[1] + vy, along[2] + vz
