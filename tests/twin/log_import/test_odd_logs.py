"""Logs that are slow, torn or jump: what is drawn of them stays sane."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.twin.log_import.conftest import Written
from twin.errors import InputError
from twin.log_import.importing import Moment, Window, import_log
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.report import ImportReport
from twin.recording import Recording, open_recording

T0 = 1_770_790_000
Import = Callable[..., tuple[ImportReport, Recording]]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Imports lines of (time in s, x in mm, y in mm, z in mm)."""

    def run(t_s: np.ndarray, *axes: np.ndarray, window: Window | None = None, more: str = "") -> tuple:  # type: ignore[type-arg]
        signals = "".join(f"  robot0/{a}/position_m: {{tag: {a}, unit: mm}}\n" for a in "xyz"[: len(axes)])
        (tmp_path / "map.yaml").write_text(
            "station: top_lift\ntruck: tractor_6x4\npack: cab_282\ntime: {column: t, format: epoch_s}\n"
            f"{more}signals:\n{signals}"
        )
        rows = ("".join(f",{v:.2f}" for v in row) for row in zip(*axes, strict=True))
        lines = [f"{T0 + t:.3f}{row}\n" for t, row in zip(t_s.tolist(), rows, strict=True)]
        (tmp_path / "log.csv").write_text("t" + "".join(f",{a}" for a in "xyz"[: len(axes)]) + "\n" + "".join(lines))
        target = tmp_path / "log.mcap"
        report = import_log(tmp_path / "log.csv", load_mapping(tmp_path / "map.yaml"), target, window=window)
        return report, open_recording(target)

    return run


def test_a_line_a_second_is_joined_by_lines(imported: Import) -> None:
    t_s = np.arange(120.0)
    report, recording = imported(t_s, 1000.0 * np.sin(2.0 * np.pi * t_s / 60.0))
    at, x = recording.states(names=["robot0/x/position_m"])
    assert report.findings == []
    assert report.samples == 119 * 50 + 1
    assert np.abs(x[:, 0] - np.sin(2.0 * np.pi * at / 60.0)).max() < 0.002


def test_one_second_may_be_too_long_to_join_by_the_mapping(imported: Import) -> None:
    t_s = np.arange(20.0)
    report, _ = imported(t_s, t_s, more="cleaning: {gap_s: 0.9}\n")
    assert [(f.kind, f.count) for f in report.findings] == [("gap", 19)]
    assert report.samples == 20


def test_years_without_a_line_cost_nothing(imported: Import) -> None:
    t_s = np.concatenate((np.arange(300) * 0.02, 3e8 + np.arange(300) * 0.02))
    report, recording = imported(t_s, np.zeros(600))
    assert [(f.kind, f.count) for f in report.findings] == [("gap", 1)]
    assert report.samples == 600
    assert len(recording.states()[0]) == 600


def test_a_gap_does_not_swing_the_load(imported: Import) -> None:
    """The axes are elsewhere after it; nobody saw them move."""
    t_s = np.concatenate((np.arange(200) * 0.02, 60.0 + np.arange(500) * 0.02))
    x_mm = np.where(t_s < 10.0, 0.0, 2000.0)
    _, recording = imported(t_s, x_mm, 0.0 * x_mm, 3000.0 + 0.0 * x_mm)
    _, values = recording.states(names=["robot0/sway_x_m", "robot0/x/velocity_mps"])
    assert np.abs(values).max() < 1e-6


def test_an_axis_that_is_known_again_elsewhere_does_not_swing_the_load(imported: Import) -> None:
    t_s = np.arange(1000) * 0.02
    x_mm = np.where(t_s < 10.0, 0.0, 500.0)
    _, recording = imported(t_s, x_mm, 0.0 * x_mm, 3000.0 + 0.0 * x_mm)
    _, values = recording.states(names=["robot0/sway_x_m"])
    assert np.abs(values).max() < 1e-6


@pytest.mark.parametrize("period_s", [0.02, 10.0])
def test_the_newest_line_may_come_first(period_s: float, imported: Import) -> None:
    t_s = period_s * np.arange(8000 if period_s < 1.0 else 6000)
    x_mm = 1000.0 * np.sin(t_s / (100.0 * period_s))
    said = t_s.copy()
    said[3000:3100] += 5000.0 * period_s  # the clock ran ahead
    report, recording = imported(said[::-1], x_mm[::-1], window=Window(None, Moment(None, 100.0)))
    assert [f.kind for f in report.findings] == ["newest line first", "clock ahead"]
    at, x = recording.states(names=["robot0/x/position_m"])
    assert np.abs(x[:, 0] - np.sin(at / (100.0 * period_s))).max() < 0.001


@pytest.mark.parametrize("coarse_s", [1.0, 0.1])
def test_stamps_without_their_fraction_are_spread(coarse_s: float, imported: Import) -> None:
    """Within the motion of one period of the lines, here 20 mm: more the stamps do not tell."""
    t_s = 0.34 + np.arange(3000) * 0.02
    x_mm = 1000.0 * np.sin(t_s)
    report, recording = imported(coarse_s * np.floor(t_s / coarse_s + 1e-9), x_mm)
    assert [f.kind for f in report.findings] == ["coarse time"]
    at, x = recording.states(names=["robot0/x/position_m"])
    true_s = at + recording.header.t0_ns * 1e-9 - T0
    assert np.abs(x[:, 0] - np.sin(true_s)).max() < 0.021
    assert report.samples == pytest.approx(3000, abs=2)


def test_a_gzip_that_ends_too_early_is_read_that_far(imported: Import, tmp_path: Path) -> None:
    t_s = np.arange(5000) * 0.02
    imported(t_s, 1000.0 * np.sin(t_s))
    whole = gzip.compress((tmp_path / "log.csv").read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    report = import_log(tmp_path / "cut.csv.gz", load_mapping(tmp_path / "map.yaml"), tmp_path / "cut.mcap")
    assert [f.kind for f in report.findings] in (["cut file"], ["cut last line", "cut file"])
    assert 1000 < report.samples < 4000


def test_lines_in_no_order_are_refused(imported: Import) -> None:
    with pytest.raises(InputError, match="in no order of time"):
        imported(np.random.default_rng(1).uniform(0.0, 1e6, 30_000), np.zeros(30_000))


def test_a_window_holds_the_samples_of_the_whole(imported: Import, tmp_path: Path) -> None:
    t_s = np.arange(2000) * 0.02
    x_mm = 1000.0 * np.sin(t_s)
    _, whole = imported(t_s, x_mm)
    all_t, all_x = whole.states(names=["robot0/x/position_m"])
    report, part = imported(t_s, x_mm, window=Window(Moment(None, 10.0), Moment((T0 + 30) * 10**9)))
    at, x = part.states(names=["robot0/x/position_m"])
    assert part.header.t0_ns == (T0 + 10) * 10**9
    assert (at[0], at[-1], report.samples) == (0.0, 20.0, 1001)
    assert np.allclose(x, all_x[500:1501], atol=1e-9)


def test_the_swing_that_no_sensor_saw_is_near_that_of_the_twin(written: Written, tmp_path: Path) -> None:
    """Along the logged motion of the axes alone, measured by the load cell what hangs where."""
    log = written("parquet")
    import_log(log.path, load_mapping(log.map), tmp_path / "log.mcap")
    with open_recording(tmp_path / "log.mcap") as recording:
        assert recording.header.provenance["robot0/sway_x_m"] == "estimated"
        for a in "xy":
            t_s, reported = recording.states(names=[f"robot0/sway_{a}_m"])
            true = log.truth.at(f"robot0/sway_{a}_m", t_s)
            free = np.abs(log.truth.at("robot0/load_n", t_s) - log.truth.at("robot0/load_n", t_s - 0.5)) < 200.0
            error = (reported[:, 0] - true)[free]
            print(a, "rms", np.sqrt(np.mean(error**2)), "max", np.abs(error).max(), "peak", np.abs(true).max())
            assert np.sqrt(np.mean(error**2)) < 0.2 * np.sqrt(np.mean(true[free] ** 2)) + 0.002
