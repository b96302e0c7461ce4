"""The topics of a recording: channel ids, encodings and schemas. The ids never change within a format version."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from twin.recording.header import Header

TF, STATE, SENSORS, COMMANDS, PHASES, EVENTS, VIOLATIONS, LOG, SCENE = range(1, 10)


class Topic(NamedTuple):
    """One MCAP channel with its schema (the schema's id equals the channel's)."""

    id: int
    name: str
    encoding: str
    schema_name: str
    schema_encoding: str
    schema: bytes


def topics(header: Header) -> list[Topic]:
    """All topics of a recording, Foxglove's well-known schemas taken from its own SDK."""
    from foxglove import messages  # costs 0.1 s and only writing needs it

    found: list[Topic] = []
    for topic_id, name, message in (
        (TF, "/tf", messages.FrameTransforms),
        (LOG, "/log", messages.Log),
        (SCENE, "/scene", messages.SceneUpdate),
    ):
        schema = message.get_schema()
        found.append(Topic(topic_id, name, "protobuf", schema.name, schema.encoding, bytes(schema.data)))
    sample = {"t_s": {"type": "number"}, "tick": {"type": "integer"}}
    entry: dict[str, Any] = {"t_s": {"type": "number"}}
    text = {"type": "string"}
    for topic_id, name, properties in (
        (STATE, "/state", {**sample, "values": _values(header.channels)}),
        (SENSORS, "/sensors", {**sample, "values": _values(header.sensors)}),
        (COMMANDS, "/commands", {**sample, "command": {"type": "object", "properties": {}}}),
        (PHASES, "/phases", {**entry, "name": text}),
        (EVENTS, "/events", {**entry, "name": text, "message": text, "level": text, **_INCIDENT}),
        (VIOLATIONS, "/violations", {**entry, "name": text, "message": text, **_VIOLATION}),
    ):
        schema_json = orjson.dumps({"type": "object", "title": f"swaptwin.{name[1:]}", "properties": properties})
        found.append(Topic(topic_id, name, "json", f"swaptwin.{name[1:]}", "jsonschema", schema_json))
    return sorted(found)


_MEASURED = {"quantity": {"type": "string"}, "limit": {"type": "number"}, "unit": {"type": "string"}}
_INCIDENT = {
    **{name: {"type": "string"} for name in ("reason", "outcome", "cause", "phase", "step", "axis", "seat_name")},
    **{name: {"type": "integer"} for name in ("robot", "lock", "grip", "tries")},
    **{name: {"type": "number"} for name in ("at_s", "waited_s", "value")},
    **_MEASURED,
}
"""What a trip, a failed try and an outcome say besides: twin.incident."""
_VIOLATION = {
    **{name: {"type": "integer"} for name in ("invariant", "scans")},
    **{"worst": {"type": "number"}, "seat_name": {"type": "string"}},
    **_MEASURED,
}


def _values(names: tuple[str, ...]) -> dict[str, Any]:
    """Schema of a values object; a value that is not finite is null, which viewers plot as a gap."""
    return {"type": "object", "properties": {name: {"type": "number"} for name in names}}
