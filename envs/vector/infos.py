"""Infos of many worlds in Gymnasium's convention: per key an array and a mask of the worlds that have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Columns = dict[str, Any]
"""Arrays (N, ...) by name, or nested columns."""


def masked(columns: Mapping[str, Any], mask: Array) -> dict[str, Any]:
    """Convert columns as `VectorEnv._add_info` does with the single infos of the worlds in `mask` (N,) bool."""
    infos: dict[str, Any] = {}
    everyone = bool(mask.all())
    for key, value in columns.items():
        if isinstance(value, Mapping):
            infos[key] = masked(value, mask)
        elif everyone:
            infos[key] = value
        else:
            infos[key] = np.full(len(mask), None, object) if value.dtype == object else np.zeros_like(value)
            infos[key][mask] = value[mask]
        infos[f"_{key}"] = mask.copy()
    return infos


def single(infos: Mapping[str, Any], i: int) -> dict[str, Any]:
    """Return the info of world `i` in plain Python from infos in Gymnasium's convention."""
    own: dict[str, Any] = {}
    for key, value in infos.items():
        if f"_{key}" in infos and infos[f"_{key}"][i]:
            if isinstance(value, Mapping):
                own[key] = single(value, i)
            else:
                own[key] = value[i] if value.dtype == object else value[i].item()
    return own


def by_name(names: Iterable[str], values: Array) -> dict[str, Array]:
    """Split (N, K) values into columns, new arrays."""
    return {name: values[:, k].copy() for k, name in enumerate(names)}


def sum_of(values: Array) -> Array:
    """Sum (N, K) values to (N,) in order, as Python's `sum` does; NumPy may add pairwise."""
    total = np.zeros(len(values))
    for k in range(values.shape[1]):
        total += values[:, k]
    return total


def stacked(infos: Sequence[Mapping[str, Any]]) -> Columns:
    """Convert infos of single worlds, all with the same keys, into columns."""
    columns: Columns = {}
    for key, first in infos[0].items():
        values = [info[key] for info in infos]
        if isinstance(first, Mapping):
            columns[key] = stacked(values)
        else:
            columns[key] = empty(len(infos), first)
            for i, value in enumerate(values):
                columns[key][i] = value
    return columns


def empty(n: int, example: object) -> Array:
    """Make an array (n,) for values like the example: numbers and booleans by type, others as objects."""
    if isinstance(example, bool | int | float):
        return np.zeros(n, type(example))
    return np.full(n, None, object)


class Kept:
    """Plain values of each world (its drawn values), kept as columns. Returned arrays never change."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._columns: dict[str, Array] = {}

    def put(self, which: Sequence[int], plain: Sequence[Mapping[str, Any]]) -> None:
        """Set the values of the worlds `which`, with the same keys for all."""
        for key in plain[0]:
            column = self._columns.get(key)
            column = empty(self._n, plain[0][key]) if column is None else column.copy()
            for i, values in zip(which, plain, strict=True):
                column[i] = values[key]
            self._columns[key] = column

    def columns(self) -> Columns:
        """Columns (N,) by name."""
        return dict(self._columns)
