"""Load a setup's bodies into their own engine client and place them as a world says."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pybullet as pb

from twin.plants.bullet import bodies
from twin.plants.bullet.urdf import NONE_M, Body
from twin.records import JOINTS
from twin.setup.setup import SwapSetup

Scope = Literal["swap", "seat"]
"""Scopes of a plant's world.

`swap`: everything; every pack is a body of its own, and moves.

`seat`: held packs come to rest in their seats, nothing else; grips and locks stay as they are. A held pack is part of
its robot, one that stands on the truck is part of the truck, and packs in slots are fixed obstacles. No constraint is
left to solve, and the engine takes half of its time or less.
"""
TRUCK_BODY, TRUCK_PADS, TRUCK_PINS = 5, 6, 7
"""Links of the truck."""
RACK_PADS, RACK_PINS = 0, 1
NEAR_M = 0.0003
"""Gap beyond which surfaces are no contact to the solver: travel in a tick at 0.15 m/s, the fastest setpoint of an
insertion. The solver never finds a force across a larger gap, but each such point costs a tenth of a tick, and a pin in
its socket has a dozen."""
SLID_M = 0.001
"""Tangential drift of a contact point's two sides beyond which the engine discards the point and finds it again. Until
then the engine keeps its normal. With Bullet's default of 20 mm, a pin that has passed the edge of its socket is still
pushed aside as by the edge, which wedges packs (7.5 kN sideways instead of 3.0). At 3 mm and at 0.3 mm peak forces
agree to 1 %. The engine has one such number for all its clients in a process."""
PACK_FRICTION = 1.0
"""Friction of every pack, idle ones too: a contact's friction is the product, so it is that of the other side."""
OTHER_FRICTION = 0.5
"""Friction of what no station file speaks of: the truck's body."""
NO_TURN = [0.0, 0.0, 0.0, 1.0]


@dataclass
class Bodies:
    """The loaded bodies, by the engine's numbers.

    Attributes:
        joints: of the robots, in the order of `JOINTS`, robot by robot; a joint's number is that of the link it moves.
        racks: by seat.
        packs: free bodies, by pack.
        parts: (body, link) of packs that are part of robots or truck, by pack.
        friction: coefficient of every (body, link) with a shape; the product of both sides is that of a contact.
        engine_friction: parts whose contacts with each other have the engine's friction, pads and packs that no robot
            holds; all others have `sliding.Sliding`'s.
        kg: what moves with a (body, link); one without stands still.
    """

    client: int
    robots: int
    joints: list[int]
    truck: int
    racks: dict[int, int]
    packs: dict[int, int]
    parts: dict[int, tuple[int, int]]
    friction: dict[tuple[int, int], float] = field(default_factory=dict)
    engine_friction: set[tuple[int, int]] = field(default_factory=set)
    kg: dict[tuple[int, int], float] = field(default_factory=dict)
    stiffness: dict[tuple[int, int], float] = field(default_factory=dict)

    def end_effector(self, robot: int) -> int:
        """Link of the robots' body."""
        return self.joints[len(JOINTS) * (robot + 1) - 1]


def load(setup: SwapSetup, params: np.ndarray, worlds: np.ndarray, scope: Scope) -> Bodies:
    """Make a client with every body of the setup, at rest except for what `worlds` says."""
    with _silenced():
        client = pb.connect(pb.DIRECT)
    loader = _Loader(client, setup, params[0], worlds[0])
    loader.set_engine()
    return loader.load_swap() if scope == "swap" else loader.load_seat()


class _Loader:
    def __init__(self, client: int, setup: SwapSetup, p: Any, w: Any) -> None:
        self.client, self.setup, self.p, self.w = client, setup, p, w
        self.boxes: list[int] = []

    def set_engine(self) -> None:
        c = self.client
        pb.setGravity(0.0, 0.0, -float(self.p["gravity_mps2"]), physicsClientId=c)
        pb.setTimeStep(1.0 / self.setup.station.rates.physics_hz, physicsClientId=c)
        pb.setPhysicsEngineParameter(
            numSolverIterations=self.setup.station.solver_iterations,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            contactBreakingThreshold=SLID_M,
            physicsClientId=c,
        )

    def load_swap(self) -> Bodies:
        setup = self.setup
        robots = self._load(bodies.robots(setup), fixed=True)
        truck = self._load(bodies.truck_body(setup), fixed=True)
        racks = {
            i: self._load(bodies.rack_body(setup, i), fixed=True, xyz=seat.xyz_m, yaw=seat.yaw_rad)
            for i, seat in enumerate(setup.seats)
            if not seat.on_truck
        }
        packs = {k: self._load_pack(k) for k in range(int(self.p["packs"]))}
        self._stand_idle_packs()
        loaded = Bodies(self.client, robots, self._moving_joints(robots), truck, racks, packs, {})
        self._finish(loaded)
        return loaded

    def load_seat(self) -> Bodies:
        setup, w = self.setup, self.w
        held = {int(k): r for r, k in enumerate(w["truth"]["held"]) if k >= 0}
        seats = {k: int(w["truth"]["pack_seat"][k]) for k in range(int(self.p["packs"])) if k not in held}
        aboard = {k: seat for k, seat in seats.items() if setup.seats[seat].on_truck}
        carried = [(r, self._kg(k)) for k, r in held.items()]
        standing = [(seat, self._kg(k)) for k, seat in aboard.items()]
        robots = self._load(bodies.robots(setup, carried, NONE_M), fixed=True)
        truck = self._load(bodies.truck_body(setup, standing, NONE_M), fixed=True)
        for body in (robots, truck):
            self._hide_bare_links(body)
        self._stand_idle_packs(light=True)
        for k in (k for k in seats if k not in aboard):
            pose = w["truth"]["pack_pose"][k].tolist()
            middle = [0.0, 0.0, -setup.retract * setup.pack.size_m[2] / 2]
            self._stand_box(*pb.multiplyTransforms(pose[:3], pose[3:], middle, NO_TURN), light=True)
        loaded = Bodies(self.client, robots, self._moving_joints(robots), truck, {}, {}, {})
        # a body's links are numbered along its branches: a load's link comes right after its end effector's
        loaded.parts |= {k: (robots, loaded.end_effector(r) + 1) for k, r in held.items()}
        loaded.parts |= {k: (truck, TRUCK_PINS + 1 + i) for i, k in enumerate(aboard)}
        self._finish(loaded)
        return loaded

    def _hide_bare_links(self, body: int) -> None:
        """Disable collisions of links without a shape: the engine checks them as points in every tick."""
        for link in range(-1, pb.getNumJoints(body, physicsClientId=self.client)):
            if not pb.getCollisionShapeData(body, link, physicsClientId=self.client):
                pb.setCollisionFilterGroupMask(body, link, 0, 0, physicsClientId=self.client)

    def _moving_joints(self, robots: int) -> list[int]:
        every = range(pb.getNumJoints(robots, physicsClientId=self.client))
        kinds = [pb.getJointInfo(robots, j, physicsClientId=self.client)[2] for j in every]
        return [j for j in every if kinds[j] != pb.JOINT_FIXED]

    def _kg(self, k: int) -> float:
        return float(self.p["pack_mass_kg"][k])

    def _load_pack(self, k: int) -> int:
        return self._load(bodies.pack_body(self.setup, self._kg(k)), fixed=False)

    def _load(
        self, body: Body, *, fixed: bool, xyz: tuple[float, float, float] = (0.0, 0.0, 0.0), yaw: float = 0.0
    ) -> int:
        c = self.client
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{body.name}.urdf"
            path.write_text(body.xml())
            with _silenced():
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
                maxJointVelocity=1e4,
                activationState=pb.ACTIVATION_STATE_DISABLE_SLEEPING,
                physicsClientId=c,
            )
            # by themselves: in one call with settings of the whole body, pybullet 3.2.7 passes none of these to a link
            pb.changeDynamics(
                number,
                link,
                lateralFriction=0.0,
                restitution=0.0,
                rollingFriction=0.0,
                spinningFriction=0.0,
                jointDamping=0.0,
                physicsClientId=c,
            )
        return number

    def _stand_idle_packs(self, *, light: bool = False) -> None:
        """Place the packs that this swap does not touch as fixed boxes."""
        setup = self.setup
        used = {i for job in setup.jobs for i in (job.put_slot, job.take_slot)}
        z = setup.pack.size_m[2]
        for i in bodies.idle_packs(setup.station, used):
            slot = setup.station.slots[i]
            at = [slot.x_m, slot.y_m, slot.z_m + setup.retract * z / 2]
            self._stand_box(at, pb.getQuaternionFromEuler([0.0, 0.0, slot.yaw_rad]), light=light)

    def _stand_box(self, at: Sequence[float], turn: Sequence[float], *, light: bool) -> None:
        """A fixed box of a pack's size, with a pack's friction.

        A light one costs the engine a tenth in every tick (in scope `swap` a different contact order would change the
        bits)."""
        x, y, z = self.setup.pack.size_m
        shape = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=[x / 2, y / 2, z / 2], physicsClientId=self.client)
        c = self.client
        box = pb.createMultiBody(0.0, shape, -1, at, turn, useMaximalCoordinates=int(light), physicsClientId=c)
        pb.changeDynamics(box, -1, lateralFriction=0.0, restitution=0.0, physicsClientId=c)
        self.boxes.append(box)

    def _finish(self, loaded: Bodies) -> None:
        self._set_contact(loaded)
        self._ignore_far_contacts()
        self._free_motors(loaded)
        self._place(loaded)

    def _set_contact(self, loaded: Bodies) -> None:
        """Set stiffness and damping of guides, pads and end effectors, and friction.

        A pack that stands on pads has the engine's friction: there it sticks, and what is wrong with that friction is
        its direction while something slides. Without anchors it only brakes: a body under load creeps, 0.6 mm in 0.8 s
        under a tenth of the force that friction holds. Anchors pull a sticking point back to its first position.
        """
        setup, c = self.setup, self.client
        g, e = setup.pack.guides, setup.station.end_effector
        seats = [(loaded.truck, TRUCK_PADS, TRUCK_PINS)]
        seats += [(rack, RACK_PADS, RACK_PINS) for rack in loaded.racks.values()]
        for body, pads, pins in seats:
            # the pads carry the pack: as stiff and damped as the end effector's own contact
            for link, stiffness, damping in (
                (pads, e.contact_stiffness_n_per_m, e.contact_damping_ns_per_m),
                (pins, g.stiffness_n_per_m, g.damping_ns_per_m),
            ):
                pb.changeDynamics(body, link, contactStiffness=stiffness, contactDamping=damping, physicsClientId=c)
                loaded.friction[body, link], loaded.stiffness[body, link] = setup.guide_friction, stiffness
            loaded.engine_friction.add((body, pads))
        for r in range(setup.station.robots.count):
            part = loaded.robots, loaded.end_effector(r)
            pb.changeDynamics(
                *part,
                contactStiffness=e.contact_stiffness_n_per_m,
                contactDamping=e.contact_damping_ns_per_m,
                physicsClientId=c,
            )
            loaded.friction[part], loaded.kg[part] = e.friction, e.mass_kg
            loaded.stiffness[part] = e.contact_stiffness_n_per_m
        for link in (TRUCK_BODY, TRUCK_PADS, TRUCK_PINS):
            loaded.kg[loaded.truck, link] = setup.truck.sprung_mass_kg
        loaded.friction[loaded.truck, TRUCK_BODY] = OTHER_FRICTION
        for k, part in {**{k: (body, -1) for k, body in loaded.packs.items()}, **loaded.parts}.items():
            loaded.friction[part] = PACK_FRICTION
            loaded.kg[part] = self._kg(k) if part[0] != loaded.truck else setup.truck.sprung_mass_kg
            if part[0] != loaded.robots:  # held throughout
                loaded.engine_friction.add(part)
        for box in self.boxes:
            loaded.friction[box, -1] = PACK_FRICTION
        for body, link in loaded.engine_friction:
            friction = loaded.friction[body, link]
            pb.changeDynamics(body, link, lateralFriction=friction, physicsClientId=c)
            # on packs too: their points, sliding ones too, are then kept until `SLID_M` instead of found in every tick
            pb.changeDynamics(body, link, frictionAnchor=1, physicsClientId=c)

    def _ignore_far_contacts(self) -> None:
        """Set the contact distance, last of all settings.

        pybullet 3.2.7 loses it when friction or stiffness are set later.
        """
        c = self.client
        for i in range(pb.getNumBodies(physicsClientId=c)):
            body = pb.getBodyUniqueId(i, physicsClientId=c)
            for link in range(-1, pb.getNumJoints(body, physicsClientId=c)):
                pb.changeDynamics(body, link, contactProcessingThreshold=NEAR_M, physicsClientId=c)

    def _free_motors(self, loaded: Bodies) -> None:
        """Switch off the motors that the engine gives every joint, except the truck's brakes."""
        for body, joints in ((loaded.robots, loaded.joints), (loaded.truck, [3, 4, 5])):
            pb.setJointMotorControlArray(
                body,
                joints,
                pb.VELOCITY_CONTROL,
                forces=[0.0] * len(joints),
                physicsClientId=self.client,
            )

    def _place(self, loaded: Bodies) -> None:
        c, w = self.client, self.w
        q, qd = w["truth"]["q"].reshape(-1), w["truth"]["qd"].reshape(-1)
        for i, j in enumerate(loaded.joints):
            pb.resetJointState(loaded.robots, j, float(q[i]), float(qd[i]), physicsClientId=c)
        for j in range(6):
            pb.resetJointState(loaded.truck, j, float(w["truth"]["truck_q"][j]), 0.0, physicsClientId=c)
        for k, body in loaded.packs.items():
            pose, twist = w["truth"]["pack_pose"][k].tolist(), w["truth"]["pack_twist"][k].tolist()
            at, turn = pb.multiplyTransforms(pose[:3], pose[3:], self.p["pack_com"][k].tolist(), NO_TURN)
            pb.resetBasePositionAndOrientation(body, at, turn, physicsClientId=c)
            pb.resetBaseVelocity(body, twist[:3], twist[3:], physicsClientId=c)


@contextlib.contextmanager
def _silenced() -> Any:
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
