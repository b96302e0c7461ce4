"""The automatic camera goes close where packs meet seats, and does not flicker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.viewer.director import BLEND_S, SHORTEST_S, cuts, shot_at
from twin.viewer.graphics.camera import View, blended
from twin.viewer.source import PhaseSpan

STORY = (
    ("lower", 20.0),
    ("grip", 4.0),
    ("unlock", 7.0),
    ("lift_out", 13.0),
    ("align", 2.0),
    ("insert", 15.0),
    ("clear", 5.0),
)


def spans() -> list[PhaseSpan]:
    made, t_s = [], 0.0
    for name, takes_s in STORY:
        made.append(PhaseSpan(name, 0, 0, t_s, t_s + takes_s))
        t_s += takes_s
    return made


def test_it_goes_close_for_the_work_at_the_seat() -> None:
    assert cuts(spans(), 0.0, 66.0, 1.0) == [
        (0.0, "overview"),
        (20.0, "seat"),
        (31.0, "overview"),
        (44.0, "seat"),
        (61.0, "overview"),
    ]


def test_at_ten_times_the_pace_short_work_is_seen_from_afar() -> None:
    assert cuts(spans(), 0.0, 66.0, 7.0) == [(0.0, "overview"), (44.0, "seat")]


@given(speed=st.floats(0.1, 50.0), start_s=st.floats(0.0, 60.0), length_s=st.floats(1.0, 66.0))
def test_no_shot_is_shorter_than_a_viewer_can_follow(speed: float, start_s: float, length_s: float) -> None:
    end_s = min(start_s + length_s, 66.0)
    shots = cuts(spans(), start_s, end_s, speed)
    assert shots[0][0] == start_s
    assert all(a[1] != b[1] for a, b in zip(shots, shots[1:], strict=False))
    for (at, _), (until, _) in zip(shots[1:], [*shots[2:], (end_s, "")], strict=False):
        assert until - at >= SHORTEST_S * speed - 1e-9


def test_a_cut_is_a_short_eased_move() -> None:
    shots = [(0.0, "overview"), (10.0, "seat")]
    assert shot_at(shots, 5.0, 2.0) == ("overview", "overview", 1.0)
    assert shot_at(shots, 10.0, 2.0) == ("overview", "seat", 0.0)
    assert shot_at(shots, 10.0 + BLEND_S, 2.0)[2] == pytest.approx(0.5)
    assert shot_at(shots, 30.0, 2.0) == ("overview", "seat", 1.0)
    a, b = View((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), 40.0), View((2.0, 4.0, 6.0), (1.0, 2.0, 0.0), 20.0)
    assert blended(a, b, 0.0) == a
    assert blended(a, b, 1.0) == b
    assert blended(a, b, 0.5) == View((1.0, 2.0, 3.0), (1.0, 1.0, 0.0), 30.0)
