"""Numbers that are not finite, which JSON does not have: written as null, and named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

NOT_FINITE = "not finite"


def with_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each number that is not finite by None, and list their keys under `not_finite`, if any."""
    found: list[str] = []
    clean = {str(key): _clean(value, str(key), found) for key, value in data.items()}
    return {**clean, "not_finite": found} if found else clean


def _clean(value: Any, where: str, found: list[str]) -> Any:
    if isinstance(value, float) and not math.isfinite(value):  # numpy's float64 is one
        found.append(where)
        return None
    if isinstance(value, Mapping):
        return {key: _clean(item, f"{where}.{key}", found) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, f"{where}[{index}]", found) for index, item in enumerate(value)]
    return value
