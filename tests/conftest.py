"""What the whole suite shares: the command line as a user runs it, and a hypothesis profile that repeats itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# The same examples on every machine, and no deadline: a first call may compile a kernel.
settings.register_profile("swaptwin", deadline=None, derandomize=True, database=None)
settings.load_profile("swaptwin")


# A shell starts what it puts into the background with SIGINT ignored, and every process from there inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No progress on standard error, however slow the machine; what progress says has tests of its own."""
    monkeypatch.setattr("twin.console.QUIET_S", 1e6)


UNHURRIED = "import sys, swaptwin, twin.console; twin.console.QUIET_S = 1e6; sys.exit(swaptwin.main())"
RunCommand = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_swaptwin(tmp_path: Path) -> RunCommand:
    """Runs `swaptwin ARGUMENTS` in a fresh process and an empty folder, and returns what it said.

    Wide enough that no line is folded, without colours, and without progress however slow the machine.
    """

    def run(*arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", UNHURRIED, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run
