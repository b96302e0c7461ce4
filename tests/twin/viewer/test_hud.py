"""The display: what is drawn can be hit where it is drawn, is readable, and stays on the screen at every size."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda3d.core import GeomVertexReader

from twin.viewer.controls import PLAYING, SHOWING
from twin.viewer.graphics.offscreen import Offscreen
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.hud import Badge, Charts, GhostTable, Hud, style
from twin.viewer.hud.ghost_table import gain_text
from twin.viewer.hud.recorded import load, model_at
from twin.viewer.hud.regions import TimeScale
from twin.viewer.hud.style import clock
from twin.viewer.hud.traces import nice_range, number, simplified, trace
from twin.viewer.playback import Playback
from twin.viewer.signals import CHART_KEYS, Signals, chart_sets
from twin.viewer.source import Source

SIZES = ((1280, 720), (1920, 1080), (3840, 2160), (1600, 1200), (1000, 600), (640, 360))
ROWS = tuple((f"phase_{k}", 1.0 + k, None if k == 3 else 1.5 + k, None if k == 3 else 0.5) for k in range(40))


@pytest.fixture(scope="module")
def source(made_up_swap):
    with Source(made_up_swap) as source:
        yield source


@pytest.fixture(scope="module")
def screen():
    with Offscreen((1280, 720), QUALITIES["low"]) as screen:
        yield screen


@pytest.fixture
def hud(screen):
    hud = Hud(screen.stage.hud, (1280, 720))
    yield hud
    hud.close()


def model(source, t_s, **changes):
    """Everything at once: buttons, charts, hint, the works."""
    sets = chart_sets(source.layout, source.names, {"robot0/sway_x_m": "estimated"})
    shown = tuple(chart for chart in sets if chart.key != "turn")
    charts = Charts(shown, Signals(source), 20.0, 0, source.layout.robots)
    made = model_at(source, Playback(source, t_s=t_s), charts, None, controls=True)
    return replace(made, views=("overview", "seat", "top", "driver"), view="seat", **changes)


def texts(hud):
    return [text for layer in hud.layers for text in layer.texts]


def written(hud):
    return {text for text, *_ in texts(hud)}


def corners(hud):
    """Pixels (K, 2) of all vertices that are drawn."""
    points = []
    for layer in hud.layers:
        node, at = layer.path.node(), layer.path.get_pos(hud.root)
        for k in range(node.get_num_geoms()):
            reader = GeomVertexReader(node.get_geom(k).get_vertex_data(), "vertex")
            while not reader.is_at_end():
                x, _, z = reader.get_data3()
                points.append((x + at.x, -z - at.z))
    return np.array(points)


# --- what is said -------------------------------------------------------------------------------------------------


def test_says_what_is_shown_and_where_it_stands(hud, source):
    hud.update(model(source, 10.5))
    said = written(hud)
    assert {"top_lift", "JAM", clock(10.5), f"of {clock(26.0)}", "1.5 of 6.0 s"} <= said
    assert {"lower", "grip", "insert", "lock"} <= said
    assert {"Axis position", "mm", "Axis speed", "mm/s", "Sway", "Lateral force", "kN", "Load"} <= said
    assert any("abort" in text for text in said)
    assert "- - estimated: x" in said
    assert {"−5 s", "Trip"} <= said


def test_a_display_without_controls_has_no_buttons(hud, source):
    hud.update(model(source, 10.5, controls=False))
    assert not {"Trip", "Help", "1×"} & written(hud)
    assert clock(10.5) in written(hud)


def test_values_at_the_cursor_are_those_of_the_recording(hud, source):
    hud.update(model(source, 12.34))
    z_mm = 1e3 * source.snapshot(12.34).value("robot0/z/position_m")
    assert number(z_mm, 0) in written(hud)


def test_the_help_page_shows_every_key(hud, source):
    hud.update(model(source, 1.0, help_open=True))
    assert {binding.keys_text for binding in (*PLAYING, *SHOWING)} <= written(hud)
    assert {binding.effect for binding in (*PLAYING, *SHOWING)} <= written(hud)
    assert hud.hit(640, 360).kind == "help"
    hud.update(model(source, 1.0))
    assert hud.hit(400, 360) is None


def test_messages_and_the_other_run(hud, source):
    hud.update(model(source, 1.0, toast="picture written", ghost=GhostTable("slower.mcap", ROWS, "phase_30")))
    said = written(hud)
    assert {"picture written", "slower.mcap", "phase 30", "in all", "gained 0.50"} <= said
    hud.update(model(source, 1.0, hint="H help"))
    assert "H help" in written(hud)
    assert "slower.mcap" not in written(hud)


@pytest.mark.parametrize(
    ("gained_s", "text", "colour"),
    [
        (1.042, "gained 1.04", style.GOOD),
        (-6.96, "lost 6.96", style.BAD),
        (0.0, "0.00", style.FAINT),
        (-0.004, "0.00", style.FAINT),
    ],
)
def test_time_lost_and_gained_is_said_in_words(gained_s, text, colour):
    assert gain_text(gained_s) == (text, colour)


@pytest.mark.parametrize("charts", [True, False])
def test_the_other_runs_table_leaves_the_picture_free(hud, source, charts):
    """It covers a sixth of the picture at most, and the present phase is in it, also where its name comes again."""
    table = GhostTable("slower.mcap", (*ROWS, *ROWS), "phase_30", row=len(ROWS) + 30, total=("in all", 9.0, 7.0, -2.0))
    shown = model(source, 1.0, ghost=table)
    hud.update(shown if charts else replace(shown, charts=None))
    x, y, width, height = hud.ghost.area
    assert width * height <= hud.free.width * hud.free.height / 6.0
    assert (x, y) == (hud.free.x, hud.free.y)
    assert {"phase 30", "in all", "lost 2.00"} <= written(hud)
    assert "phase 0" not in written(hud)
    hud.update(model(source, 1.0))


def test_numbers_of_a_chart_lie_beside_its_curves(hud, source):
    """What the samples reach and limits that are far away: under the plot, not in it."""
    hud.update(model(source, 14.0))
    for layer in hud.charts.layers:
        if layer.path.get_name() in ("chart reach", "chart notes"):
            for text, left, top, right, bottom in layer.texts:
                if "…" in text or any(c.isdigit() for c in text):
                    for _, plot in hud.charts.plots:
                        assert bottom <= plot.y or top >= plot.bottom or left >= plot.right or right <= plot.x, text
    assert any("…" in text for text in written(hud))


def test_in_a_narrow_window_names_are_whole_and_one_button_takes_the_next_view(screen, source):
    size = (640, 360)
    narrow = Hud(screen.stage.hud, size)
    shown = model(source, 10.5)
    jam, violation = Badge("JAM", "bad"), Badge("VIOLATION", "bad")
    shown = replace(shown, title=replace(shown.title, badges=(jam, violation)))
    narrow.update(shown)
    gain_text = {text for layer in narrow.title.layers for text, *_ in layer.texts}
    assert {value for _, value in shown.title.fields} <= gain_text, "no name cut, none left out"
    assert {"View", "Charts", "Help"} <= gain_text
    rect = narrow.title.rects["view:top"][0]
    assert narrow.hit(rect.x + 2, rect.y + 2).name == "view:top", "from the seat on, in their order"
    narrow.update(replace(shown, view="driver"))
    assert "view:overview" in narrow.title.rects
    narrow.close()


def test_a_small_picture_has_fewer_charts_and_says_so(screen, source):
    small, large = Hud(screen.stage.hud, (640, 360)), Hud(screen.stage.hud, (1280, 720))
    for each in (small, large):
        each.update(model(source, 14.0))
    chosen = len(large.charts.plots)
    assert 0 < len(small.charts.plots) < chosen
    assert all(plot.height >= 20 for _, plot in small.charts.plots)
    assert any(f"of {chosen} charts fit" in text for text in written(small))
    assert not any("charts fit" in text for text in written(large))
    small.close()
    large.close()


# --- what is under the pointer ------------------------------------------------------------------------------------


@given(st.floats(0.0, 1e4), st.floats(1.0, 1e4), st.floats(0.0, 2e3), st.floats(10.0, 4e3), st.floats(0.0, 1.0))
def test_a_time_scale_inverts(start_s, span_s, x0, width, share):
    scale = TimeScale(x0, width, start_s, start_s + span_s)
    t_s = start_s + share * span_s
    assert scale.time(scale.x(t_s)) == pytest.approx(t_s, abs=1e-6 * span_s)


@pytest.mark.parametrize("size", SIZES)
def test_the_pixel_where_a_time_is_drawn_goes_to_that_time(screen, source, size):
    hud = Hud(screen.stage.hud, size)
    for t_s in (0.0, 3.3, 14.99, 25.0, 26.0):
        hud.update(model(source, t_s))
        line = hud.timeline
        x = next(layer for layer in line.layers if layer.path.get_name() == "cursor").path.get_x()
        found = hud.hit(x, line.area.bottom - 3)
        pixel_s = line.scale.span_s / line.scale.width
        assert found.t_s == pytest.approx(t_s, abs=pixel_s)
        chart, plot = hud.charts.plots[2]
        found = hud.hit(hud.charts._cursor.path.get_x(), plot.y + 2)
        assert (found.kind, found.name) == ("chart", chart.key)
        assert found.t_s == pytest.approx(t_s, abs=2 * hud.charts.scale.span_s / plot.width)
    hud.close()


def test_the_cursor_is_seen_where_it_can_be_hit(screen, hud, source):
    hud.update(model(source, 11.0))
    screen.stage.show_world_in(*hud.free)
    area = hud.timeline.area
    row = screen.picture()[int(area.y + 19)]  # over the words of the first row of phases
    bright = np.flatnonzero(row.min(axis=1) > 220)
    assert len(bright)
    assert hud.hit(bright.mean(), area.y + 19).t_s == pytest.approx(11.0, abs=0.05)


def test_phases_events_and_buttons_are_hit_where_they_are_drawn(hud, source):
    hud.update(model(source, 11.0))
    for span in source.phases:
        band = hud.timeline.band_of(span)
        found = hud.hit(band.x + band.width / 2, band.y + band.height / 2)
        assert (found.kind, found.phase) == ("phase", span)
    for marker in source.markers:
        found = hud.hit(*hud.timeline.marker_at(marker))
        assert found.kind == "event"
        assert found.t_s == marker.t_s or abs(found.t_s - marker.t_s) <= 0.5  # two markers lie close together
    for name, (rect, _) in hud.transport.rects.items():
        assert hud.hit(rect.x + 1, rect.y + 1).name == name
    for name in ("help", "charts", "view:top"):
        rect = hud.title.rects[name][0]
        assert hud.hit(rect.x + 1, rect.y + 1).name == name


def test_a_stretched_time_line_shows_and_hits_its_part_alone(hud, source):
    hud.update(model(source, 11.0, view_s=(10.0, 12.0)))
    area = hud.timeline.area
    assert hud.hit(area.x, area.bottom - 3).t_s == pytest.approx(10.0)
    assert hud.hit(area.right - 1, area.bottom - 3).t_s == pytest.approx(12.0)
    assert "lock" not in written(hud)


# --- it fits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("extra", ["plain", "busy", "help"])
def test_nothing_is_outside_the_screen_and_no_text_on_another(screen, source, size, extra):
    hud = Hud(screen.stage.hud, size)
    changes = {
        "plain": {"hint": "H  help   ·   Space  play"},
        "busy": {
            "ghost": GhostTable("a_run_with_a_rather_long_name_for_a_file.mcap", ROWS, "phase_30"),
            "live": True,
            "following": True,
            "toast": "24.50  trip: lateral force above the limit of the station, and more words than fit on a line" * 2,
            "speed": 0.25,
        },
        "help": {"help_open": True},
    }[extra]
    for t_s in (0.0, 14.0, 26.0):
        hud.update(model(source, t_s, **changes))
        points = corners(hud)
        margin = 3.0 * hud.scale  # of lines that touch an edge of their chart, and of glyphs' own empty border
        assert points.min() >= -margin
        assert (points <= np.array(size) + margin).all()
        over = (
            hud.help.layers
            if extra == "help"
            else [layer for layer in hud.layers if layer.path.get_name() != "message"]
        )
        boxes = [text for layer in over for text in layer.texts]
        for (a, *first), (b, *second) in itertools.combinations(boxes, 2):
            apart = first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
            assert apart or a == b, f"{a!r} lies on {b!r} at {size}, {t_s} s"
        for text, left, top, right, bottom in boxes:
            assert left >= 0, text
            assert right <= size[0], text
            assert top >= 0, text
            assert bottom <= size[1], text
    hud.close()


def test_small_text_is_sharp(screen, hud, source):
    """Glyphs drawn at their own size have strokes of full strength; stretched ones are grey."""
    hud.update(model(source, 1.0))
    screen.stage.show_world_in(*hud.free)
    picture = screen.picture()
    _, left, top, right, bottom = next(text for text in texts(hud) if text[0] == "Axis position")
    stroke = picture[int(top) : int(bottom), int(left) : int(right)].min(axis=2)
    assert stroke.max() > 200


# --- it is cheap --------------------------------------------------------------------------------------------------


def test_at_rest_nothing_is_redrawn(hud, source):
    shown = model(source, 10.0)
    hud.update(shown)
    before = [layer.paints for layer in hud.layers]
    for _ in range(3):
        hud.update(shown)
    assert [layer.paints for layer in hud.layers] == before


def test_playing_draws_only_what_moves(hud, source):
    signals = Signals(source)
    shown = model(source, 10.0)
    charts = replace(shown.charts, signals=signals)
    counts = {}
    for k in range(50):
        t_s = 11.0 + 0.02 * k
        load(charts, source, t_s)
        hud.update(replace(shown, charts=charts, t_s=t_s))
        if k == 0:
            counts = {layer.path.get_name(): layer.paints for layer in hud.layers}
    more = {layer.path.get_name(): layer.paints - counts[layer.path.get_name()] for layer in hud.layers}
    assert all(more[name] == 0 for name in ("panel", "phases", "cursor", "title", "help", "chart cursor"))
    assert more["chart lines"] <= 18  # a second is 14 pixels, and some samples come new


def test_no_sample_is_read_twice(source):
    signals = Signals(source)
    names = ["robot0/x/position_m", "robot0/load_cell_n"]
    for start_s in np.arange(0.0, 6.0, 0.1):
        assert signals.load(names, start_s, start_s + 20.0, start_s)
    assert signals.reads == 2 * 13  # 26 s in blocks of two seconds
    t_s, values = signals.window(("robot0/x/position_m",), 3.0, 17.0)
    expected = source.series("robot0/x/position_m", 3.0, 17.0)
    np.testing.assert_array_equal(t_s, expected[0])
    np.testing.assert_array_equal(values, expected[1])


def test_reading_in_small_bites_continues_until_all_is_there(source):
    signals = Signals(source, budget_s=0.0)
    rounds = 1
    while not signals.load(["robot0/x/position_m"], 0.0, 20.0, 10.0):
        rounds += 1
        assert rounds < 1000
    assert len(signals.window(("robot0/x/position_m",), 0.0, 20.0)[0]) == 1001


# --- traces -------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2000), st.integers(20, 400), st.integers(0, 2**32 - 1))
def test_a_trace_keeps_the_extremes(samples, columns, seed):
    values = np.random.default_rng(seed).normal(size=samples)
    t_s = 5.0 + 0.02 * np.arange(samples)
    at, drawn = trace(t_s, values, 5.0, max(0.02 * samples, 0.02) / columns, columns)
    assert (np.diff(at) >= 0).all()
    if samples:
        assert (drawn.min(), drawn.max()) == (values.min(), values.max())


@given(st.integers(2, 600), st.integers(0, 2**32 - 1), st.floats(0.0, 3.0))
def test_a_simplified_line_stays_within_a_pixel(points, seed, noise_px):
    random = np.random.default_rng(seed)
    x = np.cumsum(random.uniform(0.2, 1.0, points))
    y = 40.0 * np.sin(x / 30.0) + noise_px * random.normal(size=points)
    kept = simplified(x, y)
    assert (kept[0], kept[-1]) == (0, points - 1)
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() < 0.75
    assert len(simplified(x, np.zeros(points))) <= max(points / 20, 8)


@given(st.floats(-1e5, 1e5), st.floats(0.0, 1e5), st.floats(1e-2, 100.0), st.integers(1, 6))
def test_an_axis_holds_its_values(low, span, least_span, steps):
    first, last, step = nice_range(low, low + span, least_span, steps)
    assert first <= low + 0.07 * step
    assert last >= low + span - 0.07 * step
    assert last - first >= 0.9 * least_span
    assert round((last - first) / step) <= steps + 2


def test_numbers_as_people_read_them():
    assert number(-12345.678, 1) == "−12 345.7"
    assert number(-0.01, 1) == "0.0"
    assert number(float("nan"), 2) == "–"
    assert clock(3725.5) == "1:02:05.50"
    assert clock(59.999) == "01:00.00"
    assert set(CHART_KEYS) == {"position", "speed", "sway", "force", "load", "turn", "residual"}


def test_the_title_names_each_timing_set_that_a_branch_went_on_with():
    """A swap that goes on from a log begins with the set it goes on with: that is one set, named once."""
    from twin.viewer.hud.model import _control_fields

    def named(*sets: str) -> str:
        settings = [{"at_s": 60.0, "timing": {"name": name}} for name in sets[1:]]
        return dict(_control_fields({"timing": {"name": sets[0]}, "branch": {"settings": settings}}))["timing"]

    assert named("factory", "factory") == "factory"
    assert named("factory", "zvd", "factory") == "factory then zvd then factory"
