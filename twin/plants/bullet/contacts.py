"""Guide forces: contact forces of pins, pads and obstacles on the robots' loads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twin.plants.bullet.building import Bodies
from twin.plants.bullet.sliding import Sliding
from twin.setup.setup import SwapSetup

CONTACT_RADIUS_M = 1.0
"""Distance from the middle of every seat and robot beyond which a pack's contacts are not read."""
CLOSE_M = 0.15
"""Height beyond which a load touches nothing before the next scan: it moves 4 mm at 0.4 m/s, guides and tilt reach 0.1
m."""


class GuideForces:
    """Reads `guide_force_n` and `guide_peak_n` of its one world from the engine's contact points.

    Attributes:
        close: True per robot if its load may touch something before the next scan; set by `read`.
    """

    def __init__(self, setup: SwapSetup, worlds: np.ndarray, bodies: Bodies, sliding: Sliding) -> None:
        p, robots = setup.params[0], setup.station.robots.count
        self._sliding = sliding
        self._bodies, self._empty = bodies, [bodies.end_effector(r) for r in range(robots)]
        self.close = True
        self._up, self._pins_m = float(p["retract"]), float(setup.pack.guides.pin_length_m)
        self._idle_z = {slot.z_m + self._up * setup.pack.size_m[2] for slot in setup.station.slots if slot.filled}
        self._packs = range(int(p["packs"]))
        self._e_pose, self._pack_pose = worlds["truth"]["e_pose"][0], worlds["truth"]["pack_pose"][0]
        self._peak = worlds["truth"]["guide_peak_n"][0]
        self._offset, self._force = worlds["truth"]["pack_offset_m"][0], worlds["truth"]["guide_force_n"][0]
        self._held, self._locked = worlds["truth"]["held"][0], worlds["truth"]["locked"][0]

    def read(self) -> None:
        """Guide force on each robot: on the pack it holds, or on its empty end effector, from everything else.

        All contacts are read in one call. When asked for one body, pybullet 3.2.7 puts that body first and flips the
        normal but not the friction, which then has the wrong sign for every swapped pair.
        """
        bodies, watched, held = self._bodies, [], self._held.tolist()
        for r, empty in enumerate(self._empty):
            k = held[r]
            if k < 0:
                watched.append((r, bodies.robots, empty, -1))
            elif self._offset.item(k, 2) < CONTACT_RADIUS_M and k not in self._locked.tolist():
                # closed locks carry the pack: forces of guides and pads against each other are no guide force
                body, link = bodies.parts.get(k) or (bodies.packs[k], -1)
                watched.append((r, body, link, bodies.robots))
        self._force.fill(0.0)
        self._sliding.read()
        points = self._sliding.contacts if watched else ()
        if points:
            for r, body, link, without in watched:
                self._force[r] = _on(points, self._sliding.forces, body, link, without)
        self.close = any(self._is_close(r, held[r]) for r in range(len(self._empty)))

    def read_peak(self) -> None:
        """Read the forces of the last tick between scans, and their peaks since the scan.

        A hit ends within two scans: forces read at scans alone are a chance sample of it.
        """
        self.read()
        for r in range(len(self._empty)):
            fx, fy, fz = self._force[r].tolist()
            lateral, axial = self._peak[r].tolist()
            self._peak[r] = max(lateral, math.hypot(fx, fy)), max(axial, abs(fz))

    def _is_close(self, r: int, k: int) -> bool:
        """True if the load of robot `r`, which holds pack `k` or none (-1), is close over a seat or a pack."""
        if k >= 0:
            return bool(self._offset.item(k, 2) < self._pins_m + CLOSE_M)
        height_m = self._up * self._e_pose.item(r, 2)
        tops = {*self._idle_z, *(self._pack_pose.item(i, 2) for i in self._packs)}
        return any(height_m - self._up * z < CLOSE_M for z in tops)


def _on(points: Any, friction: Any, body: int, link: int, without: int) -> tuple[float, float, float]:
    """Sum of the contact forces on a link from all bodies but one, in W: the engine's, and `friction` of our own."""
    fx = fy = fz = 0.0
    for _, a, b, link_a, link_b, _, _, normal, _, force, along, first, across, second in points:
        if a == body and link_a == link and b != without:
            sign = 1.0
        elif b == body and link_b == link and a != without:
            sign = -1.0
        else:
            continue
        fx += sign * (normal[0] * force + first[0] * along + second[0] * across)
        fy += sign * (normal[1] * force + first[1] * along + second[1] * across)
        fz += sign * (normal[2] * force + first[2] * along + second[2] * across)
    part = body, link
    for one, other, (x, y, z) in friction:
        if one == part and other[0] != without:
            fx, fy, fz = fx + x, fy + y, fz + z
        elif other == part and one[0] != without:
            fx, fy, fz = fx - x, fy - y, fz - z
    return fx, fy, fz
