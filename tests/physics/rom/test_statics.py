"""Reduced-order plant at rest: ropes, an eccentric pack, mast and table under known weights, and their frequencies."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom.loads import EA_N, HUNG_KG, LOADS, ROPE_SPACING_M, STEP_MODES
from tests.physics.rom_bench import LONG_STEP
from twin.records import EPITCH, EROLL, EX, EY, EZ

G = rig.GRAVITY_MPS2
TABLE_KG, BLOCK_KG = 150.0, 1150.0


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("load", **LOADS)
@pytest.mark.parametrize("rope_m", [1.0, 2.0, 3.5])
def test_rope_stretch(bench, rope_m, load, step_mode):
    """Delta = W L / (4 E A): four ropes in parallel (Hooke); rope force and load cell read W."""
    plant = bench()
    rig.hang(plant, load, rope_m)
    rig.brake(plant)
    plant.step_mode = step_mode
    rig.run(plant, 5.0)
    w, weight_n = plant.worlds[0], HUNG_KG[load] * G
    assert -w["truth"]["q"][0, EZ] - rope_m == pytest.approx(weight_n * rope_m / EA_N, rel=1e-5)
    assert w["truth"]["load_n"][0] == pytest.approx(weight_n, rel=1e-6)
    assert w["image"]["load_cell_n"][0] == pytest.approx(weight_n, rel=1e-4)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize(("axis", "aside_m"), [(0, 0.03), (0, -0.05), (1, 0.05)])
@pytest.mark.parametrize("rope_m", [1.5, 3.0])
def test_an_eccentric_pack_hangs_tilted(bench, rope_m, axis, aside_m, step_mode):
    """m g e = k phi, k = 4 E A b^2 / L + m g h: the eccentric weight stretches the ropes of its side more.

    Within 0.5 %: e is that of pack and spreader together.
    """
    com = [0.0, 0.0, -0.1]
    com[axis] = aside_m
    plant = bench(pack_with={"com_m": tuple(com)})
    rig.hang(plant, rig.OLD, rope_m)
    rig.brake(plant)
    plant.step_mode = step_mode
    rig.run(plant, 40.0 if step_mode != LONG_STEP else 20.0)
    e = 3000.0 * aside_m / 3450.0
    h = (3000.0 * 0.9 - 450.0 * 0.07) / 3450.0
    k = EA_N * ROPE_SPACING_M[axis] ** 2 / rope_m + 3450.0 * G * h
    tilt = plant.worlds["truth"]["q"][0, 0, EPITCH if axis == 0 else EROLL]
    assert tilt == pytest.approx((1.0 if axis == 0 else -1.0) * 3450.0 * G * e / k, rel=5e-3)


@pytest.mark.parametrize("load", [None, rig.OLD], ids=["empty", "block"])
def test_lift_table_spring(bench, load):
    """Delta = W / k on the table's vertical spring, empty and with a block on it."""
    plant = bench("chassis", "chassis_tractor_3")
    rig.place_axes(plant, 1, x=-3.9)
    kg = TABLE_KG + (BLOCK_KG if load is not None else 0.0)
    stiffness = plant.setup.station.reeving.vertical_stiffness_n_per_m
    rig.place_axes(plant, x=0.0, z=-1.05, ez=-0.5 * kg * G / stiffness)
    if load is not None:
        rig.place_pack(plant, load, (0.0, 0.0, -1.05 - 0.5 * kg * G / stiffness))
        rig.grip(plant, load)
    rig.brake(plant)
    rig.run(plant, 4.0)
    w = plant.worlds[0]
    assert -w["truth"]["q"][0, EZ] == pytest.approx(kg * G / stiffness, rel=1e-4)
    assert w["truth"]["load_n"][0] == pytest.approx(kg * G, rel=1e-4)


@pytest.mark.parametrize("axis", [0, 1], ids=["x", "y"])
@pytest.mark.parametrize("aside_m", [0.005, -0.01])
def test_a_block_gripped_off_its_middle_tilts_its_table(bench, axis, aside_m):
    """m g d / (K - m g h), h from the grips up to the middle of the block; the table's own weight acts 0.06 m below."""
    plant = bench("chassis", "chassis_tractor_3")
    rig.place_axes(plant, 1, x=-3.9)
    kg = TABLE_KG + BLOCK_KG
    sunk_m = kg * G / plant.setup.station.reeving.vertical_stiffness_n_per_m
    rig.place_axes(plant, x=0.0, z=-1.05, ez=-sunk_m)
    at = (aside_m, 0.0) if axis == 0 else (0.0, aside_m)
    rig.place_pack(plant, rig.OLD, (*at, -1.05 - sunk_m))
    rig.grip(plant, rig.OLD)
    rig.brake(plant)
    rig.run(plant, 15.0)
    stiffness = plant.setup.station.reeving.tilt_stiffness_nm_per_rad
    stiffness -= (BLOCK_KG * plant.setup.pack.size_m[2] / 2.0 - TABLE_KG * 0.06) * G
    tilt = plant.worlds["truth"]["q"][0, 0, EPITCH if axis == 0 else EROLL]
    assert tilt == pytest.approx((1.0 if axis == 0 else -1.0) * BLOCK_KG * G * aside_m / stiffness, rel=0.01)


@pytest.mark.parametrize("load", [None, rig.OLD], ids=["empty", "block"])
@pytest.mark.parametrize("joint", [EX, EY], ids=["x", "y"])
def test_table_centring_spring_period(bench, joint, load):
    """T = 2 pi sqrt(m / k) of the floating table on its centring springs, little damped, held stiff against tilting."""
    plant = bench("chassis", "chassis_tractor_3", station_with={"reeving.tilt_stiffness_nm_per_rad": 4.0e5})
    plant.params["e_damping"] *= 0.05
    rig.place_axes(plant, 1, x=-3.9)
    kg = TABLE_KG + (BLOCK_KG if load is not None else 0.0)
    stiffness = plant.setup.station.reeving.centring_stiffness_n_per_m
    sunk_m = kg * G / plant.setup.station.reeving.vertical_stiffness_n_per_m
    rig.place_axes(plant, x=0.0, z=-1.05, ez=-sunk_m, **{"ex" if joint == EX else "ey": 0.01})
    if load is not None:
        at = (0.01, 0.0) if joint == EX else (0.0, 0.01)
        rig.place_pack(plant, load, (*at, -1.05 - sunk_m))
        rig.grip(plant, load)
    rig.brake(plant)
    expected_s = 2.0 * pi * sqrt(kg / stiffness)
    seen = rig.record(plant, 4.5 * expected_s, "q")
    assert rig.period_s(seen["t_s"], seen["q"][:, 0, joint]) == pytest.approx(expected_s, rel=0.01)


def mast_hz(plant, axis, locked):
    """Lowest frequency of the load on the mast: lateral and tilt springs at the grip plane, centre of mass below it."""
    p = plant.params[0]
    length, height = 1.10 if axis == 0 else 2.40, 1.60
    e_kg, pack_kg = 450.0, 3000.0
    m, com = e_kg + pack_kg, (pack_kg * 0.9 - e_kg * 0.07) / (e_kg + pack_kg)
    inertia = pack_kg * ((length**2 + height**2) / 12.0 + 0.9**2) + e_kg * ((length**2 + 0.1**2) / 12.0 + 0.07**2)
    mass = np.array([[m, m * com], [m * com, inertia]])
    lateral, tilting = (p["e_stiffness"] + locked * p["e_lock_stiffness"])[[axis, 4 if axis == 0 else 5]]
    return sqrt(np.linalg.eigvals(np.linalg.solve(mass, np.diag([lateral, tilting + m * G * com]))).min()) / (2.0 * pi)


@pytest.mark.parametrize("locked", [False, True], ids=["free", "locked"])
@pytest.mark.parametrize("axis", [0, 1], ids=["x", "y"])
def test_mast_frequency_and_sag(bench, axis, locked):
    """The lowest of two modes of the load on the mast's lateral and tilt springs: free, column and head in series;
    locked, the column's own, 2 to 4 Hz. Within 1 %. It hangs W / k below where the hoist set it.
    """
    plant = bench("top_lift_mast", station_with={"reeving.damping_ratio": 0.002, "reeving.head.damping_ratio": 0.01})
    rig.hang(plant, rig.OLD, 2.0)
    w = plant.worlds[0]
    w["truth"]["float_lock"][0] = w["image"]["float_lock_command"][0] = int(locked)
    rig.place_axes(plant, **{"ex" if axis == 0 else "ey": 0.004})
    rig.brake(plant)
    hz = mast_hz(plant, axis, int(locked))
    rig.run(plant, 0.5)
    seen = rig.record(plant, 12.0, "q")
    sway = seen["q"][:, 0, EX + axis]
    spectrum = np.abs(np.fft.rfft((sway - sway.mean()) * np.hanning(len(sway)), 16 * len(sway)))
    measured_hz = np.fft.rfftfreq(16 * len(sway), 0.01)[spectrum.argmax()]
    assert measured_hz == pytest.approx(hz, rel=0.01)
    assert not locked or 1.99 < measured_hz < 4.0
    sag_m = -seen["q"][-200:, 0, EZ].mean() - 2.0
    assert sag_m == pytest.approx(3450.0 * G / plant.params["e_stiffness"][0, 2], rel=0.01)
