"""Timing's observation: the control software's knowledge when a robot requests a decision for its next phase."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from envs.scaling import Quantity, Scaler
from twin.catalogue.schema import MECHANICAL, FourRope, Mast
from twin.conditions import CONDITIONS, parts
from twin.records import YAW, X, Y, Z
from twin.sequence.building import seat_targets_of
from twin.sequence.heights import empty_z, travel_z
from twin.sequence.program import DecisionRequest, Program, Selection

Array = np.ndarray
PHASES = MECHANICAL["top_lift"]
"""Phases by index; at a chassis station raise has the index of lower, lower_out that of lift_out."""
HANGING = {
    **dict.fromkeys(("grip", "unlock", "lift_out"), "nominal"),
    **dict.fromkeys(("traverse_to_slot", "store", "traverse_to_truck", "rescan", "align"), "weighed"),
    **dict.fromkeys(("insert", "lock", "pull_test", "release"), "weighed"),
}
"""Mass of the pack on the robot known to the control software as a phase begins; no pack in the other phases."""

OBSERVATION = (
    *(Quantity(f"phase_{name}", "-", 1.0, 0.0, 1.0, "1 where this phase is asked for") for name in PHASES),
    Quantity("way_x", "m", 5.0, -2.0, 2.0, "of axis x in the phase, target less position"),
    Quantity("way_y", "m", 3.0, -2.0, 2.0, "of axis y"),
    Quantity("way_z", "m", 3.0, -2.0, 2.0, "of axis z; pick: down to the pack"),
    Quantity("way_yaw", "rad", 0.05, -2.0, 2.0, "of the yaw axis"),
    Quantity("rope_start", "m", 4.0, 0.0, 2.0, "length of the ropes now; 0 where none swing"),
    Quantity("rope_move", "m", 4.0, 0.0, 2.0, "during the sideways move: what the shaper's natural frequency is of"),
    Quantity("rope_end", "m", 4.0, 0.0, 2.0, "at the end of the phase"),
    Quantity("mass", "kg", 4000.0, 0.0, 2.0, "of the pack on the robot: as weighed, nominal before; 0 without one"),
    Quantity("pack_mass", "kg", 4000.0, 0.0, 2.0, "of such a pack, nominal"),
    Quantity("truck_x", "m", 0.1, -2.0, 2.0, "by the scanner: ahead of its place"),
    Quantity("truck_y", "m", 0.1, -2.0, 2.0, "by the scanner: left of it"),
    Quantity("truck_yaw", "rad", 0.03, -2.0, 2.0, "by the scanner, left positive"),
    Quantity("truck_z", "m", 0.05, -2.0, 2.0, "by the scanner: over its nominal height"),
    Quantity("truck_pitch", "rad", 0.03, -2.0, 2.0, "by the scanner, nose down positive"),
    Quantity("truck_roll", "rad", 0.03, -2.0, 2.0, "by the scanner, right down positive"),
    Quantity("sway_x", "m", 0.02, -2.0, 2.0, "of the load from its trolley now, or of the table from its middle"),
    Quantity("sway_y", "m", 0.02, -2.0, 2.0, "the same across"),
    Quantity("load", "N", 40_000.0, -1.0, 2.0, "load cell"),
    Quantity("clear", "-", 1.0, 0.0, 1.0, "1 by clear day"),
    Quantity("night", "-", 1.0, 0.0, 1.0, "1 by night"),
    Quantity("rain", "-", 1.0, 0.0, 1.0, "1 in rain"),
    Quantity("guided", "-", 1.0, 0.0, 1.0, "1 where the truck was parked between rails"),
    Quantity("robot_progress", "-", 1.0, 0.0, 1.0, "share of this robot's phases that lie behind it"),
    Quantity("swap_progress", "-", 1.0, 0.0, 1.0, "the same of all robots"),
    Quantity("elapsed", "s", 150.0, 0.0, 3.0, "since the first mechanical phase began"),
)
OBSERVATION_V1 = (
    *OBSERVATION,
    Quantity("scan_scatter", "m", 0.01, 0.0, 2.0, "of the scanner's frames of the truck about their mean, x and y"),
)
"""Timing-v1's: what rain and night do to this measurement is known better than by their names."""
_SCALERS = {len(quantities): Scaler(quantities) for quantities in (OBSERVATION, OBSERVATION_V1)}


def place_of(phase: str, kind: str) -> int:
    """Index of a mechanical phase, the same at both kinds of station."""
    return MECHANICAL[kind].index(phase)


def rope_m(program: Program, z_m: float) -> float:
    """Length of the ropes with axis z at `z_m`; 0 where nothing hangs on ropes."""
    reeving = program.setup.station.reeving
    return reeving.sheave_height_m - z_m if isinstance(reeving, FourRope) else 0.0


def natural_hz(program: Program, ask: DecisionRequest) -> float:
    """Natural frequency of the load during the sideways move of a phase; NaN where nothing sways."""
    reeving = program.setup.station.reeving
    if isinstance(reeving, FourRope):
        length_m = rope_m(program, move_z(program, ask))
        gravity = float(program.runner.params["gravity_mps2"][ask.world])
        return math.sqrt(gravity / length_m) / (2.0 * math.pi)
    return reeving.frequency_hz if isinstance(reeving, Mast) else math.nan


def move_z(program: Program, ask: DecisionRequest) -> float:
    """Position of axis z at which the sequence moves sideways in the phase; the current one if it does not, m."""
    name = PHASES[place_of(ask.phase, program.setup.station.kind)]
    if name in ("traverse_to_slot", "traverse_to_truck", "align"):
        return travel_z(program)
    if name == "traverse_to_full":
        return empty_z(program)
    return float(program.runner.worlds["image"]["axis_position"][ask.world, ask.robot, Z])


def ways(program: Program, ask: DecisionRequest) -> Array:
    """Way (4,) of x, y, z (m) and yaw (rad) from here to the end of the phase, as known to the control software."""
    name = PHASES[place_of(ask.phase, program.setup.station.kind)]
    here = program.runner.worlds["image"]["axis_position"][ask.world, ask.robot]
    selection = Selection(np.array([ask.world]), np.array([ask.robot]), np.array([ask.job]))
    way = np.zeros(4)
    seat = {
        **{"lower": "truck_seat", "traverse_to_truck": "truck_seat", "align": "truck_seat", "insert": "truck_seat"},
        **{"traverse_to_slot": "put_seat", "store": "put_seat", "traverse_to_full": "take_seat", "pick": "take_seat"},
    }.get(name)
    if seat is not None:
        goal = seat_targets_of(program, selection, seat, leaning=name in ("lower", "pick"))[0]
        axes = [Z] if name in ("store", "insert", "pick") else [X, Y, YAW]
        way[axes] = (goal - here)[axes]
        if name == "lower":
            way[Z] = goal[Z] - here[Z]
    if name == "lift_out":
        way[Z] = travel_z(program) - here[Z]
    elif name == "traverse_to_full":
        way[Z] = empty_z(program) - here[Z]
    elif name == "clear":
        way[Z] = program.setup.station.axes.z.home_m - here[Z]
    return way


def progress(program: Program, world: int, robot: int) -> float:
    """Share of a robot's phases that have begun before now."""
    queue = program.queue[robot]
    if program.finished[world, robot] or not queue:
        return 1.0
    phase = program.table[int(program.step[world, robot])].phase
    done = program.phase_column.get(phase, 0 if program.place[world, robot] == 0 else len(PHASES))
    return min((float(program.place[world, robot]) * len(PHASES) + done) / (len(queue) * len(PHASES)), 1.0)


def scan_scatter_m(program: Program, world: int, robot: int) -> float:
    """Scatter of the truck's measured x and y about their mean, m; the first robot's where this one took no frames."""
    variance_m2 = program.runner.worlds["image"]["scan_variance_m2"][world]
    return math.sqrt(float(variance_m2[robot] or variance_m2[0]))


def elapsed_s(program: Program, world: int) -> float:
    """Time since the first mechanical phase of a world's swap began, s; 0 before."""
    started = [span.start_s for span in program.spans[world] if span.name in program.phase_column]
    return program.time_s(world) - min(started) if started else 0.0


def observe(
    program: Program, ask: DecisionRequest, since_s: float, quantities: Sequence[Quantity] = OBSERVATION
) -> Array:
    """Return the scaled observation (Q,) float32 of a decision request; `since_s`: since the first mechanical phase.

    `quantities`: `OBSERVATION` or `OBSERVATION_V1`.
    """
    n, r, setup = ask.world, ask.robot, program.setup
    w, place = program.runner.worlds[n], place_of(ask.phase, setup.station.kind)
    name = PHASES[place]
    way, z_now = ways(program, ask), float(w["image"]["axis_position"][r, Z])
    weighed = float(w["control"]["carried_kg"][r])
    mass = {"nominal": setup.pack.mass_kg, "weighed": weighed}.get(HANGING.get(name, ""), 0.0)
    pose = program.truck_pose[n, r]
    robots = [robot for robot in range(program.step.shape[1]) if program.queue[robot]]
    docking, seen_in = setup.docking, parts(setup.variation.conditions)
    values = [
        *(float(i == place) for i in range(len(PHASES))),
        *way.tolist(),
        rope_m(program, z_now),
        rope_m(program, move_z(program, ask)),
        rope_m(program, z_now + float(way[Z])),
        mass,
        setup.pack.mass_kg,
        *pose.tolist(),
        *w["image"]["sway_m"][r].tolist(),
        float(w["image"]["load_cell_n"][r]),
        *(float(one in seen_in) for one in CONDITIONS),
        float(setup.parking == "guided" if docking is None else docking.guided),
        progress(program, n, r),
        sum(progress(program, n, robot) for robot in robots) / len(robots),
        since_s,
        scan_scatter_m(program, n, r),
    ]
    return _SCALERS[len(quantities)].scaled(values[: len(quantities)])
