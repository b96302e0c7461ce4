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
        bodies, watched, held = self._bodies, [], self._held.tolist()
        for r, empty in enumerate(self._empty):
            k = held[r]
            if k < 0:
                watched.append((r, bodies.robots, empty, -1))
            elif self._offset.item(k, 2) < CONTACT_RADIUS_M and k not in self._locked.tolist():
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
    return fx, fy, fz
