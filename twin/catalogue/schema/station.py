"""Schema of a station: its robots, slots, limits, sensors and times, and the parking of trucks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator

from twin.catalogue.derived import inconsistent
from twin.catalogue.fitted import fitted_values, refitted
from twin.catalogue.schema.approach import Approach
from twin.catalogue.schema.base import Coordinate, Count, Name, NonNegative, Positive, Ratio, Size3, Strict, below
from twin.catalogue.schema.machine import Actuators, Axes, EndEffector, FloatingTable, FourRope, Mast, Rates
from twin.gravity import GRAVITY_MPS2


class Slot(Strict):
    """One storage seat: the pose of its seat plane, and whether a charged pack lies there at the start."""

    x_m: Coordinate
    y_m: Coordinate
    z_m: Coordinate
    yaw_rad: Coordinate = 0.0
    filled: bool
    robot: Annotated[int, Field(ge=0, le=7)] = Field(default=0, description="the robot that serves this slot")


class Limits(Strict):
    """Limits that the interlocks enforce and the independent monitor checks."""

    rated_load_kg: Positive
    overload_fraction: Annotated[float, Field(ge=1.0, le=1.5)]
    creep_out_height_m: Positive = Field(description="no hoisting above this over the seat while a lock is not open")
    clearance_height_m: Coordinate = Field(
        description="top_lift: lowest allowed pack bottom while traversing; chassis: highest allowed pack top"
    )
    contact_speed_mps: Positive = Field(description="no timing set creeps faster than this into a contact")
    contact_zone_m: Positive = Field(description="no timing set begins to creep closer to a contact than this")
    lateral_warn_n: Positive
    lateral_abort_n: Positive
    structure_lateral_n: Positive = Field(
        description="sideways force on a carried pack that bends a guide pin, or breaks what is in the pack, at once"
    )
    structure_axial_n: Positive = Field(description="force along the insert direction that a seat bears without damage")
    axial_jam_ratio: Positive = Field(description="axial insertion force over nominal that counts as a jam")
    reaction_time_s: Positive
    sway_limit_m: Positive = Field(description="sway limit of a hand-over; nothing trips above it")
    sway_limit_rad: Positive
    truck_moved_m: Positive
    seated_m: Positive = Field(description="a pack is fully seated when every pad is within this of the seat plane")
    traverse_deadband_m: Positive = Field(
        description="a carried pack below the clearance height may be moved sideways by no more"
    )
    repark_m: Positive
    repark_yaw_rad: Positive
    insert_tries: Count

    @model_validator(mode="after")
    def _order(self) -> Limits:
        below(self, "lateral_warn_n", "lateral_abort_n", equal=False)
        below(self, "lateral_abort_n", "structure_lateral_n", equal=False)
        below(self, "seated_m", "creep_out_height_m", equal=False)
        return self


class Scanner(Strict):
    """Pose scanner (lidar or camera) that measures a seat in the world."""

    sigma_m: NonNegative
    sigma_rad: NonNegative
    bias_m: NonNegative
    bias_rad: NonNegative
    rate_hz: Positive
    delay_s: NonNegative = Field(description="at most 31 PLC scans")
    dropout: Ratio
    scan_samples: Count = Field(description="frames averaged in `scan`")
    rescan_samples: Count

    @model_validator(mode="after")
    def _order(self) -> Scanner:
        below(self, "rescan_samples", "scan_samples")
        return self


class Sensors(Strict):
    """Noise of the other sensors."""

    load_cell_sigma_n: NonNegative
    load_cell_filter_s: NonNegative
    load_cell_zero_window_n: NonNegative = Field(description="a larger offset of the empty end effector is not zeroed")
    load_cell_weighing_s: Positive = Field(description="readings are averaged this long to zero and to weigh")
    load_cell_tolerance_n: Positive = Field(description="mean reading over or below a known weight that is implausible")
    load_cell_drive_tolerance_n: Positive = Field(
        description="load that the force of the hoist or lift falls short of, which is implausible"
    )
    sway_sigma_m: NonNegative
    lateral_force_sigma_n: NonNegative


class FixedTimes(Strict):
    """Phases without robot motion."""

    dock_s: NonNegative
    identify_s: NonNegative
    scan_s: NonNegative
    verify_s: NonNegative
    exit_s: NonNegative


class PoseSpread(Strict):
    """Standard deviations of a parked truck's pose (normal, clipped at `Parking.clip`)."""

    x_m: NonNegative
    y_m: NonNegative
    z_m: NonNegative
    yaw_rad: NonNegative
    roll_rad: NonNegative
    pitch_rad: NonNegative


class Parking(Strict):
    guided: PoseSpread
    unguided: PoseSpread
    clip: PoseSpread

    @model_validator(mode="after")
    def _order(self) -> Parking:
        for name in PoseSpread.model_fields:
            clip = getattr(self.clip, name)
            for which in ("guided", "unguided"):
                sigma = getattr(getattr(self, which), name)
                if sigma > clip:
                    raise ValueError(f"{which}.{name} {sigma:g} must be at most clip.{name} {clip:g}")
        return self


class Robots(Strict):
    """Number of robots that share the axis data, and their waiting positions."""

    count: Annotated[int, Field(ge=1, le=2)]
    home_x_m: tuple[Coordinate, ...]
    length_m: Positive = Field(description="along x; keeps two robots on one rail apart")

    @model_validator(mode="after")
    def _homes(self) -> Robots:
        if len(self.home_x_m) != self.count:
            raise ValueError(f"home_x_m needs {self.count} values, one a robot, has {len(self.home_x_m)}")
        if self.count == 2 and abs(self.home_x_m[0] - self.home_x_m[1]) < self.length_m:
            raise ValueError(f"home_x_m {list(self.home_x_m)} must lie at least length_m {self.length_m:g} apart")
        return self


class Station(Strict):
    kind: Literal["top_lift", "chassis"]
    name: Name
    title: str
    interfaces: tuple[Name, ...] = Field(description="pack interfaces that its seats and end effector fit")
    size_m: Size3
    rates: Rates
    axes: Axes
    robots: Robots
    reeving: Annotated[FourRope | Mast | FloatingTable, Field(discriminator="type")]
    end_effector: EndEffector
    actuators: Actuators
    slots: Annotated[tuple[Slot, ...], Field(min_length=2, max_length=64)]
    limits: Limits
    scanner: Scanner
    sensors: Sensors
    times: FixedTimes
    parking: Parking
    approach: Approach | None = Field(default=None, description="for driving in; without it trucks only stand")
    solver_iterations: Annotated[int, Field(ge=10, le=1000)] = 100

    @model_validator(mode="after")
    def _consistent(self) -> Station:
        floating = isinstance(self.reeving, FloatingTable)
        if floating != (self.kind == "chassis"):
            raise ValueError(f"reeving type {self.reeving.type!r} does not go with kind {self.kind!r}")
        for robot in range(self.robots.count):
            mine = [s for s in self.slots if s.robot == robot]
            if not any(s.filled for s in mine) or all(s.filled for s in mine):
                raise ValueError(f"the slots with robot: {robot} must have at least one filled and one empty one")
        for i, slot in enumerate(self.slots):
            for axis, at in (("x", slot.x_m), ("y", slot.y_m)):
                limits = getattr(self.axes, axis)
                if not limits.position_min_m <= at <= limits.position_max_m:
                    raise ValueError(
                        f"slots[{i}].{axis}_m {at} is outside axis {axis}: "
                        f"{limits.position_min_m} to {limits.position_max_m}"
                    )
            if slot.robot >= self.robots.count:
                raise ValueError(f"slots[{i}].robot {slot.robot} must be below robots.count {self.robots.count}")
        x, z = self.axes.x, self.axes.z
        for i, at in enumerate(self.robots.home_x_m):
            if not x.position_min_m <= at <= x.position_max_m:
                raise ValueError(
                    f"robots.home_x_m[{i}] {at:g} is outside axis x: {x.position_min_m:g} to {x.position_max_m:g}"
                )
        if not isinstance(self.reeving, FloatingTable) and self.reeving.sheave_height_m <= z.position_max_m:
            raise ValueError(
                f"reeving.sheave_height_m {self.reeving.sheave_height_m:g} must be above axes.z.position_max_m "
                f"{z.position_max_m:g}: no rope would be left"
            )
        if self.end_effector.mass_kg >= self.limits.rated_load_kg:
            raise ValueError(
                f"end_effector.mass_kg {self.end_effector.mass_kg:g} must be below limits.rated_load_kg "
                f"{self.limits.rated_load_kg:g}"
            )
        cut_off_n = self.limits.rated_load_kg * self.limits.overload_fraction * GRAVITY_MPS2
        for what in ("force_limit_n", "brake_force_n"):
            if getattr(z, what) <= cut_off_n:
                raise ValueError(
                    f"axes.z.{what} {getattr(z, what):g} must be above {cut_off_n:.0f}, the weight of the rated load "
                    f"times limits.overload_fraction: it could not hold it"
                )
        for problem in inconsistent(self):
            raise ValueError(str(problem))
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _fit_drives(cls, given: Any, validated: ModelWrapValidatorHandler[Station]) -> Station:
        """Replace the stated limits of an axis whose drive is not its design drive by those of its drive."""
        stated = validated(given)
        values = fitted_values(stated)
        if values is None:
            return stated
        try:
            return validated(values)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise ValueError(f"{' and '.join(refitted(stated))} cannot do this station's work: {problem}") from None
