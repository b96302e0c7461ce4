"""Tyre forces: slope, limit, friction circle, energy, and the spring that a tyre is at a standstill."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.docking import rig
from twin.docking.state import DEFLECTION, QD, Y
from twin.docking.tyres import WIND_UP_M, brush, dry_friction, wound_up


def test_brush_curve():
    """Slope C at zero, the limit from s = 3 F_max / C on, odd, never above the limit."""
    stiffness, limit = 4.0e5, 4.2e4
    assert brush(1e-6, stiffness, limit) == pytest.approx(1e-6 * stiffness, rel=1e-4)
    full = 3.0 * limit / stiffness
    assert brush(full, stiffness, limit) == limit
    assert brush(0.5 * full, stiffness, limit) == pytest.approx(limit * (1.0 - 0.125))
    forces = np.array([[brush(s, stiffness, limit), brush(-s, stiffness, limit)] for s in np.linspace(0.001, 1.0, 200)])
    np.testing.assert_array_equal(forces[:, 0], -forces[:, 1])
    assert (np.diff(forces[:, 0]) >= 0.0).all()
    assert forces.max() == limit
    assert brush(0.1, stiffness, 0.0) == 0.0


def test_wind_up_is_exact_for_any_step():
    """z' = v - |v| z / z_max at constant v: z = z_max (1 - exp(-v t / z_max)), in one step or in a thousand."""
    one, many = wound_up(0.0, 0.01, 0.5), 0.0
    for _ in range(1000):
        many = wound_up(many, 0.01, 0.0005)
    assert one == pytest.approx(WIND_UP_M * (1.0 - np.exp(-0.005 / WIND_UP_M)), rel=1e-12)
    assert many == pytest.approx(one, rel=1e-9)
    assert dry_friction(WIND_UP_M, 3.0, 100.0) == -100.0
    assert dry_friction(0.0, 0.0, 100.0) == 0.0


@pytest.mark.parametrize("truck", ["chassis_rigid_1", "tractor_6x4"])
def test_tyre_forces_stay_in_the_friction_circle_and_coasting_gains_no_energy(truck):
    """sqrt(F_x^2 + F_y^2) <= mu F_z on every axle at every inner step of a wild drive; energy only falls when nothing
    drives.
    """
    n = 16
    plant = rig.bench(truck, n, weather="rain")
    rig.roll_at(plant, 12.0)
    random = np.random.Generator(np.random.PCG64(3))
    dt = float(plant.params["dt_s"][0])
    friction = plant.params["friction"][:, None]
    used = 0.0
    for _ in range(60):
        plant.apply(random.uniform(-0.33, 0.33, n), random.uniform(-5.0, 0.0, n))
        for _ in range(8):
            energy = rig.kinetic_energy_j(plant)
            plant.advance(5 * dt)
            force = np.hypot(*np.moveaxis(plant.tyre_force_n(), 2, 0))
            assert (force <= friction * plant.axle_load_n() * (1.0 + 1e-12)).all()
            with np.errstate(invalid="ignore"):
                used = max(used, np.nanmax(force / (friction * plant.axle_load_n())))
            # what tyres store as springs comes back: allow a thousandth of what was there
            assert (rig.kinetic_energy_j(plant) <= energy * 1.001 + 30.0).all()
    assert used > 0.9


def test_a_standing_tyre_is_a_spring():
    """Shoved sideways, a braked standing truck swings at sqrt(K / m), K = sum C / sigma, and is damped.

    The shove is at the point where the tyres' springs balance, so that the truck does not turn.
    """
    plant = rig.bench(truck_with={"driving.rear.cornering_per_rad": 6.3})
    p = plant.params[0]
    load = p["axle_load_n"].sum()
    omega = np.sqrt(6.3 * load / p["relaxation_m"] / p["truck_kg"])
    plant.worlds["s"][0, QD + Y] = 0.01
    dt = float(p["dt_s"])
    speeds = []
    for _ in range(400):
        plant.advance(dt)
        speeds.append(plant.worlds["s"][0, QD + Y])
    crossings = np.flatnonzero(np.diff(np.sign(speeds)) != 0)
    half_period = (crossings[1] - crossings[0]) * dt
    # slip = u / sigma + k v: damping ratio = k sigma omega / 2
    ratio = 0.10 * p["relaxation_m"] * omega / 2.0
    assert half_period == pytest.approx(np.pi / (omega * np.sqrt(1.0 - ratio**2)), rel=0.03)
    assert 0.2 < ratio < 0.6
    plant.apply(0.0, -1.0)
    plant.advance(5.0)
    assert plant.stopped()[0]
    assert np.abs(plant.worlds["s"][0, DEFLECTION]).max() < 1e-4
