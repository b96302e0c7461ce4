"""Which time column belongs to which column of a wide table, where every signal has one of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

LIKE_TIME = re.compile(r"time|date|stamp|zeit|uhr|heure|fecha|hora|^ts$|^t$|\u65f6\u95f4|\u65f6\u523b", re.IGNORECASE)


def times_beside(names: Sequence[str], headers: Sequence[str], main: str, tags: Iterable[str]) -> Mapping[str, str]:
    """The time column of each tag that has one of its own, by names alone; nothing where all have `main`.

    Found are columns of the same name as `main` (`Name;X;Name;Y`), those that differ from it in a number
    (`Time_1;X;Time_2;Y`) and those that are called after their tag (`X Time;X;Y Time;Y`).

    Args:
        names: of all columns, each different.
        headers: the same as the file writes them.
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
    return {tag: name for tag, name in found.items() if name != main}


def _left_of(names: Sequence[str], times: Sequence[int], tags: Sequence[str]) -> dict[str, str]:
    """For each tag the nearest of these columns before it, where there are several."""
    if len(times) < 2:
        return {}
    return {tag: names[before[-1]] for tag in tags if (before := [k for k in times if k < names.index(tag)])}


def _stem(name: str) -> str:
    """A name without its numbers."""
    return re.sub(r"[\W\d_]+", " ", name).strip().casefold()


def _without(name: str, tag: str) -> str:
    """What a name like one of time says besides a tag; nothing where it does not hold the tag as a word."""
    rest = re.sub(rf"(?:^|(?<=[\W_])){re.escape(tag)}(?=[\W_]|$)", " ", name, flags=re.IGNORECASE)
    rest = re.sub(r"[\W_]+", " ", rest).strip().casefold()
    return rest if rest != re.sub(r"[\W_]+", " ", name).strip().casefold() and LIKE_TIME.search(rest) else ""
