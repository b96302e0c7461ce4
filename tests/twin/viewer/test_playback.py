"""Playback: time stays inside the recording, steps meet every sample, jumps find what they name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.viewer.playback import SPEEDS, Playback
from twin.viewer.source import Marker, PhaseSpan


@dataclass
class Track:
    start_s: float = 0.0
    end_s: float = 26.0
    sample_s: float = 0.02
    phases: tuple[PhaseSpan, ...] = (
        PhaseSpan("lower", 0, 0, 0.0, 6.0),
        PhaseSpan("grip", 0, 0, 6.0, 9.0),
        PhaseSpan("insert", 0, 0, 9.0, 26.0, ended=False),
        PhaseSpan("raise", 1, 0, 4.0, 12.0),
    )
    markers: tuple[Marker, ...] = (
        Marker(5.0, "arrived", "", "info"),
        Marker(15.0, "retry", "once more", "warning"),
        Marker(24.5, "trip", "too much", "error"),
        Marker(24.5, "invariant 6", "", "error", violation=True),
    )


ACTIONS = {
    "toggle": lambda p: p.toggle(),
    "play": lambda p: p.play(),
    "pause": lambda p: p.pause(),
    "faster": lambda p: p.faster(),
    "slower": lambda p: p.faster(-1),
    "step": lambda p: p.step(1),
    "back": lambda p: p.step(-3),
    "start": lambda p: p.to_start(),
    "end": lambda p: p.to_end(),
    "next": lambda p: p.next_event(),
    "previous": lambda p: p.previous_event(),
    "next phase": lambda p: p.next_phase(),
    "previous phase": lambda p: p.previous_phase(),
    "trip": lambda p: p.to_trip(),
    "before trip": lambda p: p.to_before_trip(),
    "follow": lambda p: p.follow(),
}


@given(
    st.booleans(),
    st.floats(-5.0, 5.0),
    st.floats(0.0, 30.0),
    st.lists(
        st.one_of(
            st.sampled_from(sorted(ACTIONS)),
            st.floats(0.0, 3.0).map(lambda s: ("advance", s)),
            st.floats(allow_nan=True).map(lambda s: ("scrub", s)),
            st.floats(0.0, 5.0).map(lambda s: ("grow", s)),
        ),
        max_size=30,
    ),
)
def test_whatever_is_done_time_stays_inside_and_modes_agree(live, start_s, span_s, actions):
    track = Track(start_s=start_s, end_s=start_s + span_s)
    playback = Playback(track, live=live)
    for action in actions:
        if isinstance(action, str):
            ACTIONS[action](playback)
        elif action[0] == "advance":
            before_s = playback.t_s
            assert playback.advance(action[1]) == (playback.t_s != before_s)
            assert playback.t_s >= before_s
        elif action[0] == "scrub":
            playback.scrub(action[1])
        else:
            track.end_s += action[1]
            playback.refreshed()
        assert track.start_s <= playback.t_s <= track.end_s
        assert playback.speed in SPEEDS
        assert not (playback.playing and playback.following)
        assert live or not playback.following


@given(st.lists(st.floats(0.005, 0.4), min_size=1, max_size=60), st.data())
def test_steps_visit_every_recorded_sample_there_and_back(gaps, data):
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    track = Track(end_s=float(times[-1]))
    playback = Playback(track, sample_times=lambda a, b: times[(times >= a) & (times <= b)])
    seen = [playback.t_s]
    for _ in times[1:]:
        playback.step(1)
        seen.append(playback.t_s)
    assert seen == times.tolist()
    for t_s in times[-2::-1]:
        playback.step(-1)
        assert playback.t_s == t_s
    between_s = data.draw(st.floats(0.0, float(times[-1])))
    playback.scrub(between_s)
    playback.step(1)
    after = times[times > between_s + 1e-6]
    assert playback.t_s == (after[0] if len(after) else times[-1])


@given(st.sampled_from(SPEEDS), st.floats(0.01, 0.2), st.integers(1, 40))
def test_playing_moves_time_at_its_speed_and_stops_at_the_end(speed, wall_s, frames):
    playback = Playback(Track())
    playback.faster(SPEEDS.index(speed) - SPEEDS.index(1.0))
    playback.play()
    for _ in range(frames):
        playback.advance(wall_s)
    assert playback.t_s == pytest.approx(min(speed * wall_s * frames, 26.0))
    assert playback.playing == (playback.t_s < 26.0)


def test_playing_again_at_the_end_starts_over():
    playback = Playback(Track())
    playback.to_end()
    playback.toggle()
    assert (playback.t_s, playback.playing) == (0.0, True)


def test_stepping_pauses_and_scrubbing_does_not():
    playback = Playback(Track())
    playback.play()
    playback.scrub(3.0)
    assert playback.playing
    playback.step(1)
    assert not playback.playing
    assert playback.t_s == pytest.approx(3.02)


def test_events_are_visited_in_order_and_simultaneous_ones_together():
    playback = Playback(Track())
    found = [playback.next_event() for _ in range(4)]
    assert [marker.t_s if marker else None for marker in found] == [5.0, 15.0, 24.5, None]
    assert found[2] is not None
    assert found[2].is_trip
    back = [playback.previous_event() for _ in range(3)]
    assert [marker.t_s if marker else None for marker in back] == [15.0, 5.0, None]


def test_previous_event_gets_past_the_one_that_has_just_been_played():
    playback = Playback(Track(), t_s=15.2)
    assert playback.previous_event().t_s == 15.0
    playback.scrub(15.2)
    playback.play()
    assert playback.previous_event().t_s == 5.0


def test_phases_of_all_robots_are_stops():
    playback = Playback(Track())
    stops = [playback.next_phase() for _ in range(4)]
    assert [span.start_s if span else None for span in stops] == [4.0, 6.0, 9.0, None]
    playback.scrub(7.5)
    assert playback.previous_phase().name == "grip"
    assert playback.previous_phase().name == "raise"
    assert [span.name for span in playback.phases_now()] == ["lower", "raise"]
    playback.to_end()
    assert [span.name for span in playback.phases_now()] == ["insert"]


def test_the_trip_is_the_first_error_and_can_be_seen_coming():
    playback = Playback(Track())
    playback.play()
    assert playback.to_trip().name == "trip"
    assert (playback.t_s, playback.playing) == (24.5, False)
    playback.to_before_trip()
    assert playback.t_s == 19.5
    assert Playback(Track(markers=())).to_trip() is None


def test_following_sticks_to_the_end_while_it_grows():
    track = Track(end_s=2.0)
    playback = Playback(track, live=True)
    assert (playback.t_s, playback.following) == (2.0, True)
    track.end_s = 3.0
    playback.refreshed()
    steps = [playback.t_s]
    while playback.moving:
        playback.advance(1 / 60)
        steps.append(playback.t_s)
    assert playback.t_s == 3.0
    assert max(np.diff(steps)) < 0.05  # it glides: a live recording grows by a second at a time
    playback.scrub(1.0)
    track.end_s = 9.0
    playback.refreshed()
    playback.advance(1.0)
    assert (playback.t_s, playback.following) == (1.0, False)
    playback.to_end()
    assert (playback.t_s, playback.following) == (9.0, True)


def test_playing_a_live_recording_up_to_its_end_follows_it():
    playback = Playback(Track(end_s=2.0), t_s=1.5, live=True)
    playback.play()
    playback.advance(1.0)
    assert (playback.t_s, playback.playing, playback.following) == (2.0, False, True)


def test_a_recording_that_does_not_grow_is_not_followed():
    playback = Playback(Track())
    playback.to_end()
    playback.follow()
    assert not playback.following
