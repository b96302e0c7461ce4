"""Schema of the drive into the bay: guide rails, wheel stop, and the lidar that observes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.catalogue.schema.base import Coordinate, Fraction, NonNegative, Positive, Ratio, Strict, below

Weather = Literal["clear", "night", "rain"]


class RailSection(Strict):
    """A pair of wheel guide rails along the lane with a flared entry."""

    from_x_m: Coordinate = Field(description="where the flare begins")
    to_x_m: Coordinate
    gap_m: Positive = Field(description="between the rails behind the flare")
    flare_length_m: Positive
    flare_width_m: Positive = Field(description="how far each rail opens at its begin")

    @model_validator(mode="after")
    def _order(self) -> RailSection:
        if self.from_x_m + self.flare_length_m >= self.to_x_m:
            raise ValueError(
                f"from_x_m {self.from_x_m:g} and flare_length_m {self.flare_length_m:g} must end before "
                f"to_x_m {self.to_x_m:g}"
            )
        return self


class WheelContact(Strict):
    """A tyre against steel, one wheel: spring, damper and friction."""

    stiffness_n_per_m: Positive
    damping_ns_per_m: NonNegative
    friction: NonNegative


class WheelStop(Strict):
    """A block before the first axle's wheels, set for each truck so that they touch it with the truck at x = 0."""

    height_m: Positive = Field(description="a wheel climbs it above the force that this height and its radius give")
    setting_m: NonNegative = Field(description="how far off its right place it may stand, evenly either way")
    contact: WheelContact


class LidarWeather(Strict):
    """Effects of darkness or rain on the lidar and on the road."""

    noise_factor: Positive
    bias_m: NonNegative = Field(description="of x and y, drawn evenly up to this either way for each run")
    dropout: Ratio = Field(description="share of frames without a result")
    range_factor: Fraction
    tyre_friction_factor: Fraction


class Lidar(Strict):
    """Measures x, y and yaw of the truck in the bay while it drives in."""

    x_m: Coordinate = Field(description="where it stands ahead of the bay, looking back along the lane")
    range_min_m: NonNegative
    range_max_m: Positive
    rate_hz: Positive
    delay_s: NonNegative
    sigma_m: NonNegative = Field(description="of x and y at no distance")
    sigma_m_per_m: NonNegative = Field(description="more for each metre of range")
    sigma_rad: NonNegative
    sigma_rad_per_m: NonNegative
    baseline_m: Positive = Field(description="width of the cab front: a bias in m is one in yaw over it")
    clear: LidarWeather
    night: LidarWeather
    rain: LidarWeather

    @model_validator(mode="after")
    def _order(self) -> Lidar:
        below(self, "range_min_m", "range_max_m", equal=False)
        return self


class Approach(Strict):
    """The lane before the bay. Without rails and stop the driver parks by eye."""

    start_distance_m: Positive = Field(description="of the truck from its place in the bay when a drive-in begins")
    start_y_sigma_m: NonNegative
    start_yaw_sigma_rad: NonNegative
    speed_limit_mps: Positive
    lane_marks: bool = Field(description="lines on the ground for the driver")
    rails: Annotated[tuple[RailSection, ...], Field(max_length=4)]
    rail_contact: WheelContact
    rail_force_limit_n: Positive = Field(description="of one wheel against a rail; above it the rail was hit too hard")
    wheel_stop: WheelStop | None = None
    lidar: Lidar
