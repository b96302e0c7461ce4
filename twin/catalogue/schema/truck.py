"""A truck: its seats, its body on two axles, its outline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.catalogue.schema.base import Coordinate, Name, Positive, Ratio, Size3, Strict, Vector3
from twin.catalogue.schema.driving import Driving


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
    driving: Driving | None = Field(default=None, description="for driving in; without it the truck only stands")

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
        self._check_driving()
        outline = self.outline
        if not outline.frame_rear_x_m < outline.cab_rear_x_m < outline.cab_front_x_m:
            raise ValueError(
                f"outline: frame_rear_x_m {outline.frame_rear_x_m:g}, cab_rear_x_m {outline.cab_rear_x_m:g} and "
                f"cab_front_x_m {outline.cab_front_x_m:g} must rise in this order"
            )
        return self

    def _check_driving(self) -> None:
        """Check that the body holds the kingpin load, and that the outline shows a pulled trailer."""
        trailer = self.driving.trailer if self.driving else None
        if self.driving and (trailer is not None) != (self.outline.body == "semi_trailer"):
            raise ValueError(
                f"driving.trailer and outline.body {self.outline.body!r} cannot be combined: "
                "a semi_trailer has both, other trucks neither"
            )
        if trailer is None:
            return
        if trailer.kingpin_load_kg >= self.sprung_mass_kg:
            raise ValueError(
                f"driving.trailer.kingpin_load_kg {trailer.kingpin_load_kg:g} must be below sprung_mass_kg "
                f"{self.sprung_mass_kg:g}, which holds it"
            )
        if trailer.kingpin_load_kg >= trailer.mass_kg:
            raise ValueError(
                f"driving.trailer.kingpin_load_kg {trailer.kingpin_load_kg:g} must be below mass_kg {trailer.mass_kg:g}"
            )
