"""`BulletPlant`: one swap cell as rigid multibodies with contact, driven by the shared control kernels.

Per tick: read the joints, run `tick_world` (references, suspension, drives, truck springs), write the forces, step.
Per PLC scan, before the tick: read packs and contact forces, run `scan_world`, make or break the constraints that grips
and locks stand for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pybullet as pb

from twin import plc
from twin.cell import Cell
from twin.plants.bullet import bodies
from twin.plants.bullet.urdf import Body
from twin.plants.geometry import coupler_load, refresh_poses
from twin.plants.state import BUSY, JOINTS, ROBOTS, new_command

GRIP_FORCE_N = 1e7
"""Limit of a closed grip's constraint: twist-locks do not slip."""
CONTACT_RADIUS_M = 1.0
"""Packs farther than this from the middle of every seat and robot are asked for no contacts."""

NO_PUSH = [0.0, 0.0, 0.0]
HASHED_FIELDS = ("tick", "q", "qd", "truck_q", "truck_qd", "pack_pose", "pack_twist", "lock_position", "grip_position")


@contextlib.contextmanager
def _quiet() -> Any:
    """Silence what Bullet's C code prints while it loads (it writes to the file descriptor)."""
    saved = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(null)


class BulletPlant:
    """The reference plant: one world (N = 1) on its own PyBullet client."""

    def __init__(
        self, cell: Cell, *, observer: Callable[[BulletPlant], None] | None = None, worlds: np.ndarray | None = None
    ) -> None:
        """A plant at the start of its cell's swap, or at `worlds`, a (1,) WORLD array of that cell that it then owns.

        `observer` is called with the plant at every recording instant (`recording_hz` of the station).
        """
        self.cell = cell
        self.params = cell.params.copy()
        self.worlds = cell.new_world() if worlds is None else worlds
        self.commands = new_command(ROBOTS)[None]  # carrying nothing, about no seat
        self.observer = observer
        self.disturb: Callable[[BulletPlant], None] | None = None  # faults: called before each PLC scan
        self.decide: Callable[[BulletPlant], None] | None = None  # source of setpoints: called after each PLC scan
        self.pause_tick: int | None = None  # `run` returns once this tick has had its scan
        rates = cell.station.rates
        self._dt_s = 1.0 / rates.physics_hz
        self._scan_s = 1.0 / rates.plc_hz
        self._scan_ticks = rates.physics_hz // rates.plc_hz
        self._record_ticks = rates.physics_hz // rates.recording_hz
        self._physics_hz = rates.physics_hz
        self._scanned_tick = -1
        self._reaction, self._axle = np.zeros(4), np.zeros(2)
        n = len(JOINTS) * cell.station.robots.count
        self._q, self._qd = self.worlds["q"][0].reshape(-1), self.worlds["qd"][0].reshape(-1)  # views
        self._tau, self._truck_tau = self.worlds["tau"][0].reshape(-1)[:n], self.worlds["truck_tau"][0]
        # views of single fields: picking one out of a record costs as much as a call into the engine
        self._tick, self._time_s = self.worlds["tick"], self.worlds["t_s"]
        self._status, self._push = self.worlds["status"][0], self.worlds["truck_push_n"][0]
        self._truck_q, self._truck_qd = self.worlds["truck_q"][0], self.worlds["truck_qd"][0]
        self._coupling: list[int] = []
        self._grip: dict[int, int] = {}
        self._lock: dict[int, int] = {}
        self._lock_pack: dict[int, int] = {}
        with _quiet():
            self._client = pb.connect(pb.DIRECT)
        self._build()

    # ------------------------------------------------------------------------------------------------ building

    def _build(self) -> None:
        c = self._client
        pb.setGravity(0.0, 0.0, -float(self.params["gravity_mps2"][0]), physicsClientId=c)
        pb.setTimeStep(self._dt_s, physicsClientId=c)
        pb.setPhysicsEngineParameter(
            numSolverIterations=self.cell.station.solver_iterations,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            physicsClientId=c,
        )
        cell, w = self.cell, self.worlds[0]
        self._robots = self._load(bodies.robots(cell), fixed=True)
        self._truck = self._load(bodies.truck_body(cell), fixed=True)
        self._racks = {}
        for i, seat in enumerate(cell.seats):
            if not seat.on_truck:
                rack = self._load(bodies.rack_body(cell, i), fixed=True, xyz=seat.xyz_m, yaw=seat.yaw_rad)
                self._racks[i] = rack
        self._packs = []
        for k in range(int(self.params["packs"][0])):
            mass = float(self.params["pack_mass_kg"][0, k])
            self._packs.append(self._load(bodies.pack_body(cell, mass), fixed=False))
        self._obstacles()
        self._set_contact()
        self._robot_joints = list(range(len(JOINTS) * cell.station.robots.count))
        self._truck_joints = list(range(6))
        self._spring_joints = self._truck_joints[3:]
        self._brake_joints = self._truck_joints[:3]
        pb.setJointMotorControlArray(
            self._robots,
            self._robot_joints,
            pb.VELOCITY_CONTROL,
            forces=[0.0] * len(self._robot_joints),
            physicsClientId=c,
        )
        pb.setJointMotorControlArray(
            self._truck, self._spring_joints, pb.VELOCITY_CONTROL, forces=[0.0] * 3, physicsClientId=c
        )
        n = len(JOINTS)
        for r in range(cell.station.robots.count):
            for j in range(n):
                q, qd = float(w["q"][r, j]), float(w["qd"][r, j])
                pb.resetJointState(self._robots, r * n + j, q, qd, physicsClientId=c)
        for j in range(6):
            pb.resetJointState(self._truck, j, float(w["truck_q"][j]), 0.0, physicsClientId=c)
        for k, body in enumerate(self._packs):
            pose, twist = w["pack_pose"][k], w["pack_twist"][k]
            com = self._com_offset[k]
            at, turn = pb.multiplyTransforms(pose[:3].tolist(), pose[3:].tolist(), com, [0.0, 0.0, 0.0, 1.0])
            pb.resetBasePositionAndOrientation(body, at, turn, physicsClientId=c)
            pb.resetBaseVelocity(body, twist[:3].tolist(), twist[3:].tolist(), physicsClientId=c)
        for s in range(int(self.params["seats"][0])):
            if w["locked"][s] >= 0:
                self._lock_pack[s] = int(w["locked"][s])
                self._lock[s] = self._fasten_to_seat(s, self._lock_pack[s])
        for r in range(cell.station.robots.count):
            if w["held"][r] >= 0:
                self._grip[r] = self._fasten_to_robot(r, int(w["held"][r]))
        self._set_brakes()

    def _load(
        self, body: Body, *, fixed: bool, xyz: tuple[float, float, float] = (0.0, 0.0, 0.0), yaw: float = 0.0
    ) -> int:
        c = self._client
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{body.name}.urdf"
            path.write_text(body.xml())
            with _quiet():
                number = pb.loadURDF(
                    str(path),
                    basePosition=xyz,
                    baseOrientation=pb.getQuaternionFromEuler([0.0, 0.0, yaw]),
                    useFixedBase=fixed,
                    flags=pb.URDF_USE_INERTIA_FROM_FILE,
                    physicsClientId=c,
                )
        for link in range(-1, pb.getNumJoints(number, physicsClientId=c)):
            pb.changeDynamics(
                number,
                link,
                linearDamping=0.0,
                angularDamping=0.0,
                jointDamping=0.0,
                maxJointVelocity=1e4,
                restitution=0.0,
                rollingFriction=0.0,
                spinningFriction=0.0,
                activationState=pb.ACTIVATION_STATE_DISABLE_SLEEPING,
                physicsClientId=c,
            )
        return number

    def _obstacles(self) -> None:
        """Packs that this swap does not touch, as fixed boxes."""
        cell, c = self.cell, self._client
        used = {i for job in cell.jobs for i in (job.put_slot, job.take_slot)}
        x, y, z = cell.pack.size_m
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=[x / 2, y / 2, z / 2], physicsClientId=c)
        for i in bodies.idle_packs(cell.station, used):
            slot = cell.station.slots[i]
            pb.createMultiBody(
                0.0,
                shape,
                -1,
                [slot.x_m, slot.y_m, slot.z_m + cell.retract * z / 2],
                pb.getQuaternionFromEuler([0.0, 0.0, slot.yaw_rad]),
                physicsClientId=c,
            )

    def _set_contact(self) -> None:
        """Stiffness and damping of guides, pads and end effectors; friction multiplies in Bullet, so packs have 1."""
        cell, c = self.cell, self._client
        g, e = cell.pack.guides, cell.station.end_effector
        seats = [(self._truck, 6, 7), *((rack, 0, 1) for rack in self._racks.values())]
        for body, pads, pins in seats:
            # the pads carry the pack: as stiff and damped as the end effector's own contact
            for link, stiffness, damping, friction in (
                (pads, e.contact_stiffness_n_per_m, e.contact_damping_ns_per_m, cell.guide_friction),
                (pins, g.stiffness_n_per_m, g.damping_ns_per_m, cell.guide_friction),
            ):
                pb.changeDynamics(
                    body,
                    link,
                    contactStiffness=stiffness,
                    contactDamping=damping,
                    lateralFriction=friction,
                    physicsClientId=c,
                )
        for r in range(cell.station.robots.count):
            pb.changeDynamics(
                self._robots,
                len(JOINTS) * (r + 1) - 1,
                contactStiffness=e.contact_stiffness_n_per_m,
                contactDamping=e.contact_damping_ns_per_m,
                lateralFriction=e.friction,
                physicsClientId=c,
            )
        self._com_offset = []
        for k, body in enumerate(self._packs):
            pb.changeDynamics(body, -1, lateralFriction=1.0, physicsClientId=c)
            self._com_offset.append([float(v) for v in self.params["pack_com"][0, k]])

    # ----------------------------------------------------------------------------------------------- constraints

    def _fasten(self, parent: int, link: int, pack: int, force_n: float) -> int:
        """Fix a pack to a link where both are now; anchors from the actual poses, relative to the centres of mass."""
        c = self._client
        if link < 0:
            parent_at, parent_turn = pb.getBasePositionAndOrientation(parent, physicsClientId=c)
        else:
            state = pb.getLinkState(parent, link, computeForwardKinematics=1, physicsClientId=c)
            parent_at, parent_turn = state[0], state[1]
        child_at, child_turn = pb.getBasePositionAndOrientation(self._packs[pack], physicsClientId=c)
        back_at, back_turn = pb.invertTransform(child_at, child_turn)
        anchor_at, anchor_turn = pb.multiplyTransforms(back_at, back_turn, parent_at, parent_turn)
        number = pb.createConstraint(
            parent,
            link,
            self._packs[pack],
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

    def _fasten_to_seat(self, seat: int, pack: int) -> int:
        """Locks close: the pack is fixed to its seat, whose pads and pins then carry nothing and are not asked.

        Otherwise contact and constraint would press against each other (and cost a third of a chassis swap's time).
        """
        self._touch(seat, pack, False)
        strength = self.cell.pack.locks.strength_n * max(plc.engaged_locks_of(self.worlds, self.params, 0, seat), 1)
        if seat in self._racks:
            return self._fasten(self._racks[seat], -1, pack, strength)
        return self._fasten(self._truck, 5, pack, strength)

    def _touch(self, seat: int, pack: int, on: bool) -> None:
        """Contact between a pack and the pads and pins of a seat, on or off."""
        body, links = (self._racks[seat], (0, 1)) if seat in self._racks else (self._truck, (6, 7))
        for link in links:
            pb.setCollisionFilterPair(body, self._packs[pack], link, -1, int(on), physicsClientId=self._client)

    def _update_constraints(self) -> None:
        """Make the constraints agree with what grips and locks hold."""
        w = self.worlds[0]
        for r in range(int(self.params["robots"][0])):
            self._agree(self._grip, r, int(w["held"][r]), self._fasten_to_robot)
        for s in range(int(self.params["seats"][0])):
            pack = int(w["locked"][s])
            if pack < 0 and s in self._lock:
                self._touch(s, self._lock_pack[s], True)
            elif pack >= 0:
                self._lock_pack[s] = pack
            self._agree(self._lock, s, pack, self._fasten_to_seat)

    def _agree(self, made: dict[int, int], key: int, pack: int, fasten: Callable[[int, int], int]) -> None:
        if pack >= 0 and key not in made:
            made[key] = fasten(key, pack)
        elif pack < 0 and key in made:
            pb.removeConstraint(made.pop(key), physicsClientId=self._client)

    def _fasten_to_robot(self, robot: int, pack: int) -> int:
        return self._fasten(self._robots, len(JOINTS) * (robot + 1) - 1, pack, GRIP_FORCE_N)

    def _set_brakes(self) -> None:
        """Tyres under brakes: motors that hold the truck still up to the friction that its wheels can give now."""
        pb.setJointMotorControlArray(
            self._truck,
            self._brake_joints,
            pb.VELOCITY_CONTROL,
            targetVelocities=[0.0, 0.0, 0.0],
            forces=self.worlds["truck_brake"][0].tolist(),
            physicsClientId=self._client,
        )

    # --------------------------------------------------------------------------------------------------- running

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        """Start `commands[k]` on `robot[k]`; `world` must be all zeros."""
        for r, command in zip(robot.tolist(), commands, strict=True):
            self.commands[0, r] = command
            plc.start_world(self.worlds, self.params, self.commands, 0, r)

    def run(self) -> None:
        """Advance until a robot has ended its command, or to `pause_tick`."""
        while True:
            if self.scan():
                return
            if self.pause_tick is not None and int(self._tick[0]) >= self.pause_tick:
                return
            if BUSY not in self._status.tolist():
                return
            self.step()

    def run_ticks(self, ticks: int) -> None:
        """Advance by a number of ticks whatever the robots do (verification and tests)."""
        for _ in range(ticks):
            self.scan()
            self.step()

    def stand(self, world: int, seconds: float) -> None:
        """Advance the one world by a time without any decision."""
        del world
        self.run_ticks(round(seconds * self._physics_hz))

    def scan(self) -> bool:
        """The PLC scan, when one is due at this tick. True when a robot waits for its next command."""
        w = self.worlds
        tick = int(self._tick[0])
        if tick == self._scanned_tick:
            return False
        self._read_joints()
        if tick % self._scan_ticks:
            return False
        self._scanned_tick = tick
        self._read_packs()
        self._read_contacts()
        if self.disturb is not None:
            self.disturb(self)
        code = plc.scan_world(w, self.params, self.commands, 0, self._scan_s)
        if code & plc.HOLD_CHANGED:
            self._update_constraints()
        self._set_brakes()
        if self.observer is not None and tick % self._record_ticks == 0:
            self.observer(self)
        if self.decide is not None:
            self.decide(self)
        return bool(code & plc.COMMAND_ENDED)

    def step(self) -> None:
        """One physics tick."""
        c = self._client
        plc.tick_world(self.worlds, self.params, 0, self._reaction, self._axle)
        pb.setJointMotorControlArray(
            self._robots,
            self._robot_joints,
            pb.TORQUE_CONTROL,
            forces=self._tau.tolist(),
            physicsClientId=c,
        )
        pb.setJointMotorControlArray(
            self._truck, self._spring_joints, pb.TORQUE_CONTROL, forces=self._truck_tau.tolist(), physicsClientId=c
        )
        if self._coupling:
            self._mate()
        if self._push.tolist() != NO_PUSH:
            self._push_truck()
        pb.stepSimulation(physicsClientId=c)
        tick = int(self._tick[0]) + 1
        self._tick[0] = tick
        self._time_s[0] = tick / self._physics_hz

    def _read_joints(self) -> None:
        c = self._client
        n = len(self._robot_joints)
        states = pb.getJointStates(self._robots, self._robot_joints, physicsClientId=c)
        self._q[:n], self._qd[:n], _, _ = zip(*states, strict=True)
        states = pb.getJointStates(self._truck, self._truck_joints, physicsClientId=c)
        self._truck_q[:], self._truck_qd[:], _, _ = zip(*states, strict=True)

    def _read_packs(self) -> None:
        c, w = self._client, self.worlds
        poses, twists = w["pack_pose"][0], w["pack_twist"][0]
        n = len(self._packs)
        places = [pb.getBasePositionAndOrientation(body, physicsClientId=c) for body in self._packs]
        speeds = [pb.getBaseVelocity(body, physicsClientId=c) for body in self._packs]
        poses[:n] = [at + turn for at, turn in places]
        twists[:n] = [linear + angular for linear, angular in speeds]
        # from the centre of mass to P, and end effectors by forward kinematics
        refresh_poses(w, self.params, 0)
        engage = self.params["coupler_engage_m"][0]
        height = w["pack_offset_m"][0, :, 2]
        twist = np.abs(twists).max(axis=1)
        self._coupling = [k for k in range(n) if -0.01 < height[k] < 2 * engage and twist[k] > 1e-4]

    def _read_contacts(self) -> None:
        """Guide force on each robot: on the pack it holds, or on its empty end effector, from everything else.

        All contacts are asked for at once: asked for by body, pybullet 3.2.7 puts that body first and turns the normal
        round with it but not the friction, which then has the wrong sign for every pair that it swapped.
        """
        w = self.worlds
        watched = []
        for r in range(self.cell.station.robots.count):
            k = int(w["held"][0, r])
            w["guide_force_n"][0, r] = 0.0
            if k < 0:
                watched.append((r, self._robots, len(JOINTS) * (r + 1) - 1, -1))
            elif w["pack_offset_m"][0, k, 2] < CONTACT_RADIUS_M and k not in w["locked"][0]:
                # closed locks carry the pack: what guides and pads then press against each other is no guide force
                watched.append((r, self._packs[k], -1, self._robots))
        if not watched:
            return
        points = pb.getContactPoints(physicsClientId=self._client)
        for r, body, link, without in watched:
            w["guide_force_n"][0, r] = self._contact_force(points, body, link, without)

    def _contact_force(self, points: Any, body: int, link: int, without: int) -> tuple[float, float, float]:
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

    def _mate(self) -> None:
        """Coupler force on packs that are plugging in or out, Coulomb-like along the insert direction; its reaction."""
        c, w = self._client, self.worlds
        for k in self._coupling:
            body = self._packs[k]
            linear, _ = pb.getBaseVelocity(body, physicsClientId=c)
            force = coupler_load(w, self.params, 0, k, linear[2])
            if force == 0.0:
                continue
            at = w["coupler_at"][0, k].tolist()
            pb.applyExternalForce(body, -1, [0.0, 0.0, force], at, pb.WORLD_FRAME, physicsClientId=c)
            if self.cell.seats[int(w["pack_seat"][0, k])].on_truck:
                pb.applyExternalForce(self._truck, 5, [0.0, 0.0, -force], at, pb.WORLD_FRAME, physicsClientId=c)

    def _push_truck(self) -> None:
        """Something outside pushes the truck's body at its centre of mass (a fault)."""
        at = pb.getLinkState(self._truck, 5, physicsClientId=self._client)[0]
        push = self.worlds["truck_push_n"][0].tolist()
        pb.applyExternalForce(self._truck, 5, push, at, pb.WORLD_FRAME, physicsClientId=self._client)

    # ------------------------------------------------------------------------------------------------------ end

    def state_sha256(self) -> str:
        """Hash of the physical state, to the last bit."""
        self._read_joints()
        self._read_packs()
        digest = hashlib.sha256()
        for name in HASHED_FIELDS:
            digest.update(np.ascontiguousarray(self.worlds[name][0]).tobytes())
        return digest.hexdigest()

    def close(self) -> None:
        """Disconnect the client; may be called twice."""
        if self._client >= 0:
            pb.disconnect(physicsClientId=self._client)
            self._client = -1


__all__ = ["BulletPlant"]
