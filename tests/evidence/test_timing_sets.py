"""A sample of the stress by timing sets: every number finite, every end named, no invariant broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.timing_sets import BATCH, KINDS, STATIONS, Batch, Row, batches, play, read, report, table, wrong
from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.runner.kinds import rom_runner
from twin.setup.setup import build_setup
from twin.setup.variation import Variation
from twin.swap import SwapTwin


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("station", STATIONS)
def test_a_sample_of_timing_sets(station: str, kind: str) -> None:
    rows = play(Batch(station, kind, 0, BATCH, draw_seed=0))
    assert [row["number"] for row in rows] == list(range(BATCH))
    assert not [f"{kind}_{row['number']}: {said}" for row in rows if (said := wrong(row))]
    assert len({row["outcome"] for row in rows}) > 1


@pytest.mark.parametrize(("station", "number"), [("chassis", 145), ("top_lift", 0)])
def test_an_unobserved_swap_ends_as_an_observed_one(station: str, number: int) -> None:
    """The same outcome at the same time: a load that is lowered in its slot, beside the truck or another pack."""
    batch, at = Batch(station, "random", number // BATCH * BATCH, BATCH, draw_seed=0), load_station(station)
    names = batch.swap(at)
    setup = build_setup(
        at, load_truck(names["truck"]), load_pack(names["pack"]), seed=number, parking=names["parking"],
        variation=Variation.of(conditions=names["conditions"]),
    )  # fmt: skip
    ends = []
    for watched in (False, True):
        twin = SwapTwin(setup, batch.set_of(at, number), make_runner=rom_runner)
        if watched:
            twin.watch(lambda plant: None)
        result = twin.run()
        ends.append((result.outcome, twin.program.time_s(0), result.end_state_sha256))
        twin.close()
    assert ends[0] == ends[1]
    assert ends[0][0] != "outside_model"


def test_batches_cut_the_numbers_the_same_way_for_any_count() -> None:
    some = list(batches("chassis", "random", 60, 0))
    assert [batch.numbers for batch in some] == [range(0, 25), range(25, 50), range(50, 60)]
    assert [batch.key for batch in some] == ["random-0", "random-1", "random-2"]


def test_what_is_wrong_is_reported_with_the_command_that_plays_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swap = Batch("chassis", "random", 7, 1, 0)
    station = load_station("chassis")
    row: Row = {"batch": swap.key, "kind": "random", "number": 7, **swap.swap(station), "said": "", "kpis": {}}
    good = {**row, "outcome": "completed", "violations": [], "not_finite": []}
    assert wrong(good) == ""
    assert wrong({**good, "outcome": "error", "said": "ValueError: x"}).startswith("no named outcome: error")
    assert wrong({**good, "not_finite": ["q"]}) == "not finite: q"
    bad = {**good, "violations": ["axis outside its limits"]}
    assert not report("chassis", tmp_path, [bad], 0)
    said = capsys.readouterr().out
    path = tmp_path / "sets" / "chassis_random_7.yaml"
    assert f"--seed 7 --timing {path}" in said
    assert load_timing(str(path), station) == swap.set_of(station, 7)


def test_the_table_counts_ends_and_what_is_wrong() -> None:
    good: Row = {"kind": "random", "outcome": "completed", "violations": [], "not_finite": []}
    rows = [good, good, {**good, "outcome": "jam", "violations": ["x"]}, {**good, "kind": "corners", "outcome": "what"}]
    said = table({"chassis": rows}).splitlines()
    assert said[0] == "| | chassis, random | chassis, corners |"
    for line in ("| timing sets | 3 | 1 |", "| an invariant broken | 1 | 0 |", "| an end without a name | 0 | 1 |"):
        assert line in said
    assert "| `completed` | 2 | 0 |" in said


def test_half_a_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"number": 1}\n{"num')
    assert read(path) == [{"number": 1}]
    assert read(tmp_path / "none.jsonl") == []
