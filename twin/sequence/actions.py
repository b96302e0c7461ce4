"""The actions of the swap sequence, each for a whole selection of (world, robot) pairs.

They use a PLC's information: the station file, nominal pack data, measured poses and switches. All lengths in m.
"""

from __future__ import annotations

import numpy as np

from twin.records import (
    UNTIL_ACTUATED,
    UNTIL_CLEAR,
    UNTIL_DONE,
    UNTIL_DWELL,
    UNTIL_LANDED,
    UNTIL_SCANNED,
    UNTIL_SEATED,
    UNTIL_SETTLED,
    YAW,
    X,
    Y,
    Z,
    new_command,
)
from twin.sequence.building import (
    SETTLE_TIMEOUT_S,
    add_shaper,
    arc_m,
    axis_z,
    blends,
    centre,
    creep,
    creep_at_truck,
    descent_delay_s,
    inside_axes,
    new_commands,
    pack_of,
    phase_timing,
    seat_of,
    seat_targets_of,
    start_delay_s,
    until_settled,
    z_goal,
)
from twin.sequence.decisions import has_next_job
from twin.sequence.free import (
    between_packs_z,
    empty_free_over_z,
    empty_free_z,
    pack_free_over_z,
    pack_free_z,
    pack_off_z,
)
from twin.sequence.heights import (
    APPROACH_M,
    CREEP_OUT_SHARE,
    EMPTY_MARGIN_M,
    LET_OFF_M,
    TRAVEL_MARGIN_M,
    between_z,
    contact_threshold_n,
    empty_z,
    floating_head,
    jam_load_n,
    leaving_z,
    seated_load_n,
    table,
    travel_z,
)
from twin.sequence.program import Program, Selection, Start

OVERTRAVEL_M = 0.06
"""Distance beyond the contact at which moves that wait for it are aimed; arriving there means no contact."""
LEAVING = 2.0
"""Ratio of the creep speed off a seat or a pack to that onto it: there is nothing to find [estimate]."""
CLEAR_SLACK_M = 0.01
"""Margin by which a height counts as reached: an axis stops within its repeatability, perhaps short of its target."""
ZEROING_WINDOWS = 5.0
"""Windows of load cell readings to wait for: some may swing too much [chosen]."""


def dwell(seconds: str, *, zero: bool = False) -> Start:
    """Wait, empty, for a fixed time of the station file; `zero`: the load cells are zeroed meanwhile."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_command(len(selection))
        commands["until"] = UNTIL_DWELL
        commands["zero_load"] = int(zero)
        commands["load_known_from"] = empty_free_z(program, selection)
        commands["dwell_s"] = getattr(program.setup.station.times, seconds)
        commands["timeout_s"] = commands["dwell_s"] + 1.0
        return commands

    return start


def scan_truck(samples: str, *, kept: bool = False, empty: bool = False) -> Start:
    """Average `samples` frames (a field of the station's scanner) of the truck's pose; `kept`: with those before.

    The swap's first scan zeroes load cells; a rescan comes with the charged pack, or `empty` near the truck's pack.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        scanner = program.setup.station.scanner
        commands = new_command(len(selection))
        commands["until"] = UNTIL_SCANNED
        commands["scan_samples"], commands["scan_kept"] = getattr(scanner, samples), int(kept)
        commands["timeout_s"] = 3.0 * getattr(scanner, samples) / scanner.rate_hz + 2.0
        commands["load_known_from"] = empty_free_z(program, selection)
        commands["zero_load"] = int(samples == "scan_samples")
        if empty:
            commands["load_known_from"] = empty_free_over_z(program, selection, "truck_seat")
        elif samples == "rescan_samples":
            seat = "take_seat" if kept else "truck_seat"
            commands["load_known_from"] = pack_free_over_z(program, selection, seat)
            commands["carrying"] = pack_of(program, selection, "new_pack")
        return commands

    return start


def rest_of_scan(program: Program, selection: Selection) -> np.ndarray:
    """Wait for the rest of the station's scan time: safety zone check beside the measurement, and load cell zeroing."""
    scanner, times = program.setup.station.scanner, program.setup.station.times
    commands = new_command(len(selection))
    commands["until"] = UNTIL_DWELL
    commands["dwell_s"] = max(times.scan_s - scanner.scan_samples / scanner.rate_hz, 0.0)
    commands["timeout_s"] = (
        commands["dwell_s"] + 1.0 + ZEROING_WINDOWS * program.setup.station.sensors.load_cell_weighing_s
    )
    commands["zero_load"] = 2
    commands["load_known_from"] = empty_free_z(program, selection)
    return commands


def go_to_truck(phase: str) -> Start:
    """Move, empty, over (or under) the old pack's grip face, at travel height."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, False, UNTIL_SETTLED)
        goal = seat_targets_of(program, selection, "truck_seat", leaning=True)
        commands["target"][:, (X, Y, YAW)] = goal[:, (X, Y, YAW)]
        commands["blending"] = blends(program, selection, phase)
        commands["delay_s"][:, X] = start_delay_s(program, selection, phase, "truck_seat")
        add_shaper(program, selection, phase, commands, axis_z(program, selection))
        commands["load_known_from"] = empty_free_z(program, selection)
        return until_settled(program, selection, phase, commands)

    return start


def stand_ready(phase: str) -> Start:
    """Set off, empty, to above (or below) where the old pack's grip face stands in a truck parked as planned.

    Axes y and z stop where the truck may still leave; the move goes on while the truck is identified and measured.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, False, UNTIL_DWELL)
        goal = seat_targets_of(program, selection, "truck_seat", leaning=True)
        commands["target"][:, (X, Y, YAW)] = goal[:, (X, Y, YAW)]
        commands["target"][:, Z] = leaving_z(program)
        commands["delay_s"][:, X] = start_delay_s(program, selection, phase, "truck_seat")
        add_shaper(program, selection, phase, commands, commands["target"][:, Z])
        commands["load_known_from"] = empty_free_z(program, selection)
        return inside_axes(program, selection, commands)

    return start


def land(phase: str, which: str) -> Start:
    """Land, empty, on the pack that stands at `which` seat: fast, then creep until contact.

    It waits above the pack's edges until it is over the pack and calm (`twin.control.landing`).
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = new_commands(program, selection, phase, False, UNTIL_LANDED)
        goal = seat_targets_of(program, selection, which, leaning=True)
        commands["target"][:, Z] = goal[:, Z] - s * OVERTRAVEL_M
        height, speed = (creep_at_truck if which == "truck_seat" else creep)(program, selection, phase)
        commands["creep_at"] = goal[:, Z] + s * height
        commands["creep_speed_mps"] = speed
        commands["seat_z"] = goal[:, Z]
        commands["timeout_s"] += SETTLE_TIMEOUT_S
        commands["threshold"] = contact_threshold_n(program)
        commands["sway_damping"] = phase_timing(program, selection, phase)["sway_damping"]
        commands["load_known_from"] = empty_free_over_z(program, selection, which)
        commands["float_lock"] = 0
        return inside_axes(program, selection, commands)

    return start


def grip(phase: str, close: bool, which: str, pack: str | None) -> Start:
    """Close or open the grips and wait for their switches."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, False, UNTIL_ACTUATED)
        commands["grip"] = int(close)
        commands["seat"] = seat_of(program, selection, which)
        if not close and pack is not None:
            commands["carrying"] = pack_of(program, selection, pack)
        commands["timeout_s"] = program.setup.station.actuators.timeout_s
        return commands

    return start


def locks(phase: str, close: bool, which: str, pack: str) -> Start:
    """Open or close the locks of a seat and wait for their switches; with blending the robot centres meanwhile."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, True, UNTIL_ACTUATED)
        blending = blends(program, selection, phase)
        if blending.any():
            moving = commands[blending]
            centre(program, selection.where(blending), moving)
            commands[blending] = moving
        commands["lock"] = int(close)
        commands["seat"] = seat_of(program, selection, which)
        commands["carrying"] = pack_of(program, selection, pack)
        commands["timeout_s"] = program.setup.station.actuators.timeout_s
        return inside_axes(program, selection, commands)

    return start


def pass_on(
    program: Program, selection: Selection, phase: str, commands: np.ndarray, end_z: np.ndarray, beyond_z: float
) -> None:
    """Aim axis z at `end_z`; with blending on at `beyond_z`, the command done in passing `end_z`, without a stop."""
    s = program.setup.retract
    goes_on = blends(program, selection, phase) & (s * (beyond_z - end_z) > 0.0)
    commands["target"][:, Z] = np.where(goes_on, beyond_z, end_z)
    commands["until"] = np.where(goes_on, UNTIL_CLEAR, commands["until"])
    commands["threshold"] = np.where(goes_on, end_z, commands["threshold"])


def creep_out(phase: str, which: str, pack: str) -> Start:
    """Creep off the pins with a pack: over nine tenths of the creep-out height.

    They count from the height at which it was gripped. A table has raised the pack since, as it took its weight: with
    blending they count from there, where the pack still is in its seat.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = new_commands(program, selection, phase, True, UNTIL_DONE)
        start_z = program.runner.worlds["control"]["hold_height"][selection.world, selection.robot]
        if table(program):
            start_z = np.where(blends(program, selection, phase), axis_z(program, selection), start_z)
        out = start_z + s * CREEP_OUT_SHARE * program.setup.station.limits.creep_out_height_m
        pass_on(program, selection, phase, commands, out, travel_z(program))
        commands["velocity"][:, Z] = np.minimum(
            LEAVING * creep(program, selection, phase)[1], commands["velocity"][:, Z]
        )
        commands["seat"] = seat_of(program, selection, which)
        commands["carrying"] = pack_of(program, selection, pack)
        commands["inserting"] = 0
        return inside_axes(program, selection, commands)

    return start


def retract(phase: str, which: str, pack: str | None, *, home: bool = False, scans: bool = False) -> Start:
    """Move to travel height; with an overlap, only until the pack (or empty end effector) is clear.

    `scans`: if the timing set blends `rescan`, the scanner measures the relieved truck meanwhile.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = phase_timing(program, selection, phase), program.setup.retract
        loaded = pack is not None
        commands = new_commands(program, selection, phase, loaded, UNTIL_DONE)
        commands["blending"] = time["blending"]
        if home:
            goal = np.where(has_next_job(program, selection), between_z(program), program.setup.station.axes.z.home_m)
        else:
            goal = np.full(len(selection), travel_z(program) if loaded else empty_z(program))
        commands["target"][:, Z] = goal + (s * arc_m(program, selection, phase, commands) if loaded else 0.0)
        # an empty end effector is free to leave once it is clear of the packs; a loaded one only with an overlap
        overlaps = (time["overlap_s"] > 0.0) | (time["blending"] == 1)
        commands["until"] = np.where(overlaps | home, UNTIL_CLEAR, UNTIL_DONE)
        clear = goal - s * (0.8 * TRAVEL_MARGIN_M if loaded else 0.5 * EMPTY_MARGIN_M)
        if home:  # on its return it passes the packs in the slots
            onward = has_next_job(program, selection)
            near = np.full(len(selection), between_z(program))
            measured = onward & blends(program, selection, phase)
            near = np.where(measured, between_packs_z(program, selection), near) - s * CLEAR_SLACK_M
            # one that leaves the rail with blending passes below the packs, and is low before it has left the truck
            passes = onward | (blends(program, selection, phase) & (program.setup.station.robots.count > 1))
            clear = np.where(passes, near, leaving_z(program))
        commands["threshold"] = clear
        commands["seat"] = seat_of(program, selection, which)
        if pack is None:
            commands["load_known_from"] = empty_free_over_z(program, selection, which)
        else:
            commands["load_known_from"] = pack_off_z(program, selection, which)
            commands["carrying"] = pack_of(program, selection, pack)
            commands["float_lock"] = 1 if table(program) else -1
        if scans:
            samples = program.setup.station.scanner.rescan_samples
            commands["scan_samples"] = np.where(blends(program, selection, "rescan"), samples, 0)
        return inside_axes(program, selection, commands)

    return start


def traverse(phase: str, which: str, pack: str | None) -> Start:
    """Move sideways to a seat, at the present height."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, pack is not None, UNTIL_SETTLED)
        goal = seat_targets_of(program, selection, which)
        commands["target"][:, (X, Y, YAW)] = goal[:, (X, Y, YAW)]
        commands["blending"] = blends(program, selection, phase)
        commands["delay_s"][:, X] = start_delay_s(program, selection, phase, which)
        z_end = np.full(len(selection), travel_z(program) if pack is not None else empty_z(program))
        z_end = np.where(commands["blending"] == 1, z_goal(program, selection), z_end)
        add_shaper(program, selection, phase, commands, z_end)
        over_slots = which != "truck_seat"
        commands["load_known_from"] = (
            pack_free_z(program) if pack is not None else empty_free_z(program, selection, over_slots=over_slots)
        )
        commands["seat"] = seat_of(program, selection, which)
        if pack is not None:
            commands["carrying"] = pack_of(program, selection, pack)
            # a pack hangs level and still once off pins and tilted seat; a table's is locked while lowering
            commands["float_lock"] = 1 if floating_head(program) else -1
        return until_settled(program, selection, phase, commands)

    return start


def set_down(phase: str, which: str, pack: str) -> Start:
    """Set a pack down in a seat: fast, then creep until its four pads report and the load has left (or is pressed).

    With blending nothing has waited for the sway to end: a pack that sways more than the settle threshold waits over
    the guides of its seat.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = into_seat(program, selection, phase, which, pack)
        commands["blending"] = blends(program, selection, phase)
        height, speed = (creep_at_truck if which == "truck_seat" else creep)(program, selection, phase)
        commands["target"][:, Z] = commands["seat_z"] - s * OVERTRAVEL_M
        commands["creep_at"] = commands["seat_z"] + s * height
        commands["creep_speed_mps"] = speed
        commands["delay_s"][:, Z] = descent_delay_s(program, selection, phase, commands)
        if not table(program):
            settle_m = phase_timing(program, selection, phase)["settle_threshold_m"]
            commands["calm_m"] = np.where(commands["blending"] == 1, settle_m, 0.0)
            commands["sway_damping"] = phase_timing(program, selection, phase)["sway_damping"]
            commands["timeout_s"] += SETTLE_TIMEOUT_S
        return inside_axes(program, selection, commands)

    return start


def into_seat(program: Program, selection: Selection, phase: str, which: str, pack: str) -> np.ndarray:
    """(K,) commands that seat a pack, without their motion: the condition that it is seated, and their limits."""
    commands = new_commands(program, selection, phase, True, UNTIL_SEATED)
    commands["seat"] = seat_of(program, selection, which)
    commands["seat_z"] = seat_targets_of(program, selection, which)[:, Z]
    commands["carrying"] = pack_of(program, selection, pack)
    commands["inserting"] = 1
    commands["threshold"] = seated_load_n(program)
    commands["jam_below_n"] = jam_load_n(program)
    commands["load_known_from"] = pack_free_over_z(program, selection, which)
    commands["float_lock"] = 0
    return commands


def back_off(phase: str, which: str, pack: str, *, free: bool = False) -> Start:
    """Lift a pack out of a seat again, clear of its pins; `free`: until it surely touches nothing."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = new_commands(program, selection, phase, True, UNTIL_DONE)
        if free:
            commands["target"][:, Z] = pack_free_over_z(program, selection, which) + s * CLEAR_SLACK_M
        else:
            goal = seat_targets_of(program, selection, which)
            commands["target"][:, Z] = goal[:, Z] + s * (program.setup.pack.guides.pin_length_m + APPROACH_M)
        commands["velocity"][:, Z] = np.minimum(
            LEAVING * creep(program, selection, phase)[1], commands["velocity"][:, Z]
        )
        commands["seat"] = seat_of(program, selection, which)
        commands["carrying"] = pack_of(program, selection, pack)
        commands["inserting"] = 1  # guides still push while it leaves them
        commands["jam_below_n"] = np.inf
        return inside_axes(program, selection, commands)

    return start


def let_off(phase: str, which: str, *, free: bool = False, stops: bool = False) -> Start:
    """Creep, empty, off the pack that stays: past the corner guides; `free`: until nothing is touched.

    `stops`: with blending too, for one that lands again.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = new_commands(program, selection, phase, False, UNTIL_DONE)
        if free:
            commands["target"][:, Z] = empty_free_over_z(program, selection, which) + s * CLEAR_SLACK_M
        else:
            beyond = empty_z(program) if which != "truck_seat" else program.setup.station.axes.z.home_m
            off_z = axis_z(program, selection) + s * LET_OFF_M
            if stops:
                commands["target"][:, Z] = off_z
            else:
                pass_on(program, selection, phase, commands, off_z, beyond)
        commands["velocity"][:, Z] = np.minimum(
            LEAVING * creep(program, selection, phase)[1], commands["velocity"][:, Z]
        )
        commands["seat"] = seat_of(program, selection, which)
        return inside_axes(program, selection, commands)

    return start


def go_home(phase: str) -> Start:
    """Move sideways to the robot's waiting position."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, False, UNTIL_DONE)
        home_x = np.array(program.setup.station.robots.home_x_m)
        commands["target"][:, X] = home_x[selection.robot]
        commands["load_known_from"] = empty_free_z(program, selection)
        program.heading[selection.world, selection.robot] = home_x[selection.robot]
        add_shaper(program, selection, phase, commands, axis_z(program, selection))
        return inside_axes(program, selection, commands)

    return start


def nothing(program: Program, selection: Selection) -> np.ndarray:
    """Make a command that is done immediately, empty and clear of every pack."""
    commands = new_command(len(selection))
    commands["until"] = UNTIL_DWELL
    commands["load_known_from"] = empty_free_z(program, selection)
    commands["timeout_s"] = 1.0
    return commands


def settle_exit(program: Program, selection: Selection) -> np.ndarray:
    """Release the truck; its exit time is the station file's and is added to the clock, not simulated.

    From here on the monitor requires closed and checked locks.
    """
    commands = nothing(program, selection)
    commands["release_truck"] = 1
    commands["dwell_s"] = 0.5  # the monitor checks the released truck
    return commands
