"""Location and inventory of compiled kernels on disk; usable without numba.

numba notices an edit only in a kernel's own file, not in the kernels it calls from other files, and would then run
stale code silently. So there is a folder for each state of the sources, named by a hash of every file that may hold a
kernel. With NUMBA_CACHE_DIR, as in `numba` itself, the folder is the user's own and stays the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import platform
from functools import cache
from pathlib import Path

KEPT_CACHES = 4
"""Number of older cache folders that are kept."""
INNER = ("alignment", "control", "docking", "motion", "plants", "records", "runner", "sequence")
"""Folders of the twin with kernels, or with numbers that are compiled into them, in their subfolders too."""


@cache
def source_hash() -> str:
    """Short hash of all sources that kernels are made of."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in (*sorted(root.glob("*.py")), *(path for name in INNER for path in sorted((root / name).rglob("*.py")))):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    for path in sorted((root.parent / "envs").rglob("*.py")):  # the layer above has kernels that call these
        source = path.read_bytes()
        if b"kernel" in source:
            digest.update(path.name.encode())
            digest.update(source)
    return digest.hexdigest()[:16]


def own_root() -> Path | None:
    """The folder of all SwapTwin caches; None if the user has set numba's own, or there is no home."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return None
    with contextlib.suppress(RuntimeError):
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swaptwin" / "kernels"
    return None


def folder() -> Path | None:
    """Folder of the kernels for this state of the sources; None: numba's default, beside the sources."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(named)
    root = own_root()
    return None if root is None else root / source_hash()


ALL = "all"
WORDS = {"rom": "the reduced-order plant's kernels", "bullet": "the control software's kernels"}
"""Kernels that a swap on a plant needs."""


def is_compiled(what: str) -> bool:
    """True if the kernels that `what` (a plant, ALL) needs are on disk, for these sources, this numba and processor."""
    marks = (_mark(what), _mark(ALL))
    return any(mark is not None and mark.exists() for mark in marks)


def notice(plant: str, otherwise: str) -> str:
    """Message at the start of a run on this plant: kernels are being compiled, if they are, or `otherwise`."""
    if plant not in WORDS or is_compiled(plant):
        return otherwise
    return f"compiling {WORDS[plant]} (about a minute, once for each version)"


def start_notice(words: str) -> str:
    """Message while processes start that may compile kernels: `words`, and a note on compilation if it may happen."""
    return words if is_compiled(ALL) else f"{words}; kernels that are not there yet are compiled (minutes, once)"


def mark_compiled(what: str) -> None:
    """Record that they are compiled, after a run that needed all of them."""
    mark = _mark(what)
    if mark is not None:
        with contextlib.suppress(OSError):  # a cache that cannot be written: they will be compiled again
            mark.touch()


def _mark(what: str) -> Path | None:
    """An empty marker file for kernels on disk: numba keeps them by version and processor too."""
    at = folder()
    if at is None:
        return None
    made_for = (importlib.metadata.version("numba"), platform.python_version(), _processor(), source_hash())
    return at / f"{what}-{hashlib.sha256(repr(made_for).encode()).hexdigest()[:12]}.compiled"


@cache
def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "flags", "CPU part", "Features")):
                return hashlib.sha256(line.encode()).hexdigest()[:12]
    return platform.processor() or platform.machine()
