"""The machine, and the table for people."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from tests.benchmarks.row import Row
from tests.benchmarks.turns import TURN_TICKS
from twin.tables import print_table

TABLE_WIDTH = 120


def this_machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import os

    from twin.recording.mcap.header import current_versions

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "load_average": list(os.getloadavg()),
        "system": platform.platform(),
        "versions": current_versions(),
    }


def print_rows(machine: dict[str, Any], rows: list[Row]) -> None:
    """The table for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=TABLE_WIDTH)
    load = machine["load_average"][0]
    console.print(f"{machine['processor']}, {machine['cores']} cores, load {load:.1f}", markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("")
    table.add_column("ratio", justify="right")
    table.add_column("quartiles", justify="right", no_wrap=True)
    table.add_column("against")
    table.add_column("required")
    for row in rows:
        spread = f"{row.quartiles[0]:.2f} to {row.quartiles[1]:.2f}" if row.quartiles else ""
        wanted = f"{row.required}: {'met' if row.met else 'NOT met'}" if row.required else ""
        value = "-" if row.value is None else f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.name, value, row.unit, ratio, spread, row.against or "", wanted)
    print_table(console, table)
    console.print(
        "\nswap: all its Python (drives, sensors, sequence, monitor). bare loop: stepSimulation, one motor array and "
        f"one\njoint read a tick, in the same states to the last bit. Medians over turns of {TURN_TICKS} ticks.",
        markup=False,
        style="dim",
    )
    for row in rows:
        if row.note:
            console.print(f"{row.name}: {row.note}", markup=False, style="dim")
