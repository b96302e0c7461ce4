"""`swaptwin throughput` as a user runs it, on swaps of a table."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from swaptwin import run
from tests.agents.throughput import tables

Run = Callable[..., subprocess.CompletedProcess[str]]


class Links(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {value}" for name, value in attrs if name in ("src", "href", "srcset", "data")]


@pytest.fixture
def swaps(tmp_path: Path) -> str:
    figures = [*(tables.completed(float(k % 5)) for k in range(20)), tables.repark(), tables.jam()]
    return str(tables.write(tmp_path / "swaps.csv", [{"timing": "factory"}], [figures]))


def test_the_answer_as_json(swaps: str, run_swaptwin: Run, tmp_path: Path) -> None:
    done = run_swaptwin(
        "throughput", "--swaps", swaps, "--days", "2", "--events", "day.csv", "--workers", "1", "--json"
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert list(found) == [
        *("station", "site", "days", "seed", "arrivals", "swaps", "figures", "capacity_per_day", "limits"),
        *("sensitivity", "page", "events", "wall_s"),
    ]
    assert found["swaps"]["outcomes"] == {"completed": 20, "repark_required": 1, "jam": 1}
    assert found["capacity_per_day"]["mean"] > found["figures"]["swaps_per_day"]["mean"] > 100.0
    low, high = found["figures"]["wait_mean_s"]["ci95"]
    assert low < found["figures"]["wait_mean_s"]["mean"] < high
    assert set(found["limits"]["waiting_share"]) == {"robot", "bay", "repark", "faults", "packs", "chargers", "grid"}
    assert found["sensitivity"] is None
    rows = list(csv.DictReader((tmp_path / "day.csv").open()))
    assert {row["what"] for row in rows} >= {"enter", "check", "swap", "leave", "charging"}
    assert all(float(row["start_s"]) < float(row["end_s"]) for row in rows)


def test_the_answer_for_people_names_what_limits(swaps: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["throughput", "--swaps", swaps, "--days", "3", "--workers", "1", "--set", "packs=3"]) == 0
    said = capsys.readouterr().out
    assert "limits today: packs; limits if trucks always wait: packs; trucks wait most for: packs" in said
    assert "a pack and a slot " in said


def test_the_page_stands_alone(swaps: str, tmp_path: Path) -> None:
    page = tmp_path / "day.html"
    events = tmp_path / "day.json"
    assert run(["throughput", "--swaps", swaps, "--days", "2", "--workers", "1", "--no-sensitivity", "-o", str(page),
                "--events", str(events)]) == 0  # fmt: skip
    text = page.read_text()
    body = text.partition("<body>")[2]
    links = Links()
    links.feed(text)
    assert links.found == []
    for words in ("swaps a day", "What limits", "charging.power_w", "estimate"):
        assert words in body
    found = json.loads(events.read_text())
    assert set(found) == {"spans", "levels"}
    assert max(level["grid_power_w"] for level in found["levels"]) <= 2.0e6


def test_names_of_files_are_escaped_on_the_page(tmp_path: Path) -> None:
    odd = tables.write(tmp_path / "<b>&.csv", [{"timing": "factory"}], [[tables.completed()]])
    page = tmp_path / "day.html"
    assert (
        run(["throughput", "--swaps", str(odd), "--days", "1", "--workers", "1", "--no-sensitivity", "-o", str(page)])
        == 0
    )
    assert "<b>&.csv" not in page.read_text()
    assert "&lt;b&gt;&amp;.csv" in page.read_text()


BAD = [
    (["--trucks-per-day", "-1"], "--trucks-per-day: out of range, got -1.0"),
    (["--trucks-per-day", "nan"], "--trucks-per-day: out of range"),
    (["--days", "0"], "--days"),
    (["--site", "nowhere"], "unknown site"),
    (["--station", "chassis"], "swaps of another kind of station than chassis"),
    (["--site", "chassis_site"], "another kind of station"),
    (["--set", "charging.chargers=0"], "--set site.charging.chargers: out of range, got 0"),
    (["--set", "packs=0"], "--set site.packs: out of range"),
    (["--set", "packs=9"], "an empty slot for each robot"),
    (["--set", "robots=2"], "robots 2 must be at most bays 1"),
    (["--set", "charging.site_power_limit_w=200000"], "is below the 307105 of one charger"),
    (["--set", "charging.site_power_limit_w=-5"], "out of range"),
    (["--set", "charging.ready_soc=0.2"], "arrival_soc 0.3 must be below charging.ready_soc 0.2"),
    (["--set", "demand.hourly=[1, 2]"], "one an hour is 24"),
    (["--set", "handling.enter_s=[30, 20, 90]"], "must be in that order"),
    (["--set", "axes.x.velocity_mps=0.5"], "no model has such a value"),
    (["--where", "truck=a"], "no such factor"),
    (["--timing", "tuned"], "--timing: is of swaps played now, and --swaps takes measured ones, got 'tuned'"),
    (["--play", "50"], "--play: is of swaps played now"),
    (["--arrivals", "none.csv"], "none.csv"),
    (["--arrivals", "saturated", "--trucks-per-day", "3"], "goes with Poisson arrivals alone"),
    (["-o", "day.pdf"], "unknown kind of file"),
    (["--events", "day.xml"], "unknown kind of file"),
    (["--workers", "0"], "--workers"),
]


@pytest.mark.parametrize(("options", "said"), BAD, ids=[" ".join(options) for options, _ in BAD])
def test_bad_input_is_one_line_and_writes_nothing(
    swaps: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    assert run(["throughput", "--swaps", swaps, "--days", "1", *options]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert said in error
    assert sorted(tmp_path.iterdir()) == before


def test_a_truck_with_more_packs_than_the_site_has_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tables.write(tmp_path / "t.csv", [{"timing": "factory"}], [[tables.completed(packs=3)]])
    assert run(["throughput", "--swaps", str(file), "--set", "packs=2"]) == 2
    assert "site.packs: too few packs, got 2 (allowed: at least 3" in capsys.readouterr().err
