"""Contact points of the reduced-order plant: forces of springs, dampers and friction on one body.

A free body of top_lift, spreader with pack OLD, its points level with its centre of mass so that it does not tip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom.loads import HUNG_KG
from twin.motion.kernels import kernel
from twin.plants.rom import contact_points

Array = np.ndarray
G, DT_S = rig.GRAVITY_MPS2, 0.002
KG = HUNG_KG[rig.OLD]
WEIGHT_N = KG * G
N_PER_M, NS_PER_M, MU = 5.0e6, 6.0e4, 0.15
R_NS_PER_M = NS_PER_M + N_PER_M * DT_S
SUNK_M = WEIGHT_N / 4.0 / N_PER_M
CORNERS_M = np.array([[0.43, 1.05], [0.43, -1.05], [-0.43, 1.05], [-0.43, -1.05]])
UP = np.array([0.0, 0.0, 1.0])


@kernel
def press(
    worlds: Any, params: Any, models: Any, scratch: Any, at: Any, normals: Any, gaps: Any, friction: float
) -> None:
    world, p, m, t = worlds[0], params[0], models[0], scratch[0]
    n = 0
    for i in range(len(gaps)):
        n = contact_points.add(
            t.points, n, at[i, 0], at[i, 1], at[i, 2], normals[i, 0], normals[i, 1], normals[i, 2], gaps[i], N_PER_M,
            NS_PER_M, friction, DT_S,
        )  # fmt: skip
    contact_points.add_forces(world.truth, p, m, t, 0, n, False, DT_S)


class Free:
    """The body on four pads, moved by their forces; all about its centre of mass."""

    def __init__(self, plant: Any) -> None:
        self.plant = plant
        rig.hang(plant, rig.OLD, 2.0)
        self.com = plant.models["body_com_m"][0, rig.OLD].copy()
        self.own = plant._scratch["inertia"][0, 0].copy()
        self.inertia = self.own[[[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
        self.at = np.column_stack([CORNERS_M, np.zeros(4)])
        self.normals = np.tile(UP, (4, 1))
        self.gaps = np.full(4, -SUNK_M)
        self.velocity, self.turning = np.zeros(3), np.zeros(3)

    def force(self, *, friction: float = MU, pull_n: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Array:
        """Force and torque about the centre of mass in the next tick."""
        motion = np.concatenate([self.velocity - np.cross(self.turning, self.com), self.turning])
        pull = np.concatenate([pull_n, np.cross(self.com, pull_n)])
        p, t = self.plant, self.plant._scratch[0]
        for name, value in {"at": 0.0, "turn": np.eye(3), "motion": motion, "pull": pull, "out": 0.0}.items():
            t[name][:] = value
        t["inertia"][0] = self.own
        press(p.worlds, p.params, p.models, p._scratch, self.at + self.com, self.normals, self.gaps, friction)
        out = t["out"].copy()
        return np.concatenate([out[:3], out[3:] - np.cross(self.com, out[:3])])

    def step(self, **with_: Any) -> Array:
        """One tick with constant points and gaps."""
        pressed = self.force(**with_)
        pull = np.array(with_.get("pull_n", (0.0, 0.0, 0.0)))
        self.velocity += DT_S * ((pressed[:3] + pull) / KG - G * UP)
        self.turning += DT_S * np.linalg.solve(self.inertia, pressed[3:])
        return pressed


@pytest.fixture
def body(bench) -> Free:
    return Free(bench())


@pytest.mark.parametrize("falls_mps", [-0.05, 0.0, 0.02, 0.2])
@pytest.mark.parametrize("sunk_m", [0.0001, SUNK_M])
def test_four_pads_press_by_the_speed_after_the_tick(body, sunk_m, falls_mps):
    """F = 4 (k s + R (v + g dt)) / (1 + 4 R dt / m), R = d + k dt; never a pull."""
    body.gaps[:] = -sunk_m
    body.velocity[2] = -falls_mps
    wanted = 4.0 * (N_PER_M * sunk_m + R_NS_PER_M * (falls_mps + G * DT_S)) / (1.0 + 4.0 * R_NS_PER_M * DT_S / KG)
    np.testing.assert_allclose(body.force(), [0.0, 0.0, max(wanted, 0.0), 0.0, 0.0, 0.0], atol=1e-6 * WEIGHT_N)


def test_a_point_is_met_within_the_tick(body):
    """0.1 mm over the pads at 0.1 m/s: the remaining speed at contact is damped, R (v + g dt - gap / dt)."""
    body.gaps[:], body.velocity[2] = 1e-4, -0.1
    wanted = 4.0 * R_NS_PER_M * (0.1 + G * DT_S - 1e-4 / DT_S) / (1.0 + 4.0 * R_NS_PER_M * DT_S / KG)
    assert body.force()[2] == pytest.approx(wanted, rel=1e-9)
    body.velocity[2] = -0.02
    assert body.force()[2] == 0.0


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_friction_holds_below_its_limit(body, share):
    """Pulled with less than mu m g for a second it creeps by less than a micrometre; the pads balance the whole
    pull."""
    way_m = 0.0
    for _ in range(500):
        pressed = body.step(pull_n=(share * MU * WEIGHT_N, 0.0, 0.0))
        way_m += DT_S * body.velocity[0]
    assert pressed[0] == pytest.approx(-share * MU * WEIGHT_N, rel=1e-6)
    assert 0.0 <= way_m < 1e-6


@pytest.mark.parametrize("share", [1.1, 2.0])
def test_friction_gives_way_beyond_its_limit(body, share):
    """A push beyond the limit accelerates the body by a = (F - mu m g) / m."""
    for _ in range(500):
        body.step(pull_n=(0.0, share * MU * WEIGHT_N, 0.0))
    assert body.velocity[1] == pytest.approx((share - 1.0) * MU * G * 1.0, rel=0.01)


def test_a_sliding_body_stops(body):
    """It stops after v^2 / (2 mu g), within one tick's distance, on its line; then it stays."""
    body.velocity[:2] = 0.3, -0.4
    way_m = np.zeros(2)
    for _ in range(250):
        body.step()
        way_m += DT_S * body.velocity[:2]
    np.testing.assert_allclose(way_m, np.array([0.6, -0.8]) * 0.25 / (2.0 * MU * G), atol=0.5 * DT_S)
    assert np.abs(body.velocity).max() < 1e-9


def test_a_turning_body_stops(body):
    """Pads a distance r off the middle brake it by mu m g r: it stops after omega^2 I / (2 mu m g r)."""
    radius_m, turn_rad = float(np.hypot(*CORNERS_M[0])), 0.0
    body.turning[2] = 0.2
    for _ in range(100):
        body.step()
        turn_rad += DT_S * body.turning[2]
    assert turn_rad == pytest.approx(0.04 * body.inertia[2, 2] / (2.0 * MU * WEIGHT_N * radius_m), abs=0.5 * DT_S * 0.2)
    assert abs(body.turning[2]) < 1e-9


def test_a_wall_rubs_whatever_the_pads_do(body):
    """A pin on a wall, 1 mm deep, while the body sinks along it: k s across it, mu k s up it; the pads have no
    friction."""
    body.at, body.normals = np.array([[0.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    body.gaps = np.array([-0.001])
    body.velocity[2] = -0.04
    pressed = body.force()
    across = N_PER_M * 0.001 / (1.0 + R_NS_PER_M * DT_S / KG)
    np.testing.assert_allclose(pressed[:3], [across, 0.0, MU * across], rtol=1e-3)
    assert body.force(friction=0.0)[2] == 0.0


def test_friction_takes_no_energy_from_nowhere(body):
    """Started in an oblique motion it loses energy in every tick until it stands."""
    body.velocity[:2], body.turning[2] = (0.2, 0.1), 0.3
    energies = []
    for _ in range(150):
        body.step()
        energies.append(KG * body.velocity[:2] @ body.velocity[:2] + body.inertia[2, 2] * body.turning[2] ** 2)
    assert np.all(np.diff(energies) <= 1e-9)
    assert energies[-1] < 1e-9


@pytest.mark.parametrize("mps", [(0.1, 0.1), (0.1, -0.02), (-0.02, 0.1)])
def test_friction_points_against_the_slip_whatever_resists(body, mps):
    """One point, at a corner, where the mass along x is twice that along y: mu N to `contact_points.SAME`,
    against the slip of the point after the tick to a twentieth of a degree (Coulomb)."""
    body.at, body.normals, body.gaps = np.array([CORNERS_M[0].tolist() + [0.0]]), UP[None], np.array([-SUNK_M])
    body.velocity[:2] = mps
    pressed = body.step()
    slip = (body.velocity + np.cross(body.turning, body.at[0]))[:2]
    assert np.hypot(*pressed[:2]) == pytest.approx(MU * pressed[2], rel=contact_points.SAME)
    across = pressed[0] * slip[1] - pressed[1] * slip[0]
    assert abs(across) / np.hypot(*pressed[:2]) / np.hypot(*slip) < 1e-3
    assert pressed[:2] @ slip < 0.0
