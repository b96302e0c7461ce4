"""A ghost keeps step by start or by phase, and the table says who gained time where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.tiers import slow
from twin.result import finished_phases
from twin.sequence.program import PhaseSpan as RunSpan
from twin.viewer.compare import Ghost, phase_rows
from twin.viewer.headless import Presenter
from twin.viewer.hud.recorded import table_of
from twin.viewer.playback import Playback
from twin.viewer.source import PhaseSpan, Source, _spans


def test_aligned_by_start_both_run_at_the_same_pace(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        assert [ghost.time_at(t) for t in (0.0, 6.0, 20.0)] == pytest.approx([0.0, 6.0, 20.0])
        assert ghost.snapshot_at(20.0).world_pose("truck")[0] == pytest.approx(2.0, abs=1e-6)
        ghost.close()


def test_aligned_by_phase_the_same_work_happens_at_the_same_time(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap, "phase")
        for t_s in (0.0, 3.0, 6.0, 9.0, 12.5, 15.0, 22.0):
            assert ghost.time_at(t_s) == pytest.approx(1.25 * t_s)
        assert ghost.time_at(15.0) == pytest.approx(18.75), "the second insert starts with the second insert"
        ghost.close()


def test_rows_give_the_time_gained_and_the_lead(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        rows = ghost.phase_rows()
        assert [row.name for row in rows] == ["lower", "grip", "insert", "insert", "lock"]
        assert [row.difference_s for row in rows[:-1]] == pytest.approx([1.5, 0.75, 1.5, 1.75], abs=0.021)
        ghost.close()


def test_phases_that_only_one_has_stand_without_a_difference() -> None:
    this = [
        PhaseSpan("lower", 0, 0, 0.0, 2.0),
        PhaseSpan("insert", 0, 0, 2.0, 5.0),
        PhaseSpan("insert", 0, 0, 5.0, 9.0),
    ]
    other = [PhaseSpan("lower", 0, 0, 0.0, 3.0), PhaseSpan("insert", 0, 0, 3.0, 6.0), PhaseSpan("lock", 0, 0, 6.0, 7.0)]
    rows = [(row.name, row.this_s, row.other_s, row.difference_s) for row in phase_rows(this, other)]
    assert rows == [
        ("lower", 2.0, 3.0, 1.0),
        ("insert", 3.0, 3.0, 0.0),
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
        station = source.layout.station
        run = (RunSpan("verify", 100.0, 115.0, 0, 0), RunSpan("exit", 115.0, 115.5, 0, 0))
        program = SimpleNamespace(outcome=["completed"], spans=[list(run)])
        setup = SimpleNamespace(station=station, dock_s=station.times.dock_s)
        reported, _, _ = finished_phases(cast(Any, program), cast(Any, setup))
        exit_s = next(span.end_s - span.start_s for span in reported if span.name == "exit")
        assert exit_s == station.times.exit_s > 1.0
        said = [{"name": s.name, "state": "end", "t_s": s.end_s, "start_s": s.start_s} for s in run]
        recorded = [said[0], {**said[1], "end_s": 115.0 + exit_s}]
        for entries, times_exit_s in ((recorded, 99.0), (said, exit_s)):  # earlier recordings do not say it
            source.phases = _spans(entries, 115.5, times_exit_s)
            assert [span.end_s - span.start_s for span in source.phases] == pytest.approx([15.0, exit_s])
        ghost = Ghost(source, top_lift_swap)
        ghost.source.phases = source.phases
        assert ghost.rows()[-1] == ("exit", exit_s, exit_s, 0.0)
        assert ghost.total()[1] == pytest.approx(15.0 + exit_s)
        assert _spans(said, 115.5, None)[-1].end_s == 115.5, "a log has its own time"
        begun = [{"name": "exit", "state": "start", "t_s": 115.0}]
        assert _spans(begun, 115.5, exit_s)[-1].end_s == 115.5, "what was cut has none"
        ghost.close()


def test_a_phase_that_a_trip_cut_short_has_won_no_time(made_up_swap: Path, slower_swap: Path) -> None:
    """`lock` trips: it is neither faster nor slower than the other's, and the other goes on at its own pace."""
    for first, second in ((made_up_swap, slower_swap), (slower_swap, made_up_swap)):
        with Source(first) as source:
            assert [span.name for span in source.phases if not span.ended] == ["lock"]
            ghost = Ghost(source, second, "phase")
            assert [row[3] is None for row in ghost.rows()] == [False, False, False, False, True]
            lock = source.phases[-1]
            at_s, later_s = ghost.time_at(lock.start_s), ghost.time_at(lock.start_s + 2.0)
            assert later_s - at_s == pytest.approx(2.0)
            ghost.close()


def test_in_all_is_the_time_from_first_to_last_and_no_sum_of_parallel_work(
    made_up_swap: Path, slower_swap: Path
) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        source.phases = (*source.phases, PhaseSpan("lower", 1, 1, 1.0, 20.0))
        ghost.source.phases = (*ghost.source.phases, PhaseSpan("lower", 1, 1, 1.0, 25.0))
        assert ghost.total() == ("in all", *(pytest.approx(t_s, abs=0.021) for t_s in (22.0, 27.5, 5.5)))
        ghost.close()


def test_the_row_of_a_phase_that_comes_again_is_the_one_it_is_in(made_up_swap: Path, slower_swap: Path) -> None:
    with Source(made_up_swap) as source:
        ghost = Ghost(source, slower_swap)
        for t_s, row in ((3.0, 0), (12.0, 2), (18.0, 3), (25.0, 4)):
            assert table_of(ghost, source, Playback(source, t_s=t_s)).row == row
        ghost.close()


@pytest.mark.parametrize("align", ["start", "phase"])
@pytest.mark.parametrize(("station", "times"), [("top_lift", (0.5, 9.0, 21.5)), slow("chassis", (0.5, 7.5))])
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
