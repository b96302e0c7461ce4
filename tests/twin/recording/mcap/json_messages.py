"""Every JSON message of a recording against the schema of its own channel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcap.reader import make_reader

KINDS: dict[str, Any] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def unlike(schema: dict[str, Any], value: Any, where: str) -> list[str]:
    """What in a value is not as the schema says; a field that an object's schema does not list is unlike it too.

    An object of which no field is listed is anybody's.
    """
    allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(KINDS[kind](value) for kind in allowed):
        return [f"{where} is {value!r}, not {schema['type']}"]
    if isinstance(value, list):
        return [problem for item in value for problem in unlike(schema["items"], item, f"{where}[]")]
    if not isinstance(value, dict) or not schema["properties"]:
        return []
    found = [f"{where}.{key} is not listed" for key in value if key not in schema["properties"]]
    for key, item in value.items():
        if key in schema["properties"]:
            found += unlike(schema["properties"][key], item, f"{where}.{key}")
    return found


def problems(path: Path) -> list[str]:
    """All that is unlike its schema in a file, once each."""
    found: dict[str, None] = {}
    with path.open("rb") as file:
        reader = make_reader(file)
        profile = reader.get_header().profile
        if profile and not profile.startswith("x-"):
            found[f"profile {profile}"] = None
        for schema, channel, message in reader.iter_messages():
            if channel.message_encoding != "json":
                continue
            assert schema is not None
            assert schema.encoding == "jsonschema"
            problem = unlike(json.loads(schema.data), json.loads(message.data), channel.topic)
            found.update(dict.fromkeys(problem))
    return list(found)


def properties(path: Path, topic: str) -> dict[str, Any]:
    """What the schema of a topic lists."""
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    (channel,) = (channel for channel in summary.channels.values() if channel.topic == topic)
    listed: dict[str, Any] = json.loads(summary.schemas[channel.schema_id].data)["properties"]
    return listed
