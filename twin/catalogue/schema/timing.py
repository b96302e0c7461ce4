"""The phases of a swap, and a timing set: the motion parameters of each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.catalogue.schema.base import Fraction, Name, NonNegative, Positive, Strict


class PhaseTiming(Strict):
    """Motion parameters of one phase. Fractions are of the axis limits: no timing set can exceed them."""

    velocity_fraction: Fraction = 1.0
    acceleration_fraction: Fraction = 1.0
    jerk_fraction: Fraction = 1.0
    shaper: Literal["none", "zv", "zvd", "ei"] = "none"
    shaper_frequency_hz: Annotated[float, Field(gt=0.0, le=20.0)] | None = Field(
        default=None, description="null: from the rope length at the end of the phase"
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
"""Phase names of a swap by station kind, in order."""

MECHANICAL: dict[str, tuple[str, ...]] = {
    kind: names[names.index("scan") + 1 : names.index("verify")] for kind, names in PHASES.items()
}
"""The phases that count as mechanical time (`lower` or `raise` through `clear`), by station kind."""


class TimingSet(Strict):
    """The tunable parameters: one `PhaseTiming` a phase; a phase that is not named takes `default`."""

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
