"""A day of the station for each setting of an experiment, without playing a swap."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from agents.experiments.resolving import Plan, plan
from agents.experiments.run import study_key
from agents.experiments.spec import Spec
from agents.experiments.tables import write_table
from agents.experiments.trial import Figures
from agents.throughput.estimates import Estimate, Simulator
from agents.throughput.of_experiment import SettingDays, columns_of, days_of_settings, ranked
from tests.agents.experiments.stored import in_memory
from tests.agents.throughput import tables
from twin.errors import InputError


def planned(**changes: Any) -> Plan:
    fields: dict[str, Any] = {"seeds": 3, "factors": {"timing": ["factory", "tuned"]}, "throughput": {"days": 3}}
    return plan(Spec.model_validate(fields | changes))


def days(found: Plan, figures: list[list[Figures]]) -> list[SettingDays]:
    settings = [one.setting for one in found.settings]
    results = in_memory(found.spec, settings, [dict(enumerate(of)) for of in figures])
    with Simulator() as simulator:
        return days_of_settings(found, results, simulator)


def test_each_setting_has_a_day_of_its_own_swaps_on_the_same_random_numbers() -> None:
    slow, fast = days(planned(), [[tables.completed(400.0)] * 3, [tables.completed()] * 3])
    assert slow.setting == {"timing": "factory"}
    assert slow.figures["capacity_per_day"].mean < fast.figures["capacity_per_day"].mean
    assert slow.against_first["swaps_per_day"] == Estimate(0.0, (0.0, 0.0))
    assert fast.against_first["wait_mean_s"].mean == pytest.approx(
        fast.figures["wait_mean_s"].mean - slow.figures["wait_mean_s"].mean
    )
    assert slow.waiting == "robot"


def test_values_of_the_site_are_factors_and_change_no_swap() -> None:
    found = planned(factors={"site.packs": [4, 7], "site.charging.chargers": [4, 8]}, constants={"site.slots": 9})
    assert [(one.site.packs, one.site.charging.chargers, one.site.slots) for one in found.settings if one.site] == [
        *((4, 4, 9), (4, 8, 9), (7, 4, 9), (7, 8, 9)),
    ]
    assert len({one.trial(0).key for one in found.settings}) == 1
    answers = days(found, [[tables.completed()] * 3] * 4)
    capacity = [one.figures["capacity_per_day"].mean for one in answers]
    assert capacity[0] == capacity[1] < capacity[3]
    assert capacity[2] < capacity[3]


def test_the_day_is_no_part_of_the_trials_key() -> None:
    one, two, none = (planned(throughput=of).spec for of in ({"days": 3}, {"trucks_per_day": 50.0}, None))
    assert study_key(one) == study_key(two) == study_key(none)


def test_a_setting_without_a_day_says_why() -> None:
    answers = days(planned(), [[tables.repark()] * 3, [tables.completed()] * 3])
    assert answers[0].why == "every truck has to park again, no swap was begun"
    assert answers[0].as_plain()["swaps_per_day"] is None
    assert answers[1].figures["swaps_per_day"].mean > 100.0
    assert answers[1].against_first["swaps_per_day"] == Estimate(0.0, (0.0, 0.0))


def test_means_are_columns_of_the_table(tmp_path: Path) -> None:
    found = planned()
    figures = [[tables.completed(400.0)] * 3, [tables.completed()] * 3]
    answers = days(found, figures)
    results = in_memory(found.spec, [one.setting for one in found.settings], [dict(enumerate(of)) for of in figures])
    write_table(results, tmp_path / "t.csv", columns_of(answers, found))
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert len(rows) == 6
    for row in rows:
        expected = answers[int(row["setting"])].figures["swaps_per_day"].mean
        assert float(row["throughput.swaps_per_day"]) == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"throughput": None, "factors": {"site.packs": [3]}},
            "site.packs: a value of the site needs throughput",
        ),
        ({"factors": {"site.pakcs": [3]}}, "site.pakcs: unknown key .did you mean packs"),
        ({"factors": {"site.packs": [0]}}, "site.packs: out of range, got 0"),
        ({"factors": {"site.packs": [8]}}, "an empty slot for each robot"),
        ({"throughput": {"site": "chassis_site"}}, "throughput.site: is for another kind of station"),
        ({"throughput": {"site": "nowhere"}}, "unknown site"),
    ],
)
def test_bad_sites_are_refused_before_a_swap_is_played(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        planned(**changes)


def test_each_station_of_a_fleet_has_its_own_swaps_days_and_demand() -> None:
    fleet = {"days": 1, "trucks_spread": 0.5}
    found = planned(factors={"timing": ["factory"]}, stations=4, throughput=fleet)
    assert (found.trials, list(found.seeds)) == (12, list(range(12)))
    figures = [tables.completed(10.0 * (k // 3)) for k in range(12)]
    answers = days(found, [figures])
    assert [one.station for one in answers] == [0, 1, 2, 3]
    assert len({one.figures["arrivals_per_day"].mean for one in answers}) == 4
    assert all(60.0 < one.figures["arrivals_per_day"].mean < 240.0 for one in answers)
    order = [one.figures["wait_mean_s"].mean for one in ranked(answers)]
    assert order == sorted(order, reverse=True)
    # one station alone has the same days
    alone = planned(factors={"timing": ["factory"]}, first_seed=0, throughput=fleet)
    assert days(alone, [figures[:3]])[0].figures == answers[0].figures


def test_columns_of_a_fleet_are_those_of_the_seeds_station() -> None:
    found = planned(factors={"timing": ["factory"]}, stations=2, first_seed=10, throughput={"days": 1})
    results = in_memory(found.spec, [{"timing": "factory"}], [{seed: tables.completed() for seed in range(10, 16)}])
    with Simulator() as simulator:
        answers = days_of_settings(found, results, simulator)
    columns = columns_of(answers, found)
    assert [columns(0, seed)["throughput.station"] for seed in range(10, 16)] == [0, 0, 0, 1, 1, 1]
    assert columns(0, 15)["throughput.swaps_per_day"] == answers[1].figures["swaps_per_day"].mean


def test_stations_go_with_throughput() -> None:
    with pytest.raises(ValueError, match="stations go with throughput"):
        planned(stations=3, throughput=None)


@pytest.mark.parametrize("bad", [{"days": 0}, {"trucks_per_day": -1.0}, {"bays": 2}, {"first_day": -1}])
def test_bad_specifications_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="throughput"):
        planned(throughput=bad)
