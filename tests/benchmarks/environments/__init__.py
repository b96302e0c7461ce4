"""Rows of `swaptwin bench` on environments: beside panda-gym, against the bare engine loop, two workers against one."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.row import Row
from twin.console import ProgressLine

ALIGNMENT = "swaptwin/Alignment-v1"
ARGUMENTS: dict[str, Any] = {"station": "top_lift", "action_mode": "residual"}
"""White noise on top of the station's servo: whole insertions, with contact. Alone it would leave the pack hanging."""


def rows(line: ProgressLine, *, large: bool = False) -> list[Row]:
    """All of them, on Alignment-v1; none has a large batch."""
    del large
    import envs
    from tests.benchmarks.environments.bare import bare_rows
    from tests.benchmarks.environments.panda import panda_rows
    from tests.benchmarks.environments.workers import worker_rows

    label = ALIGNMENT.split("/")[-1]
    if ALIGNMENT not in envs.ENTRY_POINTS:
        return [Row(label, note="not measured: it is not registered here")]
    name = f"envs:{ALIGNMENT}"
    found: list[Row] = []
    for kind in (bare_rows, panda_rows, worker_rows):
        found += kind(label, name, ARGUMENTS, line)
    return found
