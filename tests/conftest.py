"""What the whole suite shares: the command line as a user runs it, hypothesis profiles, a word on skipped tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# The same examples on every machine, and no deadline: a first call may compile a kernel. `make test-slow` runs all
# tests with examples once more under the profile of that name (tests/tiers.py).
# On a busy machine that first call also looks as if examples were slow to draw.
settings.register_profile(
    "fast",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("slow", settings.get_profile("fast"), max_examples=100)
settings.load_profile("fast")


# A shell starts what it puts into the background with SIGINT ignored, and every process from there inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


NO_WINDOWS = "windows were NOT tested; what they need: apt install xvfb xdotool libegl1 libgl1-mesa-dri"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tests that were skipped for want of a virtual display share one line of the summary."""
    for report in terminalreporter.stats.get("skipped", ()):
        if isinstance(report.longrepr, tuple) and any(tool in report.longrepr[2] for tool in ("Xvfb", "xdotool")):
            report.longrepr = (str(ROOT / "tests" / "viewer"), None, NO_WINDOWS)


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
