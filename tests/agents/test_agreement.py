"""Lines of an agreement table: what is near enough and what is not, on rows that are made up."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from agents.agreement.lines import Line, Pair, all_lines
from agents.agreement.markdown import markdown
from agents.agreement.run import Agreement, agreement_of
from agents.swap_rows import REDUCED, REFERENCE, SwapRow, play, row_of
from tests.agents.swap_rows import pair, row
from tests.evidence.campaign import series_of
from twin.runner.kinds import rom_runner
from twin.swap import SwapTwin

PEAK, RESIDUAL, LATERAL = "peak sway", "residual sway at hand-over", "peak lateral force"
OUTCOME, FIRST = "same outcome", "same first-attempt seating"


def lines_of(pairs: list[Pair]) -> dict[str, Line]:
    phases, others = all_lines(pairs, "top_lift", seed=0)
    return {line.name: line for line in (*phases, *others)}


def equal_pairs(n: int) -> list[Pair]:
    return [pair(seed) for seed in range(n)]


def longer(phase: str, *by_s: float) -> list[Pair]:
    """Pairs whose reduced-order plant takes `by_s` longer in a phase: `lower` has 10 s, `lock` 0.5 s."""
    length = {"lower": 10.0, "lock": 0.5}[phase]
    return [pair(seed, reduced={"phases_s": {phase: length + more}}) for seed, more in enumerate(by_s)]


def agreement(pairs: list[Pair]) -> Agreement:
    series = series_of("top_lift", "guided")
    rows = [row for both in pairs for row in both]
    return agreement_of(series, rows, range(max(len(pairs), 1)))


def test_equal_swaps_meet_every_target() -> None:
    reported = agreement(equal_pairs(8))
    assert reported.met
    phases, others = reported.lines
    assert {line.name for line in phases} >= {"scan", "lower", "insert", "clear"}
    assert not {line.name for line in phases} & {"dock", "identify", "verify", "exit"}, "their times are given"
    assert all(line.met for line in (*phases, *others) if line.target)


@pytest.mark.parametrize(
    ("phase", "by_s", "met"),
    [
        ("lower", (0.0, 0.0, 0.29), True),  # 3 % at worst
        ("lower", (0.0, 0.0, 0.31), False),
        ("lower", (0.0, 0.0, -0.31), False),
        ("lower", (0.09, 0.09, 0.09), True),  # 1 % in the median
        ("lower", (0.11, 0.11, 0.11), False),
        ("lower", (-0.11, 0.0, 0.11), True),
        ("lock", (0.05, 0.05, 0.05), True),  # 10 %, but 50 ms
        ("lock", (0.0, 0.0, 0.051), False),
    ],
)
def test_a_phase_is_near_within_percents_or_50_ms(phase: str, by_s: tuple[float, ...], met: bool) -> None:
    line = lines_of(longer(phase, *by_s))[phase]
    assert line.met is met
    assert line.values["worst_difference_s"] == pytest.approx(max(by_s, key=abs))


def test_the_worst_seed_is_the_one_farthest_beyond_what_is_near_enough() -> None:
    pairs = longer("lock", 0.0, 0.04, 0.0, 0.2)
    assert lines_of(pairs)["lock"].values["worst_seed"] == 3
    assert "+40.0 %), seed 3" in lines_of(pairs)["lock"].figure


def test_a_phase_that_one_plant_lacks_is_not_near() -> None:
    pairs = [pair(0, {"phases_s": {"align": 0.0}}, {"phases_s": {"align": 2.0}})]
    line = lines_of(pairs)["align"]
    assert line.met is False
    assert line.values["worst_difference"] == 1.0


def test_phases_are_judged_where_both_needed_as_many_insertions() -> None:
    again = pair(1, {"insert_attempts": (2,), "phases_s": {"lower": 20.0}})
    line = lines_of([pair(0), again, pair(2)])["lower"]
    assert (line.n, line.met) == (2, True)
    assert line.values["all"]["n"] == 3
    assert line.values["all"]["worst_difference_s"] == -10.0
    assert agreement([pair(0), again, pair(2)]).equal == 2


def test_the_references_median_time_is_told_beside_the_differences() -> None:
    pairs = [pair(seed, {"mechanical_time_s": 100.0 + seed}, {"mechanical_time_s": 101.0}) for seed in range(3)]
    line = lines_of(pairs)["mechanical time"]
    assert line.values["reference_median_s"] == 101.0
    assert line.figure.startswith("101.00 s on the reference; median +0.00 s")


def test_swaps_that_one_plant_did_not_complete_count_for_outcome_and_seating_alone() -> None:
    ended = pair(3, {"outcome": "jam", "insert_attempts": (3,), "kpis": {"peak_sway_rad": 0.5}})
    lines = lines_of([*equal_pairs(3), ended])
    assert {name: lines[name].n for name in (OUTCOME, FIRST, PEAK, "lower", "mechanical time")} == {
        OUTCOME: 4, FIRST: 4, PEAK: 3, "lower": 3, "mechanical time": 3,
    }  # fmt: skip
    assert lines[OUTCOME].values["different"] == [{"seed": 3, "reference": "jam", "reduced": "completed"}]
    assert lines[FIRST].values["different"] == [{"seed": 3, "reference": [3], "reduced": [1]}]


@pytest.mark.parametrize(("different", "met"), [(1, True), (2, False)])
def test_98_percent_end_alike(different: int, met: bool) -> None:
    pairs = [pair(seed, {"outcome": "jam"} if seed < different else None) for seed in range(50)]
    assert lines_of(pairs)[OUTCOME].met is met


def test_seeds_that_no_plant_tried_to_insert_say_nothing_of_seating() -> None:
    given_up: dict[str, Any] = {"outcome": "repark_required", "insert_attempts": (0,)}
    lines = lines_of([*equal_pairs(2), pair(2, given_up, given_up)])
    assert (lines[OUTCOME].n, lines[FIRST].n) == (3, 2)


@pytest.mark.parametrize(
    ("name", "kpi", "reference", "reduced", "met"),
    [
        (PEAK, "peak_sway_rad", 0.040, 0.0419, True),
        (PEAK, "peak_sway_rad", 0.040, 0.0379, False),
        (RESIDUAL, "residual_sway_rad", 0.040, 0.0439, True),  # 10 %
        (RESIDUAL, "residual_sway_rad", 0.0, math.radians(0.029), True),  # 0.03 deg
        (RESIDUAL, "residual_sway_rad", 0.0, math.radians(0.031), False),
        (RESIDUAL, "residual_sway_rad", 0.001, 0.002, False),
    ],
)
def test_sway_is_near_in_each_seed(name: str, kpi: str, reference: float, reduced: float, met: bool) -> None:
    pairs = [pair(0), pair(1, {"kpis": {kpi: reference}}, {"kpis": {kpi: reduced}}), pair(2)]
    line = lines_of(pairs)[name]
    assert line.met is met
    assert line.values["within"] == (3 if met else 2)
    assert met or line.values["worst_seed"] == 1


def test_forces_have_to_rank_alike_not_to_be_as_large() -> None:
    twice = [pair(seed, reduced={"kpis": {"peak_lateral_force_n": 2.0 * (2000 + seed)}}) for seed in range(9)]
    line = lines_of(twice)[LATERAL]
    assert (line.met, line.values["rank_correlation"], line.values["median_ratio"]) == (True, 1.0, 2.0)
    upside_down = [pair(seed, reduced={"kpis": {"peak_lateral_force_n": 3000.0 - seed}}) for seed in range(9)]
    line = lines_of(upside_down)[LATERAL]
    assert (line.met, line.values["rank_correlation"]) == (False, -1.0)
    assert line.values["rank_correlation_ci95"][1] < 0.0


def test_no_swaps_are_no_agreement() -> None:
    reported = agreement([])
    assert not reported.met
    assert all(line.met is None for lines in reported.lines for line in lines)
    assert reported.as_json()["seeds"] == 0
    assert "**not judged**" in markdown(reported)


def test_rows_of_other_swaps_make_no_pairs() -> None:
    series = series_of("top_lift", "guided")
    seeds = range(2)
    for other in ({"truck": "tractor_4x2"}, {"parking": "unguided"}, {"timing": "zvd"}, {"configuration": "f00"}):
        rows = [row(REFERENCE, 0, **other), row(REDUCED, 0), *pair(1)]
        assert [both[0].seed for both in agreement_of(series, rows, seeds).pairs] == [1]
    rows = [row(REFERENCE, 0, configuration=series.digest), row(REDUCED, 0)]
    assert len(agreement_of(series, rows, seeds).pairs) == 1


def test_rows_of_another_version_are_counted() -> None:
    pairs = [pair(0), pair(1, {"version": "then"}), pair(2, {"version": None})]
    reported = agreement(pairs)
    assert reported.earlier == reported.as_json()["of_earlier_code"] == 2
    assert "2 of the reference's rows are of another version" in markdown(reported)


def test_a_row_says_what_its_swap_was_made_from() -> None:
    series = series_of("top_lift", "guided")
    rows = play(series, REDUCED, [4, 2])
    assert [one.seed for one in rows] == [4, 2]
    for one in rows:
        assert (one.plant, one.outcome, one.first_attempt, one.configuration) == (
            "rom",
            "completed",
            True,
            series.digest,
        )
        assert series.made(one)
        assert one.phases_s["identify"] == series.station.times.identify_s
        assert one == SwapRow(**one.model_dump())


def test_a_plant_that_diverges_is_reported_by_its_seed() -> None:
    series = series_of("top_lift", "guided")
    twin = SwapTwin(series.setup(7), series.timing, make_runner=rom_runner)
    twin.program.end(0, "completed", "")
    result = twin.result()
    wild = dataclasses.replace(result, kpis={**result.kpis, "energy_j": math.inf})
    with pytest.raises(ArithmeticError, match="plant rom has diverged on seed 7: energy_j"):
        row_of(wild, series)
