"""Sliding friction of the engine: a known flaw of pybullet 3.2.7, checked here until a later version fixes it."""

from __future__ import annotations

import math

import numpy as np
import pybullet as pb
import pytest

MU, PRESSED_N, BALL_KG, STEP_S = 0.3, 1000.0, 10.0, 0.002


def slide(moved_kg: tuple[float, float], mps: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, float]:
    """A ball on a floor, carried by a slide along x that carries one along y, which move these masses: friction (2,)
    and speed (2,) after some ticks, and the normal force."""
    x_kg, y_kg = moved_kg
    c = pb.connect(pb.DIRECT)
    try:
        pb.setGravity(0.0, 0.0, -9.81, physicsClientId=c)
        pb.setTimeStep(STEP_S, physicsClientId=c)
        block = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=[5.0, 5.0, 0.5], physicsClientId=c)
        floor = pb.createMultiBody(0.0, block, basePosition=[0.0, 0.0, -0.5], physicsClientId=c)
        ball = pb.createCollisionShape(pb.GEOM_SPHERE, radius=0.05, physicsClientId=c)
        slides = pb.createMultiBody(
            0.0,
            -1,
            basePosition=[0.0, 0.0, 0.05],
            linkMasses=[x_kg - y_kg, y_kg - BALL_KG, BALL_KG],
            linkCollisionShapeIndices=[-1, -1, ball],
            linkVisualShapeIndices=[-1] * 3,
            linkPositions=[[0.0, 0.0, 0.0]] * 3,
            linkOrientations=[[0.0, 0.0, 0.0, 1.0]] * 3,
            linkInertialFramePositions=[[0.0, 0.0, 0.0]] * 3,
            linkInertialFrameOrientations=[[0.0, 0.0, 0.0, 1.0]] * 3,
            linkParentIndices=[0, 1, 2],
            linkJointTypes=[pb.JOINT_PRISMATIC] * 3,
            linkJointAxis=np.eye(3).tolist(),
            physicsClientId=c,
        )
        pb.setJointMotorControlArray(slides, range(3), pb.VELOCITY_CONTROL, forces=[0.0] * 3, physicsClientId=c)
        for joint in range(3):
            pb.changeDynamics(slides, joint, linearDamping=0.0, jointDamping=0.0, physicsClientId=c)
        pb.changeDynamics(floor, -1, lateralFriction=MU, contactStiffness=2e6, contactDamping=2e4, physicsClientId=c)
        pb.changeDynamics(slides, 2, lateralFriction=1.0, physicsClientId=c)
        for tick in range(105):
            if tick == 100:
                for joint in range(2):
                    pb.resetJointState(slides, joint, 0.0, mps[joint], physicsClientId=c)
            pb.applyExternalForce(slides, 2, [0.0, 0.0, -PRESSED_N], [0.0, 0.0, 0.0], pb.LINK_FRAME, physicsClientId=c)
            pb.stepSimulation(physicsClientId=c)
        [point] = pb.getContactPoints(slides, floor, physicsClientId=c)
        friction = point[10] * np.array(point[11]) + point[12] * np.array(point[13])
        speed = np.array([pb.getJointState(slides, joint, physicsClientId=c)[1] for joint in range(2)])
        return friction[:2], speed, point[9]
    finally:
        pb.disconnect(c)


@pytest.mark.parametrize("mps", [(0.1, 0.1), (0.1, 0.02), (0.02, 0.1)])
@pytest.mark.parametrize("moved_kg", [(100.0, 100.0), (300.0, 100.0), (1000.0, 100.0)])
def test_it_points_against_what_has_to_be_stopped_not_against_the_slip(moved_kg, mps):
    """Coulomb: friction mu N points against the slip v. The engine scales the impulse that would stop the point down to
    mu N, so that it points against (m_x v_x, m_y v_y), m being what moves with the point along x and y: the same where
    both are, far off where one is ten times the other."""
    friction, speed, normal_n = slide(moved_kg, mps)
    assert np.hypot(*friction) == pytest.approx(MU * normal_n, rel=1e-3)

    def off_deg(direction: np.ndarray) -> float:
        cosine = abs(friction @ direction) / np.linalg.norm(friction) / np.linalg.norm(direction)
        return math.degrees(math.acos(min(cosine, 1.0)))

    assert off_deg(np.array(moved_kg) * speed) < 0.5
    skewed = off_deg(speed) > 5.0
    assert skewed == (moved_kg[0] != moved_kg[1]), "if no longer, `twin/plants/bullet/sliding.py` is not needed"
