"""Assigns time columns to the columns of a wide table in which every signal has its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os.path import commonprefix

LIKE_TIME = re.compile(r"time|date|stamp|zeit|uhr|heure|fecha|hora|^ts$|^t$|\u65f6\u95f4|\u65f6\u523b", re.IGNORECASE)


def times_beside(names: Sequence[str], headers: Sequence[str], main: str, tags: Iterable[str]) -> Mapping[str, str]:
    """The time column of each tag that has its own, by names alone; empty if all have `main`.

    Recognised are columns of the same name as `main` (`Name;X;Name;Y`), those that differ from it in a number
    (`Time_1;X;Time_2;Y`), those named after their tag (`X Time;X;Y Time;Y`), and those that alternate with their tags
    and have similar names (`X Time;X ValueY;Y Time;Y ValueY`, `X.t;X.v;Y.t;Y.v`).

    Args:
        names: of all columns, each different.
        headers: the same as in the file.
        main: the time column of the mapping.
        tags: columns of values.
    """
    if main not in names:
        return {}
    tags = [tag for tag in tags if tag in names]
    at = names.index(main)
    found: dict[str, str] = {}
    if len(headers) == len(names):
        alike = [k for k, header in enumerate(headers) if header == headers[at] and names[k] not in tags]
        found = _left_of(names, alike, tags)
    if not found:
        stem = _stem(main)
        if LIKE_TIME.search(stem):
            numbered = [k for k, name in enumerate(names) if _stem(name) == stem and name not in tags]
            found = _left_of(names, numbered, tags)
    if not found:
        words = {_without(main, tag) for tag in tags} - {""}
        named = {tag: name for tag in tags for name in names if name != tag and _without(name, tag) in words}
        found = named if len(set(named.values())) > 1 and main in named.values() else {}
    if len(found) < len(tags):
        found = {**_left_of(names, _in_turn(names, at, tags), tags), **found}
    return {tag: name for tag, name in found.items() if name != main}


def _left_of(names: Sequence[str], times: Sequence[int], tags: Sequence[str]) -> dict[str, str]:
    """For each tag the nearest of these columns before it, if there are several."""
    if len(times) < 2:
        return {}
    return {tag: names[before[-1]] for tag in tags if (before := [k for k in times if k < names.index(tag)])}


def _in_turn(names: Sequence[str], at: int, tags: Sequence[str]) -> list[int]:
    """Columns that may be times like the one at `at`, each directly before the same number of values."""
    if at + 1 >= len(names):
        return []
    pair = _apart(names[at], names[at + 1])
    is_time = LIKE_TIME.search(names[at]) is not None

    def is_alike(k: int) -> bool:
        of_time = is_time and LIKE_TIME.search(names[k]) is not None
        return names[k] not in tags and (of_time or bool(pair) and _apart(names[k], names[k + 1]) == pair)

    found = sorted({at, *(k for k in range(len(names) - 1) if is_alike(k))})
    apart = {b - a for a, b in zip(found[:-1], found[1:], strict=True)}
    return found if len(apart) == 1 and min(apart) > 1 and len(names) - found[-1] == min(apart) else []


def _apart(name: str, other: str) -> tuple[str, str] | None:
    """Endings of two names after their common beginning; None if they have none."""
    size = len(commonprefix((name, other)))
    return (name[size:], other[size:]) if size and len(name) > size and len(other) > size else None


def _stem(name: str) -> str:
    """A name without its numbers."""
    return re.sub(r"[\W\d_]+", " ", name).strip().casefold()


def _without(name: str, tag: str) -> str:
    """Rest of a time column's name besides a tag; empty if it does not contain the tag as a word."""
    rest = re.sub(rf"(?:^|(?<=[\W_])){re.escape(tag)}(?=[\W_]|$)", " ", name, flags=re.IGNORECASE)
    rest = re.sub(r"[\W_]+", " ", rest).strip().casefold()
    return rest if rest != re.sub(r"[\W_]+", " ", name).strip().casefold() and LIKE_TIME.search(rest) else ""
