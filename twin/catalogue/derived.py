"""Values of a station that follow from other values: their constraints, and whether their provenance still agrees.

A copy of a station's file with a doubled speed needs new dependent values. `inconsistent` finds values that no machine
can have together; every station that is loaded is refused for them. `stale` finds values and texts marked `derived`
that no longer follow from their inputs; `swaptwin models check` reports them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.gravity import GRAVITY_MPS2

if TYPE_CHECKING:
    from twin.catalogue.load import Provenance
    from twin.catalogue.schema.station import Station

MARGIN = 2.0
"""Factor by which a stated stopping distance may exceed the required one: beyond it invariant 5 is blind."""
PROOF_LOAD = 1.25
"""Load, as a factor of the rated load, that a hoist at rest must hold (static test of cranes, ISO 4310)."""
HALF_SWITCH = 1.2
"""Smallest ratio of the actuators' timeout to an actuation time: spread of a worn actuator."""
SAME, SAME_INPUT = 0.03, 1e-3
"""Rounding allowed of a derived value and of the result in its text, and of an input in the text, as shares."""
MOVE_TIMEOUT_S = 60.0
"""Time limit of a move: no axis may need as long for its whole stroke [chosen]."""
UNITS = {"x": "m", "y": "m", "z": "m", "yaw": "rad"}
LOADS = ("", "_empty")


@dataclass(frozen=True)
class Problem:
    """A value that is inconsistent with others: its key, and a consistent value."""

    key: str
    value: float
    problem: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}, got {self.value:g} (allowed: {self.allowed})"


# ------------------------------------------------------------------------------------------------------------- formulas


def stopping_distance(velocity: float, acceleration: float, jerk: float, reaction_s: float) -> float:
    """Stopping distance from full speed: reaction, then a ramp with limited jerk, in the units of `velocity`.

    v^2 / 2 a + v a / 2 j where the ramp reaches its acceleration, v sqrt(v / j) where it does not (Biagiotti and
    Melchiorri, Trajectory Planning for Automatic Machines and Robots, 2008).
    """
    if velocity * jerk < acceleration**2:
        return velocity * (velocity / jerk) ** 0.5 + velocity * reaction_s
    ramp = velocity**2 / (2.0 * acceleration) + velocity * acceleration / (2.0 * jerk)
    return ramp + velocity * reaction_s


def longest_stop(station: Station, axis: str) -> float:
    """The longer of an axis' stopping distances, loaded and empty."""
    jerk, reaction_s = _of(station, axis, "jerk"), station.limits.reaction_time_s
    speeds = ((_of(station, axis, f"velocity{load}"), _of(station, axis, f"acceleration{load}")) for load in LOADS)
    return max(stopping_distance(velocity, acceleration, jerk, reaction_s) for velocity, acceleration in speeds)


def _of(station: Station, axis: str, stem: str) -> float:
    """A field of an axis by its stem, whatever its unit."""
    order = {"velocity": "ps", "acceleration": "ps2", "jerk": "ps3"}.get(stem.split("_")[0], "")
    return float(getattr(getattr(station.axes, axis), f"{stem}_{UNITS[axis]}{order}"))


def moved_kg(station: Station, axis: str) -> tuple[float, float]:
    """(loaded, empty) mass that a linear axis moves."""
    axes, rated, empty = station.axes, station.limits.rated_load_kg, station.end_effector.mass_kg
    own = axes.z.moving_mass_kg
    table = station.kind == "chassis"  # x carries y carries z; a hanging load's drum adds no mass to them
    if axis == "x":
        own = axes.x.moving_mass_kg + axes.y.moving_mass_kg + (own if table else 0.0)
    elif axis == "y":
        own = axes.y.moving_mass_kg + (own if table else 0.0)
    return own + rated, own + empty


def own_weight_kg(station: Station) -> float:
    """Weight of axis z itself: a table's columns; a hoist's drum turns, and its weight is on the trolley."""
    return station.axes.z.moving_mass_kg if station.kind == "chassis" else 0.0


# ----------------------------------------------------------------------------------------------------------- impossible


def inconsistent(station: Station) -> Iterator[Problem]:
    """Values that no machine has together: it could not stop, move, hold or switch as stated."""
    for axis, unit in UNITS.items():
        yield from _stopping(station, axis, unit)
        yield from _stroke(station, axis, unit)
    for axis in ("x", "y", "z"):
        yield from _drive(station, axis)
    limits, actuators, z = station.limits, station.actuators, station.axes.z
    if limits.overload_fraction >= PROOF_LOAD:
        yield Problem(
            "limits.overload_fraction", limits.overload_fraction,
            "the overload trip must come before the proof load of the structure", f"below {PROOF_LOAD}",
        )  # fmt: skip
    proof_n = (PROOF_LOAD * limits.rated_load_kg + own_weight_kg(station)) * GRAVITY_MPS2
    if z.brake_force_n < proof_n:
        problem = f"the brake must hold {PROOF_LOAD} x limits.rated_load_kg {limits.rated_load_kg:g}, the proof load"
        yield Problem("axes.z.brake_force_n", z.brake_force_n, problem, f"at least {proof_n:.0f}")
    for name in ("grip_close_s", "grip_open_s", "lock_open_s", "lock_close_s", "slot_lock_open_s", "slot_lock_close_s"):
        needed_s = HALF_SWITCH * getattr(actuators, name)
        if actuators.timeout_s < needed_s:
            problem = f"it ends before actuators.{name} {getattr(actuators, name):g} is over"
            yield Problem("actuators.timeout_s", actuators.timeout_s, problem, f"at least {needed_s:g}")


def _stopping(station: Station, axis: str, unit: str) -> Iterator[Problem]:
    key, stated = f"axes.{axis}.stopping_distance_{unit}", _of(station, axis, "stopping_distance")
    needed = longest_stop(station, axis)
    if not needed <= stated <= MARGIN * needed:
        problem = "shorter than it takes to stop" if stated < needed else "so long that a stop which fails goes unseen"
        why = f"v2/2a + v a/2j + reaction_time_s v is {needed:.4g} from the axis' velocity, acceleration and jerk"
        yield Problem(key, stated, f"{problem}: {why}", f"{needed:.4g} to {MARGIN * needed:.4g}")


def _stroke(station: Station, axis: str, unit: str) -> Iterator[Problem]:
    velocity, acceleration = _of(station, axis, "velocity"), _of(station, axis, "acceleration")
    stroke = _of(station, axis, "position_max") - _of(station, axis, "position_min")
    needed_s = stroke / velocity + velocity / acceleration + acceleration / _of(station, axis, "jerk")
    if needed_s > MOVE_TIMEOUT_S:
        slowest = stroke / MOVE_TIMEOUT_S
        problem = (
            f"its stroke of {stroke:g} {unit} takes {needed_s:.0f} s, and a move that takes {MOVE_TIMEOUT_S:g} s fails"
        )
        yield Problem(f"axes.{axis}.velocity_{unit}ps", velocity, problem, f"well above {slowest:.3g}")


def _drive(station: Station, axis: str) -> Iterator[Problem]:
    """Check that the drive reaches its limits, and that the brake stops the axis within its stopping distance."""
    a, (loaded_kg, empty_kg) = getattr(station.axes, axis), moved_kg(station, axis)
    weight_n = GRAVITY_MPS2 if axis == "z" else 0.0
    own_kg = own_weight_kg(station)
    lifted = (own_kg + station.limits.rated_load_kg, own_kg + station.end_effector.mass_kg)
    friction_n = a.coulomb_n + a.viscous_n_per_mps * a.velocity_mps
    cases = (
        (loaded_kg, a.velocity_mps, a.acceleration_mps2, lifted[0]),
        (empty_kg, a.velocity_empty_mps, a.acceleration_empty_mps2, lifted[1]),
    )
    force_n = max(mass * rate + friction_n + weight_n * hung for mass, _, rate, hung in cases)
    if a.force_limit_n < force_n:
        problem = "less than mass x acceleration + friction" + (" + weight" if weight_n else "")
        yield Problem(f"axes.{axis}.force_limit_n", a.force_limit_n, problem, f"at least {force_n:.0f}")
    for mass, velocity, _, hung in cases:
        way = a.stopping_distance_m - velocity * station.limits.reaction_time_s
        if way <= 0.0:
            continue  # reported as a stopping distance that is too short
        brake_n = mass * velocity**2 / (2.0 * way) + weight_n * hung
        if a.brake_force_n < brake_n:
            problem = "without power it does not stop the axis within its stopping distance"
            yield Problem(f"axes.{axis}.brake_force_n", a.brake_force_n, problem, f"at least {brake_n:.0f}")
            return


# ---------------------------------------------------------------------------------------------------------------- stale


@dataclass(frozen=True)
class Derived:
    """A kind of value that station files derive by one formula.

    Args:
        marks: phrase of its text that marks a value derived by this formula.
        inputs: keys of the values that the text has to name with their numbers.
        result: of the formula, from the station's values; None if it needs a value that is in no field.
        words: the formula.
        is_value: True if the value is the result itself; else the text states the result, and a margin on it.
    """

    key: str
    marks: str
    inputs: tuple[str, ...] = ()
    result: Callable[[Station], float] | None = None
    words: str = ""
    is_value: bool = True


def _stop(axis: str, unit: str) -> Derived:
    words = "v2/2a + v a/2j + limits.reaction_time_s v"
    key = f"axes.{axis}.stopping_distance_{unit}"
    return Derived(key, "v2/2a + v a/2j", (), lambda station: longest_stop(station, axis), words, is_value=False)


def _travel(axis: str, *carried: str) -> Derived:
    """Mass and friction of the load are the text's own: a station may count its load in several ways."""
    masses = tuple(f"axes.{one}.moving_mass_kg" for one in (axis, *carried))
    inputs = (*masses, f"axes.{axis}.acceleration_mps2", f"axes.{axis}.coulomb_n")
    return Derived(f"axes.{axis}.force_limit_n", "2 x ((", inputs)


def _weights(name: str, times: float) -> Derived:
    words = f"{times:g} x limits.rated_load_kg x {GRAVITY_MPS2}"
    return Derived(
        f"axes.z.{name}", f"{times:g} x", ("limits.rated_load_kg",),
        lambda station: times * station.limits.rated_load_kg * GRAVITY_MPS2, words,
    )  # fmt: skip


DERIVED = (
    *(_stop(axis, unit) for axis, unit in UNITS.items()),
    _weights("force_limit_n", 1.6),
    _weights("brake_force_n", 2.0),
)
TRAVELS = {"top_lift": (_travel("x"), _travel("y")), "chassis": (_travel("x", "y"),)}
"""By station kind: a gantry's text counts bridge and trolley as one mass."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def stale(station: Station, provenance: Mapping[str, Provenance]) -> Iterator[Problem]:
    """Values and texts marked `derived` that no longer follow from the station's other values."""
    for kind in (*DERIVED, *TRAVELS[station.kind]):
        source = provenance.get(kind.key)
        if source is None or source.tag != "derived" or kind.marks not in source.text:
            continue
        yield from _stale(station, kind, source.text)


def _stale(station: Station, kind: Derived, text: str) -> Iterator[Problem]:
    value, numbers = _value(station, kind.key), [float(number) for number in NUMBER.findall(text)]
    if kind.result is not None:
        result = kind.result(station)
        stated = value if kind.is_value else _result_in(text)
        if stated is not None and abs(stated - result) > SAME * result:
            claim = "marked derived" if kind.is_value else f"its text derives {stated:g}"
            allowed = f"{result:.4g}" if kind.is_value else f"a text with {result:.4g}"
            problem = f"{claim}, but {kind.words} is {result:.4g} now"
            yield Problem(kind.key, value, problem, f"{allowed}, or another provenance")
            return
    for name in kind.inputs:
        now = _value(station, name)
        if not any(abs(number - now) <= SAME_INPUT * now for number in numbers):
            yield Problem(kind.key, value, f"derived from another {name} than {now:g}", f"a text with {now:g}")
            return


def _value(station: Station, key: str) -> float:
    value: Any = station
    for part in key.split("."):
        value = getattr(value, part)
    return float(value)


def _result_in(text: str) -> float | None:
    """The number after the last equals sign; None without such a sign."""
    _, found, rest = text.rpartition("=")
    number = NUMBER.search(rest) if found else None
    return float(number.group()) if number else None
