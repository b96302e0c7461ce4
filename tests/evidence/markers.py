"""Generated sections of documents, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from __future__ import annotations

from pathlib import Path


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
