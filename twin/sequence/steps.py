"""The actions of the swap sequence, each for a whole selection of (world, robot) pairs at once.

They know what a PLC knows: the station file, nominal pack data, measured poses and switches. All lengths in m.
"""

from __future__ import annotations

import numpy as np

from twin.catalogue.schema import FloatingTable, FourRope, Mast
from twin.motion.shaper import NONE
from twin.plants.state import (
    DONE,
    REFUSED,
    TIMEOUT,
    UNTIL_ACTUATED,
    UNTIL_CLEAR,
    UNTIL_DONE,
    UNTIL_DWELL,
    UNTIL_LANDED,
    UNTIL_LOAD_ABOVE,
    UNTIL_LOAD_BELOW,
    UNTIL_NEAR,
    UNTIL_SCANNED,
    UNTIL_SEATED,
    UNTIL_SETTLED,
    YAW,
    Z,
    X,
    Y,
    new_command,
)
from twin.sequence.program import Program, Selection
from twin.sequence.targets import targets

MOVE_TIMEOUT_S = 60.0
SETTLE_TIMEOUT_S = 90.0
TRAVEL_MARGIN_M = 0.03
"""A carried pack travels this far beyond the clearance height."""
EMPTY_MARGIN_M = 0.15
"""An empty end effector travels this far beyond the grip faces of the packs in the slots."""
PARKING_HEIGHT_M = 0.10
"""How much a truck's seats may stand higher or lower than nominal: parking, rebound and pitch [estimate]."""
OVERTRAVEL_M = 0.06
"""Moves that wait for contact aim this far beyond it; arriving there means that it did not come."""
FORCE_SPEED = 0.4
"""Moves that wait for a load run at this fraction of the creep speed: stopping must not overshoot the load by much."""
LEAVING = 2.0
"""Off a seat or a pack an axis creeps this much faster than onto it: there is nothing to find [estimate]."""
PULL_TRAVEL_M = 0.12
"""The pull test and the pretension may move this far: the truck's springs follow the load."""
LET_OFF_M = 0.07
"""Past the corner guides (40 mm capture at 35 deg reach 57 mm)."""
APPROACH_M = 0.02
"""Clear of the lead-in: below this over the pin tips the pack is no longer free to move sideways."""


def _limits(program: Program, selection: Selection, phase: str, loaded: bool, until: int) -> np.ndarray:
    """(K,) commands with the phase's velocity, acceleration, jerk and shaper filled in, no targets yet."""
    commands = new_command(len(selection))
    axes = program.cell.station.axes
    time = program.timing[selection.world, program.phase_column[phase]]
    suffix = "" if loaded else "_empty"
    for k, axis in enumerate((axes.x, axes.y, axes.z, axes.yaw)):
        unit = ("_mps", "_mps2", "_mps3") if k != YAW else ("_radps", "_radps2", "_radps3")
        commands["velocity"][:, k] = getattr(axis, f"velocity{suffix}{unit[0]}") * time["velocity_fraction"]
        commands["acceleration"][:, k] = getattr(axis, f"acceleration{suffix}{unit[1]}") * time["acceleration_fraction"]
        commands["jerk"][:, k] = getattr(axis, f"jerk{unit[2]}") * time["jerk_fraction"]
    commands["until"] = until
    commands["timeout_s"] = MOVE_TIMEOUT_S
    return commands


def _time(program: Program, selection: Selection, phase: str) -> np.ndarray:
    return program.timing[selection.world, program.phase_column[phase]]


def _shape(program: Program, selection: Selection, phase: str, commands: np.ndarray, z_end: np.ndarray) -> None:
    """Fill in the shaper of x and y: at the timing set's frequency, or that of the rope length at `z_end`."""
    time = _time(program, selection, phase)
    reeving = program.cell.station.reeving
    gravity = program.plant.params["gravity_mps2"][selection.world]
    if isinstance(reeving, FourRope):
        natural = np.sqrt(gravity / (reeving.sheave_height_m - z_end)) / (2 * np.pi)
        commands["shaper_zeta"] = reeving.sway_damping_ratio
    elif isinstance(reeving, Mast):
        natural = np.full(len(selection), reeving.frequency_hz)
        commands["shaper_zeta"] = reeving.damping_ratio
    else:
        natural = np.full(len(selection), np.nan)
    frequency = np.where(np.isnan(time["shaper_hz"]), natural, time["shaper_hz"])
    for k in (X, Y):
        commands["shaper"][:, k] = np.where(np.isnan(frequency), NONE, time["shaper"])
        commands["shaper_hz"][:, k] = np.nan_to_num(frequency)


def _seats(program: Program, selection: Selection, which: str) -> np.ndarray:
    """Seat index of each selection's job: `truck_seat`, `put_seat` or `take_seat`."""
    return np.array([getattr(program.cell.jobs[j], which) for j in selection.job], np.int64)


def _packs(program: Program, selection: Selection, which: str) -> np.ndarray:
    return np.array([getattr(program.cell.jobs[j], which) for j in selection.job], np.int64)


def _targets(program: Program, selection: Selection, which: str, *, leaning: bool = False) -> np.ndarray:
    pose = program.truck_pose[selection.world, selection.robot]
    return targets(
        program.plant.params, selection.world, _seats(program, selection, which), pose, leaning=leaning
    )


def _z(program: Program, selection: Selection) -> np.ndarray:
    """Position of axis z as its encoder reads."""
    return program.plant.worlds["axis_position"][selection.world, selection.robot, Z]


def _clip(program: Program, selection: Selection, commands: np.ndarray) -> np.ndarray:
    """Keep targets inside the axes; a NaN stays one."""
    params = program.plant.params
    low = params["axis_min"][selection.world, selection.robot]
    high = params["axis_max"][selection.world, selection.robot]
    commands["target"] = np.clip(commands["target"], low, high)
    return commands


def weight_n(program: Program, *, pack: float = 0.0) -> float:
    """Nominal weight on the load cell: the end effector and `pack` times a pack."""
    gravity = float(program.plant.params["gravity_mps2"][0])
    return (program.cell.station.end_effector.mass_kg + pack * program.cell.pack.mass_kg) * gravity


def retract_sign(program: Program) -> float:
    return program.cell.retract


def table(program: Program) -> bool:
    """Whether packs stand on the end effector instead of hanging from it."""
    return isinstance(program.cell.station.reeving, FloatingTable)


def travel_z(program: Program) -> float:
    """Position of axis z at which a carried pack may traverse."""
    s, height = program.cell.retract, program.cell.pack.size_m[2]
    return program.cell.station.limits.clearance_height_m + s * (height + TRAVEL_MARGIN_M)


def empty_z(program: Program) -> float:
    """Position of axis z at which the empty end effector passes the packs in the slots."""
    s, height = program.cell.retract, program.cell.pack.size_m[2]
    slots = [slot.z_m + s * height for slot in program.cell.station.slots]
    furthest = max(slots) if s > 0 else min(slots)
    return furthest + s * EMPTY_MARGIN_M


def leaving_z(program: Program) -> float:
    """Position of axis z at which the empty end effector has left the truck's way and passes the packs in the slots."""
    clearance = program.cell.station.limits.clearance_height_m
    if program.cell.retract > 0:
        return max(empty_z(program), clearance + EMPTY_MARGIN_M)
    return min(empty_z(program), clearance)


def between_z(program: Program) -> float:
    """Position of axis z at which the empty end effector passes from one of the truck's packs to the next."""
    s, height = program.cell.retract, program.cell.pack.size_m[2]
    seats = [seat.xyz_m[2] + s * height for seat in program.cell.seats if seat.on_truck]
    return (max(seats) if s > 0 else min(seats)) + s * (EMPTY_MARGIN_M + PARKING_HEIGHT_M)


def has_next_job(program: Program, selection: Selection) -> np.ndarray:
    """Whether the robot has another job after the present one."""
    return np.array(
        [
            program.place[n, r] + 1 < len(program.queue[r])
            for n, r in zip(selection.world, selection.robot, strict=True)
        ],
        bool,
    )


def no_next_job(program: Program, selection: Selection) -> np.ndarray:
    return ~has_next_job(program, selection)


def contact_threshold_n(program: Program) -> float:
    """Load cell value that tells an empty end effector's contact: ropes half slack, or a table that pushes."""
    return 0.5 * weight_n(program) if not table(program) else weight_n(program) + 0.3 * weight_n(program, pack=1.0)


# ------------------------------------------------------------------------------------------------- the actions


def dwell(seconds: str):  # type: ignore[no-untyped-def]
    """Wait for a fixed time of the station file."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_command(len(selection))
        commands["until"] = UNTIL_DWELL
        commands["dwell_s"] = getattr(program.cell.station.times, seconds)
        commands["timeout_s"] = commands["dwell_s"] + 1.0
        return commands

    return start


def scan_truck(samples: str):  # type: ignore[no-untyped-def]
    """Average `samples` frames (a field of the station's scanner) of the truck's pose."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        scanner = program.cell.station.scanner
        commands = new_command(len(selection))
        commands["until"] = UNTIL_SCANNED
        commands["scan_samples"] = getattr(scanner, samples)
        commands["timeout_s"] = 3.0 * getattr(scanner, samples) / scanner.rate_hz + 2.0
        if samples == "rescan_samples":
            commands["carrying"] = _packs(program, selection, "new_pack")
        return commands

    return start


def rest_of_scan(program: Program, selection: Selection) -> np.ndarray:
    """Wait out the station's scan time: safety zone check beside the measurement."""
    scanner, times = program.cell.station.scanner, program.cell.station.times
    commands = new_command(len(selection))
    commands["until"] = UNTIL_DWELL
    commands["dwell_s"] = max(times.scan_s - scanner.scan_samples / scanner.rate_hz, 0.0)
    commands["timeout_s"] = commands["dwell_s"] + 1.0
    return commands


def go_to_truck(phase: str):  # type: ignore[no-untyped-def]
    """Empty, over (or under) the old pack's grip face, at travel height."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = _limits(program, selection, phase, False, UNTIL_SETTLED)
        goal = _targets(program, selection, "truck_seat", leaning=True)
        commands["target"][:, (X, Y, YAW)] = goal[:, (X, Y, YAW)]
        _shape(program, selection, phase, commands, _z(program, selection))
        return _settle(program, selection, phase, commands)

    return start


def _settle(program: Program, selection: Selection, phase: str, commands: np.ndarray) -> np.ndarray:
    """Wait until arrived and calm; with an overlap, only until the next move may begin."""
    time = _time(program, selection, phase)
    overlaps = time["overlap_s"] > 0.0
    commands["until"] = np.where(overlaps, UNTIL_NEAR, UNTIL_SETTLED)
    commands["threshold"] = np.where(overlaps, time["overlap_s"], time["settle_threshold_m"])
    commands["dwell_s"] = time["settle_dwell_s"]
    commands["timeout_s"] = SETTLE_TIMEOUT_S
    return _clip(program, selection, commands)


def land(phase: str, which: str):  # type: ignore[no-untyped-def]
    """Empty, onto the pack that stands at `which` seat: fast, then creep until contact."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        commands = _limits(program, selection, phase, False, UNTIL_LANDED)
        goal = _targets(program, selection, which, leaning=True)
        commands["target"][:, Z] = goal[:, Z] - s * OVERTRAVEL_M
        commands["creep_at"] = goal[:, Z] + s * time["creep_height_m"]
        commands["creep_speed_mps"] = time["creep_speed_mps"]
        commands["threshold"] = contact_threshold_n(program)
        commands["float_lock"] = 0
        return _clip(program, selection, commands)

    return start


def grip(phase: str, close: bool, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Close or open the grips and wait for their switches."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = _limits(program, selection, phase, False, UNTIL_ACTUATED)
        commands["grip"] = int(close)
        commands["seat"] = _seats(program, selection, which)
        if not close:
            commands["carrying"] = _packs(program, selection, pack)
        commands["timeout_s"] = program.cell.station.actuators.timeout_s
        return commands

    return start


def take_weight(phase: str, which: str, pack: str, fraction: float):  # type: ignore[no-untyped-def]
    """Take `fraction` of the pack's weight off its locks before they open (upwards in both kinds of station)."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time = _time(program, selection, phase)
        commands = _limits(program, selection, phase, True, UNTIL_LOAD_ABOVE)
        commands["target"][:, Z] = _z(program, selection) + PULL_TRAVEL_M
        commands["velocity"][:, Z] = FORCE_SPEED * time["creep_speed_mps"]
        commands["threshold"] = weight_n(program, pack=fraction)
        commands["seat"] = _seats(program, selection, which)
        commands["carrying"] = _packs(program, selection, pack)
        return _clip(program, selection, commands)

    return start


def locks(phase: str, close: bool, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Open or close the locks of a seat and wait for their switches."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = _limits(program, selection, phase, True, UNTIL_ACTUATED)
        commands["lock"] = int(close)
        commands["seat"] = _seats(program, selection, which)
        commands["carrying"] = _packs(program, selection, pack)
        commands["timeout_s"] = program.cell.station.actuators.timeout_s
        return commands

    return start


def creep_out(phase: str, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Carrying, creeping off the pins: to nine tenths of the creep-out height."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        commands = _limits(program, selection, phase, True, UNTIL_DONE)
        start_z = program.plant.worlds["hold_height"][selection.world, selection.robot]
        commands["target"][:, Z] = start_z + s * 0.9 * program.cell.station.limits.creep_out_height_m
        commands["velocity"][:, Z] = np.minimum(LEAVING * time["creep_speed_mps"], commands["velocity"][:, Z])
        commands["seat"] = _seats(program, selection, which)
        commands["carrying"] = _packs(program, selection, pack)
        commands["inserting"] = 0
        return _clip(program, selection, commands)

    return start


def retract(phase: str, which: str, pack: str | None, *, home: bool = False):  # type: ignore[no-untyped-def]
    """To travel height; with an overlap, only until the pack (or empty end effector) is clear."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        loaded = pack is not None
        commands = _limits(program, selection, phase, loaded, UNTIL_DONE)
        if home:
            goal = np.where(has_next_job(program, selection), between_z(program), program.cell.station.axes.z.home_m)
        else:
            goal = np.full(len(selection), travel_z(program) if loaded else empty_z(program))
        commands["target"][:, Z] = goal
        # an empty end effector is free to leave once it is clear of the packs; a loaded one only with an overlap
        overlaps = time["overlap_s"] > 0.0
        commands["until"] = np.where(overlaps | home, UNTIL_CLEAR, UNTIL_DONE)
        clear = goal - s * (0.8 * TRAVEL_MARGIN_M if loaded else 0.5 * EMPTY_MARGIN_M)
        if home:  # on the way home it passes the packs in the slots
            clear = np.where(has_next_job(program, selection), between_z(program), leaving_z(program))
        commands["threshold"] = clear
        commands["seat"] = _seats(program, selection, which)
        if pack is not None:
            commands["carrying"] = _packs(program, selection, pack)
            commands["float_lock"] = 1 if table(program) else -1
        return _clip(program, selection, commands)

    return start


def traverse(phase: str, which: str, pack: str | None):  # type: ignore[no-untyped-def]
    """Sideways to a seat, at the present height."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = _limits(program, selection, phase, pack is not None, UNTIL_SETTLED)
        goal = _targets(program, selection, which)
        commands["target"][:, (X, Y, YAW)] = goal[:, (X, Y, YAW)]
        z_end = np.full(len(selection), travel_z(program) if pack is not None else empty_z(program))
        _shape(program, selection, phase, commands, z_end)
        commands["seat"] = _seats(program, selection, which)
        if pack is not None:
            commands["carrying"] = _packs(program, selection, pack)
        return _settle(program, selection, phase, commands)

    return start


def set_down(phase: str, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Carrying, into a seat: fast, then creep until its four pads report and the load has left (or is pressed home)."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        commands = _limits(program, selection, phase, True, UNTIL_SEATED)
        goal = _targets(program, selection, which)
        creep = np.maximum(time["creep_height_m"], 0.0)
        commands["target"][:, Z] = goal[:, Z] - s * OVERTRAVEL_M
        commands["creep_at"] = goal[:, Z] + s * creep
        commands["creep_speed_mps"] = time["creep_speed_mps"]
        commands["seat"] = _seats(program, selection, which)
        commands["seat_z"] = goal[:, Z]
        commands["carrying"] = _packs(program, selection, pack)
        commands["inserting"] = 1
        if table(program):
            commands["threshold"] = weight_n(program, pack=1.05)
        else:
            commands["threshold"] = weight_n(program, pack=0.2)
        commands["jam_below_n"] = jam_load_n(program)
        commands["float_lock"] = 0
        return _clip(program, selection, commands)

    return start


def jam_load_n(program: Program) -> float:
    """How far the load cell may depart from the carried weight before the seat is reached: 1.3 x nominal by domain 2."""
    limits, coupler = program.cell.station.limits, program.cell.pack.coupler
    return limits.axial_jam_ratio * coupler.mate_force_n + 0.1 * weight_n(program, pack=1.0)


def back_off(phase: str, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Carrying, out of a seat again, clear of its pins."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.cell.retract
        time = _time(program, selection, phase)
        commands = _limits(program, selection, phase, True, UNTIL_DONE)
        goal = _targets(program, selection, which)
        commands["target"][:, Z] = goal[:, Z] + s * (program.cell.pack.guides.pin_length_m + APPROACH_M)
        commands["velocity"][:, Z] = np.minimum(LEAVING * time["creep_speed_mps"], commands["velocity"][:, Z])
        commands["seat"] = _seats(program, selection, which)
        commands["carrying"] = _packs(program, selection, pack)
        return _clip(program, selection, commands)

    return start


def pull(phase: str, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Pull on the locked pack with a fifth of its weight beyond holding it (domain 5: pull test 1.2 x weight)."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        until = UNTIL_LOAD_ABOVE if s > 0 else UNTIL_LOAD_BELOW
        commands = _limits(program, selection, phase, True, until)
        commands["target"][:, Z] = _z(program, selection) + s * PULL_TRAVEL_M
        commands["velocity"][:, Z] = FORCE_SPEED * time["creep_speed_mps"]
        commands["threshold"] = weight_n(program, pack=1.2) if s > 0 else weight_n(program, pack=-0.2)
        commands["seat"] = _seats(program, selection, which)
        commands["carrying"] = _packs(program, selection, pack)
        return _clip(program, selection, commands)

    return start


def relax(phase: str, which: str, pack: str):  # type: ignore[no-untyped-def]
    """Give the weight back to the seat before the grips open; the pull test is on record as passed."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        until = UNTIL_LOAD_BELOW if s > 0 else UNTIL_LOAD_ABOVE
        commands = _limits(program, selection, phase, True, until)
        commands["target"][:, Z] = _z(program, selection) - s * PULL_TRAVEL_M
        commands["velocity"][:, Z] = FORCE_SPEED * time["creep_speed_mps"]
        commands["threshold"] = weight_n(program, pack=0.1) if s > 0 else weight_n(program, pack=0.2)
        commands["seat"] = _seats(program, selection, which)
        commands["pull_passed"] = 1
        commands["carrying"] = _packs(program, selection, pack)
        return _clip(program, selection, commands)

    return start


def let_off(phase: str, which: str):  # type: ignore[no-untyped-def]
    """Empty, at creep speed off the pack that stays: past the corner guides."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        time, s = _time(program, selection, phase), program.cell.retract
        commands = _limits(program, selection, phase, False, UNTIL_DONE)
        commands["target"][:, Z] = _z(program, selection) + s * LET_OFF_M
        commands["velocity"][:, Z] = np.minimum(LEAVING * time["creep_speed_mps"], commands["velocity"][:, Z])
        commands["seat"] = _seats(program, selection, which)
        return _clip(program, selection, commands)

    return start


def go_home(phase: str):  # type: ignore[no-untyped-def]
    """Sideways to where the robot waits."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = _limits(program, selection, phase, False, UNTIL_DONE)
        homes = np.array(program.cell.station.robots.home_x_m)
        commands["target"][:, X] = homes[selection.robot]
        _shape(program, selection, phase, commands, _z(program, selection))
        return _clip(program, selection, commands)

    return start


# --------------------------------------------------------------------------------------- decisions and permissions


def apart(which: str):  # type: ignore[no-untyped-def]
    """Gate: the way of axis x to a seat keeps the other robot's distance; always true with one robot."""

    def gate(program: Program, selection: Selection) -> np.ndarray:
        if program.cell.station.robots.count < 2:
            return np.ones(len(selection), bool)
        goal = _targets(program, selection, which)[:, X]
        here = program.plant.worlds["axis_position"][:, :, X]
        there = np.stack([program.heading[:, r] for r in range(2)], axis=1)
        ok = np.zeros(len(selection), bool)
        least = program.cell.station.robots.length_m + 0.02
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            other = 1 - r
            side = 1.0 if program.cell.station.robots.home_x_m[r] > program.cell.station.robots.home_x_m[other] else -1.0
            nearest = max(side * here[n, other], side * there[n, other])
            ok[k] = side * goal[k] - nearest >= least
            if ok[k]:
                program.heading[n, r] = goal[k]
        return ok

    return gate


def truck_at_rest(program: Program, selection: Selection) -> np.ndarray:
    """Gate: no other robot presses a pack home or locks it, so a pull on the truck changes nobody's load."""
    ok = np.ones(len(selection), bool)
    pressing = [program.index["insert"], program.index["lock"]]
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        for other in range(program.step.shape[1]):
            if other != r and not program.finished[n, other] and program.step[n, other] in pressing:
                ok[k] = False
    return ok


def first_robot(program: Program, selection: Selection) -> np.ndarray:
    """Only robot 0 goes through identification and scan; the others wait for its result."""
    return selection.robot == 0


def truck_scanned(program: Program, selection: Selection) -> np.ndarray:
    return program.scanned[selection.world]


def slot_locks(program: Program, selection: Selection) -> np.ndarray:
    """Only where slots lock their packs."""
    return np.full(len(selection), program.cell.station.actuators.slot_lock_close_s > 0.0)


def others_done(program: Program, selection: Selection) -> np.ndarray:
    """Gate: every other robot of the world has run out of jobs."""
    ok = np.ones(len(selection), bool)
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        ok[k] = all(program.finished[n, o] for o in range(program.step.shape[1]) if o != r)
    return ok


def take_pose(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After the first scan: everybody knows the truck's pose; a truck outside the gate has to park again."""
    limits = program.cell.station.limits
    following = []
    for k in range(len(selection)):
        n = int(selection.world[k])
        if results[k] != DONE:
            following.append("!scan_failed" if results[k] == TIMEOUT else "")
            continue
        pose = program.plant.worlds["scan_pose"][n, selection.robot[k]]
        program.truck_pose[n, :] = pose
        out = max(abs(pose[0]), abs(pose[1])) > limits.repark_m or abs(pose[2]) > limits.repark_yaw_rad
        if out:
            program.event(n, "repark", f"truck stands {1000 * pose[0]:.0f} mm, {1000 * pose[1]:.0f} mm, "
                          f"{np.degrees(pose[2]):.2f} deg off", x_m=float(pose[0]), y_m=float(pose[1]), yaw_rad=float(pose[2]))
        following.append("!repark_required" if out else "")
    return following


def pose_known(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """The scan time is over: all robots may start."""
    program.scanned[selection.world[results == DONE]] = True
    return [""] * len(selection)


def take_new_pose(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After a rescan: this robot's measured pose of the truck is renewed."""
    following = []
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        if results[k] != DONE:
            following.append("!scan_failed" if results[k] == TIMEOUT else "")
            continue
        program.truck_pose[n, r] = program.plant.worlds["scan_pose"][n, r]
        following.append("")
    return following


def settled(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """A traverse that does not come to rest in time ends as `sway_limit`."""
    return ["!sway_limit" if result == TIMEOUT else "" for result in results]


def retry(step: str, tries: str, outcome: str):  # type: ignore[no-untyped-def]
    """On failure go back to `step`, at most as often as the station file says in `tries`; then end with `outcome`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        station = program.cell.station
        limit = getattr(station.limits, tries, None) or getattr(station.actuators, tries, None) or 1
        following = []
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            if results[k] == DONE:
                program.tries[n, r] = 0
                following.append("")
            elif results[k] == REFUSED:
                following.append("!refused")
            else:
                program.tries[n, r] += 1
                program.event(n, "retry", f"{step}, try {program.tries[n, r]}", robot=r)
                following.append(step if program.tries[n, r] < limit else f"!{outcome}")
        return following

    return then


def inserted(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After an insertion: count it; a failed one backs off, measures again and tries again."""
    following = []
    for k in range(len(selection)):
        n, job = int(selection.world[k]), int(selection.job[k])
        program.insert_attempts[n, job] += 1
        if results[k] == DONE:
            following.append("")
        elif results[k] == REFUSED:
            following.append("!refused")
        elif program.insert_attempts[n, job] < program.cell.station.limits.insert_tries:
            program.event(n, "retry", f"insertion {program.insert_attempts[n, job]} failed", robot=int(selection.robot[k]))
            following.append("back_off")
        else:
            following.append("!jam")
    return following


def note_pull(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """A passed pull test is put on record by the next command; a failed one means that the locks do not hold."""
    return ["" if result == DONE else "!lock_stuck" for result in results]


def next_job(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After a job: the robot's next one, if it has one."""
    following = []
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        if results[k] != DONE:
            following.append("")
            continue
        program.place[n, r] += 1
        following.append("wait" if program.place[n, r] < len(program.queue[r]) else "")
    return following




def nothing(program: Program, selection: Selection) -> np.ndarray:
    """A command that is done at once."""
    commands = new_command(len(selection))
    commands["until"] = UNTIL_DWELL
    commands["timeout_s"] = 1.0
    return commands


def settle_exit(program: Program, selection: Selection) -> np.ndarray:
    """The truck drives away; its time is the station file's and is added to the clock, not simulated.

    From here on the monitor holds it to closed and checked locks.
    """
    commands = nothing(program, selection)
    commands["release_truck"] = 1
    commands["dwell_s"] = 0.5  # the monitor looks at the released truck
    return commands


def leaves_rail(program: Program, selection: Selection) -> np.ndarray:
    """Only robots that share a rail and have done their last job: they make way."""
    return no_next_job(program, selection) & (program.cell.station.robots.count > 1)


def not_first_robot(program: Program, selection: Selection) -> np.ndarray:
    return selection.robot != 0


def finish(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """The end of a robot's table."""
    return ["finish" if result == DONE else "" for result in results]


def go_on_with(step: str):  # type: ignore[no-untyped-def]
    """After a way back: continue at `step`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        return [step if result == DONE else "" for result in results]

    return then
