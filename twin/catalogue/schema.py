"""What a station, a truck, a pack and a timing set are: typed, frozen, strict.

Every field is SI with its unit in its name (`_rad`, never degrees). Frames: W world (origin on the ground at the bay
centre, x along the lane, y left, z up), T truck (origin on the ground below the middle of its seats), K seat, P pack
(origin at the middle of its grip face), E end effector (spreader or lift table, origin in its grip plane).
Numbers carry their provenance in the YAML files, see `twin.catalogue.load`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STANDARD_GRAVITY_MPS2 = 9.80665

Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
Ratio = Annotated[float, Field(ge=0.0, lt=1.0)]
Coordinate = Annotated[float, Field(ge=-100.0, le=100.0)]
Count = Annotated[int, Field(ge=1, le=64)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
Vector2 = tuple[Coordinate, Coordinate]
Vector3 = tuple[Coordinate, Coordinate, Coordinate]
Size3 = tuple[Positive, Positive, Positive]


def below(owner: BaseModel, low: str, high: str, *, equal: bool = True) -> None:
    """Refuse limits out of order: field `low` must be below (or, with `equal`, no more than) field `high`."""
    a, b = getattr(owner, low), getattr(owner, high)
    if a > b or (a == b and not equal):
        raise ValueError(f"{low} {a:g} must be {'at most' if equal else 'below'} {high} {b:g}")


class Strict(BaseModel):
    """Frozen, unknown keys refused, no NaN or infinity, no silent conversion of strings to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


# --------------------------------------------------------------------------------------------------------- station


class Rates(Strict):
    """Clock rates; each slower one divides the faster one (physics = drive loop)."""

    physics_hz: Annotated[int, Field(ge=500, le=8000)]
    plc_hz: Annotated[int, Field(ge=10, le=1000)]
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

    @model_validator(mode="after")
    def _order(self) -> LinearAxis:
        if not self.position_min_m < self.position_max_m:
            raise ValueError(f"position_min_m {self.position_min_m} must be below position_max_m {self.position_max_m}")
        if not self.position_min_m <= self.home_m <= self.position_max_m:
            raise ValueError(f"home_m {self.home_m} must lie in {self.position_min_m} to {self.position_max_m}")
        below(self, "velocity_mps", "velocity_empty_mps")
        below(self, "acceleration_mps2", "acceleration_empty_mps2")
        below(self, "encoder_resolution_m", "stopping_distance_m", equal=False)
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


class Mast(Strict):
    """A stiff telescopic column: bilateral, one flexible sway mode with the rated load."""

    type: Literal["mast"]
    sheave_height_m: Positive
    frequency_hz: Annotated[float, Field(ge=2.0, le=4.0)]
    damping_ratio: Ratio
    vertical_stiffness_n_per_m: Positive
    tilt_stiffness_nm_per_rad: Positive
    torsional_stiffness_nm_per_rad: Positive


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


class Slot(Strict):
    """One storage seat: where its seat plane is, and whether a charged pack lies there at the start."""

    x_m: Coordinate
    y_m: Coordinate
    z_m: Coordinate
    yaw_rad: Coordinate = 0.0
    filled: bool
    robot: Annotated[int, Field(ge=0, le=7)] = Field(default=0, description="the robot that serves this slot")


class Limits(Strict):
    """What interlocks enforce and the independent monitor checks."""

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
    axial_jam_ratio: Positive = Field(description="axial insertion force over nominal that counts as a jam")
    reaction_time_s: Positive
    sway_limit_m: Positive
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
        below(self, "seated_m", "creep_out_height_m", equal=False)
        return self


class Scanner(Strict):
    """Pose scanner (lidar or camera) that measures a seat in the world."""

    sigma_m: NonNegative
    sigma_rad: NonNegative
    bias_m: NonNegative
    bias_rad: NonNegative
    rate_hz: Positive
    delay_s: NonNegative
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
    """How many robots share the axis data, and where each waits."""

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
    solver_iterations: Annotated[int, Field(ge=10, le=1000)] = 100

    @model_validator(mode="after")
    def _consistent(self) -> Station:
        floating = isinstance(self.reeving, FloatingTable)
        if floating != (self.kind == "chassis"):
            raise ValueError(f"reeving type {self.reeving.type!r} does not go with kind {self.kind!r}")
        for robot in range(self.robots.count):
            mine = [s for s in self.slots if s.robot == robot]
            if not any(s.filled for s in mine) or all(s.filled for s in mine):
                raise ValueError(f"robot {robot} needs at least one filled and one empty slot")
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
        cut_off_n = self.limits.rated_load_kg * self.limits.overload_fraction * STANDARD_GRAVITY_MPS2
        for what in ("force_limit_n", "brake_force_n"):
            if getattr(z, what) <= cut_off_n:
                raise ValueError(
                    f"axes.z.{what} {getattr(z, what):g} must be above {cut_off_n:.0f}, the weight of the rated load "
                    f"times limits.overload_fraction: it could not hold it"
                )
        return self


# ------------------------------------------------------------------------------------------------------------ pack


class Guides(Strict):
    """One round and one slotted guide pin on the seat; the pack carries the sockets with the lead-in."""

    round_xy_m: Vector2 = Field(description="in the pack's plan, from its middle")
    slotted_xy_m: Vector2
    pin_diameter_m: Positive
    pin_length_m: Positive = Field(description="from the seat plane to the tip")
    lead_in_angle_rad: Annotated[float, Field(gt=0.1, lt=1.4)] = Field(description="of the cone wall from the pin axis")
    capture_m: Positive = Field(description="lateral error that the lead-in takes up")
    final_clearance_m: Positive = Field(description="diametral play when seated")
    slot_length_m: Positive = Field(description="extra play along the line of the pins at the slotted one")
    stiffness_n_per_m: Positive
    damping_ns_per_m: NonNegative
    friction: NonNegative


class Coupler(Strict):
    """Floating connector (HV, LV, coolant): mates over the last `engage_m` before the seat."""

    xy_m: Vector2
    float_m: Positive
    float_rad: Positive
    engage_m: Positive
    mate_force_n: Positive
    float_stiffness_n_per_m: NonNegative


class Locks(Strict):
    xy_m: Annotated[tuple[Vector2, ...], Field(min_length=2, max_length=8)]
    strength_n: Positive = Field(description="holding force of one lock")


class Pack(Strict):
    name: Name
    title: str
    interface: Name
    energy_kwh: Positive
    mass_kg: Positive
    mass_min_kg: Positive
    mass_max_kg: Positive
    size_m: Size3 = Field(description="along x, y, z when mounted")
    com_m: Vector3 = Field(description="centre of mass from the middle of the box")
    guides: Guides
    coupler: Coupler
    locks: Locks

    @model_validator(mode="after")
    def _order(self) -> Pack:
        if not self.mass_min_kg <= self.mass_kg <= self.mass_max_kg:
            raise ValueError(f"mass_kg {self.mass_kg} must lie in {self.mass_min_kg} to {self.mass_max_kg}")
        guides, half_x, half_y = self.guides, self.size_m[0] / 2, self.size_m[1] / 2
        lead_in_m = guides.capture_m / math.tan(guides.lead_in_angle_rad)
        if guides.pin_length_m <= lead_in_m:
            raise ValueError(
                f"guides.pin_length_m {guides.pin_length_m:g} must be above the lead-in's depth "
                f"capture_m / tan(lead_in_angle_rad) = {lead_in_m:.4f}"
            )
        if guides.pin_length_m >= self.size_m[2]:
            raise ValueError(
                f"guides.pin_length_m {guides.pin_length_m:g} must be below the pack's height {self.size_m[2]:g}"
            )
        below(guides, "final_clearance_m", "capture_m", equal=False)
        if self.coupler.engage_m > guides.pin_length_m:
            raise ValueError(
                f"coupler.engage_m {self.coupler.engage_m:g} must be at most guides.pin_length_m "
                f"{guides.pin_length_m:g}: pins lead, the coupler follows"
            )
        for axis, offset, size in zip("xyz", self.com_m, self.size_m, strict=True):
            if abs(offset) > size / 2:
                raise ValueError(f"com_m lies outside the pack: {axis} {offset:g}, allowed +-{size / 2:g}")
        for where, (x, y) in (
            ("guides.round_xy_m", guides.round_xy_m),
            ("guides.slotted_xy_m", guides.slotted_xy_m),
            ("coupler.xy_m", self.coupler.xy_m),
            *((f"locks.xy_m[{i}]", xy) for i, xy in enumerate(self.locks.xy_m)),
        ):
            if abs(x) > half_x or abs(y) > half_y:
                raise ValueError(f"{where} ({x}, {y}) lies outside the pack, +-{half_x} by +-{half_y}")
        if guides.round_xy_m == guides.slotted_xy_m:
            raise ValueError("guides.round_xy_m and guides.slotted_xy_m must differ")
        return self


# ----------------------------------------------------------------------------------------------------------- truck


class Axle(Strict):
    """A suspended axle (or bogie taken as one)."""

    x_m: Coordinate
    stiffness_n_per_m: Positive = Field(description="both sides together")
    spring_base_m: Positive = Field(description="lateral distance of the springs")
    damping_ratio: Ratio
    braked: bool


class Outline(Strict):
    """For pictures and for collision of the cab: no effect on the suspension."""

    cab_front_x_m: Coordinate
    cab_rear_x_m: Coordinate
    cab_height_m: Positive
    width_m: Positive
    frame_rear_x_m: Coordinate
    frame_height_m: Positive
    body: Literal["none", "mixer", "dump", "semi_trailer"] = "none"


class Truck(Strict):
    name: Name
    title: str
    mount: Literal["back_of_cab", "chassis"]
    interface: Name
    default_pack: Name | None = Field(default=None, description="the pack it usually carries, by name")
    seats_xyz_m: Annotated[tuple[Vector3, ...], Field(min_length=1, max_length=3)] = Field(
        description="middle of each seat plane in T with the packs of nominal mass on board"
    )
    pack_mass_limit_kg: Positive
    sprung_mass_kg: Positive = Field(description="without packs")
    sprung_com_m: Vector3
    sprung_inertia_kgm2: Size3 = Field(description="roll, pitch, yaw about its centre of mass")
    unsprung_mass_kg: Positive
    front_axle: Axle
    rear_axle: Axle
    wheelbase_m: Positive
    tyre_friction: Positive
    outline: Outline

    @model_validator(mode="after")
    def _consistent(self) -> Truck:
        if not self.front_axle.x_m > self.rear_axle.x_m:
            raise ValueError(
                f"front_axle.x_m {self.front_axle.x_m} must be ahead of rear_axle.x_m {self.rear_axle.x_m}"
            )
        base = self.front_axle.x_m - self.rear_axle.x_m
        if abs(base - self.wheelbase_m) > 1e-6:
            raise ValueError(f"wheelbase_m {self.wheelbase_m} must equal front_axle.x_m - rear_axle.x_m = {base}")
        if not (self.front_axle.braked or self.rear_axle.braked):
            raise ValueError("front_axle.braked and rear_axle.braked are both false: a parked truck must hold")
        largest, rest = max(self.sprung_inertia_kgm2), sum(self.sprung_inertia_kgm2) - max(self.sprung_inertia_kgm2)
        if largest > rest:
            raise ValueError(
                f"sprung_inertia_kgm2 {largest:g} exceeds the sum of the other two {rest:g}: no body has that"
            )
        if not self.rear_axle.x_m <= self.sprung_com_m[0] <= self.front_axle.x_m:
            raise ValueError(
                f"sprung_com_m x {self.sprung_com_m[0]:g} must lie between the axles: "
                f"{self.rear_axle.x_m:g} to {self.front_axle.x_m:g}"
            )
        outline = self.outline
        if not outline.frame_rear_x_m < outline.cab_rear_x_m < outline.cab_front_x_m:
            raise ValueError(
                f"outline: frame_rear_x_m {outline.frame_rear_x_m:g}, cab_rear_x_m {outline.cab_rear_x_m:g} and "
                f"cab_front_x_m {outline.cab_front_x_m:g} must rise in this order"
            )
        return self


# ---------------------------------------------------------------------------------------------------------- timing


class PhaseTiming(Strict):
    """How one phase moves. Fractions are of the axis limits: no timing set can ask for more than the machine may do."""

    velocity_fraction: Fraction = 1.0
    acceleration_fraction: Fraction = 1.0
    jerk_fraction: Fraction = 1.0
    shaper: Literal["none", "zv", "zvd", "ei"] = "none"
    shaper_frequency_hz: Annotated[float, Field(gt=0.0, le=20.0)] | None = Field(
        default=None, description="None: from the rope length at the end of the phase"
    )
    settle_threshold_m: Positive = 0.015
    settle_dwell_s: NonNegative = 0.5
    creep_height_m: NonNegative = 0.15
    creep_speed_mps: Positive = 0.04
    overlap_s: NonNegative = Field(default=0.0, description="how early the next phase may start before this one ends")


_TOP_LIFT = (
    ("dock", "identify", "scan")
    + ("lower", "grip", "unlock", "lift_out", "traverse_to_slot", "store", "traverse_to_full", "pick")
    + ("traverse_to_truck", "rescan", "align", "insert", "lock", "pull_test", "release", "clear")
    + ("verify", "exit")
)
PHASES: dict[str, tuple[str, ...]] = {
    "top_lift": _TOP_LIFT,
    # A chassis robot meets the block from below: it raises its table where the gantry lowers its spreader.
    "chassis": tuple({"lower": "raise", "lift_out": "lower_out"}.get(name, name) for name in _TOP_LIFT),
}
"""Phase names of a swap by station kind, in order (design, section 5)."""

MECHANICAL: dict[str, tuple[str, ...]] = {
    kind: names[names.index("scan") + 1 : names.index("verify")] for kind, names in PHASES.items()
}
"""The phases that count as mechanical time (`lower` or `raise` through `clear`), by station kind."""


class TimingSet(Strict):
    """What gets tuned: one `PhaseTiming` a phase; a phase that is not named takes `default`."""

    name: Name
    title: str
    station: Name = Field(description="the station this set was made for")
    kind: Literal["top_lift", "chassis"]
    default: PhaseTiming
    phases: dict[str, PhaseTiming] = {}

    @model_validator(mode="after")
    def _known(self) -> TimingSet:
        for name in self.phases:
            if name not in MECHANICAL[self.kind]:
                raise ValueError(f"phases.{name}: unknown phase, allowed: {', '.join(MECHANICAL[self.kind])}")
        return self

    def of(self, phase: str) -> PhaseTiming:
        """The timing of a phase."""
        return self.phases.get(phase, self.default)
