"""A ghost keeps step by start or by phase, and the table says who gained time where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from twin.sequence.program import PhaseSpan as RunSpan
from twin.swap import finished_phases
from twin.viewer.compare import Ghost, phase_rows, with_fixed_times
from twin.viewer.headless import Presenter
from twin.viewer.hud.recorded import table_of
from twin.viewer.playback import Playback
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


def test_exit_takes_the_time_that_the_table_of_a_swap_gives_it(top_lift_swap: Path) -> None:
    """A recording ends half a second after exit has begun; the station's time for it counts, in both tables alike."""
    with Source(top_lift_swap) as source:
        spans = (PhaseSpan("verify", 0, 0, 100.0, 115.0), PhaseSpan("exit", 0, 0, 115.0, 115.5))
        source.phases = spans
        station = source.layout.station
        program = SimpleNamespace(
            outcome=["completed"], spans=[[RunSpan(s.name, s.start_s, s.end_s, s.robot, s.job) for s in spans]]
        )
        cell = SimpleNamespace(station=station, dock_s=station.times.dock_s)
        told, _, _ = finished_phases(cast(Any, program), cast(Any, cell))
        exit_s = next(span.end_s - span.start_s for span in told if span.name == "exit")
        counted = with_fixed_times(source)
        assert [span.end_s - span.start_s for span in counted] == pytest.approx([15.0, exit_s])
        assert exit_s == station.times.exit_s > 1.0
        ghost = Ghost(source, top_lift_swap)
        ghost.source.phases = spans
        assert ghost.rows()[-1] == ("exit", exit_s, exit_s, 0.0)
        assert ghost.total()[1] == pytest.approx(15.0 + exit_s)
        source.imported = True  # a log has its own time
        assert with_fixed_times(source)[-1].end_s == 115.5
        source.imported = False
        source.phases = (replace(spans[1], ended=False),)  # and what was cut has none
        assert with_fixed_times(source)[-1].end_s == 115.5
        ghost.close()


def test_in_all_is_the_time_from_first_to_last_and_no_sum_of_parallel_work(
    made_up_swap: Path, slower_swap: Path
) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        source.phases = (*source.phases, PhaseSpan("lower", 1, 1, 1.0, 20.0))
        ghost.source.phases = (*ghost.source.phases, PhaseSpan("lower", 1, 1, 1.0, 25.0))
        assert ghost.total() == ("in all", *(pytest.approx(t_s, abs=0.021) for t_s in (26.0, 32.5, 6.5)))
        ghost.close()


def test_the_row_of_a_phase_that_comes_again_is_the_one_it_is_in(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        for t_s, row in ((3.0, 0), (12.0, 2), (18.0, 3), (25.0, 4)):
            assert table_of(ghost, source, Playback(source, t_s=t_s)).row == row
        ghost.close()


@pytest.mark.parametrize("align", ["start", "phase"])
@pytest.mark.parametrize(("station", "times"), [("top_lift", (0.5, 9.0, 21.5)), ("chassis", (0.5, 7.5))])
def test_a_ghost_is_seen_even_where_it_does_the_same(
    station: str, times: tuple[float, ...], align: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(f"{station}_swap")
    with Source(path) as source:
        ghost = Ghost(source, path, align)
        presenters = [Presenter(source, (480, 270), "low", "overview", other, display=False) for other in (None, ghost)]
        for t_s in times:
            alone, both = (presenter.picture(t_s).astype(int) for presenter in presenters)
            changed = np.abs(alone - both).max(axis=2) > 30
            bright = both[..., 2] - both[..., 0] > 60
            assert (changed & bright).sum() > 40, f"at {t_s} s"
        for presenter in presenters:
            presenter.close()
        ghost.close()


def test_trucks_in_one_place_are_drawn_once(chassis_swap: Path) -> None:
    from twin.viewer.scene.scene import StationScene

    with Source(chassis_swap) as source:
        now = source.snapshot(source.start_s)
        scene = StationScene(source.layout, source.names, ghost=True)
        truck = scene.root.find("**/truck_body/truck")
        poses = np.array(now.poses)
        for moved_m, drawn in ((0.0, False), (0.01, False), (0.5, True), (0.0, False)):
            poses[now.names.frame_index["truck"], 0] = now.world_pose("truck")[0] + moved_m
            scene.update(replace(now, poses=np.array(poses)), now)
            assert truck.is_hidden() is not drawn
