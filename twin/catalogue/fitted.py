"""Limits of an axis with another motor or gear than the ones that its file states them for.

The station's margins are kept: its design drive is able to do more than the file's limits ask, and the same share of
what the fitted drive is able to do becomes its limits. What a drive is able to do, at the axis:

- velocity: its maximum speed, or its rated power over the static force (weight and friction) if that is less;
- force: its peak torque, or what rails and structure bear if that is less; over rated speed, breakdown torque falls
  with the square of speed;
- acceleration: the force that is left over the static one at full speed. The limits scale by it, and are no more than
  what is left for the mass and the rotors.

Loaded and empty apart. The jerk scales with the acceleration and the stopping distance with what it follows from. Mass,
friction and brake stay those of the axis: without a change of the drive every limit is the file's to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.catalogue.derived import LOADS, UNITS, longest_stop, moved_kg, own_weight_kg, stopping_distance
from twin.gravity import GRAVITY_MPS2

if TYPE_CHECKING:
    from twin.catalogue.schema.motor import Gear, Motor
    from twin.catalogue.schema.station import Station

ORDER = {"velocity": "ps", "acceleration": "ps2", "jerk": "ps3"}


@dataclass(frozen=True)
class Drive:
    """A motor with its gear, at the axis: SI units, N and m/s or N m and rad/s."""

    motor: Motor
    gear: Gear

    @property
    def rated_speed(self) -> float:
        return self.motor.rated_speed_radps * self.gear.travel

    @property
    def max_speed(self) -> float:
        return self.motor.max_speed_radps * self.gear.travel

    @property
    def rotor_mass(self) -> float:
        """Inertia of the rotors: kg, or kg m2."""
        return self.gear.motors * self.motor.rotor_inertia_kgm2 / self.gear.travel**2

    def continuous_speed(self, asked: Duty) -> float:
        """Highest speed that it sustains with a duty, without a break."""
        return self._speed(asked, self.motor.rated_power_w)

    def intermittent_speed(self, asked: Duty) -> float:
        """Highest speed that it sustains with a duty for 40 % of the time."""
        return self._speed(asked, self.motor.intermittent_power_w)

    def _speed(self, asked: Duty, motor_w: float) -> float:
        """Solve power = (holding + viscous v) v."""
        power_w = self.gear.motors * motor_w * self.gear.efficiency
        root = math.sqrt(asked.holding**2 + 4.0 * asked.viscous * power_w)
        return min(self.max_speed, 2.0 * power_w / max(asked.holding + root, 1e-9))

    def peak_force(self, speed: float = 0.0) -> float:
        """Largest force at a speed, of motor and inverter alone or what rails and structure bear."""
        motor, torque_nm = self.motor, self.motor.peak_torque_nm
        if speed > self.rated_speed:
            torque_nm = min(torque_nm, motor.breakdown_torque_nm * (self.rated_speed / speed) ** 2)
        return min(self.gear.motors * torque_nm * self.gear.efficiency / self.gear.travel, self.gear.force_max)


@dataclass(frozen=True)
class Duty:
    """What an axis asks of its drive with a load (`""`) or without one (`"_empty"`)."""

    mass: float
    holding: float  # weight and dry friction
    viscous: float
    velocity: float
    acceleration: float

    def static(self, speed: float) -> float:
        """Force at a constant speed."""
        return self.holding + self.viscous * speed


def duty(station: Station, axis: str, load: str) -> Duty:
    """The duty of an axis at its present limits."""
    a, empty = getattr(station.axes, axis), load == "_empty"
    velocity, acceleration = limit(a, axis, f"velocity{load}"), limit(a, axis, f"acceleration{load}")
    if axis == "yaw":
        size = station.end_effector.size_m
        kg = station.end_effector.mass_kg if empty else station.limits.rated_load_kg
        mass = a.moving_inertia_kgm2 + kg * (size[0] ** 2 + size[1] ** 2) / 12.0
        return Duty(mass, a.coulomb_nm, a.viscous_nm_per_radps, velocity, acceleration)
    holding = a.coulomb_n
    if axis == "z":
        kg = station.end_effector.mass_kg if empty else station.limits.rated_load_kg
        holding += (own_weight_kg(station) + kg) * GRAVITY_MPS2
    return Duty(moved_kg(station, axis)[empty], holding, a.viscous_n_per_mps, velocity, acceleration)


def limit(axis: Any, name: str, stem: str) -> float:
    """A limit of an axis by its stem, whatever its unit."""
    return float(getattr(axis, field(name, stem)))


def field(name: str, stem: str) -> str:
    """Name of an axis' field by its stem, with its unit."""
    if stem == "force_limit":
        return "torque_limit_nm" if name == "yaw" else "force_limit_n"
    return f"{stem}_{UNITS[name]}{ORDER.get(stem.split('_')[0], '')}"


def most(drive: Drive, asked: Duty, speed: float) -> float:
    """Largest acceleration of a duty's mass and the rotors at a speed; below zero if it does not hold the load."""
    return (drive.peak_force(speed) - asked.static(speed)) / (asked.mass + drive.rotor_mass)


def fitted_values(station: Station) -> Mapping[str, Any] | None:
    """Plain values of the station with the limits of its fitted drives; None if every axis has its design drive.

    Raises:
        ValueError: a drive that does not hold the load, as a line with key, value and what is allowed.
    """
    changed = {name: _fitted(station, name) for name in refitted(station).values()}
    if not changed:
        return None
    values = station.model_dump()
    return {**values, "axes": {**values["axes"], **changed}}


def refitted(station: Station) -> dict[str, str]:
    """Axes whose drive is not their design drive, by `axes.z.motor hoist_22kw`."""
    found = {}
    for name in UNITS:
        axis = getattr(station.axes, name)
        if axis.motor is not None and (axis.motor, axis.gear) != (axis.design.motor, axis.design.gear):
            found[f"axes.{name}.motor {axis.motor.name}"] = name
    return found


def _fitted(station: Station, name: str) -> dict[str, Any]:
    """Values of an axis with the limits of its fitted drive, which is its design drive from then on."""
    axis = getattr(station.axes, name)
    fitted, design = Drive(axis.motor, axis.gear), Drive(axis.design.motor, axis.design.gear)
    values: dict[str, Any] = axis.model_dump()
    scale: dict[str, float] = {}
    for load in LOADS:
        asked = duty(station, name, load)
        faster = fitted.continuous_speed(asked) / design.continuous_speed(asked)  # 1 to the last bit if both are alike
        velocity = asked.velocity * faster
        left, had = (
            drive.peak_force(speed) - asked.static(speed)
            for drive, speed in ((fitted, velocity), (design, asked.velocity))
        )
        for key, drive, spare in (("design", design, had), ("motor", fitted, left)):
            if spare <= 0.0:
                raise ValueError(_too_small(name, key, drive, asked, load))
        most_share = most(fitted, asked, velocity) / asked.acceleration
        scale |= {f"velocity{load}": faster, f"acceleration{load}": min(left / had, most_share)}
    for stem, by in scale.items():
        values[field(name, stem)] *= by
    for stem in ("velocity", "acceleration"):  # margins may differ, but what is loaded is never the faster
        empty = values[field(name, f"{stem}_empty")]
        values[field(name, stem)] = min(values[field(name, stem)], empty)
    values[field(name, "force_limit")] *= fitted.peak_force() / design.peak_force()
    values[field(name, "jerk")] *= values[field(name, "acceleration")] / limit(axis, name, "acceleration")
    needed = max(
        stopping_distance(
            values[field(name, f"velocity{load}")], values[field(name, f"acceleration{load}")],
            values[field(name, "jerk")], station.limits.reaction_time_s,
        )
        for load in LOADS
    )  # fmt: skip
    values[field(name, "stopping_distance")] *= needed / longest_stop(station, name)
    values["design"] = {"motor": values["motor"], "gear": values["gear"]}
    return values


def _too_small(name: str, key: str, drive: Drive, asked: Duty, load: str) -> str:
    """A drive that does not hold its load, in one line."""
    unit, what = "Nm" if name == "yaw" else "N", "the empty axis" if load else "the rated load"
    return (
        f"axes.{name}.{key}: too small for {what}, its peak at the axis is {drive.peak_force():.0f} {unit}, "
        f"got {drive.motor.name!r} (allowed: one of more than {asked.static(asked.velocity):.0f} {unit})"
    )
