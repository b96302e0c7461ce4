"""Poses of all frames from a log's axes, its load's sway and its packs' places, by the twin's own kinematics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.alignment.hover import rest_truck
from twin.geometry import quaternion
from twin.motion.kernels import kernel
from twin.plants.beginning import new_world
from twin.plants.geometry import end_effector_pose, seat_pose
from twin.recording.swap.sampling import fill_frames
from twin.records import EX, EY, EYAW, EZ, FLOATING_TABLE, TPITCH, TROLL, TX, TY, TYAW, TZ, YAW, Truth, Z
from twin.setup.setup import SwapSetup

SPRINGS = (TZ, TPITCH, TROLL)


def truck_give(setup: SwapSetup) -> tuple[np.ndarray, np.ndarray]:
    """Heave, pitch and roll (3,) of the truck without packs, and the contribution of each pack's weight (P, 3), by
    statics."""
    p = setup.params[0]

    def rest(packs: list[tuple[int, int]]) -> np.ndarray:
        w = new_world(setup)[0]
        rest_truck(w, p, packs)
        return np.array([float(w["truth"]["truck_q"][k]) for k in SPRINGS])

    bare = rest([])
    adds = np.zeros((int(p["packs"]), 3))
    for job in setup.jobs:
        for pack in (job.old_pack, job.new_pack):
            adds[pack] = rest([(pack, job.truck_seat)]) - bare
    return bare, adds


@kernel
def fill_poses(
    worlds: Any,
    params: Any,
    axes: Any,
    sway: Any,
    load: Any,
    packs: Any,
    springs: Any,
    park: Any,
    out: Any,
) -> None:
    """Fill the poses of all frames over a stretch of samples; `worlds` (1,) and `params` (1,) are the setup's.

    Args:
        axes: (K, R, 4) positions of the axes.
        sway: (K, R, 2) offset of the end effector from its suspension, m.
        load: (K, R) force in the ropes or on the table, N.
        packs: (K, P) place of each pack, as in `packs.Timeline`.
        springs: (K, 3) heave, pitch and roll of the truck.
        park: (K, 3) x, y and yaw of the truck.
        out: (K, F, 7) poses in their parents, in the order of `sampling.frames_of`.
    """
    world, p = worlds[0], params[0]
    for k in range(len(axes)):
        world.truth.truck_q[TX], world.truth.truck_q[TY], world.truth.truck_q[TYAW] = park[k, 0], park[k, 1], park[k, 2]
        world.truth.truck_q[TZ], world.truth.truck_q[TPITCH], world.truth.truck_q[TROLL] = (
            springs[k, 0],
            springs[k, 1],
            springs[k, 2],
        )
        for r in range(p.robots):
            q = world.truth.q[r]
            for i in range(4):
                q[i] = axes[k, r, i]
            q[EX], q[EY] = sway[k, r, 0], sway[k, r, 1]
            if p.reeving == FLOATING_TABLE:
                q[EZ], q[EYAW] = 0.0, 0.0
            else:
                rope = p.sheave_height_m - q[Z]
                stretched = rope * (1.0 + load[k, r] / (4.0 * p.rope_ea_n)) if p.rope_ea_n > 0.0 else rope
                q[EZ] = -math.sqrt(max(stretched * stretched - q[EX] * q[EX] - q[EY] * q[EY], 0.01))
                q[EYAW] = q[YAW]
            end_effector_pose(world.truth, p, r)
        for i in range(p.packs):
            code = packs[k, i]
            if code >= 0:
                for j in range(7):
                    world.truth.pack_pose[i, j] = world.truth.e_pose[code, j]
            else:
                _stand(world.truth, p, i, -1 - code)
        fill_frames(worlds, params, 0, out[k])


@kernel
def _stand(w: Truth, p: Any, pack: int, seat: int) -> None:
    """Put a pack at rest in a seat: its grip face is one pack height from it, along the seat's normal."""
    x, y, z, yaw, pitch, roll = seat_pose(w, p, seat)
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    high = p.retract * p.pack_height_m
    pose = w.pack_pose[pack]
    pose[0], pose[1] = x + high * (cy * sp * cr + sy * sr), y + high * (sy * sp * cr - cy * sr)
    pose[2] = z + high * cp * cr
    pose[3], pose[4], pose[5], pose[6] = quaternion(yaw, pitch, roll)
