"""Schema of a station's robots: clocks, axes, reeving, end effector, actuators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.catalogue.schema.base import Coordinate, Count, NonNegative, Positive, Ratio, Size3, Strict, below
from twin.catalogue.schema.motor import LinearDesign, LinearGear, Motor, RotaryDesign, RotaryGear, check_drive


class Rates(Strict):
    """Clock rates; each slower one divides the faster one (physics = drive loop)."""

    physics_hz: Annotated[int, Field(ge=500, le=8000)]
    plc_hz: Annotated[int, Field(ge=50, le=1000)]
    policy_hz: Annotated[int, Field(ge=1, le=100)]
    recording_hz: Annotated[int, Field(ge=1, le=1000)]

    @model_validator(mode="after")
    def _divide(self) -> Rates:
        for fast, slow in (("physics_hz", "plc_hz"), ("plc_hz", "policy_hz"), ("plc_hz", "recording_hz")):
            if getattr(self, fast) % getattr(self, slow):
                raise ValueError(f"{slow} {getattr(self, slow)} must divide {fast} {getattr(self, fast)}")
        return self


class LinearAxis(Strict):
    """One servo axis in metres. Limits are the machine's; a timing set can only ask for fractions of them."""

    position_min_m: Coordinate
    position_max_m: Coordinate
    home_m: Coordinate
    velocity_mps: Positive
    velocity_empty_mps: Positive
    acceleration_mps2: Positive
    acceleration_empty_mps2: Positive
    jerk_mps3: Positive
    moving_mass_kg: Positive = Field(
        description="mass that this axis moves besides those it carries; hoist: drum and motor, reflected"
    )
    force_limit_n: Positive
    coulomb_n: NonNegative
    viscous_n_per_mps: NonNegative
    brake_force_n: Positive
    encoder_resolution_m: Positive
    repeatability_m: NonNegative
    position_gain_per_s: Positive
    velocity_bandwidth_rad_per_s: Positive = Field(
        description="closed velocity loop; its gain follows from the moved mass"
    )
    integral_time_s: Positive
    stopping_distance_m: Positive = Field(description="within this after a trip (invariant 5)")
    motor: Motor | None = Field(default=None, description="by name, by file or in full")
    gear: LinearGear | None = Field(default=None, description="goes with motor")
    design: LinearDesign | None = Field(
        default=None, description="the drive that the limits here are stated for, if it is another than motor and gear"
    )

    @model_validator(mode="after")
    def _order(self) -> LinearAxis:
        if not self.position_min_m < self.position_max_m:
            raise ValueError(f"position_min_m {self.position_min_m} must be below position_max_m {self.position_max_m}")
        if not self.position_min_m <= self.home_m <= self.position_max_m:
            raise ValueError(f"home_m {self.home_m} must lie in {self.position_min_m} to {self.position_max_m}")
        below(self, "velocity_mps", "velocity_empty_mps")
        below(self, "acceleration_mps2", "acceleration_empty_mps2")
        below(self, "encoder_resolution_m", "stopping_distance_m", equal=False)
        check_drive(self, LinearDesign)
        return self


class RotaryAxis(Strict):
    """The yaw axis, in radians; the same fields as `LinearAxis`."""

    position_min_rad: Coordinate
    position_max_rad: Coordinate
    home_rad: Coordinate
    velocity_radps: Positive
    velocity_empty_radps: Positive
    acceleration_radps2: Positive
    acceleration_empty_radps2: Positive
    jerk_radps3: Positive
    moving_inertia_kgm2: Positive
    torque_limit_nm: Positive
    coulomb_nm: NonNegative
    viscous_nm_per_radps: NonNegative
    brake_torque_nm: Positive
    encoder_resolution_rad: Positive
    repeatability_rad: NonNegative
    position_gain_per_s: Positive
    velocity_bandwidth_rad_per_s: Positive
    integral_time_s: Positive
    stopping_distance_rad: Positive
    motor: Motor | None = None
    gear: RotaryGear | None = None
    design: RotaryDesign | None = None

    @model_validator(mode="after")
    def _order(self) -> RotaryAxis:
        if not self.position_min_rad < self.position_max_rad:
            raise ValueError(
                f"position_min_rad {self.position_min_rad} must be below position_max_rad {self.position_max_rad}"
            )
        if not self.position_min_rad <= self.home_rad <= self.position_max_rad:
            raise ValueError(f"home_rad {self.home_rad} must lie in {self.position_min_rad} to {self.position_max_rad}")
        below(self, "velocity_radps", "velocity_empty_radps")
        below(self, "acceleration_radps2", "acceleration_empty_radps2")
        below(self, "encoder_resolution_rad", "stopping_distance_rad", equal=False)
        check_drive(self, RotaryDesign)
        return self


class Axes(Strict):
    """The four axes of every robot, by name in both station kinds."""

    x: LinearAxis
    y: LinearAxis
    z: LinearAxis
    yaw: RotaryAxis


class FourRope(Strict):
    """Four parallel ropes from a trolley to the corners of the spreader: sways without tilting, twists, goes slack."""

    type: Literal["four_rope"]
    sheave_height_m: Positive = Field(description="rope length = sheave height - hoist position")
    spacing_x_m: Positive
    spacing_y_m: Positive
    rope_ea_n: Positive = Field(description="E times metallic area of the falls at one corner")
    rope_damping_ratio: Ratio = Field(description="of the vertical bounce with rated load")
    sway_damping_ratio: Ratio
    torsional_stiffness_nm_per_rad: NonNegative = Field(description="added to what the ropes' geometry gives")
    torsional_damping_ratio: Ratio


class FloatingHead(Strict):
    """Suspension of a spreader on a mast: it floats in x, y, yaw, pitch and roll on centring springs, lockable."""

    centring_stiffness_n_per_m: Positive
    centring_stiffness_nm_per_rad: Positive
    tilt_stiffness_nm_per_rad: Positive
    damping_ratio: Ratio
    travel_m: Positive = Field(description="to end stops as stiff as the mast")
    travel_rad: Positive = Field(description="of yaw, pitch and roll, to end stops as stiff as the mast")
    lock_time_s: NonNegative


class Mast(Strict):
    """A stiff telescopic column, bilateral: one flexible sway mode with the rated load while its head is locked."""

    type: Literal["mast"]
    sheave_height_m: Positive
    frequency_hz: Annotated[float, Field(ge=2.0, le=4.0)]
    damping_ratio: Ratio
    vertical_stiffness_n_per_m: Positive
    tilt_stiffness_nm_per_rad: Positive
    torsional_stiffness_nm_per_rad: Positive
    head: FloatingHead


class FloatingTable(Strict):
    """A table that floats in x, y and yaw on centring springs with end stops, lockable; stiff in z, roll and pitch."""

    type: Literal["floating_table"]
    centring_stiffness_n_per_m: Positive
    centring_stiffness_nm_per_rad: Positive
    damping_ratio: Ratio
    travel_m: Positive
    travel_rad: Positive
    stop_stiffness_n_per_m: Positive
    stop_stiffness_nm_per_rad: Positive
    vertical_stiffness_n_per_m: Positive
    tilt_stiffness_nm_per_rad: Positive
    lock_time_s: NonNegative


class EndEffector(Strict):
    """Spreader or lift table."""

    mass_kg: Positive
    size_m: Size3
    flipper_capture_m: Positive = Field(description="lateral error that its corner guides take up when meeting a pack")
    flipper_clearance_m: Positive = Field(description="play left between corner guides and pack")
    contact_stiffness_n_per_m: Positive
    contact_damping_ns_per_m: NonNegative
    friction: NonNegative


class Actuators(Strict):
    """Timed actuators: from command to checked switch."""

    grip_close_s: Positive
    grip_open_s: Positive
    lock_open_s: Positive
    lock_close_s: Positive
    slot_lock_open_s: NonNegative
    slot_lock_close_s: NonNegative
    timeout_s: Positive
    lock_tries: Count
    grip_capture_m: Positive = Field(description="grips close only on a pack that lies within this of the end effector")
    lock_capture_m: Positive = Field(description="locks close only on a pack that is seated within this")
