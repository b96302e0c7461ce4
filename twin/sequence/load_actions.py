"""Actions that use the load cell: take weight, weigh, check locks, pull-test them and relax. Lengths in m."""

from __future__ import annotations

import numpy as np

from twin.records import DISCRETE_MOTION, UNTIL_DWELL, UNTIL_LOAD_ABOVE, UNTIL_LOAD_BELOW, Z
from twin.sequence.building import (
    axis_z,
    blends,
    creep,
    inside_axes,
    new_commands,
    pack_of,
    phase_timing,
    seat_of,
    z_goal,
)
from twin.sequence.free import empty_free_over_z, pack_free_over_z
from twin.sequence.heights import (
    PULL_TRAVEL_SHARE,
    least_pull_n,
    pull_load_n,
    relaxed_load_n,
    table,
    weight_n,
)
from twin.sequence.program import Program, Selection, Start

FORCE_SPEED = 0.4
"""Fraction of the creep speed for moves that wait for a load: stopping must not overshoot the load by much."""
NEAR_SHARE = {"top_lift": 0.6, "chassis": 0.25}
"""Share of a pack's weight short of its threshold at which a fast move slows down, by station kind: a hoist at its
contact speed loads ropes and springs by twice the pack's weight a second, and the load cell's filter and the ramp down
take a quarter of a second; a table with 0.03 m/s against the truck's springs takes 0.18 of the weight [estimate]."""
HANGS_SHARE = 0.3
"""Share of its own weight from which an end effector hangs on its ropes [estimate]."""
PULL_TRAVEL_M = 0.12
"""Largest travel of pull test and pretension: the truck's springs follow the load."""
BEYOND_GIVE_M, RESTS_SHARE = 0.008, 0.2
"""Distance beyond its own deflection that a table lowers to check that its pack stays, and the share of its weight that
may be left on it then: the stop takes 3 mm and 3 kN more [estimate]."""
WEIGHING_WINDOWS = 2.5
"""Windows of load cell readings for which a check stands still: a whole one lies within it [chosen]."""


def _until_load(
    program: Program,
    selection: Selection,
    phase: str,
    which: str,
    pack: str,
    way_m: float,
    above: bool,
    *,
    fast: bool = False,
) -> np.ndarray:
    """(K,) slow commands that move axis z by `way_m`, gripping `pack`, until the load is above or below a threshold.

    `fast` ones move at the whole creep speed and pass their motion on to the slow one that follows them.
    """
    commands = new_commands(program, selection, phase, True, UNTIL_LOAD_ABOVE if above else UNTIL_LOAD_BELOW)
    commands["target"][:, Z] = axis_z(program, selection) + way_m
    commands["velocity"][:, Z] = (1.0 if fast else FORCE_SPEED) * creep(program, selection, phase)[1]
    commands["passes_on"] = int(fast)
    if not fast:
        image, at = program.runner.worlds["image"], (selection.world, selection.robot)
        goes_on = blends(program, selection, phase) & (image["axis_state"][at][:, Z] == DISCRETE_MOTION)
        commands["blending"] = goes_on
        commands["target"][:, Z] = np.where(goes_on, z_goal(program, selection), commands["target"][:, Z])
    commands["seat"] = seat_of(program, selection, which)
    commands["carrying"] = pack_of(program, selection, pack)
    return inside_axes(program, selection, commands)


def take_weight(phase: str, which: str, pack: str, fraction: float, *, fast: bool = False) -> Start:
    """Take `fraction` of the pack's weight off its locks before they open (upwards in both kinds of station).

    Where the load hangs, the timing set's `weight_share` is taken in place of `fraction`.

    `fast`: only the ropes' slack, until the end effector begins to hang; a table, until a part of the weight is left.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = _until_load(program, selection, phase, which, pack, PULL_TRAVEL_M, True, fast=fast)
        own = np.zeros(len(selection)) if table(program) else phase_timing(program, selection, phase)["weight_share"]
        shares = np.where(own > 0.0, own, fraction)
        commands["threshold"] = [weight_n(program, pack=float(share)) for share in shares]
        if fast:
            short_n = commands["threshold"] - _near_n(program)
            commands["threshold"] = short_n if table(program) else HANGS_SHARE * weight_n(program)
        return commands

    return start


def weigh(phase: str, which: str, pack: str | None) -> Start:
    """Stand still until the hanging load, `pack` or nothing, has been compared with its known weight."""

    def start(program: Program, selection: Selection) -> np.ndarray:
        commands = new_commands(program, selection, phase, pack is not None, UNTIL_DWELL)
        commands["dwell_s"] = WEIGHING_WINDOWS * program.setup.station.sensors.load_cell_weighing_s
        commands["timeout_s"] = commands["dwell_s"] + 1.0
        commands["seat"] = seat_of(program, selection, which)
        if pack is None:
            commands["load_known_from"] = empty_free_over_z(program, selection, which)
        else:
            commands["load_known_from"] = pack_free_over_z(program, selection, which)
            commands["carrying"] = pack_of(program, selection, pack)
        return commands

    return start


def let_rest(phase: str, which: str, pack: str) -> Start:
    """Lower, gripped, from a locked pack that a table has seated: its weight has to pass to the locks.

    A pack that they do not hold comes along, and this is detected while it is still gripped.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = new_commands(program, selection, phase, True, UNTIL_LOAD_BELOW)
        load_n = program.runner.worlds["image"]["load_cell_n"][selection.world, selection.robot]
        give_m = (load_n - weight_n(program)) / float(program.runner.params["e_stiffness"][0, 2])
        commands["target"][:, Z] = axis_z(program, selection) + s * (np.maximum(give_m, 0.0) + BEYOND_GIVE_M)
        commands["velocity"][:, Z] = program.setup.station.limits.contact_speed_mps
        commands["threshold"] = weight_n(program, pack=RESTS_SHARE)
        commands["seat"] = seat_of(program, selection, which)
        commands["carrying"] = pack_of(program, selection, pack)
        return inside_axes(program, selection, commands)

    return start


def pull(phase: str, which: str, pack: str, *, fast: bool = False) -> Start:
    """Pull on the locked pack with a fifth of its weight beyond holding it (domain 5: pull test 1.2 x weight).

    `fast`: until a part of its weight is left to that.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        # a pack that no lock holds comes along: this is detected before it has left its seat, and before the interlock
        # of the locks, which counts from the deepest that a table has pressed it
        travel = min(PULL_TRAVEL_M, PULL_TRAVEL_SHARE * program.setup.station.limits.creep_out_height_m)
        commands = _until_load(program, selection, phase, which, pack, s * travel, s > 0, fast=fast)
        commands["threshold"] = pull_load_n(program)
        if s > 0:
            commands["threshold"] = np.maximum(commands["threshold"], least_pull_n(program, selection))
        if fast:
            commands["threshold"] -= s * _near_n(program)
        return commands

    return start


def relax(phase: str, which: str, pack: str, *, fast: bool = False) -> Start:
    """Give the weight back to the seat before the grips open; the pull test is recorded as passed.

    `fast`: until a part of the weight is left to give.
    """

    def start(program: Program, selection: Selection) -> np.ndarray:
        s = program.setup.retract
        commands = _until_load(program, selection, phase, which, pack, -s * PULL_TRAVEL_M, s < 0, fast=fast)
        commands["threshold"] = relaxed_load_n(program) + (s * _near_n(program) if fast else 0.0)
        commands["pull_passed"] = 1
        return commands

    return start


def _near_n(program: Program) -> float:
    """Load short of a threshold at which a fast move passes on to a slow one, N."""
    return weight_n(program, pack=NEAR_SHARE[program.setup.station.kind]) - weight_n(program)
