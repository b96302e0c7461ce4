"""Sway excited by travel, the residual with shapers, and momentum of a free trolley."""

from __future__ import annotations

from functools import cache
from math import pi, sqrt

import numpy as np
import pytest

from tests.physics import rig
from tests.physics.rom.loads import COM_BELOW_GRIP_M, HUNG_KG, LOADS, STEP_MODES, TILT, TILT_SIGN, hang_aside, leaning
from tests.physics.rom_bench import RomBench
from tests.twin.motion.moves import shaper_impulses
from twin.motion.drives import motion_end_s
from twin.motion.shaper import EI, NONE, ZV, ZVD, residual_vibration
from twin.records import EX, YAW, X, Y, Z

G = rig.GRAVITY_MPS2
ROPE_M = 2.0
ACCELERATION_MPS2, VERY_HIGH_JERK_MPS3, S_CURVE_JERK_MPS3 = 0.15, 1e4, 0.6
UNDAMPED = {"reeving.sway_damping_ratio": 0.0, "reeving.rope_damping_ratio": 0.0}
NAMES = {ZV: "zv", ZVD: "zvd", EI: "ei"}


class Travel:
    """A rest-to-rest move of x or y with a load on 2 m of rope, the brakes set right behind its end.

    The move is the one that excites the most sway: constant acceleration for half a period, and again half a period of
    deceleration an odd number of half periods later.
    """

    def __init__(self, plant, load, axis, step_mode, *, jerk=S_CURVE_JERK_MPS3, shaper=NONE, frequency_error=0.0):
        self.leaning = 1.0 + leaning(load, axis, ROPE_M)
        self.omega = sqrt(G / (ROPE_M + rig.stretch_m(plant, HUNG_KG[load], ROPE_M)) / self.leaning)
        ramp_s = pi / self.omega
        speed, halves = ACCELERATION_MPS2 * ramp_s, 3 if axis == X else 1
        start = {"x": -4.0, "y": 3.0 if axis == X else 2.2}
        name = "xy"[axis]
        rig.hang(plant, load, ROPE_M, **start)
        plant.step_mode = step_mode
        hz = self.omega / (2.0 * pi * (1.0 + frequency_error))  # the shaper's assumed frequency
        rig.move(
            plant, velocity=speed, acceleration=ACCELERATION_MPS2, jerk=jerk, shaper=shaper, shaper_hz=hz,
            **{name: start[name] + speed * ramp_s * halves},
        )  # fmt: skip
        end_s = motion_end_s(plant.worlds[0]["image"], 0, axis) + 0.1
        moving = rig.record(plant, end_s, "q", "qd", "reference")
        rig.brake(plant)
        after = rig.record(plant, 4.0 * pi / self.omega + 0.2, "q", "qd", "reference")
        seen = {key: np.concatenate([moving[key], after[key]]) for key in moving}
        self.t_s = seen["t_s"] - seen["t_s"][0]
        self.sway_m = seen["q"][:, 0, EX + axis]
        self.speed_mps = seen["qd"][:, 0, axis]
        self.commanded_mps2 = seen["reference"][:, 0, axis, 2]
        still = self.t_s >= end_s + 0.2
        assert np.ptp(seen["q"][still, 0, axis]) < 1e-9, "the brakes must hold the trolley"
        self.residual_m = rig.harmonic(self.t_s[still], self.sway_m[still], self.omega)[0]

    def by_formula(self, t_s, acceleration_mps2):
        dt_s = self.t_s[1] - self.t_s[0]
        swing = abs(np.sum(acceleration_mps2 * np.exp(1j * self.omega * t_s)) * dt_s)
        return swing / self.omega / self.leaning


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("jerk", [VERY_HIGH_JERK_MPS3, S_CURVE_JERK_MPS3], ids=["trapezoid", "s_curve"])
@pytest.mark.parametrize("axis", [X, Y], ids=["x", "y"])
@pytest.mark.parametrize("load", **LOADS)
def test_residual_sway_of_an_unshaped_move(bench, load, axis, jerk, step_mode):
    """A = |integral a(t) exp(i w t) dt| / w, the residual of x'' + w^2 x = -a(t) (Duhamel), and 4 a / w^2 for the
    trapezoid used here. With the trolley's own motion as a(t) within 0.1 %; with the commanded one within 3 %, the
    servo's compliance under the load's pull (`tests.physics.test_sway`).
    """
    travel = Travel(bench(station_with=UNDAMPED), load, axis, step_mode, jerk=jerk)
    dt_s = travel.t_s[1] - travel.t_s[0]
    as_moved = travel.by_formula(travel.t_s[:-1] + dt_s / 2, np.diff(travel.speed_mps) / dt_s)
    as_commanded = travel.by_formula(travel.t_s, travel.commanded_mps2)
    assert travel.residual_m == pytest.approx(as_moved, rel=1e-3)
    assert travel.residual_m == pytest.approx(as_commanded, rel=0.03)
    if jerk == VERY_HIGH_JERK_MPS3:
        plain = 4.0 * ACCELERATION_MPS2 / travel.omega**2 / travel.leaning
        assert as_commanded == pytest.approx(plain, rel=2e-3)
    assert travel.residual_m > 0.1


@cache
def unshaped_m(load, axis, step_mode):
    return Travel(rig.bench(station_with=UNDAMPED, plant=RomBench), load, axis, step_mode).residual_m


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("error", [-0.2, 0.0, 0.2])
@pytest.mark.parametrize("shaper", [ZV, ZVD, EI], ids=list(NAMES.values()))
@pytest.mark.parametrize(("load", "axis"), [(None, X), (rig.OLD, Y)], ids=["x-empty", "y-cab_282"])
def test_shapers_leave_what_their_sensitivity_says(bench, load, axis, shaper, error, step_mode):
    """Residual over unshaped residual at a frequency error of +-20 % and none: |cos(pi r / 2)|, its square,
    |0.525 cos(pi r) + 0.475| at the frequency ratio r (Singer and Seering 1990; Singhose, Seering and Singer 1994).

    Empty within 0.5 point. Loaded, the servo's compliance makes the load swing 0.7 % slower while the trolley is free
    (derived in `tests.physics.test_sway`): with that in r within 0.7 point.
    """
    r = 1.0 + error
    wrong = Travel(bench(station_with=UNDAMPED), load, axis, step_mode, shaper=shaper, frequency_error=error)
    slower = 0.993 if load is not None else 1.0
    impulses = shaper_impulses(NAMES[shaper], 1.0, 0.0)
    closed = {
        ZV: abs(np.cos(pi * r * slower / 2)),
        ZVD: np.cos(pi * r * slower / 2) ** 2,
        EI: abs(0.525 * np.cos(pi * r * slower) + 0.475),
    }[shaper]
    assert residual_vibration(*impulses, impulses[0].size, r * slower, 0.0) == pytest.approx(closed, abs=1e-9)
    assert wrong.residual_m / unshaped_m(load, axis, step_mode) == pytest.approx(closed, abs=0.007)


@pytest.mark.parametrize("step_mode", **STEP_MODES)
@pytest.mark.parametrize("axis", [X, Y], ids=["x", "y"])
@pytest.mark.parametrize("load", **LOADS)
def test_a_free_trolley_and_its_load_keep_their_momentum(bench, load, axis, step_mode):
    """No external force acts along an unpowered axis without friction: the common centre of mass with the load is
    constant (Newton), and both swing against each other with w^2 = g / L (1 + m / M) / (1 + f), to 0.1 %.
    """
    plant = bench(station_with=UNDAMPED)
    for name in ("axis_force_limit", "axis_viscous", "axis_coulomb"):
        plant.params[name] = 0.0
    hang_aside(plant, load, ROPE_M, axis, 0.05, x=0.0, y=1.5)
    rig.brake(plant, Y if axis == X else X, Z, YAW)
    plant.step_mode = step_mode
    seen = rig.record(plant, 8.0, "q")
    q, h = seen["q"][:, 0], COM_BELOW_GRIP_M[load]
    tilt = TILT_SIGN[axis] * np.sin(q[:, TILT[axis]])
    own_kg, kg = (5500.0, 1500.0)[axis], HUNG_KG[load]
    common = (own_kg * q[:, axis] + kg * (q[:, axis] + q[:, EX + axis] + h * tilt)) / (own_kg + kg)
    assert np.ptp(q[:, axis]) > 0.005, "the trolley must move, or nothing is kept"
    assert np.ptp(common) < 1e-3 * np.ptp(q[:, axis])
    length_m = ROPE_M + rig.stretch_m(plant, kg, ROPE_M)
    omega = sqrt(G / length_m * (1.0 + kg / own_kg) / (1.0 + leaning(load, axis, ROPE_M)))
    measured = rig.period_s(seen["t_s"], q[:, EX + axis])
    assert measured == pytest.approx(2.0 * pi / omega * (1.0 + (0.05 / ROPE_M) ** 2 / 16.0), rel=1e-3)
