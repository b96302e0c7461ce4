"""What is compiled before the first run: all that commands and environments call from Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from agents import compile_kernels
from twin import kernel_cache

UNUSED = {"plan_hold", "residual_vibration", "monitor"}
"""Of the library; nothing but tests calls them from Python."""


def test_nothing_is_left_to_compile_in_a_first_run(tmp_path: Path) -> None:
    """Every kernel that Python calls has been called; those that only kernels call come with their callers."""
    for part in compile_kernels.PARTS.values():
        part(tmp_path)
    ours = [m for n, m in list(sys.modules.items()) if n.partition(".")[0] in ("twin", "envs", "agents")]
    kernels = [
        value
        for module in ours
        for value in vars(module).values()
        if isinstance(value, Dispatcher) and value.py_func.__module__ == module.__name__
    ]
    assert len(kernels) > 300
    from_kernels = {name for kernel in kernels for name in kernel.py_func.__code__.co_names}
    left = {kernel.py_func.__name__ for kernel in kernels if not kernel.signatures}
    assert left - from_kernels - UNUSED == set()


def test_it_is_instant_where_all_is_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    done: list[str] = []
    monkeypatch.setattr(compile_kernels, "PARTS", {"a part": lambda folder: done.append("a part")})
    compile_kernels.main()
    compile_kernels.main()
    assert done == ["a part"]
    assert kernel_cache.is_compiled("rom")
