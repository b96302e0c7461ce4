"""Guide forces: what pins, pads and whatever else is in the way press on the robots' loads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pybullet as pb

from twin.plants.bullet.building import Bodies

CONTACT_RADIUS_M = 1.0
"""Packs farther than this from the middle of every seat and robot are asked for no contacts."""


class GuideForces:
    """Reads `guide_force_n` of its one world from the engine's contact points."""

    def __init__(self, robots: int, worlds: np.ndarray, bodies: Bodies) -> None:
        self._bodies, self._empty = bodies, [bodies.end_effector(r) for r in range(robots)]
        self._offset, self._force = worlds["pack_offset_m"][0], worlds["guide_force_n"][0]
        self._held, self._locked = worlds["held"][0], worlds["locked"][0]

    def read(self) -> None:
        """Guide force on each robot: on the pack it holds, or on its empty end effector, from everything else.

        All contacts are asked for at once: asked for by body, pybullet 3.2.7 puts that body first and turns the normal
        round with it but not the friction, which then has the wrong sign for every pair that it swapped.
        """
        bodies, watched = self._bodies, []
        for r, k in enumerate(self._held.tolist()[: len(self._empty)]):
            if k < 0:
                watched.append((r, bodies.robots, self._empty[r], -1))
            elif self._offset[k, 2] < CONTACT_RADIUS_M and k not in self._locked.tolist():
                # closed locks carry the pack: what guides and pads then press against each other is no guide force
                body, link = bodies.parts.get(k) or (bodies.packs[k], -1)
                watched.append((r, body, link, bodies.robots))
        self._force.fill(0.0)
        points = pb.getContactPoints(physicsClientId=bodies.client) if watched else ()
        if points:
            for r, body, link, without in watched:
                self._force[r] = _on(points, body, link, without)


def _on(points: Any, body: int, link: int, without: int) -> tuple[float, float, float]:
    """Sum of the contact forces on a link from all but one body, in W."""
    fx = fy = fz = 0.0
    for point in points:
        if point[1] == body and point[3] == link and point[2] != without:
            sign = 1.0
        elif point[2] == body and point[4] == link and point[1] != without:
            sign = -1.0
        else:
            continue
        normal, force = point[7], point[9]
        fx += sign * (normal[0] * force + point[11][0] * point[10] + point[13][0] * point[12])
        fy += sign * (normal[1] * force + point[11][1] * point[10] + point[13][1] * point[12])
        fz += sign * (normal[2] * force + point[11][2] * point[10] + point[13][2] * point[12])
    return fx, fy, fz
