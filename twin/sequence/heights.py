"""Heights and loads of the sequence, from the station file and nominal pack data. SI units."""

from __future__ import annotations

import numpy as np

from twin.catalogue.schema import FloatingTable, Mast
from twin.control import landing
from twin.sequence.program import Program, Selection
from twin.setup.setup import SwapSetup

TRAVEL_MARGIN_M = 0.03
"""Travel height of a carried pack beyond the clearance height."""
EMPTY_MARGIN_M = 0.15
"""Travel height of an empty end effector beyond the grip faces of the packs in the slots."""
TAKEN_SHARE = {"top_lift": 0.15, "chassis": 1.0}
"""Share of a pack's weight that the robot takes before the locks open, by station kind. A hanging load takes little: it
is level where the truck is not, and a weight lifted early is wrung against the guide pins. A table takes all: the block
would drop on it."""
SLACK_SHARE = 0.1
"""Part of the spreader's weight left on the ropes when it stands on a pack."""
PULL_SHARE = 0.2
"""Part of a pack's weight that a pull test adds to holding it."""
PULL_TRAVEL_SHARE = 0.8
"""Part of the creep-out height that a pull test may travel: a pack that no lock holds has not left its seat then."""
MIN_PULL = 0.11
"""Smallest part of its weight, as weighed, that a pull test adds to holding a pack [estimate]."""
PULL_CUT_OFF = 0.93
"""Share of the overload cut-off that a pull test does not exceed: its stop overshoots by a few per cent."""
LET_OFF_M = landing.LET_OFF_M
"""Past the corner guides (40 mm capture at 35 deg reach 57 mm)."""
CREEP_OUT_SHARE = 0.9
"""Share of the creep-out height over which a pack creeps off its seat."""
APPROACH_M = 0.02
"""Clear of the lead-in: below this over the pin tips the pack is no longer free to move sideways."""
SURELY_OFF_M = 0.05
"""Height over the highest pin tip at which a pack hangs free, however far its ropes give [estimate]."""
PARKING_HEIGHT_M = 0.10
"""Deviation of a truck's seats from nominal height: parking, rebound and pitch [estimate]."""


def weight_n(program: Program, *, pack: float = 0.0) -> float:
    """`weight_of` for the program's setup."""
    return weight_of(program.setup, pack=pack)


def weight_of(setup: SwapSetup, *, pack: float = 0.0) -> float:
    """Nominal weight on the load cell: the end effector and `pack` times a pack."""
    gravity = float(setup.params["gravity_mps2"][0])
    return (setup.station.end_effector.mass_kg + pack * setup.pack.mass_kg) * gravity


def table(program: Program) -> bool:
    """`has_table` for the program's setup."""
    return has_table(program.setup)


def has_table(setup: SwapSetup) -> bool:
    """True if packs stand on the end effector instead of hanging from it."""
    return isinstance(setup.station.reeving, FloatingTable)


def floating_head(program: Program) -> bool:
    """True if packs hang from a mast's floating head, free at seats and locked while it traverses."""
    return isinstance(program.setup.station.reeving, Mast)


def travel_z(program: Program) -> float:
    """`travel_z_of` for the program's setup."""
    return travel_z_of(program.setup)


def travel_z_of(setup: SwapSetup) -> float:
    """Position of axis z at which a carried pack may traverse."""
    s, height = setup.retract, setup.pack.size_m[2]
    return setup.station.limits.clearance_height_m + s * (height + TRAVEL_MARGIN_M)


def empty_z(program: Program) -> float:
    """`empty_z_of` for the program's setup."""
    return empty_z_of(program.setup)


def empty_z_of(setup: SwapSetup) -> float:
    """Position of axis z at which the empty end effector passes the packs in the slots."""
    s, height = setup.retract, setup.pack.size_m[2]
    slots = [slot.z_m + s * height for slot in setup.station.slots]
    furthest = max(slots) if s > 0 else min(slots)
    return furthest + s * EMPTY_MARGIN_M


def leaving_z(program: Program) -> float:
    """`leaving_z_of` for the program's setup."""
    return leaving_z_of(program.setup)


def leaving_z_of(setup: SwapSetup) -> float:
    """Position of axis z at which the empty end effector has left the truck's way and passes the packs in the slots."""
    clearance = setup.station.limits.clearance_height_m
    if setup.retract > 0:
        return max(empty_z_of(setup), clearance + EMPTY_MARGIN_M)
    return min(empty_z_of(setup), clearance)


def between_z(program: Program) -> float:
    """Position of axis z at which the empty end effector passes from one of the truck's packs to the next."""
    s, height = program.setup.retract, program.setup.pack.size_m[2]
    seats = [seat.xyz_m[2] + s * height for seat in program.setup.seats if seat.on_truck]
    return (max(seats) if s > 0 else min(seats)) + s * (EMPTY_MARGIN_M + PARKING_HEIGHT_M)


def contact_threshold_n(program: Program) -> float:
    """`contact_threshold_of` for the program's setup."""
    return contact_threshold_of(program.setup)


def contact_threshold_of(setup: SwapSetup) -> float:
    """Load cell value at an empty end effector's contact: ropes nearly slack, or a table that pushes.

    Half slack would be too early: a spreader that hangs on a corner guide has half its weight off the ropes.
    """
    return (
        SLACK_SHARE * weight_of(setup) if not has_table(setup) else weight_of(setup) + 0.3 * weight_of(setup, pack=1.0)
    )


def taken_load_of(setup: SwapSetup) -> float:
    """Load cell value at which a pack's weight counts as taken off its locks."""
    return weight_of(setup, pack=TAKEN_SHARE[setup.station.kind])


def seated_load_n(program: Program) -> float:
    """`seated_load_of` for the program's setup."""
    return seated_load_of(program.setup)


def seated_load_of(setup: SwapSetup) -> float:
    """Load cell value of a pack set down in its seat: its weight has left the ropes, or a table presses it home."""
    return weight_of(setup, pack=1.05 if has_table(setup) else 0.2)


def relaxed_load_n(program: Program) -> float:
    """`relaxed_load_of` for the program's setup."""
    return relaxed_load_of(program.setup)


def relaxed_load_of(setup: SwapSetup) -> float:
    """Load cell value at which a pull test's load has been given back to the seat."""
    return weight_of(setup, pack=0.2 if has_table(setup) else 0.1)


def jam_load_n(program: Program) -> float:
    """`jam_load_of` for the program's setup."""
    return jam_load_of(program.setup)


def jam_load_of(setup: SwapSetup) -> float:
    """Allowed deviation of the load cell from the carried weight above the seat (domain 2: 1.3 x nominal)."""
    limits, pack, gravity = setup.station.limits, setup.pack, float(setup.params["gravity_mps2"][0])
    return limits.axial_jam_ratio * pack.coupler.mate_force_n + 0.1 * pack.mass_kg * gravity


def pull_load_n(program: Program) -> float:
    """`pull_load_of` for the program's setup."""
    return pull_load_of(program.setup)


def pull_load_of(setup: SwapSetup) -> float:
    """Load cell value of a passed pull test: 1.2 x the pack's weight (domain 5), as far as the overload cut-off allows.

    The rated load is too low a bound: it would leave the heaviest pack's locks tested with a few per cent of its
    weight. A
    table pulls downwards: its pull is what is missing from its own weight.
    """
    if setup.retract < 0:
        return weight_of(setup, pack=-PULL_SHARE)
    limits, gravity = setup.station.limits, float(setup.params["gravity_mps2"][0])
    cut_off_n = limits.rated_load_kg * limits.overload_fraction * gravity
    return min(weight_of(setup, pack=1.0 + PULL_SHARE), PULL_CUT_OFF * cut_off_n)


def least_pull_n(program: Program, selection: Selection) -> np.ndarray:
    """(K,) load cell value that a hoist's pull test has to exceed, from the hanging load on its way to the truck.

    Ropes that merely hold a pack heavier than declared, or a load cell that reads too high, would prove nothing about
    its locks.
    """
    gravity = float(program.runner.params["gravity_mps2"][0])
    carried_kg = program.runner.worlds["control"]["carried_kg"][selection.world, selection.robot]
    return weight_n(program) + (1.0 + MIN_PULL) * carried_kg * gravity
