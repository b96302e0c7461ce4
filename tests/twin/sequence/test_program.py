"""The sequence engine on a plant that only counts: results are taken once each, whoever ends at the same moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twin.catalogue import load_pack, load_station, load_truck
from twin.records import BUSY, DONE, WORLD, new_command
from twin.sequence.building import phase_timing
from twin.sequence.heights import pull_load_n
from twin.sequence.program import FINISH, Program, Selection, Step
from twin.sequence.timing import TIMING
from twin.setup.setup import build_setup

PHASES = ("one", "two")


class CountingPlant:
    """Every command takes `lasts[step][robot]` runs of the plant."""

    def __init__(self, lasts: dict[int, tuple[int, int]]) -> None:
        self.worlds = np.zeros(1, WORLD)
        self.params = np.zeros(1)
        self.lasts, self.left = lasts, [0, 0]
        self.issued: list[tuple[int, int]] = []

    def issue(self, world: np.ndarray, robot: np.ndarray, commands: np.ndarray) -> None:
        for r, command in zip(robot.tolist(), commands, strict=True):
            self.issued.append((int(command["step"]), r))
            self.left[r] = self.lasts[int(command["step"])][r]
            self.worlds["control"]["status"][0, r] = BUSY

    def run(self) -> None:
        while True:
            ended = False
            for r in range(2):
                if self.worlds["control"]["status"][0, r] == BUSY:
                    self.left[r] -= 1
                    if self.left[r] == 0:
                        self.worlds["control"]["status"][0, r] = DONE
                        ended = True
            self.worlds["truth"]["t_s"] += 0.01
            if ended:
                return

    def stand(self, world: int, seconds: float) -> None: ...

    def close(self) -> None: ...


def start(program: Program, selection: Selection) -> np.ndarray:
    return new_command(len(selection))


def finish(program: Program, selection: Selection, results: np.ndarray) -> list[str]:
    return [FINISH] * len(selection)


def run_table(lasts: dict[int, tuple[int, int]]) -> tuple[Program, CountingPlant]:
    station = load_station("chassis")
    setup = build_setup(station, load_truck("chassis_tractor_3"), load_pack("chassis_171"), seed=0)
    plant: Any = CountingPlant(lasts)
    table = [Step("a", "one", start), Step("b", "one", start), Step("c", "two", start, then=finish)]
    program = Program(plant, setup, table, np.zeros((1, 2)), PHASES)
    program.run()
    return program, plant


def asking_program(lasts: dict[int, tuple[int, int]]) -> tuple[Program, CountingPlant]:
    """As `run_table`, not begun yet, and it asks."""
    setup = build_setup(load_station("chassis"), load_truck("chassis_tractor_3"), load_pack("chassis_171"), seed=0)
    plant: Any = CountingPlant(lasts)
    table = [
        Step("a", "one", start),
        Step("b", "one", start),
        Step("c", "two", start),
        Step("d", "after", start, then=finish),
    ]
    program = Program(plant, setup, table, np.zeros((1, 2), TIMING), PHASES)
    program.ask_timing = True
    return program, plant


def row(velocity: float) -> np.void:
    one = np.zeros(1, TIMING)[0]
    one["velocity_fraction"] = velocity
    return one


def test_a_program_requests_a_decision_before_each_phase_and_waits_for_the_response() -> None:
    program, plant = asking_program({0: (3, 1), 1: (5, 2), 2: (1, 1), 3: (1, 1)})
    assert program.advance()
    assert [(ask.robot, ask.phase) for ask in program.asking] == [(0, "one"), (1, "one")]
    assert plant.issued == []
    program.answer(0, 1, row(0.5))
    assert program.advance()
    assert [ask.robot for ask in program.asking] == [0], "one answer is not enough"
    assert program.time_s(0) == 0.0
    with pytest.raises(ValueError, match="robot 1 of world 0 has asked nothing"):
        program.answer(0, 1, row(0.5))
    program.answer(0, 0, row(0.25))
    asked = []
    while program.advance():
        for ask in list(program.asking):
            asked.append((ask.robot, ask.phase))
            program.answer(ask.world, ask.robot, row(1.0))
    assert asked == [(1, "two"), (0, "two")], "once for each phase, none for one that is not timed"
    assert program.timing["velocity_fraction"].tolist() == [[[0.25, 1.0], [0.5, 1.0]]]
    assert program.outcome == ["completed"]
    reported = [event for event in program.events[0] if event["name"] == "timing"]
    assert [(event["robot"], event["phase"]) for event in reported] == [(1, "one"), (0, "one"), *asked]
    assert reported[0]["timing"]["velocity_fraction"] == 0.5


def test_asking_shifts_no_command() -> None:
    lasts = {0: (3, 1), 1: (5, 2), 2: (1, 1), 3: (2, 1)}
    silent, plain = asking_program(lasts)
    silent.ask_timing = False
    silent.run()
    program, plant = asking_program(lasts)
    program.decide = lambda ask: row(1.0)
    program.run()
    assert plant.issued == plain.issued
    assert plant.worlds.tobytes() == plain.worlds.tobytes()


def test_timing_is_each_robots_own() -> None:
    program, _ = asking_program({0: (1, 1)})
    assert program.timing.shape == (1, 2, 2)
    both = np.zeros((1, 2, 2), TIMING)
    both["velocity_fraction"][0, 1] = 0.5
    own = Program(program.runner, program.setup, program.table, both, PHASES)
    who = Selection(np.array([0, 0]), np.array([0, 1]), np.array([0, 1]))
    assert phase_timing(own, who, "two")["velocity_fraction"].tolist() == [0.0, 0.5]


def test_two_robots_that_end_different_steps_in_the_same_scan_each_move_on_by_one() -> None:
    # robot 0 ends a, robot 1 ends b, in the same scan
    program, plant = run_table({0: (3, 1), 1: (5, 2), 2: (1, 1)})
    assert program.outcome == ["completed"]
    assert sorted(plant.issued) == [(step, robot) for step in range(3) for robot in range(2)]


def test_every_interleaving_issues_each_step_once_per_robot() -> None:
    for first in range(1, 5):
        for second in range(1, 5):
            program, plant = run_table({0: (first, second), 1: (second, first), 2: (2, 1)})
            assert program.outcome == ["completed"]
            assert sorted(plant.issued) == [(step, robot) for step in range(3) for robot in range(2)]
            assert [span.name for span in program.spans[0]].count("two") == 2


@pytest.mark.parametrize("station", ["top_lift", "top_lift_mast"])
@pytest.mark.parametrize("pack", ["cab_141", "cab_282", "cab_350", "cab_423"])
def test_a_pull_test_pulls_on_the_locks_and_not_on_the_cut_off(station: str, pack: str) -> None:
    """A tenth of its weight at the least is more than the pack itself weighs, even where the rated load is near."""
    setup = build_setup(load_station(station), load_truck("tractor_6x4"), load_pack(pack), seed=0)
    program: Any = SimpleNamespace(setup=setup, runner=SimpleNamespace(params=setup.params))
    limits = setup.station.limits
    pull_kg = pull_load_n(program) / float(setup.params["gravity_mps2"][0])
    assert pull_kg >= setup.station.end_effector.mass_kg + 1.1 * setup.pack.mass_kg
    assert pull_kg < 0.95 * limits.overload_fraction * limits.rated_load_kg
