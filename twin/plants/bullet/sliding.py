"""Coulomb friction of contact points, in place of the engine's.

The engine of pybullet 3.2.7 points sliding friction against what has to be stopped, not against the slip
(`tests/physics/test_engine_friction.py`). So every body's friction in the engine is zero, and this module pushes on
both sides of each contact point. Its friction is elastic-plastic: a spring and a damper along the tangent that give way
at mu N. That sticks without creep, and while it slides it points against the slip: the spring turns into that direction
within mu N / k of slip, some hundredths of a millimetre. N is that of the tick before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pybullet as pb

from twin.plants.bullet.building import NEAR_M

Part = tuple[int, int]
"""Body and link."""
Vector = tuple[float, float, float]
State = tuple[Vector, Vector, Vector]
"""Position of the centre of mass, velocity and angular velocity of a part."""

SPRING, DAMPER = 0.2, 0.1
"""Spring and damper of all points of a part together, as shares of m / dt^2 and m / dt. As they act from the state
before a tick, they are stable while (SPRING + 2 DAMPER) f < 4, with f = 1 + m r^2 / I the effect of the lever of a
force at a corner: up to 7 here, at a guide of the table."""
SAME_M, SAME_COSINE = 0.004, 0.9
"""Distance and cosine of the angle of the normals within which a point is one of the tick before."""
AT_REST: State = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


class Sliding:
    """Friction on all contact points of one client, between two ticks.

    Attributes:
        contacts: the engine's contact points after the last tick.
        forces: friction forces in that tick: (first part, second part, force on the first in W).
    """

    def __init__(
        self, client: int, dt_s: float, friction: Mapping[Part, float], kg: Mapping[Part, float], default: float = 0.5
    ) -> None:
        """`friction` by part, the product of both being a contact's; `kg` of moving parts, all others are at rest."""
        self._client, self._dt_s, self._friction, self._kg, self._default = client, dt_s, friction, kg, default
        self._points: list[tuple[Any, ...]] = []
        self.contacts: Any = ()
        self.forces: list[tuple[Part, Part, Vector]] = []

    def read(self) -> None:
        """Read the engine's contact points after a tick."""
        self.contacts = pb.getContactPoints(physicsClientId=self._client)

    def push(self) -> None:
        """Apply friction for the next tick."""
        points, before = [], self._points
        self.forces = []
        # the engine leaves the force of a point that it did not solve as it was
        contacts = [point for point in self.contacts if point[9] > 0.0 and point[8] <= NEAR_M]
        if not contacts:
            self._points = points
            return
        states: dict[Part, State] = {}
        shared: dict[Part, int] = {}
        for point in contacts:
            for part in ((point[1], point[3]), (point[2], point[4])):
                shared[part] = shared.get(part, 0) + 1
                if part not in states:
                    states[part] = self._state(part) if part in self._kg else AT_REST
        dt_s, c = self._dt_s, self._client
        for point in contacts:
            first, second = (point[1], point[3]), (point[2], point[4])
            at, (nx, ny, nz), normal_n = point[6], point[7], point[9]
            px, py, pz = at
            (ax, ay, az), (avx, avy, avz), (awx, awy, awz) = states[first]
            (bx, by, bz), (bvx, bvy, bvz), (bwx, bwy, bwz) = states[second]
            rx, ry, rz = px - ax, py - ay, pz - az
            sx, sy, sz = px - bx, py - by, pz - bz
            vx = avx + awy * rz - awz * ry - bvx - bwy * sz + bwz * sy
            vy = avy + awz * rx - awx * rz - bvy - bwz * sx + bwx * sz
            vz = avz + awx * ry - awy * rx - bvz - bwx * sy + bwy * sx
            away = nx * vx + ny * vy + nz * vz
            vx, vy, vz = vx - away * nx, vy - away * ny, vz - away * nz
            zx, zy, zz = _stretch(before, first, second, px, py, pz, nx, ny, nz)
            off = nx * zx + ny * zy + nz * zz
            zx, zy, zz = zx - off * nx + vx * dt_s, zy - off * ny + vy * dt_s, zz - off * nz + vz * dt_s
            kg = min(self._kg[part] / shared[part] for part in (first, second) if part in self._kg)
            k, d = SPRING * kg / (dt_s * dt_s), DAMPER * kg / dt_s
            fx, fy, fz = k * zx + d * vx, k * zy + d * vy, k * zz + d * vz
            most = self._friction.get(first, self._default) * self._friction.get(second, self._default) * normal_n
            size = math.sqrt(fx * fx + fy * fy + fz * fz)
            if size > most:
                share = most / size
                fx, fy, fz = fx * share, fy * share, fz * share
                # the spring gives way; while it slides, the damper takes no part
                long = math.sqrt(zx * zx + zy * zy + zz * zz) * k
                if long > most:
                    share = most / long
                    zx, zy, zz = zx * share, zy * share, zz * share
            points.append((first, second, px, py, pz, nx, ny, nz, zx, zy, zz))
            if first in self._kg:
                pb.applyExternalForce(*first, [-fx, -fy, -fz], at, pb.WORLD_FRAME, physicsClientId=c)
            if second in self._kg:
                pb.applyExternalForce(*second, [fx, fy, fz], at, pb.WORLD_FRAME, physicsClientId=c)
            self.forces.append((first, second, (-fx, -fy, -fz)))
        self._points = points

    def _state(self, part: Part) -> State:
        body, link = part
        if link < 0:
            at = pb.getBasePositionAndOrientation(body, physicsClientId=self._client)[0]
            return (at, *pb.getBaseVelocity(body, physicsClientId=self._client))
        state = pb.getLinkState(body, link, computeLinkVelocity=1, physicsClientId=self._client)
        return state[0], state[6], state[7]


def _stretch(
    before: list[tuple[Any, ...]], first: Part, second: Part, px: float, py: float, pz: float, nx: float, ny: float,
    nz: float,
) -> Vector:  # fmt: skip
    """Stretch of the spring of the nearest point of the tick before, which is then taken; zero for a new one."""
    best, found = SAME_M * SAME_M, -1
    for i, (a, b, x, y, z, mx, my, mz, _, _, _) in enumerate(before):
        if a == first and b == second and nx * mx + ny * my + nz * mz > SAME_COSINE:
            square = (x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2
            if square < best:
                best, found = square, i
    if found < 0:
        return 0.0, 0.0, 0.0
    return before.pop(found)[8:]
