"""Step modes: how finely each part of a world is stepped until its next PLC scan.

- FULL_RATE: a part that may touch something, at the physics rate.
- LONG_STEP: a load that hangs free on ropes or stands free on its table, one step a scan (`twin.plants.rom.long_step`,
  `twin.plants.rom.table_long_step`).
- ATTACHED: a load that is gripped and locked, or held by pad stiction, one step a scan with the body it is attached to
  (`twin.plants.rom.rigid_attachment`, `twin.plants.rom.pad_stiction`).
- SLEEPING: a part that has stood still; it keeps its position and its forces.
"""

from __future__ import annotations

from typing import Any

from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.rom import long_step, sleeping, table_long_step
from twin.plants.rom.model import COUPLED, FREE, TRUCK
from twin.records import (
    EPITCH,
    EROLL,
    FLOATING_TABLE,
    FOUR_ROPE,
    MAST,
    PACKS,
    ROBOTS,
    TPITCH,
    TROLL,
    Faults,
    Image,
    Params,
    Truth,
    Z,
)

Model = Any
State = Any

SLEEPING, LONG_STEP, FULL_RATE, ATTACHED = range(4)

NEAR_SEAT_M = 0.01
"""Height over the pins' tips below which a pack may meet its seat before the next scan."""
NEAR_GRIP_M = 0.01
"""Height of an end effector over the corners of its flippers below which it may meet a pack before the next scan."""
SPREAD_M = 0.15
"""Sideways reach of an end effector beyond its outline: yaw, and its travel until the next scan."""
BELOW_M = 0.5
"""Depth below a grip face to which an end effector may still meet the pack's side."""
FAR_M = 1e30
STILL = 1e-5
"""Speed (m/s, rad/s) that counts as still: with the truck's damping it would creep on by some micrometres."""
STILL_SCANS = 3
"""Time for which it has to be that slow: a swing of a millimetre passes its turning point faster."""


@kernel
def count_still(w: Truth, image: Image, p: Params, x: State) -> None:
    """Count the scans for which each robot, and the truck, has been still; drives of sleeping robots wind up.

    Sleeping parts keep the speeds with which they came to rest.
    """
    mode = x.mode
    for r in range(p.robots):
        slept = mode[r] == SLEEPING and x.still[r] >= STILL_SCANS
        if slept:
            sleeping.wind_up(w, image, p, r, p.dt_s * p.scan_ticks)
        x.still[r] = x.still[r] + 1 if slept or _still(w.qd[r], 10) else 0
    slept = mode[ROBOTS] == SLEEPING and x.still[ROBOTS] >= STILL_SCANS
    x.still[ROBOTS] = x.still[ROBOTS] + 1 if slept or _still(w.truck_qd, 6) else 0


@kernel
def _still(speeds: Any, n: int) -> bool:
    """True if the first `n` speeds are all below the limit of standing still."""
    still = True
    for i in range(n):
        still = still and abs(speeds[i]) < STILL
    return still


@kernel
def find_candidates(w: Truth, p: Params, m: Model, x: State, high: Any) -> None:
    """Contact candidate of each robot before the next scan: 1 the held pack, 2 + k the end effector with pack k.

    From k = PACKS on these are idle packs. Results go into `x.near` and, for a second pack within reach,
    `x.second_near`.
    Robots known to be `high` (ROBOTS,) have none.
    """
    near = x.near
    for r in range(p.robots):
        near[r] = 0
        if high[r] == 1:
            continue
        # the load and the truck may tilt towards each other
        pitch, roll = abs(w.q[r, EPITCH]) + abs(w.truck_q[TPITCH]), abs(w.q[r, EROLL]) + abs(w.truck_q[TROLL])
        tilts = pitch * m.pack_half_m[0] + roll * m.pack_half_m[1]
        k = w.held[r]
        if k >= 0:
            if w.pack_offset_m[k, 2] < m.pin_length_m + NEAR_SEAT_M + travel_z_m(w, p, r) + tilts:
                near[r] = 1
            continue
        reach = m.flipper_depth_m + NEAR_GRIP_M + travel_z_m(w, p, r) + tilts
        first = second = FAR_M
        x.second_near[r] = 0
        for i in range(p.packs + m.idle):
            k = i if i < p.packs else PACKS + i - p.packs
            far = distance_to_pack_m(w, p, m, r, w.pack_pose[i] if i < p.packs else m.idle_pose[i - p.packs], reach)
            if far < first:
                second, x.second_near[r] = first, near[r]
                first, near[r] = far, 2 + k
            elif far < second:
                second, x.second_near[r] = far, 2 + k


@kernel
def distance_to_pack_m(w: Truth, p: Params, m: Model, r: int, pose: Any, reach: float) -> float:
    """Distance of robot `r`'s end effector from the middle of a pack at `pose`; FAR_M if it cannot reach the pack."""
    e = w.e_pose[r]
    if not -BELOW_M < p.retract * (e[2] - pose[2]) < reach:
        return FAR_M
    more = m.flipper_clearance_m + m.flipper_capture_m + m.flipper_wall_m + SPREAD_M
    dx, dy = abs(e[0] - pose[0]), abs(e[1] - pose[1])
    if dx < 2.0 * m.pack_half_m[0] + more and dy < 2.0 * m.pack_half_m[1] + more:
        return dx + dy
    return FAR_M


@inlined_kernel
def travel_z_m(w: Truth, p: Params, r: int) -> float:
    """Largest travel of axis z until after the next scan."""
    return 2.0 * abs(w.qd[r, Z]) * p.dt_s * p.scan_ticks


@kernel
def choose(w: Truth, image: Image, faults: Faults, p: Params, m: Model, x: State) -> None:
    """Choose the step mode of every robot, and of the truck at the end of `x.mode`, which is never ATTACHED."""
    near, mode = x.near, x.mode
    pushed = (
        faults.truck_brake_off == 1
        or faults.truck_push_n[0] != 0.0
        or faults.truck_push_n[1] != 0.0
        or faults.truck_push_n[2] != 0.0
    )
    truck_still = x.still[ROBOTS] >= STILL_SCANS and not pushed
    in_contact = attached = pushes = False
    for r in range(p.robots):
        on_truck, k = False, w.held[r]
        fixed = x.fixed_to[r] != FREE
        if fixed:
            on_truck = x.fixed_to[r] == TRUCK
        elif near[r] == 1:
            on_truck = p.seat_on_truck[w.pack_seat[k]] == 1
        elif near[r] > 1:
            on_truck = near[r] - 2 < PACKS and x.carrier[near[r] - 2] == TRUCK
        elif near[r] == COUPLED:
            pushes = pushes or p.seat_on_truck[w.pack_seat[k]] == 1
        if _may_sleep(w, image, p, x, r) and (truck_still or not on_truck):
            mode[r] = SLEEPING
        elif near[r] <= 0 and not fixed and can_take_long_step(w, image, p, m, r):
            mode[r] = LONG_STEP
        elif fixed and p.reeving != MAST:
            mode[r] = ATTACHED
            attached = attached or on_truck
        else:
            mode[r] = FULL_RATE
            in_contact = in_contact or on_truck
    mode[ROBOTS] = FULL_RATE if in_contact else SLEEPING if truck_still and not (attached or pushes) else LONG_STEP
    if in_contact and attached:  # the truck has only one step mode
        for r in range(p.robots):
            if mode[r] == ATTACHED and x.fixed_to[r] == TRUCK:
                mode[r] = FULL_RATE


@inlined_kernel
def can_take_long_step(w: Truth, image: Image, p: Params, m: Model, r: int) -> bool:
    """True if robot `r` can take a long step of a whole scan as long as it touches nothing."""
    if p.reeving == FOUR_ROPE:
        return long_step.is_valid(w, image, p, m, r)
    return p.reeving == FLOATING_TABLE and table_long_step.is_valid(w, p, r, p.dt_s * p.scan_ticks)


@kernel
def _may_sleep(w: Truth, image: Image, p: Params, x: State, r: int) -> bool:
    """True if robot `r` has stood still and nothing is about to move it."""
    if x.still[r] < STILL_SCANS or w.letting_go[r] != 0 or abs(w.float_lock[r] - image.float_lock_command[r]) > 0.0:
        return False
    return sleeping.holds(w, image, p, r)
