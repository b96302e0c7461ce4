"""Logs of which something is not as it seems: imported right, refused, or reported; never wrong without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.twin.log_import.small import Station, kinds
from twin.errors import InputError
from twin.log_import.drafting import draft_map
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.naming import suggest
from twin.log_import.reading.guess_columns import ColumnGuess
from twin.log_import.seams import SeamWatch

RELATIVE = "{column: Time, format: relative_s}"
LONG = "file: {table: long}\nlong: {tag: Tag, value: Value}\n"


def x_mm(t_s: np.ndarray) -> np.ndarray:
    """A move of 4 m in 10 s, from 5 s on."""
    u = np.clip((t_s - 5.0) / 10.0, 0.0, 1.0)
    return np.asarray(4000.0 * u**3 * (10.0 - 15.0 * u + 6.0 * u**2))


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def wide(t_s: np.ndarray) -> list[str]:
    return ["Time,x,y", *(f"{t:.2f},{x:.1f},{y:.1f}" for t, x, y in zip(t_s, x_mm(t_s), x_mm(t_s) / 2, strict=True))]


def buffers(step_s: float, from_s: float = 10.0) -> list[str]:
    """Twenty seconds written buffer by buffer, the second buffer of each pair before the first."""
    t_s = np.arange(0.0, 20.0, 0.05)
    stamp = np.where(t_s >= from_s, t_s + step_s, t_s)
    rows = [
        [f"{tag},{stamp[k]:.3f},{x:.1f}" for tag, x in zip("xy", (x_mm(t_s)[k], x_mm(t_s)[k] / 2), strict=True)]
        for k in range(len(t_s))
    ]
    parts = [rows[k : k + 70] for k in range(0, len(rows), 70)]
    parts = [part for k in range(0, len(parts) - 1, 2) for part in (parts[k + 1], parts[k])] + parts[
        len(parts) // 2 * 2 :
    ]
    return ["Tag,Time,Value", *(line for part in parts for row in part for line in row)]


@pytest.mark.parametrize("step_s", [-1.0, -0.3, 0.5, 1.0])
def test_a_clock_that_was_set_among_lines_out_of_order_is_refused(step_s: float, station: Station) -> None:
    with pytest.raises(InputError, match=r"clock_steps.*clock .* set (back|forward)"):
        station.imported(buffers(step_s), RELATIVE, more=LONG)


def test_lines_out_of_order_alone_are_sorted(station: Station) -> None:
    station.imported(buffers(0.0), RELATIVE, more=LONG)
    assert station.at("robot0/x/position_m", 8.0, 12.0) == pytest.approx(
        (x_mm(np.array([8.0, 12.0])) / 1e3).tolist(), abs=2e-4
    )


def test_noise_inching_and_slow_turns_are_no_seams() -> None:
    t_s = np.arange(0.0, 60.0, 0.05)
    noise = 0.02 * np.random.default_rng(1).standard_normal(len(t_s))
    inching = 0.04 * (t_s - np.floor(t_s / 4.0) * 2.0)
    for x, keep in ((noise, t_s >= 0.0), (inching, np.mod(t_s, 4.0) < 2.0), (np.sin(t_s), t_s >= 0.0)):
        watch = SeamWatch()
        watch.feed((t_s[keep] * 1e9).astype(np.int64), x[keep])
        assert watch.found is None


def test_a_block_that_comes_twice_is_no_step_of_the_clock(station: Station) -> None:
    lines = wide(np.arange(0.0, 60.0, 0.1))
    report = station.imported([*lines[:300], *lines[200:]], RELATIVE)
    assert report.duration_s == pytest.approx(59.9)
    assert "clock set back" not in kinds(report)


def test_a_gap_of_a_long_table_out_of_order_is_reported(station: Station) -> None:
    head, *lines = buffers(0.0)
    later = [f"{tag},{float(t) + 300.0:.3f},4000.0" for tag, t, _ in (line.split(",") for line in lines)]
    report = station.imported([head, *lines, *later], RELATIVE, more=LONG)
    assert kinds(report)["gap"] == 1
    assert report.samples < 3000


def test_an_unexplained_short_pause_is_reported(station: Station) -> None:
    t_s = np.arange(0.0, 20.0, 0.02)
    lines = wide(np.where(t_s < 2.0, t_s, t_s + 0.3))
    lines = [lines[0], *(f"{line.split(',')[0]},0.0,0.0" for line in lines[1:])]
    assert kinds(station.imported(lines, RELATIVE))["pause"] == 1


@pytest.mark.parametrize("head", ["Zeit,Katze,Kran", "Time,X [m],Y [m]", "time,Y,X"])
def test_a_header_of_other_names_is_refused(head: str, station: Station) -> None:
    lines = wide(np.arange(0.0, 20.0, 0.1))
    with pytest.raises(InputError, match="line 101 seems to be another header"):
        station.imported([*lines[:100], head, *lines[100:]], RELATIVE)


@pytest.mark.parametrize("word", ["-9999", "3.4028235E+38", "99999"])
def test_an_axis_that_leaps_is_reported(word: str, station: Station) -> None:
    lines = wide(np.arange(0.0, 20.0, 0.1))
    lines[50] = f"{lines[50].split(',')[0]},{word},0.0"
    assert kinds(station.imported(lines, RELATIVE))["leap"] == 2


def test_unused_times_are_reported(station: Station) -> None:
    lines = wide(np.arange(0.0, 20.0, 0.1))
    more = [f"{line},{5.0 * k / 10:.2f},1" for k, line in enumerate(lines[1:])]
    report = station.imported([f"{lines[0]},Time slow,Load", *more], RELATIVE)
    assert report.readings["other times"].startswith("Time slow")


@pytest.mark.parametrize("names", ["X.t;X.v;Y.t;Y.v", "X Time;X ValueY;Y Time;Y ValueY", "Time - A;X;Time - B;Y"])
def test_the_draft_knows_values_from_their_times(names: str, station: Station) -> None:
    t_s = np.arange(0.0, 20.0, 0.1)
    rows = [f"{t:.2f};{x:.1f};{2 * t:.2f};{x / 2:.1f}" for t, x in zip(t_s, x_mm(t_s), strict=True)]
    station.log.write_text("\n".join([names, *rows]) + "\n")
    draft = station.folder / "draft.yaml"
    draft.write_text(draft_map(station.log))
    first, second, third, fourth = names.split(";")
    reported = {m.name: (m.spec.tag, m.spec.time) for m in load_mapping(draft).signals}
    assert reported == {"robot0/x/position_m": (second, None), "robot0/y/position_m": (fourth, third)}


def test_the_draft_takes_no_tag_of_two_axes() -> None:
    column = ColumnGuess("GANTRY.X.Y", "number", 0.0, 1.0, (), 0.0, "mm")
    assert suggest(column) is None


@pytest.mark.parametrize("name", ["X_Q", "X.q", "X.Valid", "X.Good", "X 质量", "X_Bad"])
def test_the_draft_finds_the_quality_beside_its_signal(name: str, station: Station) -> None:
    rows = [f"{0.1 * k:.1f},{k + 0.5},{192 if k % 9 else 0}" for k in range(100)]
    station.log.write_text("\n".join([f"Time,X,{name}", *rows]) + "\n")
    assert f'quality: "{name}"' in draft_map(station.log)


def test_the_draft_knows_points_between_thousands(station: Station) -> None:
    rows = [f"{0.1 * k:.1f}".replace(".", ",") + f";{round(17 * k):,}".replace(",", ".") for k in range(200)]
    station.log.write_text(
        "\n".join(["Nr;Time;X", *(f"{k};2026-02-11 06:00:{k % 60:02d};{r.split(';')[1]}" for k, r in enumerate(rows))])
        + "\n"
    )
    assert 'thousands: "."' in draft_map(station.log)
