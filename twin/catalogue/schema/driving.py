"""Schema of a truck's driving at walking pace: axles and tyres, steering, brakes, drive line, and any semi-trailer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin.catalogue.schema.base import Coordinate, NonNegative, Positive, Strict

AxleCount = Annotated[int, Field(ge=1, le=4)]


class AxleGroup(Strict):
    """The real axles behind one suspended axle of the truck, or under a trailer, and their tyres."""

    axles: AxleCount = Field(description="equally loaded, symmetric about the middle of the group")
    spacing_m: NonNegative = Field(description="between neighbours; 0 for one axle")
    tyre_outer_width_m: Positive = Field(description="over the outer faces of the tyres")
    cornering_per_rad: Positive = Field(description="cornering stiffness of a tyre over the load on it")


class Trailer(Strict):
    """A semi-trailer on the fifth wheel. Its kingpin load is part of the truck's `sprung_mass_kg`."""

    mass_kg: Positive = Field(description="laden, kingpin load included")
    kingpin_load_kg: Positive
    kingpin_x_m: Coordinate = Field(description="fifth wheel in T")
    wheelbase_m: Positive = Field(description="kingpin to the middle of its axles")
    yaw_inertia_kgm2: Positive = Field(description="about its centre of mass")
    group: AxleGroup
    brake_delay_s: NonNegative = Field(description="behind the truck's own brakes")
    braked: bool = Field(default=True, description="held by the parking brake, with the truck")

    @property
    def axle_load_kg(self) -> float:
        """Load on its own axles."""
        return self.mass_kg - self.kingpin_load_kg

    @property
    def scrub_m(self) -> float:
        """Mean distance of its axles from their middle, about which they scrub when the kingpin moves sideways."""
        n = self.group.axles
        return sum(abs(i - (n - 1) / 2.0) for i in range(n)) * self.group.spacing_m / n


class Driving(Strict):
    """Tyres, steering, drive line and brakes, for the drive into the bay."""

    front: AxleGroup
    rear: AxleGroup
    tyre_radius_m: Positive
    relaxation_length_m: Positive = Field(description="rolling distance over which a lateral tyre force builds up")
    rolling_resistance: NonNegative = Field(description="share of the load")
    steering_limit_rad: Annotated[float, Field(gt=0.0, le=1.2)] = Field(description="of the front wheels, each way")
    steering_rate_limit_radps: Positive
    steering_lag_s: Positive = Field(description="first-order, from steering wheel to front wheels")
    drive_force_limit_n: Positive
    drive_power_limit_w: Positive
    drive_lag_s: Positive = Field(description="first-order, from pedal to wheels")
    brake_delay_s: NonNegative = Field(description="from pedal to first brake force")
    brake_lag_s: Positive = Field(description="first-order rise after the delay")
    brake_limit_mps2: Positive = Field(description="service brakes, all axles")
    trailer: Trailer | None = None
