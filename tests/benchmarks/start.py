"""How long the command line takes to say anything."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.benchmarks.row import Row

REQUIRED_HELP_S = 0.5


def help_row(repeats: int = 5) -> Row:
    """How long `swaptwin --help` takes, in a process of its own."""
    seconds = []
    for _ in range(repeats):
        began_s = time.perf_counter()
        subprocess.run([sys.executable, "-m", "swaptwin", "--help"], capture_output=True, check=True, timeout=60)
        seconds.append(time.perf_counter() - began_s)
    value = statistics.median(seconds)
    return Row("swaptwin --help", value, "s", required=f"< {REQUIRED_HELP_S} s", met=value < REQUIRED_HELP_S)
