"""A recorded moment from which a swap can continue, and what may be changed there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from twin.catalogue import TimingSet
from twin.errors import InputError
from twin.faults import Fault
from twin.recording.resume.exchange import Load
from twin.recording.swap.settings import Branch
from twin.result import SwapResult
from twin.setup.setup import SwapSetup
from twin.swap import SwapTwin

EARLY_SCANS = 1e-6
"""Tolerance in scans within which a time belongs to the scan before it: 42.1 s is no whole number of hundredths in
binary."""


@dataclass(frozen=True)
class Change:
    """Changes from a moment on; fields that are not set stay as recorded.

    Args:
        timing: another timing set.
        policies: by what they decide, "timing" or "align"; None: no policy from then on.
        faults: added to those of the recording.
    """

    timing: TimingSet | None = None
    policies: Mapping[str, str | None] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


class ReadySwap(Protocol):
    """A swap that is ready to run from a moment."""

    twin: SwapTwin
    on_reached: Callable[[], None] | None

    def run(self) -> SwapResult:
        """Run to the end and give the result."""

    def close(self) -> None:
        """Free the plant."""


class Moment(Protocol):
    """A recorded moment from which a swap can continue, whatever its state is derived from."""

    path: Path
    at_s: float
    setup: SwapSetup
    plant: str

    def branch(self, change: Change) -> Branch:
        """Settings from the moment on; raises InputError for what cannot be changed there."""

    def begin(self, branch: Branch, load: Load) -> ReadySwap:
        """The swap, ready to run; `load` gives the policies that decide from the moment on."""

    def close(self) -> None:
        """Close the recording."""


def scan_of(at_s: float, plc_hz: float, end_s: float, path: Path, begin_s: float = 0.0) -> int:
    """The PLC scan at or after a time; raises InputError for one before the recording's beginning or after its end."""
    if not begin_s - EARLY_SCANS / plc_hz <= at_s <= end_s + EARLY_SCANS / plc_hz or at_s < 0.0:
        allowed = f"{begin_s:g} to {end_s:g} s"
        raise InputError("not in this recording", file=path, key="--at", value=at_s, allowed=allowed)
    return max(math.ceil(at_s * plc_hz - EARLY_SCANS), 0)
