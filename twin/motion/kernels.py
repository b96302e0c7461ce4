"""Compilation of kernels: numba, cached on disk, in a folder for each state of the sources (`twin.kernel_cache`)."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, njit

from twin import kernel_cache

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: Any = {"cache": True, "error_model": "numpy", "_nrt": False}
"""Kernels allocate nothing: without numba's reference counts an array argument saves two calls each time."""


def _use_own_cache() -> None:
    root = kernel_cache.own_root()
    if root is None:
        return
    with contextlib.suppress(OSError):  # an unwritable home: use numba's default place
        folder = root / kernel_cache.source_hash()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        setattr(config, "CACHE_DIR", str(folder))  # noqa: B010 - numba makes its settings at run time
        others = sorted(root.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in others[kernel_cache.KEPT_CACHES :]:
            shutil.rmtree(old, ignore_errors=True)


_use_own_cache()


def kernel(function: Function) -> Function:
    """Compile with numba, cached on disk, keeping the types for callers.

    Division by zero gives inf as in NumPy: a check would cost every evaluation, and limits are positive by contract.
    """
    return cast(Function, njit(**_OPTIONS)(function))


def inlined_kernel(function: Function) -> Function:
    """Compile like `kernel`, inlined at every call: for small functions with arrays among their arguments.

    An array is passed as seven numbers on the stack, which takes longer than such functions themselves.
    """
    return cast(Function, njit(**_OPTIONS, forceinline=True)(function))
