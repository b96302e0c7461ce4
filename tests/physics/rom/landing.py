"""Lowers an empty spreader onto a pack, with any offset, on either plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.physics import rig
from twin.records import EPITCH, EROLL

ABOVE_M, DOWN_M = 0.13, 0.19
"""Start of the spreader over the pack's grip face, and travel of the hoist down."""
WATCH_S = 2.0


@dataclass(frozen=True)
class Landing:
    """Start of the spreader over the pack, and its motion.

    Args:
        off_m, yaw_rad: offset of the spreader from the pack at its start.
        tilt_rad: of the truck under the pack, pitch and roll.
        creep_mps: of the hoist.
        x_mps: of the trolley, all the way down.
    """

    off_m: tuple[float, float]
    yaw_rad: float = 0.0
    tilt_rad: tuple[float, float] = (0.0, 0.0)
    creep_mps: float = 0.04
    x_mps: float = 0.0


@dataclass(frozen=True)
class Landed:
    """Rest position of the spreader on the pack, and the largest lateral force before."""

    off_m: np.ndarray
    tilt_rad: np.ndarray
    peak_n: float


def land(case: Landing, plant: Any) -> Landed:
    """Lower the spreader of a plant that `rig.bench` has made for this case onto the truck's pack."""
    w = plant.worlds[0]
    face = w["truth"]["pack_pose"][rig.OLD, :3].copy()
    rope_m = 6.0 - (float(face[2]) + ABOVE_M)
    x, y = float(face[0]) + case.off_m[0], float(face[1]) + case.off_m[1]
    rig.hang(plant, None, rope_m, x=x, y=y, twist_rad=case.yaw_rad)
    rig.place_axes(plant, yaw=case.yaw_rad)
    fall_s = DOWN_M / case.creep_mps
    z = float(w["truth"]["q"][0, 2]) - DOWN_M
    if case.x_mps:
        rig.move(
            plant, x=x + case.x_mps * fall_s, z=z, velocity=abs(case.x_mps), creep_at=10.0, creep_mps=case.creep_mps
        )
    else:
        rig.move(plant, z=z, velocity=case.creep_mps, acceleration=0.2, jerk=2.0)
    w["kpis"]["peak_lateral_n"] = 0.0
    rig.run(plant, fall_s + WATCH_S)
    q = w["truth"]["q"][0]
    return Landed(
        off_m=w["truth"]["e_pose"][0, :3] - w["truth"]["pack_pose"][rig.OLD, :3],
        tilt_rad=q[[EPITCH, EROLL]].copy(),
        peak_n=float(w["kpis"]["peak_lateral_n"]),
    )
