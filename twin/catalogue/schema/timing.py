"""The phases of a swap, and a timing set: the motion parameters of each."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from twin.catalogue.schema.base import Fraction, Name, NonNegative, Positive, Strict

Shaper = Literal["none", "zv", "zvd", "ei", "matched"]
Hertz = Annotated[float, Field(gt=0.0, le=20.0)]


WITH_OPTIONS = {"options": True}
"""Context of a dump that names every option, set or not: what may be overridden."""


class _WithOptions(Strict):
    """A model whose options are left out of its plain form while they are off: older files and hashes lack them.

    With `WITH_OPTIONS` as the context of a dump they are all there.
    """

    _options: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_options(self, dump: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        fields = type(self).model_fields
        values: dict[str, Any] = dump(self)
        if info.context == WITH_OPTIONS:
            unset = dict.fromkeys(AxisTiming.model_fields)
            return {k: unset if v is None and k in ("x", "y", "z", "yaw") else v for k, v in values.items()}
        return {k: v for k, v in values.items() if k not in self._options or v != fields[k].default}


class AxisTiming(_WithOptions):
    """Motion parameters of one axis in a phase; what is not given is the phase's."""

    _options = ("velocity_fraction", "acceleration_fraction", "jerk_fraction", "shaper", "shaper_frequency_hz")

    velocity_fraction: Fraction | None = None
    acceleration_fraction: Fraction | None = None
    jerk_fraction: Fraction | None = None
    shaper: Shaper | None = None
    shaper_frequency_hz: Hertz | None = Field(
        default=None, description="of this axis' own shaper; null: from the rope length at the end of the phase"
    )

    @model_validator(mode="after")
    def _of_a_shaper(self) -> AxisTiming:
        if self.shaper_frequency_hz is not None and self.shaper is None:
            raise ValueError("shaper_frequency_hz: belongs to an axis' own shaper, and this axis names none")
        return self


class PhaseTiming(_WithOptions):
    """Motion parameters of one phase. Fractions are of the axis limits: no timing set can exceed them."""

    _options = ("creep_height_per_scatter", "sway_damping", "weight_share", "blending", "x", "y", "z", "yaw")

    velocity_fraction: Fraction = 1.0
    acceleration_fraction: Fraction = 1.0
    jerk_fraction: Fraction = 1.0
    shaper: Shaper = Field(default="none", description="matched: no shaper, the acceleration time is the sway's period")
    shaper_frequency_hz: Hertz | None = Field(
        default=None, description="null: from the rope length at the end of the phase"
    )
    settle_threshold_m: Positive = Field(
        default=0.015,
        description="sway up to which a move counts as settled; with blending a pack waits over its guides",
    )
    settle_dwell_s: NonNegative = 0.5
    creep_height_m: NonNegative = 0.15
    creep_speed_mps: Positive = 0.04
    creep_height_per_scatter: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        default=0.0,
        description="creep height added by what the scanner's frames of the truck scatter beyond its specification, "
        "m/m; lower, raise, insert: in rain, guides are met farther off",
    )
    sway_damping: Annotated[float, Field(ge=0.0, le=0.7)] = Field(
        default=0.0,
        description="damping ratio that axes x and y add to what hangs on ropes as it comes down, by the sway sensor, "
        "within the traverse deadband; lower, pick, and with blending store, insert",
    )
    weight_share: Annotated[float, Field(gt=0.0, le=1.0)] | None = Field(
        default=None,
        description="share of the pack's weight that hanging ropes take before the truck's locks open; unlock: what is "
        "least force depends on pack and tilt of the truck; null: 0.15; a table takes all",
    )
    overlap_s: NonNegative = Field(default=0.0, description="how early the next phase may start before this one ends")
    blending: bool = Field(
        default=False,
        description="the phase's moves follow each other without a stop; lower, raise: the robot stands ready at the "
        "truck's pack while the truck is measured; rescan: the truck is measured while the charged pack is lifted; "
        "where locks move: the robot centres on the gripped pack meanwhile",
    )
    x: AxisTiming | None = None
    y: AxisTiming | None = None
    z: AxisTiming | None = None
    yaw: AxisTiming | None = None

    @field_validator("x", "y", "z", "yaw")
    @classmethod
    def _says_something(cls, axis: AxisTiming | None) -> AxisTiming | None:
        return None if axis == AxisTiming() else axis

    @model_validator(mode="after")
    def _sways(self) -> PhaseTiming:
        for name in ("z", "yaw"):
            axis: AxisTiming | None = getattr(self, name)
            if axis is not None and axis.shaper is not None:
                raise ValueError(f"{name}.shaper: nothing sways along {name}, allowed on x and y")
        return self


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
"""Phase names of a swap by station kind, in order."""

MECHANICAL: dict[str, tuple[str, ...]] = {
    kind: names[names.index("scan") + 1 : names.index("verify")] for kind, names in PHASES.items()
}
"""The phases that count as mechanical time (`lower` or `raise` through `clear`), by station kind."""


DAMPED = ("lower", "store", "pick", "insert")
"""Phases in which what hangs on ropes comes down, and `sway_damping` acts."""


class TimingSet(_WithOptions):
    """The tunable parameters: one `PhaseTiming` a phase; a phase that is not named takes `default`."""

    _options = ("planning",)

    name: Name
    title: str
    station: Name = Field(description="the station this set was made for")
    kind: Literal["top_lift", "chassis"]
    planning: Literal["nearest", "shortest"] = Field(
        default="nearest",
        description="choice of slots and order; shortest: the least kinematic time, robots may share an exchange",
    )
    default: PhaseTiming
    phases: dict[str, PhaseTiming] = {}

    @model_validator(mode="after")
    def _known(self) -> TimingSet:
        for name in self.phases:
            if name not in MECHANICAL[self.kind]:
                raise ValueError(f"phases.{name}: unknown phase, allowed: {', '.join(MECHANICAL[self.kind])}")
        return self

    @model_validator(mode="after")
    def _hangs(self) -> TimingSet:
        """Refuse damping where it would do nothing: who wrote it expects something of it."""
        ropes = self.kind == "top_lift"
        damped = ("default", *DAMPED) if ropes else ()
        where = f"allowed: in {', '.join(DAMPED)}" if ropes else "allowed: 0, a table does not sway"
        for name, phase in {"default": self.default, **self.phases}.items():
            if phase.sway_damping and name not in damped:
                place = name if name == "default" else f"phases.{name}"
                raise ValueError(f"{place}.sway_damping: nothing comes down on ropes there, {where}")
        return self

    def of(self, phase: str) -> PhaseTiming:
        """The timing of a phase."""
        return self.phases.get(phase, self.default)
