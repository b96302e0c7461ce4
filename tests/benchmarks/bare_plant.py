"""The yardstick of `swaptwin bench`: the same world, stepped by nothing but a bare loop.

A `Scout` is a BulletPlant that notes what its drives and actuators do. A `BareLoop` is a second plant that gets the
same inputs: the constraints, brakes, truck springs and coupler forces of each tick untimed, then, timed, one motor
array with the noted forces, `stepSimulation` and one joint-state read. Its world goes through the same states to the
last bit, with the same contacts and the same constraints.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
import pybullet as pb

from twin.plants.bullet.plant import BulletPlant


class Noted(NamedTuple):
    """One PLC scan and the ticks after it."""

    world: np.ndarray  # (1,) WORLD after the scan
    coupling: list[int]
    changed: bool
    forces: list[tuple[list[float], list[float]]]  # robots, truck springs; one a tick


class Scout(BulletPlant):
    """A plant that notes its inputs in `noted`, for a BareLoop to repeat."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self._begin()

    @classmethod
    def of(cls, plant: BulletPlant) -> Scout:
        """A plant that runs already, made a scout where it stands."""
        return _as(cls, plant)

    def _begin(self) -> None:
        self.noted: list[Noted] = []

    def hold(self, changed: bool) -> None:
        super().hold(changed)
        self.noted.append(Noted(self.worlds.copy(), list(self._coupling), changed, []))

    def step(self, ticks: int = 1) -> None:
        if not self.noted:  # goes on in a scan from before the notes
            self.noted.append(Noted(self.worlds.copy(), list(self._coupling), False, []))
        for i in range(ticks):
            if i:
                self._read_between_scans()
            super().step()
            self.noted[-1].forces.append((self._tau.tolist(), self._truck_tau.tolist()))


class BareLoop(BulletPlant):
    """Repeats what a Scout noted; `run_noted` says how long its bare part took."""

    @classmethod
    def of(cls, plant: BulletPlant) -> BareLoop:
        """A plant that stands where a scout's began, made a bare loop."""
        return _as(cls, plant)

    def _begin(self) -> None:
        """Nothing to prepare."""

    def run_noted(self, noted: list[Noted]) -> tuple[int, float]:
        """(ticks, seconds of the timed part)."""
        c, clock = self._client, time.perf_counter
        robots, joints, control = self._robots, self._robot_joints, pb.TORQUE_CONTROL
        motors, step, read = pb.setJointMotorControlArray, pb.stepSimulation, pb.getJointStates
        ticks, timed_s = 0, 0.0
        for world, coupling, changed, forces in noted:
            self.worlds[:] = world
            self._coupling = coupling
            if changed:
                self._update_constraints()
            self._set_solver()
            self._brakes.scan(self._braked, pushed=False)
            for robot_forces, truck_forces in forces:
                motors(self._truck, self._spring_joints, control, forces=truck_forces, physicsClientId=c)
                if self._coupling:
                    self._read_between_scans()
                    self._mate()
                if self.worlds["faults"]["truck_push_n"][0].any():
                    self._push_truck()
                began_s = clock()
                motors(robots, joints, control, forces=robot_forces, physicsClientId=c)
                step(physicsClientId=c)
                read(robots, joints, physicsClientId=c)
                timed_s += clock() - began_s
                ticks += 1
        return ticks, timed_s

    def same_bits_as(self, other: BulletPlant) -> bool:
        """Whether joints, truck and packs of both plants are the same to the last bit; a scan is due or just done."""
        for plant in (self, other):
            plant._read_joints()
            plant._read_packs()
        names = ("q", "qd", "truck_q", "truck_qd", "pack_pose", "pack_twist")
        return all(self.worlds["truth"][name].tobytes() == other.worlds["truth"][name].tobytes() for name in names)


def _as(cls: Any, plant: BulletPlant) -> Any:
    if type(plant) not in (BulletPlant, cls):
        raise TypeError(f"not a BulletPlant: {type(plant).__name__}")
    plant.__class__ = cls
    plant._begin()  # type: ignore[attr-defined]
    return plant


__all__ = ["BareLoop", "Noted", "Scout"]
