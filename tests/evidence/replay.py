"""Comparing what is played again with what is stored: equal but for what a processor's rounding decides.

On the machine that played it, everything comes out to the last digit. On another processor the last bit of a sum can
differ, and a contact makes of it what these tolerances allow. A change of physics or control exceeds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agents.swap_rows import REDUCED, SwapRow
from tests.evidence.part import read_about

TIME_S, PHASE_S = 0.05, 0.02
"""Whole times, five PLC scans; a phase, two."""
RELATIVE = {"reference": 0.02, "reduced": 1e-3}
"""Key figures of the plants: the reference has an iterative contact solver."""
FORCE, FORCE_N = 0.05, 50.0
"""Peak contact forces on the reference plant: 5 %, and what a single tick makes of a touch."""
SMALL = {"_rad": 2e-5, "_m": 2e-5, "_n": FORCE_N, "_j": 1.0}
"""By unit, a difference that is never looked at on the reference plant."""


def near(stored: float, again: float, relative: float, least: float) -> bool:
    return abs(again - stored) <= max(relative * abs(stored), least)


def kpi_differences(stored: Mapping[str, float], again: Mapping[str, float], relative: float) -> Iterator[str]:
    """Key figures that are not as stored."""
    for name in sorted(stored.keys() | again.keys()):
        if name not in stored or name not in again:
            yield f"{name} is there only once"
            continue
        unit = next((unit for unit in SMALL if name.endswith(unit)), "")
        share, least = relative, 1e-5
        if relative > RELATIVE["reduced"]:
            share, least = (FORCE if unit == "_n" else relative), SMALL.get(unit, 1e-9)
        if name.endswith("_s"):
            share, least = 0.0, TIME_S
        if not near(stored[name], again[name], share, least):
            yield f"{name} {stored[name]:.6g}, now {again[name]:.6g}"


def row_differences(stored: SwapRow, again: SwapRow) -> list[str]:
    """What of a swap is not as stored, in words."""
    found = [
        f"{name} {getattr(stored, name)}, now {getattr(again, name)}"
        for name in ("outcome", "insert_attempts", "violations")
        if getattr(stored, name) != getattr(again, name)
    ]
    for name in ("mechanical_time_s", "cycle_time_s", "lower_bound_s", "procedure_bound_s"):
        was, now = getattr(stored, name), getattr(again, name)
        if was is not None and not near(was, now, 0.0, TIME_S):
            found.append(f"{name} {was}, now {now}")
    for name in sorted(stored.phases_s.keys() | again.phases_s.keys()):
        was, now = stored.phases_s.get(name, 0.0), again.phases_s.get(name, 0.0)
        if not near(was, now, 0.0, PHASE_S + 1e-9):
            found.append(f"phase {name} {was} s, now {now} s")
    relative = RELATIVE["reduced" if stored.plant == REDUCED else "reference"]
    return [*found, *kpi_differences(stored.kpis, again.kpis, relative)]


def assert_as_stored(table: str, which: str, differences: list[str]) -> None:
    """Fail where there are differences, with the table and the command that makes it anew."""
    about = read_about()[table]
    assert not differences, (
        f"tests/evidence/{table} (version {about.version}, {about.last}), {which}, does not come out as stored: "
        f"{'; '.join(differences)}. If physics or control were changed on purpose: {about.command}"
    )
