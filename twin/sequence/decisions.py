"""What follows a step (`then`), who may start one (`gate`) and whom it concerns (`only_if`)."""

from __future__ import annotations

import numpy as np

from twin.plants.state import DONE, REFUSED, TIMEOUT, X
from twin.sequence.building import seat_targets_of
from twin.sequence.program import Gate, Program, Selection, Then
from twin.waits import ARRIVED_M


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


def apart(which: str) -> Gate:
    """Gate: the way of axis x to a seat keeps the other robot's distance; always true with one robot."""

    def gate(program: Program, selection: Selection) -> np.ndarray:
        if program.cell.station.robots.count < 2:
            return np.ones(len(selection), bool)
        goal = seat_targets_of(program, selection, which)[:, X]
        here = program.plant.worlds["axis_position"][:, :, X]
        there = np.stack([program.heading[:, r] for r in range(2)], axis=1)
        ok = np.zeros(len(selection), bool)
        least = program.cell.station.robots.length_m + 0.02
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            other = 1 - r
            side = (
                1.0 if program.cell.station.robots.home_x_m[r] > program.cell.station.robots.home_x_m[other] else -1.0
            )
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


def leaves_rail(program: Program, selection: Selection) -> np.ndarray:
    """Only robots that share a rail and have done their last job: they make way."""
    return no_next_job(program, selection) & (program.cell.station.robots.count > 1)


def not_first_robot(program: Program, selection: Selection) -> np.ndarray:
    return selection.robot != 0


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
            program.event(
                n,
                "repark",
                f"truck stands {1000 * pose[0]:.0f} mm, {1000 * pose[1]:.0f} mm, {np.degrees(pose[2]):.2f} deg off",
                x_m=float(pose[0]),
                y_m=float(pose[1]),
                yaw_rad=float(pose[2]),
            )
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
    """A traverse that does not come to rest in time ends as `sway_limit`, one that never arrives `following_error`."""
    w, at = program.plant.worlds, (selection.world, selection.robot)
    away = (np.abs(w["reference"][at][:, :, 0] - w["axis_position"][at]) > ARRIVED_M).any(axis=1)
    late = ["!following_error" if lost else "!sway_limit" for lost in away]
    return [late[k] if results[k] == TIMEOUT else "" for k in range(len(selection))]


def settled_then(step: str) -> Then:
    """`settled`, and after an arrival go on at `step`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        said = settled(program, selection, results)
        return [step if result == DONE else name for name, result in zip(said, results, strict=True)]

    return then


def retry(step: str, tries: str, outcome: str) -> Then:
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
            program.event(
                n, "retry", f"insertion {program.insert_attempts[n, job]} failed", robot=int(selection.robot[k])
            )
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


def finish(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """The end of a robot's table."""
    return ["finish" if result == DONE else "" for result in results]


def go_on_with(step: str) -> Then:
    """After a way back: continue at `step`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        return [step if result == DONE else "" for result in results]

    return then
