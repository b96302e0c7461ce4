"""Topics of a recording: channel ids, encodings and schemas. The ids are constant within a format version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from twin.recording.mcap.header import Header

TF, STATE, SENSORS, COMMANDS, PHASES, EVENTS, VIOLATIONS, LOG, SCENE = range(1, 10)

Schema = Mapping[str, Any]
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object", "properties": {}}
TEXTS: Schema = {"type": "array", "items": TEXT}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}

MEANINGS = {
    "/drive_force_n": "of the drive itself; 0 while the axis is held by its brake",
    "/drive_torque_nm": "of the drive itself; 0 while the axis is held by its brake",
    "/net_force_n": "what is left to accelerate the axis: drive, friction, brake and load together",
    "/net_torque_nm": "what is left to accelerate the axis: drive, friction, brake and load together",
    "/energy_j": "shaft work of all drives so far while they drive (motoring); braking gives nothing back",
}
"""Description in the schema of values whose name is not enough, by the name's ending."""

INDICES: Mapping[str, Schema] = {
    "robot": {**INTEGER, "description": "counted from 0, as in the names of channels"},
    "job": {**INTEGER, "description": "which pack of the swap it is about, counted from 0"},
}
PHASE_FIELDS: Mapping[str, Schema] = {
    "t_s": NUMBER,
    "name": TEXT,
    "state": {**TEXT, "description": "start or end"},
    **INDICES,
    "start_s": {**NUMBER, "description": "of a phase that ends: when it began"},
    "end_s": {
        **NUMBER,
        "description": "of a phase that ends: its end; beyond the samples where its time is a fixed one (exit)",
    },
    "step": {**TEXT, "description": "of an imported log: the step's own name there"},
}
EVENT_FIELDS: Mapping[str, Schema] = {
    "t_s": NUMBER,
    "name": TEXT,
    "message": TEXT,
    "level": {**TEXT, "description": "debug, info, warning, error or fatal"},
    **INDICES,
    # of a swap
    "outcome": TEXT,
    "reason": TEXT,
    "fault": TEXT,
    "acts": FLAG,
    "offset_n": {**NUMBER, "description": "reading of the unloaded load cell before it was zeroed"},
    "x_m": NUMBER,
    "y_m": NUMBER,
    "yaw_rad": NUMBER,
    # of its policies and changed settings
    "phase": TEXT,
    "timing": OBJECT,
    "timing_set": TEXT,
    "policies": OBJECT,
    "faults": TEXTS,
    "estimated": TEXTS,
    "what": TEXT,
    "policy": TEXT,
    "since_s": NUMBER,
    # of an episode
    "steps": INTEGER,
    "reward": NUMBER,
    # of a drive into the bay
    "force_n": NUMBER,
    "wheel": TEXT,
    "peak_force_n": NUMBER,
    # of an imported log
    "step": TEXT,
    "alarm": TEXT,
    "on": FLAG,
    "length_s": NUMBER,
    "signal": TEXT,
    "kind": TEXT,
    "seat": TEXT,
    "rope_length_m": NUMBER,
    # of incidents (twin.incident): trips, failed tries, outcomes
    "cause": {**TEXT, "description": "in words, with value and limit"},
    "quantity": {**TEXT, "description": "what was measured"},
    "value": {**NUMBER, "description": "as it was measured, SI"},
    "limit": {**NUMBER, "description": "what it is beyond; of a wait, what was waited for; SI"},
    "unit": TEXT,
    "axis": TEXT,
    "seat_name": TEXT,
    "lock": {**INTEGER, "description": "counted from 1"},
    "grip": {**INTEGER, "description": "counted from 1"},
    "tries": INTEGER,
    "at_s": {**NUMBER, "description": "when it was decided; an outcome comes once the axes stand"},
    "waited_s": NUMBER,
}
"""All fields of events; a field has the same type in every event."""
VIOLATION_FIELDS: Mapping[str, Schema] = {
    "t_s": NUMBER,
    "name": TEXT,
    "message": TEXT,
    "invariant": {**INTEGER, "description": "its number, 1 to 6"},
    "scans": {**INTEGER, "description": "in how many PLC scans by then"},
    "worst": {"type": ["number", "null"], "description": "the worst value by then, SI; null: not finite"},
    "quantity": {**TEXT, "description": "what the invariant is about"},
    "limit": {**NUMBER, "description": "what the worst value is beyond, SI"},
    "unit": TEXT,
    "seat_name": TEXT,
}


class Topic(NamedTuple):
    """One MCAP channel with its schema (the schema's id equals the channel's)."""

    id: int
    name: str
    encoding: str
    schema_name: str
    schema_encoding: str
    schema: bytes


def topics(header: Header) -> list[Topic]:
    """All topics of a recording; Foxglove's well-known schemas come from its own SDK."""
    from foxglove import messages  # takes 0.1 s to import; only writing needs it

    found: list[Topic] = []
    for topic_id, name, message in (
        (TF, "/tf", messages.FrameTransforms),
        (LOG, "/log", messages.Log),
        (SCENE, "/scene", messages.SceneUpdate),
    ):
        schema = message.get_schema()
        found.append(Topic(topic_id, name, "protobuf", schema.name, schema.encoding, bytes(schema.data)))
    sample = {"t_s": NUMBER, "tick": INTEGER}
    for topic_id, name, properties in (
        (STATE, "/state", {**sample, "values": _values(header, header.channels)}),
        (SENSORS, "/sensors", {**sample, "values": _values(header, header.sensors)}),
        (COMMANDS, "/commands", {**sample, "command": OBJECT}),
        (PHASES, "/phases", PHASE_FIELDS),
        (EVENTS, "/events", EVENT_FIELDS),
        (VIOLATIONS, "/violations", VIOLATION_FIELDS),
    ):
        schema_json = orjson.dumps({"type": "object", "title": f"swaptwin.{name[1:]}", "properties": dict(properties)})
        found.append(Topic(topic_id, name, "json", f"swaptwin.{name[1:]}", "jsonschema", schema_json))
    return sorted(found)


def _values(header: Header, names: Iterable[str]) -> dict[str, Any]:
    """Schema of a values object; viewers plot null, a missing value, as a gap.

    Only names that can be null are nullable: some viewers drop a whole channel for one field of two types.
    """
    found: dict[str, Any] = {}
    for name in names:
        found[name] = dict(NUMBER_OR_NULL if header.may_lack(name) else NUMBER)
        meaning = MEANINGS.get(name[name.rfind("/") :])
        if meaning is not None:
            found[name]["description"] = meaning
    return {"type": "object", "properties": found}
