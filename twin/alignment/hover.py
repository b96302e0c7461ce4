"""A setup at hover: the old pack stored, the new one held over (or under) its seat on the truck, swinging a little."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from twin import seeding
from twin.catalogue.schema.base import Strict
from twin.geometry import truck_point
from twin.plants.beginning import new_world, stand_pack
from twin.records import (
    EPITCH,
    EROLL,
    EX,
    EY,
    EYAW,
    EZ,
    FLOATING_TABLE,
    FOUR_ROPE,
    MAST,
    TPITCH,
    TROLL,
    TYAW,
    TZ,
    YAW,
    X,
    Y,
    Z,
)
from twin.setup.setup import SwapSetup

Length = Annotated[float, Field(ge=-0.2, le=0.2)]


class Hover(Strict):
    """Start of the episode, SI units; `job` selects the pack to be seated.

    Attributes:
        height_m: of the pack's mating face from its seat, along the insert direction.
        off_x_m, off_y_m, off_yaw_rad: of the axes from the true pose of the seat.
        sway_x_m, sway_y_m: of the hanging load from its trolley (or the floating table from its centre).
        sway_x_mps, sway_y_mps: its speed.
    """

    job: Annotated[int, Field(ge=0, le=5)] = 0
    height_m: Annotated[float, Field(ge=0.05, le=2.5)] = 0.4
    off_x_m: Length = 0.0
    off_y_m: Length = 0.0
    off_yaw_rad: Annotated[float, Field(ge=-0.05, le=0.05)] = 0.0
    sway_x_m: Length = 0.0
    sway_y_m: Length = 0.0
    sway_x_mps: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0
    sway_y_mps: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0


def hover_world(setup: SwapSetup, hover: Hover) -> np.ndarray:
    """Make a (1,) WORLD array at this start: grips closed, axes at rest, ropes or springs stretched by the load.

    What the station would know by then is set: the weight of the load, with the load cell's noise.
    """
    from twin.plants.geometry import end_effector_pose, measure_packs  # compiles on first use

    worlds = new_world(setup)
    w, p = worlds[0], setup.params[0]
    job = setup.jobs[hover.job]
    r, seat, pack, s = job.in_robot, job.truck_seat, job.new_pack, setup.retract
    w["truth"]["locked"], w["truth"]["lock_position"], w["image"]["lock_command"] = -1, 0.0, 0
    stored, on_truck = _places(setup, hover.job)
    for k, at in stored:
        stand_pack(w, p, k, at)
    rest_truck(w, p, on_truck)
    for k, at in on_truck:  # after the truck has moved on its springs
        stand_pack(w, p, k, at)

    height = float(p["pack_height_m"])
    x, y, z = truck_point(w["truth"]["truck_q"], *p["seat_xyz_m"][seat])
    q = w["truth"]["q"][r]
    q[:4] = (
        x + hover.off_x_m - hover.sway_x_m,
        y + hover.off_y_m - hover.sway_y_m,
        z + s * (hover.height_m + height),
        float(w["truth"]["truck_q"][TYAW]) + float(p["seat_yaw_rad"][seat]) + hover.off_yaw_rad,
    )
    q[:4] = np.clip(q[:4], p["axis_min"][r], p["axis_max"][r])
    kg = float(p["pack_mass_kg"][pack])
    gravity = float(p["gravity_mps2"])
    load_n = (float(p["e_mass_kg"]) + kg) * gravity
    hang(w, p, r, load_n, (hover.sway_x_m, hover.sway_y_m))
    w["truth"]["qd"][r, [EX, EY]] = hover.sway_x_mps, hover.sway_y_mps
    end_effector_pose(w["truth"], p, r)
    w["truth"]["pack_pose"][pack] = w["truth"]["e_pose"][r]
    # no rotation yet, so every point of the pack has this velocity; a table's sway is measured along its own axes
    along = float(q[YAW]) if p["reeving"] == FLOATING_TABLE else 0.0
    c, s_ = math.cos(along), math.sin(along)
    w["truth"]["pack_twist"][pack, 0] = c * hover.sway_x_mps - s_ * hover.sway_y_mps
    w["truth"]["pack_twist"][pack, 1] = s_ * hover.sway_x_mps + c * hover.sway_y_mps
    hold(w, p, r, pack, load_n)
    noise = float(p["load_sigma_n"]) * float(seeding.stream(setup.seed, "weighing").standard_normal())
    w["control"]["carried_kg"][r] = kg + noise / gravity
    measure_packs(w["truth"], p)
    w["image"]["axis_position"] = w["truth"]["q"][:, :4]
    return worlds


def _places(setup: SwapSetup, job: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(pack, seat) of every pack that stands in a slot, and on the truck, while a robot is at `job`.

    That robot has done its earlier jobs; no other robot has begun.
    """
    stored, on_truck = [], []
    for i, each in enumerate(setup.jobs):
        done = each.in_robot == setup.jobs[job].in_robot and i < job
        if done or i == job:
            stored.append((each.old_pack, each.put_seat))
        else:
            stored.append((each.new_pack, each.take_seat))
            on_truck.append((each.old_pack, each.truck_seat))
        if done:
            on_truck.append((each.new_pack, each.truck_seat))
    return stored, on_truck


def hang(w: Any, p: Any, r: int, load_n: float, sway_m: tuple[float, float]) -> None:
    """Set the end effector's joints level, as `load_n` stretches its ropes or springs, offset from its carrier."""
    q, (aside_x, aside_y) = w["truth"]["q"][r], sway_m
    q[[EX, EY, EYAW, EPITCH, EROLL]] = aside_x, aside_y, 0.0, 0.0, 0.0
    if p["reeving"] == FLOATING_TABLE:
        q[EZ] = -load_n / p["e_stiffness"][2]
    else:
        rope = float(p["sheave_height_m"]) - q[Z]
        give = load_n / p["e_stiffness"][2] if p["reeving"] == MAST else load_n * rope / (4.0 * p["rope_ea_n"])
        aside = aside_x**2 + aside_y**2 if p["reeving"] == FOUR_ROPE else 0.0
        q[EZ] = -math.sqrt((rope + give) ** 2 - aside)
        q[EYAW] = q[YAW]


def hold(w: Any, p: Any, r: int, pack: int, load_n: float) -> None:
    """Stand robot `r` at its `q`, with the pack in closed grips."""
    w["truth"]["held"][r] = w["monitor"]["previous_held"][r] = pack
    (
        w["truth"]["grip_position"][r],
        w["image"]["grip_command"][r],
        w["image"]["grip_closed"][r],
        w["image"]["grip_open"][r],
    ) = 1.0, 1, 1, 0
    stand_robot(w, r, load_n)


def stand_robot(w: Any, r: int, load_n: float) -> None:
    """Stand robot `r` at its `q`, consistently for its control software."""
    q = w["truth"]["q"][r]
    w["image"]["reference"][r] = 0.0
    w["image"]["reference"][r, :, 0] = q[:4]
    w["image"]["profile"][r, :, 1, 0] = q[:4]
    w["image"]["load_cell_n"][r] = w["image"]["load_raw_n"][r] = w["truth"]["load_n"][r] = load_n
    w["control"]["hold_height"][r] = w["control"]["hold_deepest"][r] = q[Z]
    w["control"]["low_xy"][r], w["monitor"]["watch_xy"][r] = q[[X, Y]], q[[X, Y]]


def rest_truck(w: Any, p: Any, packs: list[tuple[int, int]]) -> None:
    """Put the truck with these (pack, seat) at its equilibrium on the springs, at rest.

    Statics of a beam on two springs: the axles' forces from weight and moment, heave and pitch from their deflections;
    roll from the packs' moment alone. The loss of roll stiffness to gravity is left to the physics.
    """
    g = float(p["gravity_mps2"])
    kg, moment, aside = float(p["truck_sprung_kg"]), float(p["truck_sprung_kg"] * p["truck_com"][0]), 0.0
    for pack, seat in packs:
        m, (cx, cy) = float(p["pack_mass_kg"][pack]), p["pack_com"][pack, :2]
        kg += m
        moment += m * float(p["seat_xyz_m"][seat, 0] + cx)
        aside += m * float(p["seat_xyz_m"][seat, 1] + cy)
    front_m, rear_m = (float(v) for v in p["truck_axle_x_m"])
    front_n = (moment - kg * rear_m) / (front_m - rear_m) * g
    force = np.array([front_n, kg * g - front_n])
    rise = (p["truck_axle_preload_n"] - force) / p["truck_axle_stiffness"]  # each axle over its parked height
    pitch = -float(rise[0] - rise[1]) / (front_m - rear_m)
    roll = (float(p["truck_roll_preload_nm"]) - aside * g) / float(p["truck_axle_roll_stiffness"].sum())
    w["truth"]["truck_q"][TZ] = p["truck_park"][TZ] + float(rise[0]) + front_m * pitch
    w["truth"]["truck_q"][TPITCH] = p["truck_park"][TPITCH] + pitch
    w["truth"]["truck_q"][TROLL] = p["truck_park"][TROLL] + roll
    w["sensors"]["truck_history"][:] = w["truth"]["truck_q"]
