"""Positions of a truck's parts: from the catalogue's numbers, and usual proportions otherwise."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from twin.catalogue import Pack, Truck

WHEEL_RADIUS_M = 0.50
"""Loaded radius of a 12R22.5 tyre."""
SINGLE_WIDTH_M, DUAL_WIDTH_M = 0.30, 0.58
BOGIE_M = 1.35
"""Distance between the two axles of a bogie."""
STEERED_PAIR_M = 1.80
"""Distance between the two steered axles of an 8x4."""
ARCH_RADIUS_M = 0.57
"""Radius of mudguards and wheel arches: the body may settle 60 mm onto its springs."""
SINGLE_FRONT_KG, SINGLE_REAR_KG = 8500.0, 13000.0
"""A load above this on the front or rear axle means two axles, if the title does not say."""

RAIL_Y_M, RAIL_WIDTH_M, RAIL_HEIGHT_M = 0.40, 0.08, 0.25
"""Frame rails: centre, width, height."""
PAD_M = 0.012
"""Height of the pads between a seat's plane and its beams."""

TRAILER_HALF_WIDTH_M = 1.25
TRAILER_CLEARANCE_M = 0.30
"""Clearance between a turning trailer's front corners and the tractor's superstructure."""
TRAILER_OVERHANG_M = 1.40
"""Overhang ahead of the kingpin, if there is room."""
BEHIND_CAB_M = 0.52
"""Depth of the cabinet behind the cab of trucks with packs under the frame."""


@dataclass(frozen=True)
class Wheels:
    """One axle: position, width of its wheels, steered or driven."""

    x_m: float
    dual: bool

    @property
    def width_m(self) -> float:
        return DUAL_WIDTH_M if self.dual else SINGLE_WIDTH_M

    @property
    def span_m(self) -> tuple[float, float]:
        """Rearmost and foremost point under its arches."""
        return self.x_m - ARCH_RADIUS_M, self.x_m + ARCH_RADIUS_M


@dataclass(frozen=True)
class TruckPlan:
    """A truck with its real axles, and the room for its trailer."""

    truck: Truck
    pack: Pack

    @property
    def axles(self) -> tuple[Wheels, ...]:
        """From front to rear. The suspension models a pair as one axle; here each is separate."""
        truck = self.truck
        front, rear = axle_counts(truck)
        steered = [truck.front_axle.x_m + d for d in _about(front, STEERED_PAIR_M)]
        driven = [truck.rear_axle.x_m + d for d in _about(rear, BOGIE_M)]
        return (*(Wheels(x, dual=False) for x in steered), *(Wheels(x, dual=True) for x in driven))

    @property
    def back_of_cab(self) -> bool:
        return self.truck.mount == "back_of_cab"

    @property
    def half_width_m(self) -> float:
        return self.truck.outline.width_m / 2.0

    @property
    def body_front_x_m(self) -> float:
        """Foremost point for anything behind packs and cab."""
        if self.back_of_cab:
            return min(x for x, _, _ in self.truck.seats_xyz_m) - self.pack.size_m[0] / 2.0 - TRAILER_CLEARANCE_M
        return self.truck.outline.cab_rear_x_m - BEHIND_CAB_M - TRAILER_CLEARANCE_M

    @property
    def kingpin_x_m(self) -> float:
        return self.truck.rear_axle.x_m

    @property
    def trailer_front_x_m(self) -> float:
        """Foremost point for the trailer: its corners clear pack and cab at any angle."""
        reach = self.body_front_x_m - self.kingpin_x_m
        overhang = math.sqrt(max(reach**2 - TRAILER_HALF_WIDTH_M**2, 0.3**2))
        return self.kingpin_x_m + min(overhang, TRAILER_OVERHANG_M)

    @property
    def widest_gap_m(self) -> tuple[float, float]:
        """Rear and front end of the longest free stretch between two axles' arches."""
        axles = self.axles
        gaps = [(b.span_m[1], a.span_m[0]) for a, b in zip(axles, axles[1:], strict=False)]
        return max(gaps, key=lambda gap: gap[1] - gap[0])


def axle_counts(truck: Truck) -> tuple[int, int]:
    """Number of front and rear axles: from "8x4" and the like in title or name, else from the load on them."""
    found = re.search(r"\b(4|6|8|10)x[246]\b", f"{truck.title} {truck.name}".replace("_", " "))
    if found:
        count = int(found[1]) // 2
        steered = 2 if count > 3 else 1
        return steered, count - steered
    base = truck.front_axle.x_m - truck.rear_axle.x_m
    on_front_kg = truck.sprung_mass_kg * (truck.sprung_com_m[0] - truck.rear_axle.x_m) / base
    on_rear_kg = truck.sprung_mass_kg - on_front_kg
    return 1 + (on_front_kg > SINGLE_FRONT_KG), 1 + (on_rear_kg > SINGLE_REAR_KG)


def _about(count: int, pitch_m: float) -> list[float]:
    """Offsets of `count` axles about their middle, the foremost first."""
    return [pitch_m * ((count - 1) / 2.0 - i) for i in range(count)]
