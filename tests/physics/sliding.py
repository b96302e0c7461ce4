"""A truck pushed until its tyres slip, integrated independently: the reference for both plants.

Lagrange's equations of the sprung body with its load on two axles (x, y, yaw, heave, pitch, roll, small angles about
rest), solved by an implicit integrator (Radau IIA, scipy) at a tight tolerance. Tyres have Coulomb friction at the
middle of each axle; the speed below which it is proportional is so small that the truck hardly creeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from twin.geometry import JOINT_HEIGHT_M
from twin.records import TPITCH

Array = np.ndarray
REGULARISED_MPS = 2e-4


class Truck:
    """The truck of a plant's parameters, from its straight rest pose."""

    def __init__(self, plant: Any) -> None:
        p, w = plant.params[0], plant.worlds[0]
        self.p, self.pitch = p, float(w["truth"]["truck_q"][TPITCH])
        parts = [(float(p["truck_sprung_kg"]), p["truck_com"] - [0.0, 0.0, JOINT_HEIGHT_M])]
        for s in range(int(p["seats"])):
            k = int(w["truth"]["locked"][s])
            if p["seat_on_truck"][s] and k >= 0:
                over = p["retract"] * p["pack_height_m"] - JOINT_HEIGHT_M
                parts.append((float(p["pack_mass_kg"][k]), p["seat_xyz_m"][s] + p["pack_com"][k] + [0.0, 0.0, over]))
        self.g = float(p["gravity_mps2"])
        mass, lever = np.zeros((6, 6)), np.zeros((6, 6))
        for kg, at in parts:
            point, h = self.moves(at)
            mass += kg * point.T @ point
            lever[4, 4] += kg * h * self.g
            lever[5, 5] += kg * h * self.g
        mass += np.diag(
            [0.0, 0.0, p["truck_inertia_kgm2"][2], 0.0, p["truck_inertia_kgm2"][1], p["truck_inertia_kgm2"][0]]
        )
        for kg, x in zip(p["truck_axle_unsprung_kg"], p["truck_axle_x_m"], strict=True):
            mass[:3, :3] += kg * np.array([[1, 0, 0], [0, 1, x], [0, x, x * x]])
        mass[0, 0] += p["truck_trailer_kg"]
        self.mass, self.inverse, self.lever = mass, np.linalg.inv(mass), lever
        x = p["truck_axle_x_m"]
        self.axle_rows = np.array([[0, 0, 0, 1, -x[0], 0], [0, 0, 0, 1, -x[1], 0]])
        lowered = self.axle_rows @ (w["truth"]["truck_q"] - p["truck_park"])
        self.rest_n = p["truck_axle_preload_n"] - p["truck_axle_stiffness"] * lowered
        self.rest_n = self.rest_n + p["truck_axle_unsprung_kg"] * self.g

    def moves(self, at: Array) -> tuple[Array, float]:
        """(3, 6) Jacobian of a point of the body, given level and over the pitch centre, for the six coordinates, and
        its height."""
        x, y, h = at[0] + at[2] * self.pitch, at[1], at[2] - at[0] * self.pitch
        return np.array([[1, 0, -y, 0, h, 0], [0, 1, x, 0, 0, -h], [0, 0, 0, 1, -x, y]]), h

    @property
    def planar_kg(self) -> float:
        """Of the truck along the lane."""
        return float(self.mass[0, 0])

    def weight_on(self, motion: Array) -> Array:
        """Load on the axles' tyres at (12,) displacements and speeds, N."""
        p = self.p
        change = p["truck_axle_stiffness"] * (self.axle_rows @ motion[:6])
        change = change + p["truck_axle_damping"] * (self.axle_rows @ motion[6:])
        return np.maximum(self.rest_n - change, 0.0)

    def friction(self, motion: Array) -> Array:
        """(3,) generalised friction force of tyres that slip."""
        p, (vx, vy, yaw) = self.p, motion[6:9]
        out = np.zeros(3)
        for normal, x, braked in zip(self.weight_on(motion), p["truck_axle_x_m"], p["truck_axle_braked"], strict=True):
            ux, uy, most = vx * braked, vy + x * yaw, p["truck_friction"] * normal
            share = most / max(np.hypot(ux, uy), REGULARISED_MPS)
            out -= share * np.array([ux, uy, x * uy])
        towed = p["truck_friction"] * p["truck_trailer_kg"] * self.g
        uy = vy + p["truck_kingpin_x_m"] * yaw
        along = p["truck_trailer_braked"] * towed * np.clip(vx / REGULARISED_MPS, -1.0, 1.0)
        across = p["truck_trailer_scrub"] * towed * np.clip(uy / REGULARISED_MPS, -1.0, 1.0)
        return out - np.array([along, across, p["truck_kingpin_x_m"] * across])

    def rates(self, motion: Array, push: Array) -> Array:
        p = self.p
        force = push.copy()
        force[:3] += self.friction(motion)
        spring = p["truck_axle_stiffness"] * (self.axle_rows @ motion[:6])
        spring = spring + p["truck_axle_damping"] * (self.axle_rows @ motion[6:])
        force -= self.axle_rows.T @ spring
        force[5] -= p["truck_axle_roll_stiffness"].sum() * motion[5] + p["truck_axle_roll_damping"].sum() * motion[11]
        force += self.lever @ motion[:6]
        return np.concatenate([motion[6:], self.inverse @ force])

    def pushed(self, seconds: float, push: Callable[[float], Array], at: Array, until_s: float) -> Array:
        """(6,) displacement after `seconds` of a push (N, 3) at a point of its body, which ends at `until_s`."""
        point, _ = self.moves(np.asarray(at) - [0.0, 0.0, JOINT_HEIGHT_M])
        motion = np.zeros(12)
        for begin, end, acts in ((0.0, until_s, True), (until_s, seconds, False)):
            solved = solve_ivp(
                lambda t, m, acts=acts: self.rates(m, point.T @ np.asarray(push(t)) if acts else np.zeros(6)),
                (begin, end), motion, method="Radau", rtol=1e-6, atol=1e-9, max_step=0.02,
            )  # fmt: skip
            motion = solved.y[:, -1]
        return motion[:6]
