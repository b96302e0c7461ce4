"""Random timing sets: over Timing-v0's action range, and over everything that the catalogue accepts."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from envs.timing_action import ACTION, RANGES, row_of
from twin.catalogue import Station, TimingSet, load_timing
from twin.catalogue.schema import MECHANICAL, FourRope, Mast, PhaseTiming
from twin.motion.shaper import KINDS
from twin.sequence.timing import row_as_plain

NUMBERS = tuple(name for name in RANGES if name != "shaper_factor")
SHAPERS = tuple(KINDS)
TUNED_PHASES = 3
"""Phases of the factory set that a tuning step changes at most."""

BOUNDS: dict[str, tuple[float, float]] = {
    # the catalogue asks for numbers above 0, fractions up to 1: these ends are beyond what any machine is set to
    "velocity_fraction": (0.02, 1.0),
    "acceleration_fraction": (0.02, 1.0),
    "jerk_fraction": (0.02, 1.0),
    "settle_threshold_m": (0.001, 1.0),
    "settle_dwell_s": (0.0, 10.0),
    "creep_height_m": (0.0, 2.0),
    "creep_speed_mps": (0.002, 1.0),
    "overlap_s": (0.0, 60.0),
}
"""Ends between which sets of everything that the catalogue accepts are drawn."""
SHAPER_HZ = (0.02, 20.0)
BEYOND = (0.01, 0.05, 0.2, 0.5)
"""Shares of a set's numbers that are drawn beyond Timing-v0's range, to the ends of `BOUNDS`."""
LOGARITHMIC = ("settle_threshold_m", "creep_speed_mps")


def natural_hz(station: Station, draw: np.random.Generator) -> float:
    """Natural frequency of the load at a hoist position drawn from the stroke; NaN where nothing sways."""
    reeving = station.reeving
    if isinstance(reeving, Mast):
        return reeving.frequency_hz
    if not isinstance(reeving, FourRope):
        return math.nan
    z = station.axes.z
    rope_m = reeving.sheave_height_m - draw.uniform(z.position_min_m, z.position_max_m)
    return math.sqrt(9.81 / max(rope_m, 0.1)) / (2.0 * math.pi)


def _phase(row: Any, draw: np.random.Generator) -> PhaseTiming:
    """A TIMING record as a phase's timing; every second one leaves the shaper's frequency to the rope."""
    plain = row_as_plain(row)
    if draw.uniform() < 0.5:
        plain["shaper_frequency_hz"] = None
    return PhaseTiming(**plain)


def _random(station: Station, draw: np.random.Generator) -> PhaseTiming:
    action = draw.uniform(-1.0, 1.0, len(ACTION))
    return _phase(row_of(action.tolist(), natural_hz(station, draw), station)[0], draw)


def _corner(station: Station, draw: np.random.Generator) -> PhaseTiming:
    action = draw.choice([-1.0, 1.0], len(ACTION))
    action[[q.name for q in ACTION].index("shaper")] = draw.uniform(-1.0, 1.0)
    return _phase(row_of(action.tolist(), natural_hz(station, draw), station)[0], draw)


def _each(station: Station, draw: np.random.Generator, one: Callable[..., PhaseTiming]) -> dict[str, PhaseTiming]:
    return {phase: one(station, draw) for phase in MECHANICAL[station.kind]}


def policy_set(station: Station, draw: np.random.Generator, name: str) -> TimingSet:
    """What a policy of Timing-v0 may choose.

    In ten: four with each phase drawn alone, two with one draw for all phases, two of corners of the range, and two of
    the factory set with one to three phases drawn anew, as a tuning step has it.
    """
    kind = int(draw.integers(10))
    factory = load_timing("factory", station)
    if kind < 4:
        return _made(station, name, "random phases", factory.default, _each(station, draw, _random))
    if kind < 6:
        return _made(station, name, "one draw for all phases", _random(station, draw), {})
    if kind < 8:
        return _made(station, name, "corners", factory.default, _each(station, draw, _corner))
    names = MECHANICAL[station.kind]
    chosen = draw.choice(len(names), int(draw.integers(1, TUNED_PHASES + 1)), replace=False)
    some = {names[i]: _random(station, draw) for i in sorted(chosen.tolist())}
    return _made(station, name, "factory but " + ", ".join(some), factory.default, {**factory.phases, **some})


def catalogue_set(station: Station, draw: np.random.Generator, name: str, *, corners: bool) -> TimingSet:
    """A set between `BOUNDS`, each phase drawn alone; `corners`: only their ends and the ends of Timing-v0's range.

    How often a number comes from beyond Timing-v0's range is the set's own: where every phase has one, the first of
    them ends the swap, and none of the later phases is ever tried.
    """
    beyond = float(draw.choice(BEYOND))
    one = partial(_any_corner if corners else _anything, beyond=beyond)
    return _made(station, name, "corners" if corners else "random", one(station, draw), _each(station, draw, one))


def _anything(station: Station, draw: np.random.Generator, beyond: float) -> PhaseTiming:
    """Numbers from Timing-v0's range, or, a share of `beyond`, from everything that the catalogue accepts."""
    values: dict[str, Any] = {}
    for name in NUMBERS:
        low, high = BOUNDS[name] if draw.uniform() < beyond else (RANGES[name].low, RANGES[name].high)
        share = draw.uniform()
        logarithmic = name in LOGARITHMIC
        values[name] = low * (high / low) ** share if logarithmic else low + share * (high - low)
    return _shaped(values, draw, math.exp(draw.uniform(math.log(SHAPER_HZ[0]), math.log(SHAPER_HZ[1]))))


def _any_corner(station: Station, draw: np.random.Generator, beyond: float) -> PhaseTiming:
    values: dict[str, Any] = {}
    for name in NUMBERS:
        ends = BOUNDS[name] if draw.uniform() < beyond else (RANGES[name].low, RANGES[name].high)
        values[name] = ends[int(draw.integers(2))]
    return _shaped(values, draw, SHAPER_HZ[int(draw.integers(2))])


def _shaped(values: dict[str, Any], draw: np.random.Generator, hz: float) -> PhaseTiming:
    shaper = SHAPERS[int(draw.integers(len(SHAPERS)))]
    return PhaseTiming(**values, shaper=shaper, shaper_frequency_hz=None if draw.uniform() < 0.5 else hz)


def _made(station: Station, name: str, title: str, default: PhaseTiming, phases: dict[str, PhaseTiming]) -> TimingSet:
    return TimingSet(name=name, title=title, station=station.name, kind=station.kind, default=default, phases=phases)


def as_yaml(timing: TimingSet, reason: str) -> str:
    """The text of a file that `swaptwin swap --timing FILE` plays."""
    lines = [f"provenance: {{chosen: {reason!r}}}", f"name: {timing.name}", f"title: {timing.title!r}"]
    lines += [f"station: {timing.station}", f"kind: {timing.kind}", f"default: {_flow(timing.default)}", "phases:"]
    lines += [f"  {phase}: {_flow(of)}" for phase, of in timing.phases.items()]
    return "\n".join(lines if timing.phases else lines[:-1]) + "\n"


def _flow(of: PhaseTiming) -> str:
    shown = {name: value for name, value in of.model_dump().items() if value is not None}
    return "{" + ", ".join(f"{name}: {value}" for name, value in shown.items()) + "}"
