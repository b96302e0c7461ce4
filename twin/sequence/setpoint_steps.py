"""Steps of the sequence that seat a pack by velocity motion, with setpoints from a servo or policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.records import DONE, FOLLOW_START, FORCE_ABORT, JAM, REFUSED, TIMEOUT, UNTIL_SETTLED, Z
from twin.sequence import actions as do
from twin.sequence import decisions as go
from twin.sequence.building import (
    descent_delay_s,
    new_commands,
    pack_of,
    seat_of,
    seat_targets_of,
    until_settled,
)
from twin.sequence.free import pack_free_over_z
from twin.sequence.program import Program, Selection, Start, Step
from twin.sequence.tables import TABLES

HOVER_M = 0.30
"""Height over the seat to which a swap lowers (or lifts) its pack before the setpoints take over [estimate: twice the
creep height, inside the starts of Alignment-v0]."""
PATIENCE_S = 60.0
"""Time after which a swap's insertion that is not seated backs off and is tried again [estimate: as long as
Alignment-v0's].
"""
SEATED = "seated"
BEFORE_HOVER, HOVER, INSERT = "align", "hover", "insert"
FAILED = {FORCE_ABORT: "!force_abort", JAM: "!jam", TIMEOUT: "!timeout", REFUSED: "!refused"}


def follow_in(phase: str, which: str, pack: str, timeout_s: float = np.inf) -> Start:
    """Follow setpoints with a pack into a seat: until seated, jammed or pushed aside too hard, or time is up."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = do.into_seat(program, selection, phase, which, pack)
        commands["velocity"] = 0.0
        commands["timeout_s"] = timeout_s
        commands["follow"] = FOLLOW_START
        return commands

    return start


def to_hover(phase: str, which: str, pack: str) -> Start:
    """Move a pack fast to the height where setpoints begin, and settle there."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, True, UNTIL_SETTLED)
        commands["target"][:, Z] = seat_targets_of(program, selection, which)[:, Z] + program.setup.retract * HOVER_M
        commands["delay_s"][:, Z] = descent_delay_s(program, selection, phase, commands)
        commands["seat"] = seat_of(program, selection, which)
        commands["carrying"] = pack_of(program, selection, pack)
        commands["load_known_from"] = pack_free_over_z(program, selection, which)
        return until_settled(program, selection, phase, commands)

    return start


def seat_table() -> list[Step]:
    """Table from hover: measure the truck, follow setpoints, seated or not."""
    return [
        Step("rescan", "rescan", do.scan_truck("rescan_samples"), then=go.take_new_pose),
        Step(
            "insert",
            "insert",
            follow_in("insert", "truck_seat", "new_pack"),
            failed=FAILED,
            then=lambda program, selection, results: [f"!{SEATED}" if result == DONE else "" for result in results],
        ),
    ]


def with_setpoints(table: list[Step]) -> list[Step]:
    """Table of a swap whose insertion follows setpoints, from hover on.

    Hover comes last, so that every other step has the same number in both tables: they may be exchanged in a running
    swap, and users of step numbers (faults) need not know the table.
    """
    rows = list(table)
    for i, step in enumerate(table):
        if step.name == BEFORE_HOVER:
            rows[i] = replace(step, then=go.settled_then(HOVER))
        elif step.name == INSERT:
            rows[i] = replace(step, start=follow_in("insert", "truck_seat", "new_pack", PATIENCE_S))
    hover = to_hover("insert", "truck_seat", "new_pack")
    return [*rows, Step(HOVER, "insert", hover, then=go.settled_then(INSERT))]


def exchange_table(program: Program, *, setpoints: bool) -> None:
    """Have insertions from now on follow setpoints, or the timing set's moves. A running command goes on.

    A robot on its way to hover arrives there and goes on as after `align`, with the moves' own insertion.
    """
    table = TABLES[program.setup.station.kind]()
    if setpoints:
        program.set_table(with_setpoints(table))
        return
    if HOVER in program.index:
        at_hover = program.step == program.index[HOVER]
        program.step[at_hover & program.waiting] = program.index[INSERT]
        program.step[at_hover & ~program.waiting] = program.index[BEFORE_HOVER]
    program.set_table(table)
