"""Pydantic's errors as one line that names key, value and allowed range."""

from __future__ import annotations

import difflib
import os
import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from twin.catalogue.safe_yaml import Lines, dotted
from twin.catalogue.schema.base import NAME_PATTERN
from twin.errors import InputError

Part = str | int
Path_ = tuple[Part, ...]

PLAIN = {bool: "true or false", float: "a number", int: "a whole number", str: "text"}
"""Types of one value, in words."""
SIMILAR = 0.6
"""Share of matching letters above which an unknown name counts as a misspelling of a known one."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """All known names, most similar first; among equals those with the same beginning."""
    return sorted(known, key=lambda k: (-_similarity(name, k), -len(os.path.commonprefix((name, k))), k))


def hint(name: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)`, or nothing if no known name is similar."""
    similar = [k for k in nearest(name, known) if _similarity(name, k) >= SIMILAR]
    return f" (did you mean {similar[0]}?)" if similar else ""


def _similarity(name: str, known: str) -> float:
    return difflib.SequenceMatcher(None, name[:80].lower(), known.lower()).ratio()


def to_input_error(
    error: ValidationError, model: type[BaseModel], file: str | Path | None = None, lines: Lines | None = None
) -> InputError:
    """The first of pydantic's errors (an unknown key before others), with the number of further ones."""
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda e: e["type"] != "extra_forbidden")  # a misspelt key explains the missing one
    path, annotation, owner = _walk(model, first["loc"])
    problem, value, allowed = _words(first, annotation, owner)
    if lines and (line := _line(path, lines)):
        problem = f"line {line}: {problem}"
    more = len({_walk(model, e["loc"])[0] for e in errors}) - 1  # one value of several types has an error for each
    if more:
        problem += f" [and {more} more]"
    return InputError(problem, file=file, key=dotted(path) or None, value=value, allowed=allowed)


def _line(path: Path_, lines: Lines) -> int | None:
    for length in range(len(path), 0, -1):
        for candidate in (path[:length], _wrapped(path[:length], lines)):
            if candidate is not None and candidate in lines:
                return lines[candidate]
    return None


def _wrapped(path: Path_, lines: Lines) -> Path_ | None:
    """The path inside a `{value: ..., estimate: ...}` mapping, whose contents stand one level deeper in the file."""
    for i in range(len(path) - 1, 0, -1):
        candidate = (*path[:i], "value", *path[i:])
        if candidate in lines:
            return candidate
    return None


def _words(error: Any, annotation: Any, owner: type[BaseModel] | None) -> tuple[str, object, str | None]:
    """Problem, value to show and allowed range of one pydantic error."""
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    shown = _shown(given)
    if kind == "extra_forbidden":
        known = sorted(owner.model_fields) if owner else []
        key = str(error["loc"][-1])
        return "unknown key" + hint(key, known), None, ", ".join(known)
    if kind == "missing":
        return "is missing", None, allowed_words(annotation)
    if kind == "union_tag_not_found":
        return "type is missing", None, _tags(annotation)
    if kind == "union_tag_invalid":
        return "unknown type", context.get("tag"), context.get("expected_tags", _tags(annotation)).replace("'", "")
    if kind == "value_error":
        return str(context.get("error", error["msg"])), None, None
    if kind in ("too_short", "too_long") and "actual_length" in context:
        few = "few" if kind == "too_short" else "many"
        count, limits = context["actual_length"], (context.get("min_length"), context.get("max_length"))
        allowed = " ".join(f"{w} {n}" for w, n in zip(("at least", "at most"), limits, strict=True) if n is not None)
        # pydantic's count stops at the first surplus item
        problem = f"too {few} values" + (f": {count}" if count is not None else "")
        return problem, None, allowed_words(annotation) or allowed
    if kind in ("finite_number",):
        return "must be a finite number", shown, allowed_words(annotation)
    if "greater_than" in kind or "less_than" in kind:
        return "out of range", shown, allowed_words(annotation)
    if kind == "string_pattern_mismatch":
        named = context.get("pattern") == NAME_PATTERN
        return "not a valid name" if named else "of another form", shown, allowed_words(annotation)
    wanted = {"literal_error": "unknown value"}.get(kind)
    return (
        wanted or f"must be {type_words(annotation)}",
        shown if shown is not None else "nothing",
        allowed_words(annotation),
    )


def _shown(value: object) -> object:
    if isinstance(value, BaseModel | dict):
        return "a mapping"
    return list(value) if isinstance(value, tuple) else value


def _tags(annotation: Any) -> str:
    inner, _ = unwrap(annotation)
    tags = []
    for member in get_args(inner) or (inner,):
        if isinstance(member, type) and issubclass(member, BaseModel) and "type" in member.model_fields:
            tags += [str(a) for a in get_args(member.model_fields["type"].annotation)]
    return ", ".join(tags)


def _walk(model: type[BaseModel], loc: Sequence[Part]) -> tuple[Path_, Any, type[BaseModel] | None]:
    """Follow an error's place through the model: the path as the user wrote it, the annotation there, its owner."""
    path: list[Part] = []
    annotation: Any = model
    owner: type[BaseModel] | None = None
    for part in loc:
        inner, _ = unwrap(annotation)
        if get_origin(inner) in (Union, types.UnionType):
            members = [m for m in get_args(inner) if isinstance(m, type) and issubclass(m, BaseModel)]
            tagged = [m for m in members if part in _tags(m).split(", ")]
            if tagged:  # the discriminator's value: in pydantic's path, not in the user's file
                annotation = tagged[0]
                continue
            if _is_plain_union(inner) and part in [kind.__name__ for kind in PLAIN]:
                continue  # the type that pydantic tried: not in the file either
            inner = next((m for m in get_args(inner) if m is not type(None)), inner)
            inner, _ = unwrap(inner)
        path.append(part)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            owner = inner
            field = inner.model_fields.get(str(part))
            annotation = field_annotation(field) if field else None
        elif get_origin(inner) is tuple:
            arguments = get_args(inner)
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                annotation = arguments[0]
            else:
                annotation = arguments[part] if isinstance(part, int) and part < len(arguments) else None
        elif get_origin(inner) is dict:
            annotation = get_args(inner)[1]
        else:
            annotation = None
    inner, _ = unwrap(annotation)
    if owner is None or (isinstance(inner, type) and issubclass(inner, BaseModel)):
        owner = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
    return tuple(path), annotation, owner


def field_annotation(field: Any) -> Any:
    """A field's annotation, with the constraints that pydantic has moved to the field restored."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """The bare type and its constraints."""
    constraints: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        for item in more:
            constraints += getattr(item, "metadata", None) or [item]
    return annotation, constraints


def _bounds(constraints: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in constraints:
        for name in ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern"):
            if getattr(item, name, None) is not None:
                found[name] = getattr(item, name)
    return found


def _is_plain_union(inner: Any) -> bool:
    """True if several types of one value are allowed."""
    members = [m for m in get_args(inner) if m is not type(None)]
    return get_origin(inner) in (Union, types.UnionType) and len(members) > 1 and all(m in PLAIN for m in members)


def type_words(annotation: Any) -> str:
    """Type of the value, in words."""
    inner, _ = unwrap(annotation)
    if _is_plain_union(inner):
        return " or ".join(PLAIN[m] for m in get_args(inner) if m in PLAIN)
    if get_origin(inner) in (Union, types.UnionType):
        inner, _ = unwrap(next(m for m in get_args(inner) if m is not type(None)))
    if inner in PLAIN:
        return PLAIN[inner]
    if get_origin(inner) is Literal:
        return "one of " + ", ".join(str(a) for a in get_args(inner))
    if get_origin(inner) is tuple:
        arguments = get_args(inner)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return "a list"
        return f"a list of {len(arguments)} numbers"
    return "a mapping"


def allowed_words(annotation: Any) -> str | None:
    """The allowed range in words: `above 0`, `0.1 to 1.4`, `one of ...`."""
    inner, constraints = unwrap(annotation)
    bounds = _bounds(constraints)
    if get_origin(inner) in (Union, types.UnionType):
        members = [m for m in get_args(inner) if m is not type(None)]
        if _is_plain_union(inner):
            return None
        if len(members) > 1:
            return f"type one of {_tags(annotation)}"
        return f"{allowed_words(members[0])}, or null"
    if get_origin(inner) is Literal:
        return "one of " + ", ".join(str(a) for a in get_args(inner))
    if get_origin(inner) is tuple:
        arguments = get_args(inner)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            size = f"{bounds['min_length']} to {bounds['max_length']} values" if "max_length" in bounds else "a list"
            return (
                f"{size}, each {allowed_words(arguments[0])}"
                if not _is_model(arguments[0])
                else f"{size}, each a mapping"
            )
        return f"a list of {len(arguments)} values, each {allowed_words(arguments[0])}"
    if _is_model(inner):
        return f"a mapping with {', '.join(inner.model_fields)}"
    if inner in (int, float):
        whole = "whole number " if inner is int else ""
        return whole + _range(bounds) if bounds else f"a {whole or 'number'}".strip()
    if "pattern" in bounds:
        named = bounds["pattern"] == NAME_PATTERN
        return (
            "a-z, 0-9 and _, at most 64 characters, not starting with _"
            if named
            else f"text that matches {bounds['pattern']}"
        )
    if inner is bool:
        return "true or false"
    return "text" if inner is str else None


def _is_model(annotation: Any) -> bool:
    inner, _ = unwrap(annotation)
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def _range(bounds: dict[str, Any]) -> str:
    low = f"above {bounds['gt']:g}" if "gt" in bounds else f"at least {bounds['ge']:g}" if "ge" in bounds else None
    high = f"below {bounds['lt']:g}" if "lt" in bounds else f"at most {bounds['le']:g}" if "le" in bounds else None
    if low and high and "ge" in bounds and "le" in bounds:
        return f"{bounds['ge']:g} to {bounds['le']:g}"
    return " and ".join(text for text in (low, high) if text)
