"""A log whose clock was set while axes moved comes out on one time; lines out of order are sorted, however late."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twin.errors import InputError
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.report import ImportReport
from twin.recording import Recording, open_recording

T0 = 1_770_790_000
HZ, LENGTH_S = 50, 40.0
AXES = "xyz"
Line = tuple[float, str]
Run = Callable[..., tuple[ImportReport, Recording]]


def place(axis: str, t_s: np.ndarray) -> np.ndarray:
    """Where an axis is, mm: x sways along the lane all the time, y goes across once, z stands from 10 s on."""
    if axis == "x":
        return 2000.0 * np.sin(2.0 * np.pi * t_s / 20.0)
    if axis == "y":
        return 3000.0 * np.clip((t_s - 5.0) / 30.0, 0.0, 1.0)
    return 4000.0 - 100.0 * np.minimum(t_s, 10.0)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Import lines of a wide or a long table; `more` is added to the mapping."""

    def go(lines: list[str], more: str = "", signals: str = "") -> tuple[ImportReport, Recording]:
        is_long = lines[0].startswith("tag,")
        reported = "file: {table: long}\nlong: {tag: tag, value: value}\n" if is_long else ""
        time = more if more.startswith("time:") else f"time: {{column: t, format: epoch_s}}\n{more}"
        (tmp_path / "map.yaml").write_text(
            f"station: top_lift\ntruck: tractor_6x4\npack: cab_282\n{reported}{time}signals:\n"
            + "".join(f"  robot0/{a}/position_m: {{tag: {a}, unit: mm}}\n" for a in AXES)
            + signals
        )
        (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
        target = tmp_path / "log.mcap"
        target.unlink(missing_ok=True)
        report = import_log(tmp_path / "log.csv", load_mapping(tmp_path / "map.yaml"), target)
        return report, open_recording(target)

    return go


def times(hz: float = HZ) -> np.ndarray:
    return np.arange(round(LENGTH_S * hz)) / hz


def wide(t_s: np.ndarray, stamps_s: np.ndarray | None = None) -> list[str]:
    stamps_s = t_s if stamps_s is None else stamps_s
    columns = [place(a, t_s) for a in AXES]
    rows = zip(stamps_s.tolist(), *columns, strict=True)
    return ["t,x,y,z", *(f"{T0 + t:.3f},{x:.1f},{y:.1f},{z:.1f}" for t, x, y, z in rows)]


def long(t_s: np.ndarray, stamps_s: np.ndarray | None = None) -> list[str]:
    stamps_s = t_s if stamps_s is None else stamps_s
    columns = [place(a, t_s) for a in AXES]
    rows = zip(stamps_s.tolist(), zip(*columns, strict=True), strict=True)
    return ["tag,t,value", *(f"{a},{T0 + t:.3f},{v:.1f}" for t, vs in rows for a, v in zip(AXES, vs, strict=True))]


def far_m(recording: Recording, begin_s: float = 0.0) -> float:
    """The farthest that any axis is from the truth, and at least 99 % of it known."""
    far = 0.0
    for axis in AXES:
        t_s, values = recording.states(names=[f"robot0/{axis}/position_m"])
        known = np.isfinite(values[:, 0])
        assert known.mean() > 0.99
        far = max(far, float(np.abs(values[known, 0] - 1e-3 * place(axis, t_s[known] + begin_s)).max()))
    return far


def kinds(report: ImportReport) -> dict[str, int]:
    return {f.kind: f.count for f in report.findings}


@pytest.mark.parametrize("table", [wide, long])
@pytest.mark.parametrize(
    ("steps", "reported"),
    [
        ([(20.0, -1.0)], {"clock set back": 1}),
        ([(20.0, 1.0)], {"clock set forward": 1}),
        ([(20.0, -0.3)], {"clock set back": 1}),
        ([(20.0, -3600.0)], {"clock set back": 1}),
        ([(20.0, 3600.0)], {"clock set forward": 1}),
        ([(12.0, -1.0), (21.0, 1.0), (27.0, -0.5)], {"clock set back": 2, "clock put right": 1}),
    ],
)
def test_a_clock_that_was_set_while_axes_move(
    table: Callable[..., list[str]], steps: list[tuple[float, float]], reported: dict[str, int], run: Run
) -> None:
    t_s = times()
    report, recording = run(table(t_s, t_s + sum(by * (t_s >= at) for at, by in steps)))
    assert kinds(report) == reported
    assert report.duration_s == pytest.approx(LENGTH_S - 1 / HZ, abs=0.05)
    assert far_m(recording) < 0.002
    first = next(f for f in report.findings if f.kind.startswith("clock set"))
    assert first.places[0]["by_s"] == pytest.approx(steps[0][1], abs=0.001)


def test_a_pause_while_axes_move_is_a_pause(run: Run) -> None:
    t_s = times()
    t_s = t_s[(t_s < 20.0) | (t_s >= 21.0)]
    report, recording = run(wide(t_s))
    assert kinds(report) == {"gap": 1}
    assert report.duration_s == pytest.approx(LENGTH_S - 1 / HZ)
    assert far_m(recording) < 0.002


def standing(step_s: float) -> list[str]:
    """Twenty seconds in which nothing moves, with a step ahead in their middle."""
    t_s = np.arange(1000) / HZ
    lines = [f"{T0 + t + step_s * (t >= 10.0):.3f},{500.1 + 0.1 * (k % 3)},0,0" for k, t in enumerate(t_s.tolist())]
    return ["t,x,y,z", *lines]


@pytest.mark.parametrize(("setting", "duration_s"), [("auto", 21.31), ("keep", 21.31), ("remove", 19.98)])
def test_a_pause_while_nothing_moves_is_for_the_mapping_to_tell(setting: str, duration_s: float, run: Run) -> None:
    report, _ = run(standing(1.33), f"time: {{column: t, format: epoch_s, clock_steps: {setting}}}\n")
    assert report.duration_s == pytest.approx(duration_s)
    said = next((f.done for f in report.findings if f.kind == "gap"), "")
    assert ("time.clock_steps: remove" in said) == (setting == "auto")


@pytest.mark.parametrize("step_s", [1.0, 2.0, 60.0])
def test_whole_seconds_ahead_while_nothing_moves_are_refused_with_the_settings(step_s: float, run: Run) -> None:
    """A clock is set by whole seconds: the log may be longer than what happened, and only its owner knows."""
    with pytest.raises(InputError, match=rf"time.clock_steps: .* ahead by {step_s:.0f} s .*remove.*keep"):
        run(standing(step_s))
    for setting, duration_s in (("keep", 19.98 + step_s), ("remove", 19.98)):
        report, _ = run(standing(step_s), f"time: {{column: t, format: epoch_s, clock_steps: {setting}}}\n")
        assert report.duration_s == pytest.approx(duration_s)


def test_stamps_are_kept_where_the_mapping_says_so(run: Run) -> None:
    t_s = times()
    more = "time: {column: t, format: epoch_s, clock_steps: keep}\ncleaning: {max_loss: 1}\n"
    report, _ = run(wide(t_s, t_s - 1.0 * (t_s >= 20.0)), more)
    assert report.duration_s == pytest.approx(LENGTH_S - 1.0 - 1 / HZ)
    assert "clock set back" not in kinds(report)


@pytest.mark.parametrize("table", [wide, long])
@pytest.mark.parametrize("buffer_s", [0.5, 1.0, 5.0])
def test_buffers_that_are_written_in_another_order(table: Callable[..., list[str]], buffer_s: float, run: Run) -> None:
    t_s = times()
    number = (t_s / buffer_s).astype(int)
    report, recording = run(table(t_s[np.lexsort((t_s, number ^ 1))]))
    assert set(kinds(report)) == {"line out of order"}
    assert report.duration_s == pytest.approx(LENGTH_S - 1 / HZ)
    assert far_m(recording) < 0.002


def test_each_tag_is_written_when_its_own_buffer_is_full(run: Run) -> None:
    """As a historian's extract: changes only, a buffer of each tag shuffled in itself, lines twice."""
    t_s, lines = times(20.0), []
    for axis, buffer_s in zip(AXES, (8.0, 5.0, 3.0), strict=True):
        said = [f"{axis},{T0 + t:.3f},{v:.1f}" for t, v in zip(t_s.tolist(), place(axis, t_s), strict=True)]
        lines += [((t // buffer_s + 1) * buffer_s, text) for t, text in zip(t_s.tolist(), said, strict=True)]
    order = np.random.default_rng(3).permutation(len(lines))
    lines = sorted([lines[k] for k in order], key=lambda line: line[0])
    texts = [text for _, text in lines]
    report, recording = run(["tag,t,value", *texts, *texts[40:60]])
    assert set(kinds(report)) == {"line out of order", "line of the same time"}
    assert report.duration_s == pytest.approx(LENGTH_S - 0.05)
    assert far_m(recording) < 0.002


def test_a_stretch_that_was_sent_twice_is_no_clock_step(run: Run) -> None:
    lines = wide(times())
    report, recording = run([*lines[:1001], *lines[951:1001], *lines[1001:]])
    assert kinds(report) == {"line out of order": 49, "line of the same time": 50}
    assert far_m(recording) < 0.002


def test_more_than_a_twentieth_lost_is_refused(run: Run) -> None:
    lines = wide(times())
    for k in range(1, len(lines), 15):
        t, _, y, z = lines[k].split(",")
        lines[k] = f"{t},?,{y},{z}"
    with pytest.raises(InputError, match=r"134 of 2000 values of x would be lost") as error:
        run(lines)
    assert "cleaning.max_loss" in str(error.value)
    assert "file.empty" in str(error.value)
    report, _ = run(lines, "cleaning: {max_loss: 0.1}\n")
    assert kinds(report) == {"unreadable value": 134}


def test_lines_later_than_the_mapping_allows_are_refused_with_the_setting(run: Run) -> None:
    t_s = times()
    number = (t_s / 5.0).astype(int)
    lines = wide(t_s[np.lexsort((t_s, number ^ 1))])
    with pytest.raises(InputError, match=r"cleaning.reorder_s: line 5: .* come up to 10.0 s late.*allowed: 10 or more"):
        run(lines, "cleaning: {reorder_s: 3}\n")
    report, recording = run(lines, "cleaning: {reorder_s: 11}\n")
    assert far_m(recording) < 0.002
    assert set(kinds(report)) == {"line out of order"}
