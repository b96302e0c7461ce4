"""Searches on the cheap trial function: what they find, and that they repeat."""

from __future__ import annotations

import pytest

from agents.experiments.trial import Figures, Trial
from agents.tune.problem import Problem
from agents.tune.samplers import SAMPLERS, make_sampler
from agents.tune.search import Search, margin
from agents.tune.space import Space
from tests.agents.experiments.small import USED, cheap, play
from tests.agents.tune.cheap_study import FACTORY, PAIRS, STATION
from tests.tiers import slow
from twin.catalogue import with_overrides
from twin.catalogue.schema import MECHANICAL

FAST = ("blocks", "random_phases")
OPTIMUM = with_overrides(
    FACTORY,
    {
        f"default.{name}": value
        for name, value in {
            "acceleration_fraction": 1.0,
            "settle_dwell_s": 0.0,
            "overlap_s": 2.0,
        }.items()
    },
)


def search(sampler: str, seed: int = 1, objectives: tuple[str, ...] = ("time",)) -> Search:
    space = Space(STATION, FACTORY)
    problem = Problem(STATION, PAIRS, FACTORY, space, seed, play)
    return Search(problem, make_sampler(sampler, space, seed, objectives), objectives, rungs=(2, 8, 16), wave=16)


def test_known_sets_are_tried_whole_and_phase_by_phase() -> None:
    space = Space(STATION, FACTORY, (OPTIMUM,))
    found = Search(Problem(STATION, PAIRS, FACTORY, space, 1, play), make_sampler("blocks", space, 1, ("time",)))
    found.run(2)
    assert found.state.played[1].values == space.values_of(OPTIMUM)
    assert found.best.number == 1
    grafts = [name for kind, name, _ in found.sampler._queue if kind == "graft"]  # type: ignore[attr-defined]
    assert sorted(grafts) == sorted(f"0.{phase}" for phase in MECHANICAL["top_lift"])


@pytest.mark.slow
def test_blocks_come_near_the_optimum_and_find_dead_parameters() -> None:
    found = search("blocks")
    found.run(1000)
    seed = found.problem.scenarios([0])[0].seed
    best = found.problem.space.timing(found.best.values)
    times = {
        name: cheap(Trial(STATION, *PAIRS[0], timing, seed)).mechanical_time_s
        for name, timing in (("factory", FACTORY), ("best", best), ("optimum", OPTIMUM))
    }
    assert times["factory"] - times["best"] > 0.9 * (times["factory"] - times["optimum"])
    assert found.best.score.feasible
    dead = {name.split(".")[0] for name in found.sampler.dead}  # type: ignore[attr-defined]
    assert dead >= set(MECHANICAL["top_lift"]) - set(USED)
    assert not {f"{phase}.acceleration_fraction" for phase in USED} & found.sampler.dead  # type: ignore[attr-defined]


@pytest.mark.parametrize(("other", "seeds"), [("random_phases", 1), slow("random_phases", 5), slow("random", 5)])
def test_blocks_beat_random_search_at_equal_swaps(other: str, seeds: int) -> None:
    for seed in range(seeds):
        blocks, rival = search("blocks", seed), search(other, seed)
        blocks.run(stop=lambda s: s.swaps >= 400)
        rival.run(stop=lambda s: s.swaps >= 400)
        numbers = range(500, 540)  # scenarios of neither
        times = []
        for one in (blocks, rival):
            figures = one.problem.figures([one.problem.space.timing(one.best.values)], numbers)[0]
            times.append(one.problem.score(figures, numbers).objectives["time"])
        assert times[0] < times[1]


@pytest.mark.parametrize("sampler", ["blocks", "random_phases", *(slow(n) for n in SAMPLERS if n not in FAST)])
def test_the_same_seed_gives_the_same_candidates(sampler: str) -> None:
    once, again, other = search(sampler), search(sampler), search(sampler, seed=2)
    for one in (once, again, other):
        one.run(40)
    values = [[one.values for one in of.state.played] for of in (once, again, other)]
    assert values[0] == values[1] != values[2]
    assert len(once.state.played) == 40
    for one in once.state.played:
        once.problem.space.timing(one.values)  # within the schema


def test_candidates_are_raced() -> None:
    found = search("blocks")
    found.run(200)
    depths = [one.deepest for one in found.state.played[1:]]
    assert depths.count(2) > 0.5 * len(depths)
    assert found.best.deepest >= 16
    assert found.swaps == sum(len(one.figures) for one in found.state.played)


def test_a_wave_serves_every_objective() -> None:
    found = search("blocks", objectives=("time", "force"))
    found.run(300)
    assert [target.name for target in found.targets] == ["time", "force", "balanced"]
    time, force = found.state.records[0].score.objectives, found.state.records[1].score.objectives
    assert time["time"] < force["time"]
    assert force["force"] <= time["force"]


def test_few_scenarios_have_more_slack() -> None:
    assert margin(2) > margin(8) > 1.0
    assert margin(32) < margin(128) < margin(512) < 1.0, "the best of many are chosen for their luck too"


def test_a_truck_that_has_to_park_again_is_drawn_again() -> None:
    def some_stand_outside(trials: list[Trial]) -> list[Figures]:
        return [Figures("repark_required") if one.seed % 3 == 0 else cheap(one) for one in trials]

    problem = Problem(STATION, PAIRS, FACTORY, Space(STATION, FACTORY), 1, some_stand_outside)  # type: ignore[arg-type]
    assert 0 not in {one.seed % 3 for one in problem.scenarios(range(30))}
    assert len({one.seed for one in problem.scenarios(range(30))}) == 30
