"""Versions that the bits of a recording depend on: packages, the twin's sources, processor type and C library."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path

SWAP_SOURCES = ("", "motion", "plants", "plants/bullet", "plants/rom", "sequence", "faults", "alignment", "branch")
DOCKING_SOURCES = ("", "motion", "docking")
"""Folders of the twin that determine how a swap, or a drive, runs; without recording, catalogue and commands."""


def software_versions(folders: tuple[str, ...] = SWAP_SOURCES) -> dict[str, str]:
    """Versions by name; `twin_sources` covers these folders."""
    from twin.recording.mcap.header import current_versions

    return {
        **current_versions(),
        "twin_sources": twin_sources(folders),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
    }


def unlike_versions(recorded: Mapping[str, str], here: Mapping[str, str] | None = None) -> list[str]:
    """List in words what was made with another version than `here` (by default that of a swap)."""
    here = software_versions() if here is None else here
    return [
        f"{name} {recorded.get(name, 'unknown')}, here is {here[name]}"
        for name in here
        if recorded.get(name) != here[name]
    ]


def twin_sources(folders: tuple[str, ...]) -> str:
    """Short hash of the sources in these folders of the twin."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for name in folders:
        for path in sorted((root / name).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
