"""Check arguments and `reset(options=...)`; an error is one line that names the mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Real
from typing import Any

from twin.catalogue.explain import hint
from twin.errors import InputError


def known(options: Mapping[str, Any] | None, names: Collection[str], key: str = "options") -> dict[str, Any]:
    """Copy the options; raise InputError, which names argument `key`, for one that is not in `names`."""
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise InputError("not a mapping", key=key, value=options)
    for name in options:
        if name not in names:
            raise InputError(f"unknown option{hint(name, names)}", key=key, value=name, allowed=", ".join(names))
    return dict(options)


def number(key: str, value: object, low: float, high: float) -> float:
    """Check a finite number from `low` to `high`."""
    wrong = isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high
    if wrong:  # also refuses NaN
        raise InputError("not a number in its range", key=key, value=value, allowed=f"{low:g} to {high:g}")
    return float(value)  # type: ignore[arg-type]


def choice(key: str, value: object, allowed: Collection[str]) -> str:
    """Check one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise InputError("unknown", key=key, value=value, allowed=", ".join(allowed))
    return value


def flag(key: str, value: object) -> bool:
    """Check True or False; other truthy or falsy values are refused."""
    if not isinstance(value, bool):
        raise InputError("not a boolean", key=key, value=value, allowed="True, False")
    return value
