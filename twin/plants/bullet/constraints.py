"""Constraints of closed grips and locks: packs fixed to end effectors and seats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pybullet as pb

from twin.plants.bullet.building import (
    NEAR_M,
    PACK_FRICTION,
    RACK_PADS,
    RACK_PINS,
    TRUCK_BODY,
    TRUCK_PADS,
    TRUCK_PINS,
    Bodies,
)
from twin.plants.geometry import engaged_locks_of
from twin.setup.setup import SwapSetup

GRIP_FORCE_N = 1e7
"""Limit of a closed grip's constraint: twist-locks do not slip."""


class Constraints:
    """Keeps the engine's constraints in agreement with `held` and `locked` of its one world, by `update`.

    Attributes:
        gripped: (body, link) of every end effector with closed grips and of its pack, as pairs in both orders.
    """

    def __init__(self, setup: SwapSetup, params: np.ndarray, worlds: np.ndarray, bodies: Bodies) -> None:
        self._setup, self._params, self._worlds, self._bodies = setup, params, worlds, bodies
        self._grip: dict[int, int] = {}
        self._lock: dict[int, int] = {}
        self._lock_pack: dict[int, int] = {}
        self._update_locks()
        self._update_grips()

    def update(self) -> None:
        """Make the constraints agree with what grips and locks hold."""
        self._update_grips()
        self._update_locks()

    def _update_grips(self) -> None:
        held = self._worlds["truth"]["held"][0]
        for r in range(self._setup.station.robots.count):
            self._agree(self._grip, r, int(held[r]), self._fasten_to_robot)
        bodies = self._bodies
        pairs = [((bodies.robots, bodies.end_effector(r)), (bodies.packs[int(held[r])], -1)) for r in self._grip]
        self.gripped = {*pairs, *((pack, robot) for robot, pack in pairs)}
        for k, body in bodies.packs.items():
            if ((body, -1) in bodies.engine_friction) == (k in held):
                self._set_friction(k, standing=k not in held)

    def _update_locks(self) -> None:
        locked = self._worlds["truth"]["locked"][0]
        for s in range(len(self._setup.seats)):
            pack = int(locked[s])
            if pack < 0 and s in self._lock:
                self._touch(s, self._lock_pack[s], True)
            elif pack >= 0:
                self._lock_pack[s] = pack
            self._agree(self._lock, s, pack, self._fasten_to_seat)

    def _agree(self, made: dict[int, int], key: int, pack: int, fasten: Callable[[int, int], int]) -> None:
        if pack >= 0 and key not in made:
            made[key] = fasten(key, pack)
        elif pack < 0 and key in made:
            pb.removeConstraint(made.pop(key), physicsClientId=self._bodies.client)

    def _fasten_to_robot(self, robot: int, pack: int) -> int:
        return self._fasten(self._bodies.robots, self._bodies.end_effector(robot), pack, GRIP_FORCE_N)

    def _fasten_to_seat(self, seat: int, pack: int) -> int:
        """Locks close: fix the pack to its seat and disable contact with the seat's pads and pins.

        Otherwise contact and constraint press against each other, and cost a third of a chassis swap's time.
        """
        self._touch(seat, pack, False)
        locks = max(engaged_locks_of(self._worlds, self._params, 0, seat), 1)
        strength = self._setup.pack.locks.strength_n * locks
        if seat in self._bodies.racks:
            return self._fasten(self._bodies.racks[seat], -1, pack, strength)
        return self._fasten(self._bodies.truck, TRUCK_BODY, pack, strength)

    def _fasten(self, parent: int, link: int, pack: int, force_n: float) -> int:
        """Fix a pack to a link at their present poses; anchors are relative to the centres of mass."""
        c, child = self._bodies.client, self._bodies.packs[pack]
        if link < 0:
            parent_at, parent_turn = pb.getBasePositionAndOrientation(parent, physicsClientId=c)
        else:
            state = pb.getLinkState(parent, link, computeForwardKinematics=1, physicsClientId=c)
            parent_at, parent_turn = state[0], state[1]
        child_at, child_turn = pb.getBasePositionAndOrientation(child, physicsClientId=c)
        back_at, back_turn = pb.invertTransform(child_at, child_turn)
        anchor_at, anchor_turn = pb.multiplyTransforms(back_at, back_turn, parent_at, parent_turn)
        number: int = pb.createConstraint(
            parent,
            link,
            child,
            -1,
            pb.JOINT_FIXED,
            [0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0],
            anchor_at,
            [0.0, 0.0, 0.0, 1.0],
            anchor_turn,
            physicsClientId=c,
        )
        pb.changeConstraint(number, maxForce=force_n, physicsClientId=c)
        return number

    def _set_friction(self, pack: int, *, standing: bool) -> None:
        """Give a pack the engine's friction on pads if it stands there, none if it is held and may slide there."""
        bodies, c = self._bodies, self._bodies.client
        body = bodies.packs[pack]
        (bodies.engine_friction.add if standing else bodies.engine_friction.discard)((body, -1))
        pb.changeDynamics(body, -1, lateralFriction=PACK_FRICTION if standing else 0.0, physicsClientId=c)
        pb.changeDynamics(body, -1, contactProcessingThreshold=NEAR_M, physicsClientId=c)  # lost by that
        seat = int(self._worlds["truth"]["pack_seat"][0, pack])
        if self._worlds["truth"]["locked"][0, seat] != pack:
            # a point with an anchor keeps its friction for as long as it sticks: make the engine find it anew
            self._touch(seat, pack, False)
            self._touch(seat, pack, True)

    def _touch(self, seat: int, pack: int, on: bool) -> None:
        """Enable or disable contact between a pack and the pads and pins of a seat."""
        bodies = self._bodies
        if seat in bodies.racks:
            body, links = bodies.racks[seat], (RACK_PADS, RACK_PINS)
        else:
            body, links = bodies.truck, (TRUCK_PADS, TRUCK_PINS)
        for link in links:
            pb.setCollisionFilterPair(body, bodies.packs[pack], link, -1, int(on), physicsClientId=bodies.client)
