"""What keys, clicks and the wheel do to a session; a live recording that grows under it."""

from __future__ import annotations

import pytest

from twin.viewer.controls import PLAYING, SHOWING, action_of
from twin.viewer.eye import FREE
from twin.viewer.hud.regions import Hit
from twin.viewer.session import WINDOWS_S, Session
from twin.viewer.source import Source


@pytest.fixture
def session(made_up_swap):
    with Source(made_up_swap) as source:
        yield Session(source, view="overview")


@pytest.mark.parametrize("binding", [*PLAYING, *SHOWING], ids=lambda binding: binding.action)
def test_every_key_of_the_help_page_does_what_it_says(session, binding):
    for key in binding.keys:
        plain = key.removeprefix("shift-")
        assert action_of(plain, shift=plain != key) == binding.action
    session.playback.scrub(12.0)
    before = session.state
    session.act(binding.action)
    session.model(None)
    changed = session.done or session.wants_picture or session.state != before
    assert changed or binding.action in ("view:overview", "robot")  # the view it has; the one robot there is


def test_a_shifted_key_without_a_meaning_of_its_own_is_the_plain_one():
    assert action_of("n", shift=True) == "next_event"
    assert action_of("t", shift=True) == "before_trip"
    assert action_of("z") is None


def test_escape_closes_the_help_page_first(session):
    session.act("help")
    session.act("quit")
    assert (session.show["help"], session.done) == (False, False)
    session.act("quit")
    assert session.done


def test_the_hint_goes_with_the_first_thing_done(session):
    assert session.model(None).hint
    session.act("play")
    assert session.model(None).hint is None


def test_clicks_go_where_they_show(session):
    assert session.click(Hit("timeline", t_s=7.0))
    assert session.playback.t_s == 7.0
    marker = session.source.markers[0]
    assert not session.click(Hit("event", marker.name, marker.t_s, marker=marker))
    assert session.playback.t_s == 15.0
    assert "retry" in session.message
    session.click(Hit("button", "play"))
    assert session.playback.playing


def test_the_wheel_stretches_the_time_line_about_the_pointer_and_back(session):
    for _ in range(5):
        session.wheel(Hit("timeline", t_s=15.0), 1.0)
    start_s, end_s = session.stretch_s
    assert start_s < 15.0 < end_s
    assert (15.0 - start_s) / (end_s - start_s) == pytest.approx(15.0 / 26.0)
    session.act("start")  # the cursor stays in sight
    assert session.stretch_s[0] == pytest.approx(0.0)
    for _ in range(40):
        session.wheel(Hit("timeline", t_s=3.0), 1.0)
    assert session.stretch_s[1] - session.stretch_s[0] >= 1.0
    for _ in range(40):
        session.wheel(Hit("timeline", t_s=3.0), -1.0)
    assert session.stretch_s is None


def test_the_wheel_zooms_charts_and_camera(session):
    for _ in range(20):
        session.wheel(Hit("chart", "sway", 3.0), 1.0)
    assert session.window_s == WINDOWS_S[0]
    session.eye.view(session.source.snapshot(0.0))
    session.wheel(None, 1.0)
    assert session.eye.name == FREE
    session.act("view:seat")
    assert session.eye.name == "seat"


def test_the_point_under_the_pointer_stays_there_when_the_camera_is_moved(session):
    before = session.eye.view(session.source.snapshot(0.0))
    session.eye.move(30.0, 10.0, 600)
    session.eye.move(-30.0, -10.0, 600)
    after = session.eye.view(session.source.snapshot(0.0))
    assert after.eye_m == pytest.approx(before.eye_m)
    assert after.target_m == pytest.approx(before.target_m)


def test_what_there_is_none_of_is_said(session):
    session.act("ghost")
    assert "--ghost" in session.message
    assert not session.show["ghost"]
    session.act("follow")
    assert "--live" in session.message


def test_a_live_recording_is_followed_until_one_looks_back(made_up_swap, tmp_path):
    """The file is given in three parts, as if it were written meanwhile."""
    whole = made_up_swap.read_bytes()
    path = tmp_path / "live.mcap"
    path.write_bytes(whole[: len(whole) // 3])
    with Source(path) as source:
        session = Session(source, live=True, view="overview")
        first_s = source.end_s
        assert session.playback.t_s == first_s
        assert session.model(None).live
        with open(path, "ab") as file:
            file.write(whole[len(whole) // 3 : 2 * len(whole) // 3])
        session.refresh()
        assert source.end_s > first_s
        for _ in range(600):
            session.pass_time(1 / 60)
        assert session.playback.t_s == source.end_s
        session.click(Hit("timeline", t_s=1.0))
        with open(path, "ab") as file:
            file.write(whole[2 * len(whole) // 3 :])
        session.refresh()
        session.pass_time(1.0)
        assert session.playback.t_s == 1.0
        session.act("end")
        assert session.playback.t_s == source.end_s == pytest.approx(26.0)
        assert not session.model(None).live  # it is complete now
