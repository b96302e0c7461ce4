"""A ghost keeps step by start or by phase, and the table says who gained time where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.viewer.compare import Ghost, phase_rows
from twin.viewer.source import PhaseSpan, Source


def test_aligned_by_start_both_run_at_the_same_pace(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        assert [ghost.time_at(t) for t in (0.0, 6.0, 20.0)] == pytest.approx([0.0, 6.0, 20.0])
        assert ghost.snapshot_at(20.0).world_pose("truck")[0] == pytest.approx(2.0, abs=1e-6)
        ghost.close()


def test_aligned_by_phase_the_same_work_happens_at_the_same_time(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap, "phase")
        for t_s in (0.0, 3.0, 6.0, 9.0, 12.5, 15.0, 22.0, 26.0):
            assert ghost.time_at(t_s) == pytest.approx(1.25 * t_s)
        assert ghost.time_at(15.0) == pytest.approx(18.75), "the second insert starts with the second insert"
        ghost.close()


def test_rows_give_the_time_gained_and_the_lead(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        rows = ghost.phase_rows()
        assert [row.name for row in rows] == ["lower", "grip", "insert", "insert", "lock"]
        assert [row.difference_s for row in rows] == pytest.approx([1.5, 0.75, 1.5, 1.75, 1.0], abs=0.021)
        assert rows[-1].lead_s == pytest.approx(6.5, abs=0.021)
        ghost.close()


def test_phases_that_only_one_has_stand_without_a_difference() -> None:
    this = [
        PhaseSpan("lower", 0, 0, 0.0, 2.0),
        PhaseSpan("insert", 0, 0, 2.0, 5.0),
        PhaseSpan("insert", 0, 0, 5.0, 9.0),
    ]
    other = [PhaseSpan("lower", 0, 0, 0.0, 3.0), PhaseSpan("insert", 0, 0, 3.0, 6.0), PhaseSpan("lock", 0, 0, 6.0, 7.0)]
    rows = [(row.name, row.this_s, row.other_s, row.lead_s) for row in phase_rows(this, other)]
    assert rows == [
        ("lower", 2.0, 3.0, 1.0),
        ("insert", 3.0, 3.0, 1.0),
        ("insert", 4.0, None, None),
        ("lock", None, 1.0, None),
    ]


def test_alignment_by_phase_never_runs_backwards(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(slower_swap) as source:
        ghost = Ghost(source, made_up_swap, "phase")
        times = [ghost.time_at(t) for t in np.linspace(source.start_s, source.end_s, 500)]
        assert (np.diff(times) >= 0.0).all()
        ghost.close()
