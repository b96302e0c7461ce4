"""Dimensions of a station's steel structure that its model leaves open, derived from axes, reeving, slots and pack.

Site and robots share these, so that wheels are on rails and columns outside all moving parts.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.catalogue import Pack
from twin.catalogue.schema import FourRope, Mast
from twin.viewer.layout import Layout

FLIPPER_REACH_M = 0.12  # of the corner guides beyond the pack's plan
COLUMN_M = 0.28
COLUMN_CLEARANCE_M = 0.25  # between the widest load and a column
TRUCK_CLEARANCE_M = 0.60  # between the truck's side and a column: mirrors and a person
BUFFER_M = 0.15
GIRDER_WIDTH_M, GIRDER_BELOW_M, GIRDER_ABOVE_M = 0.26, 0.12, 0.28  # height below and above the sheaves
TROLLEY_RAIL_M = 0.05
HOIST_CLEARANCE_M = 0.10
CARRIAGE_WHEEL_M = 0.32  # diameter
RUNWAY_RAIL_M = 0.06
RUNWAY_DEPTH_M = 0.70
CHAIN_ASIDE_M = 0.28  # of the energy chain from the far runway beam
PIT_DEPTH_M = 1.60
PIT_SPARE_M = 0.60  # from the RGV's end of travel to the end wall
PIT_HALF_WIDTH_M = 1.45
DECK_LIP_M = 0.275  # deck between the opening and the first stored block: an opening from x -1.3 to 1.3 m
OPENING_SPARE_M = 0.14  # the opening is wider than a block on each side
PAD_INSET_M = (0.12, 0.15)  # of a pack's feet from its outline, along x and y
CAPTURE_SLOPE = 0.70  # tangent of 35 deg: slope of the corner guides


def feet_xy(pack: Pack) -> list[tuple[float, float]]:
    """A pack's four feet: front left, front right, rear left, rear right."""
    return corners(pack.size_m[0] / 2 - PAD_INSET_M[0], pack.size_m[1] / 2 - PAD_INSET_M[1])


def corners(x: float, y: float) -> list[tuple[float, float]]:
    """Points front left, front right, rear left, rear right."""
    return [(x, y), (x, -y), (-x, y), (-x, -y)]


def grip_xy(layout: Layout) -> list[tuple[float, float]]:
    """The four grips in E: near the corners of plate and pack, clear of the rope sockets."""
    x, y, _ = layout.station.end_effector.size_m
    long, wide, _ = layout.pack.size_m
    return corners(0.30 * min(x, long), 0.46 * min(y, wide))


@dataclass(frozen=True)
class Gantry:
    """An overhead gantry: heights in the world, x and y about the bay centre."""

    sheave_m: float
    near_y_m: float
    far_y_m: float
    end_x_m: tuple[float, float]  # faces of the end stops
    girder_x_m: float  # of each girder's middle from the bridge's
    carriage_m: float

    @classmethod
    def of(cls, layout: Layout) -> Gantry:
        station, pack = layout.station, layout.pack
        reeving = station.reeving
        assert isinstance(reeving, FourRope | Mast)
        half_y = max(station.end_effector.size_m[1], pack.size_m[1]) / 2 + FLIPPER_REACH_M
        aside = half_y + COLUMN_CLEARANCE_M + COLUMN_M / 2
        truck = layout.truck.outline.width_m / 2 + TRUCK_CLEARANCE_M + COLUMN_M / 2
        x, y, yaw = station.axes.x, station.axes.y, station.axes.yaw
        away = station.robots.length_m / 2 + BUFFER_M
        turn = max(abs(yaw.position_min_rad), abs(yaw.position_max_rad))
        if isinstance(reeving, FourRope):
            gap = reeving.spacing_x_m / 2 + reeving.spacing_y_m / 2 * turn + HOIST_CLEARANCE_M
        else:
            gap = 0.45
        return cls(
            reeving.sheave_height_m,
            min(y.position_min_m - aside, -truck),
            max(y.position_max_m + aside, truck),
            (x.position_min_m - away, x.position_max_m + away),
            gap + GIRDER_WIDTH_M / 2,
            station.robots.length_m,
        )

    @property
    def girder_z_m(self) -> tuple[float, float]:
        return self.sheave_m - GIRDER_BELOW_M, self.sheave_m + GIRDER_ABOVE_M

    @property
    def trolley_rail_z_m(self) -> float:
        """Top of the rails on the girders."""
        return self.girder_z_m[1] + TROLLEY_RAIL_M

    @property
    def runway_rail_z_m(self) -> float:
        """Top of the crane rails; the carriages' wheels stand on it."""
        return self.sheave_m - GIRDER_BELOW_M - 0.12

    @property
    def runway_z_m(self) -> tuple[float, float]:
        """Bottom and top of the runway beams."""
        top = self.runway_rail_z_m - RUNWAY_RAIL_M
        return top - RUNWAY_DEPTH_M, top

    @property
    def chain_z_m(self) -> float:
        """Middle of the energy chain's lower run, in its trough beside the far runway beam."""
        return self.runway_z_m[1] - 0.20

    @property
    def column_x_m(self) -> tuple[float, float]:
        return self.end_x_m[0] + COLUMN_M / 2, self.end_x_m[1] - COLUMN_M / 2


@dataclass(frozen=True)
class Pit:
    """The pit of a chassis station: cut open along its near side, y = -PIT_HALF_WIDTH_M."""

    floor_z_m: float
    end_x_m: tuple[float, float]
    half_y_m: float
    opening_x_m: tuple[float, float]
    opening_y_m: float  # half

    @classmethod
    def of(cls, layout: Layout) -> Pit:
        station, pack = layout.station, layout.pack
        half = pack.size_m[0] / 2
        x, z = station.axes.x, station.axes.z
        away = max(half, station.robots.length_m / 2) + PIT_SPARE_M
        right = [slot.x_m - half - DECK_LIP_M for slot in station.slots if slot.x_m > 0.0]
        left = [slot.x_m + half + DECK_LIP_M for slot in station.slots if slot.x_m <= 0.0]
        reach = 1.5 * half
        return cls(
            min(-PIT_DEPTH_M, z.position_min_m - 0.45),
            (x.position_min_m - away, x.position_max_m + away),
            max(PIT_HALF_WIDTH_M, pack.size_m[1] / 2 + 0.35),
            (max(left, default=-reach), min(right, default=reach)),
            pack.size_m[1] / 2 + OPENING_SPARE_M,
        )


__all__ = ["Gantry", "Pit", "corners", "feet_xy", "grip_xy"]
