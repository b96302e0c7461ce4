"""Models from plain data, such as a recording's header or a program's input, where lists stand for tuples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from twin.errors import InputError

Model = TypeVar("Model", bound=BaseModel)


def model_from_plain(model: type[Model], data: object, key: str, file: str | Path | None, said: str) -> Model:
    """Make a checked model from `data`; an error is an InputError that starts with `said` and names its key."""
    try:
        return model.model_validate(tuples(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (key, *first["loc"]))
        raise InputError(f"{said}: {first['msg']}", file=file, key=where) from None


def tuples(value: object) -> object:
    """Replace every list by a tuple: the models are frozen, JSON and YAML have lists only."""
    if isinstance(value, list | tuple):
        return tuple(tuples(item) for item in value)
    if isinstance(value, Mapping):
        return {key: tuples(item) for key, item in value.items()}
    return value
