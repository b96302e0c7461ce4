"""From the codes that the control software leaves in a world (`twin.records.causes`) to facts and a sentence.

Facts are plain data, in SI units: `quantity`, `value`, `limit`, `unit`, and where one of them is the subject `axis`,
`seat_name`, `lock` or `grip` (locks and grips counted from 1). In sentences robots are counted from 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from twin.amounts import DRIVES, amounts
from twin.records import AXES, JAM, LOCKS, TRIPS, YAW
from twin.records.causes import CAUSES
from twin.setup.setup import SwapSetup


class _Kind(NamedTuple):
    """Quantity of a cause, its SI unit (of an axis: that of a linear one), its part, and its sentence."""

    quantity: str
    unit: str
    about: str
    words: str


_RATED = "{value}, limit {limit} ({percent} of rated)"
_KINDS: dict[str, _Kind] = {
    "estop_button": _Kind("estop_button", "", "", "emergency stop button pressed"),
    "drive_power": _Kind("drive_power", "", "", "drives without power, brakes applied"),
    "load": _Kind("load", "N", "axis", f"load {_RATED}"),
    "drive_force": _Kind("drive_force", "N", "axis", f"force of the {{drive}} {_RATED}"),
    "pull_on_table": _Kind(
        "load", "N", "axis", "load {value}, limit {limit}: the table pulls at a pack that is caught"
    ),
    "lateral_force": _Kind("lateral_force", "N", "", "lateral guide force {value}, limit {limit}"),
    "rise_over_seat": _Kind(
        "rise_over_seat",
        "m",
        "lock",
        "lock {lock} of {seat} not open, pack {value} out of its seat (stopping way included), limit {limit}",
    ),
    "low_travel": _Kind(
        "travel_below_clearance",
        "m",
        "axis",
        "axis {axis} {value} sideways (stopping way included) with a pack below the clearance height, limit {limit}",
    ),
    "following_error": _Kind("following_error", "m", "axis", "following error of axis {axis} {value}, limit {limit}"),
    "overspeed": _Kind("velocity", "m/s", "axis", "speed of axis {axis} {value}, limit {limit}"),
    "overtravel": _Kind("position", "m", "axis", "axis {axis} {value} beyond the end of its stroke, limit {limit}"),
    "robot_distance": _Kind("robot_distance", "m", "axis", "robots 1 and 2 stop {value} apart, limit {limit}"),
    "truck_shift": _Kind("truck_displacement", "m", "", "truck moved by {value}, limit {limit}"),
    "trip_pending": _Kind("trip", "", "", "the trip {trip} is not acknowledged"),
    "target": _Kind("target", "m", "axis", "{axis} target {value} outside {low} to {high}"),
    "velocity": _Kind("velocity", "m/s", "axis", "velocity of axis {axis} {value}, at most {limit}"),
    "acceleration": _Kind("acceleration", "m/s2", "axis", "acceleration of axis {axis} {value}, at most {limit}"),
    "jerk": _Kind("jerk", "m/s3", "axis", "jerk of axis {axis} {value}, at most {limit}"),
    "error_stop": _Kind("error_stop", "", "axis", "axis {axis} is in ErrorStop"),
    "low_move": _Kind(
        "move_below_clearance", "m", "axis", "{axis} move {value} sideways with a low pack, at most {limit}"
    ),
    "planned_distance": _Kind(
        "robot_distance", "m", "axis", "{axis} target {value} from robot {other}, at least {limit}"
    ),
    "release_seat": _Kind("seats_named", "", "", "grips may open only over a seat, and none is named"),
    "pads_made": _Kind("pads_made", "", "seat", "{value} of {limit} pad switches of {seat} made"),
    "locks_closed": _Kind(
        "locks_closed", "", "lock", "lock {lock} of {seat} does not report closed ({value} of {limit} closed)"
    ),
    "load_when_released": _Kind("load", "N", "seat", "load {value} still on the ropes at {seat}, at most {limit}"),
    "pull_tested": _Kind("pull_tested", "", "seat", "{seat} not pull-tested since its locks closed"),
    "grips_closed": _Kind(
        "grips_closed",
        "",
        "grip",
        "grip {grip} does not report closed ({value} of {limit} closed), and locks open only on a gripped pack",
    ),
    "position": _Kind("position", "m", "axis", "axis {axis} at {value}, target {limit}"),
    "sway": _Kind("sway", "m", "", "sway {value}, settle threshold {limit}"),
    "time_over_pack": _Kind(
        "time_over_pack", "s", "", "over its pack for {value} in a row, wanted {limit} before it lands"
    ),
    "time_calm": _Kind(
        "time_calm", "s", "", "calm over its seat for {value} in a row, wanted {limit} before it goes in"
    ),
    "load_to_fall": _Kind("load", "N", "", "load {value}, wanted below {limit}"),
    "load_to_rise": _Kind("load", "N", "", "load {value}, wanted above {limit}"),
    "height": _Kind("position", "m", "axis", "axis {axis} at {value}, wanted {limit}"),
    "grips_reported": _Kind(
        "grips_reported", "", "grip", "grip {grip} does not report {state} ({value} of {limit} {state})"
    ),
    "locks_reported": _Kind(
        "locks_reported", "", "lock", "lock {lock} of {seat} does not report {state} ({value} of {limit} {state})"
    ),
    "table_lock": _Kind("table_lock", "", "", "table lock at {value}, wanted {limit}"),
    "frames": _Kind("scanner_frames", "", "", "{value} of {limit} scanner frames taken"),
    "time": _Kind("waiting_time", "s", "", "waited {value}, limit {limit}"),
    "axial_force": _Kind("axial_force", "N", "seat", "axial force {value} over {seat}, limit {limit}"),
    "load_zero": _Kind(
        "load_cell_offset", "N", "", "load cell {value} off with nothing on it, zero-setting window {limit} either way"
    ),
    "load_of_empty": _Kind(
        "load_error",
        "N",
        "axis",
        "load cell {value} off the weight of the empty end effector, limit {limit}",
    ),
    "load_of_pack": _Kind(
        "load_error",
        "N",
        "axis",
        "load cell {value} off the weight of the pack as it was weighed, limit {limit}",
    ),
    "load_against_drive": _Kind(
        "load_error", "N", "axis", "load cell {value} off the force of the {drive}, limit {limit}"
    ),
    "load_stuck": _Kind("unchanged_reading", "s", "", "load cell unchanged for {value}, limit {limit}"),
    "load_pushes": _Kind("load", "N", "axis", "load {value}, limit {limit}: ropes cannot push"),
    "press_load": _Kind("load", "N", "seat", "load {value} pressing into {seat}, limit {limit} (rated load)"),
    "not_finite": _Kind("lost_coordinates", "", "", "{value} numbers of the state are not finite, limit {limit}"),
    "body_speed": _Kind(
        "end_effector_speed", "m/s", "", "speed of the end effector on its suspension {value}, limit {limit}"
    ),
    "body_tilt": _Kind("tilt", "rad", "", "tilt {value}, limit {limit}"),
    "axis_speed": _Kind("velocity", "m/s", "axis", "speed of axis {axis} {value}, limit {limit}"),
    "truck_speed": _Kind("truck_speed", "m/s", "", "speed of the truck's body {value}, limit {limit}"),
    "penetration": _Kind("penetration", "m", "", "contact pressed in by {value}, limit {limit}"),
    "beside_pins": _Kind(
        "offset_beside_pins", "m", "", "held pack below the tips of its pins and {value} beside them, limit {limit}"
    ),
    "truck_overlap": _Kind("overlap", "m", "", "load reaches {value} into the truck's cab or frame, limit {limit}"),
    "pack_overlap": _Kind("overlap", "m", "", "held pack reaches {value} into another pack, limit {limit}"),
}
CONDITIONS = ("load_to_fall", "load_to_rise", "pads_made")
"""Causes of a jam that is a move at its end with its condition not met."""
_LINEAR_TO_ROTARY = {"m": "rad", "m/s": "rad/s", "m/s2": "rad/s2", "m/s3": "rad/s3"}


@dataclass(frozen=True)
class Incident:
    """The reason of an end: time, robot (from 0; None for the whole station), a sentence, and facts."""

    at_s: float
    robot: int | None
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """Entries of an event: time, the sentence as `cause`, and the facts."""
        return {"at_s": self.at_s, "cause": self.sentence, **self.facts}

    def plus(self, words: str, **facts: Any) -> Incident:
        """A copy with more at the end of its sentence, and more facts."""
        return replace(self, sentence=self.sentence + words, facts={**self.facts, **facts})

    def message(self, what: str, phase: str = "") -> str:
        """`overload at 60.1 s, robot 1 in lift_out: load 46.9 kN, limit 43.1 kN (110 % of rated)`."""
        where = f", robot {self.robot + 1}" if self.robot is not None else ""
        doing = f"{' in ' if where else ', during '}{phase}" if phase else ""
        said = f": {self.sentence}" if self.sentence else ""
        return f"{what} at {self.at_s:.1f} s{where}{doing}{said}"


def trip_of(world: Any, setup: SwapSetup) -> Incident:
    """Reason of the trip of the station in a WORLD record; only its name if nothing more is recorded."""
    at_s, robot = float(world["control"]["trip_t_s"]), int(world["control"]["trip_robot"])
    sentence, facts = _described(
        int(world["control"]["trip_cause"]),
        int(world["control"]["trip_index"]),
        float(world["control"]["trip_value"]),
        float(world["control"]["trip_limit"]),
        setup,
        robot,
    )
    if not facts:
        return Incident(at_s, None, TRIPS[int(world["control"]["trip"])].replace("_", " "))
    return Incident(at_s, robot if robot >= 0 else None, sentence, facts)


def outside_of(world: Any, setup: SwapSetup) -> Incident:
    """The quantity with which a WORLD record left the domain of the reduced-order model."""
    robot = int(world["truth"]["outside_robot"])
    sentence, facts = _described(
        int(world["truth"]["outside_cause"]),
        int(world["truth"]["outside_index"]),
        float(world["truth"]["outside_value"]),
        float(world["truth"]["outside_limit"]),
        setup,
        robot,
    )
    return Incident(float(world["truth"]["outside_t_s"]), robot if robot >= 0 else None, sentence, facts)


def end_of(world: Any, setup: SwapSetup, robot: int, command: Any = None) -> Incident:
    """Reason why the last command of a robot did not end as done; `command` (COMMAND) has the orders to locks."""
    at_s, cause = float(world["control"]["end_t_s"][robot]), int(world["control"]["end_cause"][robot])
    sentence, facts = _described(
        cause,
        int(world["control"]["end_index"][robot]),
        float(world["control"]["end_value"][robot]),
        float(world["control"]["end_limit"][robot]),
        setup,
        robot,
        command,
    )
    if int(world["control"]["status"][robot]) == JAM and CAUSES[cause] in CONDITIONS:
        sentence = f"end of the move reached with {sentence}"
    return Incident(at_s, robot, sentence, facts)


def other_end(
    at_s: float, robot: int | None, sentence: str, quantity: str, value: float, limit: float, unit: str
) -> Incident:
    """Reason found by the sequence itself; `sentence` holds {value} and {limit}."""
    texts = amounts((value, limit), unit)
    facts = {"quantity": quantity, "value": value, "limit": limit, "unit": unit}
    return Incident(at_s, robot, sentence.format(value=texts[0], limit=texts[1]), facts)


def _described(
    cause: int, index: int, value: float, limit: float, setup: SwapSetup, robot: int, command: Any = None
) -> tuple[str, dict[str, Any]]:
    """(sentence, facts); empty for no cause."""
    if not 0 < cause < len(CAUSES):
        return "", {}
    name = CAUSES[cause]
    kind = _KINDS[name]
    unit = _LINEAR_TO_ROTARY.get(kind.unit, kind.unit) if kind.about == "axis" and index == YAW else kind.unit
    facts: dict[str, Any] = {"quantity": kind.quantity, "value": value, "limit": limit, "unit": unit}
    facts |= _part(kind.about, index, setup)
    if math.isinf(limit):
        facts.pop("limit")
    texts = amounts((value, limit), unit)
    p = setup.params[0]
    words: dict[str, Any] = {
        **facts,
        "seat": facts.get("seat_name", ""),
        "value": texts[0],
        "limit": texts[1],
        "other": 2 - robot,
    }
    if name == "target":
        ends = (float(p["axis_min"][robot, index]), float(p["axis_max"][robot, index]))
        words["value"], words["low"], words["high"] = amounts((value, *ends), unit)
    elif name == "trip_pending":
        words["trip"] = TRIPS[index] if 0 <= index < len(TRIPS) else ""
    elif name in ("load", "drive_force", "load_against_drive"):
        words["percent"] = f"{100.0 * float(p['overload_fraction']):.0f} %"
        words["drive"] = DRIVES[setup.station.kind]
    elif name in ("grips_reported", "locks_reported"):
        words["state"] = _requested(command, "grip" if name == "grips_reported" else "lock")
    return kind.words.format(**words), facts


def _part(about: str, index: int, setup: SwapSetup) -> dict[str, Any]:
    """The axis, seat, lock or grip that is the subject of a cause."""
    if index < 0:
        return {}
    if about == "axis":
        return {"axis": AXES[index]}
    if about == "grip":
        return {"grip": index + 1}
    if about == "lock":
        return {"seat_name": setup.seats[index // LOCKS].name, "lock": index % LOCKS + 1}
    if about == "seat":
        return {"seat_name": setup.seats[index].name}
    return {}


def _requested(command: Any, what: str) -> str:
    """State that a command requested of grips or locks."""
    if command is None:
        return "its new state"
    return "closed" if int(command[what]) == 1 else "open"
