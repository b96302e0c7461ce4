"""Friction of the reference plant's contact points against Coulomb's law."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pybullet as pb
import pytest

from twin.plants.bullet import sliding
from twin.plants.bullet.building import NEAR_M
from twin.plants.bullet.sliding import COLUMNS, DAMPER, RETURN, STATES, STIFFNESS, Sliding

MU, PRESSED_N, BALL_KG, STEP_S = 0.3, 1000.0, 10.0, 0.002
NORMAL_N = PRESSED_N + 9.81 * BALL_KG


class Slide:
    """A ball pressed on a floor, carried by a slide along x that carries one along y: other masses along x and y."""

    def __init__(self, x_kg: float, y_kg: float, part_kg: float | None = None) -> None:
        """`part_kg`: what friction takes for the ball's mass."""
        self.kg = np.array([x_kg, y_kg])
        c = self.client = pb.connect(pb.DIRECT)
        pb.setGravity(0.0, 0.0, -9.81, physicsClientId=c)
        pb.setTimeStep(STEP_S, physicsClientId=c)
        block = pb.createCollisionShape(pb.GEOM_BOX, halfExtents=[5.0, 5.0, 0.5], physicsClientId=c)
        floor = self.floor = pb.createMultiBody(0.0, block, basePosition=[0.0, 0.0, -0.5], physicsClientId=c)
        ball = pb.createCollisionShape(pb.GEOM_SPHERE, radius=0.05, physicsClientId=c)
        self.body = pb.createMultiBody(
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
        pb.setJointMotorControlArray(self.body, range(3), pb.VELOCITY_CONTROL, forces=[0.0] * 3, physicsClientId=c)
        for joint in range(3):
            pb.changeDynamics(
                self.body, joint, linearDamping=0.0, jointDamping=0.0, lateralFriction=0.0, physicsClientId=c
            )
        pb.changeDynamics(floor, -1, lateralFriction=0.0, contactStiffness=2e6, contactDamping=2e4, physicsClientId=c)
        for part in ((floor, -1), (self.body, 2)):
            pb.changeDynamics(*part, contactProcessingThreshold=NEAR_M, physicsClientId=c)
        part = (self.body, 2)
        self.friction = Sliding(c, STEP_S, {(floor, -1): MU, part: 1.0}, {part: part_kg or y_kg})
        for _ in range(100):
            self.tick()

    def tick(self, push_n: tuple[float, float] = (0.0, 0.0), pressed_n: float = PRESSED_N) -> np.ndarray:
        """One tick under a push; returns the friction force (2,)."""
        self.friction.read()
        self.friction.push()
        pushes = [*push_n, -pressed_n]
        pb.applyExternalForce(self.body, 2, pushes, [0.0, 0.0, 0.0], pb.LINK_FRAME, physicsClientId=self.client)
        pb.stepSimulation(physicsClientId=self.client)
        signed = [np.array(force) * (1 if first[0] == self.body else -1) for first, _, force in self.friction.forces]
        return np.sum(signed, axis=0)[:2] if signed else np.zeros(2)

    def start(self, *mps: float) -> None:
        for joint, speed in enumerate(mps):
            at = self.state()[0][joint]
            pb.resetJointState(self.body, joint, at, speed, physicsClientId=self.client)

    def normal_n(self) -> float:
        """Normal force in the last tick."""
        return sum(point[9] for point in pb.getContactPoints(physicsClientId=self.client))

    def state(self) -> tuple[np.ndarray, np.ndarray]:
        """Position and speed, (2,) each."""
        at, speed = np.array([pb.getJointState(self.body, j, physicsClientId=self.client)[:2] for j in (0, 1)]).T
        return at, speed


@pytest.fixture
def slide() -> Iterator[type[Slide]]:
    made: list[Slide] = []

    class Made(Slide):
        def __init__(self, *kg: float) -> None:
            super().__init__(*kg)
            made.append(self)

    yield Made
    for one in made:
        pb.disconnect(one.client)


def off_deg(a: np.ndarray, b: np.ndarray) -> float:
    return math.degrees(math.acos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1.0, 1.0)))


@pytest.mark.parametrize("mps", [(0.1, 0.1), (0.1, 0.02), (0.02, 0.1)])
@pytest.mark.parametrize("kg", [(100.0, 100.0), (300.0, 100.0), (1000.0, 100.0)])
def test_sliding_friction_is_mu_n_against_the_slip(slide, kg, mps):
    """Whatever has to be stopped along and across; down to a speed that a tick changes by an eighth."""
    body = slide(*kg)
    body.start(*mps)
    for tick in range(12):
        before = body.state()[1]
        friction = body.tick()
        if tick >= 2 and np.hypot(*before) > 0.05:
            assert np.hypot(*friction) == pytest.approx(MU * NORMAL_N, rel=0.01)
            assert off_deg(-friction, before) < 1.0


@pytest.mark.parametrize("kg", [(100.0, 100.0), (1000.0, 100.0)])
def test_a_pushed_body_accelerates_as_coulomb_says(slide, kg):
    body, push = slide(*kg), np.array([300.0, 200.0])
    for _ in range(500):
        before = body.state()[1]
        body.tick(tuple(push))
    after = body.state()[1]
    expected = (push - MU * NORMAL_N * before / np.hypot(*before)) / body.kg
    assert (after - before) / STEP_S == pytest.approx(expected, rel=0.01)


def test_a_body_comes_to_rest_where_coulomb_says(slide):
    """v^2 / 2 mu N / m of travel, less what the spring takes back and half a tick's travel."""
    body = slide(300.0, 300.0)
    body.start(0.08, 0.06)
    for _ in range(4000):
        body.tick()
    at, speed = body.state()
    assert np.hypot(*speed) < 1e-9
    assert np.hypot(*at) == pytest.approx(0.1**2 / (2.0 * MU * NORMAL_N / 300.0), abs=2.5e-4)
    assert off_deg(at, np.array([0.08, 0.06])) < 1.0


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_body_pushed_less_than_mu_n_sticks_and_returns(slide, share):
    """While the push rises in 2 s it lags by some micrometres; then it is where it was, and does not creep."""
    body = slide(300.0, 100.0)
    push = (share * MU * NORMAL_N * 0.6, share * MU * NORMAL_N * 0.8)
    start, lag_m = body.state()[0], 0.0
    for i in range(1000):
        body.tick((i / 1000.0 * push[0], i / 1000.0 * push[1]))
        lag_m = max(lag_m, np.hypot(*(body.state()[0] - start)))
    assert lag_m < 2e-5
    for _ in range(4000):
        friction = body.tick(push)
    assert friction == pytest.approx(-np.array(push), rel=1e-6)
    held = body.state()[0]
    assert np.abs(held - start).max() < 1e-9
    for _ in range(2500):
        body.tick(push)
    assert np.abs(body.state()[0] - held).max() < 1e-9, "creeps"


@pytest.mark.parametrize("effect", [0.1, 1.0, 7.0])
def test_sticking_is_stable_whatever_moves_with_a_part(slide, effect):
    """One that carries another moves 0.1 of what it would alone, one that turns up to 7 times as much."""
    body = slide(100.0, 100.0, effect * 100.0)
    push = (0.5 * MU * NORMAL_N, 0.0)
    for i in range(5000):
        body.tick((min(i / 500.0, 1.0) * push[0], 0.0))
    assert np.hypot(*body.state()[1]) < 1e-8
    assert body.tick(push) == pytest.approx(-np.array(push), rel=1e-6, abs=1e-3)


def test_friction_ends_with_the_contact(slide):
    body = slide(100.0, 100.0)
    pb.resetJointState(body.body, 2, 0.5, 0.0, physicsClientId=body.client)
    body.tick()
    body.start(0.1, 0.1)
    for _ in range(10):
        body.tick()
    assert body.friction.forces == []
    assert body.state()[1] == pytest.approx([0.1, 0.1])


def test_friction_follows_a_normal_force_that_falls_to_zero_and_rises_again(slide):
    """To a hundredth while a tick changes N by a twentieth of its greatest, but where a ramp begins or ends."""
    body = slide(1000.0, 1000.0)
    body.start(0.3, 0.1)
    for _ in range(20):
        body.tick(pressed_n=PRESSED_N)
    most_n, off_n = MU * NORMAL_N, []
    for share in [*np.linspace(1.0, 0.0, 21), *np.linspace(0.0, 1.0, 21)]:
        before = body.state()[1]
        friction = body.tick(pressed_n=share * PRESSED_N - 9.81 * BALL_KG)
        off_n.append(abs(np.hypot(*friction) - MU * body.normal_n()))
        if np.hypot(*friction) > 0.05 * most_n:
            assert off_deg(-friction, before) < 0.1
    assert max(off_n) < 0.1 * most_n
    assert np.quantile(off_n, 0.8) < 0.01 * most_n, np.round(off_n)


@pytest.mark.parametrize("damping_ns_per_m", [2e3, 2e4, 1e5])
@pytest.mark.parametrize("fall_mps", [0.1, 0.2, 0.33, 0.5])
def test_a_hit_of_some_ticks_transfers_mu_of_its_normal_momentum(slide, damping_ns_per_m, fall_mps):
    body = slide(1000.0, 1000.0)
    pb.changeDynamics(
        body.floor, -1, contactStiffness=2e6, contactDamping=damping_ns_per_m, physicsClientId=body.client
    )
    pb.resetJointState(body.body, 2, 0.005, -fall_mps, physicsClientId=body.client)
    body.start(0.3, 0.1)
    friction_n, normal_n = 0.0, 0.0
    for _ in range(60):
        before = body.state()[1]
        friction = body.tick(pressed_n=0.0)
        friction_n, normal_n = friction_n + np.hypot(*friction), normal_n + body.normal_n()
        assert friction @ before <= 0.0
    assert friction_n == pytest.approx(MU * normal_n, rel=0.15)
    assert MU * normal_n > 300.0


def test_there_is_room_for_as_many_points_as_there_are(slide):
    body = slide(100.0, 100.0)
    body.friction.read()
    [point] = body.friction._own
    body.friction._own = [point] * 100
    body.friction.push()
    assert len(body.friction.forces) == 100
    body.friction.push()
    assert len(body.friction.forces) == 100


def test_a_part_without_friction_is_refused(slide):
    body = slide(100.0, 100.0)
    friction = Sliding(body.client, STEP_S, {(body.floor, -1): MU}, {})
    friction.read()
    with pytest.raises(KeyError, match="link 2"):
        friction.push()


@pytest.mark.parametrize("stiffness", [1e5, 1e6])
def test_no_spring_is_stiffer_than_its_contact(stiffness):
    """A tick of slip at 10 mm/s stretches the spring by 20 um, at any mass; the damper's part goes with the mass."""
    points, states, out = np.zeros((1, COLUMNS)), np.zeros((2, STATES)), np.zeros((1, 3))
    states[0, 0], states[0, 4], speed = 1000.0, 0.01, 0.01
    points[0, :5], points[0, 10] = (0.0, 1.0, 1.0, stiffness, 1e6), 1.0
    assert STIFFNESS == 3
    sliding.slide(points, 1, np.zeros((1, COLUMNS)), 0, states, np.zeros(2), STEP_S, out)
    damping = DAMPER * 1000.0 / STEP_S
    assert out[0] == pytest.approx([-speed * ((1.0 + RETURN) * stiffness * STEP_S + damping), 0.0, 0.0])
