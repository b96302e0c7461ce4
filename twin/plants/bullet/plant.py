"""`BulletPlant`: one swap setup as rigid multibodies with contact.

Per tick: read the joints, run `tick_world` (references, suspension, drives, truck springs), write the forces, step.
Before a PLC scan it reads packs and contact forces; after one it makes or breaks the constraints of grips and locks.

Picking a field out of a record or turning a tuple into an array costs as much as a call into the engine. So the tick
uses views of single fields, and `struct` writes the engine's results straight into the record.

Scope `seat` has the same physics: momentum balances to a newton in both, and an insertion takes the same time. Peak
forces differ by chance, as a scan sees every fifth tick of a hit.
"""

from __future__ import annotations

import hashlib
import struct
from functools import partial
from typing import Any

import numpy as np
import pybullet as pb

from twin.geometry import rotate
from twin.plants import lock_release
from twin.plants.beginning import new_world
from twin.plants.bullet import tick as ticking
from twin.plants.bullet.brakes import Brakes
from twin.plants.bullet.building import TRUCK_BODY, Scope, load
from twin.plants.bullet.constraints import Constraints
from twin.plants.bullet.contacts import GuideForces
from twin.plants.bullet.sliding import Sliding
from twin.plants.geometry import carried_lift_mps, coupler_load, refresh_poses
from twin.records import JOINTS, TZ
from twin.setup.setup import SwapSetup

MATING_FROM_M, MATING_TO = -0.01, 2.0
"""Heights over the seat between which a pack may be mating or parting: m, lengths of the coupler's engagement."""
MATING_SPEED = 1e-4
"""Speed (m/s and rad/s) below which it is not."""
PRESSED_PASSES = 5
"""Solver passes over joints, brakes and locks per pass over contacts, while something presses on a robot's load. With
one pass a locked pack under load slides at a third of the friction limit, with five at 0.98 of it."""
NO_PUSH = [0.0, 0.0, 0.0]
HASHED_FIELDS = ("tick", "q", "qd", "truck_q", "truck_qd", "pack_pose", "pack_twist", "lock_position", "grip_position")
POSE, TWIST = struct.Struct("7d"), struct.Struct("6d")


class BulletPlant:
    """The reference plant: one world (N = 1) on its own PyBullet client."""

    name = "bullet"

    def __init__(
        self,
        setup: SwapSetup,
        *,
        worlds: np.ndarray | None = None,
        scope: Scope = "swap",
    ) -> None:
        """A plant at the start of its setup's swap, or at `worlds`, a (1,) WORLD array of that setup that it then owns.

        `scope`: a whole swap, or only held packs coming to rest in their seats.
        """
        self.setup, self.setups = setup, [setup]
        self.params = setup.params.copy()
        self.worlds = new_world(setup) if worlds is None else worlds
        self._physics_hz = setup.station.rates.physics_hz
        self._reaction, self._axle, self._angles = np.zeros(4), np.zeros(2), np.zeros(8)
        self._coupling: list[int] = []
        self._braked: tuple[float, ...] = (0.0, 0.0, 0.0)  # forces of the truck's brakes in the last tick
        self._pushed = False
        self._letting_go: list[int] = []  # robots whose pack's locks are opening
        self._lock_load = np.zeros(6)
        self._joints_tick = -1  # tick at which all joints were last read
        self._contacts_tick = -1  # tick of the last scan
        self._rubbing = False  # in that scan something slid, perhaps where nothing is meant to touch
        self._mating_to_m = MATING_TO * float(self.params["coupler_engage_m"][0])
        self._view_fields()
        bodies = load(setup, self.params, self.worlds, scope)
        self._client, self._robots, self._truck, self._packs = bodies.client, bodies.robots, bodies.truck, bodies.packs
        self._parts, self._robot_joints, c = bodies.parts, bodies.joints, bodies.client
        self._robot_states = partial(pb.getJointStates, bodies.robots, bodies.joints, physicsClientId=c)
        self._truck_states = partial(pb.getJointStates, bodies.truck, self._truck_joints, physicsClientId=c)
        self._spring_states = partial(pb.getJointStates, bodies.truck, self._spring_joints, physicsClientId=c)
        motors = pb.setJointMotorControlArray
        self._drive_robots = partial(motors, bodies.robots, bodies.joints, pb.TORQUE_CONTROL)
        self._spring_truck = partial(motors, bodies.truck, self._spring_joints, pb.TORQUE_CONTROL)
        self._carrier = {int(k): r for r, k in enumerate(self.worlds["truth"]["held"][0]) if k >= 0}
        moving = bodies.packs.keys() | bodies.parts.keys()
        # a pack that is part of the truck never mates or parts
        self._plugging = [k for k in moving if bodies.parts.get(k, (-1, -1))[0] != self._truck]
        self._idle_poses = {k: self._at_centre(k) for k in range(int(self.params["packs"][0])) if k not in moving}
        self._constraints = Constraints(setup, self.params, self.worlds, bodies) if scope == "swap" else None
        self._sliding = Sliding(
            c, 1.0 / self._physics_hz, bodies.friction, bodies.kg, bodies.engine_friction, bodies.stiffness
        )
        if self._constraints is not None:
            self._sliding.fixed = self._constraints.gripped
        self._guides = GuideForces(setup, self.worlds, bodies, self._sliding)
        self._brakes = Brakes(c, bodies.truck, self.worlds, self.params)
        self._brakes.scan(self._braked, pushed=False)

    def _view_fields(self) -> None:
        """Views of single fields of the one world."""
        w, n = self.worlds, len(JOINTS) * self.setup.station.robots.count
        self._truck_joints = list(range(6))
        self._spring_joints = self._truck_joints[3:]
        self._tau, self._truck_tau = w["truth"]["tau"][0].reshape(-1)[:n], w["truth"]["truck_tau"][0]
        self._tick: Any = w["truth"]["tick"].data
        self._time_s: Any = w["truth"]["t_s"].data
        self._push = w["faults"]["truck_push_n"][0]
        self._pack_offset, self._pack_twist = w["truth"]["pack_offset_m"][0], w["truth"]["pack_twist"][0]
        self._pack_seat, self._coupler_at = w["truth"]["pack_seat"][0], w["truth"]["coupler_at"][0]
        self._q, self._qd = (w["truth"][name][0].data.cast("B") for name in ("q", "qd"))
        self._guide_force, self._passes = w["truth"]["guide_force_n"][0], 1
        self._truck_heaving = w["truth"]["truck_qd"][0, TZ:]
        self._truck_q, self._truck_qd = (w["truth"][name][0].data.cast("B") for name in ("truck_q", "truck_qd"))
        self._poses, self._twists = (w["truth"][name][0].data.cast("B") for name in ("pack_pose", "pack_twist"))
        self._write_robots, self._write_truck = struct.Struct(f"{n}d").pack_into, struct.Struct("6d").pack_into
        self._write_springs = struct.Struct(f"{len(self._spring_joints)}d").pack_into
        self._springs_at = struct.calcsize(f"{len(self._truck_joints) - len(self._spring_joints)}d")

    def _at_centre(self, k: int) -> tuple[float, ...]:
        """Pose of the centre of mass of pack `k`, from that of P."""
        pose = self.worlds["truth"]["pack_pose"][0, k]  # in double precision, unlike the engine's transforms
        x, y, z = rotate(pose, *self.params["pack_com"][0, k].tolist())
        return (pose[0] + x, pose[1] + y, pose[2] + z, *pose[3:].tolist())

    # --------------------------------------------------------------------------------------------------- running

    def read(self) -> None:
        """Bring truth up to date for a PLC scan: joints, packs and contact forces."""
        self._read_joints()
        self._read_packs()
        self._guides.read()
        self._contacts_tick = self._tick[0]
        self._set_solver()

    def wake(self) -> None:
        """Do nothing: no part of this plant sleeps."""

    def hold(self, changed: bool) -> None:
        """Apply the result of a PLC scan: `changed` holds, the truck's brakes and outside pushes."""
        self._pushed = self._push.tolist() != NO_PUSH
        if changed:
            self._update_constraints()
        self._brakes.scan(self._braked, self._pushed)
        self._letting_go = np.flatnonzero(self.worlds["truth"]["letting_go"][0]).tolist()

    def step(self, ticks: int = 1) -> None:
        """Physics ticks before the next scan."""
        # inlined over local names: most of a swap's time is spent in this loop
        c, tick_world, simulate, tick = self._client, ticking.tick_world, pb.stepSimulation, self._tick[0]
        worlds, params = self.worlds, self.params
        reaction, axle, angles = self._reaction, self._axle, self._angles
        drive, tau, spring, truck_tau = self._drive_robots, self._tau, self._spring_truck, self._truck_tau
        time_s, hz, brakes = self._time_s, self._physics_hz, self._brakes
        guides, sliding = self._guides, self._sliding
        if self._contacts_tick == tick:
            self._rubbing = sliding.rubbing
        rubbing = self._rubbing
        if self._joints_tick != tick:
            self._read_joints()
        for i in range(ticks):
            if i:
                if brakes.watched:
                    self._read_joints()
                else:
                    self._read_between_scans()
                if guides.close:
                    guides.read_peak()
                elif rubbing:
                    sliding.read()
            elif self._contacts_tick != tick and (guides.close or rubbing):
                sliding.read()
            tick_world(worlds, params, 0, reaction, axle, angles)
            drive(forces=tau.tolist(), physicsClientId=c)
            spring(forces=truck_tau.tolist(), physicsClientId=c)
            if self._coupling:
                self._mate()
            if self._letting_go:
                self._carry_by_locks()
            if self._pushed:
                self._push_truck()
            if brakes.watched:
                brakes.tick(self._braked)
            sliding.push()
            simulate(physicsClientId=c)
            tick += 1
            time_s[0] = tick / hz
        self._tick[0] = tick

    # --------------------------------------------------------------------------------------------------- reading

    def _read_joints(self) -> None:
        # B905: a strict zip costs half a microsecond in every tick
        q, qd, _, _ = zip(*self._robot_states())  # noqa: B905
        self._write_robots(self._q, 0, *q)
        self._write_robots(self._qd, 0, *qd)
        q, qd, _, forces = zip(*self._truck_states())  # noqa: B905
        self._braked, self._joints_tick = forces[:TZ], self._tick[0]
        self._write_truck(self._truck_q, 0, *q)
        self._write_truck(self._truck_qd, 0, *qd)

    def _read_between_scans(self) -> None:
        """Read what drives, suspension and springs need; a firmly held truck is read at scans only."""
        q, qd, _, _ = zip(*self._robot_states())  # noqa: B905
        self._write_robots(self._q, 0, *q)
        self._write_robots(self._qd, 0, *qd)
        q, qd, _, _ = zip(*self._spring_states())  # noqa: B905
        at = self._springs_at
        self._write_springs(self._truck_q, at, *q)
        self._write_springs(self._truck_qd, at, *qd)

    def _read_packs(self) -> None:
        """Read poses and speeds of packs, end effectors and couplers; first of the centres of mass, then of P."""
        c = self._client
        for k, body in self._packs.items():
            at, turn = pb.getBasePositionAndOrientation(body, physicsClientId=c)
            linear, angular = pb.getBaseVelocity(body, physicsClientId=c)
            POSE.pack_into(self._poses, k * POSE.size, *at, *turn)
            TWIST.pack_into(self._twists, k * TWIST.size, *linear, *angular)
        for k, (body, link) in self._parts.items():
            # as the last tick left it: a recomputation by the engine would change the bits of the next tick
            state = pb.getLinkState(body, link, computeLinkVelocity=1, physicsClientId=c)
            POSE.pack_into(self._poses, k * POSE.size, *state[0], *state[1])
            TWIST.pack_into(self._twists, k * TWIST.size, *state[6], *state[7])
        for k, pose in self._idle_poses.items():
            POSE.pack_into(self._poses, k * POSE.size, *pose)
        refresh_poses(self.worlds, self.params, 0)
        self._coupling = [k for k in self._plugging if self._mating(k)]

    def _mating(self, k: int) -> bool:
        """True if pack `k`, or the truck it plugs into, moves while its coupler may rub."""
        if not MATING_FROM_M < self._pack_offset.item(k, 2) < self._mating_to_m:
            return False
        speeds = self._pack_twist[k].tolist()
        if self.setup.seats[self._pack_seat.item(k)].on_truck:
            speeds += self._truck_heaving.tolist()
        return max(map(abs, speeds)) > MATING_SPEED

    # -------------------------------------------------------------------------------------------------- actuating

    def _update_constraints(self) -> None:
        """Update the constraints after grips or locks have closed or opened."""
        if self._constraints is None:
            raise NotImplementedError("scope `seat`: grips and locks stay as they are")
        self._constraints.update()
        self._sliding.fixed = self._constraints.gripped
        self._sliding.select()

    def _set_solver(self) -> None:
        """Set the number of solver passes that the present state needs."""
        passes = PRESSED_PASSES if self._guide_force.any() else 1
        if passes != self._passes:
            pb.setPhysicsEngineParameter(numNonContactInnerIterations=passes, physicsClientId=self._client)
            self._passes = passes

    def _mate(self) -> None:
        """Apply the coupler force to packs that mate or part, and its reaction.

        It is Coulomb-like, along the insert direction.
        """
        c, w = self._client, self.worlds
        for k in self._coupling:
            body, link = self._parts.get(k) or (self._packs[k], -1)
            at = self._coupler_at[k].tolist()
            if link < 0:
                com = pb.getBasePositionAndOrientation(body, physicsClientId=c)[0]
                (_, _, lift_mps), (wx, wy, _) = pb.getBaseVelocity(body, physicsClientId=c)
                lift_mps += wx * (at[1] - com[1]) - wy * (at[0] - com[0])
            else:  # part of its robot: the joints give its speed without a call to the engine
                lift_mps = carried_lift_mps(w, self.params, 0, self._carrier[k], k)
            force = coupler_load(w, self.params, 0, k, lift_mps)
            if force == 0.0:
                continue
            pb.applyExternalForce(body, link, [0.0, 0.0, force], at, pb.WORLD_FRAME, physicsClientId=c)
            if self.setup.seats[self._pack_seat.item(k)].on_truck:
                pb.applyExternalForce(
                    self._truck, TRUCK_BODY, [0.0, 0.0, -force], at, pb.WORLD_FRAME, physicsClientId=c
                )

    def _carry_by_locks(self) -> None:
        """Apply what opening locks still carry of held packs, and its reaction.

        A moment is two pairs of forces: the engine takes torques on links in other frames than those on bodies.
        """
        c, w, load = self._client, self.worlds, self._lock_load
        for r in self._letting_go:
            lock_release.load_of(w, self.params, 0, r, load)
            fx, fy, fz, tx, ty, tz = load.tolist()
            k = int(w["truth"]["held"][0, r])
            x, y, z = w["truth"]["e_pose"][0, r, :3].tolist()
            parts = [(*(self._parts.get(k) or (self._packs[k], -1)), 1.0)]
            if self.setup.seats[self._pack_seat.item(k)].on_truck:
                parts.append((self._truck, TRUCK_BODY, -1.0))
            for body, link, sign in parts:
                for dx, dy, gy, gz in ((1, 0, tz, -ty), (-1, 0, -tz, ty), (0, 1, 0.0, tx), (0, -1, 0.0, -tx)):
                    force = [0.25 * sign * fx, sign * (0.25 * fy + 0.5 * gy), sign * (0.25 * fz + 0.5 * gz)]
                    pb.applyExternalForce(body, link, force, [x + dx, y + dy, z], pb.WORLD_FRAME, physicsClientId=c)

    def _push_truck(self) -> None:
        """Push the truck's body at its centre of mass from outside (a fault)."""
        at = pb.getLinkState(self._truck, TRUCK_BODY, physicsClientId=self._client)[0]
        push = self.worlds["faults"]["truck_push_n"][0].tolist()
        pb.applyExternalForce(self._truck, TRUCK_BODY, push, at, pb.WORLD_FRAME, physicsClientId=self._client)

    # ------------------------------------------------------------------------------------------------------ end

    def state_sha256(self, world: int = 0) -> str:
        """Hash of the physical state, to the last bit, of the one world."""
        self._read_joints()
        self._read_packs()
        digest = hashlib.sha256()
        for name in HASHED_FIELDS:
            digest.update(np.ascontiguousarray(self.worlds["truth"][name][world]).tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Disconnect the client; may be called twice."""
        if self._client >= 0:
            pb.disconnect(physicsClientId=self._client)
            self._client = -1


__all__ = ["BulletPlant"]
