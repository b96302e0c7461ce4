"""First and last line of a recording's log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twin.incident import amount

if TYPE_CHECKING:
    from twin.alignment.result import AlignmentResult
    from twin.recording.swap.configuration import Twin
    from twin.result import SwapResult


def first_line(twin: Twin) -> str:
    """Station, truck, pack, plant, timing set, policies, seed and planned faults."""
    setup = twin.setup
    words = [
        f"station {setup.station.name}",
        f"truck {setup.truck.name}",
        f"pack {setup.pack.name}",
        f"plant {twin.runner.name}",
        f"timing {twin.timing.name}",
        *(f"{what} policy {Path(name).name}" for what, name in sorted(twin.policies.items())),
        f"seed {setup.seed}",
        f"parking {setup.parking}",
        f"conditions {setup.variation.conditions}",
    ]
    faults = "; ".join(fault.text for fault in twin.faults)
    return ", ".join(words) + (f"; faults: {faults}" if faults else "")


def last_line(result: SwapResult | AlignmentResult) -> str:
    """Outcome, times and the main key figures."""
    from twin.result import SwapResult

    if not isinstance(result, SwapResult):
        return f"{result.outcome} after {result.time_s:.2f} s"
    tries, kpis = max(result.insert_attempts, default=0), result.kpis
    words = [
        f"mechanical time {result.mechanical_time_s:.2f} s",
        f"cycle time {result.cycle_time_s:.2f} s",
        f"{tries} {'insertion' if tries == 1 else 'insertions'} at most into a seat",
        f"peak sway {amount(kpis['peak_sway_m'], 'm')}",
        f"violations {', '.join(str(v['invariant']) for v in result.violations) or 'none'}",
    ]
    return f"{result.outcome}: {', '.join(words)}"
