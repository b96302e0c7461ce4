"""Generated sections of documents, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


def stamp() -> dict[str, str]:
    """What each row of a long run keeps of how it was made: the project's version and the day (UTC)."""
    return {"version": version("swaptwin"), "date": datetime.now(UTC).date().isoformat()}


def made_from(rows: Iterable[dict[str, Any]], command: str) -> str:
    """A sentence on the rows of a table, by their stamps."""
    stamps = {(row.get("version", "not known"), row.get("date", "not known")) for row in rows}
    versions, days = sorted({v for v, _ in stamps}), sorted({d for _, d in stamps})
    said = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"Made from: version {', '.join(versions)}, {said}, `{command}`.\n"


def of_this_version(row: dict[str, Any]) -> bool:
    """Whether a row counts in a run that goes on: what another version has played is played anew."""
    return bool(row.get("version") == version("swaptwin"))


def marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"


def between(path: Path, name: str) -> str:
    """What stands between the markers now."""
    return _parts(path, name)[1]


def replace(path: Path, name: str, section: str) -> None:
    """Put `section` between the markers."""
    before, _, after = _parts(path, name)
    begin, end = marks(name)
    path.write_text(before + begin + section + end + after, encoding="utf-8")


def _parts(path: Path, name: str) -> tuple[str, str, str]:
    begin, end = marks(name)
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    section, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{path}: no markers {begin.strip()} and {end.strip()}")
    return before, section, after
