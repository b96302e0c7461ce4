"""Schema of a motor with its inverter, and of what is between it and an axis."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, model_validator

from twin.catalogue.schema.base import Count, Fraction, Name, NonNegative, Positive, Strict, below

RATING_ERROR = 0.03
"""Share by which rated torque may differ from rated power over rated speed: catalogues round all three."""
RAD_PER_S = 2.0 * math.pi / 60.0
"""Of one revolution a minute."""


class Motor(Strict):
    """One size of motor with its inverter, as a catalogue lists it: at the motor's shaft, for continuous duty (S1)."""

    name: Name
    title: str
    rated_power_w: Positive
    intermittent_power_w: Positive = Field(description="for 40 % of the time (S3 40 %), as cranes work")
    rated_speed_rpm: Positive
    max_speed_rpm: Positive = Field(description="above rated_speed_rpm its power is constant")
    rated_torque_nm: Positive = Field(description="continuous: the thermal rating")
    peak_torque_nm: Positive = Field(description="for seconds, up to rated_speed_rpm")
    breakdown_torque_nm: Positive = Field(description="at rated_speed_rpm; above it falls with the square of speed")
    rotor_inertia_kgm2: Positive
    efficiency: Fraction = Field(description="of the motor at its rating")
    load_loss_share: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        description="share of its losses that goes with the square of torque; the rest goes with speed"
    )
    inverter_efficiency: Fraction
    standby_w: NonNegative = Field(description="inverter, fan and released brake, moving or not")
    feeds_back: bool = Field(description="braking energy goes back into the mains; false: into a brake resistor")
    price_eur: Positive = Field(description="price class: motor, gear, brake and inverter")

    @property
    def rated_speed_radps(self) -> float:
        return self.rated_speed_rpm * RAD_PER_S

    @property
    def max_speed_radps(self) -> float:
        return self.max_speed_rpm * RAD_PER_S

    @property
    def rated_losses_w(self) -> float:
        """Losses of the motor at its rating."""
        return self.rated_power_w * (1.0 / self.efficiency - 1.0)

    @model_validator(mode="after")
    def _order(self) -> Motor:
        below(self, "rated_power_w", "intermittent_power_w")
        below(self, "rated_speed_rpm", "max_speed_rpm")
        below(self, "rated_torque_nm", "peak_torque_nm")
        below(self, "peak_torque_nm", "breakdown_torque_nm")
        torque_nm = self.rated_power_w / self.rated_speed_radps
        if abs(self.rated_torque_nm - torque_nm) > RATING_ERROR * torque_nm:
            raise ValueError(
                f"rated_torque_nm {self.rated_torque_nm:g} must be rated_power_w over rated_speed_rpm, {torque_nm:.4g}"
            )
        return self


class LinearGear(Strict):
    """Between the motor and a linear axis: gear and drum, wheel, pinion or screw."""

    travel_m_per_rad: Positive = Field(description="way of the axis for a radian of the motor")
    efficiency: Fraction = Field(description="while driving; 1/2 or less is self-locking")
    motors: Count = Field(default=1, description="motors that drive the axis together")
    force_max_n: Positive | None = Field(default=None, description="what rails or structure bear of any motor")

    @property
    def travel(self) -> float:
        return self.travel_m_per_rad

    @property
    def force_max(self) -> float:
        return math.inf if self.force_max_n is None else self.force_max_n


class RotaryGear(Strict):
    """Between the motor and a rotary axis; the same fields as `LinearGear`."""

    travel_rad_per_rad: Positive
    efficiency: Fraction
    motors: Count = 1
    torque_max_nm: Positive | None = None

    @property
    def travel(self) -> float:
        return self.travel_rad_per_rad

    @property
    def force_max(self) -> float:
        return math.inf if self.torque_max_nm is None else self.torque_max_nm


Gear = LinearGear | RotaryGear


class LinearDesign(Strict):
    """The drive of a linear axis that its limits are stated for."""

    motor: Motor
    gear: LinearGear


class RotaryDesign(Strict):
    """The drive of a rotary axis that its limits are stated for."""

    motor: Motor
    gear: RotaryGear


def check_drive(axis: Any, design: type[LinearDesign] | type[RotaryDesign]) -> None:
    """Refuse a motor without its gear, and the reverse; without `design`, the limits are for the axis' own drive."""
    for one, other in (("motor", "gear"), ("gear", "motor"), ("design", "motor")):
        if getattr(axis, one) is not None and getattr(axis, other) is None:
            raise ValueError(f"{one} needs {other} beside it")
    if axis.motor is not None and axis.design is None:
        object.__setattr__(axis, "design", design(motor=axis.motor, gear=axis.gear))
