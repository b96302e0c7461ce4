"""Slow recorders and rounded stamps: nothing is frozen that only repeats itself, lines of a second stand in it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.log_import.test_clock_steps import (
    AXES,
    HZ,
    LENGTH_S,
    T0,
    Run,
    kinds,
    long,
    place,
    run,
    times,
    wide,
)

__all__ = ["run"]


@pytest.mark.parametrize("period_s", [1.0, 5.0])
def test_a_slow_recorder_repeats_itself(period_s: float, run: Run) -> None:
    t_s = period_s * np.arange(160)
    noise = 0.1 * np.random.default_rng(5).integers(-1, 2, (160, 3))
    values = np.column_stack([600.0 + 0.0 * t_s, 1500.0 + 0.0 * t_s, 4700.0 + 0.0 * t_s]) + noise
    lines = [f"{T0 + t:.3f},{x:.1f},{y:.1f},{z:.1f}" for t, (x, y, z) in zip(t_s.tolist(), values, strict=True)]
    report, recording = run(["t,x,y,z", *lines])
    assert report.findings == []
    for axis in AXES:
        assert np.isfinite(recording.states(names=[f"robot0/{axis}/position_m"])[1]).all()


def test_a_slow_recorder_that_is_frozen_is_reported(run: Run) -> None:
    t_s = np.arange(300.0)
    x = 600.0 + 0.1 * np.random.default_rng(6).integers(-20, 20, 300)
    x[100:130] = x[100]
    report, _ = run(["t,x,y,z", *(f"{T0 + t:.3f},{v:.1f},0,0" for t, v in zip(t_s.tolist(), x, strict=True))])
    assert kinds(report) == {"frozen value": 1}
    assert report.findings[0].places[0]["s"] == 29.0


def test_whole_numbers_at_rest_are_not_frozen(run: Run) -> None:
    """1 mm of resolution: mostly the same, now and then the next."""
    t_s = times()
    x = 600 + (np.random.default_rng(7).random(len(t_s)) < 0.05).astype(int)
    report, _ = run(["t,x,y,z", *(f"{T0 + t:.3f},{v},0,0" for t, v in zip(t_s.tolist(), x.tolist(), strict=True))])
    assert report.findings == []


@pytest.mark.parametrize(("coarse_s", "hz", "begin_s"), [(1.0, 10, 0.0), (1.0, 10, 0.2), (0.1, 50, 0.0), (1.0, 3, 0.0)])
@pytest.mark.parametrize("table", ["wide", "long"])
def test_lines_of_a_rounded_stamp_are_spread_over_it(
    coarse_s: float, hz: int, begin_s: float, table: str, run: Run
) -> None:
    t_s = times(hz) + begin_s
    stamps_s = coarse_s * np.floor(t_s / coarse_s + 1e-9)
    report, recording = run((wide if table == "wide" else long)(t_s, stamps_s))
    assert kinds(report) == {"coarse time": 1}
    start_s = 0.0 if table == "long" else begin_s
    t_rec, values = recording.states(names=["robot0/x/position_m"])
    known = np.isfinite(values[:, 0])
    assert known.mean() > 0.99
    interpolation_m = 2.0 * (2.0 * np.pi / 20.0) ** 2 / 8.0 / hz**2
    assert np.abs(values[known, 0] - 1e-3 * place("x", t_rec[known] + start_s)).max() < 0.001 + interpolation_m


def test_minutes_only(run: Run) -> None:
    t_s = np.arange(0.0, 600.0, 10.0)
    lines = [f"{T0 + 60.0 * (t // 60.0):.0f},{10.0 * t:.1f},0,0" for t in t_s.tolist()]
    report, recording = run(["t,x,y,z", *lines])
    assert kinds(report) == {"coarse time": 1}
    at, x = recording.states(names=["robot0/x/position_m"])
    assert np.abs(x[:, 0] - 0.01 * at).max() < 1e-3


def test_a_flag_among_many_lines_of_a_second_stands_where_it_was_written(run: Run) -> None:
    lines = []
    for k, t in enumerate(times(10).tolist()):
        x = float(place("x", np.array([t]))[0])
        lines.append(f"x,{T0 + int(t + 1e-9)},{x:.1f}")
        if k == 207:
            lines.append(f"grip,{T0 + int(t)},1")
    axes = [f"{a},{T0},0" for a in "yz"]
    report, recording = run(["tag,t,value", *axes, *lines], signals="  robot0/grips_closed: {tag: grip}\n")
    reported = [e["t_s"] for e in recording.events() if e["name"] == "gripped"]
    assert reported == [] or reported == pytest.approx([20.7], abs=0.2)
    t_s, grip = recording.states(names=["robot0/grip1"])
    assert t_s[np.argmax(grip[:, 0] > 0.5)] == pytest.approx(20.7, abs=0.2)


@pytest.mark.parametrize("words", [("0", "1"), ("FALSE", "TRUE"), ("3", "7")])
@pytest.mark.parametrize("table", ["wide", "long"])
def test_a_flag_has_no_values_between(words: tuple[str, str], table: str, run: Run) -> None:
    on = [0.0, 9.0, 19.0, 30.0]
    if table == "long":
        lines = [*long(times()), *(f"flag,{T0 + t:.3f},{words[k % 2]}" for k, t in enumerate(on))]
        lines = [lines[0], *sorted(lines[1:], key=lambda line: line.split(",")[1])]
    else:
        rows, at = wide(times(1.0)), [0, 9, 19, 30]
        lines = [f"{rows[0]},flag"]
        lines += [f"{row},{words[at.index(k) % 2] if k in at else ''}" for k, row in enumerate(rows[1:])]
    _, recording = run(lines, signals="  log/flag: {tag: flag}\n")
    _, flag = recording.sensors(names=["log/flag"])
    allowed = {0.0, 1.0} if words[0] != "3" else {3.0, 7.0}
    assert set(np.unique(flag[np.isfinite(flag)]).tolist()) == allowed


@pytest.mark.parametrize("by_s", [-1.0, 1.0])
@pytest.mark.parametrize("at_s", [20.0, 20.3])
def test_a_clock_that_was_set_in_whole_second_stamps_is_reported(by_s: float, at_s: float, run: Run) -> None:
    """Ten lines a second: a second with twice the lines, one without, or two with fewer."""
    t_s = times(10.0)
    stamps = np.floor(t_s + by_s * (t_s >= at_s))
    report, _ = run(wide(t_s, stamps))
    assert kinds(report)["uneven stamp"] >= 1
    reported = next(f for f in report.findings if f.kind == "uneven stamp")
    assert "clock was set" in reported.done
    assert run(wide(t_s, np.floor(t_s)))[0].duration_s == pytest.approx(LENGTH_S - 0.1, abs=0.01)


def test_a_clock_set_back_at_standstill_in_a_sorted_long_table_is_reported(run: Run) -> None:
    """Two values of each tag at each time of that second; nothing moves that could tell more."""
    t_s = np.arange(2000) / HZ
    rows = [(t - (t >= 20.0), a, 500.0 + 0.1 * (k % 7)) for k, t in enumerate(t_s.tolist()) for a in "xyz"]
    lines = [f"{a},{T0 + t:.3f},{v:.1f}" for t, a, v in sorted(rows, key=lambda row: row[0])]
    report, _ = run(["tag,t,value", *lines])
    reported = next(f for f in report.findings if f.kind == "contradicting line")
    assert "clock was set back" in reported.done
