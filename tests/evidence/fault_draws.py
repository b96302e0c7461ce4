"""Random faults for agreement at the edges: each kind of docs/faults.md, its settings over their sensible range."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from twin.catalogue.schema import PHASES
from twin.faults import Fault, parse_fault
from twin.faults.kinds import KINDS
from twin.setup.setup import SwapSetup

Draw = np.random.Generator
MAX_AFTER_S = 8.0
"""A fault begins up to so long after its phase did: most phases take 3 to 15 s."""


def _log(draw: Draw, low: float, high: float) -> float:
    return math.exp(draw.uniform(math.log(low), math.log(high)))


def _either_way(draw: Draw, low: float, high: float) -> float:
    return float(draw.choice([-1.0, 1.0])) * _log(draw, low, high)


def _from_a_phase(draw: Draw, setup: SwapSetup) -> str:
    names = PHASES[setup.station.kind][1:]  # the clock starts once docking is over
    return f"phase={names[int(draw.integers(len(names)))]},after_s={draw.uniform(0.0, MAX_AFTER_S):.2f}"


def _for(draw: Draw, low_s: float, high_s: float) -> str:
    """For a time, or in one case of two for ever."""
    return f",for_s={_log(draw, low_s, high_s):.2f}" if draw.uniform() < 0.5 else ""


def _when(draw: Draw, setup: SwapSetup, low_s: float = 0.5, high_s: float = 30.0) -> str:
    """From the beginning on, or in two cases of three from a phase on."""
    if draw.uniform() < 1.0 / 3.0:
        return ""
    return f",{_from_a_phase(draw, setup)}{_for(draw, low_s, high_s)}"


def _seat(draw: Draw, setup: SwapSetup) -> str:
    seats = [seat.name for seat in setup.seats if seat.locks > 0]
    return f"seat={seats[int(draw.integers(len(seats)))]}"


def _one_or_all(draw: Draw) -> str:
    number = int(draw.integers(1, 6))
    return "all" if number == 5 else str(number)


def _tries(draw: Draw) -> str:
    tries = int(draw.integers(1, 6))
    return f",tries={tries}" if tries < 5 else ""


def _lock(draw: Draw, setup: SwapSetup) -> str:
    return f"{_seat(draw, setup)},lock={_one_or_all(draw)}"


def _grip(draw: Draw, setup: SwapSetup) -> str:
    robot = int(draw.integers(1, setup.station.robots.count + 1))
    return f"robot={robot},grip={_one_or_all(draw)}{_tries(draw)}"


def _wrong_pack(draw: Draw, setup: SwapSetup) -> str:
    job = int(draw.integers(1, len(setup.jobs) + 1))
    return f"pack={draw.choice(['old', 'new'])},job={job},factor={draw.uniform(0.2, 1.8):.3f}"


SETTINGS: dict[str, Callable[[Draw, SwapSetup], str]] = {
    "lock_wont_open": lambda draw, setup: _lock(draw, setup) + _tries(draw),
    "lock_wont_close": lambda draw, setup: _lock(draw, setup) + _tries(draw),
    "lock_snag": _lock,
    "lock_false_closed": _lock,
    "grip_wont_close": _grip,
    "grip_wont_open": _grip,
    "scanner_blind": lambda draw, setup: f"phase={draw.choice(['scan', 'rescan'])}" + _for(draw, 0.5, 40.0),
    "scanner_dropout": lambda draw, setup: f"share={draw.uniform(0.05, 1.0):.3f}" + _when(draw, setup),
    "scanner_noise": lambda draw, setup: f"factor={_log(draw, 1.5, 40.0):.2f}" + _when(draw, setup),
    "load_cell_offset": lambda draw, setup: f"offset_n={_either_way(draw, 300.0, 60e3):.0f}" + _when(draw, setup),
    "load_cell_frozen": lambda draw, setup: _from_a_phase(draw, setup) + _for(draw, 0.5, 30.0),
    "sway_offset": lambda draw, setup: f"offset_mm={_either_way(draw, 3.0, 200.0):.1f}" + _when(draw, setup),
    "axis_drag": lambda draw, setup: (
        f"axis={draw.choice(['x', 'y', 'z', 'yaw'])},factor={_log(draw, 2.0, 50.0):.2f}" + _when(draw, setup)
    ),
    "estop": lambda draw, setup: _from_a_phase(draw, setup) + _for(draw, 0.1, 10.0),
    "power_loss": lambda draw, setup: _from_a_phase(draw, setup) + _for(draw, 0.1, 10.0),
    "truck_shove": lambda draw, setup: (
        f"force_n={_log(draw, 1e4, 3e5):.0f},direction_deg={draw.uniform(0.0, 360.0):.1f},"
        f"{_from_a_phase(draw, setup)},for_s={_log(draw, 0.05, 2.0):.2f}"
    ),
    "brakes_released": lambda draw, setup: (
        f"grade_percent={_either_way(draw, 0.5, 8.0):.2f},{_from_a_phase(draw, setup)}" + _for(draw, 0.5, 10.0)
    ),
    "wrong_pack": _wrong_pack,
    "guide_friction": lambda draw, setup: f"factor={_log(draw, 0.3, 20.0):.2f}",
    "coupler_stiff": lambda draw, setup: f"factor={_log(draw, 1.5, 10.0):.2f}" + _when(draw, setup),
}
"""How the settings of each kind are drawn. A kind that is missing here fails `tests/evidence/test_edges.py`."""

NUMBER_OF_FAULTS = (0.4, 0.5, 0.1)
"""Shares of swaps with no fault, one and two."""


def draw_faults(draw: Draw, setup: SwapSetup) -> tuple[Fault, ...]:
    """None, one or two faults that this swap can have."""
    n = int(draw.choice(len(NUMBER_OF_FAULTS), p=NUMBER_OF_FAULTS))
    kinds = draw.choice(sorted(SETTINGS), n, replace=False)
    return tuple(parse_fault(f"{kind}:{SETTINGS[kind](draw, setup)}") for kind in kinds)


def missing_kinds() -> set[str]:
    """Kinds of faults that are never drawn."""
    return set(KINDS) - set(SETTINGS)
