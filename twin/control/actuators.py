"""Timed actuators: grips, locks and the table's float lock. They hold only a load that is really there.

Positions run from 0 (open) to 1 (closed); a grip or lock holds from half way on. At that moment the true poses decide
what it holds: closing on nothing holds nothing and never makes its `closed` switch.
"""

from __future__ import annotations

from twin.geometry import rotate_back
from twin.motion.kernels import kernel
from twin.plants import lock_release
from twin.plants.geometry import HOLDS_FROM, fully_seated
from twin.records import Faults, Image, Params, Truth

GRIP_GAP_M = 0.03
"""Largest gap along z between end effector and pack that grips can bridge [estimate]."""


@kernel
def _move(position: float, command: int, stuck: int, open_rate: float, close_rate: float, dt_s: float) -> float:
    """Next position of one actuator; a stuck one keeps its position."""
    if stuck == 1:
        return position
    if command == 1:
        return min(position + close_rate * dt_s, 1.0)
    return max(position - open_rate * dt_s, 0.0)


@kernel
def pack_within_grip(w: Truth, p: Params, r: int) -> int:
    """Index of the pack whose grip face lies at the end effector of robot `r`, or -1."""
    e = w.e_pose[r]
    for k in range(p.packs):
        pose = w.pack_pose[k]
        dx, dy, dz = pose[0] - e[0], pose[1] - e[1], pose[2] - e[2]
        lx, ly, lz = rotate_back(e, dx, dy, dz)
        if lx * lx + ly * ly <= p.grip_capture_m * p.grip_capture_m and abs(lz) <= GRIP_GAP_M:
            return k
    return -1


@kernel
def actuate(w: Truth, image: Image, faults: Faults, p: Params, dt_s: float) -> bool:
    """Move all actuators by `dt_s` and update what they hold. True if a hold was made or broken."""
    changed = False
    for r in range(p.robots):
        holding = False
        for i in range(4):
            w.grip_position[r, i] = _move(
                w.grip_position[r, i],
                image.grip_command[r],
                faults.grip_stuck[r, i],
                p.grip_rate[0],
                p.grip_rate[1],
                dt_s,
            )
            holding = holding or w.grip_position[r, i] >= HOLDS_FROM
        if holding and w.held[r] < 0 and image.grip_command[r] == 1:
            k = pack_within_grip(w, p, r)
            if k >= 0:
                w.held[r] = k
                changed = True
        elif not holding and w.held[r] >= 0:
            w.held[r] = -1
            changed = True
        target = float(image.float_lock_command[r])
        step = p.float_lock_rate * dt_s
        w.float_lock[r] += min(max(target - w.float_lock[r], -step), step)
    for s in range(p.seats):
        if p.seat_locks[s] == 0:
            continue
        holding = False
        for i in range(p.seat_locks[s]):
            w.lock_position[s, i] = _move(
                w.lock_position[s, i],
                image.lock_command[s],
                faults.lock_stuck[s, i],
                p.lock_rate[s, 0],
                p.lock_rate[s, 1],
                dt_s,
            )
            holding = holding or w.lock_position[s, i] >= HOLDS_FROM
        if holding and w.locked[s] < 0 and image.lock_command[s] == 1:
            for k in range(p.packs):
                if w.pack_seat[k] == s and fully_seated(w, p, k):
                    w.locked[s] = k
                    changed = True
        elif not holding and w.locked[s] >= 0:
            lock_release.begin(w, p, s, w.locked[s])
            w.locked[s] = -1
            changed = True
    for r in range(p.robots):
        lock_release.update(w, p, r)
    return changed
