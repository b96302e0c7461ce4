"""The stored episodes meet the project's targets, stand in the documents, and a small sample comes out as stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.train.config import load_config
from tests.evidence.markers import between
from tests.evidence.policies import BY_NAME, CASES, FIRST_SEED, FLOOR, FULL, UNTRAINED, evaluation, play, read
from tests.evidence.policy_tables import TABLES

ALIGNMENT = [case.name for case in CASES if case.name.startswith("alignment")]
LEAST_TIMED = {"timing-top_lift": 500, "timing-chassis": 80}
"""Seeds that factory and zvd have both played at the least."""
MOST_VIOLATIONS = 1
"""In 500 insertions: a light pack, led 12 mm off by rain, stood on a pin's rim and turned the yaw axis too fast."""


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_with_guides_19_of_20_packs_are_seated_at_the_first_attempt(station: str) -> None:
    told = evaluation(BY_NAME[f"alignment-{station}-guided"], ("baseline",)).as_json()
    first = told["policies"][0]["rates"]["first_attempt"]
    assert told["episodes"] == FULL
    assert first["rate"] >= 0.95
    assert told["policies"][0]["violations"] <= MOST_VIOLATIONS


@pytest.mark.parametrize("name", ALIGNMENT)
def test_the_servo_is_far_above_the_floor(name: str) -> None:
    case = BY_NAME[name]
    servo = evaluation(case, ("baseline",)).as_json()["policies"][0]
    for policy in ("zero", "random"):
        told = evaluation(case, (policy,)).as_json()
        assert told["episodes"] == FLOOR
        assert told["policies"][0]["success_ci95"][1] < servo["success_ci95"][0]


@pytest.mark.parametrize("name", LEAST_TIMED)
def test_zvd_beats_factory_on_mechanical_time(name: str) -> None:
    told = evaluation(BY_NAME[name], ("factory", "zvd")).as_json()
    assert told["episodes"] >= LEAST_TIMED[name]
    [time] = [row for row in told["paired"] if row["metric"] == "time_s"]
    assert time["ci95"][1] < 0.0
    [success] = told["paired_success"]
    assert success["ci95"][1] >= 0.0, "and it is not known to fail more often"


@pytest.mark.parametrize("name", LEAST_TIMED)
def test_timing_sets_break_no_safety_invariant(name: str) -> None:
    told = evaluation(BY_NAME[name], ("factory", "zvd")).as_json()
    assert [row["violations"] for row in told["policies"]] == [0, 0]


def test_half_an_hour_of_training_ends_better_than_its_start() -> None:
    told = evaluation(BY_NAME["trained-alignment"], ("untrained", "align_sac")).as_json()
    assert told["episodes"] == FULL
    [time] = [row for row in told["paired"] if row["metric"] == "time_s"]
    assert time["ci95"][1] < 0.0
    [success] = told["paired_success"]
    assert success["ci95"][1] >= 0.0, "and it is not known to fail more often"
    run = json.loads((UNTRAINED.parent / "run.json").read_text())
    assert run["wall_s"] <= 1800.0
    then, now = run["config"], load_config("alignment").model_dump(mode="json")
    # the wall time of this run was that of its training alone; it has come to hold for selection and evaluation too
    assert now.pop("wall_time_s") > then.pop("wall_time_s") == 1500.0
    assert then == now, "what `swaptwin train alignment` does"


@pytest.mark.parametrize(("path", "name", "table"), TABLES, ids=[name for _, name, _ in TABLES])
def test_the_documents_show_what_is_stored(path: Path, name: str, table: Callable[[], str]) -> None:
    assert between(path, name) == table()


@pytest.mark.parametrize(
    ("name", "policy"),
    [*((name, "baseline") for name in ALIGNMENT), ("trained-alignment", "align_sac"), ("timing-top_lift", "zvd")],
)
def test_a_stored_episode_comes_out_as_stored(name: str, policy: str) -> None:
    again = play(name, policy, FIRST_SEED)
    stored = read(BY_NAME[name])[policy, FIRST_SEED]
    assert (again["outcome"], again["steps"], again["violations"]) == (stored.outcome, stored.steps, stored.violations)
    assert again["kpis"]["time_s"] == pytest.approx(stored.kpis["time_s"], abs=0.05)
    force = again["kpis"]["peak_lateral_force_n"]
    assert force == pytest.approx(stored.kpis["peak_lateral_force_n"], rel=0.05, abs=50.0)
