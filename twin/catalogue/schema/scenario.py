"""Schema of a docking scenario: the ground, the spread of a truck's actuators and sensors, and how the lidar fails."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from twin.catalogue.schema.base import Name, NonNegative, Positive, Strict


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"low {limits[0]:g} must be at most high {limits[1]:g}")
    return limits


Slope = Annotated[float, Field(ge=-0.2, le=0.2)]
Factor = Annotated[float, Field(gt=0.0, le=5.0)]
SlopeRange = Annotated[tuple[Slope, Slope], AfterValidator(_ordered)]
FactorRange = Annotated[tuple[Factor, Factor], AfterValidator(_ordered)]


class LidarFailure(Strict):
    """How the lidar fails for a while: no frames, and an error that wanders."""

    outages_per_s: NonNegative = Field(description="mean rate at which an outage begins")
    outage_s: Positive = Field(description="mean duration of an outage")
    wander_m: NonNegative = Field(description="standard deviation of the wandering error of x and y")
    wander_s: Positive = Field(description="correlation time of the wandering error")


class LidarFailures(Strict):
    """By visibility; several conditions together combine as `twin.conditions` says."""

    clear: LidarFailure
    night: LidarFailure
    rain: LidarFailure


class Scenario(Strict):
    """Ranges, each drawn evenly, of what Docking varies beside truck, load, visibility and start."""

    name: Name
    title: str
    grade: SlopeRange = Field(description="rise of the ground along the lane over its length; uphill positive")
    camber: SlopeRange = Field(description="rise of the ground to the left over its width")
    friction_factor: FactorRange = Field(description="on the truck's dry tyre friction")
    anti_lock: bool = Field(description="false: wheels that brake harder than the road lock and slide")
    steering_lag_factor: FactorRange
    brake_lag_factor: FactorRange = Field(description="on the dead time and the rise of all brakes")
    drive_lag_factor: FactorRange
    steering_offset_rad: NonNegative = Field(description="error of the steering angle's sensor, up to, either way")
    hitch_offset_rad: NonNegative = Field(description="error of the hitch angle's sensor, up to, either way")
    yaw_rate_offset_radps: NonNegative = Field(description="error of the gyroscope, up to, either way")
    speed_limit_mps: Positive = Field(description="driving forwards; the station's own if that is lower")
    reverse_limit_mps: Positive = Field(description="reversing")
    reverse_start_m: Positive = Field(description="of the truck beyond its place when it begins to reverse")
    apron_half_width_m: Positive = Field(description="room to either side of a truck that reverses")
    start_hitch_sigma_rad: NonNegative = Field(description="of the trailer at the start")
    lidar: LidarFailures
