"""The page that ranks the stations of a fleet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.throughput.fleet_page import FleetContent, write_fleet_page
from agents.throughput.of_experiment import ranked
from swaptwin import run
from tests.agents.throughput import tables
from tests.agents.throughput.test_command import Links
from tests.agents.throughput.test_of_experiment import days, planned


def test_stations_stand_in_the_order_of_their_waiting(tmp_path: Path) -> None:
    found = planned(factors={"timing": ["factory"]}, stations=5, throughput={"days": 1, "trucks_spread": 0.5})
    answers = days(found, [[tables.completed(20.0 * (k // 3)) if k > 2 else tables.repark() for k in range(15)]])
    page = tmp_path / "fleet.html"
    write_fleet_page(page, FleetContent("Which <stations>?", answers, 3, 1, "swaptwin experiment run"))
    text = page.read_text()
    body = text.partition("<body>")[2]
    links = Links()
    links.feed(text)
    assert links.found == []
    assert "Which &lt;stations&gt;?" in body
    rows = re.findall(r"<tr><th scope=row>(\d+)</th><td class=\"n\">(\d+)</td>", body)
    assert [int(station) - 1 for _, station in rows] == [one.station for one in ranked(answers)]
    assert int(rows[-1][1]) == 1  # the station without a day comes last, and says why
    assert "every truck has to park again" in body


@pytest.mark.parametrize("text", ["seeds: 1\n", "seeds: 1\nthroughput: {}\n"])
def test_a_page_needs_days_and_a_pages_name(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "e.yaml").write_text(text)
    name = "fleet.html" if "throughput" not in text else "fleet.pdf"
    assert run(["experiment", "run", str(tmp_path / "e.yaml"), "--ranking", str(tmp_path / name)]) == 2
    assert "--ranking: no page of stations" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["e.yaml"]
