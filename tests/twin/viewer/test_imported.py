"""A station's log: named as one, estimates marked everywhere, and nothing shown where nothing was logged."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.twin.viewer.imported import GAP, T0_NS, imported
from twin.viewer import director
from twin.viewer.compare import Ghost, phase_rows
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.headless import Presenter
from twin.viewer.hud import Charts, Hud
from twin.viewer.hud.model import title_of
from twin.viewer.hud.recorded import RecordedDisplay, model_at
from twin.viewer.hud.style import kind_of_work
from twin.viewer.origin import estimated_words, wall_clock
from twin.viewer.playback import Playback
from twin.viewer.scene import palette
from twin.viewer.scene.scene import StationScene
from twin.viewer.scene.seats import Seats
from twin.viewer.session import Session
from twin.viewer.signals import Signals, chart_sets
from twin.viewer.source import Source, gap_at
from twin.viewer.studio import Studio

SIZE_PX = (1280, 720)


@pytest.fixture(scope="module")
def screen():
    with Offscreen(SIZE_PX, QUALITIES["low"]) as screen:
        yield screen


@pytest.fixture
def log(imported_log):
    with Source(imported_log) as source:
        yield source


@pytest.fixture
def poor(poor_log):
    with Source(poor_log) as source:
        yield source


def written(screen: Offscreen, source: Source, t_s: float, ghost: Ghost | None = None) -> set[str]:
    """Every text of the display."""
    display = RecordedDisplay(screen.stage, source, ghost)
    display.update(t_s)
    found = {text for layer in display._hud.layers for text, *_ in layer.texts}
    display._hud.close()
    return found


def charts_of(source: Source) -> dict:
    return {chart.key: chart for chart in chart_sets(source.layout, source.names, source.provenance)}


# --- what it is ---------------------------------------------------------------------------------------------------


def test_the_title_names_the_log_its_beginning_and_its_source_once(log):
    title = title_of(log)
    assert title.fields[:2] == (("log", "Station A, a pack swings"), ("begins", "2026-02-11 06:23:41 UTC"))
    assert ("file", "station_a.csv") in title.fields
    assert [badge.text for badge in title.badges] == ["IMPORTED"]
    assert title.badges[0].look != "bad"


def test_the_clock_tells_the_time_of_day(screen, log):
    said = written(screen, log, 15.0)
    assert {"2026-02-11, UTC", "06:23:56", "00:15.00"} <= said


def test_a_recording_of_the_twin_tells_no_time_of_day(screen, top_lift_swap):
    with Source(top_lift_swap) as source:
        said = written(screen, source, 1.0)
    assert not any("UTC" in text or "estimated" in text for text in said)


@pytest.mark.parametrize(("t0_ns", "t_s"), [(0, 5.0), (T0_NS, 1e20), (10**30, 0.0)])
def test_no_time_of_day_where_the_header_tells_none_that_exists(t0_ns, t_s):
    assert wall_clock(t0_ns, t_s) is None


def test_time_of_day_goes_over_midnight():
    assert wall_clock(T0_NS, 86400.0) == datetime(2026, 2, 12, 6, 23, 41, 200000, UTC)


# --- measured and estimated ---------------------------------------------------------------------------------------


def test_words_name_what_is_estimated(log, poor):
    assert log.estimated == ("packs", "truck")
    assert poor.estimated == ("packs", "truck", "load", "sway")
    reported = {"robot0/z/position_m": "estimated", "robot0/grip2": "estimated", "truck1/lock1": "estimated"}
    assert estimated_words({**reported, "truck1/locked": "estimated", "lane": "estimated"}) == (
        "axis z",
        "grips",
        "locks",
    )


def test_the_twins_estimate_stands_beside_measured_sway(log):
    sway = charts_of(log)["sway"]
    assert [(s.label, s.estimated, s.beside) for s in sway.signals] == [
        ("x", False, False),
        ("x", True, True),
        ("y", False, False),
    ]
    assert sway.hues == (0, 0, 1)
    assert sway.signals[1].names == ("estimate/robot0/sway_x_m",)


def test_estimated_sway_has_no_second_estimate_beside_it(poor):
    assert [(s.label, s.estimated, s.beside) for s in charts_of(poor)["sway"].signals] == [
        ("x", True, False),
        ("y", True, False),
    ]


def test_no_load_of_a_log_is_called_the_true_one(log, poor, top_lift_swap):
    assert [(s.label, s.estimated) for s in charts_of(log)["load"].signals] == [("cell", False)]
    assert [(s.label, s.estimated) for s in charts_of(poor)["load"].signals] == [("cell", False), ("weight", True)]
    with Source(top_lift_swap) as twin:
        assert [s.label for s in charts_of(twin)["load"].signals] == ["cell", "true"]


def test_estimated_numbers_and_lines_say_so(screen, log, poor):
    said = written(screen, log, 12.0)
    number = f"{1e3 * log.snapshot(12.0).value('estimate/robot0/sway_x_m'):.1f}".replace("-", "−")
    assert f"≈ {number}" in said
    assert {"- - estimated by the twin", "estimated: packs, truck"} <= said
    said = written(screen, poor, 12.0)
    assert {"- - estimated", "- - estimated: weight", "estimated: packs, truck, load, sway"} <= said
    assert any(text.startswith("≈ ") and "…" in text for text in said), "the reach of estimates alone"


def test_residuals_are_a_chart_of_their_own_where_there_are_any(log, top_lift_swap):
    residual = charts_of(log)["residual"]
    assert [(s.label, s.estimated) for s in residual.signals] == [("sway x", True)]
    session = Session(log, view="overview")
    session.act("chart:residual")
    assert not session.message
    with Source(top_lift_swap) as twin:
        assert "residual" not in charts_of(twin)
        session = Session(twin, view="overview")
        session.act("chart:residual")
        assert session.message


def test_estimated_bodies_are_outlined_in_the_scene(log, poor, top_lift_swap):
    outlined = {}
    with Source(top_lift_swap) as twin:
        for name, source in (("log", log), ("poor", poor), ("twin", twin)):
            with Studio(source.layout, source.names, (320, 180), "low", provenance=source.provenance) as studio:
                outlined[name] = set(studio.scene.estimated.nodes)
                assert (studio.scene.measured is None) == (name != "twin"), "no scanner's pose in a log"
    packs = {f"pack{k}" for job in log.layout.jobs for k in (job.old_pack, job.new_pack)}
    assert outlined == {
        "log": packs | {"truck_body"},
        "poor": {*packs, "truck_body", "robot0/end_effector"},
        "twin": set(),
    }


def test_outlines_are_seen(log):
    shots = []
    for provenance in ({}, log.provenance):
        with Studio(log.layout, log.names, (640, 360), "low", provenance=provenance) as studio:
            shots.append(studio.picture(log.snapshot(12.0)).astype(int))
    changed = np.abs(shots[0] - shots[1]).max(axis=2) > 40
    assert 200 < np.count_nonzero(changed) < 0.05 * changed.size
    red, green, blue = shots[1][changed].mean(axis=0)
    assert red > green > blue + 40, "amber"


def test_an_arrow_of_an_estimated_force_has_a_shaft_of_dashes(log, poor):
    triangles = []
    for source in (log, poor):
        with Studio(source.layout, source.names, (320, 180), "low", provenance=source.provenance) as studio:
            triangles.append(studio.scene.forces.load[0].triangles)
    assert triangles[1] > triangles[0]


# --- phases, alarms and gaps --------------------------------------------------------------------------------------


def test_phases_of_a_log_have_their_look(log):
    assert [span.name for span in log.phases] == ["scan", "lower", "idle", "insert", "fault"]
    assert (kind_of_work("fault"), kind_of_work("idle")) == ("fault", "waiting")
    playback = Playback(log)
    assert playback.to_trip().name == "lateral_abort"
    assert playback.previous_event().name == "sway_warning"


def test_the_camera_of_a_video_stays_with_what_went_wrong(log):
    shots = director.cuts(log.phases, 0.0, log.end_s, 0.5)
    assert shots[-1][1] == "seat"


def test_a_gap_lies_between_its_samples(log):
    assert log.gaps == (pytest.approx(GAP),)
    assert [log.gap_at(t_s) is not None for t_s in (5.9, 6.0, 6.01, 8.99, 9.0, 9.1)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert gap_at((), 1.0) is None


def test_in_a_gap_nothing_is_logged_and_the_last_sample_stands(log):
    before, inside = log.snapshot(GAP[0]), log.snapshot(8.99)
    assert before.logged
    assert not inside.logged
    np.testing.assert_array_equal(inside.poses, before.poses)
    assert log.snapshot(GAP[1]).logged


def test_no_line_crosses_a_gap_and_no_value_is_held_over_it(log):
    signals = Signals(log)
    names = ("robot0/sway_x_m",)
    signals.load(names, 0.0, 16.0, 7.0)
    t_s, values = signals.window(names, 0.0, 16.0)
    unknown = np.flatnonzero(np.isnan(values))
    assert len(unknown) == 1
    assert t_s[unknown[0] - 1] == pytest.approx(GAP[0])
    assert t_s[unknown[0] + 1] == pytest.approx(GAP[1])
    assert [math.isnan(signals.value_at(names, at)) for at in (6.0, 6.02, 7.5, 8.9, 9.0)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_steps_meet_recorded_samples_alone(log):
    session = Session(log, at=6.0, view="overview")
    session.act("step")
    assert session.playback.t_s == pytest.approx(9.0)
    session.act("step_back")
    assert session.playback.t_s == pytest.approx(6.0)


def test_playing_through_a_gap_says_that_nothing_is_logged(screen, log):
    there = {"Nothing logged", "nothing logged", "1.5 of 3.0 s"}
    assert there <= written(screen, log, 7.5)
    assert not there & written(screen, log, 5.0)
    assert "lower" in written(screen, log, 5.0)


def test_a_gap_is_hatched_on_the_time_line_and_described_under_the_pointer(log):
    charts = Charts((charts_of(log)["sway"],), Signals(log), 20.0, 0, 1)
    model = model_at(log, Playback(log, t_s=3.0), charts, None)
    with Offscreen(SIZE_PX, QUALITIES["low"]) as screen:
        hud = Hud(screen.stage.hud, SIZE_PX)
        hud.update(model)
        screen.stage.show_world_in(*hud.free)
        picture = screen.picture().astype(int)
        top = int(hud.timeline.band_of(log.phases[1]).y)
        x0, x1 = (int(hud.timeline.scale.x(t_s)) for t_s in GAP)
        assert picture[top + 2 : top + 14, x0 + 2 : x1 - 2].std() > 15.0, "slanting lines"
        _, plot = hud.charts.plots[0]
        x0, x1 = (int(hud.charts.scale.x(t_s)) for t_s in GAP)
        assert picture[int(plot.y) + 20 : int(plot.bottom) - 20, x0 + 3 : x1 - 3].std() > 15.0
        pointer = (hud.timeline.scale.x(7.5), top + 5.0)
        assert hud.hit(*pointer).t_s == pytest.approx(7.5, abs=0.05)
        hud.update(replace(model, pointer_px=pointer))
        assert any("nothing logged for 3.00 s" in text for layer in hud.layers for text, *_ in layer.texts)
        hud.close()


def test_the_picture_of_a_gap_is_not_that_of_a_moment(log):
    with Studio(log.layout, log.names, (320, 180), "low", provenance=log.provenance) as studio:
        live, gone, after = (studio.picture(log.snapshot(t_s)).astype(int) for t_s in (6.0, 7.0, 6.0))
        assert live.mean() - gone.mean() > 20.0
        np.testing.assert_array_equal(live, after)
        studio.prepare(log.snapshot(7.0))
        assert not studio.scene.forces.load[0].shown


# --- against another run ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("align", ["start", "phase"])
@pytest.mark.parametrize("log_first", [True, False])
def test_a_log_and_a_run_of_the_twin_stand_side_by_side(screen, imported_log, made_up_swap, align, log_first):
    first, second = (imported_log, made_up_swap) if log_first else (made_up_swap, imported_log)
    with Source(first) as source:
        ghost = Ghost(source, second, align)
        common = {span.name: span for span in ghost.source.phases}["lower"].start_s
        mine = next(span for span in source.phases if span.name == "lower").start_s
        assert ghost.time_at(mine) == pytest.approx(common), "both begin what both have together"
        rows = {row.name: row for row in phase_rows(source.phases, ghost.source.phases)}
        assert rows["fault"].difference_s is None
        assert rows["lower"].difference_s == pytest.approx(-2.0 if log_first else 2.0)
        said = written(screen, source, 1.0, ghost)
        assert {"log", "twin"} <= said
        assert ("estimated in the other run: packs, truck" in said) == (not log_first)
        ghost.close()


def test_a_ghost_is_gone_in_its_gap(screen, imported_log, made_up_swap):
    with Source(made_up_swap) as source:
        ghost = Ghost(source, imported_log)
        at_s = next(t for t in np.arange(0.0, 20.0, 0.5) if ghost.source.gap_at(ghost.time_at(t)) is not None)
        presenter = Presenter(source, (320, 180), "low", "overview", ghost, display=False)
        presenter.picture(float(at_s))
        assert all(node.is_hidden() for node in presenter._other.root.get_children())
        presenter.picture(0.0)
        assert not any(node.is_hidden() for node in presenter._other.root.get_children())
        presenter.close()
        assert "log: nothing logged" in written(screen, source, float(at_s), ghost)
        ghost.close()


def test_a_log_without_a_title_goes_by_its_files_name(top_lift_swap: Path, tmp_path: Path):
    path = imported(top_lift_swap, tmp_path / "log.mcap", t0_ns=0)
    with Source(path) as source:
        source.recording.header.configuration["title"] = ""
        assert title_of(source).fields[0] == ("log", "station_a.csv")
        assert "begins" not in dict(title_of(source).fields)


@pytest.mark.parametrize("size", [(1280, 720), (1000, 600), (1600, 1200), (3840, 2160)])
def test_no_text_lies_on_another(screen, imported_log, poor_log, size):
    with Source(poor_log) as source:
        ghost = Ghost(source, imported_log)
        session = Session(source, ghost=ghost, view="overview")
        session.signals.budget_s = None
        hud = Hud(screen.stage.hud, size)
        for t_s in (1.0, 7.5, 12.0):
            session.playback.scrub(t_s)
            hud.update(session.model(None))
            boxes = [text for layer in hud.layers if layer.path.get_name() != "message" for text in layer.texts]
            for (a, *first), (b, *second) in itertools.combinations(boxes, 2):
                apart = first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
                assert apart or a == b, f"{a!r} lies on {b!r} at {size}, {t_s} s"
            for text, left, top, right, bottom in boxes:
                assert left >= 0, text
                assert top >= 0, text
                assert right <= size[0], text
                assert bottom <= size[1], text
        hud.close()
        ghost.close()


def test_a_lamp_that_no_switch_lights_is_faded_and_one_that_nobody_knows_grey(log):
    names = ("robot0/grip1", "truck1/lock1")
    now = log.snapshot(12.0)
    unknown = replace(now, values=np.where([n in names for n in log.names.channels], math.nan, now.values))
    seen = []
    for provenance, snapshot in (({}, now), (dict.fromkeys(names, "estimated"), now), ({}, unknown)):
        scene = StationScene(log.layout, log.names, provenance=provenance)
        scene.update(snapshot)
        seats = next(part for part in scene.parts if isinstance(part, Seats))
        lamps = [scene.root.find("**/grip1"), seats.lamps["truck1/lock1"]]
        seen.append([tuple(lamp.get_color_scale())[:3] for lamp in lamps])
        assert all(math.isfinite(lamp.get_h()) for lamp in lamps)
        scene.root.remove_node()
    for plain, faded, grey in zip(*seen, strict=True):
        assert grey == pytest.approx(palette.STATE_UNKNOWN, abs=0.002)
        assert faded == pytest.approx(palette.faded(plain), abs=0.002)
