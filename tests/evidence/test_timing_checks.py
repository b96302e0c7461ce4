"""The tables of timing sets on the cheap trial function: their rows, resumption, and one line for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.experiments import campaign
from agents.experiments.trial import Figures, Trial
from agents.tune.scenarios import fitting_pairs
from tests.agents.experiments.small import cheap
from tests.evidence import timing_checks
from tests.evidence.timing_checks import main, trials
from twin.catalogue import load_station, load_timing

STATION = load_station("top_lift")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Trials that were played."""
    seen: list[Trial] = []

    def play(batch: list[Trial]) -> list[Figures]:
        seen.extend(batch)
        return [cheap(one) for one in batch]

    monkeypatch.setattr(campaign, "make_player", lambda: play)
    monkeypatch.setattr(timing_checks, "core_count", lambda: 1)
    return seen


def test_every_truck_and_pack_meets_every_parking_and_visibility() -> None:
    made = trials(STATION, fitting_pairs(STATION, None, None), load_timing("factory", STATION), "rom", 400)
    kinds = {(one.truck.name, one.pack.name, one.parking, one.variation.conditions) for one in made}
    pairs = {(truck, pack) for truck, pack, _, _ in kinds}
    assert len(kinds) == len(pairs) * 6
    assert len({one.seed for one in made}) == 400


def test_a_row_for_every_error_and_nothing_is_played_twice(asked: list[Trial], tmp_path: Path) -> None:
    line = ["robust", "-o", str(tmp_path / "new"), "--timing", "zvd", "--seeds", "3", "--plant", "rom"]
    assert main(line) == 0
    text = (tmp_path / "new" / "robust.md").read_text()
    for words in timing_checks.WORDS.values():
        assert f"| {words} | 3 | 3 (" in text
    assert len(asked) == 2 * 3 * len(timing_checks.WORDS)
    assert main(line) == 0
    assert len(asked) == 2 * 3 * len(timing_checks.WORDS)
    assert (tmp_path / "new" / "robust.md").read_text() == text


def test_sets_stand_beside_factory_at_every_station(asked: list[Trial], tmp_path: Path) -> None:
    line = ["compare", "-o", str(tmp_path), "--sets", "zv", "zvd", "--seeds", "4"]
    assert main(line) == 0
    rows = [row.split(" | ") for row in (tmp_path / "compare.md").read_text().splitlines() if row.startswith("| ")]
    assert [row[1] for row in rows[2:]] == ["factory", "zv", "zvd"] * 2
    assert {one.plant for one in asked} == {"bullet"}
    assert {one.parking for one in asked} == {"guided", "unguided"}
    assert "; 4)" in rows[3][-1], "time won, its interval and the pairs"


def test_a_truck_that_has_to_park_again_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def play(batch: list[Trial]) -> list[Figures]:
        return [Figures("repark_required") if one.seed % 2 else cheap(one) for one in batch]

    monkeypatch.setattr(campaign, "make_player", lambda: play)
    monkeypatch.setattr(timing_checks, "core_count", lambda: 1)
    assert main(["compare", "-o", str(tmp_path), "--sets", "zv", "--stations", "top_lift", "--seeds", "6"]) == 0
    assert "| top_lift | zv | 3 | 3 (" in (tmp_path / "compare.md").read_text()


@pytest.mark.parametrize(("words", "said"), [(["--timing", "nothing"], "nothing"), (["--station", "none"], "none")])
def test_a_mistake_is_one_line(words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robust", "-o", str(tmp_path / "new"), *words]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert said in error
    assert not (tmp_path / "new").exists()
