"""Readings of the control software while it seats a pack: sensors and switches, never the true state."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twin.control.targets import seat_target
from twin.motion.kernels import kernel
from twin.records import FLOATING_TABLE, TPITCH, TROLL, YAW, Control, Image, X, Y, Z
from twin.sequence.heights import jam_load_of
from twin.setup.setup import SwapSetup

DECISION_S = 0.05
"""Decision period of policies and servo, 20 Hz."""
SWAY_RATE_S = 0.10
"""First-order filter of the sway sensor's derivative [estimate: two decisions]."""


class Sensed(NamedTuple):
    """One set of readings, SI units. x, y, yaw in the bay's frame; heights along the insert direction.

    Errors are the scanner's position of the guide pins at the pack's height (they lean with the truck) less the pack's
    position by the axes (for `pack_x`, `pack_y` with the measured sway).
    """

    axis_x_m: float
    axis_y_m: float
    pack_x_m: float
    pack_y_m: float
    yaw_rad: float
    tilt_x: float
    tilt_y: float
    """Lean of the pins along x and y per metre away from the seat."""
    height_m: float
    guides: float
    """Height over the length of the guide pins: below 1 the pack is on the pins, at 0 it is down."""
    sway_x_m: float
    sway_y_m: float
    sway_x_mps: float
    sway_y_mps: float
    speed_x_mps: float
    speed_y_mps: float
    speed_in_mps: float
    """Of the hoist or lift, towards the seat."""
    speed_yaw_radps: float
    load: float
    """Load cell less the hanging load, as a share of the pack's weight: -1 where the seat bears all of it."""
    axial: float
    """The same over the force that counts as a jam."""
    lateral_x: float
    lateral_y: float
    """Guide force over the limit at which an insertion is given up."""
    pads: tuple[int, int, int, int]
    frames: int
    """Number of frames of the truck's pose since the scanner began."""
    elapsed_s: float
    carried_kg: float
    rope_m: float
    """Length of the ropes; 0 where none swing."""


SENSED = np.dtype(
    [(name, np.float64) for name in Sensed._fields if name not in ("pads", "frames")]
    + [("frames", np.int64), ("pads", np.int64, 4)]
)
"""`Sensed` as a record, for kernels."""
WATCH = np.dtype(
    [
        ("world", np.int64),
        ("robot", np.int64),
        ("seat", np.int64),  # seat of its pack
        ("pack", np.int64),
        ("swings", np.int64),  # 1 under ropes or a mast
        ("jam_n", np.float64),  # departure from the carried weight that counts as a jam
        ("pin_m", np.float64),  # length of the guide pins
        ("next_tick", np.int64),  # of its next decision
        ("began_s", np.float64),
        ("looked", np.int64),  # 1: there are previous readings
        ("sway_m", np.float64, 2),  # in the previous readings
        ("rate_mps", np.float64, 2),  # of the sway, filtered
    ]
)
"""World, robot and seat to read, the time of the next decision, and the state left by the previous readings."""


def new_watch(setup: SwapSetup, robot: int, job: int, world: int) -> np.ndarray:
    """Make a (1,) WATCH of a robot and the seat of its job, in this world of its runner."""
    watch, one = np.zeros(1, WATCH), setup.jobs[job]
    watch["world"], watch["robot"], watch["seat"], watch["pack"] = world, robot, one.truck_seat, one.new_pack
    watch["swings"] = setup.params["reeving"][0] != FLOATING_TABLE
    watch["jam_n"], watch["pin_m"] = jam_load_of(setup), setup.pack.guides.pin_length_m
    return watch


@kernel
def sense(image: Image, control: Control, p: Any, watch: Any, seen: Any) -> None:
    """Take the present readings of robot and scanner into `seen`; once each decision."""
    r, s = watch.robot, p.retract
    axis, pose = image.axis_position[r], image.scan_pose[r]
    goal_x, goal_y, goal_z, goal_yaw = seat_target(p, watch.seat, pose, False)
    share = DECISION_S / (SWAY_RATE_S + DECISION_S)
    for i in range(2):
        sway = image.sway_m[r, i]
        last = watch.sway_m[i] if watch.looked == 1 else sway
        watch.rate_mps[i] += share * ((sway - last) / DECISION_S - watch.rate_mps[i])
        watch.sway_m[i] = sway
    watch.looked = 1
    sway_x, sway_y = image.sway_m[r, 0], image.sway_m[r, 1]
    carried_kg = control.carried_kg[r]
    spare_n = image.load_cell_n[r] - (p.e_mass_kg + carried_kg) * p.gravity_mps2
    height = s * (axis[Z] - goal_z)
    tilt_x, tilt_y = s * pose[TPITCH], -s * pose[TROLL]
    over = max(height, 0.0)
    x, y = goal_x - axis[X] + over * tilt_x, goal_y - axis[Y] + over * tilt_y
    seen.axis_x_m, seen.axis_y_m = x, y
    seen.pack_x_m, seen.pack_y_m = x - sway_x, y - sway_y
    seen.yaw_rad = goal_yaw - axis[YAW]
    seen.tilt_x, seen.tilt_y = tilt_x, tilt_y
    seen.height_m, seen.guides = height, height / watch.pin_m
    seen.sway_x_m, seen.sway_y_m = sway_x, sway_y
    seen.sway_x_mps, seen.sway_y_mps = watch.rate_mps[0], watch.rate_mps[1]
    seen.speed_x_mps, seen.speed_y_mps = image.axis_speed[r, X], image.axis_speed[r, Y]
    seen.speed_in_mps, seen.speed_yaw_radps = -s * image.axis_speed[r, Z], image.axis_speed[r, YAW]
    seen.load = spare_n / (carried_kg * p.gravity_mps2)
    seen.axial = spare_n / watch.jam_n
    seen.lateral_x, seen.lateral_y = (
        image.lateral_n[r, 0] / p.lateral_abort_n,
        image.lateral_n[r, 1] / p.lateral_abort_n,
    )
    for i in range(4):
        seen.pads[i] = image.seat_present[watch.seat, i]
    seen.frames = image.scan_count[r]
    seen.elapsed_s = image.clock_s - watch.began_s
    seen.carried_kg = carried_kg
    seen.rope_m = p.sheave_height_m - axis[Z] if watch.swings == 1 else 0.0


@kernel
def sense_one(worlds: Any, params: Any, watches: Any, k: int, out: Any) -> None:
    """Run `sense` by `watches[k]` into the one record of `out`."""
    n = watches[k].world
    sense(worlds[n].image, worlds[n].control, params[n], watches[k], out[0])


def sensed_of(record: np.ndarray) -> Sensed:
    """Make a `Sensed` of a (1,) SENSED array."""
    *numbers, frames, pads = record[0].item()
    values = dict(zip(SENSED.names or (), numbers, strict=False))
    return Sensed(**values, frames=frames, pads=tuple(pads.tolist()))


def as_record(seen: Sensed, out: np.ndarray) -> None:
    """Make a (1,) SENSED array of these readings."""
    values = seen._asdict()
    out[0] = tuple(values[name] for name in SENSED.names or ())
