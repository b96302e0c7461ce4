"""How much memory a process has had at most."""

from __future__ import annotations

from pathlib import Path


def peak_mib() -> float:
    """Of this process, in MiB. (`ru_maxrss` of a child would be its parent's peak, where that is larger.)"""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
