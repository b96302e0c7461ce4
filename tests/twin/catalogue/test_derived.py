"""A copied station file in which one value was changed: values derived from it are reported, in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunCommand
from twin.catalogue import load_station, load_with_provenance
from twin.catalogue.derived import longest_stop, stale, stopping_distance
from twin.catalogue.load import models_folder, names
from twin.errors import InputError
from twin.motion.profile import speed_change_distance

TOP_LIFT = (models_folder() / "stations" / "top_lift.yaml").read_text(encoding="utf-8")


def copied(folder: Path, *changes: tuple[str, str]) -> Path:
    text = TOP_LIFT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


FASTER_HOIST = (
    ("velocity_mps: {value: 0.25,", "velocity_mps: {value: 0.50,"),
    ("velocity_empty_mps: {value: 0.40,", "velocity_empty_mps: {value: 0.80,"),
)


def test_a_hoist_of_twice_the_speed_needs_a_longer_way_to_stop(tmp_path: Path) -> None:
    """v2/2a + v a/2j + 0.1 s v = 1.6 + 0.2 + 0.08 m, empty."""
    with pytest.raises(InputError) as caught:
        load_station(str(copied(tmp_path, *FASTER_HOIST)))
    said = str(caught.value)
    assert "axes.z.stopping_distance_m: shorter than it takes to stop" in said
    assert said.endswith("got 0.68 (allowed: 1.88 to 3.76)")


def test_a_changed_distance_with_an_unchanged_provenance_text(tmp_path: Path, run_swaptwin: RunCommand) -> None:
    drive = ("motor: hoist_15kw", "motor: hoist_30kw"), ("{value: 0.001635,", "{value: 0.0027,")
    path = copied(
        tmp_path, *FASTER_HOIST, *drive, ("stopping_distance_m: {value: 0.68,", "stopping_distance_m: {value: 2.35,")
    )
    load_station(str(path))  # it can be played
    done: subprocess.CompletedProcess[str] = run_swaptwin("models", "check", str(path))
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path}: axes.z.stopping_distance_m: its text derives 0.54, but v2/2a + v a/2j")
    assert "is 1.88 now, got 2.35 (allowed: a text with 1.88, or another provenance)" in line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("stopping_distance_m: {value: 1.9,", "stopping_distance_m: {value: 3.9,", "goes unseen"),
        ("jerk_radps3: {value: 0.0698132,", "jerk_radps3: {value: 0.005,", "axes.yaw.stopping_distance_rad: shorter"),
        ("force_limit_n: {value: 8000,", "force_limit_n: {value: 3000,", "axes.x.force_limit_n: less than mass"),
        ("brake_force_n: {value: 6000,", "brake_force_n: {value: 600,", "axes.y.brake_force_n: without power"),
        ("brake_force_n: {value: 88300,", "brake_force_n: {value: 50000,", "the proof load, got 50000"),
        ("overload_fraction: {value: 1.10,", "overload_fraction: {value: 1.3,", "must come before the proof load"),
        ("timeout_s: {value: 8.0,", "timeout_s: {value: 5.0,", "it ends before actuators.lock_open_s 5 is over"),
        ("velocity_mps: {value: 0.80,", "velocity_mps: {value: 0.2,", "its stroke of 12 m takes 61 s"),
    ],
)
def test_what_no_machine_has(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_station(str(copied(tmp_path, (old, new))))
    line = str(caught.value)
    assert said in line
    assert "(allowed: " in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("rated_load_kg: {value: 4500,", "rated_load_kg: {value: 4700,")], "axes.z.force_limit_n: marked derived"),
        (
            [("force_limit_n: {value: 70600,", "force_limit_n: {value: 62000,")],
            "1.6 x limits.rated_load_kg x 9.81 is 7.063e+04 now",
        ),
        (
            [("moving_mass_kg: {value: 4000,", "moving_mass_kg: {value: 3900,")],
            "axes.x.force_limit_n: derived from another axes.x.moving_mass_kg than 3900",
        ),
    ],
)
def test_what_a_text_derives_from_other_numbers(changes: list[tuple[str, str]], said: str, tmp_path: Path) -> None:
    station, provenance = load_with_provenance("station", copied(tmp_path, *changes))
    assert any(said in str(problem) for problem in stale(station, provenance))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", names("station"))
def test_shipped_stations_are_consistent(name: str) -> None:
    station, provenance = load_with_provenance("station", name)
    assert not [str(problem) for problem in stale(station, provenance)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("v", "a", "j"), [(0.4, 0.2, 0.4), (1.0, 0.5, 0.6), (0.05, 0.4, 0.5)])
def test_the_way_is_that_of_the_ramp_that_the_drives_plan(v: float, a: float, j: float) -> None:
    assert stopping_distance(v, a, j, 0.0) == pytest.approx(speed_change_distance(v, 0.0, a, j))
    assert stopping_distance(v, a, j, 0.1) == pytest.approx(speed_change_distance(v, 0.0, a, j) + 0.1 * v)


def test_the_longer_way_counts() -> None:
    """Empty: 0.40 + 0.10 + 0.04 m, as the hoist's text has it."""
    assert longest_stop(load_station("top_lift"), "z") == pytest.approx(0.54)
