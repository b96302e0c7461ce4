"""`--set PATH=VALUE`: values of the resolved models by dotted path, checked as if their files had them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from twin.catalogue.explain import hint
from twin.catalogue.load import parts_of, with_overrides
from twin.catalogue.plausible import implausible
from twin.catalogue.safe_yaml import parse
from twin.errors import InputError

OPTION = "--set"
HELP = (
    "A value of the models, PATH=VALUE, such as station.axes.z.velocity_mps=0.5 or timing.phases.insert.shaper=zv; "
    "again for more. The model's name may be left out where one model alone has the path."
)


@dataclass(frozen=True)
class Setting:
    """One option: the model (None: not told), the path in it, the value, and the text as typed."""

    kind: str | None
    path: str
    value: Any
    text: str


def parse_setting(text: str, kinds: Sequence[str]) -> Setting:
    """Parse `PATH=VALUE`; the value is a YAML scalar or list.

    Raises:
        InputError: another form, or a value that is no YAML.
    """
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path or not value.strip():
        raise InputError("no PATH=VALUE", key=OPTION, value=text, allowed="such as station.limits.rated_load_kg=4200")
    if "\n" in value:
        raise InputError("more than one line", key=OPTION, value=text)
    try:
        read = parse(f"v: {value}".encode(), OPTION)[0]["v"]
    except InputError:
        key, allowed = f"{OPTION} {path}", "as in a model's file"
        raise InputError("the value cannot be read", key=key, value=value, allowed=allowed) from None
    first, _, rest = path.partition(".")
    kind = first if first in kinds and rest else None
    return Setting(kind, rest if kind is not None else path, read, text)


def with_settings(models: Mapping[str, BaseModel], texts: Sequence[str]) -> dict[str, Any]:
    """Return the models, by kind, with these settings in them.

    Raises:
        InputError: a path that no model has, or more than one; a value that the schema or plausibility refuses; a path
            given twice.
    """
    found: dict[str, Any] = dict(models)
    overrides: dict[str, dict[str, Any]] = {}
    for text in texts:
        setting = parse_setting(text, tuple(models))
        kind = setting.kind if setting.kind is not None else _owner(models, setting.path)
        if any(parts_of(setting.path) == parts_of(path) for path in overrides.setdefault(kind, {})):
            raise InputError("given twice", key=f"{OPTION} {kind}.{setting.path}", value=setting.text)
        overrides[kind][setting.path] = setting.value
    for kind, values in overrides.items():
        try:
            found[kind] = with_overrides(found[kind], values)
        except InputError as error:
            key = f"{OPTION} {kind}.{error.key}" if error.key else f"{OPTION} {kind}"
            raise InputError(error.problem, key=key, value=error.value, allowed=error.allowed) from None
        for problem in implausible(found[kind]):
            key = f"{OPTION} {kind}.{problem.key}"
            raise InputError(problem.problem, key=key, value=problem.value, allowed=problem.allowed)
    return found


def _owner(models: Mapping[str, BaseModel], path: str) -> str:
    """Kind of the one model that has the first part of a path."""
    first = re.split(r"[.\[]", path)[0]
    owners = [kind for kind, model in models.items() if first in type(model).model_fields]
    if len(owners) == 1:
        return owners[0]
    if owners:
        words = ", ".join(f"{kind}.{path}" for kind in owners)
        raise InputError("in more than one model", key=OPTION, value=path, allowed=words)
    known = [name for model in models.values() for name in type(model).model_fields]
    allowed = "; ".join(f"{kind}.: {', '.join(type(model).model_fields)}" for kind, model in models.items())
    raise InputError(f"no model has such a value{hint(first, known)}", key=OPTION, value=path, allowed=allowed)
