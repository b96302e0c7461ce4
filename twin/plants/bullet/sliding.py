"""Coulomb friction where loads and end effectors slide, in place of the engine's.

The engine of pybullet 3.2.7 points sliding friction against what has to be stopped, not against the slip
(`tests/physics/test_engine_friction.py`). So only packs that stand on pads, where they stick, have its friction; all
other parts have none there, and this module pushes on both sides of each of their contact points.

Its friction is elastic-plastic: a spring and a damper along the tangent that give way at mu N. While a point slides it
points against the slip: the spring turns into that direction within mu N / k of slip, some tenths of a millimetre.
While it sticks, the point returns to where it began to stick, without creep. N is extrapolated from the last two ticks.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Container, Mapping
from typing import Any

import numpy as np
import pybullet as pb

from twin.motion.kernels import kernel
from twin.plants.bullet.building import NEAR_M

Part = tuple[int, int]
"""Body and link."""
Vector = tuple[float, float, float]

SPRING, DAMPER = 0.2, 0.1
"""Spring and damper of all points of a part together, as shares of m / dt^2 and m / dt. As they act from the state
before a tick, they are stable while (SPRING + 2 DAMPER) f < 4, with f = 1 + m r^2 / I the effect of the lever of a
force at a corner: up to 7 here, at a guide of the table."""
TANGENTIAL = 0.8
"""Tangential stiffness of a contact that sticks, as a share of its normal one: 2 (1 - nu) / (2 - nu) with nu of 0.3 is
0.82 (Mindlin, J. Appl. Mech. 16 (1949) 259). No spring is stiffer, whatever the tick."""
RETURN = 0.005
"""Share of the way to where it began to stick that a sticking point's spring tightens by in each tick: friction takes
over what the spring's stretch holds, and the point returns. Stable while RETURN < DAMPER f, where f is below 1 if more
than m moves: 0.11 with a pack of 3.7 t in a spreader of 450 kg."""
SAME_M, SAME_COSINE = 0.004, 0.9
"""Distance and cosine of the angle of the normals within which a point is one of the tick before."""
FIRST, SECOND, MU, STIFFNESS, NORMAL_N, AT, ALONG, STRETCH, AWAY, COLUMNS = 0, 1, 2, 3, 4, 5, 8, 11, 14, 17
"""Columns of a point: its parts by their rows, friction coefficient, most tangential stiffness, normal force; from
these columns on its position, normal, the spring's stretch, and how far it is from where it began to stick, in W."""
MASS, SPEED, TURNING, STATES = 0, 4, 7, 10
"""Columns of a part: mass in kg (0: fixed) and position of its centre of mass, velocity, angular velocity in W."""
ROWS = 32
"""Points for which there is room at first."""
_POINT, _STATE = struct.Struct("11d"), struct.Struct("9d")


class Sliding:
    """Friction of one client's contact points between two ticks, except of those that have the engine's.

    Attributes:
        contacts: the engine's contact points when last read.
        rubbing: True if some of them have friction of this class.
        fixed: pairs of parts, in both orders, that a constraint fixes to each other: what friction does there is its.
        forces: friction forces in the last tick: (first part, second part, force on the first in W).
    """

    def __init__(
        self,
        client: int,
        dt_s: float,
        friction: Mapping[Part, float],
        kg: Mapping[Part, float],
        engine_friction: Container[Part] = (),
        stiffness: Mapping[Part, float] | None = None,
    ) -> None:
        """`friction` by part, the product of both being a contact's; `kg` of moving parts, all others are at rest;
        contacts between two parts of `engine_friction`, as it is at the time, are left to the engine. `stiffness` of
        parts that give, N/m."""
        self._client, self._dt_s, self._friction, self._kg = client, dt_s, friction, kg
        self._gives = {part: 1.0 / value for part, value in (stiffness or {}).items()}
        self._engine = engine_friction
        self._points, self._before, self._out = (np.zeros((ROWS, n)) for n in (COLUMNS, COLUMNS, 3))
        self._count = 0
        self._rows: dict[Part, int] = {}
        self._states = np.zeros((0, STATES))
        self._shared = np.zeros(0)
        self._own: list[Any] = []
        self.contacts: Any = ()
        self.fixed: Container[tuple[Part, Part]] = ()
        self.rubbing = False
        self.forces: list[tuple[Part, Part, Vector]] = []

    def read(self) -> None:
        """Read the engine's contact points after a tick."""
        self.contacts = pb.getContactPoints(physicsClientId=self._client)
        self.select()

    def select(self) -> None:
        """Select the points whose friction is this class's; again after grips have closed or opened."""
        # the engine leaves the force of a point that it did not solve as it was
        self._own = [point for point in self.contacts if point[9] > 0.0 and point[8] <= NEAR_M and self._is_own(point)]
        self.rubbing = bool(self._own)

    def _is_own(self, point: Any) -> bool:
        first, second = (point[1], point[3]), (point[2], point[4])
        return not (first in self._engine and second in self._engine) and (first, second) not in self.fixed

    def push(self) -> None:
        """Apply friction for the next tick.

        Raises:
            KeyError: a part without friction touches something.
        """
        contacts = self._own
        if not contacts:
            if self.forces:
                self.forces, self._count = [], 0
            return
        pairs = [((point[1], point[3]), (point[2], point[4])) for point in contacts]
        rows, mu, write, size, n = self._rows, self._friction, _POINT.pack_into, 8 * COLUMNS, len(contacts)
        gives = self._gives.get
        for part in {part for pair in pairs for part in pair}:
            if part not in rows:
                self._add(part)
            if part in self._kg:
                self._read_state(part)
        if n > len(self._points):
            self._make_room(n)
        points = self._points
        buffer = points.data.cast("B")
        for i, (point, (first, second)) in enumerate(zip(contacts, pairs, strict=True)):
            both, give = mu[first] * mu[second], gives(first, 0.0) + gives(second, 0.0)
            most = TANGENTIAL / give if give > 0.0 else math.inf
            write(buffer, i * size, rows[first], rows[second], both, most, point[9], *point[6], *point[7])
        slide(points, n, self._before, self._count, self._states, self._shared, self._dt_s, self._out)
        self._points, self._before, self._count, self.forces = self._before, points, n, []
        c, kg, push, frame = self._client, self._kg, pb.applyExternalForce, pb.WORLD_FRAME
        for point, (first, second), (fx, fy, fz) in zip(contacts, pairs, self._out[:n].tolist(), strict=True):
            if first in kg:
                push(*first, [fx, fy, fz], point[6], frame, physicsClientId=c)
            if second in kg:
                push(*second, [-fx, -fy, -fz], point[6], frame, physicsClientId=c)
            self.forces.append((first, second, (fx, fy, fz)))

    def _make_room(self, points: int) -> None:
        """Double the arrays until `points` fit."""
        spare = 2 ** math.ceil(math.log2(points)) - len(self._points)
        self._points, self._before, self._out = (
            np.vstack([array, np.zeros((spare, array.shape[1]))]) for array in (self._points, self._before, self._out)
        )

    def _add(self, part: Part) -> None:
        """Give a part its row."""
        if part not in self._friction:
            raise KeyError(f"no friction of body {part[0]}, link {part[1]}, which touches something")
        self._rows[part] = len(self._rows)
        self._states = np.vstack([self._states, np.zeros(STATES)])
        self._states[-1, MASS] = self._kg.get(part, 0.0)
        self._shared = np.zeros(len(self._rows))

    def _read_state(self, part: Part) -> None:
        body, link = part
        if link < 0:
            at = pb.getBasePositionAndOrientation(body, physicsClientId=self._client)[0]
            speed, turning = pb.getBaseVelocity(body, physicsClientId=self._client)
        else:
            state = pb.getLinkState(body, link, computeLinkVelocity=1, physicsClientId=self._client)
            at, speed, turning = state[0], state[6], state[7]
        start = 8 * (STATES * self._rows[part] + 1)
        _STATE.pack_into(self._states.data.cast("B"), start, *at, *speed, *turning)


@kernel
def normal_of_next(now_n: float, before_n: float) -> float:
    """Normal force of the next tick from those of the last two: by as much more, or by as many times less.

    Both are equal for small changes. The second does not end at zero within a hit, which would lose its friction.
    """
    if now_n >= before_n:
        return 2.0 * now_n - before_n
    return now_n * now_n / before_n


@kernel
def slide(points: Any, n: int, before: Any, count: int, states: Any, shared: Any, dt_s: float, out: Any) -> None:
    """Friction on the first part of `n` points into `out` (n, 3), and their springs' stretch into `points`.

    `before`: the `count` points of the last tick; one that is taken loses its first part.
    """
    for i in range(len(shared)):
        shared[i] = 0.0
    for i in range(n):
        shared[int(points[i, FIRST])] += 1.0
        shared[int(points[i, SECOND])] += 1.0
    for i in range(n):
        a, b = int(points[i, FIRST]), int(points[i, SECOND])
        px, py, pz = points[i, AT], points[i, AT + 1], points[i, AT + 2]
        nx, ny, nz = points[i, ALONG], points[i, ALONG + 1], points[i, ALONG + 2]
        vx, vy, vz = _velocity(states, a, px, py, pz)
        ux, uy, uz = _velocity(states, b, px, py, pz)
        vx, vy, vz = vx - ux, vy - uy, vz - uz
        away = nx * vx + ny * vy + nz * vz
        vx, vy, vz = vx - away * nx, vy - away * ny, vz - away * nz
        zx = zy = zz = ex = ey = ez = 0.0
        normal_n = points[i, NORMAL_N]
        best, found = SAME_M * SAME_M, -1
        for j in range(count):
            if before[j, FIRST] == a and before[j, SECOND] == b:
                cosine = nx * before[j, ALONG] + ny * before[j, ALONG + 1] + nz * before[j, ALONG + 2]
                dx, dy, dz = before[j, AT] - px, before[j, AT + 1] - py, before[j, AT + 2] - pz
                square = dx * dx + dy * dy + dz * dz
                if cosine > SAME_COSINE and square < best:
                    best, found = square, j
        if found >= 0:
            before[found, FIRST] = -1.0
            zx, zy, zz = before[found, STRETCH], before[found, STRETCH + 1], before[found, STRETCH + 2]
            ex, ey, ez = before[found, AWAY], before[found, AWAY + 1], before[found, AWAY + 2]
            normal_n = normal_of_next(normal_n, before[found, NORMAL_N])
        off = nx * ex + ny * ey + nz * ez
        ex, ey, ez = ex - off * nx + vx * dt_s, ey - off * ny + vy * dt_s, ez - off * nz + vz * dt_s
        off = nx * zx + ny * zy + nz * zz
        zx, zy, zz = zx - off * nx + vx * dt_s, zy - off * ny + vy * dt_s, zz - off * nz + vz * dt_s
        zx, zy, zz = zx + RETURN * ex, zy + RETURN * ey, zz + RETURN * ez
        kg = math.inf
        if states[a, MASS] > 0.0:
            kg = states[a, MASS] / shared[a]
        if states[b, MASS] > 0.0:
            kg = min(kg, states[b, MASS] / shared[b])
        k, d = min(SPRING * kg / (dt_s * dt_s), points[i, STIFFNESS]), DAMPER * kg / dt_s
        fx, fy, fz = k * zx + d * vx, k * zy + d * vy, k * zz + d * vz
        most = points[i, MU] * normal_n
        size = math.sqrt(fx * fx + fy * fy + fz * fz)
        if size > most:
            share = most / size
            fx, fy, fz = fx * share, fy * share, fz * share
            long = math.sqrt(zx * zx + zy * zy + zz * zz) * k
            if long > most:  # the spring gives way
                share = most / long
                zx, zy, zz = zx * share, zy * share, zz * share
                ex = ey = ez = 0.0
        points[i, STRETCH], points[i, STRETCH + 1], points[i, STRETCH + 2] = zx, zy, zz
        points[i, AWAY], points[i, AWAY + 1], points[i, AWAY + 2] = ex, ey, ez
        out[i, 0], out[i, 1], out[i, 2] = -fx, -fy, -fz


@kernel
def _velocity(states: Any, i: int, px: float, py: float, pz: float) -> tuple[float, float, float]:
    """Velocity of part `i` at a point in W."""
    rx, ry, rz = px - states[i, 1], py - states[i, 2], pz - states[i, 3]
    wx, wy, wz = states[i, TURNING], states[i, TURNING + 1], states[i, TURNING + 2]
    return (
        states[i, SPEED] + wy * rz - wz * ry,
        states[i, SPEED + 1] + wz * rx - wx * rz,
        states[i, SPEED + 2] + wx * ry - wy * rx,
    )
