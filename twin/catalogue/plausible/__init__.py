"""Values of a model file that no machine has, or that the twin's time steps cannot resolve: each with its reason.

The schema refuses values without meaning, `twin.catalogue.derived` contradictions. This package finds values that would
load and run, and be silently wrong: a servo loop faster than its tick, ropes that stretch by metres, a limit of forces
that is never reached, grips that close on a pack a metre away. If physics gives a relation to other values of the file
the range follows from them; a range that is only an engineer's judgement is marked [chosen].

It applies to files alone: a model changed in Python may be an ideal one, without friction or with unlimited drives.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from twin.catalogue.derived import UNITS, Problem
from twin.catalogue.plausible.drives import drive_problems
from twin.catalogue.plausible.limits import actuators_problems, end_effector_problems, limits_problems, sensors_problems
from twin.catalogue.plausible.machine import (
    loop_problems,
    mast_problems,
    ropes_problems,
    strength_problems,
    table_problems,
)
from twin.catalogue.plausible.place import approach_problems, times_and_parking_problems
from twin.catalogue.plausible.vehicle import pack_problems, truck_problems
from twin.catalogue.schema import Pack, Station, Truck
from twin.catalogue.schema.machine import FourRope, Mast


def implausible(model: BaseModel) -> Iterator[Problem]:
    """Implausible values of a station, truck or pack; none of a timing set, which axis limits bound."""
    if isinstance(model, Station):
        yield from _station(model)
    elif isinstance(model, Truck):
        yield from truck_problems(model)
    elif isinstance(model, Pack):
        yield from pack_problems(model)


def _station(s: Station) -> Iterator[Problem]:
    for axis in UNITS:
        yield from loop_problems(s, axis)
    yield from strength_problems(s)
    yield from drive_problems(s)
    if isinstance(s.reeving, FourRope):
        yield from ropes_problems(s, s.reeving)
    elif isinstance(s.reeving, Mast):
        yield from mast_problems(s, s.reeving)
    else:
        yield from table_problems(s, s.reeving)
    yield from end_effector_problems(s)
    yield from actuators_problems(s)
    yield from limits_problems(s)
    yield from sensors_problems(s)
    yield from times_and_parking_problems(s)
    if s.approach is not None:
        yield from approach_problems(s, s.approach)
