"""Electric energy of a drive over a swap, from what the plant meters of it: work, way and squared force.

The losses are those of a motor's catalogue data: load losses go with the square of torque, so with the metered squared
force; the rest goes with speed, so with the way; gear and inverter have one efficiency each. A gear that passes 1/e of
the work while driving passes 2 - 1/e of it while braking (equal friction at the teeth; negative: self-locking). What
its rotor takes to accelerate is left out: the axis' moving mass has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.catalogue.schema.motor import Gear, Motor


@dataclass(frozen=True)
class Meters:
    """Of one drive, motoring and braking apart; SI units at the axis, m and N or rad and N m.

    Attributes:
        work_j, braking_work_j: neither is negative.
        square_s, braking_square_s: integrals of the squared force, N2 s; standing still counts as motoring.
    """

    work_j: float
    braking_work_j: float
    way: float
    braking_way: float
    square_s: float
    braking_square_s: float
    time_s: float


@dataclass(frozen=True)
class ElectricEnergy:
    """Energy at the mains, J: drawn, fed back, and burnt in the brake resistor."""

    drawn_j: float
    fed_back_j: float
    burnt_j: float

    @property
    def net_j(self) -> float:
        """Drawn less fed back."""
        return self.drawn_j - self.fed_back_j


def rated_force(motor: Motor, gear: Gear) -> float:
    """Continuous force (N or N m) of a drive at its axis."""
    return gear.motors * motor.rated_torque_nm * gear.efficiency / gear.travel


def electric_energy(motor: Motor, gear: Gear, metered: Meters) -> ElectricEnergy:
    """Return the energy of one drive."""
    losses_w = gear.motors * motor.rated_losses_w
    per_square_s = motor.load_loss_share * losses_w / rated_force(motor, gear) ** 2
    per_way = (1.0 - motor.load_loss_share) * losses_w / (motor.rated_speed_radps * gear.travel)
    motoring_j = (
        metered.work_j / gear.efficiency + per_square_s * metered.square_s + per_way * metered.way
    ) / motor.inverter_efficiency
    braking_j = (
        metered.braking_work_j * (2.0 - 1.0 / gear.efficiency)
        - per_square_s * metered.braking_square_s
        - per_way * metered.braking_way
    )
    drawn_j = motoring_j + gear.motors * motor.standby_w * metered.time_s
    if braking_j < 0.0:
        return ElectricEnergy(drawn_j - braking_j / motor.inverter_efficiency, 0.0, 0.0)
    if motor.feeds_back:
        return ElectricEnergy(drawn_j, braking_j * motor.inverter_efficiency, 0.0)
    return ElectricEnergy(drawn_j, 0.0, braking_j)
