"""Axis targets at seats: grip and mating positions, from what the control software knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.geometry import truck_point
from twin.motion.kernels import kernel
from twin.records import TYAW


@kernel
def seat_target(p: Any, s: int, pose: Any, leaning: bool) -> tuple[float, float, float, float]:
    """Axis targets x, y, z, yaw for seat `s`; see `seat_targets`."""
    x, y, z = p.seat_xyz_m[s, 0], p.seat_xyz_m[s, 1], p.seat_xyz_m[s, 2]
    yaw, rise = p.seat_yaw_rad[s], p.retract * p.pack_height_m
    if p.seat_on_truck[s] == 1:
        yaw += pose[TYAW]
        if leaning:
            x, y, z = truck_point(pose, x, y, z + rise)
        else:
            x, y, z = truck_point(pose, x, y, z)
            z += rise
    else:
        z += rise
    return x, y, z, yaw


@kernel
def seat_targets(params: Any, worlds: Any, seats: Any, truck_pose: Any, leaning: bool, out: Any) -> None:
    """Axis targets (K, 4) that bring the end effector to the grip face of a pack on each seat.

    `truck_pose` (K, 6) is the measured pose of the truck. `leaning`: the pack stands on the seat and leans with it, so
    its grip face is beside the seat by height times tilt; else a pack that hangs level has to meet the seat.
    """
    for k in range(len(seats)):
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = seat_target(params[worlds[k]], seats[k], truck_pose[k], leaning)


def targets(
    params: np.ndarray, world: np.ndarray, seat: np.ndarray, truck_pose: np.ndarray, *, leaning: bool
) -> np.ndarray:
    """Allocate and fill `seat_targets`: (K, 4) in m, m, m, rad."""
    out = np.zeros((len(seat), 4))
    seat_targets(params, world, seat, truck_pose, leaning, out)
    return out
