"""Decisions of the step tables: what follows a step (`then`), may it start (`gate`), and does it apply (`only_if`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.catalogue.schema import FourRope
from twin.control.waits import ARRIVED_M
from twin.incident import amount, other_end
from twin.records import DONE, JAM, REFUSED, TIMEOUT, X
from twin.records.causes import NOT_CALM, OVER_PACK
from twin.sequence import building as of_timing
from twin.sequence import rail
from twin.sequence.building import seat_of
from twin.sequence.heights import table
from twin.sequence.program import Gate, Program, Selection, Then
from twin.setup.jobs import Task


def has_next_job(program: Program, selection: Selection) -> np.ndarray:
    """True if the robot has another job after the present one."""
    return np.array(
        [
            program.place[n, r] + 1 < len(program.queue[r])
            for n, r in zip(selection.world, selection.robot, strict=True)
        ],
        bool,
    )


def no_next_job(program: Program, selection: Selection) -> np.ndarray:
    return ~has_next_job(program, selection)


def apart(which: str, phase: str) -> Gate:
    """Gate: the travel of axis x to a seat keeps the other robot's distance; always true with one robot.

    With blending in `phase` a robot may set off while the other one still makes way (`twin.sequence.rail`).
    """

    def gate(program: Program, selection: Selection) -> np.ndarray:
        if program.setup.station.robots.count < 2:
            return np.ones(len(selection), bool)
        goal = of_timing.rail_goal(program, selection, which, phase)
        here = program.runner.worlds["image"]["axis_position"][:, :, X]
        ok = np.zeros(len(selection), bool)
        early = of_timing.blends(program, selection, phase)
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            other = 1 - r
            places = (here[n, other], program.heading[n, other])
            ok[k] = all(rail.keeps_apart(program, r, float(goal[k]), float(place)) for place in places)
            if not ok[k] and early[k]:
                one = selection.where(np.arange(len(selection)) == k)
                ok[k] = of_timing.start_delay_s(program, one, phase, which)[0] < np.inf
            if ok[k]:
                program.heading[n, r] = goal[k]
        return ok

    return gate


def apart_and_free(which: str, phase: str) -> Gate:
    """Gate: `apart`, and the seat is empty where another robot or job has to take its pack out first."""
    keeps_apart = apart(which, phase)

    def gate(program: Program, selection: Selection) -> np.ndarray:
        jobs, seats = program.setup.jobs, seat_of(program, selection, which)
        pads = program.runner.worlds["image"]["seat_present"][selection.world, seats].sum(axis=1)
        awaited = [
            jobs[j].shared if which == "truck_seat" else any(job.take_seat == seat for job in jobs)
            for j, seat in zip(selection.job, seats, strict=True)
        ]
        ok = ~(np.array(awaited, bool) & (pads > 0))
        ok[ok] = keeps_apart(program, selection.where(ok))
        return ok

    return gate


def truck_at_rest(program: Program, selection: Selection) -> np.ndarray:
    """Gate: no other robot presses a pack into its seat or locks it, so a pull on the truck changes no other load."""
    ok = np.ones(len(selection), bool)
    pressing = [program.index["insert"], program.index["lock"]]
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        for other in range(program.step.shape[1]):
            if other != r and not program.finished[n, other] and program.step[n, other] in pressing:
                ok[k] = False
    return ok


def blends(phase: str) -> Gate:
    """Applies only where the timing set blends the phase."""

    def only_if(program: Program, selection: Selection) -> np.ndarray:
        return of_timing.blends(program, selection, phase)

    return only_if


def takes_up_slack(program: Program, selection: Selection) -> np.ndarray:
    """Applies to blending end effectors on ropes, and to tables: slack, or most of the weight, is taken up fast."""
    ropes_or_table = isinstance(program.setup.station.reeving, FourRope) or table(program)
    return of_timing.blends(program, selection, "unlock") & ropes_or_table


def pulls_fast(program: Program, selection: Selection) -> np.ndarray:
    """Applies to blending tables, which pull on the truck's springs.

    Ropes and springs of a hoist gain more load than the rest of the cut-off while it slows down.
    """
    return of_timing.blends(program, selection, "pull_test") & table(program)


def truck_at_rest_or_pulled(program: Program, selection: Selection) -> np.ndarray:
    """Gate: `truck_at_rest`; a robot that pulls already, fast, goes on at once."""
    return pulls_fast(program, selection) | truck_at_rest(program, selection)


def stands_ready(phase: str) -> Gate:
    """Applies only where the timing set blends the phase, to robots that begin with the truck's pack."""

    def only_if(program: Program, selection: Selection) -> np.ndarray:
        out = [task is not None and task.out for task in _tasks(program, selection)]
        chosen = of_timing.blends(program, selection, phase) & np.array(out, bool)
        program.stood_ready[selection.world[chosen]] = True
        return chosen

    return only_if


def first_robot(program: Program, selection: Selection) -> np.ndarray:
    """Only robot 0 goes through identification and scan; the others wait for its result."""
    return selection.robot == 0


def truck_scanned(program: Program, selection: Selection) -> np.ndarray:
    return program.scanned[selection.world]


def slot_locks(program: Program, selection: Selection) -> np.ndarray:
    """Applies only where slots lock their packs."""
    return np.full(len(selection), program.setup.station.actuators.slot_lock_close_s > 0.0)


def others_done(program: Program, selection: Selection) -> np.ndarray:
    """Gate: every other robot of the world has run out of jobs."""
    ok = np.ones(len(selection), bool)
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        ok[k] = all(program.finished[n, o] for o in range(program.step.shape[1]) if o != r)
    return ok


def leaves_rail(program: Program, selection: Selection) -> np.ndarray:
    """Applies only to robots that share a rail and have done their last job: they make way."""
    return no_next_job(program, selection) & (program.setup.station.robots.count > 1)


def not_first_robot(program: Program, selection: Selection) -> np.ndarray:
    return selection.robot != 0


def take_pose(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After the first scan, give all robots the truck's pose; a truck outside the gate has to park again."""
    limits = program.setup.station.limits
    following = []
    for k in range(len(selection)):
        n = int(selection.world[k])
        if results[k] != DONE:
            following.append("!scan_failed" if results[k] == TIMEOUT else "")
            continue
        r = int(selection.robot[k])
        pose = program.runner.worlds["image"]["scan_pose"][n, r]
        program.truck_pose[n, :] = pose
        note_pose(program, n, r)
        out = max(abs(pose[0]), abs(pose[1])) > limits.repark_m or abs(pose[2]) > limits.repark_yaw_rad
        if out:
            most = (limits.repark_m, limits.repark_m, limits.repark_yaw_rad)
            over = [(name, float(pose[i]), most[i]) for i, name in enumerate(("x", "y", "yaw"))]
            axis, value, limit = max(over, key=lambda each: abs(each[1]) / each[2])
            unit, words = "rad" if axis == "yaw" else "m", f"truck {axis} {{value}} off, limit {{limit}} either way"
            incident = other_end(program.time_s(n), r, words, f"truck_{axis}", value, limit, unit)
            program.found(n, r, incident)
            program.event(
                n,
                "repark",
                f"truck stands {pose_in_words(pose)} off: {incident.sentence}",
                x_m=float(pose[0]),
                y_m=float(pose[1]),
                yaw_rad=float(pose[2]),
                **incident.facts,
            )
        following.append("!repark_required" if out else "")
    return following


def pose_known(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After the scan time, let all robots start."""
    note_zeroed(program, selection, results)
    program.scanned[selection.world[results == DONE]] = True
    return [""] * len(selection)


def take_new_pose(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After a rescan, renew this robot's measured pose of the truck."""
    following = []
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        if results[k] != DONE:
            following.append("!scan_failed" if results[k] == TIMEOUT else "")
            continue
        program.truck_pose[n, r] = program.runner.worlds["image"]["scan_pose"][n, r]
        note_pose(program, n, r)
        following.append("")
    return following


def measure_or_go_on(scan: str, step: str) -> Then:
    """After a way back, measure the truck anew at `scan` if the timing set blends `rescan`, else continue at `step`.

    A second try with the pose that has missed would miss again.
    """

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        measures = of_timing.blends(program, selection, "rescan").tolist()
        onward = [scan if blending else step for blending in measures]
        return [where if result == DONE else "" for where, result in zip(onward, results, strict=True)]

    return then


def new_pose_then(step: str) -> Then:
    """As `take_new_pose`, then go on at `step`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        following = take_new_pose(program, selection, results)
        return [step if result == DONE else other for other, result in zip(following, results, strict=True)]

    return then


def pose_in_words(pose: np.ndarray) -> str:
    """The measured pose of the truck (x, y, yaw, ...) in readable form."""
    return f"x {1e3 * pose[0]:+.1f} mm, y {1e3 * pose[1]:+.1f} mm, yaw {np.degrees(pose[2]):+.3f} deg"


def note_pose(program: Program, n: int, r: int) -> None:
    """Log the measured pose of the truck."""
    if program.on_note is None:
        return
    w = program.runner.worlds
    said = f"{pose_in_words(w['image']['scan_pose'][n, r])} from {int(w['image']['scan_count'][n, r])} frames"
    program.note(n, "scan", f"robot {r + 1}: truck measured at {said}")


def note_done(program: Program, n: int, r: int, tries: int) -> None:
    """Log the result of a command that may be tried again."""
    if program.on_note is None:
        return
    w, c = program.runner.worlds, program.runner.commands[n][r]
    seat = program.setup.seats[int(c["seat"])].name
    after = f"after {program.time_s(n) - float(w['control']['command_start_s'][n, r]):.2f} s"
    tried = f"{after}, try {tries + 1}"
    if c["lock"] >= 0:
        program.note(n, "locks", f"robot {r + 1}: locks of {seat} {'closed' if c['lock'] else 'open'} {tried}")
    elif c["grip"] >= 0:
        program.note(n, "grips", f"robot {r + 1}: grips {'closed' if c['grip'] else 'open'} at {seat} {tried}")
    else:
        load = amount(float(w["image"]["load_cell_n"][n, r]), "N")
        program.note(n, "seated", f"robot {r + 1}: pack seated in {seat} {tried}, load {load}")


def settled(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """End a traverse that does not settle in time as `sway_limit`, one that never arrives as `following_error`."""
    w, at = program.runner.worlds, (selection.world, selection.robot)
    away = (np.abs(w["image"]["reference"][at][:, :, 0] - w["image"]["axis_position"][at]) > ARRIVED_M).any(axis=1)
    late = ["!following_error" if lost else "!sway_limit" for lost in away]
    for k in np.flatnonzero(results == DONE).tolist():
        n, r = int(selection.world[k]), int(selection.robot[k])
        if program.on_note is not None and program.runner.commands[n]["carrying"][r] >= 0:
            program.note(
                n,
                "weighed",
                f"robot {r + 1}: pack weighs {float(w['control']['carried_kg'][n, r]):.0f} kg on the load cell",
            )
    return [late[k] if results[k] == TIMEOUT else "" for k in range(len(selection))]


def settled_over_truck(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """Apply `settled`; a truck that was measured on the way needs no rescan and no alignment."""
    said = settled(program, selection, results)
    known = of_timing.blends(program, selection, "rescan") & (results == DONE)
    insertion = "hover" if "hover" in program.index else "insert"  # setpoints take over at hover
    return [insertion if known[k] else said[k] for k in range(len(said))]


def settled_then(step: str) -> Then:
    """Apply `settled`, and after an arrival go on at `step`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        said = settled(program, selection, results)
        return [step if result == DONE else name for name, result in zip(said, results, strict=True)]

    return then


def retry(step: str, tries: str, outcome: str) -> Then:
    """On failure go back to `step`, at most as often as the station file says in `tries`; then end with `outcome`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        station = program.setup.station
        limit = getattr(station.limits, tries, None) or getattr(station.actuators, tries, None) or 1
        following = []
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            if results[k] == DONE:
                note_done(program, n, r, int(program.tries[n, r]))
                program.tries[n, r] = 0
                following.append("")
            elif results[k] == REFUSED:
                following.append("!refused")
            elif _swings(program, n, r, results[k]):
                following.append("!sway_limit")
            else:
                program.tries[n, r] += 1
                count, incident = int(program.tries[n, r]), program.incident_of(n, r)
                facts = {"robot": r, "phase": program.phase_of(n, r), "tries": count, **incident.data}
                program.event(n, "retry", f"{step}, try {count}: robot {r + 1}, {incident.sentence}", **facts)
                program.found(n, r, incident.plus(f", after {count} {'tries' if count > 1 else 'try'}", tries=count))
                following.append(step if program.tries[n, r] < limit else f"!{outcome}")
        return following

    return then


def _swings(program: Program, n: int, r: int, result: int) -> bool:
    """True if a command ended because it waited in vain for a swing to end."""
    waited = int(program.runner.worlds["control"]["end_cause"][n, r]) in (OVER_PACK, NOT_CALM)
    return bool(result == TIMEOUT and waited)


def inserted(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """After an insertion, count it; a failed one backs off, measures again and tries again."""
    following = []
    for k in range(len(selection)):
        n, r, job = int(selection.world[k]), int(selection.robot[k]), int(selection.job[k])
        program.insert_attempts[n, job] += 1
        tries = int(program.insert_attempts[n, job])
        if results[k] == DONE:
            note_done(program, n, r, tries - 1)
            following.append("")
        elif results[k] == REFUSED:
            following.append("!refused")
        elif _swings(program, n, r, results[k]):
            following.append("!sway_limit")
        elif program.insert_attempts[n, job] < program.setup.station.limits.insert_tries:
            incident = program.incident_of(n, r)
            facts = {"robot": r, "phase": program.phase_of(n, r), "tries": tries, **incident.data}
            program.event(n, "retry", f"insertion {tries} failed: robot {r + 1}, {incident.sentence}", **facts)
            following.append("back_off")
        else:
            program.found(n, r, program.incident_of(n, r).plus(f", at insertion {tries} of {tries}", tries=tries))
            following.append("!jam")
    return following


def without_contact(step: str) -> Then:
    """After a landing without contact go on at `step`; its reason is kept for the end of the swap.

    A landing that has waited in vain for a swing to end is over.
    """

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        following = []
        for k in range(len(selection)):
            n, r = int(selection.world[k]), int(selection.robot[k])
            if results[k] == JAM:
                incident = program.incident_of(n, r)
                program.kept[n, r] = incident
                facts = {"robot": r, "phase": program.phase_of(n, r), **incident.data}
                program.event(n, "retry", f"{step}: robot {r + 1}, {incident.sentence}", **facts)
            swings = _swings(program, n, r, results[k])
            following.append(step if results[k] == JAM else "!sway_limit" if swings else "")
        return following

    return then


def keep_reason(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """End as `grip_failed`, for the reason that was kept, if a move on the way back fails as well; its own is added."""
    for k in np.flatnonzero(results != DONE).tolist():
        n, r = int(selection.world[k]), int(selection.robot[k])
        own = program.incident_of(n, r)
        kept = replace(program.kept[n, r], at_s=own.at_s)
        program.found(n, r, kept.plus(f"; on the way back: {own.sentence}", way_back=own.sentence))
    return ["" if result == DONE else "!grip_failed" for result in results]


def end_for_reason(outcome: str) -> Then:
    """End with `outcome`, for the reason that was kept."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        for n, r in zip(selection.world.tolist(), selection.robot.tolist(), strict=True):
            program.found(n, r, program.kept[n, r])
        return [f"!{outcome}" for _ in results]

    return then


def note_zeroed(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """Record the offset of the load cells that have been zeroed."""
    w = program.runner.worlds
    for n in selection.world[results == DONE].tolist():
        for r in np.flatnonzero(w["control"]["load_zeroed"][n]).tolist():
            if (n, r) in program.zeroed:
                continue
            program.zeroed.add((n, r))
            offset_n = float(w["control"]["load_zero_found_n"][n, r])
            said = f"robot {r + 1}: load cell zeroed, {amount(offset_n, 'N')} off with nothing on it"
            program.event(n, "load_cell_zeroed", said, robot=r, offset_n=offset_n)
    return [""] * len(selection)


def held_by_locks(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """Judge the locks by a pack that comes along when it should rest in its slot's locks: none holds it."""
    for k in np.flatnonzero(results != DONE).tolist():
        n, r = int(selection.world[k]), int(selection.robot[k])
        program.found(n, r, program.incident_of(n, r).plus(": the locks do not hold the pack"))
    return ["" if result == DONE else "!lock_stuck" for result in results]


def note_pull(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """A passed pull test is recorded by the next command; a failed one means that the locks do not hold."""
    for k in range(len(selection)):
        n, r = int(selection.world[k]), int(selection.robot[k])
        if results[k] == DONE and program.on_note is not None:
            load = amount(float(program.runner.worlds["image"]["load_cell_n"][n, r]), "N")
            program.note(n, "pull_test", f"robot {r + 1}: pull test passed, load {load}")
        elif results[k] != DONE:
            program.found(n, r, program.incident_of(n, r).plus(": the locks do not hold the pack"))
    return ["" if result == DONE else "!lock_stuck" for result in results]


def _tasks(program: Program, selection: Selection) -> list[Task | None]:
    return [program.task_of(n, r) for n, r in zip(selection.world.tolist(), selection.robot.tolist(), strict=True)]


def half_or_all(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """A robot that only brings the new pack goes for it at once."""
    out = [task is None or task.out for task in _tasks(program, selection)]
    return ["raise_empty" if result == DONE and not takes else "" for result, takes in zip(results, out, strict=True)]


def stored(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """A robot that only takes the old pack out is done with it."""
    into = [task is None or task.into for task in _tasks(program, selection)]
    return ["home" if result == DONE and not brings else "" for result, brings in zip(results, into, strict=True)]


def next_job(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    """Start the robot's next job, if it has one."""
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
    """End the robot's table."""
    return ["finish" if result == DONE else "" for result in results]


def go_on_with(step: str) -> Then:
    """After a way back, continue at `step`."""

    def then(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
        return [step if result == DONE else "" for result in results]

    return then
