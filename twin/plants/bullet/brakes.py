"""Tyres of the truck on the reference plant: stiction, and Coulomb sliding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pybullet as pb

from twin.geometry import JOINT_HEIGHT_M
from twin.plants.tyres import Symmetric, friction, hold
from twin.records import TX, TYAW, TZ

STICKING_M = 1e-5
"""Distance (m, and rad about z) between truck and stiction anchor beyond which the anchor follows."""
GAIN = 0.1
"""Share of the distance to the anchor that the motors correct in a tick. A standing truck is then off by a tenth of a
micrometre.
"""
WATCHED = 0.3
"""Share of the tyres' limit along, across or about z alone beyond which they are checked in every tick."""
SLOW = 1e-3
"""Speed (m/s, and rad/s on a lever of a metre) below which a truck that friction can stop is held again."""
JOINTS = [0, 1, 2]
OFF = [0.0, 0.0, 0.0]


class Brakes:
    """Motors on the truck's planar joints that hold it; friction forces replace them while it slides.

    The motors pull the truck back to its stiction anchor. Motors that only brake, with a target speed of zero, let it
    creep by some 15 um/s while it is pushed: the engine's solver leaves a little speed in every tick.

    Each of the three motors has its own limit; tyres have less where they are loaded along, across and about z
    together. So in each tick with a large push, the motors' forces are compared with the combined limit of the tyres
    (`twin.plants.tyres.hold`). Beyond it the motors are off, and `twin.plants.tyres.friction` acts on the joints, from
    the truck's speed and the force on it: its change of speed in the last tick, less friction.
    """

    def __init__(self, client: int, truck: int, worlds: np.ndarray, params: np.ndarray) -> None:
        """Hold a truck where it stands now; its first three joints are x, y in m and yaw in rad."""
        self._client, self._truck = client, truck
        self._w: Any = worlds[0]
        self._p: Any = params[0]
        self._dt_s = float(params["dt_s"][0])
        self._q, self._qd = worlds["truth"]["truck_q"][0], worlds["truth"]["truck_qd"][0]
        self._limit = worlds["truth"]["truck_brake"][0]
        self._stuck: list[float] = self._q[:TZ].tolist()
        self._given = np.zeros(3)  # friction in the last tick, along, across and about z
        self._was = np.zeros(3)  # speeds before the last tick
        self.sliding = False
        self.pushed = False
        self._near_limit = False

    @property
    def watched(self) -> bool:
        """True if the next tick needs `tick`, with the truck's joints read before."""
        return self.sliding or self.pushed or self._near_limit

    def scan(self, given: Sequence[float], pushed: bool) -> None:
        """Decide once a PLC scan; `given`: motor forces in the last tick, `pushed`: something pushes the truck."""
        self.pushed = pushed
        if self.sliding:
            return  # `tick` follows
        self._near_limit = bool((np.abs(given) > WATCHED * self._limit).any())
        if not self.watched:
            self._hold_on()

    def tick(self, given: Sequence[float]) -> None:
        """Decide in a tick that is `watched`."""
        yaw = self._q[TYAW]
        c, s = math.cos(yaw), math.sin(yaw)
        turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
        speeds = turn @ self._qd[:TZ]
        if not self.sliding:
            force = turn @ np.array(given)
            if hold(self._w["truth"], self._p, *force.tolist()):
                self._hold_on()
                return
            self._begin_to_slide(force, speeds)
        mass = self._planar_mass()
        inverse = np.linalg.inv(mass)
        outside = mass @ (speeds - self._was) / self._dt_s - self._given
        free = speeds + self._dt_s * (inverse @ outside)
        vx, vy, turning = free.tolist()
        given = friction(self._w["truth"], self._p, _six(mass), _six(inverse), vx, vy, turning, self._dt_s)
        self._given = np.array(given)
        self._was = speeds
        if (
            self._w["faults"]["truck_brake_off"] == 0
            and np.abs(speeds).max() < SLOW
            and not self._w["truth"]["truck_tyre_n"].any()
        ):
            self.sliding = False  # friction stops it in this tick
            self._stuck = self._q[:TZ].tolist()
            self._hold_on()
            return
        self._drive(pb.TORQUE_CONTROL, turn.T @ self._given)

    def _hold_on(self) -> None:
        for i, at in enumerate(self._q[:TZ].tolist()):  # the anchor follows the truck at that distance
            self._stuck[i] = min(max(self._stuck[i], at - STICKING_M), at + STICKING_M)
        pb.setJointMotorControlArray(
            self._truck,
            JOINTS,
            pb.POSITION_CONTROL,
            targetPositions=self._stuck,
            forces=self._limit.tolist(),
            positionGains=[GAIN] * 3,
            velocityGains=[1.0] * 3,
            physicsClientId=self._client,
        )

    def _begin_to_slide(self, given: np.ndarray, speeds: np.ndarray) -> None:
        """Switch the motors off; `given` is their force so far, which balanced an equal force from outside."""
        self.sliding = True
        self._given, self._was = given, speeds
        self._w["truth"]["truck_tyre_n"] = 0.0
        self._drive(pb.VELOCITY_CONTROL, np.zeros(3))

    def _drive(self, mode: int, forces: np.ndarray) -> None:
        pb.setJointMotorControlArray(
            self._truck, JOINTS, mode, forces=forces.tolist(), physicsClientId=self._client
        )  # fmt: skip

    def _planar_mass(self) -> np.ndarray:
        """(3, 3) inertia of the truck along, across and about z, with its body free to rock."""
        w, p = self._w, self._p
        parts = [(float(p["truck_sprung_kg"]), p["truck_com"] - np.array([0.0, 0.0, JOINT_HEIGHT_M]))]
        for s in range(int(p["seats"])):
            k = int(w["truth"]["locked"][s])
            if p["seat_on_truck"][s] == 1 and k >= 0:
                over_m = p["retract"] * p["pack_height_m"] - JOINT_HEIGHT_M
                parts.append((float(p["pack_mass_kg"][k]), p["seat_xyz_m"][s] + p["pack_com"][k] + [0.0, 0.0, over_m]))
        full = np.zeros((6, 6))
        for kg, (x, y, h) in parts:
            point = np.array([[1, 0, -y, 0, h, 0], [0, 1, x, 0, 0, -h], [0, 0, 0, 1, -x, y]])
            full += kg * point.T @ point
        roll, pitch, yaw = p["truck_inertia_kgm2"].tolist()
        full += np.diag([0.0, 0.0, yaw, 0.0, pitch, roll])
        for kg, x in zip(p["truck_axle_unsprung_kg"].tolist(), p["truck_axle_x_m"].tolist(), strict=True):
            full[:3, :3] += kg * np.array([[1, 0, 0], [0, 1, x], [0, x, x * x]])
        full[TX, TX] += p["truck_trailer_kg"]
        return full[:3, :3] - full[:3, 3:] @ np.linalg.solve(full[3:, 3:], full[3:, :3])


def _six(matrix: np.ndarray) -> Symmetric:
    """Six elements of a symmetric matrix: xx, xy, xz, yy, yz, zz."""
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = matrix.tolist()
    return xx, xy, xz, yy, yz, zz
