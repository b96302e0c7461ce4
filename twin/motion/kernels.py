"""How kernels are compiled: numba, cached on disk, in a folder of their own for each state of the sources.

numba notices an edit only in a kernel's own file, not in the kernels it calls from other files, and would then run
stale code silently. So the cache folder's name carries a hash of every source file that may hold a kernel.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: Any = {"cache": True, "error_model": "numpy", "_nrt": False}
"""Kernels allocate nothing: without numba's reference counts an array argument does not cost two calls each time."""
KEPT_CACHES = 4
"""Older cache folders beyond this many are removed."""


def _source_hash() -> str:
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    inner = ("alignment", "docking", "motion", "plants", "plants/rom", "sequence")
    for folder in (root, *(root / name for name in inner)):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    for path in sorted((root.parent / "envs").rglob("*.py")):  # the layer above has some that call these
        source = path.read_bytes()
        if b"kernel" in source:
            digest.update(path.name.encode())
            digest.update(source)
    return digest.hexdigest()[:16]


def _use_own_cache() -> None:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swaptwin" / "kernels"
    with contextlib.suppress(OSError, RuntimeError):  # an unwritable home: numba's default place has to do
        folder = root / _source_hash()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        setattr(config, "CACHE_DIR", str(folder))  # noqa: B010 - numba makes its settings at run time
        others = sorted(root.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in others[KEPT_CACHES:]:
            shutil.rmtree(old, ignore_errors=True)


_use_own_cache()


def kernel(function: Function) -> Function:
    """Compile with numba, cached on disk, keeping the types for callers.

    Division by zero gives inf as in NumPy: a check would cost every evaluation, and limits are positive by contract.
    """
    return cast(Function, njit(**_OPTIONS)(function))


def inlined_kernel(function: Function) -> Function:
    """`kernel` for small functions with arrays among their arguments, put in place wherever they are called.

    An array goes to a function as seven numbers on the stack: that takes longer than what such functions do.
    """
    return cast(Function, njit(**_OPTIONS, forceinline=True)(function))
