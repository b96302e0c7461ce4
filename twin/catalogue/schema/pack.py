"""A pack: mass and size, guide sockets, coupler and lock points."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from twin.catalogue.schema.base import Name, NonNegative, Positive, Size3, Strict, Vector2, Vector3, below


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
