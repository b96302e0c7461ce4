"""Contradictions in a log are reported: switches that exclude each other, a truck that moves, packs never carried."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.log_import.test_clock_steps import T0, Run, run
from twin.log_import.comparing.page import _lead, contradictions_of

__all__ = ["run"]
T_S = np.arange(0.0, 60.0, 0.1)


def lines(columns: dict[str, np.ndarray]) -> list[str]:
    rows = zip(T_S.tolist(), *columns.values(), strict=True)
    return [f"t,{','.join(columns)}", *(f"{T0 + t:.3f}," + ",".join(f"{v:g}" for v in row) for t, *row in rows)]


def station(lifted_mm: float = 0.0, **more: np.ndarray) -> list[str]:
    """Grips close over the truck at 10 s; between 20 and 40 s the pack is lifted by so much and set down again."""
    up = lifted_mm * np.clip(np.minimum(T_S - 20.0, 40.0 - T_S) / 5.0, 0.0, 1.0)
    axes = {"x": 0.0 * T_S, "y": 0.0 * T_S, "z": 2656.0 + up}
    grips = {"grip": (T_S >= 10.0) & (T_S < 50.0), "load": np.where((T_S > 15.0) & (T_S < 45.0), 3450.0, 450.0)}
    return lines(axes | grips | more)


GRIPS = "  robot0/grips_closed: {tag: grip}\n  robot0/load_cell_n: {tag: load, unit: kg}\n"


def test_a_lock_that_is_open_and_closed_at_once(run: Run) -> None:
    closed, opened = T_S < 50.0, (T_S >= 20.0) & (T_S < 55.0)
    signals = "  truck1/lock3_closed: {tag: cl}\n  truck1/lock3_open: {tag: op}\n"
    report, recording = run(station(cl=closed, op=opened), signals=signals + GRIPS)
    (finding,) = [f for f in report.findings if f.kind == "contradicting switches"]
    assert finding.count == 1
    assert "truck1/lock3 reports open and closed at once for 30.00 s" in finding.where
    (event,) = [e for e in recording.events() if e["name"] == "contradicting_switches"]
    assert event["t_s"] == pytest.approx(20.0, abs=0.11)
    assert "Nothing parts" not in _lead([], contradictions_of(report))
    assert "truck1/lock3" in _lead([], contradictions_of(report))
    assert "Nothing parts" in _lead([], [])


def test_switches_that_pass_each_other_are_none(run: Run) -> None:
    signals = "  truck1/lock3_closed: {tag: cl}\n  truck1/lock3_open: {tag: op}\n"
    report, _ = run(station(cl=T_S < 20.3, op=T_S >= 20.0), signals=signals)
    assert contradictions_of(report) == []


@pytest.mark.parametrize(("lifted_mm", "is_weighed"), [(0.0, False), (30.0, False), (800.0, True)])
def test_only_a_pack_that_was_carried_is_weighed(lifted_mm: float, is_weighed: bool, run: Run) -> None:
    report, _ = run(station(lifted_mm), signals=GRIPS)
    found = {row["figure"].partition("[")[0]: row["value"] for row in report.setup}
    assert found["old_pack_kg"] == (pytest.approx(3000.0, abs=1.0) if is_weighed else None)
    assert found["new_pack_kg"] is None


@pytest.mark.parametrize("moved_mm", [0.0, 3.0, 60.0])
def test_a_truck_moves_by_what_its_scans_say(moved_mm: float, run: Run) -> None:
    laser = 2412.0 - moved_mm * np.clip((T_S - 30.0) / 2.0, 0.0, 1.0)
    signals = "  robot0/scan_x_m: {tag: laser, unit: mm, sign: -1, zero: 2412}\n"
    report, recording = run(station(laser=laser), signals=signals + GRIPS)
    t_s, x = recording.states(names=["truck/x_m"])
    moved = moved_mm if moved_mm > 10.0 else 0.0
    assert np.ptp(x[t_s < 29.0]) == 0.0
    assert 1e3 * (x[-1, 0] - x[0, 0]) == pytest.approx(moved, abs=0.01)
    reported = [f.where for f in report.findings if f.kind == "truck moved"]
    assert ["+60 mm in x" in where for where in reported] == ([True] if moved else [])
    assert [e["name"] for e in recording.events() if e["name"] == "truck_moved"] == (["truck_moved"] if moved else [])
